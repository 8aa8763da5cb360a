//! SGP4 for many objects at many times, by vector instructions.
//!
//! A [`Batch`] holds the objects in blocks, sorted so that those of a block take the same steps; a
//! [`Window`] adds what is shared by a series of times, and gives states for any range of blocks and times. They
//! agree with [`Propagator::propagate`] at equal minutes since epoch to 2e-8 km (near-earth) and 1e-7 km (deep
//! space; beyond 100,000 km to 1e-12 of the distance, the tolerance of the scalar solution of Kepler's equation), on every
//! [`Path`]. The cases outside the domain of the vector code, and all that fail, are handed to the
//! scalar code one by one.
//!
//! ```
//! use astroshield_astro::{Epoch, elements::MeanElements};
//! use astroshield_astro::cpu::Path;
//! use astroshield_astro::sgp4::{Batch, Propagator, StateBuffer};
//!
//! # let elements = MeanElements {
//! #     epoch: Epoch::from_gregorian_utc(2000, 6, 27, 18, 50, 19, 733_568_000),
//! #     mean_motion_rev_day: 10.824_191_57,
//! #     eccentricity: 0.185_966_7,
//! #     inclination_deg: 34.2682,
//! #     raan_deg: 348.7242,
//! #     argument_of_perigee_deg: 331.7664,
//! #     mean_anomaly_deg: 19.3264,
//! #     bstar_inv_earth_radii: 0.28098e-4,
//! # };
//! let propagators = [Propagator::new(&elements)?];
//! let batch = Batch::new(&propagators);
//! let window = batch.window(elements.epoch, &[0.0, 2.0, 4.0]);
//! let mut states = StateBuffer::new(3, batch.blocks());
//! window.propagate_into(0..batch.blocks(), 0..3, states.as_mut_slice(), Path::detect());
//! // x at the second time in the first lane, in km.
//! let x_km = states.as_slice()[6 * batch.lanes()];
//! # let lane = batch.order().iter().position(|index| *index == Some(0)).unwrap();
//! # assert!((states.as_slice()[6 * batch.lanes() + lane] - propagators[0].propagate(2.0)?.position_km.x).abs() < 1e-8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![expect(clippy::inline_always, reason = "a call would leave the caller's target features")]

mod deep_space;
mod near_earth;
mod short_period;
mod vector;

use super::{Mode, PropagationError, Propagator, Regime, TIME_LIMIT_MINUTES};
use crate::cpu::{self, Path};
use core::ops::Range;
use deep_space::{BlockWindow, Kind, Moment, ResonanceKind};
use hifitime::Epoch;
use short_period::{Kepler, States};
use vector::{Lanes, Vector};

/// Lanes of a block: the stride of a [`StateBuffer`] is a multiple of it, and it is a multiple of 8.
pub const LANES_PER_BLOCK: usize = vector::LANES;

/// Components of a state: x, y, z in km and x, y, z in km/s, TEME.
pub const COMPONENTS: usize = 6;

/// Mean eccentricities down to minus this are left to the vector code; the theory's own limit is -0.001.
const ECCENTRICITY_MARGIN: f64 = 0.000_999;

/// By how much drag and the long-period term may raise the eccentricity of an orbit near the Earth for its Kepler
/// solution still to be the cheapest; if they raise it more, the scalar code takes over.
const NEAR_EARTH_ECCENTRICITY_CHANGE: f64 = 0.002_5;

/// The same with the lunar-solar terms.
const DEEP_SPACE_ECCENTRICITY_CHANGE: f64 = 0.01;

/// Many objects, sorted into blocks of [`LANES_PER_BLOCK`] lanes.
///
/// The blocks are padded: some lanes hold no object. Their states are NaN.
#[derive(Debug, Clone)]
pub struct Batch {
    /// By lane, in the order of the blocks.
    propagators: Vec<Option<Propagator>>,
    order: Vec<Option<usize>>,
    /// Near-earth blocks come first, then deep space, then those for the scalar code.
    near_earth: Vec<near_earth::Block>,
    deep_space: Vec<deep_space::Block>,
}

/// How an object is grouped with others; blocks are in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    NearEarth(Kepler),
    DeepSpace(Kind, Kepler),
    Scalar,
}

impl Class {
    fn of(propagator: &Propagator) -> Self {
        let eccentricity = propagator.orbit.eccentricity;
        match &propagator.regime {
            Regime::NearEarth { .. } => {
                Self::NearEarth(Kepler::for_eccentricity(eccentricity + NEAR_EARTH_ECCENTRICITY_CHANGE))
            }
            Regime::DeepSpace(deep_space) if deep_space.mode() == Mode::Afspc => Self::DeepSpace(
                Kind::of(&propagator.orbit, deep_space),
                Kepler::for_eccentricity(eccentricity + DEEP_SPACE_ECCENTRICITY_CHANGE),
            ),
            Regime::DeepSpace(_) => Self::Scalar,
        }
    }
}

