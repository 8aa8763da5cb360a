//! Lunar-solar periodics ("dpper").

use super::super::Mode;
use super::super::constants::TWO_PI;
use super::super::near_earth::MeanAngles;
use super::PeriodicElements;
use super::third_body::{
    BodyTerms, LUNAR_MEAN_MOTION, SOLAR_MEAN_MOTION, ThirdBodies, days_since_1900, lunar_perigee_longitude,
};
use core::f64::consts::PI;
use libm::{atan2, cos, sin, sincos};

/// Eccentricity of the Sun's orbit ("zes").
const SOLAR_ECCENTRICITY: f64 = 0.016_75;

/// Eccentricity of the Moon's orbit ("zel").
const LUNAR_ECCENTRICITY: f64 = 0.054_90;

/// Below this perturbed inclination the periodics are applied by Lyddane's method (radians, about 11.46 deg).
pub(in super::super) const LYDDANE_INCLINATION: f64 = 0.2;

/// Amplitudes of one body's periodics.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct BodyPeriodics {
    /// Mean anomaly of the body at epoch ("zmos", "zmol").
    pub(in super::super) mean_anomaly: f64,
    /// Its rate, in rad/min.
    pub(in super::super) mean_motion: f64,
    /// Eccentricity of the body's orbit.
    pub(in super::super) body_eccentricity: f64,
    /// "se2", "se3" and "ee2", "e3".
    pub(in super::super) eccentricity: [f64; 2],
    /// "si2", "si3" and "xi2", "xi3".
    pub(in super::super) inclination: [f64; 2],
    /// "sl2", "sl3", "sl4" and "xl2", "xl3", "xl4".
    pub(in super::super) longitude: [f64; 3],
    /// "sgh2", "sgh3", "sgh4" and "xgh2", "xgh3", "xgh4".
    pub(in super::super) perigee: [f64; 3],
    /// "sh2", "sh3" and "xh2", "xh3".
    pub(in super::super) node: [f64; 2],
}

/// Periodics of both bodies.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Periodics {
    pub(in super::super) sun: BodyPeriodics,
    pub(in super::super) moon: BodyPeriodics,
}

/// Values of the periodics at one time, both bodies together.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct PeriodicShift {
    /// "pe".
    eccentricity: f64,
    /// "pinc".
    inclination: f64,
    /// "pl".
    longitude: f64,
    /// "pgh".
    perigee: f64,
    /// "ph".
    node: f64,
}

impl Periodics {
    pub(super) fn new(bodies: &ThirdBodies, days_since_1950: f64) -> Self {
        let day = days_since_1900(days_since_1950);
        let solar_anomaly = (6.256_583_7 + 0.017_201_977 * day) % TWO_PI;
        let lunar_anomaly = (4.719_967_2 + 0.229_971_50 * day - lunar_perigee_longitude(day)) % TWO_PI;
        let e2 = bodies.eccentricity_squared;
        Self {
            sun: BodyPeriodics::new(&bodies.sun, e2, solar_anomaly, SOLAR_MEAN_MOTION, SOLAR_ECCENTRICITY),
            moon: BodyPeriodics::new(&bodies.moon, e2, lunar_anomaly, LUNAR_MEAN_MOTION, LUNAR_ECCENTRICITY),
        }
    }

    /// The most that they change the eccentricity by: `f2` and `f3` are a quarter of the cosine and sine of one angle.
    pub(in super::super) fn eccentricity_amplitude(&self) -> f64 {
        let amplitude = |[e2, e3]: [f64; 2]| 0.25 * libm::hypot(e2, e3);
        amplitude(self.sun.eccentricity) + amplitude(self.moon.eccentricity)
    }

    pub(in super::super) fn at(&self, t: f64) -> PeriodicShift {
        let (sun, moon) = (self.sun.at(t), self.moon.at(t));
        PeriodicShift {
            eccentricity: sun.eccentricity + moon.eccentricity,
            inclination: sun.inclination + moon.inclination,
            longitude: sun.longitude + moon.longitude,
            perigee: sun.perigee + moon.perigee,
            node: sun.node + moon.node,
        }
    }
}

