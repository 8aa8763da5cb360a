//! `/alerts`: what somebody should look at, and what was done about it.

use astroshield_domain::access::Caller;
use astroshield_domain::alert::{
    Alert, AlertAction, AlertChange, AlertQuery, AlertState, Delivery, DeliveryState, Severity, Subject,
};
use astroshield_domain::ids::{AlertId, DeliveryId};
use astroshield_domain::notify::NotifyError;
use astroshield_domain::ports::Page;
use astroshield_formats::CatalogNumber;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::ChannelBody;
use crate::access::{Reader, Writer};
use crate::answer::{self, List};
use crate::cursor;
use crate::idempotency::Tried;
use crate::problem::{Problem, chain};
use crate::request::{Id, Json, Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// What an alert is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum SubjectBody {
    /// A conjunction that a rule speaks of.
    Conjunction {
        /// The conjunction.
        conjunction: uuid::Uuid,
        /// The rule.
        rule: uuid::Uuid,
    },
    /// An encounter that a rule speaks of, which messages that were received tell of and our runs do not find.
    Messages {
        /// Catalog numbers of the two objects, in ascending order.
        objects: [u32; 2],
        /// Time of closest approach, UTC, as the first of the messages has it.
        #[schema(schema_with = schema::time)]
        tca: Timestamp,
        /// The rule.
        rule: uuid::Uuid,
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

impl From<Subject> for SubjectBody {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Conjunction { conjunction, rule } => {
                Self::Conjunction { conjunction: conjunction.0, rule: rule.0 }
            }
            Subject::Messages { objects, tca, rule } => Self::Messages { objects, tca, rule: rule.0 },
            Subject::Undelivered => Self::Undelivered,
            Subject::Feed { feed } => Self::Feed { feed },
            Subject::NoScreening => Self::NoScreening,
            Subject::StaleCatalog => Self::StaleCatalog,
        }
    }
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: AlertId,
    /// What it is about.
    subject: SubjectBody,
    /// How urgent it is.
    #[schema(schema_with = schema::severity)]
    severity: Severity,
    /// Where it stands.
    #[schema(schema_with = schema::alert_state)]
    state: AlertState,
    /// One line for people.
    summary: String,
    /// When it was opened, UTC.
    #[schema(schema_with = schema::time)]
    opened: Timestamp,
    /// When it last changed, UTC.
    #[schema(schema_with = schema::time)]
    updated: Timestamp,
    /// Who acknowledged it.
    acknowledged_by: Option<String>,
    /// When it was acknowledged, UTC.
    #[schema(schema_with = schema::time_or_null)]
    acknowledged: Option<Timestamp>,
    /// When it was resolved, UTC.
    #[schema(schema_with = schema::time_or_null)]
    resolved: Option<Timestamp>,
    /// Who resolved it; nobody, if what it is about was over.
    resolved_by: Option<String>,
    /// Until when it is muted, UTC.
    #[schema(schema_with = schema::time_or_null)]
    muted_until: Option<Timestamp>,
    /// Who muted it, while it is.
    muted_by: Option<String>,
    /// Who made the received message that the line speaks of; nobody, if it speaks of our own solution.
    originator: Option<String>,
    /// When it will be escalated, UTC, if nobody acknowledges before.
    #[schema(schema_with = schema::time_or_null)]
    escalate_at: Option<Timestamp>,
    /// When it was escalated, UTC.
    #[schema(schema_with = schema::time_or_null)]
    escalated: Option<Timestamp>,
}

impl From<Alert> for AlertRow {
    fn from(alert: Alert) -> Self {
        let (acknowledged_by, acknowledged) = alert.acknowledged.unzip();
        Self {
            id: alert.id,
            subject: alert.subject.into(),
            severity: alert.severity,
            state: alert.state,
            summary: alert.summary,
            opened: alert.opened,
            updated: alert.updated,
            acknowledged_by,
            acknowledged,
            resolved: alert.resolved,
            resolved_by: alert.resolved_by,
            muted_until: alert.muted_until,
            muted_by: alert.muted_by,
            originator: alert.originator,
            escalate_at: alert.escalate_at,
            escalated: alert.escalated,
        }
    }
}

/// Which alerts to list.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsParams {
    /// Where they stand.
    #[param(schema_with = schema::alert_state)]
    state: Option<AlertState>,
    /// How urgent at least.
    #[param(schema_with = schema::severity)]
    min_severity: Option<Severity>,
    /// About this object.
    #[param(maximum = 999_999_999)]
    object: Option<u32>,
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Alerts, the newest first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", params(AlertsParams),
    responses((status = 200, description = "Alerts", body = List<AlertRow>)))]
