//! Conjunction data messages (CCSDS 508.0-B-1), and the fields that the draft of version 2 adds
//! (CCSDS 508.0-P-1.0.2).

use hifitime::Epoch;

use crate::cdm_covariance::{CovarianceMetadata, RtnCovariance, XyzCovariance};
use crate::error::{Fault, WriteError};
use crate::field::{Emit, Section as _, UserDefined, section};
use crate::omm::emit_user_defined;
use crate::timestamp::{TimeSystem, Timestamp};

section! {
    /// Header of a CDM.
    pub struct CdmHeader (CdmHeaderDraft) in "header" {
        /// Classification or distribution caveats (version 2).
        classification: Option<String> = "CLASSIFICATION",
        /// Creation date (UTC).
        creation_date: Timestamp = "CREATION_DATE",
        /// Creating agency or operator.
        originator: String = "ORIGINATOR",
        /// Spacecraft that the message is for.
        message_for: Option<String> = "MESSAGE_FOR",
        /// Identifier of the message.
        message_id: String = "MESSAGE_ID",
    }
}

section! {
    /// The encounter: relative state, screening and probability. Times are UTC.
    pub struct CdmRelative (CdmRelativeDraft) in "relativeMetadataData" {
        /// Identifier of the conjunction (version 2).
        conjunction_id: Option<String> = "CONJUNCTION_ID",
        /// Time of closest approach.
        tca: Timestamp = "TCA",
        /// Distance at the time of closest approach, in m.
        miss_distance_m: f64 = "MISS_DISTANCE" ["m"],
        /// Distance in units of the combined standard deviation (version 2).
        mahalanobis_distance: Option<f64> = "MAHALANOBIS_DISTANCE",
        /// Relative speed, in m/s.
        relative_speed_m_s: Option<f64> = "RELATIVE_SPEED" ["m/s"],
        /// Angle between the velocities, in degrees (version 2).
        approach_angle_deg: Option<f64> = "APPROACH_ANGLE" ["deg"],
        /// Position of object 2 relative to object 1, radial in object 1's RTN frame, in m.
        relative_position_r_m: Option<f64> = "RELATIVE_POSITION_R" ["m"],
        /// Transverse, in m.
        relative_position_t_m: Option<f64> = "RELATIVE_POSITION_T" ["m"],
        /// Normal, in m.
        relative_position_n_m: Option<f64> = "RELATIVE_POSITION_N" ["m"],
        /// Velocity of object 2 relative to object 1, radial in object 1's RTN frame, in m/s.
        relative_velocity_r_m_s: Option<f64> = "RELATIVE_VELOCITY_R" ["m/s"],
        /// Transverse, in m/s.
        relative_velocity_t_m_s: Option<f64> = "RELATIVE_VELOCITY_T" ["m/s"],
        /// Normal, in m/s.
        relative_velocity_n_m_s: Option<f64> = "RELATIVE_VELOCITY_N" ["m/s"],
        /// Start of the screening period.
        start_screen_period: Option<Timestamp> = "START_SCREEN_PERIOD",
        /// End of the screening period.
        stop_screen_period: Option<Timestamp> = "STOP_SCREEN_PERIOD",
        /// Kind of screening (version 2).
        screen_type: Option<String> = "SCREEN_TYPE",
        /// Frame of the screening volume: `RTN` or `TVN`.
        screen_volume_frame: Option<String> = "SCREEN_VOLUME_FRAME",
        /// Shape of the screening volume: `ELLIPSOID` or `BOX`.
        screen_volume_shape: Option<String> = "SCREEN_VOLUME_SHAPE",
        /// Size along the first axis, in m.
        screen_volume_x_m: Option<f64> = "SCREEN_VOLUME_X" ["m"],
        /// Size along the second axis, in m.
        screen_volume_y_m: Option<f64> = "SCREEN_VOLUME_Y" ["m"],
        /// Size along the third axis, in m.
        screen_volume_z_m: Option<f64> = "SCREEN_VOLUME_Z" ["m"],
        /// Time at which object 2 enters the volume.
        screen_entry_time: Option<Timestamp> = "SCREEN_ENTRY_TIME",
        /// Time at which object 2 leaves the volume.
        screen_exit_time: Option<Timestamp> = "SCREEN_EXIT_TIME",
        /// Probability above which the screening reports (version 2).
        screen_pc_threshold: Option<f64> = "SCREEN_PC_THRESHOLD",
        /// Percentiles of the probability (version 2), as written.
        collision_percentile: Option<String> = "COLLISION_PERCENTILE",
        /// Probability of collision.
        collision_probability: Option<f64> = "COLLISION_PROBABILITY",
        /// Method of the probability.
        collision_probability_method: Option<String> = "COLLISION_PROBABILITY_METHOD",
        /// Maximum probability (version 2).
        collision_max_probability: Option<f64> = "COLLISION_MAX_PROBABILITY",
        /// Method of the maximum probability (version 2).
        collision_max_pc_method: Option<String> = "COLLISION_MAX_PC_METHOD",
        /// Probability of a collision with significant fragmentation (version 2).
        sefi_collision_probability: Option<f64> = "SEFI_COLLISION_PROBABILITY",
        /// Method of that probability (version 2).
        sefi_collision_probability_method: Option<String> = "SEFI_COLLISION_PROBABILITY_METHOD",
        /// Fragmentation model (version 2).
        sefi_fragmentation_model: Option<String> = "SEFI_FRAGMENTATION_MODEL",
        /// Identifier of the message before (version 2).
        previous_message_id: Option<String> = "PREVIOUS_MESSAGE_ID",
        /// Creation of the message before (version 2).
        previous_message_epoch: Option<Timestamp> = "PREVIOUS_MESSAGE_EPOCH",
        /// Expected creation of the next message (version 2).
        next_message_epoch: Option<Timestamp> = "NEXT_MESSAGE_EPOCH",
    }
}

