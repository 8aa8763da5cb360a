//! Orbit mean-elements messages (CCSDS 502.0-B-3, section 4).

use astroshield_astro::elements::MeanElements;

use crate::assemble::{Assemble, Message, unknown_keyword};
use crate::catalog_number::CatalogNumber;
use crate::covariance::{CartesianCovariance, CartesianCovarianceDraft};
use crate::error::{ConversionError, Fault, Located, Location, WriteError};
use crate::field::{
    Emit, Field, Section as _, SectionDraft as _, USER_DEFINED, UserDefined, push_user_defined, section,
};
use crate::header::{Header, HeaderDraft};
use crate::spacecraft::{SpacecraftParameters, SpacecraftParametersDraft};
use crate::timestamp::{TimeSystem, Timestamp};
use crate::tle::{Tle, check_domain, not_sgp4};

section! {
    /// Metadata of an OMM.
    pub struct OmmMetadata (OmmMetadataDraft) in "metadata" {
        /// Name of the object; `None` where the message says `UNKNOWN` or nothing.
        object_name: Option<String> = "OBJECT_NAME",
        /// International designator, as `1998-067A`; `None` where the message says `UNKNOWN` or nothing.
        object_id: Option<String> = "OBJECT_ID",
        /// Central body.
        center_name: String = "CENTER_NAME",
        /// Reference frame of the elements.
        ref_frame: String = "REF_FRAME",
        /// Epoch of the reference frame, if it has one.
        ref_frame_epoch: Option<Timestamp> = "REF_FRAME_EPOCH",
        /// Time system of every time in the message but the creation date, which is UTC.
        time_system: TimeSystem = "TIME_SYSTEM",
        /// Theory of the mean elements.
        mean_element_theory: String = "MEAN_ELEMENT_THEORY",
    }
}

section! {
    /// Mean Keplerian elements.
    pub struct OmmMeanElements (OmmMeanElementsDraft) in "meanElements" {
        /// Epoch, in the time system of the message.
        epoch: Timestamp = "EPOCH",
        /// Semi-major axis, in km; an OMM has this or the mean motion.
        semi_major_axis_km: Option<f64> = "SEMI_MAJOR_AXIS" ["km"],
        /// Mean motion, in revolutions per day.
        mean_motion_rev_day: Option<f64> = "MEAN_MOTION" ["rev/day"],
        /// Eccentricity.
        eccentricity: f64 = "ECCENTRICITY",
        /// Inclination, in degrees.
        inclination_deg: f64 = "INCLINATION" ["deg"],
        /// Right ascension of the ascending node, in degrees.
        raan_deg: f64 = "RA_OF_ASC_NODE" ["deg"],
        /// Argument of pericenter, in degrees.
        argument_of_pericenter_deg: f64 = "ARG_OF_PERICENTER" ["deg"],
        /// Mean anomaly, in degrees.
        mean_anomaly_deg: f64 = "MEAN_ANOMALY" ["deg"],
        /// Gravitational parameter, in km³/s².
        gm_km3_s2: Option<f64> = "GM" ["km**3/s**2"],
    }
}

section! {
    /// Parameters of the SGP theories.
    pub struct TleParameters (TleParametersDraft) in "tleParameters" {
        /// Ephemeris type: 0 (or 2) for SGP4, 4 for SGP4-XP.
        ephemeris_type: Option<u32> = "EPHEMERIS_TYPE",
        /// Classification: `U`, `C` or `S`.
        classification_type: Option<String> = "CLASSIFICATION_TYPE",
        /// Catalog number.
        norad_cat_id: Option<CatalogNumber> = "NORAD_CAT_ID",
        /// Number of the element set.
        element_set_no: Option<u32> = "ELEMENT_SET_NO",
        /// Revolution number at epoch.
        rev_at_epoch: Option<u32> = "REV_AT_EPOCH",
        /// SGP4 drag term B*, in inverse Earth radii.
        bstar_inv_earth_radii: Option<f64> = "BSTAR" ["1/ER"],
        /// SGP4-XP ballistic coefficient, in m²/kg.
        bterm_m2_kg: Option<f64> = "BTERM" ["m**2/kg"],
        /// First derivative of the mean motion, in rev/day², as published (half of it, as in a TLE).
        mean_motion_dot_rev_day2: Option<f64> = "MEAN_MOTION_DOT" ["rev/day**2"],
        /// Second derivative of the mean motion, in rev/day³, as published (a sixth of it, as in a TLE).
        mean_motion_ddot_rev_day3: Option<f64> = "MEAN_MOTION_DDOT" ["rev/day**3"],
        /// SGP4-XP solar radiation pressure coefficient, in m²/kg.
        agom_m2_kg: Option<f64> = "AGOM" ["m**2/kg"],
    }
}

