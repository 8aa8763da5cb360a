//! Export: what the service knows, as messages that others read.

mod cdm;

use std::sync::Arc;
use std::time::Duration;

use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation};
use astroshield_astro::screening::{Instant, Trajectory, TrajectoryError};
use astroshield_astro::sgp4::{ElementError, PropagationError, Propagator};
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{
    CatalogNumber, Cdm, EarthOrientationKind, Header, Oem, OemMetadata, OemSegment, OemState, Omm,
    OmmMeanElements, OmmMetadata, TimeSystem, Timestamp as Reading, TleParameters,
};
use hifitime::TimeScale;
use jiff::{SignedDuration, Timestamp};
use nalgebra::Vector3;
use object_store::ObjectStore;

use self::cdm::Side;
use crate::blobs::BlobError;
use crate::catalog::{ElementSet, ElementSetPlace};
use crate::conjunction::{Conjunction, Participant};
use crate::daily::{self, OrientationOfWindow, OrientationUsed};
use crate::ids::{ConjunctionId, TenantId};
use crate::ports::{Clock, Store, StoreError};
use crate::screening::Run;
use crate::{population, time};

/// Most states of one ephemeris.
pub const LIMIT_STATES: u64 = 100_000;

/// Element sets among which the one of a run is looked for.
const HISTORY: u32 = 20;

/// What a current element set's epoch may be ahead of its arrival, as the store has it.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Why something could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is asked for is not there.
    #[error("no {kind} {id}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// The data of a conjunction's object is not there any more.
    #[error("the state of object {object} at closest approach is not known any more")]
    NoState {
        /// The object.
        object: CatalogNumber,
    },
    /// More states than are given at once, or none.
    #[error("{states} states; at least 1 and at most {LIMIT_STATES} are given: change window or step")]
    States {
        /// How many.
        states: u64,
    },
    /// SGP4 refuses the elements.
    #[error(transparent)]
    Elements(#[from] ElementError),
    /// SGP4 has no position.
    #[error("at {time}: {error}")]
    Propagation {
        /// When.
        time: Timestamp,
        /// Why.
        error: PropagationError,
    },
    /// An ephemeris has no position.
    #[error(transparent)]
    Trajectory(#[from] TrajectoryError),
    /// A time that messages cannot write.
    #[error("{time} is outside the years that messages can write")]
    Time {
        /// The time.
        time: Timestamp,
    },
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that is kept could not be read.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Frames that states are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReferenceFrame {
    /// True equator, mean equinox of date: SGP4's own.
    #[default]
    Teme,
    /// Fixed to the Earth. Where UT1 - UTC and polar motion are not known, they are neglected: off by up to 50 m in low orbit
    /// while UT1 - UTC is below 0.1 s.
    Itrf,
    /// Geocentric celestial.
    Gcrf,
    /// Mean equator and equinox of J2000.0.
    Eme2000,
}

impl ReferenceFrame {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Teme => "TEME",
            Self::Itrf => "ITRF",
            Self::Gcrf => "GCRF",
            Self::Eme2000 => "EME2000",
        }
    }
}

/// Which states to give of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EphemerisRequest {
    /// Frame.
    pub frame: ReferenceFrame,
    /// First time.
    pub start: Timestamp,
    /// Time not to go beyond.
    pub stop: Timestamp,
    /// From one state to the next.
    pub step: Duration,
}

/// A state in the frame that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateAt {
    /// When, UTC.
    pub time: Timestamp,
    /// Position, in km.
    pub position_km: [f64; 3],
    /// Velocity, in km/s.
    pub velocity_km_s: [f64; 3],
}

/// States of an object, and what they follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectStates {
    /// The element set.
    pub element_set: ElementSet,
    /// Frame.
    pub frame: ReferenceFrame,
    /// The orientation of the Earth, where the frame needs it and it is known for the whole window.
    pub orientation: Option<OrientationUsed>,
    /// The states.
    pub states: Vec<StateAt>,
}

/// Exports what the store holds.
pub struct Exporter {
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    /// Who makes the messages (`ORIGINATOR`).
    originator: String,
}

