//! Sessions of browsers: a random identity in a cookie, and the caller behind it in the cache.

use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::organization::Account;
use astroshield_domain::ports::CacheKey;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::memberships::{Person, caller_of, forget, grants_of};
use super::provider_session::{self, Standing};
use super::{hexadecimal, secret, sha256};
use crate::problem::Problem;
use crate::state::ApiState;

const COOKIE: &str = "astroshield_session";

/// The same where it goes over TLS: browsers take such a cookie from this very host alone, and not from one beside it
/// (draft-ietf-httpbis-rfc6265bis, 4.1.3.2).
const HOST_COOKIE: &str = "__Host-astroshield_session";

fn cookie_name(state: &ApiState) -> &'static str {
    if state.settings.secure_cookies { HOST_COOKIE } else { COOKIE }
}

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
pub(crate) fn session_of<'a>(state: &ApiState, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie_of(headers, cookie_name(state))
}

/// A cookie of ours. Of two of one name somebody else has set one, and which of them does not show: neither counts.
pub(crate) fn cookie_of<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == wanted);
    let (_, value) = found.next()?;
    (found.next().is_none() && !value.is_empty() && value.len() <= 100).then_some(value)
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

/// A session that is not over, at the provider either.
async fn confirmed(state: &ApiState, id: &str) -> Result<Session, Problem> {
    let session = found(state, id).await?;
    match &session.standing {
        Some(_) => provider_session::confirmed(state, id, session).await,
        None => Ok(session),
    }
}

/// The caller of a session.
pub(crate) async fn caller(state: &ApiState, id: &str) -> Result<Caller, Problem> {
    let session = confirmed(state, id).await?;
    caller_of_session(state, session).await
}

async fn caller_of_session(state: &ApiState, session: Session) -> Result<Caller, Problem> {
    match &session.person {
        Some(person) => caller_of(state, person, session.chosen()).await,
        // Who follows the link that the server prints.
        None => Ok(Caller {
            tenant: session.tenant,
            name: session.name,
            principal: Principal::Operator,
            scope: session.scope,
        }),
    }
}

/// The caller of a session of which the hash is known. It is not used with this, and the provider is not asked: who uses it does
/// that.
pub(crate) async fn caller_of_kept(state: &ApiState, hash: &str) -> Result<Caller, Problem> {
    let session = found_under(state, &named(hash.to_owned())).await?;
    provider_session::not_doubtful(state, &session)?;
    caller_of_session(state, session).await
}

/// The person of a session, where somebody vouches for one.
pub(super) async fn person(state: &ApiState, id: &str) -> Result<Option<Person>, Problem> {
    Ok(confirmed(state, id).await?.person)
}

/// Begins a session; the header that gives the browser its cookie.
pub(crate) async fn begin(state: &ApiState, caller: &Caller) -> Result<HeaderValue, Problem> {
    let Caller { tenant, name, scope, .. } = caller.clone();
    let id = secret("");
    let lifetime = state.settings.session_lifetime;
    let until = state.now().checked_add(lifetime).ok();
    let session = Session { tenant, name, scope, person: None, until, standing: None };
    let bytes = serde_json::to_vec(&session).map_err(Problem::internal)?;
    state.ports.cache.put(&in_cache(&id), bytes.into(), lifetime).await;
    cookie(state, &id, lifetime.as_secs())
}

/// The session that a request is of, where it has no key.
fn without_key<'a>(state: &ApiState, headers: &'a HeaderMap) -> Option<&'a str> {
    session_of(state, headers).filter(|_| !headers.contains_key(header::AUTHORIZATION))
}

/// What the person of a session may do, by organization. `None` where nobody vouches for a person.
pub(crate) async fn grants_of_session(
    state: &ApiState,
    headers: &HeaderMap,
) -> Result<Option<Vec<Grant>>, Problem> {
    let Some(id) = without_key(state, headers) else { return Ok(None) };
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
    let id = without_key(state, headers).ok_or_else(alone)?;
    let session = found(state, id).await?;
    let person = session.person.as_ref().ok_or_else(alone)?;
    let grants = grants_of(state, person).await?;
    let grant = grants.into_iter().find(|grant| grant.tenant == tenant);
    let caller = person.in_organization(grant.ok_or_else(|| Problem::not_found("organization", &tenant))?);
    let (account, scope) = (Account::of(&person.identity), caller.scope);
    // Their next session begins there, too.
    state.organizations.choose(&account, &tenant).await?;
    forget(state, &account).await;
    provider_session::change(state, id, |session| Session { tenant, scope, ..session }).await?;
    Ok(caller)
}

/// Ends a session, if there is one; the header that takes the cookie back.
pub(crate) async fn end(state: &ApiState, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    if let Some(id) = session_of(state, headers)
        && provider_session::end_at_provider(state, id).await.is_none()
    {
        state.ports.cache.remove(&in_cache(id)).await;
    }
    cookie(state, "", 0)
}

pub(super) fn cookie(state: &ApiState, id: &str, max_age_s: u64) -> Result<HeaderValue, Problem> {
    let secure = if state.settings.secure_cookies { "; Secure" } else { "" };
    let name = cookie_name(state);
    let text = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(text).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_one_of_two_of_a_name_is_none() {
        let headers = |cookies: &[&'static str]| -> HeaderMap {
            cookies.iter().map(|cookie| (header::COOKIE, HeaderValue::from_static(cookie))).collect()
        };
        let session_of = |cookies: &[&'static str]| cookie_of(&headers(cookies), COOKIE).map(str::to_owned);
        assert_eq!(session_of(&["a=b; astroshield_session=xyz; c=d"]).as_deref(), Some("xyz"));
        assert_eq!(session_of(&["astroshield_session="]), None);
        assert_eq!(session_of(&["xastroshield_session=xyz"]), None);
        assert_eq!(session_of(&["__Host-astroshield_session=xyz"]), None);
        assert_eq!(session_of(&[]), None);
        assert_eq!(session_of(&["astroshield_session=xyz; astroshield_session=abc"]), None);
        assert_eq!(session_of(&["astroshield_session=xyz", "astroshield_session=abc"]), None);
        assert_eq!(session_of(&["astroshield_session=; astroshield_session=abc"]), None);
    }
}
