//! Posts messages to webhooks, signed, and never to an address that the tenant has no business with.
//!
//! Whoever may make a webhook tells this process to connect to an address of their choice. So a name is resolved here,
//! every address that it has is checked, and the connection goes to one of those and to no other: a name that means
//! something else a moment later gains nothing. There are no redirects and no proxy, and nothing of the answer but
//! its status and `Retry-After` is read or told.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use astroshield_domain::ports::{DeliveryError, WebhookClient, WebhookRequest};
use astroshield_domain::trace::{TRACE_PARENT, Trace, XRAY_TRACE};
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tracing::{Instrument as _, Span};
use url::{Host, Url};

use super::networks::{AllowedNetworks, ForbiddenAddress};
use super::retry_after::retry_after;
use super::signature::{SecretError, sign};
use super::{HttpClientError, USER_AGENT, reason};
use crate::trust::TrustedRoots;

/// How messages are posted.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// Networks of our own that webhooks may be in.
    pub allowed_networks: AllowedNetworks,
    /// Whether messages may go out in the clear.
    pub allow_http: bool,
    /// Longest time until the target has taken the connection.
    pub connect_timeout: Duration,
    /// Longest time until the target has answered.
    pub timeout: Duration,
    /// Who vouches for targets.
    pub roots: TrustedRoots,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            allowed_networks: AllowedNetworks::default(),
            allow_http: false,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
            roots: TrustedRoots::of_this_machine(),
        }
    }
}

/// Finds the addresses of a host.
#[async_trait]
pub trait HostLookup: Send + Sync + 'static {
    /// All of its addresses.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the system, as every program does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl HostLookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Posts messages with the signature of Standard Webhooks.
#[derive(Clone)]
pub struct SignedWebhookClient {
    client: Client,
    allowed_networks: AllowedNetworks,
    allow_http: bool,
}

/// Why a message did not get through.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the webhook's address cannot be read: {0}")]
    Address(#[from] url::ParseError),
    #[error("{scheme} is not allowed for a webhook; https is due")]
    Scheme { scheme: String },
    #[error("the webhook's address has a name or a password in it")]
    Credentials,
    #[error("the webhook's address has no host")]
    NoHost,
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{id:?} cannot be the identity of a message")]
    Id { id: String },
    #[error("{0}")]
    Request(String),
    #[error("the target redirects ({status}), which is not followed")]
    Redirect { status: StatusCode },
    #[error("the target answered {status}")]
    Status { status: StatusCode, retry_after: Option<Duration> },
}

impl From<Failure> for DeliveryError {
    fn from(failure: Failure) -> Self {
        let (permanent, retry_after) = match &failure {
            // Any other refusal may be a mistake that somebody is about to mend; the alert is worth another attempt.
            Failure::Status { status, retry_after } => (*status == StatusCode::GONE, *retry_after),
            Failure::Request(_) | Failure::Redirect { .. } => (false, None),
            _ => (true, None),
        };
        Self { reason: failure.to_string(), retry_after, permanent }
    }
}

