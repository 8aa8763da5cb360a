//! Access tokens of an identity provider, which programs send in place of an API key.

use std::sync::Arc;

use astroshield_domain::access::Caller;
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::{IdentityError, IdentityProvider};
use axum::http::{HeaderMap, HeaderValue};

use super::memberships::{Person, caller_of, grants_of};
use super::wrong_secrets::Sender;
use super::{count_wrong, put_off};
use crate::problem::Problem;
use crate::state::ApiState;

/// Header that names the tenant, for those who belong to several.
const TENANT: &str = "astroshield-tenant";

/// The caller that an access token stands for.
pub(super) async fn caller_of_token(
    state: &ApiState,
    provider: &Arc<dyn IdentityProvider>,
    token: &str,
    headers: &HeaderMap,
    sender: Option<Sender>,
) -> Result<Caller, Problem> {
    let identity = match provider.identify(token).await {
        Ok(identity) => identity,
        Err(error @ IdentityError::Unavailable { .. }) => {
            metrics::REFUSED_CALLERS.increment(["provider_away"]);
            return Err(Problem::unavailable(error));
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
            return Err(Problem::unauthenticated(reason));
        }
    };
    let person = Person::new(state, identity);
    let Some(wanted) = named_tenant(headers)? else {
        if grants_of(state, &person).await?.len() > 1 {
            let problem = "the token's owner belongs to several organizations; name one of them";
            return Err(Problem::forbidden(problem).at("Astroshield-Tenant"));
        }
        return caller_of(state, &person, None).await;
    };
    caller_of(state, &person, Some(&wanted)).await
}

/// The tenant that a request names.
pub(super) fn named_tenant(headers: &HeaderMap) -> Result<Option<TenantId>, Problem> {
    let Some(wanted) = headers.get(TENANT).map(HeaderValue::as_bytes) else { return Ok(None) };
    let wanted = std::str::from_utf8(wanted).ok().and_then(|name| TenantId::new(name).ok());
    let due = || Problem::invalid("Astroshield-Tenant", "the identity of a tenant is due");
    wanted.map(Some).ok_or_else(due)
}
