//! The absolute time grid that screening is cut along.
//!
//! Instants are integer nanoseconds of TAI, so that every process cuts the same window at the same places and
//! a time in a cell is the same number wherever it is computed.

use hifitime::{Duration, Epoch};

const NANOSECONDS_PER_SECOND: f64 = 1.0e9;

/// An instant: nanoseconds of TAI since 1900-01-01T00:00:00 TAI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub(super) i64);

impl Instant {
    /// The instant of an epoch; `None` outside the years 1608 to 2192, which 64 bits of nanoseconds cover.
    pub fn from_epoch(epoch: Epoch) -> Option<Self> {
        i64::try_from(epoch.to_tai_duration().total_nanoseconds()).ok().map(Self)
    }

    /// The same instant as an epoch, in TAI.
    pub fn to_epoch(self) -> Epoch {
        Epoch::from_tai_duration(Duration::from_total_nanoseconds(i128::from(self.0)))
    }

    /// Seconds from `earlier` to this instant.
    pub(super) fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / NANOSECONDS_PER_SECOND
    }

    /// This instant moved by seconds, rounded to the nanosecond.
    pub(super) fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0 + libm::round(seconds * NANOSECONDS_PER_SECOND) as i64)
    }
}

/// A knot of the grid: the trajectories are sampled there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Knot(pub(super) i64);

impl Knot {
    pub(super) const STEP_NS: i64 = 120_000_000_000;
    pub(super) const STEP_S: f64 = 120.0;

    /// The last knot at or before an instant.
    pub(super) fn at_or_before(instant: Instant) -> Self {
        Self(instant.0.div_euclid(Self::STEP_NS))
    }

    /// The first knot at or after an instant.
    pub(super) fn at_or_after(instant: Instant) -> Self {
        Self(-((-instant.0).div_euclid(Self::STEP_NS)))
    }

    pub(super) fn instant(self) -> Instant {
        Instant(self.0 * Self::STEP_NS)
    }
}

/// A cell of the grid, from one knot to the next: the unit in which close approaches are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// The knot that it starts at.
    pub(super) knot: Knot,
}

impl Cell {
    pub(super) fn start(self) -> Instant {
        self.knot.instant()
    }

    pub(super) fn end(self) -> Instant {
        Knot(self.knot.0 + 1).instant()
    }
}

/// A span of time to screen, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Instant,
    stop: Instant,
}

/// A window that cannot be screened.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum WindowError {
    /// The window does not end after it starts.
    #[error("window ends at {stop}, not after its start at {start}")]
    Empty {
        /// Start of the window.
        start: Epoch,
        /// Stop of the window.
        stop: Epoch,
    },
    /// An end of the window lies outside the years that the grid covers.
    #[error("{epoch} is outside the years 1950 to 2190")]
    OutOfRange {
        /// The end at fault.
        epoch: Epoch,
    },
}

impl Window {
    /// The window from `start` to `stop`.
    ///
    /// # Errors
    /// When it is empty, or an end lies outside the years 1950 to 2190.
    pub fn new(start: Epoch, stop: Epoch) -> Result<Self, WindowError> {
        /// 1950-01-01 and 2190-01-01, in nanoseconds of the grid.
        const YEARS: core::ops::Range<i64> = 1_577_836_800_000_000_000..9_151_574_400_000_000_000;
        let instant = |epoch| {
            Instant::from_epoch(epoch)
                .filter(|instant| YEARS.contains(&instant.0))
                .ok_or(WindowError::OutOfRange { epoch })
        };
        let window = Self { start: instant(start)?, stop: instant(stop)? };
        if window.start < window.stop { Ok(window) } else { Err(WindowError::Empty { start, stop }) }
    }

    /// Start of the window.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Stop of the window.
    pub fn stop(&self) -> Instant {
        self.stop
    }

    /// The cells that the window touches, named by the knot that they start at.
    pub(super) fn cells(&self) -> core::ops::Range<i64> {
        Knot::at_or_before(self.start).0..Knot::at_or_after(self.stop).0
    }

    /// The part of a cell inside the window, in seconds from the cell's start; `None` if they do not meet.
    pub(super) fn part_of(&self, cell: Cell) -> Option<(f64, f64)> {
        let (from, to) = (cell.start().max(self.start), cell.end().min(self.stop));
        (from < to).then(|| (from.seconds_since(cell.start()), to.seconds_since(cell.start())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_lies_between_its_knots_and_keeps_its_nanoseconds() {
        let epoch = Epoch::from_gregorian_utc(2024, 11, 1, 0, 0, 0, 1);
        let instant = Instant::from_epoch(epoch).unwrap();
        let (before, after) = (Knot::at_or_before(instant), Knot::at_or_after(instant));
        assert_eq!(after.0, before.0 + 1);
        assert!(before.instant() < instant && instant < after.instant());
        assert_eq!(Cell { knot: before }.end(), after.instant());
        assert_eq!(instant.to_epoch().to_tai_duration(), epoch.to_tai_duration());
    }

    #[test]
    fn a_window_touches_the_cells_of_its_ends_and_clips_them() {
        let start = Knot(33_000_000).instant().plus_seconds(90.0).to_epoch();
        let stop = Knot(33_000_001).instant().plus_seconds(30.0).to_epoch();
        let window = Window::new(start, stop).unwrap();
        assert_eq!(window.cells(), 33_000_000..33_000_002);
        assert_eq!(window.part_of(Cell { knot: Knot(32_999_999) }), None);
        assert_eq!(window.part_of(Cell { knot: Knot(33_000_000) }), Some((90.0, Knot::STEP_S)));
        assert_eq!(window.part_of(Cell { knot: Knot(33_000_001) }), Some((0.0, 30.0)));
        assert!(matches!(Window::new(stop, start), Err(WindowError::Empty { .. })));
    }
}
