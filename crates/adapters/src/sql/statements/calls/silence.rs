//! The calls about silence.

use astroshield_domain::ports::{SilenceStore, StoreError};
use astroshield_domain::silence::Watched;
use async_trait::async_trait;
use tracing::Instrument as _;
use uuid::Uuid;

use super::super::{ThisStore, installation, silence};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl SilenceStore for ThisStore {
    async fn installation(&self) -> Result<Uuid, StoreError> {
        let new = Uuid::now_v7();
        write!(self, Whose::Everybody, connection, installation::installation(connection, new))
    }

    async fn watched(&self) -> Result<Option<Watched>, StoreError> {
        read!(self, Whose::Everybody, connection, silence::watched(connection))
    }

    async fn put_watched(&self, watched: &Watched) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, silence::put_watched(connection, watched))
    }
}
