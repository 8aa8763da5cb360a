//! The two-dimensional problem: a normal distribution in the encounter plane, a disc at the origin.

use core::f64::consts::FRAC_1_SQRT_2;
use nalgebra::{Matrix2, Vector2};
use thiserror::Error;

/// A relative position that is normally distributed in the encounter plane, in the principal axes of its
/// covariance, and the disc of the combined hard-body radius about the origin.
///
/// By symmetry of the disc the signs of the two mean components do not matter; both are kept non-negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanarGaussian {
    /// Standard deviation along the major axis, in km.
    pub sigma_major_km: f64,
    /// Standard deviation along the minor axis, in km; at most `sigma_major_km`.
    pub sigma_minor_km: f64,
    /// Size of the mean's component along the major axis, in km.
    pub miss_major_km: f64,
    /// Size of the mean's component along the minor axis, in km.
    pub miss_minor_km: f64,
    /// Combined hard-body radius, in km.
    pub hard_body_radius_km: f64,
}

/// Why there is no two-dimensional problem to solve.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PlanarError {
    /// The projected covariance has an eigenvalue that is not positive: repair it first.
    #[error("projected covariance is not positive definite: smallest eigenvalue {eigenvalue_km2} km^2")]
    NotPositiveDefinite {
        /// The smallest eigenvalue, in km^2.
        eigenvalue_km2: f64,
    },
    /// The combined hard-body radius is not positive and finite.
    #[error("combined hard-body radius {value_km} km is not positive and finite")]
    HardBodyRadius {
        /// The refused radius, in km.
        value_km: f64,
    },
    /// A number is not finite.
    #[error("{quantity} is not finite: {value}")]
    NotFinite {
        /// Which input.
        quantity: &'static str,
        /// Its value.
        value: f64,
    },
}

/// Eigenvalues and major axis of a symmetric 2x2 matrix.
pub(super) struct Principal {
    pub(super) major: f64,
    pub(super) minor: f64,
    /// Unit vector along the major axis.
    pub(super) axis: Vector2<f64>,
}

/// Closed-form eigenvalues of a symmetric 2x2 matrix `[[a, b], [b, c]]`:
/// `(a + c)/2 +- hypot((a - c)/2, b)`, the minor one as determinant over major, which keeps its digits
/// when the two differ by many orders of magnitude and the matrix is nearly diagonal.
pub(super) fn principal_axes(matrix: &Matrix2<f64>) -> Principal {
    let (a, b, c) = (matrix[(0, 0)], matrix[(0, 1)], matrix[(1, 1)]);
    let half_difference = 0.5 * (a - c);
    let root = libm::hypot(half_difference, b);
    let mean = 0.5 * (a + c);
    let major = mean + root;
    let minor = if major > 0.0 { (a * c - b * b) / major } else { mean - root };
    // The eigenvector in the form that does not cancel.
    let axis = if half_difference >= 0.0 {
        Vector2::new(half_difference + root, b)
    } else {
        Vector2::new(b, root - half_difference)
    };
    let length = libm::hypot(axis.x, axis.y);
    let axis = if length > 0.0 { axis / length } else { Vector2::x() };
    Principal { major, minor, axis }
}

impl PlanarGaussian {
    /// The problem for a mean miss vector (km) and a 2x2 covariance (km^2) in any orthonormal axes of the
    /// encounter plane.
    ///
    /// # Errors
    /// [`PlanarError`] when the covariance is not positive definite, the radius not positive, or an input
    /// not finite.
    pub fn new(
        miss_km: &Vector2<f64>,
        covariance_km2: &Matrix2<f64>,
        hard_body_radius_km: f64,
    ) -> Result<Self, PlanarError> {
        if !(hard_body_radius_km > 0.0 && hard_body_radius_km.is_finite()) {
            return Err(PlanarError::HardBodyRadius { value_km: hard_body_radius_km });
        }
        let not_finite = |quantity, value: f64| PlanarError::NotFinite { quantity, value };
        if let Some(&value) = miss_km.iter().find(|value| !value.is_finite()) {
            return Err(not_finite("miss vector", value));
        }
        if let Some(&value) = covariance_km2.iter().find(|value| !value.is_finite()) {
            return Err(not_finite("projected covariance", value));
        }
        let principal = principal_axes(covariance_km2);
        if principal.minor <= 0.0 {
            return Err(PlanarError::NotPositiveDefinite { eigenvalue_km2: principal.minor });
        }
        Ok(Self {
            sigma_major_km: libm::sqrt(principal.major),
            sigma_minor_km: libm::sqrt(principal.minor),
            miss_major_km: principal.axis.dot(miss_km).abs(),
            miss_minor_km: (principal.axis.x * miss_km.y - principal.axis.y * miss_km.x).abs(),
            hard_body_radius_km,
        })
    }

