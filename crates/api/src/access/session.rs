//! Sessions of browsers: a random identity in a cookie, and the caller behind it in the cache.

use astroshield_domain::access::{Caller, Scope};
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::CacheKey;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::{hexadecimal, secret, sha256};
use crate::problem::Problem;
use crate::state::ApiState;

const COOKIE: &str = "astroshield_session";

/// The caller of a session, as it is cached.
#[derive(Debug, Serialize, Deserialize)]
struct Session {
    tenant: TenantId,
    name: String,
    scope: Scope,
}

/// Only the hash is kept, so that what is in the cache opens nothing.
fn in_cache(id: &str) -> CacheKey {
    CacheKey { tenant: TenantId::public(), space: "session", name: hexadecimal(&sha256(id.as_bytes())) }
}

/// The session that a request's cookie names.
pub(crate) fn session_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty() && value.len() <= 100)
        .map(|(_, value)| value)
}

/// The caller of a session.
pub(super) async fn caller(state: &ApiState, id: &str) -> Result<Caller, Problem> {
    let bytes = state.ports.cache.get(&in_cache(id)).await;
    let session = bytes.and_then(|bytes| serde_json::from_slice::<Session>(&bytes).ok());
    let session = session.ok_or_else(|| {
        metrics::REFUSED_CALLERS.increment(["session_over"]);
        Problem::unauthenticated("the session is over; sign in again")
    })?;
    Ok(Caller { tenant: session.tenant, name: session.name, scope: session.scope })
}

/// Begins a session; the header that gives the browser its cookie.
pub(crate) async fn begin(state: &ApiState, caller: &Caller) -> Result<HeaderValue, Problem> {
    let id = secret("");
    let session = Session { tenant: caller.tenant.clone(), name: caller.name.clone(), scope: caller.scope };
    let bytes = serde_json::to_vec(&session).map_err(Problem::internal)?;
    let lifetime = state.settings.session_lifetime;
    state.ports.cache.put(&in_cache(&id), bytes.into(), lifetime).await;
    cookie(state, &id, lifetime.as_secs())
}

/// Ends a session, if there is one; the header that takes the cookie back.
pub(crate) async fn end(state: &ApiState, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    if let Some(id) = session_of(headers) {
        state.ports.cache.remove(&in_cache(id)).await;
    }
    cookie(state, "", 0)
}

fn cookie(state: &ApiState, id: &str, max_age_s: u64) -> Result<HeaderValue, Problem> {
    let secure = if state.settings.secure_cookies { "; Secure" } else { "" };
    let text = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(text).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let headers = |cookie: &'static str| -> HeaderMap {
            [(header::COOKIE, HeaderValue::from_static(cookie))].into_iter().collect()
        };
        assert_eq!(session_of(&headers("a=b; astroshield_session=xyz; c=d")), Some("xyz"));
        assert_eq!(session_of(&headers("astroshield_session=")), None);
        assert_eq!(session_of(&headers("xastroshield_session=xyz")), None);
        assert_eq!(session_of(&HeaderMap::new()), None);
    }
}
