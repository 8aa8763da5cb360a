//! `/webhooks`: addresses that messages are posted to.

use astroshield_domain::access::Caller;
use astroshield_domain::alert::Webhook;
use astroshield_domain::ids::WebhookId;
use astroshield_domain::ports::StoreError;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit_entry;
use super::watch_lists::name;
use crate::access::{Reader, Writer};
use crate::answer::{self, List};
use crate::idempotency::{Tried, WithoutSecret};
use crate::problem::Problem;
use crate::request::{Id, Json, whole};
use crate::schema;
use crate::state::ApiState;

/// A webhook that is made or replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookBody {
    /// Name.
    #[schema(schema_with = schema::name)]
    name: String,
    /// Where to: `https:`, outside the network unless the settings allow it.
    #[schema(max_length = 2000, pattern = "^https://")]
    url: String,
    /// Whether it is in use.
    #[serde(default = "yes")]
    enabled: bool,
}

/// Longest time for two secrets: 30 days.
const MOST_OVERLAP_HOURS: u32 = 720;

fn yes() -> bool {
    true
}

/// A webhook. Its secret is shown only when it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: WebhookId,
    /// Name.
    name: String,
    /// Where to.
    url: String,
    /// Whether it is in use.
    enabled: bool,
    /// When it was made, UTC.
    #[schema(schema_with = schema::time)]
    created: Timestamp,
    /// Until when messages are also signed with the secret before this one, UTC.
    #[schema(schema_with = schema::time_or_null)]
    retired_until: Option<Timestamp>,
    /// What messages are signed with (Standard Webhooks): only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookRow {
    fn without_secret(webhook: Webhook) -> Self {
        let Webhook { id, name, url, enabled, created, retired, .. } = webhook;
        let retired_until = retired.map(|retired| retired.until);
        Self { id, name, url, enabled, created, retired_until, secret: None }
    }
}

/// A new secret, in the form of Standard Webhooks.
fn new_secret() -> String {
    let bits: [u8; 32] = rand::random();
    format!("whsec_{}", STANDARD.encode(bits))
}

/// An address that messages may go to.
fn checked_url(state: &ApiState, url: String) -> Result<String, Problem> {
    if url.len() > 2_000 {
        return Err(Problem::unprocessable("at most 2000 characters are taken").at("url"));
    }
    let checked = state.ports.webhooks.check(&url);
    checked.map_err(|error| Problem::unprocessable(error.to_string()).at("url"))?;
    Ok(url)
}

/// Webhooks, by name.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks",
    responses((status = 200, description = "Webhooks", body = List<WebhookRow>)))]
pub(crate) async fn webhooks(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, Problem> {
    let rows = state.ports.store.webhooks(&caller.tenant).await?;
    let items = rows.into_iter().map(WebhookRow::without_secret).collect();
    answer::json(&List { items, next_cursor: None })
}

async fn found(state: &ApiState, caller: &Caller, id: WebhookId) -> Result<Webhook, Problem> {
    let webhook = state.ports.store.webhook(&caller.tenant, id).await?;
    webhook.ok_or_else(|| Problem::not_found("webhook", id))
}

/// One webhook.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The webhook", body = WebhookRow)))]
pub(crate) async fn webhook(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<WebhookId>,
) -> Result<Response, Problem> {
    answer::json(&WebhookRow::without_secret(found(&state, &caller, id).await?))
}

/// Make a webhook. The answer shows its secret, this once.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", request_body = WebhookBody,
    responses((status = 201, description = "Made", body = WebhookRow)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Json(body): Json<WebhookBody>,
) -> Result<Response, Problem> {
    let now = state.now();
    let id = tried.id(WebhookId::of_attempt, || WebhookId::at(now));
    if tried.is_repeated()
        && let Some(webhook) = state.ports.store.webhook(&caller.tenant, id).await?
    {
        return made(webhook);
    }
    let webhook = Webhook {
        id,
        tenant: caller.tenant.clone(),
        name: name(&body.name)?,
        url: checked_url(&state, body.url)?,
        secret: new_secret(),
        retired: None,
        enabled: body.enabled,
        created: now,
    };
    let audit = audit_entry(&caller, now, "webhook.create", &webhook.id);
    state.ports.store.put_webhook(&webhook, &audit).await?;
    made(webhook)
}

/// A secret that takes the place of another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationBody {
    /// For how many hours messages are also signed with the secret before it.
    #[schema(minimum = 0, maximum = 720)]
    #[serde(default = "a_day", deserialize_with = "whole")]
    overlap_hours: u32,
}

