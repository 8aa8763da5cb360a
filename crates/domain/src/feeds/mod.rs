//! Feeds: asked on a schedule, politely; what they send is taken in, or refused with a reason while the last good data
//! stays in use.

mod politeness;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access::{Caller, Principal, Scope};
use crate::catalog::Grade;
use crate::daily;
use crate::event::{Event, Payload};
use crate::feed::FeedStatus;
use crate::ids::TenantId;
use crate::ingest::{self, Ingestor};
use crate::ports::{Clock, FeedAnswer, FeedClient, FeedError, FeedFault, FeedRequest, Store, StoreError};
use crate::trace::Trace;
use crate::uploads::Uploads;

/// How long to sleep at most before looking at the clock again: it may have been set, or the machine asleep.
const LOOK: Duration = Duration::from_secs(30);

/// Wait after the store failed.
const STORE_WAIT: Duration = Duration::from_secs(10);

/// What a feed brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedKind {
    /// Element sets, in any notation of a catalog.
    ElementSets {
        /// How good they are.
        grade: Grade,
    },
    /// SATCAT, in CSV.
    Satcat,
    /// Conjunction data messages.
    Cdms,
    /// Space weather, in CelesTrak's CSV.
    SpaceWeather,
    /// Earth orientation, in CelesTrak's CSV.
    EarthOrientation,
}

/// Stands, in the address of a feed of messages, for the day (UTC) before the one on which the newest was made that is
/// known; without any, for a week ago.
pub const SINCE: &str = "{since}";

/// Time before now from which on messages are asked for where none is known.
const FIRST_MESSAGES: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A feed, as it is configured. Only its name is printed: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedSettings {
    /// Name.
    pub name: String,
    /// What it brings.
    pub kind: FeedKind,
    /// Address: `https:`, `http:`, `file:`, or the path of a file or folder. In that of a feed of messages, [`SINCE`] stands
    /// for the day from which on they are asked for.
    pub url: String,
    /// Time from one request to the next; hosts that ask for more patience get it.
    pub interval: Duration,
    /// Age from which on what it sent is stale.
    pub stale_after: Duration,
    /// Name and password for a Space-Track session.
    pub space_track: Option<(String, String)>,
    /// Whose its data is.
    pub tenant: TenantId,
}

/// Asks feeds.
#[derive(Clone)]
pub struct FeedPoller {
    feeds: Arc<[FeedSettings]>,
    client: Arc<dyn FeedClient>,
    ingestor: Arc<Ingestor>,
    uploads: Arc<Uploads>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// What was taken of an answer.
struct Taken {
    records: u64,
    anything_new: bool,
    /// When the newest message was made.
    newest: Option<Timestamp>,
}

impl Taken {
    fn of(records: u64, anything_new: bool) -> Self {
        Self { records, anything_new, newest: None }
    }
}

impl fmt::Debug for FeedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedSettings").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FeedKind {
    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ElementSets { .. } => "element_sets",
            Self::Satcat => "satcat",
            Self::Cdms => "cdms",
            Self::SpaceWeather => "space_weather",
            Self::EarthOrientation => "earth_orientation",
        }
    }
}

impl FeedSettings {
    /// When it last sent what it is asked for: something new, or of SATCAT and messages any answer.
    #[must_use]
    pub fn last_news(&self, status: &FeedStatus) -> Option<Timestamp> {
        if self.has_to_change() { status.changed } else { status.confirmed }
    }

    /// Whether its last news is older than it may be, or there never was any.
    #[must_use]
    pub fn is_stale(&self, status: &FeedStatus, now: Timestamp) -> bool {
        let limit = SignedDuration::try_from(self.stale_after).unwrap_or(SignedDuration::MAX);
        self.last_news(status).is_none_or(|last| now.duration_since(last) > limit)
    }

    /// Whether what it sends has to change from time to time: catalogs and tables age, messages come when there are any.
    pub(crate) fn has_to_change(&self) -> bool {
        match self.kind {
            FeedKind::ElementSets { .. } | FeedKind::SpaceWeather | FeedKind::EarthOrientation => true,
            FeedKind::Satcat | FeedKind::Cdms => false,
        }
    }

    /// Tells these settings from others. Of the password so little goes in that it cannot be found from the outcome.
    fn fingerprint(&self) -> String {
        let hash = |text: &str| Sha256::digest(text.as_bytes());
        let (user, password) =
            self.space_track.as_ref().map_or(("", ""), |(user, password)| (user, password));
        let feed = hash(&format!("{:?} {} {user}", self.kind, self.url));
        let password = hash(&format!("{user} {password}"));
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{}-{}", digits(&feed[..8]), digits(&password[..2]))
    }
}

