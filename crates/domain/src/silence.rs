//! Silence is an alarm: no screening, no fresh catalog, or a feed that fails; and a heartbeat for an outside monitor that
//! notices when this process itself is gone, or screens no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::alert::{Alert, AlertChange, AlertChanges, AlertState, Severity, Subject};
use crate::feed::FeedStatus;
use crate::feeds::FeedSettings;
use crate::ids::TenantId;
use crate::notify;
use crate::ports::{Clock, FeedClient, FeedRequest, Store, StoreError};
use crate::screening::RunState;
use crate::time;
use crate::trace::Trace;

/// How often to look.
const LOOK: Duration = Duration::from_secs(30);
/// A difference between the clock and the time that has passed that is no drift.
const STEP: SignedDuration = SignedDuration::from_secs(60);
/// Failures in a row from which on a feed is alerted.
const FAILURES: u32 = 3;
/// Runs among which the newest that completed is looked for.
const RUNS: u32 = 50;
/// Largest answer to a heartbeat that is read.
const HEARTBEAT_BYTES: u64 = 64 << 10;

/// When silence is an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceSettings {
    /// Time without a completed screening.
    pub no_screening_after: Duration,
    /// Age of the newest data of the catalog.
    pub stale_catalog_after: Duration,
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
    /// When the watch began, or the clock was set: what never happened counts from here.
    since: Mutex<Timestamp>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    subject: Subject,
    severity: Severity,
    summary: String,
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
        let since = Mutex::new(clock.now());
        Self { settings, feeds, store, clock, heartbeat, since }
    }

    /// Watches, and beats, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(self.keep_looking(&shutdown), self.keep_beating(&shutdown));
    }

    async fn keep_looking(&self, shutdown: &CancellationToken) {
        let mut last = (self.clock.now(), Instant::now());
        while !shutdown.is_cancelled() {
            let now = (self.clock.now(), Instant::now());
            let passed = SignedDuration::try_from(now.1 - last.1).unwrap_or(SignedDuration::MAX);
            let step = now.0.duration_since(last.0) - passed;
            if step.abs() > STEP {
                tracing::warn!(seconds = step.as_secs(), "the clock was set, or the machine slept");
                // As after a start, there is time to catch up.
                *self.since.lock().unwrap_or_else(PoisonError::into_inner) = now.0;
            }
            last = now;
            if let Err(error) = Trace::begin().follow("silence", self.look()).await {
                tracing::error!(%error, "nobody could look for silence");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Looks once: raises alerts of what is wrong, resolves those of what is well again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        // What is public is cared for by the platform's own tenant: nobody else can act on it.
        let findings = self.findings(now).await?;
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

    async fn findings(&self, now: Timestamp) -> Result<Vec<(TenantId, Finding)>, StoreError> {
        let since = self.since();
        let mut findings = Vec::new();
        let known = self.store.feeds().await?;
        for feed in &self.feeds {
            let status = known.iter().find(|status| status.feed == feed.name);
            if let Some(summary) = ailing(feed, status, since, now) {
                let subject = Subject::Feed { feed: feed.name.clone() };
                findings.push((alerted(feed), Finding { subject, severity: Severity::Warning, summary }));
            }
        }
        let local = |subject, severity, summary| (TenantId::local(), Finding { subject, severity, summary });
        if let Some(hours) = self.unscreened_hours(now).await? {
            let summary = format!("no screening has completed for {hours:.1} h");
            findings.push(local(Subject::NoScreening, Severity::Critical, summary));
        }
        let arrived = self.store.catalog_age(&TenantId::public()).await?.map(|(arrived, _)| arrived);
        if let Some(hours) = silent_hours(arrived, since, self.settings.stale_catalog_after, now) {
            let summary = format!("no element set has arrived for {hours:.1} h");
            findings.push(local(Subject::StaleCatalog, Severity::Critical, summary));
        }
        Ok(findings)
    }

    /// Since when there has been time to do what is watched.
    fn since(&self) -> Timestamp {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hours since a screening was completed, if that is too long ago.
    async fn unscreened_hours(&self, now: Timestamp) -> Result<Option<f64>, StoreError> {
        let runs = self.store.runs(&TenantId::public(), None, RUNS).await?.rows;
        let mut completed = runs.iter().filter(|run| run.state == RunState::Completed);
        let newest = completed.find_map(|run| run.finished);
        Ok(silent_hours(newest, self.since(), self.settings.no_screening_after, now))
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
            if unresolved.iter().all(|alert| alert.subject != finding.subject) {
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
        match self.unscreened_hours(time::to_microsecond(self.clock.now())).await {
            Ok(None) => {}
            Ok(Some(hours)) => {
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
    let Finding { subject, severity, summary } = finding.clone();
    Alert::open(tenant, subject, severity, summary, now)
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}

/// Hours since something last happened, if that is longer ago than it may be.
fn silent_hours(last: Option<Timestamp>, since: Timestamp, limit: Duration, now: Timestamp) -> Option<f64> {
    // What is ahead was noted by a clock that was set back since: nobody knows when it was.
    let last = last.filter(|last| *last <= now);
    let up_s = now.duration_since(since).as_secs_f64();
    match last {
        // A process that begins after a long pause has some time to catch up; one that begins again and again does not put the
        // alarm off for good.
        Some(last) => {
            let grace_s = GRACE.min(limit).as_secs_f64();
            let ago = hours(last, now);
            (ago * 3600.0 > limit.as_secs_f64() && up_s > grace_s).then_some(ago)
        }
        None => (up_s > limit.as_secs_f64()).then_some(up_s / 3600.0),
    }
}

/// What is wrong with a feed.
fn ailing(
    feed: &FeedSettings,
    status: Option<&FeedStatus>,
    since: Timestamp,
    now: Timestamp,
) -> Option<String> {
    let name = &feed.name;
    if let Some(status) = status.filter(|status| status.failures >= FAILURES) {
        let problem = status.problem.as_deref().unwrap_or("no reason is known");
        return Some(format!("feed {name} has failed {} times: {problem}", status.failures));
    }
    let problem = status.and_then(|status| status.problem.as_deref());
    let reason = problem.map_or(String::new(), |problem| format!(": {problem}"));
    if status.is_some_and(|status| status.stopped) {
        return Some(format!("feed {name} is not asked any more until its settings change{reason}"));
    }
    // Yesterday's data, however often it is confirmed, is no news.
    let (last, silent) = if feed.has_to_change() {
        (status.and_then(|status| status.changed), "sent nothing new")
    } else {
        (status.and_then(|status| status.confirmed), "confirmed nothing")
    };
    let hours = silent_hours(last, since, feed.stale_after, now)?;
    Some(format!("feed {name} has {silent} for {hours:.1} h{reason}"))
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

    #[test]
    fn silence_counts_from_the_last_time_and_from_the_start_where_there_was_none() {
        assert_eq!(silent_hours(None, at(0), 6 * HOUR, at(6)), None);
        assert_eq!(silent_hours(None, at(0), 6 * HOUR, at(7)), Some(7.0));
        assert_eq!(silent_hours(Some(at(5)), at(0), 6 * HOUR, at(11)), None);
        assert_eq!(silent_hours(Some(at(5)), at(0), 6 * HOUR, at(12)), Some(7.0));
    }

    #[test]
    fn what_happened_in_the_future_does_not_put_the_alarm_off() {
        assert_eq!(silent_hours(Some(at(100)), at(0), 6 * HOUR, at(6)), None);
        assert_eq!(silent_hours(Some(at(100)), at(0), 6 * HOUR, at(7)), Some(7.0));
    }

    #[test]
    fn a_process_that_comes_back_after_a_pause_has_a_quarter_of_an_hour_and_then_says_the_whole_age() {
        let after = |minutes| at(0) + SignedDuration::from_mins(minutes);
        assert_eq!(silent_hours(Some(at(-100)), at(0), 6 * HOUR, after(15)), None);
        assert_eq!(silent_hours(Some(at(-100)), at(0), 6 * HOUR, after(30)), Some(100.5));
        // One that begins again every hour does not put it off.
        assert_eq!(silent_hours(Some(at(-100)), at(9), 6 * HOUR, at(10)), Some(110.0));
        assert_eq!(
            silent_hours(Some(at(-1)), at(0), HOUR / 30, after(3)),
            Some(1.05),
            "the limit is shorter"
        );
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
        assert_eq!(ailing(&feed(), Some(&status(2, Some(at(10)))), at(0), now), None);
        let failing = ailing(&feed(), Some(&status(3, Some(at(10)))), at(0), now).unwrap();
        assert!(failing.contains("failed 3 times: 503"), "{failing}");
        let stale = ailing(&feed(), Some(&status(1, Some(at(0)))), at(0), now).unwrap();
        assert!(stale.contains("13.0 h: 503"), "{stale}");
        assert!(ailing(&feed(), None, at(0), now).is_some());
        assert_eq!(ailing(&feed(), None, at(0), at(12)), None);
    }

    #[test]
    fn a_catalog_that_is_confirmed_again_and_again_and_never_changes_is_stale() {
        let of_kind = |kind| FeedSettings { kind, ..feed() };
        let status = FeedStatus { confirmed: Some(at(13)), changed: Some(at(0)), ..FeedStatus::default() };
        let ails = |kind| ailing(&of_kind(kind), Some(&status), at(0), at(13)).is_some();
        assert!(ails(FeedKind::ElementSets { grade: Grade::Gp }));
        assert!(ails(FeedKind::SpaceWeather) && ails(FeedKind::EarthOrientation));
        assert!(!ails(FeedKind::Satcat), "SATCAT that is confirmed is good");
        assert!(!ails(FeedKind::Cdms), "no message is no news");
    }

    #[test]
    fn a_feed_that_is_stopped_ails_at_once() {
        let problem = Some("wrong".to_owned());
        let status = FeedStatus { stopped: true, failures: 1, problem, ..FeedStatus::default() };
        let ails = ailing(&feed(), Some(&status), at(0), at(0)).unwrap();
        assert!(ails.contains("until its settings change: wrong"), "{ails}");
    }

    #[test]
    fn what_was_noted_by_a_clock_that_was_ahead_is_not_known() {
        assert_eq!(silent_hours(Some(at(1_000)), at(0), 6 * HOUR, at(7)), Some(7.0));
        assert_eq!(silent_hours(Some(at(1_000)), at(0), 6 * HOUR, at(5)), None);
    }
}
