//! [`short_period`](super::super::short_period) over vectors: from perturbed elements to states.

#![expect(clippy::inline_always, reason = "a call would leave the caller's target features")]

use super::super::constants::{EARTH_RADIUS_KM, J2, VELOCITY_UNIT_KM_S};
use super::super::short_period::{KEPLER_ITERATIONS, KEPLER_STEP_LIMIT, KEPLER_TOLERANCE};
use super::vector::Vector;

/// Eccentricity (with its long-period term) up to which Kepler's equation is solved in a fixed number of steps.
const MODERATE_ECCENTRICITY: f64 = 0.25;

/// How Kepler's equation is solved for the orbits of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kepler {
    /// In this number of steps, enough for the block's eccentricities.
    Steps(u32),
    /// By Newton's iteration until all lanes have converged, as the scalar code does it.
    Iteration,
}

impl Kepler {
    /// For orbits with eccentricities up to `eccentricity`, the long-period term included.
    pub(super) fn for_eccentricity(eccentricity: f64) -> Self {
        if eccentricity < 0.01 {
            Self::Steps(1)
        } else if eccentricity < 0.06 {
            Self::Steps(2)
        } else if eccentricity < MODERATE_ECCENTRICITY {
            Self::Steps(3)
        } else {
            Self::Iteration
        }
    }
}

/// Polynomials of the inclination: see [`InclinationTerms`](super::super::short_period::InclinationTerms).
#[derive(Clone, Copy)]
pub(super) struct Inclination<const N: usize, const FUSED: bool> {
    pub(super) sin: Vector<N, FUSED>,
    pub(super) cos: Vector<N, FUSED>,
    pub(super) three_cos2_minus_1: Vector<N, FUSED>,
    pub(super) one_minus_cos2: Vector<N, FUSED>,
    pub(super) seven_cos2_minus_1: Vector<N, FUSED>,
    pub(super) longitude: Vector<N, FUSED>,
    pub(super) eccentricity: Vector<N, FUSED>,
}

/// Perturbed elements of some objects.
#[derive(Clone, Copy)]
pub(super) struct Elements<const N: usize, const FUSED: bool> {
    pub(super) sqrt_semi_major_axis: Vector<N, FUSED>,
    pub(super) eccentricity: Vector<N, FUSED>,
    /// 1 / (sqrt(a) (1 - e^2)).
    pub(super) inverse: Vector<N, FUSED>,
    pub(super) sin_cos_perigee: (Vector<N, FUSED>, Vector<N, FUSED>),
    pub(super) sin_cos_raan: (Vector<N, FUSED>, Vector<N, FUSED>),
    /// Mean argument of latitude: mean anomaly + argument of perigee.
    pub(super) latitude: Vector<N, FUSED>,
}

/// States, and how far they are from the limits of this code: where `margin` is not positive, the scalar code has to
/// say what the state is, or why there is none.
pub(super) struct States<const N: usize, const FUSED: bool> {
    /// x, y, z in km; x, y, z in km/s.
    pub(super) components: [Vector<N, FUSED>; 6],
    pub(super) margin: Vector<N, FUSED>,
}

