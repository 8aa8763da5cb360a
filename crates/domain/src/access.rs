//! Who may do what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ApiKeyId, TenantId};

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
