//! A slice's outcome as bytes, for whoever concludes a screening elsewhere or later.

use nalgebra::Vector3;

use super::closest_approach::Edge;
use super::grid::Instant;
use super::outcome::{Approach, FailureCause, SliceOutcome};
use crate::state::{State, Teme};

/// The first bytes: a mark, and the version of what follows.
const MARK: &[u8; 8] = b"ASLICE\x00\x01";

const APPROACH_BYTES: usize = 4 + 4 + 8 + 12 * 8 + 1;
const CONTACT_BYTES: usize = 4 + 4;
const FAILURE_BYTES: usize = 4 + 8 + 1;

/// Bytes that are no slice's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SliceBytesError {
    /// They begin otherwise: something else, or another version.
    #[error("not the outcome of a slice, or one of another version")]
    Mark,
    /// They end too soon or go on too long.
    #[error("{actual} bytes where {expected} are due")]
    Length {
        /// Bytes that the counts at the start call for.
        expected: u64,
        /// Bytes that there are.
        actual: u64,
    },
    /// A byte that stands for one of a few things stands for none.
    #[error("{value} at byte {offset} stands for no {kind}")]
    Value {
        /// What it was to stand for.
        kind: &'static str,
        /// The byte.
        value: u8,
        /// Where.
        offset: u64,
    },
}

impl SliceOutcome {
    /// The outcome as bytes: a mark with a version, the counts of approaches, contacts and failures as `u32`, then these, all
    /// little-endian and without padding. The same outcome gives the same bytes on every machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { approaches, contacts, failures } = self;
        let length = MARK.len()
            + 12
            + approaches.len() * APPROACH_BYTES
            + contacts.len() * CONTACT_BYTES
            + failures.len() * FAILURE_BYTES;
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(MARK);
        for count in [approaches.len(), contacts.len(), failures.len()] {
            bytes.extend_from_slice(&(count as u32).to_le_bytes());
        }
        for approach in approaches {
            for object in approach.objects {
                bytes.extend_from_slice(&object.to_le_bytes());
            }
            bytes.extend_from_slice(&approach.tca.0.to_le_bytes());
            for state in &approach.states {
                for value in state.position_km.iter().chain(&state.velocity_km_s) {
                    bytes.extend_from_slice(&value.to_le_bytes());
                }
            }
            bytes.push(match approach.edge {
                Edge::None => 0,
                Edge::Start => 1,
                Edge::Stop => 2,
            });
        }
        for (a, b) in contacts {
            bytes.extend_from_slice(&a.to_le_bytes());
            bytes.extend_from_slice(&b.to_le_bytes());
        }
        for (object, (instant, cause)) in failures {
            bytes.extend_from_slice(&object.to_le_bytes());
            bytes.extend_from_slice(&instant.0.to_le_bytes());
            bytes.push(match cause {
                FailureCause::NoPosition => 0,
                FailureCause::Diverged => 1,
            });
        }
        bytes
    }

    /// The outcome that [`SliceOutcome::to_bytes`] made these bytes of.
    ///
    /// # Errors
    /// When it did not, or they were cut or changed since.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SliceBytesError> {
        let mut reader = Reader { bytes, offset: 0 };
        if !bytes.starts_with(MARK) {
            return Err(SliceBytesError::Mark);
        }
        reader.offset = MARK.len();
        let mut count = || reader.u32().map(u64::from);
        let (approaches, contacts, failures) = (count()?, count()?, count()?);
        // Before anything is set aside for what the counts promise.
        let expected = MARK.len() as u64
            + 12
            + approaches * APPROACH_BYTES as u64
            + contacts * CONTACT_BYTES as u64
            + failures * FAILURE_BYTES as u64;
        let actual = bytes.len() as u64;
        if expected != actual {
            return Err(SliceBytesError::Length { expected, actual });
        }
        Ok(Self {
            approaches: (0..approaches).map(|_| reader.approach()).collect::<Result<_, _>>()?,
            contacts: (0..contacts).map(|_| Ok((reader.u32()?, reader.u32()?))).collect::<Result<_, _>>()?,
            failures: (0..failures)
                .map(|_| Ok((reader.u32()?, reader.failure()?)))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Bytes that are read from the front.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SliceBytesError> {
        let short =
            SliceBytesError::Length { expected: (self.offset + N) as u64, actual: self.bytes.len() as u64 };
        let taken = self.bytes.get(self.offset..).and_then(<[u8]>::first_chunk).ok_or(short)?;
        self.offset += N;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, SliceBytesError> {
        self.take().map(u32::from_le_bytes)
    }

    fn instant(&mut self) -> Result<Instant, SliceBytesError> {
        self.take().map(i64::from_le_bytes).map(Instant)
    }

    fn vector(&mut self) -> Result<Vector3<f64>, SliceBytesError> {
        let mut value = || self.take().map(f64::from_le_bytes);
        Ok([value()?, value()?, value()?].into())
    }

    fn state(&mut self) -> Result<State<Teme>, SliceBytesError> {
        Ok(State::new(self.vector()?, self.vector()?))
    }

    /// The next byte as one of a few things.
    fn one_of<T: Copy>(&mut self, kind: &'static str, things: &[T]) -> Result<T, SliceBytesError> {
        let offset = self.offset as u64;
        let [value] = self.take()?;
        things.get(usize::from(value)).copied().ok_or(SliceBytesError::Value { kind, value, offset })
    }

    fn approach(&mut self) -> Result<Approach, SliceBytesError> {
        Ok(Approach {
            objects: [self.u32()?, self.u32()?],
            tca: self.instant()?,
            states: [self.state()?, self.state()?],
            edge: self.one_of("edge", &[Edge::None, Edge::Start, Edge::Stop])?,
        })
    }

    fn failure(&mut self) -> Result<(Instant, FailureCause), SliceBytesError> {
        Ok((self.instant()?, self.one_of("cause", &[FailureCause::NoPosition, FailureCause::Diverged])?))
    }
}
