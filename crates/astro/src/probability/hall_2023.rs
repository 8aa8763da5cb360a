//! Expected number of collisions of one isolated encounter, for curved motion and uncertain velocities.

use super::eigen::symmetric_eigen;
use super::foster_1992;
use super::overlap::Overlap;
use super::pair::OrbitPair;
use super::planar::PlanarGaussian;
use super::sphere::{inward_speed, over_sphere};
use super::timing::Peak;
use nalgebra::{Matrix2x3, Vector3};

/// The 2D-Nc probability and what its usage is judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Isolated {
    /// Probability of collision.
    pub(super) probability: f64,
    /// The same from the effective encounter plane at the peak: their difference shows inaccuracy.
    pub(super) in_effective_plane: f64,
    /// Mean time of the collisions, in s from the encounter's instant.
    pub(super) mean_time_s: f64,
    /// Standard deviation of that time, in s.
    pub(super) sigma_time_s: f64,
}

/// Probability of collision of a single encounter whose contact density is a Gaussian in time (2D-Nc).
///
/// The expected number of collisions is the time integral of the flow of probability into the sphere of the
/// combined hard-body radius ([`super::hall_2021`]). Where one peak dominates, the exponent is expanded to
/// second order in time at every point of the sphere and the time integral done in closed form:
///
/// ```text
/// Pc = R^2/(2 pi)^(3/2) int exp(-Q*(n)/2) sqrt(2 pi) nu(n) S(n) dn
/// Q(n, t) = (R n - r)' A^-1 (R n - r) + ln det A,   Q* = Q - Q'^2/(2 Q''),   S = sqrt(2/Q'')
/// ```
///
/// - R: combined hard-body radius, km; n: direction on the unit sphere
/// - r, A: relative position (km) and its covariance (km^2), linearized about the peak-overlap point; their
///   derivatives by time are differences over one standard deviation in time
/// - nu: mean inward speed, km/s ([`inward_speed`])
///
/// Nothing when Q'' is not positive on the whole sphere, which has no peak in time then. Where the
/// distribution is too narrow for the sphere to be integrated over, the effective encounter plane's value is
/// taken.
///
/// Source: D. T. Hall, L. Baars, S. Casali, *A Multistep Probability of Collision Computational Algorithm*,
/// AAS 23-398, 2023.
pub(super) fn probability(pair: &OrbitPair, peak: &Peak) -> Option<Isolated> {
    let radius = pair.hard_body_radius_km;
    let [before, center, after] = &peak.samples;
    let step = peak.step_s;
    let first = |low: f64, high: f64| (high - low) / (2.0 * step);
    let second = |low: f64, middle: f64, high: f64| (high - 2.0 * middle + low) / (step * step);

    let [q_before, q, q_after] = [before, center, after].map(Overlap::modified_distance);
    let (q_rate, q_curve) = (first(q_before, q_after), second(q_before, q, q_after));
    let r = center.position_km;
    let r_rate = (after.position_km - before.position_km) / (2.0 * step);
    let r_curve = (after.position_km - r * 2.0 + before.position_km) / (step * step);
    let inverse = center.inverse;
    let inverse_rate = (after.inverse - before.inverse) / (2.0 * step);
    let inverse_curve = (after.inverse - inverse * 2.0 + before.inverse) / (step * step);

    // Q(n) = q + R n'(R M n - 2 l) for each order of the derivative.
    let linear = inverse * r;
    let linear_rate = inverse_rate * r + inverse * r_rate;
    let linear_curve = inverse_curve * r + inverse_rate * r_rate * 2.0 + inverse * r_curve;
    let center_time = peak.time_s + q_rate / q_curve;

    let mut has_peak = true;
    // Value, and its first two moments in time about the center.
    let weights = |direction: &Vector3<f64>| -> Option<[f64; 3]> {
        let n = direction * radius;
        let value = q + n.dot(&(inverse * n - linear * 2.0));
        let rate = q_rate + n.dot(&(inverse_rate * n - linear_rate * 2.0));
        let curve = q_curve + n.dot(&(inverse_curve * n - linear_curve * 2.0));
        if curve <= 0.0 {
            return None;
        }
        // Below a Mahalanobis distance of zero the expansion has overshot.
        let least = (value - 0.5 * rate * rate / curve).max(center.log_determinant);
        let velocity = center.velocity_km_s + center.velocity_gradient * (n - r);
        let speed = inward_speed(direction, &velocity, &center.velocity_covariance);
        let width = libm::sqrt(2.0 / curve);
        let weight = libm::exp(-0.5 * least) * speed * width;
        let offset = -rate / curve;
        Some([weight, weight * offset, weight * (offset * offset + width * width)])
    };
    let pole = center.velocity_km_s - center.velocity_gradient * r;
    let mut moment = |order: usize| {
        over_sphere(
            |direction| {
                weights(direction).map_or_else(
                    || {
                        has_peak = false;
                        0.0
                    },
                    |weights| weights[order],
                )
            },
            &pole,
            radius,
            center.smallest_sigma_km,
        )
    };
    let in_effective_plane = effective_plane(center, &pole, radius)?;
    let Some(sum) = moment(0) else {
        return Some(Isolated {
            probability: in_effective_plane,
            in_effective_plane,
            mean_time_s: peak.time_s,
            sigma_time_s: peak.sigma_s,
        });
    };
    let (moment_1, moment_2) = (moment(1)?, moment(2)?);
    if !has_peak {
        return None;
    }
    let probability = sum * radius * radius / (2.0 * core::f64::consts::PI);
    let (mean_offset, mean_square) =
        if sum > 0.0 { (moment_1 / sum, moment_2 / sum) } else { (0.0, peak.sigma_s * peak.sigma_s) };
    Some(Isolated {
        probability: probability.min(1.0),
        in_effective_plane,
        mean_time_s: center_time + mean_offset,
        sigma_time_s: libm::sqrt((mean_square - mean_offset * mean_offset).max(0.0)),
    })
}

