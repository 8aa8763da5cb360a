//! How a process is: what it works with, and what it has measured since it started.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::metrics::Metric;
use crate::ports::StoreError;

/// Whether a process does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// All of it.
    Ready,
    /// It does, without something that it goes on without.
    Degraded,
    /// It is to be sent no requests.
    NotReady,
}

/// Something that a process works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: &'static str,
    /// Whether the process cannot do its work without it.
    pub needed: bool,
    /// What is wrong with it, in words that may be shown to anybody.
    pub problem: Option<&'static str>,
}

/// How a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// In a word.
    pub readiness: Readiness,
    /// What it works with.
    pub dependencies: Vec<Dependency>,
}

/// What a metric says under one set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Labels, by name.
    pub labels: BTreeMap<String, String>,
    /// What was measured.
    pub measured: Measured,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// Of a counter or a gauge.
    Value(f64),
    /// Of a histogram.
    Distribution(Distribution),
}

/// How many were of which size, in the unit of the metric.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distribution {
    /// How many in all.
    pub count: u64,
    /// All together.
    pub sum: f64,
    /// Upper bounds of classes, growing and finite, with how many were not larger.
    pub classes: Vec<(f64, u64)>,
}

impl Distribution {
    /// The mean; none of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The size that a share of all (0 to 1) does not exceed, taken to be spread evenly within a class, as Prometheus's
    /// `histogram_quantile` does it; none of nothing. What is above the largest bound is told as that bound.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * self.count as f64;
        let (mut bound_below, mut count_below) = (0.0, 0);
        for (bound, count) in &self.classes {
            if *count > count_below && *count as f64 >= rank {
                let part = (rank - count_below as f64) / (*count - count_below) as f64;
                return Some(bound_below + (bound - bound_below) * part.max(0.0));
            }
            (bound_below, count_below) = (*bound, *count);
        }
        self.classes.last().map(|(bound, _)| *bound)
    }
}

/// Tells how this process is.
#[async_trait]
pub trait Operations: Send + Sync {
    /// What it works with, now or a moment ago.
    async fn condition(&self) -> Condition;

    /// Every metric of [`crate::metrics::ALL`], with what was measured of it.
    ///
    /// # Errors
    /// When what the store knows of them cannot be read.
    async fn measured(&self) -> Result<Vec<(&'static Metric, Vec<Series>)>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_within_its_class_where_its_rank_does() {
        // 10 up to 0.1, 80 more up to 0.2, none up to 0.5, 9 up to 1, and one above that.
        let classes = vec![(0.1, 10), (0.2, 90), (0.5, 90), (1.0, 99)];
        let sizes = Distribution { count: 100, sum: 21.0, classes };
        assert_eq!(sizes.mean(), Some(0.21));
        let expected = [(0.05, 0.05), (0.1, 0.1), (0.5, 0.15), (0.9, 0.2), (0.99, 1.0), (1.0, 1.0)];
        for (share, size) in expected {
            let found = sizes.quantile(share).unwrap();
            assert!((found - size).abs() < 1e-12, "{share}: {found}");
        }
        // Half of the class from 0.5 to 1.
        let found = sizes.quantile(0.945).unwrap();
        assert!((found - 0.75).abs() < 1e-12, "{found}");
    }

    #[test]
    fn nothing_has_neither_mean_nor_quantile_and_what_is_in_no_class_is_told_as_the_largest_bound() {
        let nothing = Distribution { count: 0, sum: 0.0, classes: vec![(1.0, 0)] };
        assert_eq!((nothing.mean(), nothing.quantile(0.5)), (None, None));
        let above = Distribution { count: 2, sum: 200.0, classes: vec![(1.0, 0), (5.0, 0)] };
        assert_eq!((above.mean(), above.quantile(0.5)), (Some(100.0), Some(5.0)));
    }
}
