//! Export: what the service knows, as messages that others read.

mod cdm;
mod geometry;

use std::sync::Arc;
use std::time::Duration;

use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation};
use astroshield_astro::screening::{Instant, Trajectory, TrajectoryError};
use astroshield_astro::sgp4::{ElementError, PropagationError, Propagator};
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{
    CatalogNumber, Cdm, Header, Oem, OemMetadata, OemSegment, OemState, Omm, OmmMeanElements, OmmMetadata,
    TimeSystem, Timestamp as Reading, TleParameters,
};
use hifitime::TimeScale;
use jiff::{SignedDuration, Timestamp};
use nalgebra::Vector3;
use object_store::ObjectStore;

use self::cdm::Side;
pub use self::geometry::{AssumedCovariance, Geometry};
use crate::blobs::BlobError;
use crate::catalog::{ElementSet, ElementSetPlace, Grade};
use crate::conjunction::{Conjunction, Participant};
use crate::daily::{self, OrientationOfWindow, OrientationUsed};
use crate::feed::OperatorEphemeris;
use crate::ids::{ConjunctionId, TenantId};
use crate::population::KeptEphemeris;
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
    /// There is no ephemeris of the operator in the window.
    #[error("no ephemeris of object {object} is known from {start} to {stop}")]
    NoEphemeris {
        /// The object.
        object: CatalogNumber,
        /// Start of the window.
        start: Timestamp,
        /// Stop of the window.
        stop: Timestamp,
    },
    /// The ephemeris of the operator does not cover the window.
    #[error(
        "states are asked for outside of what the operator's ephemeris of object {object} covers: {spans}"
    )]
    NotCovered {
        /// The object.
        object: CatalogNumber,
        /// What it covers.
        spans: String,
    },
    /// The file of an ephemeris is gone or not to be read any more.
    #[error("the ephemeris of object {object} that arrived {arrived} cannot be read any more")]
    Unreadable {
        /// The object.
        object: CatalogNumber,
        /// When it arrived.
        arrived: Timestamp,
    },
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

/// What the states of an object follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MotionData {
    /// The newest ephemeris of its operator that covers some of the window, else the element set: as in screening.
    #[default]
    Best,
    /// The current element set.
    ElementSet,
    /// The newest ephemeris of its operator that covers some of the window.
    Ephemeris,
}

/// Which states to give of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EphemerisRequest {
    /// From which data.
    pub data: MotionData,
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

/// What states follow from.
#[derive(Debug, Clone, PartialEq)]
pub enum StatesSource {
    /// The current element set.
    ElementSet(Box<ElementSet>),
    /// An ephemeris of the operator.
    Ephemeris(Box<OperatorEphemeris>),
}

