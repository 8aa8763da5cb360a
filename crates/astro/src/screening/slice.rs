//! One time slice of a screening: candidates cell by cell, decided one by one.

use core::ops::Range;
use std::collections::BTreeMap;

use super::EARTH_MU_KM3_S2;
use super::cell_motion::{CellMotion, HALF_S, interpolate};
use super::closest_approach::{CellPair, Edge, Minimum};
use super::grid::{Cell, Instant, Knot};
use super::outcome::{Approach, FailureCause, SliceOutcome};
use super::relative_motion::rules_out;
use super::sampling::{BLOCK, KNOTS_AROUND, KNOTS_BEFORE, Samples};
use super::shells::{Candidate, FEW, Primaries, Shells};
use super::{Screening, Selection};
use crate::sgp4::{StateBuffer, Window};

/// Intervals that the samples are advanced by at a time.
const CHUNK: usize = 16;

/// Below this geocentric distance a knot is recomputed by the scalar propagator, whose verdict on decay counts.
const SUSPECT_RADIUS_KM: f64 = 6_420.0;

/// An interpolation error above this makes a lane irregular: its motion over a cell is then read off the true
/// trajectory.
const IRREGULAR_PAD_KM: f32 = 20.0;

/// Points of the true trajectory that an irregular lane's motion over a cell is fitted to.
const IRREGULAR_POINTS: u32 = 16;

/// No element set means an orbit faster than the escape speed times this; SGP4 makes such of some that have long decayed.
const DIVERGED_SPEED: f64 = 1.5;

/// Positions of the batch and of the scalar propagator agree to this, with room to spare.
const BATCH_AGREEMENT_KM: f64 = 1.0e-4;

/// Position (km) and velocity (km/s) at the middle of a cell, and the bound of what they leave out (km).
type Motion = ([f64; 3], [f64; 3], f64);

/// Screens consecutive cells.
pub(super) struct SliceRun<'a> {
    screening: &'a Screening,
    cells: Range<i64>,
    /// SGP4 at all knots that the cells need.
    batch: Window<'a>,
    samples: Samples,
    /// Motion over the cells of the chunk.
    motions: Vec<CellMotion>,
    /// Which lanes are primaries, if not all are.
    is_primary: Vec<bool>,
    /// The primaries, if they are few.
    few: Option<Vec<u32>>,
    outcome: SliceOutcome,
    /// Pairs within the threshold at every knot so far.
    contacts: Vec<Candidate>,
}

impl<'a> SliceRun<'a> {
    /// For the cells that start at these knots.
    pub(super) fn new(screening: &'a Screening, cells: Range<i64>) -> Self {
        let lanes = screening.lanes.len();
        let first = Knot(cells.start - KNOTS_BEFORE as i64);
        let knots = (cells.end - cells.start) as usize + KNOTS_AROUND - 1;
        let minutes: Vec<f64> = (0..knots).map(|knot| knot as f64 * (Knot::STEP_S / 60.0)).collect();
        let batch = screening.batch.window(first.instant().to_epoch(), &minutes);
        let samples = Samples::new(lanes, first, knots.min(CHUNK + KNOTS_AROUND - 1));
        let is_primary = match &screening.selection {
            Selection::All => Vec::new(),
            Selection::Primaries(primaries) => {
                let mut flags = vec![false; lanes];
                for (flag, object) in flags.iter_mut().zip(&screening.lanes) {
                    *flag = object.is_some_and(|object| primaries[object as usize]);
                }
                flags
            }
        };
        let primaries = (0..).zip(&is_primary).filter_map(|(lane, flag)| flag.then_some(lane));
        let few: Vec<u32> = primaries.take(FEW + 1).collect();
        let few = (!is_primary.is_empty() && few.len() <= FEW).then_some(few);
        Self {
            screening,
            cells,
            batch,
            samples,
            motions: (0..CHUNK).map(|_| CellMotion::new(lanes)).collect(),
            is_primary,
            few,
            outcome: SliceOutcome::default(),
            contacts: Vec::new(),
        }
    }

