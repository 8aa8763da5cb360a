//! Export: what the service knows, as messages that others read.

mod cdm;
mod geometry;
mod oem;
mod omm;
mod received;
#[cfg(test)]
mod samples;
mod states;

use std::sync::Arc;

use astroshield_astro::screening::{Instant, Trajectory, TrajectoryError};
use astroshield_astro::sgp4::{ElementError, PropagationError, Propagator};
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{CatalogNumber, Cdm, Timestamp as Reading};
use hifitime::TimeScale;
use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;

use self::cdm::Side;
pub use self::geometry::{CovarianceBasis, Geometry, PlaneCovariance};
pub use self::oem::oem;
pub use self::omm::{omm, omm_in};
pub use self::received::ReceivedGeometry;
pub use self::states::{EphemerisRequest, MotionData, ObjectStates, ReferenceFrame, StateAt, StatesSource};
use crate::blobs::{self, BlobError};
use crate::catalog::{ElementSet, ElementSetPlace, Grade};
use crate::conjunction::{Conjunction, Participant};
use crate::ids::{ConjunctionId, TenantId};
use crate::population::KeptEphemeris;
use crate::ports::{Clock, Store, StoreError};
use crate::screening::Run;
use crate::{population, time};

/// Most states of one ephemeris.
pub const LIMIT_STATES: u64 = 100_000;

/// Element sets among which the one of a run is looked for.
const HISTORY: u32 = 20;

/// Files of messages that are read to find the newest with covariances.
const MESSAGES: usize = 5;

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
        let known = sides.each_ref().map(|side| side.covariance);
        Ok(Geometry::of(conjunction, sides.map(|side| side.state), known))
    }

    /// The geometry of a conjunction as the newest message tells it that was received with the covariances of both objects.
    /// Nothing where there is none among the newest five, or its file is gone.
    ///
    /// # Errors
    /// When store or files fail.
    pub async fn received(
        &self,
        tenant: &TenantId,
        conjunction: &Conjunction,
    ) -> Result<Option<ReceivedGeometry>, ExportError> {
        let first = conjunction.objects[0].number;
        let received = self.store.cdms_of(tenant, conjunction.id).await?.into_iter();
        // Nothing is computed from one that lacks a covariance.
        for cdm in received.filter(|cdm| cdm.probability.is_some()).take(MESSAGES) {
            let Some(bytes) = blobs::get(&*self.blobs, &cdm.blob).await? else { continue };
            let reading = tokio::task::spawn_blocking(move || ReceivedGeometry::read(cdm, bytes, first));
            if let Ok(Some(geometry)) = reading.await {
                return Ok(Some(geometry));
            }
        }
        Ok(None)
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
                covariance: subject.uncertainty.at(time::to_epoch(tca)),
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
        Ok(Side {
            international_designator: set.international_designator,
            state: state(&motion, tca)?,
            covariance: None,
        })
    }
}

fn state(motion: &Trajectory, tca: Timestamp) -> Result<State<Teme>, ExportError> {
    let instant = Instant::from_epoch(time::to_epoch(tca)).ok_or(ExportError::Time { time: tca })?;
    Ok(motion.state(instant, 0.0)?)
}

/// A time as messages write it, in UTC.
fn reading(time: Timestamp) -> Result<Reading, ExportError> {
    Reading::from_epoch(time::to_epoch(time), TimeScale::UTC).ok_or(ExportError::Time { time })
}