impl Batch {
    /// Sorts the propagators into blocks. Those in improved mode and deep space take no part in vector code.
    #[must_use]
    pub fn new(propagators: &[Propagator]) -> Self {
        let mut sorted: Vec<(Class, usize)> = propagators
            .iter()
            .enumerate()
            .map(|(index, propagator)| (Class::of(propagator), index))
            .collect();
        sorted.sort_by(|(a, i), (b, j)| {
            let eccentricity = |index: &usize| propagators[*index].orbit.eccentricity;
            a.cmp(b).then(eccentricity(i).total_cmp(&eccentricity(j))).then(i.cmp(j))
        });
        let mut batch = Self {
            propagators: Vec::new(),
            order: Vec::new(),
            near_earth: Vec::new(),
            deep_space: Vec::new(),
        };
        for group in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            for members in group.chunks(LANES_PER_BLOCK) {
                batch.push_block(members, propagators);
            }
        }
        batch
    }

    fn push_block(&mut self, members: &[(Class, usize)], propagators: &[Propagator]) {
        let objects = || members.iter().map(|(_, index)| &propagators[*index]);
        match members[0].0 {
            Class::NearEarth(kepler) => {
                let objects: Vec<_> = objects().filter_map(near_earth_object).collect();
                self.near_earth.push(near_earth::Block::new(&objects, kepler));
            }
            Class::DeepSpace(kind, kepler) => {
                let objects: Vec<_> = objects().filter_map(deep_space_object).collect();
                self.deep_space.push(deep_space::Block::new(&objects, kind, kepler));
            }
            Class::Scalar => {}
        }
        for lane in 0..LANES_PER_BLOCK {
            let index = members.get(lane).map(|(_, index)| *index);
            self.order.push(index);
            self.propagators.push(index.map(|index| propagators[index].clone()));
        }
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.order.len() / LANES_PER_BLOCK
    }

    /// Number of lanes, those of the padding included.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.order.len()
    }

    /// For each lane the index of its object in the slice given to [`Batch::new`]; none in the padding.
    #[must_use]
    pub fn order(&self) -> &[Option<usize>] {
        &self.order
    }

    /// Blocks of near-earth orbits: those before all others.
    #[must_use]
    pub fn near_earth_blocks(&self) -> Range<usize> {
        0..self.near_earth.len()
    }

    /// Propagator of a lane; none in the padding.
    #[must_use]
    pub fn propagator(&self, lane: usize) -> Option<&Propagator> {
        self.propagators[lane].as_ref()
    }

    /// The batch at the times `start` + each of `offsets_minutes`.
    ///
    /// The time of a lane is its [`Propagator::minutes_since_epoch`] of `start` plus the offset, rounded once.
    #[must_use]
    pub fn window(&self, start: Epoch, offsets_minutes: &[f64]) -> Window<'_> {
        let first = offsets_minutes.iter().copied().fold(f64::INFINITY, f64::min);
        let last = offsets_minutes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let minutes = |propagator: &Propagator| propagator.minutes_since_epoch(start);
        let base: Vec<Lanes> = self
            .propagators
            .chunks(LANES_PER_BLOCK)
            .map(|block| {
                // Padding takes the time of the last object, as its constants.
                let mut time = f64::NAN;
                Lanes(core::array::from_fn(|lane| {
                    time = block[lane].as_ref().map_or(time, minutes);
                    time
                }))
            })
            .collect();
        let within_limit =
            |t: f64| (t + first).abs() <= TIME_LIMIT_MINUTES && (t + last).abs() <= TIME_LIMIT_MINUTES;
        let deep_blocks = self.near_earth.len()..self.near_earth.len() + self.deep_space.len();
        let reference = self.propagators.get(deep_blocks.start * LANES_PER_BLOCK).and_then(Option::as_ref);
        let reference =
            reference.and_then(|propagator| Some((deep_space_object(propagator)?, minutes(propagator))));

        let mut scalar = vec![false; self.blocks()];
        let mut deep_space = Vec::new();
        for (block, base) in base.iter().enumerate() {
            let mut vector = block < deep_blocks.end && base.0.iter().all(|&t| within_limit(t));
            if let (true, Some((reference, reference_t))) = (deep_blocks.contains(&block), &reference) {
                let lanes = &self.propagators[block * LANES_PER_BLOCK..][..LANES_PER_BLOCK];
                let objects: Vec<_> = lanes.iter().flatten().filter_map(deep_space_object).collect();
                let window = vector
                    .then(|| {
                        BlockWindow::new(
                            &objects,
                            base,
                            (first, last),
                            reference.deep_space.periodics(),
                            *reference_t,
                        )
                    })
                    .flatten();
                vector &= window.is_some();
                deep_space.push(window);
            }
            scalar[block] = !vector;
        }
        let moments = reference.map_or_else(Vec::new, |(reference, t)| {
            let periodics = reference.deep_space.periodics();
            offsets_minutes.iter().map(|offset| Moment::new(periodics, t + offset)).collect()
        });
        Window { batch: self, base, offsets_minutes: offsets_minutes.to_vec(), moments, deep_space, scalar }
    }
}

