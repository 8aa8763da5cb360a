//! Screening on demand: one object that somebody posts against the whole catalog, answered in seconds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use astroshield_astro::screening::{
    Screening, ScreeningError, Selection, Trajectory, Volume, Window, WindowError,
};
use astroshield_astro::sgp4::Propagator;
use astroshield_formats::{CatalogNumber, ElementSetRecord, Message, Oem, Strictness, read_messages};
use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::alert::WatchList;
use crate::catalog::Grade;
use crate::conjunction::{Participant, Solution};
use crate::daily::{OrientationOfWindow, OrientationTaken};
use crate::feed::OperatorEphemeris;
use crate::fitness::{ELEMENT_SET_AGE, Fitness};
use crate::ids::{EphemerisId, TenantId};
use crate::population::{self, Population, PopulationError, Subject};
use crate::ports::{Clock, Store, StoreError};
use crate::screening::NotScreened;
use crate::sizes::Sizes;
use crate::uncertainty::Uncertainty;
use crate::{blobs, ingest, time, trajectory, uploads};

/// Longest window, in days.
pub const LIMIT_DAYS: f64 = 14.0;
/// Largest distance, in km.
pub const LIMIT_KM: f64 = 100.0;

/// Requests that are screened at once; others wait.
const AT_ONCE: usize = 1;
/// Requests that are dealt with or wait, at most: of one tenant, and in all.
const QUEUE_OF_TENANT: usize = 4;
const QUEUE: usize = 12;
/// Tenants whose catalogs are kept.
const KEPT: usize = 4;

