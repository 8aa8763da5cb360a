//! Budgets, and costs that are out of the ordinary.

use crate::environment::Environment;
use crate::stacks::monitoring::Monitoring;
use crate::template::Stack;

/// Adds it.
pub fn add(_stack: &Stack, _environment: &Environment, _monitoring: &Monitoring) {}
