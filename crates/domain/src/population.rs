//! The objects of a screening with their motions, and what a screening says of them.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use astroshield_astro::Epoch;
use astroshield_astro::probability::{Encounter, ObjectState, socrates};
use astroshield_astro::screening::{
    Conjunction as Found, Edge, FailureCause, Outcome, Screening, Trajectory, TrajectoryError, Window,
};
use astroshield_astro::sgp4::Propagator;
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{CatalogNumber, Message, Oem, Strictness, read_messages};
use jiff::{SignedDuration, Timestamp, Unit};
use object_store::ObjectStore;
use uuid::Uuid;

use crate::blobs::{self, BlobError};
use crate::catalog::{ElementSet, Grade};
use crate::conjunction::{Participant, ProbabilityMethod, Solution};
use crate::feed::OperatorEphemeris;
use crate::fitness::Fitness;
use crate::screening::{Covered, NotScreened};
use crate::sizes::Sizes;
use crate::uncertainty::Uncertainty;
use crate::{assess, time, trajectory};

const M_PER_KM: f64 = 1e3;

/// What is known of an object beside its motion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subject {
    pub(crate) number: Option<CatalogNumber>,
    pub(crate) name: Option<String>,
    pub(crate) international_designator: Option<String>,
    pub(crate) grade: Grade,
    /// Epoch of its element set, or when its ephemeris arrived.
    pub(crate) epoch: Option<Timestamp>,
    /// The covariances of its ephemeris; none of an element set.
    pub(crate) uncertainty: Arc<Uncertainty>,
    /// Whether it is screened against all others where there are primaries.
    pub(crate) primary: bool,
}

impl Subject {
    /// Its state at a time with the covariance, where that is known.
    fn uncertain(&self, epoch: Epoch, state: &State<Teme>) -> Option<ObjectState<Teme>> {
        let covariance = self.uncertainty.at(epoch)?.to_inertial(state).ok()?;
        Some(ObjectState { state: *state, covariance })
    }
}

/// Objects and their motions, in the same order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Population {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) trajectories: Vec<Trajectory>,
    /// Objects that have no motion.
    pub(crate) refused: Vec<NotScreened>,
    /// The times that ephemerides cover, by the place of their object.
    spans: HashMap<usize, Vec<(Timestamp, Timestamp)>>,
    inputs: Vec<u8>,
}

/// A name of all inputs of a screening: what was screened from other inputs is another result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; 16]);

/// What an ephemeris says within a cell of the screening in which it begins or ends is not used: a cell is screened if it is
/// covered whole. It is 120 s long.
const EDGE: SignedDuration = SignedDuration::from_secs(120);

/// Names fingerprints among all version 5 UUIDs.
const INPUTS: Uuid = Uuid::from_u128(0x0d1e_5f6a_9c2b_4f07_8a31_c7be_46d2_90f5);

impl Population {
    /// Adds an object that moves by its element set.
    pub(crate) fn add_element_set(&mut self, set: &ElementSet, primary: bool) {
        self.note(u64::from(set.object.get()), &[u8::from(primary)]);
        self.inputs.extend(set.elements.epoch.duration.total_nanoseconds().to_le_bytes());
        let elements = &set.elements;
        for number in [
            elements.mean_motion_rev_day,
            elements.eccentricity,
            elements.inclination_deg,
            elements.raan_deg,
            elements.argument_of_perigee_deg,
            elements.mean_anomaly_deg,
            elements.bstar_inv_earth_radii,
        ] {
            self.inputs.extend(number.to_bits().to_le_bytes());
        }
        match Propagator::new(elements) {
            Ok(propagator) => {
                self.trajectories.push(Trajectory::of_element_set(propagator));
                self.subjects.push(Subject {
                    number: Some(set.object),
                    name: set.name.clone(),
                    international_designator: set.international_designator.clone(),
                    grade: set.grade,
                    epoch: time::from_epoch(elements.epoch),
                    uncertainty: Arc::default(),
                    primary,
                });
            }
            Err(error) => self.refuse(Some(set.object), &error),
        }
    }

    /// Adds an object that moves by the ephemeris of its operator, a primary.
    pub(crate) fn add_ephemeris(&mut self, subject: Subject, given: Given, identity: &[u8]) {
        let Given { motion, spans, .. } = given;
        self.note(subject.number.map_or(0, |number| u64::from(number.get())), identity);
        self.spans.insert(self.subjects.len(), spans);
        self.subjects.push(subject);
        self.trajectories.push(motion);
    }

