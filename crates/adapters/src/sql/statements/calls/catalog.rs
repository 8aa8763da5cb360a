//! The calls about element sets and objects.

use astroshield_domain::catalog::{
    ElementSet, ElementSetPlace, Ingest, IngestSummary, ObjectQuery, SatcatEntry, SpaceObject,
};
use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::ports::{CatalogStore, Continued, Page, StoreError};
use astroshield_formats::CatalogNumber;
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, catalog, objects};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl CatalogStore for ThisStore {
    async fn ingest(&self, ingest: &Ingest, causes: &[EventId]) -> Result<IngestSummary, StoreError> {
        write_events!(self, &ingest.tenant, connection, catalog::ingest(connection, ingest, causes))
    }

    async fn put_satcat(&self, entries: &[SatcatEntry]) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, objects::put_satcat(connection, entries))
    }

    async fn catalog_as_of(
        &self,
        tenant: &TenantId,
        as_of: Timestamp,
    ) -> Result<Vec<ElementSet>, StoreError> {
        read!(self, tenant, connection, catalog::catalog_as_of(connection, tenant, as_of))
    }

    async fn current_element_sets(
        &self,
        tenant: &TenantId,
        after: Option<CatalogNumber>,
        limit: u32,
    ) -> Result<Page<ElementSet>, StoreError> {
        read!(self, tenant, connection, catalog::current_element_sets(connection, tenant, after, limit))
    }

    async fn catalog_age(&self, tenant: &TenantId) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        read!(self, tenant, connection, catalog::catalog_age(connection, tenant))
    }

    async fn decayed(&self, tenant: &TenantId) -> Result<Vec<(CatalogNumber, String)>, StoreError> {
        read!(self, tenant, connection, objects::decayed(connection, tenant))
    }

    async fn objects(&self, tenant: &TenantId, query: &ObjectQuery) -> Result<Page<SpaceObject>, StoreError> {
        look!(self, tenant, connection, [tenant, query], objects::objects(connection, tenant, query))
    }

    async fn object(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
    ) -> Result<Option<SpaceObject>, StoreError> {
        look!(self, tenant, connection, [tenant], objects::object(connection, tenant, number))
    }

    async fn element_history(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
        after: Option<&ElementSetPlace>,
        limit: u32,
    ) -> Result<Continued<ElementSet, ElementSetPlace>, StoreError> {
        read!(self, tenant, connection, catalog::element_history(connection, tenant, number, after, limit))
    }
}
