//! What an issuer says of itself (OpenID Connect Discovery), and its keys, as they were last heard.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use astroshield_domain::ports::IdentityError;
use astroshield_domain::this_machine::is_this_machine;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::OidcSettings;
use super::jws::Key;
use crate::http::{HttpClientError, USER_AGENT, reason};

/// How long an issuer may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an issuer may take to take the connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// Longest answer, in bytes.
const LONGEST_ANSWER: usize = 512 << 10;

/// Keys that were heard longer ago are asked for again, while they are used on: those that are withdrawn do not stay.
const FRESH: Duration = Duration::from_mins(10);

/// Keys that were heard longer ago are not used any more.
const KEPT: Duration = Duration::from_hours(24);

/// Whether an issuer answers is not looked at more often than this.
const LATELY: Duration = Duration::from_secs(10);

/// How long an issuer of which nothing is known is left alone after it did not answer.
const REST: Duration = Duration::from_secs(2);

/// What an issuer says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    #[serde(default, deserialize_with = "address")]
    pub(super) authorization_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "address")]
    pub(super) token_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "address")]
    pub(super) revocation_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "address")]
    pub(super) end_session_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "address")]
    jwks_uri: Option<Url>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(deserializer)?;
    let parse =
        |text: String| Url::parse(&text).map_err(|error| D::Error::custom(format!("{text:?}: {error}")));
    text.map(parse).transpose()
}

/// What is known of an issuer.
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: Vec<Key>,
    pub(super) heard: Instant,
}

/// The last time that an issuer was asked.
struct Asked {
    at: Instant,
    problem: Option<String>,
}

/// An issuer, and what is known of it.
pub(super) struct Issuer {
    client: Client,
    name: String,
    discovery: Url,
    /// So often the issuer is asked at most.
    interval: Duration,
    known: RwLock<Option<Arc<Known>>>,
    /// Held by whoever asks.
    asked: Mutex<Option<Asked>>,
}

/// Whether an address can be an issuer's: over TLS, or on this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_here = url.host_str().is_some_and(is_this_machine);
    (url.scheme() == "https" && url.has_host()) || (url.scheme() == "http" && is_here)
}

fn unavailable(reason: impl Into<String>) -> IdentityError {
    IdentityError::Unavailable { reason: reason.into() }
}

impl Issuer {
    pub(super) fn new(settings: &OidcSettings, discovery: Url) -> Result<Self, HttpClientError> {
        let client = Client::builder()
            .tls_backend_preconfigured(settings.roots.client_config()?)
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .referer(false)
            .build()
            .map_err(HttpClientError::Client)?;
        Ok(Self {
            client,
            name: settings.issuer.clone(),
            discovery,
            interval: settings.keys_interval,
            known: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    fn remembered(&self) -> Option<Arc<Known>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        known.filter(|known| known.heard.elapsed() < KEPT)
    }

    /// What is known; where nothing is, the issuer is asked. What is not fresh is asked for meanwhile.
    pub(super) async fn known(self: &Arc<Self>) -> Result<Arc<Known>, IdentityError> {
        let Some(known) = self.remembered() else { return self.ask(REST).await };
        if known.heard.elapsed() > FRESH && self.asked.try_lock().is_ok() {
            let issuer = Arc::clone(self);
            tokio::spawn(async move { issuer.ask(issuer.interval).await });
        }
        Ok(known)
    }

    /// Asks again, for the sake of a key that is not among those that are known.
    pub(super) async fn known_anew(&self) -> Result<Arc<Known>, IdentityError> {
        self.ask(self.interval).await
    }

    /// Asks again, if that was a while ago.
    pub(super) async fn known_lately(&self) -> Result<Arc<Known>, IdentityError> {
        self.ask(LATELY).await
    }

    /// Asks, unless that was done less than `at_most_every` ago, or by somebody else while this waited.
    async fn ask(&self, at_most_every: Duration) -> Result<Arc<Known>, IdentityError> {
        let came = Instant::now();
        let mut asked = self.asked.lock().await;
        if let Some(Asked { at, problem }) = &*asked
            && (*at >= came || at.elapsed() < at_most_every)
        {
            return match (problem, self.remembered()) {
                (None, Some(known)) => Ok(known),
                (Some(problem), _) => Err(unavailable(problem.clone())),
                (None, None) => Err(unavailable("nothing is known of it")),
            };
        }
        let answer = self.fetch().await;
        let problem = answer.as_ref().err().cloned();
        match (&problem, asked.as_ref().map(|asked| asked.problem.is_some())) {
            (Some(problem), None | Some(false)) => {
                tracing::warn!(issuer = self.name, problem, "the identity provider does not answer");
            }
            (None, Some(true)) => tracing::info!(issuer = self.name, "the identity provider answers again"),
            _ => {}
        }
        *asked = Some(Asked { at: Instant::now(), problem });
        let known = Arc::new(answer.map_err(unavailable)?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    async fn fetch(&self) -> Result<Known, String> {
        let heard = Instant::now();
        let metadata: Metadata = self.get(self.discovery.clone()).await?;
        if metadata.issuer != self.name {
            return Err(format!("it calls itself {:?}, which is not {:?}", metadata.issuer, self.name));
        }
        let addresses = [
            metadata.authorization_endpoint.as_ref(),
            metadata.token_endpoint.as_ref(),
            metadata.revocation_endpoint.as_ref(),
            metadata.end_session_endpoint.as_ref(),
            metadata.jwks_uri.as_ref(),
        ];
        if let Some(address) = addresses.into_iter().flatten().find(|address| !is_safe(address)) {
            return Err(format!("{address} would be readable on the way; https is due"));
        }
        let methods = &metadata.code_challenge_methods_supported;
        if methods.as_ref().is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err("it does not take code challenges by S256 (PKCE)".to_owned());
        }
        let address = metadata.jwks_uri.clone().ok_or("it does not say where its keys are")?;
        let set: Value = self.get(address.clone()).await?;
        let keys = Key::of_set(&set).ok_or_else(|| format!("{address}: a set of keys is due"))?;
        if keys.is_empty() {
            return Err(format!("{address}: there is no key for RS256 or ES256"));
        }
        Ok(Known { metadata, keys, heard })
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, String> {
        let (status, body) = answer(self.client.get(url.clone())).await?;
        if status != StatusCode::OK {
            return Err(format!("{url}: {status}"));
        }
        serde_json::from_slice(&body).map_err(|error| format!("{url}: {error}"))
    }
}

/// Status and body of an answer.
pub(super) async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
    let mut response = request.header("accept", "application/json").send().await.map_err(reason)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reason)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(format!("the answer is longer than {LONGEST_ANSWER} bytes"));
        }
    }
    Ok((response.status(), body))
}
