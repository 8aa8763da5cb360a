//! `/auth`: signing in at an identity provider, and out. Browsers come here by links and redirects, so it is outside of
//! `/api/v1`.

use std::time::Duration;

use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{CacheKey, IdentityError, IdentityProvider, SignInAnswer, SignInRequest};
use astroshield_domain::{metrics, trace};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::audit_entry;
use crate::access::{self, hexadecimal, secret, sha256};
use crate::answer;
use crate::page;
use crate::problem::Problem;
use crate::state::{ApiSettings, ApiState};

/// How long a sign-in may take at the provider.
const LIFETIME: Duration = Duration::from_mins(10);

/// What the name of the cookie of a sign-in begins with; each has one of its own, so that several may be under way.
const COOKIE: &str = "astroshield_sign_in_";

/// Longest path to come back to.
const LONGEST_PATH: usize = 1_000;

/// The routes under `/auth`.
pub(crate) fn routes() -> Router<ApiState> {
    Router::new()
        .route("/auth/login", get(login))
        .route("/auth/callback", get(callback))
        .route("/auth/logout", post(logout))
}

/// A sign-in that is under way, as it is cached.
#[derive(Serialize, Deserialize)]
struct SignIn {
    nonce: String,
    verifier: String,
    return_to: String,
    /// SHA-256 of what the browser has in its cookie.
    browser: [u8; 32],
}

fn in_cache(state: &str) -> CacheKey {
    CacheKey { tenant: TenantId::public(), space: "sign-in", name: hexadecimal(&sha256(state.as_bytes())) }
}

fn cookie_name(settings: &ApiSettings, state: &str) -> String {
    // With that, browsers take it over TLS only.
    let secure = if settings.secure_cookies { "__Secure-" } else { "" };
    format!("{secure}{COOKIE}{}", &hexadecimal(&sha256(state.as_bytes()))[..16])
}

