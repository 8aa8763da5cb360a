//! From a conjunction message to the encounter that the methods of probability take.

use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation, eme2000_to_gcrf};
use astroshield_astro::probability::socrates::default_hard_body_radius_km;
use astroshield_astro::probability::{
    Covariance, CovarianceError, Encounter, EncounterError, ObjectState, Rtn,
};
use astroshield_astro::state::{Gcrf, State};
use astroshield_formats::{Cdm, CdmObject, Fault};
use nalgebra::Matrix6;

const KM_PER_M: f64 = 1e-3;
const KM2_PER_M2: f64 = 1e-6;

/// Why a message has no encounter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CdmError {
    /// The time of closest approach is none.
    #[error("TCA: {0}")]
    Tca(Fault),
    /// A frame that is not known here.
    #[error("{object}: REF_FRAME {frame} is not one of GCRF, EME2000, ITRF, TEME")]
    Frame {
        /// The object.
        object: String,
        /// What it says.
        frame: String,
    },
    /// An object without a covariance.
    #[error("{object}: no covariance in RTN")]
    NoCovariance {
        /// The object.
        object: String,
    },
    /// A covariance that is none.
    #[error("{object}: {error}")]
    Covariance {
        /// The object.
        object: String,
        /// What is wrong with it.
        error: CovarianceError,
    },
    /// States that are none.
    #[error(transparent)]
    Encounter(#[from] EncounterError),
}

/// Sum of the default radii of the two objects, in m.
#[must_use]
pub fn default_radius_m(cdm: &Cdm) -> f64 {
    let radius_km = |object: &CdmObject| default_hard_body_radius_km(&object.metadata.object_name);
    (radius_km(&cdm.object1) + radius_km(&cdm.object2)) / KM_PER_M
}

/// Sum of the radii of the two objects as the message states it, else of their default ones, in m.
#[must_use]
pub fn radius_m(cdm: &Cdm) -> f64 {
    cdm.combined_hard_body_radius_m().unwrap_or_else(|| default_radius_m(cdm))
}

/// The encounter, in GCRF.
///
/// # Errors
/// When time, frame, covariance or state of an object are missing or not usable.
pub fn of_cdm(cdm: &Cdm, hard_body_radius_m: f64) -> Result<Encounter<Gcrf>, CdmError> {
    let tca = cdm.tca_utc().map_err(CdmError::Tca)?;
    let (one, other) = (object_state(&cdm.object1, tca)?, object_state(&cdm.object2, tca)?);
    Ok(Encounter::new(one, other, hard_body_radius_m * KM_PER_M)?)
}

fn object_state(object: &CdmObject, tca: Epoch) -> Result<ObjectState<Gcrf>, CdmError> {
    let name = || object.metadata.object_name.clone();
    let (position_km, velocity_km_s) =
        (object.state.position_km().into(), object.state.velocity_km_s().into());
    // Both objects turn with the same Earth: an orientation that is not observed turns the whole encounter a little and
    // changes nothing in it.
    let attitude = || EarthAttitude::new(tca, &EarthOrientation::NEGLECTED);
    let state = match object.metadata.ref_frame.to_ascii_uppercase().as_str() {
        "GCRF" | "ICRF" => State::new(position_km, velocity_km_s),
        "EME2000" => eme2000_to_gcrf(&State::new(position_km, velocity_km_s)),
        frame if frame.starts_with("ITRF") => {
            let attitude = attitude();
            attitude.teme_to_gcrf(&attitude.itrf_to_teme(&State::new(position_km, velocity_km_s)))
        }
        "TEME" => attitude().teme_to_gcrf(&State::new(position_km, velocity_km_s)),
        _ => {
            return Err(CdmError::Frame { object: name(), frame: object.metadata.ref_frame.clone() });
        }
    };
    let Some(covariance) = &object.covariance else {
        return Err(CdmError::NoCovariance { object: name() });
    };
    let entries_m_s = covariance.matrix_m_s();
    let matrix = Matrix6::from_fn(|row, column| entries_m_s[row][column] * KM2_PER_M2);
    let covariance = Covariance::<Rtn>::new(matrix).and_then(|covariance| covariance.to_inertial(&state));
    match covariance {
        Ok(covariance) => Ok(ObjectState { covariance, state }),
        Err(error) => Err(CdmError::Covariance { object: name(), error }),
    }
}
