//! The relative motion of two objects over a cell, interpolated: what rules out most candidates before the true
//! trajectories are asked.

use nalgebra::Vector3;

use super::grid::Knot;
use super::sampling::{STENCIL, Samples};

/// Pairs slower than this, and than [`SLOW_RATE_S`] times the distance in question, are not ruled out here: their
/// distance may have several minima in a cell.
const SLOW_KM_S: f64 = 0.3;

/// Above this times `D`, the gravity gradient `k` bends a passage at `D` so little that `3.1 k (D + T p)^2 < 0.1 p^2` down to
/// the surface: the squared distance is convex over the cell, and each Newton step leaves a tenth.
const SLOW_RATE_S: f64 = 0.02;

/// Newton steps from the middle of the cell.
const STEPS: usize = 5;

/// Polynomial of degree five through the relative positions at the six knots around a cell, in steps from the cell's
/// middle: an even and an odd part, each Newton's interpolation in the square of time.
struct RelativeMotion {
    even: [Vector3<f64>; 3],
    odd: [Vector3<f64>; 3],
}

/// Squares of the distances of the knots from the middle, in steps.
const NODES: [f64; STENCIL / 2] = [0.25, 2.25, 6.25];

impl RelativeMotion {
    fn new(samples: &Samples, slot: usize, (a, b): (u32, u32)) -> Self {
        let at = |slot: usize| -> Vector3<f64> {
            let [first, second] = [a, b].map(|lane| Vector3::from(samples.position(slot, lane as usize)));
            second - first
        };
        let (mut even, mut odd) = ([Vector3::zeros(); 3], [Vector3::zeros(); 3]);
        for (k, node) in NODES.iter().enumerate() {
            let (before, after) = (at(slot - k), at(slot + 1 + k));
            even[k] = 0.5 * (after + before);
            odd[k] = 0.5 * (after - before) / node.sqrt();
        }
        Self { even: divided(even), odd: divided(odd) }
    }

    /// Relative position (km) and its derivative by steps at a time in steps.
    fn at(&self, time: f64) -> (Vector3<f64>, Vector3<f64>) {
        let square = time * time;
        let newton = |[constant, slope, bend]: &[Vector3<f64>; 3]| {
            let inner = slope + bend * (square - NODES[1]);
            (constant + inner * (square - NODES[0]), inner + bend * (square - NODES[0]))
        };
        let ((even, even_slope), (odd, odd_slope)) = (newton(&self.even), newton(&self.odd));
        (even + odd * time, even_slope * (2.0 * time) + odd + odd_slope * (2.0 * square))
    }
}

/// Newton's divided differences over [`NODES`].
fn divided([first, second, third]: [Vector3<f64>; 3]) -> [Vector3<f64>; 3] {
    let early = (second - first) / (NODES[1] - NODES[0]);
    let late = (third - second) / (NODES[2] - NODES[1]);
    [first, early, (late - early) / (NODES[2] - NODES[0])]
}

/// Whether the interpolated motion proves that a pair has no minimum below `limit_km` in the cell at a slot.
///
/// `error_km` bounds the error of the interpolated relative position. Pairs too slow for the proof are never ruled out.
pub(super) fn rules_out(
    samples: &Samples,
    slot: usize,
    pair: (u32, u32),
    limit_km: f64,
    error_km: f64,
) -> bool {
    let motion = RelativeMotion::new(samples, slot, pair);
    let slow = (SLOW_KM_S + 0.1 * error_km + SLOW_RATE_S * limit_km) * Knot::STEP_S;
    let mut time = 0.0;
    for _ in 0..STEPS {
        let (position, rate) = motion.at(time);
        let squared_rate = rate.norm_squared();
        if squared_rate.is_nan() || squared_rate <= slow * slow {
            return false;
        }
        time -= position.dot(&rate) / squared_rate;
        if time.abs() > 2.0 {
            break;
        }
    }
    let (_, rate) = motion.at(time.clamp(-0.5, 0.5));
    let speed = rate.norm();
    // The sign of the true rate at the edge is certain when the interpolated minimum lies this far beyond it.
    let margin = (2.0 * error_km + 0.15 * limit_km) / speed;
    if time.abs() > 0.5 + margin {
        return true;
    }
    let (position, _) = motion.at(time.clamp(-0.5, 0.5));
    position.norm() > limit_km + error_km
}
