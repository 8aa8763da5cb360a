//! To which store blobs belong: a mark among them says so.

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use uuid::Uuid;

use crate::ports::{Store, StoreError};

/// The mark. It is no tenant's, so it is neither swept nor backed up.
pub const MARK: &str = "installation";

/// Why blobs cannot be used, or not be known to be ours.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// They are another store's, which would lose what this one does not know.
    #[error("the blobs belong to another installation, {theirs}; this one is {ours}")]
    Others {
        /// Whose they are.
        theirs: String,
        /// What this store is called.
        ours: Uuid,
    },
    /// The mark is not the name of a store.
    #[error("the mark of the blobs, {mark:?}, is no name of an installation")]
    Unknown {
        /// What it says.
        mark: String,
    },
    /// The store does not say what it is called.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mark can be neither read nor written.
    #[error("the blobs do not say to which installation they belong")]
    Blobs(#[from] Error),
}

/// Marks blobs as those of a store, unless they are marked as another's.
///
/// # Errors
/// When they are, or when store or blobs fail.
pub async fn mark(store: &dyn Store, blobs: &dyn ObjectStore) -> Result<(), InstallationError> {
    let (ours, path) = (store.installation().await?, Path::from(MARK));
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match blobs.get(&path).await {
        Ok(found) => return judge(&found.bytes().await?, ours),
        Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match blobs.put_opts(&path, ours.to_string().into(), create).await {
        // Read again: there are servers on which two that write at once both succeed.
        Ok(_) | Err(Error::AlreadyExists { .. }) => judge(&blobs.get(&path).await?.bytes().await?, ours),
        Err(error) => Err(error.into()),
    }
}

/// Whose blobs are, if they say so.
///
/// # Errors
/// When they say what is no name, or do not answer.
pub async fn marked(blobs: &dyn ObjectStore) -> Result<Option<Uuid>, InstallationError> {
    let mark = match blobs.get(&Path::from(MARK)).await {
        Ok(found) => found.bytes().await?,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let text = String::from_utf8_lossy(&mark).into_owned();
    text.parse().map(Some).map_err(|_| InstallationError::Unknown { mark: text })
}

fn judge(mark: &[u8], ours: Uuid) -> Result<(), InstallationError> {
    let theirs = String::from_utf8_lossy(mark).into_owned();
    if theirs == ours.to_string() { Ok(()) } else { Err(InstallationError::Others { theirs, ours }) }
}