fn near_earth_object(propagator: &Propagator) -> Option<near_earth::Object<'_>> {
    let Regime::NearEarth { drag, inclination } = &propagator.regime else { return None };
    let Propagator { orbit, rates, .. } = propagator;
    Some(near_earth::Object { orbit, rates, drag: drag.as_ref(), inclination })
}

fn deep_space_object(propagator: &Propagator) -> Option<deep_space::Object<'_>> {
    let Regime::DeepSpace(deep_space) = &propagator.regime else { return None };
    let Propagator { orbit, rates, .. } = propagator;
    Some(deep_space::Object { orbit, rates, deep_space })
}

/// A [`Batch`] at a series of times.
#[derive(Debug, Clone)]
pub struct Window<'a> {
    batch: &'a Batch,
    /// Minutes since epoch at the start, by block.
    base: Vec<Lanes>,
    offsets_minutes: Vec<f64>,
    /// Sun and Moon at each time.
    moments: Vec<Moment>,
    /// By deep-space block; none for those that the scalar code has to do.
    deep_space: Vec<Option<BlockWindow>>,
    /// Blocks for the scalar code.
    scalar: Vec<bool>,
}

impl Window<'_> {
    /// Minutes since epoch of a lane at the time with this index; none in the padding.
    #[must_use]
    pub fn minutes_since_epoch(&self, lane: usize, time: usize) -> Option<f64> {
        self.batch.propagators[lane].as_ref()?;
        Some(self.base[lane / LANES_PER_BLOCK].0[lane % LANES_PER_BLOCK] + self.offsets_minutes[time])
    }

    /// Why a lane has no state (NaN) at the time with this index; none if it has one, and in the padding.
    #[must_use]
    pub fn failure(&self, lane: usize, time: usize) -> Option<PropagationError> {
        let minutes = self.minutes_since_epoch(lane, time)?;
        self.batch.propagators[lane].as_ref()?.propagate(minutes).err()
    }

    /// States of a range of blocks at a range of times, into `states`.
    ///
    /// Component `c` (x, y, z in km, x, y, z in km/s, TEME) of lane `l` of the range at time `t` of the range is
    /// `states[(t * COMPONENTS + c) * stride + l]` with stride = lanes of the range. All six are NaN where a lane fails.
    ///
    /// # Panics
    /// If `states` has not the length times * `COMPONENTS` * stride, or a range exceeds the window.
    pub fn propagate_into(&self, blocks: Range<usize>, times: Range<usize>, states: &mut [f64], path: Path) {
        assert_eq!(
            states.len(),
            times.len() * COMPONENTS * blocks.len() * LANES_PER_BLOCK,
            "length of states"
        );
        Job { window: self, blocks, times, states }.run(path);
    }

    /// State of one lane by the scalar code: six numbers, NaN where it fails.
    fn scalar_state(&self, lane: usize, time: usize) -> [f64; COMPONENTS] {
        let state = self.minutes_since_epoch(lane, time).and_then(|minutes| {
            self.batch.propagators[lane].as_ref().and_then(|propagator| propagator.propagate(minutes).ok())
        });
        state.map_or([f64::NAN; COMPONENTS], |state| {
            let (r, v) = (state.position_km, state.velocity_km_s);
            [r.x, r.y, r.z, v.x, v.y, v.z]
        })
    }
}

/// The theory for one block of objects. A trait, because a closure could not be made to take on target features.
trait Kernel {
    /// States of part number `part` of the block at the time with this index, `t` minutes after the objects' epochs.
    fn states<const N: usize, const FUSED: bool>(
        &mut self,
        part: usize,
        time: usize,
        t: Vector<N, FUSED>,
    ) -> States<N, FUSED>;
}

/// One block of a job, as what is compiled for each instruction set.
struct BlockJob<'a, 'b, K> {
    job: &'a mut Job<'b>,
    block: usize,
    kernel: K,
}

impl<K: Kernel> cpu::Kernel for BlockJob<'_, '_, K> {
    type Output = ();

