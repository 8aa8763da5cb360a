//! One-time tokens: what the link that the server prints signs in with.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use astroshield_domain::access::Caller;
use jiff::Timestamp;

use super::{secret, sha256};

/// Tokens that were given out and not used yet. They live in this process only.
#[derive(Default)]
pub struct OneTimeTokens {
    given_out: Mutex<Vec<Given>>,
}

struct Given {
    hash: [u8; 32],
    expires: Timestamp,
    caller: Caller,
}

impl fmt::Debug for OneTimeTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneTimeTokens").finish_non_exhaustive()
    }
}

impl OneTimeTokens {
    /// A new token, which signs this caller in once, before it expires.
    #[must_use]
    pub fn issue(&self, caller: Caller, now: Timestamp, lifetime: Duration) -> String {
        let token = secret("");
        let expires = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let given = Given { hash: sha256(token.as_bytes()), expires, caller };
        self.given_out.lock().unwrap_or_else(PoisonError::into_inner).push(given);
        token
    }

    /// The caller of a token, which is used up with this, and until when it would have been good.
    pub(crate) fn redeem(&self, token: &str, now: Timestamp) -> Option<(Caller, Timestamp)> {
        let hash = sha256(token.as_bytes());
        let mut given_out = self.given_out.lock().unwrap_or_else(PoisonError::into_inner);
        given_out.retain(|given| given.expires > now);
        let mut found = None;
        for (index, given) in given_out.iter().enumerate() {
            if equal(&given.hash, &hash) {
                found = Some(index);
            }
        }
        let Given { caller, expires, .. } = given_out.swap_remove(found?);
        Some((caller, expires))
    }

    /// Takes back that a token was used up.
    pub(crate) fn give_back(&self, token: &str, caller: Caller, expires: Timestamp) {
        let given = Given { hash: sha256(token.as_bytes()), expires, caller };
        self.given_out.lock().unwrap_or_else(PoisonError::into_inner).push(given);
    }
}

/// Whether two hashes are equal, in a time that does not depend on where they differ.
fn equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let difference = a.iter().zip(b).fold(0_u8, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use astroshield_domain::access::{Principal, Scope};
    use astroshield_domain::ids::TenantId;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn caller() -> Caller {
        Caller {
            tenant: TenantId::local(),
            name: "local".to_owned(),
            principal: Principal::Operator,
            scope: Scope::Admin,
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    #[test]
    fn a_token_signs_in_once() {
        let tokens = OneTimeTokens::default();
        let (token, other) = (tokens.issue(caller(), now(), HOUR), tokens.issue(caller(), now(), HOUR));
        assert_ne!(token, other);
        assert_eq!(tokens.redeem(&token, now()), Some((caller(), now() + HOUR)));
        assert_eq!(tokens.redeem(&token, now()), None);
        assert_eq!(tokens.redeem(&other, now()), Some((caller(), now() + HOUR)));
        tokens.give_back(&other, caller(), now() + HOUR);
        assert_eq!(tokens.redeem(&other, now()), Some((caller(), now() + HOUR)), "it was given back");
        assert_eq!(tokens.redeem(&other, now()), None);
    }

    #[test]
    fn a_token_that_is_expired_or_changed_signs_nobody_in() {
        let tokens = OneTimeTokens::default();
        let token = tokens.issue(caller(), now(), HOUR);
        assert_eq!(tokens.redeem("", now()), None);
        assert_eq!(tokens.redeem(&token[1..], now()), None);
        assert_eq!(tokens.redeem(&token, now() + HOUR), None);
        assert_eq!(tokens.redeem(&token, now()), None, "an expired token is gone");
    }
}