    /// Screens the cells.
    pub(super) fn run(mut self) -> SliceOutcome {
        let mut shells = Shells::new(self.screening.reach_km as f32);
        let mut candidates = Vec::new();
        for (count, knot) in self.cells.clone().enumerate() {
            let slot = KNOTS_BEFORE + count % CHUNK;
            if count % CHUNK == 0 {
                if count == 0 {
                    self.fill(0);
                } else {
                    self.samples.advance(CHUNK);
                    self.fill(self.samples.knots() - CHUNK);
                }
                interpolate(&self.samples, &mut self.motions, self.screening.path);
            }
            let cell = Cell { knot: Knot(knot) };
            self.mend_irregular(cell, slot);
            candidates.clear();
            let primaries = match (&self.few, &self.screening.selection) {
                (Some(few), _) => Primaries::Few(few),
                (None, Selection::Primaries(_)) => Primaries::Of(&self.is_primary),
                (None, Selection::All) => Primaries::All,
            };
            shells.candidates(
                &self.motions[slot - KNOTS_BEFORE],
                primaries,
                self.screening.path,
                &mut candidates,
            );
            candidates.sort_unstable();
            candidates.dedup();
            self.decide(cell, slot, &candidates);
            if count == 0 {
                self.open_contacts(slot, &candidates);
            }
            self.keep_contacts(slot + 1);
        }
        self.outcome.contacts = self.contacts.iter().filter_map(|pair| self.objects(*pair)).collect();
        self.outcome.contacts.sort_unstable();
        self.outcome.approaches.sort_by(Approach::canonical_order);
        self.outcome
    }

    /// Computes the positions at the slots from `from` on.
    fn fill(&mut self, from: usize) {
        let to = self.samples.knots();
        // The last chunk may end before the samples do.
        let first = (self.samples.knot(from).0 - (self.cells.start - KNOTS_BEFORE as i64)) as usize;
        let last = (first + to - from).min((self.cells.end - self.cells.start) as usize + KNOTS_AROUND - 1);
        let mut states = StateBuffer::new(last - first, 1);
        let mut suspects = Vec::new();
        for block in 0..self.screening.batch.blocks() {
            self.batch.propagate_into(
                block..block + 1,
                first..last,
                states.as_mut_slice(),
                self.screening.path,
            );
            self.samples.fill_block(block, from, states.as_slice());
            suspects.extend(self.samples.below(block, from..from + (last - first), SUSPECT_RADIUS_KM));
        }
        // Ephemerides are asked one by one, and whether an object has decayed is for the scalar propagator to say.
        let others = self.screening.batch.lanes()..self.samples.lanes;
        suspects.extend(others.flat_map(|lane| (from..from + (last - first)).map(move |slot| (slot, lane))));
        for (slot, lane) in suspects {
            let origin = self.samples.knot(slot).instant();
            let position = self.position_of(lane, origin, 0.0).unwrap_or([f64::NAN; 3]);
            self.samples.set(slot, lane, position);
        }
    }

    /// The objects of two lanes, the smaller number first.
    fn objects(&self, (a, b): Candidate) -> Option<(u32, u32)> {
        let [a, b] = [a, b].map(|lane| self.screening.lanes[lane as usize]);
        let (a, b) = (a?, b?);
        Some((a.min(b), a.max(b)))
    }

    fn is_element_set(&self, lane: usize) -> bool {
        lane < self.screening.batch.lanes()
    }

    fn position_of(&self, lane: usize, origin: Instant, offset_s: f64) -> Option<[f64; 3]> {
        let object = self.screening.lanes[lane]?;
        let state = self.screening.trajectories[object as usize].state(origin, offset_s).ok()?;
        Some(state.position_km.into())
    }

    /// Whether a lane is screened in the cell at a slot.
    fn is_screened(&self, slot: usize, lane: u32) -> bool {
        let lane = lane as usize;
        self.samples.is_valid(slot, lane)
            && self.samples.is_valid(slot + 1, lane)
            && self.is_covered(slot, lane)
    }

    /// Whether the ephemeris of a lane, if it has one, has no gap in the cell at a slot.
    fn is_covered(&self, slot: usize, lane: usize) -> bool {
        self.is_element_set(lane)
            || self.screening.lanes[lane].is_some_and(|object| {
                let cell = Cell { knot: self.samples.knot(slot) };
                self.screening.trajectories[object as usize].covers(cell.start(), cell.end())
            })
    }