/// States of an object, and what they follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectStates {
    /// Catalog number.
    pub object: CatalogNumber,
    /// Name.
    pub name: Option<String>,
    /// International designator.
    pub international_designator: Option<String>,
    /// What they follow from.
    pub source: StatesSource,
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
        let (conjunction, run, sides) = self.sides(tenant, id).await?;
        let watch_lists = self.store.watch_lists(tenant).await?;
        cdm::of(&conjunction, &run, &sides, &watch_lists, &self.originator, self.clock.now())
    }

    /// The geometry of a conjunction at closest approach.
    ///
    /// # Errors
    /// As [`Exporter::cdm`].
    pub async fn geometry(&self, tenant: &TenantId, id: ConjunctionId) -> Result<Geometry, ExportError> {
        let (conjunction, _, sides) = self.sides(tenant, id).await?;
        Ok(Geometry::of(conjunction, sides.map(|side| side.state)))
    }

    /// A conjunction, the run that found it, and what both objects did then.
    async fn sides(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<(Conjunction, Run, [Side; 2]), ExportError> {
        let not_found = |kind, id: String| ExportError::NotFound { kind, id };
        let conjunction = self.store.conjunction(tenant, id).await?;
        let conjunction = conjunction.ok_or_else(|| not_found("conjunction", id.to_string()))?;
        let run = self.store.run(&conjunction.tenant, conjunction.run).await?;
        let run = run.ok_or_else(|| not_found("run", conjunction.run.to_string()))?;
        let [first, second] = &conjunction.objects;
        let sides =
            [self.side(&conjunction, &run, first).await?, self.side(&conjunction, &run, second).await?];
        Ok((conjunction, run, sides))
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

    /// The states of an object.
    ///
    /// # Errors
    /// When there is no such data, it does not cover the window, there are too many states, or SGP4 refuses.
    pub async fn states(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let ephemeris = match request.data {
            MotionData::ElementSet => None,
            MotionData::Best | MotionData::Ephemeris => self.ephemeris(tenant, object, request).await?,
        };
        let EphemerisRequest { start, stop, .. } = request;
        match (ephemeris, request.data) {
            (Some(ephemeris), _) => self.states_of_ephemeris(object, ephemeris, request).await,
            (None, MotionData::Ephemeris) => Err(ExportError::NoEphemeris { object, start, stop }),
            (None, _) => self.states_of_element_set(tenant, object, request).await,
        }
    }

    /// The newest ephemeris of an object that covers some of the window.
    async fn ephemeris(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        EphemerisRequest { start, stop, .. }: EphemerisRequest,
    ) -> Result<Option<OperatorEphemeris>, ExportError> {
        let ephemerides = self.store.ephemerides_as_of(tenant, self.clock.now(), (start, stop)).await?;
        Ok(ephemerides.into_iter().find(|ephemeris| ephemeris.object == object.get()))
    }

    async fn states_of_element_set(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let set = self.element_set(tenant, object).await?;
        let orientation = self.orientation(request).await?;
        let used = orientation.as_ref().and_then(OrientationOfWindow::used);
        let elements = set.elements;
        let working = move || {
            let propagator = Propagator::new(&elements)?;
            states(|time| by_element_set(&propagator, time), request, orientation.as_ref())
        };
        let states = in_background(working).await?;
        Ok(ObjectStates {
            object,
            name: set.name.clone(),
            international_designator: set.international_designator.clone(),
            source: StatesSource::ElementSet(Box::new(set)),
            frame: request.frame,
            orientation: used,
            states,
        })
    }

    async fn states_of_ephemeris(
        &self,
        object: CatalogNumber,
        ephemeris: OperatorEphemeris,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let unreadable = || ExportError::Unreadable { object, arrived: ephemeris.arrived };
        let kept = population::kept(&ephemeris, &self.blobs).await?.ok_or_else(unreadable)?;
        let KeptEphemeris { subject, motion, spans, turns_with_earth } = kept;
        if !spans.iter().any(|(from, to)| *from <= request.start && request.stop <= *to) {
            let spans: Vec<String> = spans.iter().map(|(from, to)| format!("{from} to {to}")).collect();
            return Err(ExportError::NotCovered { object, spans: spans.join(", ") });
        }
        // What was fixed to the Earth goes out as it came in.
        let orientation = if turns_with_earth && request.frame == ReferenceFrame::Itrf {
            ephemeris.orientation.clone()
        } else {
            self.orientation(request).await?
        };
        let used = orientation.as_ref().and_then(OrientationOfWindow::used);
        let working = move || states(|time| state(&motion, time), request, orientation.as_ref());
        let states = in_background(working).await?;
        Ok(ObjectStates {
            object,
            name: subject.name,
            international_designator: subject.international_designator,
            source: StatesSource::Ephemeris(Box::new(ephemeris)),
            frame: request.frame,
            orientation: used,
            states,
        })
    }

    /// The orientation of the Earth over a window, for the frame that needs it.
    async fn orientation(
        &self,
        EphemerisRequest { frame, start, stop, .. }: EphemerisRequest,
    ) -> Result<Option<OrientationOfWindow>, ExportError> {
        if frame != ReferenceFrame::Itrf {
            return Ok(None);
        }
        Ok(OrientationOfWindow::known(&*self.store, start, stop).await?)
    }

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

    /// What a message says of one object of a conjunction: from the data that the run had.
    async fn side(
        &self,
        conjunction: &Conjunction,
        run: &Run,
        participant: &Participant,
    ) -> Result<Side, ExportError> {
        let (object, tca) = (participant.number, conjunction.solution.tca);
        let no_state = || ExportError::NoState { object };
        if participant.grade == Grade::Ephemeris {
            let window = (run.window_start, run.window_stop);
            let ephemerides = self.store.ephemerides_as_of(&run.tenant, run.as_of, window).await?;
            let ephemeris = ephemerides.iter().find(|ephemeris| ephemeris.object == object.get());
            let kept = population::kept(ephemeris.ok_or_else(no_state)?, &self.blobs).await?;
            let KeptEphemeris { subject, motion, .. } = kept.ok_or_else(no_state)?;
            return Ok(Side {
                international_designator: subject.international_designator,
                state: state(&motion, tca)?,
            });
        }
        let epoch = participant.epoch.ok_or_else(no_state)?;
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

fn by_element_set(propagator: &Propagator, time: Timestamp) -> Result<State<Teme>, ExportError> {
    propagator
        .propagate(propagator.minutes_since_epoch(time::to_epoch(time)))
        .map_err(|error| ExportError::Propagation { time, error })
}

/// Computes on a thread of its own.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::States { states: 0 })?
}

fn states(
    motion: impl Fn(Timestamp) -> Result<State<Teme>, ExportError>,
    request: EphemerisRequest,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Vec<StateAt>, ExportError> {
    let EphemerisRequest { frame, start, stop, step, .. } = request;
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
        let teme = motion(next)?;
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

    #[test]
    fn absurd_windows_are_refused_with_the_number_of_states() {
        let propagator = Propagator::new(&set().elements).unwrap();
        let start: Timestamp = "2008-09-20T12:00:00Z".parse().unwrap();
        let refused = |hours, step| {
            let stop = start + SignedDuration::from_hours(hours);
            let (data, frame) = (MotionData::Best, ReferenceFrame::Teme);
            let request = EphemerisRequest { data, frame, start, stop, step };
            match states(|time| by_element_set(&propagator, time), request, None) {
                Err(ExportError::States { states }) => states,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(24, Duration::from_millis(1)), 86_400_001);
        assert_eq!(refused(24, Duration::ZERO), 0);
        assert_eq!(refused(-1, Duration::from_secs(1)), 0);
    }
}
