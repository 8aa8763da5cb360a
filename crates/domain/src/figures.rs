//! Figures of the store for those who watch over the service: one call, cheap enough to be made every few seconds.

use jiff::Timestamp;

use crate::alert::Severity;
use crate::conjunction::ConjunctionStatus;

/// Probability from which on a collision calls for action: NASA CARA's red threshold, 1e-4.
pub const HIGH_PROBABILITY: f64 = 1e-4;

/// Probability below which a collision is no concern: NASA CARA's green threshold, 1e-7.
pub const LOW_PROBABILITY: f64 = 1e-7;

/// What kind of conjunction, by its leading probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConjunctionClass {
    /// Below [`LOW_PROBABILITY`].
    Low,
    /// Between the two.
    Medium,
    /// [`HIGH_PROBABILITY`] and above.
    High,
    /// The two never part: docked, in formation, or the same object under two numbers.
    Relation,
}

impl ConjunctionClass {
    /// Its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Relation => "relation",
        }
    }
}

/// Conjunctions of a status and class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConjunctionCount {
    /// Class.
    pub class: ConjunctionClass,
    /// Status.
    pub status: ConjunctionStatus,
    /// How many, of every tenant.
    pub count: u64,
}

/// What the store holds and how far everybody is, of every tenant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Conjunctions to come, by class and status; those that there are none of may be left out.
    pub conjunctions: Vec<ConjunctionCount>,
    /// Alerts that are not resolved, by severity; those that there are none of may be left out.
    pub unresolved_alerts: Vec<(Severity, u64)>,
    /// Messages to be tried.
    pub deliveries_due: u64,
    /// Since when the longest of them could have been tried.
    pub deliveries_due_since: Option<Timestamp>,
    /// Messages that were given up and are not forgotten.
    pub deliveries_failed: u64,
    /// When the newest public element set arrived.
    pub catalog_arrived: Option<Timestamp>,
    /// The newest epoch of the catalog.
    pub catalog_epoch: Option<Timestamp>,
    /// When a screening of the public catalog last completed.
    pub screened: Option<Timestamp>,
    /// Since when something of the public catalog waits for a screening that completes.
    pub unscreened_since: Option<Timestamp>,
    /// Screenings that are not ended.
    pub runs_running: u64,
    /// Events that are committed and not published.
    pub outbox: u64,
    /// The oldest of them.
    pub outbox_since: Option<Timestamp>,
    /// The newest position on the bus.
    pub last_position: i64,
    /// Where each consumer is.
    pub consumers: Vec<(String, i64)>,
}
