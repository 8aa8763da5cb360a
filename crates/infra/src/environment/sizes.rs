//! How large everything is in each environment, and how much of it there is.

use super::Name;

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
    /// Days for which logs are kept in their bucket.
    pub stored_log_days: u32,
    /// Days after which they are where keeping costs less and reading more; nothing: never.
    pub cold_log_days: Option<u32>,
    /// Days in which somebody may think better of removing a key.
    pub key_days: u32,
    /// What is watched, and how closely.
    pub watching: Watching,
    /// Whether it makes what an account has once, for all environments: CloudTrail and Config, search in traces, what looks for costs
    /// out of the ordinary, and the provider of GitHub's tokens.
    pub account_wide: bool,
    /// Whether a pipeline builds and releases what is pushed.
    pub pipeline: bool,
    /// Whether backups are restored now and then, to see that they can be.
    pub tries_restores: bool,
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
    /// Days for which its daily snapshots are kept.
    pub snapshot_days: u32,
}

/// What is watched, and how closely.
#[derive(Debug, Clone, PartialEq)]
pub struct Watching {
    /// Whether all alarms are there, and not only the few that say that nothing works any more.
    pub all_alarms: bool,
    /// Whether one alarm pages for all of the same trouble. It costs as much as five.
    pub pages_once: bool,
    /// Whether there is a dashboard of costs. Three dashboards are free in an account.
    pub cost_dashboard: bool,
    /// Whether ECS measures each task and container, by the metric.
    pub container_insights: bool,
    /// Share of traces that the application begins (`telemetry.sampling`).
    pub trace_share: f64,
    /// Whether `GuardDuty` looks, and what it finds is told. There is one in an account and region.
    pub findings: bool,
    /// Whether Route 53 looks at it from outside.
    pub from_outside: bool,
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

impl Sizes {
    /// Those of an environment; dev with MSK or without.
    pub(super) fn new(name: Name, dev_streaming: bool) -> Self {
        match name {
            Name::Dev => Self::dev(dev_streaming),
            Name::Prod => Self::prod(),
            Name::Recovery => Self::recovery(),
        }
    }

    /// Those of prod, without what its account has already, and what is of use only where people are.
    fn recovery() -> Self {
        let prod = Self::prod();
        Self {
            watching: Watching { from_outside: false, ..prod.watching },
            account_wide: false,
            pipeline: false,
            tries_restores: false,
            ..prod
        }
    }

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
            cache: CacheSize { node: "cache.t4g.micro", shards: 1, replicas: 0, snapshot_days: 1 },
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
            stored_log_days: 30,
            cold_log_days: None,
            key_days: 7,
            watching: Watching {
                all_alarms: false,
                pages_once: false,
                cost_dashboard: false,
                container_insights: false,
                trace_share: 1.0,
                findings: false,
                from_outside: false,
            },
            account_wide: false,
            pipeline: false,
            tries_restores: false,
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
            cache: CacheSize { node: "cache.t4g.medium", shards: 1, replicas: 1, snapshot_days: 7 },
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
            stored_log_days: 400,
            cold_log_days: Some(90),
            key_days: 30,
            watching: Watching {
                all_alarms: true,
                pages_once: true,
                cost_dashboard: true,
                container_insights: true,
                trace_share: 0.05,
                findings: true,
                from_outside: true,
            },
            account_wide: true,
            pipeline: true,
            tries_restores: true,
            protected: true,
        }
    }
}