/// Resolves names to addresses that have been checked, all of them.
struct GuardedResolver {
    lookup: Arc<dyn HostLookup>,
    allowed_networks: AllowedNetworks,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allowed_networks) = (Arc::clone(&self.lookup), self.allowed_networks.clone());
        Box::pin(async move {
            let addresses = lookup.addresses(name.as_str()).await?;
            if addresses.is_empty() {
                return Err(Box::from("the host has no address"));
            }
            for &address in &addresses {
                allowed_networks.check(address)?;
            }
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

impl SignedWebhookClient {
    /// A client that asks the system for the addresses of hosts.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: &WebhookSettings) -> Result<Self, HttpClientError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    /// A client that finds the addresses of hosts in a way of its own. They are checked all the same.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn with_lookup(
        settings: &WebhookSettings,
        lookup: Arc<dyn HostLookup>,
    ) -> Result<Self, HttpClientError> {
        let allowed_networks = settings.allowed_networks.clone();
        let client = Client::builder()
            .tls_backend_preconfigured(settings.roots.client_config()?)
            .dns_resolver(GuardedResolver { lookup, allowed_networks: allowed_networks.clone() })
            .redirect(Policy::none())
            .no_proxy()
            // A connection that is kept would outlive the check of its address.
            .pool_max_idle_per_host(0)
            .user_agent(USER_AGENT)
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .build()
            .map_err(HttpClientError::Client)?;
        Ok(Self { client, allowed_networks, allow_http: settings.allow_http })
    }

    /// The address, if it may be a webhook's as far as can be told without asking for its name.
    fn checked(&self, url: &str) -> Result<Url, Failure> {
        let url = Url::parse(url.trim())?;
        if url.scheme() != "https" && !(self.allow_http && url.scheme() == "http") {
            return Err(Failure::Scheme { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::Credentials);
        }
        match url.host().ok_or(Failure::NoHost)? {
            Host::Ipv4(address) => self.allowed_networks.check(address.into())?,
            Host::Ipv6(address) => self.allowed_networks.check(address.into())?,
            Host::Domain(name) if is_localhost(name) => {
                self.allowed_networks.check(Ipv4Addr::LOCALHOST.into())?;
            }
            Host::Domain(_) => {}
        }
        Ok(url)
    }

    async fn try_post(&self, request: &WebhookRequest) -> Result<(), Failure> {
        let url = self.checked(&request.url)?;
        let signature = sign(&request.secrets, &request.id, request.unix_s, &request.body)?;
        // The identity ends at the first dot of what is signed.
        let id = HeaderValue::from_str(&request.id)
            .ok()
            .filter(|_| !request.id.is_empty() && !request.id.contains('.'))
            .ok_or_else(|| Failure::Id { id: request.id.clone() })?;
        let mut span = Span::none();
        let step = Trace::of(request.traceparent.as_deref(), None).map(|trace| {
            let (step, made) = trace.call(|| posting(&url));
            span = made;
            step
        });
        let mut post = self.client.post(url);
        if let Some(step) = step {
            post = post.header(TRACE_PARENT, step.traceparent()).header(XRAY_TRACE, step.xray());
        }
        let response = post
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", request.unix_s)
            .header("webhook-signature", signature)
            .body(request.body.clone())
            .send()
            .instrument(span.clone())
            .await
            .map_err(|error| match forbidden(&error) {
                Some(forbidden) => Failure::Forbidden(forbidden),
                None => Failure::Request(reason(error)),
            })?;
        let status = response.status();
        span.record("http.response.status_code", status.as_u16());
        if status.is_success() {
            Ok(())
        } else if status.is_redirection() {
            Err(Failure::Redirect { status })
        } else {
            let retry_after = retry_after(response.headers(), SystemTime::now());
            Err(Failure::Status { status, retry_after })
        }
    }
}

/// The span of a message that is posted. Of the address it has no more than the host: what follows may be a secret.
fn posting(url: &Url) -> Span {
    tracing::debug_span!(
        "POST",
        otel.kind = "client",
        http.request.method = "POST",
        server.address = url.host_str(),
        http.response.status_code = tracing::field::Empty
    )
}

/// The refusal of an address among the causes of an error.
fn forbidden(error: &reqwest::Error) -> Option<ForbiddenAddress> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(forbidden) = error.downcast_ref::<ForbiddenAddress>() {
            return Some(forbidden.clone());
        }
        cause = error.source();
    }
    None
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

impl fmt::Debug for SignedWebhookClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedWebhookClient")
            .field("allowed_networks", &self.allowed_networks)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl WebhookClient for SignedWebhookClient {
    async fn post(&self, request: &WebhookRequest) -> Result<(), DeliveryError> {
        Ok(self.try_post(request).await?)
    }

    fn check(&self, url: &str) -> Result<(), DeliveryError> {
        self.checked(url)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(allow_http: bool, allowed: &[&str]) -> SignedWebhookClient {
        let allowed_networks = AllowedNetworks::parse(allowed).unwrap();
        SignedWebhookClient::new(&WebhookSettings {
            allow_http,
            allowed_networks,
            ..WebhookSettings::default()
        })
        .unwrap()
    }

    #[test]
    fn addresses_of_webhooks_are_checked_when_they_are_given() {
        let strict = client(false, &[]);
        for url in ["https://example.com/hook", "https://8.8.8.8:8443/", "https://[2606:4700::1]/x?token=1"] {
            assert_eq!(strict.check(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "example.com",
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://",
            "https://user@example.com/",
            "https://user:password@example.com/",
            "https://:password@example.com/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://%31%32%37.0.0.1/",
            "https://127。0。0。1/",
            "https://①②⑦.0.0.1/",
            "https://0/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fd00:ec2::254]/",
        ] {
            let error = strict.check(url).unwrap_err();
            assert!(error.permanent, "{url}");
        }
    }

    #[test]
    fn what_the_operator_allows_may_be_a_webhook() {
        let lenient = client(true, &["127.0.0.0/8"]);
        for url in ["http://127.0.0.1:9000/", "http://localhost/", "https://127.1/", "http://example.com/"] {
            assert_eq!(lenient.check(url), Ok(()), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://[::1]/", "ftp://127.0.0.1/", "http://me@127.0.0.1/"] {
            assert!(lenient.check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_refused_address_is_not_repeated_with_its_secrets() {
        for url in
            ["https://user:hunter2@example.com/", "http://example.com/hunter2", "https://127.0.0.1/hunter2"]
        {
            let error = client(false, &[]).check(url).unwrap_err();
            assert!(!error.reason.contains("hunter2"), "{}", error.reason);
        }
    }
}
