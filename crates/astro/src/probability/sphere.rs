//! Integrals over the sphere of the combined hard-body radius.

use super::overlap::Overlap;
use super::quadrature::adaptive;
use nalgebra::{Matrix3, Vector3};

/// Relative error asked of the outer quadrature's own (pessimistic) estimate.
const RELATIVE_TOLERANCE: f64 = 1e-5;
/// Bound on the work of the outer quadrature.
const MAX_INTERVALS: usize = 60;
/// Points on a circle of latitude: at least this many, and two per smallest sigma along it. The trapezoidal
/// rule's error for the Gaussian is then far below rounding; what is left, 2e-5 at most in Alfano's cases,
/// comes from the bend of the inward speed where a sharp velocity turns outward.
const MIN_POINTS: f64 = 64.0;
const SPACING_IN_SIGMAS: f64 = 0.5;
/// Beyond this many points the sphere is too large for the distribution, and the integral is declined.
const MAX_POINTS: f64 = 4_000.0;

/// Integral of `integrand` over the unit sphere of directions, in a frame whose pole is `pole`, or nothing
/// when the distribution (`smallest_sigma` against `radius`) is too narrow to be resolved.
///
/// Latitudes by adaptive Gauss-Kronrod quadrature with a break at the equator, where an inward flow along the
/// pole stops; circles of latitude by the trapezoidal rule, which converges geometrically on them.
pub(super) fn over_sphere(
    mut integrand: impl FnMut(&Vector3<f64>) -> f64,
    pole: &Vector3<f64>,
    radius: f64,
    smallest_sigma: f64,
) -> Option<f64> {
    let z = pole.try_normalize(0.0).unwrap_or_else(Vector3::z);
    let x = super::encounter::perpendicular(&z);
    let y = z.cross(&x);
    let turn = 2.0 * core::f64::consts::PI;
    let needed = libm::ceil(turn * radius / (SPACING_IN_SIGMAS * smallest_sigma)).max(MIN_POINTS);
    if needed > MAX_POINTS {
        return None;
    }
    let mut directions = Vec::new();
    let mut index = 0.0;
    while index < needed {
        let (sine, cosine) = libm::sincos(turn * index / needed);
        directions.push(x * cosine + y * sine);
        index += 1.0;
    }
    let circle = |height: f64| {
        let across = libm::sqrt((1.0 - height) * (1.0 + height));
        let sum: f64 = directions.iter().map(|direction| integrand(&(z * height + direction * across))).sum();
        sum * turn / needed
    };
    let (value, _) = adaptive(circle, &[-1.0, -0.5, 0.0, 0.5, 1.0], RELATIVE_TOLERANCE, MAX_INTERVALS);
    Some(value)
}

/// Mean inward speed (km/s) through a surface element with outward normal `direction`, for a normally
/// distributed velocity.
///
/// Equation: nu = s/sqrt(2 pi) [exp(-w^2) - sqrt(pi) w erfc(w)], w = n.u/(sqrt(2) s), with n the normal, u
/// the mean velocity and s^2 = n' V n the variance along it; max(0, -n.u) without dispersion. Source:
/// Coppola, AAS 12-247, 2012, eqs. 31-39.
pub(super) fn inward_speed(
    direction: &Vector3<f64>,
    velocity: &Vector3<f64>,
    covariance: &Matrix3<f64>,
) -> f64 {
    let along = direction.dot(velocity);
    let variance = direction.dot(&(covariance * direction));
    if variance <= 0.0 {
        return (-along).max(0.0);
    }
    let sigma = libm::sqrt(variance);
    let w = along / sigma * core::f64::consts::FRAC_1_SQRT_2;
    // Beyond these the error function is its limit to 16 digits.
    if w < -6.0 {
        return -along;
    }
    if w > 27.0 {
        return 0.0;
    }
    let sqrt_pi = 2.0 / core::f64::consts::FRAC_2_SQRT_PI;
    let flow = libm::exp(-w * w) - sqrt_pi * w * libm::erfc(w);
    (sigma * flow / (sqrt_pi * core::f64::consts::SQRT_2)).max(0.0)
}

