//! The part of the store about what comes in.

use std::time::Duration;

use astroshield_formats::CatalogNumber;
use async_trait::async_trait;
use jiff::Timestamp;

use super::{Page, StoreError};
use crate::access::AuditEntry;
use crate::catalog::{Ingest, IngestSummary};
use crate::conjunction::{CdmIdentity, ReceivedCdm};
use crate::event::Event;
use crate::feed::{FeedStatus, OperatorEphemeris, Upload};
use crate::ids::{ConjunctionId, TenantId, UploadId};

/// How often a host may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimit {
    /// Most requests.
    pub requests: u32,
    /// In so much time.
    pub within: Duration,
}

/// A request that would be one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyRequests {
    /// The limit that it would break.
    pub limit: RequestLimit,
    /// How long it has to wait.
    pub wait: Duration,
}

/// What comes from outside: feeds and the requests that they take, uploads, ephemerides, conjunction messages; as
/// [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait InboundStore: Send + Sync + 'static {
    /// Counts a request of now to a host that wants few of them, whichever process makes it. One that would be more than a
    /// limit allows is not counted, and has to wait.
    async fn count_request(
        &self,
        host: &str,
        now: Timestamp,
        limits: &[RequestLimit],
    ) -> Result<Option<TooManyRequests>, StoreError>;

    /// What is known of every feed that was ever asked.
    async fn feeds(&self) -> Result<Vec<FeedStatus>, StoreError>;

    /// What a feed said now, with an event.
    async fn put_feed(&self, status: &FeedStatus, event: &Event) -> Result<(), StoreError>;

    /// Stores an upload, and the ephemerides and conjunction messages that it holds, with its events, and a line of the
    /// audit log if it was somebody's act.
    async fn add_upload(
        &self,
        upload: &Upload,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError>;

    /// As [`Self::add_upload`], of an upload that holds element sets: these are stored with it, as by
    /// [`CatalogStore::ingest`](super::CatalogStore::ingest).
    async fn add_upload_of_element_sets(
        &self,
        upload: &Upload,
        ingest: &Ingest,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<IngestSummary, StoreError>;

    /// Uploads, the newest first, those before one.
    async fn uploads(
        &self,
        tenant: &TenantId,
        before: Option<UploadId>,
        limit: u32,
    ) -> Result<Page<Upload>, StoreError>;

    /// One upload.
    async fn upload(&self, tenant: &TenantId, id: UploadId) -> Result<Option<Upload>, StoreError>;

    /// The newest ephemeris of each object of a tenant that had arrived by a time and covers some of a window, by object.
    async fn ephemerides_as_of(
        &self,
        tenant: &TenantId,
        as_of: Timestamp,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<OperatorEphemeris>, StoreError>;

    /// Tenants other than `public` that have a subject of their own: an ephemeris that goes on at a time, or element sets.
    async fn tenants_with_subjects(&self, at: Timestamp) -> Result<Vec<TenantId>, StoreError>;

    /// Identities of the conjunction messages that a tenant itself has with a TCA in a window, both ends included.
    async fn known_cdms(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<CdmIdentity>, StoreError>;

    /// Conjunction messages of a conjunction, the newest first: those that were received for it, and those of the same pair
    /// and time that came before it was found.
    async fn cdms_of(&self, tenant: &TenantId, id: ConjunctionId) -> Result<Vec<ReceivedCdm>, StoreError>;

    /// Conjunction messages that a tenant sees with a TCA from a time on.
    async fn cdms_from(&self, tenant: &TenantId, from: Timestamp) -> Result<Vec<ReceivedCdm>, StoreError>;

    /// The conjunction of each pair around a time, in the order of the pairs, not more than
    /// [`IDENTITY_MINUTES`](crate::conjunction::IDENTITY_MINUTES) from it: the tenant's own before a public one, an active one
    /// before others, the nearest of these.
    async fn conjunctions_at(
        &self,
        tenant: &TenantId,
        pairs: &[([CatalogNumber; 2], Timestamp)],
    ) -> Result<Vec<Option<ConjunctionId>>, StoreError>;
}
