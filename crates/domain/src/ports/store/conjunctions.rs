//! The part of the store about conjunctions.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Continued, Page, StoreError};
use crate::access::AuditEntry;
use crate::changes::{Changes, ChangesQuery, TrendPoint};
use crate::conjunction::{Conjunction, ConjunctionQuery, HistoryEntry};
use crate::ids::{ConjunctionId, TenantId};
use crate::note::{Handled, HandledPlace, Note};

/// Conjunctions: which there are, what became of them, and what is noted about them; as [`Store`](super::Store), of which
/// it is a part.
#[async_trait]
pub trait ConjunctionStore: Send + Sync + 'static {
    /// Identities of what a tenant itself has in a window, to be matched with what a run finds: identity, objects in
    /// ascending order, whether a relation, TCA and when first seen. Relations are known in every window.
    async fn known_conjunctions(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<(ConjunctionId, [u32; 2], bool, Timestamp, Timestamp)>, StoreError>;

    /// Conjunctions in the order of the query. Public ones that are superseded for the tenant are among them only if the query
    /// asks for these.
    async fn conjunctions(
        &self,
        tenant: &TenantId,
        query: &ConjunctionQuery,
    ) -> Result<Page<Conjunction>, StoreError>;

    /// One conjunction.
    async fn conjunction(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Option<Conjunction>, StoreError>;

    /// The history of a conjunction, the oldest first.
    async fn conjunction_history(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Vec<HistoryEntry>, StoreError>;

    /// How many conjunctions a query would list without a limit; where it goes on is left aside.
    async fn count_conjunctions(
        &self,
        tenant: &TenantId,
        query: &ConjunctionQuery,
    ) -> Result<u64, StoreError>;

    /// The newest [`TREND_POINTS`](crate::changes::TREND_POINTS) entries of the history of each conjunction, the oldest first.
    async fn conjunction_trends(
        &self,
        tenant: &TenantId,
        ids: &[ConjunctionId],
    ) -> Result<Vec<Vec<TrendPoint>>, StoreError>;

    /// What changed since a time. What is superseded for the tenant is left out.
    async fn conjunction_changes(
        &self,
        tenant: &TenantId,
        query: &ChangesQuery,
    ) -> Result<Changes, StoreError>;

    /// Adds a note, with [`Payload::ConjunctionNoted`](crate::event::Payload). A conflict if it is there already, or there are
    /// [`MOST_NOTES`](crate::note::MOST_NOTES) of the tenant about the conjunction.
    async fn add_note(&self, note: &Note, audit: &AuditEntry) -> Result<(), StoreError>;

    /// A tenant's own notes about a conjunction, the oldest first.
    async fn conjunction_notes(
        &self,
        tenant: &TenantId,
        conjunction: ConjunctionId,
    ) -> Result<Vec<Note>, StoreError>;

    /// Active conjunctions that the tenant has notes about, the one with the newest note first, those after a place.
    async fn handled_conjunctions(
        &self,
        tenant: &TenantId,
        after: Option<&HandledPlace>,
        limit: u32,
    ) -> Result<Continued<Handled, HandledPlace>, StoreError>;

    /// What the tenant's notes about some conjunctions come to, in no order; those without notes are left out.
    async fn handling_of(&self, tenant: &TenantId, ids: &[ConjunctionId])
    -> Result<Vec<Handled>, StoreError>;
}
