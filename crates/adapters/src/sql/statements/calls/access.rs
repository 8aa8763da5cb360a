//! The calls about keys, the audit log and answers.

use astroshield_domain::access::{ApiKey, Attempted, AuditEntry, AuditPlace, AuditQuery, StoredAnswer};
use astroshield_domain::ids::{ApiKeyId, TenantId};
use astroshield_domain::ports::{AccessStore, Continued, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, access};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl AccessStore for ThisStore {
    async fn api_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>, StoreError> {
        read!(self, tenant, connection, access::api_keys(connection, tenant))
    }

    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(self, Whose::of(&key.tenant, audit), connection, access::add_api_key(connection, key, audit))
    }

    async fn revoke_api_key(
        &self,
        tenant: &TenantId,
        id: ApiKeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            access::revoke_api_key(connection, tenant, id, at, audit)
        )
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        read!(self, Whose::Everybody, connection, access::api_key_by_hash(connection, hash))
    }

    async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        write!(self, &entry.tenant, connection, access::add_audit(connection, entry))
    }

    async fn audit(
        &self,
        tenant: &TenantId,
        query: &AuditQuery,
    ) -> Result<Continued<AuditEntry, AuditPlace>, StoreError> {
        read!(self, tenant, connection, access::audit(connection, tenant, query))
    }

    async fn attempt(
        &self,
        tenant: &TenantId,
        key: &str,
        request: &[u8; 32],
        at: Timestamp,
    ) -> Result<Attempted, StoreError> {
        write!(self, tenant, connection, access::attempt(connection, tenant, key, request, at))
    }

    async fn answer(&self, tenant: &TenantId, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        read!(self, tenant, connection, access::answer(connection, tenant, key))
    }

    async fn put_answer(
        &self,
        tenant: &TenantId,
        key: &str,
        answer: &StoredAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tenant, connection, access::put_answer(connection, tenant, key, answer, at))
    }
}
