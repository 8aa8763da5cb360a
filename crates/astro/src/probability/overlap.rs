//! Where and how two curved distributions overlap at one moment.

use super::eigen::symmetric_eigen;
use super::equinoctial::{Cartesian, Equinoctial};
use super::pair::{OrbitPair, UncertainOrbit};
use super::repair::position_floor_km2;
use nalgebra::{Matrix3, Matrix6, Vector3, Vector6};

/// Iterations to find the peak, each with the part of the full step that it takes: shorter ones once the full
/// ones have had their chance, against oscillation between the two ends of a bent distribution.
const SCHEDULE: [(u32, f64); 4] = [(20, 1.0), (20, 0.5), (30, 0.25), (50, 0.1)];
/// The peak has converged when the full step is below this squared Mahalanobis distance.
const CONVERGED_SQUARED: f64 = 1e-8;

/// The relative motion of two objects at one moment, linearized about the point where their distributions
/// overlap most, and not about their means, which may be thousands of standard deviations from it.
#[derive(Debug, Clone)]
pub(super) struct Overlap {
    /// Mean relative position of the linearized distribution, in km.
    pub(super) position_km: Vector3<f64>,
    /// Mean relative velocity of the linearized distribution, in km/s.
    pub(super) velocity_km_s: Vector3<f64>,
    /// Relative position covariance A, its eigenvalues raised to the floor, in km^2.
    pub(super) covariance_km2: Matrix3<f64>,
    /// A^-1, in km^-2.
    pub(super) inverse: Matrix3<f64>,
    /// Logarithm of det A (km^6).
    pub(super) log_determinant: f64,
    /// Smallest standard deviation of A, in km.
    pub(super) smallest_sigma_km: f64,
    /// B A^-1 in 1/s: the mean velocity changes by this times the displacement.
    pub(super) velocity_gradient: Matrix3<f64>,
    /// Covariance of the velocity at a given position, C - B A^-1 B', in km^2/s^2.
    pub(super) velocity_covariance: Matrix3<f64>,
}

impl Overlap {
    /// Squared Mahalanobis distance of the relative position from zero, plus ln det A: twice the negative
    /// logarithm of the density of contact at this moment, up to a constant.
    pub(super) fn modified_distance(&self) -> f64 {
        self.position_km.dot(&(self.inverse * self.position_km)) + self.log_determinant
    }
}

/// An object's distribution at one moment, linearized about one orbit.
struct Linearized {
    /// Mean of the linearized distribution.
    mean: Cartesian,
    /// Covariance of position and velocity.
    covariance: Matrix6<f64>,
}

impl Linearized {
    fn about(orbit: &UncertainOrbit, expansion: &Equinoctial, time_s: f64) -> Option<Self> {
        let (state, jacobian) = expansion.state_and_jacobian(time_s).ok()?;
        let mut offset = orbit.mean.to_vector() - expansion.to_vector();
        let turn = 2.0 * core::f64::consts::PI;
        offset[5] -= turn * libm::round(offset[5] / turn);
        let shift: Vector6<f64> = jacobian * offset;
        let covariance = jacobian * orbit.covariance * jacobian.transpose();
        Some(Self {
            mean: Cartesian {
                position_km: state.position_km + shift.fixed_rows::<3>(0),
                velocity_km_s: state.velocity_km_s + shift.fixed_rows::<3>(3),
            },
            covariance: (covariance + covariance.transpose()) * 0.5,
        })
    }

    fn block(&self, row: usize, column: usize) -> Matrix3<f64> {
        self.covariance.fixed_view::<3, 3>(row, column).into_owned()
    }
}

/// Inverse, log determinant, raised matrix and smallest sigma of a position covariance whose eigenvalues are
/// raised to `floor`.
fn raised(matrix: &Matrix3<f64>, floor: f64) -> (Matrix3<f64>, f64, Matrix3<f64>, f64) {
    let (values, vectors) = symmetric_eigen(matrix);
    let values = values.map(|value| value.max(floor));
    (
        vectors * Matrix3::from_diagonal(&values.map(|value| 1.0 / value)) * vectors.transpose(),
        values.iter().map(|&value| libm::log(value)).sum(),
        vectors * Matrix3::from_diagonal(&values) * vectors.transpose(),
        libm::sqrt(values.min()),
    )
}

