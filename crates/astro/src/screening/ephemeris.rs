//! Tabulated states of an object, interpolated.

use super::grid::Instant;
use crate::state::{State, Teme};
use nalgebra::Vector3;

/// Nodes that one interpolation uses: position and velocity of four give a polynomial of degree seven.
const NODES: usize = 4;

/// Tabulated states, in segments that are not interpolated across (a maneuver lies between two).
#[derive(Debug, Clone, PartialEq)]
pub struct Ephemeris {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq)]
struct Segment {
    nodes: Vec<(Instant, State<Teme>)>,
}

/// A table that is no ephemeris.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum EphemerisError {
    /// There is no segment.
    #[error("the ephemeris has no segment")]
    NoSegment,
    /// A segment is too short to interpolate.
    #[error("segment {segment} has {nodes} states; at least {NODES} are needed")]
    TooFewStates {
        /// Number of the segment, from 0.
        segment: usize,
        /// States in it.
        nodes: usize,
    },
    /// Times must rise within a segment and from one to the next.
    #[error("segment {segment}: state {node} is not later than the one before it")]
    NotRising {
        /// Number of the segment, from 0.
        segment: usize,
        /// Number of the state in its segment, from 0.
        node: usize,
    },
    /// The states are too far apart in time for the motion between them to be known.
    #[error(
        "segment {segment}: about state {node} interpolation may be off by {error_km:.3} km; at most {ERROR_LIMIT_KM} km is taken: \
         the states are too far apart in time"
    )]
    TooCoarse {
        /// Number of the segment, from 0.
        segment: usize,
        /// Number of the state in its segment, from 0.
        node: usize,
        /// Estimated error, in km.
        error_km: f64,
    },
    /// A position or velocity is not a finite number.
    #[error("segment {segment}: state {node} is not finite")]
    NotFinite {
        /// Number of the segment, from 0.
        segment: usize,
        /// Number of the state in its segment, from 0.
        node: usize,
    },
}

/// The largest error of interpolation that is taken, in km.
const ERROR_LIMIT_KM: f64 = 0.1;

/// How much nearer the interpolated position in the middle between two states is to the truth than the one that four
/// states give at the place of a fifth in their middle: `(2^2 1^2)^2 / ((3/2)^2 (1/2)^2)^2`, by the remainder of Hermite's formula.
const ERROR_RATIO: f64 = 16.0 * 256.0 / 81.0;

impl Ephemeris {
    /// An ephemeris from its segments of states, each in the order of time.
    ///
    /// # Errors
    /// When a segment has fewer than four states, times do not rise, a number is not finite, or the states are so far
    /// apart that what lies between them is not known to 0.1 km.
    pub fn new(segments: Vec<Vec<(Instant, State<Teme>)>>) -> Result<Self, EphemerisError> {
        if segments.is_empty() {
            return Err(EphemerisError::NoSegment);
        }
        let mut last: Option<Instant> = None;
        for (segment, nodes) in segments.iter().enumerate() {
            if nodes.len() < NODES {
                return Err(EphemerisError::TooFewStates { segment, nodes: nodes.len() });
            }
            for (node, (instant, state)) in nodes.iter().enumerate() {
                // The next segment may start where the one before it ends.
                let rises =
                    last.is_none_or(|last| if node == 0 { *instant >= last } else { *instant > last });
                if !rises {
                    return Err(EphemerisError::NotRising { segment, node });
                }
                if !state.position_km.iter().chain(&state.velocity_km_s).all(|x| x.is_finite()) {
                    return Err(EphemerisError::NotFinite { segment, node });
                }
                last = Some(*instant);
            }
        }
        let ephemeris = Self { segments: segments.into_iter().map(|nodes| Segment { nodes }).collect() };
        for (segment, Segment { nodes }) in ephemeris.segments.iter().enumerate() {
            for (first, five) in nodes.windows(NODES + 1).enumerate() {
                let [a, b, middle, c, d] = five else { continue };
                let without = hermite(&[*a, *b, *c, *d], middle.0, 0.0);
                let error_km = (without.position_km - middle.1.position_km).norm() / ERROR_RATIO;
                if error_km > ERROR_LIMIT_KM {
                    return Err(EphemerisError::TooCoarse { segment, node: first + 2, error_km });
                }
            }
        }
        Ok(ephemeris)
    }

    /// Whether the segments cover the time from one instant to another without a gap.
    pub(super) fn covers(&self, from: Instant, to: Instant) -> bool {
        let mut reached = from;
        for segment in &self.segments {
            let (Some(first), Some(last)) = (segment.nodes.first(), segment.nodes.last()) else { continue };
            if first.0 <= reached && last.0 >= reached {
                reached = last.0;
            }
        }
        reached >= to && self.segments.iter().any(|segment| segment.covers(from))
    }

    /// The state `offset_s` seconds after `origin`; `None` outside all segments.
    ///
    /// Hermite interpolation of position through the four nearest nodes; the velocity is the derivative of the
    /// interpolated position.
    pub(super) fn state(&self, origin: Instant, offset_s: f64) -> Option<State<Teme>> {
        let instant = origin.plus_seconds(offset_s);
        let segment = self.segments.iter().find(|segment| segment.covers(instant))?;
        Some(segment.interpolate(origin, offset_s, instant))
    }
}

impl Segment {
    fn covers(&self, instant: Instant) -> bool {
        let (Some(first), Some(last)) = (self.nodes.first(), self.nodes.last()) else { return false };
        (first.0..=last.0).contains(&instant)
    }

    fn interpolate(&self, origin: Instant, offset_s: f64, instant: Instant) -> State<Teme> {
        let after = self.nodes.partition_point(|node| node.0 <= instant);
        let first = after.saturating_sub(NODES / 2).min(self.nodes.len() - NODES);
        let nodes = &self.nodes[first..first + NODES];
        hermite(nodes, origin, offset_s)
    }
}

/// Position and its derivative on the polynomial through positions and velocities of four nodes: Newton's divided
/// differences over doubled nodes (Hermite), Stoer & Bulirsch, section 2.1.5.
fn hermite(nodes: &[(Instant, State<Teme>)], origin: Instant, offset_s: f64) -> State<Teme> {
    const DOUBLED: usize = 2 * NODES;
    let time = |doubled: usize| nodes[doubled / 2].0.seconds_since(origin);
    let mut differences = [Vector3::zeros(); DOUBLED];
    for (doubled, difference) in differences.iter_mut().enumerate() {
        *difference = nodes[doubled / 2].1.position_km;
    }
    for order in 1..DOUBLED {
        for last in (order..DOUBLED).rev() {
            differences[last] = if order == 1 && last % 2 == 1 {
                nodes[last / 2].1.velocity_km_s
            } else {
                (differences[last] - differences[last - 1]) / (time(last) - time(last - order))
            };
        }
    }

    let (mut position, mut velocity) = (differences[DOUBLED - 1], Vector3::zeros());
    for order in (0..DOUBLED - 1).rev() {
        let since = offset_s - time(order);
        velocity = velocity * since + position;
        position = position * since + differences[order];
    }
    State::new(position, velocity)
}
