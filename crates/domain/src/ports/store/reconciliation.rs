//! The part of the store about reconciliation after a restore.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::StoreError;
use crate::ids::{EventId, TenantId};
use crate::reconciliation::{BlobKind, BlobOwner, KeptBlob, Reconciled, StoreState};

/// What the store is held against after a restore; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait ReconciliationStore: Send + Sync + 'static {
    /// What the store says of itself.
    async fn state(&self) -> Result<StoreState, StoreError>;

    /// Those of some events that the store knows.
    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError>;

    /// How many events have a position after one and up to another.
    async fn events_between(&self, after: i64, last: i64) -> Result<u64, StoreError>;

    /// Rows of a kind that speak of blobs, by tenant and identity, those after one.
    async fn blob_owners(
        &self,
        kind: BlobKind,
        after: Option<&(TenantId, Uuid)>,
        limit: u32,
    ) -> Result<Vec<BlobOwner>, StoreError>;

    /// Blobs that nothing spoke of at the last reconciliation. They are named by it
    /// ([`UpkeepStore::named_blobs`](super::UpkeepStore::named_blobs)).
    async fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError>;

    /// Since when it is known that a blob of a tenant is gone that something speaks of.
    async fn missing_since(&self, tenant: &TenantId, path: &str) -> Result<Option<Timestamp>, StoreError>;

    /// Goes on from a restore: with positions and the relay from where it is said, and with leases that nobody of before can hold.
    /// What was known of blobs is replaced; a blob that was known to be unnamed or missing stays so since then.
    async fn reconcile(&self, reconciled: &Reconciled) -> Result<(), StoreError>;
}