/// The overlap `time_s` after the encounter's instant, or nothing where the search for the peak does not
/// converge on ellipses.
///
/// Equations, with r1, r2 the linearized means, A1, A2 the position covariances and B1, B2 the
/// velocity-position ones:
///
/// ```text
/// d = (A1 + A2)^-1 (r2 - r1)
/// peak = r1 + A1 d,   velocities there: v1 + B1 d  and  v2 - B2 d
/// ```
///
/// The orbits through the peak with those velocities are the next expansion points, until the peak stays. The
/// form with one inverse follows from the product of the two normal densities and needs neither covariance
/// alone to be invertible.
///
/// Source: D. T. Hall, *Expected Collision Rates for Tracked Satellites*, JSR 58(3), 2021, section on
/// peak-overlap points; V. T. Coppola, AAS 12-247, 2012, for the linearized rate.
pub(super) fn overlap(pair: &OrbitPair, time_s: f64) -> Option<Overlap> {
    let floor = position_floor_km2(pair.hard_body_radius_km);
    let radius_squared = pair.hard_body_radius_km * pair.hard_body_radius_km;
    let mut expansions = pair.orbits.map(|orbit| orbit.mean);
    // The expansion points as states: the first step, from the means, is taken in full.
    let mut previous: Option<[Cartesian; 2]> = None;
    let parts = SCHEDULE.into_iter().flat_map(|(count, part)| (0..count).map(move |_| part));
    for part in parts {
        let first = Linearized::about(&pair.orbits[0], &expansions[0], time_s)?;
        let second = Linearized::about(&pair.orbits[1], &expansions[1], time_s)?;
        let position = second.mean.position_km - first.mean.position_km;
        let (a1, a2) = (first.block(0, 0), second.block(0, 0));
        let (inverse, log_determinant, covariance_km2, smallest_sigma_km) = raised(&(a1 + a2), floor);
        let pull = inverse * position;
        let peak = first.mean.position_km + a1 * pull;
        let through = |velocity_km_s| Cartesian { position_km: peak, velocity_km_s };
        let mut next = [
            through(first.mean.velocity_km_s + first.block(3, 0) * pull),
            through(second.mean.velocity_km_s - second.block(3, 0) * pull),
        ];
        if let Some(before) = previous {
            let shared = a1 - a1 * inverse * a1 + Matrix3::identity() * radius_squared;
            let (inverse_shared, ..) = raised(&shared, floor);
            let moved = peak - before[0].position_km;
            if moved.dot(&(inverse_shared * moved)) <= CONVERGED_SQUARED {
                let b = first.block(3, 0) + second.block(3, 0);
                let velocity_gradient = b * inverse;
                return Some(Overlap {
                    position_km: position,
                    velocity_km_s: second.mean.velocity_km_s - first.mean.velocity_km_s,
                    covariance_km2,
                    inverse,
                    log_determinant,
                    smallest_sigma_km,
                    velocity_gradient,
                    velocity_covariance: first.block(3, 3) + second.block(3, 3)
                        - velocity_gradient * b.transpose(),
                });
            }
            for (next, before) in next.iter_mut().zip(before) {
                let blend = |new: Vector3<f64>, old: Vector3<f64>| old + (new - old) * part;
                *next = Cartesian {
                    position_km: blend(next.position_km, before.position_km),
                    velocity_km_s: blend(next.velocity_km_s, before.velocity_km_s),
                };
            }
        }
        for (expansion, state) in expansions.iter_mut().zip(&next) {
            let mut orbit = Equinoctial::from_cartesian(state).ok()?;
            orbit.mean_longitude_rad -= orbit.mean_motion_rad_s * time_s;
            *expansion = orbit;
        }
        previous = Some(next);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::covariance::{Covariance, Rtn};
    use super::super::encounter::{Encounter, ObjectState};
    use super::*;
    use crate::state::{Gcrf, State};

    fn encounter(sigmas_km: [f64; 6]) -> Encounter<Gcrf> {
        let variances = Vector6::from(sigmas_km).map(|sigma| sigma * sigma);
        let mut matrix = Matrix6::from_diagonal(&variances);
        // In-track position and radial velocity errors go together, as in every real covariance.
        matrix[(1, 3)] = -0.9 * sigmas_km[1] * sigmas_km[3];
        matrix[(3, 1)] = matrix[(1, 3)];
        let covariance = Covariance::<Rtn>::new(matrix).unwrap();
        let object = |position, velocity| {
            let state = State::<Gcrf>::new(position, velocity);
            ObjectState { state, covariance: covariance.to_inertial(&state).unwrap() }
        };
        let primary = object(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 7.5, 0.5));
        let secondary = object(Vector3::new(7000.2, 0.3, -0.1), Vector3::new(0.1, -4.0, 6.0));
        Encounter::new(primary, secondary, 0.01).unwrap()
    }

    #[test]
    fn small_covariances_overlap_as_in_cartesian_coordinates() {
        let encounter = encounter([0.005, 0.05, 0.005, 5e-5, 5e-6, 5e-6]);
        let (pair, repairs) = OrbitPair::new(&encounter).unwrap();
        assert!(repairs.is_empty());
        let overlap = overlap(&pair, 0.0).unwrap();
        // Invariants, as the pair's axes are its own.
        let (primary, secondary) = (encounter.primary(), encounter.secondary());
        let miss = (secondary.state.position_km - primary.state.position_km).norm();
        let covariance = primary.covariance.position_km2() + secondary.covariance.position_km2();
        let (values, _) = symmetric_eigen(&covariance);
        let determinant: f64 = values.iter().product();
        // The means are 50 standard deviations apart: over 0.3 km the orbits bend by 0.3^2/(2 * 7000) km = 6
        // mm.
        assert!((overlap.position_km.norm() / miss - 1.0).abs() < 1e-4);
        assert!((libm::exp(overlap.log_determinant) / determinant - 1.0).abs() < 1e-3);
    }

    #[test]
    fn overlap_of_bent_distributions_is_found_far_from_the_means() {
        // 40 km in-track: bent by 40^2/(2 * 7000) km = 0.11 km, many radial standard deviations.
        let encounter = encounter([0.005, 40.0, 0.005, 0.04, 5e-6, 5e-6]);
        let (pair, _) = OrbitPair::new(&encounter).unwrap();
        let overlap = overlap(&pair, 0.0).unwrap();
        let (primary, secondary) = (encounter.primary(), encounter.secondary());
        let miss = secondary.state.position_km - primary.state.position_km;
        let covariance = primary.covariance.position_km2() + secondary.covariance.position_km2();
        let (inverse, log_determinant, ..) = raised(&covariance, 1e-12);
        let straight = miss.dot(&(inverse * miss)) + log_determinant;
        assert!(
            overlap.modified_distance() < straight - 100.0,
            "{} against {straight}",
            overlap.modified_distance()
        );
    }
}