#[inline(always)]
pub(super) fn states<const N: usize, const FUSED: bool>(
    elements: &Elements<N, FUSED>,
    inclination: &Inclination<N, FUSED>,
    kepler: Kepler,
) -> States<N, FUSED> {
    let one = Vector::splat(1.0);
    let e = elements.eccentricity;
    let sqrt_a = elements.sqrt_semi_major_axis;
    let a = sqrt_a * sqrt_a;
    let (sin_perigee, cos_perigee) = elements.sin_cos_perigee;

    // One division serves 1 / (a (1 - e^2)) and, through `inverse`, 1 / sqrt(a).
    let inverse_sqrt_a = elements.inverse * e.neg_mul_add(e, one);
    let inverse_p = elements.inverse * inverse_sqrt_a;
    let axn = e * cos_perigee;
    let ayn = e.mul_add(sin_perigee, inverse_p * inclination.eccentricity);
    let latitude = (inverse_p * inclination.longitude).mul_add(axn, elements.latitude);

    let (sin_e, cos_e, kepler_margin) = match kepler {
        Kepler::Steps(steps) => kepler_steps(latitude, axn, ayn, steps),
        Kepler::Iteration => kepler_iteration(latitude, axn, ayn),
    };

    let e_cos_e = axn.mul_add(cos_e, ayn * sin_e);
    let e_sin_e = axn.mul_add(sin_e, -(ayn * cos_e));
    let beta_squared = axn.neg_mul_add(axn, ayn.neg_mul_add(ayn, one));
    let beta = beta_squared.sqrt();
    let radius_over_a = one - e_cos_e;
    // Three reciprocals by one division.
    let one_plus_beta = beta + one;
    let product = radius_over_a * one_plus_beta;
    let reciprocal = one / (product * beta_squared);
    let inverse_p_over_a = reciprocal * product;
    let others = reciprocal * beta_squared;
    let a_over_r = others * one_plus_beta;
    let fraction = e_sin_e * (others * radius_over_a);

    let sin_u = a_over_r * axn.neg_mul_add(fraction, sin_e - ayn);
    let cos_u = a_over_r * ayn.mul_add(fraction, cos_e - axn);
    let sin_2u = (cos_u + cos_u) * sin_u;
    let cos_2u = (sin_u + sin_u).neg_mul_add(sin_u, one);

    let inverse_a = inverse_sqrt_a * inverse_sqrt_a;
    let inverse_p = inverse_p_over_a * inverse_a;
    let j2_over_p = inverse_p * (0.5 * J2);
    let j2_over_p2 = j2_over_p * inverse_p;
    let j2_15 = j2_over_p2 * 1.5;

    let radius = (a * radius_over_a).mul_add(
        (j2_15 * beta).neg_mul_add(inclination.three_cos2_minus_1, one),
        (j2_over_p * 0.5) * (inclination.one_minus_cos2 * cos_2u),
    );
    let u_shift = -(j2_over_p2 * 0.25) * (inclination.seven_cos2_minus_1 * sin_2u);
    let cos_j2 = j2_15 * inclination.cos;
    let raan_shift = cos_j2 * sin_2u;
    let inclination_shift = cos_j2 * (inclination.sin * cos_2u);

    // Mean motion times j2 / p over xke: 1 / a^1.5 of it.
    let rate = j2_over_p * (inverse_a * inverse_sqrt_a);
    let radial_speed = rate
        .neg_mul_add(inclination.one_minus_cos2 * sin_2u, (e_sin_e * a_over_r) * inverse_sqrt_a)
        * VELOCITY_UNIT_KM_S;
    let transverse_speed = rate.mul_add(
        inclination.one_minus_cos2.mul_add(cos_2u, inclination.three_cos2_minus_1 * 1.5),
        (beta * a_over_r) * inverse_sqrt_a,
    ) * VELOCITY_UNIT_KM_S;

    let (sin_u, cos_u) = rotated((sin_u, cos_u), u_shift);
    let (sin_raan, cos_raan) = rotated(elements.sin_cos_raan, raan_shift);
    let (sin_i, cos_i) = rotated((inclination.sin, inclination.cos), inclination_shift);
    let (xmx, xmy) = (-sin_raan * cos_i, cos_raan * cos_i);
    let radial = [xmx.mul_add(sin_u, cos_raan * cos_u), xmy.mul_add(sin_u, sin_raan * cos_u), sin_i * sin_u];
    let transverse =
        [xmx.mul_add(cos_u, -(cos_raan * sin_u)), xmy.mul_add(cos_u, -(sin_raan * sin_u)), sin_i * cos_u];
    let radius_km = radius * EARTH_RADIUS_KM;
    // The radius comes last: it is NaN if anything before it was.
    let margin = kepler_margin.min(beta_squared).min(Vector::splat(SMALL_SHIFT) - j2_15).min(radius - 1.0);
    States {
        components: [
            radial[0] * radius_km,
            radial[1] * radius_km,
            radial[2] * radius_km,
            radial[0].mul_add(radial_speed, transverse[0] * transverse_speed),
            radial[1].mul_add(radial_speed, transverse[1] * transverse_speed),
            radial[2].mul_add(radial_speed, transverse[2] * transverse_speed),
        ],
        margin,
    }
}

/// Short-period shifts of the angles are below this for orbits that clear the Earth (1.5 J2 / 2 p^2 with p near
/// 1); the series of [`Vector::sin_cos_small`] hold up to it.
const SMALL_SHIFT: f64 = 0.005;

