//! What every answer has around it: the request id, the problem's body, the conditional answer, headers of prudence.

use std::any::Any;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::Entry;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use uuid::Uuid;

use crate::access::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::answer;
use crate::problem::{PROBLEM_JSON, Problem};

/// Carries the id of a request, which a problem names.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken from a caller.
const LONGEST_ID: usize = 64;

/// The id that the caller gave a request, if it may stand in a log, else a new one.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(allowed)
    };
    headers.get(REQUEST_ID).filter(plain).cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        HeaderValue::from_str(Uuid::now_v7().hyphenated().encode_lower(&mut text))
            .unwrap_or(HeaderValue::from_static("none"))
    })
}

/// Puts the envelope around an answer.
pub(crate) async fn wrap(mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let path = request.uri().path().to_owned();
    let known = match *request.method() {
        Method::GET | Method::HEAD => request.headers().get(header::IF_NONE_MATCH).cloned(),
        _ => None,
    };
    let mut response = next.run(request).await;
    let id_text = id.to_str().unwrap_or_default();
    if let Some(problem) = problem_of(&mut response) {
        problem.log(&path, id_text);
        let mut before = std::mem::take(response.headers_mut());
        response = problem.render(&path, id_text);
        for kept in [header::ALLOW, RATE_LIMIT, RATE_LIMIT_POLICY] {
            if let Entry::Occupied(entry) = before.entry(kept) {
                let (name, values) = entry.remove_entry_mult();
                for value in values {
                    response.headers_mut().append(&name, value);
                }
            }
        }
    } else if response.status() == StatusCode::OK
        && let (Some(known), Some(etag)) = (known, response.headers().get(header::ETAG))
        && answer::matches_any(&known, etag)
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for gone in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
            response.headers_mut().remove(gone);
        }
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

/// The problem that an answer stands for; one that something below us made without a problem gets a plain one.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let whole = kind.starts_with(PROBLEM_JSON.as_bytes()) || kind.starts_with(b"text/html");
    (status.as_u16() >= 400 && !whole).then(|| Problem::of_status(status))
}

/// A panic, as the problem that it is to the caller.
#[expect(clippy::needless_pass_by_value, reason = "the form that the layer asks for")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    Problem::internal(text).into_response()
}

/// A compressed answer has other bytes than the entity that a strong tag is of.
pub(crate) async fn weaken_tag_of_compressed(mut response: Response) -> Response {
    if response.headers().contains_key(header::CONTENT_ENCODING)
        && let Some(etag) = response.headers().get(header::ETAG)
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", etag.as_bytes()].concat())
    {
        response.headers_mut().insert(header::ETAG, weak);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_may_not_stand_in_a_log_is_replaced() {
        let taken = |id: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
            request_id(&headers)
        };
        assert_eq!(taken(b"trace-7"), "trace-7");
        for id in [&b"a b"[..], b"", b"x\"y", &[b'a'; 65]] {
            assert_ne!(taken(id).as_bytes(), id);
            assert_eq!(taken(id).len(), 36);
        }
    }
}
