//! Expected number of collisions by integrating the collision rate over time, for encounters of any duration.

use super::overlap::overlap;
use super::pair::OrbitPair;
use super::quadrature::adaptive;
use super::sphere::collision_rate;
use super::timing::Peak;

/// Relative error asked of the time quadrature's own (pessimistic) estimate.
const RELATIVE_TOLERANCE: f64 = 1e-4;
/// Equal intervals that the window is cut into before any is bisected.
const INITIAL_INTERVALS: u32 = 16;
/// Bound on the work: intervals in time of 15 evaluations each.
const MAX_INTERVALS: usize = 80;
/// The encounter lasts while the rate exceeds this part of its largest value: exp(-x^2/2)/sqrt(2 pi) at x =
/// sqrt(2) erfcinv(1e-6).
const DURATION_CUT: f64 = 2.5e-6;

/// The 3D-Nc probability and what its usage is judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extended {
    /// Expected number of collisions, at most one.
    pub(super) probability: f64,
    /// First and last moment at which the rate counts, in s from the encounter's instant.
    pub(super) active_s: [f64; 2],
    /// Whether the peak-overlap point was found at every moment at which the rate counts.
    pub(super) converged: bool,
}

/// Expected number of collisions in `window_s` (3D-Nc): the time integral of the flow of probability into the
/// sphere of the combined hard-body radius. For one encounter it is the probability of collision.
///
/// ```text
/// Nc = int dt R^2 int N(R n; r(t), A(t)) nu(n, t) dn
/// ```
///
/// - R: combined hard-body radius, km; n: direction on the unit sphere
/// - N: normal density of the relative position with mean r (km) and covariance A (km^2), linearized in
///   equinoctial elements about the peak-overlap point of each moment
/// - nu: mean inward speed, km/s
///
/// Adaptive Gauss-Kronrod quadrature over the window, cut into equal intervals and around the known `peak`,
/// which may be far narrower than they are. Nothing when the sphere is too large for the distribution to be
/// integrated over.
///
/// Source: D. T. Hall, *Expected Collision Rates for Tracked Satellites*, JSR 58(3), 2021, pp. 715-728, on
/// the basis of V. T. Coppola, *Including Velocity Uncertainty in the Probability of Collision Between Space
/// Objects*, AAS 12-247, 2012.
pub(super) fn probability(pair: &OrbitPair, window_s: [f64; 2], peak: Option<&Peak>) -> Option<Extended> {
    let [from, to] = window_s;
    let mut nodes: Vec<f64> = (0..=INITIAL_INTERVALS)
        .map(|index| from + (to - from) * f64::from(index) / f64::from(INITIAL_INTERVALS))
        .collect();
    if let Some(peak) = peak {
        // The sphere's near side is reached a crossing time before its center.
        let speed = peak.samples[1].velocity_km_s.norm();
        let crossing_s = if speed > 0.0 { pair.hard_body_radius_km / speed } else { 0.0 };
        let reach = crossing_s + 8.0 * peak.sigma_s;
        let fractions = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
        let around = fractions.map(|fraction| peak.time_s + fraction * reach);
        nodes.extend(around.into_iter().filter(|&time| time > from && time < to));
    }
    nodes.sort_by(f64::total_cmp);
    nodes.dedup();

    let mut evaluated: Vec<(f64, Option<f64>)> = Vec::new();
    let mut resolved = true;
    let rate = |time: f64| {
        let rate = overlap(pair, time).map(|overlap| {
            collision_rate(&overlap, pair.hard_body_radius_km).unwrap_or_else(|| {
                resolved = false;
                0.0
            })
        });
        evaluated.push((time, rate));
        rate.unwrap_or(0.0)
    };
    let (expected, _) = adaptive(rate, &nodes, RELATIVE_TOLERANCE, MAX_INTERVALS);
    if !resolved {
        return None;
    }
    evaluated.sort_by(|a, b| a.0.total_cmp(&b.0));
    let largest = evaluated.iter().filter_map(|point| point.1).fold(0.0, f64::max);
    let counts = |rate: Option<f64>| rate.is_some_and(|rate| rate > DURATION_CUT * largest);
    let first = evaluated.iter().position(|point| counts(point.1));
    let last = evaluated.iter().rposition(|point| counts(point.1));
    let (Some(first), Some(last)) = (first, last) else {
        // No rate anywhere: converged only if the overlap was found somewhere.
        let converged = evaluated.iter().any(|point| point.1.is_some());
        return Some(Extended { probability: 0.0, active_s: [0.0, 0.0], converged });
    };
    // A moment without overlap matters inside the active time and right beside it.
    let around = first.saturating_sub(1)..=(last + 1).min(evaluated.len() - 1);
    let converged = evaluated[around].iter().all(|point| point.1.is_some());
    Some(Extended {
        probability: expected.min(1.0),
        active_s: [evaluated[first].0, evaluated[last].0],
        converged,
    })
}
