//! RDS for PostgreSQL.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::stacks::network::Network;
use crate::stacks::storage::Storage;
use crate::template::kinds::DbInstance;
use crate::template::{Resource, Stack};

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where is written.
    pub writer: Resource<DbInstance>,
    /// Where is read.
    pub reader: Option<Resource<DbInstance>>,
}

impl Database {
    /// ARN of the secret with `username` and `password`, which RDS makes and rotates.
    #[must_use]
    pub fn secret(&self) -> Value {
        self.writer.master_secret()
    }
}

/// Adds the database.
pub fn add(stack: &Stack, environment: &Environment, _network: &Network, _storage: &Storage) -> Database {
    let replicas = environment.sizes.database.replicas;
    Database {
        writer: stack.add("Database", json!({})),
        reader: (replicas > 0).then(|| stack.add("DatabaseReader", json!({}))),
    }
}
