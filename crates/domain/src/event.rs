//! Events on the bus: what happened, told to whoever comes next.
//!
//! An event is committed together with the rows that it speaks of and published after. A consumer may see it twice and
//! must not act twice: what it does is the same when it is done twice, or is committed together with a [`Consumed`].
//!
//! The release before and after run at the same time: what a later one writes is passed on as it is, and passed over by whoever
//! cannot read it ([`Event::is_understood_by`]).

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::alert::AlertChange;
use crate::catalog::IngestSummary;
use crate::ids::{AlertId, ConjunctionId, EventId, IngestId, RunId, TenantId, UploadId};
use crate::metrics;
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

/// What happened. A variant keeps its meaning; a new field has a default, a new meaning is a new variant, which releases from
/// before it pass over.
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
    /// Something that a later release tells of.
    #[serde(untagged, skip_deserializing)]
    Unknown(UnknownPayload),
}

/// A payload that this release cannot read: its kind, or what is in it, is of a later one. It goes on as it came.
#[derive(Debug, Clone)]
pub struct UnknownPayload {
    kind: String,
    json: Box<RawValue>,
}

impl UnknownPayload {
    /// Its kind: the `type` that it has.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl PartialEq for UnknownPayload {
    fn eq(&self, other: &Self) -> bool {
        self.json.get() == other.json.get()
    }
}

impl Serialize for UnknownPayload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl TryFrom<Box<RawValue>> for Payload {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: String,
        }
        serde_json::from_str(json.get()).or_else(|_| {
            let Kind { r#type: kind } = serde_json::from_str(json.get())?;
            Ok(Self::Unknown(UnknownPayload { kind, json }))
        })
    }
}

impl Payload {
    /// The topic that it belongs to, if this release knows what it is.
    #[must_use]
    pub fn topic(&self) -> Option<Topic> {
        Some(match self {
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
            Self::Unknown(_) => return None,
        })
    }
}

/// Version of the envelope and the payloads.
pub const SCHEMA_VERSION: u32 = 1;

/// An event, before it has a position on the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
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
    /// Name of the topic that it belongs to. It is told with the event, so that those who cannot read the payload know it.
    pub topic: Cow<'static, str>,
    /// What happened.
    pub payload: Payload,
}

/// An event as it is read.
#[derive(Deserialize)]
struct Written {
    id: EventId,
    schema_version: u32,
    tenant: TenantId,
    at: Timestamp,
    causes: Vec<EventId>,
    trace: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
    /// What was written before this was told has a payload that every release knows.
    #[serde(default)]
    topic: Option<String>,
    payload: Box<RawValue>,
}

impl TryFrom<Written> for Event {
    type Error = serde_json::Error;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { id, schema_version, tenant, at, causes, trace, request_id, topic, payload } = written;
        let payload = Payload::try_from(payload)?;
        let topic = match payload.topic() {
            Some(topic) => topic.name().into(),
            None => topic.unwrap_or_default().into(),
        };
        Ok(Self { id, schema_version, tenant, at, causes, trace, request_id, topic, payload })
    }
}

impl Event {
    /// An event of the trace that is being followed.
    #[must_use]
    pub fn new(tenant: TenantId, at: Timestamp, causes: Vec<EventId>, payload: Payload) -> Self {
        let (id, schema_version) = (EventId::at(at), SCHEMA_VERSION);
        let current = Trace::current();
        let trace = current.as_ref().map(Trace::traceparent);
        let request_id = current.as_ref().and_then(Trace::request).map(str::to_owned);
        let topic = payload.topic().map_or("", Topic::name).into();
        Self { id, schema_version, tenant, at, causes, trace, request_id, topic, payload }
    }

    /// Whether it belongs to one of these topics.
    #[must_use]
    pub fn is_of(&self, topics: &[Topic]) -> bool {
        topics.iter().any(|topic| topic.name() == self.topic)
    }

    /// Whether this release can read what happened. If not, that is logged and counted for whoever has to do with it.
    #[must_use]
    pub fn is_understood_by(&self, consumer: &'static str) -> bool {
        let Payload::Unknown(unknown) = &self.payload else { return true };
        let (id, topic, kind) = (self.id, &*self.topic, unknown.kind());
        tracing::warn!(consumer, %id, topic, kind, "an event of a later release cannot be read");
        metrics::UNKNOWN_EVENTS.increment([consumer]);
        false
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// As a later release writes it; the number has more digits than a double.
    const LATER: &str =
        r#"{"type":"object_maneuvered","delta_v_m_s":0.12345678901234567890,"a":[{"z":1,"b":null}]}"#;

    fn event(topic: &str, payload: &str) -> String {
        let event = Event::new(
            TenantId::local(),
            Timestamp::UNIX_EPOCH,
            Vec::new(),
            Payload::RunCompleted { run: RunId::at(Timestamp::UNIX_EPOCH) },
        );
        let known = serde_json::to_string(&event.payload).unwrap();
        let written = serde_json::to_string(&event).unwrap();
        assert!(written.contains(r#""topic":"runs""#), "{written}");
        written.replace(&known, payload).replace(r#""topic":"runs""#, &format!(r#""topic":"{topic}""#))
    }

    #[test]
    fn what_a_later_release_tells_goes_on_to_the_letter_under_its_topic() {
        for topic in ["conjunctions", "maneuvers"] {
            let written = event(topic, LATER);
            let read: Event = serde_json::from_str(&written).unwrap();
            assert!(
                matches!(&read.payload, Payload::Unknown(unknown) if unknown.kind() == "object_maneuvered")
            );
            assert_eq!(serde_json::to_string(&read).unwrap(), written);
            assert_eq!(read.is_of(&[Topic::Runs, Topic::Conjunctions]), topic == "conjunctions");
            assert!(!read.is_understood_by("test"));
        }
    }

    #[test]
    fn what_is_new_in_a_payload_that_is_known_is_passed_over_too() {
        let written =
            event("conjunctions", r#"{"type":"conjunction_noted","conjunction":"c","kind":"vote"}"#);
        let read: Event = serde_json::from_str(&written).unwrap();
        assert!(!read.is_understood_by("test"));
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }

    #[test]
    fn an_event_of_before_topics_were_told_has_that_of_its_payload() {
        let mut written: Value = serde_json::from_str(&event(
            "runs",
            r#"{"type":"run_completed","run":"01938f7e-0000-7000-8000-000000000000"}"#,
        ))
        .unwrap();
        written.as_object_mut().unwrap().remove("topic");
        let read: Event = serde_json::from_value(written).unwrap();
        assert!(read.is_of(&[Topic::Runs]) && read.is_understood_by("test"), "{read:?}");
    }

    #[test]
    fn what_does_not_say_its_kind_is_no_event() {
        for payload in [json!({}), json!({ "type": 7 }), json!("run_completed"), json!(null)] {
            let written = event("runs", &payload.to_string());
            assert!(serde_json::from_str::<Event>(&written).is_err(), "{payload}");
        }
    }
}
