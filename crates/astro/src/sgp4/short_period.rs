//! From perturbed mean elements to position and velocity: long-period periodics, Kepler's equation and
//! short-period periodics.
//!
//! AIAA 2006-6753, last part of `sgp4`; Spacetrack Report #3, section 6. Lengths are in Earth radii, angles in
//! radians, times in minutes.

use super::PropagationError;
use super::constants::{
    EARTH_RADIUS_KM, J2, J3_OVER_J2, RETROGRADE_EQUATORIAL_LIMIT, TWO_PI, VELOCITY_UNIT_KM_S, XKE,
};
use super::near_earth::MeanAngles;
use crate::state::{State, Teme};
use libm::{atan2, sincos};
use nalgebra::Vector3;

/// Newton's iteration of Kepler's equation ends at a step below this, in radians.
pub(super) const KEPLER_TOLERANCE: f64 = 1.0e-12;

/// Longest step of that iteration, in radians.
pub(super) const KEPLER_STEP_LIMIT: f64 = 0.95;

pub(super) const KEPLER_ITERATIONS: u32 = 10;

/// Polynomials of the inclination in the periodic terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct InclinationTerms {
    inclination: f64,
    pub(super) sin: f64,
    pub(super) cos: f64,
    /// 3 cos^2 i - 1 ("con41").
    pub(super) three_cos2_minus_1: f64,
    /// 1 - cos^2 i ("x1mth2").
    pub(super) one_minus_cos2: f64,
    /// 7 cos^2 i - 1 ("x7thm1").
    pub(super) seven_cos2_minus_1: f64,
    /// Long-period term of the longitude ("xlcof").
    pub(super) longitude: f64,
    /// Long-period term of the eccentricity vector ("aycof").
    pub(super) eccentricity: f64,
}

impl InclinationTerms {
    pub(super) fn new(inclination: f64) -> Self {
        let (sin, cos) = sincos(inclination);
        let cos2 = cos * cos;
        let mut one_plus_cos = 1.0 + cos;
        if one_plus_cos.abs() <= RETROGRADE_EQUATORIAL_LIMIT {
            one_plus_cos = RETROGRADE_EQUATORIAL_LIMIT;
        }
        Self {
            inclination,
            sin,
            cos,
            three_cos2_minus_1: 3.0 * cos2 - 1.0,
            one_minus_cos2: 1.0 - cos2,
            seven_cos2_minus_1: 7.0 * cos2 - 1.0,
            longitude: -0.25 * J3_OVER_J2 * sin * (3.0 + 5.0 * cos) / one_plus_cos,
            eccentricity: -0.5 * J3_OVER_J2 * sin,
        }
    }
}

/// Elements with all secular, drag and third-body terms, at the time of the state wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct PerturbedElements {
    /// In Earth radii ("am").
    pub(super) semi_major_axis: f64,
    pub(super) eccentricity: f64,
    pub(super) angles: MeanAngles,
}

