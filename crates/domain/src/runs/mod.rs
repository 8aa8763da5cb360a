//! Screening runs: after each change of the catalog, on a schedule, and taken up again after a crash.
//!
//! A run pins what it screens: the catalog as it was known at one instant, and a window. Each slice that is done is kept in
//! the blobs under the name of the inputs that it was made from, so that a run that is taken up comes to the same result to
//! the last bit, and never mixes two catalogs.

mod identity;
mod prepared;
mod slices;
mod spread;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use astroshield_astro::screening::{ScreeningError, SliceBytesError, WindowError};
use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::identity::Known;
use self::prepared::Prepared;
use self::spread::Loaded;
use crate::blobs::BlobError;
use crate::conjunction::{Conjunction, IDENTITY_MINUTES};
use crate::event::{Payload, Published, Topic};
use crate::ids::{EventId, RunId, TenantId};
use crate::patience::{self, Patience};
use crate::population::PopulationError;
use crate::ports::{Bus, BusError, Clock, RunUpdate, Store, StoreError, Subscription, Tasks};
use crate::screening::{Covered, NotScreened, Run, RunConclusion, RunKind, RunState};
use crate::sizes::Sizes;
use crate::trace::Trace;
use crate::{metrics, time};

/// The runner's name as a consumer.
pub(crate) const CONSUMER: &str = "runs";

/// Events that a run names as its causes, at most.
const CAUSES: usize = 100;

/// Failed runs in a row that are counted.
const FAILURES: u32 = 20;

/// Wait after a run that failed; it doubles with each, up to the time between runs.
const FAILURE_WAIT: Duration = Duration::from_secs(60);

/// Attempts at a run while store or blobs are away, before it is given up.
const ATTEMPTS: u32 = 8;

/// How runs are made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Length of the window.
    pub window: SignedDuration,
    /// Largest distance, in km.
    pub threshold_km: f64,
    /// Threads that screen.
    pub threads: usize,
    /// Time from one run to the next if nothing arrives.
    pub interval: Duration,
    /// How long to sleep at most before looking at the clock again: it may have been set, or the machine asleep.
    pub look: Duration,
    /// Wait after a change of the catalog, so that feeds that come together make one run.
    pub settle: Duration,
    /// Whether the window starts at the newest epoch when the catalog is more than 30 days old.
    pub start_from_catalog: bool,
    /// How old an element set may be at the start of the window.
    pub element_set_age: SignedDuration,
    /// Version and build of the program, recorded with each run.
    pub build: String,
}

/// Why a run did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus did not.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A slice could not be kept or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The objects could not be had.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// The window cannot be screened.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The screening cannot be done.
    #[error(transparent)]
    Screening(#[from] ScreeningError),
    /// A slice that is kept is damaged.
    #[error("slice {slice}")]
    Slice {
        /// Which.
        slice: u32,
        /// The reason.
        #[source]
        source: SliceBytesError,
    },
    /// A slice is missing that was done.
    #[error("slice {slice} is missing")]
    NoSlice {
        /// Which.
        slice: u32,
    },
    /// The window is cut otherwise than it was.
    #[error("the window has {actual} slices; {expected} are due")]
    Slices {
        /// Slices that the run has.
        expected: u32,
        /// Slices that it has now.
        actual: u32,
    },
    /// Nothing to screen.
    #[error("the catalog of {as_of} holds nothing to screen")]
    Nothing {
        /// The instant.
        as_of: Timestamp,
    },
    /// A thread was stopped.
    #[error("a screening thread was stopped")]
    Stopped,
}

impl RunError {
    /// Whether the same may go well later.
    fn passes(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable { .. })
                | Self::Bus(_)
                | Self::Blob(BlobError::Store { .. })
                | Self::Population(PopulationError::Blob(BlobError::Store { .. }))
        )
    }
}

/// How an attempt at a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Concluded,
    /// By a shutdown; it is taken up at the next start.
    Interrupted,
}

/// What is to be screened, and why.
#[derive(Debug, Default)]
struct Trigger {
    causes: Vec<EventId>,
    /// The position up to which events are dealt with once the runs have begun.
    position: Option<i64>,
    /// Whether the public catalog changed, or it is time.
    catalog: bool,
    /// Tenants whose own data changed.
    tenants: BTreeSet<TenantId>,
    /// The trace of the first event.
    trace: Option<Trace>,
}

