//! Geometry of Sun and Moon relative to the orbit at epoch ("dscom"), and the secular rates by them.

use super::super::constants::TWO_PI;
use super::super::initialization::BrouwerElements;
use super::ThirdBodyRates;
use core::f64::consts::PI;
use libm::{atan2, sincos};

/// Mean motion of the Sun ("zns"), in rad/min.
pub(super) const SOLAR_MEAN_MOTION: f64 = 1.194_59e-5;

/// Mean motion of the Moon ("znl"), in rad/min.
pub(super) const LUNAR_MEAN_MOTION: f64 = 1.583_521_8e-4;

/// Perturbation coefficient of the Sun ("c1ss"), in rad/min.
const SOLAR_COEFFICIENT: f64 = 2.986_479_7e-6;

/// Perturbation coefficient of the Moon ("c1l"), in rad/min.
const LUNAR_COEFFICIENT: f64 = 4.796_806_5e-7;

/// Sine and cosine of the obliquity of the ecliptic.
const SIN_OBLIQUITY: f64 = 0.397_854_16;
const COS_OBLIQUITY: f64 = 0.917_448_67;

/// Sine and cosine of the Sun's argument of perigee.
const SIN_SOLAR_PERIGEE: f64 = -0.980_884_58;
const COS_SOLAR_PERIGEE: f64 = 0.194_590_5;

/// Inclinations closer than this to 0 or 180 degrees have no secular node rate by third bodies (3 degrees).
const EQUATORIAL_LIMIT: f64 = 5.235_987_7e-2;

/// Days from 1900-01-01T12:00 (the origin of the lunar and solar elements) to 1949-12-31T00:00.
const ORIGIN_TO_1950_DAYS: f64 = 18_261.5;

/// Orientation of a body's orbit: argument of perigee g, inclination i, and node h counted from that of the
/// satellite.
struct Orientation {
    sin_g: f64,
    cos_g: f64,
    sin_i: f64,
    cos_i: f64,
    sin_h: f64,
    cos_h: f64,
}

/// The terms of one body: "s1" to "s7", and the "z" polynomials.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyTerms {
    /// "s1" to "s7".
    pub(super) s: [f64; 7],
    /// "z1", "z2", "z3".
    pub(super) z: [f64; 3],
    /// "z11", "z12", "z13".
    pub(super) z1: [f64; 3],
    /// "z21", "z22", "z23".
    pub(super) z2: [f64; 3],
    /// "z31", "z32", "z33".
    pub(super) z3: [f64; 3],
}

/// Sun and Moon at the epoch of one orbit.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThirdBodies {
    pub(super) sun: BodyTerms,
    pub(super) moon: BodyTerms,
    /// Square of the satellite's eccentricity.
    pub(super) eccentricity_squared: f64,
}

/// Days since 1900-01-01T12:00, the argument of the lunar and solar elements.
pub(super) fn days_since_1900(days_since_1950: f64) -> f64 {
    days_since_1950 + ORIGIN_TO_1950_DAYS
}

/// Longitude of the Moon's perigee ("gam"), `day` days after 1900-01-01T12:00.
pub(super) fn lunar_perigee_longitude(day: f64) -> f64 {
    5.835_151_4 + 0.001_944_368_0 * day
}

impl ThirdBodies {
    pub(super) fn new(orbit: &BrouwerElements, days_since_1950: f64) -> Self {
        let day = days_since_1900(days_since_1950);
        let (sin_raan, cos_raan) = sincos(orbit.raan);
        let sun = Orientation {
            sin_g: SIN_SOLAR_PERIGEE,
            cos_g: COS_SOLAR_PERIGEE,
            sin_i: SIN_OBLIQUITY,
            cos_i: COS_OBLIQUITY,
            sin_h: sin_raan,
            cos_h: cos_raan,
        };

        let lunar_node = (4.523_602_0 - 9.242_202_9e-4 * day) % TWO_PI;
        let (sin_node, cos_node) = sincos(lunar_node);
        let cos_i = 0.913_751_64 - 0.035_680_96 * cos_node;
        let sin_i = (1.0 - cos_i * cos_i).sqrt();
        let sin_h = 0.089_683_511 * sin_node / sin_i;
        let cos_h = (1.0 - sin_h * sin_h).sqrt();
        let perigee = lunar_perigee_longitude(day)
            + atan2(SIN_OBLIQUITY * sin_node / sin_i, cos_h * cos_node + COS_OBLIQUITY * sin_h * sin_node)
            - lunar_node;
        let (sin_g, cos_g) = sincos(perigee);
        let moon = Orientation {
            sin_g,
            cos_g,
            sin_i,
            cos_i,
            sin_h: sin_raan * cos_h - cos_raan * sin_h,
            cos_h: cos_h * cos_raan + sin_h * sin_raan,
        };

        Self {
            sun: BodyTerms::new(&sun, SOLAR_COEFFICIENT, orbit),
            moon: BodyTerms::new(&moon, LUNAR_COEFFICIENT, orbit),
            eccentricity_squared: orbit.eccentricity * orbit.eccentricity,
        }
    }

