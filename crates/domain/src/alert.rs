//! Watch lists, alert rules, alerts, and the messages that carry them.

use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::AuditEntry;
use crate::ids::{AlertId, ConjunctionId, DeliveryId, RuleId, TenantId, WatchListId, WebhookId};
use crate::trace::Trace;

/// A satellite that somebody cares for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WatchedObject {
    /// Catalog number.
    pub object: u32,
    /// Hard-body radius, in m, where the operator knows better.
    pub hard_body_radius_m: Option<f64>,
    /// Whether it can maneuver, where that is stated.
    pub maneuverable: Option<bool>,
    /// Probability to alert from on, in place of the rule's.
    pub min_probability: Option<f64>,
    /// Miss distance to alert up to, in km, in place of the rule's.
    pub max_miss_distance_km: Option<f64>,
}

/// A list of satellites.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchList {
    /// Identity.
    pub id: WatchListId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Name.
    pub name: String,
    /// The satellites.
    pub objects: Vec<WatchedObject>,
    /// When it last changed.
    pub updated: Timestamp,
}

/// Whether an object can maneuver, by the watch lists that it is on: one that says so is enough. `None` where none states it.
#[must_use]
pub fn maneuverable(lists: &[WatchList], object: CatalogNumber) -> Option<bool> {
    let watched =
        lists.iter().flat_map(|list| &list.objects).filter(|watched| watched.object == object.get());
    watched.filter_map(|watched| watched.maneuverable).reduce(|one, other| one || other)
}

/// How urgent an alert is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}

/// Where a message goes, beside the WebSocket that all alerts go to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Channel {
    /// A webhook.
    Webhook {
        /// Which.
        webhook: WebhookId,
    },
    /// Electronic mail.
    Email {
        /// To whom.
        address: String,
    },
}

/// When to raise an alert about a conjunction, and whom to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Identity.
    pub id: RuleId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Name.
    pub name: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// About objects on this list; without one, about all.
    pub watch_list: Option<WatchListId>,
    /// Leading probability at least.
    pub min_probability: Option<f64>,
    /// Miss distance at most, in km.
    pub max_miss_distance_km: Option<f64>,
    /// TCA at most so many hours ahead.
    pub within_hours: Option<f64>,
    /// Relations too.
    pub relations: bool,
    /// How urgent its alerts are.
    pub severity: Severity,
    /// Whom to tell.
    pub channels: Vec<Channel>,
    /// Minutes without an acknowledgment after which to escalate.
    pub escalate_after_minutes: Option<u32>,
    /// Whom to tell then.
    pub escalation_channels: Vec<Channel>,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A conjunction that a rule speaks of.
    Conjunction {
        /// The conjunction.
        conjunction: ConjunctionId,
        /// The rule.
        rule: RuleId,
    },
    /// An encounter that a rule speaks of, which messages that were received tell of and our runs do not find.
    Messages {
        /// The two objects, in ascending order.
        objects: [u32; 2],
        /// Time of closest approach, as the first of the messages has it.
        tca: Timestamp,
        /// The rule.
        rule: RuleId,
    },
    /// Messages about alerts that were given up.
    Undelivered,
    /// A feed that fails or has sent nothing new for too long.
    Feed {
        /// Its name.
        feed: String,
    },
    /// No screening has completed for too long.
    NoScreening,
    /// The newest data of the catalog is too old.
    StaleCatalog,
}

impl Subject {
    /// A key under which at most one alert is open at a time.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Conjunction { conjunction, rule } => format!("conjunction/{conjunction}/{rule}"),
            Self::Messages { objects: [one, other], tca, rule } => {
                format!("messages/{one}-{other}/{}/{rule}", tca.as_microsecond())
            }
            Self::Undelivered => "undelivered".to_owned(),
            Self::Feed { feed } => format!("feed/{feed}"),
            Self::NoScreening => "no-screening".to_owned(),
            Self::StaleCatalog => "stale-catalog".to_owned(),
        }
    }
}

impl Subject {
    /// The rule that the alert is of; none, if it is about the platform itself.
    #[must_use]
    pub fn rule(&self) -> Option<RuleId> {
        match self {
            Self::Conjunction { rule, .. } | Self::Messages { rule, .. } => Some(*rule),
            Self::Undelivered | Self::Feed { .. } | Self::NoScreening | Self::StaleCatalog => None,
        }
    }
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody has said anything yet.
    Open,
    /// Somebody has seen it.
    Acknowledged,
    /// What it was about is over.
    Resolved,
    /// Somebody wants to hear no more of it, for a time.
    Muted,
}

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Identity.
    pub id: AlertId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is about.
    pub subject: Subject,
    /// How urgent it is.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// One line for people.
    pub summary: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Who acknowledged it, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// When it was resolved.
    pub resolved: Option<Timestamp>,
    /// Who resolved it; nobody, if what it is about was over.
    pub resolved_by: Option<String>,
    /// Until when it is muted.
    pub muted_until: Option<Timestamp>,
    /// Who muted it, while it is.
    pub muted_by: Option<String>,
    /// When to escalate, if nobody acknowledges before.
    pub escalate_at: Option<Timestamp>,
    /// When it was escalated.
    pub escalated: Option<Timestamp>,
    /// The greatest probability of its encounter that was last told: one that has grown much since is told again.
    pub told_probability: Option<f64>,
    /// Who made the message that its line speaks of; none, if it speaks of our own solution.
    pub originator: Option<String>,
    /// How often it was changed. A change is one more than what it was made of, or it is refused as a conflict: somebody
    /// else was first.
    pub version: u32,
}

