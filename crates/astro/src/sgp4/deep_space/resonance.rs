//! Resonance of the mean motion with the Earth's rotation (second part of "dsinit", "dspace").
//!
//! Longitude and mean motion are integrated numerically (Euler-Maclaurin) from the epoch in steps of 720
//! minutes. The reference keeps the integrator's last state, so that a result may depend on the calls before
//! it; here every result starts from the epoch, or from a table of those same steps.

use super::super::constants::{TWO_PI, XKE};
use super::super::initialization::{BrouwerElements, SecularRates};
use super::super::near_earth::MeanAngles;
use super::super::reach::Bounds;
use super::ThirdBodyRates;
use core::ops::RangeInclusive;
use libm::{pow, sincos};

/// Step of the integrator ("stepp"), in minutes.
pub(in super::super) const STEP_MINUTES: f64 = 720.0;

/// Half of the step squared ("step2").
const HALF_STEP_SQUARED: f64 = 259_200.0;

/// Rotation of the Earth ("rptim"), in rad/min.
pub(in super::super) const EARTH_ROTATION: f64 = 4.375_269_088_011_3e-3;

/// Phases of the synchronous terms ("fasx2", "fasx4", "fasx6"), in radians.
const SYNCHRONOUS_PHASES: [f64; 3] = [0.131_309_08, 2.884_319_8, 0.374_480_87];

/// Phases of the half-day terms ("g22", "g32", "g44", "g52", "g54"), in radians.
const G22: f64 = 5.768_639_6;
const G32: f64 = 0.952_408_98;
const G44: f64 = 1.801_499_8;
const G52: f64 = 1.050_833_0;
const G54: f64 = 4.410_889_8;

/// The harmonics of the geopotential that an orbit resonates with.
#[derive(Debug, Clone, Copy)]
enum Harmonics {
    /// Period of one day: "del1", "del2", "del3", in rad/min^2.
    Synchronous([f64; 3]),
    /// Period of half a day and eccentricity of at least 0.5.
    HalfDay(HalfDay),
}

/// "d2201" to "d5433", in rad/min^2.
#[derive(Debug, Clone, Copy)]
struct HalfDay {
    d2201: f64,
    d2211: f64,
    d3210: f64,
    d3222: f64,
    d4410: f64,
    d4422: f64,
    d5220: f64,
    d5232: f64,
    d5421: f64,
    d5433: f64,
    /// Argument of perigee at epoch, and its rate.
    argument_of_perigee: f64,
    argument_of_perigee_rate: f64,
}

/// State of the integrator after a whole number of steps, with its derivatives.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Checkpoint {
    /// Resonance longitude ("xli"), in radians.
    pub(in super::super) longitude: f64,
    /// Mean motion ("xni"), in rad/min.
    pub(in super::super) mean_motion: f64,
    /// "xldot", in rad/min.
    pub(in super::super) longitude_rate: f64,
    /// "xndt", in rad/min^2.
    pub(in super::super) acceleration: f64,
    /// "xnddt", in rad/min^3.
    pub(in super::super) jerk: f64,
}

/// Resonance of one orbit.
#[derive(Debug, Clone)]
pub(in super::super) struct Resonance {
    harmonics: Harmonics,
    /// Sidereal time at epoch ("gsto").
    pub(in super::super) sidereal_time: f64,
    /// "xfact", in rad/min.
    longitude_rate_offset: f64,
    /// Checkpoints after 0, 1, 2... steps forward and backward.
    forward: Vec<Checkpoint>,
    backward: Vec<Checkpoint>,
}

impl Resonance {
    /// The resonance of this orbit, if it has one.
    pub(in super::super) fn new(
        orbit: &BrouwerElements,
        secular: &SecularRates,
        third_body: &ThirdBodyRates,
        sidereal_time: f64,
    ) -> Option<Self> {
        let n = orbit.mean_motion;
        let theta = sidereal_time % TWO_PI;
        let (harmonics, longitude, rate) = if 0.003_490_658_5 < n && n < 0.005_235_987_7 {
            let longitude = orbit.mean_anomaly + orbit.raan + orbit.argument_of_perigee - theta;
            let rate = secular.mean_anomaly_rate + (secular.argument_of_perigee_rate + secular.raan_rate)
                - EARTH_ROTATION
                + third_body.mean_anomaly
                + third_body.argument_of_perigee
                + third_body.raan;
            (Harmonics::synchronous(orbit), longitude, rate)
        } else if (8.26e-3..=9.24e-3).contains(&n) && orbit.eccentricity >= 0.5 {
            let longitude = orbit.mean_anomaly + orbit.raan + orbit.raan - theta - theta;
            let rate = secular.mean_anomaly_rate
                + third_body.mean_anomaly
                + 2.0 * (secular.raan_rate + third_body.raan - EARTH_ROTATION);
            (Harmonics::half_day(orbit, secular), longitude, rate)
        } else {
            return None;
        };
        let mut resonance = Self {
            harmonics,
            sidereal_time,
            longitude_rate_offset: rate - n,
            forward: Vec::new(),
            backward: Vec::new(),
        };
        let epoch = resonance.with_derivatives(longitude % TWO_PI, n, 0.0);
        resonance.forward.push(epoch);
        resonance.backward.push(epoch);
        Some(resonance)
    }

