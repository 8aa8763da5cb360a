//! The largest two-dimensional probability of collision that any scale of the covariance can give.

use super::planar::interval_probability;
use super::quadrature::{kronrod15, kronrod15_together};
use core::f64::consts::{FRAC_2_SQRT_PI, FRAC_PI_2, LN_2, PI, SQRT_2};
use thiserror::Error;

/// Largest probability over all scales of the covariance, and the scale at which it is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Maximum {
    /// The largest probability.
    pub probability: f64,
    /// Standard deviation along the minor axis at that maximum, in km: what SOCRATES prints as DILUTION.
    /// A larger one dilutes the probability.
    pub sigma_minor_km: f64,
}

/// Why no maximum can be computed.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum MaximumError {
    /// The miss distance is negative or not finite.
    #[error("miss distance {value_km} km is not a distance")]
    MissDistance {
        /// The refused distance, in km.
        value_km: f64,
    },
    /// The aspect ratio is below one or not finite.
    #[error("aspect ratio {value} is not finite or below 1")]
    AspectRatio {
        /// The refused ratio.
        value: f64,
    },
    /// The combined hard-body radius is not positive and finite.
    #[error("combined hard-body radius {value_km} km is not positive and finite")]
    HardBodyRadius {
        /// The refused radius, in km.
        value_km: f64,
    },
}

/// A density below exp(-38) of its largest value on the interval no longer counts in 16 digits.
const REACH_SIGMAS: f64 = 8.7;
/// Newton's method is quadratic: after a change of ln s this small the next would be near 1e-14.
const CONVERGED: f64 = 1e-7;

/// Largest exact two-dimensional probability over all scales of a covariance of known aspect ratio, with the
/// miss vector along the major axis (the worst orientation).
///
/// Equation: max over s of Pc(s) with standard deviations s (minor) and A s (major) and mean (d, 0) in the
/// principal axes, Pc the exact integral of [`super::foster_1992`]. The scale is the root of
///
/// ```text
/// dPc/d(ln s) = -R/(2 pi A s^2) int_0^{2 pi} (R - d cos f) exp{-[(R cos f - d)^2/A^2 + R^2 sin^2 f]/(2 s^2)} df
/// ```
///
/// (growing the scale about the mean is a flow through the disc's edge: the divergence theorem), found by
/// Newton's method inside a bracket.
///
/// - `miss_distance_km` d, `hard_body_radius_km` R: km; `aspect_ratio` A >= 1: major over minor sigma
///
/// A miss below the radius gives probability 1 at scale 0, as SOCRATES prints.
///
/// Source: S. Alfano, *Relating Position Uncertainty to Maximum Conjunction Probability*, JAS 53(2), 2005,
/// pp. 193-205; the exact integral in place of his approximations is what reproduces SOCRATES.
///
/// # Errors
/// [`MaximumError`] for an argument outside its domain.
pub fn maximum(
    miss_distance_km: f64,
    aspect_ratio: f64,
    hard_body_radius_km: f64,
) -> Result<Maximum, MaximumError> {
    if !(miss_distance_km >= 0.0 && miss_distance_km.is_finite()) {
        return Err(MaximumError::MissDistance { value_km: miss_distance_km });
    }
    if !(aspect_ratio >= 1.0 && aspect_ratio.is_finite()) {
        return Err(MaximumError::AspectRatio { value: aspect_ratio });
    }
    if !(hard_body_radius_km > 0.0 && hard_body_radius_km.is_finite()) {
        return Err(MaximumError::HardBodyRadius { value_km: hard_body_radius_km });
    }
    // The problem has no scale of its own: lengths in radii.
    let miss = miss_distance_km / hard_body_radius_km;
    if miss <= 1.0 {
        return Ok(Maximum { probability: 1.0, sigma_minor_km: 0.0 });
    }
    let sigma = best_scale(miss, aspect_ratio);
    Ok(Maximum {
        probability: probability(miss, aspect_ratio, sigma),
        sigma_minor_km: sigma * hard_body_radius_km,
    })
}

/// Minor sigma (in radii) at which the probability is largest, for a miss of more than one radius.
fn best_scale(miss: f64, aspect_ratio: f64) -> f64 {
    // Exact for a disc small against the miss, s = d/(A sqrt 2); near contact the root of the gap, too, sets
    // the scale.
    let mut log_sigma = libm::log(libm::sqrt((miss - 1.0) * (miss + 1.0)) / (aspect_ratio * SQRT_2));
    let (mut lower, mut upper) = (f64::NEG_INFINITY, f64::INFINITY);
    // Newton's steps, at most a factor of two at a time; bisection where one would leave the bracket.
    for _ in 0..60 {
        let [outflow, rate] = edge_flow(miss, aspect_ratio, libm::exp(log_sigma));
        // The probability grows with the scale while mass flows into the disc.
        if outflow < 0.0 {
            lower = log_sigma;
        } else {
            upper = log_sigma;
        }
        let toward_root = if outflow < 0.0 { LN_2 } else { -LN_2 };
        let newton = -outflow / rate;
        let step = if newton * toward_root > 0.0 && newton.abs() < LN_2 { newton } else { toward_root };
        let mut next = log_sigma + step;
        if next <= lower || next >= upper {
            next = 0.5 * (lower + upper);
        }
        let change = (next - log_sigma).abs();
        log_sigma = next;
        if change < CONVERGED {
            break;
        }
    }
    libm::exp(log_sigma)
}