/// An orbit mean-elements message.
///
/// CelesTrak's CSV and JSON leave out what is the same for every record; it is filled in as CelesTrak documents it
/// (center `EARTH`, frame `TEME`, time system `UTC`, theory `SGP4`).
#[derive(Debug, Clone, PartialEq)]
pub struct Omm {
    /// Version of the standard (`CCSDS_OMM_VERS`), where the message states it.
    pub version: Option<String>,
    /// Header.
    pub header: Header,
    /// Metadata.
    pub metadata: OmmMetadata,
    /// Mean elements.
    pub mean_elements: OmmMeanElements,
    /// Spacecraft parameters.
    pub spacecraft: Option<SpacecraftParameters>,
    /// TLE parameters.
    pub tle_parameters: Option<TleParameters>,
    /// Covariance of position and velocity.
    pub covariance: Option<CartesianCovariance>,
    /// User-defined parameters, and columns of JSON and CSV beyond the standard.
    pub user_defined: Vec<UserDefined>,
}

/// Text for a name or designator that is not known.
const UNKNOWN: &str = "UNKNOWN";

/// An OMM that is being read.
#[derive(Debug, Default)]
pub(crate) struct OmmDraft {
    pub(crate) version: Option<String>,
    pub(crate) header: HeaderDraft,
    metadata: OmmMetadataDraft,
    mean_elements: OmmMeanElementsDraft,
    spacecraft: SpacecraftParametersDraft,
    tle_parameters: TleParametersDraft,
    covariance: CartesianCovarianceDraft,
    user_defined: Vec<UserDefined>,
    location: Location,
    /// Comments whose block is not known before the next field.
    pending: Vec<String>,
}

impl Assemble for OmmDraft {
    fn field(&mut self, field: &Field<'_>, _: Location) -> Result<(), Fault> {
        unknown_keyword(self.offer(field)?)
    }

    fn comment(&mut self, text: String) {
        self.pending.push(text);
    }

    fn finish(self: Box<Self>) -> Result<Message, Located> {
        let location = self.location;
        let omm = self.into_omm().map_err(|key| Fault::Missing.at(location, key))?;
        Ok(Message::Omm(Box::new(omm)))
    }
}

impl OmmDraft {
    pub(crate) fn new(version: &str, location: Location) -> Self {
        let version = Some(version.to_owned()).filter(|version| !version.is_empty());
        Self { version, location, ..Self::default() }
    }

    /// Takes a field of the standard; `false` if there is none of this name.
    pub(crate) fn offer(&mut self, field: &Field<'_>) -> Result<bool, Fault> {
        let pending = &mut self.pending;
        if let Some(name) = field.key.strip_prefix(USER_DEFINED) {
            return self.offer_user_defined(name, field.value).map(|()| true);
        }
        Ok(self.mean_elements.offer(field, pending)?
            || self.tle_parameters.offer(field, pending)?
            || self.metadata.offer(field, pending)?
            || self.header.offer(field, pending)?
            || self.covariance.offer(field, pending)?
            || self.spacecraft.offer(field, pending)?)
    }

    pub(crate) fn offer_user_defined(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        push_user_defined(&mut self.user_defined, name, value)
    }

