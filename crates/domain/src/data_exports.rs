//! Exports of everything that a tenant has: made in the background, kept among the blobs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::access::{AuditEntry, Caller};
use crate::backups::BackupContents;
use crate::blobs::{self, BlobError};
use crate::ids::{DataExportId, TenantId};
use crate::ports::{Archiver, Clock, Store, StoreError};
use crate::time;

pub use crate::backups::BackupState as DataExportState;

/// Folder of a tenant's exports among the blobs. Neither backups nor exports hold them.
pub const FOLDER: &str = "exports";

/// After so long, one that another process was making has ended with it.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);

/// An export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataExport {
    /// Identity.
    pub id: DataExportId,
    /// How far it is.
    pub state: DataExportState,
    /// Who asked for it.
    pub by: String,
    /// When it was begun.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Rows in it.
    pub rows: u64,
    /// Files in it, as they were received.
    pub blobs: u64,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Why it failed.
    pub problem: Option<String>,
}

/// Why an export was not begun, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum DataExportError {
    /// One at a time.
    #[error("an export is being made")]
    Busy,
    /// There is no such export.
    #[error("no such export: {id}")]
    NotFound {
        /// Which.
        id: DataExportId,
    },
    /// It is not whole.
    #[error("export {id} is not whole")]
    NotWhole {
        /// Which.
        id: DataExportId,
    },
    /// The audit log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place where exports are kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Makes, lists and gives out exports.
#[derive(Clone)]
pub struct DataExports {
    archiver: Arc<dyn Archiver>,
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    making: Arc<Mutex<HashSet<(TenantId, DataExportId)>>>,
}

/// An export that is being made here, until this is dropped.
struct Making {
    all: Arc<Mutex<HashSet<(TenantId, DataExportId)>>>,
    one: (TenantId, DataExportId),
}

impl Making {
    fn begin(
        all: &Arc<Mutex<HashSet<(TenantId, DataExportId)>>>,
        tenant: &TenantId,
        id: DataExportId,
    ) -> Result<Self, DataExportError> {
        let one = (tenant.clone(), id);
        let mut making = all.lock().unwrap_or_else(PoisonError::into_inner);
        if making.iter().any(|(other, _)| other == tenant) {
            return Err(DataExportError::Busy);
        }
        making.insert(one.clone());
        Ok(Self { all: Arc::clone(all), one })
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.one);
    }
}

fn file(tenant: &TenantId, id: DataExportId) -> String {
    format!("{tenant}/{FOLDER}/{id}.tar.gz")
}

fn record(tenant: &TenantId, id: DataExportId) -> String {
    format!("{tenant}/{FOLDER}/{id}.json")
}

impl DataExports {
    /// Exports over their parts.
    #[must_use]
    pub fn new(
        archiver: Arc<dyn Archiver>,
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { archiver, store, blobs, clock, making: Arc::default() }
    }

    /// Begins an export of what the caller's tenant has, and returns at once.
    ///
    /// # Errors
    /// When one is being made, or nothing can be stored.
    pub async fn start(&self, caller: &Caller) -> Result<DataExport, DataExportError> {
        let started = time::to_microsecond(self.clock.now());
        let id = DataExportId::at(started);
        let making = Making::begin(&self.making, &caller.tenant, id)?;
        let export = DataExport {
            id,
            state: DataExportState::Running,
            by: caller.name.clone(),
            started,
            finished: None,
            rows: 0,
            blobs: 0,
            bytes: 0,
            problem: None,
        };
        self.note(caller, "organization.export", id).await?;
        self.keep(&caller.tenant, &export).await?;
        let (this, tenant, begun) = (self.clone(), caller.tenant.clone(), export.clone());
        tokio::spawn(async move {
            this.make(&tenant, begun).await;
            drop(making);
        });
        Ok(export)
    }

