//! Constants of the SGP4 theory: WGS-72, and the altitudes of its drag model.
//!
//! Element sets are fitted with these values, so that no others may propagate them.
//! Source: Hoots & Roehrich, Spacetrack Report #3 (1980); Vallado et al., AIAA 2006-6753, table 1 and
//! `getgravconst` ("wgs72").

use core::f64::consts::PI;

/// One revolution, in radians.
pub(super) const TWO_PI: f64 = 2.0 * PI;

/// Minutes in a day.
pub(super) const MINUTES_PER_DAY: f64 = 1440.0;

/// Equatorial radius of the Earth (WGS-72), in km: the unit of length of the theory.
pub(super) const EARTH_RADIUS_KM: f64 = 6378.135;

/// Square root of the Earth's gravitational parameter, in Earth radii^1.5 per minute:
/// 60 / sqrt(6378.135^3 / 398600.8), with mu = 398600.8 km^3/s^2 (WGS-72).
pub(super) const XKE: f64 = 0.074_366_916_133_173_42;

/// Second zonal harmonic, not normalized (WGS-72).
pub(super) const J2: f64 = 0.001_082_616;

/// Third zonal harmonic, not normalized (WGS-72).
pub(super) const J3: f64 = -0.000_002_538_81;

/// Fourth zonal harmonic, not normalized (WGS-72).
pub(super) const J4: f64 = -0.000_001_655_97;

/// J3 / J2, the factor of the long-period periodics.
pub(super) const J3_OVER_J2: f64 = J3 / J2;

/// One Earth radius per time unit of the theory (Earth radii * xke per minute), in km/s.
pub(super) const VELOCITY_UNIT_KM_S: f64 = EARTH_RADIUS_KM * XKE / 60.0;

/// Base of the power-law atmosphere (parameter `s`): altitude above the surface, in km.
pub(super) const ATMOSPHERE_BASE_KM: f64 = 78.0;

/// Reference altitude of the power-law atmosphere (parameter `q0`), in km.
pub(super) const ATMOSPHERE_REFERENCE_KM: f64 = 120.0;

/// Longest period that is propagated without the deep-space theory, in minutes.
pub(super) const NEAR_EARTH_PERIOD_LIMIT_MIN: f64 = 225.0;

/// Below this 1 + cos(i) counts as this, so that an inclination of 180 degrees does not divide by zero
/// (`temp4` of AIAA 2006-6753).
pub(super) const RETROGRADE_EQUATORIAL_LIMIT: f64 = 1.5e-12;

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 / sqrt(R^3 / mu) with the two WGS-72 defining constants.
    #[test]
    fn xke_follows_from_radius_and_gravitational_parameter() {
        let mu_km3_s2: f64 = 398_600.8;
        let xke = 60.0 / (EARTH_RADIUS_KM.powi(3) / mu_km3_s2).sqrt();
        assert!((XKE - xke).abs() < 1e-17, "{XKE} against {xke}");
    }

    /// Spacetrack Report #3, section 13, gives XKE to nine digits.
    #[test]
    fn xke_agrees_with_spacetrack_report_3() {
        assert!((XKE - 0.743_669_161e-1).abs() < 0.5e-10);
    }

    /// A circular orbit at one Earth radius moves at sqrt(mu / R).
    #[test]
    fn velocity_unit_is_circular_speed_at_the_surface() {
        assert!((VELOCITY_UNIT_KM_S - (398_600.8_f64 / EARTH_RADIUS_KM).sqrt()).abs() < 1e-14);
    }
}
