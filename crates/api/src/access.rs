//! Who calls: API keys, sessions, and the one-time tokens that sessions begin with.

mod admission;
mod bearer;
mod limits;
mod memberships;
mod proof;
mod provider_session;
mod session;
mod tokens;
mod wrong_secrets;

use std::sync::Arc;
use std::time::{Duration, Instant};

use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::ids::{ApiKeyId, TenantId};
use astroshield_domain::organization::Account;
use astroshield_domain::ports::{CacheKey, IdentityProvider};
use astroshield_domain::{metrics, trace};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use self::admission::admit;
use self::limits::Limit;
pub(crate) use self::limits::{RATE_LIMIT, RATE_LIMIT_POLICY, admit_sign_in};
pub(crate) use self::memberships::{Person, forget as forget_grants, grants_of};
pub(crate) use self::proof::{Proof, Proven, bytes_of};
pub(crate) use self::provider_session::{begin_at_provider, end_at_provider};
pub(crate) use self::session::{
    begin, caller as caller_of_session, cookie_of, end, grants_of_session, session_of, switch,
};
pub use self::tokens::OneTimeTokens;
pub(crate) use self::wrong_secrets::{From, Sender, WrongSecrets};
use crate::problem::Problem;
use crate::state::ApiState;

/// What every API key starts with, so that one that leaks is recognized.
const KEY_PREFIX: &str = "ask_";

/// How long a key that was looked up is believed: a key revoked through another process answers no longer than this.
const KEY_BELIEVED: Duration = Duration::from_secs(5);

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 256 bits of chance, as text.
pub(crate) fn secret(prefix: &str) -> String {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits))
}

/// A new API key and its hash.
#[must_use]
pub fn new_key() -> (String, [u8; 32]) {
    let key = secret(KEY_PREFIX);
    let hash = sha256(key.as_bytes());
    (key, hash)
}

/// A key that was looked up, as it is cached.
#[derive(Debug, Serialize, Deserialize)]
struct KnownKey {
    id: ApiKeyId,
    tenant: TenantId,
    name: String,
    scope: Scope,
    expires: Option<Timestamp>,
}

impl KnownKey {
    /// Whose it is, unless it has expired.
    fn caller(self, now: Timestamp) -> Result<Caller, Problem> {
        if self.expires.is_some_and(|expires| expires <= now) {
            metrics::REFUSED_CALLERS.increment(["expired"]);
            return Err(Problem::unauthenticated("the API key has expired"));
        }
        let principal = Principal::Key(self.id);
        Ok(Caller { tenant: self.tenant, name: self.name, principal, scope: self.scope })
    }
}

/// A key that was looked up in the store.
enum StoredKey {
    Known(KnownKey),
    Revoked,
    Unknown,
}

async fn cached_key(state: &ApiState, hash: &[u8; 32]) -> Option<KnownKey> {
    let cached = state.ports.cache.get(&key_in_cache(hash)).await;
    cached.and_then(|bytes| serde_json::from_slice(&bytes).ok())
}

async fn stored_key(state: &ApiState, hash: &[u8; 32]) -> Result<StoredKey, Problem> {
    let Some(key) = state.ports.store.api_key_by_hash(hash).await? else { return Ok(StoredKey::Unknown) };
    if key.revoked.is_some() {
        return Ok(StoredKey::Revoked);
    }
    let known =
        KnownKey { id: key.id, tenant: key.tenant, name: key.name, scope: key.scope, expires: key.expires };
    if let Ok(bytes) = serde_json::to_vec(&known) {
        state.ports.cache.put(&key_in_cache(hash), bytes.into(), KEY_BELIEVED).await;
    }
    Ok(StoredKey::Known(known))
}

fn key_in_cache(hash: &[u8; 32]) -> CacheKey {
    CacheKey { tenant: TenantId::public(), space: "api-key", name: hexadecimal(hash) }
}

/// Forgets a key that was revoked.
pub(crate) async fn forget_key(state: &ApiState, hash: &[u8; 32]) {
    state.ports.cache.remove(&key_in_cache(hash)).await;
}

