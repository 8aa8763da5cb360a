//! Blobs in a folder.

use std::path::Path;

use object_store::Result;
use object_store::local::LocalFileSystem;

/// The blobs of a folder, which has to be there. What was put is there after a loss of power; what was removed may come back
/// by one.
///
/// # Errors
/// When there is no such folder.
pub fn blobs(folder: &Path) -> Result<LocalFileSystem> {
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_folder_keeps_to_the_port() {
        let folder = tempfile::tempdir().unwrap();
        astroshield_testkit::blobs::blobs_suite(&blobs(folder.path()).unwrap(), 4).await;
    }
}
