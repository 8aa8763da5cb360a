//! The calls about upkeep.

use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Prunable, StoreError, UpkeepStore};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, make_months, upkeep};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl UpkeepStore for ThisStore {
    async fn make_room(&self, now: Timestamp) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, make_months(connection, now))
    }

    async fn tenants_with_conjunctions(&self) -> Result<Vec<TenantId>, StoreError> {
        read!(self, Whose::Everybody, connection, upkeep::tenants_with_conjunctions(connection))
    }

    async fn pass_conjunctions(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        write!(self, tenant, connection, upkeep::pass_conjunctions(connection, tenant, before, limit))
    }

    async fn prune(&self, what: Prunable, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, upkeep::prune(connection, what, before, limit))
    }

    async fn named_blobs(&self, paths: &[String]) -> Result<Vec<String>, StoreError> {
        read!(self, Whose::Everybody, connection, upkeep::named_blobs(connection, paths))
    }
}
