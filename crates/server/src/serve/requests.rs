//! What is noted of each request: a span with its ids, a count, and how long it took.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

/// Carries a request's id, which an error names.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context.
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// Follows a request.
pub(super) async fn follow(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let request_id = given_id(request.headers()).unwrap_or_else(|| Uuid::now_v7().to_string());
    let trace_id = trace_of(request.headers()).unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let header = HeaderValue::from_str(&request_id).ok();
    if let Some(header) = &header {
        request.headers_mut().insert(REQUEST_ID, header.clone());
    }
    let span = tracing::info_span!("request", %method, route, request_id, trace_id);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }

    let (status, took) = (response.status(), began.elapsed());
    let labels =
        [("method", method.as_str().to_owned()), ("route", route), ("status", status.as_u16().to_string())];
    metrics::counter!("astroshield_http_requests_total", &labels).increment(1);
    metrics::histogram!("astroshield_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
    let milliseconds = took.as_secs_f64() * 1e3;
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), milliseconds, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), milliseconds, "answered");
        }
    });
    response
}

/// The id that a proxy gave the request, if it is one that may go into a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    ((1..=64).contains(&id.len()) && id.chars().all(allowed)).then(|| id.to_owned())
}

/// The trace that the request belongs to: `00-<32 digits>-<16 digits>-<flags>`.
fn trace_of(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get(TRACE_PARENT)?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (_, trace) = (parts.next()?, parts.next()?);
    let valid =
        trace.len() == 32 && trace.chars().all(|c| c.is_ascii_hexdigit()) && trace.contains(|c| c != '0');
    valid.then(|| trace.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn ids_that_could_forge_a_log_line_are_replaced() {
        assert_eq!(given_id(&headers(REQUEST_ID, "abc-1")).as_deref(), Some("abc-1"));
        for bad in ["", "a b", "a=b", "x".repeat(65).leak()] {
            assert_eq!(given_id(&headers(REQUEST_ID, bad)), None, "{bad}");
        }
    }

    #[test]
    fn the_trace_comes_from_the_caller_where_it_sends_a_valid_one() {
        // The example of the W3C recommendation Trace Context, section 3.2.
        let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            trace_of(&headers(TRACE_PARENT, example)).as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        for bad in ["00", "00-zz-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-1-01"] {
            assert_eq!(trace_of(&headers(TRACE_PARENT, bad)), None, "{bad}");
        }
    }
}
