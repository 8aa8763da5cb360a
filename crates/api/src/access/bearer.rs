//! Access tokens of an identity provider, which programs send in place of an API key.

use std::sync::Arc;

use astroshield_domain::access::Caller;
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::{IdentityError, IdentityProvider};
use axum::http::HeaderMap;

use super::memberships::{Person, caller_of, grants_of};
use super::wrong_secrets::Sender;
use super::{count_wrong, put_off};
use crate::problem::Problem;
use crate::state::ApiState;

/// Header that names the tenant: due from those who belong to several, and held against what others work in.
const TENANT: &str = "astroshield-tenant";

/// The tenant that a request names.
pub(super) fn wanted_tenant(headers: &HeaderMap) -> Result<Option<TenantId>, Problem> {
    let Some(wanted) = headers.get(TENANT) else { return Ok(None) };
    let wanted = wanted.to_str().ok().and_then(|name| TenantId::new(name).ok());
    wanted.map(Some).ok_or_else(|| Problem::invalid("Astroshield-Tenant", "the identity of a tenant is due"))
}

/// The person whose access token it is.
pub(super) async fn person_of_token(
    state: &ApiState,
    provider: &Arc<dyn IdentityProvider>,
    token: &str,
    sender: Option<Sender>,
) -> Result<Person, Problem> {
    match provider.identify(token).await {
        Ok(identity) => Ok(Person::new(state, identity)),
        Err(error @ IdentityError::Unavailable { .. }) => {
            metrics::REFUSED_CALLERS.increment(["provider_away"]);
            Err(Problem::unavailable(error))
        }
        Err(IdentityError::Refused { reason, forged }) => {
            if forged {
                if let Some(problem) = put_off(state, sender).await {
                    metrics::REFUSED_CALLERS.increment(["put_off"]);
                    return Err(problem);
                }
                count_wrong(state, sender).await;
            }
            metrics::REFUSED_CALLERS.increment([if forged { "forged" } else { "token" }]);
            Err(Problem::unauthenticated(reason))
        }
    }
}

/// The caller that an access token stands for, in the tenant that is named.
pub(super) async fn caller_of_token(
    state: &ApiState,
    provider: &Arc<dyn IdentityProvider>,
    token: &str,
    wanted: Option<&TenantId>,
    sender: Option<Sender>,
) -> Result<Caller, Problem> {
    let person = person_of_token(state, provider, token, sender).await?;
    if wanted.is_none() && grants_of(state, &person).await?.len() > 1 {
        let problem = "the token's owner belongs to several organizations; name one of them";
        return Err(Problem::forbidden(problem).at("Astroshield-Tenant"));
    }
    caller_of(state, &person, wanted).await
}