impl Exporter {
    /// An exporter over its parts; `originator` names us in the messages.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        originator: String,
    ) -> Self {
        Self { store, blobs, clock, originator }
    }

    /// A conjunction as a CDM, with both states at closest approach in GCRF. What is not known, the message says.
    ///
    /// # Errors
    /// When there is no such conjunction, or the data that it was found with is gone.
    pub async fn cdm(&self, tenant: &TenantId, id: ConjunctionId) -> Result<Cdm, ExportError> {
        let not_found = |kind, id: String| ExportError::NotFound { kind, id };
        let conjunction = self.store.conjunction(tenant, id).await?;
        let conjunction = conjunction.ok_or_else(|| not_found("conjunction", id.to_string()))?;
        let run = self.store.run(&conjunction.tenant, conjunction.run).await?;
        let run = run.ok_or_else(|| not_found("run", conjunction.run.to_string()))?;
        let [first, second] = &conjunction.objects;
        let sides =
            [self.side(&conjunction, &run, first).await?, self.side(&conjunction, &run, second).await?];
        cdm::of(&conjunction, &run, &sides, &self.originator, self.clock.now())
    }

    /// The current element set of an object.
    ///
    /// # Errors
    /// When there is none.
    pub async fn element_set(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
    ) -> Result<ElementSet, ExportError> {
        let history = self.store.element_history(tenant, object, None, HISTORY).await?.rows;
        let is_current = |set: &ElementSet| {
            time::from_epoch(set.elements.epoch).is_some_and(|epoch| epoch <= set.arrived + AHEAD)
        };
        let not_found = || ExportError::NotFound { kind: "element set of object", id: object.to_string() };
        history.into_iter().find(is_current).ok_or_else(not_found)
    }

    /// The states of an object by its current element set.
    ///
    /// # Errors
    /// When there is no element set, there are too many states, or SGP4 refuses.
    pub async fn states(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let element_set = self.element_set(tenant, object).await?;
        let orientation = self.orientation(request).await?;
        let used = orientation.as_ref().and_then(OrientationOfWindow::used);
        let elements = element_set.elements;
        let stopped = |_| ExportError::States { states: 0 };
        let working = tokio::task::spawn_blocking(move || {
            states(&Propagator::new(&elements)?, request, orientation.as_ref())
        });
        let states = working.await.map_err(stopped)??;
        Ok(ObjectStates { element_set, frame: request.frame, orientation: used, states })
    }

    /// The orientation of the Earth over a window, for the frame that needs it. It is known for the whole window or not used:
    /// an ephemeris must not jump where a table ends.
    async fn orientation(
        &self,
        EphemerisRequest { frame, start, stop, .. }: EphemerisRequest,
    ) -> Result<Option<OrientationOfWindow>, ExportError> {
        if frame != ReferenceFrame::Itrf || stop < start {
            return Ok(None);
        }
        let (from, to) = daily::days_of(start, stop);
        let range = self.store.earth_orientation(from, to).await?;
        Ok(OrientationOfWindow::of(range, start, stop))
    }

    /// The states of an object by its current element set, as an OEM.
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

    /// What a message says of one object of a conjunction: from the data that the run had.
    async fn side(
        &self,
        conjunction: &Conjunction,
        run: &Run,
        participant: &Participant,
    ) -> Result<Side, ExportError> {
        let (object, tca) = (participant.number, conjunction.solution.tca);
        let no_state = || ExportError::NoState { object };
        let Some(epoch) = participant.epoch else {
            let window = (run.window_start, run.window_stop);
            let ephemerides = self.store.ephemerides_as_of(&run.tenant, run.as_of, window).await?;
            let ephemeris = ephemerides.iter().find(|ephemeris| ephemeris.object == object.get());
            let read = population::kept(ephemeris.ok_or_else(no_state)?, &self.blobs).await?;
            let (subject, motion) = read.ok_or_else(no_state)?;
            return Ok(Side {
                international_designator: subject.international_designator,
                state: state(&motion, tca)?,
            });
        };
        let after = ElementSetPlace::before(epoch + SignedDuration::from_millis(1));
        let sets = self.store.element_history(&run.tenant, object, Some(&after), HISTORY).await?.rows;
        let of_run = sets.into_iter().filter(|set| {
            time::from_epoch(set.elements.epoch).map(time::to_microsecond)
                == Some(time::to_microsecond(epoch))
                && set.arrived <= run.as_of
                && set.grade == participant.grade
        });
        let set = of_run.max_by_key(|set| set.arrived).ok_or_else(no_state)?;
        let motion = Trajectory::of_element_set(Propagator::new(&set.elements)?);
        Ok(Side { international_designator: set.international_designator, state: state(&motion, tca)? })
    }
}

