//! `/session`: signing in with a one-time token, and out.

use astroshield_domain::access::{Caller, Scope};
use astroshield_domain::{metrics, trace};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit_entry;
use crate::access::{self, Reader};
use crate::answer;
use crate::problem::Problem;
use crate::request::read_json;
use crate::schema;
use crate::state::ApiState;

/// Largest body of a sign-in, in bytes: nobody has said yet who they are.
const LARGEST_BODY: usize = 4 << 10;

/// What to sign in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The token of the link that the server printed. It signs in once.
    #[schema(max_length = 200)]
    token: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// On whose behalf.
    tenant: String,
    /// Who.
    name: String,
    /// What they may do.
    #[schema(schema_with = schema::scope)]
    scope: Scope,
}

impl From<&Caller> for SignedIn {
    fn from(caller: &Caller) -> Self {
        Self { tenant: caller.tenant.to_string(), name: caller.name.clone(), scope: caller.scope }
    }
}

/// Sign in. The answer sets the cookie of the session.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, security(()),
    responses((status = 201, description = "Signed in", body = SignedIn)))]
pub(crate) async fn sign_in(
    State(state): State<ApiState>,
    access::From(sender): access::From,
    request: Request,
) -> Result<Response, Problem> {
    if request.headers().contains_key(header::ORIGIN) {
        access::require_same_origin(request.uri(), request.headers())?;
    }
    if let Some(problem) = access::put_off(&state, sender).await {
        metrics::SIGN_INS.increment(["put_off"]);
        return Err(problem);
    }
    let asked: SignIn = read_json(request, LARGEST_BODY, state.settings.body_timeout).await?;
    let redeemed = state.tokens.redeem(&asked.token, state.now());
    metrics::SIGN_INS.increment([if redeemed.is_some() { "signed_in" } else { "refused" }]);
    let Some((caller, expires)) = redeemed else {
        access::count_wrong(&state, sender).await;
        return Err(Problem::unauthenticated("the token is used, expired or wrong").at("token"));
    };
    // A task of its own: a caller who goes away must not leave the token used and nobody told what became of it.
    let work = tokio::spawn(trace::carry(async move {
        let audit = audit_entry(&caller, state.now(), "session.begin", &caller.name);
        if let Err(error) = state.ports.store.add_audit(&audit).await {
            // Nobody was signed in: the token is good for another try.
            state.tokens.give_back(&asked.token, caller, expires);
            return Err(error.into());
        }
        let cookie = access::begin(&state, &caller).await?;
        let mut response = answer::json_of(StatusCode::CREATED, &SignedIn::from(&caller))?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(response)
    }));
    work.await.map_err(Problem::internal)?
}

/// Who is signed in, or whose key it is.
#[utoipa::path(get, path = "/session", tag = "session",
    responses((status = 200, description = "Who", body = SignedIn)))]
pub(crate) async fn who(Reader(caller): Reader) -> Result<Response, Problem> {
    answer::json(&SignedIn::from(caller.as_ref()))
}

/// Sign out.
#[utoipa::path(delete, path = "/session", tag = "session",
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A key has no session that could end.
    if !headers.contains_key(header::AUTHORIZATION) {
        let audit = audit_entry(&caller, state.now(), "session.end", &caller.name);
        // Whoever wants to leave is not kept by a store that takes no writes.
        if let Err(error) = state.ports.store.add_audit(&audit).await {
            tracing::error!(%error, by = caller.name, "signing out is not in the audit log");
        }
    }
    let cookie = access::end(&state, &headers).await?;
    let mut response = answer::no_content();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
