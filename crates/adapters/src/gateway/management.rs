//! The management API of a WebSocket API: messages to connections, and their end.

use std::fmt;
use std::time::Duration;

use astroshield_domain::ports::{ConnectionId, Gateway, GatewayError};
use async_trait::async_trait;
use object_store::aws::{AmazonS3, AwsAuthorizer};
use object_store::client::{HttpRequest, HttpRequestBody};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use super::GatewaySettingsError;
use crate::s3;

/// Name of the service in signatures.
const SERVICE: &str = "execute-api";

/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a part of a path keeps (RFC 3986, unreserved), as the signature has it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where the management API is.
#[derive(Debug, Clone)]
pub struct ManagementSettings {
    /// Its address, as `https://ID.execute-api.REGION.amazonaws.com/STAGE`.
    pub endpoint: String,
    /// Its region; nothing: the one of the environment, else us-east-1.
    pub region: Option<String>,
    /// Most requests that wait for an answer at a time.
    pub requests: usize,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<Vec<u8>>,
}

/// A [`Gateway`] at AWS. Requests are signed with the credentials that the environment, the container or the machine has.
pub struct ManagementApi {
    /// Whose credentials are taken: the chain of them is the same for all of AWS.
    credentials: AmazonS3,
    region: String,
    client: reqwest::Client,
    connections: String,
    room: Semaphore,
}

impl ManagementApi {
    /// Ready to send. It need not be there yet.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &ManagementSettings) -> Result<Self, GatewaySettingsError> {
        let endpoint: Url = settings.endpoint.trim_end_matches('/').parse()?;
        let (credentials, region) = s3::credentials(settings.region.as_deref(), None, None)?;
        let client = super::client(&endpoint, settings.roots_pem.as_deref(), TIMEOUT)?;
        let connections = format!("{}/%40connections", endpoint.as_str().trim_end_matches('/'));
        Ok(Self { credentials, region, client, connections, room: Semaphore::new(settings.requests.max(1)) })
    }

    async fn ask(&self, method: Method, id: &ConnectionId, body: String) -> Result<(), GatewayError> {
        // Never closed.
        let _room = self.room.acquire().await;
        let credential = self.credentials.credentials().get_credential().await;
        let credential = credential.map_err(|error| away("there are no credentials of AWS", &error))?;
        let address = format!("{}/{}", self.connections, utf8_percent_encode(id.as_str(), ENCODED));
        let mut request = HttpRequest::new(HttpRequestBody::from(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = address.parse().map_err(|error| away("the address is none", &error))?;
        AwsAuthorizer::new(&credential, SERVICE, &self.region)
            .try_authorize(&mut request, None)
            .map_err(|error| away("the request cannot be signed", &error))?;
        let headers = std::mem::take(request.headers_mut());
        let sent = self.client.request(method, address).headers(headers).body(body).send().await;
        let answer = sent.map_err(|error| away("no answer", &error.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(GatewayError::Gone),
            StatusCode::PAYLOAD_TOO_LARGE => Err(GatewayError::TooLarge),
            StatusCode::TOO_MANY_REQUESTS => Err(GatewayError::Busy),
            status => Err(GatewayError::Away { reason: format!("it answers {status}") }),
        }
    }
}

fn away(what: &str, error: &(dyn std::error::Error + 'static)) -> GatewayError {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    GatewayError::Away { reason: format!("{what}: {causes}") }
}

impl fmt::Debug for ManagementApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagementApi").field("connections", &self.connections).finish_non_exhaustive()
    }
}

#[async_trait]
impl Gateway for ManagementApi {
    async fn send(&self, id: &ConnectionId, text: &str) -> Result<(), GatewayError> {
        self.ask(Method::POST, id, text.to_owned()).await
    }

    async fn close(&self, id: &ConnectionId) -> Result<(), GatewayError> {
        self.ask(Method::DELETE, id, String::new()).await
    }
}
