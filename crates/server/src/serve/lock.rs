//! The data folder, which one process at a time owns.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Name of the file that the owner holds a lock on. The lock ends with the process, however it ends.
const LOCK: &str = "astroshield.lock";

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// Another process uses it.
    #[error(
        "{}: in use by another astroshield (process {owner}); stop it, or choose another folder with data.folder",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Process id of the other one.
        owner: String,
    },
    /// It cannot be made or written.
    #[error("{}: data cannot be kept here (data.folder)", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The data folder, owned until dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing, readable by its owner only, and takes it.
    pub(crate) fn take(path: &Path) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { folder: path.to_owned(), source };
        create_private(path).map_err(unusable)?;
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::InUse { folder: path.to_owned(), owner: owner(path) });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // A folder on a full or read-only disk is found out here, not at the first write that matters.
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .and_then(|()| lock.sync_all())
            .map_err(unusable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The process that has a folder, if one has.
pub(crate) fn owner_of(path: &Path) -> Option<String> {
    let lock = File::open(path.join(LOCK)).ok()?;
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| owner(path))
}

fn owner(folder: &Path) -> String {
    let mut id = String::new();
    let read = File::open(folder.join(LOCK)).and_then(|file| file.take(20).read_to_string(&mut id));
    if read.is_ok() && !id.trim().is_empty() { id.trim().to_owned() } else { "of unknown id".to_owned() }
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        assert_eq!(owner_of(&path), None);
        let first = DataFolder::take(&path).unwrap();
        let second = DataFolder::take(&path).unwrap_err().to_string();
        assert!(second.contains(&format!("(process {})", std::process::id())), "{second}");
        assert_eq!(owner_of(&path), Some(std::process::id().to_string()));
        drop(first);
        assert_eq!(owner_of(&path), None);
        DataFolder::take(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_new_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let taken = DataFolder::take(&folder.path().join("data")).unwrap();
        assert_eq!(fs::metadata(taken.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
