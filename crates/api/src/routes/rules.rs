//! `/rules`: when to raise an alert, and whom to tell.

use astroshield_domain::access::Caller;
use astroshield_domain::alert::{Channel, Rule, Severity, Webhook};
use astroshield_domain::ids::{RuleId, WatchListId, WebhookId};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use uuid::Uuid;

use super::audit_entry;
use super::watch_lists::{name, within};
use crate::access::{Reader, Writer};
use crate::answer::{self, List};
use crate::idempotency::Tried;
use crate::problem::Problem;
use crate::request::{Id, Json, whole_or_null};
use crate::schema;
use crate::state::ApiState;

/// Where a message goes, beside the WebSocket that all alerts go to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ChannelBody {
    /// A webhook.
    Webhook {
        /// Which.
        webhook: Uuid,
    },
    /// Electronic mail.
    Email {
        /// To whom.
        address: String,
    },
}

impl utoipa::PartialSchema for ChannelBody {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        RefOr::T(schema::channel().into())
    }
}

impl ToSchema for ChannelBody {}

impl From<Channel> for ChannelBody {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Webhook { webhook } => Self::Webhook { webhook: webhook.0 },
            Channel::Email { address } => Self::Email { address },
        }
    }
}

/// A rule that is made or replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleBody {
    /// Name.
    #[schema(schema_with = schema::name)]
    name: String,
    /// Whether it is in force.
    #[serde(default = "yes")]
    enabled: bool,
    /// About objects on this watch list; without one, about all.
    #[serde(default)]
    #[schema(schema_with = schema::id_or_null)]
    watch_list: Option<WatchListId>,
    /// Leading probability at least.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    /// Miss distance at most, in km.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    max_miss_distance_km: Option<f64>,
    /// TCA at most so many hours ahead.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 8784)]
    within_hours: Option<f64>,
    /// Relations too.
    #[serde(default)]
    relations: bool,
    /// How urgent its alerts are.
    #[schema(schema_with = schema::severity)]
    severity: Severity,
    /// Whom to tell.
    #[serde(default)]
    #[schema(max_items = 20)]
    channels: Vec<ChannelBody>,
    /// Minutes without an acknowledgment after which to escalate.
    #[serde(default, deserialize_with = "whole_or_null")]
    #[schema(minimum = 1, maximum = 10_080)]
    escalate_after_minutes: Option<u32>,
    /// Whom to tell then.
    #[serde(default)]
    #[schema(max_items = 20)]
    escalation_channels: Vec<ChannelBody>,
}

fn yes() -> bool {
    true
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: RuleId,
    /// Name.
    name: String,
    /// Whether it is in force.
    enabled: bool,
    /// About objects on this watch list; without one, about all.
    #[schema(schema_with = schema::id_or_null)]
    watch_list: Option<WatchListId>,
    /// Leading probability at least.
    min_probability: Option<f64>,
    /// Miss distance at most, in km.
    max_miss_distance_km: Option<f64>,
    /// TCA at most so many hours ahead.
    within_hours: Option<f64>,
    /// Relations too.
    relations: bool,
    /// How urgent its alerts are.
    #[schema(schema_with = schema::severity)]
    severity: Severity,
    /// Whom to tell.
    channels: Vec<ChannelBody>,
    /// Minutes without an acknowledgment after which to escalate.
    escalate_after_minutes: Option<u32>,
    /// Whom to tell then.
    escalation_channels: Vec<ChannelBody>,
    /// When it last changed, UTC.
    #[schema(schema_with = schema::time)]
    updated: Timestamp,
    /// Why some of whom it names would not be told.
    notices: Vec<String>,
}

/// Why some of whom a rule names would not be told: a webhook that is not in use, mail without a mail server.
fn notices(rule: &Rule, webhooks: &[Webhook], has_mailer: bool) -> Vec<String> {
    let of_channel = |field: &str, index: usize, channel: &Channel| match channel {
        Channel::Webhook { webhook } => {
            let found = webhooks.iter().find(|known| known.id == *webhook)?;
            (!found.enabled).then(|| format!("{field}[{index}]: webhook {:?} is not in use", found.name))
        }
        Channel::Email { .. } => {
            (!has_mailer).then(|| format!("{field}[{index}]: no mail server is configured (notify.smtp)"))
        }
    };
    let fields = [("channels", &rule.channels), ("escalation_channels", &rule.escalation_channels)];
    let each = |(field, channels): (&'static str, &Vec<Channel>)| -> Vec<String> {
        let numbered = channels.iter().enumerate();
        numbered.filter_map(|(index, channel)| of_channel(field, index, channel)).collect()
    };
    fields.into_iter().flat_map(each).collect()
}

