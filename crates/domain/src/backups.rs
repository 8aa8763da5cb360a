//! Backups that an administrator asks for: made in the background, kept among the blobs, encrypted to whom they are for.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::access::{AuditEntry, Caller};
use crate::blobs::{self, BlobError};
use crate::ids::{BackupId, TenantId};
use crate::ports::{Archiver, Clock, Store, StoreError};
use crate::time;

/// Folder of a tenant's backups among the blobs. Backups hold what else is there, and not this.
pub const FOLDER: &str = "backups";

/// Most that one backup is encrypted to.
pub const MOST_RECIPIENTS: usize = 20;

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// It is being made.
    Running,
    /// It is whole.
    Completed,
    /// It was given up.
    Failed,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// Identity.
    pub id: BackupId,
    /// How far it is.
    pub state: BackupState,
    /// Who asked for it.
    pub by: String,
    /// What it is encrypted to.
    pub recipients: Vec<String>,
    /// When it was begun.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Rows in it.
    pub rows: u64,
    /// Blobs in it.
    pub blobs: u64,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Why it failed.
    pub problem: Option<String>,
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BackupContents {
    /// Rows.
    pub rows: u64,
    /// Blobs.
    pub blobs: u64,
    /// Size of the file, in bytes.
    pub bytes: u64,
}

/// Why a backup was not begun, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A backup holds the rows of every tenant.
    #[error("a backup holds what every tenant has: only the tenant {} may have one", TenantId::local())]
    NotYours,
    /// One at a time.
    #[error("a backup is being made")]
    Busy,
    /// To nobody, too many, or what is no recipient.
    #[error("{reason}")]
    Recipients {
        /// What is wrong.
        reason: String,
    },
    /// There is no such backup.
    #[error("no such backup: {id}")]
    NotFound {
        /// Which.
        id: BackupId,
    },
    /// It is not whole.
    #[error("backup {id} is not whole")]
    NotWhole {
        /// Which.
        id: BackupId,
    },
    /// The audit log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place where backups are kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Makes, lists and gives out backups.
#[derive(Clone)]
pub struct Backups {
    archiver: Arc<dyn Archiver>,
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    making: Arc<Mutex<Option<BackupId>>>,
}

/// The one backup that is being made, until this is dropped.
struct Making(Arc<Mutex<Option<BackupId>>>);

