//! Who may do what.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::ids::{ApiKeyId, TenantId};
use crate::organization::Account;
use crate::trace::Trace;

/// What a caller may do; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look.
    Read,
    /// Upload, screen, acknowledge, change watch lists, rules and webhooks.
    Write,
    /// Make and revoke keys, back up.
    Admin,
}

/// Who acts, by what never becomes somebody else's. As text: `key ID`, `person ISSUER SUBJECT`, `operator`, `service`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// Whoever has an API key.
    Key(ApiKeyId),
    /// Somebody whom an identity provider vouches for.
    Person(Account),
    /// Whoever runs the service: by its command line, or the link that it prints.
    Operator,
    /// The service itself.
    Service,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key {id}"),
            // An issuer is an address, in which there is no blank.
            Self::Person(Account { issuer, subject }) => write!(f, "person {issuer} {subject}"),
            Self::Operator => f.write_str("operator"),
            Self::Service => f.write_str("service"),
        }
    }
}

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names nobody: `key ID`, `person ISSUER SUBJECT`, `operator` or `service` is due")]
pub struct PrincipalError {
    /// The text.
    pub text: String,
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        let named = || match text.split_once(' ')? {
            ("key", id) => id.parse().ok().map(Self::Key),
            ("person", account) => {
                let (issuer, subject) = account.split_once(' ')?;
                Some(Self::Person(Account { issuer: issuer.to_owned(), subject: subject.to_owned() }))
            }
            _ => None,
        };
        match text {
            "operator" => Ok(Self::Operator),
            "service" => Ok(Self::Service),
            _ => named().ok_or_else(|| PrincipalError { text: text.to_owned() }),
        }
    }
}

/// Who did something, for the audit log.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// What they are called.
    pub name: &'a str,
    /// Who they are.
    pub principal: &'a Principal,
}

/// Somebody who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// On whose behalf.
    pub tenant: TenantId,
    /// What they are called. Whoever makes a key names it, and people may choose their names: it proves nothing.
    pub name: String,
    /// Who they are.
    pub principal: Principal,
    /// What they may do.
    pub scope: Scope,
}

impl Caller {
    /// Who it is, for the audit log.
    #[must_use]
    pub fn by(&self) -> By<'_> {
        By { name: &self.name, principal: &self.principal }
    }

    /// Whether the whole installation is theirs to look after: backups, organizations, what is everybody's.
    #[must_use]
    pub fn is_platform_administrator(&self) -> bool {
        self.tenant == TenantId::local() && self.scope == Scope::Admin
    }
}

/// An API key. The key itself is shown once and not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Identity.
    pub id: ApiKeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// SHA-256 of the key: it is 256 bits of chance, so no slower hash is due.
    pub hash: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// When it stops.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// A write that was made, for whoever asks later.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// On whose behalf.
    pub tenant: TenantId,
    /// What they are called who did it.
    pub by: String,
    /// Who they are; `None` in lines of a release that did not tell.
    pub principal: Option<Principal>,
    /// What (`webhook.create`).
    pub action: String,
    /// To what.
    pub target: String,
    /// From which address; `None` where no request did it.
    pub address: Option<IpAddr>,
    /// Id of the request.
    pub request_id: Option<String>,
}

impl AuditEntry {
    /// What somebody does now, by the request that is being answered here.
    #[must_use]
    pub fn of(tenant: &TenantId, by: By<'_>, at: Timestamp, action: &str, target: &impl ToString) -> Self {
        let trace = Trace::current();
        Self {
            at,
            tenant: tenant.clone(),
            by: by.name.to_owned(),
            principal: Some(by.principal.clone()),
            action: action.to_owned(),
            target: target.to_string(),
            address: trace.as_ref().and_then(Trace::address),
            request_id: trace.as_ref().and_then(Trace::request).map(str::to_owned),
        }
    }
}

/// Which entries of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// By whom: what they are called, or a principal as text.
    pub by: Option<String>,
    /// What: an action (`webhook.create`), or what all of a kind begin with (`webhook.`).
    pub action: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Those after this one, which are older.
    pub after: Option<AuditPlace>,
    /// At most so many.
    pub limit: u32,
}

/// A place in the audit log, which entries of one time share no two of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AuditPlace {
    /// When.
    pub at: Timestamp,
    /// Number of the entry.
    pub entry: i64,
}

/// A request under an idempotency key, as it was first tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// On whose behalf.
    pub tenant: TenantId,
    /// The key.
    pub key: String,
    /// SHA-256 of the request.
    pub request: [u8; 32],
    /// When it was first tried.
    pub at: Timestamp,
    /// Whether it was tried before: what it writes may be there.
    pub repeated: bool,
}

impl Attempt {
    /// An identity of a kind: sorted by time as others are (version 7), and where those have chance, a hash of the request.
    pub(crate) fn id(&self, kind: &str) -> Uuid {
        let mut hash = Sha256::new();
        for part in [kind.as_bytes(), self.tenant.as_str().as_bytes(), self.key.as_bytes(), &self.request] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let mut chance = [0; 10];
        chance.copy_from_slice(&hash[..10]);
        let milliseconds = u64::try_from(self.at.as_millisecond()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(milliseconds, &chance).into_uuid()
    }
}

/// What is known of a request under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    /// It was not answered.
    Open(Attempt),
    /// It was answered, or another one under the same key.
    Answered(StoredAnswer),
}

/// The answer to a write under an idempotency key, to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// SHA-256 of the request: the same key for another request is refused.
    pub request: [u8; 32],
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{RuleId, WatchListId};

    #[test]
    fn a_principal_is_read_as_it_is_written_and_no_name_is_taken_for_one() {
        let account = Account { issuer: "https://id.example".to_owned(), subject: "a b  c".to_owned() };
        let key = ApiKeyId::at(Timestamp::UNIX_EPOCH);
        for principal in
            [Principal::Key(key), Principal::Person(account), Principal::Operator, Principal::Service]
        {
            assert_eq!(principal.to_string().parse(), Ok(principal));
        }
        for name in ["", "ann@example.org", "key", "key x", "person https://id.example", "operator 1"] {
            assert!(name.parse::<Principal>().is_err(), "{name}");
        }
    }

    #[test]
    fn an_attempt_names_what_it_makes_the_same_each_time_and_by_time() {
        let attempt = |tenant: &str, key: &str, request, second| Attempt {
            tenant: TenantId::new(tenant).unwrap(),
            key: key.to_owned(),
            request: [request; 32],
            at: Timestamp::from_second(second).unwrap(),
            repeated: false,
        };
        let first = attempt("a", "k", 1, 1_790_000_000);
        let id = RuleId::of_attempt(&first);
        assert_eq!(id, RuleId::of_attempt(&Attempt { repeated: true, ..first.clone() }));
        assert_eq!(id.0.get_version_num(), 7);
        assert_ne!(id.0, WatchListId::of_attempt(&first).0);
        for other in [("b", "k", 1), ("a", "l", 1), ("a", "k", 2)] {
            let other = attempt(other.0, other.1, other.2, 1_790_000_000);
            assert_ne!(id, RuleId::of_attempt(&other));
        }
        assert!(id < RuleId::of_attempt(&attempt("a", "k", 1, 1_790_000_001)));
        assert!(RuleId::at(Timestamp::from_second(1_789_999_999).unwrap()) < id);
    }
}
