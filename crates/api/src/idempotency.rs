//! `Idempotency-Key`: the same request sent again is answered as the first time, and done once.
//!
//! A crash may come between the write and its answer. So a request is noted before it is done, with the time of the first
//! attempt, and what it makes has an identity that follows from both: a later attempt finds what an earlier one wrote.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use astroshield_domain::access::{Attempt, Attempted, Caller, Scope, StoredAnswer};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Cache, CacheKey, Put};
use astroshield_domain::trace;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::access::{hexadecimal, sha256};
use crate::answer;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::request::body_bytes;
use crate::state::ApiState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Longest key, in characters.
const LONGEST_KEY: usize = 255;

/// Largest answer that is kept, in bytes; ours to writes are far smaller, but for a screening on demand.
const LARGEST_ANSWER: usize = 16 << 20;

/// What to keep in place of an answer that shows a secret.
#[derive(Debug, Clone)]
pub(crate) struct WithoutSecret(pub(crate) Bytes);

/// The attempt that a request is, if it has an idempotency key.
pub(crate) struct Tried(pub(crate) Option<Arc<Attempt>>);

impl Tried {
    /// Whether an earlier attempt may have written.
    pub(crate) fn is_repeated(&self) -> bool {
        self.0.as_ref().is_some_and(|attempt| attempt.repeated)
    }

    /// An identity: that of the attempt, or a new one.
    pub(crate) fn id<T>(&self, of_attempt: impl FnOnce(&Attempt) -> T, new: impl FnOnce() -> T) -> T {
        self.0.as_deref().map_or_else(new, of_attempt)
    }

    /// The answer to a removal: what an earlier attempt removed is not there any more.
    pub(crate) fn removed(&self, outcome: Result<(), impl Into<Problem>>) -> Result<Response, Problem> {
        match outcome.map_err(Into::into) {
            Err(problem) if problem.status() == StatusCode::NOT_FOUND && self.is_repeated() => {}
            outcome => outcome?,
        }
        Ok(answer::no_content())
    }
}

impl<S: Sync> FromRequestParts<S> for Tried {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

/// Keys whose first request is not answered yet.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashSet<(TenantId, String)>>);

/// A key that is taken until this is dropped.
struct Taken {
    all: Arc<InFlight>,
    name: (TenantId, String),
}

impl Taken {
    fn take(all: &Arc<InFlight>, tenant: &TenantId, key: &str) -> Option<Self> {
        let name = (tenant.clone(), key.to_owned());
        let new = all.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        new.then(|| Self { all: Arc::clone(all), name })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// How long a key is held for the process that works on it, if that says no more.
const HELD: Duration = Duration::from_secs(10);

/// How often it says so.
const RENEWED: Duration = Duration::from_secs(3);

/// A key that one of several processes works on, as all of them see in the cache.
struct Hold {
    cache: Arc<dyn Cache>,
    key: CacheKey,
    value: Arc<[u8]>,
}

impl Hold {
    /// Without a server of the cache that answers, the process alone sees to it.
    async fn take(state: &ApiState, tenant: &TenantId, key: &str) -> Result<Self, Problem> {
        let name = hexadecimal(&sha256(key.as_bytes()));
        let key = CacheKey { tenant: tenant.clone(), space: "attempt", name };
        let hold = Self {
            cache: Arc::clone(&state.ports.cache),
            key,
            value: rand::random::<[u8; 16]>().as_slice().into(),
        };
        match hold.cache.add(&hold.key, Arc::clone(&hold.value), HELD).await {
            Put::Done | Put::Away => Ok(hold),
            Put::Refused => Err(unanswered()),
        }
    }

    /// Does work, and gives the key back with its end.
    async fn during<T>(self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(RENEWED) => {
                    self.cache.replace(&self.key, Arc::clone(&self.value), HELD).await;
                }
            }
        };
        self.cache.remove_if(&self.key, &self.value).await;
        done
    }
}

fn unanswered() -> Problem {
    Problem::conflict("the first request of this Idempotency-Key is not answered yet")
}

/// Answers a repeated request with the answer of the first.
pub(crate) async fn repeat(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let (Some(caller), Some(key)) = (caller, request.headers().get(KEY)) else {
        return Ok(next.run(request).await);
    };
    // A write of somebody who may only read is refused, and signing out is the same however often it is done: neither is a
    // reason to read a body, or to tell what another caller's request was answered.
    if request.method().is_safe() || caller.scope < Scope::Write {
        return Ok(next.run(request).await);
    }
    let is_printable = |key: &&str| key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len())).filter(is_printable);
    let key = key.ok_or_else(|| {
        Problem::invalid("Idempotency-Key", format!("1 to {LONGEST_KEY} printable ASCII characters are due"))
    })?;
    let key = key.to_owned();
    let taken = Taken::take(&state.in_flight, &caller.tenant, &key).ok_or_else(unanswered)?;

    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let bytes = body_bytes(whole, state.settings.upload_limit_bytes, state.settings.body_timeout).await?;
    let hash =
        hash_of(&parts.method, &parts.uri.to_string(), parts.headers.get(header::CONTENT_TYPE), &bytes);
    // A task of its own: a caller who goes away must not leave the write done and its answer forgotten.
    let work = tokio::spawn(trace::carry(async move {
        let hold = Hold::take(&state, &caller.tenant, &key).await?;
        let request = Request::from_parts(parts, Body::from(bytes));
        let answered = hold.during(answer_once(&state, &caller, &key, hash, request, next)).await;
        drop(taken);
        answered
    }));
    work.await.map_err(Problem::internal)?
}

