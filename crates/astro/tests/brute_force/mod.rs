//! Close approaches the slow way: every pair at every step, on the scalar propagator, sharing no code with the
//! screening but that propagator.

use std::collections::HashMap;

use astroshield_astro::Epoch;
use astroshield_astro::sgp4::Propagator;

/// No two objects on bound orbits above the surface approach each other faster than twice the escape speed there.
const FASTEST_KM_S: f64 = 22.4;

/// A minimum of the distance of two objects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Minimum {
    /// Numbers of the objects, the smaller first.
    pub pair: (usize, usize),
    /// Time of the minimum, seconds after the start.
    pub tca_s: f64,
    /// Distance then, in km.
    pub miss_distance_km: f64,
}

struct Catalog<'a> {
    propagators: &'a [Propagator],
    base_minutes: Vec<f64>,
}

impl Catalog<'_> {
    fn position(&self, object: usize, time_s: f64) -> Option<[f64; 3]> {
        let minutes = self.base_minutes[object] + time_s / 60.0;
        self.propagators[object].propagate(minutes).ok().map(|state| state.position_km.into())
    }

    fn distance(&self, (a, b): (usize, usize), time_s: f64) -> f64 {
        match (self.position(a, time_s), self.position(b, time_s)) {
            (Some(a), Some(b)) => distance(a, b),
            _ => f64::NAN,
        }
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// All local minima up to `threshold_km` strictly inside `duration_s` seconds from `start`.
///
/// Every `step_s` seconds each pair that could reach the threshold before the next step, at the fastest speed there is, is
/// noted; about each noted time the distance is sampled every `fine_step_s`, and each sample below its neighbors is
/// refined by golden sections.
pub(crate) fn minima(
    propagators: &[Propagator],
    start: Epoch,
    duration_s: f64,
    threshold_km: f64,
    step_s: f64,
    fine_step_s: f64,
) -> Vec<Minimum> {
    let base_minutes = propagators.iter().map(|propagator| propagator.minutes_since_epoch(start)).collect();
    let catalog = Catalog { propagators, base_minutes };
    let reach_km = threshold_km + FASTEST_KM_S * step_s / 2.0;
    let steps = (duration_s / step_s).round() as u32;

    // The steps at which each pair is near, as it is found: in the order of time.
    let mut near: HashMap<(usize, usize), Vec<u32>> = HashMap::new();
    for step in 0..=steps {
        let time_s = f64::from(step) * step_s;
        let mut positions: Vec<(usize, [f64; 3])> = (0..propagators.len())
            .filter_map(|object| Some((object, catalog.position(object, time_s)?)))
            .collect();
        positions.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
        for (place, (first, position)) in positions.iter().enumerate() {
            for (second, other) in &positions[place + 1..] {
                if other[0] - position[0] > reach_km {
                    break;
                }
                if (other[1] - position[1]).abs() <= reach_km
                    && (other[2] - position[2]).abs() <= reach_km
                    && distance(*position, *other) <= reach_km
                {
                    near.entry((*first.min(second), *first.max(second))).or_default().push(step);
                }
            }
        }
    }

    let mut minima: Vec<Minimum> = near
        .iter()
        .flat_map(|(pair, steps)| refine(&catalog, *pair, steps, step_s, fine_step_s, duration_s))
        .filter(|minimum| minimum.miss_distance_km <= threshold_km)
        .collect();
    minima.sort_by(|a, b| a.pair.cmp(&b.pair).then(a.tca_s.total_cmp(&b.tca_s)));
    minima
}

fn refine(
    catalog: &Catalog<'_>,
    pair: (usize, usize),
    near: &[u32],
    step_s: f64,
    fine_step_s: f64,
    duration_s: f64,
) -> Vec<Minimum> {
    let per_step = (step_s / fine_step_s).round() as i64;
    let mut found = Vec::new();
    for run in near.chunk_by(|a, b| b - a == 1) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        // Half a step more on both sides, and a sample beyond to see a minimum by: before the start too.
        let from = i64::from(*first) * per_step - (per_step / 2 + 1);
        let to = i64::from(*last) * per_step + per_step / 2 + 1;
        let sample = |number: i64| catalog.distance(pair, number as f64 * fine_step_s);
        let (mut before, mut here) = (sample(from), sample(from + 1));
        for number in from + 1..to {
            let after = sample(number + 1);
            if here < before && here <= after {
                let center_s = number as f64 * fine_step_s;
                let tca_s = golden_section(
                    |time_s| catalog.distance(pair, time_s),
                    center_s - fine_step_s,
                    center_s + fine_step_s,
                );
                if tca_s > 0.0 && tca_s < duration_s {
                    let miss_distance_km = catalog.distance(pair, tca_s);
                    found.push(Minimum { pair, tca_s, miss_distance_km });
                }
            }
            (before, here) = (here, after);
        }
    }
    found
}

/// The minimum of a function between two arguments, to the precision that its values allow.
fn golden_section(function: impl Fn(f64) -> f64, mut left: f64, mut right: f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (right - ratio * (right - left), left + ratio * (right - left));
    let (mut at_low, mut at_high) = (function(low), function(high));
    for _ in 0..60 {
        if at_low < at_high {
            (right, high, at_high) = (high, low, at_low);
            low = right - ratio * (right - left);
            at_low = function(low);
        } else {
            (left, low, at_low) = (low, high, at_high);
            high = left + ratio * (right - left);
            at_high = function(high);
        }
    }
    0.5 * (left + right)
}
