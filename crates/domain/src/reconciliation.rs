//! After the store was restored to a point in time: what is outside of it has gone on, and is brought together with it again.
//!
//! The bus has events that the store does not know, whose positions it would give again; its consumers have passed events whose
//! consequences the store has lost. So positions go on far beyond all that were ever given, consumers on the bus pass what is
//! there, and the relay publishes again, behind that, what any consumer had not dealt with at the restored time. Consumers know
//! events by their identity, and may see one twice. Blobs that the store does not know are kept, those that it knows and that are
//! gone are marked. What the cache had is not used again.

use std::collections::{BTreeMap, HashSet};

use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::Serialize;
use uuid::Uuid;

use crate::blobs::{self, BlobError};
use crate::event::Published;
use crate::ids::{EventId, TenantId};
use crate::installation::{self, InstallationError};
use crate::ports::{BusError, BusHistory, BusPlace, Store, StoreError};
use crate::{notify, relay, runs};

/// Positions go on at the next but one multiple of it: more than were ever given between a restored time and its restore.
const STRIDE: i64 = 1_000_000_000;
/// How far the clocks of processes may differ, and events wait for their publication.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);
/// Consumers that have to see every event: one that the store has no place of begins at the first.
pub const CONSUMERS: [&str; 2] = [notify::CONSUMER, runs::CONSUMER];
/// Folders of a tenant in the blobs that rows speak of. Slices of runs are made again.
const FOLDERS: [&str; 2] = ["ingest", "uploads"];
/// Rows and events of one question.
const AT_ONCE: u32 = 1_000;
/// Lost events that are named; all are counted.
const NAMED: usize = 20;

/// What the store says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreState {
    /// Its name, if it has one.
    pub installation: Option<Uuid>,
    /// How often it was reconciled.
    pub restores: u32,
    /// The newest position that was given.
    pub last_position: i64,
    /// When the newest event happened.
    pub newest_event: Option<Timestamp>,
    /// Events without a position.
    pub waiting: u64,
    /// Where each consumer is, by name.
    pub consumers: BTreeMap<String, i64>,
    /// Messages about alerts that are still to be sent.
    pub deliveries_due: u64,
    /// Runs that are not ended.
    pub unfinished_runs: u64,
    /// Leases that somebody holds now.
    pub held_leases: Vec<String>,
}

/// A row that speaks of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlobOwner {
    /// What it is.
    pub kind: BlobKind,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its identity.
    pub id: Uuid,
    /// The path of the blob.
    pub path: String,
}

/// What speaks of blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobKind {
    /// A delivery of element sets.
    Ingest,
    /// An upload.
    Upload,
    /// An operator's ephemeris.
    Ephemeris,
    /// A conjunction message.
    Cdm,
}

impl BlobKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Upload, Self::Ephemeris, Self::Cdm];
}

/// A blob that nothing speaks of, and that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptBlob {
    /// Its path.
    pub path: String,
    /// Since when it is known that nothing speaks of it.
    pub noted: Timestamp,
}

/// What is written into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Now.
    pub at: Timestamp,
    /// The name that a store without one is given: that of its blobs.
    pub installation: Uuid,
    /// Positions go on after this one.
    pub last_position: i64,
    /// Where the relay goes on.
    pub relay: Option<i64>,
    /// Blobs that nothing speaks of, by path.
    pub unnamed: Vec<(TenantId, String)>,
    /// Blobs that are gone, by path.
    pub missing: Vec<(TenantId, String)>,
}

/// Why nothing was reconciled, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum ReconciliationError {
    /// Processes are at work.
    #[error("the service is running, or was until some seconds ago ({}): stop all of its processes first", by.join(", "))]
    InUse {
        /// Leases that are held, and consumers that are connected.
        by: Vec<String>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus failed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The blobs are another store's, or do not say whose they are.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// A blob could not be removed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The blobs could not be listed.
    #[error("the blobs cannot be listed")]
    List(#[from] object_store::Error),
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Nothing is changed.
    pub dry_run: bool,
    /// Blobs are removed that were found to be unnamed so long ago, and still are.
    pub remove_after: Option<SignedDuration>,
}

/// What was found, and done unless only that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What the store is called; the blobs carry the same name, or none yet.
    pub installation: Option<Uuid>,
    /// How often it was reconciled, this time included. It is part of the names in the cache.
    pub restores: u32,
    /// When the newest event happened that the store knows.
    pub newest_event: Option<Timestamp>,
    /// The events.
    pub events: EventsFound,
    /// Where consumers are on the bus, before they pass what is there; nothing without a bus that remembers.
    pub bus: Vec<BusPlace>,
    /// Messages about alerts that are sent, some of them perhaps again.
    pub deliveries_due: u64,
    /// Runs that go on.
    pub unfinished_runs: u64,
    /// The blobs.
    pub blobs: BlobsFound,
}

