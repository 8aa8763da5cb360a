//! Alfano's error-function sum for the two-dimensional probability of collision.

use super::planar::{PlanarGaussian, interval_probability};

/// Fewest terms, as the paper recommends.
const MIN_TERMS: f64 = 10.0;
/// Most terms: bounds the work when the disc is thousands of times wider than the distribution.
const MAX_TERMS: f64 = 10_000.0;

/// Two-dimensional probability of collision after Alfano: Simpson's one-third rule over the minor axis, error
/// functions over the major axis.
///
/// Equation, with step d = R/(2M), points x(i) = i d - R and the chord's half length y(x) = sqrt(R^2 - x^2):
///
/// ```text
/// Pc = d/(3 s2 sqrt(8 pi)) [2 g(0.015 d - R) + 2 sum_{i=1}^{M-1} g(x(2i)) + g(0) + 4 sum_{i=1}^{M} g(x(2i-1))]
/// g(x) = {erf[(m1 + y)/(sqrt(2) s1)] + erf[(y - m1)/(sqrt(2) s1)]}
///        {exp[-(x - m2)^2/(2 s2^2)] + exp[-(x + m2)^2/(2 s2^2)]}
/// ```
///
/// - the first term is the vanishing end point moved inward, which corrects Simpson's rule for the square
///   root there
/// - M = floor(5 R / min(s2, miss)), at least 10 (here at most 10,000)
/// - R combined hard-body radius; s1, s2 standard deviations along the major and minor axes; m1, m2 the miss
///   along them; all in km
///
/// Valid as the exact integral is; the sum itself is good to about 1e-4 relative, and loses the tail where a
/// narrow distribution meets the disc's limb.
///
/// Source: S. Alfano, *A Numerical Implementation of Spherical Object Collision Probability*, JAS 53(1),
/// 2005, pp. 103-109.
#[must_use]
pub fn probability(encounter: &PlanarGaussian) -> f64 {
    let PlanarGaussian {
        sigma_major_km: sigma_major,
        sigma_minor_km: sigma_minor,
        miss_major_km: miss_major,
        miss_minor_km: miss_minor,
        hard_body_radius_km: radius,
    } = *encounter;
    let miss = libm::hypot(miss_major, miss_minor);
    let recommended = libm::floor(5.0 * radius / sigma_minor.min(miss));
    // f64::clamp keeps a NaN, which a zero miss cannot make here: the radius is positive.
    let half_terms = recommended.clamp(MIN_TERMS, MAX_TERMS);
    let step = radius / (2.0 * half_terms);

    let gauss = |distance: f64| {
        let normalized = distance / sigma_minor;
        libm::exp(-0.5 * normalized * normalized)
    };
    // The sum of the two error functions is twice the probability of the chord.
    let term = |x: f64| {
        let half_chord = libm::sqrt((radius - x) * (radius + x));
        2.0 * interval_probability(miss_major, half_chord, sigma_major)
            * (gauss(x - miss_minor) + gauss(x + miss_minor))
    };

    let end = 2.0 * term(0.015 * step - radius);
    let mut even = term(0.0);
    let mut odd = 0.0;
    let mut index = 1.0;
    while index <= half_terms {
        odd += 4.0 * term((2.0 * index - 1.0) * step - radius);
        if index < half_terms {
            even += 2.0 * term(2.0 * index * step - radius);
        }
        index += 1.0;
    }
    let factor = step / (3.0 * sigma_minor * libm::sqrt(8.0 * core::f64::consts::PI));
    (factor * (end + even + odd)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::foster_1992;
    use super::*;

    /// Chan's cases as Alfano's method is checked on them in Orekit (`Alfano2005Test`): miss and sigmas in m.
    #[test]
    fn chan_cases_have_their_published_values() {
        for (miss_x, miss_y, sigma_x, sigma_y, radius, published) in
            [(0.0, 10.0, 25.0, 50.0, 5.0, 9.742e-3), (10.0, 0.0, 25.0, 50.0, 5.0, 9.181e-3)]
        {
            let problem = PlanarGaussian {
                sigma_major_km: sigma_y,
                sigma_minor_km: sigma_x,
                miss_major_km: miss_y,
                miss_minor_km: miss_x,
                hard_body_radius_km: radius,
            };
            let value = probability(&problem);
            assert!((value - published).abs() < 1e-6, "{value:e} against {published:e}");
        }
    }

    #[test]
    fn sum_is_within_its_stated_error_of_the_exact_integral() {
        for radius in [0.01, 0.3, 2.0, 8.0] {
            for miss in [0.0, 0.5, 3.0] {
                let problem = PlanarGaussian {
                    sigma_major_km: 4.0,
                    sigma_minor_km: 1.0,
                    miss_major_km: 2.0 * miss,
                    miss_minor_km: miss,
                    hard_body_radius_km: radius,
                };
                let exact = foster_1992::probability(&problem);
                let value = probability(&problem);
                assert!((value / exact - 1.0).abs() < 3e-4, "{value:e} against {exact:e}");
            }
        }
    }
}
