//! Secrets that nobody types into a setting.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::storage::Storage;
use crate::template::kinds::Secret;
use crate::template::{Resource, Stack};

/// Secrets of the application, by the setting that names them.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Accounts for feeds: Space-Track.
    pub feeds: Resource<Secret>,
    /// Account for mail.
    pub mail: Resource<Secret>,
}

/// Adds the secrets.
pub fn add(stack: &Stack, _environment: &Environment, _storage: &Storage) -> Secrets {
    Secrets { feeds: stack.add("FeedsSecret", json!({})), mail: stack.add("MailSecret", json!({})) }
}
