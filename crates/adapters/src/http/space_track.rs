//! Sessions at Space-Track, and its limits.
//!
//! Space-Track wants fewer than 30 requests in a minute and fewer than 300 in an hour, sign-ins among them, and closes
//! accounts that do not keep to it. The counts are kept for each host: in the store, so that a restart does not forget them,
//! or for as long as the process lives.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use astroshield_domain::ports::{FeedAnswer, FeedRequest, RequestLimit, Store, TooManyRequests};
use astroshield_domain::this_machine::is_this_machine;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use url::{Url, form_urlencoded};

use super::answer::{self, Failure};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How often a host may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) per_minute: u32,
    pub(super) per_hour: u32,
}

impl Limits {
    fn all(self) -> [RequestLimit; 2] {
        [
            RequestLimit { requests: self.per_hour, within: HOUR },
            RequestLimit { requests: self.per_minute, within: MINUTE },
        ]
    }
}

/// Where requests are counted.
pub(super) enum Counts {
    /// In this process.
    Process(Mutex<HashMap<String, Asked>>),
    /// In a store.
    Kept(Arc<dyn Store>),
}

impl Default for Counts {
    fn default() -> Self {
        Self::Process(Mutex::default())
    }
}

/// When a host was asked during the last hour.
#[derive(Debug, Default)]
pub(super) struct Asked(VecDeque<Instant>);

impl Asked {
    /// Counts a request of now, or says how long it has to wait.
    fn count(&mut self, limits: Limits, now: Instant) -> Result<(), TooManyRequests> {
        while self.0.front().is_some_and(|&at| now.saturating_duration_since(at) >= HOUR) {
            self.0.pop_front();
        }
        for limit in limits.all() {
            let RequestLimit { requests, within } = limit;
            let requests = usize::try_from(requests).unwrap_or(usize::MAX);
            // The request that has to be out of the window before another one is in it.
            let Some(index) = self.0.len().checked_sub(requests.max(1)) else { continue };
            let since = now.saturating_duration_since(self.0[index]);
            if since < within {
                return Err(TooManyRequests { limit, wait: within - since });
            }
        }
        self.0.push_back(now);
        Ok(())
    }
}

/// Whose session it is, and where.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Account {
    origin: String,
    name: String,
    password: String,
}

/// Sessions by account, as cookies.
pub(super) struct SpaceTrack {
    /// Follows no redirects: cookies and passwords stay with the host that they are for.
    client: Client,
    limits: Limits,
    counts: Counts,
    sessions: tokio::sync::Mutex<HashMap<Account, String>>,
}

