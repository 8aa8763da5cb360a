//! By what it is seen whether somebody who came with a key, a token or a session may still come: without what they came with,
//! which nobody else is to have.

use astroshield_domain::access::{Caller, Principal};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::IdentityError;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::memberships::{Person, caller_of};
use super::session::{caller_of_kept, session_of};
use super::{KEY_PREFIX, StoredKey, bearer, cached_key, hexadecimal, sha256, stored_key};
use crate::problem::Problem;
use crate::state::ApiState;

/// What is kept of somebody, with what they came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proven {
    /// Who they are.
    pub(crate) principal: Principal,
    /// By what it is seen whether they may still come.
    pub(crate) proof: Proof,
}

/// What is kept of what somebody came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proof {
    /// The hash of an API key.
    Key(String),
    /// The hash of a session's identity.
    Session(String),
    /// Whom an access token stands for.
    Token {
        person: Person,
        /// The organization that they named.
        tenant: Option<TenantId>,
        /// When the token expires.
        until: Timestamp,
    },
}

impl Proof {
    /// Of a request whose caller is known.
    pub(crate) async fn of(state: &ApiState, headers: &HeaderMap) -> Result<Self, Problem> {
        let hash = |secret: &str| hexadecimal(&sha256(secret.as_bytes()));
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            let session =
                session_of(state, headers).ok_or_else(|| Problem::unauthenticated("a session is due"))?;
            return Ok(Self::Session(hash(session)));
        };
        let secret = authorization.to_str().ok().and_then(|text| text.split_once(' '));
        let (_, secret) = secret.ok_or_else(|| Problem::unauthenticated("an API key is due"))?;
        let secret = secret.trim();
        match &state.ports.identity {
            Some(provider) if !secret.starts_with(KEY_PREFIX) => {
                let identity = provider.identify(secret).await;
                let identity = identity.map_err(|error| match error {
                    IdentityError::Unavailable { .. } => Problem::unavailable(error),
                    IdentityError::Refused { reason, .. } => Problem::unauthenticated(reason),
                })?;
                let mut person = Person::new(state, identity);
                // What they grant is known by now.
                person.identity.groups.clear();
                let tenant = bearer::wanted_tenant(headers)?;
                Ok(Self::Token { person, tenant, until: expiry_of(secret) })
            }
            _ => Ok(Self::Key(hash(secret))),
        }
    }

    /// The caller that it is of now.
    pub(crate) async fn caller(&self, state: &ApiState) -> Result<Caller, Problem> {
        match self {
            Self::Key(hash) => {
                let hash =
                    bytes_of(hash).ok_or_else(|| Problem::unauthenticated("this is no hash of a key"))?;
                let known = match cached_key(state, &hash).await {
                    Some(known) => known,
                    None => match stored_key(state, &hash).await? {
                        StoredKey::Known(known) => known,
                        StoredKey::Revoked | StoredKey::Unknown => {
                            return Err(Problem::unauthenticated("the API key is not valid"));
                        }
                    },
                };
                known.caller(state.now())
            }
            Self::Session(hash) => caller_of_kept(state, hash).await,
            Self::Token { until, .. } if *until <= state.now() => {
                Err(Problem::unauthenticated("the token has expired"))
            }
            Self::Token { person, tenant, .. } => caller_of(state, person, tenant.as_ref()).await,
        }
    }
}

/// When a token expires that was found good; at once, where it does not say.
fn expiry_of(token: &str) -> Timestamp {
    let read = || {
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
        let expires = &claims["exp"];
        let seconds = expires.as_i64().or_else(|| expires.as_f64().map(|seconds| seconds as i64))?;
        Timestamp::from_second(seconds).ok()
    };
    read().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What hexadecimal digits of a hash stand for, in lower case.
pub(crate) fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.bytes().all(|digit| b"0123456789abcdef".contains(&digit)) {
        return None;
    }
    for (byte, place) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_was_written_and_nothing_else_is() {
        let hash = sha256(b"abc");
        assert_eq!(bytes_of(&hexadecimal(&hash)), Some(hash));
        for bad in ["", "00", &"g".repeat(64), &"ä".repeat(32), &"+1".repeat(32), &"A".repeat(64)] {
            assert_eq!(bytes_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_without_a_time_has_expired() {
        let token = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(expiry_of(&token(r#"{"exp":1790000000}"#)), at(1_790_000_000));
        assert_eq!(expiry_of(&token(r#"{"exp":1790000000.9}"#)), at(1_790_000_000));
        for bad in ["", "a.b.c", &token("{}"), &token(r#"{"exp":"soon"}"#), &token(r#"{"exp":1e300}"#)] {
            assert_eq!(expiry_of(bad), Timestamp::UNIX_EPOCH, "{bad}");
        }
    }
}
