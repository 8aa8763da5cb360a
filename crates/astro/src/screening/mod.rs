#![doc = include_str!("proof.md")]

mod cell_motion;
mod closest_approach;
mod ephemeris;
mod grid;
mod outcome;
mod relative_motion;
mod sampling;
mod shells;
mod slice;
mod slice_bytes;
mod trajectory;

use core::num::NonZeroU32;
use core::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub use closest_approach::Edge;
pub use ephemeris::{Ephemeris, EphemerisError};
pub use grid::{Instant, Window, WindowError};
pub use outcome::{Approach, Conjunction, Failure, FailureCause, Outcome, SliceOutcome};
pub use slice_bytes::SliceBytesError;
pub use trajectory::{Trajectory, TrajectoryError};

use crate::cpu::Path;
use crate::sgp4::Batch;
use grid::Knot;
use shells::FEW;
use slice::SliceRun;

/// Gravitational parameter of the Earth, in km^3/s^2 (WGS-72, as SGP4). Only bounds depend on it.
const EARTH_MU_KM3_S2: f64 = 398_600.8;

/// Length of a slice that balances the work at its edges against the memory of its results: six hours, in knots of 120 s.
pub const SLICE_KNOTS: NonZeroU32 = NonZeroU32::new(180).unwrap();

/// What counts as close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Volume {
    /// Within a distance.
    Range {
        /// The largest distance, in km.
        threshold_km: f64,
    },
    /// Inside a box about the first object at the time of closest approach, along its own radial, in-track and
    /// cross-track directions.
    Box {
        /// Half the length in radial direction, in km.
        radial_km: f64,
        /// Half the length in in-track direction, in km.
        in_track_km: f64,
        /// Half the length in cross-track direction, in km.
        cross_track_km: f64,
    },
}

/// Which pairs are screened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every object against every other.
    All,
    /// The objects with `true` against every other. Where they are few, objects that stay farther from the Earth's center, or
    /// nearer to it, than any of them comes are left out, and are not listed when they fail.
    Primaries(Vec<bool>),
}

/// A screening that cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ScreeningError {
    /// A length of the volume is not a positive number, or too large.
    #[error("screening distance {value_km} km; it must be above 0 and at most {limit_km} km")]
    Distance {
        /// The length, in km.
        value_km: f64,
        /// The largest that is taken, in km.
        limit_km: f64,
    },
    /// The list of primaries does not have one entry for each object.
    #[error("{primaries} marks of primaries for {objects} objects")]
    Primaries {
        /// Entries in the list.
        primaries: usize,
        /// Objects.
        objects: usize,
    },
}

/// The largest screening distance, in km.
pub const DISTANCE_LIMIT_KM: f64 = 500.0;

/// A screening: objects, window, volume and selection. See the [module](self) for method and proof.
#[derive(Debug)]
pub struct Screening {
    trajectories: Vec<Trajectory>,
    /// The objects that SGP4 propagates, in blocks; their lanes come first.
    batch: Batch,
    /// The object of each lane of the samples; none in the padding of blocks.
    lanes: Vec<Option<u32>>,
    window: Window,
    volume: Volume,
    /// Radius of the sphere about the volume, in km.
    reach_km: f64,
    selection: Selection,
    path: Path,
}

/// One time slice of a screening, to be screened on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    cells: Range<i64>,
}

impl Screening {
    /// A screening of objects, which are numbered by their place in the list.
    ///
    /// # Errors
    /// When a length of the volume is not above 0 and at most [`DISTANCE_LIMIT_KM`], or the selection does not have
    /// one mark for each object.
    pub fn new(
        trajectories: Vec<Trajectory>,
        window: Window,
        volume: Volume,
        selection: Selection,
    ) -> Result<Self, ScreeningError> {
        let check = |value_km: f64| {
            if value_km > 0.0 && value_km <= DISTANCE_LIMIT_KM {
                Ok(value_km)
            } else {
                Err(ScreeningError::Distance { value_km, limit_km: DISTANCE_LIMIT_KM })
            }
        };
        let reach_km = match volume {
            Volume::Range { threshold_km } => check(threshold_km)?,
            Volume::Box { radial_km, in_track_km, cross_track_km } => {
                let [radial, in_track, cross_track] =
                    [check(radial_km)?, check(in_track_km)?, check(cross_track_km)?];
                check((radial * radial + in_track * in_track + cross_track * cross_track).sqrt())?
            }
        };
        if let Selection::Primaries(primaries) = &selection
            && primaries.len() != trajectories.len()
        {
            let (primaries, objects) = (primaries.len(), trajectories.len());
            return Err(ScreeningError::Primaries { primaries, objects });
        }
        let within = match &selection {
            Selection::Primaries(primaries) => neighborhood(&trajectories, primaries, window, reach_km),
            Selection::All => None,
        };
        let (batch, lanes) = lanes(&trajectories, within.as_deref());
        Ok(Self { trajectories, batch, lanes, window, volume, reach_km, selection, path: Path::detect() })
    }

