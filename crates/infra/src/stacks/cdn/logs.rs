//! Access logs of CloudFront, into the bucket of logs (standard logging, version 2).
//!
//! CloudWatch Logs delivers them under the bucket's policy, so the bucket needs no ACL, which the older way wants.

use serde_json::json;

use crate::environment::Environment;
use crate::join;
use crate::template::kinds::{Bucket, Distribution, LogDelivery, LogDeliveryDestination, LogDeliverySource};
use crate::template::value::{account, partition};
use crate::template::{Resource, Stack};

/// What is logged. Not: parameters and referrers, which hold codes of sign-ins, and cookies.
pub(super) const FIELDS: [&str; 20] = [
    "date",
    "time",
    "c-ip",
    "cs-method",
    "x-host-header",
    "cs-uri-stem",
    "sc-status",
    "cs(User-Agent)",
    "cs-protocol",
    "cs-protocol-version",
    "ssl-protocol",
    "cs-bytes",
    "sc-bytes",
    "time-taken",
    "time-to-first-byte",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "x-edge-detailed-result-type",
];

pub(super) fn add(
    stack: &Stack,
    environment: &Environment,
    distribution: &Resource<Distribution>,
    bucket: &Resource<Bucket>,
) {
    let arn = join!("arn:", partition(), ":cloudfront::", account(), ":distribution/", distribution.id());
    let source: Resource<LogDeliverySource> = stack.add(
        "AccessLogsSource",
        json!({
            "Name": environment.named("edge-access"),
            "LogType": "ACCESS_LOGS",
            "ResourceArn": arn,
        }),
    );
    let destination: Resource<LogDeliveryDestination> = stack.add(
        "AccessLogsDestination",
        json!({
            "Name": environment.named("edge-access"),
            "OutputFormat": "json",
            "DestinationResourceArn": bucket.arn(),
        }),
    );
    stack.add::<LogDelivery>(
        "AccessLogs",
        json!({
            "DeliverySourceName": source.name(),
            "DeliveryDestinationArn": destination.arn(),
            "RecordFields": FIELDS,
            "S3SuffixPath": "{DistributionId}/{yyyy}/{MM}/{dd}",
        }),
    );
}
