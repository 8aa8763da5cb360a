//! How much is used: what cannot be read off the templates.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::environment::Name;
use crate::layered;

/// The assumptions, which are also their own documentation.
pub const DEFAULTS: &str = include_str!("../../usage.default.toml");

/// What is taken off where something is paid for otherwise than on demand, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Discounts {
    /// By Spot, off Fargate.
    pub spot: f64,
    /// By a year's reservation, off RDS.
    pub reserved_database: f64,
    /// By a year's reservation, off ElastiCache.
    pub reserved_cache: f64,
    /// By a year's Compute Savings Plan, off Fargate.
    pub savings_plan: f64,
}

macro_rules! used {
    ($($name:ident: $help:literal,)*) => {
        /// What an environment uses in a month. `usage.default.toml` says more of each.
        #[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct Used {
            $(#[doc = $help] pub $name: f64,)*
        }

        impl Used {
            /// Each with its name.
            #[must_use]
            pub fn each(&self) -> Vec<(&'static str, &'static str, f64)> {
                vec![$((stringify!($name), $help, self.$name)),*]
            }
        }
    };
}

used! {
    hours: "Hours for which everything runs",
    overflow_task_hours: "Hours of tasks beyond the least ones, of each service that may have more, on Spot",
    rest_requests_millions: "Requests to the REST API, millions",
    stream_messages_millions: "Messages of the WebSocket API, millions",
    stream_minutes_millions: "Connection-minutes of the WebSocket API, millions",
    page_requests_millions: "Requests to CloudFront, millions",
    page_gb: "GB from CloudFront to browsers",
    console_gb: "GB from Amplify to CloudFront",
    load_balancer_units: "Capacity units of the load balancer, on average",
    nat_gb: "GB through NAT gateways",
    endpoint_gb: "GB through interface endpoints",
    zones_gb: "GB between zones",
    region_gb: "GB to the other region",
    logs_gb: "GB of logs taken in",
    flow_logs_gb: "GB of flow logs taken in",
    logs_kept_gb: "GB of logs kept, compressed",
    metrics: "Series of metrics of the application and of filters of logs",
    insights_metrics: "Series of metrics of Container Insights",
    mails_thousands: "Mails of notifications, thousands",
    traces_millions: "Traces that are kept, millions",
    bucket_gb: "GB in buckets",
    bucket_writes_thousands: "Writes to buckets, thousands",
    bucket_reads_thousands: "Reads of buckets, thousands",
    images_gb: "GB of images",
    backup_gb: "GB of backups beyond what comes with the database",
    restore_tests: "Recovery points whose restore is tried",
    function_requests_millions: "Invocations of functions, millions",
    function_gb_seconds_millions: "GB-seconds of functions, millions",
    users: "People who sign in",
    key_requests_millions: "Calls of KMS, millions",
    secret_calls_millions: "Calls of Secrets Manager, millions",
    audited_millions: "Events that GuardDuty reads, millions",
    watched_gb: "GB of flow and DNS logs that GuardDuty reads",
    config_items: "Items that Config records",
    config_evaluations: "Evaluations of Config's rules",
    queries_millions: "DNS queries, millions",
    pipeline_minutes: "Minutes of pipelines' actions",
    build_minutes: "Minutes of builds of the image",
    console_build_minutes: "Minutes of builds of the console",
}

/// Assumptions for all environments.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// What is taken off.
    pub discounts: Discounts,
    /// Of dev.
    pub dev: Used,
    /// Of prod.
    pub prod: Used,
    /// Of the second region, raised.
    pub recovery: Used,
}

impl Usage {
    /// The assumptions, with what a file changes.
    ///
    /// # Errors
    /// When the file cannot be read, or a value cannot be: the key is named.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        layered::read(file, Self::parse)
    }

    /// The assumptions, with what a text changes.
    ///
    /// # Errors
    /// When it is no TOML, or a value cannot be: the key is named.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        layered::parse(DEFAULTS, text)
    }

    /// That of an environment.
    #[must_use]
    pub fn of(&self, name: Name) -> &Used {
        match name {
            Name::Dev => &self.dev,
            Name::Prod => &self.prod,
            Name::Recovery => &self.recovery,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names() {
        let usage = Usage::parse("[prod]\nlogs_gb = 500\n").unwrap();
        assert!(usage.prod.logs_gb > 499.0 && usage.dev.logs_gb < 499.0);
        let refused = format!("{:#}", Usage::parse("[prod]\nlog_gb = 500\n").unwrap_err());
        assert!(refused.contains("prod.log_gb"), "{refused}");
    }
}
