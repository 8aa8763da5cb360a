//! The bus that carries events to consumers.

use async_trait::async_trait;

use crate::event::{Published, Topic};

/// Why the bus did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("bus: {reason}")]
pub struct BusError {
    /// The reason.
    pub reason: String,
    /// What lies behind it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Carries events. Each reaches every consumer at least once; those of one tenant in the order of their positions.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// From now on this process publishes: one that did so before cannot any more, and what it was publishing is as if it had not
    /// been, or is published.
    async fn take_over(&self) -> Result<(), BusError>;

    /// Publishes what the store has given positions to. Called by the relay only, in the order of positions; a crash may
    /// make it call again with the same events.
    async fn publish(&self, events: &[Published]) -> Result<(), BusError>;

    /// The events of some topics for a consumer, from where it last acknowledged; a new consumer starts at the first.
    async fn subscribe(
        &self,
        consumer: &'static str,
        topics: &[Topic],
    ) -> Result<Box<dyn Subscription>, BusError>;
}

/// A consumer's place on the bus.
#[async_trait]
pub trait Subscription: Send {
    /// The next event; waits for one. Safe to cancel.
    async fn next(&mut self) -> Result<Published, BusError>;

    /// All events up to this position are dealt with.
    async fn acknowledge(&mut self, position: i64) -> Result<(), BusError>;
}