/// Puts off a sender of too many wrong keys and tokens, whichever process they were sent to.
pub(crate) async fn put_off(state: &ApiState, sender: Option<Sender>) -> Option<Problem> {
    let limit = Limit::wrong_secrets(&state.settings)?;
    let standing = match state.wrong_secrets.wait(sender, Instant::now()) {
        Some(wait) => limit.used_up_for(wait),
        None => limit.used_up(state, &sender?.name()).await?,
    };
    Some(standing.put_off("too many wrong keys or tokens came from this address"))
}

/// Counts a wrong key or token: here, and for every process.
pub(crate) async fn count_wrong(state: &ApiState, sender: Option<Sender>) {
    state.wrong_secrets.count(sender, Instant::now());
    if let (Some(limit), Some(sender)) = (Limit::wrong_secrets(&state.settings), sender) {
        limit.take(state, &sender.name(), 1).await;
    }
}

async fn caller_of_key(state: &ApiState, key: &str, sender: Option<Sender>) -> Result<Caller, Problem> {
    let refused = |reason| {
        metrics::REFUSED_CALLERS.increment([reason]);
        Problem::unauthenticated("the API key is not valid")
    };
    // Only who guesses is put off: whoever has a good key may share the address of one who does.
    let guessed = async |reason| match put_off(state, sender).await {
        Some(problem) => {
            metrics::REFUSED_CALLERS.increment(["put_off"]);
            problem
        }
        None => {
            count_wrong(state, sender).await;
            refused(reason)
        }
    };
    if !key.starts_with(KEY_PREFIX) || key.len() > 100 {
        return Err(guessed("malformed").await);
    }
    let (hash, now) = (sha256(key.as_bytes()), state.now());
    if let Some(known) = cached_key(state, &hash).await {
        return known.caller(now);
    }
    match stored_key(state, &hash).await? {
        StoredKey::Known(known) => known.caller(now),
        StoredKey::Revoked => Err(refused("revoked")),
        StoredKey::Unknown => Err(guessed("unknown").await),
    }
}

/// What a request shows to say who sends it.
enum Shown<'a> {
    Key(&'a str),
    Token(&'a Arc<dyn IdentityProvider>, &'a str),
    Session(&'a str),
}

fn shown<'a>(state: &'a ApiState, headers: &'a HeaderMap) -> Result<Shown<'a>, Problem> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let key = authorization.to_str().ok().and_then(|text| text.split_once(' '));
        return match key {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => match &state.ports.identity {
                Some(provider) if !key.trim().starts_with(KEY_PREFIX) => {
                    Ok(Shown::Token(provider, key.trim()))
                }
                _ => Ok(Shown::Key(key.trim())),
            },
            _ => {
                metrics::REFUSED_CALLERS.increment(["malformed"]);
                Err(Problem::unauthenticated("`Authorization: Bearer ask_...` is due"))
            }
        };
    }
    session_of(state, headers).map(Shown::Session).ok_or_else(|| {
        metrics::REFUSED_CALLERS.increment(["missing"]);
        Problem::unauthenticated(
            "send `Authorization: Bearer ...` with an API key or an access token, or sign in at /signin",
        )
    })
}

/// Refuses a request of a session that changes something, or that opens a WebSocket, unless it comes from our own pages.
fn require_own_page(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if !method.is_safe() || headers.contains_key(header::UPGRADE) {
        require_same_origin(uri, headers)?;
    }
    Ok(())
}

