//! Precession of 1976, the IAU theory of the FK5.

use nalgebra::Matrix3;

use super::ARCSEC_RAD;
use super::rotation::{about_y, about_z};

/// Rotation from the mean equator and equinox of J2000.0 (EME2000) to those of date (MOD), for a time in Julian
/// centuries of TT since J2000.0.
///
/// P = R3(-z) R2(theta) R3(-zeta). Good within a few centuries of J2000.0; the theory's rate in longitude is now
/// known to be 0.3 arcsec per century too large.
///
/// Source: Lieske, Astronomy and Astrophysics 73, 282 (1979), equations 6 and 7, from J2000.0.
pub(super) fn precession_1976(centuries_tt: f64) -> Matrix3<f64> {
    let t = centuries_tt;
    let zeta = (2_306.218_1 + (0.301_88 + 0.017_998 * t) * t) * t * ARCSEC_RAD;
    let z = (2_306.218_1 + (1.094_68 + 0.018_203 * t) * t) * t * ARCSEC_RAD;
    let theta = (2_004.310_9 + (-0.426_65 - 0.041_833 * t) * t) * t * ARCSEC_RAD;
    about_z(-z) * about_y(theta) * about_z(-zeta)
}