    /// Notes an object that has no motion.
    pub(crate) fn refuse(&mut self, number: Option<CatalogNumber>, reason: &dyn Display) {
        let object = number.map_or(0, CatalogNumber::get);
        self.refused.push(NotScreened { object, from: None, reason: reason.to_string() });
    }

    /// An object, as a primary.
    pub(crate) fn object(&self, number: CatalogNumber) -> Option<(Subject, Trajectory)> {
        let place = self.subjects.iter().position(|subject| subject.number == Some(number))?;
        let subject = Subject { primary: true, ..self.subjects.get(place)?.clone() };
        Some((subject, self.trajectories.get(place)?.clone()))
    }

    /// Those of these objects that are fit, with one more, the only primary; it takes the place of the one of the same number.
    pub(crate) fn with_primary(&self, subject: Subject, motion: Trajectory, fitness: &Fitness<'_>) -> Self {
        let number = subject.number;
        let is_same = |object: u32| number.is_some_and(|number| number.get() == object);
        let refused = self.refused.iter().filter(|entry| !is_same(entry.object)).cloned().collect();
        let mut population = Self { refused, ..Self::default() };
        for (other, motion) in self.subjects.iter().zip(&self.trajectories) {
            if other.number.is_some_and(|other| is_same(other.get())) {
                continue;
            }
            let element_set_epoch = other.epoch.filter(|_| other.grade != Grade::Ephemeris);
            let dated = other.number.zip(element_set_epoch);
            let objection = dated.and_then(|(number, epoch)| fitness.objection(number, epoch));
            match objection {
                Some(reason) => population.refuse(other.number, &reason),
                None => {
                    population.subjects.push(Subject { primary: false, ..other.clone() });
                    population.trajectories.push(motion.clone());
                }
            }
        }
        population.subjects.push(subject);
        population.trajectories.push(motion);
        population
    }

    /// What was screened by a tenant's own data: the primaries, while their motion is known inside the window.
    pub(crate) fn covered(&self, outcome: &Outcome, window: (Timestamp, Timestamp)) -> Vec<Covered> {
        let failed: HashMap<usize, Timestamp> = outcome
            .failures
            .iter()
            .filter_map(|failure| {
                Some((failure.object as usize, time::from_epoch(failure.instant.to_epoch())?))
            })
            .collect();
        let mut covered = Vec::new();
        let primaries = self.subjects.iter().enumerate().filter(|(_, subject)| subject.primary);
        for (place, number) in primaries.filter_map(|(place, subject)| Some((place, subject.number?))) {
            let whole = (window.0, failed.get(&place).map_or(window.1, |failed| (*failed).min(window.1)));
            let inside = |(from, to): &(Timestamp, Timestamp)| {
                let start = if *from <= window.0 { window.0 } else { *from + EDGE };
                let stop = if *to >= window.1 { window.1 } else { *to - EDGE };
                (start, stop)
            };
            let spans = match self.spans.get(&place) {
                Some(spans) => spans.iter().map(inside).collect(),
                None => vec![whole],
            };
            let lasting = spans.into_iter().filter(|(start, stop)| start < stop);
            covered.extend(lasting.map(|(start, stop)| Covered {
                object: number.get(),
                start: time::to_microsecond(start),
                stop: time::to_microsecond(stop),
            }));
        }
        covered.sort_unstable();
        covered
    }

    /// The marks of the primaries.
    pub(crate) fn primaries(&self) -> Vec<bool> {
        self.subjects.iter().map(|subject| subject.primary).collect()
    }