/// Position and velocity from the perturbed elements. `minutes` only names the time of a failure.
pub(super) fn state(
    elements: &PerturbedElements,
    inclination: &InclinationTerms,
    minutes: f64,
) -> Result<State<Teme>, PropagationError> {
    let PerturbedElements { semi_major_axis: a, eccentricity: e, angles } = *elements;
    let MeanAngles { raan, argument_of_perigee, mean_anomaly } = angles;
    let mean_motion = XKE / (a * a.sqrt());

    let (sin_argp, cos_argp) = sincos(argument_of_perigee);
    let inv_p = 1.0 / (a * (1.0 - e * e));
    let axn = e * cos_argp;
    let ayn = e * sin_argp + inv_p * inclination.eccentricity;
    let longitude = mean_anomaly + argument_of_perigee + raan + inv_p * inclination.longitude * axn;

    let (sin_e, cos_e) = solve_kepler((longitude - raan) % TWO_PI, axn, ayn);

    let e_cos_e = axn * cos_e + ayn * sin_e;
    let e_sin_e = axn * sin_e - ayn * cos_e;
    let e_squared = axn * axn + ayn * ayn;
    let p = a * (1.0 - e_squared);
    if p < 0.0 {
        return Err(PropagationError::SemiLatusRectum { minutes, earth_radii: p });
    }
    let r = a * (1.0 - e_cos_e);
    let r_dot = a.sqrt() * e_sin_e / r;
    let rv_dot = p.sqrt() / r;
    let beta = (1.0 - e_squared).sqrt();
    let fraction = e_sin_e / (1.0 + beta);
    let sin_u = a / r * (sin_e - ayn - axn * fraction);
    let cos_u = a / r * (cos_e - axn + ayn * fraction);
    let u = atan2(sin_u, cos_u);
    let sin_2u = (cos_u + cos_u) * sin_u;
    let cos_2u = 1.0 - 2.0 * sin_u * sin_u;

    let inv_p = 1.0 / p;
    let j2_over_p = 0.5 * J2 * inv_p;
    let j2_over_p2 = j2_over_p * inv_p;

    let radius = r * (1.0 - 1.5 * j2_over_p2 * beta * inclination.three_cos2_minus_1)
        + 0.5 * j2_over_p * inclination.one_minus_cos2 * cos_2u;
    let u = u - 0.25 * j2_over_p2 * inclination.seven_cos2_minus_1 * sin_2u;
    let raan = raan + 1.5 * j2_over_p2 * inclination.cos * sin_2u;
    let perturbed_inclination =
        inclination.inclination + 1.5 * j2_over_p2 * inclination.cos * inclination.sin * cos_2u;
    let radial_speed = r_dot - mean_motion * j2_over_p * inclination.one_minus_cos2 * sin_2u / XKE;
    let transverse_speed = rv_dot
        + mean_motion
            * j2_over_p
            * (inclination.one_minus_cos2 * cos_2u + 1.5 * inclination.three_cos2_minus_1)
            / XKE;

    if !radius.is_finite() {
        return Err(PropagationError::NotFinite { minutes });
    }
    if radius < 1.0 {
        return Err(PropagationError::Decayed { minutes, radius_km: radius * EARTH_RADIUS_KM });
    }

    let (sin_u, cos_u) = sincos(u);
    let (sin_raan, cos_raan) = sincos(raan);
    let (sin_i, cos_i) = sincos(perturbed_inclination);
    let (xmx, xmy) = (-sin_raan * cos_i, cos_raan * cos_i);
    let radial = Vector3::new(xmx * sin_u + cos_raan * cos_u, xmy * sin_u + sin_raan * cos_u, sin_i * sin_u);
    let transverse =
        Vector3::new(xmx * cos_u - cos_raan * sin_u, xmy * cos_u - sin_raan * sin_u, sin_i * cos_u);

    Ok(State::new(
        radial * (radius * EARTH_RADIUS_KM),
        (radial * radial_speed + transverse * transverse_speed) * VELOCITY_UNIT_KM_S,
    ))
}

/// Sine and cosine of the eccentric longitude E + argument of perigee, from
/// `mean` = E + omega - axn sin(E + omega) + ayn cos(E + omega).
///
/// They belong to the last iterate but one, as in the reference: the last step is below the tolerance.
fn solve_kepler(mean: f64, axn: f64, ayn: f64) -> (f64, f64) {
    let mut eccentric = mean;
    let mut sin_cos = (0.0, 1.0);
    for _ in 0..KEPLER_ITERATIONS {
        let (sin_e, cos_e) = sincos(eccentric);
        sin_cos = (sin_e, cos_e);
        let step = ((mean - ayn * cos_e + axn * sin_e - eccentric) / (1.0 - cos_e * axn - sin_e * ayn))
            .clamp(-KEPLER_STEP_LIMIT, KEPLER_STEP_LIMIT);
        eccentric += step;
        if step.abs() < KEPLER_TOLERANCE {
            break;
        }
    }
    sin_cos
}