section! {
    /// What an object is, and how its orbit was determined.
    pub struct CdmMetadata (CdmMetadataDraft) in "metadata" {
        /// `OBJECT1` or `OBJECT2`.
        object: String = "OBJECT",
        /// Designator in the catalog that `catalog_name` names.
        object_designator: String = "OBJECT_DESIGNATOR",
        /// Catalog.
        catalog_name: String = "CATALOG_NAME",
        /// Name.
        object_name: String = "OBJECT_NAME",
        /// International designator.
        international_designator: String = "INTERNATIONAL_DESIGNATOR",
        /// Type: `PAYLOAD`, `ROCKET BODY`, `DEBRIS`, `UNKNOWN`, `OTHER`.
        object_type: Option<String> = "OBJECT_TYPE",
        /// Position of the contact.
        operator_contact_position: Option<String> = "OPERATOR_CONTACT_POSITION",
        /// Organization of the contact.
        operator_organization: Option<String> = "OPERATOR_ORGANIZATION",
        /// Telephone of the contact.
        operator_phone: Option<String> = "OPERATOR_PHONE",
        /// E-mail address of the contact.
        operator_email: Option<String> = "OPERATOR_EMAIL",
        /// Ephemeris that was used, or `NONE`.
        ephemeris_name: String = "EPHEMERIS_NAME",
        /// Orbit data message that belongs to this one (version 2).
        odm_msg_link: Option<String> = "ODM_MSG_LINK",
        /// Attitude data message that belongs to this one (version 2).
        adm_msg_link: Option<String> = "ADM_MSG_LINK",
        /// Whether more observations come before the next message (version 2).
        obs_before_next_message: Option<String> = "OBS_BEFORE_NEXT_MESSAGE",
        /// `CALCULATED` or `DEFAULT`.
        covariance_method: String = "COVARIANCE_METHOD",
        /// Source of the covariance (version 2).
        covariance_source: Option<String> = "COVARIANCE_SOURCE",
        /// `YES`, `NO` or `N/A`.
        maneuverable: String = "MANEUVERABLE",
        /// Central body; the Earth if not given.
        orbit_center: Option<String> = "ORBIT_CENTER",
        /// Frame of the state: `GCRF`, `EME2000` or `ITRF`.
        ref_frame: String = "REF_FRAME",
        /// Form of the alternate covariance (version 2).
        alt_cov_type: Option<String> = "ALT_COV_TYPE",
        /// Frame of the alternate covariance (version 2).
        alt_cov_ref_frame: Option<String> = "ALT_COV_REF_FRAME",
        /// Gravity model.
        gravity_model: Option<String> = "GRAVITY_MODEL",
        /// Atmospheric model.
        atmospheric_model: Option<String> = "ATMOSPHERIC_MODEL",
        /// Third bodies.
        n_body_perturbations: Option<String> = "N_BODY_PERTURBATIONS",
        /// Whether solar radiation pressure was modeled: `YES` or `NO`.
        solar_rad_pressure: Option<String> = "SOLAR_RAD_PRESSURE",
        /// Whether tides were modeled: `YES` or `NO`.
        earth_tides: Option<String> = "EARTH_TIDES",
        /// Whether thrust was modeled: `YES` or `NO`.
        intrack_thrust: Option<String> = "INTRACK_THRUST",
    }
}

