//! SGP4 and SDP4: propagation of mean elements to position and velocity.
//!
//! Follows Vallado, Crawford, Hujsak & Kelso, *Revisiting Spacetrack Report #3*, AIAA 2006-6753 (code of
//! 2006 with its later corrections), with the WGS-72 constants. Near-earth orbits (period below 225 minutes)
//! take the SGP4 path, all others SDP4.
//!
//! A result is a function of the elements and the time alone: nothing is remembered between calls. It is also
//! the same to the last bit on every machine: only the operations of IEEE 754 and the `libm` crate's functions
//! are used here, and never a fused multiply-add.
//!
//! ```
//! use astroshield_astro::{Epoch, elements::MeanElements, sgp4::Propagator};
//!
//! // Vanguard 1, from the verification set of AIAA 2006-6753.
//! let elements = MeanElements {
//!     epoch: Epoch::from_gregorian_utc(2000, 6, 27, 18, 50, 19, 733_568_000),
//!     mean_motion_rev_day: 10.824_191_57,
//!     eccentricity: 0.185_966_7,
//!     inclination_deg: 34.2682,
//!     raan_deg: 348.7242,
//!     argument_of_perigee_deg: 331.7664,
//!     mean_anomaly_deg: 19.3264,
//!     bstar_inv_earth_radii: 0.28098e-4,
//! };
//! let state = Propagator::new(&elements)?.propagate(360.0)?;
//! assert!((state.position_km.x - -7154.031_202_02).abs() < 1e-7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod constants;
mod deep_space;
mod error;
mod initialization;
mod near_earth;
mod reach;
mod short_period;
mod sidereal_time;

pub use batch::{Batch, COMPONENTS, LANES_PER_BLOCK, StateBuffer, Window};
pub use error::{ElementError, PropagationError};

use crate::elements::MeanElements;
use crate::state::{State, Teme};
use constants::{NEAR_EARTH_PERIOD_LIMIT_MIN, TWO_PI, XKE};
use core::ops::RangeInclusive;
use deep_space::DeepSpace;
use hifitime::Epoch;
use initialization::{BrouwerElements, FullDrag, SecularRates};
use libm::pow;
use near_earth::{DragEffect, MeanAngles};
use short_period::{InclinationTerms, PerturbedElements};

/// The farthest time from the epoch that is propagated, in minutes: 100 Julian years.
///
/// No element set holds for a thousandth of it; the limit bounds the work of the resonance integrator.
pub const TIME_LIMIT_MINUTES: f64 = 100.0 * 365.25 * 1440.0;

/// Smallest mean eccentricity that is propagated; below it counts as this (AIAA 2006-6753, `sgp4`).
const ECCENTRICITY_FLOOR: f64 = 1.0e-6;

/// Mean eccentricities down to this are taken for zero (error 1 below it).
const ECCENTRICITY_TOLERANCE: f64 = -0.001;

const NANOSECONDS_PER_MINUTE: f64 = 60.0e9;

/// Which of the two variants of the reference code is followed.
///
/// They are identical for near-earth orbits. For deep space they differ in the expression of sidereal time and,
/// at inclinations below 0.2 rad, in the branch of the node: by up to 2.4 km after seven days, in rare cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As the operational code of the U.S. Space Force, which the published element sets are fitted with.
    #[default]
    Afspc,
    /// As the code of AIAA 2006-6753 with its improvements; its verification values are in this mode.
    Improved,
}

/// SGP4 initialized with the mean elements of one object.
#[derive(Debug, Clone)]
pub struct Propagator {
    epoch: Epoch,
    orbit: BrouwerElements,
    rates: SecularRates,
    regime: Regime,
}

/// What only near-earth or only deep-space orbits have.
#[derive(Debug, Clone)]
enum Regime {
    NearEarth { drag: Option<FullDrag>, inclination: InclinationTerms },
    DeepSpace(Box<DeepSpace>),
}

impl Propagator {
    /// Initializes SGP4 in AFSPC mode.
    ///
    /// # Errors
    /// [`ElementError`] if an element is not finite or outside its range, if the whole orbit lies below the
    /// surface, or if the theory is singular for these elements.
    pub fn new(elements: &MeanElements) -> Result<Self, ElementError> {
        Self::with_mode(elements, Mode::Afspc)
    }

    /// Initializes SGP4 in the given mode.
    ///
    /// # Errors
    /// As [`Propagator::new`].
    pub fn with_mode(elements: &MeanElements, mode: Mode) -> Result<Self, ElementError> {
        let orbit = BrouwerElements::new(elements)?;
        let (rates, drag) = initialization::secular_and_drag(&orbit)?;
        let regime = if TWO_PI / orbit.mean_motion < NEAR_EARTH_PERIOD_LIMIT_MIN {
            Regime::NearEarth { drag, inclination: InclinationTerms::new(orbit.inclination) }
        } else {
            let days_since_1950 = sidereal_time::days_since_1950(elements.epoch);
            Regime::DeepSpace(Box::new(DeepSpace::new(&orbit, &rates, days_since_1950, mode)))
        };
        Ok(Self { epoch: elements.epoch, orbit, rates, regime })
    }

