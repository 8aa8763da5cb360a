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
