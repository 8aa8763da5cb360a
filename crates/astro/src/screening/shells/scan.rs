//! A few primaries compared with every object, without an index: section 4 of the proof.

use super::reach::reach_km;
use super::search::{Columns, Query};
use super::{BLOCK, Candidate, Layout, block};
use crate::cpu::Kernel;
use crate::screening::cell_motion::{CellMotion, Geometry, rounded_pad_km};

/// Compares a few primaries with all.
pub(super) struct Scan<'a> {
    pub(super) layout: Layout,
    pub(super) motion: &'a CellMotion,
    /// The primaries.
    pub(super) lanes: &'a [u32],
    /// Room for each object's bound with the roundings.
    pub(super) pads_km: &'a mut Vec<f32>,
    pub(super) found: &'a mut Vec<Candidate>,
}

impl Kernel for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const DOUBLES: usize, const FMA: bool>(self) {
        let Self { layout, motion, lanes, pads_km, found } = self;
        let padded = motion.pad_km.len();
        pads_km.resize(padded, f32::NAN);
        for first in (0..padded).step_by(BLOCK) {
            let [x, y, z] = motion.position_km.each_ref().map(|column| block(column, first));
            let [vx, vy, vz] = motion.velocity_km_s.each_ref().map(|column| block(column, first));
            let pad_km = block(&motion.pad_km, first);
            let mut rounded = [0.0; BLOCK];
            for lane in 0..BLOCK {
                let radius_km = (x[lane] * x[lane] + y[lane] * y[lane] + z[lane] * z[lane]).sqrt();
                let squared_speed = vx[lane] * vx[lane] + vy[lane] * vy[lane] + vz[lane] * vz[lane];
                rounded[lane] = rounded_pad_km(pad_km[lane], radius_km, squared_speed);
            }
            pads_km[first..first + BLOCK].copy_from_slice(&rounded);
        }
        let partners = Columns {
            position_km: motion.position_km.each_ref().map(Vec::as_slice),
            velocity_km_s: motion.velocity_km_s.each_ref().map(Vec::as_slice),
            pad_km: pads_km,
        };
        for primary in lanes.iter().copied() {
            let place = primary as usize;
            let position_km = partners.position_km.map(|column| column[place]);
            let velocity_km_s = partners.velocity_km_s.map(|column| column[place]);
            let geometry = Geometry::of(position_km, velocity_km_s, motion.pad_km[place]);
            let query = Query { position_km, velocity_km_s, reach_km: reach_km(layout, &geometry) };
            for first in (0..padded).step_by(BLOCK) {
                // NaN, where one of the two has no motion, is no candidate.
                let excess = query.excess::<FMA>(&partners, first);
                if excess.iter().any(|value| *value <= 0.0) {
                    for (partner, value) in (first as u32..).zip(excess) {
                        if value <= 0.0 && partner != primary {
                            found.push((primary.min(partner), primary.max(partner)));
                        }
                    }
                }
            }
        }
    }
}
