//! What screening sees of an object: its position at any instant, from whatever describes its motion.

use super::ephemeris::Ephemeris;
use super::grid::Instant;
use crate::sgp4::{PropagationError, Propagator};
use crate::state::{State, Teme};
use hifitime::Epoch;

/// The motion of one object.
#[derive(Debug, Clone)]
pub struct Trajectory(Source);

#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every object is an element set; a box would cost a look-up"
)]
enum Source {
    ElementSet { propagator: Propagator, epoch: Instant },
    Ephemeris(Ephemeris),
}

/// Why an object has no position at an instant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrajectoryError {
    /// SGP4 refused.
    #[error(transparent)]
    Propagation(#[from] PropagationError),
    /// The instant lies outside the ephemeris' segments.
    #[error("the ephemeris does not cover {epoch}")]
    NotCovered {
        /// The instant.
        epoch: Epoch,
    },
}

const NANOSECONDS_PER_MINUTE: f64 = 60.0e9;
const SECONDS_PER_MINUTE: f64 = 60.0;

/// How often an ephemeris is asked for its distance, in s: as often as an irregular object's motion over a cell.
const SAMPLE_S: f64 = 7.5;

/// What an ephemeris whose segments are shorter than that may move in radius, in km: at the escape speed of the Earth's surface.
const EDGE_KM: f64 = 11.2 * SAMPLE_S;

impl Trajectory {
    /// Mean elements, propagated with SGP4.
    pub fn of_element_set(propagator: Propagator) -> Self {
        // An epoch beyond the grid's years is farther from any window than SGP4 goes.
        let epoch = Instant::from_epoch(propagator.epoch()).unwrap_or(Instant(i64::MIN / 2));
        Self(Source::ElementSet { propagator, epoch })
    }

    /// States tabulated by the object's operator.
    pub fn of_ephemeris(ephemeris: Ephemeris) -> Self {
        Self(Source::Ephemeris(ephemeris))
    }

    /// The state `offset_s` seconds after `origin`.
    ///
    /// Origin and offset stay apart because a single floating-point time loses the digits that the time of
    /// closest approach needs. The state is a function of both to the last bit.
    ///
    /// # Errors
    /// When the motion is not defined there: a decayed object, an instant outside the ephemeris.
    pub fn state(&self, origin: Instant, offset_s: f64) -> Result<State<Teme>, TrajectoryError> {
        match &self.0 {
            Source::ElementSet { propagator, epoch } => {
                let minutes = minutes_between(*epoch, origin) + offset_s / SECONDS_PER_MINUTE;
                Ok(propagator.propagate(minutes)?)
            }
            Source::Ephemeris(ephemeris) => ephemeris.state(origin, offset_s).ok_or_else(|| {
                TrajectoryError::NotCovered { epoch: origin.plus_seconds(offset_s).to_epoch() }
            }),
        }
    }

    /// Whether the motion is described without a gap from one instant to another. Of an element set it is.
    pub(super) fn covers(&self, from: Instant, to: Instant) -> bool {
        match &self.0 {
            Source::ElementSet { .. } => true,
            Source::Ephemeris(ephemeris) => ephemeris.covers(from, to),
        }
    }

    /// Bounds of the geocentric distance from one instant to another, in km; `None` where there are none. Of an ephemeris: the
    /// distances every [`SAMPLE_S`], and the largest change from one to the next beyond them.
    pub(super) fn reach_km(&self, from: Instant, to: Instant) -> Option<[f64; 2]> {
        match &self.0 {
            Source::ElementSet { propagator, epoch } => {
                propagator.reach_km(&(minutes_between(*epoch, from)..=minutes_between(*epoch, to)))
            }
            Source::Ephemeris(ephemeris) => {
                let samples = (to.seconds_since(from) / SAMPLE_S).ceil() as u32;
                let mut last: Option<f64> = None;
                let (mut low, mut high, mut step) = (f64::INFINITY, 0.0_f64, 0.0_f64);
                for sample in 0..=samples {
                    let state = ephemeris.state(from, f64::from(sample) * SAMPLE_S);
                    let radius_km = state.map(|state| state.position_km.norm());
                    if let Some((last, radius_km)) = last.zip(radius_km) {
                        step = step.max((radius_km - last).abs());
                    }
                    if let Some(radius_km) = radius_km {
                        (low, high) = (low.min(radius_km), high.max(radius_km));
                    }
                    last = radius_km;
                }
                // Between a sample and the end of a segment it moves less far than from sample to sample.
                Some([low - step - EDGE_KM, high + step + EDGE_KM])
            }
        }
    }

    pub(super) fn propagator(&self) -> Option<&Propagator> {
        match &self.0 {
            Source::ElementSet { propagator, .. } => Some(propagator),
            Source::Ephemeris(_) => None,
        }
    }
}

/// Minutes from one instant to another, rounded once.
fn minutes_between(epoch: Instant, instant: Instant) -> f64 {
    (instant.0.saturating_sub(epoch.0)) as f64 / NANOSECONDS_PER_MINUTE
}
