//! Why an element set or a propagation was refused.

use thiserror::Error;

/// Mean elements that SGP4 cannot be initialized with.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ElementError {
    /// An element is NaN or infinite.
    #[error("{element} is not finite: {value}")]
    NotFinite {
        /// Name of the element, as the field of [`MeanElements`](crate::elements::MeanElements).
        element: &'static str,
        /// Its value.
        value: f64,
    },
    /// The mean motion is zero or negative.
    #[error("mean motion is not positive: {value} rev/day")]
    MeanMotion {
        /// Mean motion after Kozai, in revolutions per day.
        value: f64,
    },
    /// The eccentricity is not that of an ellipse.
    #[error("eccentricity is not within 0 <= e < 1: {value}")]
    Eccentricity {
        /// The eccentricity.
        value: f64,
    },
    /// The inclination is not between 0 and 180 degrees.
    #[error("inclination is not within 0 to 180 deg: {value} deg")]
    Inclination {
        /// The inclination, in degrees.
        value: f64,
    },
    /// Right ascension, argument of perigee or mean anomaly exceeds one revolution.
    #[error("{element} exceeds one revolution: {value} deg")]
    Angle {
        /// Name of the element.
        element: &'static str,
        /// Its value, in degrees.
        value: f64,
    },
    /// The whole orbit, apogee included, lies below the Earth's surface.
    #[error("apogee is below the surface, at {radius_earth_radii:.6} Earth radii")]
    ApogeeBelowSurface {
        /// Radius of the apogee, in Earth radii.
        radius_earth_radii: f64,
    },
    /// A coefficient of the theory is not finite for these elements (an overflowing B*, or the singularity
    /// of the drag model).
    #[error("the theory is singular for these elements")]
    Singular,
}

/// Mean elements that cannot be propagated to the time asked for.
///
/// The cases are those of Vallado et al., AIAA 2006-6753 (`error` 1 to 4 and 6), and times outside the
/// domain of this implementation. Minutes are counted from the epoch of the elements.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PropagationError {
    /// The time is not finite or too far from the epoch.
    #[error("{minutes:.3} min since epoch is not within +/-{limit_minutes} min")]
    Time {
        /// The time asked for, in minutes since epoch.
        minutes: f64,
        /// The farthest time that is accepted, in minutes.
        limit_minutes: f64,
    },
    /// Mean eccentricity, with secular and drag terms, outside -0.001 <= e < 1 (error 1).
    #[error("mean eccentricity {value:.6} is not within -0.001 <= e < 1 at {minutes:.3} min since epoch")]
    MeanEccentricity {
        /// Time of failure, in minutes since epoch.
        minutes: f64,
        /// The mean eccentricity.
        value: f64,
    },
    /// Mean motion, with resonance, not positive (error 2).
    #[error("mean motion {rad_per_minute:.9} rad/min is not positive at {minutes:.3} min since epoch")]
    MeanMotion {
        /// Time of failure, in minutes since epoch.
        minutes: f64,
        /// The mean motion, in radians per minute.
        rad_per_minute: f64,
    },
    /// Eccentricity with the lunar-solar periodics outside 0 <= e <= 1 (error 3).
    #[error("perturbed eccentricity {value:.6} is not within 0 <= e <= 1 at {minutes:.3} min since epoch")]
    PerturbedEccentricity {
        /// Time of failure, in minutes since epoch.
        minutes: f64,
        /// The perturbed eccentricity.
        value: f64,
    },
    /// Semi-latus rectum, with the long-period periodics, below zero (error 4).
    #[error("semi-latus rectum {earth_radii:.6} Earth radii is negative at {minutes:.3} min since epoch")]
    SemiLatusRectum {
        /// Time of failure, in minutes since epoch.
        minutes: f64,
        /// The semi-latus rectum, in Earth radii.
        earth_radii: f64,
    },
    /// The object is below the Earth's surface: it has decayed (error 6).
    #[error("decayed: radius {radius_km:.3} km is below the surface at {minutes:.3} min since epoch")]
    Decayed {
        /// Time of failure, in minutes since epoch.
        minutes: f64,
        /// Distance from the Earth's center, in km.
        radius_km: f64,
    },
    /// The theory overflows: the elements are far outside its domain at this time.
    #[error("the theory gives no finite position at {minutes:.3} min since epoch")]
    NotFinite {
        /// Time of failure, in minutes since epoch.
        minutes: f64,
    },
}

impl PropagationError {
    /// Time of failure, in minutes since the epoch of the elements.
    #[must_use]
    pub fn minutes_since_epoch(&self) -> f64 {
        match *self {
            Self::Time { minutes, .. }
            | Self::MeanEccentricity { minutes, .. }
            | Self::MeanMotion { minutes, .. }
            | Self::PerturbedEccentricity { minutes, .. }
            | Self::SemiLatusRectum { minutes, .. }
            | Self::Decayed { minutes, .. }
            | Self::NotFinite { minutes } => minutes,
        }
    }
}