fn cookie(state: &ApiState, name: &str, value: &str, max_age_s: u64) -> Result<HeaderValue, Problem> {
    let secure = if state.settings.secure_cookies { "; Secure" } else { "" };
    // Lax: the browser comes back from another site, which Strict would keep it from.
    let text =
        format!("{name}={value}; Path=/auth/callback; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(text).map_err(Problem::internal)
}

fn provider(state: &ApiState) -> Result<&dyn IdentityProvider, Problem> {
    state.ports.identity.as_deref().ok_or_else(Problem::no_such_route)
}

fn provider_problem(error: IdentityError) -> Problem {
    match error {
        IdentityError::Unavailable { .. } => {
            metrics::SIGN_INS.increment(["provider_away"]);
            let told = "the identity provider does not answer; nobody can sign in until it does";
            Problem::unavailable(error).because(told)
        }
        IdentityError::Refused { reason, .. } => {
            metrics::SIGN_INS.increment(["refused"]);
            Problem::unauthenticated(reason)
        }
    }
}

#[derive(Deserialize)]
struct LoginQuery {
    return_to: Option<String>,
}

/// A path of our own pages: nothing that a browser could take for another site.
fn own_path(path: &str) -> bool {
    let plain = path.len() <= LONGEST_PATH && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    plain && path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/auth/")
}

/// Sends the browser to the provider.
async fn login(
    State(state): State<ApiState>,
    access::From(sender): access::From,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Problem> {
    let provider = provider(&state)?;
    access::admit_sign_in(&state, sender).await.inspect_err(|_| metrics::SIGN_INS.increment(["put_off"]))?;
    let return_to = query.return_to.unwrap_or_else(|| "/".to_owned());
    if !own_path(&return_to) {
        return Err(Problem::invalid("return_to", "a path of this server is due"));
    }
    let (name, browser, verifier, nonce) = (secret(""), secret(""), secret(""), secret(""));
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
    let request = SignInRequest { state: name.clone(), nonce: nonce.clone(), challenge };
    let address = provider.sign_in_address(&request).await.map_err(provider_problem)?;
    let sign_in = SignIn { nonce, verifier, return_to, browser: sha256(browser.as_bytes()) };
    let bytes = serde_json::to_vec(&sign_in).map_err(Problem::internal)?;
    if !state.ports.cache.add(&in_cache(&name), bytes.into(), LIFETIME).await.is_done() {
        return Err(Problem::unavailable("the cache does not take a sign-in"));
    }
    let cookie = cookie(&state, &cookie_name(&state.settings, &name), &browser, LIFETIME.as_secs())?;
    let address = HeaderValue::try_from(address).map_err(Problem::internal)?;
    let headers = [(header::LOCATION, address), (header::SET_COOKIE, cookie)];
    let no_store = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    Ok((StatusCode::SEE_OTHER, no_store, headers).into_response())
}

#[derive(Deserialize)]
struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Takes the browser back from the provider.
async fn callback(
    State(state): State<ApiState>,
    Query(query): Query<CallbackQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    provider(&state)?;
    let refused = |reason: &'static str| {
        metrics::SIGN_INS.increment(["refused"]);
        Problem::bad_request(reason).at("state")
    };
    let unknown = || refused("this sign-in is not known, was used already, or took too long; begin again");
    let name = query.state.as_deref().filter(|name| name.len() <= 100).ok_or_else(unknown)?;
    // Looked at before it is used up: whoever has not begun it cannot spoil it.
    let waiting = state.ports.cache.get(&in_cache(name)).await.ok_or_else(unknown)?;
    let browser = access::cookie_of(&headers, &cookie_name(&state.settings, name)).unwrap_or_default();
    let waiting: SignIn = serde_json::from_slice(&waiting).map_err(Problem::internal)?;
    if sha256(browser.as_bytes()) != waiting.browser {
        return Err(refused("this sign-in was begun in another browser; begin again"));
    }
    state.ports.cache.claim(&in_cache(name)).await.ok_or_else(unknown)?;
    if let Some(error) = &query.error {
        metrics::SIGN_INS.increment(["refused"]);
        let error: String =
            error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(50).collect();
        return Err(Problem::unauthenticated(format!("the identity provider says: {error}")));
    }
    let code = query.code.ok_or_else(|| Problem::bad_request("the provider's code is due").at("code"))?;
    let used = cookie(&state, &cookie_name(&state.settings, name), "", 0)?;
    // A task of its own: the code is good once.
    let work = tokio::spawn(trace::carry(async move {
        sign_in(&state, &code, query.iss.as_deref(), &waiting, &headers).await
    }));
    let mut response = work.await.map_err(Problem::internal)??;
    response.headers_mut().append(header::SET_COOKIE, used);
    Ok(response)
}

async fn sign_in(
    state: &ApiState,
    code: &str,
    issuer: Option<&str>,
    waiting: &SignIn,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let answer = SignInAnswer { code, issuer, verifier: &waiting.verifier, nonce: &waiting.nonce };
    let given = provider(state)?.redeem(&answer).await.map_err(provider_problem)?;
    let identity = given.identity.clone().ok_or_else(|| Problem::internal("nobody has signed in"))?;
    state.organizations.keep_address(&identity).await?;
    let person = access::Person::new(state, identity);
    match access::grants_of(state, &person).await?.into_iter().next() {
        Some(grant) => {
            let caller = person.in_organization(grant);
            let entry = audit_entry(&caller, state.now(), "session.begin", &caller.name);
            state.ports.store.add_audit(&entry).await?;
        }
        None => tracing::warn!(by = person.identity.label(), "who signed in belongs to no organization"),
    }
    // What the browser had before, whoever gave it that, is over: no session outlives a change of who it is.
    access::end(state, headers).await?;
    let session = access::begin_at_provider(state, person, &given).await?;
    metrics::SIGN_INS.increment(["signed_in"]);
    // A page, not a redirect: what follows comes from here, so that the cookie, which is Strict, goes along.
    let mut response = page::go_on(&waiting.return_to);
    response.headers_mut().append(header::SET_COOKIE, session);
    Ok(response)
}

/// Where a browser goes on after signing out.
#[derive(Serialize)]
struct SignedOut {
    continue_at: String,
}

/// Ends the session here, and says where it ends at the provider.
async fn logout(State(state): State<ApiState>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    provider(&state)?;
    access::require_same_origin(&uri, &headers)?;
    let (mut ended, mut caller) = (None, None);
    if let Some(id) = access::session_of(&state, &headers) {
        ended = access::end_at_provider(&state, id).await;
        caller = match &ended {
            Some(ended) => ended.caller.clone(),
            None => access::caller_of_session(&state, id).await.ok(),
        };
    }
    if let Some(caller) = caller {
        let entry = audit_entry(&caller, state.now(), "session.end", &caller.name);
        // Whoever wants to leave is not kept by a store that takes no writes.
        if let Err(error) = state.ports.store.add_audit(&entry).await {
            tracing::error!(%error, by = caller.name, "signing out is not in the audit log");
        }
    }
    // One that began otherwise ends all the same.
    let cookie = access::end(&state, &headers).await?;
    let address = match (&state.ports.identity, &ended) {
        (Some(provider), Some(ended)) => provider.sign_out_address(ended.id_token.as_deref()).await,
        _ => None,
    };
    let continue_at = address.unwrap_or_else(|| "/signin".to_owned());
    let mut response = answer::json(&SignedOut { continue_at })?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_come_back_to() {
        for good in ["/", "/alerts/0190?x=1", "/api/v1/docs", "/a%2f%2fb", "/.well-known"] {
            assert!(own_path(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "//example.net",
            "///example.net",
            "/\\example.net",
            "\\/example.net",
            "/a\\b",
            "https://example.net",
            "javascript:alert(1)",
            "/\t/example.net",
            "/a b",
            "/a\r\nset-cookie: x",
            "/é",
            "/auth/login",
            "/auth/callback?code=x",
            " /",
            &format!("/{}", "a".repeat(LONGEST_PATH)),
        ] {
            assert!(!own_path(bad), "{bad:?}");
        }
    }
}
