//! ElastiCache: Valkey, or Redis.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::network::Network;
use crate::stacks::storage::Storage;
use crate::template::kinds::{ReplicationGroup, Secret};
use crate::template::{Resource, Stack};

/// The cache.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The cache.
    pub group: Resource<ReplicationGroup>,
    /// Secret with `username`, `password` of its user.
    pub secret: Resource<Secret>,
}

/// Adds the cache.
pub fn add(stack: &Stack, _environment: &Environment, _network: &Network, _storage: &Storage) -> Cache {
    Cache { group: stack.add("Cache", json!({})), secret: stack.add("CacheSecret", json!({})) }
}
