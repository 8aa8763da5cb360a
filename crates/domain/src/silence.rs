//! Silence is an alarm: no screening, no fresh catalog, or a feed that fails; and a heartbeat for an outside monitor that
//! notices when this process itself is gone, or screens no more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::alert::{Alert, AlertChange, AlertChanges, AlertState, Severity, Subject};
use crate::feed::FeedStatus;
use crate::feeds::FeedSettings;
use crate::ids::TenantId;
use crate::notify;
use crate::ports::{Clock, FeedClient, FeedRequest, Store, StoreError};
use crate::time;
use crate::trace::Trace;

/// How often to look, and how soon after the first time.
const LOOK: Duration = Duration::from_secs(30);
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// A difference between the clock and the time that has passed that is no drift.
const STEP: SignedDuration = SignedDuration::from_secs(60);
/// Failures in a row from which on a feed is alerted.
const FAILURES: u32 = 3;
/// Largest answer to a heartbeat that is read.
const HEARTBEAT_BYTES: u64 = 64 << 10;

/// When silence is an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceSettings {
    /// Time without a completed screening.
    pub no_screening_after: Duration,
    /// Age of the newest data of the catalog, by arrival and by epoch.
    pub stale_catalog_after: Duration,
    /// Whether a catalog of the past is wanted, whose epochs are old for good.
    pub of_the_past: bool,
    /// What to ask for as the heartbeat.
    pub heartbeat_url: Option<String>,
    /// How often.
    pub heartbeat_interval: Duration,
}

/// Watches for silence.
pub struct SilenceWatch {
    settings: SilenceSettings,
    feeds: Vec<FeedSettings>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    heartbeat: Arc<dyn FeedClient>,
    /// When this process began to watch.
    begun: Timestamp,
    /// What is known of the watching itself, from the first look on.
    watched: Mutex<Option<Watched>>,
}

/// For how long a store has been watched: kept in it, so that a process that begins again and again puts no alarm off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// When it was watched for the first time: what never happened counts from here.
    pub first: Timestamp,
    /// Since when it has been watched, but for pauses: an alarm waits a little from here for what is caught up with.
    pub since: Timestamp,
    /// When it was last watched.
    pub seen: Timestamp,
}

impl Watched {
    /// The watching that goes on after what was kept of it.
    #[must_use]
    pub fn resumed(kept: Option<Self>, now: Timestamp) -> Self {
        let begun = Self { first: now, since: now, seen: now };
        let Some(kept) = kept else { return begun };
        // A clock that was set back tells nothing of the pause.
        if kept.seen > now {
            return Self { first: kept.first.min(now), ..begun };
        }
        let grace = SignedDuration::try_from(GRACE).unwrap_or(SignedDuration::MAX);
        let (pause, before) = (now.duration_since(kept.seen), kept.seen.duration_since(kept.since));
        let since = if pause < grace {
            kept.since
        } else if before <= grace {
            // What the last process had of its time to catch up is gone.
            now.saturating_sub(before).unwrap_or(now)
        } else {
            now
        };
        Self { first: kept.first, since, seen: now }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    subject: Subject,
    severity: Severity,
    summary: String,
    /// Whether there was time to catch up. What is not due opens no alert, but does not end one either.
    due: bool,
}

/// A silence that has lasted too long.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Silence {
    hours: f64,
    /// As in [`Finding`].
    due: bool,
}

impl SilenceWatch {
    /// A watch over its parts.
    #[must_use]
    pub fn new(
        settings: SilenceSettings,
        feeds: Vec<FeedSettings>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        heartbeat: Arc<dyn FeedClient>,
    ) -> Self {
        let begun = clock.now();
        Self { settings, feeds, store, clock, heartbeat, begun, watched: Mutex::default() }
    }

