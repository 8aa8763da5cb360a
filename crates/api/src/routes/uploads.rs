//! `/uploads`: files that users gave.

use std::collections::BTreeMap;

use astroshield_domain::feed::{Upload, UploadState};
use astroshield_domain::ids::UploadId;
use astroshield_domain::ports::Page;
use astroshield_domain::uploads::{UploadError, place_of};
use astroshield_formats::CatalogNumber;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use object_store::ObjectStoreExt as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Reader, Writer, bytes_of};
use crate::answer::{self, List};
use crate::cursor;
use crate::idempotency::Tried;
use crate::problem::{Problem, chain};
use crate::request::{Id, Parameters, body_bytes, limit};
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
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
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

/// The file as it was given, byte for byte.
#[utoipa::path(get, path = "/uploads/{id}/file", tag = "uploads",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The file", content((Vec<u8> = "application/octet-stream"))),
        (status = 307, description = "The file is at the address in `Location`, for some minutes")))]
pub(crate) async fn file(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<UploadId>,
) -> Result<Response, Problem> {
    let upload = state.ports.store.upload(&caller.tenant, id).await?;
    let upload = upload.ok_or_else(|| Problem::not_found("upload", id))?;
    // Before a link is given that leads nowhere.
    if let Some(since) = state.ports.store.missing_since(&caller.tenant, &upload.blob).await? {
        return Err(Problem::gone(format!(
            "the file {} was lost: it was missing when the store was restored and reconciled at {since}; what was read of it \
             is still there",
            upload.name
        )));
    }
    kept(&state, &upload.blob, &upload.name).await
}

/// A file that is kept, or where it can be fetched.
pub(super) async fn kept(state: &ApiState, path: &str, name: &str) -> Result<Response, Problem> {
    if let Some(downloads) = &state.ports.downloads {
        let link = downloads.link(path, &answer::disposition(name)).await;
        return answer::elsewhere(&link.map_err(|error| Problem::unavailable(chain(&error)))?);
    }
    match state.ports.blobs.get(&path.into()).await {
        Ok(found) => answer::file(found, name),
        Err(object_store::Error::NotFound { .. }) => Err(Problem::not_found("file", name)),
        Err(error) => Err(Problem::unavailable(chain(&error))),
    }
}

/// What is said of an upload beside its bytes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadParams {
    /// Name of the file; else the one of the header `Content-Disposition`.
    #[param(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f\s/\\:.][^\x00-\x1f\x7f-\x9f/\\:]*$"
    )]
    name: Option<String>,
    /// The object whose ephemeris it is, where the file does not say.
    #[param(maximum = 999_999_999)]
    object: Option<u32>,
    /// Where the file was sent to, by a link; the body is empty then.
    #[param(value_type = Option<uuid::Uuid>)]
    place: Option<UploadId>,
}

/// Which file is to be sent by a link.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkParams {
    /// SHA-256 of its bytes, in hexadecimal: no others are taken.
    #[param(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// Where a file can be sent to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkRow {
    /// What is said at `POST /uploads` when it was sent.
    #[schema(schema_with = schema::id)]
    place: UploadId,
    /// Address for a `PUT`.
    url: String,
    /// Headers that have to be sent with it.
    headers: BTreeMap<String, String>,
    /// Until when it has to begin, UTC.
    #[schema(schema_with = schema::time)]
    expires: Timestamp,
}

/// Longest name of a file, in characters.
const LONGEST_NAME: usize = 200;

/// The name of a file: a plain one, that leads nowhere.
fn file_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    let plain = (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.contains(['/', '\\', ':'])
        && !name.starts_with('.')
        && !name.chars().any(char::is_control);
    if plain {
        return Ok(name);
    }
    let detail = format!(
        "{:?}: 1 to {LONGEST_NAME} characters are due, without a path",
        name.chars().take(LONGEST_NAME).collect::<String>()
    );
    Err(Problem::invalid("name", detail))
}

/// The name in a header `Content-Disposition` (RFC 6266), without the extended form.
fn disposition_name(headers: &HeaderMap) -> Option<&str> {
    let disposition = headers.get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let parameters = disposition.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut names = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("filename"));
    names.next().map(|(_, value)| value.trim().trim_matches('"'))
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge { .. } => Self::too_large(
                usize::try_from(astroshield_domain::uploads::LIMIT_BYTES).unwrap_or(usize::MAX),
            ),
            UploadError::NothingThere => Self::invalid("place", error),
            UploadError::Store(error) => error.into(),
            UploadError::Blob(_) => Self::unavailable(chain(&error)),
            UploadError::Stopped => Self::internal(error),
        }
    }
}