    async fn make(&self, tenant: &TenantId, export: DataExport) {
        let made = self.archiver.archive_tenant(tenant, &file(tenant, export.id)).await;
        let finished = Some(time::to_microsecond(self.clock.now()));
        let ended = match made {
            Ok(BackupContents { rows, blobs, bytes }) => {
                tracing::info!(%tenant, export = %export.id, rows, blobs, bytes, "an export was made");
                DataExport { state: DataExportState::Completed, finished, rows, blobs, bytes, ..export }
            }
            Err(problem) => {
                tracing::error!(%tenant, export = %export.id, problem, "an export failed");
                // What lies behind it is for the log: it may speak of what is not the tenant's.
                let problem = Some("it could not be written; the log of the server says why".to_owned());
                DataExport { state: DataExportState::Failed, finished, problem, ..export }
            }
        };
        if let Err(error) = self.keep(tenant, &ended).await {
            tracing::error!(export = %ended.id, %error, "what became of an export was not kept");
        }
    }

    async fn keep(&self, tenant: &TenantId, export: &DataExport) -> Result<(), BlobError> {
        let path = record(tenant, export.id);
        let bytes = serde_json::to_vec(export)
            .map_err(|source| BlobError::Damaged { path: path.clone(), source: source.into() })?;
        blobs::put(self.blobs.as_ref(), &path, bytes).await
    }

    async fn note(&self, caller: &Caller, action: &str, id: DataExportId) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        self.store.add_audit(&AuditEntry::of(&caller.tenant, caller.by(), now, action, &id)).await
    }

    /// The exports of the caller's tenant, the newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<DataExport>, DataExportError> {
        let folder = format!("{}/{FOLDER}", caller.tenant);
        let listed = self.blobs.list_with_delimiter(Some(&Path::from(folder.as_str()))).await;
        let listed = listed.map_err(|source| BlobError::Store { path: folder, source })?;
        let names = listed.objects.iter().filter_map(|object| object.location.filename());
        let mut ids: Vec<DataExportId> =
            names.filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut exports = Vec::with_capacity(ids.len());
        for id in ids {
            match self.find(caller, id).await {
                Ok(export) => exports.push(export),
                // It was removed in between.
                Err(DataExportError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(exports)
    }

    /// One export.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn find(&self, caller: &Caller, id: DataExportId) -> Result<DataExport, DataExportError> {
        let path = record(&caller.tenant, id);
        let bytes = blobs::get(self.blobs.as_ref(), &path).await?.ok_or(DataExportError::NotFound { id })?;
        let export: DataExport = serde_json::from_slice(&bytes)
            .map_err(|source| BlobError::Damaged { path, source: source.into() })?;
        let making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let is_made_here = making.contains(&(caller.tenant.clone(), id));
        drop(making);
        let is_overdue = self.clock.now().duration_since(export.started) > LONGEST;
        if export.state != DataExportState::Running || is_made_here || !is_overdue {
            return Ok(export);
        }
        let problem = Some("the process ended before it was whole".to_owned());
        Ok(DataExport { state: DataExportState::Failed, problem, ..export })
    }

    /// Which blob the file of an export is, for whoever is given it.
    ///
    /// # Errors
    /// When it is not there or not whole.
    pub async fn read(&self, caller: &Caller, id: DataExportId) -> Result<String, DataExportError> {
        if self.find(caller, id).await?.state != DataExportState::Completed {
            return Err(DataExportError::NotWhole { id });
        }
        self.note(caller, "organization.export.read", id).await?;
        Ok(file(&caller.tenant, id))
    }

    /// Removes an export.
    ///
    /// # Errors
    /// When it is not there or still being made.
    pub async fn remove(&self, caller: &Caller, id: DataExportId) -> Result<(), DataExportError> {
        if self.find(caller, id).await?.state == DataExportState::Running {
            return Err(DataExportError::Busy);
        }
        self.note(caller, "organization.export.remove", id).await?;
        // What says that there is one goes last.
        blobs::remove(self.blobs.as_ref(), &file(&caller.tenant, id)).await?;
        Ok(blobs::remove(self.blobs.as_ref(), &record(&caller.tenant, id)).await?)
    }
}
