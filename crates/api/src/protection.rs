//! Headers that tell browsers to be prudent, on everything that is answered; and which pages of others may ask.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::access::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::envelope::REQUEST_ID;
use crate::state::{ApiSettings, ApiState};

/// What is no page of ours shows, runs and loads nothing, and nobody frames it.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What nothing of ours needs.
const NO_DEVICES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// For every answer; a page says more of its content itself.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, NOTHING),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), NO_DEVICES),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// For two years, where people reach us over TLS.
const ONLY_TLS: &str = "max-age=63072000";

/// How long a browser need not ask again whether it may ask.
const PREFLIGHT: Duration = Duration::from_hours(1);

/// Puts the headers on an answer.
pub(crate) async fn protect(State(state): State<ApiState>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if state.settings.secure_cookies {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONLY_TLS));
    }
    response
}

/// Lets pages of other origins ask, with a key that they have: never with a session, which a page of others must not use. `None`
/// where no other origin may.
pub(crate) fn cross_origin(settings: &ApiSettings) -> Option<CorsLayer> {
    if settings.cors_origins.is_empty() {
        return None;
    }
    let origins = match settings.cors_origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(settings.cors_origins.iter().filter_map(|origin| origin.parse().ok())),
    };
    let asked = [
        header::ACCEPT,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        HeaderName::from_static("astroshield-tenant"),
        HeaderName::from_static("idempotency-key"),
        HeaderName::from_static("traceparent"),
        REQUEST_ID,
    ];
    let told = [
        header::CONTENT_DISPOSITION,
        header::ETAG,
        header::LINK,
        header::LOCATION,
        header::RETRY_AFTER,
        HeaderName::from_static("idempotency-replayed"),
        RATE_LIMIT,
        RATE_LIMIT_POLICY,
        REQUEST_ID,
    ];
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    let layer = CorsLayer::new().allow_origin(origins).allow_methods(methods).allow_headers(asked);
    Some(layer.expose_headers(told).max_age(PREFLIGHT))
}
