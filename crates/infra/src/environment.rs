//! What differs between environments: the operator's settings, and sizes.

use std::fmt;
use std::path::Path;

use anyhow::{bail, ensure};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::layered;
use crate::template::Kept;

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
    /// Region that has copies of it.
    pub copies_region: String,
    /// Domain that people reach it under.
    pub domain: String,
    /// The operator's settings.
    pub operator: Operator,
    /// What may be spent, USD a month.
    pub budget_usd: u32,
    /// How large everything is.
    pub sizes: Sizes,
}

/// How large everything is, and how much of it there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    /// Availability Zones.
    pub zones: usize,
    /// NAT gateways: one, or one for each zone.
    pub nat_gateways: usize,
    /// Whether services of AWS are reached by interface endpoints, and not by the NAT gateway.
    pub interface_endpoints: bool,
    /// The database.
    pub database: DatabaseSize,
    /// The cache.
    pub cache: CacheSize,
    /// MSK; nothing: events stay in the one process.
    pub streaming: Option<StreamingSize>,
    /// Services of ECS, by role.
    pub services: Vec<ServiceSize>,
    /// The APIs for programs.
    pub api: ApiSize,
    /// Plan of Cognito's features.
    pub identity: IdentityPlan,
    /// Days for which logs are kept where they can be asked.
    pub log_days: u32,
    /// Whether what must not be lost is protected from being removed, and copied to the other region.
    pub protected: bool,
}

/// The database.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseSize {
    /// Class of the instance.
    pub class: &'static str,
    /// GiB that it has at first.
    pub storage_gib: u32,
    /// GiB that it may grow to.
    pub most_storage_gib: u32,
    /// Whether another zone has a copy that takes over.
    pub multi_az: bool,
    /// Copies for reading.
    pub replicas: usize,
    /// Class of those.
    pub replica_class: &'static str,
    /// Days for which it can be restored to any time.
    pub backup_days: u32,
}

/// The cache.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheSize {
    /// Type of a node.
    pub node: &'static str,
    /// Shards. More than one is cluster mode.
    pub shards: u32,
    /// Copies of each shard in other zones.
    pub replicas: u32,
}

/// MSK.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamingSize {
    /// Type of a broker.
    pub broker: &'static str,
    /// Brokers: a multiple of the zones.
    pub brokers: usize,
    /// GiB of each.
    pub storage_gib: u32,
    /// Partitions of the topics (`bus.partitions`).
    pub partitions: u32,
}

/// The APIs for programs.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiSize {
    /// Requests in a second that are let through, of all callers together.
    pub requests_per_s: u32,
    /// How many may come at once.
    pub burst: u32,
    /// Requests in a second of the default usage plan.
    pub plan_requests_per_s: u32,
    /// Requests in a month of the default usage plan.
    pub plan_requests_per_month: u32,
    /// How many times that the generous plan has.
    pub generous_times: u32,
    /// Functions of each kind that can run at once, whatever else runs in the account. A new account has 10 for everything,
    /// of which none can be set apart.
    pub reserved_functions: Option<u32>,
}

/// What Cognito does, and costs for each who signs in within a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityPlan {
    /// Passkeys, and managed pages.
    Essentials,
    /// Protection from stolen passwords and odd sign-ins, and a log of them, too.
    Plus,
}

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Graviton.
    Arm64,
    /// Intel or AMD, with AVX2.
    X86_64,
}

/// A service of ECS.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceSize {
    /// Its name (`api`).
    pub name: &'static str,
    /// Roles of its processes, as `--role` takes them.
    pub roles: &'static str,
    /// 1024ths of a vCPU.
    pub cpu: u32,
    /// MiB of memory.
    pub memory_mib: u32,
    /// The processor.
    pub architecture: Architecture,
    /// Least tasks.
    pub least: u32,
    /// Most tasks.
    pub most: u32,
    /// Tasks that are never on Spot.
    pub base: u32,
    /// Weight of Spot beyond them, against on demand.
    pub spot_weight: u32,
    /// The same of on demand.
    pub on_demand_weight: u32,
}

