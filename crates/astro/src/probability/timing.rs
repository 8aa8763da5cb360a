//! When the distributions of an encounter overlap most, and for how long.

use super::overlap::{Overlap, overlap};
use super::pair::OrbitPair;

/// Standard deviations on either side of the peak that hold all but 1e-16 of a Gaussian: sqrt(2)
/// erfcinv(1e-16).
const REACH_SIGMAS: f64 = 8.222;

/// The peak of the contact density in time, as a Gaussian exp(-Q/2), Q the modified Mahalanobis distance.
#[derive(Debug, Clone)]
pub(super) struct Peak {
    /// Time of the peak, in s from the encounter's instant.
    pub(super) time_s: f64,
    /// Standard deviation in time, in s.
    pub(super) sigma_s: f64,
    /// Q at the peak.
    pub(super) distance: f64,
    /// The overlap at the central sampled time, and one sampling step before and after it.
    pub(super) samples: [Overlap; 3],
    /// The sampling step, in s.
    pub(super) step_s: f64,
}

/// Bounds of the time in which all but 1e-16 of the probability accrues, for a Gaussian in time.
pub(super) fn bounds(time_s: f64, sigma_s: f64) -> [f64; 2] {
    [time_s - REACH_SIGMAS * sigma_s, time_s + REACH_SIGMAS * sigma_s]
}

/// The peak nearest downhill from `start_s`, sampled one standard deviation apart, or nothing if the overlap
/// does not converge, or the density has no peak that a Gaussian describes.
///
/// Newton's method on Q(t) by second differences over +-1 sigma, which are also the derivatives that the
/// analytic time integral of [`super::hall_2023`] takes.
pub(super) fn find_peak(pair: &OrbitPair, start_s: f64, start_sigma_s: f64) -> Option<Peak> {
    let period = pair.shorter_period_s();
    let (mut time, mut sigma) = (start_s, start_sigma_s.min(0.05 * period));
    for _ in 0..60 {
        let step = sigma;
        let samples = [overlap(pair, time - step)?, overlap(pair, time)?, overlap(pair, time + step)?];
        let [before, center, after] = [&samples[0], &samples[1], &samples[2]].map(Overlap::modified_distance);
        let slope = (after - before) / (2.0 * step);
        let curvature = (after - 2.0 * center + before) / (step * step);
        if curvature <= 0.0 {
            // Over the top of a rise: walk downhill until it bends up again.
            time -= slope.signum() * 2.0 * step;
            if time.abs() > period {
                return None;
            }
            continue;
        }
        let next_sigma = libm::sqrt(2.0 / curvature);
        let offset = -slope / curvature;
        if offset.abs() <= 1e-2 * next_sigma && (next_sigma / sigma - 1.0).abs() < 1e-2 {
            return Some(Peak {
                time_s: time + offset,
                sigma_s: next_sigma,
                distance: center - 0.5 * slope * slope / curvature,
                samples,
                step_s: step,
            });
        }
        // A parabola reaches only so far on a curve.
        time += offset.clamp(-20.0 * step, 20.0 * step);
        sigma = next_sigma.min(0.05 * period).min(10.0 * sigma);
        if time.abs() > period {
            return None;
        }
    }
    None
}
