//! Upkeep: what is over becomes past, and what is old is forgotten.
//!
//! A store of one writer must not be held for long: everything is done in small transactions with pauses between them. How
//! old something is, the clock says, and a clock may be wrong when a machine has just started: nothing is forgotten in the
//! first minutes. A blob that nothing speaks of may be one that is just being stored: it goes only if it is the same, and
//! still not spoken of, an hour later by a clock that nobody sets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use tokio_util::sync::CancellationToken;

use crate::blobs::{self, BlobError};
use crate::ids::TenantId;
use crate::ports::{Clock, Prunable, Store, StoreError};
use crate::screening::{RECENT_RUNS, past_start};
use crate::time;

/// How often conjunctions become past.
const PASS: Duration = Duration::from_secs(60);
/// How often the store is asked to make room for what is to come.
const ROOM: Duration = Duration::from_secs(3600);
/// Wait before the first time that something is forgotten.
const FIRST: Duration = Duration::from_secs(5 * 60);
/// How often what is old is forgotten.
const PRUNE: Duration = Duration::from_secs(24 * 3600);
/// How long a blob may be on its way before something speaks of it.
const ON_ITS_WAY: Duration = Duration::from_secs(3600);
/// How long after it was erased a closed organization may still be given something.
const STRAGGLERS: SignedDuration = SignedDuration::from_hours(24);
/// Rows of one transaction.
const ROWS: u32 = 500;
/// Pause between two transactions, in which others write.
const PAUSE: Duration = Duration::from_millis(20);
/// Blobs that are asked for at once.
const BLOBS: usize = 1_000;
/// What a conjunction says comes from a run at most so long before its TCA: the longest window.
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Folders of a tenant in the blobs that are swept; what others put beside them stays.
const SWEPT: [&str; 3] = ["ingest", "uploads", "runs"];

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpkeepSettings {
    /// Conjunctions after their TCA, and entries of their history.
    pub keep_conjunctions: SignedDuration,
    /// Runs; those that conjunctions speak of stay with them.
    pub keep_runs: SignedDuration,
    /// Events that every consumer has passed.
    pub keep_events: SignedDuration,
    /// Messages about alerts that were taken or given up.
    pub keep_messages: SignedDuration,
    /// Answers under idempotency keys.
    pub keep_answers: SignedDuration,
    /// Lines of the audit log; `None` keeps them all.
    pub keep_audit: Option<SignedDuration>,
}

/// Why upkeep was not done to the end. It goes on the next time.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob could not be removed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The blobs could not be listed.
    #[error("the blobs cannot be listed")]
    List(#[from] object_store::Error),
}

/// A blob as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    size: u64,
    /// In nanoseconds since 1970, as the folder says.
    modified_ns: i128,
    tag: Option<String>,
}

/// Keeps store and blobs in order.
pub struct Upkeep {
    settings: UpkeepSettings,
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
}

