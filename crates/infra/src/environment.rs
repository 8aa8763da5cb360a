//! What differs between environments, in this one place: the operator's settings, sizes, and what each is to the others. Nothing else
//! asks which environment it is (a test looks).

mod sizes;

use std::fmt;
use std::path::Path;

use anyhow::{bail, ensure};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::layered;
use crate::template::Kept;

pub use sizes::{
    ApiSize, Architecture, CacheSize, DatabaseSize, IdentityPlan, ServiceSize, Sizes, StreamingSize, Watching,
};

/// The operator's defaults, which are also their own documentation.
pub const DEFAULTS: &str = include_str!("../infra.default.toml");

/// An environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// For those who build it: small, nothing twice, Spot.
    Dev,
    /// What operators of satellites rely on.
    Prod,
    /// Prod in the second region, raised from its copies.
    Recovery,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Prod, Self::Recovery];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
            Self::Recovery => "recovery",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an operator decides. Nothing of it is secret: it is kept in the open beside what is deployed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Domain of prod.
    pub domain: String,
    /// Hosted zone that holds it.
    pub hosted_zone_id: String,
    /// Addresses of mail.
    pub contacts: Vec<String>,
    /// `OWNER/NAME` on GitHub.
    pub repository: String,
    /// Its branch.
    pub branch: String,
    /// Region of the service.
    pub region: String,
    /// Region of the copies.
    pub recovery_region: String,
    /// Network of the VPC.
    pub network: Ipv4Net,
    /// Whether dev has MSK.
    pub dev_streaming: bool,
    /// How a release takes the place of the one before.
    pub deployment: Deployment,
    /// Engine of the cache.
    pub cache_engine: CacheEngine,
    /// Whether people may sign in with Google.
    pub google: bool,
    /// Issuer of another provider; empty: none.
    pub oidc_issuer: String,
    /// Mail server; empty: no mail is sent.
    pub mail_host: String,
    /// Sender of mails.
    pub mail_from: String,
    /// Whether Space-Track's catalog is asked for.
    pub space_track: bool,
    /// Whether `GuardDuty` and Config are switched on.
    pub account_audit: bool,
    /// Whether the account's provider of GitHub's tokens is made.
    pub github_provider: bool,
    /// Networks that are shut out.
    pub deny: Vec<Ipv4Net>,
    /// Networks that alone are let in; empty: all.
    pub allow: Vec<Ipv4Net>,
    /// What may be spent.
    pub budget: Budgets,
}

/// How a release takes the place of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Deployment {
    /// Task by task.
    Rolling,
    /// A part of the requests first.
    Canary,
}

/// What speaks the protocol of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheEngine {
    /// Valkey.
    Valkey,
    /// Redis OSS.
    Redis,
}

/// What may be spent, USD a month.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// By dev.
    pub dev: u32,
    /// By prod.
    pub prod: u32,
    /// By the second region.
    pub recovery: u32,
}

impl Operator {
    /// The defaults, with what a file changes.
    ///
    /// # Errors
    /// When the file cannot be read, or a value cannot be: the key is named.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        layered::read(file, Self::parse)
    }

    /// The defaults, with what a text changes.
    ///
    /// # Errors
    /// When it is no TOML, or a value cannot be: the key is named.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let operator: Self = layered::parse(DEFAULTS, text)?;
        operator.check()?;
        Ok(operator)
    }

    /// Whether alerts are sent by mail.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        !self.mail_host.is_empty()
    }

    fn check(&self) -> anyhow::Result<()> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        ensure!(
            self.domain.contains('.') && self.domain.split('.').all(label),
            "domain: {:?} is no domain in small letters",
            self.domain
        );
        ensure!(!self.contacts.is_empty(), "contacts: nobody would be told of alarms");
        for contact in &self.contacts {
            let parts = contact.split_once('@');
            ensure!(
                parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
                "contacts: {contact:?} is no address"
            );
        }
        ensure!(self.region != self.recovery_region, "recovery_region: is the region of the service, too");
        ensure!(self.network.prefix_len() == 16, "network: {} is not a /16", self.network);
        let Some((owner, name)) = self.repository.split_once('/') else {
            bail!("repository: {:?} is not OWNER/NAME", self.repository)
        };
        ensure!(
            !owner.is_empty() && !name.is_empty() && !name.contains('/'),
            "repository: {:?} is not OWNER/NAME",
            self.repository
        );
        ensure!(
            self.oidc_issuer.is_empty() || self.oidc_issuer.starts_with("https://"),
            "oidc_issuer: {:?} is no address of https",
            self.oidc_issuer
        );
        // It is shown and kept, and would be without use there.
        ensure!(!self.oidc_issuer.contains('@'), "oidc_issuer: has a user or a password in it");
        ensure!(
            self.mail_host.is_empty() == self.mail_from.is_empty(),
            "mail_from: a mail server and a sender go together"
        );
        Ok(())
    }
}

