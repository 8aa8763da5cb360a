//! The calls about runs.

use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::ids::{EventId, RunId, TenantId};
use astroshield_domain::ports::{Page, RunStore, RunUpdate, StoreError};
use astroshield_domain::screening::{NotScreened, Run, RunConclusion};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, conclusion, coverage, runs};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl RunStore for ThisStore {
    async fn begin_run(&self, run: &Run, causes: &[EventId]) -> Result<(), StoreError> {
        write_events!(self, &run.tenant, connection, runs::begin_run(connection, run, causes))
    }

    async fn unfinished_runs(&self) -> Result<Vec<Run>, StoreError> {
        read!(self, Whose::Everybody, connection, runs::unfinished_runs(connection))
    }

    async fn update_run(&self, tenant: &TenantId, run: RunId, update: &RunUpdate) -> Result<(), StoreError> {
        write_events!(self, tenant, connection, runs::update_run(connection, tenant, run, update))
    }

    async fn slices_done(&self, run: RunId) -> Result<Vec<(u32, String)>, StoreError> {
        read!(self, Whose::Everybody, connection, runs::slices_done(connection, run))
    }

    async fn runs(
        &self,
        tenant: &TenantId,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Page<Run>, StoreError> {
        read!(self, tenant, connection, runs::runs(connection, tenant, before, limit))
    }

    async fn last_screened(&self, tenant: &TenantId, by: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        read!(self, tenant, connection, runs::last_screened(connection, tenant, by))
    }

    async fn run(&self, tenant: &TenantId, id: RunId) -> Result<Option<Run>, StoreError> {
        read!(self, tenant, connection, runs::run(connection, tenant, id))
    }

    async fn not_screened(&self, tenant: &TenantId, run: RunId) -> Result<Vec<NotScreened>, StoreError> {
        read!(self, tenant, connection, runs::not_screened(connection, tenant, run))
    }

    async fn covers(&self, tenant: &TenantId, from: Timestamp) -> Result<bool, StoreError> {
        read!(self, tenant, connection, coverage::covers(connection, tenant, from))
    }

    async fn conclude_run(
        &self,
        tenant: &TenantId,
        conclusion: &RunConclusion,
        found: &[Conjunction],
    ) -> Result<(), StoreError> {
        let sorted = conclusion::in_order(tenant, conclusion.run, found)?;
        for part in sorted.chunks(conclusion::AT_ONCE) {
            let put: Result<_, StoreError> =
                write!(self, tenant, connection, conclusion::put_part(connection, tenant, conclusion, part));
            put?;
        }
        write_events!(
            self,
            tenant,
            connection,
            conclusion::conclude_run(connection, tenant, conclusion, found)
        )
    }
}
