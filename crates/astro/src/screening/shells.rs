//! Candidate pairs of one cell: objects sorted by geocentric distance, declination and right ascension, each
//! compared with those near it. The proof in the module's documentation names the bounds.

mod reach;
mod scan;
mod search;

use core::f32::consts::{PI, TAU};

use super::EARTH_MU_KM3_S2;
use super::cell_motion::{CellMotion, Geometry, HALF_S};
use crate::cpu::{Kernel, Path};
use reach::{Queries, Reach};
use scan::Scan;
use search::{Columns, Search};

/// Objects compared at a time.
const BLOCK: usize = 16;

/// Lower edge of the first shell, and the distance from which shells are thick, in km.
const FIRST_RADIUS_KM: f32 = 6_300.0;
const SPARSE_RADIUS_KM: f32 = 9_300.0;
const LAST_RADIUS_KM: f32 = 60_000.0;

/// Thickness of the shells above [`SPARSE_RADIUS_KM`], in km.
const SPARSE_SHELL_KM: f32 = 250.0;

/// Radial extents up to these are regular: below and above [`SPARSE_RADIUS_KM`], in km.
const REGULAR_EXTENT_KM: f32 = 8.0;
const SPARSE_REGULAR_EXTENT_KM: f32 = 60.0;

/// A regular object moves around the Earth at most this much faster than on a circular orbit.
const REGULAR_SWEEP: f32 = 1.05;

/// Upper bound of `sqrt(2)`: no bound orbit is faster than this times the circular speed.
const ESCAPE: f32 = 1.4143;

/// No orbit that clears the Earth sweeps more in half a cell, in rad; an object whose bounds do is wild.
const WILD_SWEEP_RAD: f32 = 0.25;

/// Errors of the single-precision angles and sines that place an object in the index.
const ANGLE_SLACK_RAD: f32 = 1.0e-4;

/// Cells of a shell: rows equal in the sine of declination, columns in right ascension.
const ROWS: i32 = 8;
const COLUMNS: i32 = 64;
const SHELL_CELLS: i32 = ROWS * COLUMNS;

/// No cell of the index.
const NOWHERE: i32 = i32::MAX;

/// Up to so many primaries are compared with all objects directly. One takes 1/70 of the time that the index of a cell
/// does.
pub(super) const FEW: usize = 32;

/// A pair of lanes that may approach each other in the cell, the smaller first.
pub(super) type Candidate = (u32, u32);