    /// The name of all that was added.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(*Uuid::new_v5(&INPUTS, &self.inputs).as_bytes())
    }

    fn note(&mut self, object: u64, identity: &[u8]) {
        self.inputs.extend(object.to_le_bytes());
        self.inputs.extend(identity);
    }

    /// The two objects of an approach, and what to say of it.
    pub(crate) fn solution(&self, found: &Found, sizes: &Sizes) -> Option<([Participant; 2], Solution)> {
        let approach = &found.approach;
        let [first, second] = approach.objects.map(|object| self.subjects.get(object as usize));
        let participant = |subject: &Subject| {
            let radius_km = sizes.radius_km(subject.number, subject.name.as_deref());
            Some(Participant {
                number: subject.number.or(CatalogNumber::new(0))?,
                name: subject.name.clone(),
                grade: subject.grade,
                epoch: subject.epoch,
                hard_body_radius_m: radius_km * M_PER_KM,
            })
        };
        let (first, second) = (first?, second?);
        let participants = [participant(first)?, participant(second)?];
        let radius_km = (participants[0].hard_body_radius_m + participants[1].hard_body_radius_m) / M_PER_KM;
        let [one, other] = &approach.states;
        // Objects apart that share a velocity to the last digit, or an ephemeris at rest, have no encounter plane: nothing
        // moves them together.
        let (maximum_probability, dilution_km) = match socrates::maximum_probability(one, other, radius_km) {
            Ok(maximum) => (maximum.probability, Some(maximum.sigma_minor_km)),
            Err(_) => (0.0, None),
        };
        let at = approach.tca.to_epoch();
        let known = first.uncertain(at, one).zip(second.uncertain(at, other));
        let known = known.and_then(|(one, other)| {
            let encounter = Encounter::new(one, other, radius_km).ok()?;
            assess::of_approach(&encounter)
        });
        let tca = time::from_epoch(at)?.round(Unit::Microsecond).ok()?;
        let solution = Solution {
            tca,
            miss_distance_km: approach.miss_distance_km(),
            miss_ric_km: approach.miss_ric_km().into(),
            relative_speed_km_s: approach.relative_speed_km_s(),
            maximum_probability,
            dilution_km,
            probability: known.map(|(probability, _)| probability),
            method: known.map_or(ProbabilityMethod::Maximum, |(_, method)| method),
            at_edge: approach.edge != Edge::None,
        };
        Some((participants, solution))
    }

    /// Objects that were not screened, or not to the end, by number.
    pub(crate) fn not_screened(
        &self,
        outcome: &Outcome,
        screening: &Screening,
        window: Window,
    ) -> Vec<NotScreened> {
        let within = outcome.failures.iter().filter_map(|failure| {
            let subject = self.subjects.get(failure.object as usize)?;
            let motion = screening.trajectories().get(failure.object as usize)?;
            let from = (failure.instant > window.start())
                .then(|| time::from_epoch(failure.instant.to_epoch()).map(time::to_microsecond))
                .flatten();
            let reason = match (failure.cause, motion.state(failure.instant, 0.0)) {
                (FailureCause::Diverged, _) => "diverged: faster than 1.5 times the escape speed".to_owned(),
                (FailureCause::NoPosition, Ok(_)) => "no position".to_owned(),
                (FailureCause::NoPosition, Err(TrajectoryError::NotCovered { .. })) => {
                    "the ephemeris does not cover it".to_owned()
                }
                (FailureCause::NoPosition, Err(error)) => error.to_string(),
            };
            Some(NotScreened { object: subject.number.map_or(0, CatalogNumber::get), from, reason })
        });
        let mut all: Vec<NotScreened> = self.refused.iter().cloned().chain(within).collect();
        all.sort_by_key(|entry| (entry.object, entry.from));
        all
    }
}

/// An operator's ephemeris that was read.
pub(crate) struct Given {
    oem: Oem,
    motion: Trajectory,
    uncertainty: Arc<Uncertainty>,
    /// The times that it covers without a gap.
    spans: Vec<(Timestamp, Timestamp)>,
    arrived: Timestamp,
}

impl Given {
    /// The object that moves by it.
    fn subject(&self, number: Option<CatalogNumber>, name: Option<String>) -> Subject {
        let subject = of_operator(number, &self.oem, name, self.arrived);
        Subject { uncertainty: Arc::clone(&self.uncertainty), ..subject }
    }
}

