//! Buckets and the key of what is stored.

use serde_json::json;

use crate::environment::Environment;
use crate::template::kinds::{Bucket, Key};
use crate::template::{Resource, Stack};

/// Buckets, one for each purpose.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Key of what is stored: buckets, database, cache, brokers, backups, logs.
    pub key: Resource<Key>,
    /// Blobs of the application (`blobs.bucket`): uploads, exports, slices of runs.
    pub blobs: Resource<Bucket>,
    /// Static assets behind CloudFront.
    pub assets: Resource<Bucket>,
    /// Access logs and the archive of logs.
    pub logs: Resource<Bucket>,
    /// What pipelines hand on, packages of functions, copies of configuration.
    pub artifacts: Resource<Bucket>,
}

/// Adds the buckets.
pub fn add(stack: &Stack, _environment: &Environment) -> Storage {
    Storage {
        key: stack.add("Key", json!({})),
        blobs: stack.add("Blobs", json!({})),
        assets: stack.add("Assets", json!({})),
        logs: stack.add("Logs", json!({})),
        artifacts: stack.add("Artifacts", json!({})),
    }
}
