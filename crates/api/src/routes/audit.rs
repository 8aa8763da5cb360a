//! `/audit`: what was written by whom.

use astroshield_domain::access::{AuditEntry, AuditQuery};
use astroshield_domain::ports::Continued;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conjunctions::quoted;
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
    /// What they are called who did it: a key by the name that its maker gave it, people by their address or name.
    by: String,
    /// Who they are, by what never becomes somebody else's: `key ID`, `person ISSUER SUBJECT`, `operator` (whoever runs the
    /// service), `service`. None in lines from before it was told.
    principal: Option<String>,
    /// What (`webhook.create`).
    action: String,
    /// To what.
    target: String,
    /// From which address; none where no request did it.
    address: Option<String>,
    /// Id of the request.
    request_id: Option<String>,
}

impl From<AuditEntry> for AuditRow {
    fn from(entry: AuditEntry) -> Self {
        Self {
            at: entry.at,
            by: entry.by,
            principal: entry.principal.map(|principal| principal.to_string()),
            action: entry.action,
            target: entry.target,
            address: entry.address.map(|address| address.to_string()),
            request_id: entry.request_id,
        }
    }
}

/// As what lines are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// Which lines to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// By whom: `by` of lines, or `principal`.
    #[param(min_length = 1, max_length = 600)]
    by: Option<String>,
    /// What: an action (`webhook.create`), or all of a kind (`webhook.`).
    #[param(min_length = 1, max_length = 100)]
    action: Option<String>,
    /// To what.
    #[param(min_length = 1, max_length = 300)]
    target: Option<String>,
    /// Not before this, UTC.
    #[param(schema_with = schema::time)]
    from: Option<Timestamp>,
    /// Before this, UTC.
    #[param(schema_with = schema::time)]
    until: Option<Timestamp>,
    /// As `csv` the list is a table, which goes on where the header `Link` says.
    #[serde(default)]
    #[param(schema_with = schema::audit_format)]
    format: Format,
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What was written, the newest first.
#[utoipa::path(get, path = "/audit", tag = "access", params(AuditParams),
    responses((status = 200, description = "Writes", content(
        (List<AuditRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn audit(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    uri: Uri,
    Parameters(params): Parameters<AuditParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "audit";
    let query = AuditQuery {
        by: asked("by", params.by, 600)?,
        action: asked("action", params.action, 100)?,
        target: asked("target", params.target, 300)?,
        from: params.from,
        until: params.until,
        after: params.cursor.as_deref().map(|cursor| cursor::decode(LIST, cursor)).transpose()?,
        limit: limit(params.limit)?,
    };
    let Continued { rows, next } = state.ports.store.audit(&caller.tenant, &query).await?;
    let next_cursor = next.map(|place| cursor::encode(LIST, place)).transpose()?;
    let items: Vec<AuditRow> = rows.into_iter().map(AuditRow::from).collect();
    if params.format == Format::Json {
        return answer::json(&List { items, next_cursor });
    }
    let mut response = answer::text("text/csv; charset=utf-8; header=present", table(&items))?;
    if let Some(cursor) = next_cursor {
        response.headers_mut().insert(header::LINK, answer::next_link(&uri, &cursor)?);
    }
    Ok(response)
}

/// What a line is searched by: something, and not too much of it.
fn asked(field: &'static str, text: Option<String>, most: usize) -> Result<Option<String>, Problem> {
    match text.as_deref().map(|text| text.chars().count()) {
        Some(count) if !(1..=most).contains(&count) => {
            Err(Problem::invalid(field, format!("{count} characters: 1 to {most} are due")))
        }
        _ => Ok(text),
    }
}

/// Lines as a table (RFC 4180).
fn table(rows: &[AuditRow]) -> String {
    let mut text = "at,by,action,target,address,request_id,principal\r\n".to_owned();
    for row in rows {
        let (address, request_id) = (row.address.as_deref(), row.request_id.as_deref());
        let principal = row.principal.as_deref();
        let fields = [row.by.as_str(), &row.action, &row.target]
            .into_iter()
            .chain([address, request_id, principal].map(Option::unwrap_or_default));
        text.push_str(&row.at.to_string());
        for field in fields {
            text.push(',');
            text.push_str(&quoted(field));
        }
        text.push_str("\r\n");
    }
    text
}
