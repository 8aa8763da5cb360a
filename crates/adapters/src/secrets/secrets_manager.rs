//! AWS Secrets Manager: one request of its API, signed by what signs those to S3.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::ports::{SecretError, SecretSource, SecretText};
use async_trait::async_trait;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use object_store::aws::{AmazonS3, AwsAuthorizer};
use object_store::client::{HttpRequest, HttpRequestBody};
use serde::Deserialize;
use url::Url;

use crate::s3::{self, S3Key, S3SettingsError};
use crate::trust::TrustedRoots;

/// Name of the service in signatures.
const SERVICE: &str = "secretsmanager";

/// What is asked for.
const TARGET: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-amz-target"), HeaderValue::from_static("secretsmanager.GetSecretValue"));

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most that is read of one: a secret has 64 KiB at most.
const LONGEST_ANSWER: usize = 256 << 10;

/// Where secrets are.
#[derive(Clone, Default)]
pub struct SecretsManagerSettings {
    /// The region; nothing: the one of the environment, else us-east-1.
    pub region: Option<String>,
    /// Address of a server other than AWS's.
    pub endpoint: Option<String>,
    /// A key, its name and its secret; nothing: the credentials that the environment, the container or the machine has.
    pub key: Option<(String, String)>,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<Vec<u8>>,
}

impl fmt::Debug for SecretsManagerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerSettings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Why no secret can be asked for.
#[derive(Debug, thiserror::Error)]
pub enum SecretsManagerError {
    /// Credentials, authorities or TLS.
    #[error(transparent)]
    Credentials(#[from] S3SettingsError),
    /// The client.
    #[error("the client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// The address.
    #[error("no address of Secrets Manager: {0}")]
    Endpoint(#[from] url::ParseError),
}

/// Gives secrets by their names.
#[derive(Clone)]
pub struct SecretsManager {
    /// Whose credentials are taken: the chain of them is the same for all of AWS.
    credentials: AmazonS3,
    client: reqwest::Client,
    region: String,
    endpoint: Url,
}

impl SecretsManager {
    /// Ready to ask. The server need not be there yet.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &SecretsManagerSettings) -> Result<Self, SecretsManagerError> {
        let key = settings.key.clone().map(|(id, secret)| S3Key { id, secret });
        let (credentials, region) =
            s3::credentials(settings.region.as_deref(), key, settings.roots_pem.as_deref())?;
        let roots = match &settings.roots_pem {
            Some(pem) => TrustedRoots::default().and_pem(pem).map_err(S3SettingsError::from)?,
            None => TrustedRoots::of_this_machine(),
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(roots.client_config().map_err(S3SettingsError::from)?)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(SecretsManagerError::Client)?;
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let of_aws = || format!("https://{SERVICE}.{region}.amazonaws.com{suffix}/");
        let endpoint = settings.endpoint.clone().unwrap_or_else(of_aws).parse()?;
        Ok(Self { credentials, client, region, endpoint })
    }

    /// The secret of this name or ARN; after `#`, a key of the JSON that it holds.
    #[must_use]
    pub fn secret(&self, name: &str) -> Arc<dyn SecretSource> {
        let (name, key) = match name.split_once('#') {
            Some((name, key)) => (name, Some(key.to_owned())),
            None => (name, None),
        };
        Arc::new(ManagedSecret { manager: self.clone(), name: name.to_owned(), key })
    }

    /// The version that is current.
    async fn ask(&self, name: &str) -> Result<Answer, SecretError> {
        let body = serde_json::json!({ "SecretId": name, "VersionStage": "AWSCURRENT" }).to_string();
        let credential = self.credentials.credentials().get_credential().await;
        let credential = credential.map_err(|source| failed("there are no credentials of AWS", source))?;
        let mut request = HttpRequest::new(HttpRequestBody::from(body.clone()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() =
            self.endpoint.as_str().parse().map_err(|source| failed("the address is none", source))?;
        let (target, operation) = TARGET;
        request.headers_mut().insert(target, operation);
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        AwsAuthorizer::new(&credential, SERVICE, &self.region)
            .try_authorize(&mut request, None)
            .map_err(|source| failed("the request cannot be signed", source))?;
        let headers = std::mem::take(request.headers_mut());
        let sent = self.client.post(self.endpoint.clone()).headers(headers).body(body).send().await;
        let mut answer =
            sent.map_err(|source| failed("Secrets Manager does not answer", source.without_url()))?;
        let (status, mut text) = (answer.status(), Vec::new());
        while let Some(part) =
            answer.chunk().await.map_err(|source| failed("the answer breaks off", source.without_url()))?
        {
            text.extend_from_slice(&part);
            if text.len() > LONGEST_ANSWER {
                return Err(wrong(name, "the answer is too long"));
            }
        }
        if !status.is_success() {
            // What is wrong is named by the last part of a type, such as `com.amazonaws.x#ResourceNotFoundException`.
            let refusal: Refusal = serde_json::from_slice(&text).unwrap_or_default();
            let kind = refusal.kind.rsplit('#').next().unwrap_or_default().to_owned();
            return Err(wrong(name, &format!("{status} {kind} {}", refusal.message)));
        }
        // Without the parser's words, which may quote.
        serde_json::from_slice(&text).map_err(|_| wrong(name, "the answer is no JSON of GetSecretValue"))
    }
}

impl fmt::Debug for SecretsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManager").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SecretString")]
    text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(rename = "Message", alias = "message")]
    message: String,
}

/// A secret in Secrets Manager.
struct ManagedSecret {
    manager: SecretsManager,
    name: String,
    key: Option<String>,
}

#[async_trait]
impl SecretSource for ManagedSecret {
    async fn fetch(&self) -> Result<SecretText, SecretError> {
        let text = self.manager.ask(&self.name).await?.text;
        let text = text.ok_or_else(|| wrong(&self.name, "it is binary; a text is due"))?;
        let Some(key) = &self.key else { return Ok(SecretText::new(text)) };
        let fields: HashMap<String, serde_json::Value> =
            serde_json::from_str(&text).map_err(|_| wrong(&self.name, "it is no object of JSON"))?;
        match fields.get(key) {
            Some(serde_json::Value::String(text)) => Ok(SecretText::new(text.clone())),
            Some(serde_json::Value::Number(number)) => Ok(SecretText::new(number.to_string())),
            _ => Err(wrong(&self.name, &format!("it has no text under {key:?}"))),
        }
    }
}

fn wrong(name: &str, reason: &str) -> SecretError {
    SecretError { reason: format!("secret {name}: {}", reason.trim_end()), source: None }
}

fn failed(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> SecretError {
    SecretError { reason: what.to_owned(), source: Some(Box::new(source)) }
}
