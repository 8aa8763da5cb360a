//! `/audit`: what was written by whom.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::ports::Continued;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Admin;
use crate::answer::{self, List};
use crate::cursor;
use crate::problem::Problem;
use crate::request::{Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// A write.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRow {
    /// When, UTC.
    #[schema(schema_with = schema::time)]
    at: Timestamp,
    /// Who.
    by: String,
    /// What (`webhook.create`).
    action: String,
    /// To what.
    target: String,
}

impl From<AuditEntry> for AuditRow {
    fn from(entry: AuditEntry) -> Self {
        Self { at: entry.at, by: entry.by, action: entry.action, target: entry.target }
    }
}

/// Which lines to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What was written, the newest first.
#[utoipa::path(get, path = "/audit", tag = "access", params(AuditParams),
    responses((status = 200, description = "Writes", body = List<AuditRow>)))]
pub(crate) async fn audit(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Parameters(params): Parameters<AuditParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "audit";
    let after = params.cursor.as_deref().map(|cursor| cursor::decode(LIST, cursor)).transpose()?;
    let Continued { rows, next } =
        state.ports.store.audit(&caller.tenant, after, limit(params.limit)?).await?;
    let next_cursor = next.map(|place| cursor::encode(LIST, place)).transpose()?;
    answer::json(&List { items: rows.into_iter().map(AuditRow::from).collect(), next_cursor })
}
