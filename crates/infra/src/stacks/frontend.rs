//! Amplify: the console.

use serde_json::json;

use crate::environment::Environment;
use crate::template::kinds::{AmplifyApp, AmplifyBranch};
use crate::template::{Resource, Stack};

/// The console's hosting.
#[derive(Debug, Clone)]
pub struct Frontend {
    /// The application.
    pub app: Resource<AmplifyApp>,
    /// Its branch.
    pub branch: Resource<AmplifyBranch>,
}

/// Adds the hosting.
pub fn add(stack: &Stack, _environment: &Environment) -> Frontend {
    Frontend { app: stack.add("Console", json!({})), branch: stack.add("ConsoleBranch", json!({})) }
}
