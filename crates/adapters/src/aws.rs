//! AWS's own interfaces: requests signed by what signs those to S3.

use std::fmt;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use object_store::aws::{AmazonS3, AwsAuthorizer};
use object_store::client::{HttpRequest, HttpRequestBody};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::s3::{self, S3Key, S3SettingsError};
use crate::trust::TrustedRoots;

/// What is asked for, where the body is JSON.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most that is read of one: a secret, the largest thing that is asked for, has 64 KiB at most.
const LONGEST_ANSWER: usize = 256 << 10;

/// Where AWS is, and who asks.
#[derive(Clone, Default)]
pub struct AwsSettings {
    /// The region; nothing: the one of the environment, else us-east-1.
    pub region: Option<String>,
    /// Address of a server other than AWS's: over TLS, unless that is on this machine.
    pub endpoint: Option<String>,
    /// A key, its name and its secret; nothing: the credentials that the environment, the container or the machine has.
    pub key: Option<(String, String)>,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<Vec<u8>>,
}

impl fmt::Debug for AwsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSettings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Why nothing can be asked for.
#[derive(Debug, thiserror::Error)]
pub enum AwsSettingsError {
    /// Credentials, authorities or TLS.
    #[error(transparent)]
    Credentials(#[from] S3SettingsError),
    /// The client.
    #[error("the client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// The address.
    #[error("no address of a service of AWS: {0}")]
    Endpoint(#[from] url::ParseError),
}

/// Why something was not answered. It says nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// There was no answer.
    #[error("{what}")]
    Failed {
        /// What failed.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The service refuses.
    #[error("{status} {kind} {message}")]
    Refused {
        /// Status of the answer.
        status: u16,
        /// What is wrong, such as `ResourceNotFoundException`.
        kind: String,
        /// The service's own words.
        message: String,
    },
    /// What came is no answer.
    #[error("the answer is {0}")]
    Unreadable(&'static str),
}

impl AwsError {
    /// Whether it says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == "ResourceNotFoundException")
    }
}

/// A service of AWS.
#[derive(Clone)]
pub(crate) struct Aws {
    /// Whose credentials are taken: the chain of them is the same for all of AWS.
    credentials: AmazonS3,
    client: reqwest::Client,
    region: String,
    service: &'static str,
    endpoint: Url,
}

impl Aws {
    /// Ready to ask the service of this name. It need not be there yet.
    pub(crate) fn new(service: &'static str, settings: &AwsSettings) -> Result<Self, AwsSettingsError> {
        let key = settings.key.clone().map(|(id, secret)| S3Key { id, secret });
        let (credentials, region) =
            s3::credentials(settings.region.as_deref(), key, settings.roots_pem.as_deref())?;
        let roots = match &settings.roots_pem {
            Some(pem) => TrustedRoots::default().and_pem(pem).map_err(S3SettingsError::from)?,
            None => TrustedRoots::of_this_machine(),
        };
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let of_aws = || format!("https://{service}.{region}.amazonaws.com{suffix}/");
        let endpoint: Url = settings.endpoint.clone().unwrap_or_else(of_aws).parse()?;
        let is_here = matches!(endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(roots.client_config().map_err(S3SettingsError::from)?)
            .https_only(!is_here)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(AwsSettingsError::Client)?;
        Ok(Self { credentials, client, region, service, endpoint })
    }

    /// Asks for an operation whose request and answer are JSON.
    pub(crate) async fn call(&self, operation: &'static str, body: &Value) -> Result<Vec<u8>, AwsError> {
        self.ask(Some(HeaderValue::from_static(operation)), JSON, body.to_string()).await
    }

    /// Asks for an operation whose request is a form.
    pub(crate) async fn form(&self, fields: &[(&str, &str)]) -> Result<(), AwsError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        self.ask(None, FORM, form.extend_pairs(fields).finish()).await.map(drop)
    }

    async fn ask(
        &self,
        target: Option<HeaderValue>,
        content_type: HeaderValue,
        body: String,
    ) -> Result<Vec<u8>, AwsError> {
        let credential = self.credentials.credentials().get_credential().await;
        let credential = credential.map_err(|source| failed("there are no credentials of AWS", source))?;
        let mut request = HttpRequest::new(HttpRequestBody::from(body.clone()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() =
            self.endpoint.as_str().parse().map_err(|source| failed("the address is none", source))?;
        if let Some(target) = target {
            request.headers_mut().insert(TARGET, target);
        }
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        AwsAuthorizer::new(&credential, self.service, &self.region)
            .try_authorize(&mut request, None)
            .map_err(|source| failed("the request cannot be signed", source))?;
        let headers = std::mem::take(request.headers_mut());
        let sent = self.client.post(self.endpoint.clone()).headers(headers).body(body).send().await;
        let mut answer =
            sent.map_err(|source| failed(format!("{} does not answer", self.service), source.without_url()))?;
        let (status, mut text) = (answer.status(), Vec::new());
        while let Some(part) =
            answer.chunk().await.map_err(|source| failed("the answer breaks off", source.without_url()))?
        {
            text.extend_from_slice(&part);
            if text.len() > LONGEST_ANSWER {
                return Err(AwsError::Unreadable("too long"));
            }
        }
        if status.is_success() { Ok(text) } else { Err(refused(status.as_u16(), &text)) }
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(rename = "Message", alias = "message")]
    message: String,
}

/// What a refusal says, in JSON or in the XML that answers a form.
fn refused(status: u16, text: &[u8]) -> AwsError {
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(text) {
        // What is wrong is named by the last part of a type, such as `com.amazonaws.x#ResourceNotFoundException`.
        let kind = refusal.kind.rsplit('#').next().unwrap_or_default().to_owned();
        return AwsError::Refused { status, kind, message: refusal.message };
    }
    let text = String::from_utf8_lossy(text);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim().to_owned())
    };
    let (kind, message) = (element("Code").unwrap_or_default(), element("Message").unwrap_or_default());
    AwsError::Refused { status, kind, message }
}

fn failed(what: impl Into<String>, source: impl std::error::Error + Send + Sync + 'static) -> AwsError {
    AwsError::Failed { what: what.into(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_whichever_way_it_is_written() {
        for (text, expected) in [
            (
                r#"{"__type":"com.amazonaws.x#ResourceNotFoundException","Message":"no"}"#,
                "400 ResourceNotFoundException no",
            ),
            (
                "<ErrorResponse><Error><Code>UserNotFound</Code><Message>none</Message></Error></ErrorResponse>",
                "400 UserNotFound none",
            ),
            ("Bad Gateway", "400  "),
        ] {
            assert_eq!(refused(400, text.as_bytes()).to_string(), expected);
        }
        assert!(refused(400, br#"{"__type":"ResourceNotFoundException"}"#).is_not_found());
    }
}