/// Expected rate of collisions at one moment, in 1/s: the flow of probability into the sphere.
///
/// Equation: dNc/dt = R^2 int N(R n; r, A) nu(n) dn over directions n, N the normal density with mean r and
/// covariance A, nu the [`inward_speed`] of the velocity distribution at R n. Source: Hall, JSR 58(3), 2021;
/// Coppola, AAS 12-247, 2012.
pub(super) fn collision_rate(overlap: &Overlap, radius_km: f64) -> Option<f64> {
    // -2 ln of the density's factor (2 pi)^(-3/2) |A|^(-1/2).
    let normalization = 3.0 * libm::log(2.0 * core::f64::consts::PI) + overlap.log_determinant;
    // Nothing to integrate when even the nearest point of the sphere is beyond what a f64 can hold.
    let nearest = overlap.modified_distance()
        - 2.0 * radius_km * (overlap.inverse * overlap.position_km).norm()
        - overlap.log_determinant;
    if nearest > 1480.0 {
        return Some(0.0);
    }
    let pole = overlap.velocity_km_s - overlap.velocity_gradient * overlap.position_km;
    let integrand = |direction: &Vector3<f64>| {
        let displacement = direction * radius_km - overlap.position_km;
        let squared = displacement.dot(&(overlap.inverse * displacement));
        let density = libm::exp(-0.5 * (squared + normalization));
        if density <= 0.0 {
            return 0.0;
        }
        let velocity = overlap.velocity_km_s + overlap.velocity_gradient * displacement;
        density * inward_speed(direction, &velocity, &overlap.velocity_covariance)
    };
    let flow = over_sphere(integrand, &pole, radius_km, overlap.smallest_sigma_km)?;
    Some(flow * radius_km * radius_km)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sphere_has_its_area_and_its_second_moments() {
        let pole = Vector3::new(1.0, 2.0, 3.0);
        let area = over_sphere(|_| 1.0, &pole, 1.0, 1.0).unwrap();
        assert!((area / (4.0 * core::f64::consts::PI) - 1.0).abs() < 1e-13);
        let square = over_sphere(|n| n.x * n.x, &pole, 1.0, 1.0).unwrap();
        assert!((square / (4.0 / 3.0 * core::f64::consts::PI) - 1.0).abs() < 1e-13);
    }

    #[test]
    fn narrow_peak_anywhere_on_the_sphere_is_resolved() {
        // exp(k n.m) integrates to 4 pi sinh(k)/k for any unit m; its width is 1/sqrt(k).
        let k: f64 = 1e4;
        for direction in [[0.0, 0.0, 1.0], [0.6, 0.0, -0.8], [0.36, 0.48, 0.8], [1.0, 0.0, 0.0]] {
            let m = Vector3::from(direction);
            let value = over_sphere(|n| libm::exp(k * (n.dot(&m) - 1.0)), &Vector3::z(), 1.0, 0.01).unwrap();
            let exact = 2.0 * core::f64::consts::PI / k;
            assert!((value / exact - 1.0).abs() < 1e-9, "{direction:?}: {value:e} against {exact:e}");
        }
    }

    #[test]
    fn unresolvable_distribution_is_declined() {
        assert_eq!(over_sphere(|_| 1.0, &Vector3::z(), 1.0, 1e-4), None);
    }

    #[test]
    fn inward_speed_has_its_limits() {
        let covariance = Matrix3::identity() * 0.04;
        let speed = |along: f64| inward_speed(&Vector3::x(), &Vector3::new(along, 5.0, 0.0), &covariance);
        // At rest: the mean of the negative half of a normal, s/sqrt(2 pi).
        assert!((speed(0.0) - 0.2 / libm::sqrt(2.0 * core::f64::consts::PI)).abs() < 1e-16);
        assert!((speed(-7.0) - 7.0).abs() < 1e-15);
        assert!(speed(7.0) < 1e-200);
        // Continuous where the formula hands over to its limit, w = -6.
        let seam = -6.0 * 0.2 * core::f64::consts::SQRT_2;
        assert!((speed(seam - 1e-12) - speed(seam + 1e-12)).abs() < 1e-11);
        // Inward less outward flow is the mean velocity.
        assert!((speed(0.1) - speed(-0.1) + 0.1).abs() < 1e-16);
        let sharp =
            |along: f64| inward_speed(&Vector3::x(), &Vector3::new(along, 0.0, 0.0), &Matrix3::zeros());
        assert!((sharp(-2.0) - 2.0).abs() < 1e-16 && sharp(2.0) <= 0.0);
    }
}
