//! Greenwich sidereal time at the epoch, in the two forms that SGP4 implementations use.

use super::Mode;
use super::constants::TWO_PI;
use hifitime::Epoch;

/// 1949-12-31T00:00 UTC ("0 January 1950", JD 2433281.5), in days since 1900-01-01T00:00 UTC.
const JANUARY_0_1950_DAYS: i128 = 18_261;

/// Julian date of 1949-12-31T00:00 UTC.
const JANUARY_0_1950_JD: f64 = 2_433_281.5;

const NANOSECONDS_PER_DAY: i128 = 86_400_000_000_000;

/// Days of UTC since 1949-12-31T00:00, the time argument of the theory's epoch quantities.
pub(super) fn days_since_1950(epoch: Epoch) -> f64 {
    let ns = epoch.to_utc_duration().total_nanoseconds() - JANUARY_0_1950_DAYS * NANOSECONDS_PER_DAY;
    let (days, rest) = (ns.div_euclid(NANOSECONDS_PER_DAY), ns.rem_euclid(NANOSECONDS_PER_DAY));
    days as f64 + rest as f64 / NANOSECONDS_PER_DAY as f64
}

/// Greenwich sidereal time, in radians within [0, 2 pi), at `days_since_1950` (UTC taken for UT1).
pub(super) fn greenwich(days_since_1950: f64, mode: Mode) -> f64 {
    let angle = match mode {
        Mode::Afspc => spacetrack_1970(days_since_1950),
        Mode::Improved => iau_1982(days_since_1950),
    };
    let wrapped = angle % TWO_PI;
    if wrapped < 0.0 { wrapped + TWO_PI } else { wrapped }
}

/// Sidereal time counted from 1970 January 0, as Spacetrack Report #3 (`THETAG`) and the operational code
/// have it; AIAA 2006-6753, `initl` (opsmode 'a').
fn spacetrack_1970(days_since_1950: f64) -> f64 {
    /// Sidereal time at 1970 January 0, 0 h, in radians.
    const THETA_1970: f64 = 1.732_134_385_650_937_4;
    /// Advance of sidereal time in one day beyond a whole turn, in radians.
    const EXCESS_PER_DAY: f64 = 1.720_279_169_407_036_4e-2;
    /// Secular acceleration, in radians per day^2.
    const ACCELERATION: f64 = 5.075_514_194_322_695e-15;

    let days = days_since_1950 - 7305.0;
    let whole = (days + 1.0e-8).floor();
    let fraction = days - whole;
    THETA_1970 + EXCESS_PER_DAY * whole + (EXCESS_PER_DAY + TWO_PI) * fraction + days * days * ACCELERATION
}

/// Greenwich mean sidereal time of 1982; Vallado, *Fundamentals of Astrodynamics*, 2004, eq. 3-45.
fn iau_1982(days_since_1950: f64) -> f64 {
    let centuries = (days_since_1950 + JANUARY_0_1950_JD - 2_451_545.0) / 36_525.0;
    let seconds = -6.2e-6 * centuries * centuries * centuries
        + 0.093_104 * centuries * centuries
        + (876_600.0 * 3600.0 + 8_640_184.812_866) * centuries
        + 67_310.548_41;
    seconds.to_radians() / 240.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_january_0_1950() {
        assert_eq!(
            days_since_1950(Epoch::from_gregorian_utc_at_midnight(1950, 1, 1)).to_bits(),
            1.0_f64.to_bits()
        );
        // Vallado's example 3-5: 1992-08-20T12:14 UT1, JD 2448855.009722.
        let epoch = Epoch::from_gregorian_utc(1992, 8, 20, 12, 14, 0, 0);
        assert!((days_since_1950(epoch) + JANUARY_0_1950_JD - 2_448_855.009_722).abs() < 5e-7);
    }

    /// Vallado, *Fundamentals of Astrodynamics*, example 3-5: 152.578 787 886 deg at 1992-08-20T12:14 UT1.
    #[test]
    fn sidereal_time_agrees_with_vallado_example_3_5() {
        let days = days_since_1950(Epoch::from_gregorian_utc(1992, 8, 20, 12, 14, 0, 0));
        let degrees = greenwich(days, Mode::Improved).to_degrees();
        assert!((degrees - 152.578_787_886).abs() < 1e-6, "{degrees}");
    }

    /// The two expressions are fits of the same angle: they stay within a few arc seconds for decades.
    #[test]
    fn both_expressions_agree_to_arc_seconds() {
        for days in [7400.25, 12_000.5, 18_262.0, 22_000.75, 27_000.125] {
            let difference = greenwich(days, Mode::Afspc) - greenwich(days, Mode::Improved);
            assert!(difference.abs() < 3e-5, "{difference} rad at {days}");
        }
    }
}