    /// Mean motion and mean anomaly at `t` minutes; `angles` carry the secular terms of that time.
    pub(in super::super) fn at(&self, t: f64, angles: &MeanAngles) -> (f64, f64) {
        let (checkpoint, minutes) = self.checkpoint_before(t);
        let ft = t - minutes;
        let mean_motion =
            checkpoint.mean_motion + checkpoint.acceleration * ft + checkpoint.jerk * ft * ft * 0.5;
        let longitude =
            checkpoint.longitude + checkpoint.longitude_rate * ft + checkpoint.acceleration * ft * ft * 0.5;
        let theta = (self.sidereal_time + t * EARTH_ROTATION) % TWO_PI;
        let mean_anomaly = match self.harmonics {
            Harmonics::Synchronous(_) => longitude - angles.raan - angles.argument_of_perigee + theta,
            Harmonics::HalfDay(_) => longitude - 2.0 * angles.raan + 2.0 * theta,
        };
        (mean_motion, mean_anomaly)
    }

    /// Bounds of the mean motion between two times, in rad/min: those of each step of the integrator.
    pub(in super::super) fn mean_motion_bounds(&self, minutes: &RangeInclusive<f64>) -> Bounds {
        let (from, to) = (*minutes.start(), *minutes.end());
        let mut bounds: Option<Bounds> = None;
        for (near, far, direction) in [(from.max(0.0), to, 1.0), (-to.min(0.0), -from, -1.0)] {
            if far < near {
                continue;
            }
            let (mut checkpoint, _) = self.checkpoint_before(direction * near);
            for index in whole_steps(near)..=whole_steps(far) {
                let change = STEP_MINUTES
                    * (checkpoint.acceleration.abs() + 0.5 * STEP_MINUTES * checkpoint.jerk.abs());
                let step = Bounds::of([checkpoint.mean_motion; 2]).widened(change);
                bounds = Some(bounds.map_or(step, |bounds| bounds.with(step)));
                checkpoint = self.step(&checkpoint, index, direction);
            }
        }
        // An empty span has no bounds to keep to.
        bounds.unwrap_or(Bounds::of([f64::NEG_INFINITY, f64::INFINITY]))
    }

    /// Whether the period is one day (else half a day).
    pub(in super::super) fn is_synchronous(&self) -> bool {
        matches!(self.harmonics, Harmonics::Synchronous(_))
    }

    /// The last whole step at or before `t`, counted from the epoch outward, and its time in minutes.
    pub(in super::super) fn checkpoint_before(&self, t: f64) -> (Checkpoint, f64) {
        let (table, direction) = if t >= 0.0 { (&self.forward, 1.0) } else { (&self.backward, -1.0) };
        let steps = whole_steps(t);
        let tabulated = steps.min(table.len() - 1);
        let mut checkpoint = table[tabulated];
        for index in tabulated..steps {
            checkpoint = self.step(&checkpoint, index, direction);
        }
        (checkpoint, direction * STEP_MINUTES * steps as f64)
    }

    /// Extends the tables over a span of minutes since epoch.
    pub(in super::super) fn tabulate(&mut self, minutes: RangeInclusive<f64>) {
        for t in [*minutes.start(), *minutes.end()] {
            let (mut table, direction) = if t >= 0.0 {
                (core::mem::take(&mut self.forward), 1.0)
            } else {
                (core::mem::take(&mut self.backward), -1.0)
            };
            while table.len() <= whole_steps(t) {
                let index = table.len() - 1;
                table.push(self.step(&table[index], index, direction));
            }
            if t >= 0.0 {
                self.forward = table;
            } else {
                self.backward = table;
            }
        }
    }

    /// One step of the integrator, from the checkpoint with this index.
    fn step(&self, from: &Checkpoint, index: usize, direction: f64) -> Checkpoint {
        let step = direction * STEP_MINUTES;
        self.with_derivatives(
            from.longitude + from.longitude_rate * step + from.acceleration * HALF_STEP_SQUARED,
            from.mean_motion + from.acceleration * step + from.jerk * HALF_STEP_SQUARED,
            step * (index + 1) as f64,
        )
    }

