//! Slices of a run on several processes: whoever coordinates hands them out as tasks, workers keep what they come to.

use std::sync::Arc;
use std::time::Duration;

use astroshield_astro::screening::SLICE_KNOTS;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::slices::{self, path};
use super::{Ended, Prepared, RunError, Runner};
use crate::blobs;
use crate::patience::{self, Patience};
use crate::ports::{RunUpdate, SliceTask, StoreError, TASK_VERSION, Tasks, Worker};
use crate::screening::{Run, RunState};
use crate::time;
use crate::trace::Trace;

/// How often it is looked whether slices are done.
const LOOK: Duration = Duration::from_millis(50);
/// After so long in which no slice was done, whoever coordinates screens those that are not.
const STALL: Duration = Duration::from_secs(60);
/// After so long without a task, a worker lets go of the objects of the last run.
const IDLE: Duration = Duration::from_secs(10);

/// The run that this process has slices of, with its objects: loaded by whoever needs it first.
#[derive(Default)]
pub(super) struct Loaded(tokio::sync::Mutex<Option<Arc<Prepared>>>);

impl Loaded {
    /// Puts what is loaded already.
    pub(super) async fn put(&self, prepared: &Arc<Prepared>) {
        *self.0.lock().await = Some(Arc::clone(prepared));
    }

    async fn clear(&self) {
        *self.0.lock().await = None;
    }
}