/// Why an operator's ephemeris that is kept cannot be used.
#[derive(Debug, thiserror::Error)]
enum KeptEphemerisError {
    #[error("its blob {path} is gone")]
    Gone { path: String },
    #[error(transparent)]
    Unreadable(#[from] astroshield_formats::RecordProblem),
    #[error("message {message} of {path} is no ephemeris")]
    NoEphemeris { path: String, message: u32 },
    #[error(transparent)]
    Oem(#[from] trajectory::OemError),
}

/// Why a population could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    /// A file that is kept could not be read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The thread that made it was stopped.
    #[error("reading the catalog was stopped")]
    Stopped,
}

/// The population of the element sets that are fit, those ephemerides in the place of their objects' element sets. What a
/// tenant gave itself is primary.
pub(crate) async fn of_catalog(
    sets: Vec<ElementSet>,
    ephemerides: &[OperatorEphemeris],
    is_primary: impl Fn(&ElementSet) -> bool + Send + 'static,
    objection: impl Fn(&ElementSet) -> Option<String> + Send + 'static,
    files: &Arc<dyn ObjectStore>,
) -> Result<Population, PopulationError> {
    let mut given = HashMap::new();
    let mut refused = Vec::new();
    for ephemeris in ephemerides {
        match blobs::get(&**files, &ephemeris.blob).await {
            Ok(bytes) => {
                let read = bytes
                    .ok_or_else(|| KeptEphemerisError::Gone { path: ephemeris.blob.clone() })
                    .and_then(|bytes| motion(ephemeris, bytes));
                match read {
                    Ok(read) => drop(given.insert(ephemeris.object, (ephemeris.id, read))),
                    Err(error) => refused.push((ephemeris.object, error)),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut population = Population::default();
    let reading = tokio::task::spawn_blocking(move || {
        for set in &sets {
            match given.remove(&set.object.get()) {
                None => match objection(set) {
                    Some(reason) => population.refuse(Some(set.object), &reason),
                    None => population.add_element_set(set, is_primary(set)),
                },
                Some((id, given)) => {
                    let subject = given.subject(Some(set.object), set.name.clone());
                    population.add_ephemeris(subject, given, id.0.as_bytes());
                }
            }
        }
        // Objects that no catalog knows, in the order of their numbers.
        let mut others: Vec<_> = given.into_iter().collect();
        others.sort_by_key(|(object, _)| *object);
        for (object, (id, given)) in others {
            let subject = given.subject(CatalogNumber::new(object), None);
            population.add_ephemeris(subject, given, id.0.as_bytes());
        }
        for (object, error) in refused {
            population.refuse(CatalogNumber::new(object), &format!("its ephemeris cannot be used: {error}"));
        }
        population
    });
    reading.await.map_err(|_| PopulationError::Stopped)
}

/// An object that moves by its operator's ephemeris, its covariances aside.
pub(crate) fn of_operator(
    number: Option<CatalogNumber>,
    oem: &Oem,
    name: Option<String>,
    arrived: Timestamp,
) -> Subject {
    let metadata = oem.segments.first().map(|segment| &segment.metadata);
    Subject {
        number,
        name: name.or_else(|| metadata.map(|metadata| metadata.object_name.clone())),
        international_designator: metadata.map(|metadata| metadata.object_id.clone()),
        grade: Grade::Ephemeris,
        epoch: Some(arrived),
        uncertainty: Arc::default(),
        primary: true,
    }
}

/// An ephemeris that is kept, read again.
pub(crate) struct KeptEphemeris {
    pub(crate) subject: Subject,
    pub(crate) motion: Trajectory,
    /// The times that it covers without a gap.
    pub(crate) spans: Vec<(Timestamp, Timestamp)>,
    /// Whether it was given in a frame that turns with the Earth.
    pub(crate) turns_with_earth: bool,
}

/// An ephemeris that is kept; `None` if it cannot be used any more.
pub(crate) async fn kept(
    ephemeris: &OperatorEphemeris,
    files: &Arc<dyn ObjectStore>,
) -> Result<Option<KeptEphemeris>, BlobError> {
    let Some(bytes) = blobs::get(&**files, &ephemeris.blob).await? else { return Ok(None) };
    let number = CatalogNumber::new(ephemeris.object);
    let given = motion(ephemeris, bytes).ok();
    Ok(given.map(|given| KeptEphemeris {
        subject: given.subject(number, None),
        turns_with_earth: trajectory::turns_with_earth(&given.oem),
        motion: given.motion,
        spans: given.spans,
    }))
}

/// The message and the motion of an ephemeris that is kept.
fn motion(ephemeris: &OperatorEphemeris, bytes: Vec<u8>) -> Result<Given, KeptEphemerisError> {
    let path = || ephemeris.blob.clone();
    let no_ephemeris = || KeptEphemerisError::NoEphemeris { path: path(), message: ephemeris.message };
    let bytes = blobs::unpack(bytes, crate::ingest::LIMIT_BYTES).map_err(|_| no_ephemeris())?;
    let document = read_messages(&bytes, &ephemeris.blob, Strictness::Tolerant)?;
    match document.messages.into_iter().nth(ephemeris.message as usize) {
        Some(Message::Oem(oem)) => {
            let motion = trajectory::of_oem(&oem, ephemeris.orientation.as_ref())?;
            // Who gave it was told why, where they cannot be used.
            let uncertainty = Uncertainty::of_oem(&oem, &motion, ephemeris.orientation.as_ref());
            let uncertainty = Arc::new(uncertainty.unwrap_or_default());
            let spans = trajectory::spans(&oem)?.into_iter();
            let spans = spans.filter_map(|(from, to)| Some((time::from_epoch(from)?, time::from_epoch(to)?)));
            let spans = spans.collect();
            Ok(Given { oem: *oem, motion, uncertainty, spans, arrived: ephemeris.arrived })
        }
        _ => Err(no_ephemeris()),
    }
}
