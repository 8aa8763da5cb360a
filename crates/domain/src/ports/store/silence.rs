//! The part of the store about silence.

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;
use crate::silence::Watched;

/// The name of the store, and for how long it has been watched for silence; as [`Store`](super::Store), of which it is a
/// part.
#[async_trait]
pub trait SilenceStore: Send + Sync + 'static {
    /// What this store is called: a name of its own from the first time that somebody asks. A backup does not have it, so
    /// that what is restored from it is another one.
    async fn installation(&self) -> Result<Uuid, StoreError>;

    /// For how long it has been watched for silence; `None` if it never was.
    async fn watched(&self) -> Result<Option<Watched>, StoreError>;

    /// Notes for how long it has been watched.
    async fn put_watched(&self, watched: &Watched) -> Result<(), StoreError>;
}
