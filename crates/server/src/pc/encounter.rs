//! From a conjunction message to the encounter that the methods take.

use anyhow::{Context, bail};
use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation, eme2000_to_gcrf};
use astroshield_astro::probability::socrates::default_hard_body_radius_km;
use astroshield_astro::probability::{Covariance, Encounter, ObjectState, Rtn};
use astroshield_astro::state::{Gcrf, State};
use astroshield_formats::{Cdm, CdmObject};
use nalgebra::Matrix6;

const KM_PER_M: f64 = 1e-3;
const KM2_PER_M2: f64 = 1e-6;

/// Sum of the default radii of the two objects, in m.
pub(super) fn default_radius_m(cdm: &Cdm) -> f64 {
    let radius_km = |object: &CdmObject| default_hard_body_radius_km(&object.metadata.object_name);
    (radius_km(&cdm.object1) + radius_km(&cdm.object2)) / KM_PER_M
}

/// The encounter, in GCRF.
pub(super) fn of(cdm: &Cdm, hard_body_radius_m: f64) -> anyhow::Result<Encounter<Gcrf>> {
    let tca = cdm.tca_utc().context("TCA")?;
    let object =
        |object: &CdmObject| object_state(object, tca).with_context(|| object.metadata.object_name.clone());
    Ok(Encounter::new(object(&cdm.object1)?, object(&cdm.object2)?, hard_body_radius_m * KM_PER_M)?)
}

fn object_state(object: &CdmObject, tca: Epoch) -> anyhow::Result<ObjectState<Gcrf>> {
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
        frame => bail!("REF_FRAME {frame} is not one of GCRF, EME2000, ITRF, TEME"),
    };
    let Some(covariance) = &object.covariance else {
        bail!("no covariance in RTN");
    };
    let entries_m_s = covariance.matrix_m_s();
    let covariance =
        Covariance::<Rtn>::new(Matrix6::from_fn(|row, column| entries_m_s[row][column] * KM2_PER_M2))?;
    Ok(ObjectState { covariance: covariance.to_inertial(&state)?, state })
}
