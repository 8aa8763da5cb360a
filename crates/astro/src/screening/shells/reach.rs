//! Where the partners of each object may be: sections 2 to 4 of the proof.

use super::{
    ANGLE_SLACK_RAD, BLOCK, COLUMNS, ESCAPE, FIRST_RADIUS_KM, Layout, SPARSE_RADIUS_KM,
    SPARSE_REGULAR_EXTENT_KM, SPARSE_SHELL_KM, Sorted, block, column, regular_sweep_rad, row,
};
use crate::cpu::Kernel;
use crate::screening::EARTH_MU_KM3_S2;
use crate::screening::cell_motion::{Geometry, HALF_S};

/// Where each object's partners may be, in the order of the index.
#[derive(Default)]
pub(super) struct Queries {
    /// Screening distance and all bounds but the partner's own, in km.
    pub(super) reach_km: Vec<f32>,
    /// The object's own bound with the roundings of single precision, in km.
    pub(super) pad_km: Vec<f32>,
    pub(super) bottom: Vec<i32>,
    pub(super) top: Vec<i32>,
    pub(super) cap: Caps,
    /// The same for partners in the wide shell; for objects that look there only.
    pub(super) wide_cap: Caps,
}

/// Caps on the sphere as ranges of the index's coordinates.
#[derive(Default)]
pub(super) struct Caps {
    pub(super) first_row: Vec<i32>,
    pub(super) last_row: Vec<i32>,
    /// First and last column; outside `0..COLUMNS` where the range goes round.
    pub(super) left: Vec<i32>,
    pub(super) right: Vec<i32>,
}

/// Finds where the partners of each object may be.
pub(super) struct Reach<'a> {
    pub(super) layout: Layout,
    pub(super) sorted: &'a mut Sorted,
    pub(super) queries: &'a mut Queries,
    /// The largest sweep of a wide object that is not wild, in rad.
    pub(super) widest_rad: f32,
    pub(super) first_wide: usize,
    pub(super) all: bool,
}

impl Kernel for Reach<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const DOUBLES: usize, const FMA: bool>(self) {
        let Self { layout, sorted, queries, widest_rad, first_wide, all } = self;
        let members = sorted.members();
        queries.resize(members + BLOCK);
        let first_of_wide = if all { first_wide } else { 0 };
        for place in (0..first_of_wide).step_by(BLOCK) {
            Self::look::<false>(layout, sorted, queries, widest_rad, place);
        }
        for place in (first_of_wide..members).step_by(BLOCK) {
            Self::look::<true>(layout, sorted, queries, widest_rad, place);
        }
        // Only now: a block may have run over the end of the regular ones.
        for (pad_km, rounded) in sorted.pad_km.iter_mut().zip(&queries.pad_km) {
            *pad_km = *rounded;
        }
    }
}

impl Reach<'_> {
    /// Bounds for a block of objects; `WIDE` where a partner may be wide, too.
    #[inline(always)]
    fn look<const WIDE: bool>(
        layout: Layout,
        sorted: &Sorted,
        queries: &mut Queries,
        widest_rad: f32,
        place: usize,
    ) {
        let position_km = sorted.position_km.each_ref().map(|column| block(column, place));
        let velocity_km_s = sorted.velocity_km_s.each_ref().map(|column| block(column, place));
        let pads_km = block(&sorted.pad_km, place);
        let mut pads = [0.0; BLOCK];
        let mut reaches = [0.0; BLOCK];
        let (mut bottoms, mut tops) = ([0; BLOCK], [0; BLOCK]);
        // An array for each value, not one of structs: the loop is to become vector code.
        let mut caps = [[0; BLOCK]; 4];
        let mut wide_caps = [[0; BLOCK]; 4];
        for lane in 0..BLOCK {
            let at = |columns: &[[f32; BLOCK]; 3]| [columns[0][lane], columns[1][lane], columns[2][lane]];
            let geometry = Geometry::of(at(&position_km), at(&velocity_km_s), pads_km[lane]);
            let range = Range::of::<WIDE>(layout, widest_rad, &geometry);
            pads[lane] = geometry.pad_km;
            reaches[lane] = range.reach_km;
            bottoms[lane] = range.bottom;
            tops[lane] = range.top;
            caps[0][lane] = range.cap.first_row;
            caps[1][lane] = range.cap.last_row;
            caps[2][lane] = range.cap.left;
            caps[3][lane] = range.cap.right;
            if WIDE {
                wide_caps[0][lane] = range.wide_cap.first_row;
                wide_caps[1][lane] = range.wide_cap.last_row;
                wide_caps[2][lane] = range.wide_cap.left;
                wide_caps[3][lane] = range.wide_cap.right;
            }
        }
        let to = place..place + BLOCK;
        queries.pad_km[to.clone()].copy_from_slice(&pads);
        queries.reach_km[to.clone()].copy_from_slice(&reaches);
        queries.bottom[to.clone()].copy_from_slice(&bottoms);
        queries.top[to].copy_from_slice(&tops);
        queries.cap.put(place, &caps);
        if WIDE {
            queries.wide_cap.put(place, &wide_caps);
        }
    }
}

