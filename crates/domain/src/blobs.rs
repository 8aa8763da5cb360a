//! The blobs: files as they were received, and what a run has got so far. Each path starts with the tenant.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// Why a blob could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The place where blobs are kept did not do what was asked.
    #[error("blob {path}")]
    Store {
        /// The blob.
        path: String,
        /// The reason.
        #[source]
        source: object_store::Error,
    },
    /// A packed blob cannot be unpacked.
    #[error("blob {path} is damaged")]
    Damaged {
        /// The blob.
        path: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
}

/// Keeps bytes as they are.
pub(crate) async fn put(blobs: &dyn ObjectStore, path: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
    let stored = blobs.put(&Path::from(path), bytes.into()).await;
    stored.map(drop).map_err(|source| BlobError::Store { path: path.to_owned(), source })
}

/// The bytes of a blob; `None` if there is none.
pub(crate) async fn get(blobs: &dyn ObjectStore, path: &str) -> Result<Option<Vec<u8>>, BlobError> {
    let failed = |source| BlobError::Store { path: path.to_owned(), source };
    match blobs.get(&Path::from(path)).await {
        Ok(found) => Ok(Some(found.bytes().await.map_err(failed)?.to_vec())),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// How many bytes a blob has; `None` if there is none.
pub(crate) async fn size(blobs: &dyn ObjectStore, path: &str) -> Result<Option<u64>, BlobError> {
    match blobs.head(&Path::from(path)).await {
        Ok(found) => Ok(Some(found.size)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(BlobError::Store { path: path.to_owned(), source }),
    }
}

/// Removes a blob; one that is not there is removed already.
pub(crate) async fn remove(blobs: &dyn ObjectStore, path: &str) -> Result<(), BlobError> {
    match blobs.delete(&Path::from(path)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(source) => Err(BlobError::Store { path: path.to_owned(), source }),
    }
}

/// Packs bytes with gzip.
pub(crate) fn pack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Unpacks gzip, of one member or several, up to a number of bytes, and leaves anything else as it is.
///
/// # Errors
/// When the bytes are damaged, cut off, or more than the limit.
pub fn unpack(bytes: Vec<u8>, limit_bytes: u64) -> std::io::Result<Vec<u8>> {
    const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
    if !bytes.starts_with(&GZIP_MAGIC) {
        return if bytes.len() as u64 > limit_bytes { Err(too_large(limit_bytes)) } else { Ok(bytes) };
    }
    read_limited(MultiGzDecoder::new(bytes.as_slice()), limit_bytes)
}

/// Reads to the end, up to a number of bytes.
///
/// # Errors
/// When reading fails, or there is more.
pub fn read_limited(reader: impl Read, limit_bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes { Err(too_large(limit_bytes)) } else { Ok(bytes) }
}

fn too_large(limit_bytes: u64) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::FileTooLarge, format!("more than {limit_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_of_a_gzip_file_are_read() {
        let bytes = [pack(b"one ").unwrap(), pack(b"two").unwrap()].concat();
        assert_eq!(unpack(bytes, 100).unwrap(), b"one two");
    }

    #[test]
    fn what_is_not_gzip_stays_as_it_is() {
        assert_eq!(unpack(b"1 00005U".to_vec(), 100).unwrap(), b"1 00005U");
    }

    #[test]
    fn truncated_gzip_is_an_error() {
        let mut bytes = pack(b"text").unwrap();
        bytes.truncate(bytes.len() - 4);
        assert_eq!(unpack(bytes, 100).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = pack(&vec![0; 1 << 20]).unwrap();
        assert!(bomb.len() < 1 << 14);
        assert_eq!(unpack(bomb, 1 << 16).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
        assert_eq!(unpack(vec![0; 101], 100).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
    }
}