section! {
    /// Orbit determination.
    pub struct CdmOdParameters (CdmOdParametersDraft) in "odParameters" {
        /// Start of the interval of the last accepted observation.
        time_lastob_start: Option<Timestamp> = "TIME_LASTOB_START",
        /// End of that interval.
        time_lastob_end: Option<Timestamp> = "TIME_LASTOB_END",
        /// Recommended span, in days.
        recommended_od_span_d: Option<f64> = "RECOMMENDED_OD_SPAN" ["d"],
        /// Actual span, in days.
        actual_od_span_d: Option<f64> = "ACTUAL_OD_SPAN" ["d"],
        /// Observations available.
        obs_available: Option<u32> = "OBS_AVAILABLE",
        /// Observations used.
        obs_used: Option<u32> = "OBS_USED",
        /// Sensor tracks available.
        tracks_available: Option<u32> = "TRACKS_AVAILABLE",
        /// Sensor tracks used.
        tracks_used: Option<u32> = "TRACKS_USED",
        /// Residuals accepted, in percent.
        residuals_accepted_percent: Option<f64> = "RESIDUALS_ACCEPTED" ["%"],
        /// Weighted root mean square of the residuals.
        weighted_rms: Option<f64> = "WEIGHTED_RMS",
        /// Epoch of the orbit determination (version 2).
        od_epoch: Option<Timestamp> = "OD_EPOCH",
    }
}