    #[inline(always)]
    fn run<const DOUBLES: usize, const FMA: bool>(self) {
        self.job.run_block::<DOUBLES, FMA, K>(self.block, self.kernel);
    }
}

/// One call of [`Window::propagate_into`].
struct Job<'a> {
    window: &'a Window<'a>,
    blocks: Range<usize>,
    times: Range<usize>,
    states: &'a mut [f64],
}

impl Job<'_> {
    /// Does the job by the instructions of `path`.
    fn run(&mut self, path: Path) {
        let Window { batch, scalar, moments, deep_space, .. } = self.window;
        for block in self.blocks.clone() {
            if scalar[block] {
                self.run_scalar(block);
            } else if let Some(constants) = batch.near_earth.get(block) {
                path.run(BlockJob { job: self, block, kernel: near_earth::Kernel { block: constants } });
            } else if let Some(window) = &deep_space[block - batch.near_earth.len()] {
                let constants = &batch.deep_space[block - batch.near_earth.len()];
                macro_rules! run {
                    ($direct:literal, $resonant:literal) => {{
                        let kernel =
                            deep_space::Kernel::<$direct, $resonant>::new(constants, window, moments);
                        path.run(BlockJob { job: self, block, kernel })
                    }};
                }
                let Kind { direct, resonance } = constants.kind;
                match (direct, resonance != ResonanceKind::None) {
                    (true, true) => run!(true, true),
                    (true, false) => run!(true, false),
                    (false, true) => run!(false, true),
                    (false, false) => run!(false, false),
                }
            }
        }
    }

    /// Does one block with vectors of `N` lanes.
    #[inline(always)]
    fn run_block<const N: usize, const FUSED: bool, K: Kernel>(&mut self, block: usize, mut kernel: K) {
        let stride = self.blocks.len() * LANES_PER_BLOCK;
        let column = (block - self.blocks.start) * LANES_PER_BLOCK;
        for part in 0..LANES_PER_BLOCK / N {
            let base = Vector::<N, FUSED>::load(&self.window.base[block], part);
            let padded = self.window.batch.propagators[block * LANES_PER_BLOCK + part * N..][..N]
                .iter()
                .any(Option::is_none);
            for (row, time) in self.times.clone().enumerate() {
                let t = base + self.window.offsets_minutes[time];
                let States { components, margin } = kernel.states(part, time, t);
                let first = row * COMPONENTS * stride + column + part * N;
                let out = &mut self.states[first..first + 5 * stride + N];
                for (component, values) in components.iter().enumerate() {
                    out[component * stride..component * stride + N].copy_from_slice(&values.0);
                }
                if padded | !margin.all_positive() {
                    self.repair(block * LANES_PER_BLOCK + part * N, row, &margin.0);
                }
            }
        }
    }

    /// Does the lanes without a positive margin, and the padding, by the scalar code.
    #[cold]
    #[inline(never)]
    fn repair(&mut self, first_lane: usize, row: usize, margin: &[f64]) {
        for (i, &margin) in margin.iter().enumerate() {
            let lane = first_lane + i;
            if margin > 0.0 && self.window.batch.propagators[lane].is_some() {
                continue;
            }
            self.write_scalar(lane, row);
        }
    }

    #[cold]
    #[inline(never)]
    fn run_scalar(&mut self, block: usize) {
        for row in 0..self.times.len() {
            for lane in block * LANES_PER_BLOCK..(block + 1) * LANES_PER_BLOCK {
                self.write_scalar(lane, row);
            }
        }
    }

    fn write_scalar(&mut self, lane: usize, row: usize) {
        let state = self.window.scalar_state(lane, self.times.start + row);
        let stride = self.blocks.len() * LANES_PER_BLOCK;
        let column = lane - self.blocks.start * LANES_PER_BLOCK;
        for (component, value) in state.into_iter().enumerate() {
            self.states[(row * COMPONENTS + component) * stride + column] = value;
        }
    }
}

/// Numbers in a cache line, and in the longest vector register.
const LINE: usize = 8;

/// Room for the states of some blocks at some times, aligned to cache lines.
#[derive(Debug)]
pub struct StateBuffer {
    storage: Vec<f64>,
    start: usize,
    len: usize,
}

impl StateBuffer {
    /// For so many times and blocks, as [`Window::propagate_into`] fills it.
    #[must_use]
    pub fn new(times: usize, blocks: usize) -> Self {
        let len = times * COMPONENTS * blocks * LANES_PER_BLOCK;
        let storage = vec![0.0; len + LINE];
        let start = storage.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        Self { storage, start, len }
    }

    /// The states.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.storage[self.start..self.start + self.len]
    }

    /// The states, to be filled.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.storage[self.start..self.start + self.len]
    }
}
