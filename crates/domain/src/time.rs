//! Between the times of the service and the epochs of the numerics. Both are UTC in days of 86,400 seconds.

use astroshield_astro::Epoch;
use hifitime::{Duration, TimeScale};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// Nanoseconds from 1900-01-01, where epochs count from, to 1970-01-01: 25,567 days.
const UNIX_SINCE_1900_NS: i128 = 25_567 * 86_400 * 1_000_000_000;

/// The epoch of a time.
#[must_use]
pub fn to_epoch(time: Timestamp) -> Epoch {
    let since_1900 = Duration::from_total_nanoseconds(time.as_nanosecond() + UNIX_SINCE_1900_NS);
    Epoch::from_duration(since_1900, TimeScale::UTC)
}

/// The time of an epoch, to the nanosecond; `None` outside the years -9999 to 9999.
#[must_use]
pub fn from_epoch(epoch: Epoch) -> Option<Timestamp> {
    let since_1900_ns = astroshield_astro::time::to_utc(epoch).duration.total_nanoseconds();
    Timestamp::from_nanosecond(since_1900_ns - UNIX_SINCE_1900_NS).ok()
}

/// A time without what is finer than a microsecond, which not every store keeps.
#[must_use]
pub fn to_microsecond(time: Timestamp) -> Timestamp {
    let options = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Floor);
    time.round(options).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_same_as_epochs_and_back() {
        let time: Timestamp = "2026-03-09T18:00:00.123456789Z".parse().unwrap();
        let epoch = to_epoch(time);
        assert_eq!(epoch, Epoch::from_gregorian_utc(2026, 3, 9, 18, 0, 0, 123_456_789));
        assert_eq!(from_epoch(epoch), Some(time));
        assert_eq!(from_epoch(epoch.to_time_scale(TimeScale::TAI)), Some(time));
    }

    #[test]
    fn what_is_finer_than_a_microsecond_is_cut() {
        let time: Timestamp = "2026-03-09T18:00:00.123456789Z".parse().unwrap();
        assert_eq!(to_microsecond(time).to_string(), "2026-03-09T18:00:00.123456Z");
    }
}
