//! The console: the files that its build leaves in a folder, and `/config.json`, which tells it where it is.

use std::io::ErrorKind;
use std::path::Path;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde::Serialize;
use tower_http::services::ServeDir;

use crate::answer;
use crate::problem::Problem;
use crate::state::ApiState;

/// What the header adds to the policy that each page has in an element of its own, with the hashes of its scripts
/// (`docs/adr/0037-console-served-from-a-folder.md`): what such an element cannot say, and what holds for every page.
const POLICY: &str = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'";

/// Of files whose names change with what is in them.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Of all others: asked for again each time, and sent if they have changed.
const ASK_AGAIN: &str = "no-cache";

/// Of the page to sign in: the token of a link is in its address.
const KEEP_NOTHING: &str = "no-store";

const NOT_FOUND: &str = "/404.html";
const ALERT: &str = "/alerts/";

/// The files of the console.
pub(crate) struct Console {
    files: ServeDir,
}

impl Console {
    /// Of a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        // What asks for several parts gets the whole.
        let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
        Self { files: files.ignore_multi_range_requests(true) }
    }

    async fn answer(&self, mut asked: Parts) -> Result<Response, Problem> {
        // Only an unchanged file may be answered by a part; whoever is not sure of that gets the whole.
        if asked.headers.contains_key(header::IF_RANGE) {
            asked.headers.remove(header::RANGE);
        }
        let path = asked.uri.path().to_owned();
        // `//alerts` would lead on to `//alerts/`, which is another host.
        let own = asked.uri.path_and_query().filter(|_| !path.contains("//"));
        let mut found = match own {
            Some(own) => self.file(&asked, own.clone()).await?,
            None => None,
        };
        if found.is_none() && is_alert(&path) {
            found = self.file(&asked, PathAndQuery::from_static(ALERT)).await?;
        }
        let mut response = match found {
            Some(response) => response,
            None => self.not_found(asked).await?,
        };
        // A permanent one, which leaves the method as it is.
        if response.status() == StatusCode::TEMPORARY_REDIRECT {
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        }
        let caching = caching(&path, response.status());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // Also where the answer is that nothing has changed.
        headers.entry(header::VARY).or_insert(HeaderValue::from_static("accept-encoding"));
        Ok(response)
    }

    async fn not_found(&self, mut asked: Parts) -> Result<Response, Problem> {
        // Conditions and parts are those of the file that is not there.
        let accepted = asked.headers.remove(header::ACCEPT_ENCODING);
        asked.headers = HeaderMap::from_iter(accepted.map(|accepted| (header::ACCEPT_ENCODING, accepted)));
        let page = self.file(&asked, PathAndQuery::from_static(NOT_FOUND)).await?;
        let mut response = page.ok_or_else(Problem::no_such_route)?;
        *response.status_mut() = StatusCode::NOT_FOUND;
        for gone in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES] {
            response.headers_mut().remove(gone);
        }
        Ok(response)
    }

    /// The file of a path, asked for as `asked` is; `None` where there is none.
    async fn file(&self, asked: &Parts, path: PathAndQuery) -> Result<Option<Response>, Problem> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = asked.method.clone();
        *request.uri_mut() = Uri::from(path);
        *request.headers_mut() = asked.headers.clone();
        match self.files.clone().try_call(request).await {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => Ok(None),
            Ok(response) => Ok(Some(response.map(Body::new))),
            Err(error) => match error.kind() {
                ErrorKind::NotFound
                | ErrorKind::PermissionDenied
                | ErrorKind::NotADirectory
                | ErrorKind::IsADirectory
                | ErrorKind::InvalidFilename
                | ErrorKind::InvalidInput => Ok(None),
                _ => Err(Problem::internal(error)),
            },
        }
    }
}

/// Whether a path is one that mails about an alert lead to. The page asks for the alert by itself.
fn is_alert(path: &str) -> bool {
    let id = path.strip_prefix("/alerts/").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    // A file that is missing is none, such as the data of a page.
    id.is_some_and(|id| !id.is_empty() && !id.contains(['/', '.']))
}

fn caching(path: &str, status: StatusCode) -> &'static str {
    let is_there = status.is_success() || status == StatusCode::NOT_MODIFIED;
    if path.starts_with("/_next/static/") && is_there {
        FOR_EVER
    } else if path == "/signin" || path.starts_with("/signin/") {
        KEEP_NOTHING
    } else {
        ASK_AGAIN
    }
}

/// Answers what is at none of the routes.
pub(crate) async fn answer(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    let is_of_interface = path == "/api" || path.starts_with("/api/");
    match &state.console {
        Some(console) if !is_of_interface => console.answer(request.into_parts().0).await,
        _ => Err(Problem::no_such_route()),
    }
}

/// What the console has to know before anybody has signed in.
#[derive(Serialize)]
struct Configuration<'a> {
    build: &'a str,
    environment: &'a str,
    /// Where the interface is: here.
    api: &'static str,
    /// Where the WebSocket is; `None` is here.
    stream: Option<&'static str>,
    sign_in: WaysIn,
}

#[derive(Serialize)]
struct WaysIn {
    one_time_token: bool,
    /// Where to go for signing in at the identity provider.
    provider: Option<&'static str>,
}

/// `/config.json`.
pub(crate) async fn configuration(State(state): State<ApiState>) -> Result<Response, Problem> {
    let settings = &state.settings;
    let configuration = Configuration {
        build: &settings.build,
        environment: &settings.console.environment,
        api: "",
        stream: None,
        sign_in: WaysIn {
            one_time_token: state.one_time_tokens(),
            provider: state.ports.identity.as_ref().map(|_| "/auth/login"),
        },
    };
    let mut response = answer::json_of(StatusCode::OK, &configuration)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP_NOTHING));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_one_part_of_a_path_and_no_file() {
        for path in ["/alerts/0190", "/alerts/0190/", "/alerts/a%20b"] {
            assert!(is_alert(path), "{path}");
        }
        for path in
            ["/alerts/", "/alerts//", "/alerts/a/b", "/alerts/a/index.txt", "/alerts/a.txt", "/alert/a"]
        {
            assert!(!is_alert(path), "{path}");
        }
    }

    #[test]
    fn only_files_that_are_there_and_named_by_what_is_in_them_are_kept() {
        assert_eq!(caching("/_next/static/chunks/a.js", StatusCode::OK), FOR_EVER);
        assert_eq!(caching("/_next/static/chunks/a.js", StatusCode::NOT_MODIFIED), FOR_EVER);
        assert_eq!(caching("/_next/static/chunks/a.js", StatusCode::NOT_FOUND), ASK_AGAIN);
        assert_eq!(caching("/objects/", StatusCode::OK), ASK_AGAIN);
        assert_eq!(caching("/signin", StatusCode::PERMANENT_REDIRECT), KEEP_NOTHING);
        assert_eq!(caching("/signin/", StatusCode::OK), KEEP_NOTHING);
    }
}
