//! AWS, or what stands for it.

use std::time::Duration;

use anyhow::Context;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation as cloudformation;
use aws_sdk_kafka as kafka;
use aws_sdk_s3 as s3;
use aws_sdk_sts as sts;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::Builder;

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
        let mut trusted = TrustStore::default();
        if let Some(file) = std::env::var_os("AWS_CA_BUNDLE") {
            let pem = std::fs::read(&file).with_context(|| format!("AWS_CA_BUNDLE: {}", file.display()))?;
            trusted = trusted.with_pem_certificate(pem);
        }
        let context = TlsContext::builder().with_trust_store(trusted).build()?;
        let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        Ok(Self { config: loader.load().await, emulated: endpoint.is_some() })
    }

    /// How long to wait before a state is asked for again.
    #[must_use]
    pub fn pause(&self) -> Duration {
        if self.emulated { Duration::from_millis(50) } else { Duration::from_secs(3) }
    }

    /// CloudFormation in a region.
    #[must_use]
    pub fn cloudformation(&self, region: &str) -> cloudformation::Client {
        let config = cloudformation::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
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

    /// The account that the credentials are of.
    ///
    /// # Errors
    /// When there are none, or AWS does not take them.
    pub async fn account(&self, region: &str) -> anyhow::Result<String> {
        let config = sts::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        let identity = sts::Client::from_conf(config.build()).get_caller_identity().send().await;
        let identity = identity.map_err(sts::error::DisplayErrorContext).context("asking AWS for the account")?;
        identity.account.context("AWS names no account")
    }
}