impl BodyPeriodics {
    /// `e2`: square of the satellite's eccentricity; then mean anomaly, mean motion and eccentricity of the body.
    fn new(terms: &BodyTerms, e2: f64, mean_anomaly: f64, mean_motion: f64, body_eccentricity: f64) -> Self {
        let BodyTerms { s: [s1, s2, s3, s4, _, s6, s7], z, z1, z2, z3 } = *terms;
        Self {
            mean_anomaly,
            mean_motion,
            body_eccentricity,
            eccentricity: [2.0 * s1 * s6, 2.0 * s1 * s7],
            inclination: [2.0 * s2 * z1[1], 2.0 * s2 * (z1[2] - z1[0])],
            longitude: [
                -2.0 * s3 * z[1],
                -2.0 * s3 * (z[2] - z[0]),
                -2.0 * s3 * (-21.0 - 9.0 * e2) * body_eccentricity,
            ],
            perigee: [2.0 * s4 * z3[1], 2.0 * s4 * (z3[2] - z3[0]), -18.0 * s4 * body_eccentricity],
            node: [-2.0 * s2 * z2[1], -2.0 * s2 * (z2[2] - z2[0])],
        }
    }

    fn at(&self, t: f64) -> PeriodicShift {
        let mean_anomaly = self.mean_anomaly + self.mean_motion * t;
        let true_anomaly = mean_anomaly + 2.0 * self.body_eccentricity * sin(mean_anomaly);
        let (sin_f, cos_f) = sincos(true_anomaly);
        let f2 = 0.5 * sin_f * sin_f - 0.25;
        let f3 = -0.5 * sin_f * cos_f;
        PeriodicShift {
            eccentricity: self.eccentricity[0] * f2 + self.eccentricity[1] * f3,
            inclination: self.inclination[0] * f2 + self.inclination[1] * f3,
            longitude: self.longitude[0] * f2 + self.longitude[1] * f3 + self.longitude[2] * sin_f,
            perigee: self.perigee[0] * f2 + self.perigee[1] * f3 + self.perigee[2] * sin_f,
            node: self.node[0] * f2 + self.node[1] * f3,
        }
    }
}

impl PeriodicShift {
    /// The elements with these periodics added: directly, or by Lyddane's method at low inclination.
    pub(in super::super) fn apply(
        &self,
        eccentricity: f64,
        inclination: f64,
        angles: &MeanAngles,
        mode: Mode,
    ) -> PeriodicElements {
        let inclination = inclination + self.inclination;
        let (sin_i, cos_i) = sincos(inclination);
        let angles = if inclination >= LYDDANE_INCLINATION {
            let node = self.node / sin_i;
            MeanAngles {
                raan: angles.raan + node,
                argument_of_perigee: angles.argument_of_perigee + (self.perigee - cos_i * node),
                mean_anomaly: angles.mean_anomaly + self.longitude,
            }
        } else {
            self.lyddane(sin_i, cos_i, angles, mode)
        };
        PeriodicElements { eccentricity: eccentricity + self.eccentricity, inclination, angles }
    }

    fn lyddane(&self, sin_i: f64, cos_i: f64, angles: &MeanAngles, mode: Mode) -> MeanAngles {
        // The operational code keeps the node positive here; that it differs from the improved code is the
        // only effect of the mode on a propagation.
        let positive = |node: f64| if mode == Mode::Afspc && node < 0.0 { node + TWO_PI } else { node };

        let (sin_node, cos_node) = (sin(angles.raan), cos(angles.raan));
        let alpha = sin_i * sin_node + self.node * cos_node + self.inclination * cos_i * sin_node;
        let beta = sin_i * cos_node - self.node * sin_node + self.inclination * cos_i * cos_node;
        let mean_node = positive(angles.raan % TWO_PI);
        let longitude = angles.mean_anomaly
            + angles.argument_of_perigee
            + self.longitude
            + self.perigee
            + (cos_i - self.inclination * sin_i) * mean_node;
        let mut raan = positive(atan2(alpha, beta));
        if (mean_node - raan).abs() > PI {
            raan += if raan < mean_node { TWO_PI } else { -TWO_PI };
        }
        let mean_anomaly = angles.mean_anomaly + self.longitude;
        MeanAngles { raan, argument_of_perigee: longitude - mean_anomaly - cos_i * raan, mean_anomaly }
    }
}