/// Upload a file: OMM, TLE, OEM, OPM or CDM, as it is. One with anything wrong in it is refused with all that is wrong, and
/// nothing of it is used.
#[utoipa::path(post, path = "/uploads", tag = "uploads", params(UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "In use", body = UploadRow)))]
pub(crate) async fn upload_file(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Parameters(params): Parameters<UploadParams>,
    request: Request,
) -> Result<Response, Problem> {
    let name = params.name.as_deref().or_else(|| disposition_name(request.headers()));
    let name = name.ok_or_else(|| Problem::invalid("name", "the name of the file is due"))?;
    let name = file_name(name)?.to_owned();
    let object = params.object.map(|number| {
        CatalogNumber::new(number)
            .ok_or_else(|| Problem::invalid("object", format!("{number}: at most nine digits are due")))
    });
    let object = object.transpose()?;
    let bytes = body_bytes(request, state.settings.upload_limit_bytes, state.settings.body_timeout).await?;
    if params.place.is_some() && !bytes.is_empty() {
        return Err(Problem::invalid("place", "a file that was sent by a link is not in the body as well"));
    }
    let (uploads, attempt) = (&state.use_cases.uploads, tried.0.as_deref());
    let upload = match params.place {
        Some(place) => uploads.receive_placed(&caller, &name, object, place, attempt).await?,
        None => uploads.receive_once(&caller, &name, object, bytes.into(), attempt).await?,
    };
    if upload.state == UploadState::Rejected {
        let detail = format!("{name}: nothing of it is used; it is kept as upload {}", upload.id);
        return Err(Problem::unprocessable(detail).with_errors(upload.problems));
    }
    answer::json_of(StatusCode::CREATED, &UploadRow::from(upload))
}

/// A link that takes a file without its bytes passing through here: `PUT` it there, with these headers, and name the place at
/// `POST /uploads`. What is sent and never named is removed after some hours.
#[utoipa::path(post, path = "/uploads/links", tag = "uploads", params(LinkParams),
    responses((status = 201, description = "The link", body = LinkRow)))]
pub(crate) async fn link(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    Parameters(params): Parameters<LinkParams>,
) -> Result<Response, Problem> {
    let due = || Problem::invalid("sha256", "64 hexadecimal digits are due, in lower case");
    let sha256 = bytes_of(&params.sha256).ok_or_else(due)?;
    let links = state.ports.upload_links.as_ref();
    let links =
        links.ok_or_else(|| Problem::conflict("this server takes files in the body of POST /uploads"))?;
    let now = state.now();
    let place = UploadId::at(now);
    let link = links.upload_link(&place_of(&caller.tenant, place), sha256).await;
    let link = link.map_err(|error| Problem::unavailable(chain(&error)))?;
    let row = LinkRow {
        place,
        url: link.url,
        headers: link.headers.into_iter().collect(),
        expires: now.checked_add(link.lifetime).unwrap_or(Timestamp::MAX),
    };
    answer::json_of(StatusCode::CREATED, &row)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn names_that_lead_somewhere_are_refused() {
        for good in ["a.oem", "my file (2).txt", "\u{e9}phemeris.kvn"] {
            assert_eq!(file_name(good).unwrap(), good);
        }
        for bad in
            ["", "..", "../a", "a/b", "a\\b", "/etc/passwd", ".hidden", "C:a", "a\0b", &"x".repeat(201)]
        {
            assert!(file_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_name_is_found_in_the_disposition() {
        let headers = |text: &'static str| -> HeaderMap {
            [(header::CONTENT_DISPOSITION, HeaderValue::from_static(text))].into_iter().collect()
        };
        assert_eq!(disposition_name(&headers("attachment; filename=\"a b.oem\"")), Some("a b.oem"));
        assert_eq!(disposition_name(&headers("attachment; size=3; FileName=x.cdm")), Some("x.cdm"));
        assert_eq!(disposition_name(&headers("inline")), None);
    }
}
