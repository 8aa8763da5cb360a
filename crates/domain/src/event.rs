//! Events on the bus: what happened, told to whoever comes next.
//!
//! An event is committed together with the rows that it speaks of and published after. A consumer may see it twice and
//! must not act twice: what it does is the same when it is done twice, or is committed together with a [`Consumed`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::AlertChange;
use crate::catalog::IngestSummary;
use crate::ids::{AlertId, ConjunctionId, EventId, IngestId, RunId, TenantId, UploadId};
use crate::note::NoteKind;
use crate::trace::Trace;

/// A subject that consumers subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Element sets and ephemerides that arrived.
    Catalog,
    /// Screening runs.
    Runs,
    /// Conjunctions that appeared, changed or went.
    Conjunctions,
    /// Alerts.
    Alerts,
    /// Uploads.
    Uploads,
    /// Feeds.
    Feeds,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Catalog, Self::Runs, Self::Conjunctions, Self::Alerts, Self::Uploads, Self::Feeds];

    /// Its name on the bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Runs => "runs",
            Self::Conjunctions => "conjunctions",
            Self::Alerts => "alerts",
            Self::Uploads => "uploads",
            Self::Feeds => "feeds",
        }
    }
}

/// What happened. A variant keeps its meaning; a new field has a default, a new meaning is a new variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Payload {
    /// Element sets were stored.
    ElementSetsStored {
        /// The delivery that brought them.
        ingest: IngestId,
        /// Feed or upload.
        source: String,
        /// What it changed.
        summary: IngestSummary,
    },
    /// An operator's ephemeris was stored.
    EphemerisStored {
        /// Its object.
        object: u32,
    },
    /// A file was uploaded and judged.
    UploadStored {
        /// The upload.
        upload: UploadId,
        /// Whether it was taken.
        accepted: bool,
    },
    /// A run began.
    RunStarted {
        /// The run.
        run: RunId,
    },
    /// A run got on.
    RunProgressed {
        /// The run.
        run: RunId,
        /// Slices done.
        slices_done: u32,
        /// Slices in all.
        slices: u32,
    },
    /// A run ended and its conjunctions are stored.
    RunCompleted {
        /// The run.
        run: RunId,
    },
    /// A run was given up.
    RunFailed {
        /// The run.
        run: RunId,
        /// Why.
        problem: String,
    },
    /// Conjunctions changed by a run: the most important of them, and how many in all.
    ConjunctionsChanged {
        /// The run.
        run: RunId,
        /// Found for the first time.
        appeared: u64,
        /// Found again.
        updated: u64,
        /// Found no longer.
        cleared: u64,
        /// Those of highest leading probability.
        leading: Vec<ConjunctionId>,
    },
    /// A conjunction data message was stored.
    CdmReceived {
        /// The conjunction that it speaks of, if we have it.
        conjunction: Option<ConjunctionId>,
    },
    /// Somebody of the tenant noted something about a conjunction.
    ConjunctionNoted {
        /// The conjunction.
        conjunction: ConjunctionId,
        /// What.
        kind: NoteKind,
    },
    /// An alert changed.
    AlertChanged {
        /// The alert.
        alert: AlertId,
        /// How.
        change: AlertChange,
        /// When what it tells of was committed: the conjunction of an alert that a rule makes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// A feed was asked.
    FeedAsked {
        /// Its name.
        feed: String,
        /// Why it failed, if it did.
        problem: Option<String>,
    },
}

impl Payload {
    /// The topic that it belongs to.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::ElementSetsStored { .. } | Self::EphemerisStored { .. } => Topic::Catalog,
            Self::UploadStored { .. } => Topic::Uploads,
            Self::RunStarted { .. }
            | Self::RunProgressed { .. }
            | Self::RunCompleted { .. }
            | Self::RunFailed { .. } => Topic::Runs,
            Self::ConjunctionsChanged { .. } | Self::CdmReceived { .. } | Self::ConjunctionNoted { .. } => {
                Topic::Conjunctions
            }
            Self::AlertChanged { .. } => Topic::Alerts,
            Self::FeedAsked { .. } => Topic::Feeds,
        }
    }
}

/// Version of the envelope and the payloads.
pub const SCHEMA_VERSION: u32 = 1;

/// An event, before it has a position on the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identity, the same however often it is delivered.
    pub id: EventId,
    /// Version of the schema.
    pub schema_version: u32,
    /// Whose it is.
    pub tenant: TenantId,
    /// When it happened.
    pub at: Timestamp,
    /// The events that caused it.
    pub causes: Vec<EventId>,
    /// The trace that it belongs to, as a W3C `traceparent`.
    pub trace: Option<String>,
    /// The request that began it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What happened.
    pub payload: Payload,
}

impl Event {
    /// An event of the trace that is being followed.
    #[must_use]
    pub fn new(tenant: TenantId, at: Timestamp, causes: Vec<EventId>, payload: Payload) -> Self {
        let (id, schema_version) = (EventId::at(at), SCHEMA_VERSION);
        let current = Trace::current();
        let trace = current.as_ref().map(Trace::traceparent);
        let request_id = current.as_ref().and_then(Trace::request).map(str::to_owned);
        Self { id, schema_version, tenant, at, causes, trace, request_id, payload }
    }
}

/// An event with its position: consumers see positions grow, without gaps being promised.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Position on the bus.
    pub position: i64,
    /// The event.
    pub event: Event,
}

/// That a consumer has dealt with an event, or a request under an idempotency key was done; committed with what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consumed {
    /// The consumer.
    pub consumer: &'static str,
    /// The event.
    pub event: EventId,
}
