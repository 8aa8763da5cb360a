//! Sessions of people who signed in at an identity provider: who they are and what the provider gave, in the cache. The tokens
//! are sealed with the identity of the session, which only the browser has, so that what is in the cache opens nothing.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::access::{Caller, Scope};
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{CacheKey, IdentityError, IdentityProvider, ProviderSession, Put};
use astroshield_domain::{metrics, trace};
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::memberships::{Person, caller_of, grants_of};
use super::secret;
use super::session::{Session, cookie, in_cache};
use crate::problem::Problem;
use crate::state::ApiState;

/// How long one process may take to look after a session before another does.
const LOCKED: Duration = Duration::from_secs(60);

/// What is done under the lock ends before it: asking a provider, which may have to be found anew at first (10 s), give tokens
/// (25 s) and be asked for its keys (10 s), and keeping what came.
const WORK: Duration = Duration::from_secs(55);

/// A cache that is away is tried again after this.
const AGAIN: Duration = Duration::from_millis(500);

/// A provider that did not answer is not asked about the same session for so long.
const REST: Duration = Duration::from_secs(5);

/// How long a request waits for a provider that is asked whether somebody is still signed in.
const PATIENCE: Duration = Duration::from_secs(2);

/// That somebody uses a session is noted after at most this part of the time after which it is idle.
const NOTED: u32 = 10;

/// Between two looks whether a session can be changed, and how many there are.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 100;

const OVER: &str = "the session is over; sign in again";

/// How somebody stands at the provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Standing {
    /// When it was noted last that the session is used.
    seen: Timestamp,
    /// From when on the provider is to be asked again; `None` where it cannot be.
    recheck: Option<Timestamp>,
    /// [`Tokens`], sealed.
    sealed: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Tokens {
    id_token: Option<String>,
    refresh_token: Option<String>,
}

impl From<&ProviderSession> for Tokens {
    fn from(session: &ProviderSession) -> Self {
        Self { id_token: session.id_token.clone(), refresh_token: session.refresh_token.clone() }
    }
}

fn key_of(id: &str) -> Result<LessSafeKey, Problem> {
    // Another hash than the one that names the session in the cache.
    let hash: [u8; 32] =
        Sha256::new_with_prefix("astroshield session tokens\0").chain_update(id).finalize().into();
    UnboundKey::new(&CHACHA20_POLY1305, &hash).map(LessSafeKey::new).map_err(Problem::internal)
}

fn seal(id: &str, tokens: &Tokens) -> Result<String, Problem> {
    let mut bytes = serde_json::to_vec(tokens).map_err(Problem::internal)?;
    let chance: [u8; NONCE_LEN] = rand::random();
    let nonce = Nonce::assume_unique_for_key(chance);
    key_of(id)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes).map_err(Problem::internal)?;
    Ok(STANDARD.encode([&chance[..], &bytes].concat()))
}

/// What was sealed; nothing, where that does not open.
fn open(id: &str, sealed: &str) -> Tokens {
    let opened = || {
        let mut bytes = STANDARD.decode(sealed).ok()?;
        let (chance, rest) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(chance).ok()?;
        let text = key_of(id).ok()?.open_in_place(nonce, Aad::empty(), rest).ok()?;
        serde_json::from_slice(text).ok()
    };
    opened().unwrap_or_default()
}

/// Where it is kept that the provider did not answer.
fn rest_of(id: &str) -> CacheKey {
    CacheKey { space: "session-rest", ..in_cache(id) }
}

/// The lock of a session, while it is held: by a value that nobody else has.
struct Lock {
    key: CacheKey,
    value: Arc<[u8]>,
}

impl Lock {
    async fn take(state: &ApiState, id: &str) -> Option<Self> {
        let key = CacheKey { space: "session-lock", ..in_cache(id) };
        let value: Arc<[u8]> = secret("").into_bytes().into();
        let added = state.ports.cache.add(&key, Arc::clone(&value), LOCKED).await;
        added.is_done().then_some(Self { key, value })
    }

    async fn give_back(self, state: &ApiState) {
        state.ports.cache.remove_if(&self.key, &self.value).await;
    }
}

