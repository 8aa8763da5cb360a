//! Answers: JSON tagged by its content, files, and what is elsewhere.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use object_store::GetResult;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

pub(crate) use crate::kept::cached_list;
use crate::problem::Problem;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// Where the list goes on: the parameter `cursor` of the next request. Without it, this is the end.
    pub(crate) next_cursor: Option<String>,
}

/// An entity tag: quotes around 22 characters, of 16 bytes of SHA-256.
pub(crate) const TAG_LENGTH: usize = 24;

pub(crate) fn tag_of(body: &[u8]) -> [u8; TAG_LENGTH] {
    let hash = Sha256::digest(body);
    let mut tag = [b'"'; TAG_LENGTH];
    let digits = URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or_default());
    for (place, digit) in tag.iter_mut().skip(1).zip(digits.bytes()) {
        *place = digit;
    }
    tag
}

/// Whether a list of entity tags has one. By the weak comparison, which is due of what is asked for (RFC 9110, 13.1.2), and which
/// suffices for what is written: an answer that was compressed on its way has the same content.
pub(crate) fn matches_any(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let (Ok(known), Ok(etag)) = (known.to_str(), etag.to_str()) else { return false };
    known.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

/// Refuses a write that was made for something else than what is there: `If-Match` names it by the tag of its answer.
pub(crate) fn require_match<T: Serialize>(headers: &HeaderMap, there: &T) -> Result<(), Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    let tag = tag_of(&serde_json::to_vec(there).map_err(Problem::internal)?);
    let tag = HeaderValue::from_bytes(&tag).map_err(Problem::internal)?;
    if headers.get_all(header::IF_MATCH).iter().any(|wanted| matches_any(wanted, &tag)) {
        return Ok(());
    }
    Err(Problem::precondition_failed("it is not what If-Match names: read it anew").at("If-Match"))
}

pub(crate) fn tagged(tag: &[u8], media_type: &'static str, body: Body) -> Result<Response, Problem> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::ETAG, HeaderValue::from_bytes(tag).map_err(Problem::internal)?);
    Ok(response)
}

/// Text of a media type, tagged.
pub(crate) fn text(media_type: &'static str, body: impl Into<Bytes>) -> Result<Response, Problem> {
    let body = body.into();
    tagged(&tag_of(&body), media_type, body.into())
}

/// JSON, tagged.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response, Problem> {
    text("application/json", serde_json::to_vec(value).map_err(Problem::internal)?)
}

/// JSON of a status other than 200, for what was written.
pub(crate) fn json_of<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(Problem::internal)?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The header `Link` of a list that is no JSON and goes on: the same request with another cursor, as a reference is
/// resolved against the address of the request, and its query is replaced as a whole.
pub(crate) fn next_link(uri: &Uri, cursor: &str) -> Result<HeaderValue, Problem> {
    let asked = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(asked.filter(|(name, _)| name != "cursor")).append_pair("cursor", cursor);
    HeaderValue::try_from(format!("<?{}>; rel=\"next\"", query.finish())).map_err(Problem::internal)
}

/// Bytes of any kind.
pub(crate) const BYTES: &str = "application/octet-stream";

/// A table in Parquet.
pub(crate) const PARQUET: &str = "application/vnd.apache.parquet";

/// A file that is kept among the blobs, to be stored under a name and not shown.
pub(crate) fn file(found: GetResult, name: &str) -> Result<Response, Problem> {
    let length = HeaderValue::from(found.meta.size);
    let mut response = Response::new(Body::from_stream(found.into_stream()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(BYTES));
    headers.insert(header::CONTENT_LENGTH, length);
    let disposition = HeaderValue::try_from(disposition(name)).map_err(Problem::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// What a file is to be stored as: names are of ASCII here, or written as RFC 8187 has it.
pub(crate) fn disposition(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._- ()".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let extended: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", extended.replace('+', "%20"))
}

/// Where a file can be fetched by whoever asked for it, and by nobody who finds this answer later.
pub(crate) fn elsewhere(link: &str) -> Result<Response, Problem> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::try_from(link).map_err(Problem::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Nothing to say.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let etag = HeaderValue::from_static("\"abc\"");
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(matches_any(&HeaderValue::from_str(known).unwrap(), &etag), "{known}");
        }
        for known in ["\"abcd\"", "abc", ""] {
            assert!(!matches_any(&HeaderValue::from_str(known).unwrap(), &etag), "{known}");
        }
    }

    #[test]
    fn a_tag_follows_from_the_content_and_is_quoted() {
        assert_eq!(tag_of(b"a"), tag_of(b"a"));
        assert_ne!(tag_of(b"a"), tag_of(b"b"));
        let tag = tag_of(b"");
        assert!(tag.starts_with(b"\"") && tag.ends_with(b"\""));
        assert!(!tag[1..23].contains(&b'"'));
    }

    #[test]
    fn the_next_part_of_a_list_is_asked_for_like_the_first() {
        let uri: Uri = "/x?object=5&cursor=old&sort=tca&search=a%26b%20c".parse().unwrap();
        assert_eq!(
            next_link(&uri, "new").unwrap(),
            "<?object=5&sort=tca&search=a%26b+c&cursor=new>; rel=\"next\""
        );
        let plain: Uri = "/x".parse().unwrap();
        assert_eq!(next_link(&plain, "new").unwrap(), "<?cursor=new>; rel=\"next\"");
    }
}
