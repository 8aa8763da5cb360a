//! Lambda functions: authorizers, and connections of WebSockets.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::{Data, compute::Compute, network::Network};
use crate::template::kinds::{Function, Role};
use crate::template::{Resource, Stack};

/// The functions.
#[derive(Debug, Clone)]
pub struct Functions {
    /// Says who may ask the REST API.
    pub authorizer: Resource<Function>,
    /// Says who may connect to the WebSocket API.
    pub stream_authorizer: Resource<Function>,
    /// Notes who connects, says something, leaves.
    pub connections: Resource<Function>,
    /// What `connections` may do.
    pub connections_role: Resource<Role>,
}

/// Adds the functions.
pub fn add(
    stack: &Stack,
    _environment: &Environment,
    _network: &Network,
    _data: &Data,
    _compute: &Compute,
) -> Functions {
    Functions {
        authorizer: stack.add("Authorizer", json!({})),
        stream_authorizer: stack.add("StreamAuthorizer", json!({})),
        connections: stack.add("Connections", json!({})),
        connections_role: stack.add("ConnectionsRole", json!({})),
    }
}
