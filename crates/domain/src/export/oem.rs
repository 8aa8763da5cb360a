//! States of an object as an orbit ephemeris message (CCSDS 502.0-B-3).

use astroshield_formats::{CatalogNumber, Header, Oem, OemMetadata, OemSegment, OemState, TimeSystem};

use super::{EphemerisRequest, ExportError, Exporter, ObjectStates, ReferenceFrame, StatesSource, reading};
use crate::ids::TenantId;
use crate::{daily, time};

impl Exporter {
    /// The states of an object, as an OEM.
    ///
    /// # Errors
    /// As [`Exporter::states`].
    pub async fn oem(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        request: EphemerisRequest,
    ) -> Result<Oem, ExportError> {
        oem(&self.states(tenant, object, request).await?)
    }
}

/// States as an OEM.
///
/// # Errors
/// When there are no states, or a time is outside the years that messages can write.
pub fn oem(object: &ObjectStates) -> Result<Oem, ExportError> {
    let ObjectStates { source, frame, states, .. } = object;
    let (Some(first), Some(last)) = (states.first(), states.last()) else {
        return Err(ExportError::States { states: 0 });
    };
    let unknown = || "UNKNOWN".to_owned();
    let rows = states.iter().map(|state| {
        Ok(OemState {
            epoch: reading(state.time)?,
            position_km: state.position_km,
            velocity_km_s: state.velocity_km_s,
            acceleration_km_s2: None,
        })
    });
    let mut comments = vec![match source {
        StatesSource::ElementSet(set) => {
            let epoch = time::from_epoch(set.elements.epoch).unwrap_or(set.arrived);
            format!("SGP4 from the element set of {} UTC, catalog number {}", reading(epoch)?, object.object)
        }
        StatesSource::Ephemeris(ephemeris) => format!(
            "Interpolated from the operator's ephemeris that arrived {} UTC, catalog number {}",
            reading(ephemeris.arrived)?,
            object.object
        ),
    }];
    if *frame == ReferenceFrame::Itrf {
        let used = object.orientation.as_ref();
        comments.push(used.map_or_else(|| daily::NOT_KNOWN.to_owned(), ToString::to_string));
    }
    Ok(Oem {
        version: "3.0".to_owned(),
        header: Header::default(),
        segments: vec![OemSegment {
            metadata: OemMetadata {
                comments,
                object_name: object.name.clone().unwrap_or_else(unknown),
                object_id: object.international_designator.clone().unwrap_or_else(unknown),
                center_name: "EARTH".to_owned(),
                ref_frame: frame.name().to_owned(),
                ref_frame_epoch: None,
                time_system: TimeSystem::utc(),
                start_time: reading(first.time)?,
                useable_start_time: None,
                useable_stop_time: None,
                stop_time: reading(last.time)?,
                interpolation: None,
                interpolation_degree: None,
            },
            comments: Vec::new(),
            states: rows.collect::<Result<Vec<_>, ExportError>>()?,
            covariances: Vec::new(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use astroshield_astro::sgp4::Propagator;
    use astroshield_formats::{Message, Notation, Strictness, read_messages};
    use jiff::{SignedDuration, Timestamp};
    use nalgebra::Vector3;

    use super::super::samples::{set, write};
    use super::super::state;
    use super::super::states::{MotionData, by_element_set, states};
    use super::*;
    use crate::catalog::ElementSet;

    #[test]
    fn an_ephemeris_has_the_states_that_were_asked_for_in_the_frame_that_it_names() {
        let start: Timestamp = "2008-09-20T12:00:00Z".parse().unwrap();
        let request = |frame| EphemerisRequest {
            data: MotionData::Best,
            frame,
            start,
            stop: start + SignedDuration::from_mins(10),
            step: Duration::from_secs(60),
        };
        let propagator = Propagator::new(&set().elements).unwrap();
        let motion = |time| by_element_set(&propagator, time);
        let teme = states(motion, request(ReferenceFrame::Teme), None).unwrap();
        assert_eq!(teme.len(), 11);
        for frame in [ReferenceFrame::Itrf, ReferenceFrame::Gcrf, ReferenceFrame::Eme2000] {
            let states = states(motion, request(frame), None).unwrap();
            let ElementSet { object, name, international_designator, .. } = set();
            let source = StatesSource::ElementSet(Box::new(set()));
            let object = ObjectStates {
                object,
                name,
                international_designator,
                source,
                frame,
                orientation: None,
                states,
            };
            let text = write(Message::Oem(Box::new(oem(&object).unwrap())), Notation::Kvn);
            let document = read_messages(text.as_bytes(), "test", Strictness::Strict).unwrap();
            let [Message::Oem(read)] = &document.messages[..] else { panic!("one OEM") };
            assert_eq!(read.segments[0].metadata.ref_frame, frame.name());
            let motion = crate::trajectory::of_oem(read, None).unwrap();
            let back = state(&motion, start + SignedDuration::from_mins(5)).unwrap();
            let error_km = (back.position_km - Vector3::from(teme[5].position_km)).norm();
            assert!(error_km < 1e-6, "{}: {error_km} km", frame.name());
        }
    }
}