impl FeedPoller {
    /// A poller of feeds over its parts.
    #[must_use]
    pub fn new(
        feeds: Vec<FeedSettings>,
        client: Arc<dyn FeedClient>,
        ingestor: Arc<Ingestor>,
        uploads: Arc<Uploads>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { feeds: feeds.into(), client, ingestor, uploads, store, clock }
    }

    /// Asks each feed in its interval, on its own, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut polls = JoinSet::new();
        for index in 0..self.feeds.len() {
            let (poller, shutdown) = (self.clone(), shutdown.clone());
            polls.spawn(async move { poller.keep_asking(index, &shutdown).await });
        }
        while polls.join_next().await.is_some() {}
    }

    /// Asks a feed now, if it may be asked.
    ///
    /// # Errors
    /// When there is no feed of this name, it was asked a short while ago, it gave nothing, or what it gave was refused.
    pub async fn poll_once(&self, name: &str) -> Result<(), FeedError> {
        let unknown = || error(format!("no feed {name:?}"), true);
        let feed = self.feeds.iter().find(|feed| feed.name == name).ok_or_else(unknown)?;
        let status = self.status(feed).await.map_err(|reason| error(reason.to_string(), false))?;
        let now = self.clock.now();
        if status.stopped {
            let problem = status.problem.as_deref().unwrap_or("the sign-in was refused");
            return Err(error(format!("not asked until its settings change: {problem}"), true));
        }
        if let Some(not_before) = self.due(feed, &status).filter(|not_before| *not_before > now) {
            let mut error = error(format!("not to be asked before {not_before}"), false);
            error.retry_after = Duration::try_from(not_before.duration_since(now)).ok();
            return Err(error);
        }
        Trace::begin().follow("ingest", self.ask(feed, status)).await
    }

    async fn keep_asking(&self, index: usize, shutdown: &CancellationToken) {
        let Some(feed) = self.feeds.get(index) else { return };
        while !shutdown.is_cancelled() {
            let wait = match self.status(feed).await {
                Ok(status) if status.stopped => LOOK,
                Ok(status) => {
                    let due = self.due(feed, &status).unwrap_or(Timestamp::MIN);
                    let left = due.duration_since(self.clock.now());
                    Duration::try_from(left).unwrap_or_default().min(LOOK)
                }
                Err(error) => {
                    tracing::error!(feed = feed.name, %error, "the feed waits for the store");
                    STORE_WAIT
                }
            };
            if wait > Duration::ZERO {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = tokio::time::sleep(wait) => continue,
                }
            }
            let asked = tokio::select! {
                () = shutdown.cancelled() => return,
                // What it gives and what is refused is recorded and logged there.
                asked = self.poll_once(&feed.name) => asked,
            };
            if asked.is_err() {
                // The record of the failure may have failed, too: do not ask in a tight loop.
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = tokio::time::sleep(STORE_WAIT) => {}
                }
            }
        }
    }

    async fn status(&self, feed: &FeedSettings) -> Result<FeedStatus, StoreError> {
        let settings = Some(feed.fingerprint());
        let mut known = self.store.feeds().await?.into_iter().find(|status| status.feed == feed.name);
        if let Some(known) = &mut known
            && known.settings.is_none()
        {
            known.settings.clone_from(&settings);
        }
        let (confirmed, changed) =
            known.as_ref().map_or((None, None), |known| (known.confirmed, known.changed));
        // Of a feed that was set up otherwise, only what it brought is still there.
        let new =
            FeedStatus { feed: feed.name.clone(), settings, confirmed, changed, ..FeedStatus::default() };
        Ok(known.filter(|known| known.settings == new.settings).unwrap_or(new))
    }

    /// When a feed may be asked again. A time beyond any wait was noted by a clock that was ahead.
    fn due(&self, feed: &FeedSettings, status: &FeedStatus) -> Option<Timestamp> {
        let interval = politeness::interval(&feed.url, feed.interval);
        let longest = if status.failures == 0 { interval } else { politeness::longest(interval) };
        let longest = self.clock.now().saturating_add(longest).unwrap_or(Timestamp::MAX);
        status.not_before.filter(|not_before| *not_before <= longest)
    }

    /// The address to ask for what is newer than what is known.
    fn address(&self, feed: &FeedSettings, status: &FeedStatus) -> String {
        if !feed.url.contains(SINCE) {
            return feed.url.clone();
        }
        let now = self.clock.now();
        // Messages of the newest one's day may have come after it; those that are known are recognized.
        let day_before = status.newest.map(|newest| newest.min(now) - SignedDuration::from_hours(24));
        let from = day_before.unwrap_or(now - FIRST_MESSAGES);
        feed.url.replace(SINCE, &daily::day_of(from).to_string())
    }

    #[tracing::instrument(skip_all, fields(feed = feed.name))]
    async fn ask(&self, feed: &FeedSettings, mut status: FeedStatus) -> Result<(), FeedError> {
        let request = FeedRequest {
            url: self.address(feed, &status),
            etag: status.etag.clone(),
            last_modified: status.last_modified.clone(),
            space_track: feed.space_track.clone(),
            limit_bytes: ingest::LIMIT_BYTES,
        };
        let interval = politeness::interval(&feed.url, feed.interval);
        let answer = self.client.fetch(&request).await;
        let now = self.clock.now();
        status.asked = Some(now);
        status.not_before = Some(now.saturating_add(interval).unwrap_or(Timestamp::MAX));
        let taken = match answer {
            Ok(FeedAnswer::Unchanged) => Ok((None, (status.etag.clone(), status.last_modified.clone()))),
            Ok(FeedAnswer::Data { bytes, etag, last_modified }) => {
                // Before the work: an answer that kills the process is not asked for again in a loop.
                self.record(feed, &status, None).await?;
                let taken = self.take(feed, &status, bytes).await;
                taken.map(|taken| (Some(taken), (etag, last_modified)))
            }
            Err(error) => Err(error),
        };
        match taken {
            Ok((taken, (etag, last_modified))) => {
                status.confirmed = Some(now);
                (status.failures, status.problem) = (0, None);
                (status.etag, status.last_modified) = (etag, last_modified);
                if let Some(Taken { records, anything_new, newest }) = taken {
                    status.records = Some(records);
                    status.newest = newest.max(status.newest);
                    if anything_new {
                        status.changed = Some(now);
                    }
                    tracing::info!(records, anything_new, "the feed sent data");
                }
                self.record(feed, &status, None).await
            }
            Err(error) => {
                tracing::warn!(%error, failures = status.failures + 1, "the feed gave nothing that is of use");
                let (before, retry_after) = (status.failures, error.retry_after);
                status.not_before =
                    Some(politeness::after_failure(now, &feed.name, interval, before, retry_after));
                status.failures = before.saturating_add(1);
                status.problem = Some(error.reason.clone());
                status.stopped = error.fault == FeedFault::SignInRefused;
                self.record(feed, &status, Some(error.reason.clone())).await?;
                Err(error)
            }
        }
    }

    /// Takes in what a feed sent.
    async fn take(
        &self,
        feed: &FeedSettings,
        status: &FeedStatus,
        bytes: Vec<u8>,
    ) -> Result<Taken, FeedError> {
        let refused = |reason: String| error(reason, false);
        match feed.kind {
            FeedKind::ElementSets { grade } => {
                let (summary, records) = self
                    .ingestor
                    .element_sets_after(&feed.tenant, &feed.name, grade, &feed.name, bytes, status.records)
                    .await
                    .map_err(|error| refused(error.to_string()))?;
                // Element sets that are older than those that are known change nothing.
                Ok(Taken::of(records, summary.changed_objects > 0))
            }
            FeedKind::Satcat => self
                .ingestor
                .satcat_after(&feed.name, bytes, status.records)
                .await
                .map(|(records, changed)| Taken::of(records, changed > 0))
                .map_err(|error| refused(error.to_string())),
            FeedKind::SpaceWeather => self
                .ingestor
                .space_weather_after(&feed.name, bytes, status.records)
                .await
                .map(|(records, changed)| Taken::of(records, changed > 0))
                .map_err(|error| refused(error.to_string())),
            FeedKind::EarthOrientation => self
                .ingestor
                .earth_orientation_after(&feed.name, bytes, status.records)
                .await
                .map(|(records, changed)| Taken::of(records, changed > 0))
                .map_err(|error| refused(error.to_string())),
            FeedKind::Cdms => {
                let caller = Caller {
                    tenant: feed.tenant.clone(),
                    name: feed.name.clone(),
                    principal: Principal::Service,
                    scope: Scope::Write,
                };
                let delivered = self
                    .uploads
                    .deliver(&caller, &feed.name, bytes)
                    .await
                    .map_err(|error| refused(crate::describe(&error)))?;
                Ok(Taken {
                    records: delivered.messages,
                    anything_new: delivered.new > 0,
                    newest: delivered.newest,
                })
            }
        }
    }

    async fn record(
        &self,
        feed: &FeedSettings,
        status: &FeedStatus,
        problem: Option<String>,
    ) -> Result<(), FeedError> {
        let payload = Payload::FeedAsked { feed: feed.name.clone(), problem };
        let event = Event::new(feed.tenant.clone(), self.clock.now(), Vec::new(), payload);
        let recorded = self.store.put_feed(status, &event).await;
        recorded.map_err(|reason| error(reason.to_string(), false))
    }
}

fn error(reason: String, permanent: bool) -> FeedError {
    FeedError { reason, retry_after: None, permanent, fault: FeedFault::Other }
}