impl fmt::Debug for SpaceTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpaceTrack").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl SpaceTrack {
    pub(super) fn new(client: Client, limits: Limits, counts: Counts) -> Self {
        Self { client, limits, counts, sessions: tokio::sync::Mutex::default() }
    }

    /// Asks within a session; one that has run out is begun anew, once.
    pub(super) async fn ask(
        &self,
        url: Url,
        request: &FeedRequest,
        (name, password): (&str, &str),
    ) -> Result<FeedAnswer, Failure> {
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Failure::PasswordInTheClear { host: host(&url) });
        }
        let origin = url.origin().ascii_serialization();
        let account = Account { origin, name: name.to_owned(), password: password.to_owned() };
        let (cookie, fresh) = self.session(&account, &url, None).await?;
        let response = self.query(&url, request, &cookie).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return answer::read(response, request).await;
        }
        if fresh {
            self.forget(&account, &cookie).await;
            return Err(Failure::SignInRefused);
        }
        let (cookie, _) = self.session(&account, &url, Some(&cookie)).await?;
        let response = self.query(&url, request, &cookie).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.forget(&account, &cookie).await;
            return Err(Failure::SignInRefused);
        }
        answer::read(response, request).await
    }

    async fn query(&self, url: &Url, request: &FeedRequest, cookie: &str) -> Result<Response, Failure> {
        self.wait_for_turn(url).await?;
        let get = self.client.get(url.clone()).header(COOKIE, cookie);
        super::feed::conditional(get, request).send().await.map_err(Failure::request)
    }

    /// The session's cookie, and whether it was begun just now. Whoever else needs it meanwhile waits for it.
    async fn session(
        &self,
        account: &Account,
        url: &Url,
        worn_out: Option<&str>,
    ) -> Result<(String, bool), Failure> {
        let mut sessions = self.sessions.lock().await;
        if let Some(cookie) = sessions.get(account).filter(|cookie| Some(cookie.as_str()) != worn_out) {
            return Ok((cookie.clone(), false));
        }
        sessions.remove(account);
        let cookie = self.sign_in(account, url).await?;
        sessions.insert(account.clone(), cookie.clone());
        Ok((cookie, true))
    }

    async fn forget(&self, account: &Account, cookie: &str) {
        let mut sessions = self.sessions.lock().await;
        if sessions.get(account).is_some_and(|known| known == cookie) {
            sessions.remove(account);
        }
    }

    async fn sign_in(&self, account: &Account, url: &Url) -> Result<String, Failure> {
        self.wait_for_turn(url).await?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("identity", &account.name)
            .append_pair("password", &account.password)
            .finish();
        let response = self
            .client
            .post(format!("{}/ajaxauth/login", account.origin))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .map_err(Failure::request)?;
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Failure::SignInRefused);
        }
        let cookies: Vec<String> = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next().map(|pair| pair.trim().to_owned()))
            .collect();
        let said = FeedRequest { limit_bytes: 64 << 10, ..FeedRequest::default() };
        if let FeedAnswer::Data { bytes, .. } = answer::read(response, &said).await?
            && says_failed(&bytes)
        {
            return Err(Failure::SignInRefused);
        }
        if cookies.is_empty() { Err(Failure::NoCookie) } else { Ok(cookies.join("; ")) }
    }

    /// Waits where that takes no more than a minute.
    async fn wait_for_turn(&self, url: &Url) -> Result<(), Failure> {
        let host = host(url);
        loop {
            let refused = match &self.counts {
                Counts::Process(asked) => {
                    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
                    asked.entry(host.clone()).or_default().count(self.limits, Instant::now()).err()
                }
                Counts::Kept(store) => {
                    store.count_request(&host, Timestamp::now(), &self.limits.all()).await?
                }
            };
            match refused {
                None => return Ok(()),
                Some(TooManyRequests { wait, .. }) if wait <= MINUTE => tokio::time::sleep(wait).await,
                Some(TooManyRequests { limit, wait }) => {
                    let (limit, seconds) = (limit.requests, limit.within.as_secs());
                    return Err(Failure::TooOften { host, limit, seconds, retry_after: wait });
                }
            }
        }
    }
}

/// A refused sign-in may be answered with 200 and this.
fn says_failed(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes)
        .is_ok_and(|value| value.get("Login").and_then(|login| login.as_str()) == Some("Failed"))
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_this_machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { per_minute: 29, per_hour: 299 };

    #[test]
    fn no_minute_has_thirty_requests_and_no_hour_three_hundred() {
        let start = Instant::now();
        let mut asked = Asked::default();
        let mut times = Vec::new();
        // Somebody who asks every 100 ms for three hours, whatever the answer.
        for tick in 0..108_000_u32 {
            let now = start + tick * Duration::from_millis(100);
            if asked.count(LIMITS, now).is_ok() {
                times.push(now);
            }
        }
        for (limit, within) in [(29, MINUTE), (299, HOUR)] {
            for window in times.windows(limit + 1) {
                assert!(window[limit] - window[0] >= within, "{limit} in {within:?}");
            }
        }
        assert_eq!(times.len(), 3 * 299);
    }

    #[test]
    fn the_wait_that_is_told_is_enough_and_not_too_long() {
        let start = Instant::now();
        let mut asked = Asked::default();
        for second in 0..29 {
            asked.count(LIMITS, start + Duration::from_secs(second)).unwrap();
        }
        let now = start + Duration::from_secs(40);
        let wait = Duration::from_secs(20);
        assert_eq!(asked.count(LIMITS, now), Err(TooManyRequests { limit: LIMITS.all()[1], wait }));
        assert!(asked.count(LIMITS, now + wait - Duration::from_millis(1)).is_err());
        assert_eq!(asked.count(LIMITS, now + wait), Ok(()));
    }

    #[test]
    fn a_refusal_in_json_is_told_from_success() {
        assert!(says_failed(br#"{"Login":"Failed"}"#));
        for answer in [r#""""#, "", "{}", "[]"] {
            assert!(!says_failed(answer.as_bytes()), "{answer}");
        }
    }

    #[test]
    fn only_this_machine_is_trusted_without_tls() {
        for (url, loopback) in [
            ("http://127.0.0.1:8080/x", true),
            ("http://[::1]/x", true),
            ("http://localhost/x", true),
            ("http://localhost.example.com/x", false),
            ("http://www.space-track.org/x", false),
            ("http://10.0.0.1/x", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
