//! Exports of everything that a tenant has.

use std::sync::Arc;

use jiff::Timestamp;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::access::Caller;
use crate::ids::DataExportId;
use crate::kept_files::{FileKind, KeptFile, KeptFileError, KeptFiles};
use crate::ports::{Archiver, Clock, Store};

/// Folder of a tenant's exports among the blobs. Neither backups nor exports hold them.
pub const FOLDER: &str = "exports";

/// Nothing is asked for but the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Everything {}

/// An export.
pub type DataExport = KeptFile<DataExportId, Everything>;

/// What kind of file an export is.
#[derive(Debug)]
pub struct ExportKind;

impl FileKind for ExportKind {
    type Id = DataExportId;
    type Order = Everything;

    const NAME: &'static str = "export";
    const FOLDER: &'static str = FOLDER;
    const SUFFIX: &'static str = "tar.gz";
    const ACTIONS: [&'static str; 3] =
        ["organization.export", "organization.export.read", "organization.export.remove"];

    fn id_at(started: Timestamp) -> DataExportId {
        DataExportId::at(started)
    }
}

/// Makes, lists and gives out exports.
#[derive(Clone)]
pub struct DataExports {
    archiver: Arc<dyn Archiver>,
    files: KeptFiles<ExportKind>,
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
        Self { archiver, files: KeptFiles::new(store, blobs, clock) }
    }

    /// Begins an export of what the caller's tenant has, and returns at once.
    ///
    /// # Errors
    /// When one is being made, or nothing can be stored.
    pub async fn start(&self, caller: &Caller) -> Result<DataExport, KeptFileError> {
        let (archiver, tenant) = (Arc::clone(&self.archiver), caller.tenant.clone());
        let make = |path: String| async move {
            archiver.archive_tenant(&tenant, &path).await.map_err(|problem| {
                tracing::error!(%tenant, path, problem, "an export failed");
                // What lies behind it is for the log: it may speak of what is not the tenant's.
                "it could not be written; the log of the server says why".to_owned()
            })
        };
        self.files.begin(caller, Everything {}, make).await
    }

    /// The exports of the caller's tenant, the newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<DataExport>, KeptFileError> {
        self.files.list(caller).await
    }

    /// One export.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn find(&self, caller: &Caller, id: DataExportId) -> Result<DataExport, KeptFileError> {
        self.files.find(caller, id).await
    }

    /// Which blob the file of an export is, for whoever is given it.
    ///
    /// # Errors
    /// When it is not there or not whole.
    pub async fn read(&self, caller: &Caller, id: DataExportId) -> Result<String, KeptFileError> {
        self.files.read(caller, id).await
    }

    /// Removes an export.
    ///
    /// # Errors
    /// When it is not there or still being made.
    pub async fn remove(&self, caller: &Caller, id: DataExportId) -> Result<(), KeptFileError> {
        self.files.remove(caller, id).await
    }
}