fn a_day() -> u32 {
    24
}

/// Give a webhook another secret. The answer shows it, this once. Until the overlap is over, each message has a signature of
/// either secret, so that a receiver can change at any time in it.
#[utoipa::path(post, path = "/webhooks/{id}/secret", tag = "webhooks", request_body = RotationBody,
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 201, description = "Made", body = WebhookRow)))]
pub(crate) async fn rotate(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    Id(id): Id<WebhookId>,
    tried: Tried,
    Json(body): Json<RotationBody>,
) -> Result<Response, Problem> {
    if body.overlap_hours > MOST_OVERLAP_HOURS {
        let detail = format!("at most {MOST_OVERLAP_HOURS} hours are taken");
        return Err(Problem::unprocessable(detail).at("overlap_hours"));
    }
    let now = state.now();
    let until = now.saturating_add(SignedDuration::from_hours(body.overlap_hours.into()));
    // What an earlier attempt made was told to nobody, and is replaced.
    let rotation = tried.id(WebhookId::of_attempt, || WebhookId::at(now)).0;
    let mut webhook = found(&state, &caller, id).await?;
    let before = webhook.secret.clone();
    webhook.rotate(rotation, new_secret(), until.unwrap_or(Timestamp::MAX));
    let audit = audit_entry(&caller, now, "webhook.rotate", &id);
    state.ports.store.rotate_webhook(&webhook, &before, &audit).await?;
    made(webhook)
}

/// The answer that shows the secret; it is kept without.
fn made(webhook: Webhook) -> Result<Response, Problem> {
    let secret = Some(webhook.secret.clone());
    let mut row = WebhookRow::without_secret(webhook);
    let kept = serde_json::to_vec(&row).map_err(Problem::internal)?;
    row.secret = secret;
    let mut response = answer::json_of(StatusCode::CREATED, &row)?;
    response.extensions_mut().insert(WithoutSecret(kept.into()));
    Ok(response)
}

/// Replace a webhook. Its secret stays. With `If-Match`, the webhook is replaced only if it is still as it was read.
#[utoipa::path(put, path = "/webhooks/{id}", tag = "webhooks", request_body = WebhookBody,
    params(("id" = uuid::Uuid, Path, description = "Identity"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the webhook as it was read")),
    responses((status = 200, description = "Replaced", body = WebhookRow),
        (status = 412, description = "It is not what `If-Match` names any more")))]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    Id(id): Id<WebhookId>,
    headers: HeaderMap,
    Json(body): Json<WebhookBody>,
) -> Result<Response, Problem> {
    let before = found(&state, &caller, id).await?;
    answer::require_match(&headers, &WebhookRow::without_secret(before.clone()))?;
    let (name, url) = (name(&body.name)?, checked_url(&state, body.url)?);
    let webhook = Webhook { name, url, enabled: body.enabled, ..before.clone() };
    let audit = audit_entry(&caller, state.now(), "webhook.replace", &id);
    if headers.contains_key(header::IF_MATCH) {
        let replaced = state.ports.store.replace_webhook(&webhook, &before, &audit).await;
        replaced.map_err(|error| match error {
            StoreError::Conflict { reason } => Problem::precondition_failed(reason).at("If-Match"),
            other => other.into(),
        })?;
    } else {
        state.ports.store.put_webhook(&webhook, &audit).await?;
    }
    answer::json(&WebhookRow::without_secret(webhook))
}

/// Remove a webhook. Refused while a rule names it.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(id): Id<WebhookId>,
) -> Result<Response, Problem> {
    let audit = audit_entry(&caller, state.now(), "webhook.remove", &id);
    tried.removed(state.ports.store.remove_webhook(&caller.tenant, id, &audit).await)
}