    /// Watches, and beats, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(self.keep_looking(&shutdown), self.keep_beating(&shutdown));
    }

    async fn keep_looking(&self, shutdown: &CancellationToken) {
        let mut last = (self.clock.now(), Instant::now());
        // Twice as long each time: a process that lives briefly has noted half of its life at least, and so does not put an
        // alarm off however often it begins again.
        let mut wait = SECOND_LOOK;
        while !shutdown.is_cancelled() {
            let now = (self.clock.now(), Instant::now());
            let passed = SignedDuration::try_from(now.1 - last.1).unwrap_or(SignedDuration::MAX);
            let step = now.0.duration_since(last.0) - passed;
            if step.abs() > STEP {
                tracing::warn!(seconds = step.as_secs(), "the clock was set, or the machine slept");
                // As after a start, there is time to catch up.
                if let Some(watched) = &mut *self.known() {
                    *watched = Watched { first: watched.first.min(now.0), since: now.0, seen: now.0 };
                }
            }
            last = now;
            if let Err(error) = Trace::begin().follow("silence", self.look()).await {
                tracing::error!(%error, "nobody could look for silence");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
            wait = (2 * wait).min(LOOK);
        }
    }

    /// Looks once: raises alerts of what is wrong, resolves those of what is well again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        let watched = Watched { seen: now, ..self.watched(now).await? };
        *self.known() = Some(watched);
        // A store that takes no writes is no reason not to look.
        if let Err(error) = self.store.put_watched(&watched).await {
            tracing::error!(%error, "nobody could note that silence is watched for");
        }
        // What is public is cared for by the platform's own tenant: nobody else can act on it.
        let findings = self.findings(watched, now).await?;
        let mut tenants: Vec<TenantId> = self.feeds.iter().map(alerted).collect();
        tenants.push(TenantId::local());
        tenants.sort();
        tenants.dedup();
        for tenant in tenants {
            let own = findings.iter().filter(|(concerned, _)| *concerned == tenant);
            let own: Vec<&Finding> = own.map(|(_, finding)| finding).collect();
            self.settle(&tenant, &own, now).await?;
        }
        Ok(())
    }

    async fn findings(
        &self,
        watched: Watched,
        now: Timestamp,
    ) -> Result<Vec<(TenantId, Finding)>, StoreError> {
        let mut findings = Vec::new();
        let known = self.store.feeds().await?;
        for feed in &self.feeds {
            let status = known.iter().find(|status| status.feed == feed.name);
            if let Some((summary, due)) = ailing(feed, status, watched, now) {
                let due = due && !self.is_unasked(feed, status, now);
                let subject = Subject::Feed { feed: feed.name.clone() };
                let severity = Severity::Warning;
                findings.push((alerted(feed), Finding { subject, severity, summary, due }));
            }
        }
        let local = |subject, due, summary| {
            (TenantId::local(), Finding { subject, severity: Severity::Critical, summary, due })
        };
        if let Some(Silence { hours, due }) = self.unscreened(watched, now).await? {
            let summary = format!("no screening has completed for {hours:.1} h");
            findings.push(local(Subject::NoScreening, due, summary));
        }
        let (arrived, epoch) = self.store.catalog_age(&TenantId::public()).await?.unzip();
        let limit = self.settings.stale_catalog_after;
        let by_arrival = silence(arrived, watched, limit, now)
            .map(|Silence { hours, due }| (due, format!("no element set has arrived for {hours:.1} h")));
        // Old data that arrive again and again are no news.
        let by_epoch = || {
            let epoch = epoch.filter(|_| !self.settings.of_the_past)?.min(now);
            let Silence { hours, due } = silence(Some(epoch), watched, limit, now)?;
            Some((due, format!("the newest element sets of the catalog are of {hours:.1} h ago")))
        };
        if let Some((due, summary)) = by_arrival.or_else(by_epoch) {
            findings.push(local(Subject::StaleCatalog, due, summary));
        }
        Ok(findings)
    }

    /// Whether a feed that is new, or has long been turned off, has not had time to be asked by this process.
    fn is_unasked(&self, feed: &FeedSettings, status: Option<&FeedStatus>, now: Timestamp) -> bool {
        let asked = status.and_then(|status| status.asked);
        let since_begun = Duration::try_from(now.duration_since(self.begun)).unwrap_or_default();
        let long_ago = |asked: Timestamp| hours(asked, self.begun) * 3600.0 > feed.stale_after.as_secs_f64();
        asked.is_none_or(long_ago) && since_begun <= GRACE.min(feed.stale_after)
    }

    fn known(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long the store has been watched: at first, by what it keeps of that.
    async fn watched(&self, now: Timestamp) -> Result<Watched, StoreError> {
        if let Some(watched) = *self.known() {
            return Ok(watched);
        }
        let watched = Watched::resumed(self.store.watched().await?, now);
        Ok(*self.known().get_or_insert(watched))
    }

    /// The time since a screening was completed, if that is too long ago.
    async fn unscreened(&self, watched: Watched, now: Timestamp) -> Result<Option<Silence>, StoreError> {
        let newest =
            self.store.last_screened(&TenantId::public(), now.saturating_add(STEP).unwrap_or(now)).await?;
        Ok(silence(newest, watched, self.settings.no_screening_after, now))
    }

    /// Brings the alerts of a tenant in line with what is wrong.
    async fn settle(
        &self,
        tenant: &TenantId,
        findings: &[&Finding],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let unresolved = self.store.unresolved_alerts(tenant).await?;
        let mut changes = AlertChanges::default();
        for finding in findings {
            if finding.due && unresolved.iter().all(|alert| alert.subject != finding.subject) {
                changes.alerts.push((open(tenant, finding, now), AlertChange::Opened));
            }
        }
        // What was given up is somebody's to look at: nobody else can say that it is well again.
        let is_ours =
            |alert: &&Alert| alert.subject.rule().is_none() && alert.subject != Subject::Undelivered;
        for alert in unresolved.iter().filter(is_ours) {
            if findings.iter().all(|finding| finding.subject != alert.subject) {
                changes.alerts.push((notify::over(alert.clone(), now), AlertChange::Resolved));
            }
        }
        if changes.alerts.is_empty() {
            return Ok(());
        }
        let channels = notify::platform_channels(&*self.store, tenant).await?;
        for (alert, change) in &changes.alerts {
            let was_muted = unresolved.iter().any(|was| was.id == alert.id && was.state == AlertState::Muted);
            if !was_muted {
                changes.deliveries.extend(notify::messages(
                    alert,
                    *change,
                    notify::Encounter::default(),
                    &channels,
                    now,
                ));
            }
            tracing::warn!(alert = %alert.id, ?change, summary = alert.summary, "alert of the platform");
        }
        match self.store.change_alerts(tenant, &changes, None, now).await {
            // Another process was first; the next look sees it.
            Err(StoreError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    async fn keep_beating(&self, shutdown: &CancellationToken) {
        if self.settings.heartbeat_url.is_none() {
            return;
        }
        while !shutdown.is_cancelled() {
            self.beat().await;
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(self.settings.heartbeat_interval.max(Duration::from_secs(1))) => {}
            }
        }
    }

    /// Asks for the heartbeat's address, if the store takes writes and screenings are completed: a process that can keep
    /// nothing, or screens no more, is as good as gone.
    pub async fn beat(&self) {
        let Some(url) = &self.settings.heartbeat_url else { return };
        if let Err(error) = self.store.try_write().await {
            tracing::error!(%error, "no heartbeat, as the store takes no writes");
            return;
        }
        let now = time::to_microsecond(self.clock.now());
        let unscreened = async { self.unscreened(self.watched(now).await?, now).await };
        match unscreened.await {
            Ok(None | Some(Silence { due: false, .. })) => {}
            Ok(Some(Silence { hours, .. })) => {
                tracing::error!(hours, "no heartbeat, as no screening has completed");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "no heartbeat, as the store does not answer");
                return;
            }
        }
        let request =
            FeedRequest { url: url.to_owned(), limit_bytes: HEARTBEAT_BYTES, ..FeedRequest::default() };
        if let Err(error) = self.heartbeat.fetch(&request).await {
            tracing::warn!(%error, "the heartbeat did not get through");
        }
    }
}

/// Longest time that a process is given to catch up after it began or the clock was set.
const GRACE: Duration = Duration::from_mins(15);

/// Who is alerted of a feed.
fn alerted(feed: &FeedSettings) -> TenantId {
    if feed.tenant == TenantId::public() { TenantId::local() } else { feed.tenant.clone() }
}

fn open(tenant: &TenantId, finding: &Finding, now: Timestamp) -> Alert {
    let Finding { subject, severity, summary, due: _ } = finding.clone();
    Alert::open(tenant, subject, severity, summary, now)
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}

/// The time since something last happened, if that is longer ago than it may be.
fn silence(last: Option<Timestamp>, watched: Watched, limit: Duration, now: Timestamp) -> Option<Silence> {
    // What is far ahead was noted by a clock that was set back since: nobody knows when it was. What is a little ahead came
    // while we were looking.
    let last = match last {
        Some(last) if last.duration_since(now) <= STEP => last.min(now),
        Some(_) => watched.since,
        None => watched.first,
    };
    let silent_h = hours(last, now);
    // A process that begins after a long pause has some time to catch up.
    let grace_h = GRACE.min(limit).as_secs_f64() / 3600.0;
    let due = hours(watched.since, now) > grace_h;
    (silent_h * 3600.0 > limit.as_secs_f64()).then_some(Silence { hours: silent_h, due })
}

/// What is wrong with a feed, and whether it had time to catch up.
fn ailing(
    feed: &FeedSettings,
    status: Option<&FeedStatus>,
    watched: Watched,
    now: Timestamp,
) -> Option<(String, bool)> {
    let name = &feed.name;
    if let Some(status) = status.filter(|status| status.failures >= FAILURES) {
        let problem = status.problem.as_deref().unwrap_or("no reason is known");
        return Some((format!("feed {name} has failed {} times: {problem}", status.failures), true));
    }
    let problem = status.and_then(|status| status.problem.as_deref());
    let reason = problem.map_or(String::new(), |problem| format!(": {problem}"));
    if status.is_some_and(|status| status.stopped) {
        let summary = format!("feed {name} is not asked any more until its settings change{reason}");
        return Some((summary, true));
    }
    // Yesterday's data, however often it is confirmed, is no news.
    let silent = if feed.has_to_change() { "sent nothing new" } else { "confirmed nothing" };
    let last = status.and_then(|status| feed.last_news(status));
    let Silence { hours, due } = silence(last, watched, feed.stale_after, now)?;
    Some((format!("feed {name} has {silent} for {hours:.1} h{reason}"), due))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Grade;
    use crate::feeds::FeedKind;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_hours(hour)
    }

    fn feed() -> FeedSettings {
        FeedSettings {
            name: "gp".to_owned(),
            kind: FeedKind::Satcat,
            url: "https://example.org".to_owned(),
            interval: 2 * HOUR,
            stale_after: 12 * HOUR,
            space_track: None,
            tenant: TenantId::public(),
        }
    }

    /// A store that has been watched since an hour.
    fn since(hour: i64) -> Watched {
        Watched { first: at(hour), since: at(hour), seen: at(hour) }
    }

    /// Hours of a silence that is due.
    fn due_hours(last: Option<Timestamp>, watched: Watched, limit: Duration, now: Timestamp) -> Option<f64> {
        silence(last, watched, limit, now).filter(|silence| silence.due).map(|silence| silence.hours)
    }

    #[test]
    fn silence_counts_from_the_last_time_and_from_the_first_watch_where_there_was_none() {
        assert_eq!(due_hours(None, since(0), 6 * HOUR, at(6)), None);
        assert_eq!(due_hours(None, since(0), 6 * HOUR, at(7)), Some(7.0));
        assert_eq!(due_hours(None, Watched { first: at(-100), ..since(0) }, 6 * HOUR, at(1)), Some(101.0));
        assert_eq!(due_hours(Some(at(5)), since(0), 6 * HOUR, at(11)), None);
        assert_eq!(due_hours(Some(at(5)), since(0), 6 * HOUR, at(12)), Some(7.0));
    }

    #[test]
    fn what_happened_in_the_future_does_not_put_the_alarm_off() {
        assert_eq!(due_hours(Some(at(100)), since(0), 6 * HOUR, at(6)), None);
        assert_eq!(due_hours(Some(at(100)), since(0), 6 * HOUR, at(7)), Some(7.0));
    }

    #[test]
    fn a_process_that_comes_back_after_a_pause_has_a_quarter_of_an_hour_and_then_says_the_whole_age() {
        let after = |minutes| at(0) + SignedDuration::from_mins(minutes);
        assert_eq!(due_hours(Some(at(-100)), since(0), 6 * HOUR, after(15)), None);
        assert_eq!(due_hours(Some(at(-100)), since(0), 6 * HOUR, after(30)), Some(100.5));
        assert_eq!(
            due_hours(Some(at(-1)), since(0), HOUR / 30, after(3)),
            Some(1.05),
            "the limit is shorter"
        );
        let waiting = silence(Some(at(-100)), since(0), 6 * HOUR, after(1)).unwrap();
        assert!(!waiting.due, "an alert of before the pause goes on: {waiting:?}");
    }

    /// How often a silence is due at the end of each of some lives of some minutes, with pauses between them.
    fn due_at_ends(count: u32, life_min: i64, pause_min: i64) -> usize {
        let (mut now, mut kept, mut due) = (at(0), None, 0);
        for _ in 0..count {
            let mut watched = Watched::resumed(kept, now);
            assert_eq!(watched.first, at(0));
            now += SignedDuration::from_mins(life_min);
            watched.seen = now;
            due += usize::from(due_hours(Some(at(-100)), watched, 6 * HOUR, now).is_some());
            kept = Some(watched);
            now += SignedDuration::from_mins(pause_min);
        }
        due
    }

    #[test]
    fn a_process_that_begins_again_and_again_does_not_put_the_alarm_off() {
        for (life_min, pause_min) in [(5, 0), (5, 1), (5, 60), (14, 600), (1, 14)] {
            let due = due_at_ends(20, life_min, pause_min);
            assert!(due > 0, "lives of {life_min} min, pauses of {pause_min} min");
        }
    }

    #[test]
    fn each_morning_there_is_time_to_catch_up() {
        let evening = Watched { first: at(-100), since: at(-24), seen: at(-14) };
        assert_eq!(Watched::resumed(Some(evening), at(0)), Watched { first: at(-100), ..since(0) });
    }

    #[test]
    fn a_clock_that_was_set_back_gives_time_to_catch_up_and_keeps_no_time_of_the_future() {
        let ahead = Watched { first: at(90), since: at(90), seen: at(100) };
        assert_eq!(Watched::resumed(Some(ahead), at(0)), since(0));
    }

    #[test]
    fn a_feed_ails_after_three_failures_or_when_it_is_stale() {
        let status = |failures, confirmed| FeedStatus {
            failures,
            confirmed,
            problem: Some("503".to_owned()),
            ..FeedStatus::default()
        };
        let now = at(13);
        assert_eq!(ailing(&feed(), Some(&status(2, Some(at(10)))), since(0), now), None);
        let (failing, _) = ailing(&feed(), Some(&status(3, Some(at(10)))), since(0), now).unwrap();
        assert!(failing.contains("failed 3 times: 503"), "{failing}");
        let (stale, _) = ailing(&feed(), Some(&status(1, Some(at(0)))), since(0), now).unwrap();
        assert!(stale.contains("13.0 h: 503"), "{stale}");
        assert!(ailing(&feed(), None, since(0), now).is_some());
        assert_eq!(ailing(&feed(), None, since(0), at(12)), None);
    }

    #[test]
    fn a_catalog_that_is_confirmed_again_and_again_and_never_changes_is_stale() {
        let of_kind = |kind| FeedSettings { kind, ..feed() };
        let status = FeedStatus { confirmed: Some(at(13)), changed: Some(at(0)), ..FeedStatus::default() };
        let ails = |kind| ailing(&of_kind(kind), Some(&status), since(0), at(13)).is_some();
        assert!(ails(FeedKind::ElementSets { grade: Grade::Gp }));
        assert!(ails(FeedKind::SpaceWeather) && ails(FeedKind::EarthOrientation));
        assert!(!ails(FeedKind::Satcat), "SATCAT that is confirmed is good");
        assert!(!ails(FeedKind::Cdms), "no message is no news");
    }

    #[test]
    fn a_feed_that_is_stopped_ails_at_once() {
        let problem = Some("wrong".to_owned());
        let status = FeedStatus { stopped: true, failures: 1, problem, ..FeedStatus::default() };
        let (ails, _) = ailing(&feed(), Some(&status), since(0), at(0)).unwrap();
        assert!(ails.contains("until its settings change: wrong"), "{ails}");
    }
}
