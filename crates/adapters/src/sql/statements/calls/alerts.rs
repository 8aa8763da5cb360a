//! The calls about alerts and their messages.

use astroshield_domain::alert::{Alert, AlertChanges, AlertQuery, AlertRefresh, Delivery, DeliveryState};
use astroshield_domain::event::Consumed;
use astroshield_domain::ids::{AlertId, DeliveryId, TenantId};
use astroshield_domain::ports::{AlertStore, Page, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, alerts, deliveries};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl AlertStore for ThisStore {
    async fn unresolved_alerts(&self, tenant: &TenantId) -> Result<Vec<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::unresolved_alerts(connection, tenant))
    }

    async fn alerts_due(&self, now: Timestamp) -> Result<Vec<Alert>, StoreError> {
        read!(self, Whose::Everybody, connection, alerts::alerts_due(connection, now))
    }

    async fn alerts(&self, tenant: &TenantId, query: &AlertQuery) -> Result<Page<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::alerts(connection, tenant, query))
    }

    async fn resolved_alert(
        &self,
        tenant: &TenantId,
        subject_key: &str,
    ) -> Result<Option<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::resolved_alert(connection, tenant, subject_key))
    }

    async fn alert(&self, tenant: &TenantId, id: AlertId) -> Result<Option<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::alert(connection, tenant, id))
    }

    async fn change_alerts(
        &self,
        tenant: &TenantId,
        changes: &AlertChanges,
        consumed: Option<Consumed>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write_events!(
            self,
            tenant,
            connection,
            alerts::change_alerts(connection, tenant, changes, consumed, at)
        )
    }

    async fn refresh_alerts(&self, tenant: &TenantId, refreshed: &[AlertRefresh]) -> Result<(), StoreError> {
        write!(self, tenant, connection, alerts::refresh_alerts(connection, tenant, refreshed))
    }

    async fn was_consumed(&self, consumed: Consumed) -> Result<bool, StoreError> {
        read!(self, Whose::Everybody, connection, alerts::was_consumed(connection, consumed))
    }

    async fn take_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        write!(self, Whose::Everybody, connection, deliveries::take_deliveries(connection, now, until, limit))
    }

    async fn put_delivery(
        &self,
        id: DeliveryId,
        state: DeliveryState,
        next_attempt: Timestamp,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            deliveries::put_delivery(connection, id, state, next_attempt, problem)
        )
    }

    async fn given_up(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        read!(self, tenant, connection, deliveries::given_up(connection, tenant))
    }

    async fn deliveries_of(&self, tenant: &TenantId, alert: AlertId) -> Result<Vec<Delivery>, StoreError> {
        read!(self, tenant, connection, deliveries::deliveries_of(connection, tenant, alert))
    }
}
