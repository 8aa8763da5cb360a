//! `/uploads`: files that users gave.

use astroshield_domain::feed::{Upload, UploadState};
use astroshield_domain::ids::UploadId;
use astroshield_domain::ports::Page;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Reader;
use crate::answer::{self, List};
use crate::cursor;
use crate::problem::Problem;
use crate::request::{Id, Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// A file that a user gave.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: UploadId,
    /// Name of the file.
    name: String,
    /// Kind of message, as it was recognized.
    kind: Option<String>,
    /// Who gave it.
    by: String,
    /// When, UTC.
    #[schema(schema_with = schema::time)]
    at: Timestamp,
    /// What became of it.
    #[schema(schema_with = schema::upload_state)]
    state: UploadState,
    /// Messages or records that were taken.
    records: u64,
    /// What is wrong with it: place and reason.
    problems: Vec<String>,
    /// SHA-256 of the bytes, in hexadecimal.
    sha256: String,
}

impl From<Upload> for UploadRow {
    fn from(upload: Upload) -> Self {
        Self {
            id: upload.id,
            name: upload.name,
            kind: upload.kind,
            by: upload.by,
            at: upload.at,
            state: upload.state,
            records: upload.records,
            problems: upload.problems,
            sha256: upload.sha256,
        }
    }
}

/// Which uploads to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadsParams {
    /// Where the list goes on.
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Uploads, the newest first.
#[utoipa::path(get, path = "/uploads", tag = "uploads", params(UploadsParams),
    responses((status = 200, description = "Uploads", body = List<UploadRow>)))]
pub(crate) async fn uploads(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Parameters(params): Parameters<UploadsParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "uploads";
    let before = params.cursor.as_deref().map(|cursor| cursor::decode(LIST, cursor)).transpose()?;
    let Page { rows, more } = state.ports.store.uploads(&caller.tenant, before, limit(params.limit)?).await?;
    let next_cursor = rows.last().filter(|_| more).map(|last| cursor::encode(LIST, last.id)).transpose()?;
    answer::json(&List { items: rows.into_iter().map(UploadRow::from).collect(), next_cursor })
}

/// One upload.
#[utoipa::path(get, path = "/uploads/{id}", tag = "uploads",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The upload", body = UploadRow)))]
pub(crate) async fn upload(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<UploadId>,
) -> Result<Response, Problem> {
    let upload = state.ports.store.upload(&caller.tenant, id).await?;
    answer::json(&UploadRow::from(upload.ok_or_else(|| Problem::not_found("upload", id))?))
}
