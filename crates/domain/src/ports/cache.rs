//! What may be forgotten at any time, and what is told to every process at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::event::Published;
use crate::ids::TenantId;

/// The name of a cached value. It carries the tenant, so that no tenant can meet another's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Whose it is.
    pub tenant: TenantId,
    /// What kind of thing it is (`session`, `response`).
    pub space: &'static str,
    /// Its name in that space.
    pub name: String,
}

/// A cache. It forgets what it likes and never fails: an adapter that cannot reach its server forgets everything.
#[async_trait]
pub trait Cache: Send + Sync + 'static {
    /// A value, if it is remembered.
    async fn get(&self, key: &CacheKey) -> Option<Arc<[u8]>>;

    /// Remembers a value for at most a time.
    async fn put(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration);

    /// Forgets a value.
    async fn remove(&self, key: &CacheKey);
}

/// Tells published events to every process, for the connections that it holds. What is missed is in the store.
#[async_trait]
pub trait Broadcast: Send + Sync + 'static {
    /// Tells events, in the order of positions.
    async fn send(&self, events: &[Published]);

    /// Events from now on. A receiver that falls behind is told so and reads what it missed from the store.
    fn subscribe(&self) -> broadcast::Receiver<Arc<Published>>;
}
