//! Secrets that nobody types into a setting.
//!
//! The application signs nothing with a key of its own (`docs/adr/0029-secrets.md`), so these are accounts at others.
//! Those that AWS makes are with what they are for: [`database`](super::database), [`cache`](super::cache),
//! [`streaming`](super::streaming).

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::stacks::storage::{Storage, key_alias_arn};
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

/// Adds the secrets. Nobody can rotate them but those with whom the accounts are.
pub fn add(stack: &Stack, environment: &Environment, storage: &Storage) -> Secrets {
    let account = |id: &str, name: &str, description: &str| {
        secret(stack, environment, storage, id, &environment.named(name), description, "")
    };
    Secrets {
        feeds: account(
            "FeedsSecret",
            "feeds",
            "Account at Space-Track: username and password. To be put in by the operator",
        ),
        mail: account(
            "MailSecret",
            "mail",
            "Account at the mail server: username and password. To be put in by the operator",
        ),
    }
}

/// A secret with `username` and a `password` that is made by chance, so that no template has it, and so that there is
/// one when a task asks for it at its start. What somebody puts in later stays.
pub(super) fn secret(
    stack: &Stack,
    environment: &Environment,
    storage: &Storage,
    id: &str,
    name: &str,
    description: &str,
    username: &str,
) -> Resource<Secret> {
    let mut properties = json!({
        "Name": name,
        "Description": description,
        "KmsKeyId": storage.key.arn(),
        "GenerateSecretString": {
            "SecretStringTemplate": json!({ "username": username }).to_string(),
            "GenerateStringKey": "password",
            "PasswordLength": 48,
            "ExcludePunctuation": true,
        },
    });
    if let Some(replicas) = replicas(environment) {
        properties["ReplicaRegions"] = replicas;
    }
    let secret = stack.add(id, properties);
    stack.keep(&secret, environment.kept());
    secret
}

/// Where a secret is copied to.
fn replicas(environment: &Environment) -> Option<Value> {
    let other = environment.copies()?;
    Some(json!([{ "Region": other.region, "KmsKeyId": key_alias_arn(&other) }]))
}

#[cfg(test)]
mod tests {
    use crate::environment::Name;
    use crate::stacks::storage::tests::{all, made, stack};
    use crate::template::StackName;

    #[test]
    fn every_secret_is_made_by_chance_under_the_key_and_copied_from_prod() {
        for (name, secrets) in [(Name::Dev, 3), (Name::Prod, 5), (Name::Recovery, 5)] {
            let templates = made(name, "");
            let all = all(stack(&templates, StackName::Data), "AWS::SecretsManager::Secret");
            assert_eq!(all.len(), secrets, "{name}");
            for (id, secret) in all {
                assert!(secret["SecretString"].is_null(), "{name} {id}");
                assert_eq!(secret["GenerateSecretString"]["GenerateStringKey"], "password", "{name} {id}");
                assert_eq!(secret["KmsKeyId"]["Ref"], "StorageKeyArn", "{name} {id}");
                let copied = secret["ReplicaRegions"][0]["Region"] == "us-west-2";
                assert_eq!(copied, name == Name::Prod, "{name} {id}");
            }
        }
    }
}
