//! The calls about events, their consumers, and leases.

use std::time::Duration;

use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::lease::Lease;
use astroshield_domain::ports::{EventStore, StoreError};
use async_trait::async_trait;
use tracing::Instrument as _;

use super::super::{ThisStore, events, leases};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl EventStore for ThisStore {
    async fn sequence_events(&self, limit: u32) -> Result<Vec<Published>, StoreError> {
        let sequenced: Result<Vec<Published>, StoreError> =
            write!(self, Whose::Everybody, connection, events::sequence_events(connection, limit));
        if let Ok(published) = &sequenced {
            self.told(published).await;
        }
        sequenced
    }

    async fn sequence_events_under(&self, lease: &Lease, limit: u32) -> Result<Vec<Published>, StoreError> {
        let sequenced: Result<Vec<Published>, StoreError> =
            write!(self, Whose::Everybody, connection, leases::sequence_events(connection, lease, limit));
        if let Ok(published) = &sequenced {
            self.told(published).await;
        }
        sequenced
    }

    async fn events_after(
        &self,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError> {
        read!(
            self,
            Whose::Everybody,
            connection,
            events::events_after(connection, None, position, topics, limit)
        )
    }

    async fn events_seen_by(
        &self,
        tenant: &TenantId,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError> {
        // Not of a reader, which may lag behind what others were told.
        read!(
            self,
            Whose::Everybody,
            connection,
            events::events_after(connection, Some(tenant), position, topics, limit)
        )
    }

    async fn last_position(&self) -> Result<i64, StoreError> {
        read!(self, Whose::Everybody, connection, events::last_position(connection))
    }

    async fn oldest_position(&self) -> Result<i64, StoreError> {
        read!(self, Whose::Everybody, connection, events::oldest_position(connection))
    }

    async fn consumer_position(&self, consumer: &str) -> Result<i64, StoreError> {
        read!(self, Whose::Everybody, connection, events::consumer_position(connection, consumer))
    }

    async fn advance_consumer(&self, consumer: &str, position: i64) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, events::advance_consumer(connection, consumer, position))
    }

    async fn take_lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        write!(self, Whose::Everybody, connection, leases::take(connection, name, holder, ttl))
    }

    async fn give_lease_back(&self, lease: &Lease) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, leases::give_back(connection, lease))
    }
}