/// Sine and cosine of an angle turned by a small one.
#[inline(always)]
fn rotated<const N: usize, const FUSED: bool>(
    (sin, cos): (Vector<N, FUSED>, Vector<N, FUSED>),
    shift: Vector<N, FUSED>,
) -> (Vector<N, FUSED>, Vector<N, FUSED>) {
    let (s, c) = shift.sin_cos_small();
    (sin.mul_add(c, cos * s), cos.mul_add(c, -(sin * s)))
}

/// Sine and cosine of the eccentric longitude, for moderate eccentricities.
///
/// With E + omega = u + d, the equation becomes d = A cos d + B sin d with A = axn sin u - ayn cos u and
/// B = axn cos u + ayn sin u, so that |d| does not exceed the eccentricity. It is started with an error of
/// about e^4; each step is Newton's with its slope by a series.
#[inline(always)]
fn kepler_steps<const N: usize, const FUSED: bool>(
    latitude: Vector<N, FUSED>,
    axn: Vector<N, FUSED>,
    ayn: Vector<N, FUSED>,
    steps: u32,
) -> (Vector<N, FUSED>, Vector<N, FUSED>, Vector<N, FUSED>) {
    let one = Vector::splat(1.0);
    let (sin_m, cos_m) = latitude.sin_cos();
    let a = axn.mul_add(sin_m, -(ayn * cos_m));
    let b = axn.mul_add(cos_m, ayn * sin_m);
    let w = one / (one - b);
    let first = w * a;
    // d (1 - B) = A - A d^2 / 2 - B d^3 / 6 + ...
    let d2 = first * first;
    let mut d = (d2 * -0.5).mul_add(w * b.mul_add(first * (1.0 / 3.0), a), first);
    let mut last = (one, one, one);
    for _ in 0..steps {
        let z = d * d;
        let sin = d * z.polynomial(KEPLER_SINE);
        let versine = z * z.polynomial(KEPLER_VERSINE);
        let cos = one - versine;
        let residual = d - a.mul_add(cos, b * sin);
        let slope = w * a.mul_add(sin, b * versine);
        let slope_inverse = (one - slope) * slope.mul_add(slope, one);
        let step = residual * w * slope_inverse;
        d = d - step;
        last = (sin, cos, step);
    }
    let (sin, cos, step) = last;
    // The last step is so small that its square does not matter.
    let (sin, cos) = (cos.neg_mul_add(step, sin), sin.mul_add(step, cos));
    (sin_m.mul_add(cos, cos_m * sin), cos_m.mul_add(cos, -(sin_m * sin)), Vector::splat(2e-8) - step.abs())
}

/// Series of sin d / d and (1 - cos d) / d^2 in d^2, for |d| up to 0.27: the terms left out are below 1e-17.
const KEPLER_SINE: [f64; 6] =
    [1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0, -1.0 / 39_916_800.0];
const KEPLER_VERSINE: [f64; 6] =
    [0.5, -1.0 / 24.0, 1.0 / 720.0, -1.0 / 40_320.0, 1.0 / 3_628_800.0, -1.0 / 479_001_600.0];

/// Sine and cosine of the eccentric longitude, for any eccentricity: the iteration of the scalar code.
///
/// As there, they belong to the iterate before the step that is below the tolerance, in each lane its own.
#[inline(always)]
fn kepler_iteration<const N: usize, const FUSED: bool>(
    latitude: Vector<N, FUSED>,
    axn: Vector<N, FUSED>,
    ayn: Vector<N, FUSED>,
) -> (Vector<N, FUSED>, Vector<N, FUSED>, Vector<N, FUSED>) {
    let (zero, one) = (Vector::splat(0.0), Vector::splat(1.0));
    let mut eccentric = latitude;
    let (mut sin_e, mut cos_e, mut margin) = (zero, one, zero);
    for _ in 0..KEPLER_ITERATIONS {
        let (sin, cos) = eccentric.sin_cos();
        let residual = latitude - eccentric + axn.mul_add(sin, -(ayn * cos));
        let slope = one - axn.mul_add(cos, ayn * sin);
        let step = (residual / slope).clamp(KEPLER_STEP_LIMIT);
        eccentric = eccentric + step;
        // Lanes that have converged before keep what they had.
        sin_e = zero.select_below(margin, sin_e, sin);
        cos_e = zero.select_below(margin, cos_e, cos);
        margin = zero.select_below(margin, margin, Vector::splat(KEPLER_TOLERANCE) - step.abs());
        if margin.all_positive() {
            break;
        }
    }
    (sin_e, cos_e, margin)
}
