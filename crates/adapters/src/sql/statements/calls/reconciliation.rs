//! The calls about reconciliation after a restore.

use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::ports::{ReconciliationStore, StoreError};
use astroshield_domain::reconciliation::{BlobKind, BlobOwner, KeptBlob, Reconciled, StoreState};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;
use uuid::Uuid;

use super::super::{ThisStore, reconciliation};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl ReconciliationStore for ThisStore {
    async fn state(&self) -> Result<StoreState, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::state(connection))
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::known_events(connection, ids))
    }

    async fn events_between(&self, after: i64, last: i64) -> Result<u64, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::events_between(connection, after, last))
    }

    async fn blob_owners(
        &self,
        kind: BlobKind,
        after: Option<&(TenantId, Uuid)>,
        limit: u32,
    ) -> Result<Vec<BlobOwner>, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::blob_owners(connection, kind, after, limit))
    }

    async fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::kept_blobs(connection))
    }

    async fn missing_since(&self, tenant: &TenantId, path: &str) -> Result<Option<Timestamp>, StoreError> {
        read!(self, tenant, connection, reconciliation::missing_since(connection, tenant, path))
    }

    async fn reconcile(&self, reconciled: &Reconciled) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, reconciliation::reconcile(connection, reconciled))
    }
}
