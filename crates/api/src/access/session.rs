//! Sessions of browsers: a random identity in a cookie, and the caller behind it in the cache.

use std::time::Duration;

use astroshield_domain::access::{Caller, Scope};
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::CacheKey;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::memberships::{Person, caller_of, grants_of};
use super::provider_session::{self, Standing};
use super::{hexadecimal, secret, sha256};
use crate::problem::Problem;
use crate::state::ApiState;

const COOKIE: &str = "astroshield_session";

/// A session, as it is cached.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) tenant: TenantId,
    pub(super) name: String,
    pub(super) scope: Scope,
    /// Whose it is, where a provider vouches for somebody: what they may do is looked up, and not what it was at first.
    #[serde(default)]
    pub(super) person: Option<Person>,
    /// When it ends.
    #[serde(default)]
    pub(super) until: Option<Timestamp>,
    /// What the provider gave, where they signed in there.
    #[serde(default)]
    pub(super) standing: Option<Standing>,
}

/// Only the hash is kept, so that what is in the cache opens nothing.
pub(super) fn in_cache(id: &str) -> CacheKey {
    named(hexadecimal(&sha256(id.as_bytes())))
}

fn named(hash: String) -> CacheKey {
    CacheKey { tenant: TenantId::public(), space: "session", name: hash }
}

/// The session that a request's cookie names.
pub(crate) fn session_of(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE)
}

/// A cookie of ours.
pub(crate) fn cookie_of<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty() && value.len() <= 100)
        .map(|(_, value)| value)
}

impl Session {
    /// The organization that was chosen, if there was any to choose.
    fn chosen(&self) -> Option<&TenantId> {
        Some(&self.tenant).filter(|tenant| **tenant != TenantId::public())
    }
}

async fn found(state: &ApiState, id: &str) -> Result<Session, Problem> {
    found_under(state, &in_cache(id)).await
}

async fn found_under(state: &ApiState, key: &CacheKey) -> Result<Session, Problem> {
    let bytes = state.ports.cache.get(key).await;
    let session = bytes.and_then(|bytes| serde_json::from_slice::<Session>(&bytes).ok());
    session.ok_or_else(|| {
        metrics::REFUSED_CALLERS.increment(["session_over"]);
        Problem::unauthenticated("the session is over; sign in again")
    })
}

/// The caller of a session.
pub(crate) async fn caller(state: &ApiState, id: &str) -> Result<Caller, Problem> {
    let mut session = found(state, id).await?;
    if session.standing.is_some() {
        session = provider_session::confirmed(state, id, session).await?;
    }
    match &session.person {
        Some(person) => caller_of(state, person, session.chosen()).await,
        None => Ok(Caller { tenant: session.tenant, name: session.name, scope: session.scope }),
    }
}

/// The caller of a session of which the hash is known. It is not used with this, and the provider is not asked: who uses it does
/// that.
pub(crate) async fn caller_of_kept(state: &ApiState, hash: &str) -> Result<Caller, Problem> {
    let session = found_under(state, &named(hash.to_owned())).await?;
    provider_session::not_doubtful(state, &session)?;
    match &session.person {
        Some(person) => caller_of(state, person, session.chosen()).await,
        None => Ok(Caller { tenant: session.tenant, name: session.name, scope: session.scope }),
    }
}

/// Begins a session; the header that gives the browser its cookie.
pub(crate) async fn begin(state: &ApiState, caller: &Caller) -> Result<HeaderValue, Problem> {
    keep_new(state, caller.clone(), None).await
}

/// Begins the session of somebody whom a provider vouches for, in the first of their organizations. Who has none is signed in,
/// too, and is told so when they ask for something.
pub(crate) async fn begin_of_person(state: &ApiState, person: Person) -> Result<HeaderValue, Problem> {
    let grants = grants_of(state, &person).await?;
    let Grant { tenant, scope } =
        grants.into_iter().next().unwrap_or_else(|| Grant { tenant: TenantId::public(), scope: Scope::Read });
    let caller = Caller { tenant, name: person.identity.label().to_owned(), scope };
    keep_new(state, caller, Some(person)).await
}

async fn keep_new(
    state: &ApiState,
    Caller { tenant, name, scope }: Caller,
    person: Option<Person>,
) -> Result<HeaderValue, Problem> {
    let id = secret("");
    let lifetime = state.settings.session_lifetime;
    let until = state.now().checked_add(lifetime).ok();
    keep(state, &id, &Session { tenant, name, scope, person, until, standing: None }).await?;
    cookie(state, &id, lifetime.as_secs())
}

/// Keeps a session for as long as it lasts.
async fn keep(state: &ApiState, id: &str, session: &Session) -> Result<(), Problem> {
    let left = session.until.map_or(state.settings.session_lifetime, |until| {
        Duration::try_from(until.duration_since(state.now())).unwrap_or_default()
    });
    let bytes = serde_json::to_vec(session).map_err(Problem::internal)?;
    state.ports.cache.put(&in_cache(id), bytes.into(), left).await;
    Ok(())
}

/// The session that a request is of, where it has no key.
fn without_key(headers: &HeaderMap) -> Option<&str> {
    session_of(headers).filter(|_| !headers.contains_key(header::AUTHORIZATION))
}

/// What the person of a session may do, by organization. `None` where nobody vouches for a person.
pub(crate) async fn grants_of_session(
    state: &ApiState,
    headers: &HeaderMap,
) -> Result<Option<Vec<Grant>>, Problem> {
    let Some(id) = without_key(headers) else { return Ok(None) };
    match found(state, id).await?.person {
        Some(person) => grants_of(state, &person).await.map(Some),
        None => Ok(None),
    }
}

/// Lets a session work in another of its person's organizations.
pub(crate) async fn switch(
    state: &ApiState,
    headers: &HeaderMap,
    tenant: TenantId,
) -> Result<Caller, Problem> {
    let alone =
        || Problem::conflict("a key, and the session of whoever started the server, has one organization");
    let id = without_key(headers).ok_or_else(alone)?;
    let session = found(state, id).await?;
    let person = session.person.as_ref().ok_or_else(alone)?;
    let grants = grants_of(state, person).await?;
    let grant = grants.into_iter().find(|grant| grant.tenant == tenant);
    let Grant { tenant, scope } = grant.ok_or_else(|| Problem::not_found("organization", &tenant))?;
    let caller = Caller { tenant: tenant.clone(), name: session.name.clone(), scope };
    provider_session::change(state, id, |session| Session { tenant, scope, ..session }).await?;
    Ok(caller)
}

/// Ends a session, if there is one; the header that takes the cookie back.
pub(crate) async fn end(state: &ApiState, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    if let Some(id) = session_of(headers)
        && provider_session::end_at_provider(state, id).await.is_none()
    {
        state.ports.cache.remove(&in_cache(id)).await;
    }
    cookie(state, "", 0)
}

pub(super) fn cookie(state: &ApiState, id: &str, max_age_s: u64) -> Result<HeaderValue, Problem> {
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
