//! The part of the store about alerts and their messages.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Page, StoreError};
use crate::alert::{Alert, AlertChanges, AlertQuery, AlertRefresh, Delivery, DeliveryState};
use crate::event::Consumed;
use crate::ids::{AlertId, DeliveryId, TenantId};

/// Alerts and the messages about them; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait AlertStore: Send + Sync + 'static {
    /// Alerts that are not resolved, of one tenant.
    async fn unresolved_alerts(&self, tenant: &TenantId) -> Result<Vec<Alert>, StoreError>;

    /// Alerts to escalate by now, or whose muting is over, of every tenant.
    async fn alerts_due(&self, now: Timestamp) -> Result<Vec<Alert>, StoreError>;

    /// Alerts, the newest first.
    async fn alerts(&self, tenant: &TenantId, query: &AlertQuery) -> Result<Page<Alert>, StoreError>;

    /// The alert of a subject that was resolved last, by the [key](crate::alert::Subject::key) of the subject.
    async fn resolved_alert(&self, tenant: &TenantId, subject_key: &str)
    -> Result<Option<Alert>, StoreError>;

    /// One alert.
    async fn alert(&self, tenant: &TenantId, id: AlertId) -> Result<Option<Alert>, StoreError>;

    /// Stores changed alerts and their messages, with an event for each change and the lines of the audit log. A second unresolved alert of the same
    /// subject is a conflict, and so is an alert that is not of the version before. With `consumed`, refuses what that
    /// consumer has dealt with.
    async fn change_alerts(
        &self,
        tenant: &TenantId,
        changes: &AlertChanges,
        consumed: Option<Consumed>,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Lets the lines of unresolved alerts of a tenant follow what they are about. Nothing else of them changes, and nothing is
    /// told.
    async fn refresh_alerts(&self, tenant: &TenantId, refreshed: &[AlertRefresh]) -> Result<(), StoreError>;

    /// Whether a consumer has dealt with an event.
    async fn was_consumed(&self, consumed: Consumed) -> Result<bool, StoreError>;

    /// Messages to send by now, of every tenant, taken for a time: nobody else gets them before `until`. Channels take turns,
    /// and no more than [`DELIVERIES_PER_CHANNEL`](crate::alert::DELIVERIES_PER_CHANNEL) of one are taken at a time.
    async fn take_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// How an attempt ended.
    async fn put_delivery(
        &self,
        id: DeliveryId,
        state: DeliveryState,
        next_attempt: Timestamp,
        problem: Option<&str>,
    ) -> Result<(), StoreError>;

    /// How many messages of a tenant were given up and are not forgotten.
    async fn given_up(&self, tenant: &TenantId) -> Result<u64, StoreError>;

    /// Messages of an alert.
    async fn deliveries_of(&self, tenant: &TenantId, alert: AlertId) -> Result<Vec<Delivery>, StoreError>;
}
