//! Work that any of several processes may take.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::BusError;
use crate::ids::{RunId, TenantId};

/// Version of [`SliceTask`].
pub const TASK_VERSION: u32 = 1;

/// A slice of a run, to be screened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceTask {
    /// Version of the schema.
    pub schema_version: u32,
    /// Whose run it is.
    pub tenant: TenantId,
    /// The run.
    pub run: RunId,
    /// Which slice, from 0.
    pub slice: u32,
    /// The trace that it belongs to, as a W3C `traceparent`.
    pub trace: Option<String>,
}

/// Hands out slices to those who screen. A slice may be handed out more than once, as when whoever took it dies.
#[async_trait]
pub trait Tasks: Send + Sync + 'static {
    /// Gives slices to whoever is free, in their order.
    async fn put(&self, tasks: &[SliceTask]) -> Result<(), BusError>;

    /// A place among those who take slices. What nobody has dealt with is there from before, too.
    async fn join(&self) -> Result<Box<dyn Worker>, BusError>;
}

/// A place among those who take slices.
#[async_trait]
pub trait Worker: Send {
    /// The next slice; waits for one. The same one again until it is dealt with. Safe to cancel.
    async fn next(&mut self) -> Result<SliceTask, BusError>;

    /// The slice is dealt with.
    async fn done(&mut self) -> Result<(), BusError>;
}