    /// The same screening on another instruction set. The outcome is the same to the last bit.
    #[must_use]
    pub fn on_path(mut self, path: Path) -> Self {
        self.path = path;
        self
    }

    /// The objects.
    pub fn trajectories(&self) -> &[Trajectory] {
        &self.trajectories
    }

    /// The window in slices of so many knots, cut at the same instants whatever the window. The outcome does not depend
    /// on their length; [`SLICE_KNOTS`] is a good one.
    pub fn slices(&self, knots: NonZeroU32) -> Vec<Slice> {
        let Range { start, end } = self.window.cells();
        let length = i64::from(knots.get());
        let (first, last) = (start.div_euclid(length), (end - 1).div_euclid(length));
        (first..=last)
            .map(|slice| Slice { cells: start.max(slice * length)..end.min((slice + 1) * length) })
            .collect()
    }

    /// Screens one slice. A function of the screening and the slice alone: every machine gets the same.
    pub fn screen(&self, slice: &Slice) -> SliceOutcome {
        SliceRun::new(self, slice.cells.clone()).run()
    }

    /// The outcome of the whole from its slices' outcomes, in the order of the slices.
    pub fn conclude(&self, slices: impl IntoIterator<Item = SliceOutcome>) -> Outcome {
        let whole = slices.into_iter().reduce(SliceOutcome::merge).unwrap_or_default();
        Outcome::of(self, whole)
    }

    /// Screens the whole window on some threads. `progress` is told, after each slice, how many of how many are done;
    /// when it returns `false` no further slice is begun and there is no outcome.
    pub fn run(&self, threads: usize, progress: &(dyn Fn(usize, usize) -> bool + Sync)) -> Option<Outcome> {
        let slices = self.slices(SLICE_KNOTS);
        let outcomes: Mutex<Vec<Option<SliceOutcome>>> = Mutex::new(vec![None; slices.len()]);
        let (next, done, go_on) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(true));
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, slices.len()) {
                scope.spawn(|| {
                    while go_on.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(slice) = slices.get(number) else { break };
                        let outcome = self.screen(slice);
                        if let Ok(mut outcomes) = outcomes.lock() {
                            outcomes[number] = Some(outcome);
                        }
                        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                        if !progress(done, slices.len()) {
                            go_on.store(false, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let outcomes = outcomes.into_inner().unwrap_or_default();
        let all: Option<Vec<SliceOutcome>> = outcomes.into_iter().collect();
        all.map(|slices| self.conclude(slices))
    }

    fn is_element_set(&self, object: u32) -> bool {
        self.trajectories[object as usize].propagator().is_some()
    }

    /// Two objects in the order in which they are reported.
    fn ordered(&self, a: u32, b: u32) -> [u32; 2] {
        let (low, high) = (a.min(b), a.max(b));
        match &self.selection {
            Selection::Primaries(primaries) if !primaries[low as usize] => [high, low],
            _ => [low, high],
        }
    }
}

/// The objects whose distances from the Earth's center come near those of one of a few primaries in a window, the primaries
/// among them. `None` where all may, or where primaries are many: then to ask costs more than it saves.
fn neighborhood(
    trajectories: &[Trajectory],
    primaries: &[bool],
    window: Window,
    reach_km: f64,
) -> Option<Vec<bool>> {
    let cells = window.cells();
    let (from, to) = (Knot(cells.start).instant(), Knot(cells.end).instant());
    let own: Vec<&Trajectory> =
        trajectories.iter().zip(primaries).filter_map(|(one, is)| is.then_some(one)).collect();
    if own.len() > FEW {
        return None;
    }
    let bands: Vec<[f64; 2]> = own.into_iter().map(|one| one.reach_km(from, to)).collect::<Option<_>>()?;
    let meets = |[low, high]: [f64; 2]| {
        bands.iter().any(|band| low <= band[1] + reach_km && high >= band[0] - reach_km)
    };
    // An ephemeris costs as much to ask as to screen, and what it does not cover is to be listed.
    let may_meet = |one: &Trajectory| one.propagator().is_none() || one.reach_km(from, to).is_none_or(meets);
    Some(trajectories.iter().zip(primaries).map(|(one, is_primary)| *is_primary || may_meet(one)).collect())
}

/// Gives each object its lane, or those of them that are wanted: those propagated by SGP4 in the order of the batch, then the
/// others.
fn lanes(trajectories: &[Trajectory], wanted: Option<&[bool]>) -> (Batch, Vec<Option<u32>>) {
    let (mut propagators, mut propagated, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let is_wanted = |object: u32| wanted.is_none_or(|wanted| wanted[object as usize]);
    for (object, trajectory) in (0..).zip(trajectories).filter(|(object, _)| is_wanted(*object)) {
        match trajectory.propagator() {
            Some(propagator) => {
                propagators.push(propagator.clone());
                propagated.push(object);
            }
            None => others.push(Some(object)),
        }
    }
    let batch = Batch::new(&propagators);
    let lanes =
        batch.order().iter().map(|index| index.map(|index| propagated[index])).chain(others).collect();
    (batch, lanes)
}
