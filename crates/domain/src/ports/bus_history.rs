//! What a bus knows beside the store.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::BusError;
use crate::event::Published;

/// Where a consumer is on a part of the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BusPlace {
    /// The consumer.
    pub consumer: String,
    /// The part.
    pub partition: i32,
    /// The next message for it; nothing if it never dealt with any.
    pub committed: Option<i64>,
    /// The oldest message that is kept.
    pub oldest: i64,
    /// One more than the newest one.
    pub end: i64,
}

/// A bus that remembers what the store may have forgotten: after a restore of the store, it is ahead of it.
#[async_trait]
pub trait BusHistory: Send + Sync {
    /// Consumers that processes are connected as.
    async fn in_use(&self) -> Result<Vec<String>, BusError>;

    /// Where each consumer is.
    async fn places(&self) -> Result<Vec<BusPlace>, BusError>;

    /// The events that were published since a time, as far as they are kept; all of them without a time.
    async fn published_since(&self, since: Option<Timestamp>) -> Result<Vec<Published>, BusError>;

    /// Moves every consumer past all that was published so far. None of them may be in use.
    async fn pass_all(&self) -> Result<(), BusError>;
}
