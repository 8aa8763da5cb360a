//! API Gateway: REST and WebSocket, for programs.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::{compute::Compute, functions::Functions, network::Network};
use crate::template::kinds::{ApiStage, RestApi, UsagePlan, WebSocketApi, WebSocketStage};
use crate::template::{Resource, Stack};

/// The two APIs.
#[derive(Debug, Clone)]
pub struct ApiGateway {
    /// REST.
    pub rest: Resource<RestApi>,
    /// Its stage.
    pub rest_stage: Resource<ApiStage>,
    /// How much its callers may ask.
    pub usage_plan: Resource<UsagePlan>,
    /// WebSocket.
    pub stream: Resource<WebSocketApi>,
    /// Its stage.
    pub stream_stage: Resource<WebSocketStage>,
}

/// Name of the stages.
pub const STAGE: &str = "live";

/// Adds the APIs.
pub fn add(
    stack: &Stack,
    _environment: &Environment,
    _network: &Network,
    _compute: &Compute,
    _functions: &Functions,
) -> ApiGateway {
    ApiGateway {
        rest: stack.add("RestApi", json!({})),
        rest_stage: stack.add("RestStage", json!({})),
        usage_plan: stack.add("UsagePlan", json!({})),
        stream: stack.add("StreamApi", json!({})),
        stream_stage: stack.add("StreamStage", json!({})),
    }
}
