//! What is noted of each request: a span with its ids, a count, and how long it took.

use std::time::Instant;

use astroshield_api::REQUEST_ID;
use astroshield_domain::metrics;
use astroshield_domain::trace::{TRACE_PARENT, Trace, XRAY_TRACE};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// Follows a request.
pub(super) async fn follow(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let header = astroshield_api::request_id(request.headers());
    let request_id = header.to_str().unwrap_or_default().to_owned();
    let trace = trace_of(request.headers()).unwrap_or_else(Trace::begin).next().with_request(&request_id);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    request.headers_mut().insert(REQUEST_ID, header.clone());
    // Of the highest level, so that no line is without its ids.
    let span = trace.span(|| {
        let status = tracing::field::Empty;
        tracing::error_span!("request", %method, route, request_id, trace_id = trace.id(), status)
    });
    let mut response = trace.scope(next.run(request).instrument(span.clone())).await;
    response.headers_mut().insert(REQUEST_ID, header);

    let (status, took) = (response.status(), began.elapsed());
    span.record("status", status.as_u16());
    let method = named(&method).to_owned();
    metrics::HTTP_REQUEST_SECONDS.record([method.clone(), route.clone()], took.as_secs_f64());
    metrics::HTTP_REQUESTS.increment([method, route, status.as_u16().to_string()]);
    let milliseconds = took.as_secs_f64() * 1e3;
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(milliseconds, "answered");
        } else {
            tracing::debug!(milliseconds, "answered");
        }
    });
    response
}

/// The name that a method is counted under. Anybody may send a method of any name, and a count once made stays.
fn named(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::DELETE => method.as_str(),
        _ => "other",
    }
}

/// The trace that the caller says the request belongs to.
fn trace_of(headers: &HeaderMap) -> Option<Trace> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    header(TRACE_PARENT).and_then(Trace::parse).or_else(|| header(XRAY_TRACE).and_then(Trace::parse_xray))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_trace_is_taken_from_either_header() {
        let xray = HeaderName::from_static(XRAY_TRACE);
        let mut headers = headers(xray, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1");
        assert_eq!(trace_of(&headers).unwrap().id(), "5759e988bd862e3fe1be46a994272793");
        let parent = HeaderName::from_static(TRACE_PARENT);
        let value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert(parent, HeaderValue::from_static(value));
        assert_eq!(trace_of(&headers).unwrap().id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn methods_that_callers_make_up_are_counted_as_one() {
        let counted = |name: &str| named(&Method::from_bytes(name.as_bytes()).unwrap()).to_owned();
        assert_eq!(
            ["GET", "DELETE", "BREW", "BREW2", "PATCH"].map(counted),
            ["GET", "DELETE", "other", "other", "other"]
        );
    }
}