/// What is built: the operator's settings and the sizes of one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Which.
    pub name: Name,
    /// Region that it is in.
    pub region: String,
    /// Domain that people reach it under.
    pub domain: String,
    /// The operator's settings.
    pub operator: Operator,
    /// What may be spent, USD a month.
    pub budget_usd: u32,
    /// Whether it is raised from the copies of another one, and has that one's name only once it is moved there.
    pub stands_by: bool,
    /// How large everything is.
    pub sizes: Sizes,
}

impl Environment {
    /// The environment of that name.
    #[must_use]
    pub fn new(name: Name, operator: Operator) -> Self {
        let region = match name {
            Name::Dev | Name::Prod => operator.region.clone(),
            Name::Recovery => operator.recovery_region.clone(),
        };
        let domain = match name {
            // The name is moved to the second region when it takes over.
            Name::Prod | Name::Recovery => operator.domain.clone(),
            Name::Dev => format!("dev.{}", operator.domain),
        };
        let budget_usd = match name {
            Name::Dev => operator.budget.dev,
            Name::Prod => operator.budget.prod,
            Name::Recovery => operator.budget.recovery,
        };
        let sizes = Sizes::new(name, operator.dev_streaming);
        let stands_by = name == Name::Recovery;
        Self { name, region, domain, operator, budget_usd, stands_by, sizes }
    }

    /// Names of all environments.
    #[must_use]
    pub fn names() -> [&'static str; 3] {
        Name::ALL.map(Name::name)
    }

    /// The environment that has copies of this one; nothing where none are made. `recovery` copies nothing back: once it
    /// has taken over, who goes back decides what is copied.
    #[must_use]
    pub fn copies(&self) -> Option<Self> {
        (self.name == Name::Prod).then(|| Self::new(Name::Recovery, self.operator.clone()))
    }

    /// The environment that it is, or takes over from.
    #[must_use]
    pub const fn original(&self) -> Name {
        match self.name {
            Name::Recovery => Name::Prod,
            name => name,
        }
    }

    /// A number that no other environment has, where things of several in one account must not have the same: prod's is 0.
    #[must_use]
    pub const fn number(&self) -> u32 {
        match self.name {
            Name::Prod => 0,
            Name::Recovery => 1,
            Name::Dev => 2,
        }
    }

    /// Whether a part of the requests goes to a new release first: where its tasks may run beside those of the one before.
    #[must_use]
    pub fn has_canary(&self) -> bool {
        self.operator.deployment == Deployment::Canary && self.sizes.streaming.is_some()
    }

    /// What becomes of something that cannot be made again when it is taken out of its stack.
    #[must_use]
    pub const fn kept(&self) -> Kept {
        if self.sizes.protected { Kept::Yes } else { Kept::No }
    }

    /// Name of something in this environment: `astroshield-prod-uploads`.
    #[must_use]
    pub fn named(&self, what: &str) -> String {
        format!("astroshield-{}-{what}", self.name)
    }

    /// A name under its domain: `api.` and the domain.
    #[must_use]
    pub fn host(&self, label: &str) -> String {
        format!("{label}.{}", self.domain)
    }
}

#[cfg(test)]
mod tests;
