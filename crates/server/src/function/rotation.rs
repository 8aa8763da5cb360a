//! Passwords that Secrets Manager has rotated: it calls a function of this program once for each of four steps, and again where
//! one has failed or its answer was lost. So each step finds out what is done already.
//!
//! Clients hold the password of before meanwhile. Those of PostgreSQL and of the cache follow the secret; a connection that is
//! open goes on. PostgreSQL knows one password of a user: between `setSecret` and `finishSecret`, a second or two, clients that
//! connect anew are refused, and try again. The cache's user has both, until the next rotation. Brokers read the secret
//! themselves, once it is current; their clients hold the password, so tasks are replaced by new ones.

mod account;

use std::str::FromStr;

use anyhow::Context;
use astroshield_adapters::secrets::{CURRENT, PENDING, PREVIOUS, RotatedSecret, SecretsManager};
use astroshield_domain::ports::SecretText;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use serde_json::{Map, Value};

pub(super) use self::account::Account;
use super::Failure;
use crate::managed;
use crate::settings::Settings;

/// Letters of a password: MSK, ElastiCache and addresses take them as they are.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// As many as in the first one, which Secrets Manager has made.
const LENGTH: usize = 48;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Make another password.
    Create,
    /// Have it taken by whom it is for.
    Set,
    /// See that it is.
    Test,
    /// Have it used.
    Finish,
}

impl FromStr for Step {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        match name {
            "createSecret" => Ok(Self::Create),
            "setSecret" => Ok(Self::Set),
            "testSecret" => Ok(Self::Test),
            "finishSecret" => Ok(Self::Finish),
            _ => Err(Failure::new("no step of a rotation")),
        }
    }
}

/// What Secrets Manager says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    step: String,
    secret_id: String,
    client_request_token: String,
}

/// A secret of an account: `username`, `password`, and what else is kept beside them.
#[derive(Clone)]
struct Credentials(Map<String, Value>);

impl Credentials {
    fn read(text: &SecretText) -> Result<Self, Failure> {
        // Without the parser's words, which may quote.
        let fields = serde_json::from_str(text.reveal());
        let credentials = Self(fields.map_err(|_| Failure::new("the secret is no object of JSON"))?);
        if credentials.user().is_empty() || credentials.password().reveal().is_empty() {
            return Err(Failure::new("the secret has no username and password"));
        }
        Ok(credentials)
    }

    fn field(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn user(&self) -> &str {
        self.field("username")
    }

    fn password(&self) -> SecretText {
        SecretText::new(self.field("password").to_owned())
    }

    /// The same with another password.
    fn with(&self, password: String) -> Self {
        let mut fields = self.0.clone();
        fields.insert("password".to_owned(), Value::String(password));
        Self(fields)
    }

    fn write(&self) -> SecretText {
        SecretText::new(Value::Object(self.0.clone()).to_string())
    }
}

/// Rotates a secret.
pub(super) struct Rotation {
    name: String,
    secret: RotatedSecret,
    account: Account,
}

impl Rotation {
    pub(super) fn new(settings: &Settings, account: Account) -> anyhow::Result<Self> {
        let name = settings.rotation.secret.clone().context("rotation.secret: its name or ARN is due")?;
        let manager = managed::aws(&settings.secrets, settings.secrets.endpoint.as_deref());
        let secret = SecretsManager::new(&manager).context("secrets")?.rotated(&name);
        Ok(Self { name, secret, account })
    }

    /// Does a step.
    pub(super) async fn answer(&self, event: &[u8]) -> Result<Value, Failure> {
        let event: Event =
            serde_json::from_slice(event).map_err(|_| Failure::new("no event of a rotation"))?;
        let done = self.step(&event).await;
        match &done {
            Ok(()) => tracing::info!(step = event.step, secret = self.name, "a step of a rotation is done"),
            Err(Failure(reason)) => {
                tracing::error!(step = event.step, secret = self.name, %reason, "a rotation does not go on");
            }
        }
        done.map(|()| Value::Null)
    }