fn state(motion: &Trajectory, tca: Timestamp) -> Result<State<Teme>, ExportError> {
    let instant = Instant::from_epoch(time::to_epoch(tca)).ok_or(ExportError::Time { time: tca })?;
    Ok(motion.state(instant, 0.0)?)
}

fn states(
    propagator: &Propagator,
    request: EphemerisRequest,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Vec<StateAt>, ExportError> {
    let EphemerisRequest { frame, start, stop, step } = request;
    let span = Duration::try_from(stop.duration_since(start)).unwrap_or_default();
    let count = match step.as_nanos() {
        0 => 0,
        step => u64::try_from(span.as_nanos() / step + 1).unwrap_or(u64::MAX),
    };
    if stop < start || !(1..=LIMIT_STATES).contains(&count) {
        return Err(ExportError::States { states: if stop < start { 0 } else { count } });
    }
    let mut states = Vec::new();
    let mut next = start;
    for _ in 0..count {
        let epoch = time::to_epoch(next);
        let teme = propagator
            .propagate(propagator.minutes_since_epoch(epoch))
            .map_err(|error| ExportError::Propagation { time: next, error })?;
        let earth = orientation.and_then(|window| window.at(next)).unwrap_or(EarthOrientation::NEGLECTED);
        let (position_km, velocity_km_s) = in_frame(&teme, epoch, frame, &earth);
        states.push(StateAt {
            time: next,
            position_km: position_km.into(),
            velocity_km_s: velocity_km_s.into(),
        });
        next = next.saturating_add(step).unwrap_or(Timestamp::MAX);
    }
    Ok(states)
}

fn in_frame(
    teme: &State<Teme>,
    epoch: Epoch,
    frame: ReferenceFrame,
    orientation: &EarthOrientation,
) -> (Vector3<f64>, Vector3<f64>) {
    let attitude = || EarthAttitude::new(epoch, orientation);
    match frame {
        ReferenceFrame::Teme => (teme.position_km, teme.velocity_km_s),
        ReferenceFrame::Itrf => {
            let state = attitude().teme_to_itrf(teme);
            (state.position_km, state.velocity_km_s)
        }
        ReferenceFrame::Gcrf => {
            let state = attitude().teme_to_gcrf(teme);
            (state.position_km, state.velocity_km_s)
        }
        ReferenceFrame::Eme2000 => {
            let state = attitude().teme_to_eme2000(teme);
            (state.position_km, state.velocity_km_s)
        }
    }
}

/// A time as messages write it, in UTC.
fn reading(time: Timestamp) -> Result<Reading, ExportError> {
    Reading::from_epoch(time::to_epoch(time), TimeScale::UTC).ok_or(ExportError::Time { time })
}

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

/// States by an element set as an OEM.
///
/// # Errors
/// When there are no states, or a time is outside the years that messages can write.
pub fn oem(object: &ObjectStates) -> Result<Oem, ExportError> {
    let ObjectStates { element_set: set, frame, states, .. } = object;
    let (Some(first), Some(last)) = (states.first(), states.last()) else {
        return Err(ExportError::States { states: 0 });
    };
    let unknown = || "UNKNOWN".to_owned();
    let epoch = time::from_epoch(set.elements.epoch).unwrap_or(set.arrived);
    let rows = states.iter().map(|state| {
        Ok(OemState {
            epoch: reading(state.time)?,
            position_km: state.position_km,
            velocity_km_s: state.velocity_km_s,
            acceleration_km_s2: None,
        })
    });
    let mut comments =
        vec![format!("SGP4 from the element set of {} UTC, catalog number {}", reading(epoch)?, set.object)];
    if *frame == ReferenceFrame::Itrf {
        comments.push(match &object.orientation {
            Some(used) => format!(
                "UT1-UTC and polar motion of {} to {}, {}, from {}",
                used.first_day,
                used.last_day,
                match used.kind {
                    EarthOrientationKind::Observed => "observed",
                    EarthOrientationKind::Predicted => "in part predicted",
                },
                used.source
            ),
            None => "UT1-UTC and polar motion are not known and taken as zero".to_owned(),
        });
    }
    Ok(Oem {
        version: "3.0".to_owned(),
        header: Header::default(),
        segments: vec![OemSegment {
            metadata: OemMetadata {
                comments,
                object_name: set.name.clone().unwrap_or_else(unknown),
                object_id: set.international_designator.clone().unwrap_or_else(unknown),
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
    use astroshield_formats::{ElementSetRecord, HeaderDefaults, Message, Notation, Strictness};
    use astroshield_formats::{read_catalog, read_messages, write_messages};

    use super::*;
    use crate::catalog::Grade;
    use crate::ids::IngestId;
    use crate::ingest;

    const TLE: &str = "ISS (ZARYA)\n\
        1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927\n\
        2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537\n";

    pub(super) fn set() -> ElementSet {
        let record = read_catalog(TLE.as_bytes(), "test", Strictness::Strict).unwrap().objects.remove(0);
        let now = "2008-09-20T13:00:00Z".parse().unwrap();
        ingest::element_set(record, &TenantId::public(), "test", Grade::Gp, IngestId::at(now), now)
    }

    fn write(message: Message, notation: Notation) -> String {
        let creation_date = reading("2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        let defaults = HeaderDefaults { creation_date, originator: "TEST".to_owned() };
        write_messages(&[message], notation, &defaults).unwrap()
    }

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
    fn an_ephemeris_has_the_states_that_were_asked_for_in_the_frame_that_it_names() {
        let start: Timestamp = "2008-09-20T12:00:00Z".parse().unwrap();
        let request = |frame| EphemerisRequest {
            frame,
            start,
            stop: start + SignedDuration::from_mins(10),
            step: Duration::from_secs(60),
        };
        let propagator = Propagator::new(&set().elements).unwrap();
        let teme = states(&propagator, request(ReferenceFrame::Teme), None).unwrap();
        assert_eq!(teme.len(), 11);
        for frame in [ReferenceFrame::Itrf, ReferenceFrame::Gcrf, ReferenceFrame::Eme2000] {
            let states = states(&propagator, request(frame), None).unwrap();
            let object = ObjectStates { element_set: set(), frame, orientation: None, states };
            let text = write(Message::Oem(Box::new(oem(&object).unwrap())), Notation::Kvn);
            let document = read_messages(text.as_bytes(), "test", Strictness::Strict).unwrap();
            let [Message::Oem(read)] = &document.messages[..] else { panic!("one OEM") };
            assert_eq!(read.segments[0].metadata.ref_frame, frame.name());
            let motion = crate::trajectory::of_oem(read).unwrap();
            let back = state(&motion, start + SignedDuration::from_mins(5)).unwrap();
            let error_km = (back.position_km - Vector3::from(teme[5].position_km)).norm();
            assert!(error_km < 1e-6, "{}: {error_km} km", frame.name());
        }
    }

    #[test]
    fn absurd_windows_are_refused_with_the_number_of_states() {
        let propagator = Propagator::new(&set().elements).unwrap();
        let start: Timestamp = "2008-09-20T12:00:00Z".parse().unwrap();
        let refused = |hours, step| {
            let stop = start + SignedDuration::from_hours(hours);
            let request = EphemerisRequest { frame: ReferenceFrame::Teme, start, stop, step };
            match states(&propagator, request, None) {
                Err(ExportError::States { states }) => states,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(24, Duration::from_millis(1)), 86_400_001);
        assert_eq!(refused(24, Duration::ZERO), 0);
        assert_eq!(refused(-1, Duration::from_secs(1)), 0);
    }
}
