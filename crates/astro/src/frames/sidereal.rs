//! Sidereal time of the FK5 system.

use core::f64::consts::TAU;

use super::ARCSEC_RAD;
use super::nutation_1980::Nutation;
use crate::time::Ut1;

/// Greenwich mean sidereal time of 1982, in radians, within [0, 2 pi).
///
/// GMST = UT1 + 24110.54841 s + 8640184.812866 s T + 0.093104 s T^2 - 6.2e-6 s T^3, where UT1 is the time of day
/// and T is counted in Julian centuries of UT1 since 2000-01-01T12:00 UT1. This is the angle that SGP4's frame
/// TEME is tied to.
///
/// Source: Aoki et al., Astronomy and Astrophysics 105, 359 (1982), equation 14.
#[must_use]
pub fn gmst_1982_rad(ut1: Ut1) -> f64 {
    let t = ut1.julian_centuries();
    // The time of day counts from noon here, and from midnight in the formula.
    let seconds = (24_110.548_41 - 43_200.0)
        + ut1.seconds_since_noon()
        + (8_640_184.812_866 + (0.093_104 - 6.2e-6 * t) * t) * t;
    let angle = libm::fmod(seconds, 86_400.0) * (TAU / 86_400.0);
    if angle < 0.0 { angle + TAU } else { angle }
}

/// Equation of the equinoxes of 1994, in radians: apparent less mean sidereal time.
///
/// dpsi cos(eps0) + 0.00264" sin(Omega) + 0.000063" sin(2 Omega). The last two terms, which the IERS takes since
/// 1997-02-27, are taken at all dates; without them TEME would differ by up to 9 cm in low orbit.
///
/// Source: IAU resolution C7, recommendation 3 (1994); Capitaine and Gontier, Astronomy and Astrophysics 275, 645 (1993).
pub(super) fn equation_of_equinoxes_1994_rad(nutation: &Nutation) -> f64 {
    let node = nutation.lunar_node_rad;
    nutation.longitude_rad * libm::cos(nutation.mean_obliquity_rad)
        + (0.002_64 * libm::sin(node) + 0.000_063 * libm::sin(2.0 * node)) * ARCSEC_RAD
}