/// The caller of a request: the owner of its API key, else of its session. A session's requests that change something, or
/// that open a WebSocket, must come from our own pages.
pub(crate) async fn authenticate(
    state: &ApiState,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    sender: Option<Sender>,
) -> Result<Caller, Problem> {
    let wanted = bearer::wanted_tenant(headers)?;
    let caller = match shown(state, headers)? {
        Shown::Key(key) => caller_of_key(state, key, sender).await?,
        Shown::Token(provider, token) => {
            return bearer::caller_of_token(state, provider, token, wanted.as_ref(), sender).await;
        }
        Shown::Session(session) => {
            let caller = session::caller(state, session).await?;
            require_own_page(method, uri, headers)?;
            caller
        }
    };
    match wanted {
        Some(wanted) if wanted != caller.tenant => {
            let detail = format!("this key or session works in {}, and not in {wanted}", caller.tenant);
            Err(Problem::forbidden(detail).at("Astroshield-Tenant"))
        }
        _ => Ok(caller),
    }
}

/// The person of a request, whether they belong to an organization or not; `None` for keys, and for sessions that nobody vouches
/// for.
async fn person_of(
    state: &ApiState,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    sender: Option<Sender>,
) -> Result<Option<Person>, Problem> {
    match shown(state, headers)? {
        Shown::Key(key) => caller_of_key(state, key, sender).await.map(|_| None),
        Shown::Token(provider, token) => {
            bearer::person_of_token(state, provider, token, sender).await.map(Some)
        }
        Shown::Session(session) => {
            let person = session::person(state, session).await?;
            require_own_page(method, uri, headers)?;
            Ok(person)
        }
    }
}

/// Refuses a request that a page of another site sent.
pub(crate) fn require_same_origin(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let host = host_of(uri, headers);
    let same = match (origin.and_then(|origin| origin.split_once("://")), host) {
        (Some((_, authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        // Browsers send an origin with every write. What sends none has to say where it comes from otherwise.
        _ => headers.contains_key("sec-fetch-site"),
    };
    // A browser that says of itself which page asks says the same.
    if same && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin") {
        Ok(())
    } else {
        Err(Problem::forbidden("with a session, only our own pages may ask for this").at("Origin"))
    }
}

/// The name that the server is called by.
pub(crate) fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str))
}

/// Refuses requests to a name that is not ours: a page of a name that was pointed at us must not read us.
pub(crate) async fn check_host(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Some(allowed) = &state.settings.allowed_hosts {
        let host = host_of(request.uri(), request.headers()).unwrap_or_default();
        if !allowed.iter().any(|name| name.eq_ignore_ascii_case(host)) {
            return Err(Problem::misdirected(host));
        }
    }
    Ok(next.run(request).await)
}

/// Lets nobody in who has not said who they are.
pub(crate) async fn require_caller(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let sender = Sender::of(request.extensions(), request.headers(), &state.settings.trusted_proxies);
    let caller = authenticate(&state, request.method(), request.uri(), request.headers(), sender).await?;
    let taken = match Limit::keys(&state.settings) {
        Some(limit) => {
            Some(limit.pass(&state, &counted_as(&caller.principal), limits::cost(&request)).await?)
        }
        None => None,
    };
    let writes = !request.method().is_safe() && !limits::keeps_nothing(&request);
    let tenant = caller.tenant.clone();
    request.extensions_mut().insert(Arc::new(caller));
    let mut response = if writes {
        // A task of its own: what is written although its caller has gone away must not be hidden by an answer from before it.
        let work = tokio::spawn(trace::carry(async move {
            let response = next.run(request).await;
            // Whatever became of it.
            state.writes.add(state.ports.cache.as_ref(), &tenant).await;
            response
        }));
        match work.await {
            Ok(response) => response,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => return Err(Problem::internal(error)),
            },
        }
    } else {
        next.run(request).await
    };
    if let Some(passed) = taken {
        passed.tell(response.headers_mut());
    }
    Ok(response)
}

/// Counts what a caller has done for themselves beside requests.
pub(crate) async fn count(state: &ApiState, caller: &Caller, tokens: u32) -> Result<(), Problem> {
    if let Some(limit) = Limit::keys(&state.settings) {
        limit.pass(state, &counted_as(&caller.principal), tokens).await?;
    }
    Ok(())
}

/// What a caller is counted by, however they show who they are: a hash, which says nothing of them.
fn counted_as(principal: &Principal) -> String {
    hexadecimal(&sha256(principal.to_string().as_bytes()))
}

