//! WAF: web ACLs of the edge and of the region.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::api_gateway::ApiGateway;
use crate::template::kinds::WebAcl;
use crate::template::{Resource, Stack};

/// The web ACL of CloudFront.
pub fn edge(stack: &Stack, _environment: &Environment) -> Resource<WebAcl> {
    stack.add("EdgeAcl", json!({}))
}

/// The web ACL of the regional API, before it.
pub fn regional(stack: &Stack, _environment: &Environment, _api: &ApiGateway) -> Resource<WebAcl> {
    stack.add("RegionalAcl", json!({}))
}
