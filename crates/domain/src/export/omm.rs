//! An element set as an orbit mean-elements message (CCSDS 502.0-B-3).

use astroshield_formats::{
    Header, Notation, Omm, OmmMeanElements, OmmMetadata, TimeSystem, Timestamp as Reading, TleParameters,
};
use hifitime::TimeScale;

use super::ExportError;
use crate::catalog::ElementSet;

/// An element set as an OMM.
///
/// # Errors
/// When its epoch is outside the years that messages can write.
pub fn omm(set: &ElementSet) -> Result<Omm, ExportError> {
    let elements = &set.elements;
    let epoch = Reading::from_epoch(elements.epoch, TimeScale::UTC);
    Ok(Omm {
        version: None,
        header: Header::default(),
        metadata: OmmMetadata {
            comments: Vec::new(),
            object_name: set.name.clone(),
            object_id: set.international_designator.clone(),
            center_name: "EARTH".to_owned(),
            ref_frame: "TEME".to_owned(),
            ref_frame_epoch: None,
            time_system: TimeSystem::utc(),
            mean_element_theory: "SGP4".to_owned(),
        },
        mean_elements: OmmMeanElements {
            comments: Vec::new(),
            epoch: epoch.ok_or(ExportError::Time { time: set.arrived })?,
            semi_major_axis_km: None,
            mean_motion_rev_day: Some(elements.mean_motion_rev_day),
            eccentricity: elements.eccentricity,
            inclination_deg: elements.inclination_deg,
            raan_deg: elements.raan_deg,
            argument_of_pericenter_deg: elements.argument_of_perigee_deg,
            mean_anomaly_deg: elements.mean_anomaly_deg,
            gm_km3_s2: None,
        },
        spacecraft: None,
        tle_parameters: Some(TleParameters {
            comments: Vec::new(),
            ephemeris_type: Some(0),
            classification_type: set.classification.map(String::from),
            norad_cat_id: Some(set.object),
            element_set_no: set.element_set_number,
            rev_at_epoch: set.revolution_at_epoch,
            bstar_inv_earth_radii: Some(elements.bstar_inv_earth_radii),
            bterm_m2_kg: None,
            mean_motion_dot_rev_day2: Some(set.mean_motion_dot),
            mean_motion_ddot_rev_day3: Some(set.mean_motion_ddot),
            agom_m2_kg: None,
        }),
        covariance: None,
        user_defined: Vec::new(),
    })
}

/// An element set as an OMM that a notation can hold. In keyword = value, no value has blanks at its ends: they are left out,
/// and a comment has the value as it is.
///
/// # Errors
/// As [`omm`].
pub fn omm_in(set: &ElementSet, notation: Notation) -> Result<Omm, ExportError> {
    let mut omm = omm(set)?;
    if notation == Notation::Kvn {
        let OmmMetadata { comments, object_name, object_id, .. } = &mut omm.metadata;
        without_blanks("OBJECT_NAME", object_name, comments);
        without_blanks("OBJECT_ID", object_id, comments);
        if let Some(parameters) = &mut omm.tle_parameters {
            let TleParameters { comments, classification_type, .. } = parameters;
            without_blanks("CLASSIFICATION_TYPE", classification_type, comments);
        }
    }
    Ok(omm)
}

fn without_blanks(key: &str, value: &mut Option<String>, comments: &mut Vec<String>) {
    let Some(whole) = value.take() else { return };
    let trimmed = whole.trim();
    if trimmed.len() < whole.len() {
        comments.push(format!("{key} has blanks at its ends: {whole:?}"));
    }
    *value = Some(trimmed.to_owned()).filter(|trimmed| !trimmed.is_empty());
}

#[cfg(test)]
mod tests {
    use astroshield_formats::{ElementSetRecord, Message, Strictness, read_catalog};

    use super::super::samples::{TLE, set, write};
    use super::*;

    #[test]
    fn an_element_set_goes_out_as_it_came_in() {
        let message = Message::Omm(Box::new(omm(&set()).unwrap()));
        for notation in [Notation::Kvn, Notation::Xml, Notation::Json, Notation::Csv] {
            let text = write(message.clone(), notation);
            let read = read_catalog(text.as_bytes(), "test", Strictness::Strict).unwrap().objects.remove(0);
            assert_eq!((read.elements, read.catalog_number), (set().elements, set().object), "{notation}");
        }
        assert!(TLE.contains(write(message.clone(), Notation::Tle).lines().last().unwrap()));
        let Message::Omm(omm) = message else { panic!("an OMM") };
        assert!(ElementSetRecord::try_from(*omm).is_ok());
    }

    #[test]
    fn keyword_value_notation_has_a_name_without_its_outer_blanks_and_says_so() {
        for (name, written) in [(" ISS\u{a0}", Some("ISS")), ("ISS", Some("ISS")), ("\t ", None)] {
            let set = ElementSet {
                name: Some(name.to_owned()),
                international_designator: Some("1998-067A ".to_owned()),
                classification: Some(' '),
                ..set()
            };
            let text = write(Message::Omm(Box::new(omm_in(&set, Notation::Kvn).unwrap())), Notation::Kvn);
            let read = read_catalog(text.as_bytes(), "test", Strictness::Strict).unwrap().objects.remove(0);
            assert_eq!(read.name.as_deref(), written, "{text}");
            assert_eq!(read.international_designator.as_deref(), Some("1998-067A"));
            assert_eq!(
                text.contains(&format!("OBJECT_NAME has blanks at its ends: {name:?}")),
                name != "ISS"
            );
            let as_it_is = omm_in(&set, Notation::Json).unwrap();
            assert_eq!(as_it_is.metadata.object_name.as_deref(), Some(name));
        }
    }
}