section! {
    /// Size, shape and drag of an object.
    pub struct CdmAdditionalParameters (CdmAdditionalParametersDraft) in "additionalParameters" {
        /// Area for the probability of collision, in m².
        area_pc_m2: Option<f64> = "AREA_PC" ["m**2"],
        /// Its minimum, in m² (version 2).
        area_pc_min_m2: Option<f64> = "AREA_PC_MIN" ["m**2"],
        /// Its maximum, in m² (version 2).
        area_pc_max_m2: Option<f64> = "AREA_PC_MAX" ["m**2"],
        /// Area for drag, in m².
        area_drg_m2: Option<f64> = "AREA_DRG" ["m**2"],
        /// Area for solar radiation pressure, in m².
        area_srp_m2: Option<f64> = "AREA_SRP" ["m**2"],
        /// Parent frame of the optimally enclosing box (version 2).
        oeb_parent_frame: Option<String> = "OEB_PARENT_FRAME",
        /// Epoch of that frame (version 2).
        oeb_parent_frame_epoch: Option<Timestamp> = "OEB_PARENT_FRAME_EPOCH",
        /// Quaternion of the box, first component (version 2).
        oeb_q1: Option<f64> = "OEB_Q1",
        /// Second component (version 2).
        oeb_q2: Option<f64> = "OEB_Q2",
        /// Third component (version 2).
        oeb_q3: Option<f64> = "OEB_Q3",
        /// Scalar component (version 2).
        oeb_qc: Option<f64> = "OEB_QC",
        /// Longest side of the box, in m (version 2).
        oeb_max_m: Option<f64> = "OEB_MAX" ["m"],
        /// Middle side, in m (version 2).
        oeb_int_m: Option<f64> = "OEB_INT" ["m"],
        /// Shortest side, in m (version 2).
        oeb_min_m: Option<f64> = "OEB_MIN" ["m"],
        /// Area seen along the longest side, in m² (version 2).
        area_along_oeb_max_m2: Option<f64> = "AREA_ALONG_OEB_MAX" ["m**2"],
        /// Area seen along the middle side, in m² (version 2).
        area_along_oeb_int_m2: Option<f64> = "AREA_ALONG_OEB_INT" ["m**2"],
        /// Area seen along the shortest side, in m² (version 2).
        area_along_oeb_min_m2: Option<f64> = "AREA_ALONG_OEB_MIN" ["m**2"],
        /// Radar cross-section, in m² (version 2).
        rcs_m2: Option<f64> = "RCS" ["m**2"],
        /// Its minimum, in m² (version 2).
        rcs_min_m2: Option<f64> = "RCS_MIN" ["m**2"],
        /// Its maximum, in m² (version 2).
        rcs_max_m2: Option<f64> = "RCS_MAX" ["m**2"],
        /// Absolute visual magnitude (version 2).
        vm_absolute: Option<f64> = "VM_ABSOLUTE",
        /// Smallest apparent visual magnitude (version 2).
        vm_apparent_min: Option<f64> = "VM_APPARENT_MIN",
        /// Apparent visual magnitude (version 2).
        vm_apparent: Option<f64> = "VM_APPARENT",
        /// Largest apparent visual magnitude (version 2).
        vm_apparent_max: Option<f64> = "VM_APPARENT_MAX",
        /// Reflectance, 0 to 1 (version 2).
        reflectance: Option<f64> = "REFLECTANCE",
        /// Mass, in kg.
        mass_kg: Option<f64> = "MASS" ["kg"],
        /// Hard-body radius, in m (version 2).
        hbr_m: Option<f64> = "HBR" ["m"],
        /// Drag coefficient times area over mass, in m²/kg.
        cd_area_over_mass_m2_kg: Option<f64> = "CD_AREA_OVER_MASS" ["m**2/kg"],
        /// Radiation pressure coefficient times area over mass, in m²/kg.
        cr_area_over_mass_m2_kg: Option<f64> = "CR_AREA_OVER_MASS" ["m**2/kg"],
        /// In-track acceleration by thrust, in m/s².
        thrust_acceleration_m_s2: Option<f64> = "THRUST_ACCELERATION" ["m/s**2"],
        /// Energy dissipation rate, in W/kg.
        sedr_w_kg: Option<f64> = "SEDR" ["W/kg"],
        /// Apoapsis altitude, in km (version 2).
        apoapsis_altitude_km: Option<f64> = "APOAPSIS_ALTITUDE" ["km"],
        /// Periapsis altitude, in km (version 2).
        periapsis_altitude_km: Option<f64> = "PERIAPSIS_ALTITUDE" ["km"],
        /// Inclination, in degrees (version 2).
        inclination_deg: Option<f64> = "INCLINATION" ["deg"],
        /// Confidence in the covariance (version 2).
        cov_confidence: Option<f64> = "COV_CONFIDENCE",
        /// Method of that confidence (version 2).
        cov_confidence_method: Option<String> = "COV_CONFIDENCE_METHOD",
    }
}

