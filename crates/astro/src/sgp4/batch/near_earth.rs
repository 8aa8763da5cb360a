//! [`near_earth`](super::super::near_earth) over blocks of objects.

#![expect(clippy::inline_always, reason = "a call would leave the caller's target features")]

use super::super::constants::TWO_PI;
use super::super::initialization::{BrouwerElements, FullDrag, SecularRates};
use super::super::short_period::InclinationTerms;
use super::ECCENTRICITY_MARGIN;
use super::short_period::{self, Elements, Inclination, Kepler, States};
use super::vector::{Lanes, Vector};

/// Constants of one object; the fields of a [`Block`].
macro_rules! block {
    ($($field:ident: $value:expr,)*) => {
        /// Constants of the near-earth orbits of one block.
        #[derive(Debug, Clone)]
        pub(super) struct Block {
            $($field: Lanes,)*
            pub(super) kepler: Kepler,
        }

        impl Block {
            /// The block of these objects, padded with the last of them.
            pub(super) fn new(objects: &[Object<'_>], kepler: Kepler) -> Self {
                let lanes = |value: &dyn Fn(&Object<'_>) -> f64| {
                    Lanes(core::array::from_fn(|lane| value(&objects[lane.min(objects.len() - 1)])))
                };
                Self { $($field: lanes(&$value),)* kepler }
            }
        }
    };
}

/// What a block is made from.
pub(super) struct Object<'a> {
    pub(super) orbit: &'a BrouwerElements,
    pub(super) rates: &'a SecularRates,
    pub(super) drag: Option<&'a FullDrag>,
    pub(super) inclination: &'a InclinationTerms,
}

impl Object<'_> {
    /// A coefficient of the full drag terms, zero where they are left out.
    fn drag(&self, coefficient: impl Fn(&FullDrag) -> f64) -> f64 {
        self.drag.map_or(0.0, coefficient)
    }
}

block! {
    mean_anomaly: |o| o.orbit.mean_anomaly,
    mean_anomaly_rate: |o| o.rates.mean_anomaly_rate,
    argument_of_perigee: |o| o.orbit.argument_of_perigee,
    argument_of_perigee_rate: |o| o.rates.argument_of_perigee_rate,
    raan: |o| o.orbit.raan,
    raan_rate: |o| o.rates.raan_rate,
    raan_drag: |o| o.rates.raan_drag,
    sqrt_axis: |o| o.orbit.semi_major_axis.sqrt(),
    eccentricity: |o| o.orbit.eccentricity,
    mean_motion: |o| o.orbit.mean_motion,
    c1: |o| o.rates.c1,
    d2: |o| o.drag(|d| d.d[0]),
    d3: |o| o.drag(|d| d.d[1]),
    d4: |o| o.drag(|d| d.d[2]),
    bstar_c4: |o| o.rates.bstar_c4,
    bstar_c5: |o| o.drag(|d| d.bstar_c5),
    sin_m0: |o| o.drag(|d| d.sin_m0),
    t2: |o| o.rates.t2,
    t3: |o| o.drag(|d| d.t345[0]),
    t4: |o| o.drag(|d| d.t345[1]),
    t5: |o| o.drag(|d| d.t345[2]),
    eta: |o| o.drag(|d| d.eta),
    perigee_drag: |o| o.drag(|d| d.perigee_drag),
    anomaly_drag: |o| o.drag(|d| d.anomaly_drag),
    delta_m0: |o| o.drag(|d| d.delta_m0),
    sin_i: |o| o.inclination.sin,
    cos_i: |o| o.inclination.cos,
    three_cos2_minus_1: |o| o.inclination.three_cos2_minus_1,
    one_minus_cos2: |o| o.inclination.one_minus_cos2,
    seven_cos2_minus_1: |o| o.inclination.seven_cos2_minus_1,
    long_period_longitude: |o| o.inclination.longitude,
    long_period_eccentricity: |o| o.inclination.eccentricity,
}

/// The near-earth theory for one block.
///
/// The sums that make up the large angles are rounded as in the scalar code, so that both see the same angles.
pub(super) struct Kernel<'a> {
    pub(super) block: &'a Block,
}

impl super::Kernel for Kernel<'_> {
    #[inline(always)]
    fn states<const N: usize, const FUSED: bool>(
        &mut self,
        part: usize,
        _time: usize,
        t: Vector<N, FUSED>,
    ) -> States<N, FUSED> {
        let block = self.block;
        let load = |lanes: &Lanes| Vector::<N, FUSED>::load(lanes, part);
        let one = Vector::splat(1.0);
        let t2 = t * t;

        let mean_anomaly = load(&block.mean_anomaly) + load(&block.mean_anomaly_rate) * t;
        let perigee = load(&block.argument_of_perigee) + load(&block.argument_of_perigee_rate) * t;
        let raan = load(&block.raan) + load(&block.raan_rate) * t + load(&block.raan_drag) * t2;

        let (_, cos_m) = mean_anomaly.sin_cos();
        let delta = load(&block.eta).mul_add(cos_m, one);
        let shift = load(&block.perigee_drag)
            .mul_add(t, load(&block.anomaly_drag) * (delta * delta).mul_add(delta, -load(&block.delta_m0)));
        let mean_anomaly = mean_anomaly + shift;
        let perigee = perigee - shift;
        let (sin_m, _) = mean_anomaly.sin_cos();

        let axis_factor = t.neg_mul_add(
            t.mul_add(
                t.mul_add(t.mul_add(load(&block.d4), load(&block.d3)), load(&block.d2)),
                load(&block.c1),
            ),
            one,
        );
        let decrease =
            load(&block.bstar_c4).mul_add(t, load(&block.bstar_c5) * (sin_m - load(&block.sin_m0)));
        let longitude = t2
            * t.mul_add(
                t.mul_add(t.mul_add(load(&block.t5), load(&block.t4)), load(&block.t3)),
                load(&block.t2),
            );

        let raw_eccentricity = load(&block.eccentricity) - decrease;
        let eccentricity = raw_eccentricity.max(1.0e-6);
        let mean_anomaly = mean_anomaly + load(&block.mean_motion) * longitude;
        let latitude = (mean_anomaly + perigee + raan).reduced_by(TWO_PI) - raan;

        let sqrt_semi_major_axis = load(&block.sqrt_axis) * axis_factor;
        let elements = Elements {
            sqrt_semi_major_axis,
            eccentricity,
            inverse: one / (sqrt_semi_major_axis * eccentricity.neg_mul_add(eccentricity, one)),
            sin_cos_perigee: perigee.sin_cos(),
            sin_cos_raan: raan.sin_cos(),
            latitude,
        };
        let inclination = Inclination {
            sin: load(&block.sin_i),
            cos: load(&block.cos_i),
            three_cos2_minus_1: load(&block.three_cos2_minus_1),
            one_minus_cos2: load(&block.one_minus_cos2),
            seven_cos2_minus_1: load(&block.seven_cos2_minus_1),
            longitude: load(&block.long_period_longitude),
            eccentricity: load(&block.long_period_eccentricity),
        };
        let mut states = short_period::states(&elements, &inclination, block.kepler);
        states.margin = (one - raw_eccentricity)
            .min(raw_eccentricity + ECCENTRICITY_MARGIN)
            .min(axis_factor)
            .min(states.margin);
        states
    }
}