    /// Gives the objects that cannot be interpolated over a cell a motion read off their true trajectories.
    fn mend_irregular(&mut self, cell: Cell, slot: usize) {
        let pads_km = &self.motions[slot - KNOTS_BEFORE].pad_km[..self.samples.lanes];
        let is_irregular = |pad: &f32| pad.is_nan() || *pad > IRREGULAR_PAD_KM;
        let irregular: Vec<usize> = pads_km
            .chunks(BLOCK)
            .enumerate()
            .filter(|(_, pads)| pads.iter().any(is_irregular))
            .flat_map(|(block, pads)| (block * BLOCK..).zip(pads))
            .filter_map(|(lane, pad)| is_irregular(pad).then_some(lane))
            .collect();
        // An ephemeris may have a gap between two knots, which the knots do not show.
        let others = self.screening.batch.lanes()..self.samples.lanes;
        let gaps = others.filter(|lane| !self.is_covered(slot, *lane));
        let irregular: Vec<usize> = irregular.into_iter().chain(gaps).collect();
        for lane in irregular {
            let motion = self.motion_or_failure(lane, cell, slot);
            let cell_motion = &mut self.motions[slot - KNOTS_BEFORE];
            match motion {
                Ok((position_km, velocity_km_s, pad_km)) => {
                    cell_motion.set(lane, position_km, velocity_km_s, pad_km);
                }
                Err(failed) => {
                    cell_motion.clear(lane);
                    if let Some(object) = self.screening.lanes[lane] {
                        self.outcome.failures.entry(object).or_insert(failed);
                    }
                }
            }
        }
    }

    /// The motion of one object that cannot be interpolated, or why and from when on it has none.
    fn motion_or_failure(
        &self,
        lane: usize,
        cell: Cell,
        slot: usize,
    ) -> Result<Motion, (Instant, FailureCause)> {
        for slot in [slot, slot + 1] {
            if !self.samples.is_valid(slot, lane) {
                return Err((self.samples.knot(slot).instant(), FailureCause::NoPosition));
            }
        }
        if !self.is_covered(slot, lane) {
            return Err((cell.start(), FailureCause::NoPosition));
        }
        self.irregular_motion(lane, cell).map_err(|cause| (cell.start(), cause))
    }

    /// The motion of a lane that cannot be interpolated, from its true trajectory: position and velocity at the
    /// middle of the cell, and a bound from what the harmonic motion misses at points in between.
    fn irregular_motion(&self, lane: usize, cell: Cell) -> Result<Motion, FailureCause> {
        let half_s = f64::from(HALF_S);
        let at = |offset_s: f64| {
            self.position_of(lane, cell.start(), half_s + offset_s).ok_or(FailureCause::NoPosition)
        };
        let center = at(0.0)?;
        let (before, after) = (at(-1.0)?, at(1.0)?);
        let velocity: [f64; 3] = core::array::from_fn(|c| 0.5 * (after[c] - before[c]));
        let squared_radius: f64 = center.iter().map(|x| x * x).sum();
        let gradient = EARTH_MU_KM3_S2 / (squared_radius * squared_radius.sqrt());
        let distance_km = |position: [f64; 3]| position.iter().map(|x| x * x).sum::<f64>().sqrt();
        let interval_s = 2.0 * half_s / f64::from(IRREGULAR_POINTS);
        let mut previous: Option<[f64; 3]> = None;
        let (mut worst, mut step, mut last): (f64, f64, Option<f64>) = (0.0, 0.0, None);
        for point in 0..=IRREGULAR_POINTS {
            let time = half_s * (2.0 * f64::from(point) / f64::from(IRREGULAR_POINTS) - 1.0);
            let position = at(time)?;
            if let Some(previous) = previous.replace(position) {
                // The chord is the least that it can have moved, and the lower end the most that it may.
                let chord_km = distance_km(core::array::from_fn(|c| position[c] - previous[c]));
                let lowest_km = distance_km(position).min(distance_km(previous));
                let escape_km_s = (2.0 * EARTH_MU_KM3_S2 / lowest_km).sqrt();
                if chord_km > DIVERGED_SPEED * escape_km_s * interval_s && self.is_element_set(lane) {
                    return Err(FailureCause::Diverged);
                }
            }
            let residual = (0..3)
                .map(|c| {
                    let along = 1.0 - gradient * time * time / 2.0;
                    let across = time * (1.0 - gradient * time * time / 6.0);
                    let missed = position[c] - center[c] * along - velocity[c] * across;
                    missed * missed
                })
                .sum::<f64>()
                .sqrt();
            step = last.map_or(step, |last| step.max((residual - last).abs()));
            last = Some(residual);
            worst = worst.max(residual);
        }
        // Between two points the residual may pass either by less than it changes from point to point.
        Ok((center, velocity, worst + step))
    }