impl Upkeep {
    /// Upkeep over its parts.
    #[must_use]
    pub fn new(
        settings: UpkeepSettings,
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, store, blobs, clock }
    }

    /// Keeps order until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        let passing = async {
            loop {
                if let Err(error) = self.pass().await {
                    tracing::warn!(error = crate::describe(&error), "what is over does not become past yet");
                }
                if let Err(error) = self.erase().await {
                    tracing::warn!(
                        error = crate::describe(&error),
                        "a removed organization is not erased yet"
                    );
                }
                tokio::time::sleep(PASS).await;
            }
        };
        let making_room = async {
            loop {
                let made = self.store.make_room(self.clock.now()).await;
                match &made {
                    Ok(0) => {}
                    Ok(parts) => tracing::info!(parts, "the store has room for the months to come"),
                    Err(error) => {
                        tracing::warn!(error = crate::describe(error), "the store has no new room yet");
                    }
                }
                tokio::time::sleep(if made.is_ok() { ROOM } else { PASS }).await;
            }
        };
        let forgetting = async {
            tokio::time::sleep(FIRST).await;
            loop {
                if let Err(error) = self.forget().await {
                    tracing::warn!(error = crate::describe(&error), "what is old is not forgotten yet");
                }
                tokio::time::sleep(PRUNE.saturating_sub(ON_ITS_WAY)).await;
            }
        };
        // Whatever is being done is a transaction or the removal of one blob: it may be cut off anywhere.
        tokio::select! {
            () = shutdown.cancelled() => {}
            ((), (), ()) = async { tokio::join!(passing, making_room, forgetting) } => {}
        }
    }

    async fn forget(&self) -> Result<(), UpkeepError> {
        let rows = self.prune().await?;
        let blobs = self.sweep(ON_ITS_WAY).await?;
        tracing::info!(rows, blobs, "what is old is forgotten");
        Ok(())
    }

    /// Lets conjunctions become past whose TCA is over; returns how many did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pass(&self) -> Result<u64, UpkeepError> {
        let mut passed = 0;
        for tenant in self.store.tenants_with_conjunctions().await? {
            let before = self.present(&tenant).await?;
            loop {
                let some = self.store.pass_conjunctions(&tenant, before, ROWS).await?;
                passed += some;
                if some < u64::from(ROWS) {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(passed)
    }

    /// The time that counts as now for a tenant's conjunctions: the clock's, or where a catalog of the past is screened from
    /// its own time on, that.
    async fn present(&self, tenant: &TenantId) -> Result<Timestamp, StoreError> {
        let now = time::to_microsecond(self.clock.now());
        let runs = self.store.runs(tenant, None, RECENT_RUNS).await?.rows;
        Ok(past_start(&runs).unwrap_or(now))
    }

    /// The earliest of what counts as now for anybody's conjunctions.
    async fn earliest_present(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let mut earliest = now;
        for tenant in self.store.tenants_with_conjunctions().await? {
            earliest = earliest.min(self.present(&tenant).await?);
        }
        Ok(earliest)
    }

    /// Erases what closed organizations have, rows and blobs; returns how many of both. What was begun before one was closed,
    /// such as a run, may end after it was erased: for a day it is looked at again.
    ///
    /// # Errors
    /// When the store or the blobs fail.
    pub async fn erase(&self) -> Result<u64, UpkeepError> {
        let now = time::to_microsecond(self.clock.now());
        let mut gone = 0;
        for organization in self.store.organizations().await? {
            let over = |erased: Timestamp| now.duration_since(erased) > STRAGGLERS;
            if organization.is_open() || organization.erased.is_some_and(over) {
                continue;
            }
            let tenant = &organization.tenant;
            let mut rows = 0;
            loop {
                match self.store.erase(tenant, ROWS).await? {
                    0 => break,
                    some => rows += some,
                }
                tokio::time::sleep(PAUSE).await;
            }
            let mut blobs = 0;
            let found = self.blobs.list(Some(&Path::from(tenant.as_str()))).try_collect::<Vec<_>>().await?;
            for blob in found {
                blobs::remove(self.blobs.as_ref(), blob.location.as_ref()).await?;
                blobs += 1;
            }
            self.store.put_erased(tenant, now).await?;
            if rows + blobs > 0 {
                tracing::info!(%tenant, rows, blobs, "a removed organization was erased");
            }
            gone += rows + blobs;
        }
        Ok(gone)
    }

    /// Forgets the rows that are old; returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prune(&self) -> Result<u64, UpkeepError> {
        let now = time::to_microsecond(self.clock.now());
        let settings = &self.settings;
        let runs = settings.keep_runs.max(settings.keep_conjunctions + LONGEST_WINDOW);
        let mut gone = 0;
        let audit = settings.keep_audit.map(|age| (Prunable::Audit, age));
        for (what, age) in [
            (Prunable::History, settings.keep_conjunctions),
            (Prunable::Conjunctions, settings.keep_conjunctions),
            (Prunable::Runs, runs),
            (Prunable::Events, settings.keep_events),
            (Prunable::Deliveries, settings.keep_messages),
            (Prunable::Answers, settings.keep_answers),
        ]
        .into_iter()
        .chain(audit)
        {
            // In a catalog of the past, what is forgotten is old in its own time.
            let now = if what == Prunable::Conjunctions { self.earliest_present(now).await? } else { now };
            let Ok(before) = now.checked_sub(age) else { continue };
            loop {
                let some = self.store.prune(what, before, ROWS).await?;
                if some == 0 {
                    break;
                }
                gone += some;
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(gone)
    }

    /// Removes the blobs that nothing speaks of now nor a while later; returns how many.
    ///
    /// # Errors
    /// When the store or the blobs fail.
    pub async fn sweep(&self, on_their_way: Duration) -> Result<u64, UpkeepError> {
        let before = self.unnamed().await?;
        if before.is_empty() {
            return Ok(0);
        }
        tokio::time::sleep(on_their_way).await;
        let after = self.unnamed().await?;
        let mut gone = 0;
        for (path, found) in after {
            if before.get(&path) == Some(&found) {
                blobs::remove(&*self.blobs, &path).await?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// The blobs that nothing speaks of.
    async fn unnamed(&self) -> Result<HashMap<String, Found>, UpkeepError> {
        let mut listed = self.blobs.list(None).try_chunks(BLOBS);
        let mut unnamed = HashMap::new();
        while let Some(chunk) = listed.try_next().await.map_err(|error| error.1)? {
            let ours = chunk.into_iter().filter(is_ours);
            let chunk: HashMap<String, Found> =
                ours.map(|meta| (meta.location.to_string(), Found::of(meta))).collect();
            let paths: Vec<String> = chunk.keys().cloned().collect();
            let named: HashSet<String> = self.store.named_blobs(&paths).await?.into_iter().collect();
            unnamed.extend(chunk.into_iter().filter(|(path, _)| !named.contains(path)));
        }
        Ok(unnamed)
    }
}

/// Whether a blob is of a kind that this program stores.
fn is_ours(meta: &ObjectMeta) -> bool {
    let mut parts = meta.location.as_ref().split('/');
    let is_tenant = parts.next().is_some_and(|tenant| TenantId::new(tenant).is_ok());
    is_tenant && parts.next().is_some_and(|kind| SWEPT.contains(&kind)) && parts.next().is_some()
}

impl Found {
    fn of(meta: ObjectMeta) -> Self {
        let modified = meta.last_modified;
        let modified_ns =
            i128::from(modified.timestamp()) * 1_000_000_000 + i128::from(modified.timestamp_subsec_nanos());
        Self { size: meta.size, modified_ns, tag: meta.e_tag }
    }
}