/// What was found of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventsFound {
    /// The newest position that the store has given.
    pub last_position: i64,
    /// The newest position on the bus.
    pub last_on_bus: Option<i64>,
    /// Positions go on after this one.
    pub continue_after: i64,
    /// Where each consumer is, as the store has it.
    pub consumers: BTreeMap<String, i64>,
    /// Where the relay goes on: what comes after it is published again.
    pub publish_after: Option<i64>,
    /// How many events that is.
    pub published_again: u64,
    /// Events that had no position yet.
    pub waiting: u64,
    /// Events on the bus that the store does not know, by topic.
    pub lost: BTreeMap<String, u64>,
    /// The newest of them.
    pub lost_newest: Vec<LostEvent>,
}

/// An event on the bus that the store does not know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LostEvent {
    /// Its identity.
    pub id: EventId,
    /// Its position.
    pub position: i64,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its topic.
    pub topic: String,
    /// When it happened.
    pub at: Timestamp,
}

/// What was found of blobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct BlobsFound {
    /// Blobs that nothing speaks of.
    pub unnamed: Vec<KeptBlob>,
    /// Rows that speak of blobs that are gone.
    pub missing: Vec<BlobOwner>,
    /// Blobs that were removed, or would be.
    pub removed: Vec<String>,
}

/// Brings store, bus and blobs together.
///
/// # Errors
/// When processes are at work, the blobs are another store's, or a part fails. What is written to the store is one transaction, and
/// comes first: done again, it does no harm.
pub async fn reconcile(
    store: &dyn Store,
    blobs: &dyn ObjectStore,
    bus: Option<&dyn BusHistory>,
    now: Timestamp,
    plan: Plan,
) -> Result<Report, ReconciliationError> {
    let state = store.state().await?;
    let mut by = state.held_leases.clone();
    if let Some(bus) = bus {
        by.extend(bus.in_use().await?);
    }
    if !by.is_empty() {
        return Err(ReconciliationError::InUse { by });
    }
    let marked = installation::marked(blobs).await?;
    if let (Some(ours), Some(theirs)) = (state.installation, marked)
        && ours != theirs
    {
        return Err(InstallationError::Others { theirs: theirs.to_string(), ours }.into());
    }
    let (events, places) = events(store, bus, &state).await?;
    let mut report = Report {
        dry_run: plan.dry_run,
        installation: state.installation.or(marked),
        restores: state.restores + 1,
        newest_event: state.newest_event,
        events,
        bus: places,
        deliveries_due: state.deliveries_due,
        unfinished_runs: state.unfinished_runs,
        blobs: look_at(store, blobs, now).await?,
    };
    let is_due = |blob: &KeptBlob| plan.remove_after.is_some_and(|age| now.duration_since(blob.noted) >= age);
    let (due, kept): (Vec<_>, Vec<_>) = report.blobs.unnamed.drain(..).partition(is_due);
    report.blobs.unnamed = kept;
    report.blobs.removed = due.into_iter().map(|blob| blob.path).collect();
    if plan.dry_run {
        return Ok(report);
    }

    store
        .reconcile(&Reconciled {
            at: now,
            installation: marked.unwrap_or_else(Uuid::new_v4),
            last_position: report.events.continue_after,
            relay: report.events.publish_after,
            unnamed: report.blobs.unnamed.iter().filter_map(|blob| owned(&blob.path)).collect(),
            missing: report.blobs.missing.iter().map(|row| (row.tenant.clone(), row.path.clone())).collect(),
        })
        .await?;
    if let Some(bus) = bus {
        bus.pass_all().await?;
    }
    installation::mark(store, blobs).await?;
    for path in &report.blobs.removed {
        blobs::remove(blobs, path).await?;
    }
    Ok(report)
}

