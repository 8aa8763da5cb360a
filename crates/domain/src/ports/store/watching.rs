//! The part of the store about watch lists, rules and webhooks.

use async_trait::async_trait;

use super::StoreError;
use crate::access::AuditEntry;
use crate::alert::{Rule, WatchList, Webhook};
use crate::ids::{RuleId, TenantId, WatchListId, WebhookId};

/// What tenants watch, and whom they tell: watch lists, rules and webhooks; as [`Store`](super::Store), of which it is
/// a part.
#[async_trait]
pub trait WatchingStore: Send + Sync + 'static {
    /// Watch lists, by name.
    async fn watch_lists(&self, tenant: &TenantId) -> Result<Vec<WatchList>, StoreError>;

    /// One watch list.
    async fn watch_list(&self, tenant: &TenantId, id: WatchListId) -> Result<Option<WatchList>, StoreError>;

    /// Makes or replaces a watch list.
    async fn put_watch_list(&self, list: &WatchList, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Removes a watch list. A conflict while a rule speaks of it.
    async fn remove_watch_list(
        &self,
        tenant: &TenantId,
        id: WatchListId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Rules, by name.
    async fn rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError>;

    /// One rule.
    async fn rule(&self, tenant: &TenantId, id: RuleId) -> Result<Option<Rule>, StoreError>;

    /// Rules of every tenant that are in force.
    async fn enabled_rules(&self) -> Result<Vec<Rule>, StoreError>;

    /// Makes or replaces a rule.
    async fn put_rule(&self, rule: &Rule, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Removes a rule.
    async fn remove_rule(&self, tenant: &TenantId, id: RuleId, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Webhooks, by name.
    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, StoreError>;

    /// One webhook.
    async fn webhook(&self, tenant: &TenantId, id: WebhookId) -> Result<Option<Webhook>, StoreError>;

    /// Makes a webhook, or gives one another name, address and whether it is in use. Its secrets stay.
    async fn put_webhook(&self, webhook: &Webhook, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Gives a webhook another name, address and whether it is in use; its secrets stay. A conflict if one of these is not as in
    /// `before` any more.
    async fn replace_webhook(
        &self,
        webhook: &Webhook,
        before: &Webhook,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Gives a webhook the secrets of this one. A conflict if the secret is not the one before it any more.
    async fn rotate_webhook(
        &self,
        webhook: &Webhook,
        before: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes a webhook. A conflict while a rule names it.
    async fn remove_webhook(
        &self,
        tenant: &TenantId,
        id: WebhookId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}
