//! Mean orbital elements of the SGP4 theory.

use hifitime::Epoch;

/// Mean elements as an element set (TLE, OMM) carries them, in the units of the OMM.
///
/// Angles and the mean motion are those of the SGP4 theory (true equator, mean equinox of epoch), the
/// mean motion is Kozai's. They are not osculating elements and no other propagator can use them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanElements {
    /// Epoch of the elements (UTC).
    pub epoch: Epoch,
    /// Mean motion after Kozai, in revolutions per day.
    pub mean_motion_rev_day: f64,
    /// Eccentricity, 0 <= e < 1.
    pub eccentricity: f64,
    /// Inclination, in degrees.
    pub inclination_deg: f64,
    /// Right ascension of the ascending node, in degrees.
    pub raan_deg: f64,
    /// Argument of perigee, in degrees.
    pub argument_of_perigee_deg: f64,
    /// Mean anomaly, in degrees.
    pub mean_anomaly_deg: f64,
    /// SGP4 drag term B*, in inverse Earth radii.
    pub bstar_inv_earth_radii: f64,
}
