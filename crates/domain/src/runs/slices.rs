//! The slices of a run: screened on threads of their own, each kept as soon as it is done.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use astroshield_astro::screening::{SLICE_KNOTS, Slice, SliceOutcome};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Ended, Prepared, RunError, Runner};
use crate::blobs;
use crate::population::Fingerprint;
use crate::ports::{RunUpdate, StoreError};
use crate::screening::Run;

impl Runner {
    /// Screens the slices that are not done.
    pub(super) async fn screen_slices(
        &self,
        prepared: &Arc<Prepared>,
        shutdown: &CancellationToken,
    ) -> Result<Ended, RunError> {
        let run = &prepared.run;
        let done = self.done(prepared).await?;
        let todo: Vec<u32> = (0..run.slices).filter(|slice| !done.contains(slice)).collect();
        if todo.is_empty() {
            return Ok(Ended::Concluded);
        }
        // Ends the threads after the slices that they are at, however this ends.
        let stop = CancellationToken::new();
        let _stop_at_the_end = stop.clone().drop_guard();
        let mut outcomes = self.spawn(prepared, &todo, &stop)?;
        for _ in &todo {
            let next = tokio::select! {
                () = shutdown.cancelled() => return Ok(Ended::Interrupted),
                next = outcomes.recv() => next,
            };
            let (slice, bytes) = next.ok_or(RunError::Stopped)?;
            let blob = path(prepared, slice);
            blobs::put(&*self.blobs, &blob, bytes).await?;
            let update = RunUpdate::SliceDone { slice, blob };
            self.store.update_run(&run.tenant, run.id, &update).await?;
        }
        Ok(Ended::Concluded)
    }

    /// Starts the threads; they send the bytes of each slice.
    fn spawn(
        &self,
        prepared: &Arc<Prepared>,
        todo: &[u32],
        stop: &CancellationToken,
    ) -> Result<mpsc::Receiver<(u32, Vec<u8>)>, RunError> {
        let slices: Arc<Vec<Slice>> = Arc::new(prepared.screening.slices(SLICE_KNOTS));
        let todo: Arc<[u32]> = todo.into();
        let next = Arc::new(AtomicUsize::new(0));
        let threads = self.settings.threads.clamp(1, todo.len());
        let (send, receive) = mpsc::channel(threads);
        for number in 0..threads {
            let (prepared, slices, todo, next) =
                (Arc::clone(prepared), Arc::clone(&slices), Arc::clone(&todo), Arc::clone(&next));
            let (send, stop) = (send.clone(), stop.clone());
            let work = move || {
                while !stop.is_cancelled() {
                    let Some(&slice) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let Some(cells) = slices.get(slice as usize) else { return };
                    if send.blocking_send((slice, screened(&prepared, cells))).is_err() {
                        return;
                    }
                }
            };
            let spawned = std::thread::Builder::new().name(format!("screening-{number}")).spawn(work);
            spawned.map_err(|_| RunError::Stopped)?;
        }
        Ok(receive)
    }

    /// The slices that are done, of the same inputs.
    async fn done(&self, prepared: &Prepared) -> Result<BTreeSet<u32>, RunError> {
        let mut done = BTreeSet::new();
        for (slice, blob) in self.store.slices_done(prepared.run.id).await? {
            let kept = blobs::get(&*self.blobs, &blob).await?;
            match kept.map(|bytes| read(slice, prepared.fingerprint, &bytes)) {
                Some(Ok(Some(_))) => drop(done.insert(slice)),
                other => {
                    let reason = match other {
                        None => "it is gone",
                        Some(Ok(_)) => "it is of another catalog",
                        Some(Err(_)) => "it is damaged",
                    };
                    tracing::warn!(slice, blob, reason, "a slice is screened again");
                }
            }
        }
        Ok(done)
    }

    /// The outcomes of all slices, in their order.
    pub(super) async fn outcomes(&self, prepared: &Prepared) -> Result<Vec<SliceOutcome>, RunError> {
        let slices = prepared.run.slices;
        let mut outcomes = Vec::with_capacity(slices as usize);
        for slice in 0..slices {
            let kept = blobs::get(&*self.blobs, &path(prepared, slice)).await?;
            let bytes = kept.ok_or(RunError::NoSlice { slice })?;
            outcomes.push(read(slice, prepared.fingerprint, &bytes)?.ok_or(RunError::NoSlice { slice })?);
        }
        Ok(outcomes)
    }

    /// Removes the slices of a run that is concluded.
    pub(super) async fn remove_slices(&self, run: &Run) {
        if let Err(error) = self.remove_all(&folder(run).into()).await {
            tracing::warn!(%error, "slices that nobody needs stay");
        }
    }

    /// Removes what is in a folder of slices; how many there were.
    async fn remove_all(&self, folder: &Path) -> Result<u64, object_store::Error> {
        let mut removed = 0;
        for slice in self.blobs.list_with_delimiter(Some(folder)).await?.objects {
            self.blobs.delete(&slice.location).await?;
            removed += 1;
        }
        Ok(removed)
    }
}

/// Why slices that nobody needs stay.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blobs(#[from] object_store::Error),
}

impl Runner {
    /// Removes the slices of runs that are over: a process that dies between the conclusion and the removal leaves them.
    pub(super) async fn remove_slices_left_behind(&self) {
        match self.sweep().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "slices of runs that are over were removed"),
            Err(error) => tracing::warn!(%error, "slices that nobody needs may stay"),
        }
    }

    async fn sweep(&self) -> Result<u64, SweepError> {
        // First the folders, then the runs: one that begins in between has no folder yet.
        let mut folders = Vec::new();
        for tenant in self.blobs.list_with_delimiter(None).await?.common_prefixes {
            let runs = tenant.join("runs");
            folders.extend(self.blobs.list_with_delimiter(Some(&runs)).await?.common_prefixes);
        }
        let unfinished: BTreeSet<String> =
            self.store.unfinished_runs().await?.iter().map(|run| run.id.to_string()).collect();
        let mut removed = 0;
        for folder in folders {
            if folder.filename().is_none_or(|run| unfinished.contains(run)) {
                continue;
            }
            removed += self.remove_all(&folder).await?;
        }
        Ok(removed)
    }
}

/// What a slice comes to, as it is kept: after the name of the inputs that it was made from.
pub(super) fn screened(prepared: &Prepared, cells: &Slice) -> Vec<u8> {
    [prepared.fingerprint.0.as_slice(), &prepared.screening.screen(cells).to_bytes()].concat()
}

/// The outcome of a slice that is kept; `None` if it is of other inputs.
fn read(slice: u32, inputs: Fingerprint, bytes: &[u8]) -> Result<Option<SliceOutcome>, RunError> {
    let Some(bytes) = bytes.strip_prefix(inputs.0.as_slice()) else { return Ok(None) };
    SliceOutcome::from_bytes(bytes).map(Some).map_err(|source| RunError::Slice { slice, source })
}

fn folder(run: &Run) -> String {
    format!("{}/runs/{}", run.tenant, run.id)
}

/// Where a slice of these inputs is kept: who loaded the run when something else was known overwrites nothing.
pub(super) fn path(prepared: &Prepared, slice: u32) -> String {
    let inputs = u128::from_be_bytes(prepared.fingerprint.0);
    format!("{}/{slice}-{inputs:032x}", folder(&prepared.run))
}
