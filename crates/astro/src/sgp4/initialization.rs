//! Quantities of the epoch, common to near-earth and deep-space orbits.
//!
//! AIAA 2006-6753, `initl` and the first part of `sgp4init`; Hoots & Roehrich, Spacetrack Report #3,
//! section 6. Names in quotes are those of the reference code. Lengths are in Earth radii, angles in radians,
//! times in minutes.

use super::ElementError;
use super::constants::{
    ATMOSPHERE_BASE_KM, ATMOSPHERE_REFERENCE_KM, EARTH_RADIUS_KM, J2, J3_OVER_J2, J4, MINUTES_PER_DAY,
    TWO_PI, XKE,
};
use crate::elements::MeanElements;
use libm::{cos, pow, sincos};

/// Perigee altitude below which the drag expressions are truncated, in km.
const SIMPLE_DRAG_PERIGEE_KM: f64 = 220.0;

/// Eccentricity up to which the terms divided by it are dropped.
const SMALL_ECCENTRICITY: f64 = 1.0e-4;

/// The elements at epoch with Brouwer's mean motion and semi-major axis instead of Kozai's.
#[derive(Debug, Clone, Copy)]
pub(super) struct BrouwerElements {
    /// Mean motion (`no_unkozai`), in rad/min.
    pub(super) mean_motion: f64,
    /// Semi-major axis ("ao"), in Earth radii.
    pub(super) semi_major_axis: f64,
    pub(super) eccentricity: f64,
    pub(super) inclination: f64,
    pub(super) sin_inclination: f64,
    pub(super) cos_inclination: f64,
    pub(super) raan: f64,
    pub(super) argument_of_perigee: f64,
    pub(super) mean_anomaly: f64,
    /// B*, in inverse Earth radii.
    pub(super) bstar: f64,
}

impl BrouwerElements {
    /// Checks the elements and recovers Brouwer's mean motion from Kozai's (Spacetrack Report #3, section 6).
    pub(super) fn new(elements: &MeanElements) -> Result<Self, ElementError> {
        check(elements)?;
        let kozai_mean_motion = elements.mean_motion_rev_day / (MINUTES_PER_DAY / TWO_PI);
        let eccentricity = elements.eccentricity;
        let inclination = elements.inclination_deg.to_radians();
        let (sin_inclination, cos_inclination) = sincos(inclination);

        let beta_squared = 1.0 - eccentricity * eccentricity;
        let a1 = pow(XKE / kozai_mean_motion, 2.0 / 3.0);
        let d1 = 0.75 * J2 * (3.0 * cos_inclination * cos_inclination - 1.0)
            / (beta_squared.sqrt() * beta_squared);
        let delta1 = d1 / (a1 * a1);
        let a2 = a1 * (1.0 - delta1 * delta1 - delta1 * (1.0 / 3.0 + 134.0 * delta1 * delta1 / 81.0));
        let delta0 = d1 / (a2 * a2);
        let mean_motion = kozai_mean_motion / (1.0 + delta0);
        let semi_major_axis = pow(XKE / mean_motion, 2.0 / 3.0);

        if !(mean_motion > 0.0 && mean_motion.is_finite() && semi_major_axis.is_finite()) {
            return Err(ElementError::Singular);
        }
        let apogee = semi_major_axis * (1.0 + eccentricity);
        if apogee < 1.0 {
            return Err(ElementError::ApogeeBelowSurface { radius_earth_radii: apogee });
        }
        Ok(Self {
            mean_motion,
            semi_major_axis,
            eccentricity,
            inclination,
            sin_inclination,
            cos_inclination,
            raan: elements.raan_deg.to_radians(),
            argument_of_perigee: elements.argument_of_perigee_deg.to_radians(),
            mean_anomaly: elements.mean_anomaly_deg.to_radians(),
            bstar: elements.bstar_inv_earth_radii,
        })
    }

    /// Radius of the perigee, in Earth radii ("rp").
    fn perigee_radius(&self) -> f64 {
        self.semi_major_axis * (1.0 - self.eccentricity)
    }
}