    /// Brings user-defined parameters into the order of their names.
    pub(crate) fn sort_user_defined(&mut self) {
        self.user_defined.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Comments of a block by the name that a column gives it; the header's for any other.
    pub(crate) fn comments_of(&mut self, block: &str) -> &mut Vec<String> {
        match block {
            "METADATA" => &mut self.metadata.comments,
            "MEANELEMENTS" => &mut self.mean_elements.comments,
            "SPACECRAFTPARAMETERS" => &mut self.spacecraft.comments,
            "TLEPARAMETERS" => &mut self.tle_parameters.comments,
            "COVARIANCEMATRIX" => &mut self.covariance.comments,
            _ => &mut self.header.comments,
        }
    }

    /// Fills in what CelesTrak leaves out of CSV and JSON.
    pub(crate) fn assume_celestrak(&mut self) {
        let metadata = &mut self.metadata;
        metadata.center_name.get_or_insert_with(|| "EARTH".to_owned());
        metadata.ref_frame.get_or_insert_with(|| "TEME".to_owned());
        metadata.time_system.get_or_insert_with(TimeSystem::utc);
        metadata.mean_element_theory.get_or_insert_with(|| "SGP4".to_owned());
    }

    /// The message, or the keyword of the first mandatory field that is missing.
    pub(crate) fn into_omm(mut self) -> Result<Omm, &'static str> {
        // Comments after the last field belong to the last block; they are kept with the header.
        self.header.comments.append(&mut self.pending);
        self.header.comments.extend(self.spacecraft.orphans());
        self.header.comments.extend(self.tle_parameters.orphans());
        self.header.comments.extend(self.covariance.orphans());
        for designation in [&mut self.metadata.object_name, &mut self.metadata.object_id] {
            *designation = designation.take().filter(|text| text != UNKNOWN);
        }
        let omm = Omm {
            version: self.version,
            header: self.header.finish()?,
            metadata: self.metadata.finish()?,
            mean_elements: self.mean_elements.finish()?,
            spacecraft: self.spacecraft.finish_optional()?,
            tle_parameters: self.tle_parameters.finish_optional()?,
            covariance: self.covariance.finish_optional()?,
            user_defined: self.user_defined,
        };
        if omm.mean_elements.mean_motion_rev_day.is_none() && omm.mean_elements.semi_major_axis_km.is_none() {
            return Err("MEAN_MOTION");
        }
        Ok(omm)
    }
}

impl Omm {
    /// Emits metadata and data; unknown designations as the standard wants them if `spell_unknown`.
    pub(crate) fn emit(&self, spell_unknown: bool, out: &mut impl Emit) -> Result<(), WriteError> {
        let mut metadata = self.metadata.clone();
        if spell_unknown {
            metadata.object_name.get_or_insert_with(|| UNKNOWN.to_owned());
            metadata.object_id.get_or_insert_with(|| UNKNOWN.to_owned());
        }
        metadata.emit(out)?;
        out.open("data");
        self.mean_elements.emit(out)?;
        if let Some(spacecraft) = &self.spacecraft {
            spacecraft.emit(out)?;
        }
        if let Some(parameters) = &self.tle_parameters {
            parameters.emit(out)?;
        }
        if let Some(covariance) = &self.covariance {
            covariance.emit(out)?;
        }
        emit_user_defined(&self.user_defined, out)?;
        out.close("data");
        Ok(())
    }

    /// Catalog number, where the message has one.
    #[must_use]
    pub fn catalog_number(&self) -> Option<CatalogNumber> {
        self.tle_parameters.as_ref().and_then(|parameters| parameters.norad_cat_id)
    }

    /// Columns that CSV and JSON of this message need beyond the standard.
    pub(crate) fn is_standard_sgp4(&self) -> bool {
        let metadata = &self.metadata;
        metadata.center_name == "EARTH"
            && metadata.ref_frame == "TEME"
            && metadata.time_system.name() == "UTC"
            && metadata.mean_element_theory == "SGP4"
    }
}

