//! The calls about the whole store.

use std::sync::Arc;

use astroshield_domain::figures::Figures;
use astroshield_domain::ports::{Store, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;
use tracing::Instrument as _;

use super::super::{ThisStore, events, figures};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl Store for ThisStore {
    async fn ping(&self) -> Result<(), StoreError> {
        read!(self, Whose::Everybody, connection, events::ping(connection))
    }

    async fn try_write(&self) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, events::try_write(connection))
    }

    fn outbox(&self) -> Arc<Notify> {
        Arc::clone(&self.outbox)
    }

    async fn figures(&self, now: Timestamp) -> Result<Figures, StoreError> {
        read!(self, Whose::Everybody, connection, figures::figures(connection, now))
    }
}