/// Which lanes to look for neighbors of.
#[derive(Clone, Copy)]
pub(super) enum Primaries<'a> {
    /// All of them, each pair once.
    All,
    /// Those with a flag, against all.
    Of(&'a [bool]),
    /// These few, against all: cheaper without an index.
    Few(&'a [u32]),
}

/// The index of one cell's objects, its storage reused from cell to cell.
pub(super) struct Shells {
    layout: Layout,
    /// Cell of the index of each lane.
    key: Vec<i32>,
    /// Place of the first object of each cell, and one past the last.
    start: Vec<u32>,
    sorted: Sorted,
    queries: Queries,
}

/// The shells: dense ones, sparse ones, one for the objects that move far in radius or fast (wide objects), and one for
/// those that may be anywhere (wild ones).
#[derive(Clone, Copy)]
struct Layout {
    threshold_km: f32,
    thickness_km: f32,
    dense: i32,
    shells: i32,
}

/// The objects in the order of the index; columns padded by a block of objects that match nothing.
#[derive(Default)]
struct Sorted {
    lane: Vec<u32>,
    position_km: [Vec<f32>; 3],
    velocity_km_s: [Vec<f32>; 3],
    pad_km: Vec<f32>,
}

impl Layout {
    fn new(threshold_km: f32) -> Self {
        let thickness_km = threshold_km + 2.0 * REGULAR_EXTENT_KM;
        let dense = ((SPARSE_RADIUS_KM - FIRST_RADIUS_KM) / thickness_km).ceil() as i32;
        let sparse = ((LAST_RADIUS_KM - SPARSE_RADIUS_KM) / SPARSE_SHELL_KM).ceil() as i32 + 1;
        Self { threshold_km, thickness_km, dense, shells: dense + sparse }
    }

    fn wide(&self) -> i32 {
        self.shells
    }

    fn wild(&self) -> i32 {
        self.shells + 1
    }

    fn cells(&self) -> usize {
        ((self.shells + 2) * SHELL_CELLS) as usize
    }

    /// The shell at a geocentric distance.
    #[inline(always)]
    fn shell_at(&self, radius_km: f32) -> i32 {
        let dense = whole((radius_km - FIRST_RADIUS_KM) / self.thickness_km);
        let dense = if dense < 0 { 0 } else { dense };
        let dense = if dense >= self.dense { self.dense - 1 } else { dense };
        let sparse = self.dense + whole((radius_km - SPARSE_RADIUS_KM) / SPARSE_SHELL_KM);
        let sparse = if sparse >= self.shells { self.shells - 1 } else { sparse };
        if radius_km < SPARSE_RADIUS_KM { dense } else { sparse }
    }

    #[inline(always)]
    fn regular_extent_km(&self, radius_km: f32) -> f32 {
        if radius_km < SPARSE_RADIUS_KM { REGULAR_EXTENT_KM } else { SPARSE_REGULAR_EXTENT_KM }
    }
}

/// Bound of the angle that a regular object at this geocentric distance sweeps in half a cell, in rad.
#[inline(always)]
fn regular_sweep_rad(radius_km: f32) -> f32 {
    REGULAR_SWEEP * HALF_S * (EARTH_MU_KM3_S2 as f32 / (radius_km * radius_km * radius_km)).sqrt()
}

/// The integer part of a number of moderate size; what is beyond becomes an end of the range.
#[inline(always)]
fn whole(value: f32) -> i32 {
    const LIMIT: f32 = 1.0e6;
    let value = if value < LIMIT { value } else { LIMIT };
    let value = if value > -LIMIT { value } else { -LIMIT };
    value.floor() as i32
}

#[inline(always)]
fn row(sin_declination: f32) -> i32 {
    let row = whole((sin_declination + 1.0) * (0.5 * ROWS as f32));
    let row = if row < 0 { 0 } else { row };
    if row < ROWS { row } else { ROWS - 1 }
}

/// The column of a right ascension; outside `0..COLUMNS` where the angle lies outside -pi..pi.
#[inline(always)]
fn column(right_ascension_rad: f32) -> i32 {
    whole((right_ascension_rad + PI) * (COLUMNS as f32 / TAU))
}

impl Shells {
    /// An index for a screening distance.
    pub(super) fn new(threshold_km: f32) -> Self {
        let layout = Layout::new(threshold_km);
        Self {
            layout,
            key: Vec::new(),
            start: vec![0; layout.cells() + 1],
            sorted: Sorted::default(),
            queries: Queries::default(),
        }
    }

    /// All pairs whose linear motion in the cell comes within the threshold and the bounds of what linear leaves out.
    /// A pair may be listed more than once.
    pub(super) fn candidates(
        &mut self,
        motion: &CellMotion,
        primaries: Primaries<'_>,
        path: Path,
        found: &mut Vec<Candidate>,
    ) {
        if let Primaries::Few(lanes) = primaries {
            path.run(Scan { layout: self.layout, motion, lanes, pads_km: &mut self.queries.pad_km, found });
            return;
        }
        self.key.resize(motion.pad_km.len(), NOWHERE);
        let widest_rad = path.run(Keys { layout: self.layout, motion, key: &mut self.key });
        self.sort(motion);
        let all = matches!(primaries, Primaries::All);
        let first = |shell: i32| self.start[(shell * SHELL_CELLS) as usize] as usize;
        let (first_wide, first_wild) = (first(self.layout.wide()), first(self.layout.wild()));
        path.run(Reach {
            layout: self.layout,
            sorted: &mut self.sorted,
            queries: &mut self.queries,
            widest_rad,
            first_wide,
            all,
        });
        path.run(Search { index: self, primaries, first_wide, first_wild, found });
    }

    /// Counting sort by the cells of the index.
    fn sort(&mut self, motion: &CellMotion) {
        self.start.fill(0);
        for key in &self.key {
            if *key != NOWHERE {
                self.start[*key as usize] += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.start {
            sum += *start;
            *start = sum;
        }
        self.sorted.resize(sum as usize);
        let Sorted { lane: lanes, position_km: [x, y, z], velocity_km_s: [vx, vy, vz], pad_km } =
            &mut self.sorted;
        for (lane, key) in self.key.iter().enumerate().rev() {
            if *key != NOWHERE {
                let place = self.start[*key as usize] - 1;
                self.start[*key as usize] = place;
                let place = place as usize;
                lanes[place] = lane as u32;
                x[place] = motion.position_km[0][lane];
                y[place] = motion.position_km[1][lane];
                z[place] = motion.position_km[2][lane];
                vx[place] = motion.velocity_km_s[0][lane];
                vy[place] = motion.velocity_km_s[1][lane];
                vz[place] = motion.velocity_km_s[2][lane];
                pad_km[place] = motion.pad_km[lane];
            }
        }
    }
}

impl Sorted {
    fn members(&self) -> usize {
        self.lane.len() - BLOCK
    }

    #[inline(always)]
    fn columns(&self) -> Columns<'_> {
        Columns {
            position_km: self.position_km.each_ref().map(Vec::as_slice),
            velocity_km_s: self.velocity_km_s.each_ref().map(Vec::as_slice),
            pad_km: &self.pad_km,
        }
    }

    fn resize(&mut self, members: usize) {
        /// Farther than anything, its square still finite.
        const FAR_KM: f32 = 1.0e15;
        let padded = members + BLOCK;
        self.lane.resize(padded, 0);
        self.lane[members..].fill(u32::MAX);
        for column in &mut self.position_km {
            column.resize(padded, 0.0);
            column[members..].fill(FAR_KM);
        }
        for column in self.velocity_km_s.iter_mut().chain([&mut self.pad_km]) {
            column.resize(padded, 0.0);
            column[members..].fill(0.0);
        }
    }
}

/// Finds the cell of the index of each lane.
struct Keys<'a> {
    layout: Layout,
    motion: &'a CellMotion,
    key: &'a mut [i32],
}

impl Kernel for Keys<'_> {
    /// The largest sweep of a wide object that is not wild, in rad.
    type Output = f32;

    #[inline(always)]
    fn run<const DOUBLES: usize, const FMA: bool>(self) -> f32 {
        let Self { layout, motion, key } = self;
        let mut widest_rad = [0.0_f32; BLOCK];
        for (number, key) in key.chunks_exact_mut(BLOCK).enumerate() {
            let first = number * BLOCK;
            let position_km = motion.position_km.each_ref().map(|column| block(column, first));
            let velocity_km_s = motion.velocity_km_s.each_ref().map(|column| block(column, first));
            let pad_km = block(&motion.pad_km, first);
            let mut cells = [0; BLOCK];
            for lane in 0..BLOCK {
                let at = |columns: &[[f32; BLOCK]; 3]| [columns[0][lane], columns[1][lane], columns[2][lane]];
                let geometry = Geometry::of(at(&position_km), at(&velocity_km_s), pad_km[lane]);
                let shell = layout.shell_at(geometry.radius_km);
                let steady = geometry.radial_extent_km <= layout.regular_extent_km(geometry.radius_km);
                let slow = geometry.sweep_rad <= regular_sweep_rad(geometry.radius_km);
                let regular = steady & slow;
                let tame = geometry.sweep_rad <= WILD_SWEEP_RAD;
                let shell = if regular { shell } else { layout.wide() };
                let shell = if tame { shell } else { layout.wild() };
                let sweep_rad = if regular | !tame { 0.0 } else { geometry.sweep_rad };
                widest_rad[lane] = if sweep_rad > widest_rad[lane] { sweep_rad } else { widest_rad[lane] };
                let column = column(geometry.right_ascension_rad);
                let column = if column < 0 { 0 } else { column };
                let column = if column < COLUMNS { column } else { COLUMNS - 1 };
                let cell = shell * SHELL_CELLS + row(geometry.sin_declination) * COLUMNS + column;
                // NaN, where a lane has no motion, fails the comparison.
                cells[lane] = if geometry.radius_km < f32::MAX { cell } else { NOWHERE };
            }
            key.copy_from_slice(&cells);
        }
        widest_rad.into_iter().fold(0.0, f32::max)
    }
}

/// A block of a column, from a place on.
#[inline(always)]
fn block(column: &[f32], place: usize) -> [f32; BLOCK] {
    column[place..place + BLOCK].as_array().copied().unwrap_or([f32::NAN; BLOCK])
}