async fn answer_once(
    state: &ApiState,
    caller: &Caller,
    key: &str,
    hash: [u8; 32],
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match state.ports.store.attempt(&caller.tenant, key, &hash, state.now()).await? {
        Attempted::Answered(answer)
            if answer.request == hash && answer.status == StatusCode::NOT_FOUND.as_u16() =>
        {
            // Nothing was done, and there is nothing to do: it says the same of itself.
            return Ok(next.run(request).await);
        }
        Attempted::Answered(answer) if answer.request == hash => return Ok(replay(answer)),
        Attempted::Answered(_) => {
            let detail = "this Idempotency-Key was used for another request";
            return Err(Problem::unprocessable(detail).at("Idempotency-Key"));
        }
        Attempted::Open(attempt) => {
            request.extensions_mut().insert(Arc::new(attempt));
        }
    }
    let method = request.method().clone();
    let response = next.run(request).await;
    keep(state, caller, key, (method, hash), response).await
}

fn hash_of(method: &Method, uri: &str, content_type: Option<&HeaderValue>, body: &[u8]) -> [u8; 32] {
    let content_type = content_type.map(HeaderValue::as_bytes).unwrap_or_default();
    // The release before knew POST only, and left it out: its keys are good still.
    let method = if method == Method::POST { "" } else { method.as_str() };
    let mut hash = Sha256::new();
    if !method.is_empty() {
        hash.update(method);
    }
    for part in [uri.as_bytes(), content_type, body] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn replay(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        let kind = if status.is_success() { "application/json" } else { PROBLEM_JSON };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Keeps the answer of a request that was done. One that was refused did nothing, and may be sent again; but that there was
/// nothing to remove is kept, too: else a repetition would pass for one whose first attempt removed it.
async fn keep(
    state: &ApiState,
    caller: &Caller,
    key: &str,
    (method, request): (Method, [u8; 32]),
    response: Response,
) -> Result<Response, Problem> {
    let nothing_to_remove = method == Method::DELETE && response.status() == StatusCode::NOT_FOUND;
    if !response.status().is_success() && !nothing_to_remove {
        return Ok(response.into_response());
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_ANSWER).await.map_err(Problem::internal)?;
    let kept = parts.extensions.get::<WithoutSecret>().map_or_else(|| body.clone(), |kept| kept.0.clone());
    let answer = StoredAnswer { request, status: parts.status.as_u16(), body: kept.to_vec() };
    let now = state.now();
    if let Err(error) = state.ports.store.put_answer(&caller.tenant, key, &answer, now).await {
        // The write is done and is told so; a repetition finds what it wrote.
        tracing::warn!(error = %crate::problem::chain(&error), "an answer was not kept for its idempotency key");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_by_one_request_at_a_time_and_tenants_do_not_share_it() {
        let all = Arc::new(InFlight::default());
        let local = TenantId::local();
        let first = Taken::take(&all, &local, "k");
        assert!(first.is_some());
        assert!(Taken::take(&all, &local, "k").is_none());
        assert!(Taken::take(&all, &TenantId::new("other").unwrap(), "k").is_some());
        drop(first);
        assert!(Taken::take(&all, &local, "k").is_some());
    }

    #[test]
    fn requests_that_differ_anywhere_hash_differently() {
        let json = HeaderValue::from_static("application/json");
        let hashes = [
            hash_of(&Method::POST, "/a", Some(&json), b"x"),
            hash_of(&Method::PUT, "/a", Some(&json), b"x"),
            hash_of(&Method::POST, "/a", Some(&json), b"y"),
            hash_of(&Method::POST, "/ax", Some(&json), b""),
            hash_of(&Method::POST, "/a", None, b"x"),
        ];
        let different: HashSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }
}
