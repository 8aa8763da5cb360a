//! The comparison of each object with those in its reach: section 3 of the proof.

use super::reach::Caps;
use super::{BLOCK, COLUMNS, Candidate, Primaries, SHELL_CELLS, Shells, block};
use crate::cpu::{Kernel, multiply_add_single};
use crate::screening::cell_motion::HALF_S;

/// Compares each object with those in its reach.
pub(super) struct Search<'a> {
    pub(super) index: &'a Shells,
    pub(super) primaries: Primaries<'a>,
    pub(super) first_wide: usize,
    pub(super) first_wild: usize,
    pub(super) found: &'a mut Vec<Candidate>,
}

/// An object to compare with a block of others, both by place.
#[derive(Clone, Copy, Default)]
struct Comparison {
    object: u32,
    block: u32,
}

/// Comparisons are gathered, then made: each loop is short and goes straight on.
struct Comparisons {
    gathered: [Comparison; Self::CAPACITY],
    count: usize,
}

/// One object that partners are looked for.
pub(super) struct Query {
    pub(super) position_km: [f32; 3],
    pub(super) velocity_km_s: [f32; 3],
    /// Screening distance and all bounds but the partner's own.
    pub(super) reach_km: f32,
}

/// Motions of the possible partners, with bounds that hold the roundings.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) position_km: [&'a [f32]; 3],
    pub(super) velocity_km_s: [&'a [f32]; 3],
    pub(super) pad_km: &'a [f32],
}

impl Comparisons {
    const CAPACITY: usize = 2_048;

    /// A block in full for each 16 places. Blocks may run over the end of a range: what lies there is another object,
    /// and a pair more costs nothing.
    #[inline(always)]
    fn gather<const FMA: bool>(&mut self, object: usize, from: usize, to: usize, search: &mut Search<'_>) {
        let mut place = from;
        while place < to {
            if self.count == Self::CAPACITY {
                search.compare::<FMA>(&self.gathered);
                self.count = 0;
            }
            self.gathered[self.count] = Comparison { object: object as u32, block: place as u32 };
            self.count += 1;
            place += BLOCK;
        }
    }
}

impl Kernel for Search<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const DOUBLES: usize, const FMA: bool>(mut self) {
        let Shells { sorted, queries, layout, .. } = self.index;
        let (members, first_wild) = (sorted.members(), self.first_wild);
        let mut comparisons =
            Comparisons { gathered: [Comparison::default(); Comparisons::CAPACITY], count: 0 };
        for place in 0..members {
            let all = match self.primaries {
                Primaries::All => true,
                Primaries::Of(primaries) if primaries[sorted.lane[place] as usize] => false,
                Primaries::Of(_) | Primaries::Few(_) => continue,
            };
            // Each pair once: the regular object that comes first in the order looks for the other, and so does the
            // wide one; a wild one looks at all before it. A primary looks for all.
            if place >= first_wild {
                comparisons.gather::<FMA>(place, 0, if all { place } else { members }, &mut self);
                continue;
            }
            let is_wide = place >= self.first_wide;
            let from = if all && !is_wide { place + 1 } else { 0 };
            for shell in queries.bottom[place]..=queries.top[place] {
                self.look_in::<FMA>(shell, &queries.cap, place, from, &mut comparisons);
            }
            if is_wide || !all {
                let from = if all { place + 1 } else { 0 };
                self.look_in::<FMA>(layout.wide(), &queries.wide_cap, place, from, &mut comparisons);
            }
            if !all {
                comparisons.gather::<FMA>(place, first_wild, members, &mut self);
            }
        }
        self.compare::<FMA>(&comparisons.gathered[..comparisons.count]);
    }
}

impl Search<'_> {
    /// Gathers the objects of one shell inside the cap, from a place in the order on.
    #[inline(always)]
    fn look_in<const FMA: bool>(
        &mut self,
        shell: i32,
        caps: &Caps,
        place: usize,
        from: usize,
        comparisons: &mut Comparisons,
    ) {
        let (left, right) = (caps.left[place], caps.right[place]);
        let index = self.index;
        for row in caps.first_row[place]..=caps.last_row[place] {
            let first = shell * SHELL_CELLS + row * COLUMNS;
            let at = |column: i32| index.start[(first + column) as usize] as usize;
            if (left >= 0) & (right < COLUMNS) {
                comparisons.gather::<FMA>(place, at(left).max(from), at(right + 1), self);
            } else {
                let (before, after) =
                    if left < 0 { (left + COLUMNS, right) } else { (left, right - COLUMNS) };
                comparisons.gather::<FMA>(place, at(before).max(from), at(COLUMNS), self);
                comparisons.gather::<FMA>(place, at(0).max(from), at(after + 1), self);
            }
        }
    }

    #[inline(always)]
    fn compare<const FMA: bool>(&mut self, comparisons: &[Comparison]) {
        let Shells { sorted, queries, .. } = self.index;
        for Comparison { object, block } in comparisons.iter().copied() {
            let place = object as usize;
            let query = Query {
                position_km: sorted.position_km.each_ref().map(|column| column[place]),
                velocity_km_s: sorted.velocity_km_s.each_ref().map(|column| column[place]),
                reach_km: queries.reach_km[place],
            };
            let excess = query.excess::<FMA>(&sorted.columns(), block as usize);
            if excess.iter().any(|value| *value <= 0.0) {
                let lane = sorted.lane[place];
                for (offset, value) in excess.iter().enumerate() {
                    let partner = sorted.lane[block as usize + offset];
                    if *value <= 0.0 && partner != lane && partner != u32::MAX {
                        self.found.push((lane.min(partner), lane.max(partner)));
                    }
                }
            }
        }
    }
}

impl Query {
    /// For a block of partners, what the squared least distance of the linear motions exceeds the squared bound by,
    /// times the squared relative speed.
    #[inline(always)]
    pub(super) fn excess<const FMA: bool>(&self, partners: &Columns<'_>, place: usize) -> [f32; BLOCK] {
        let fused = multiply_add_single::<FMA>;
        let [x, y, z] = partners.position_km.map(|column| block(column, place));
        let [vx, vy, vz] = partners.velocity_km_s.map(|column| block(column, place));
        let pad = block(partners.pad_km, place);
        let mut excess = [0.0; BLOCK];
        for lane in 0..BLOCK {
            let dx = x[lane] - self.position_km[0];
            let dy = y[lane] - self.position_km[1];
            let dz = z[lane] - self.position_km[2];
            let dvx = vx[lane] - self.velocity_km_s[0];
            let dvy = vy[lane] - self.velocity_km_s[1];
            let dvz = vz[lane] - self.velocity_km_s[2];
            let squared_distance = fused(dx, dx, fused(dy, dy, dz * dz));
            let closing = fused(dx, dvx, fused(dy, dvy, dz * dvz));
            let squared_speed = fused(dvx, dvx, fused(dvy, dvy, dvz * dvz));
            let bound = self.reach_km + pad[lane];
            // With t = clamp(-c / v^2) the least squared distance is d^2 + t (2 c + v^2 t); all is multiplied by v^2
            // to spare the division.
            let limit = squared_speed * HALF_S;
            let step = if -closing > limit { limit } else { -closing };
            let step = if step < -limit { -limit } else { step };
            let least = fused(-bound, bound, squared_distance);
            excess[lane] = fused(least, squared_speed, step * fused(2.0, closing, step));
        }
        excess
    }
}
