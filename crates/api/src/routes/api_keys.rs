//! `/api-keys`: keys for programs.

use astroshield_domain::access::{ApiKey, Scope};
use astroshield_domain::ids::ApiKeyId;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit_entry;
use super::watch_lists::name;
use crate::access::{self, Admin};
use crate::answer::{self, List};
use crate::idempotency::{Tried, WithoutSecret};
use crate::problem::Problem;
use crate::request::{Id, Json};
use crate::schema;
use crate::state::ApiState;

/// A key that is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyBody {
    /// What it is for.
    #[schema(schema_with = schema::name)]
    name: String,
    /// What it may do.
    #[schema(schema_with = schema::scope)]
    scope: Scope,
    /// When it stops, UTC; without it, never.
    #[serde(default)]
    #[schema(schema_with = schema::time_or_null)]
    expires: Option<Timestamp>,
}

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: ApiKeyId,
    /// What it is for.
    name: String,
    /// What it may do.
    #[schema(schema_with = schema::scope)]
    scope: Scope,
    /// When it was made, UTC.
    #[schema(schema_with = schema::time)]
    created: Timestamp,
    /// When it stops, UTC.
    #[schema(schema_with = schema::time_or_null)]
    expires: Option<Timestamp>,
    /// When it was revoked, UTC.
    #[schema(schema_with = schema::time_or_null)]
    revoked: Option<Timestamp>,
    /// The key: only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl From<ApiKey> for ApiKeyRow {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scope: key.scope,
            created: key.created,
            expires: key.expires,
            revoked: key.revoked,
            key: None,
        }
    }
}

/// API keys, revoked ones too.
#[utoipa::path(get, path = "/api-keys", tag = "access",
    responses((status = 200, description = "API keys", body = List<ApiKeyRow>)))]
pub(crate) async fn api_keys(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<Response, Problem> {
    let rows = state.ports.store.api_keys(&caller.tenant).await?;
    answer::json(&List { items: rows.into_iter().map(ApiKeyRow::from).collect(), next_cursor: None })
}

/// Make an API key. The answer shows it, this once.
#[utoipa::path(post, path = "/api-keys", tag = "access", request_body = ApiKeyBody,
    responses((status = 201, description = "Made", body = ApiKeyRow)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Json(body): Json<ApiKeyBody>,
) -> Result<Response, Problem> {
    let now = state.now();
    if let Some(expires) = body.expires
        && expires <= now
    {
        return Err(Problem::unprocessable(format!("{expires} is over: it is {now}")).at("expires"));
    }
    let (text, hash) = access::new_key();
    let mut key = ApiKey {
        id: tried.id(ApiKeyId::of_attempt, || ApiKeyId::at(now)),
        tenant: caller.tenant.clone(),
        name: name(&body.name)?,
        scope: body.scope,
        hash,
        created: now,
        expires: body.expires,
        revoked: None,
    };
    if tried.is_repeated() {
        // Nobody was told the key that an earlier attempt made: this one takes its place.
        let made = state.ports.store.api_keys(&caller.tenant).await?;
        if let Some(made) = made.into_iter().find(|made| made.id == key.id) {
            access::forget_key(&state, &made.hash).await;
            key = ApiKey { hash, ..made };
        }
    }
    state.ports.store.add_api_key(&key, &audit_entry(&caller, now, "api_key.create", &key.id)).await?;
    let mut row = ApiKeyRow::from(key);
    let kept = serde_json::to_vec(&row).map_err(Problem::internal)?;
    row.key = Some(text);
    let mut response = answer::json_of(StatusCode::CREATED, &row)?;
    response.extensions_mut().insert(WithoutSecret(kept.into()));
    Ok(response)
}

/// Revoke an API key.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "access",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Id(id): Id<ApiKeyId>,
) -> Result<Response, Problem> {
    let store = &state.ports.store;
    let keys = store.api_keys(&caller.tenant).await?;
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| Problem::not_found("API key", id))?;
    let now = state.now();
    let audit = audit_entry(&caller, now, "api_key.revoke", &id);
    if key.revoked.is_none() || !tried.is_repeated() {
        store.revoke_api_key(&caller.tenant, id, now, &audit).await?;
    }
    access::forget_key(&state, &key.hash).await;
    Ok(answer::no_content())
}
