//! Whom the service takes a client for.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HOST, HeaderMap, HeaderValue};
use url::Url;

use super::GatewaySettingsError;

/// Longest time for an answer: a function may take longer than that, and a client waits.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most that is read of one.
const LONGEST_ANSWER: usize = 64 << 10;

/// Asks the service whom it takes a client for.
pub struct CallerLookup {
    client: reqwest::Client,
    address: Url,
    host: Option<HeaderValue>,
}

/// What the service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerAnswer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

impl CallerLookup {
    /// Asks for this address; `host` is the name by which people call the service, if that is another.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(
        address: &str,
        host: Option<&str>,
        roots_pem: Option<&[u8]>,
    ) -> Result<Self, GatewaySettingsError> {
        let address: Url = address.parse()?;
        let host = host.map(|name| {
            HeaderValue::from_str(name).map_err(|_| GatewaySettingsError::Host { name: name.to_owned() })
        });
        Ok(Self { client: super::client(&address, roots_pem, TIMEOUT)?, address, host: host.transpose()? })
    }

    /// Asks, with what the client came with.
    ///
    /// # Errors
    /// When there is no answer: the reason.
    pub async fn ask(&self, mut headers: HeaderMap) -> Result<CallerAnswer, String> {
        headers.remove(HOST);
        headers.extend(self.host.clone().map(|host| (HOST, host)));
        let asked = self.client.get(self.address.clone()).headers(headers).send().await;
        let mut answer = asked.map_err(|error| error.without_url().to_string())?;
        let (status, mut body) = (answer.status().as_u16(), Vec::new());
        while let Some(part) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST_ANSWER {
                return Err("the answer is too long".to_owned());
            }
        }
        Ok(CallerAnswer { status, body })
    }
}

impl fmt::Debug for CallerLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerLookup").field("address", &self.address.as_str()).finish_non_exhaustive()
    }
}
