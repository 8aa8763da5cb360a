//! What makes backups and exports.

use async_trait::async_trait;

use crate::ids::TenantId;
use crate::kept_files::Contents;

/// Writes everything that must not be lost to one encrypted file.
#[async_trait]
pub trait Archiver: Send + Sync + 'static {
    /// Says what is wrong with recipients, if anything is.
    ///
    /// # Errors
    /// When one of them is not a public key.
    fn check(&self, recipients: &[String]) -> Result<(), String>;

    /// Makes a backup for recipients, as a blob of a path. There is no blob if it fails.
    ///
    /// # Errors
    /// When something cannot be read or written: the reason.
    async fn archive(&self, recipients: &[String], path: &str) -> Result<Contents, String>;

    /// Writes what one tenant has, in forms that others read, as a blob of a path. There is no blob if it fails.
    ///
    /// # Errors
    /// When something cannot be read or written: the reason.
    async fn archive_tenant(&self, tenant: &TenantId, path: &str) -> Result<Contents, String>;
}
