//! Problems (RFC 9457): the one form of every answer that is not what was asked for.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZero;
use std::time::Duration;

use astroshield_domain::ports::StoreError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not done. The body is written by [`crate::envelope`], which knows the request.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    errors: Box<[String]>,
    /// After how many seconds the same request may go through.
    retry_after_s: Option<NonZero<u32>>,
    more: Option<Box<More>>,
}

/// What few problems have.
#[derive(Debug, Clone)]
enum More {
    /// What else stands in the head of the answer.
    Headers(HeaderMap),
    /// What the log is told and the caller is not.
    Inside(String),
}

/// When to come again where nothing says how long it lasts.
const RETRY_AFTER_S: NonZero<u32> = NonZero::new(5).expect("five");

/// The body of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Kind of problem: a name that stays the same, `urn:astroshield:problem:...`.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'a str,
    /// HTTP status.
    status: u16,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    /// The parameter, header or field of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Everything that is wrong with a file: place and reason.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
    /// Path of the request.
    instance: &'a str,
    /// Identity of the request, as the log has it.
    request_id: &'a str,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self {
            status,
            kind,
            title,
            detail: Cow::Borrowed(""),
            field: None,
            errors: Box::default(),
            retry_after_s: is_of_the_moment(status).then_some(RETRY_AFTER_S),
            more: None,
        }
    }

    /// A value that cannot be: which one, and why.
    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, reason: impl fmt::Display) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, "invalid-value", "a value cannot be used");
        Self { field: Some(field.into()), ..problem }.because(reason.to_string())
    }

    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "the request cannot be read").because(detail)
    }

    pub(crate) fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", "the request cannot be done")
            .because(detail)
    }

    pub(crate) fn not_found(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is no such thing")
            .because(format!("no such {kind}: {id}"))
    }

    /// What was there and does not come back.
    pub(crate) fn gone(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::GONE, "gone", "it is gone for good").because(detail)
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-such-route", "nothing is at this address")
    }

    pub(crate) fn method_not_allowed() -> Self {
        let title = "this address does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title)
    }

    /// What a write was made for is not what is there.
    pub(crate) fn precondition_failed(detail: impl Into<Cow<'static, str>>) -> Self {
        let title = "it was changed since it was read";
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", title).because(detail)
    }

    pub(crate) fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "the request contradicts what is there").because(detail)
    }

    pub(crate) fn too_large(limit_bytes: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large")
            .because(format!("at most {limit_bytes} bytes are taken"))
    }

    pub(crate) fn unsupported_media_type(detail: impl Into<Cow<'static, str>>) -> Self {
        let title = "the body is of a kind that is not taken";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title).because(detail)
    }

    /// A form that this build does not make.
    #[cfg(not(feature = "parquet"))]
    pub(crate) fn not_in_this_build(feature: &'static str) -> Self {
        let title = "this build does not give that form";
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-in-this-build", title)
            .because(format!("the server was built without the feature `{feature}`"))
            .at("format")
    }

    pub(crate) fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "an API key or a session is due")
            .because(detail)
    }

    pub(crate) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "this is not yours to do").because(detail)
    }

    pub(crate) fn too_slow(timeout: Duration) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body came too slowly")
            .because(format!("in {timeout:?}, another part of it is due"))
    }

    pub(crate) fn too_many(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "there were too many requests");
        // Rounded up: who comes a moment too early is refused again.
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Self { retry_after_s: NonZero::new(seconds).or(Some(NonZero::<u32>::MIN)), ..problem }.because(detail)
    }

    pub(crate) fn misdirected(host: &str) -> Self {
        let title = "this server is not of that name";
        Self::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", title).because(format!("host {host:?}"))
    }

    /// A fault of ours: the caller learns that, and the log the rest.
    pub(crate) fn internal(inside: impl fmt::Display) -> Self {
        let problem =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed at this request");
        Self { more: Some(More::Inside(inside.to_string()).into()), ..problem }
            .because("the log of the server has it under the request id")
    }

    /// A dependency that does not answer now.
    pub(crate) fn unavailable(inside: impl fmt::Display) -> Self {
        let problem =
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server cannot do this right now");
        Self { more: Some(More::Inside(inside.to_string()).into()), ..problem }
            .because("the same request may go through later")
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// A problem that a status alone tells of.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::no_such_route(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(status),
            _ if status.is_server_error() => Self::internal(status),
            _ => Self::new(status, "bad-request", "the request cannot be done"),
        }
    }

    pub(crate) fn because(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    pub(crate) fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    pub(crate) fn with_errors(self, errors: Vec<String>) -> Self {
        Self { errors: errors.into(), ..self }
    }

    pub(crate) fn with_headers(self, headers: HeaderMap) -> Self {
        Self { more: Some(More::Headers(headers).into()), ..self }
    }

    /// Says it to the log, if it is a fault of ours.
    pub(crate) fn log(&self, path: &str, request_id: &str) {
        if self.status.is_server_error() {
            let inside = self.inside();
            tracing::error!(status = self.status.as_u16(), path, request_id, inside, "a request failed");
        }
    }

    fn inside(&self) -> &str {
        match self.more.as_deref() {
            Some(More::Inside(inside)) => inside,
            Some(More::Headers(_)) | None => "",
        }
    }

    /// What is said of it to the caller.
    pub(crate) fn body<'a>(&'a self, instance: &'a str, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            kind: format!("urn:astroshield:problem:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            errors: &self.errors,
            instance,
            request_id,
        }
    }

    /// The answer with its body.
    pub(crate) fn render(&self, instance: &str, request_id: &str) -> Response {
        let body = self.body(instance, request_id);
        let mut response = Response::new(Body::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the body is not read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Whether the same request may be answered otherwise a little later.
fn is_of_the_moment(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        if let Some(More::Headers(headers)) = self.more.as_deref() {
            response.headers_mut().clone_from(headers);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { kind, id } => Self::not_found(kind, id),
            StoreError::Conflict { reason } => Self::conflict(reason),
            StoreError::Unavailable { .. } => Self::unavailable(chain(&error)),
            StoreError::AlreadyConsumed { .. } | StoreError::Corrupt { .. } => Self::internal(chain(&error)),
        }
    }
}

/// An error with what lies behind it, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn body(problem: &Problem) -> serde_json::Value {
        let bytes = to_bytes(problem.render("/api/v1/x", "r-1").into_body(), 10_000).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_fault_of_ours_says_nothing_of_the_inside() {
        let source = std::io::Error::other("/var/lib/secret.db: disk full");
        let error = StoreError::Unavailable {
            reason: "no room in secret".to_owned(),
            source: Some(Box::new(source)),
        };
        let problem = Problem::from(error);
        let body = body(&problem).await;
        assert_eq!(body["status"], 503);
        assert_eq!(body["request_id"], "r-1");
        assert!(!body.to_string().contains("secret"), "{body}");
        assert!(problem.inside().contains("disk full"));
    }

    #[tokio::test]
    async fn a_wrong_value_is_named() {
        let body = body(&Problem::invalid("limit", "0 is below 1")).await;
        assert_eq!(body["type"], "urn:astroshield:problem:invalid-value");
        assert_eq!((&body["field"], &body["detail"]), (&"limit".into(), &"0 is below 1".into()));
        assert_eq!(body["instance"], "/api/v1/x");
    }

    #[tokio::test]
    async fn whoever_may_come_again_is_told_when() {
        let retry_after = |problem: Problem| {
            let answer = problem.render("/api/v1/x", "r-1");
            answer.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(retry_after(Problem::unavailable("x")).as_deref(), Some("5"));
        assert_eq!(retry_after(Problem::of_status(StatusCode::SERVICE_UNAVAILABLE)).as_deref(), Some("5"));
        assert_eq!(retry_after(Problem::of_status(StatusCode::TOO_MANY_REQUESTS)).as_deref(), Some("5"));
        let wait = Duration::from_millis(41_001);
        assert_eq!(retry_after(Problem::too_many("x", wait)).as_deref(), Some("42"));
        assert_eq!(retry_after(Problem::internal("x")), None);
    }
}
