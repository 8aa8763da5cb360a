//! [`deep_space`](super::super::deep_space) over blocks of objects.
//!
//! Two things make it as fast as the near-earth code. The resonance integrator's checkpoints within a window are
//! tabulated, so that a state takes only its last polynomial. And the mean anomalies of Sun and Moon are the same
//! for all objects at one moment but for a constant (the theory's daily rates are not quite 1440 times its rates
//! per minute), so that their sines are computed once a moment and moved to each object by a short series.

#![expect(clippy::inline_always, reason = "a call would leave the caller's target features")]

use super::super::constants::{J3_OVER_J2, TWO_PI};
use super::super::deep_space::{
    BodyPeriodics, Checkpoint, DeepSpace, EARTH_ROTATION, LYDDANE_INCLINATION, Periodics, Resonance,
    STEP_MINUTES,
};
use super::super::initialization::{BrouwerElements, SecularRates};
use super::ECCENTRICITY_MARGIN;
use super::short_period::{self, Elements, Inclination, Kepler, States};
use super::vector::{LANES, Lanes, Vector};
use core::f64::consts::PI;
use libm::{sin, sincos};

/// Farthest that a body's mean anomaly is moved by the series, in radians: its third-order term is below 1e-10,
/// which amplitudes of some hundredths of a radian bring below 1e-7 km even at ten Earth radii.
const ANOMALY_SHIFT_LIMIT: f64 = 5e-4;

/// Half-width of the bands about the branch points of Lyddane's method that are left to the scalar code.
const BRANCH_GUARD: f64 = 1e-9;

/// How the periodics are applied in a block, and whether it has resonance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// All objects are, and stay, above the inclination of Lyddane's method.
    pub(super) direct: bool,
    pub(super) resonance: ResonanceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ResonanceKind {
    None,
    Synchronous,
    HalfDay,
}

impl Kind {
    pub(super) fn of(orbit: &BrouwerElements, deep_space: &DeepSpace) -> Self {
        let resonance = match deep_space.resonance() {
            None => ResonanceKind::None,
            Some(resonance) if resonance.is_synchronous() => ResonanceKind::Synchronous,
            Some(_) => ResonanceKind::HalfDay,
        };
        // An inclination that comes closer to the limit than the guard is caught state by state.
        Self { direct: orbit.inclination > LYDDANE_INCLINATION + 0.02, resonance }
    }
}

/// What a block is made from.
pub(super) struct Object<'a> {
    pub(super) orbit: &'a BrouwerElements,
    pub(super) rates: &'a SecularRates,
    pub(super) deep_space: &'a DeepSpace,
}