fn check(elements: &MeanElements) -> Result<(), ElementError> {
    let MeanElements {
        epoch: _,
        mean_motion_rev_day,
        eccentricity,
        inclination_deg,
        raan_deg,
        argument_of_perigee_deg,
        mean_anomaly_deg,
        bstar_inv_earth_radii,
    } = *elements;
    let angles = [
        ("raan_deg", raan_deg),
        ("argument_of_perigee_deg", argument_of_perigee_deg),
        ("mean_anomaly_deg", mean_anomaly_deg),
    ];
    let others = [
        ("mean_motion_rev_day", mean_motion_rev_day),
        ("eccentricity", eccentricity),
        ("inclination_deg", inclination_deg),
        ("bstar_inv_earth_radii", bstar_inv_earth_radii),
    ];
    for (element, value) in angles.into_iter().chain(others) {
        if !value.is_finite() {
            return Err(ElementError::NotFinite { element, value });
        }
    }
    if mean_motion_rev_day <= 0.0 {
        return Err(ElementError::MeanMotion { value: mean_motion_rev_day });
    }
    if !(0.0..1.0).contains(&eccentricity) {
        return Err(ElementError::Eccentricity { value: eccentricity });
    }
    if !(0.0..=180.0).contains(&inclination_deg) {
        return Err(ElementError::Inclination { value: inclination_deg });
    }
    for (element, value) in angles {
        if !(-360.0..=360.0).contains(&value) {
            return Err(ElementError::Angle { element, value });
        }
    }
    Ok(())
}

/// Secular rates of the angles by J2, J2^2 and J4, and the drag terms that every orbit has.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecularRates {
    /// "mdot", in rad/min.
    pub(super) mean_anomaly_rate: f64,
    /// "argpdot", in rad/min.
    pub(super) argument_of_perigee_rate: f64,
    /// "nodedot", in rad/min.
    pub(super) raan_rate: f64,
    /// Drag on the node ("nodecf"), in rad/min^2.
    pub(super) raan_drag: f64,
    /// "cc1", in 1/min: the square root of the semi-major axis decreases by this fraction.
    pub(super) c1: f64,
    /// B* "cc4", in 1/min: the eccentricity decreases by this.
    pub(super) bstar_c4: f64,
    /// "t2cof", in 1/min^2.
    pub(super) t2: f64,
}

/// The drag terms beyond [`SecularRates`], for near-earth orbits with a perigee above 220 km.
#[derive(Debug, Clone, Copy)]
pub(super) struct FullDrag {
    pub(super) eta: f64,
    /// (1 + eta cos M0)^3 ("delmo").
    pub(super) delta_m0: f64,
    /// Sine of the mean anomaly at epoch ("sinmao").
    pub(super) sin_m0: f64,
    /// "omgcof", in rad/min.
    pub(super) perigee_drag: f64,
    /// "xmcof", in radians.
    pub(super) anomaly_drag: f64,
    /// "d2", "d3", "d4": powers 2 to 4 of time in the semi-major axis.
    pub(super) d: [f64; 3],
    /// B* "cc5".
    pub(super) bstar_c5: f64,
    /// "t3cof", "t4cof", "t5cof": powers 3 to 5 of time in the mean longitude.
    pub(super) t345: [f64; 3],
}

