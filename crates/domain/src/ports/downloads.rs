//! Where blobs can be fetched without this service.

use async_trait::async_trait;

use crate::blobs::BlobError;

/// Links to blobs, for whoever may have them.
#[async_trait]
pub trait Downloads: Send + Sync + 'static {
    /// An address that gives out a blob for some minutes, to anybody who knows it, with this header `Content-Disposition`.
    /// Whether the blob is there is not asked.
    ///
    /// # Errors
    /// When the address cannot be signed.
    async fn link(&self, path: &str, disposition: &str) -> Result<String, BlobError>;
}
