//! Two objects at their closest approach, and the plane in which they meet.

use super::covariance::{Covariance, Inertial};
use crate::state::State;
use nalgebra::{Matrix2, Matrix2x3, Vector2, Vector3};
use thiserror::Error;

/// State of one object near the time of closest approach, with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectState<F: Inertial> {
    /// Position (km) and velocity (km/s).
    pub state: State<F>,
    /// Covariance of that state, in the same frame.
    pub covariance: Covariance<F>,
}

/// Why two states make no encounter, or no encounter plane.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum EncounterError {
    /// A component of a state is not finite.
    #[error("state component is not finite: {value}")]
    NotFinite {
        /// The component.
        value: f64,
    },
    /// The combined hard-body radius is not positive and finite.
    #[error("combined hard-body radius {value_km} km is not positive and finite")]
    HardBodyRadius {
        /// The refused radius, in km.
        value_km: f64,
    },
    /// No relative velocity: there is no encounter plane, and two-dimensional methods have no meaning.
    #[error("relative speed {relative_speed_km_s} km/s is too small to define an encounter plane")]
    NoRelativeVelocity {
        /// The relative speed, in km/s.
        relative_speed_km_s: f64,
    },
}

/// Relative speeds at or below this, in km/s, define no encounter plane: it is what rounding leaves of the
/// difference of two equal orbital velocities (8 km/s times a few units in the last place of an f64).
const MIN_RELATIVE_SPEED_KM_S: f64 = 1e-14;

/// Two objects with uncertain states at one instant near their closest approach, and their combined
/// hard-body radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encounter<F: Inertial> {
    primary: ObjectState<F>,
    secondary: ObjectState<F>,
    hard_body_radius_km: f64,
}

/// The plane through the primary perpendicular to the relative velocity at the true time of closest approach.
///
/// Axes, as unit vectors of the inertial frame: `z` along the velocity of the secondary relative to the
/// primary; `x` along the position of the secondary relative to the primary (the miss vector, which is
/// perpendicular to `z` at that moment; if it is zero, any perpendicular direction); `y` = z x x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EncounterPlane {
    /// Time from the states' instant to the true closest approach, in s.
    pub tca_shift_s: f64,
    /// Distance of the two mean positions at closest approach, in km.
    pub miss_distance_km: f64,
    /// Size of the relative velocity, in km/s.
    pub relative_speed_km_s: f64,
    /// Axis along the miss vector.
    pub x_axis: Vector3<f64>,
    /// Axis completing the right-handed set.
    pub y_axis: Vector3<f64>,
    /// Axis along the relative velocity.
    pub z_axis: Vector3<f64>,
    /// Summed position covariance in the x and y axes, in km^2. May be short of positive definite.
    pub covariance_km2: Matrix2<f64>,
}

impl EncounterPlane {
    /// Mean position of the secondary relative to the primary along the x and y axes, in km.
    #[must_use]
    pub fn miss_km(&self) -> Vector2<f64> {
        Vector2::new(self.miss_distance_km, 0.0)
    }
}

impl<F: Inertial> Encounter<F> {
    /// An encounter of two objects whose states are given at the same instant.
    ///
    /// # Errors
    /// [`EncounterError`] for a component that is not finite or a radius that is not positive.
    pub fn new(
        primary: ObjectState<F>,
        secondary: ObjectState<F>,
        hard_body_radius_km: f64,
    ) -> Result<Self, EncounterError> {
        for object in [&primary, &secondary] {
            let State { position_km, velocity_km_s, .. } = &object.state;
            if let Some(&value) =
                position_km.iter().chain(velocity_km_s.iter()).find(|value| !value.is_finite())
            {
                return Err(EncounterError::NotFinite { value });
            }
        }
        if !(hard_body_radius_km > 0.0 && hard_body_radius_km.is_finite()) {
            return Err(EncounterError::HardBodyRadius { value_km: hard_body_radius_km });
        }
        Ok(Self { primary, secondary, hard_body_radius_km })
    }

    /// The object listed first.
    #[must_use]
    pub const fn primary(&self) -> &ObjectState<F> {
        &self.primary
    }

    /// The object listed second.
    #[must_use]
    pub const fn secondary(&self) -> &ObjectState<F> {
        &self.secondary
    }

    /// Sum of the two objects' hard-body radii, in km.
    #[must_use]
    pub const fn hard_body_radius_km(&self) -> f64 {
        self.hard_body_radius_km
    }

    /// The encounter plane at the true closest approach.
    ///
    /// The instant of a message is rounded (a CDM's to 1 ms), so the states are moved along straight lines by
    /// t = -(dr . dv)/(dv . dv), where the distance is least: dr and dv are the position (km) and velocity
    /// (km/s) of the secondary relative to the primary. The covariances are kept, as the shift is short.
    ///
    /// Source: NASA JSC-25898; CARA's tools do the same with every message.
    ///
    /// # Errors
    /// [`EncounterError::NoRelativeVelocity`] when the relative speed does not define a direction.
    pub fn plane(&self) -> Result<EncounterPlane, EncounterError> {
        let position = self.secondary.state.position_km - self.primary.state.position_km;
        let velocity = self.secondary.state.velocity_km_s - self.primary.state.velocity_km_s;
        let covariance = self.primary.covariance.position_km2() + self.secondary.covariance.position_km2();
        let speed = velocity.norm();
        if speed <= MIN_RELATIVE_SPEED_KM_S {
            return Err(EncounterError::NoRelativeVelocity { relative_speed_km_s: speed });
        }
        let z_axis = velocity / speed;
        let along = position.dot(&z_axis);
        let miss = position - z_axis * along;
        let miss_distance_km = miss.norm();
        let x_axis = if miss_distance_km > 0.0 {
            // The subtraction leaves a residue along z when the miss is tiny against the shift.
            let direction = miss / miss_distance_km;
            (direction - z_axis * direction.dot(&z_axis)).normalize()
        } else {
            perpendicular(&z_axis)
        };
        let y_axis = z_axis.cross(&x_axis);
        let projection = Matrix2x3::from_rows(&[x_axis.transpose(), y_axis.transpose()]);
        let projected = projection * covariance * projection.transpose();
        Ok(EncounterPlane {
            tca_shift_s: -along / speed,
            miss_distance_km,
            relative_speed_km_s: speed,
            x_axis,
            y_axis,
            z_axis,
            covariance_km2: (projected + projected.transpose()) * 0.5,
        })
    }
}

/// A unit vector perpendicular to `axis`: away from the coordinate axis that it is most along.
pub(super) fn perpendicular(axis: &Vector3<f64>) -> Vector3<f64> {
    let smallest = axis.map(f64::abs).imin();
    let mut other = Vector3::zeros();
    other[smallest] = 1.0;
    axis.cross(&other).normalize()
}