/// The flow out of the disc's edge when the scale grows, up to a positive factor, and its derivative
/// by ln s up to the same (see [`maximum`]). Lengths in radii.
fn edge_flow(miss: f64, aspect_ratio: f64, sigma: f64) -> [f64; 2] {
    let exponent = |sine: f64, cosine: f64| {
        let along = (cosine - miss) / (aspect_ratio * sigma);
        let across = sine / sigma;
        0.5 * (along * along + across * across)
    };
    let nearest = exponent(0.0, 1.0);
    // The integrand peaks towards the mean (f = 0) and, for a needle, on the far side (f = pi) too. Between
    // them it falls off at least as exp(-sin^2 f / (2 s^2)), and sin f >= 2 f/pi.
    let reach = FRAC_PI_2.min(REACH_SIGMAS * sigma * FRAC_PI_2);
    let flow_and_rate = |angle: f64| {
        let (sine, cosine) = libm::sincos(angle);
        let energy = exponent(sine, cosine);
        // Without the common factor exp(-nearest) the far tail would underflow.
        let flow = (1.0 - miss * cosine) * libm::exp(nearest - energy);
        [flow, 2.0 * energy * flow]
    };
    let mut sums = [0.0; 2];
    for [from, to] in panels(reach, sigma) {
        for part in [
            kronrod15_together(flow_and_rate, from, to),
            kronrod15_together(flow_and_rate, PI - to, PI - from),
        ] {
            sums = [sums[0] + part[0], sums[1] + part[1]];
        }
    }
    sums
}

/// Exact probability for the minor sigma `sigma`, lengths in radii: the integral of
/// [`super::foster_1992`] for a miss along the major axis, where the two halves of the disc are equal.
fn probability(miss: f64, aspect_ratio: f64, sigma: f64) -> f64 {
    let reach = libm::asin((REACH_SIGMAS * sigma).min(1.0));
    let mut integrand = |angle: f64| {
        let (sine, cosine) = libm::sincos(angle);
        let normalized = sine / sigma;
        libm::exp(-0.5 * normalized * normalized)
            * interval_probability(miss, cosine, aspect_ratio * sigma)
            * cosine
    };
    let half: f64 =
        panels(reach, sigma).into_iter().map(|[from, to]| kronrod15(&mut integrand, from, to).0).sum();
    (half * FRAC_2_SQRT_PI / (SQRT_2 * sigma)).min(1.0)
}

/// Two intervals from 0 to `reach` on which 15 points resolve a Gaussian of width `sigma` to 12 digits.
const fn panels(reach: f64, sigma: f64) -> [[f64; 2]; 2] {
    let middle = if sigma < 0.5 { reach / 3.0 } else { 0.5 * reach };
    [[0.0, middle], [middle, reach]]
}

#[cfg(test)]
mod tests {
    use super::super::foster_1992;
    use super::super::planar::PlanarGaussian;
    use super::*;

    fn exact(miss_km: f64, aspect_ratio: f64, radius_km: f64, sigma_minor_km: f64) -> f64 {
        foster_1992::probability(&PlanarGaussian {
            sigma_major_km: aspect_ratio * sigma_minor_km,
            sigma_minor_km,
            miss_major_km: miss_km,
            miss_minor_km: 0.0,
            hard_body_radius_km: radius_km,
        })
    }

    #[test]
    fn no_other_scale_gives_more_and_the_value_is_the_exact_integral() {
        for miss in [1.0001, 1.01, 1.5, 4.0, 60.0, 5000.0, 1e6] {
            for aspect_ratio in [1.0, 1.3, 3.0, 40.0, 1000.0] {
                let found = maximum(miss * 0.01, aspect_ratio, 0.01).unwrap();
                let at = |factor: f64| exact(miss * 0.01, aspect_ratio, 0.01, factor * found.sigma_minor_km);
                let reference = at(1.0);
                assert!(
                    (found.probability / reference - 1.0).abs() < 1e-10,
                    "miss {miss}, aspect ratio {aspect_ratio}: {:e} against {reference:e}",
                    found.probability
                );
                for factor in [0.01, 0.1, 0.5, 0.9, 0.999, 1.001, 1.1, 2.0, 10.0, 100.0] {
                    assert!(
                        at(factor) <= reference * (1.0 + 1e-12),
                        "miss {miss}, aspect ratio {aspect_ratio}: more at {factor} times the scale"
                    );
                }
            }
        }
    }

    #[test]
    fn small_disc_has_the_closed_form_of_constant_density() {
        // Constant density over the disc: s = d/(A sqrt 2), Pmax = A R^2/(e d^2).
        let (miss, aspect_ratio, radius) = (5.0, 3.0, 1e-5);
        let found = maximum(miss, aspect_ratio, radius).unwrap();
        let scale = miss / (aspect_ratio * SQRT_2);
        let value = aspect_ratio * radius * radius / (core::f64::consts::E * miss * miss);
        assert!((found.sigma_minor_km / scale - 1.0).abs() < 1e-9);
        assert!((found.probability / value - 1.0).abs() < 1e-9);
    }

    #[test]
    fn miss_within_the_radius_is_certain_at_scale_zero() {
        let certain = Maximum { probability: 1.0, sigma_minor_km: 0.0 };
        assert_eq!(maximum(0.0109, 3.0, 0.011), Ok(certain));
        assert_eq!(maximum(0.0, 3.0, 0.011), Ok(certain));
    }

    #[test]
    fn arguments_out_of_domain_are_refused_with_their_value() {
        assert_eq!(maximum(-1.0, 2.0, 0.01), Err(MaximumError::MissDistance { value_km: -1.0 }));
        assert_eq!(maximum(1.0, 0.5, 0.01), Err(MaximumError::AspectRatio { value: 0.5 }));
        assert_eq!(maximum(1.0, 2.0, 0.0), Err(MaximumError::HardBodyRadius { value_km: 0.0 }));
        assert!(maximum(f64::NAN, 2.0, 0.01).is_err());
    }
}
