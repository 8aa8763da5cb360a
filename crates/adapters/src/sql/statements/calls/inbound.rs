//! The calls about what comes in.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::catalog::{Ingest, IngestSummary};
use astroshield_domain::conjunction::{CdmIdentity, ReceivedCdm};
use astroshield_domain::event::Event;
use astroshield_domain::feed::{FeedStatus, OperatorEphemeris, Upload};
use astroshield_domain::ids::{ConjunctionId, TenantId, UploadId};
use astroshield_domain::ports::{InboundStore, Page, RequestLimit, StoreError, TooManyRequests};
use astroshield_formats::CatalogNumber;
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, catalog, inbound, requests};
use super::call;
use crate::sql::failure::Failure;
use crate::sql::whose::Whose;

#[async_trait]
impl InboundStore for ThisStore {
    async fn count_request(
        &self,
        host: &str,
        now: Timestamp,
        limits: &[RequestLimit],
    ) -> Result<Option<TooManyRequests>, StoreError> {
        write!(self, Whose::Everybody, connection, requests::count(connection, host, now, limits))
    }

    async fn feeds(&self) -> Result<Vec<FeedStatus>, StoreError> {
        read!(self, Whose::Everybody, connection, inbound::feeds(connection))
    }

    async fn put_feed(&self, status: &FeedStatus, event: &Event) -> Result<(), StoreError> {
        write_events!(self, &event.tenant, connection, inbound::put_feed(connection, status, event))
    }

    async fn add_upload(
        &self,
        upload: &Upload,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        let held = (ephemerides, cdms);
        write_events!(
            self,
            &upload.tenant,
            connection,
            inbound::add_upload(connection, upload, held, events, audit)
        )
    }

    async fn add_upload_of_element_sets(
        &self,
        upload: &Upload,
        ingest: &Ingest,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<IngestSummary, StoreError> {
        let held = (ephemerides, cdms);
        write_events!(self, &upload.tenant, connection, async {
            let summary = catalog::ingest(connection, ingest, &[]).await?;
            inbound::add_upload(connection, upload, held, events, audit).await?;
            Ok::<_, Failure>(summary)
        })
    }

    async fn uploads(
        &self,
        tenant: &TenantId,
        before: Option<UploadId>,
        limit: u32,
    ) -> Result<Page<Upload>, StoreError> {
        read!(self, tenant, connection, inbound::uploads(connection, tenant, before, limit))
    }

    async fn upload(&self, tenant: &TenantId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        read!(self, tenant, connection, inbound::upload(connection, tenant, id))
    }

    async fn ephemerides_as_of(
        &self,
        tenant: &TenantId,
        as_of: Timestamp,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<OperatorEphemeris>, StoreError> {
        read!(self, tenant, connection, inbound::ephemerides_as_of(connection, tenant, as_of, window))
    }

    async fn tenants_with_subjects(&self, at: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        read!(self, Whose::Everybody, connection, inbound::tenants_with_subjects(connection, at))
    }

    async fn known_cdms(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<CdmIdentity>, StoreError> {
        read!(self, tenant, connection, inbound::known_cdms(connection, tenant, window))
    }

    async fn cdms_of(&self, tenant: &TenantId, id: ConjunctionId) -> Result<Vec<ReceivedCdm>, StoreError> {
        read!(self, tenant, connection, inbound::cdms_of(connection, tenant, id))
    }

    async fn cdms_from(&self, tenant: &TenantId, from: Timestamp) -> Result<Vec<ReceivedCdm>, StoreError> {
        read!(self, tenant, connection, inbound::cdms_from(connection, tenant, from))
    }

    async fn conjunctions_at(
        &self,
        tenant: &TenantId,
        pairs: &[([CatalogNumber; 2], Timestamp)],
    ) -> Result<Vec<Option<ConjunctionId>>, StoreError> {
        read!(self, tenant, connection, inbound::conjunctions_at(connection, tenant, pairs))
    }
}