impl Making {
    fn begin(making: &Arc<Mutex<Option<BackupId>>>, id: BackupId) -> Result<Self, BackupError> {
        let mut current = making.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_some() {
            return Err(BackupError::Busy);
        }
        *current = Some(id);
        Ok(Self(Arc::clone(making)))
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn file(tenant: &TenantId, id: BackupId) -> String {
    format!("{tenant}/{FOLDER}/{id}.age")
}

fn record(tenant: &TenantId, id: BackupId) -> String {
    format!("{tenant}/{FOLDER}/{id}.json")
}

fn require_operator(caller: &Caller) -> Result<(), BackupError> {
    if caller.tenant == TenantId::local() { Ok(()) } else { Err(BackupError::NotYours) }
}

impl Backups {
    /// Backups over their parts.
    #[must_use]
    pub fn new(
        archiver: Arc<dyn Archiver>,
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { archiver, store, blobs, clock, making: Arc::default() }
    }

    /// Begins a backup, encrypted to public keys of age (`age1...`), and returns at once.
    ///
    /// # Errors
    /// When the caller may not, one is being made, a recipient is none, or nothing can be stored.
    pub async fn start(&self, caller: &Caller, recipients: Vec<String>) -> Result<Backup, BackupError> {
        require_operator(caller)?;
        if !(1..=MOST_RECIPIENTS).contains(&recipients.len()) {
            let reason = format!("{} recipients; 1 to {MOST_RECIPIENTS} are due", recipients.len());
            return Err(BackupError::Recipients { reason });
        }
        self.archiver.check(&recipients).map_err(|reason| BackupError::Recipients { reason })?;
        let started = time::to_microsecond(self.clock.now());
        let id = BackupId::at(started);
        let making = Making::begin(&self.making, id)?;
        let backup = Backup {
            id,
            state: BackupState::Running,
            by: caller.name.clone(),
            recipients,
            started,
            finished: None,
            rows: 0,
            blobs: 0,
            bytes: 0,
            problem: None,
        };
        self.note(caller, "backup.create", id).await?;
        self.keep(&caller.tenant, &backup).await?;
        let (this, tenant, begun) = (self.clone(), caller.tenant.clone(), backup.clone());
        tokio::spawn(async move {
            this.make(&tenant, begun).await;
            drop(making);
        });
        Ok(backup)
    }

    async fn make(&self, tenant: &TenantId, backup: Backup) {
        let made = self.archiver.archive(&backup.recipients, &file(tenant, backup.id)).await;
        let finished = Some(time::to_microsecond(self.clock.now()));
        let ended = match made {
            Ok(BackupContents { rows, blobs, bytes }) => {
                tracing::info!(backup = %backup.id, rows, blobs, bytes, "a backup was made");
                Backup { state: BackupState::Completed, finished, rows, blobs, bytes, ..backup }
            }
            Err(problem) => {
                tracing::error!(backup = %backup.id, problem, "a backup failed");
                Backup { state: BackupState::Failed, finished, problem: Some(problem), ..backup }
            }
        };
        if let Err(error) = self.keep(tenant, &ended).await {
            tracing::error!(backup = %ended.id, %error, "what became of a backup was not kept");
        }
    }

    async fn keep(&self, tenant: &TenantId, backup: &Backup) -> Result<(), BlobError> {
        let path = record(tenant, backup.id);
        let bytes = serde_json::to_vec(backup)
            .map_err(|source| BlobError::Damaged { path: path.clone(), source: source.into() })?;
        blobs::put(self.blobs.as_ref(), &path, bytes).await
    }

    async fn note(&self, caller: &Caller, action: &str, id: BackupId) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        let entry = AuditEntry::of(&caller.tenant, caller.by(), now, action, &id);
        self.store.add_audit(&entry).await
    }

    fn is_being_made(&self, id: BackupId) -> bool {
        *self.making.lock().unwrap_or_else(PoisonError::into_inner) == Some(id)
    }

    async fn recorded(&self, caller: &Caller, id: BackupId) -> Result<Backup, BackupError> {
        let path = record(&caller.tenant, id);
        let bytes = blobs::get(self.blobs.as_ref(), &path).await?.ok_or(BackupError::NotFound { id })?;
        let backup = serde_json::from_slice(&bytes);
        Ok(backup.map_err(|source| BlobError::Damaged { path, source: source.into() })?)
    }

    /// The backups of a tenant, the newest first.
    ///
    /// # Errors
    /// When the caller may not, or they cannot be read.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Backup>, BackupError> {
        require_operator(caller)?;
        let folder = format!("{}/{FOLDER}", caller.tenant);
        let listed = self.blobs.list_with_delimiter(Some(&Path::from(folder.as_str()))).await;
        let listed = listed.map_err(|source| BlobError::Store { path: folder, source })?;
        let names = listed.objects.iter().filter_map(|object| object.location.filename());
        let mut ids: Vec<BackupId> =
            names.filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut backups = Vec::with_capacity(ids.len());
        for id in ids {
            match self.find(caller, id).await {
                Ok(backup) => backups.push(backup),
                // It was removed in between.
                Err(BackupError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(backups)
    }

    /// One backup.
    ///
    /// # Errors
    /// When the caller may not, or it is not there.
    pub async fn find(&self, caller: &Caller, id: BackupId) -> Result<Backup, BackupError> {
        require_operator(caller)?;
        let backup = self.recorded(caller, id).await?;
        if backup.state != BackupState::Running || self.is_being_made(id) {
            return Ok(backup);
        }
        // It may have ended since it was read. If not, it ended with its process.
        let backup = self.recorded(caller, id).await?;
        if backup.state != BackupState::Running {
            return Ok(backup);
        }
        let problem = Some("the process ended before it was whole".to_owned());
        Ok(Backup { state: BackupState::Failed, problem, ..backup })
    }

    /// Which blob the file of a backup is, for whoever is given it.
    ///
    /// # Errors
    /// When the caller may not, or it is not there or not whole.
    pub async fn read(&self, caller: &Caller, id: BackupId) -> Result<String, BackupError> {
        if self.find(caller, id).await?.state != BackupState::Completed {
            return Err(BackupError::NotWhole { id });
        }
        self.note(caller, "backup.read", id).await?;
        Ok(file(&caller.tenant, id))
    }

    /// Removes a backup.
    ///
    /// # Errors
    /// When the caller may not, or it is not there or still being made.
    pub async fn remove(&self, caller: &Caller, id: BackupId) -> Result<(), BackupError> {
        if self.find(caller, id).await?.state == BackupState::Running {
            return Err(BackupError::Busy);
        }
        self.note(caller, "backup.remove", id).await?;
        // What says that there is one goes last.
        blobs::remove(self.blobs.as_ref(), &file(&caller.tenant, id)).await?;
        Ok(blobs::remove(self.blobs.as_ref(), &record(&caller.tenant, id)).await?)
    }
}