fn over(reason: &'static str) -> Problem {
    metrics::REFUSED_CALLERS.increment(["session_over"]);
    Problem::unauthenticated(reason)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl Standing {
    fn is_to_be_rechecked(&self, now: Timestamp) -> bool {
        self.recheck.is_some_and(|due| due <= now)
    }

    fn is_to_be_noted(&self, state: &ApiState) -> bool {
        state.now().duration_since(self.seen) >= signed(state.settings.identity.session_idle / NOTED)
    }

    /// Whether it is too long ago that the provider stood by it.
    fn is_doubtful(&self, state: &ApiState) -> bool {
        let grace = signed(state.settings.identity.provider_grace);
        self.recheck.is_some_and(|due| state.now().duration_since(due) >= grace)
    }
}

/// How long the cache keeps a session, if it is not used.
fn time_to_live(state: &ApiState, session: &Session) -> Duration {
    let left = session.until.map_or(SignedDuration::MAX, |until| until.duration_since(state.now()));
    let left = Duration::try_from(left).unwrap_or_default();
    match &session.standing {
        Some(_) => left.min(state.settings.identity.session_idle),
        None => left.min(state.settings.session_lifetime),
    }
}

async fn read(state: &ApiState, id: &str) -> Option<Session> {
    serde_json::from_slice(&state.ports.cache.get(&in_cache(id)).await?).ok()
}

/// Puts a session in the place of what it was, unless it has ended meanwhile.
async fn replace(state: &ApiState, id: &str, session: &Session) -> Result<Put, Problem> {
    let bytes = serde_json::to_vec(session).map_err(Problem::internal)?;
    Ok(state.ports.cache.replace(&in_cache(id), bytes.into(), time_to_live(state, session)).await)
}

/// Begins a session of somebody, in the organization that they chose last, else in the first; the header that gives the browser its cookie.
pub(crate) async fn begin_at_provider(
    state: &ApiState,
    person: Person,
    given: &ProviderSession,
) -> Result<HeaderValue, Problem> {
    let (id, now, life) = (secret(""), state.now(), state.settings.identity.session_life);
    let none = || Grant { tenant: TenantId::public(), scope: Scope::Read };
    let Grant { tenant, scope } = grants_of(state, &person).await?.into_iter().next().unwrap_or_else(none);
    let session = Session {
        tenant,
        name: person.identity.label().to_owned(),
        scope,
        person: Some(person),
        until: now.checked_add(life).ok(),
        standing: Some(Standing {
            seen: now,
            recheck: given.refresh_token.as_ref().map(|_| given.expires),
            sealed: seal(&id, &Tokens::from(given))?,
        }),
    };
    let bytes = serde_json::to_vec(&session).map_err(Problem::internal)?;
    if !state.ports.cache.add(&in_cache(&id), bytes.into(), time_to_live(state, &session)).await.is_done() {
        return Err(Problem::unavailable("the cache does not take a session"));
    }
    cookie(state, &id, life.as_secs())
}

/// Refuses a session that is over, or that the provider has not stood by for too long.
pub(super) fn not_doubtful(state: &ApiState, session: &Session) -> Result<(), Problem> {
    if time_to_live(state, session).is_zero() {
        return Err(over(OVER));
    }
    if session.standing.as_ref().is_some_and(|standing| standing.is_doubtful(state)) {
        return Err(unconfirmed());
    }
    Ok(())
}

fn unconfirmed() -> Problem {
    Problem::unavailable("the identity provider has not confirmed the session for too long")
}

/// A session as the provider stands by it now.
pub(super) async fn confirmed(state: &ApiState, id: &str, session: Session) -> Result<Session, Problem> {
    if time_to_live(state, &session).is_zero() {
        state.ports.cache.remove(&in_cache(id)).await;
        return Err(over(OVER));
    }
    let Some(standing) = &session.standing else { return Ok(session) };
    if standing.is_to_be_rechecked(state.now()) {
        return recheck(state, id, session).await;
    }
    if standing.is_to_be_noted(state) {
        note(state, id).await;
    }
    Ok(session)
}

/// Has the provider asked whether they are still signed in, by one process at a time. While it does not answer, they are, for
/// the time of grace.
async fn recheck(state: &ApiState, id: &str, session: Session) -> Result<Session, Problem> {
    let cache = &state.ports.cache;
    let lock = match cache.get(&rest_of(id)).await {
        None => Lock::take(state, id).await,
        Some(_) => None,
    };
    if let Some(lock) = lock {
        // A task of its own: a refresh token is good once, so what comes for it must be kept though the caller goes away.
        let (task_state, task_id) = (state.clone(), id.to_owned());
        let work = tokio::spawn(trace::carry(async move {
            let refreshed = tokio::time::timeout(WORK, refresh(&task_state, &task_id)).await;
            lock.give_back(&task_state).await;
            refreshed.unwrap_or_else(|_| {
                tracing::error!("a session is not confirmed: neither provider nor cache ended it in time");
                Ok(None)
            })
        }));
        if let Ok(done) = tokio::time::timeout(PATIENCE, work).await
            && let Some(refreshed) = done.map_err(Problem::internal)??
        {
            return Ok(refreshed);
        }
    } else {
        let newer = read(state, id).await.ok_or_else(|| over(OVER))?;
        if newer.standing.as_ref().is_some_and(|standing| !standing.is_to_be_rechecked(state.now())) {
            return Ok(newer);
        }
    }
    if session.standing.as_ref().is_some_and(|standing| standing.is_doubtful(state)) {
        return Err(unconfirmed());
    }
    Ok(session)
}

/// Asks the provider, while the lock is held. `None` where it does not answer.
async fn refresh(state: &ApiState, id: &str) -> Result<Option<Session>, Problem> {
    let cache = &state.ports.cache;
    let mut session = read(state, id).await.ok_or_else(|| over(OVER))?;
    let (Some(standing), Some(person)) = (&mut session.standing, &mut session.person) else {
        return Ok(Some(session));
    };
    if !standing.is_to_be_rechecked(state.now()) {
        return Ok(Some(session));
    }
    let tokens = open(id, &standing.sealed);
    let (Some(provider), Some(token)) = (&state.ports.identity, &tokens.refresh_token) else {
        cache.remove(&in_cache(id)).await;
        return Err(over(OVER));
    };
    match provider.refresh(token, &person.identity.subject).await {
        Ok(given) => {
            if let Some(identity) = given.identity {
                *person = Person::new(state, identity);
            }
            let tokens = Tokens {
                id_token: given.id_token.or(tokens.id_token),
                // One that is not replaced is good for longer.
                refresh_token: given.refresh_token.or(tokens.refresh_token),
            };
            *standing =
                Standing { seen: state.now(), recheck: Some(given.expires), sealed: seal(id, &tokens)? };
            loop {
                match replace(state, id, &session).await? {
                    Put::Done => return Ok(Some(session)),
                    // They signed out meanwhile: what came does not outlive that.
                    Put::Refused => break,
                    // The token before is used up: what came must not be lost.
                    Put::Away => tokio::time::sleep(AGAIN).await,
                }
            }
            forget_at_provider(provider, tokens.refresh_token);
            Err(over(OVER))
        }
        Err(IdentityError::Refused { reason, .. }) => {
            cache.remove(&in_cache(id)).await;
            tracing::info!(reason, by = session.name, "a session was ended by the identity provider");
            Err(over("the identity provider has ended the session; sign in again"))
        }
        Err(error @ IdentityError::Unavailable { .. }) => {
            tracing::warn!(%error, by = session.name, "a session is not confirmed");
            cache.put(&rest_of(id), Arc::default(), REST).await;
            Ok(None)
        }
    }
}

/// Notes that a session is used, so that it lasts.
async fn note(state: &ApiState, id: &str) {
    let Some(lock) = Lock::take(state, id).await else { return };
    if let Some(mut session) = read(state, id).await
        && let Some(standing) = &mut session.standing
    {
        standing.seen = state.now();
        if let Err(problem) = replace(state, id, &session).await {
            tracing::error!(?problem, "that a session is used is not noted");
        }
    }
    lock.give_back(state).await;
}

/// Changes a session, while nobody else does.
pub(super) async fn change(
    state: &ApiState,
    id: &str,
    change: impl FnOnce(Session) -> Session + Send,
) -> Result<(), Problem> {
    let mut tries = 0..LOOKS;
    let lock = loop {
        if let Some(lock) = Lock::take(state, id).await {
            break lock;
        }
        tries.next().ok_or_else(|| Problem::unavailable("somebody else changes the session for too long"))?;
        tokio::time::sleep(LOOK).await;
    };
    let changed = match read(state, id).await {
        Some(session) => replace(state, id, &change(session)).await,
        None => Ok(Put::Refused),
    };
    lock.give_back(state).await;
    match changed? {
        Put::Done => Ok(()),
        Put::Refused => Err(over(OVER)),
        Put::Away => Err(Problem::unavailable("the cache does not take the session")),
    }
}

/// What is left to do at the provider when a session has ended here.
pub(crate) struct Ended {
    /// Who it was, if they belonged anywhere.
    pub(crate) caller: Option<Caller>,
    /// The ID token that they signed in with.
    pub(crate) id_token: Option<String>,
}

/// Ends a session of somebody who signed in at a provider, and takes back the refresh token there.
pub(crate) async fn end_at_provider(state: &ApiState, id: &str) -> Option<Ended> {
    let Session { tenant, person, standing, .. } = read(state, id).await?;
    let (person, standing) = (person?, standing?);
    let caller = caller_of(state, &person, Some(&tenant)).await.ok();
    state.ports.cache.remove(&in_cache(id)).await;
    let tokens = open(id, &standing.sealed);
    if let Some(provider) = &state.ports.identity {
        forget_at_provider(provider, tokens.refresh_token);
    }
    Some(Ended { caller, id_token: tokens.id_token })
}

/// Takes back a refresh token, which nobody waits for.
fn forget_at_provider(provider: &Arc<dyn IdentityProvider>, refresh_token: Option<String>) {
    let Some(token) = refresh_token else { return };
    let provider = Arc::clone(provider);
    tokio::spawn(async move {
        if let Err(error) = provider.revoke(&token).await {
            tracing::warn!(%error, "a refresh token was not taken back, and expires by itself");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_with_the_identity_of_their_session_only() {
        let tokens = Tokens { id_token: Some("id".to_owned()), refresh_token: Some("refresh".to_owned()) };
        let sealed = seal("one", &tokens).unwrap();
        assert_eq!(open("one", &sealed).refresh_token.as_deref(), Some("refresh"));
        assert!(open("other", &sealed).refresh_token.is_none());
        assert!(!String::from_utf8_lossy(&STANDARD.decode(&sealed).unwrap()).contains("refresh"));
        assert_ne!(sealed, seal("one", &tokens).unwrap());
        for damaged in ["", "AAAA", "?", &sealed[4..]] {
            assert!(open("one", damaged).refresh_token.is_none(), "{damaged}");
        }
    }
}
