//! What an alarm is: on what metric, when, for whom, and what to do then.

use astroshield_domain::metrics;
use serde::Serialize;

pub use crate::stacks::compute::namespace;

/// Namespace of the metrics that are made of CloudTrail's log.
pub const AUDIT_NAMESPACE: &str = "AstroShield/Audit";

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Group {
    /// Whether the service answers.
    Health,
    /// Whether it is quick, and has room.
    Performance,
    /// Who gets in.
    Security,
    /// Whether anything happens at all.
    Silence,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Health, Self::Performance, Self::Security, Self::Silence];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Health => "Service health",
            Self::Performance => "Performance",
            Self::Security => "Security",
            Self::Silence => "Silence",
        }
    }
}

/// Who is told, and when that one has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Severity {
    /// Act now.
    Page,
    /// Look today.
    Tell,
}

/// The alarm that pages once for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Composite {
    /// The service is not there, or not as it should be.
    Service,
    /// A part that holds data is in trouble.
    Data,
}

impl Composite {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Service, Self::Data];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Data => "data",
        }
    }

    /// What it says.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Service => "The service does not answer as it should. The alarms that make it up say why.",
            Self::Data => "Database, cache or brokers are in trouble. The alarms that make it up say which.",
        }
    }
}

/// Of what a metric of AWS is. One of several makes an alarm for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Of {
    /// The load balancer.
    LoadBalancer,
    /// Its targets.
    Targets,
    /// Each service of ECS.
    EachService,
    /// The database.
    Writer,
    /// Its read replica.
    Reader,
    /// Each node of the cache.
    EachCacheNode,
    /// The cluster of brokers.
    Brokers,
    /// Each broker.
    EachBroker,
    /// Each function behind an API.
    EachFunction,
    /// Each function that rotates a password.
    EachRotation,
    /// The REST API.
    RestApi,
    /// The WebSocket API.
    StreamApi,
    /// A filter of CloudTrail's log.
    Audit,
    /// The certificate of load balancer and APIs, and that of CloudFront, which is in the stack of the edge.
    Certificates,
    /// The web ACL of CloudFront. Its alarm is in the stack of the edge.
    EdgeAcl,
    /// What Route 53 sees from outside, where it looks. Its alarm is in the stack of the edge.
    FromOutside,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Watched {
    /// A metric of the application with values of its labels.
    Application {
        /// Its name.
        metric: &'static str,
        /// Its labels, with their values.
        labels: Vec<(&'static str, &'static str)>,
        /// How values of a period become one.
        statistic: &'static str,
    },
    /// A metric of the application over all values of its labels.
    ApplicationOverAll {
        /// Its name.
        metric: &'static str,
        /// Its labels.
        labels: Vec<&'static str>,
        /// How the values become one (`MAX`).
        function: &'static str,
    },
    /// A metric of AWS.
    Aws {
        /// Of what.
        of: Of,
        /// Its namespace.
        namespace: &'static str,
        /// Its name.
        metric: &'static str,
        /// How values of a period become one.
        statistic: &'static str,
    },
    /// A metric of AWS over everything of its kind in this region.
    AwsOverAll {
        /// Its namespace.
        namespace: &'static str,
        /// Its name.
        metric: &'static str,
        /// Its dimensions.
        dimensions: &'static [&'static str],
        /// Which alone (`Rule = 'ALL'`); empty: all.
        only: &'static str,
        /// How the values become one (`SUM`).
        function: &'static str,
    },
    /// Tasks that a service lacks.
    TasksMissing,
}

/// When it is too much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum When {
    /// Above it.
    Above(f64),
    /// Below it.
    Below(f64),
}

/// What it means that nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Missing {
    /// That something is wrong.
    Breaching,
    /// That all is well.
    NotBreaching,
    /// That all is as it was.
    Ignored,
}

impl Missing {
    /// As CloudFormation writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignored => "ignore",
        }
    }
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// Its name, with dashes.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it looks at.
    pub watched: Watched,
    /// When it goes off.
    pub when: When,
    /// Seconds of a period.
    pub period: u32,
    /// Periods that are looked at.
    pub periods: u32,
    /// Of them, how many have to be too much.
    pub bad: u32,
    /// What a period without a value means.
    pub missing: Missing,
    /// Who is told.
    pub severity: Severity,
    /// The alarm that pages in its place.
    pub composite: Option<Composite>,
    /// Whether dev has it, too.
    pub dev: bool,
    /// What it says, and why that matters.
    pub why: &'static str,
    /// What usually is behind it.
    pub cause: &'static str,
    /// Where to look.
    pub look: &'static str,
    /// What to do.
    pub act: &'static str,
}

impl Alarm {
    /// The metric of the application that it looks at.
    #[must_use]
    pub fn application_metric(&self) -> Option<(&metrics::Metric, Vec<&'static str>)> {
        let (name, labels) = match &self.watched {
            Watched::Application { metric, labels, .. } => {
                (*metric, labels.iter().map(|(label, _)| *label).collect())
            }
            Watched::ApplicationOverAll { metric, labels, .. } => (*metric, labels.clone()),
            _ => return None,
        };
        Some((metrics::ALL.iter().find(|known| known.name == name)?, labels))
    }
}
