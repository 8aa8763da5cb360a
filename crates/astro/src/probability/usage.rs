//! Where a method of collision probability holds: usage limits, and the warnings when they are crossed.

use super::equinoctial::OrbitError;

/// What limits a method on an encounter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Warning {
    /// The relative velocity vanishes: no encounter plane.
    NoEncounterPlane {
        /// Relative speed, in km/s.
        relative_speed_km_s: f64,
    },
    /// The states are far from the closest approach; straight motion over that time is an assumption.
    StatesFarFromClosestApproach {
        /// Time to the closest approach, in s.
        shift_s: f64,
    },
    /// The encounter lasts too long.
    ExtendedInTime {
        /// Its duration: as part of the shorter period (2D, 2D-Nc) or of the encounter segment (3D-Nc).
        indicator: f64,
        /// The limit for this method.
        limit: f64,
    },
    /// The encounter reaches too far from the states' instant.
    OffsetInTime {
        /// How far: as part of the shorter period (2D, 2D-Nc) or of the encounter segment (3D-Nc).
        indicator: f64,
        /// The limit for this method.
        limit: f64,
    },
    /// The result is likely to be off by this much.
    Inaccurate {
        /// Estimated relative error.
        indicator: f64,
        /// The limit for this method.
        limit: f64,
    },
    /// The method found no converged value, or its check none.
    NotConverged,
    /// A covariance was not positive definite and had to be repaired.
    CovarianceRepaired,
    /// No covariance of the velocity: curved motion cannot be judged.
    VelocityCovarianceMissing,
    /// The orbits are not ellipses that two-body methods can use.
    NoEllipse(OrbitError),
    /// An upper bound, not a probability.
    UpperBound,
    /// Too few samples hit for a useful interval.
    FewHits {
        /// Samples that hit.
        hits: u64,
        /// The number asked for.
        needed: u64,
    },
}

impl core::fmt::Display for Warning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoEncounterPlane { relative_speed_km_s } => {
                write!(f, "no encounter plane: relative speed {relative_speed_km_s} km/s")
            }
            Self::StatesFarFromClosestApproach { shift_s } => {
                write!(f, "states are {shift_s:.3} s from the closest approach")
            }
            Self::ExtendedInTime { indicator, limit } => {
                write!(f, "extended in time: {indicator:.4} exceeds {limit}")
            }
            Self::OffsetInTime { indicator, limit } => {
                write!(f, "offset in time: {indicator:.4} exceeds {limit}")
            }
            Self::Inaccurate { indicator, limit } => {
                write!(f, "inaccurate: {indicator:.4} exceeds {limit}")
            }
            Self::NotConverged => write!(f, "not converged"),
            Self::CovarianceRepaired => write!(f, "a covariance was not positive definite and was repaired"),
            Self::VelocityCovarianceMissing => write!(f, "no covariance of the velocity"),
            Self::NoEllipse(error) => write!(f, "{error}"),
            Self::UpperBound => write!(f, "an upper bound, not a probability"),
            Self::FewHits { hits, needed } => write!(f, "{hits} hits, {needed} needed"),
        }
    }
}

/// Usage limits of a method: extended and offset in time, inaccurate.
pub(super) struct Limits {
    extended: f64,
    offset: f64,
    pub(super) inaccurate: f64,
}

/// Limits of CARA's multistep algorithm for the two-dimensional method (AAS 23-398).
pub(super) const PLANAR_LIMITS: Limits = Limits { extended: 0.02, offset: 0.01, inaccurate: 0.02 };
/// The same for 2D-Nc.
pub(super) const ISOLATED_LIMITS: Limits = Limits { extended: 0.05, offset: 0.1, inaccurate: 0.1 };
/// The same for 3D-Nc, as parts of the encounter segment. CARA's third limit guards its fixed grid on the
/// sphere; here the integral is adaptive and declines what it cannot resolve.
pub(super) const EXTENDED_LIMITS: Limits = Limits { extended: 0.5, offset: 0.75, inaccurate: f64::INFINITY };

impl Limits {
    /// The limits that these indicators cross.
    pub(super) fn check(&self, extended: f64, offset: f64, inaccurate: f64) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if extended > self.extended {
            warnings.push(Warning::ExtendedInTime { indicator: extended, limit: self.extended });
        }
        if offset > self.offset {
            warnings.push(Warning::OffsetInTime { indicator: offset, limit: self.offset });
        }
        if inaccurate > self.inaccurate {
            warnings.push(Warning::Inaccurate { indicator: inaccurate, limit: self.inaccurate });
        }
        warnings
    }
}

/// Length of the bounds and their furthest reach from zero, as parts of `period_s`.
pub(super) fn duration_and_reach([from, to]: [f64; 2], period_s: f64) -> [f64; 2] {
    [(to - from) / period_s, from.abs().max(to.abs()) / period_s]
}