/// Secular rates at epoch, and the full drag terms where the perigee is high enough for them.
pub(super) fn secular_and_drag(
    orbit: &BrouwerElements,
) -> Result<(SecularRates, Option<FullDrag>), ElementError> {
    let BrouwerElements {
        mean_motion: n0,
        semi_major_axis: a0,
        eccentricity: e0,
        sin_inclination: sin_i,
        cos_inclination: cos_i,
        bstar,
        ..
    } = *orbit;
    let theta2 = cos_i * cos_i;
    let theta4 = theta2 * theta2;
    let beta2 = 1.0 - e0 * e0;
    let beta = beta2.sqrt();
    let con41 = 3.0 * theta2 - 1.0;

    // The atmosphere's base "s" follows the perigee down for perigees below 156 km.
    let perigee_km = (orbit.perigee_radius() - 1.0) * EARTH_RADIUS_KM;
    let base_km = if perigee_km < 98.0 {
        20.0
    } else if perigee_km < 156.0 {
        perigee_km - ATMOSPHERE_BASE_KM
    } else {
        ATMOSPHERE_BASE_KM
    };
    let s = base_km / EARTH_RADIUS_KM + 1.0;
    let thickness = (ATMOSPHERE_REFERENCE_KM - base_km) / EARTH_RADIUS_KM;
    let q0_minus_s_4 = thickness * thickness * thickness * thickness;

    let xi = 1.0 / (a0 - s);
    let eta = a0 * e0 * xi;
    let eta2 = eta * eta;
    let e_eta = e0 * eta;
    let psi2 = (1.0 - eta2).abs();
    let coef = q0_minus_s_4 * (xi * xi) * (xi * xi);
    let coef1 = coef / (psi2 * psi2 * psi2 * psi2.sqrt());
    let c2 = coef1
        * n0
        * (a0 * (1.0 + 1.5 * eta2 + e_eta * (4.0 + eta2))
            + 0.375 * J2 * xi / psi2 * con41 * (8.0 + 3.0 * eta2 * (8.0 + eta2)));
    let c1 = bstar * c2;
    let c3 = if e0 > SMALL_ECCENTRICITY { -2.0 * coef * xi * J3_OVER_J2 * n0 * sin_i / e0 } else { 0.0 };
    let c4 = 2.0
        * n0
        * coef1
        * a0
        * beta2
        * (eta * (2.0 + 0.5 * eta2) + e0 * (0.5 + 2.0 * eta2)
            - J2 * xi / (a0 * psi2)
                * (-3.0 * con41 * (1.0 - 2.0 * e_eta + eta2 * (1.5 - 0.5 * e_eta))
                    + 0.75
                        * (1.0 - theta2)
                        * (2.0 * eta2 - e_eta * (1.0 + eta2))
                        * cos(2.0 * orbit.argument_of_perigee)));
    let c5 = 2.0 * coef1 * a0 * beta2 * (1.0 + 2.75 * (eta2 + e_eta) + e_eta * eta2);

    let p = a0 * beta2;
    let inv_p2 = 1.0 / (p * p);
    let j2_rate = 1.5 * J2 * inv_p2 * n0;
    let j2_squared_rate = 0.5 * j2_rate * J2 * inv_p2;
    let j4_rate = -0.468_75 * J4 * inv_p2 * inv_p2 * n0;
    let j2_raan_rate = -j2_rate * cos_i;
    let rates = SecularRates {
        mean_anomaly_rate: n0
            + 0.5 * j2_rate * beta * con41
            + 0.0625 * j2_squared_rate * beta * (13.0 - 78.0 * theta2 + 137.0 * theta4),
        argument_of_perigee_rate: -0.5 * j2_rate * (1.0 - 5.0 * theta2)
            + 0.0625 * j2_squared_rate * (7.0 - 114.0 * theta2 + 395.0 * theta4)
            + j4_rate * (3.0 - 36.0 * theta2 + 49.0 * theta4),
        raan_rate: j2_raan_rate
            + (0.5 * j2_squared_rate * (4.0 - 19.0 * theta2) + 2.0 * j4_rate * (3.0 - 7.0 * theta2)) * cos_i,
        raan_drag: 3.5 * beta2 * j2_raan_rate * c1,
        c1,
        bstar_c4: bstar * c4,
        t2: 1.5 * c1,
    };

    // The drag model is singular where the orbit touches its base (eta = 1); B* may overflow.
    if ![c1, c4, c5, rates.mean_anomaly_rate].into_iter().all(f64::is_finite) {
        return Err(ElementError::Singular);
    }
    if orbit.perigee_radius() < SIMPLE_DRAG_PERIGEE_KM / EARTH_RADIUS_KM + 1.0 {
        return Ok((rates, None));
    }
    let (sin_m0, cos_m0) = sincos(orbit.mean_anomaly);
    let delta = 1.0 + eta * cos_m0;
    let c1_squared = c1 * c1;
    let d2 = 4.0 * a0 * xi * c1_squared;
    let d3_factor = d2 * xi * c1 / 3.0;
    let d3 = (17.0 * a0 + s) * d3_factor;
    let d4 = 0.5 * d3_factor * a0 * xi * (221.0 * a0 + 31.0 * s) * c1;
    let drag = FullDrag {
        eta,
        delta_m0: delta * delta * delta,
        sin_m0,
        perigee_drag: bstar * c3 * cos(orbit.argument_of_perigee),
        anomaly_drag: if e0 > SMALL_ECCENTRICITY { -2.0 / 3.0 * coef * bstar / e_eta } else { 0.0 },
        d: [d2, d3, d4],
        bstar_c5: bstar * c5,
        t345: [
            d2 + 2.0 * c1_squared,
            0.25 * (3.0 * d3 + c1 * (12.0 * d2 + 10.0 * c1_squared)),
            0.2 * (3.0 * d4 + 12.0 * c1 * d3 + 6.0 * d2 * d2 + 15.0 * c1_squared * (2.0 * d2 + c1_squared)),
        ],
    };
    Ok((rates, Some(drag)))
}
