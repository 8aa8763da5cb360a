//! AWS Secrets Manager: secrets that are read, and those that are being rotated.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use astroshield_domain::ports::{SecretError, SecretSource, SecretText};
use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::aws::{Aws, AwsError, AwsSettings, AwsSettingsError};

/// Label of the version that is in use.
pub const CURRENT: &str = "AWSCURRENT";

/// Label of the version that is to be in use.
pub const PENDING: &str = "AWSPENDING";

/// Label of the version that was in use before.
pub const PREVIOUS: &str = "AWSPREVIOUS";

/// Gives secrets by their names.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    service: Aws,
}

impl SecretsManager {
    /// Ready to ask. The server need not be there yet.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &AwsSettings) -> Result<Self, AwsSettingsError> {
        Ok(Self { service: Aws::new("secretsmanager", settings)? })
    }

    /// The secret of this name or ARN; after `#`, a key of the JSON that it holds.
    #[must_use]
    pub fn secret(&self, name: &str) -> Arc<dyn SecretSource> {
        let (name, key) = match name.split_once('#') {
            Some((name, key)) => (name, Some(key.to_owned())),
            None => (name, None),
        };
        Arc::new(ManagedSecret { manager: self.clone(), name: name.to_owned(), key })
    }

    /// The secret of this name or ARN, to be rotated.
    #[must_use]
    pub fn rotated(&self, name: &str) -> RotatedSecret {
        RotatedSecret { manager: self.clone(), name: name.to_owned() }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        name: &str,
        body: &Value,
    ) -> Result<T, SecretError> {
        let answer = self.service.call(operation, body).await.map_err(|error| not_had(name, error))?;
        // Without the parser's words, which may quote.
        let unreadable = |_| wrong(name, &format!("the answer is no JSON of {operation}"));
        serde_json::from_slice(&answer).map_err(unreadable)
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SecretString")]
    text: Option<String>,
}

/// A secret in Secrets Manager.
struct ManagedSecret {
    manager: SecretsManager,
    name: String,
    key: Option<String>,
}

#[async_trait]
impl SecretSource for ManagedSecret {
    async fn fetch(&self) -> Result<SecretText, SecretError> {
        let body = json!({ "SecretId": self.name, "VersionStage": CURRENT });
        let answer: Answer = self.manager.ask("secretsmanager.GetSecretValue", &self.name, &body).await?;
        let text = answer.text.ok_or_else(|| wrong(&self.name, "it is binary; a text is due"))?;
        let Some(key) = &self.key else { return Ok(SecretText::new(text)) };
        let fields: HashMap<String, Value> =
            serde_json::from_str(&text).map_err(|_| wrong(&self.name, "it is no object of JSON"))?;
        match fields.get(key) {
            Some(Value::String(text)) => Ok(SecretText::new(text.clone())),
            Some(Value::Number(number)) => Ok(SecretText::new(number.to_string())),
            _ => Err(wrong(&self.name, &format!("it has no text under {key:?}"))),
        }
    }
}

/// A secret with versions, which labels tell apart.
#[derive(Debug, Clone)]
pub struct RotatedSecret {
    manager: SecretsManager,
    name: String,
}

/// Whether a secret is rotated, and which labels each of its versions has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SecretVersions {
    /// Whether it is rotated.
    pub rotation_enabled: bool,
    /// Labels by version.
    pub version_ids_to_stages: BTreeMap<String, Vec<String>>,
}

impl SecretVersions {
    /// Whether a version has a label.
    #[must_use]
    pub fn has(&self, version: &str, label: &str) -> bool {
        let labels = self.version_ids_to_stages.get(version);
        labels.is_some_and(|labels| labels.iter().any(|known| known == label))
    }

    /// The version with a label.
    #[must_use]
    pub fn with(&self, label: &str) -> Option<&str> {
        self.version_ids_to_stages.keys().map(String::as_str).find(|version| self.has(version, label))
    }
}

impl RotatedSecret {
    /// Its versions.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn versions(&self) -> Result<SecretVersions, SecretError> {
        let body = json!({ "SecretId": self.name });
        self.manager.ask("secretsmanager.DescribeSecret", &self.name, &body).await
    }

    /// The version with a label, if there is one and it has a value.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn value(&self, label: &str) -> Result<Option<SecretText>, SecretError> {
        let body = json!({ "SecretId": self.name, "VersionStage": label });
        let answer = self.manager.service.call("secretsmanager.GetSecretValue", &body).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(not_had(&self.name, error)),
        };
        let unreadable = |_| wrong(&self.name, "the answer is no JSON of GetSecretValue");
        let answer: Answer = serde_json::from_slice(&answer).map_err(unreadable)?;
        Ok(answer.text.map(SecretText::new))
    }

    /// Gives a version, which is to be in use, its value.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn put_pending(&self, version: &str, value: &SecretText) -> Result<(), SecretError> {
        let body = json!({
            "SecretId": self.name,
            "ClientRequestToken": version,
            "SecretString": value.reveal(),
            "VersionStages": [PENDING],
        });
        self.manager.ask("secretsmanager.PutSecretValue", &self.name, &body).await.map(|_: Value| ())
    }

    /// Lets a version be in use in place of another one.
    ///
    /// # Errors
    /// When it is not.
    pub async fn make_current(&self, version: &str, before: Option<&str>) -> Result<(), SecretError> {
        let body = json!({
            "SecretId": self.name,
            "VersionStage": CURRENT,
            "MoveToVersionId": version,
            "RemoveFromVersionId": before,
        });
        self.manager
            .ask("secretsmanager.UpdateSecretVersionStage", &self.name, &body)
            .await
            .map(|_: Value| ())
    }
}

fn wrong(name: &str, reason: &str) -> SecretError {
    SecretError { reason: format!("secret {name}: {}", reason.trim_end()), source: None }
}

fn not_had(name: &str, error: AwsError) -> SecretError {
    match error {
        AwsError::Failed { what, source } => SecretError { reason: what, source: Some(source) },
        other => wrong(name, &other.to_string()),
    }
}
