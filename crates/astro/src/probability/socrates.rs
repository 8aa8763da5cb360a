//! The assumptions that stand in for covariances and sizes when element sets are all there is.
//!
//! `CelesTrak`'s SOCRATES prints a maximum probability (`MAX_PROB`) and the scale at which it is reached
//! (`DILUTION`) for every event. Its conventions, found by reproducing published rows:
//!
//! - each object's position covariance has standard deviations in the ratio 1:3:1 along its radial,
//!   in-track and cross-track axes, in-track meaning along the velocity (for an eccentric orbit, taking the
//!   transverse axis instead misses a published row by its last digit); both objects have the same scale;
//! - the two are summed and projected on the encounter plane, of which only the aspect ratio is kept;
//! - the miss vector is laid along the major axis, and the exact 2D probability is maximized over the scale
//!   ([`super::alfano_2005_maximum`]);
//! - sizes are [`default_hard_body_radius_km`] when nothing better is known.
//!
//! The result is an upper bound under those assumptions, for awareness: not a basis for a maneuver decision.

use super::alfano_2005_maximum::{Maximum, MaximumError, maximum};
use super::covariance::Inertial;
use super::encounter::perpendicular;
use super::planar::{Principal, principal_axes};
use crate::state::State;
use nalgebra::{Matrix2x3, Matrix3};
use thiserror::Error;

/// Standard deviation along the velocity, in units of that across it.
const IN_TRACK_RATIO: f64 = 3.0;

/// Hard-body radius of a Starlink satellite, in km, as SOCRATES takes it.
const STARLINK_RADIUS_KM: f64 = 0.010;
/// Hard-body radius of anything else whose size is not known, in km, as SOCRATES takes it.
const OTHER_RADIUS_KM: f64 = 0.001;

/// Why the maximum probability cannot be had from two states.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SocratesError {
    /// One of the objects does not move: it has no in-track direction.
    #[error("an object without velocity has no in-track direction")]
    NoVelocity,
    /// The two velocities are equal: there is no encounter plane.
    #[error("no relative velocity: the encounter plane is not defined")]
    NoRelativeVelocity,
    /// The miss distance or the radius is outside its domain.
    #[error("maximum probability is not defined")]
    Maximum(#[source] MaximumError),
}

/// Radius of the sphere that encloses an object, in km, by its name, where no measured size is at hand:
/// 10 m for Starlink satellites (names that begin with `STARLINK`), 1 m for anything else.
///
/// These are the defaults behind the published rows of SOCRATES. For some objects it uses other sizes,
/// which are not published; a file of sizes is the better source where there is one.
#[must_use]
pub fn default_hard_body_radius_km(object_name: &str) -> f64 {
    if object_name.starts_with("STARLINK") { STARLINK_RADIUS_KM } else { OTHER_RADIUS_KM }
}

/// Ratio of the major to the minor sigma in the encounter plane of two objects with 1:3:1 covariances.
///
/// Equation: C = sum over both objects of 1 + (3^2 - 1) t t', t the unit vector along the object's velocity;
/// the ratio is the square root of that of the eigenvalues of P C P', P the projection perpendicular to the
/// relative velocity. Inertial frame, no units.
///
/// # Errors
/// [`SocratesError::NoVelocity`] for an object at rest, [`SocratesError::NoRelativeVelocity`] for equal
/// velocities.
pub fn aspect_ratio<F: Inertial>(primary: &State<F>, secondary: &State<F>) -> Result<f64, SocratesError> {
    let principal = assumed_in_plane(primary, secondary)?;
    // Rounding can leave the ratio of a circle a hair below one.
    Ok(libm::sqrt(principal.major / principal.minor).max(1.0))
}

/// Standard deviation across the velocity of each object, in km, at which the minor sigma of both together in the encounter
/// plane is `dilution_km`: what the covariance behind a maximum probability was scaled by.
///
/// # Errors
/// As [`aspect_ratio`].
pub fn assumed_sigma_km<F: Inertial>(
    primary: &State<F>,
    secondary: &State<F>,
    dilution_km: f64,
) -> Result<f64, SocratesError> {
    Ok(dilution_km / libm::sqrt(assumed_in_plane(primary, secondary)?.minor))
}

/// The position covariance that is assumed of an object, in km^2: `s^2 (1 + (3^2 - 1) t t')`, t the unit vector along its
/// velocity, s the standard deviation across it (km). Inertial frame.
///
/// # Errors
/// [`SocratesError::NoVelocity`] for an object at rest.
pub fn assumed_covariance_km2<F: Inertial>(
    state: &State<F>,
    sigma_km: f64,
) -> Result<Matrix3<f64>, SocratesError> {
    let along = state.velocity_km_s.try_normalize(0.0).ok_or(SocratesError::NoVelocity)?;
    let unit = Matrix3::identity() + along * along.transpose() * (IN_TRACK_RATIO * IN_TRACK_RATIO - 1.0);
    Ok(unit * (sigma_km * sigma_km))
}

/// Both covariances of scale 1 together, in the encounter plane.
fn assumed_in_plane<F: Inertial>(
    primary: &State<F>,
    secondary: &State<F>,
) -> Result<Principal, SocratesError> {
    let covariance = assumed_covariance_km2(primary, 1.0)? + assumed_covariance_km2(secondary, 1.0)?;
    let velocity = secondary.velocity_km_s - primary.velocity_km_s;
    let z_axis = velocity.try_normalize(0.0).ok_or(SocratesError::NoRelativeVelocity)?;
    let x_axis = perpendicular(&z_axis);
    let y_axis = z_axis.cross(&x_axis);
    let projection = Matrix2x3::from_rows(&[x_axis.transpose(), y_axis.transpose()]);
    Ok(principal_axes(&(projection * covariance * projection.transpose())))
}

/// Maximum probability of collision and its dilution for two states at their time of closest approach, as
/// SOCRATES prints them.
///
/// `combined_radius_km` is the sum of the two hard-body radii, in km; the miss distance is that of the two
/// positions. Equations: [`aspect_ratio`], [`maximum`].
///
/// Objects that touch have probability 1 at dilution 0 whatever their velocities: docked ones have no
/// encounter plane.
///
/// # Errors
/// [`SocratesError`] when the plane, the axes or the maximum do not exist.
pub fn maximum_probability<F: Inertial>(
    primary: &State<F>,
    secondary: &State<F>,
    combined_radius_km: f64,
) -> Result<Maximum, SocratesError> {
    let miss_distance_km = (secondary.position_km - primary.position_km).norm();
    let touching = miss_distance_km <= combined_radius_km;
    // The ratio of the axes does not matter to objects that touch.
    let aspect_ratio = if touching { 1.0 } else { aspect_ratio(primary, secondary)? };
    maximum(miss_distance_km, aspect_ratio, combined_radius_km).map_err(SocratesError::Maximum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Teme;
    use nalgebra::Vector3;

    #[test]
    fn docked_objects_of_equal_velocity_have_probability_one_and_separate_ones_no_plane() {
        let at = |x_km| State::<Teme>::new(Vector3::new(x_km, 0.0, 0.0), Vector3::new(0.0, 7.7, 0.0));
        let docked = maximum_probability(&at(6800.0), &at(6800.001), 0.002);
        assert_eq!(docked, Ok(Maximum { probability: 1.0, sigma_minor_km: 0.0 }));
        let apart = maximum_probability(&at(6800.0), &at(6800.003), 0.002);
        assert_eq!(apart, Err(SocratesError::NoRelativeVelocity));
    }
}