    /// Secular rates by both bodies (first part of "dsinit").
    pub(super) fn secular_rates(&self, orbit: &BrouwerElements) -> ThirdBodyRates {
        let equatorial = orbit.inclination < EQUATORIAL_LIMIT || orbit.inclination > PI - EQUATORIAL_LIMIT;
        let e2 = self.eccentricity_squared;
        let by = |body: &BodyTerms, n: f64| {
            let [s1, s2, s3, s4, s5, ..] = body.s;
            let node = if equatorial { 0.0 } else { -n * s2 * (body.z2[0] + body.z2[2]) };
            // Divided by sin i below: an equatorial orbit has zero here.
            let raan = if orbit.sin_inclination == 0.0 { node } else { node / orbit.sin_inclination };
            ThirdBodyRates {
                eccentricity: n * s1 * s5,
                inclination: n * s2 * (body.z1[0] + body.z1[2]),
                argument_of_perigee: s4 * n * (body.z3[0] + body.z3[2] - 6.0) - orbit.cos_inclination * raan,
                raan,
                mean_anomaly: -n * s3 * (body.z[0] + body.z[2] - 14.0 - 6.0 * e2),
            }
        };
        let (sun, moon) = (by(&self.sun, SOLAR_MEAN_MOTION), by(&self.moon, LUNAR_MEAN_MOTION));
        ThirdBodyRates {
            eccentricity: sun.eccentricity + moon.eccentricity,
            inclination: sun.inclination + moon.inclination,
            argument_of_perigee: sun.argument_of_perigee + moon.argument_of_perigee,
            raan: sun.raan + moon.raan,
            mean_anomaly: sun.mean_anomaly + moon.mean_anomaly,
        }
    }
}

impl BodyTerms {
    fn new(body: &Orientation, coefficient: f64, orbit: &BrouwerElements) -> Self {
        let Orientation { sin_g, cos_g, sin_i, cos_i, sin_h, cos_h } = *body;
        let (sin_argp, cos_argp) = sincos(orbit.argument_of_perigee);
        let (sin_incl, cos_incl) = (orbit.sin_inclination, orbit.cos_inclination);
        let e = orbit.eccentricity;
        let e2 = e * e;
        let beta2 = 1.0 - e2;
        let beta = beta2.sqrt();

        let a1 = cos_g * cos_h + sin_g * cos_i * sin_h;
        let a3 = -sin_g * cos_h + cos_g * cos_i * sin_h;
        let a7 = -cos_g * sin_h + sin_g * cos_i * cos_h;
        let a8 = sin_g * sin_i;
        let a9 = sin_g * sin_h + cos_g * cos_i * cos_h;
        let a10 = cos_g * sin_i;
        let a2 = cos_incl * a7 + sin_incl * a8;
        let a4 = cos_incl * a9 + sin_incl * a10;
        let a5 = -sin_incl * a7 + cos_incl * a8;
        let a6 = -sin_incl * a9 + cos_incl * a10;

        let x1 = a1 * cos_argp + a2 * sin_argp;
        let x2 = a3 * cos_argp + a4 * sin_argp;
        let x3 = -a1 * sin_argp + a2 * cos_argp;
        let x4 = -a3 * sin_argp + a4 * cos_argp;
        let x5 = a5 * sin_argp;
        let x6 = a6 * sin_argp;
        let x7 = a5 * cos_argp;
        let x8 = a6 * cos_argp;

        let z31 = 12.0 * x1 * x1 - 3.0 * x3 * x3;
        let z32 = 24.0 * x1 * x2 - 6.0 * x3 * x4;
        let z33 = 12.0 * x2 * x2 - 3.0 * x4 * x4;
        let z1 = 3.0 * (a1 * a1 + a2 * a2) + z31 * e2;
        let z2 = 6.0 * (a1 * a3 + a2 * a4) + z32 * e2;
        let z3 = 3.0 * (a3 * a3 + a4 * a4) + z33 * e2;

        let s3 = coefficient / orbit.mean_motion;
        let s4 = s3 * beta;
        Self {
            s: [
                -15.0 * e * s4,
                -0.5 * s3 / beta,
                s3,
                s4,
                x1 * x3 + x2 * x4,
                x2 * x3 + x1 * x4,
                x2 * x4 - x1 * x3,
            ],
            z: [z1 + z1 + beta2 * z31, z2 + z2 + beta2 * z32, z3 + z3 + beta2 * z33],
            z1: [
                -6.0 * a1 * a5 + e2 * (-24.0 * x1 * x7 - 6.0 * x3 * x5),
                -6.0 * (a1 * a6 + a3 * a5) + e2 * (-24.0 * (x2 * x7 + x1 * x8) - 6.0 * (x3 * x6 + x4 * x5)),
                -6.0 * a3 * a6 + e2 * (-24.0 * x2 * x8 - 6.0 * x4 * x6),
            ],
            z2: [
                6.0 * a2 * a5 + e2 * (24.0 * x1 * x5 - 6.0 * x3 * x7),
                6.0 * (a4 * a5 + a2 * a6) + e2 * (24.0 * (x2 * x5 + x1 * x6) - 6.0 * (x4 * x7 + x3 * x8)),
                6.0 * a4 * a6 + e2 * (24.0 * x2 * x6 - 6.0 * x4 * x8),
            ],
            z3: [z31, z32, z33],
        }
    }
}
