//! The plain pages: conjunctions at `/`, an alert at `/alerts/{id}`, signing in at `/signin`, and the interface to try at
//! `/api/v1/docs`. Everything they need comes from here.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use crate::access::{self, Sender};
use crate::answer;
use crate::problem::Problem;
use crate::state::ApiState;

/// Scripts, styles and connections from here only, and nobody frames us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CONJUNCTIONS: &str = include_str!("page/conjunctions.html");
const ALERT: &str = include_str!("page/alert.html");
const SIGN_IN: &str = include_str!("page/signin.html");
/// What stands on the page of tokens where there is a provider, too.
const AT_PROVIDER: &str =
    "<p>Or <a href=\"/auth/login\">sign in at your organization's identity provider</a>.</p>";
const SIGN_IN_AT_PROVIDER: &str = include_str!("page/signin_provider.html");
const GO_ON: &str = include_str!("page/go_on.html");
const DOCS: &str = include_str!("page/docs.html");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and content of what the pages load. Nothing in them is secret.
const ASSETS: [(&str, &str, &str); 6] = [
    ("conjunctions.js", JAVASCRIPT, include_str!("page/conjunctions.js")),
    ("alert.js", JAVASCRIPT, include_str!("page/alert.js")),
    ("signin.js", JAVASCRIPT, include_str!("page/signin.js")),
    ("signin_provider.js", JAVASCRIPT, include_str!("page/signin_provider.js")),
    ("docs.js", JAVASCRIPT, include_str!("page/docs.js")),
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
];

/// The pages outside `/api/v1`.
pub(crate) fn routes() -> Router<ApiState> {
    Router::new()
        .route("/", get(conjunctions))
        // Where mails about an alert lead.
        .route("/alerts/{id}", get(alert))
        .route("/signin", get(sign_in))
        .route("/assets/{name}", get(asset))
}

fn html(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn conjunctions(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    signed_in(&state, request, CONJUNCTIONS).await
}

async fn alert(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    signed_in(&state, request, ALERT).await
}

/// A page for those who are signed in; others find the page to sign in at its place.
async fn signed_in(state: &ApiState, request: Request, page: &'static str) -> Result<Response, Problem> {
    let sender = Sender::of(request.extensions(), request.headers(), &state.settings.trusted_proxies);
    match access::authenticate(state, request.method(), request.uri(), request.headers(), sender).await {
        Ok(_) => Ok(html(StatusCode::OK, page)),
        Err(problem) if problem.is_unauthenticated() => {
            Ok(html(StatusCode::UNAUTHORIZED, sign_in_page(state)))
        }
        // It says so, and lets them sign out.
        Err(problem) if problem.is_forbidden() && state.ports.identity.is_some() => {
            Ok(html(StatusCode::FORBIDDEN, SIGN_IN_AT_PROVIDER))
        }
        Err(problem) => Err(problem),
    }
}

async fn sign_in(State(state): State<ApiState>) -> Response {
    html(StatusCode::OK, sign_in_page(&state))
}

fn sign_in_page(state: &ApiState) -> Cow<'static, str> {
    match &state.ports.identity {
        None => SIGN_IN.into(),
        Some(_) if !state.settings.identity.one_time_tokens => SIGN_IN_AT_PROVIDER.into(),
        Some(_) => SIGN_IN.replace("<form", &format!("{AT_PROVIDER}\n<form")).into(),
    }
}

/// A page that goes on to a path of ours by itself.
pub(crate) fn go_on(path: &str) -> Response {
    let path = path.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\'', "&#39;");
    html(StatusCode::OK, GO_ON.replace("{path}", &path))
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|(known, _, _)| *known == name);
    let (_, media_type, text) = found.ok_or_else(Problem::no_such_route)?;
    answer::text(media_type, *text)
}

/// The OpenAPI document.
pub(crate) async fn openapi() -> Result<Response, Problem> {
    static DOCUMENT: LazyLock<Result<String, String>> =
        LazyLock::new(|| crate::openapi().to_json().map_err(|error| error.to_string()));
    match DOCUMENT.as_ref() {
        Ok(text) => answer::text("application/json", text.as_bytes()),
        Err(error) => Err(Problem::internal(error)),
    }
}

/// The page to try the interface at.
pub(crate) async fn docs() -> Response {
    html(StatusCode::OK, DOCS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_name_no_other_host_and_hold_no_inline_script_or_style() {
        let pages = [CONJUNCTIONS, ALERT, SIGN_IN, SIGN_IN_AT_PROVIDER, GO_ON, DOCS];
        let texts = pages.iter().chain(ASSETS.iter().map(|(_, _, text)| text));
        for text in texts {
            assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
        }
        for page in pages {
            for inline in ["<script>", "<style", " style=", " onclick", "javascript:"] {
                assert!(!page.contains(inline), "{inline}");
            }
            for (_, rest) in page.match_indices("/assets/").map(|(at, _)| page.split_at(at + 8)) {
                let name = rest.split('"').next().unwrap();
                assert!(ASSETS.iter().any(|(known, _, _)| *known == name), "{name}");
            }
        }
    }
}
