//! How this process is, for those who ask the interface.

use astroshield_domain::metrics::Metric;
use astroshield_domain::operations::{Condition, Operations, Series};
use astroshield_domain::ports::StoreError;
use async_trait::async_trait;

use super::health::Health;
use super::metrics::Metrics;

/// This process.
pub(super) struct ThisProcess {
    pub(super) health: Health,
    pub(super) metrics: Metrics,
}

#[async_trait]
impl Operations for ThisProcess {
    async fn condition(&self) -> Condition {
        self.health.condition().await
    }

    async fn measured(&self) -> Result<Vec<(&'static Metric, Vec<Series>)>, StoreError> {
        self.metrics.measured().await
    }
}
