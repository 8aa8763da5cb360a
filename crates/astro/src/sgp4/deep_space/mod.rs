//! SDP4: third-body and resonance effects on orbits with periods of 225 minutes and more.
//!
//! AIAA 2006-6753, `dscom`, `dsinit`, `dspace`, `dpper`; Hoots, Schumacher & Glover, *History of analytical
//! orbit modeling in the U.S. space surveillance system*, JGCD 27(2), 2004. Lengths are in Earth radii, angles
//! in radians, times in minutes.

mod periodics;
mod resonance;
mod third_body;

use super::initialization::{BrouwerElements, SecularRates};
use super::near_earth::MeanAngles;
use super::{Mode, sidereal_time};
use core::ops::RangeInclusive;
pub(super) use periodics::{BodyPeriodics, LYDDANE_INCLINATION, Periodics};
pub(super) use resonance::{Checkpoint, EARTH_ROTATION, Resonance, STEP_MINUTES};
use third_body::ThirdBodies;

/// Secular rates by the Sun and the Moon together.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThirdBodyRates {
    /// "dedt", in 1/min.
    pub(super) eccentricity: f64,
    /// "didt", in rad/min.
    pub(super) inclination: f64,
    /// "domdt", in rad/min.
    pub(super) argument_of_perigee: f64,
    /// "dnodt", in rad/min.
    pub(super) raan: f64,
    /// "dmdt", in rad/min.
    pub(super) mean_anomaly: f64,
}

/// Everything of one orbit that only the deep-space theory needs.
#[derive(Debug, Clone)]
pub(super) struct DeepSpace {
    rates: ThirdBodyRates,
    periodics: Periodics,
    resonance: Option<Resonance>,
    mode: Mode,
}

/// Mean elements with third-body secular terms and resonance.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecularElements {
    /// In rad/min.
    pub(super) mean_motion: f64,
    pub(super) eccentricity: f64,
    pub(super) inclination: f64,
    pub(super) angles: MeanAngles,
}

/// Mean elements with the lunar-solar periodics.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeriodicElements {
    pub(super) eccentricity: f64,
    pub(super) inclination: f64,
    pub(super) angles: MeanAngles,
}

impl DeepSpace {
    /// Coefficients for an orbit whose epoch is `days_since_1950` (UTC).
    pub(super) fn new(
        orbit: &BrouwerElements,
        secular: &SecularRates,
        days_since_1950: f64,
        mode: Mode,
    ) -> Self {
        let bodies = ThirdBodies::new(orbit, days_since_1950);
        let rates = bodies.secular_rates(orbit);
        let sidereal_time = sidereal_time::greenwich(days_since_1950, mode);
        Self {
            periodics: Periodics::new(&bodies, days_since_1950),
            resonance: Resonance::new(orbit, secular, &rates, sidereal_time),
            rates,
            mode,
        }
    }

    /// Third-body secular terms and resonance at `t` minutes after the epoch ("dspace").
    pub(super) fn secular(&self, orbit: &BrouwerElements, angles: MeanAngles, t: f64) -> SecularElements {
        let mut elements = SecularElements {
            mean_motion: orbit.mean_motion,
            eccentricity: orbit.eccentricity + self.rates.eccentricity * t,
            inclination: orbit.inclination + self.rates.inclination * t,
            angles: MeanAngles {
                raan: angles.raan + self.rates.raan * t,
                argument_of_perigee: angles.argument_of_perigee + self.rates.argument_of_perigee * t,
                mean_anomaly: angles.mean_anomaly + self.rates.mean_anomaly * t,
            },
        };
        if let Some(resonance) = &self.resonance {
            (elements.mean_motion, elements.angles.mean_anomaly) = resonance.at(t, &elements.angles);
        }
        elements
    }

    /// Lunar-solar periodics at `t` minutes after the epoch ("dpper").
    pub(super) fn periodic(
        &self,
        eccentricity: f64,
        inclination: f64,
        angles: &MeanAngles,
        t: f64,
    ) -> PeriodicElements {
        let mut elements = self.periodics.at(t).apply(eccentricity, inclination, angles, self.mode);
        if elements.inclination < 0.0 {
            elements.inclination = -elements.inclination;
            elements.angles.raan += core::f64::consts::PI;
            elements.angles.argument_of_perigee -= core::f64::consts::PI;
        }
        elements
    }

    pub(super) fn rates(&self) -> &ThirdBodyRates {
        &self.rates
    }

    pub(super) fn periodics(&self) -> &Periodics {
        &self.periodics
    }

    pub(super) fn resonance(&self) -> Option<&Resonance> {
        self.resonance.as_ref()
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Tabulates the resonance integrator over a span of minutes since epoch. Results do not depend on it.
    pub(super) fn tabulate_resonance(&mut self, minutes: RangeInclusive<f64>) {
        if let Some(resonance) = &mut self.resonance {
            resonance.tabulate(minutes);
        }
    }
}
