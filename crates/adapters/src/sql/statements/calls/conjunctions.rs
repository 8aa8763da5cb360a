//! The calls about conjunctions.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::changes::{Changes, ChangesQuery, TrendPoint};
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery, HistoryEntry};
use astroshield_domain::ids::{ConjunctionId, TenantId};
use astroshield_domain::note::{Handled, HandledPlace, Note};
use astroshield_domain::ports::{ConjunctionStore, Continued, Page, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, changes, conjunctions, notes};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl ConjunctionStore for ThisStore {
    async fn known_conjunctions(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<(ConjunctionId, [u32; 2], bool, Timestamp, Timestamp)>, StoreError> {
        read!(self, tenant, connection, conjunctions::known_conjunctions(connection, tenant, window))
    }

    async fn conjunctions(
        &self,
        tenant: &TenantId,
        query: &ConjunctionQuery,
    ) -> Result<Page<Conjunction>, StoreError> {
        look!(
            self,
            tenant,
            connection,
            [tenant, query],
            conjunctions::conjunctions(connection, tenant, query)
        )
    }

    async fn conjunction(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Option<Conjunction>, StoreError> {
        look!(self, tenant, connection, [tenant], conjunctions::conjunction(connection, tenant, id))
    }

    async fn conjunction_history(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        look!(self, tenant, connection, [tenant], conjunctions::conjunction_history(connection, tenant, id))
    }

    async fn count_conjunctions(
        &self,
        tenant: &TenantId,
        query: &ConjunctionQuery,
    ) -> Result<u64, StoreError> {
        look!(self, tenant, connection, [tenant, query], conjunctions::count(connection, tenant, query))
    }

    async fn conjunction_trends(
        &self,
        tenant: &TenantId,
        ids: &[ConjunctionId],
    ) -> Result<Vec<Vec<TrendPoint>>, StoreError> {
        look!(self, tenant, connection, [tenant, ids], changes::trends(connection, tenant, ids))
    }

    async fn conjunction_changes(
        &self,
        tenant: &TenantId,
        query: &ChangesQuery,
    ) -> Result<Changes, StoreError> {
        look!(self, tenant, connection, [tenant, query], changes::changes(connection, tenant, query))
    }

    async fn add_note(&self, note: &Note, audit: &AuditEntry) -> Result<(), StoreError> {
        write_events!(self, Whose::of(&note.tenant, audit), connection, notes::add(connection, note, audit))
    }

    async fn conjunction_notes(
        &self,
        tenant: &TenantId,
        conjunction: ConjunctionId,
    ) -> Result<Vec<Note>, StoreError> {
        read!(self, tenant, connection, notes::notes(connection, tenant, conjunction))
    }

    async fn handled_conjunctions(
        &self,
        tenant: &TenantId,
        after: Option<&HandledPlace>,
        limit: u32,
    ) -> Result<Continued<Handled, HandledPlace>, StoreError> {
        let after = after.copied();
        look!(self, tenant, connection, [tenant], notes::handled(connection, tenant, after.as_ref(), limit))
    }

    async fn handling_of(
        &self,
        tenant: &TenantId,
        ids: &[ConjunctionId],
    ) -> Result<Vec<Handled>, StoreError> {
        look!(self, tenant, connection, [tenant, ids], notes::of_conjunctions(connection, tenant, ids))
    }
}