impl Environment {
    /// The environment of that name.
    #[must_use]
    pub fn new(name: Name, operator: Operator) -> Self {
        let (region, copies_region) = match name {
            Name::Dev | Name::Prod => (operator.region.clone(), operator.recovery_region.clone()),
            Name::Recovery => (operator.recovery_region.clone(), operator.region.clone()),
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
        let sizes = match name {
            Name::Dev => Sizes::dev(operator.dev_streaming),
            Name::Prod | Name::Recovery => Sizes::prod(),
        };
        Self { name, region, copies_region, domain, operator, budget_usd, sizes }
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

impl Sizes {
    fn dev(streaming: bool) -> Self {
        Self {
            zones: 2,
            nat_gateways: 1,
            interface_endpoints: false,
            database: DatabaseSize {
                class: "db.t4g.micro",
                storage_gib: 20,
                most_storage_gib: 50,
                multi_az: false,
                replicas: 0,
                replica_class: "db.t4g.micro",
                backup_days: 7,
            },
            cache: CacheSize { node: "cache.t4g.micro", shards: 1, replicas: 0 },
            streaming: streaming.then_some(StreamingSize {
                // By reports, `kafka.t3.small` is refused for new clusters since July 2026, and this is the smallest.
                broker: "kafka.m7g.large",
                brokers: 2,
                storage_gib: 10,
                partitions: 12,
            }),
            services: vec![ServiceSize {
                name: "all",
                roles: "api,ingest,screen,analyze,notify,relay",
                cpu: 1024,
                memory_mib: 2048,
                architecture: Architecture::Arm64,
                least: 1,
                most: 1,
                base: 0,
                spot_weight: 1,
                on_demand_weight: 0,
            }],
            api: ApiSize {
                requests_per_s: 50,
                burst: 100,
                plan_requests_per_s: 20,
                plan_requests_per_month: 500_000,
                generous_times: 2,
                reserved_functions: None,
            },
            identity: IdentityPlan::Essentials,
            log_days: 14,
            protected: false,
        }
    }

    fn prod() -> Self {
        let service = ServiceSize {
            name: "api",
            roles: "api",
            cpu: 1024,
            memory_mib: 2048,
            architecture: Architecture::Arm64,
            least: 2,
            most: 6,
            base: 2,
            spot_weight: 1,
            on_demand_weight: 0,
        };
        Self {
            zones: 3,
            nat_gateways: 3,
            interface_endpoints: true,
            database: DatabaseSize {
                class: "db.r8g.large",
                storage_gib: 100,
                most_storage_gib: 1000,
                multi_az: true,
                replicas: 1,
                // Lists of the API alone; the writer takes over what it cannot serve.
                replica_class: "db.t4g.medium",
                backup_days: 35,
            },
            cache: CacheSize { node: "cache.t4g.medium", shards: 1, replicas: 1 },
            streaming: Some(StreamingSize {
                broker: "kafka.m7g.large",
                brokers: 3,
                storage_gib: 50,
                partitions: 12,
            }),
            services: vec![
                service.clone(),
                ServiceSize {
                    name: "screen",
                    roles: "screen",
                    cpu: 4096,
                    memory_mib: 8192,
                    architecture: Architecture::X86_64,
                    least: 1,
                    most: 8,
                    base: 1,
                    ..service.clone()
                },
                ServiceSize {
                    name: "notify",
                    roles: "notify",
                    cpu: 512,
                    memory_mib: 1024,
                    most: 4,
                    ..service.clone()
                },
                ServiceSize {
                    name: "ingest",
                    roles: "ingest",
                    cpu: 512,
                    memory_mib: 2048,
                    most: 2,
                    ..service.clone()
                },
                ServiceSize { name: "relay", roles: "relay", cpu: 512, memory_mib: 1024, most: 2, ..service },
            ],
            api: ApiSize {
                requests_per_s: 500,
                burst: 1000,
                plan_requests_per_s: 100,
                plan_requests_per_month: 5_000_000,
                generous_times: 4,
                reserved_functions: Some(100),
            },
            identity: IdentityPlan::Plus,
            log_days: 90,
            protected: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names() {
        let operator = Operator::parse("domain = \"sda.example.net\"\n[budget]\ndev = 99\n").unwrap();
        assert_eq!(operator.domain, "sda.example.net");
        assert_eq!((operator.budget.dev, operator.budget.prod), (99, 1800));
        assert_eq!(Environment::new(Name::Dev, operator.clone()).host("api"), "api.dev.sda.example.net");
        let recovery = Environment::new(Name::Recovery, operator);
        assert_eq!((recovery.region.as_str(), recovery.copies_region.as_str()), ("us-west-2", "us-east-1"));
    }

    #[test]
    fn settings_that_were_kept_are_those_that_were_given() {
        let text = "cache_engine = \"redis\"\ndeny = [\"192.0.2.0/24\"]\n[budget]\nprod = 99\n";
        let operator = Operator::parse(text).unwrap();
        let kept = toml::to_string_pretty(&operator).unwrap();
        assert_eq!(Operator::parse(&kept).unwrap(), operator);
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_key() {
        for (text, error) in [
            ("domian = \"x\"", "domian"),
            ("[budget]\nporod = 1", "budget.porod"),
            ("domain = \"Example.org\"", "domain: \"Example.org\" is no domain in small letters"),
            ("contacts = []", "contacts: nobody would be told of alarms"),
            ("contacts = [\"me\"]", "contacts: \"me\" is no address"),
            ("network = \"10.0.0.0/8\"", "network: 10.0.0.0/8 is not a /16"),
            ("network = \"ten\"", "network: "),
            ("recovery_region = \"us-east-1\"", "recovery_region: is the region of the service, too"),
            ("repository = \"mine\"", "repository: \"mine\" is not OWNER/NAME"),
            ("cache_engine = \"memcached\"", "cache_engine: "),
            ("oidc_issuer = \"http://x.org\"", "oidc_issuer: "),
            ("oidc_issuer = \"https://me:secret@x.org\"", "oidc_issuer: has a user or a password in it"),
            ("mail_host = \"smtp.example.org\"", "mail_from: "),
        ] {
            let refused = format!("{:#}", Operator::parse(text).unwrap_err());
            assert!(refused.contains(error), "{text}: {refused}");
        }
    }
}
