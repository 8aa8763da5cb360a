//! People whom an identity provider vouches for: in which organizations they are, as of a few seconds ago.

use std::time::Duration;

use astroshield_domain::access::{Caller, Principal};
use astroshield_domain::identity::{Grant, Identity};
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::organization::Account;
use astroshield_domain::ports::CacheKey;
use serde::{Deserialize, Serialize};

use super::{hexadecimal, sha256};
use crate::problem::Problem;
use crate::state::ApiState;

/// How long what somebody may do is believed: a role that was changed through another process counts after this at the latest.
const BELIEVED: Duration = Duration::from_secs(5);

/// Somebody whom a provider vouches for, and what its groups grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) identity: Identity,
    pub(crate) granted: Vec<Grant>,
}

impl Person {
    /// Somebody with the roles that their groups stand for here.
    pub(crate) fn new(state: &ApiState, identity: Identity) -> Self {
        let granted = state.settings.identity.roles.grants(&identity);
        Self { identity, granted }
    }

    /// The caller that somebody is where they are granted something.
    pub(crate) fn in_organization(&self, Grant { tenant, scope }: Grant) -> Caller {
        let principal = Principal::Person(Account::of(&self.identity));
        Caller { tenant, name: self.identity.label().to_owned(), principal, scope }
    }
}

/// What was found out, and from which groups.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    granted: Vec<Grant>,
    grants: Vec<Grant>,
}

fn in_cache(issuer: &str, subject: &str) -> CacheKey {
    let name = hexadecimal(&sha256(format!("{}/{issuer}/{subject}", issuer.len()).as_bytes()));
    CacheKey { tenant: TenantId::public(), space: "grants", name }
}

/// What somebody may do, by organization.
pub(crate) async fn grants_of(state: &ApiState, person: &Person) -> Result<Vec<Grant>, Problem> {
    let key = in_cache(&person.identity.issuer, &person.identity.subject);
    let cached = state.ports.cache.get(&key).await;
    let known = cached.and_then(|bytes| serde_json::from_slice::<Known>(&bytes).ok());
    if let Some(known) = known.filter(|known| known.granted == person.granted) {
        return Ok(known.grants);
    }
    let grants = state.organizations.grants(&person.identity, &person.granted).await?;
    let known = Known { granted: person.granted.clone(), grants };
    if let Ok(bytes) = serde_json::to_vec(&known) {
        state.ports.cache.put(&key, bytes.into(), BELIEVED).await;
    }
    Ok(known.grants)
}

/// The caller that somebody is in one of their organizations: the one that is named, else the first.
pub(crate) async fn caller_of(
    state: &ApiState,
    person: &Person,
    chosen: Option<&TenantId>,
) -> Result<Caller, Problem> {
    let grants = grants_of(state, person).await?;
    let found = match chosen {
        Some(tenant) => grants.into_iter().find(|grant| grant.tenant == *tenant),
        None => grants.into_iter().next(),
    };
    found.map(|grant| person.in_organization(grant)).ok_or_else(|| {
        metrics::REFUSED_CALLERS.increment(["no_organization"]);
        Problem::forbidden("you are signed in, and a member of no organization here: ask its administrator")
    })
}

/// Looks again at what somebody may do when they ask next.
pub(crate) async fn forget(state: &ApiState, account: &Account) {
    state.ports.cache.remove(&in_cache(&account.issuer, &account.subject)).await;
}
