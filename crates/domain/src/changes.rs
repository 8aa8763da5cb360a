//! What became of conjunctions: since a time, and from run to run.

use jiff::Timestamp;

use crate::conjunction::{Conjunction, HistoryEntry};
use crate::ids::WatchListId;

/// A conjunction is raised whose leading probability is so many times what it was: a step of the scales that operators
/// decide by, which are powers of ten.
pub const RAISED_BY: f64 = 10.0;

/// How many conjunctions are held against what was known of them, the most probable first. Of what is less probable than
/// all of these, nobody is told that it was raised.
pub const COMPARED: u32 = 1_000;

/// Most points of a trend.
pub const TREND_POINTS: u32 = 20;

/// What a run said of a conjunction, in short.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendPoint {
    /// When.
    pub at: Timestamp,
    /// The probability with covariances, else the largest.
    pub leading_probability: f64,
    /// The largest, whether or not covariances were known.
    pub maximum_probability: f64,
    /// Miss distance, in km.
    pub miss_distance_km: f64,
}

impl TrendPoint {
    /// Whether a later leading probability is raised against this one. One that is a bound has to be raised against the bound,
    /// too: against a probability from covariances it would seem raised where only these are not known any more.
    #[must_use]
    pub fn is_raised_by(&self, leading_probability: f64, is_bound: bool) -> bool {
        let is_raised =
            |before: f64| leading_probability > before && leading_probability >= RAISED_BY * before;
        is_raised(self.leading_probability) && (!is_bound || is_raised(self.maximum_probability))
    }
}

impl From<&HistoryEntry> for TrendPoint {
    fn from(entry: &HistoryEntry) -> Self {
        let solution = &entry.solution;
        Self {
            at: entry.at,
            leading_probability: solution.probability.unwrap_or(solution.maximum_probability),
            maximum_probability: solution.maximum_probability,
            miss_distance_km: solution.miss_distance_km,
        }
    }
}

/// Which changes to tell of; never of relations.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangesQuery {
    /// What was there by this time is known.
    pub since: Timestamp,
    /// Of objects on this watch list.
    pub watch_list: Option<WatchListId>,
    /// Leading probability at least.
    pub min_probability: Option<f64>,
    /// At most so many of each kind.
    pub limit: u32,
}

/// What changed since a time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// Active ones that no run had found by then, the most probable first.
    pub new: Vec<Conjunction>,
    /// Active ones that are [`RAISED_BY`] times as probable as they were then, the most probable first; each with what it was.
    pub raised: Vec<(Conjunction, TrendPoint)>,
    /// Those that were cleared after it, and are still, by TCA.
    pub cleared: Vec<Conjunction>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_raised_against_the_bound_only() {
        let point = |leading_probability| TrendPoint {
            at: Timestamp::UNIX_EPOCH,
            leading_probability,
            maximum_probability: 1e-4,
            miss_distance_km: 1.0,
        };
        let (known, bound) = (point(1e-7), point(1e-4));
        assert!(!known.is_raised_by(1e-4, true), "the covariances are not known any more");
        assert!(known.is_raised_by(1e-6, false));
        for before in [known, bound] {
            assert!(before.is_raised_by(1e-3, true));
            assert!(before.is_raised_by(1e-3, false), "more than could be before");
        }
        assert!(!bound.is_raised_by(9e-4, true) && !bound.is_raised_by(9e-4, false));
    }
}