impl Alert {
    /// An alert that is opened now, which nobody has acted on, and which does not escalate.
    #[must_use]
    pub fn open(
        tenant: &TenantId,
        subject: Subject,
        severity: Severity,
        summary: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id: AlertId::at(now),
            tenant: tenant.clone(),
            subject,
            severity,
            state: AlertState::Open,
            summary,
            opened: now,
            updated: now,
            acknowledged: None,
            resolved: None,
            resolved_by: None,
            muted_until: None,
            muted_by: None,
            escalate_at: None,
            escalated: None,
            told_probability: None,
            originator: None,
            version: 0,
        }
    }
}

/// What has changed about an alert that nobody is told of: its line for people follows what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRefresh {
    /// The alert.
    pub alert: AlertId,
    /// One line for people.
    pub summary: String,
    /// Who made the message that the line speaks of, if it is one.
    pub originator: Option<String>,
    /// The greatest probability of its encounter, kept as told if none was before.
    pub probability: Option<f64>,
}

/// What a user wants of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertAction {
    /// I have seen it.
    Acknowledge,
    /// Say nothing of it until then.
    Mute {
        /// Until when.
        until: Timestamp,
    },
    /// It is over.
    Resolve,
}

impl AlertAction {
    /// Its name in the audit log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "alert.acknowledge",
            Self::Mute { .. } => "alert.mute",
            Self::Resolve => "alert.resolve",
        }
    }
}

/// Messages of one channel that are on their way at once: one that hangs keeps no other waiting.
pub const DELIVERIES_PER_CHANNEL: u32 = 8;

/// What happened to an alert that a message tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertChange {
    /// It was opened.
    Opened,
    /// It became more urgent: its rule did, or its conjunction became much more likely.
    Raised,
    /// It was acknowledged.
    Acknowledged,
    /// It was muted.
    Muted,
    /// Nobody acknowledged it in time.
    Escalated,
    /// It was resolved.
    Resolved,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried.
    Due,
    /// Taken by the other side.
    Delivered,
    /// Given up, or dropped as its webhook is not in use.
    Failed,
}

/// A message about an alert on its way to somebody. Its identity is the same in every attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Identity, told to the other side.
    pub id: DeliveryId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The alert.
    pub alert: AlertId,
    /// What happened to it.
    pub change: AlertChange,
    /// Where it goes.
    pub channel: Channel,
    /// The message: the JSON of a webhook's body, which a mail is written from, too.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// When to try next.
    pub next_attempt: Timestamp,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// When what it tells of was committed.
    pub since: Option<Timestamp>,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
}

/// An address of a tenant's that messages are posted to.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Identity.
    pub id: WebhookId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Name.
    pub name: String,
    /// Where to.
    pub url: String,
    /// What messages are signed with.
    pub secret: String,
    /// The secret before this one.
    pub retired: Option<RetiredSecret>,
    /// Whether it is in use.
    pub enabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// A secret that another one has taken the place of. Until its time is over, messages are signed with both.
#[derive(Debug, Clone, PartialEq)]
pub struct RetiredSecret {
    /// The secret.
    pub secret: String,
    /// Until when it is signed with.
    pub until: Timestamp,
    /// Identity of what put another one in its place.
    pub rotation: Uuid,
}

impl Webhook {
    /// What messages of a time are signed with, the newest first.
    #[must_use]
    pub fn secrets(&self, now: Timestamp) -> Vec<String> {
        let retired = self.retired.iter().filter(|retired| now < retired.until);
        std::iter::once(&self.secret).chain(retired.map(|retired| &retired.secret)).cloned().collect()
    }

    /// Puts another secret in the place of this one, with which messages are signed, too, until a time. If the same rotation has
    /// done so before, its secret was told to nobody, and only that one is replaced.
    pub fn rotate(&mut self, rotation: Uuid, secret: String, until: Timestamp) {
        let before = std::mem::replace(&mut self.secret, secret);
        if self.retired.as_ref().is_none_or(|retired| retired.rotation != rotation) {
            self.retired = Some(RetiredSecret { secret: before, until, rotation });
        }
    }
}

/// Which alerts to list, the newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertQuery {
    /// Where they stand.
    pub state: Option<AlertState>,
    /// How urgent at least.
    pub min_severity: Option<Severity>,
    /// About this object.
    pub object: Option<CatalogNumber>,
    /// Those before this one.
    pub before: Option<AlertId>,
    /// At most so many.
    pub limit: u32,
}

/// New and changed alerts with their messages, to be stored at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertChanges {
    /// Alerts in their new state, and what happened to them.
    pub alerts: Vec<(Alert, AlertChange)>,
    /// Messages to send.
    pub deliveries: Vec<Delivery>,
    /// When what they tell of was committed: the conjunctions of alerts that rules make.
    pub since: Option<Timestamp>,
    /// Lines of the audit log, where somebody did it.
    pub audit: Vec<AuditEntry>,
}
