//! How current a catalog is.

use astroshield_astro::Epoch;
use hifitime::Unit;

/// Age of element sets, in days, beyond which SGP4 says little about them.
pub const STALE_DAYS: f64 = 30.0;
/// Days after a catalog's median epoch beyond which an epoch is not the catalog's: a wrong date, or a forecast.
pub const AHEAD_DAYS: f64 = 7.0;

/// The epochs of a catalog, as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CatalogEpochs {
    /// Median, the earlier of two.
    pub median: Epoch,
    /// Newest that is not far after the median: a single wrong date does not move it.
    pub newest: Epoch,
    /// Element sets of more than [`AHEAD_DAYS`] after the median.
    pub ahead: usize,
}

impl CatalogEpochs {
    /// Of the epochs of element sets; `None` without any.
    #[must_use]
    pub fn of(epochs: impl IntoIterator<Item = Epoch>) -> Option<Self> {
        let mut epochs: Vec<Epoch> = epochs.into_iter().collect();
        epochs.sort_unstable();
        let median = *epochs.get(epochs.len().saturating_sub(1) / 2)?;
        let limit = median + Unit::Day * AHEAD_DAYS;
        let within = epochs.partition_point(|epoch| *epoch <= limit);
        let newest = *epochs.get(within.checked_sub(1)?)?;
        Some(Self { median, newest, ahead: epochs.len() - within })
    }

    /// Days from the median epoch to a time.
    #[must_use]
    pub fn age_days(&self, now: Epoch) -> f64 {
        (now - self.median).to_unit(Unit::Day)
    }

    /// Whether the median epoch is more than [`STALE_DAYS`] away.
    #[must_use]
    pub fn is_stale(&self, now: Epoch) -> bool {
        self.age_days(now).abs() > STALE_DAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_wrong_date_does_not_move_the_newest_epoch() {
        let day = |day| Epoch::from_gregorian_utc_at_midnight(2026, 1, day);
        let wrong = Epoch::from_gregorian_utc_at_midnight(2062, 1, 1);
        let epochs = CatalogEpochs::of([day(3), wrong, day(1), day(2)]).unwrap();
        assert_eq!((epochs.median, epochs.newest, epochs.ahead), (day(2), day(3), 1));
        assert!(
            !epochs.is_stale(day(30)) && epochs.is_stale(Epoch::from_gregorian_utc_at_midnight(2026, 2, 2))
        );
        assert_eq!(CatalogEpochs::of([]), None);
    }
}
