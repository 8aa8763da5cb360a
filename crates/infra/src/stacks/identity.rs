//! Cognito: who signs in.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::join;
use crate::template::kinds::{UserPool, UserPoolClient};
use crate::template::value::region;
use crate::template::{Resource, Stack};

/// The user pool and its clients.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The pool.
    pub pool: Resource<UserPool>,
    /// The client of the service (`identity.client_id`).
    pub client: Resource<UserPoolClient>,
}

impl Identity {
    /// Its issuer (`identity.issuer`).
    #[must_use]
    pub fn issuer(&self) -> Value {
        join!("https://cognito-idp.", region(), ".amazonaws.com/", self.pool.id())
    }
}

/// Adds the user pool.
pub fn add(stack: &Stack, _environment: &Environment) -> Identity {
    Identity { pool: stack.add("UserPool", json!({})), client: stack.add("Client", json!({})) }
}
