//! Asks feeds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::ports::{FeedAnswer, FeedClient, FeedError, FeedFault, FeedRequest, Store};
use async_trait::async_trait;
use reqwest::header::{ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, RequestBuilder};
use tracing::{Instrument as _, Span};
use url::Url;

use super::answer::{self, Failure};
use super::space_track::{Counts, Limits, SpaceTrack};
use super::{HttpClientError, USER_AGENT, files};
use crate::trust::TrustedRoots;

/// How feeds are asked.
#[derive(Debug, Clone)]
pub struct HttpFeedSettings {
    /// Longest time until a server has taken the connection.
    pub connect_timeout: Duration,
    /// Longest time during which nothing arrives.
    pub silence_timeout: Duration,
    /// Longest time for a request with its answer.
    pub timeout: Duration,
    /// Most redirects that are followed.
    pub redirects: usize,
    /// Most requests to one Space-Track host in a minute.
    pub space_track_per_minute: u32,
    /// Most requests to one Space-Track host in an hour.
    pub space_track_per_hour: u32,
    /// Whether proxies are taken from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    pub proxies_of_environment: bool,
    /// Who vouches for servers.
    pub roots: TrustedRoots,
}

impl Default for HttpFeedSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(30),
            // A full catalog is 20 MB: enough for a line of 1 Mbit/s.
            timeout: Duration::from_secs(300),
            redirects: 5,
            space_track_per_minute: 29,
            space_track_per_hour: 299,
            proxies_of_environment: true,
            roots: TrustedRoots::of_this_machine(),
        }
    }
}

/// Asks feeds over HTTP and HTTPS, reads those that are files or folders, and signs in to Space-Track.
#[derive(Debug)]
pub struct HttpFeedClient {
    client: Client,
    space_track: SpaceTrack,
}

#[derive(Debug, thiserror::Error)]
enum RedirectError {
    #[error("more than {limit} redirects")]
    TooMany { limit: usize },
    #[error("a redirect from https to {scheme}")]
    Downgrade { scheme: String },
}

/// Where a feed is.
#[derive(Debug, PartialEq)]
enum Location {
    Web(Url),
    Path(PathBuf),
}

impl HttpFeedClient {
    /// A client that counts its requests to Space-Track for as long as the process lives.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: &HttpFeedSettings) -> Result<Self, HttpClientError> {
        Self::with(settings, Counts::default())
    }

    /// A client that counts its requests to Space-Track in a store, together with everybody else who does.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn counting_in(settings: &HttpFeedSettings, store: Arc<dyn Store>) -> Result<Self, HttpClientError> {
        Self::with(settings, Counts::Kept(store))
    }

    fn with(settings: &HttpFeedSettings, counts: Counts) -> Result<Self, HttpClientError> {
        let limit = settings.redirects;
        let follow = Policy::custom(move |attempt| follow(attempt, limit));
        let limits =
            Limits { per_minute: settings.space_track_per_minute, per_hour: settings.space_track_per_hour };
        let sessions =
            builder(settings)?.redirect(Policy::none()).build().map_err(HttpClientError::Client)?;
        Ok(Self {
            client: builder(settings)?.redirect(follow).build().map_err(HttpClientError::Client)?,
            space_track: SpaceTrack::new(sessions, limits, counts),
        })
    }

    async fn ask(&self, url: Url, request: &FeedRequest) -> Result<FeedAnswer, Failure> {
        if let Some((name, password)) = &request.space_track {
            return self.space_track.ask(url, request, (name, password)).await;
        }
        let span = tracing::debug_span!(
            "GET",
            otel.kind = "client",
            http.request.method = "GET",
            server.address = url.host_str(),
            http.response.status_code = tracing::field::Empty
        );
        // The trace is not told: feeds are of others, who need not know what belongs together here.
        let asked = async {
            let response =
                conditional(self.client.get(url), request).send().await.map_err(Failure::request)?;
            Span::current().record("http.response.status_code", response.status().as_u16());
            answer::read(response, request).await
        };
        asked.instrument(span).await
    }
}

