//! The calls about watch lists, rules and webhooks.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::alert::{Rule, WatchList, Webhook};
use astroshield_domain::ids::{RuleId, TenantId, WatchListId, WebhookId};
use astroshield_domain::ports::{StoreError, WatchingStore};
use async_trait::async_trait;
use tracing::Instrument as _;

use super::super::{ThisStore, watching};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl WatchingStore for ThisStore {
    async fn watch_lists(&self, tenant: &TenantId) -> Result<Vec<WatchList>, StoreError> {
        read!(self, tenant, connection, watching::watch_lists(connection, tenant, None))
    }

    async fn watch_list(&self, tenant: &TenantId, id: WatchListId) -> Result<Option<WatchList>, StoreError> {
        let lists = read!(self, tenant, connection, watching::watch_lists(connection, tenant, Some(id)));
        lists.map(|lists: Vec<_>| lists.into_iter().next())
    }

    async fn put_watch_list(&self, list: &WatchList, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&list.tenant, audit),
            connection,
            watching::put_watch_list(connection, list, audit)
        )
    }

    async fn remove_watch_list(
        &self,
        tenant: &TenantId,
        id: WatchListId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            watching::remove_watch_list(connection, tenant, id, audit)
        )
    }

    async fn rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
        read!(self, tenant, connection, watching::rules(connection, tenant))
    }

    async fn rule(&self, tenant: &TenantId, id: RuleId) -> Result<Option<Rule>, StoreError> {
        read!(self, tenant, connection, watching::rule(connection, tenant, id))
    }

    async fn enabled_rules(&self) -> Result<Vec<Rule>, StoreError> {
        read!(self, Whose::Everybody, connection, watching::enabled_rules(connection))
    }

    async fn put_rule(&self, rule: &Rule, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(self, Whose::of(&rule.tenant, audit), connection, watching::put_rule(connection, rule, audit))
    }

    async fn remove_rule(&self, tenant: &TenantId, id: RuleId, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            watching::remove_rule(connection, tenant, id, audit)
        )
    }

    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, StoreError> {
        read!(self, tenant, connection, watching::webhooks(connection, tenant))
    }

    async fn webhook(&self, tenant: &TenantId, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        read!(self, tenant, connection, watching::webhook(connection, tenant, id))
    }

    async fn put_webhook(&self, webhook: &Webhook, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&webhook.tenant, audit),
            connection,
            watching::put_webhook(connection, webhook, audit)
        )
    }

    async fn replace_webhook(
        &self,
        webhook: &Webhook,
        before: &Webhook,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&webhook.tenant, audit),
            connection,
            watching::replace_webhook(connection, webhook, before, audit)
        )
    }

    async fn rotate_webhook(
        &self,
        webhook: &Webhook,
        before: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&webhook.tenant, audit),
            connection,
            watching::rotate_webhook(connection, webhook, before, audit)
        )
    }

    async fn remove_webhook(
        &self,
        tenant: &TenantId,
        id: WebhookId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            watching::remove_webhook(connection, tenant, id, audit)
        )
    }
}
