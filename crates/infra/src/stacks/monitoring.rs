//! CloudWatch: alarms, dashboards, and who is told.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::Built;
use crate::template::kinds::NotificationTopic;
use crate::template::{Resource, Stack};

/// Who is told.
#[derive(Debug, Clone)]
pub struct Monitoring {
    /// What somebody has to do something about now.
    pub page: Resource<NotificationTopic>,
}

/// Adds alarms and dashboards.
pub fn add(stack: &Stack, _environment: &Environment, _built: &Built) -> Monitoring {
    Monitoring { page: stack.add("Page", json!({})) }
}