/// Emits the block of user-defined parameters.
pub(crate) fn emit_user_defined(parameters: &[UserDefined], out: &mut impl Emit) -> Result<(), WriteError> {
    if !parameters.is_empty() {
        out.open("userDefinedParameters");
        for UserDefined { name, value } in parameters {
            out.field(&format!("{USER_DEFINED}{name}"), value, None, false)?;
        }
        out.close("userDefinedParameters");
    }
    Ok(())
}

impl TryFrom<&Omm> for MeanElements {
    type Error = ConversionError;

    /// The elements that SGP4 needs; the error names the field.
    ///
    /// Elements of another theory (SGP4-XP among them), frame or center are refused: they look alike and are not.
    fn try_from(omm: &Omm) -> Result<Self, Self::Error> {
        let Omm { metadata, mean_elements, .. } = omm;
        let theory = metadata.mean_element_theory.trim();
        if !["SGP4", "SGP/SGP4", "SGP4/SDP4", "SDP4"].iter().any(|name| name.eq_ignore_ascii_case(theory)) {
            return Err(ConversionError::new("MEAN_ELEMENT_THEORY", Fault::NotSgp4(theory.to_owned())));
        }
        if !metadata.ref_frame.eq_ignore_ascii_case("TEME") {
            let found = metadata.ref_frame.clone();
            return Err(ConversionError::new("REF_FRAME", Fault::NotOneOf { expected: "TEME", found }));
        }
        if !metadata.center_name.eq_ignore_ascii_case("EARTH") {
            let found = metadata.center_name.clone();
            return Err(ConversionError::new("CENTER_NAME", Fault::NotOneOf { expected: "EARTH", found }));
        }
        let parameters = omm.tle_parameters.as_ref();
        let ephemeris_type = parameters.and_then(|parameters| parameters.ephemeris_type).unwrap_or(0);
        if !matches!(ephemeris_type, 0 | 2) {
            return Err(ConversionError::new("EPHEMERIS_TYPE", not_sgp4(ephemeris_type)));
        }
        let bstar = parameters.and_then(|parameters| parameters.bstar_inv_earth_radii);
        check_domain(Self {
            epoch: mean_elements
                .epoch
                .to_epoch(&metadata.time_system)
                .map_err(|fault| ConversionError::new("EPOCH", fault))?,
            mean_motion_rev_day: mean_elements
                .mean_motion_rev_day
                .ok_or(ConversionError::new("MEAN_MOTION", Fault::Missing))?,
            eccentricity: mean_elements.eccentricity,
            inclination_deg: mean_elements.inclination_deg,
            raan_deg: mean_elements.raan_deg,
            argument_of_perigee_deg: mean_elements.argument_of_pericenter_deg,
            mean_anomaly_deg: mean_elements.mean_anomaly_deg,
            bstar_inv_earth_radii: bstar.ok_or(ConversionError::new("BSTAR", Fault::Missing))?,
        })
    }
}

/// `98067A` as `1998-067A`; other forms stay as they are.
pub(crate) fn long_designator(short: &str) -> String {
    match short.split_at_checked(2) {
        Some((year, rest)) if short.len() >= 6 && short.bytes().take(5).all(|byte| byte.is_ascii_digit()) => {
            let century = if year < "57" { "20" } else { "19" };
            format!("{century}{year}-{rest}")
        }
        _ => short.to_owned(),
    }
}

/// `1998-067A` as `98067A`; other forms stay as they are.
pub(crate) fn short_designator(long: &str) -> String {
    match long.split_once('-') {
        Some((year, rest))
            if year.len() == 4 && long_designator(&format!("{}{rest}", &year[2..])) == long =>
        {
            format!("{}{rest}", &year[2..])
        }
        _ => long.to_owned(),
    }
}

