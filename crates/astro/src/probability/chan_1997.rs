//! Chan's series for the two-dimensional probability of collision.

use super::planar::PlanarGaussian;

/// Terms below this part of the sum no longer change it.
const NEGLIGIBLE: f64 = 1e-17;

/// At this many standard deviations from the disc's edge the probability is 0 or 1 in f64.
const BEYOND_SIGMAS: f64 = 39.0;
/// u/2 from which the disc's edge counts as straight, a relative error of 1e-5: the series would need sqrt(u)
/// terms and more.
const STRAIGHT_EDGE: f64 = 5e9;

/// Two-dimensional probability of collision after Chan: the noncentral chi-square series for a circular
/// distribution of the same density at the disc's center, over a disc of the same area.
///
/// Equation:
///
/// ```text
/// Pc = exp(-v/2) sum_{m>=0} (v/2)^m/m! [1 - exp(-u/2) sum_{k=0}^{m} (u/2)^k/k!]
/// ```
///
/// - u = R^2/(s1 s2), without unit; R combined hard-body radius (km), s1 and s2 the standard deviations along
///   the principal axes (km)
/// - v = m1^2/s1^2 + m2^2/s2^2, the squared Mahalanobis distance of the disc's center, without unit; m1 and
///   m2 the miss along the principal axes (km)
///
/// The bracket is the Poisson tail beyond m at mean u/2, which is summed as such, from the largest
/// m that matters downward: only positive terms, no cancellation.
///
/// Exact when s1 = s2. Otherwise an approximation for a disc that is small against both sigmas: the density
/// may change little across it. [`super::foster_1992::probability`] has no such limit.
///
/// Source: F. K. Chan, *Collision Probability Analyses for Earth Orbiting Satellites*, Advances in the
/// Astronautical Sciences 96, 1997; the same series in his *Spacecraft Collision Probability*, 2008.
#[must_use]
pub fn probability(encounter: &PlanarGaussian) -> f64 {
    let radius = encounter.hard_body_radius_km;
    let half_u = 0.5 * (radius / encounter.sigma_major_km) * (radius / encounter.sigma_minor_km);
    let half_v = 0.5 * encounter.mahalanobis_squared();

    // Distance of the disc's edge from the mean, in standard deviations.
    let edge = libm::sqrt(2.0 * half_v) - libm::sqrt(2.0 * half_u);
    if edge.abs() > BEYOND_SIGMAS || half_u > STRAIGHT_EDGE {
        return 0.5 * libm::erfc(edge * core::f64::consts::FRAC_1_SQRT_2);
    }

    // The terms, (v/2)^m/m! times about (u/2)^(m+1)/(m+1)!, peak near sqrt(uv)/2 or where the Poisson weight
    // does.
    let peak = libm::floor(libm::sqrt(half_u * half_v).min(half_v));
    let mut order = peak + 40.0 + libm::ceil(12.0 * libm::sqrt(peak + 1.0));
    let mut tail = poisson_tail(half_u, order);
    let mut sum = 0.0;
    loop {
        let term = poisson(half_v, order) * tail;
        sum += term;
        if order <= 0.0 || (order < peak && term <= NEGLIGIBLE * sum) {
            return sum.min(1.0);
        }
        tail += poisson(half_u, order);
        order -= 1.0;
    }
}

/// Poisson probability of exactly `count` at this `mean`.
fn poisson(mean: f64, count: f64) -> f64 {
    if count <= 0.0 {
        libm::exp(-mean)
    } else if mean > 0.0 {
        libm::exp(count * libm::log(mean) - mean - libm::lgamma(count + 1.0))
    } else {
        0.0
    }
}

/// Poisson probability of more than `count` at this `mean`.
fn poisson_tail(mean: f64, count: f64) -> f64 {
    if count + 1.0 < mean {
        // Below the mean the complement is the short sum, and the tail is near one.
        let mut below = 0.0;
        let mut order = count;
        let mut term = poisson(mean, order);
        while order >= 0.0 && term > NEGLIGIBLE * below {
            below += term;
            term *= order / mean;
            order -= 1.0;
        }
        return 1.0 - below;
    }
    let mut sum = 0.0;
    let mut order = count + 1.0;
    let mut term = poisson(mean, order);
    while term > NEGLIGIBLE * sum {
        sum += term;
        order += 1.0;
        term *= mean / order;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::foster_1992;
    use super::*;

    #[test]
    fn circular_distribution_agrees_with_the_exact_integral() {
        for radius in [1e-4, 0.02, 0.5, 2.0, 30.0] {
            for miss in [0.0, 0.1, 1.0, 4.0, 12.0, 29.0] {
                let problem = PlanarGaussian {
                    sigma_major_km: 1.0,
                    sigma_minor_km: 1.0,
                    miss_major_km: 0.6 * miss,
                    miss_minor_km: 0.8 * miss,
                    hard_body_radius_km: radius,
                };
                let exact = foster_1992::probability(&problem);
                let series = probability(&problem);
                // lgamma of the largest orders (a few hundred) is rounded to 1e-13.
                assert!(
                    (series / exact - 1.0).abs() < 1e-11,
                    "radius {radius}, miss {miss}: {series:e} against {exact:e}"
                );
            }
        }
    }

    #[test]
    fn disc_far_wider_than_the_distribution_needs_no_endless_series() {
        let at = |miss: f64, sigma: f64| {
            probability(&PlanarGaussian {
                sigma_major_km: sigma,
                sigma_minor_km: sigma,
                miss_major_km: miss,
                miss_minor_km: 0.0,
                hard_body_radius_km: 1.0,
            })
        };
        assert!(at(7000.0, 1e-12) <= 0.0);
        assert!(at(0.5, 1e-12) >= 1.0);
        // On the edge, half the mass is inside, less the edge's curvature.
        assert!((at(1.0, 1e-4) - 0.5).abs() < 1e-4);
        assert!((at(1.0, 1e-7) - 0.5).abs() < 1e-7);
    }

    #[test]
    fn small_disc_agrees_with_the_exact_integral_at_any_aspect_ratio() {
        let problem = PlanarGaussian {
            sigma_major_km: 20.0,
            sigma_minor_km: 0.2,
            miss_major_km: 15.0,
            miss_minor_km: 0.3,
            hard_body_radius_km: 1e-3,
        };
        let exact = foster_1992::probability(&problem);
        let series = probability(&problem);
        // The density's relative change across the disc is second order: (R/s2)^2/8 times (miss/s2)^2.
        assert!((series / exact - 1.0).abs() < 1e-5, "{series:e} against {exact:e}");
    }
}