/// Rules as they are shown.
async fn rows(state: &ApiState, caller: &Caller, rules: Vec<Rule>) -> Result<Vec<RuleRow>, Problem> {
    let webhooks = state.ports.store.webhooks(&caller.tenant).await?;
    let has_mailer = state.use_cases.notifier.has_mailer();
    let noticed =
        |rule: Rule| RuleRow { notices: notices(&rule, &webhooks, has_mailer), ..RuleRow::from(rule) };
    Ok(rules.into_iter().map(noticed).collect())
}

async fn row(state: &ApiState, caller: &Caller, rule: Rule) -> Result<RuleRow, Problem> {
    let webhooks = state.ports.store.webhooks(&caller.tenant).await?;
    let notices = notices(&rule, &webhooks, state.use_cases.notifier.has_mailer());
    Ok(RuleRow { notices, ..RuleRow::from(rule) })
}

impl From<Rule> for RuleRow {
    fn from(rule: Rule) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            enabled: rule.enabled,
            watch_list: rule.watch_list,
            min_probability: rule.min_probability,
            max_miss_distance_km: rule.max_miss_distance_km,
            within_hours: rule.within_hours,
            relations: rule.relations,
            severity: rule.severity,
            channels: rule.channels.into_iter().map(ChannelBody::from).collect(),
            escalate_after_minutes: rule.escalate_after_minutes,
            escalation_channels: rule.escalation_channels.into_iter().map(ChannelBody::from).collect(),
            updated: rule.updated,
            notices: Vec::new(),
        }
    }
}

/// Most channels of a rule, of either kind.
const MOST_CHANNELS: usize = 20;

/// Longest time before an escalation, in minutes: a week.
const LONGEST_WAIT_MINUTES: u32 = 7 * 24 * 60;

/// Channels, each of a webhook of the tenant's or a mail address that looks like one.
fn channels(
    field: &str,
    bodies: Vec<ChannelBody>,
    webhooks: &[WebhookId],
    has_mailer: bool,
) -> Result<Vec<Channel>, Problem> {
    if bodies.len() > MOST_CHANNELS {
        let detail = format!("{} channels; at most {MOST_CHANNELS} are taken", bodies.len());
        return Err(Problem::unprocessable(detail).at(field.to_owned()));
    }
    let channel = |(index, body)| match body {
        ChannelBody::Webhook { webhook } if webhooks.contains(&WebhookId(webhook)) => {
            Ok(Channel::Webhook { webhook: WebhookId(webhook) })
        }
        ChannelBody::Webhook { webhook } => {
            let detail = format!("no such webhook: {webhook}");
            Err(Problem::unprocessable(detail).at(format!("{field}[{index}].webhook")))
        }
        ChannelBody::Email { .. } if !has_mailer => {
            let detail = "no mail server is configured (notify.smtp): nobody would be told";
            Err(Problem::unprocessable(detail).at(format!("{field}[{index}]")))
        }
        ChannelBody::Email { address } if is_address(&address) => Ok(Channel::Email { address }),
        ChannelBody::Email { address } => {
            let detail = format!("{address:?}: a mail address is due");
            Err(Problem::unprocessable(detail).at(format!("{field}[{index}].address")))
        }
    };
    bodies.into_iter().enumerate().map(channel).collect()
}

/// Whether a text may be a mail address: what a mail server says of it is another matter.
fn is_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c);
    let parts = text.rsplit_once('@');
    text.len() <= 254
        && text.chars().all(plain)
        && parts.is_some_and(|(user, host)| !user.is_empty() && !user.contains('@') && host.len() > 2)
}

