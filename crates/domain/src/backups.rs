//! Backups that an administrator asks for, encrypted to whom they are for.

use std::sync::Arc;

use jiff::Timestamp;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::access::Caller;
use crate::ids::{BackupId, TenantId};
use crate::kept_files::{FileKind, KeptFile, KeptFileError, KeptFiles};
use crate::ports::{Archiver, Clock, Store};

/// Folder of a tenant's backups among the blobs. Backups hold what else is there, and not this.
pub const FOLDER: &str = "backups";

/// Most that one backup is encrypted to.
pub const MOST_RECIPIENTS: usize = 20;

/// Whom a backup is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// What it is encrypted to.
    pub recipients: Vec<String>,
}

/// A backup.
pub type Backup = KeptFile<BackupId, Recipients>;

/// What kind of file a backup is.
#[derive(Debug)]
pub struct BackupKind;

impl FileKind for BackupKind {
    type Id = BackupId;
    type Order = Recipients;

    const NAME: &'static str = "backup";
    const FOLDER: &'static str = FOLDER;
    const SUFFIX: &'static str = "age";
    const ACTIONS: [&'static str; 3] = ["backup.create", "backup.read", "backup.remove"];

    fn id_at(started: Timestamp) -> BackupId {
        BackupId::at(started)
    }
}

/// Why a backup was not begun, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A backup holds the rows of every tenant.
    #[error("a backup holds what every tenant has: only the tenant {} may have one", TenantId::local())]
    NotYours,
    /// To nobody, too many, or what is no recipient.
    #[error("{reason}")]
    Recipients {
        /// What is wrong.
        reason: String,
    },
    /// As of every file that is kept.
    #[error(transparent)]
    File(#[from] KeptFileError),
}

/// Makes, lists and gives out backups.
#[derive(Clone)]
pub struct Backups {
    archiver: Arc<dyn Archiver>,
    files: KeptFiles<BackupKind>,
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
        Self { archiver, files: KeptFiles::new(store, blobs, clock) }
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
        let (archiver, to) = (Arc::clone(&self.archiver), recipients.clone());
        let make = |path: String| async move {
            archiver.archive(&to, &path).await.inspect_err(|problem| {
                tracing::error!(path, problem, "a backup failed");
            })
        };
        Ok(self.files.begin(caller, Recipients { recipients }, make).await?)
    }

    /// The backups of a tenant, the newest first.
    ///
    /// # Errors
    /// When the caller may not, or they cannot be read.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Backup>, BackupError> {
        require_operator(caller)?;
        Ok(self.files.list(caller).await?)
    }

    /// One backup.
    ///
    /// # Errors
    /// When the caller may not, or it is not there.
    pub async fn find(&self, caller: &Caller, id: BackupId) -> Result<Backup, BackupError> {
        require_operator(caller)?;
        Ok(self.files.find(caller, id).await?)
    }

    /// Which blob the file of a backup is, for whoever is given it.
    ///
    /// # Errors
    /// When the caller may not, or it is not there or not whole.
    pub async fn read(&self, caller: &Caller, id: BackupId) -> Result<String, BackupError> {
        require_operator(caller)?;
        Ok(self.files.read(caller, id).await?)
    }

    /// Removes a backup.
    ///
    /// # Errors
    /// When the caller may not, or it is not there or still being made.
    pub async fn remove(&self, caller: &Caller, id: BackupId) -> Result<(), BackupError> {
        require_operator(caller)?;
        Ok(self.files.remove(caller, id).await?)
    }
}
