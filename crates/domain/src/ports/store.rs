//! The store.

mod access;
mod alerts;
mod catalog;
mod conjunctions;
mod days;
mod events;
mod inbound;
mod organizations;
mod reconciliation;
mod runs;
mod silence;
mod upkeep;
mod watching;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;

pub use self::access::AccessStore;
pub use self::alerts::AlertStore;
pub use self::catalog::CatalogStore;
pub use self::conjunctions::ConjunctionStore;
pub use self::days::DayStore;
pub use self::events::EventStore;
pub use self::inbound::{InboundStore, RequestLimit, TooManyRequests};
pub use self::organizations::OrganizationStore;
pub use self::reconciliation::ReconciliationStore;
pub use self::runs::{RunStore, RunUpdate};
pub use self::silence::SilenceStore;
pub use self::upkeep::{Prunable, UpkeepStore};
pub use self::watching::WatchingStore;
use crate::figures::Figures;
use crate::ids::EventId;

/// Why the store did not do what was asked. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The consumer has dealt with this event already.
    #[error("{consumer} has dealt with event {event} already")]
    AlreadyConsumed {
        /// The consumer.
        consumer: &'static str,
        /// The event.
        event: EventId,
    },
    /// What was to be changed is not there, or is another tenant's.
    #[error("no such {kind}: {id}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// What was to be written contradicts what is there.
    #[error("{reason}")]
    Conflict {
        /// The contradiction.
        reason: String,
    },
    /// No room, no right, or no connection: the same call may go through later.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// The reason.
        reason: String,
        /// What lies behind it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Rows that this program cannot have written, or a statement that is wrong.
    #[error("the store is damaged or of another version: {reason}")]
    Corrupt {
        /// The reason.
        reason: String,
        /// What lies behind it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// A part of a list that is cut at places.
#[derive(Debug, Clone, PartialEq)]
pub struct Continued<T, P> {
    /// The rows.
    pub rows: Vec<T>,
    /// The place of the last one, if there are more.
    pub next: Option<P>,
}

/// Everything that must not be lost.
///
/// Each call is one transaction. What it writes is durable when it returns well, and its events are in the outbox with it; when it
/// fails, nothing of it is there. Calls for a tenant see that tenant's rows and the public ones; what users set up or are told
/// (watch lists, rules, webhooks, deliveries, keys, the audit log, answers) and ephemerides only that tenant's. Writes reach
/// that tenant's rows only.
///
/// Each part has a trait of its own. A `dyn Store` has the calls of all of them; of another type, those of the traits that are in
/// scope.
#[async_trait]
pub trait Store:
    AccessStore
    + AlertStore
    + CatalogStore
    + ConjunctionStore
    + DayStore
    + EventStore
    + InboundStore
    + OrganizationStore
    + ReconciliationStore
    + RunStore
    + SilenceStore
    + UpkeepStore
    + WatchingStore
{
    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether the store takes a write that lasts; it changes nothing. Where a disk is full or takes no writes, reading still
    /// works.
    async fn try_write(&self) -> Result<(), StoreError>;

    /// Notified after each commit through this store that may have put events into the outbox.
    fn outbox(&self) -> Arc<Notify>;

    /// What there is and how far everybody is, as of a time.
    async fn figures(&self, now: Timestamp) -> Result<Figures, StoreError>;
}
