//! AWS, or what stands for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_cloudformation as cloudformation;
use aws_sdk_kafka as kafka;
use aws_sdk_pricing as pricing;
use aws_sdk_s3 as s3;
use aws_sdk_sts as sts;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// The service is in a few regions alone, and says the same of all regions in each.
const PRICING_REGION: &str = "us-east-1";

/// Clients, by region.
#[derive(Debug, Clone)]
pub struct Cloud {
    config: SdkConfig,
    emulated: bool,
}

impl Cloud {
    /// With the ordinary chain of credentials; at another address than AWS's, where one is given. `AWS_CA_BUNDLE` names
    /// authorities to trust, as in AWS's own tools.
    ///
    /// # Errors
    /// When the authorities cannot be read.
    pub async fn connect(endpoint: Option<&str>) -> anyhow::Result<Self> {
        let authorities = std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from);
        let loader = loader(endpoint, authorities.as_deref())?;
        Ok(Self::new(loader.load().await, endpoint.is_some()))
    }

    /// With this configuration, of AWS or of an emulator.
    #[must_use]
    pub fn new(config: SdkConfig, emulated: bool) -> Self {
        Self { config, emulated }
    }

    /// How long to wait before a state is asked for again.
    #[must_use]
    pub fn pause(&self) -> Duration {
        if self.emulated { Duration::from_millis(50) } else { Duration::from_secs(3) }
    }

    /// CloudFormation in a region.
    #[must_use]
    pub fn cloudformation(&self, region: &str) -> cloudformation::Client {
        let config =
            cloudformation::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        cloudformation::Client::from_conf(config.build())
    }

    /// MSK in a region.
    #[must_use]
    pub fn kafka(&self, region: &str) -> kafka::Client {
        let config = kafka::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        kafka::Client::from_conf(config.build())
    }

    /// S3 in a region.
    #[must_use]
    pub fn s3(&self, region: &str) -> s3::Client {
        let config = s3::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            // An emulator has one address, and no names of buckets before it.
            .force_path_style(self.emulated);
        s3::Client::from_conf(config.build())
    }

    /// The Price List service. It allows ten requests at once and five a second, and is asked for many prices: one that is
    /// refused for that is sent again for longer than others are.
    #[must_use]
    pub fn pricing(&self) -> pricing::Client {
        let mut retry = RetryConfig::standard().with_max_attempts(8);
        if self.emulated {
            retry = retry.with_initial_backoff(self.pause());
        }
        let config = pricing::config::Builder::from(&self.config)
            .region(Region::new(PRICING_REGION))
            .retry_config(retry);
        pricing::Client::from_conf(config.build())
    }

    /// The account that the credentials are of.
    ///
    /// # Errors
    /// When there are none, or AWS does not take them.
    pub async fn account(&self, region: &str) -> anyhow::Result<String> {
        let config = sts::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        let identity = sts::Client::from_conf(config.build()).get_caller_identity().send().await;
        let identity = identity.context("asking AWS for the account")?;
        identity.account.context("AWS names no account")
    }
}

/// A configuration whose TLS is that of the rest of the project, with authorities beside those of the machine.
///
/// # Errors
/// When they cannot be read.
pub fn loader(endpoint: Option<&str>, authorities: Option<&Path>) -> anyhow::Result<ConfigLoader> {
    let mut trusted = TrustStore::default();
    if let Some(file) = authorities {
        let pem = std::fs::read(file).with_context(|| file.display().to_string())?;
        trusted = trusted.with_pem_certificate(pem);
    }
    let context = TlsContext::builder().with_trust_store(trusted).build()?;
    let provider = Provider::Rustls(CryptoMode::Ring);
    let client = Builder::new().tls_provider(provider).tls_context(context).build_https();
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    Ok(match endpoint {
        Some(endpoint) => loader.endpoint_url(endpoint),
        None => loader,
    })
}
