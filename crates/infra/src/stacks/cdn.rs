//! CloudFront: one domain for people.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::{compute::Compute, frontend::Frontend, storage::Storage};
use crate::template::kinds::{Distribution, WebAcl};
use crate::template::{Resource, Stack};

/// The distribution.
#[derive(Debug, Clone)]
pub struct Cdn {
    /// The distribution.
    pub distribution: Resource<Distribution>,
}

/// Adds the distribution.
pub fn add(
    stack: &Stack,
    _environment: &Environment,
    _acl: &Resource<WebAcl>,
    _storage: &Storage,
    _compute: &Compute,
    _frontend: &Frontend,
) -> Cdn {
    Cdn { distribution: stack.add("Distribution", json!({})) }
}