    fn with_derivatives(&self, longitude: f64, mean_motion: f64, minutes: f64) -> Checkpoint {
        let longitude_rate = mean_motion + self.longitude_rate_offset;
        let (acceleration, jerk_factor) = match &self.harmonics {
            Harmonics::Synchronous(del) => {
                let mut sums = (0.0, 0.0);
                for ((order, del), phase) in (1..=3_u8).zip(del).zip(SYNCHRONOUS_PHASES) {
                    let order = f64::from(order);
                    let (sin, cos) = sincos(order * (longitude - phase));
                    sums.0 += del * sin;
                    sums.1 += order * del * cos;
                }
                sums
            }
            Harmonics::HalfDay(terms) => terms.accelerations(longitude, minutes),
        };
        Checkpoint {
            longitude,
            mean_motion,
            longitude_rate,
            acceleration,
            jerk: jerk_factor * longitude_rate,
        }
    }
}

/// Whole steps between the epoch and `t`.
fn whole_steps(t: f64) -> usize {
    let t = t.abs();
    // The quotient may round up to the next integer; the difference below is exact.
    let steps = (t / STEP_MINUTES).floor();
    if t - steps * STEP_MINUTES < 0.0 { steps as usize - 1 } else { steps as usize }
}

impl HalfDay {
    /// Second derivative of the longitude, and its derivative by the longitude.
    fn accelerations(&self, longitude: f64, minutes: f64) -> (f64, f64) {
        let perigee = self.argument_of_perigee + self.argument_of_perigee_rate * minutes;
        let (perigee2, longitude2) = (perigee + perigee, longitude + longitude);
        let single = [
            (self.d2201, perigee2 + longitude - G22),
            (self.d2211, longitude - G22),
            (self.d3210, perigee + longitude - G32),
            (self.d3222, -perigee + longitude - G32),
            (self.d5220, perigee + longitude - G52),
            (self.d5232, -perigee + longitude - G52),
        ];
        let double = [
            (self.d4410, perigee2 + longitude2 - G44),
            (self.d4422, longitude2 - G44),
            (self.d5421, perigee + longitude2 - G54),
            (self.d5433, -perigee + longitude2 - G54),
        ];
        let sum = |terms: &[(f64, f64)]| {
            terms.iter().fold((0.0, 0.0), |(sines, cosines), &(d, angle)| {
                let (sin, cos) = sincos(angle);
                (sines + d * sin, cosines + d * cos)
            })
        };
        let ((single_sin, single_cos), (double_sin, double_cos)) = (sum(&single), sum(&double));
        (single_sin + double_sin, single_cos + 2.0 * double_cos)
    }
}

impl Harmonics {
    fn synchronous(orbit: &BrouwerElements) -> Self {
        const Q22: f64 = 1.789_167_9e-6;
        const Q31: f64 = 2.146_074_8e-6;
        const Q33: f64 = 2.212_301_5e-7;

        let n = orbit.mean_motion;
        let (sin_i, cos_i) = (orbit.sin_inclination, orbit.cos_inclination);
        let e2 = orbit.eccentricity * orbit.eccentricity;
        let inv_a = pow(n / XKE, 2.0 / 3.0);
        let g200 = 1.0 + e2 * (-2.5 + 0.8125 * e2);
        let g310 = 1.0 + 2.0 * e2;
        let g300 = 1.0 + e2 * (-6.0 + 6.609_37 * e2);
        let one_plus_cos = 1.0 + cos_i;
        let f220 = 0.75 * one_plus_cos * one_plus_cos;
        let f311 = 0.9375 * sin_i * sin_i * (1.0 + 3.0 * cos_i) - 0.75 * one_plus_cos;
        let f330 = 1.875 * one_plus_cos * one_plus_cos * one_plus_cos;
        let base = 3.0 * n * n * inv_a * inv_a;
        Self::Synchronous([
            base * f311 * g310 * Q31 * inv_a,
            2.0 * base * f220 * g200 * Q22,
            3.0 * base * f330 * g300 * Q33 * inv_a,
        ])
    }