impl RuleBody {
    async fn into_rule(
        self,
        id: RuleId,
        state: &ApiState,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Rule, Problem> {
        let store = &state.ports.store;
        if let Some(list) = self.watch_list
            && store.watch_list(&caller.tenant, list).await?.is_none()
        {
            return Err(Problem::unprocessable(format!("no such watch list: {list}")).at("watch_list"));
        }
        if let Some(minutes) = self.escalate_after_minutes
            && !(1..=LONGEST_WAIT_MINUTES).contains(&minutes)
        {
            let detail = format!("{minutes}: 1 to {LONGEST_WAIT_MINUTES} minutes are due");
            return Err(Problem::unprocessable(detail).at("escalate_after_minutes"));
        }
        let webhooks = store.webhooks(&caller.tenant).await?;
        let has_mailer = state.use_cases.notifier.has_mailer();
        let webhooks: Vec<WebhookId> = webhooks.iter().map(|webhook| webhook.id).collect();
        Ok(Rule {
            id,
            tenant: caller.tenant.clone(),
            name: name(&self.name)?,
            enabled: self.enabled,
            watch_list: self.watch_list,
            min_probability: within("min_probability", self.min_probability, 0.0..=1.0)?,
            max_miss_distance_km: within("max_miss_distance_km", self.max_miss_distance_km, 0.0..=1e3)?,
            within_hours: within("within_hours", self.within_hours, 0.0..=8_784.0)?,
            relations: self.relations,
            severity: self.severity,
            channels: channels("channels", self.channels, &webhooks, has_mailer)?,
            escalate_after_minutes: self.escalate_after_minutes,
            escalation_channels: channels(
                "escalation_channels",
                self.escalation_channels,
                &webhooks,
                has_mailer,
            )?,
            updated: now,
        })
    }
}

/// Rules, by name.
#[utoipa::path(get, path = "/rules", tag = "rules",
    responses((status = 200, description = "Rules", body = List<RuleRow>)))]
pub(crate) async fn rules(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, Problem> {
    let rules = state.ports.store.rules(&caller.tenant).await?;
    answer::json(&List { items: rows(&state, &caller, rules).await?, next_cursor: None })
}

async fn found(state: &ApiState, caller: &Caller, id: RuleId) -> Result<Rule, Problem> {
    let rule = state.ports.store.rule(&caller.tenant, id).await?;
    rule.ok_or_else(|| Problem::not_found("rule", id))
}

/// One rule.
#[utoipa::path(get, path = "/rules/{id}", tag = "rules",
    params(("id" = Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The rule", body = RuleRow)))]
pub(crate) async fn rule(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<RuleId>,
) -> Result<Response, Problem> {
    let rule = found(&state, &caller, id).await?;
    answer::json(&row(&state, &caller, rule).await?)
}

/// Make a rule.
#[utoipa::path(post, path = "/rules", tag = "rules", request_body = RuleBody,
    responses((status = 201, description = "Made", body = RuleRow)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Json(body): Json<RuleBody>,
) -> Result<Response, Problem> {
    let now = state.now();
    let id = tried.id(RuleId::of_attempt, || RuleId::at(now));
    if tried.is_repeated()
        && let Some(rule) = state.ports.store.rule(&caller.tenant, id).await?
    {
        return answer::json_of(StatusCode::CREATED, &row(&state, &caller, rule).await?);
    }
    let rule = body.into_rule(id, &state, &caller, now).await?;
    state.ports.store.put_rule(&rule, &audit_entry(&caller, now, "rule.create", &rule.id)).await?;
    answer::json_of(StatusCode::CREATED, &row(&state, &caller, rule).await?)
}

/// Replace a rule.
#[utoipa::path(put, path = "/rules/{id}", tag = "rules", request_body = RuleBody,
    params(("id" = Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Replaced", body = RuleRow)))]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    Id(id): Id<RuleId>,
    Json(body): Json<RuleBody>,
) -> Result<Response, Problem> {
    found(&state, &caller, id).await?;
    let now = state.now();
    let rule = body.into_rule(id, &state, &caller, now).await?;
    state.ports.store.put_rule(&rule, &audit_entry(&caller, now, "rule.replace", &id)).await?;
    answer::json(&row(&state, &caller, rule).await?)
}

/// Remove a rule.
#[utoipa::path(delete, path = "/rules/{id}", tag = "rules",
    params(("id" = Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(id): Id<RuleId>,
) -> Result<Response, Problem> {
    let audit = audit_entry(&caller, state.now(), "rule.remove", &id);
    tried.removed(state.ports.store.remove_rule(&caller.tenant, id, &audit).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_told_from_what_is_none() {
        for good in ["ops@example.org", "a.b+c@sub.example.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["", "ops", "@example.org", "a@b@c.org", "a b@c.org", "a@c.org\r\nBcc: x@y.org", "<a@b.org>"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_channel_to_a_webhook_that_is_not_there_is_refused_by_its_place() {
        let known = Uuid::from_u128(7);
        let bodies = |id| vec![ChannelBody::Webhook { webhook: known }, ChannelBody::Webhook { webhook: id }];
        assert_eq!(channels("channels", bodies(known), &[WebhookId(known)], false).unwrap().len(), 2);
        let problem =
            channels("channels", bodies(Uuid::from_u128(8)), &[WebhookId(known)], false).unwrap_err();
        assert!(format!("{problem:?}").contains("channels[1].webhook"));
    }
}
