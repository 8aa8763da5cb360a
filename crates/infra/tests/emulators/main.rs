//! Deployment against two emulators of AWS on loopback, by the SDK that AWS itself is asked with. moto does everything at once and rolls
//! nothing back; ministack rolls back what fails, and knows other types.

#![cfg(test)]

mod architecture;
mod deployment;
mod failures;
#[path = "../../../testkit/src/skips.rs"]
mod skips;
mod terminal;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use astroshield_infra::deploy::cloud::{self, Cloud};
use astroshield_infra::deploy::{self, Done, Terminal, state};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::manifest::{Entry, Manifest};
use astroshield_infra::template::{Kind, Stack, StackName, Template, synthesize};
use aws_sdk_s3::config::Credentials;

/// An emulator that `scripts/services` starts.
struct Emulator {
    name: &'static str,
    address: String,
    authority: String,
}

impl Emulator {
    /// Without it a test is skipped, which in CI is a failure.
    fn find(name: &'static str, variable: &str) -> Option<Self> {
        let read = |name: &str| std::env::var(name).ok();
        let (Some(address), Some(authority)) = (read(variable), read(&format!("{variable}_CA"))) else {
            skips::skip(&format!("{variable} is not set; scripts/test starts {name}"));
            return None;
        };
        Some(Self { name, address, authority })
    }

    fn moto() -> Option<Self> {
        Self::find("moto", "ASTROSHIELD_TEST_S3")
    }

    fn ministack() -> Option<Self> {
        Self::find("ministack", "ASTROSHIELD_TEST_MINISTACK")
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::moto(), Self::ministack()].into_iter().flatten()
    }

    async fn cloud(&self) -> Cloud {
        let loader = cloud::loader(Some(&self.address), Some(Path::new(&self.authority))).unwrap();
        let config =
            loader.credentials_provider(Credentials::new("test", "test", None, None, "test")).load().await;
        Cloud::new(config, true)
    }

    /// What is done behind the back of CloudFormation. Emulators look for region and service in the signature and do not check it.
    fn ask(&self, service: &str, region: &str, path: &str, arguments: &[&str]) -> String {
        let scope = format!("Credential=test/20260101/{region}/{service}/aws4_request");
        let signature =
            format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none");
        let asked = Command::new("curl")
            .args(["--silent", "--show-error", "--fail-with-body", "--cacert", &self.authority])
            .args(["--header", &signature])
            .args(arguments)
            .arg(format!("{}{path}", self.address))
            .output()
            .unwrap();
        let answer = String::from_utf8(asked.stdout).unwrap();
        assert!(asked.status.success(), "{answer}{}", String::from_utf8_lossy(&asked.stderr));
        answer
    }
}

/// A person who says the same to every question, and what was said to them, when.
struct Person {
    agrees: bool,
    asked: Vec<String>,
    shown: Vec<(Instant, String)>,
}

impl Person {
    fn new(agrees: bool) -> Self {
        Self { agrees, asked: Vec::new(), shown: Vec::new() }
    }

    /// Whether a line was shown that has all of these in it.
    fn saw(&self, parts: &[&str]) -> bool {
        self.shown.iter().any(|(_, line)| parts.iter().all(|part| line.contains(part)))
    }
}

impl Terminal for Person {
    fn show(&mut self, line: &str) {
        self.shown.push((Instant::now(), line.to_owned()));
    }

    fn ask(&mut self, question: &str) -> anyhow::Result<bool> {
        self.asked.push(question.to_owned());
        Ok(self.agrees)
    }
}

/// What a test deploys. Each test has a region of its own, as an emulator is one for all.
struct Deployment {
    cloud: Cloud,
    environment: Environment,
    manifest: Manifest,
    templates: Vec<Template>,
    said: BTreeMap<String, String>,
    person: Person,
}

impl Deployment {
    fn new(cloud: &Cloud, region: &str, stacks: &[Stack]) -> Self {
        let operator = Operator::parse(&format!("region = {region:?}")).unwrap();
        let environment = Environment::new(Name::Dev, operator);
        let templates = synthesize(stacks).unwrap();
        let manifest = Manifest::new(&environment, &templates);
        let (said, person) = (BTreeMap::new(), Person::new(false));
        Self { cloud: cloud.clone(), environment, manifest, templates, said, person }
    }

    /// The same with other stacks, and a person who has been told nothing.
    fn with(self, stacks: &[Stack]) -> Self {
        let templates = synthesize(stacks).unwrap();
        let person = Person::new(self.person.agrees);
        Self { manifest: Manifest::new(&self.environment, &templates), templates, person, ..self }
    }

    async fn deploy(&mut self) -> anyhow::Result<Vec<Done>> {
        let mut done = Vec::new();
        for (entry, template) in self.manifest.stacks.iter().zip(&self.templates) {
            let (cloud, person) = (&self.cloud, &mut self.person);
            done.push(deploy::deploy(cloud, &self.manifest, entry, template, &self.said, person).await?);
        }
        Ok(done)
    }

    /// What the deployment fails with.
    async fn fails(&mut self) -> String {
        format!("{:#}", self.deploy().await.unwrap_err())
    }

    fn entry(&self, stack: StackName) -> &Entry {
        self.manifest.stacks.iter().find(|entry| entry.stack == stack).unwrap()
    }

    /// The status of a stack; nothing where there is none.
    async fn status(&self, stack: StackName) -> String {
        let state = state::read(&self.cloud, self.entry(stack)).await.unwrap();
        state.map_or_else(String::new, |state| state.status.as_str().to_owned())
    }

    async fn outputs(&self, stack: StackName) -> BTreeMap<String, String> {
        state::read(&self.cloud, self.entry(stack)).await.unwrap().unwrap().outputs
    }

    async fn has_bucket(&self, name: &str) -> bool {
        self.cloud.s3(&self.environment.region).head_bucket().bucket(name).send().await.is_ok()
    }
}

/// Waits for a signal that nobody sends: it takes its time, and fails.
struct WaitCondition;

impl Kind for WaitCondition {
    const TYPE: &'static str = "AWS::CloudFormation::WaitCondition";
}

/// What a signal would be sent to.
struct WaitConditionHandle;

impl Kind for WaitConditionHandle {
    const TYPE: &'static str = "AWS::CloudFormation::WaitConditionHandle";
}