    /// Looks for minima of the candidates in the cell.
    fn decide(&mut self, cell: Cell, slot: usize, candidates: &[Candidate]) {
        let Some((from_s, to_s)) = self.screening.window.part_of(cell) else { return };
        let window = &self.screening.window;
        let pads_km = &self.motions[slot - KNOTS_BEFORE].pad_km;
        for &(a, b) in candidates {
            let screened = |slot: usize| self.is_screened(slot, a) && self.is_screened(slot, b);
            if !screened(slot) {
                continue;
            }
            let starts = cell.start() <= window.start() || !screened(slot - 1);
            let stops = cell.end() >= window.stop() || !screened(slot + 1);
            let error_km = f64::from(pads_km[a as usize]) + f64::from(pads_km[b as usize]);
            let interpolated = error_km <= f64::from(IRREGULAR_PAD_KM) && !starts && !stops;
            if interpolated && rules_out(&self.samples, slot, (a, b), self.screening.reach_km, error_km) {
                continue;
            }
            let Some((first, second)) = self.objects((a, b)) else { continue };
            let [first, second] = self.screening.ordered(first, second);
            let pair = CellPair {
                trajectories: [first, second].map(|object| &self.screening.trajectories[object as usize]),
                cell,
                from_s,
                to_s,
                starts,
                stops,
            };
            for minimum in pair.minima(self.screening.reach_km) {
                let approach = Approach::new([first, second], &minimum);
                self.outcome.approaches.push(approach);
            }
        }
    }

    /// The pairs in contact at the first knot of the slice, or at the start of the window.
    fn open_contacts(&mut self, slot: usize, candidates: &[Candidate]) {
        let instant = self.samples.knot(slot).instant().max(self.screening.window.start());
        self.contacts = candidates.to_vec();
        let contacts = core::mem::take(&mut self.contacts);
        self.contacts = contacts.into_iter().filter(|pair| self.touch_at(*pair, instant)).collect();
    }

    /// Drops the pairs that are not in contact at a knot, or at the stop of the window.
    fn keep_contacts(&mut self, slot: usize) {
        let knot = self.samples.knot(slot).instant();
        let instant = knot.min(self.screening.window.stop());
        let contacts = core::mem::take(&mut self.contacts);
        self.contacts = contacts
            .into_iter()
            .filter(|pair| {
                let [first, second] = [pair.0, pair.1].map(|lane| self.samples.position(slot, lane as usize));
                let squared: f64 = first.iter().zip(second).map(|(a, b)| (a - b) * (a - b)).sum();
                let margin_km = squared.sqrt() - self.screening.reach_km;
                if instant == knot && margin_km.abs() > BATCH_AGREEMENT_KM {
                    margin_km < 0.0
                } else {
                    self.touch_at(*pair, instant)
                }
            })
            .collect();
    }

    /// Whether two objects are within the threshold at an instant.
    fn touch_at(&self, (a, b): Candidate, instant: Instant) -> bool {
        let [first, second] = [a, b].map(|lane| self.position_of(lane as usize, instant, 0.0));
        let (Some(first), Some(second)) = (first, second) else { return false };
        let squared: f64 = first.iter().zip(second).map(|(a, b)| (a - b) * (a - b)).sum();
        squared.sqrt() <= self.screening.reach_km
    }
}

impl Approach {
    fn new(objects: [u32; 2], minimum: &Minimum) -> Self {
        Self { objects, tca: minimum.tca, states: minimum.states, edge: minimum.edge }
    }
}

/// The first instant at which each object that fails cannot be screened, and why.
pub(super) type Failures = BTreeMap<u32, (Instant, FailureCause)>;

impl Edge {
    /// Whether the distance may be smaller beyond what was screened.
    pub fn is_edge(self) -> bool {
        self != Self::None
    }
}