/// Makes runs.
#[derive(Clone)]
pub struct Runner {
    settings: RunSettings,
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    /// Where slices are handed out to several processes; nothing where the threads of this one screen them.
    tasks: Option<Arc<dyn Tasks>>,
    loaded: Arc<Loaded>,
}

impl Runner {
    /// A runner over its parts.
    #[must_use]
    pub fn new(
        settings: RunSettings,
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, store, blobs, bus, clock, tasks: None, loaded: Arc::default() }
    }

    /// Hands slices out to all processes that [work](Runner::work), in place of screening them here.
    #[must_use]
    pub fn spread_over(self, tasks: Arc<dyn Tasks>) -> Self {
        Self { tasks: Some(tasks), ..self }
    }

    /// Takes up the runs that are not ended, then runs after each change of the catalog and on schedule, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut patience = Patience::new(Duration::from_secs(1), patience::LONGEST);
        self.remove_slices_left_behind().await;
        while !shutdown.is_cancelled() {
            let Err(error) = self.serve(&mut patience, &shutdown).await else { return };
            tracing::error!(
                error = crate::describe(&error),
                failures = patience.failures(),
                "screening waits"
            );
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(patience.next()) => {}
            }
        }
    }

    /// Takes up the runs that are not ended; returns how many came to their end, well or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_up(&self, shutdown: &CancellationToken) -> Result<u64, RunError> {
        let mut concluded = 0;
        for run in self.store.unfinished_runs().await? {
            let trace = run.trace.clone().unwrap_or_else(Trace::begin);
            let taken_up = async {
                tracing::info!(run = %run.id, done = run.slices_done, slices = run.slices, "taken up again");
                self.to_the_end(run, None, shutdown).await
            };
            if trace.follow("screen", taken_up).await? == Ended::Concluded {
                concluded += 1;
            }
        }
        Ok(concluded)
    }

    /// Makes one run now; `None` if there is nothing to screen or the shutdown came first.
    ///
    /// # Errors
    /// When the run cannot be begun. One that fails is recorded with the reason.
    pub async fn run_once(
        &self,
        tenant: &TenantId,
        kind: RunKind,
        causes: &[EventId],
        shutdown: &CancellationToken,
    ) -> Result<Option<RunId>, RunError> {
        let Some(prepared) = self.begin(tenant, kind, causes).await? else { return Ok(None) };
        let (id, run) = (prepared.run.id, prepared.run.clone());
        let ended = self.to_the_end(run, Some(Arc::new(prepared)), shutdown).await?;
        Ok((ended == Ended::Concluded).then_some(id))
    }

    async fn serve(&self, patience: &mut Patience, shutdown: &CancellationToken) -> Result<(), RunError> {
        self.take_up(shutdown).await?;
        let mut subscription = self.bus.subscribe(CONSUMER, &[Topic::Catalog]).await?;
        let (mut unfit, mut not_before) = (0, Instant::now());
        while let Some(trigger) = self.wait(&mut *subscription, not_before, shutdown).await? {
            let trace = trigger.trace.clone().unwrap_or_else(Trace::begin);
            let was_fit = trace.follow("screen", self.screen(trigger, &mut *subscription, shutdown)).await?;
            // A catalog of which nothing is fit leaves no run behind from which the next one is counted.
            unfit = if was_fit { 0 } else { unfit + 1 };
            not_before = Instant::now();
            if unfit > 0 {
                not_before += wait_after(unfit, self.settings.interval);
            }
            patience.reset();
        }
        Ok(())
    }

    /// Makes the runs that are due; whether the public catalog, if it was due, held anything to screen.
    async fn screen(
        &self,
        trigger: Trigger,
        subscription: &mut dyn Subscription,
        shutdown: &CancellationToken,
    ) -> Result<bool, RunError> {
        let mut was_fit = true;
        let mut concerned = trigger.tenants;
        let mut due = Vec::new();
        if trigger.catalog {
            due.push((TenantId::public(), RunKind::Catalog));
            // A change of the public catalog concerns everybody who has something to hold against it.
            concerned.extend(self.store.tenants_with_subjects(self.clock.now()).await?);
        }
        due.extend(concerned.into_iter().map(|tenant| (tenant, RunKind::Ephemerides)));
        let last = due.len().saturating_sub(1);
        for (place, (tenant, kind)) in due.into_iter().enumerate() {
            let begun = self.begin(&tenant, kind, &trigger.causes).await?;
            // A run that has begun is taken up whatever happens; before that the events have to come again.
            if let Some(position) = trigger.position.filter(|_| place == last) {
                subscription.acknowledge(position).await?;
            }
            if let Some(prepared) = begun {
                let run = prepared.run.clone();
                self.to_the_end(run, Some(Arc::new(prepared)), shutdown).await?;
            } else if kind == RunKind::Catalog {
                was_fit = false;
            }
            if shutdown.is_cancelled() {
                break;
            }
        }
        Ok(was_fit)
    }

    /// Waits until something is to be screened; `None` at a shutdown. What is on schedule waits until `not_before`, too.
    async fn wait(
        &self,
        subscription: &mut dyn Subscription,
        not_before: Instant,
        shutdown: &CancellationToken,
    ) -> Result<Option<Trigger>, RunError> {
        let mut trigger = Trigger::default();
        let mut settled: Option<Instant> = None;
        let mut scheduled = not_before.max(Instant::now() + self.until_scheduled().await?);
        loop {
            let due = settled.map_or(scheduled, |settled| settled.min(scheduled));
            tokio::select! {
                () = shutdown.cancelled() => return Ok(None),
                () = tokio::time::sleep_until(due.min(Instant::now() + self.settings.look)) => {
                    if Instant::now() < due {
                        // Never later than it was: while the clock is behind, it would be put off again and again.
                        let due_now = not_before.max(Instant::now() + self.until_scheduled().await?);
                        scheduled = scheduled.min(due_now);
                        continue;
                    }
                    trigger.catalog |= due == scheduled;
                    return Ok(Some(trigger));
                }
                next = subscription.next() => {
                    let event = next?;
                    trigger.position = Some(event.position);
                    if trigger.note(event) {
                        settled.get_or_insert_with(|| Instant::now() + self.settings.settle);
                    } else if settled.is_none() && let Some(position) = trigger.position.take() {
                        subscription.acknowledge(position).await?;
                    }
                }
            }
        }
    }

    /// Time until the next run on schedule.
    async fn until_scheduled(&self) -> Result<Duration, RunError> {
        let interval = self.settings.interval;
        if self.store.catalog_age(&TenantId::public()).await?.is_none() {
            return Ok(interval);
        }
        let runs = self.store.runs(&TenantId::public(), None, FAILURES).await?.rows;
        let Some(newest) = runs.first() else {
            let public = self.store.figures(self.clock.now()).await?.catalog_arrived;
            return Ok(if public.is_some() { Duration::ZERO } else { interval });
        };
        let failures = runs.iter().take_while(|run| run.state == RunState::Failed).count();
        let wait = wait_after(u32::try_from(failures).unwrap_or(FAILURES), interval);
        let since = self.clock.now().duration_since(newest.finished.unwrap_or(newest.started));
        Ok(wait.saturating_sub(Duration::try_from(since).unwrap_or_default()))
    }

    /// Carries a run to its end; one that fails is recorded with the reason.
    async fn to_the_end(
        &self,
        run: Run,
        prepared: Option<Arc<Prepared>>,
        shutdown: &CancellationToken,
    ) -> Result<Ended, RunError> {
        let span = tracing::info_span!("run", run = %run.id, tenant = %run.tenant);
        async {
            let mut failures = 0;
            loop {
                let error = match self.attempt(&run, prepared.clone(), shutdown).await {
                    Ok(ended) => return Ok(ended),
                    Err(error) => error,
                };
                failures += 1;
                if !error.passes() || failures >= ATTEMPTS {
                    tracing::error!(%error, "screening failed");
                    let problem = crate::describe(&error);
                    let update = RunUpdate::Failed { at: time::to_microsecond(self.clock.now()), problem };
                    self.store.update_run(&run.tenant, run.id, &update).await?;
                    self.remove_slices(&run).await;
                    metrics::SCREENINGS.increment([name(run.kind), "failed"]);
                    return Ok(Ended::Concluded);
                }
                tracing::warn!(%error, failures, "screening waits");
                let wait = patience::after(Duration::from_secs(1), Duration::from_secs(60), failures);
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(Ended::Interrupted),
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
        .instrument(span)
        .await
    }

    async fn attempt(
        &self,
        run: &Run,
        prepared: Option<Arc<Prepared>>,
        shutdown: &CancellationToken,
    ) -> Result<Ended, RunError> {
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => self.prepare_again(run).await?,
        };
        if let Some(tasks) = &self.tasks
            && let Some(ended) = self.spread_slices(&**tasks, &prepared, shutdown).await?
        {
            tracing::info!(?ended, "the slices of others");
            return Ok(ended);
        }
        // Where others screened, what is of other inputs is screened again: SATCAT may have changed meanwhile.
        if self.screen_slices(&prepared, shutdown).await? == Ended::Interrupted {
            tracing::info!("interrupted; to be taken up again");
            return Ok(Ended::Interrupted);
        }
        self.conclude(&prepared).await?;
        self.remove_slices(&prepared.run).await;
        Ok(Ended::Concluded)
    }

    /// Puts the slices together and stores what they come to.
    async fn conclude(&self, prepared: &Arc<Prepared>) -> Result<(), RunError> {
        let outcomes = self.outcomes(prepared).await?;
        let run = &prepared.run;
        let margin = SignedDuration::from_mins(IDENTITY_MINUTES);
        let window = (run.window_start - margin, run.window_stop + margin);
        let known: Vec<Known> = self
            .store
            .known_conjunctions(&run.tenant, window)
            .await?
            .into_iter()
            .map(|(id, objects, relation, tca, first_seen)| Known { id, objects, relation, tca, first_seen })
            .collect();
        let sizes = self.sizes(&run.tenant).await?;
        let whole = Arc::clone(prepared);
        let concluding = tokio::task::spawn_blocking(move || {
            let outcome = whole.screening.conclude(outcomes);
            let not_screened = whole.population.not_screened(&outcome, &whole.screening, whole.window);
            let covered = match whole.run.kind {
                RunKind::Catalog => Vec::new(),
                RunKind::Ephemerides => {
                    whole.population.covered(&outcome, (whole.run.window_start, whole.run.window_stop))
                }
            };
            (whole.conjunctions(&outcome.conjunctions, &known, &sizes), not_screened, covered)
        });
        let (found, not_screened, covered): (Vec<Conjunction>, Vec<NotScreened>, Vec<Covered>) =
            concluding.await.map_err(|_| RunError::Stopped)?;
        let finished = time::to_microsecond(self.clock.now());
        let conclusion = RunConclusion { run: run.id, finished, not_screened, covered };
        self.store.conclude_run(&run.tenant, &conclusion, &found).await?;
        metrics::SCREENINGS.increment([name(run.kind), "completed"]);
        let seconds = finished.duration_since(run.started).as_secs();
        tracing::info!(
            conjunctions = found.len(),
            not_screened = conclusion.not_screened.len(),
            seconds,
            "screening concluded"
        );
        Ok(())
    }

    /// Radii that are known. What is public uses those of a laptop's one tenant, which a service of many does not have.
    async fn sizes(&self, tenant: &TenantId) -> Result<Sizes, RunError> {
        let owner = if *tenant == TenantId::public() { TenantId::local() } else { tenant.clone() };
        Ok(Sizes::of_watch_lists(&self.store.watch_lists(&owner).await?))
    }
}

