//! MSK: Apache Kafka.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::network::Network;
use crate::stacks::storage::Storage;
use crate::template::kinds::{MskCluster, Secret};
use crate::template::{Resource, Stack};

/// The brokers.
#[derive(Debug, Clone)]
pub struct Streaming {
    /// The cluster.
    pub cluster: Resource<MskCluster>,
    /// Secret with `username` and `password` of the application (`AmazonMSK_...`).
    pub secret: Resource<Secret>,
}

/// Adds the brokers, where the environment has some.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    _network: &Network,
    _storage: &Storage,
) -> Option<Streaming> {
    environment.sizes.streaming.as_ref()?;
    Some(Streaming {
        cluster: stack.add("Brokers", json!({})),
        secret: stack.add("BrokersSecret", json!({})),
    })
}