async fn events(
    store: &dyn Store,
    bus: Option<&dyn BusHistory>,
    state: &StoreState,
) -> Result<(EventsFound, Vec<BusPlace>), ReconciliationError> {
    let mut found = EventsFound {
        last_position: state.last_position,
        last_on_bus: None,
        continue_after: 0,
        consumers: state.consumers.clone(),
        publish_after: None,
        published_again: 0,
        waiting: state.waiting,
        lost: BTreeMap::new(),
        lost_newest: Vec::new(),
    };
    let mut places = Vec::new();
    if let Some(bus) = bus {
        let since = state.newest_event.and_then(|at| at.checked_sub(MARGIN).ok());
        let mut published = bus.published_since(since).await?;
        found.last_on_bus = published.iter().map(|published| published.position).max();
        retain_lost(store, &mut published).await?;
        for lost in &published {
            *found.lost.entry(lost.event.topic.to_string()).or_default() += 1;
        }
        published.sort_by_key(|lost| std::cmp::Reverse(lost.position));
        found.lost_newest = published.into_iter().take(NAMED).map(LostEvent::from).collect();

        let of_consumers = CONSUMERS.iter().map(|&name| state.consumers.get(name).copied().unwrap_or(0));
        let first = state.consumers.values().copied().chain(of_consumers).min().unwrap_or(0);
        found.publish_after = Some(first);
        found.published_again = store.events_between(first, state.last_position).await?;
        places = bus.places().await?;
    }
    let newest = found.last_on_bus.unwrap_or(0).max(state.last_position);
    found.continue_after = (newest / STRIDE + 2) * STRIDE;
    Ok((found, places))
}

/// Leaves the events that the store does not know, each once.
async fn retain_lost(store: &dyn Store, published: &mut Vec<Published>) -> Result<(), StoreError> {
    let ids: Vec<EventId> = published.iter().map(|published| published.event.id).collect();
    let mut known = HashSet::new();
    for chunk in ids.chunks(AT_ONCE as usize) {
        known.extend(store.known_events(chunk).await?);
    }
    published.retain(|published| known.insert(published.event.id));
    Ok(())
}

async fn look_at(
    store: &dyn Store,
    blobs: &dyn ObjectStore,
    now: Timestamp,
) -> Result<BlobsFound, ReconciliationError> {
    let mut there = HashSet::new();
    let mut listed = blobs.list(None);
    while let Some(blob) = listed.try_next().await? {
        let path = blob.location.to_string();
        if owned(&path).is_some() {
            there.insert(path);
        }
    }
    let mut named = HashSet::new();
    let mut missing = Vec::new();
    for kind in BlobKind::ALL {
        let mut after = None;
        loop {
            let rows = store.blob_owners(kind, after.as_ref(), AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.tenant.clone(), last.id));
            for row in rows {
                // Somebody else may keep it elsewhere than in the folders that are looked at.
                if !there.contains(&row.path) && !is_there(blobs, &row.path).await? {
                    missing.push(row);
                } else {
                    named.insert(row.path);
                }
            }
        }
    }
    let noted: BTreeMap<String, Timestamp> =
        store.kept_blobs().await?.into_iter().map(|blob| (blob.path, blob.noted)).collect();
    let mut unnamed: Vec<KeptBlob> = there
        .into_iter()
        .filter(|path| !named.contains(path))
        .map(|path| KeptBlob { noted: noted.get(&path).copied().unwrap_or(now), path })
        .collect();
    unnamed.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(BlobsFound { unnamed, missing, removed: Vec::new() })
}

async fn is_there(blobs: &dyn ObjectStore, path: &str) -> Result<bool, object_store::Error> {
    match blobs.head(&Path::from(path)).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A blob that rows speak of, and whose it is.
fn owned(path: &str) -> Option<(TenantId, String)> {
    let mut parts = path.split('/');
    let tenant = TenantId::new(parts.next()?).ok()?;
    FOLDERS.contains(&parts.next()?).then(|| (tenant, path.to_owned()))
}

impl From<Published> for LostEvent {
    fn from(Published { position, event }: Published) -> Self {
        let topic = event.topic.into_owned();
        Self { id: event.id, position, tenant: event.tenant, topic, at: event.at }
    }
}

/// The relay's name among the consumers.
pub const RELAY: &str = relay::CONSUMER;
