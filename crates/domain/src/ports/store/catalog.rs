//! The part of the store about element sets and objects.

use astroshield_formats::CatalogNumber;
use async_trait::async_trait;
use jiff::Timestamp;

use super::{Continued, Page, StoreError};
use crate::catalog::{
    ElementSet, ElementSetPlace, Ingest, IngestSummary, ObjectQuery, SatcatEntry, SpaceObject,
};
use crate::ids::{EventId, TenantId};

/// Element sets and the objects that they belong to; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait CatalogStore: Send + Sync + 'static {
    /// Stores element sets, those that are known already left alone. An element set is known if its tenant, object, epoch and
    /// elements are. The current one of an object is that of the newest epoch not more than seven days after arrival; of
    /// equal epochs, the better grade, then the later arrival. Adds [`Payload::ElementSetsStored`](crate::event::Payload)
    /// caused by `causes` if anything was new.
    async fn ingest(&self, ingest: &Ingest, causes: &[EventId]) -> Result<IngestSummary, StoreError>;

    /// What SATCAT says, in place of what it said before of the same objects. Returns of how many it says something new.
    async fn put_satcat(&self, entries: &[SatcatEntry]) -> Result<u64, StoreError>;

    /// The current element set of every object, of what had arrived by a time, by catalog number: a tenant's own and the
    /// public ones.
    async fn catalog_as_of(&self, tenant: &TenantId, as_of: Timestamp)
    -> Result<Vec<ElementSet>, StoreError>;

    /// The current element sets of now, as [`Self::catalog_as_of`] has them, those after a catalog number.
    async fn current_element_sets(
        &self,
        tenant: &TenantId,
        after: Option<CatalogNumber>,
        limit: u32,
    ) -> Result<Page<ElementSet>, StoreError>;

    /// When the newest element set of a tenant's own arrived, and its newest epoch: that after which one in a hundred objects
    /// has its own, so that a few wrong or predicted dates do not make a catalog fresh. The public catalog is that of the
    /// tenant `public`: what somebody else has given says nothing of its age.
    async fn catalog_age(&self, tenant: &TenantId) -> Result<Option<(Timestamp, Timestamp)>, StoreError>;

    /// Objects with element sets that SATCAT says have decayed, a tenant's own and the public ones, and on which day
    /// (`2026-01-31`), by catalog number.
    async fn decayed(&self, tenant: &TenantId) -> Result<Vec<(CatalogNumber, String)>, StoreError>;

    /// Objects, by catalog number.
    async fn objects(&self, tenant: &TenantId, query: &ObjectQuery) -> Result<Page<SpaceObject>, StoreError>;

    /// One object.
    async fn object(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
    ) -> Result<Option<SpaceObject>, StoreError>;

    /// Element sets of an object, the newest epoch first, of equal epochs the better grade and then the later arrival;
    /// those after a place in this order.
    async fn element_history(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
        after: Option<&ElementSetPlace>,
        limit: u32,
    ) -> Result<Continued<ElementSet, ElementSetPlace>, StoreError>;
}
