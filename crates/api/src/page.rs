//! The plain pages: `/api/v1/docs` to try the interface at, the page after a sign-in at a provider, and where no console is
//! installed, a way to sign in at `/signin`. Everything they need comes from here.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use crate::answer;
use crate::console;
use crate::problem::Problem;
use crate::state::ApiState;

/// Scripts, styles and connections from here only, and nobody frames us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const NO_CONSOLE: &str = include_str!("page/no_console.html");
const SIGN_IN: &str = include_str!("page/signin.html");
const TOKEN_FORM: &str = include_str!("page/token_form.html");
const AT_PROVIDER: &str =
    "<p><a href=\"/auth/login\">Sign in at your organization's identity provider</a></p>";
const GO_ON: &str = include_str!("page/go_on.html");
const DOCS: &str = include_str!("page/docs.html");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and content of what the pages load. Nothing in them is secret.
const ASSETS: [(&str, &str, &str); 3] = [
    ("signin.js", JAVASCRIPT, include_str!("page/signin.js")),
    ("docs.js", JAVASCRIPT, include_str!("page/docs.js")),
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
];

/// The pages outside `/api/v1`, beside a console or in its place.
pub(crate) fn routes(console: bool) -> Router<ApiState> {
    let routes = Router::new().route("/assets/{name}", get(asset));
    if console {
        return routes;
    }
    routes
        .route("/", get(no_console))
        // Where mails about an alert lead.
        .route("/alerts/{id}", get(no_console))
        .route("/signin", get(sign_in))
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

async fn no_console() -> Response {
    html(StatusCode::OK, NO_CONSOLE)
}

async fn sign_in(State(state): State<ApiState>) -> Response {
    let provider = if state.ports.identity.is_some() { AT_PROVIDER } else { "" };
    let form = if state.one_time_tokens() { TOKEN_FORM } else { "" };
    html(StatusCode::OK, SIGN_IN.replace("{ways}", &format!("{provider}{form}")))
}

/// A page that goes on to a path of ours by itself.
pub(crate) fn go_on(path: &str) -> Response {
    let path = path.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\'', "&#39;");
    html(StatusCode::OK, GO_ON.replace("{path}", &path))
}

async fn asset(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    match ASSETS.iter().find(|(known, _, _)| *known == name) {
        Some((_, media_type, text)) => answer::text(media_type, *text),
        None => console::answer(State(state), request).await,
    }
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
        let pages = [NO_CONSOLE, SIGN_IN, TOKEN_FORM, AT_PROVIDER, GO_ON, DOCS];
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