/// Screening distance and all bounds but the partner's own for an object of which any other may be the partner, in km.
#[inline(always)]
pub(super) fn reach_km(layout: Layout, geometry: &Geometry) -> f32 {
    Range::of::<true>(layout, 0.0, geometry).reach_km
}

/// Where the partners of one object may be.
#[derive(Clone, Copy, Default)]
struct Range {
    reach_km: f32,
    bottom: i32,
    top: i32,
    cap: Cap,
    wide_cap: Cap,
}

/// A cap on the sphere as ranges of the index's coordinates.
#[derive(Clone, Copy, Default)]
struct Cap {
    first_row: i32,
    last_row: i32,
    left: i32,
    right: i32,
}

impl Range {
    #[inline(always)]
    fn of<const WIDE: bool>(layout: Layout, widest_rad: f32, geometry: &Geometry) -> Self {
        let Geometry { radius_km, radial_extent_km, .. } = *geometry;

        // A regular partner that comes within the threshold is at most this far in radius at the middle of the cell.
        let near_km = layout.threshold_km + radial_extent_km;
        let highest_km =
            radius_km + near_km + layout.regular_extent_km(radius_km + near_km + SPARSE_REGULAR_EXTENT_KM);
        let lowest_km = radius_km - near_km - layout.regular_extent_km(radius_km - near_km);

        // Of a wide partner nothing is known but that it comes this near, on a bound orbit.
        let meeting_km = at_least(radius_km - near_km, 1_000.0);
        let partner_speed = ESCAPE * (EARTH_MU_KM3_S2 as f32 / meeting_km).sqrt();
        let speeds = geometry.speed_km_s + partner_speed;
        let separation_km = layout.threshold_km + HALF_S * speeds + geometry.pad_km;
        let difference_km = if WIDE { separation_km } else { highest_km - radius_km };
        let inner_km = at_least(meeting_km - difference_km, 1_000.0);
        let gradient = EARTH_MU_KM3_S2 as f32 / (inner_km * inner_km * inner_km);
        let stretched_km = 3.0 * (1.0 + difference_km / inner_km) * difference_km;
        let bend_km = 0.5 * HALF_S * HALF_S * gradient * (separation_km + stretched_km);
        let twist_km =
            HALF_S * HALF_S * HALF_S / 6.0 * gradient * (speeds + stretched_km / inner_km * partner_speed);

        // The shell of a regular partner starts at most its thickness below the partner.
        let near_rad = geometry.sweep_rad + 1.01 * layout.threshold_km / meeting_km + ANGLE_SLACK_RAD;
        let thickness_km = if radius_km < SPARSE_RADIUS_KM { layout.thickness_km } else { SPARSE_SHELL_KM };
        let partner_km = if WIDE { lowest_km } else { radius_km - thickness_km };
        Self {
            reach_km: layout.threshold_km + bend_km + twist_km + geometry.pad_km,
            bottom: layout.shell_at(if WIDE { lowest_km } else { radius_km }),
            top: layout.shell_at(highest_km),
            cap: Cap::about(geometry, near_rad + regular_sweep_rad(at_least(partner_km, FIRST_RADIUS_KM))),
            wide_cap: if WIDE { Cap::about(geometry, near_rad + widest_rad) } else { Cap::default() },
        }
    }
}

impl Cap {
    /// The cap of this radius about an object's direction.
    #[inline(always)]
    fn about(geometry: &Geometry, radius_rad: f32) -> Self {
        // |sin(d + a) - sin d| <= a cos d + a^2 / 2, and |ra| <= asin(sin a / cos d) <= s / sqrt(1 - s^2).
        let height = radius_rad * (geometry.cos_declination + 0.5 * radius_rad) + ANGLE_SLACK_RAD;
        let ratio = radius_rad / geometry.cos_declination;
        let open = (0.0..0.9).contains(&ratio);
        let ratio = if open { ratio } else { 0.0 };
        let half_width_rad = ratio / (1.0 - ratio * ratio).sqrt() + ANGLE_SLACK_RAD;
        let left = column(geometry.right_ascension_rad - half_width_rad);
        let right = column(geometry.right_ascension_rad + half_width_rad);
        let open = open & (right - left + 1 < COLUMNS);
        Self {
            first_row: row(geometry.sin_declination - height),
            last_row: row(geometry.sin_declination + height),
            left: if open { left } else { 0 },
            right: if open { right } else { COLUMNS - 1 },
        }
    }
}

#[inline(always)]
fn at_least(value: f32, least: f32) -> f32 {
    if value > least { value } else { least }
}

impl Queries {
    fn resize(&mut self, length: usize) {
        self.reach_km.resize(length, 0.0);
        self.pad_km.resize(length, 0.0);
        let Self { bottom, top, cap, wide_cap, .. } = self;
        for column in [bottom, top].into_iter().chain(cap.columns()).chain(wide_cap.columns()) {
            column.resize(length, 0);
        }
    }
}

impl Caps {
    fn columns(&mut self) -> [&mut Vec<i32>; 4] {
        [&mut self.first_row, &mut self.last_row, &mut self.left, &mut self.right]
    }

    #[inline(always)]
    fn put(&mut self, place: usize, caps: &[[i32; BLOCK]; 4]) {
        for (column, values) in self.columns().into_iter().zip(caps) {
            column[place..place + BLOCK].copy_from_slice(values);
        }
    }
}
