//! The part of the store about keys, the audit log and answers.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Continued, StoreError};
use crate::access::{ApiKey, Attempted, AuditEntry, AuditPlace, AuditQuery, StoredAnswer};
use crate::ids::{ApiKeyId, TenantId};

/// API keys, the audit log, and answers under idempotency keys; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait AccessStore: Send + Sync + 'static {
    /// API keys, revoked ones too.
    async fn api_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>, StoreError>;

    /// Makes a key. One of the same identity is replaced: nobody was told what it was.
    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Revokes a key.
    async fn revoke_api_key(
        &self,
        tenant: &TenantId,
        id: ApiKeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The key of this hash, revoked or not; those of organizations that are closed are none.
    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;

    /// Adds a line to the audit log, for what is written elsewhere.
    async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// What was written by whom, the newest first, entries of one time in reverse.
    async fn audit(
        &self,
        tenant: &TenantId,
        query: &AuditQuery,
    ) -> Result<Continued<AuditEntry, AuditPlace>, StoreError>;

    /// Keeps that a request is tried under an idempotency key, and when first. A request that was not answered gives its
    /// place to another one under the same key.
    async fn attempt(
        &self,
        tenant: &TenantId,
        key: &str,
        request: &[u8; 32],
        at: Timestamp,
    ) -> Result<Attempted, StoreError>;

    /// The answer that was given under an idempotency key.
    async fn answer(&self, tenant: &TenantId, key: &str) -> Result<Option<StoredAnswer>, StoreError>;

    /// Keeps an answer. A conflict if the key has one.
    async fn put_answer(
        &self,
        tenant: &TenantId,
        key: &str,
        answer: &StoredAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}