/// What is screened.
#[derive(Debug, Clone, PartialEq)]
pub enum OnDemandSubject {
    /// A message with one object: an element set (OMM or TLE in any notation) or an ephemeris (OEM).
    Message {
        /// Its text.
        text: String,
        /// Which object of the catalog it is, which is then not screened against itself; without it, as the message says.
        object: Option<CatalogNumber>,
    },
    /// An object of the catalog, as it is known.
    Object(CatalogNumber),
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDemandRequest {
    /// What is screened against all.
    pub subject: OnDemandSubject,
    /// Start of the window; now without it.
    pub start: Option<Timestamp>,
    /// Length of the window, in days: at most [`LIMIT_DAYS`].
    pub days: f64,
    /// Largest distance, in km: at most [`LIMIT_KM`].
    pub threshold_km: f64,
}

/// A close approach that was found. It has no identity: nothing of it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDemandConjunction {
    /// The two objects, the one that was asked for first.
    pub objects: [Participant; 2],
    /// Whether the two never part in the window.
    pub relation: bool,
    /// What was found.
    pub solution: Solution,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDemandResult {
    /// Start of the window.
    pub start: Timestamp,
    /// Stop of the window.
    pub stop: Timestamp,
    /// Objects that it was screened against.
    pub objects: u64,
    /// Close approaches by time.
    pub conjunctions: Vec<OnDemandConjunction>,
    /// Objects that could not be screened, or not to the end.
    pub not_screened: Vec<NotScreened>,
    /// Of a posted ephemeris that is fixed to the Earth: which orientation it was turned with, if one is known.
    pub turned_with: Option<OrientationTaken>,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum OnDemandError {
    /// A number outside its domain.
    #[error("{field} {value} is not above 0 and at most {limit}")]
    OutOfDomain {
        /// Which.
        field: &'static str,
        /// What it is.
        value: f64,
        /// Its largest value.
        limit: f64,
    },
    /// What was posted cannot be screened.
    #[error("{reason}")]
    Subject {
        /// Why.
        reason: String,
    },
    /// No object of this number is in the catalog.
    #[error("no object {object} in the catalog")]
    NoObject {
        /// The number.
        object: CatalogNumber,
    },
    /// The window cannot be screened.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The screening cannot be done.
    #[error(transparent)]
    Screening(#[from] ScreeningError),
    /// There is no catalog yet.
    #[error("there is no catalog yet")]
    NoCatalog,
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog could not be had.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// As many requests wait as may.
    #[error("{waiting} screenings are being done or wait; at most {limit} may")]
    Busy {
        /// How many.
        waiting: usize,
        /// How many may.
        limit: usize,
    },
    /// The thread that screened was stopped.
    #[error("the screening was stopped")]
    Stopped,
}

/// What a tenant's catalog was read from: the newest arrivals and epochs, public and its own, and its ephemerides.
#[derive(Debug, Clone, PartialEq)]
struct Source {
    ages: [Option<(Timestamp, Timestamp)>; 2],
    ephemerides: Vec<EphemerisId>,
}

/// A tenant's catalog as it was when it last changed.
struct Kept {
    source: Source,
    catalog: Arc<Catalog>,
}

/// The objects, and those of them that have decayed.
struct Catalog {
    population: Population,
    decayed: HashMap<u32, String>,
}

/// Requests that are dealt with or wait, by tenant.
type Queue = Arc<std::sync::Mutex<HashMap<TenantId, usize>>>;

/// A place in the queue; it is free again when this is dropped.
struct Place {
    queue: Queue,
    tenant: TenantId,
}

impl Place {
    fn take(queue: &Queue, tenant: &TenantId) -> Result<Self, OnDemandError> {
        let mut waiting = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, own) = (waiting.values().sum(), waiting.get(tenant).copied().unwrap_or(0));
        for (waiting, limit) in [(own, QUEUE_OF_TENANT), (all, QUEUE)] {
            if waiting >= limit {
                return Err(OnDemandError::Busy { waiting, limit });
            }
        }
        waiting.insert(tenant.clone(), own + 1);
        Ok(Self { queue: Arc::clone(queue), tenant: tenant.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = waiting.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                waiting.remove(&self.tenant);
            }
        }
    }
}

/// Screens on demand.
pub struct OnDemand {
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    threads: usize,
    element_set_age: SignedDuration,
    kept: Mutex<HashMap<TenantId, Kept>>,
    queue: Queue,
    turns: Arc<Semaphore>,
}

impl OnDemand {
    /// Screening on demand over its parts, on so many threads.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        threads: usize,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let (element_set_age, kept, queue) = (ELEMENT_SET_AGE, Mutex::default(), Queue::default());
        Self { store, blobs, clock, threads: threads.max(1), element_set_age, kept, queue, turns }
    }

    /// The same, with another age that element sets may have at the start of the window.
    #[must_use]
    pub fn with_element_set_age(self, element_set_age: SignedDuration) -> Self {
        Self { element_set_age, ..self }
    }

    /// Screens one object against the current catalog of a tenant. Whoever drops the answer before it is there ends the
    /// screening, or is not screened at all.
    ///
    /// # Errors
    /// When the request is not in order, too many others wait, there is no catalog, or the store fails.
    pub async fn screen(
        &self,
        tenant: &TenantId,
        request: OnDemandRequest,
    ) -> Result<OnDemandResult, OnDemandError> {
        self.screen_and_tell(tenant, request, |_, _| {}).await
    }

    /// [`Self::screen`], with `progress` told how many of how many parts of the window are done, on any thread and not
    /// always in order.
    ///
    /// # Errors
    /// As those of [`Self::screen`].
    #[tracing::instrument(skip_all, fields(%tenant))]
    pub async fn screen_and_tell(
        &self,
        tenant: &TenantId,
        request: OnDemandRequest,
        progress: impl Fn(usize, usize) + Send + Sync + 'static,
    ) -> Result<OnDemandResult, OnDemandError> {
        let check = |field, value: f64, limit: f64| {
            let inside = value > 0.0 && value <= limit;
            if inside { Ok(()) } else { Err(OnDemandError::OutOfDomain { field, value, limit }) }
        };
        check("days", request.days, LIMIT_DAYS)?;
        check("threshold_km", request.threshold_km, LIMIT_KM)?;
        let start = time::to_microsecond(request.start.unwrap_or_else(|| self.clock.now()));
        let length = SignedDuration::from_secs_f64(request.days * 86_400.0);
        let stop = start.saturating_add(length).unwrap_or(start);
        let window = Window::new(time::to_epoch(start), time::to_epoch(stop))?;

        let place = Place::take(&self.queue, tenant)?;
        let catalog = self.catalog(tenant, (start, stop)).await?;
        let Screenee { subject, motion, turned_with } =
            self.subject(tenant, request.subject, &catalog.population).await?;
        let lists: Vec<WatchList> = self.store.watch_lists(tenant).await?;
        let sizes = Sizes::of_watch_lists(&lists);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| OnDemandError::Stopped)?;
        let (threads, volume) = (self.threads, Volume::Range { threshold_km: request.threshold_km });
        let element_set_age = self.element_set_age;
        let abandoned = CancellationToken::new();
        let _abandon_when_dropped = abandoned.clone().drop_guard();
        let working = tokio::task::spawn_blocking(move || {
            let (_turn, _place) = (turn, place);
            let fitness = Fitness::new(&catalog.decayed, start, element_set_age);
            let population = catalog.population.with_primary(subject, motion, &fitness);
            let goes_on = |done, of| {
                progress(done, of);
                !abandoned.is_cancelled()
            };
            screen(&population, window, volume, threads, &sizes, &goes_on)
        });
        let (conjunctions, objects, not_screened) = working.await.map_err(|_| OnDemandError::Stopped)??;
        tracing::info!(objects, conjunctions = conjunctions.len(), "screened on demand");
        Ok(OnDemandResult { start, stop, objects, conjunctions, not_screened, turned_with })
    }