macro_rules! block {
    ($($field:ident: $value:expr,)*) => {
        /// Constants of the deep-space orbits of one block.
        #[derive(Debug, Clone)]
        pub(super) struct Block {
            $($field: Lanes,)*
            sun: Body,
            moon: Body,
            pub(super) kind: Kind,
            pub(super) kepler: Kepler,
        }

        impl Block {
            /// The block of these objects, padded with the last of them.
            pub(super) fn new(objects: &[Object<'_>], kind: Kind, kepler: Kepler) -> Self {
                let lanes = |value: &dyn Fn(&Object<'_>) -> f64| padded(objects, value);
                Self {
                    $($field: lanes(&$value),)*
                    sun: Body::new(objects, |periodics| &periodics.sun),
                    moon: Body::new(objects, |periodics| &periodics.moon),
                    kind,
                    kepler,
                }
            }
        }
    };
}

fn padded(objects: &[Object<'_>], value: &dyn Fn(&Object<'_>) -> f64) -> Lanes {
    Lanes(core::array::from_fn(|lane| value(&objects[lane.min(objects.len() - 1)])))
}

block! {
    mean_anomaly: |o| o.orbit.mean_anomaly,
    mean_anomaly_rate: |o| o.rates.mean_anomaly_rate,
    argument_of_perigee: |o| o.orbit.argument_of_perigee,
    argument_of_perigee_rate: |o| o.rates.argument_of_perigee_rate,
    raan: |o| o.orbit.raan,
    raan_rate: |o| o.rates.raan_rate,
    raan_drag: |o| o.rates.raan_drag,
    inclination: |o| o.orbit.inclination,
    sqrt_axis: |o| o.orbit.semi_major_axis.sqrt(),
    eccentricity: |o| o.orbit.eccentricity,
    mean_motion: |o| o.orbit.mean_motion,
    inverse_mean_motion: |o| 1.0 / o.orbit.mean_motion,
    c1: |o| o.rates.c1,
    bstar_c4: |o| o.rates.bstar_c4,
    t2: |o| o.rates.t2,
    body_eccentricity_rate: |o| o.deep_space.rates().eccentricity,
    body_inclination_rate: |o| o.deep_space.rates().inclination,
    body_perigee_rate: |o| o.deep_space.rates().argument_of_perigee,
    body_raan_rate: |o| o.deep_space.rates().raan,
    body_anomaly_rate: |o| o.deep_space.rates().mean_anomaly,
    sidereal_time: |o| o.deep_space.resonance().map_or(0.0, |r| r.sidereal_time),
}

/// Periodics of one body: factors of cos 2f, sin 2f and sin f, with f its true anomaly.
#[derive(Debug, Clone)]
struct Body {
    eccentricity: [Lanes; 2],
    inclination: [Lanes; 2],
    longitude: [Lanes; 3],
    perigee: [Lanes; 3],
    node: [Lanes; 2],
}

impl Body {
    fn new(objects: &[Object<'_>], body: impl Fn(&Periodics) -> &BodyPeriodics) -> Self {
        // The theory's f2 = sin^2 f / 2 - 1/4 and f3 = -sin f cos f / 2 are -cos 2f / 4 and -sin 2f / 4.
        let two = |terms: &dyn Fn(&BodyPeriodics) -> [f64; 2]| {
            [0, 1].map(|i| padded(objects, &|o| -0.25 * terms(body(o.deep_space.periodics()))[i]))
        };
        let three = |terms: &dyn Fn(&BodyPeriodics) -> [f64; 3]| {
            [(0, -0.25), (1, -0.25), (2, 1.0)]
                .map(|(i, factor)| padded(objects, &|o| factor * terms(body(o.deep_space.periodics()))[i]))
        };
        Self {
            eccentricity: two(&|p| p.eccentricity),
            inclination: two(&|p| p.inclination),
            longitude: three(&|p| p.longitude),
            perigee: three(&|p| p.perigee),
            node: two(&|p| p.node),
        }
    }
}

/// cos 2f, sin 2f and sin f of one body at one moment, each with first and halved second derivative by the mean
/// anomaly.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyMoment([[f64; 3]; 3]);

impl BodyMoment {
    /// At a mean anomaly, for an orbit of this eccentricity: f = M + 2 e sin M, as the theory has it.
    pub(super) fn new(mean_anomaly: f64, eccentricity: f64) -> Self {
        let (sin_m, cos_m) = sincos(mean_anomaly);
        let (sin_f, cos_f) = sincos(mean_anomaly + 2.0 * eccentricity * sin(mean_anomaly));
        let rate = 1.0 + 2.0 * eccentricity * cos_m;
        let curvature = -2.0 * eccentricity * sin_m;
        let (sin_2f, cos_2f) = (2.0 * sin_f * cos_f, 1.0 - 2.0 * sin_f * sin_f);
        // (g(f))'' = g'' f'^2 + g' f''.
        let series = |g: f64, g1: f64, g2: f64| [g, g1 * rate, 0.5 * (g2 * rate * rate + g1 * curvature)];
        Self([
            series(cos_2f, -2.0 * sin_2f, -4.0 * cos_2f),
            series(sin_2f, 2.0 * cos_2f, -4.0 * sin_2f),
            series(sin_f, cos_f, -sin_f),
        ])
    }

    /// The three values for mean anomalies that are greater by `shift`.
    #[inline(always)]
    fn at<const N: usize, const FUSED: bool>(&self, shift: Vector<N, FUSED>) -> [Vector<N, FUSED>; 3] {
        [shift.polynomial(self.0[0]), shift.polynomial(self.0[1]), shift.polynomial(self.0[2])]
    }
}

/// Sun and Moon at one moment, at the mean anomalies of a reference object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) sun: BodyMoment,
    pub(super) moon: BodyMoment,
}

impl Moment {
    /// For an object with these periodics, `t` minutes after its epoch.
    pub(super) fn new(periodics: &Periodics, t: f64) -> Self {
        let at = |body: &BodyPeriodics| {
            BodyMoment::new(body.mean_anomaly + body.mean_motion * t, body.body_eccentricity)
        };
        Self { sun: at(&periodics.sun), moon: at(&periodics.moon) }
    }
}

/// By how much the mean anomalies of Sun and Moon of one object exceed those of another at the same moment,
/// `t` and `reference_t` minutes after their epochs; none if they are too far apart for the series.
fn anomaly_shifts(
    periodics: &Periodics,
    t: f64,
    reference: &Periodics,
    reference_t: f64,
) -> Option<[f64; 2]> {
    let shift = |body: &BodyPeriodics, reference: &BodyPeriodics| {
        let difference = (body.mean_anomaly + body.mean_motion * t)
            - (reference.mean_anomaly + reference.mean_motion * reference_t);
        let shift = difference - TWO_PI * (difference / TWO_PI).round();
        (shift.abs() < ANOMALY_SHIFT_LIMIT).then_some(shift)
    };
    Some([shift(&periodics.sun, &reference.sun)?, shift(&periodics.moon, &reference.moon)?])
}

/// What a block needs for one window of time.
#[derive(Debug, Clone)]
pub(super) struct BlockWindow {
    sun_shift: Lanes,
    moon_shift: Lanes,
    /// Segments of each lane in the order of time; empty without resonance.
    segments: [Vec<Segment>; LANES],
}

/// The span in which one checkpoint of the resonance integrator holds.
#[derive(Debug, Clone, Copy)]
struct Segment {
    checkpoint: Checkpoint,
    /// Time of the checkpoint, in minutes since epoch.
    minutes: f64,
    /// The span, in minutes since epoch: from `start` to less than `end`.
    start: f64,
    end: f64,
}

impl Segment {
    /// All that are needed from `first` to `last` minutes since epoch.
    fn within(resonance: &Resonance, first: f64, last: f64) -> Vec<Self> {
        let mut resonance = resonance.clone();
        resonance.tabulate(first..=last);
        let mut segments = Vec::new();
        let mut t = first;
        while t <= last {
            let (checkpoint, minutes) = resonance.checkpoint_before(t);
            let (start, end) = if t >= 0.0 {
                (minutes, minutes + STEP_MINUTES)
            } else {
                // Counted backward, the checkpoint's own time belongs to it, but for the epoch's.
                ((minutes - STEP_MINUTES).next_up(), if minutes < 0.0 { minutes.next_up() } else { 0.0 })
            };
            segments.push(Self { checkpoint, minutes, start, end });
            t = end;
        }
        segments
    }
}

impl BlockWindow {
    /// From the objects' minutes since epoch at the window's start and its first and last offset from there, and
    /// the reference object; none if Sun and Moon are too far from the reference's for the series.
    pub(super) fn new(
        objects: &[Object<'_>],
        base: &Lanes,
        (first, last): (f64, f64),
        reference: &Periodics,
        reference_t: f64,
    ) -> Option<Self> {
        let lane_object = |lane: usize| &objects[lane.min(objects.len() - 1)];
        let (mut sun_shift, mut moon_shift) = (Lanes([0.0; LANES]), Lanes([0.0; LANES]));
        for lane in 0..LANES {
            let periodics = lane_object(lane).deep_space.periodics();
            [sun_shift.0[lane], moon_shift.0[lane]] =
                anomaly_shifts(periodics, base.0[lane], reference, reference_t)?;
        }
        let mut segments: [Vec<Segment>; LANES] = core::array::from_fn(|_| Vec::new());
        for lane in 0..LANES {
            let t = base.0[lane];
            segments[lane] = match lane_object(lane).deep_space.resonance() {
                // Padding repeats the last object.
                Some(_) if lane >= objects.len() => segments[lane - 1].clone(),
                Some(resonance) => Segment::within(resonance, t + first, t + last),
                None => Vec::new(),
            };
        }
        Some(Self { sun_shift, moon_shift, segments })
    }
}

/// Checkpoints of all lanes of a block that hold at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checkpoints {
    longitude: Lanes,
    mean_motion: Lanes,
    longitude_rate: Lanes,
    half_acceleration: Lanes,
    half_jerk: Lanes,
    minutes: Lanes,
    start: Lanes,
    end: Lanes,
}

impl Checkpoints {
    /// Holding at no time.
    pub(super) fn none() -> Self {
        let zero = Lanes([0.0; LANES]);
        Self {
            longitude: zero,
            mean_motion: zero,
            longitude_rate: zero,
            half_acceleration: zero,
            half_jerk: zero,
            minutes: zero,
            start: zero,
            end: zero,
        }
    }

    /// Exchanges those that do not hold at `t` minutes since epoch.
    #[inline(always)]
    fn update<const N: usize, const FUSED: bool>(
        &mut self,
        window: &BlockWindow,
        part: usize,
        t: Vector<N, FUSED>,
    ) {
        let start = Vector::<N, FUSED>::load(&self.start, part);
        let end = Vector::<N, FUSED>::load(&self.end, part);
        let mut hold = true;
        for i in 0..N {
            hold &= start.0[i] <= t.0[i] && t.0[i] < end.0[i];
        }
        if !hold {
            for (i, &t) in t.0.iter().enumerate() {
                self.exchange(window, part * N + i, t);
            }
        }
    }

    #[inline(never)]
    fn exchange(&mut self, window: &BlockWindow, lane: usize, t: f64) {
        let segments = &window.segments[lane];
        let index = segments.partition_point(|segment| segment.end <= t).min(segments.len() - 1);
        let Segment { checkpoint, minutes, start, end } = segments[index];
        self.longitude.0[lane] = checkpoint.longitude;
        self.mean_motion.0[lane] = checkpoint.mean_motion;
        self.longitude_rate.0[lane] = checkpoint.longitude_rate;
        self.half_acceleration.0[lane] = 0.5 * checkpoint.acceleration;
        self.half_jerk.0[lane] = 0.5 * checkpoint.jerk;
        self.minutes.0[lane] = minutes;
        self.start.0[lane] = start;
        self.end.0[lane] = end;
    }
}

/// Coefficients of (1 + x)^(-1/3), the factor of sqrt(a) when the mean motion grows by x of itself.
const INVERSE_CUBE_ROOT: [f64; 8] = [
    1.0,
    -1.0 / 3.0,
    2.0 / 9.0,
    -14.0 / 81.0,
    35.0 / 243.0,
    -91.0 / 729.0,
    728.0 / 6561.0,
    -1976.0 / 19_683.0,
];

/// Largest relative change of the mean motion for that series: its next term is below 1e-17.
const MEAN_MOTION_CHANGE_LIMIT: f64 = 0.01;

/// The deep-space theory for one block: `DIRECT` as in [`Kind`], `RESONANT` if it has resonance.
pub(super) struct Kernel<'a, const DIRECT: bool, const RESONANT: bool> {
    block: &'a Block,
    window: &'a BlockWindow,
    moments: &'a [Moment],
    checkpoints: Checkpoints,
}

impl<'a, const DIRECT: bool, const RESONANT: bool> Kernel<'a, DIRECT, RESONANT> {
    pub(super) fn new(block: &'a Block, window: &'a BlockWindow, moments: &'a [Moment]) -> Self {
        Self { block, window, moments, checkpoints: Checkpoints::none() }
    }
}

/// A periodic term of one body, from cos 2f and sin 2f.
#[inline(always)]
fn two_terms<const N: usize, const FUSED: bool>(
    values: &[Vector<N, FUSED>; 3],
    factors: &[Lanes; 2],
    part: usize,
) -> Vector<N, FUSED> {
    values[0].mul_add(Vector::load(&factors[0], part), values[1] * Vector::load(&factors[1], part))
}

/// A periodic term of one body, from cos 2f, sin 2f and sin f.
#[inline(always)]
fn three_terms<const N: usize, const FUSED: bool>(
    values: &[Vector<N, FUSED>; 3],
    [first, second, third]: &[Lanes; 3],
    part: usize,
) -> Vector<N, FUSED> {
    let sum = values[1].mul_add(Vector::load(second, part), values[2] * Vector::load(third, part));
    values[0].mul_add(Vector::load(first, part), sum)
}

impl<const DIRECT: bool, const RESONANT: bool> super::Kernel for Kernel<'_, DIRECT, RESONANT> {
    #[inline(always)]
    fn states<const N: usize, const FUSED: bool>(
        &mut self,
        part: usize,
        time: usize,
        t: Vector<N, FUSED>,
    ) -> States<N, FUSED> {
        let (block, window) = (self.block, self.window);
        let load = |lanes: &Lanes| Vector::<N, FUSED>::load(lanes, part);
        let one = Vector::splat(1.0);
        let t2 = t * t;
        let mut margin = one;

        let perigee = load(&block.argument_of_perigee)
            + load(&block.argument_of_perigee_rate) * t
            + load(&block.body_perigee_rate) * t;
        let raan = load(&block.raan)
            + load(&block.raan_rate) * t
            + load(&block.raan_drag) * t2
            + load(&block.body_raan_rate) * t;
        let drag_longitude = load(&block.mean_motion) * (load(&block.t2) * t2);
        let axis_factor = t.neg_mul_add(load(&block.c1), one);

        // Mean longitude, and sqrt(a) over that of the epoch.
        let (longitude, sqrt_axis_growth) = if RESONANT {
            self.checkpoints.update(window, part, t);
            let checkpoints = &self.checkpoints;
            let ft = t - load(&checkpoints.minutes);
            let half_acceleration = load(&checkpoints.half_acceleration);
            let mean_motion = load(&checkpoints.mean_motion)
                + ft * ft.mul_add(load(&checkpoints.half_jerk), half_acceleration + half_acceleration);
            let longitude = load(&checkpoints.longitude)
                + ft * ft.mul_add(half_acceleration, load(&checkpoints.longitude_rate));
            let theta = load(&block.sidereal_time) + t * EARTH_ROTATION;
            let longitude = match block.kind.resonance {
                ResonanceKind::HalfDay => longitude + (theta + theta) + perigee - raan,
                ResonanceKind::None | ResonanceKind::Synchronous => longitude + theta,
            };
            let change = (mean_motion - load(&block.mean_motion)) * load(&block.inverse_mean_motion);
            margin = Vector::splat(MEAN_MOTION_CHANGE_LIMIT) - change.abs();
            (longitude, change.polynomial(INVERSE_CUBE_ROOT))
        } else {
            let mean_anomaly = load(&block.mean_anomaly)
                + load(&block.mean_anomaly_rate) * t
                + load(&block.body_anomaly_rate) * t;
            (mean_anomaly + perigee + raan, one)
        };
        let longitude = (longitude + drag_longitude).reduced_by(TWO_PI);

        let mean_eccentricity = t.mul_add(
            load(&block.body_eccentricity_rate),
            load(&block.eccentricity) - load(&block.bstar_c4) * t,
        );
        margin = margin.min(one - mean_eccentricity).min(mean_eccentricity + ECCENTRICITY_MARGIN);
        let mean_inclination = load(&block.inclination) + load(&block.body_inclination_rate) * t;

        let sun = self.moments[time].sun.at(load(&window.sun_shift));
        let moon = self.moments[time].moon.at(load(&window.moon_shift));
        let eccentricity_shift =
            two_terms(&sun, &block.sun.eccentricity, part) + two_terms(&moon, &block.moon.eccentricity, part);
        let inclination_shift =
            two_terms(&sun, &block.sun.inclination, part) + two_terms(&moon, &block.moon.inclination, part);
        let longitude_shift =
            three_terms(&sun, &block.sun.longitude, part) + three_terms(&moon, &block.moon.longitude, part);
        let perigee_shift =
            three_terms(&sun, &block.sun.perigee, part) + three_terms(&moon, &block.moon.perigee, part);
        let node_shift = two_terms(&sun, &block.sun.node, part) + two_terms(&moon, &block.moon.node, part);

        let eccentricity = mean_eccentricity.max(1.0e-6) + eccentricity_shift;
        margin = margin.min(eccentricity).min(Vector::splat(0.999) - eccentricity);
        let inclination = mean_inclination + inclination_shift;

        let (mut sin_i, cos_i) = inclination.sin_cos();
        let mut node = node_shift / sin_i;
        let mut shift = cos_i.neg_mul_add(node, perigee_shift);
        let distance = inclination - LYDDANE_INCLINATION;
        let mut turn = Vector::splat(0.0);
        if DIRECT {
            margin = margin.min(distance - BRANCH_GUARD);
        } else {
            // Lyddane's method, written relative to the mean node: the vector (sin i sin node, sin i cos node) and its
            // changes, turned back by the node, are (node_shift, sin i + inclination_shift cos i).
            let change = node_shift.atan2(inclination_shift.mul_add(cos_i, sin_i));
            let reduced = raan.reduced_by(TWO_PI);
            let zero = Vector::splat(0.0);
            let positive_node = reduced.select_below(zero, reduced + TWO_PI, reduced);
            let lyddane_shift = (inclination_shift * sin_i)
                .neg_mul_add(positive_node, cos_i.neg_mul_add(change, perigee_shift));
            node = distance.select_below(zero, change, node);
            shift = distance.select_below(zero, lyddane_shift, shift);
            margin = margin
                .min(distance.abs() - BRANCH_GUARD)
                .min(reduced.abs() - BRANCH_GUARD)
                .min(Vector::splat(PI - BRANCH_GUARD) - change.abs());
            // A negative inclination is the same orbit with node and perigee opposite.
            turn = inclination.select_below(zero, Vector::splat(PI), zero);
            sin_i = sin_i.abs();
        }
        let latitude = longitude - raan + longitude_shift + shift - turn;
        let perigee = perigee + shift - turn;
        let raan = raan + node + turn;

        let cos2 = cos_i * cos_i;
        let one_plus_cos = cos_i + one;
        margin = margin.min(one_plus_cos - BRANCH_GUARD);
        let half_j3 = sin_i * (-0.5 * J3_OVER_J2);
        let inclination_terms = Inclination {
            sin: sin_i,
            cos: cos_i,
            three_cos2_minus_1: cos2 * 3.0 - one,
            one_minus_cos2: one - cos2,
            seven_cos2_minus_1: cos2 * 7.0 - one,
            longitude: half_j3 * (cos_i * 2.5 + 1.5) / one_plus_cos,
            eccentricity: half_j3,
        };
        let sqrt_semi_major_axis = load(&block.sqrt_axis) * axis_factor * sqrt_axis_growth;
        let elements = Elements {
            sqrt_semi_major_axis,
            eccentricity,
            inverse: one / (sqrt_semi_major_axis * eccentricity.neg_mul_add(eccentricity, one)),
            sin_cos_perigee: perigee.sin_cos(),
            sin_cos_raan: raan.sin_cos(),
            latitude,
        };
        let mut states = short_period::states(&elements, &inclination_terms, block.kepler);
        states.margin = margin.min(axis_factor).min(states.margin);
        states
    }
}