    /// Epoch of the elements.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether the deep-space theory applies: period of 225 minutes or more.
    #[must_use]
    pub fn is_deep_space(&self) -> bool {
        matches!(self.regime, Regime::DeepSpace(_))
    }

    /// Minutes from the epoch of the elements to `time`: elapsed (SI) minutes, leap seconds counted.
    ///
    /// The difference is exact in nanoseconds and rounded once.
    #[must_use]
    pub fn minutes_since_epoch(&self, time: Epoch) -> f64 {
        let elapsed = time.to_tai_duration() - self.epoch.to_tai_duration();
        elapsed.total_nanoseconds() as f64 / NANOSECONDS_PER_MINUTE
    }

    /// Tabulates the resonance integrator over a span of minutes since epoch.
    ///
    /// Only synchronous and half-day orbits have one; without a table they integrate from the epoch in each
    /// call. Results are the same to the last bit with and without it.
    pub fn tabulate_resonance(&mut self, minutes: RangeInclusive<f64>) {
        if let Regime::DeepSpace(deep_space) = &mut self.regime {
            deep_space.tabulate_resonance(minutes);
        }
    }

    /// Position (km) and velocity (km/s) in TEME at `minutes_since_epoch`.
    ///
    /// SGP4's velocity is not the exact derivative of its position; both are given as the theory has them.
    ///
    /// # Errors
    /// [`PropagationError`] if the object has decayed or its elements leave the domain of the theory.
    pub fn propagate(&self, minutes_since_epoch: f64) -> Result<State<Teme>, PropagationError> {
        let t = minutes_since_epoch;
        if !t.is_finite() || t.abs() > TIME_LIMIT_MINUTES {
            return Err(PropagationError::Time { minutes: t, limit_minutes: TIME_LIMIT_MINUTES });
        }
        match &self.regime {
            Regime::NearEarth { drag, inclination } => {
                let (angles, drag) = near_earth::secular_and_drag(&self.orbit, &self.rates, drag.as_ref(), t);
                let elements = PerturbedElements {
                    semi_major_axis: self.orbit.semi_major_axis
                        * drag.sqrt_axis_factor
                        * drag.sqrt_axis_factor,
                    eccentricity: mean_eccentricity(self.orbit.eccentricity, &drag, t)?,
                    angles: self.reduced_angles(angles, &drag),
                };
                short_period::state(&elements, inclination, t)
            }
            Regime::DeepSpace(deep_space) => {
                let (angles, drag) = near_earth::secular_and_drag(&self.orbit, &self.rates, None, t);
                let secular = deep_space.secular(&self.orbit, angles, t);
                if secular.mean_motion <= 0.0 {
                    let rad_per_minute = secular.mean_motion;
                    return Err(PropagationError::MeanMotion { minutes: t, rad_per_minute });
                }
                let eccentricity = mean_eccentricity(secular.eccentricity, &drag, t)?;
                let angles = self.reduced_angles(secular.angles, &drag);
                let periodic = deep_space.periodic(eccentricity, secular.inclination, &angles, t);
                if !(0.0..=1.0).contains(&periodic.eccentricity) {
                    let value = periodic.eccentricity;
                    return Err(PropagationError::PerturbedEccentricity { minutes: t, value });
                }
                let elements = PerturbedElements {
                    semi_major_axis: pow(XKE / secular.mean_motion, 2.0 / 3.0)
                        * drag.sqrt_axis_factor
                        * drag.sqrt_axis_factor,
                    eccentricity: periodic.eccentricity,
                    angles: periodic.angles,
                };
                short_period::state(&elements, &InclinationTerms::new(periodic.inclination), t)
            }
        }
    }

    /// The angles with the drag on the mean longitude, each reduced to one revolution.
    fn reduced_angles(&self, angles: MeanAngles, drag: &DragEffect) -> MeanAngles {
        let mean_anomaly = angles.mean_anomaly + self.orbit.mean_motion * drag.longitude_minutes;
        let longitude = (mean_anomaly + angles.argument_of_perigee + angles.raan) % TWO_PI;
        let (raan, argument_of_perigee) = (angles.raan % TWO_PI, angles.argument_of_perigee % TWO_PI);
        MeanAngles {
            raan,
            argument_of_perigee,
            mean_anomaly: (longitude - argument_of_perigee - raan) % TWO_PI,
        }
    }
}

/// The eccentricity with drag, if it is that of an ellipse; `minutes` only names the time of a failure.
fn mean_eccentricity(secular: f64, drag: &DragEffect, minutes: f64) -> Result<f64, PropagationError> {
    let value = secular - drag.eccentricity_decrease;
    if (ECCENTRICITY_TOLERANCE..1.0).contains(&value) {
        Ok(value.max(ECCENTRICITY_FLOOR))
    } else {
        Err(PropagationError::MeanEccentricity { minutes, value })
    }
}