impl From<&Tle> for Omm {
    fn from(tle: &Tle) -> Self {
        let designator = long_designator(&tle.international_designator);
        Self {
            version: None,
            header: Header::default(),
            metadata: OmmMetadata {
                comments: Vec::new(),
                object_name: tle.name.clone(),
                object_id: (!designator.is_empty()).then_some(designator),
                center_name: "EARTH".to_owned(),
                ref_frame: "TEME".to_owned(),
                ref_frame_epoch: None,
                time_system: TimeSystem::utc(),
                mean_element_theory: if tle.ephemeris_type == 4 { "SGP4-XP" } else { "SGP4" }.to_owned(),
            },
            mean_elements: OmmMeanElements {
                comments: Vec::new(),
                epoch: tle.epoch,
                semi_major_axis_km: None,
                mean_motion_rev_day: Some(tle.mean_motion_rev_day),
                eccentricity: tle.eccentricity,
                inclination_deg: tle.inclination_deg,
                raan_deg: tle.raan_deg,
                argument_of_pericenter_deg: tle.argument_of_perigee_deg,
                mean_anomaly_deg: tle.mean_anomaly_deg,
                gm_km3_s2: None,
            },
            spacecraft: None,
            tle_parameters: Some(TleParameters {
                comments: Vec::new(),
                ephemeris_type: Some(tle.ephemeris_type),
                classification_type: Some(tle.classification.to_string()),
                norad_cat_id: Some(tle.catalog_number),
                element_set_no: Some(tle.element_set_number),
                rev_at_epoch: Some(tle.revolution_at_epoch),
                bstar_inv_earth_radii: Some(tle.bstar_inv_earth_radii),
                bterm_m2_kg: None,
                mean_motion_dot_rev_day2: Some(tle.mean_motion_dot_rev_day2),
                mean_motion_ddot_rev_day3: Some(tle.mean_motion_ddot_rev_day3),
                agom_m2_kg: None,
            }),
            covariance: None,
            user_defined: Vec::new(),
        }
    }
}

impl TryFrom<&Omm> for Tle {
    type Error = ConversionError;

    /// A TLE of the same elements. A TLE has fewer digits than an OMM may have: writing it rounds to them.
    ///
    /// Only SGP4 elements have a TLE; the error names the field that stands in the way.
    fn try_from(omm: &Omm) -> Result<Self, Self::Error> {
        let elements = MeanElements::try_from(omm)?;
        let parameters =
            omm.tle_parameters.as_ref().ok_or(ConversionError::new("NORAD_CAT_ID", Fault::Missing))?;
        let classification = parameters.classification_type.as_deref().unwrap_or("U");
        let epoch = Timestamp::from_epoch(elements.epoch, hifitime::TimeScale::UTC);
        Ok(Self {
            name: omm.metadata.object_name.clone(),
            catalog_number: parameters
                .norad_cat_id
                .ok_or(ConversionError::new("NORAD_CAT_ID", Fault::Missing))?,
            classification: classification.chars().next().unwrap_or('U'),
            international_designator: omm
                .metadata
                .object_id
                .as_deref()
                .map(short_designator)
                .unwrap_or_default(),
            epoch: epoch.ok_or_else(|| {
                ConversionError::new("EPOCH", Fault::NotATime(omm.mean_elements.epoch.to_string()))
            })?,
            mean_motion_dot_rev_day2: parameters.mean_motion_dot_rev_day2.unwrap_or(0.0),
            mean_motion_ddot_rev_day3: parameters.mean_motion_ddot_rev_day3.unwrap_or(0.0),
            bstar_inv_earth_radii: elements.bstar_inv_earth_radii,
            ephemeris_type: parameters.ephemeris_type.unwrap_or(0),
            element_set_number: parameters.element_set_no.unwrap_or(0),
            inclination_deg: elements.inclination_deg,
            raan_deg: elements.raan_deg,
            eccentricity: elements.eccentricity,
            argument_of_perigee_deg: elements.argument_of_perigee_deg,
            mean_anomaly_deg: elements.mean_anomaly_deg,
            mean_motion_rev_day: elements.mean_motion_rev_day,
            revolution_at_epoch: parameters.rev_at_epoch.unwrap_or(0),
        })
    }
}