    /// Squared Mahalanobis distance of the disc's center from the mean, without unit.
    #[must_use]
    pub fn mahalanobis_squared(&self) -> f64 {
        let major = self.miss_major_km / self.sigma_major_km;
        let minor = self.miss_minor_km / self.sigma_minor_km;
        major * major + minor * minor
    }
}

/// Probability that a normal variable with mean `mean` and standard deviation `sigma` lies within
/// `half_width` of zero (all in one unit, `sigma` positive, `half_width` not negative).
///
/// Equation: 1/2 [erf(a + d) - erf(a - d)], where a is the mean's size and d the half width, both divided by
/// sqrt(2) sigma.
///
/// The difference is taken in the form that keeps its relative precision: complementary error functions in
/// the tail, and for d (1 + a) < 0.1 the Taylor series in d with Hermite polynomials (Abramowitz and
/// Stegun 7.1.19), whose next term is below 1e-16 of the sum. Below about 1e-308 the result is zero.
pub(super) fn interval_probability(mean: f64, half_width: f64, sigma: f64) -> f64 {
    let a = mean.abs() / sigma * FRAC_1_SQRT_2;
    let d = half_width / sigma * FRAC_1_SQRT_2;
    if d * (1.0 + a) < 0.1 {
        // (2/sqrt(pi)) exp(-a^2) d sum_k H_2k(a) d^2k / (2k+1)!
        let mut previous = 1.0;
        let mut hermite = 2.0 * a;
        let mut sum = 1.0;
        let mut power = 1.0;
        let mut order = 1.0;
        for _ in 0..6 {
            let even = 2.0 * a * hermite - 2.0 * order * previous;
            let odd = 2.0 * a * even - 2.0 * (order + 1.0) * hermite;
            power *= d * d / ((order + 1.0) * (order + 2.0));
            sum += even * power;
            previous = even;
            hermite = odd;
            order += 2.0;
        }
        core::f64::consts::FRAC_2_SQRT_PI * libm::exp(-a * a) * d * sum
    } else if a > d {
        0.5 * (libm::erfc(a - d) - libm::erfc(a + d))
    } else {
        0.5 * (libm::erf(d - a) + libm::erf(d + a))
    }
}

#[cfg(test)]
mod tests {
    use super::super::quadrature::adaptive;
    use super::*;

    fn by_quadrature(mean: f64, half_width: f64, sigma: f64) -> f64 {
        let density = |x: f64| {
            let u = (x - mean) / sigma;
            libm::exp(-0.5 * u * u) / (sigma * libm::sqrt(2.0 * core::f64::consts::PI))
        };
        adaptive(density, &[-half_width, 0.0, half_width], 1e-14, 400).0
    }

    #[test]
    fn interval_probability_keeps_relative_precision_in_every_branch() {
        for mean in [0.0, 0.01, 0.5, 1.0, 3.0, 10.0, 30.0] {
            for half_width in [1e-7, 1e-3, 0.03, 0.0999, 0.1, 0.14, 0.2, 1.0, 2.9, 9.0] {
                let value = interval_probability(mean, half_width, 1.0);
                let expected = by_quadrature(mean, half_width, 1.0);
                // The argument of exp is rounded to eps * mean^2 / 2, a relative error of the result.
                let tolerance = 1e-14 + 1e-15 * mean * mean;
                assert!(
                    (value - expected).abs() <= tolerance * expected,
                    "mean {mean}, half width {half_width}: {value:e} against {expected:e}"
                );
            }
        }
    }

    #[test]
    fn principal_axes_of_a_rotated_ellipse_are_recovered() {
        for degrees in [0.0f64, 17.0, 45.0, 89.0, 91.0, 135.0, 179.0] {
            let (sine, cosine) = degrees.to_radians().sin_cos();
            let rotation = Matrix2::new(cosine, -sine, sine, cosine);
            let matrix = rotation * Matrix2::from_diagonal(&Vector2::new(9.0, 0.25)) * rotation.transpose();
            let principal = principal_axes(&matrix);
            assert!((principal.major - 9.0).abs() < 1e-14 * 9.0);
            assert!((principal.minor - 0.25).abs() < 1e-14 * 9.0);
            assert!((principal.axis.dot(&rotation.column(0)).abs() - 1.0).abs() < 1e-14);
        }
    }
}
