//! What the other region needs to take over.

use crate::environment::Environment;
use crate::stacks::Built;
use crate::template::Stack;

/// Adds it.
pub fn add(_stack: &Stack, _environment: &Environment, _built: &Built) {}
