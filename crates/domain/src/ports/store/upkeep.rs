//! The part of the store about upkeep.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::ids::TenantId;

/// What is forgotten when it is old. Element sets, uploads and alerts are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prunable {
    /// Entries of the history of conjunctions, by when they were made.
    History,
    /// Past and cleared conjunctions with what is left of their history and what was noted about them, by TCA, and what tenants
    /// covered by then.
    Conjunctions,
    /// Runs that ended, by when; the newest completed one of each tenant and kind stays.
    Runs,
    /// Events that every consumer has passed, by when they happened.
    Events,
    /// Messages that were taken or given up, by the last attempt.
    Deliveries,
    /// Answers under idempotency keys, by when they were given.
    Answers,
    /// Lines of the audit log, by when they were written.
    Audit,
}

/// Room for what comes; what is over becomes past, and what is old is forgotten; as [`Store`](super::Store), of which it is
/// a part.
#[async_trait]
pub trait UpkeepStore: Send + Sync + 'static {
    /// Makes what has to be there before something comes: a store may keep element sets by the month. Returns how many parts were
    /// made.
    async fn make_room(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Tenants that have conjunctions, `public` among them.
    async fn tenants_with_conjunctions(&self) -> Result<Vec<TenantId>, StoreError>;

    /// Lets active conjunctions of a tenant's own become past whose TCA is before a time, at most so many. A relation goes on
    /// after its TCA: it becomes past when no run has found it for a day. Returns how many did.
    async fn pass_conjunctions(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// Forgets some of what is older than a time, in one short transaction: looks at no more than about so many rows. Returns
    /// how many went; 0 when nothing is left to forget.
    async fn prune(&self, what: Prunable, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Those of some paths of blobs that something in the store speaks of: deliveries, uploads, ephemerides, messages, and
    /// slices of runs that are not ended.
    async fn named_blobs(&self, paths: &[String]) -> Result<Vec<String>, StoreError>;
}
