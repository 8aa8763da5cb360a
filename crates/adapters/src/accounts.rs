//! What changes with the password of an account of ours at services of AWS.

use astroshield_domain::ports::SecretText;
use serde_json::json;

use crate::aws::{Aws, AwsError, AwsSettings, AwsSettingsError};

/// Users of ElastiCache.
#[derive(Debug, Clone)]
pub struct CacheUsers {
    service: Aws,
}

impl CacheUsers {
    /// Ready to ask.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &AwsSettings) -> Result<Self, AwsSettingsError> {
        Ok(Self { service: Aws::new("elasticache", settings)? })
    }

    /// Has a user be let in with any of these passwords, of which ElastiCache takes two, and with no other one. Nodes follow a
    /// little later.
    ///
    /// # Errors
    /// When it is not done.
    pub async fn set_passwords(&self, user: &str, passwords: &[&SecretText]) -> Result<(), AwsError> {
        let names: Vec<String> =
            (1..=passwords.len()).map(|place| format!("Passwords.member.{place}")).collect();
        let mut fields = vec![("Action", "ModifyUser"), ("Version", "2015-02-02"), ("UserId", user)];
        fields.extend(names.iter().map(String::as_str).zip(passwords.iter().map(|text| text.reveal())));
        self.service.form(&fields).await
    }
}

/// Services of ECS.
#[derive(Debug, Clone)]
pub struct ContainerServices {
    service: Aws,
}

impl ContainerServices {
    /// Ready to ask.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &AwsSettings) -> Result<Self, AwsSettingsError> {
        Ok(Self { service: Aws::new("ecs", settings)? })
    }

    /// Has the tasks of a service replaced by new ones, as a release does it.
    ///
    /// # Errors
    /// When it is not begun.
    pub async fn replace_tasks(&self, cluster: &str, service: &str) -> Result<(), AwsError> {
        let body = json!({ "cluster": cluster, "service": service, "forceNewDeployment": true });
        self.service.call("AmazonEC2ContainerServiceV20141113.UpdateService", &body).await.map(drop)
    }
}
