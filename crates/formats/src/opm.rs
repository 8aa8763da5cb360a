//! Orbit parameter messages (CCSDS 502.0-B-3, section 3).

use crate::assemble::{Assemble, Message, unknown_keyword};
use crate::covariance::{CartesianCovariance, CartesianCovarianceDraft};
use crate::error::{Fault, Located, Location, WriteError};
use crate::field::{
    Emit, Field, Section as _, SectionDraft as _, USER_DEFINED, UserDefined, push_user_defined, section,
};
use crate::header::{Header, HeaderDraft};
use crate::omm::emit_user_defined;
use crate::spacecraft::{SpacecraftParameters, SpacecraftParametersDraft};
use crate::timestamp::{TimeSystem, Timestamp};

section! {
    /// Metadata of an OPM.
    pub struct OpmMetadata (OpmMetadataDraft) in "metadata" {
        /// Name of the object.
        object_name: String = "OBJECT_NAME",
        /// International designator, or what stands for it.
        object_id: String = "OBJECT_ID",
        /// Central body.
        center_name: String = "CENTER_NAME",
        /// Reference frame of the state and the Keplerian elements.
        ref_frame: String = "REF_FRAME",
        /// Epoch of the reference frame, if it has one.
        ref_frame_epoch: Option<Timestamp> = "REF_FRAME_EPOCH",
        /// Time system of every time in the message but the creation date, which is UTC.
        time_system: TimeSystem = "TIME_SYSTEM",
    }
}

section! {
    /// Osculating state.
    pub struct OpmState (OpmStateDraft) in "stateVector" {
        /// Epoch, in the time system of the message.
        epoch: Timestamp = "EPOCH",
        /// Position x, in km.
        x_km: f64 = "X" ["km"],
        /// Position y, in km.
        y_km: f64 = "Y" ["km"],
        /// Position z, in km.
        z_km: f64 = "Z" ["km"],
        /// Velocity x, in km/s.
        x_dot_km_s: f64 = "X_DOT" ["km/s"],
        /// Velocity y, in km/s.
        y_dot_km_s: f64 = "Y_DOT" ["km/s"],
        /// Velocity z, in km/s.
        z_dot_km_s: f64 = "Z_DOT" ["km/s"],
    }
}

section! {
    /// Osculating Keplerian elements.
    pub struct KeplerianElements (KeplerianElementsDraft) in "keplerianElements" {
        /// Semi-major axis, in km.
        semi_major_axis_km: f64 = "SEMI_MAJOR_AXIS" ["km"],
        /// Eccentricity.
        eccentricity: f64 = "ECCENTRICITY",
        /// Inclination, in degrees.
        inclination_deg: f64 = "INCLINATION" ["deg"],
        /// Right ascension of the ascending node, in degrees.
        raan_deg: f64 = "RA_OF_ASC_NODE" ["deg"],
        /// Argument of pericenter, in degrees.
        argument_of_pericenter_deg: f64 = "ARG_OF_PERICENTER" ["deg"],
        /// True anomaly, in degrees; a message has this or the mean anomaly.
        true_anomaly_deg: Option<f64> = "TRUE_ANOMALY" ["deg"],
        /// Mean anomaly, in degrees.
        mean_anomaly_deg: Option<f64> = "MEAN_ANOMALY" ["deg"],
        /// Gravitational parameter, in km³/s².
        gm_km3_s2: f64 = "GM" ["km**3/s**2"],
    }
}

section! {
    /// A maneuver.
    pub struct Maneuver (ManeuverDraft) in "maneuverParameters" {
        /// Ignition, in the time system of the message.
        epoch_ignition: Timestamp = "MAN_EPOCH_IGNITION",
        /// Duration, in s; 0 for an impulse.
        duration_s: Option<f64> = "MAN_DURATION" ["s"],
        /// Change of mass, in kg (negative).
        delta_mass_kg: Option<f64> = "MAN_DELTA_MASS" ["kg"],
        /// Reference frame of the change of velocity.
        ref_frame: String = "MAN_REF_FRAME",
        /// Change of velocity along the first axis, in km/s.
        dv_1_km_s: f64 = "MAN_DV_1" ["km/s"],
        /// Along the second axis, in km/s.
        dv_2_km_s: f64 = "MAN_DV_2" ["km/s"],
        /// Along the third axis, in km/s.
        dv_3_km_s: f64 = "MAN_DV_3" ["km/s"],
    }
}

