//! Two objects in two-body motion: means and covariances in equinoctial elements.

use super::covariance::Inertial;
use super::encounter::{Encounter, ObjectState};
use super::equinoctial::{Cartesian, Equinoctial, OrbitError, regular_axes};
use super::repair::{CovarianceRepair, RepairedMatrix, object_covariance};
use nalgebra::{Matrix3, Matrix6};

/// One object: mean elements at the encounter's instant and their covariance.
#[derive(Debug, Clone, Copy)]
pub(super) struct UncertainOrbit {
    pub(super) mean: Equinoctial,
    /// Covariance of the elements, in the order of the fields of [`Equinoctial`].
    pub(super) covariance: Matrix6<f64>,
}

/// Both objects of an encounter, in axes in which neither orbit is near the elements' singularity.
///
/// A normal distribution in Cartesian coordinates does not stay normal: along-track errors bend with the
/// orbit. In equinoctial elements it does (the mean longitude grows linearly with time), so the distribution
/// is taken as normal in elements, with the covariance that gives the message's Cartesian one to first order.
/// Source: Sabol, Hill, Alfriend, Sukut, *Nonlinear effects in the correlation of tracks and covariance
/// propagation*, Acta Astronautica 84, 2013; NASA CARA's tools do the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct OrbitPair {
    pub(super) orbits: [UncertainOrbit; 2],
    pub(super) hard_body_radius_km: f64,
}

impl OrbitPair {
    /// Elements and their covariances, and the repairs that the covariances needed.
    ///
    /// Equation: Q = K P K' with K the derivatives of the elements by position and velocity.
    pub(super) fn new<F: Inertial>(
        encounter: &Encounter<F>,
    ) -> Result<(Self, Vec<CovarianceRepair>), OrbitError> {
        let cartesian = |object: &ObjectState<F>| Cartesian {
            position_km: object.state.position_km,
            velocity_km_s: object.state.velocity_km_s,
        };
        let (primary, secondary) = (encounter.primary(), encounter.secondary());
        let axes = regular_axes(&cartesian(primary), &cartesian(secondary));
        let mut repairs = Vec::new();
        let mut orbit = |object: &ObjectState<F>, matrix: RepairedMatrix| {
            let (covariance, repair) = object_covariance(&object.covariance, matrix);
            repairs.extend(repair);
            let state = cartesian(object);
            let state = Cartesian {
                position_km: axes * state.position_km,
                velocity_km_s: axes * state.velocity_km_s,
            };
            let mean = Equinoctial::from_cartesian(&state)?;
            let rotation = block_diagonal(&axes);
            let to_elements = mean.inverse_jacobian()? * rotation;
            let covariance = to_elements * covariance * to_elements.transpose();
            Ok(UncertainOrbit { mean, covariance: (covariance + covariance.transpose()) * 0.5 })
        };
        let orbits = [orbit(primary, RepairedMatrix::Primary)?, orbit(secondary, RepairedMatrix::Secondary)?];
        Ok((Self { orbits, hard_body_radius_km: encounter.hard_body_radius_km() }, repairs))
    }

    /// The shorter of the two periods, in s.
    pub(super) fn shorter_period_s(&self) -> f64 {
        self.orbits[0].mean.period_s().min(self.orbits[1].mean.period_s())
    }

    /// Position (km) and velocity (km/s) of the second mean orbit relative to the first, `time_s` after the
    /// encounter's instant.
    pub(super) fn mean_separation(&self, time_s: f64) -> Result<Cartesian, OrbitError> {
        let [first, second] = [self.orbits[0].mean.state(time_s)?, self.orbits[1].mean.state(time_s)?];
        Ok(Cartesian {
            position_km: second.position_km - first.position_km,
            velocity_km_s: second.velocity_km_s - first.velocity_km_s,
        })
    }

    /// The stretch of time that belongs to this encounter: from the last maximum of the mean orbits' distance
    /// before it to the first one after it, each at most half the shorter period away. In s from the
    /// encounter's instant.
    ///
    /// The encounter is the states' instant and `peak_s`, when the distributions overlap most, with what lies
    /// between them.
    pub(super) fn segment_s(&self, peak_s: f64) -> Result<[f64; 2], OrbitError> {
        const STEPS: u32 = 50;
        let half_period = 0.5 * self.shorter_period_s();
        let mut bounds = [peak_s.min(0.0), peak_s.max(0.0)];
        for (bound, sign) in bounds.iter_mut().zip([-1.0, 1.0]) {
            let start = *bound;
            *bound = start + sign * half_period;
            let distance = |time: f64| Ok(self.mean_separation(time)?.position_km.norm());
            let step = half_period / f64::from(STEPS);
            let mut previous = distance(start)?;
            let mut rising = false;
            for index in 1..=STEPS {
                let time = start + sign * step * f64::from(index);
                let next = distance(time)?;
                if rising && next < previous {
                    *bound = time - sign * step;
                    break;
                }
                rising = next > previous;
                previous = next;
            }
        }
        Ok(bounds)
    }
}

/// The 6x6 matrix that turns position and velocity alike.
pub(super) fn block_diagonal(rotation: &Matrix3<f64>) -> Matrix6<f64> {
    let mut matrix = Matrix6::zeros();
    matrix.fixed_view_mut::<3, 3>(0, 0).copy_from(rotation);
    matrix.fixed_view_mut::<3, 3>(3, 3).copy_from(rotation);
    matrix
}