section! {
    /// State at the time of closest approach, in the frame that the metadata name.
    pub struct CdmState (CdmStateDraft) in "stateVector" {
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

/// One of the two objects of a CDM.
#[derive(Debug, Clone, PartialEq)]
pub struct CdmObject {
    /// Metadata.
    pub metadata: CdmMetadata,
    /// Orbit determination.
    pub od_parameters: Option<CdmOdParameters>,
    /// Size, shape and drag.
    pub additional_parameters: Option<CdmAdditionalParameters>,
    /// State at the time of closest approach.
    pub state: CdmState,
    /// Covariance in the object's RTN frame; mandatory unless the message has an alternate one.
    pub covariance: Option<RtnCovariance>,
    /// Covariance in an inertial or Earth-fixed frame (version 2).
    pub alternate_covariance: Option<XyzCovariance>,
    /// Eigenvalue form and quality of the covariance (version 2).
    pub covariance_metadata: Option<CovarianceMetadata>,
    /// User-defined parameters (version 2), and JSON members beyond the standard.
    pub user_defined: Vec<UserDefined>,
}

/// A conjunction data message.
#[derive(Debug, Clone, PartialEq)]
pub struct Cdm {
    /// Version of the standard (`CCSDS_CDM_VERS`).
    pub version: String,
    /// Header.
    pub header: CdmHeader,
    /// The encounter.
    pub relative: CdmRelative,
    /// JSON members of the message beyond the standard. KVN and XML have no place for them in version 1; they are
    /// written as user-defined parameters before the first object.
    pub user_defined: Vec<UserDefined>,
    /// Object 1.
    pub object1: CdmObject,
    /// Object 2.
    pub object2: CdmObject,
}

impl CdmState {
    /// Position in the frame that the metadata name, in km.
    #[must_use]
    pub const fn position_km(&self) -> [f64; 3] {
        [self.x_km, self.y_km, self.z_km]
    }

    /// Velocity in the frame that the metadata name, in km/s.
    #[must_use]
    pub const fn velocity_km_s(&self) -> [f64; 3] {
        [self.x_dot_km_s, self.y_dot_km_s, self.z_dot_km_s]
    }
}

impl CdmObject {
    /// Hard-body radius of this object alone, in m: its field `HBR`, or Space-Track's comment
    /// `Operator Hard Body Radius`. An exclusion volume is not a size and is not taken for one.
    #[must_use]
    pub fn hard_body_radius_m(&self) -> Option<f64> {
        let field = self.additional_parameters.as_ref().and_then(|parameters| parameters.hbr_m);
        field.or_else(|| {
            self.comments().find_map(|comment| commented_number(comment, "Operator Hard Body Radius"))
        })
    }

    fn comments(&self) -> impl Iterator<Item = &String> {
        let od = self.od_parameters.iter().flat_map(|block| &block.comments);
        let additional = self.additional_parameters.iter().flat_map(|block| &block.comments);
        let covariance = self.covariance.iter().flat_map(|block| &block.comments);
        self.metadata
            .comments
            .iter()
            .chain(od)
            .chain(additional)
            .chain(&self.state.comments)
            .chain(covariance)
    }

    fn emit(&self, out: &mut impl Emit) -> Result<(), WriteError> {
        out.open("segment");
        self.metadata.emit(out)?;
        out.open("data");
        if let Some(block) = &self.od_parameters {
            block.emit(out)?;
        }
        if let Some(block) = &self.additional_parameters {
            block.emit(out)?;
        }
        self.state.emit(out)?;
        if let Some(block) = &self.covariance {
            block.emit(out)?;
        }
        out.mark(ALTERNATE);
        if let Some(block) = &self.alternate_covariance {
            block.emit(out)?;
        }
        out.mark(QUALITY);
        if let Some(block) = &self.covariance_metadata {
            block.emit(out)?;
        }
        out.mark("");
        emit_user_defined(&self.user_defined, out)?;
        out.close("data");
        out.close("segment");
        Ok(())
    }
}

/// Marks of the blocks that share the element of the covariance, as JSON prefixes them.
pub(crate) const ALTERNATE: &str = "ALT_";
pub(crate) const QUALITY: &str = "QUALITY_";

/// Number after a name in a comment such as `HBR = 15.0` or `Operator Hard Body Radius = 10.0 [m]`.
fn commented_number(comment: &str, name: &str) -> Option<f64> {
    let (key, value) = comment.split_once(['=', ':'])?;
    let number = value.split(['[', ' ']).find(|part| !part.is_empty())?;
    let number = number.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.filter(|_| key.trim().eq_ignore_ascii_case(name))
}

impl Cdm {
    /// Time of closest approach (UTC).
    ///
    /// # Errors
    /// [`Fault::NotATime`] if the reading is not a UTC time.
    pub fn tca_utc(&self) -> Result<Epoch, Fault> {
        self.relative.tca.to_epoch(&TimeSystem::utc())
    }

    /// Combined hard-body radius of both objects, in m, where the message says it: the comment `HBR = r`, as
    /// published test cases write it, or the sum of the radii of both objects.
    #[must_use]
    pub fn combined_hard_body_radius_m(&self) -> Option<f64> {
        let objects = self.object1.comments().chain(self.object2.comments());
        let mut comments = self.header.comments.iter().chain(&self.relative.comments).chain(objects);
        let commented = comments.find_map(|comment| commented_number(comment, "HBR"));
        commented.or_else(|| Some(self.object1.hard_body_radius_m()? + self.object2.hard_body_radius_m()?))
    }

    /// Emits header and body.
    pub(crate) fn emit(&self, out: &mut impl Emit) -> Result<(), WriteError> {
        self.header.emit(out)?;
        out.open("body");
        self.relative.emit(out)?;
        emit_user_defined(&self.user_defined, out)?;
        self.object1.emit(out)?;
        self.object2.emit(out)?;
        out.close("body");
        Ok(())
    }
}
