//! The part of the store about events, their consumers, and leases.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::event::{Published, Topic};
use crate::ids::TenantId;
use crate::lease::Lease;

/// Events, their consumers, and leases; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Gives events of the outbox that have none a position, in the order in which they were committed, and returns them.
    async fn sequence_events(&self, limit: u32) -> Result<Vec<Published>, StoreError>;

    /// As [`Self::sequence_events`], of whoever holds a lease: a conflict if that is somebody else by now. Nobody is given the
    /// lease before this is done.
    async fn sequence_events_under(&self, lease: &Lease, limit: u32) -> Result<Vec<Published>, StoreError>;

    /// Events that have a position after one, of some topics, in the order of positions.
    async fn events_after(
        &self,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError>;

    /// As [`Self::events_after`], those that a tenant may see: its own and public ones.
    async fn events_seen_by(
        &self,
        tenant: &TenantId,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError>;

    /// The newest position.
    async fn last_position(&self) -> Result<i64, StoreError>;

    /// The position from which on every event is there: those before it are forgotten. One more than the newest if none is
    /// there.
    async fn oldest_position(&self) -> Result<i64, StoreError>;

    /// Where a consumer is; 0 if it never was anywhere.
    async fn consumer_position(&self, consumer: &str) -> Result<i64, StoreError>;

    /// Moves a consumer on; never back.
    async fn advance_consumer(&self, consumer: &str, position: i64) -> Result<(), StoreError>;

    /// Gives the lease of something to a holder for a time from now on by the clock of the store, or lets the one who has it
    /// keep it; `None` while somebody else holds it. Everybody asks for the same time.
    async fn take_lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError>;

    /// Ends a lease; nothing if it is somebody else's by now.
    async fn give_lease_back(&self, lease: &Lease) -> Result<(), StoreError>;
}
