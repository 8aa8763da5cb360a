//! Positions of all objects at the knots, and the interpolation between them.

use core::ops::Range;

use super::grid::Knot;
use crate::sgp4::{COMPONENTS, LANES_PER_BLOCK};

/// Knots that one interpolating polynomial passes through (degree five), the interval in their middle.
pub(super) const STENCIL: usize = 6;

/// Knots needed before the one that an interval starts at: the stencil's two, and one more for the sixth
/// differences that bound its error.
pub(super) const KNOTS_BEFORE: usize = 3;

/// Knots needed after the one that an interval starts at.
pub(super) const KNOTS_AFTER: usize = 4;

/// Knots whose positions one interval looks at.
pub(super) const KNOTS_AROUND: usize = KNOTS_BEFORE + 1 + KNOTS_AFTER;

/// Lanes that lie together.
pub(super) const BLOCK: usize = LANES_PER_BLOCK;

/// One value of each lane of a block.
pub(super) type Lanes = [f64; BLOCK];

/// Positions at consecutive knots, in km (TEME), in blocks of lanes: all knots of a block lie together, so that the
/// stencils of one cell are read as one stream. A lane without a position has NaN.
pub(super) struct Samples {
    pub(super) lanes: usize,
    first: Knot,
    knots: usize,
    /// By block, then knot, then component.
    values: Vec<[Lanes; 3]>,
}

impl Samples {
    pub(super) fn new(lanes: usize, first: Knot, knots: usize) -> Self {
        let blocks = lanes.div_ceil(BLOCK);
        Self { lanes, first, knots, values: vec![[[f64::NAN; BLOCK]; 3]; blocks * knots] }
    }

    pub(super) fn blocks(&self) -> usize {
        self.values.len() / self.knots
    }

    pub(super) fn knots(&self) -> usize {
        self.knots
    }

    pub(super) fn knot(&self, slot: usize) -> Knot {
        Knot(self.first.0 + slot as i64)
    }

    /// Moves on in time so that slot `by` becomes slot 0; the last slots keep old values until they are written.
    pub(super) fn advance(&mut self, by: usize) {
        for block in self.values.chunks_exact_mut(self.knots) {
            block.copy_within(by.., 0);
        }
        self.first.0 += by as i64;
    }

    /// The positions of a block at all slots.
    pub(super) fn block(&self, block: usize) -> &[[Lanes; 3]] {
        &self.values[block * self.knots..(block + 1) * self.knots]
    }

    /// Takes the positions of a block from its states at the slots from `slot` on, as the batch propagator lays them out.
    pub(super) fn fill_block(&mut self, block: usize, slot: usize, states: &[f64]) {
        let values = &mut self.values[block * self.knots + slot..];
        for (positions, state) in values.iter_mut().zip(states.chunks_exact(COMPONENTS * BLOCK)) {
            for (component, lanes) in positions.iter_mut().zip(state.chunks_exact(BLOCK)) {
                component.copy_from_slice(lanes);
            }
        }
    }

    /// Slots and lanes of a block that have no position, or one below a geocentric distance.
    pub(super) fn below(&self, block: usize, slots: Range<usize>, radius_km: f64) -> Vec<(usize, usize)> {
        let limit = radius_km * radius_km;
        let mut below = Vec::new();
        for slot in slots {
            let [x, y, z] = &self.values[block * self.knots + slot];
            let mut sound = [false; BLOCK];
            for lane in 0..BLOCK {
                sound[lane] = x[lane] * x[lane] + y[lane] * y[lane] + z[lane] * z[lane] >= limit;
            }
            if sound != [true; BLOCK] {
                below
                    .extend((0..BLOCK).filter(|lane| !sound[*lane]).map(|lane| (slot, block * BLOCK + lane)));
            }
        }
        below
    }

    pub(super) fn set(&mut self, slot: usize, lane: usize, position_km: [f64; 3]) {
        let values = &mut self.values[lane / BLOCK * self.knots + slot];
        for (component, value) in values.iter_mut().zip(position_km) {
            component[lane % BLOCK] = value;
        }
    }

    pub(super) fn position(&self, slot: usize, lane: usize) -> [f64; 3] {
        self.block(lane / BLOCK)[slot].map(|component| component[lane % BLOCK])
    }

    /// Whether a lane has a position at a slot.
    pub(super) fn is_valid(&self, slot: usize, lane: usize) -> bool {
        self.position(slot, lane)[0].is_finite()
    }
}

/// Weights of the interpolating polynomial's position at the middle of the stencil, for the sums of the positions one
/// half, three halves and five halves of a step away on both sides: `prod_{m != k} u_m / (u_m - u_k)`.
pub(super) const MIDDLE_WEIGHTS: [f64; STENCIL / 2] = [150.0 / 256.0, -25.0 / 256.0, 3.0 / 256.0];

/// The same for the velocity there, for the differences (later less earlier), times the step.
pub(super) const MIDDLE_RATE_WEIGHTS: [f64; STENCIL / 2] =
    [2_250.0 / 1_920.0, -125.0 / 1_920.0, 9.0 / 1_920.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_reproduce_a_polynomial_of_degree_five_and_its_rate() {
        let coefficients = [3.0, -2.0, 0.5, 0.25, -0.125, 0.0625];
        let polynomial =
            |u: f64| coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * u + coefficient);
        let (mut middle, mut rate) = (0.0, 0.0);
        for (k, (weight, rate_weight)) in MIDDLE_WEIGHTS.iter().zip(MIDDLE_RATE_WEIGHTS).enumerate() {
            let u = k as f64 + 0.5;
            middle += weight * (polynomial(u) + polynomial(-u));
            rate += rate_weight * (polynomial(u) - polynomial(-u));
        }
        // Exact but for the rounding of a few products of order ten.
        assert!((middle - coefficients[0]).abs() < 1e-13, "{middle}");
        assert!((rate - coefficients[1]).abs() < 1e-13, "{rate}");
    }
}
