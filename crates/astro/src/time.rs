//! Time scales: UTC, TAI and TT through [`hifitime`], UT1 from an observed difference.
//!
//! An [`Epoch`] knows its scale. Two traps of hifitime 4.3 are kept out here: its `J2000_REF_EPOCH` is a day
//! late, and its conversion from TAI to UTC applies a leap second some half a minute early (it compares a TAI
//! time with a table kept in UTC). Use [`to_utc`] and [`tai_minus_utc_s`], which have neither.
//!
//! The difference of two UTC epochs counts days of 86,400 seconds, as element sets and Julian dates do: a leap
//! second between them is not counted. The second 23:59:60 itself cannot be told from 23:59:59.

use hifitime::leap_seconds::LatestLeapSeconds;
use hifitime::{Duration, Epoch, TimeScale};

const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;
const SECONDS_PER_DAY: f64 = 86_400.0;
const NANOSECONDS_PER_DAY: i128 = 86_400 * NANOSECONDS_PER_SECOND;
pub(crate) const DAYS_PER_JULIAN_CENTURY: f64 = 36_525.0;

/// Nanoseconds from 1900-01-01T00:00, where hifitime counts from, to 2000-01-01T12:00: 36,524.5 days.
const J2000_SINCE_1900_NS: i128 = 36_524 * NANOSECONDS_PER_DAY + NANOSECONDS_PER_DAY / 2;

/// TAI - UTC in seconds at an epoch: the number of leap seconds so far, plus 10.
///
/// Before 1972-01-01, where UTC ran at other rates, it is 0: an epoch so old is taken as it is written.
/// Source: IERS Bulletin C, up to 2017-01-01 (37 s) and none announced since.
#[must_use]
pub fn tai_minus_utc_s(epoch: Epoch) -> f64 {
    if epoch.time_scale == TimeScale::UTC {
        // Here hifitime compares a UTC time with its UTC table, which is right.
        return (epoch.to_tai_duration() - epoch.duration).to_seconds();
    }
    let tai_s = epoch.to_tai_duration().to_seconds();
    LatestLeapSeconds::default()
        .rev()
        .filter(|leap| leap.announced_by_iers)
        .find(|leap| tai_s >= leap.timestamp_tai_s + leap.delta_at)
        .map_or(0.0, |leap| leap.delta_at)
}

/// The same instant, counted in UTC.
#[must_use]
pub fn to_utc(epoch: Epoch) -> Epoch {
    if epoch.time_scale == TimeScale::UTC {
        return epoch;
    }
    let utc = epoch.to_tai_duration() - Duration::from_seconds(tai_minus_utc_s(epoch));
    Epoch::from_duration(utc, TimeScale::UTC)
}

/// Julian centuries of TT since J2000.0 (2000-01-01T12:00 TT), the argument of the precession and nutation theories.
#[must_use]
pub fn julian_centuries_tt(epoch: Epoch) -> f64 {
    let since_j2000_ns = epoch.to_tt_duration().total_nanoseconds() - J2000_SINCE_1900_NS;
    let (days, remainder) = whole_days(since_j2000_ns);
    (days + remainder / SECONDS_PER_DAY) / DAYS_PER_JULIAN_CENTURY
}

/// An instant in UT1, the angle of the Earth's rotation expressed as a time.
///
/// Day and second are apart because a Julian date in one `f64` resolves no better than 40 microseconds,
/// in which the equator turns by 2 cm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ut1 {
    days_since_j2000: f64,
    seconds: f64,
}

impl Ut1 {
    /// UT1 of an epoch, given UT1 - UTC in seconds as the IERS publishes it (below 0.9 s in size).
    #[must_use]
    pub fn new(epoch: Epoch, ut1_minus_utc_s: f64) -> Self {
        let since_j2000_ns = to_utc(epoch).duration.total_nanoseconds() - J2000_SINCE_1900_NS;
        let (days_since_j2000, seconds) = whole_days(since_j2000_ns);
        Self { days_since_j2000, seconds: seconds + ut1_minus_utc_s }
    }

    /// Julian centuries of UT1 since 2000-01-01T12:00 UT1.
    #[must_use]
    pub fn julian_centuries(self) -> f64 {
        (self.days_since_j2000 + self.seconds / SECONDS_PER_DAY) / DAYS_PER_JULIAN_CENTURY
    }

    /// Seconds since the last noon of UTC, which may run below 0 or beyond 86,400 by UT1 - UTC.
    pub(crate) fn seconds_since_noon(self) -> f64 {
        self.seconds
    }
}

/// Whole days, and the seconds left over, of a count of nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "both counts are far below 2^53")]
fn whole_days(nanoseconds: i128) -> (f64, f64) {
    let days = nanoseconds.div_euclid(NANOSECONDS_PER_DAY);
    let remainder = nanoseconds.rem_euclid(NANOSECONDS_PER_DAY);
    (days as f64, remainder as f64 / 1e9)
}
