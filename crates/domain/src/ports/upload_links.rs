//! Where blobs can be given without this service.

use std::time::Duration;

use async_trait::async_trait;

use crate::blobs::BlobError;

/// An address that takes a blob by `PUT`, for whoever knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// The address.
    pub url: String,
    /// Headers that have to be sent, as they are.
    pub headers: Vec<(String, String)>,
    /// How long it takes one.
    pub lifetime: Duration,
}

/// Links that take blobs.
#[async_trait]
pub trait UploadLinks: Send + Sync + 'static {
    /// An address that takes the bytes with this SHA-256 as a blob, and no others.
    ///
    /// # Errors
    /// When the address cannot be signed.
    async fn upload_link(&self, path: &str, sha256: [u8; 32]) -> Result<UploadLink, BlobError>;
}