    fn half_day(orbit: &BrouwerElements, secular: &SecularRates) -> Self {
        const ROOT22: f64 = 1.789_167_9e-6;
        const ROOT32: f64 = 3.739_379_2e-7;
        const ROOT44: f64 = 7.363_695_3e-9;
        const ROOT52: f64 = 1.142_863_9e-7;
        const ROOT54: f64 = 2.176_580_3e-9;

        let e = orbit.eccentricity;
        let powers = [1.0, e, e * e, e * e * e];
        let poly = |c: [f64; 4]| c[0] * powers[0] + c[1] * powers[1] + c[2] * powers[2] + c[3] * powers[3];
        let g201 = -0.306 - (e - 0.64) * 0.440;
        let [g211, g310, g322, g410, g422] = if e <= 0.65 {
            [
                poly([3.616, -13.2470, 16.2900, 0.0]),
                poly([-19.302, 117.3900, -228.4190, 156.5910]),
                poly([-18.9068, 109.7927, -214.6334, 146.5816]),
                poly([-41.122, 242.6940, -471.0940, 313.9530]),
                poly([-146.407, 841.8800, -1629.014, 1083.4350]),
            ]
        } else {
            [
                poly([-72.099, 331.819, -508.738, 266.724]),
                poly([-346.844, 1582.851, -2415.925, 1246.113]),
                poly([-342.585, 1554.908, -2366.899, 1215.972]),
                poly([-1052.797, 4758.686, -7193.992, 3651.957]),
                poly([-3581.690, 16178.110, -24462.770, 12422.520]),
            ]
        };
        let g520 = if e <= 0.65 {
            poly([-532.114, 3017.977, -5740.032, 3708.2760])
        } else if e > 0.715 {
            poly([-5149.66, 29936.92, -54087.36, 31324.56])
        } else {
            poly([1464.74, -4664.75, 3763.64, 0.0])
        };
        let [g533, g521, g532] = if e < 0.7 {
            [
                poly([-919.22770, 4988.6100, -9064.7700, 5542.21]),
                poly([-822.71072, 4568.6173, -8491.4146, 5337.524]),
                poly([-853.66600, 4690.2500, -8624.7700, 5341.4]),
            ]
        } else {
            [
                poly([-37995.780, 161616.52, -229838.20, 109377.94]),
                poly([-51752.104, 218913.95, -309468.16, 146349.42]),
                poly([-40023.880, 170470.89, -242699.48, 115605.82]),
            ]
        };

        let (s, c) = (orbit.sin_inclination, orbit.cos_inclination);
        let (s2, c2) = (s * s, c * c);
        let f220 = 0.75 * (1.0 + 2.0 * c + c2);
        let f221 = 1.5 * s2;
        let f321 = 1.875 * s * (1.0 - 2.0 * c - 3.0 * c2);
        let f322 = -1.875 * s * (1.0 + 2.0 * c - 3.0 * c2);
        let f441 = 35.0 * s2 * f220;
        let f442 = 39.3750 * s2 * s2;
        let f522 =
            9.843_75 * s * (s2 * (1.0 - 2.0 * c - 5.0 * c2) + 0.333_333_33 * (-2.0 + 4.0 * c + 6.0 * c2));
        let f523 = s
            * (4.921_875_12 * s2 * (-2.0 - 4.0 * c + 10.0 * c2) + 6.562_500_12 * (1.0 + 2.0 * c - 3.0 * c2));
        let f542 = 29.531_25 * s * (2.0 - 8.0 * c + c2 * (-12.0 + 8.0 * c + 10.0 * c2));
        let f543 = 29.531_25 * s * (-2.0 - 8.0 * c + c2 * (12.0 + 8.0 * c - 10.0 * c2));

        let n = orbit.mean_motion;
        let inv_a = pow(n / XKE, 2.0 / 3.0);
        let degree2 = 3.0 * n * n * (inv_a * inv_a);
        let degree3 = degree2 * inv_a;
        let degree4 = degree3 * inv_a;
        let degree5 = degree4 * inv_a;
        Self::HalfDay(HalfDay {
            d2201: degree2 * ROOT22 * f220 * g201,
            d2211: degree2 * ROOT22 * f221 * g211,
            d3210: degree3 * ROOT32 * f321 * g310,
            d3222: degree3 * ROOT32 * f322 * g322,
            d4410: 2.0 * degree4 * ROOT44 * f441 * g410,
            d4422: 2.0 * degree4 * ROOT44 * f442 * g422,
            d5220: degree5 * ROOT52 * f522 * g520,
            d5232: degree5 * ROOT52 * f523 * g532,
            d5421: 2.0 * degree5 * ROOT54 * f542 * g521,
            d5433: 2.0 * degree5 * ROOT54 * f543 * g533,
            argument_of_perigee: orbit.argument_of_perigee,
            argument_of_perigee_rate: secular.argument_of_perigee_rate,
        })
    }
}
