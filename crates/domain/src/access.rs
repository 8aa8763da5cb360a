//! Who may do what.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::ids::{ApiKeyId, TenantId};
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

/// Somebody who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// On whose behalf.
    pub tenant: TenantId,
    /// Who, for the audit log.
    pub name: String,
    /// What they may do.
    pub scope: Scope,
}

impl Caller {
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
    /// Who.
    pub by: String,
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
    pub fn of(tenant: &TenantId, by: &str, at: Timestamp, action: &str, target: &impl ToString) -> Self {
        let trace = Trace::current();
        Self {
            at,
            tenant: tenant.clone(),
            by: by.to_owned(),
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
    /// By whom.
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