fn builder(settings: &HttpFeedSettings) -> Result<ClientBuilder, HttpClientError> {
    let builder = Client::builder();
    let builder = if settings.proxies_of_environment { builder } else { builder.no_proxy() };
    Ok(builder
        .tls_backend_preconfigured(settings.roots.client_config()?)
        .user_agent(USER_AGENT)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.silence_timeout)
        .timeout(settings.timeout)
        .referer(false)
        // We unpack ourselves, within a limit.
        .no_gzip())
}

fn follow(attempt: Attempt<'_>, limit: usize) -> reqwest::redirect::Action {
    let scheme = attempt.url().scheme().to_owned();
    if attempt.previous().len() > limit {
        return attempt.error(RedirectError::TooMany { limit });
    }
    if scheme != "https" && attempt.previous().iter().any(|url| url.scheme() == "https") {
        return attempt.error(RedirectError::Downgrade { scheme });
    }
    attempt.follow()
}

/// A request for what is newer than what we have, packed or not.
pub(super) fn conditional(mut get: RequestBuilder, request: &FeedRequest) -> RequestBuilder {
    get = get.header(ACCEPT_ENCODING, "gzip");
    if let Some(etag) = &request.etag {
        get = get.header(IF_NONE_MATCH, etag);
    }
    if let Some(last_modified) = &request.last_modified {
        get = get.header(IF_MODIFIED_SINCE, last_modified);
    }
    get
}

impl Location {
    /// `https:`, `http:` and `file:` addresses; anything else that is not an address is a path.
    fn of(text: &str) -> Result<Self, Failure> {
        let refused = |reason: &str| {
            let url = text.split(['?', '#']).next().unwrap_or_default().to_owned();
            Err(Failure::Address { url, reason: reason.to_owned() })
        };
        if !text.contains("://") && !text.starts_with("file:") {
            return if text.is_empty() { refused("it is empty") } else { Ok(Self::Path(text.into())) };
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return refused(&error.to_string()),
        };
        match url.scheme() {
            "https" | "http" if url.username().is_empty() && url.password().is_none() => Ok(Self::Web(url)),
            "https" | "http" => Err(Failure::Address {
                url: String::new(),
                reason: "it has a name or a password in it".to_owned(),
            }),
            "file" => url
                .to_file_path()
                .map_or_else(|()| refused("it names another machine"), |path| Ok(Self::Path(path))),
            _ => refused("https, http or file is due"),
        }
    }
}

#[async_trait]
impl FeedClient for HttpFeedClient {
    async fn fetch(&self, request: &FeedRequest) -> Result<FeedAnswer, FeedError> {
        match Location::of(&request.url)? {
            Location::Web(url) => Ok(self.ask(url, request).await?),
            Location::Path(path) => {
                let request = request.clone();
                let read = tokio::task::spawn_blocking(move || files::read(&path, &request)).await;
                read.unwrap_or_else(|error| {
                    Err(FeedError {
                        reason: error.to_string(),
                        retry_after: None,
                        permanent: false,
                        fault: FeedFault::Other,
                    })
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_told_apart() {
        for (text, path) in [
            ("/var/lib/catalogs", "/var/lib/catalogs"),
            ("catalogs/today.csv", "catalogs/today.csv"),
            ("file:///var/lib/with%20space", "/var/lib/with space"),
            ("file:/var/lib", "/var/lib"),
            ("file://localhost/var/lib", "/var/lib"),
        ] {
            assert_eq!(Location::of(text).unwrap(), Location::Path(path.into()), "{text}");
        }
        let web = "https://celestrak.org/NORAD/elements/gp.php?GROUP=active";
        assert_eq!(Location::of(web).unwrap(), Location::Web(Url::parse(web).unwrap()));
    }

    #[test]
    fn other_schemes_and_passwords_in_addresses_are_refused_and_not_repeated() {
        for text in [
            "",
            "ftp://example.com/x",
            "file://server/share",
            "https://",
            "https://user:hunter2@example.com/",
            "http://hunter2@example.com/",
            "gopher://example.com/?key=hunter2",
        ] {
            let error = FeedError::from(Location::of(text).unwrap_err());
            assert!(error.permanent, "{text}");
            assert!(!error.reason.contains("hunter2"), "{}", error.reason);
        }
    }
}
