//! The exact two-dimensional probability of collision.

use super::planar::{PlanarGaussian, interval_probability};
use super::quadrature::adaptive;

/// Relative error asked of the quadrature's own (pessimistic) estimate.
const RELATIVE_TOLERANCE: f64 = 1e-12;
/// Bound on the work: intervals of 15 evaluations each.
const MAX_INTERVALS: usize = 200;

/// Two-dimensional probability of collision: the mass of the relative position's normal distribution
/// inside the disc of the combined hard-body radius, for a short encounter (straight relative motion,
/// position uncertainty constant, velocity known).
///
/// Equation, in the principal axes of the projected covariance:
///
/// ```text
/// Pc = 1/(2 pi s1 s2) iint_{u^2 + w^2 <= R^2} exp(-(u - m1)^2/(2 s1^2) - (w - m2)^2/(2 s2^2)) du dw
/// ```
///
/// - R: combined hard-body radius, km ([`PlanarGaussian::hard_body_radius_km`])
/// - s1, s2: standard deviations along the major and minor axes, km
/// - m1, m2: mean relative position along them, km
///
/// The inner integral over u is a difference of error functions; the outer one runs over w = R sin t,
/// which takes the square root out of the limb, by adaptive Gauss-Kronrod quadrature to 1e-12 of its own
/// error estimate. Intervals start at the places where the Gaussian in w bends, so a distribution much
/// narrower than the disc is found too.
///
/// Valid for any positive sigmas, misses and radius. Results below about 1e-300 underflow to zero.
///
/// Source: J. L. Foster and H. S. Estes, *A Parametric Analysis of Orbital Debris Collision Probability and
/// Maneuver Rate for Space Vehicles*, NASA JSC-25898, 1992. They integrate the same density on a polar
/// grid of fixed step; the error-function form is that of S. Alfano, JAS 53(1), 2005.
#[must_use]
pub fn probability(encounter: &PlanarGaussian) -> f64 {
    let PlanarGaussian {
        sigma_major_km: sigma_major,
        sigma_minor_km: sigma_minor,
        miss_major_km: miss_major,
        miss_minor_km: miss_minor,
        hard_body_radius_km: radius,
    } = *encounter;
    let integrand = |angle: f64| {
        let (sine, cosine) = libm::sincos(angle);
        let normalized = (radius * sine - miss_minor) / sigma_minor;
        // dw = R cos t dt; the half chord is R cos t.
        libm::exp(-0.5 * normalized * normalized)
            * interval_probability(miss_major, radius * cosine, sigma_major)
            * cosine
    };

    let mut breakpoints = vec![-core::f64::consts::FRAC_PI_2, core::f64::consts::FRAC_PI_2];
    for offset in [-9.0, -4.0, -2.0, 0.0, 2.0, 4.0, 9.0] {
        let position = (miss_minor + offset * sigma_minor) / radius;
        if position.abs() < 1.0 {
            breakpoints.push(libm::asin(position));
        }
    }
    // The chord is as long as the miss along the major axis here: the error function's step, if it is one.
    if miss_major < radius {
        let limb = libm::acos(miss_major / radius);
        breakpoints.extend([-limb, limb]);
    }
    breakpoints.push(0.0);
    breakpoints.sort_by(f64::total_cmp);
    breakpoints.dedup();

    let (integral, _) = adaptive(integrand, &breakpoints, RELATIVE_TOLERANCE, MAX_INTERVALS);
    let inverse_sqrt_two_pi = 0.5 * core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2;
    (integral * inverse_sqrt_two_pi * radius / sigma_minor).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encounter(
        sigma_major_km: f64,
        sigma_minor_km: f64,
        miss_major_km: f64,
        miss_minor_km: f64,
        hard_body_radius_km: f64,
    ) -> PlanarGaussian {
        PlanarGaussian { sigma_major_km, sigma_minor_km, miss_major_km, miss_minor_km, hard_body_radius_km }
    }

    #[test]
    fn circular_distribution_about_the_disc_has_the_rayleigh_probability() {
        for radius in [1e-6, 1e-3, 0.1, 1.0, 3.0, 20.0] {
            let exact = -libm::expm1(-0.5 * radius * radius);
            let value = probability(&encounter(1.0, 1.0, 0.0, 0.0, radius));
            assert!((value / exact - 1.0).abs() < 1e-12, "radius {radius}: {value:e} against {exact:e}");
        }
    }

    #[test]
    fn small_disc_has_density_times_area() {
        // Relative error of the approximation: R^2/8 times the density's Laplacian over the density.
        let radius = 1e-7;
        for (miss_major, miss_minor) in [(0.0, 0.0), (3.0, 1.0), (20.0, 5.0), (1.0, 12.0)] {
            let problem = encounter(2.0, 0.5, miss_major, miss_minor, radius);
            let exact = libm::exp(-0.5 * problem.mahalanobis_squared()) * radius * radius / 2.0;
            let value = probability(&problem);
            assert!((value / exact - 1.0).abs() < 1e-11, "{value:e} against {exact:e}");
        }
    }

    #[test]
    fn needle_through_the_disc_has_the_probability_of_its_chord() {
        // Minor sigma to zero: the distribution is a line at distance 0.6 R from the center, chord 0.8 R.
        let value = probability(&encounter(3.0, 1e-6, 1.0, 0.6, 1.0));
        let exact = interval_probability(1.0, 0.8, 3.0);
        assert!((value / exact - 1.0).abs() < 1e-12, "{value:e} against {exact:e}");
    }

    #[test]
    fn tiny_distribution_inside_or_outside_a_large_disc_is_all_or_nothing() {
        assert!((probability(&encounter(1e-6, 1e-7, 0.3, 0.4, 1.0)) - 1.0).abs() < 1e-13);
        assert!(probability(&encounter(1e-6, 1e-7, 0.8, 0.7, 1.0)) <= 0.0);
    }
}