pub(crate) async fn alerts(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Parameters(params): Parameters<AlertsParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "alerts";
    let object = params.object.map(|number| {
        CatalogNumber::new(number)
            .ok_or_else(|| Problem::invalid("object", format!("{number}: at most nine digits are due")))
    });
    let query = AlertQuery {
        state: params.state,
        min_severity: params.min_severity,
        object: object.transpose()?,
        before: params.cursor.as_deref().map(|cursor| cursor::decode(LIST, cursor)).transpose()?,
        limit: limit(params.limit)?,
    };
    let Page { rows, more } = state.ports.store.alerts(&caller.tenant, &query).await?;
    let next_cursor = rows.last().filter(|_| more).map(|last| cursor::encode(LIST, last.id)).transpose()?;
    answer::json(&List { items: rows.into_iter().map(AlertRow::from).collect(), next_cursor })
}

/// One alert.
#[utoipa::path(get, path = "/alerts/{id}", tag = "alerts",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The alert", body = AlertRow)))]
pub(crate) async fn alert(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<AlertId>,
) -> Result<Response, Problem> {
    let alert = state.ports.store.alert(&caller.tenant, id).await?;
    answer::json(&AlertRow::from(alert.ok_or_else(|| Problem::not_found("alert", id))?))
}

/// A message about an alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryRow {
    /// Identity, the same in every attempt.
    #[schema(schema_with = schema::id)]
    id: DeliveryId,
    /// What happened to the alert.
    #[schema(schema_with = schema::alert_change)]
    change: AlertChange,
    /// Where it goes.
    channel: ChannelBody,
    /// Where it stands.
    #[schema(schema_with = schema::delivery_state)]
    state: DeliveryState,
    /// Attempts so far.
    attempts: u32,
    /// When it is tried next, UTC.
    #[schema(schema_with = schema::time)]
    next_attempt: Timestamp,
    /// Why the last attempt failed.
    problem: Option<String>,
}

impl From<Delivery> for DeliveryRow {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            change: delivery.change,
            channel: delivery.channel.into(),
            state: delivery.state,
            attempts: delivery.attempts,
            next_attempt: delivery.next_attempt,
            problem: delivery.problem,
        }
    }
}

/// Messages about an alert.
#[utoipa::path(get, path = "/alerts/{id}/deliveries", tag = "alerts",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Messages", body = List<DeliveryRow>)))]
pub(crate) async fn deliveries(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<AlertId>,
) -> Result<Response, Problem> {
    let store = &state.ports.store;
    store.alert(&caller.tenant, id).await?.ok_or_else(|| Problem::not_found("alert", id))?;
    let rows = store.deliveries_of(&caller.tenant, id).await?;
    answer::json(&List { items: rows.into_iter().map(DeliveryRow::from).collect(), next_cursor: None })
}

impl From<NotifyError> for Problem {
    fn from(error: NotifyError) -> Self {
        match error {
            NotifyError::NotFound { alert } => Self::not_found("alert", alert),
            NotifyError::NotNow { .. } => Self::conflict(error.to_string()),
            NotifyError::Past { .. } => Self::unprocessable(error.to_string()).at("until"),
            NotifyError::Store(error) => error.into(),
            NotifyError::Bus(_) => Self::unavailable(chain(&error)),
        }
    }
}

async fn act(
    state: &ApiState,
    caller: &Caller,
    id: AlertId,
    action: AlertAction,
    tried: &Tried,
) -> Result<Response, Problem> {
    let alert = state.use_cases.notifier.act_once(caller, id, action, tried.0.as_deref()).await?;
    answer::json(&AlertRow::from(alert))
}

/// Say that an alert was seen: it will not be escalated.
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", tag = "alerts",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The alert", body = AlertRow)))]
pub(crate) async fn acknowledge(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(id): Id<AlertId>,
) -> Result<Response, Problem> {
    act(&state, &caller, id, AlertAction::Acknowledge, &tried).await
}

/// Until when to mute an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MuteBody {
    /// Until when, UTC.
    #[schema(schema_with = schema::time)]
    until: Timestamp,
}

/// Hear no more of an alert for a time.
#[utoipa::path(post, path = "/alerts/{id}/mute", tag = "alerts", request_body = MuteBody,
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The alert", body = AlertRow)))]
pub(crate) async fn mute(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(id): Id<AlertId>,
    Json(MuteBody { until }): Json<MuteBody>,
) -> Result<Response, Problem> {
    let now = state.now();
    if until <= now && !tried.is_repeated() {
        return Err(Problem::unprocessable(format!("{until} is over: it is {now}")).at("until"));
    }
    act(&state, &caller, id, AlertAction::Mute { until }, &tried).await
}

/// Say that what an alert is about is over.
#[utoipa::path(post, path = "/alerts/{id}/resolve", tag = "alerts",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The alert", body = AlertRow)))]
pub(crate) async fn resolve(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(id): Id<AlertId>,
) -> Result<Response, Problem> {
    act(&state, &caller, id, AlertAction::Resolve, &tried).await
}