    async fn step(&self, event: &Event) -> Result<(), Failure> {
        let (step, version) = (Step::from_str(&event.step)?, event.client_request_token.as_str());
        if event.secret_id != self.name {
            return Err(Failure::new("this function rotates another secret"));
        }
        let versions = self.secret.versions().await.map_err(failure)?;
        if !versions.rotation_enabled {
            return Err(Failure::new("the secret is not to be rotated"));
        }
        let is_current = versions.has(version, CURRENT);
        if is_current && step != Step::Finish {
            return Ok(());
        }
        if !is_current && !versions.has(version, PENDING) {
            return Err(Failure::new("the version is not the one that is pending"));
        }
        let missing = || Failure::new("no version of the secret is current");
        match step {
            Step::Create => {
                let current = self.value(CURRENT).await?.ok_or_else(missing)?;
                if self.value(PENDING).await?.is_none() {
                    let next = current.with(password()?);
                    self.secret.put_pending(version, &next.write()).await.map_err(failure)?;
                }
                Ok(())
            }
            Step::Set => {
                let current = self.value(CURRENT).await?.ok_or_else(missing)?;
                let previous = self.value(PREVIOUS).await?;
                self.account.set(&current, previous.as_ref(), &self.pending().await?).await
            }
            Step::Test => {
                let current = self.value(CURRENT).await?.ok_or_else(missing)?;
                self.account.test(&current, &self.pending().await?).await
            }
            Step::Finish => {
                if !is_current {
                    let before = versions.with(CURRENT);
                    self.secret.make_current(version, before).await.map_err(failure)?;
                }
                let current = self.value(CURRENT).await?.ok_or_else(missing)?;
                self.account.finish(&current).await
            }
        }
    }

    async fn value(&self, label: &str) -> Result<Option<Credentials>, Failure> {
        let text = self.secret.value(label).await.map_err(failure)?;
        text.as_ref().map(Credentials::read).transpose()
    }

    async fn pending(&self) -> Result<Credentials, Failure> {
        let pending = self.value(PENDING).await?;
        pending.ok_or_else(|| Failure::new("the version that is pending has no value yet"))
    }
}

/// What went wrong, with what lies behind it.
fn failure(error: impl Into<anyhow::Error>) -> Failure {
    Failure(format!("{:#}", error.into()).into())
}

/// Another password.
fn password() -> Result<String, Failure> {
    let random = SystemRandom::new();
    let mut letters = Vec::with_capacity(LENGTH);
    while letters.len() < LENGTH {
        let mut bytes = [0; LENGTH];
        random.fill(&mut bytes).map_err(|_| Failure::new("there are no random bytes"))?;
        // Those above would make some letters likelier than others.
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < 4 * LETTERS.len());
        letters.extend(fair.map(|byte| char::from(LETTERS[byte % LETTERS.len()])));
    }
    letters.truncate(LENGTH);
    Ok(letters.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn passwords_are_long_differ_and_have_every_letter_about_as_often() {
        let made: BTreeSet<String> = (0..500).map(|_| password().unwrap()).collect();
        assert_eq!(made.len(), 500);
        let mut counts = [0_u32; 256];
        for password in &made {
            assert_eq!(password.len(), LENGTH);
            password.bytes().for_each(|letter| counts[usize::from(letter)] += 1);
        }
        // 387 of each are to be expected; six standard deviations are 118.
        for letter in LETTERS {
            assert!((269..=505).contains(&counts[usize::from(*letter)]), "{}", char::from(*letter));
        }
    }

    #[test]
    fn a_secret_keeps_what_is_beside_the_password() {
        let text = |text: &str| Credentials::read(&SecretText::new(text.to_owned()));
        let one = text(r#"{"username":"a","password":"old","host":"db","port":5432}"#).unwrap();
        let next: Value = serde_json::from_str(one.with("new".to_owned()).write().reveal()).unwrap();
        let expected = serde_json::json!({ "username": "a", "password": "new", "host": "db", "port": 5432 });
        assert_eq!(next, expected);
        for bad in ["", "[]", "hunter2", r#"{"username":"a"}"#, r#"{"username":"","password":"b"}"#] {
            let Err(Failure(reason)) = text(bad) else { panic!("{bad}") };
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }

    #[test]
    fn steps_that_are_none_are_refused() {
        for (name, step) in [
            ("createSecret", Step::Create),
            ("setSecret", Step::Set),
            ("testSecret", Step::Test),
            ("finishSecret", Step::Finish),
        ] {
            assert_eq!(name.parse(), Ok(step));
        }
        for name in ["", "createsecret", "deleteSecret", "finishSecret "] {
            assert!(name.parse::<Step>().is_err(), "{name}");
        }
    }
}