/// An orbit parameter message.
#[derive(Debug, Clone, PartialEq)]
pub struct Opm {
    /// Version of the standard (`CCSDS_OPM_VERS`).
    pub version: String,
    /// Header.
    pub header: Header,
    /// Metadata.
    pub metadata: OpmMetadata,
    /// State.
    pub state: OpmState,
    /// Keplerian elements.
    pub keplerian: Option<KeplerianElements>,
    /// Spacecraft parameters.
    pub spacecraft: Option<SpacecraftParameters>,
    /// Covariance of position and velocity.
    pub covariance: Option<CartesianCovariance>,
    /// Maneuvers, in the order of the message.
    pub maneuvers: Vec<Maneuver>,
    /// User-defined parameters.
    pub user_defined: Vec<UserDefined>,
}

impl Opm {
    /// Emits metadata and data.
    pub(crate) fn emit(&self, out: &mut impl Emit) -> Result<(), WriteError> {
        self.metadata.emit(out)?;
        out.open("data");
        self.state.emit(out)?;
        if let Some(block) = &self.keplerian {
            block.emit(out)?;
        }
        if let Some(block) = &self.spacecraft {
            block.emit(out)?;
        }
        if let Some(block) = &self.covariance {
            block.emit(out)?;
        }
        for maneuver in &self.maneuvers {
            maneuver.emit(out)?;
        }
        emit_user_defined(&self.user_defined, out)?;
        out.close("data");
        Ok(())
    }
}

/// A message that is being read.
#[derive(Debug)]
pub(crate) struct OpmDraft {
    location: Location,
    version: String,
    header: HeaderDraft,
    metadata: OpmMetadataDraft,
    state: OpmStateDraft,
    keplerian: KeplerianElementsDraft,
    spacecraft: SpacecraftParametersDraft,
    covariance: CartesianCovarianceDraft,
    maneuvers: Vec<(Location, ManeuverDraft)>,
    user_defined: Vec<UserDefined>,
    pending: Vec<String>,
}

impl OpmDraft {
    pub(crate) fn new(version: &str, location: Location) -> Self {
        Self {
            location,
            version: version.to_owned(),
            header: HeaderDraft::default(),
            metadata: OpmMetadataDraft::default(),
            state: OpmStateDraft::default(),
            keplerian: KeplerianElementsDraft::default(),
            spacecraft: SpacecraftParametersDraft::default(),
            covariance: CartesianCovarianceDraft::default(),
            maneuvers: Vec::new(),
            user_defined: Vec::new(),
            pending: Vec::new(),
        }
    }
}

impl Assemble for OpmDraft {
    fn field(&mut self, field: &Field<'_>, location: Location) -> Result<(), Fault> {
        let pending = &mut self.pending;
        if let Some(name) = field.key.strip_prefix(USER_DEFINED) {
            return push_user_defined(&mut self.user_defined, name, field.value);
        }
        if field.key.starts_with("MAN_") {
            // Each maneuver begins with its ignition.
            if field.key == "MAN_EPOCH_IGNITION" || self.maneuvers.is_empty() {
                self.maneuvers.push((location, ManeuverDraft::default()));
            }
            let Some((_, maneuver)) = self.maneuvers.last_mut() else { return Err(Fault::UnknownKeyword) };
            return unknown_keyword(maneuver.offer(field, pending)?);
        }
        let known = self.header.offer(field, pending)?
            || self.metadata.offer(field, pending)?
            || self.state.offer(field, pending)?
            || self.keplerian.offer(field, pending)?
            || self.spacecraft.offer(field, pending)?
            || self.covariance.offer(field, pending)?;
        unknown_keyword(known)
    }

    fn comment(&mut self, text: String) {
        self.pending.push(text);
    }

    fn finish(mut self: Box<Self>) -> Result<Message, Located> {
        let location = self.location;
        let missing = |key: &'static str| Fault::Missing.at(location, key);
        self.header.comments.append(&mut self.pending);
        let keplerian = self.keplerian.finish_optional().map_err(missing)?;
        if let Some(KeplerianElements { true_anomaly_deg: None, mean_anomaly_deg: None, .. }) = keplerian {
            return Err(missing("TRUE_ANOMALY"));
        }
        let maneuvers = self
            .maneuvers
            .into_iter()
            .map(|(location, maneuver)| maneuver.finish().map_err(|key| Fault::Missing.at(location, key)));
        let opm = Opm {
            version: self.version,
            header: self.header.finish().map_err(missing)?,
            metadata: self.metadata.finish().map_err(missing)?,
            state: self.state.finish().map_err(missing)?,
            keplerian,
            spacecraft: self.spacecraft.finish_optional().map_err(missing)?,
            covariance: self.covariance.finish_optional().map_err(missing)?,
            maneuvers: maneuvers.collect::<Result<_, _>>()?,
            user_defined: self.user_defined,
        };
        Ok(Message::Opm(Box::new(opm)))
    }
}