    /// Reads the catalog of a tenant ahead of the first request: from a disk that nobody has read yet, it takes a while.
    pub async fn read_ahead(&self, tenant: &TenantId) {
        let now = self.clock.now();
        let week = now.saturating_add(SignedDuration::from_hours(7 * 24)).unwrap_or(now);
        match self.catalog(tenant, (now, week)).await {
            Ok(_) | Err(OnDemandError::NoCatalog) => {}
            Err(error) => tracing::warn!(%error, "the catalog is read when it is needed"),
        }
    }

    /// The current catalog with the ephemerides of the tenant that cover some of a window, read again only when it changed.
    async fn catalog(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Arc<Catalog>, OnDemandError> {
        let public = self.store.catalog_age(&TenantId::public()).await?;
        let ages = [public, self.store.catalog_age(tenant).await?];
        let now = self.clock.now();
        let ephemerides = self.store.ephemerides_as_of(tenant, now, window).await?;
        if ages == [None, None] && ephemerides.is_empty() {
            return Err(OnDemandError::NoCatalog);
        }
        let source = Source { ages, ephemerides: ephemerides.iter().map(|one| one.id).collect() };
        // Held while the catalog is read, so that requests that come together read it once.
        let mut kept = self.kept.lock().await;
        if let Some(current) = kept.get(tenant).filter(|kept| kept.source == source) {
            return Ok(Arc::clone(&current.catalog));
        }
        let catalog = Arc::new(self.read(tenant, now, &ephemerides).await?);
        if kept.len() >= KEPT && !kept.contains_key(tenant) {
            kept.clear();
        }
        kept.insert(tenant.clone(), Kept { source, catalog: Arc::clone(&catalog) });
        Ok(catalog)
    }

    async fn read(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        ephemerides: &[OperatorEphemeris],
    ) -> Result<Catalog, OnDemandError> {
        let decayed = self.store.decayed(tenant).await?;
        let decayed = decayed.into_iter().map(|(number, day)| (number.get(), day)).collect();
        let sets = self.store.catalog_as_of(tenant, now).await?;
        // What is fit depends on the window.
        let population = population::of_catalog(sets, ephemerides, |_| false, |_| None, &self.blobs).await?;
        Ok(Catalog { population, decayed })
    }

    async fn subject(
        &self,
        tenant: &TenantId,
        subject: OnDemandSubject,
        catalog: &Population,
    ) -> Result<Screenee, OnDemandError> {
        match subject {
            OnDemandSubject::Object(object) => {
                let (subject, motion) = catalog.object(object).ok_or(OnDemandError::NoObject { object })?;
                Ok(Screenee { subject, motion, turned_with: None })
            }
            OnDemandSubject::Message { text, object } => {
                match in_background(move || read(text.into_bytes())).await? {
                    Posted::ElementSet(mut subject, propagator) => {
                        subject.number = object.or(subject.number);
                        let motion = Trajectory::of_element_set(*propagator);
                        Ok(Screenee { subject, motion, turned_with: None })
                    }
                    Posted::Ephemeris(oem) => {
                        let number = match object {
                            None => uploads::object_of(&*self.store, tenant, &oem).await?,
                            known => known,
                        };
                        self.posted_ephemeris(number, oem).await
                    }
                }
            }
        }
    }

    async fn posted_ephemeris(
        &self,
        number: Option<CatalogNumber>,
        oem: Box<Oem>,
    ) -> Result<Screenee, OnDemandError> {
        let subject = population::of_operator(number, &oem, None, time::to_microsecond(self.clock.now()));
        let (mut orientation, mut turned_with) = (None, None);
        if trajectory::turns_with_earth(&oem) {
            let span = trajectory::span(&oem)
                .map_err(|error| OnDemandError::Subject { reason: error.to_string() })?;
            let span = span.and_then(|(from, to)| time::from_epoch(from).zip(time::from_epoch(to)));
            if let Some((start, stop)) = span {
                orientation = OrientationOfWindow::known(&*self.store, start, stop).await?;
            }
            let used = orientation.as_ref().and_then(OrientationOfWindow::used);
            turned_with = Some(used.map_or(OrientationTaken::Neglected, OrientationTaken::Known));
        }
        let reading = move || {
            let reason = |error: trajectory::OemError| error.to_string();
            let motion = trajectory::of_oem(&oem, orientation.as_ref()).map_err(reason)?;
            // The answer has no place for the reason, as that to an upload has.
            let uncertainty = Uncertainty::of_oem(&oem, &motion, orientation.as_ref())
                .map_err(|error| format!("its covariances cannot be used: {error}"))?;
            Ok((motion, uncertainty))
        };
        let (motion, uncertainty) = in_background(reading).await?;
        let subject = Subject { uncertainty: Arc::new(uncertainty), ..subject };
        Ok(Screenee { subject, motion, turned_with })
    }
}

/// What is screened against all others.
struct Screenee {
    subject: Subject,
    motion: Trajectory,
    turned_with: Option<OrientationTaken>,
}

/// The one object of a message.
enum Posted {
    ElementSet(Subject, Box<Propagator>),
    Ephemeris(Box<Oem>),
}

/// Reads something of a message on a thread of its own.
async fn in_background<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, OnDemandError> {
    let reading = tokio::task::spawn_blocking(read);
    reading.await.map_err(|_| OnDemandError::Stopped)?.map_err(|reason| OnDemandError::Subject { reason })
}

fn read(bytes: Vec<u8>) -> Result<Posted, String> {
    let bytes = blobs::unpack(bytes, ingest::LIMIT_BYTES).map_err(|error| error.to_string())?;
    let document =
        read_messages(&bytes, "message", Strictness::Strict).map_err(|problem| problem.to_string())?;
    let count = document.messages.len();
    let mut messages = document.messages.into_iter();
    let (Some(message), None) = (messages.next(), messages.next()) else {
        return Err(format!("{count} messages; one is due"));
    };
    let record = match message {
        Message::Tle(tle) => ElementSetRecord::try_from(*tle),
        Message::Omm(omm) => ElementSetRecord::try_from(*omm),
        Message::Oem(oem) => return Ok(Posted::Ephemeris(oem)),
        other => {
            return Err(format!("a {} cannot be screened; an OMM, TLE or OEM is due", other.kind().as_str()));
        }
    };
    let record = record.map_err(|error| error.to_string())?;
    let propagator = Propagator::new(&record.elements).map_err(|error| error.to_string())?;
    let subject = Subject {
        number: Some(record.catalog_number),
        name: record.name,
        international_designator: record.international_designator,
        grade: Grade::Gp,
        epoch: time::from_epoch(record.elements.epoch),
        uncertainty: Arc::default(),
        primary: true,
    };
    Ok(Posted::ElementSet(subject, Box::new(propagator)))
}

type Screened = (Vec<OnDemandConjunction>, u64, Vec<NotScreened>);

fn screen(
    population: &Population,
    window: Window,
    volume: Volume,
    threads: usize,
    sizes: &Sizes,
    goes_on: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Screened, OnDemandError> {
    let selection = Selection::Primaries(population.primaries());
    let screening = Screening::new(population.trajectories.clone(), window, volume, selection)?;
    let outcome = screening.run(threads, goes_on).ok_or(OnDemandError::Stopped)?;
    let conjunctions = outcome
        .conjunctions
        .iter()
        .filter_map(|found| {
            let (objects, solution) = population.solution(found, sizes)?;
            Some(OnDemandConjunction { objects, relation: found.relation, solution })
        })
        .collect();
    let others = population.subjects.len().saturating_sub(1) as u64;
    Ok((conjunctions, others, population.not_screened(&outcome, &screening, window)))
}