/// Two-dimensional probability in the plane across the velocity that the relative motion has where the
/// distributions overlap most, given that the objects meet.
fn effective_plane(overlap: &Overlap, velocity: &Vector3<f64>, radius: f64) -> Option<f64> {
    let z = velocity.try_normalize(0.0)?;
    let x = super::encounter::perpendicular(&z);
    let projection = Matrix2x3::from_rows(&[x.transpose(), z.cross(&x).transpose()]);
    let covariance = projection * overlap.covariance_km2 * projection.transpose();
    let miss = projection * overlap.position_km;
    PlanarGaussian::new(&miss, &covariance, radius).ok().map(|planar| foster_1992::probability(&planar))
}

/// Natural logarithm of the curved over the straight probability of collision, in the limit of a small
/// radius: how wrong the two-dimensional method is.
///
/// Equation: ln(S/S0) + ln(V/V0) + (Q0 - Q)/2, S the width in time, V the relative speed and Q the modified
/// Mahalanobis distance at the peak; the subscript marks straight motion. Source: AAS 23-398.
pub(super) fn log_correction(straight: &StraightPeak, peak: &Peak) -> f64 {
    let speed = peak.samples[1].velocity_km_s.norm();
    libm::log(peak.sigma_s / straight.sigma_s)
        + libm::log(speed / straight.speed_km_s)
        + 0.5 * (straight.distance - peak.distance)
}

/// The peak in time of the contact density of straight relative motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StraightPeak {
    /// Time of the peak, in s from the encounter's instant.
    pub(super) time_s: f64,
    /// Standard deviation in time, in s.
    pub(super) sigma_s: f64,
    /// Modified Mahalanobis distance at the peak.
    pub(super) distance: f64,
    /// Relative speed, in km/s.
    pub(super) speed_km_s: f64,
}

impl StraightPeak {
    /// Peak of exp(-Q/2) with Q = (r + v t)' A^-1 (r + v t) + ln det A: t = -(r' A^-1 v)/(v' A^-1 v), sigma^2
    /// = 1/(v' A^-1 v), A's eigenvalues at least `floor_km2`. Nothing without relative velocity.
    pub(super) fn of(
        position_km: &Vector3<f64>,
        velocity_km_s: &Vector3<f64>,
        covariance_km2: &nalgebra::Matrix3<f64>,
        floor_km2: f64,
    ) -> Option<Self> {
        let (values, vectors) = symmetric_eigen(covariance_km2);
        let values = values.map(|value| value.max(floor_km2));
        // Components along the eigenvectors, in standard deviations.
        let scaled =
            |vector: &Vector3<f64>| (vectors.transpose() * vector).component_div(&values.map(libm::sqrt));
        let (r, v) = (scaled(position_km), scaled(velocity_km_s));
        let rate = v.norm_squared();
        if rate <= 0.0 {
            return None;
        }
        let time_s = -r.dot(&v) / rate;
        let log_determinant: f64 = values.iter().map(|&value| libm::log(value)).sum();
        Some(Self {
            time_s,
            sigma_s: 1.0 / libm::sqrt(rate),
            distance: (r + v * time_s).norm_squared() + log_determinant,
            speed_km_s: velocity_km_s.norm(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Matrix3;

    #[test]
    fn straight_motion_peaks_where_the_mahalanobis_distance_is_least() {
        let covariance = Matrix3::new(4.0, 1.0, 0.0, 1.0, 2.0, 0.5, 0.0, 0.5, 1.0);
        let (r, v) = (Vector3::new(1.0, -2.0, 0.5), Vector3::new(0.3, 2.0, -1.0));
        let peak = StraightPeak::of(&r, &v, &covariance, 1e-12).unwrap();
        let inverse = covariance.try_inverse().unwrap();
        let squared = |time: f64| {
            let at = r + v * time;
            at.dot(&(inverse * at))
        };
        let least = squared(peak.time_s);
        assert!((peak.distance - least - libm::log(covariance.determinant())).abs() < 1e-13);
        // Two sigma of exp(-Q/2) raise Q by four, on either side.
        for sign in [-1.0, 1.0] {
            let raised = squared(peak.time_s + sign * 2.0 * peak.sigma_s) - least;
            assert!((raised - 4.0).abs() < 1e-12);
        }
    }

    #[test]
    fn no_relative_velocity_has_no_peak() {
        assert_eq!(StraightPeak::of(&Vector3::x(), &Vector3::zeros(), &Matrix3::identity(), 1e-12), None);
    }
}
