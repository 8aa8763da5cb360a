//! Pipelines of the backend, and roles of those outside AWS.

use crate::environment::Environment;
use crate::stacks::Built;
use crate::template::Stack;

/// Adds it.
pub fn add(_stack: &Stack, _environment: &Environment, _built: &Built) {}