/// Time from the end of a run to the next one on schedule, after so many that failed in a row.
fn wait_after(failures: u32, interval: Duration) -> Duration {
    match failures.checked_sub(1) {
        None => interval,
        Some(before) => patience::after(FAILURE_WAIT, interval, before),
    }
}

/// What metrics call a kind of run.
fn name(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Catalog => "catalog",
        RunKind::Ephemerides => "ephemerides",
    }
}

impl Trigger {
    /// Notes an event; whether something is to be screened for it.
    fn note(&mut self, Published { event, .. }: Published) -> bool {
        let counts = event.is_understood_by(CONSUMER)
            && match &event.payload {
                Payload::ElementSetsStored { summary, .. } => summary.changed_objects > 0,
                Payload::EphemerisStored { .. } => true,
                _ => false,
            };
        if counts {
            self.trace.get_or_insert_with(|| Trace::of_event(&event));
            if event.tenant == TenantId::public() {
                self.catalog = true;
            } else {
                self.tenants.insert(event.tenant);
            }
            if self.causes.len() < CAUSES {
                self.causes.push(event.id);
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_is_tried_again_soon_and_then_less_and_less_often() {
        let interval = Duration::from_secs(8 * 3600);
        let minutes: Vec<u64> =
            [0, 1, 2, 5, 20].map(|failures| wait_after(failures, interval).as_secs() / 60).to_vec();
        assert_eq!(minutes, [480, 1, 2, 16, 480]);
    }
}
