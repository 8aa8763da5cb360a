//! Two objects at their closest approach, and the plane in which they meet.

use core::f64::consts::{FRAC_PI_2, PI};

use super::covariance::{Covariance, Inertial};
use super::planar::principal_axes;
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

/// Where the difference of the two positions lies within one standard deviation: an ellipse in the encounter plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipse {
    /// Semi-major axis, in km.
    pub sigma_major_km: f64,
    /// Semi-minor axis, in km.
    pub sigma_minor_km: f64,
    /// Angle of the major axis from the x axis toward the y axis, in radians: above -pi/2, at most pi/2.
    pub major_axis_angle_rad: f64,
}

impl EncounterPlane {
    /// The ellipse of one standard deviation: square roots of the eigenvalues of the projected covariance and the
    /// direction of its major axis. Nothing where the covariance is not positive definite.
    ///
    /// Source: Alfano, *A Numerical Implementation of Spherical Object Collision Probability*, JAS 53(1), 2005: the
    /// combined covariance is diagonal in these axes.
    #[must_use]
    pub fn ellipse(&self) -> Option<Ellipse> {
        let principal = principal_axes(&self.covariance_km2);
        if principal.minor.is_nan() || principal.minor <= 0.0 {
            return None;
        }
        let angle_rad = libm::atan2(principal.axis.y, principal.axis.x);
        // An axis has no sign.
        let half_turn = if angle_rad > FRAC_PI_2 {
            -PI
        } else if angle_rad <= -FRAC_PI_2 {
            PI
        } else {
            0.0
        };
        Some(Ellipse {
            sigma_major_km: libm::sqrt(principal.major),
            sigma_minor_km: libm::sqrt(principal.minor),
            major_axis_angle_rad: angle_rad + half_turn,
        })
    }

    /// Miss distance in standard deviations, without unit: sqrt(m' C^-1 m), in the principal axes of C. Nothing where the
    /// covariance is not positive definite.
    #[must_use]
    pub fn mahalanobis_distance(&self) -> Option<f64> {
        let ellipse = self.ellipse()?;
        let along_major = libm::cos(ellipse.major_axis_angle_rad) / ellipse.sigma_major_km;
        let along_minor = libm::sin(ellipse.major_axis_angle_rad) / ellipse.sigma_minor_km;
        Some(self.miss_distance_km * libm::hypot(along_major, along_minor))
    }

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

/// Angle between the velocities of two objects, in radians, 0 to pi: atan2(abs(v1 x v2), v1 . v2), which keeps its digits
/// near both ends. Nothing for an object at rest. It is `APPROACH_ANGLE` of a CDM.
#[must_use]
pub fn approach_angle_rad<F: Inertial>(primary: &State<F>, secondary: &State<F>) -> Option<f64> {
    let one = primary.velocity_km_s.try_normalize(0.0)?;
    let other = secondary.velocity_km_s.try_normalize(0.0)?;
    Some(libm::atan2(one.cross(&other).norm(), one.dot(&other)))
}

/// A unit vector perpendicular to `axis`: away from the coordinate axis that it is most along.
pub(super) fn perpendicular(axis: &Vector3<f64>) -> Vector3<f64> {
    let smallest = axis.map(f64::abs).imin();
    let mut other = Vector3::zeros();
    other[smallest] = 1.0;
    axis.cross(&other).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(covariance_km2: Matrix2<f64>) -> EncounterPlane {
        EncounterPlane {
            tca_shift_s: 0.0,
            miss_distance_km: 1.0,
            relative_speed_km_s: 10.0,
            x_axis: Vector3::x(),
            y_axis: Vector3::y(),
            z_axis: Vector3::z(),
            covariance_km2,
        }
    }

    #[test]
    fn the_ellipse_has_the_axes_and_the_angle_that_its_covariance_was_turned_by() {
        for degrees in [0.0f64, 30.0, 90.0, -60.0, 135.0] {
            let (sine, cosine) = degrees.to_radians().sin_cos();
            let rotation = Matrix2::new(cosine, -sine, sine, cosine);
            let turned = rotation * Matrix2::from_diagonal(&Vector2::new(9.0, 0.25)) * rotation.transpose();
            let ellipse = plane(turned).ellipse().unwrap();
            assert!((ellipse.sigma_major_km - 3.0).abs() < 1e-14 * 9.0);
            assert!((ellipse.sigma_minor_km - 0.5).abs() < 1e-14 * 9.0);
            let angle_deg = ellipse.major_axis_angle_rad.to_degrees();
            assert!(angle_deg > -90.0 && angle_deg <= 90.0, "{angle_deg}");
            let apart = (angle_deg - degrees).rem_euclid(180.0);
            assert!(apart.min(180.0 - apart) < 1e-12, "{angle_deg} against {degrees}");
        }
        assert_eq!(plane(Matrix2::new(1.0, 1.0, 1.0, 1.0)).ellipse(), None);
        assert_eq!(plane(Matrix2::zeros()).ellipse(), None);
    }
}
