//! `/backups`: everything that must not be lost, in one encrypted file.

use astroshield_domain::backups::{Backup, BackupError};
use astroshield_domain::ids::BackupId;
use astroshield_domain::kept_files::{FileState, KeptFileError};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Admin;
use crate::answer::{self, List};
use crate::idempotency::Tried;
use crate::problem::{Problem, chain};
use crate::request::{Id, Json};
use crate::routes::uploads::kept;
use crate::schema;
use crate::state::ApiState;

/// A backup that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupBody {
    /// Public keys of age, each of which alone opens it. `age-keygen` makes one, beside the identity that stays with you.
    #[schema(schema_with = schema::recipients)]
    recipients: Vec<String>,
}

/// A backup.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackupRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: BackupId,
    /// How far it is.
    #[schema(schema_with = schema::backup_state)]
    state: FileState,
    /// Who asked for it.
    by: String,
    /// What it is encrypted to.
    recipients: Vec<String>,
    /// When it was begun, UTC.
    #[schema(schema_with = schema::time)]
    started: Timestamp,
    /// When it ended, UTC.
    #[schema(schema_with = schema::time_or_null)]
    finished: Option<Timestamp>,
    /// Rows in it.
    rows: u64,
    /// Blobs in it.
    blobs: u64,
    /// Its size, in bytes.
    size_bytes: u64,
    /// Why it failed.
    problem: Option<String>,
}

impl From<Backup> for BackupRow {
    fn from(backup: Backup) -> Self {
        Self {
            id: backup.id,
            state: backup.state,
            by: backup.by,
            recipients: backup.order.recipients,
            started: backup.started,
            finished: backup.finished,
            rows: backup.rows,
            blobs: backup.blobs,
            size_bytes: backup.bytes,
            problem: backup.problem,
        }
    }
}

impl From<BackupError> for Problem {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NotYours => Self::forbidden(error.to_string()),
            BackupError::Recipients { reason } => Self::unprocessable(reason).at("recipients"),
            BackupError::File(error) => error.into(),
        }
    }
}

/// Of backups, and of exports of an organization.
impl From<KeptFileError> for Problem {
    fn from(error: KeptFileError) -> Self {
        match error {
            KeptFileError::Busy { .. } | KeptFileError::NotWhole { .. } => Self::conflict(error.to_string()),
            KeptFileError::NotFound { kind, id } => Self::not_found(kind, id),
            KeptFileError::Store(error) => error.into(),
            KeptFileError::Blob(_) => Self::unavailable(chain(&error)),
        }
    }
}

/// Backups, the newest first.
#[utoipa::path(get, path = "/backups", tag = "backups",
    responses((status = 200, description = "Backups", body = List<BackupRow>)))]
pub(crate) async fn backups(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<Response, Problem> {
    let rows = state.use_cases.backups.list(&caller).await?;
    answer::json(&List { items: rows.into_iter().map(BackupRow::from).collect(), next_cursor: None })
}

/// Make a backup. It goes on in the background: ask for it until it is `completed`.
#[utoipa::path(post, path = "/backups", tag = "backups", request_body = BackupBody,
    responses((status = 202, description = "Begun", body = BackupRow)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Json(body): Json<BackupBody>,
) -> Result<Response, Problem> {
    let backup = state.use_cases.backups.start(&caller, body.recipients).await?;
    let place = format!("{}/backups/{}", crate::BASE, backup.id);
    let mut response = answer::json_of(StatusCode::ACCEPTED, &BackupRow::from(backup))?;
    let place = HeaderValue::try_from(place).map_err(Problem::internal)?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

/// One backup.
#[utoipa::path(get, path = "/backups/{id}", tag = "backups",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The backup", body = BackupRow)))]
pub(crate) async fn backup(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Id(id): Id<BackupId>,
) -> Result<Response, Problem> {
    answer::json(&BackupRow::from(state.use_cases.backups.find(&caller, id).await?))
}

/// The file of a backup, encrypted with age. `astroshield restore --identity` reads it.
#[utoipa::path(get, path = "/backups/{id}/file", tag = "backups",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The file", content((Vec<u8> = "application/octet-stream"))),
        (status = 307, description = "The file is at the address in `Location`, for some minutes")))]
pub(crate) async fn file(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Id(id): Id<BackupId>,
) -> Result<Response, Problem> {
    let blob = state.use_cases.backups.read(&caller, id).await?;
    kept(&state, &blob, &format!("astroshield-{id}.age")).await
}

/// Remove a backup.
#[utoipa::path(delete, path = "/backups/{id}", tag = "backups",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Id(id): Id<BackupId>,
) -> Result<Response, Problem> {
    tried.removed(state.use_cases.backups.remove(&caller, id).await)
}