impl Runner {
    /// Hands out the slices that are not done, and waits until they are. Nothing, where what is left is to be screened here:
    /// because they cannot be handed out, or nobody gets on with them.
    pub(super) async fn spread_slices(
        &self,
        tasks: &dyn Tasks,
        prepared: &Arc<Prepared>,
        shutdown: &CancellationToken,
    ) -> Result<Option<Ended>, RunError> {
        let run = &prepared.run;
        self.loaded.put(prepared).await;
        let done = self.store.slices_done(run.id).await?;
        let todo: Vec<u32> =
            (0..run.slices).filter(|slice| done.iter().all(|(done, _)| done != slice)).collect();
        if let Err(error) = tasks.put(&of_slices(run, &todo)).await {
            tracing::warn!(%error, "slices cannot be handed out: they are screened here");
            return Ok(None);
        }
        let (mut slices_done, mut progressed) = (done.len(), Instant::now());
        while slices_done < run.slices as usize {
            if shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return Ok(Some(Ended::Interrupted));
            }
            let missing = StoreError::NotFound { kind: "run", id: run.id.to_string() };
            let now = self.store.run(&run.tenant, run.id).await?.ok_or(missing)?;
            match now.state {
                RunState::Running => {}
                // By a worker, or by another process that took it up.
                RunState::Failed | RunState::Completed => return Ok(Some(Ended::Concluded)),
            }
            if now.slices_done as usize > slices_done {
                (slices_done, progressed) = (now.slices_done as usize, Instant::now());
            } else if progressed.elapsed() > STALL {
                tracing::warn!(done = slices_done, "nobody gets on with slices: they are screened here");
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Screens slices that are handed out, until shutdown: as many at a time as there are threads.
    pub async fn work(&self, shutdown: CancellationToken) {
        let Some(tasks) = &self.tasks else { return shutdown.cancelled().await };
        let working = (0..self.settings.threads.max(1)).map(|_| self.keep_working(&**tasks, &shutdown));
        futures_util::future::join_all(working).await;
    }

    async fn keep_working(&self, tasks: &dyn Tasks, shutdown: &CancellationToken) {
        let mut patience = Patience::new(Duration::from_secs(1), patience::LONGEST);
        let mut place = None;
        while !shutdown.is_cancelled() {
            let worked = self.take(tasks, &mut place);
            match shutdown.run_until_cancelled(worked).await {
                None => return,
                Some(Ok(())) => patience.reset(),
                Some(Err(error)) => {
                    // A consumer that was without brokers has a queue of complaints to get rid of: a new one has none. A slice
                    // that was taken and not done is handed out again.
                    if matches!(error, RunError::Bus(_)) {
                        place = None;
                    }
                    tracing::error!(
                        error = crate::describe(&error),
                        failures = patience.failures(),
                        "a slice waits"
                    );
                    shutdown.run_until_cancelled(tokio::time::sleep(patience.next())).await;
                }
            }
        }
    }

    /// Takes a slice and deals with it. What fails for now is handed out again.
    async fn take(&self, tasks: &dyn Tasks, place: &mut Option<Box<dyn Worker>>) -> Result<(), RunError> {
        let worker = match place {
            Some(worker) => worker,
            None => place.insert(tasks.join().await?),
        };
        let task = loop {
            match tokio::time::timeout(IDLE, worker.next()).await {
                Ok(task) => break task?,
                Err(_) => self.loaded.clear().await,
            }
        };
        let trace = task.trace.as_deref().and_then(Trace::parse).unwrap_or_else(Trace::begin);
        trace.follow("screen", self.deal_with(&task)).await?;
        Ok(worker.done().await?)
    }

    /// Screens a slice and keeps what it comes to, unless that is done or nobody wants it. What cannot go well fails the run, as
    /// it would in one process.
    #[tracing::instrument(skip_all, fields(run = %task.run, slice = task.slice))]
    async fn deal_with(&self, task: &SliceTask) -> Result<(), RunError> {
        let run = self.store.run(&task.tenant, task.run).await?;
        let wanted = |run: &Run| run.tenant == task.tenant && run.state == RunState::Running;
        let Some(run) = run.filter(wanted) else {
            tracing::debug!("dropped, as its run is over");
            return Ok(());
        };
        if self.store.slices_done(run.id).await?.iter().any(|(done, _)| *done == task.slice) {
            tracing::debug!("dropped, as it is done");
            return Ok(());
        }
        match self.screen_slice(&run, task.slice).await {
            // The run was ended meanwhile.
            Err(RunError::Store(StoreError::Conflict { reason })) => {
                tracing::info!(reason, "dropped");
                Ok(())
            }
            Err(error) if !error.passes() => {
                tracing::error!(%error, "screening failed");
                let problem = crate::describe(&error);
                let update = RunUpdate::Failed { at: time::to_microsecond(self.clock.now()), problem };
                match self.store.update_run(&run.tenant, run.id, &update).await {
                    Err(StoreError::Conflict { .. }) => Ok(()),
                    other => Ok(other?),
                }
            }
            other => other,
        }
    }

    async fn screen_slice(&self, run: &Run, slice: u32) -> Result<(), RunError> {
        let prepared = self.load(run).await?;
        let cells = prepared.screening.slices(SLICE_KNOTS).into_iter().nth(slice as usize);
        let cells = cells.ok_or(RunError::NoSlice { slice })?;
        let blob = path(&prepared, slice);
        let screening = tokio::task::spawn_blocking(move || slices::screened(&prepared, &cells));
        let bytes = screening.await.map_err(|_| RunError::Stopped)?;
        blobs::put(&*self.blobs, &blob, bytes).await?;
        let update = RunUpdate::SliceDone { slice, blob };
        Ok(self.store.update_run(&run.tenant, run.id, &update).await?)
    }

    /// The objects of a run, loaded once for all of its slices.
    async fn load(&self, run: &Run) -> Result<Arc<Prepared>, RunError> {
        let mut loaded = self.loaded.0.lock().await;
        if let Some(prepared) = loaded.as_ref().filter(|prepared| prepared.run.id == run.id) {
            return Ok(Arc::clone(prepared));
        }
        // Those of the run before go first.
        *loaded = None;
        let prepared = self.prepare_again(run).await?;
        Ok(Arc::clone(loaded.insert(prepared)))
    }
}

fn of_slices(run: &Run, slices: &[u32]) -> Vec<SliceTask> {
    let trace = Trace::current().map(|trace| trace.traceparent());
    let task = |&slice| SliceTask {
        schema_version: TASK_VERSION,
        tenant: run.tenant.clone(),
        run: run.id,
        slice,
        trace: trace.clone(),
    };
    slices.iter().map(task).collect()
}