/// Somebody whom an identity provider vouches for, whether they belong to an organization or not; `None` for other callers.
pub(crate) struct Somebody(pub(crate) Option<Person>);

impl FromRequestParts<ApiState> for Somebody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let sender = Sender::of(&parts.extensions, &parts.headers, &state.settings.trusted_proxies);
        let person = person_of(state, &parts.method, &parts.uri, &parts.headers, sender).await?;
        if let (Some(person), Some(limit)) = (&person, Limit::keys(&state.settings)) {
            let principal = Principal::Person(Account::of(&person.identity));
            limit.pass(state, &counted_as(&principal), 1).await?;
        }
        Ok(Self(person))
    }
}

macro_rules! scopes {
    ($($(#[$meta:meta])* $name:ident needs $scope:ident;)*) => {$(
        $(#[$meta])*
        pub(crate) struct $name(pub(crate) Arc<Caller>);

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                let caller = parts
                    .extensions
                    .get::<Arc<Caller>>()
                    .ok_or_else(|| Problem::unauthenticated("an API key or a session is due"))?;
                allow(caller, Scope::$scope)?;
                Ok(Self(Arc::clone(caller)))
            }
        }
    )*};
}

scopes! {
    /// A caller who may look.
    Reader needs Read;
    /// A caller who may change things.
    Writer needs Write;
    /// A caller who may make keys.
    Admin needs Admin;
}

fn allow(caller: &Caller, needed: Scope) -> Result<(), Problem> {
    if caller.scope >= needed {
        return Ok(());
    }
    metrics::REFUSED_CALLERS.increment(["scope"]);
    let name = |scope| match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Admin => "admin",
    };
    Err(Problem::forbidden(format!("the scope {} is due; this is {}", name(needed), name(caller.scope))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scope: Scope) -> Caller {
        Caller { tenant: TenantId::local(), name: "test".to_owned(), principal: Principal::Operator, scope }
    }

    #[test]
    fn each_scope_includes_the_ones_before_it() {
        let scopes = [Scope::Read, Scope::Write, Scope::Admin];
        for (held, scope) in scopes.iter().enumerate() {
            for (needed, other) in scopes.iter().enumerate() {
                assert_eq!(allow(&caller(*scope), *other).is_ok(), held >= needed);
            }
        }
    }

    #[test]
    fn keys_are_long_different_and_hashed_whole() {
        let ((a, hash_a), (b, _)) = (new_key(), new_key());
        assert_ne!(a, b);
        assert!(a.starts_with("ask_") && a.len() == 4 + 43, "{a}");
        assert_eq!(hash_a, sha256(a.as_bytes()));
    }

    #[test]
    fn sha256_of_abc_is_as_published() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hexadecimal(&sha256(b"abc")), expected);
    }

    #[test]
    fn a_write_from_another_site_is_refused() {
        let uri = Uri::from_static("/api/v1/rules");
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        let host = ("host", "localhost:8080");
        for good in [
            headers(&[host, ("origin", "http://localhost:8080")]),
            headers(&[host, ("sec-fetch-site", "same-origin")]),
        ] {
            assert!(require_same_origin(&uri, &good).is_ok(), "{good:?}");
        }
        for bad in [
            headers(&[host]),
            headers(&[host, ("origin", "null")]),
            headers(&[host, ("origin", "http://localhost:8081")]),
            headers(&[host, ("origin", "http://localhost:8080"), ("sec-fetch-site", "cross-site")]),
            headers(&[host, ("sec-fetch-site", "none")]),
            headers(&[host, ("origin", "http://localhost:8080.example.net")]),
            headers(&[host, ("origin", "http://example.net"), ("sec-fetch-site", "same-origin")]),
            headers(&[host, ("sec-fetch-site", "cross-site")]),
            headers(&[("origin", "http://localhost:8080")]),
        ] {
            assert!(require_same_origin(&uri, &bad).is_err(), "{bad:?}");
        }
    }
}
