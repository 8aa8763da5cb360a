//! What is needed to take over in the other region.
//!
//! Beforehand there are, in the other region, the stacks `storage` and `recovery` of the environment `recovery`:
//! buckets, key and vault, into which prod copies blobs, assets, packages of functions, backups, and what RDS needs to
//! restore to a moment. Images and secrets are copied, too. Templates are made from the repository and the operator's settings,
//! which are kept there (`docs/aws/deploy.md`). The rest is made when it is needed, by deploying `recovery` whole, with the database restored from what
//! [`database`](super::database) asks for.
//!
//! Somebody decides that, and nothing does it by itself: what looks like the end of a region may be over sooner than a
//! restore, and two databases that both were written to are never one again. So there are no records of DNS that fail
//! over, and no second origin of CloudFront, which would lead to nothing. What there is, is a look from outside, which
//! knows when nobody reaches the service.

use astroshield_domain::deployment::READY;
use serde_json::{Value, json};

use crate::environment::{Environment, Name};
use crate::stacks::monitoring::Monitoring;
use crate::template::kinds::{Alarm, HealthCheck};
use crate::template::{Resource, Stack};

/// Region in which Route 53 tells what it sees.
const GLOBAL: &str = "us-east-1";

/// Adds the look from outside, where there is another region to go to. None where only some networks are let in: those
/// of Route 53 are not among them.
pub fn add(stack: &Stack, environment: &Environment, monitoring: &Monitoring) {
    if environment.name != Name::Prod || !environment.operator.allow.is_empty() {
        return;
    }
    let check: Resource<HealthCheck> = stack.add(
        "HealthCheck",
        json!({
            "HealthCheckConfig": {
                "Type": "HTTPS",
                "FullyQualifiedDomainName": environment.domain,
                "Port": 443,
                "ResourcePath": READY,
                "EnableSNI": true,
                "RequestInterval": 30,
                "FailureThreshold": 3,
            },
            "HealthCheckTags": [{ "Key": "Name", "Value": environment.named("ready") }],
        }),
    );
    // Elsewhere there is no such metric; the console of Route 53 shows the state all the same.
    if environment.region == GLOBAL {
        stack.add::<Alarm>("Unreachable", alarm(environment, &check, monitoring));
    }
}

fn alarm(environment: &Environment, check: &Resource<HealthCheck>, monitoring: &Monitoring) -> Value {
    json!({
        "AlarmName": environment.named("unreachable"),
        "AlarmDescription": "Seen from outside, the service does not answer. Look whether the region has failed before \
            deciding to take over in the other one. Runbook: unreachable.",
        "Namespace": "AWS/Route53",
        "MetricName": "HealthCheckStatus",
        "Dimensions": [{ "Name": "HealthCheckId", "Value": check.id() }],
        "Statistic": "Minimum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1,
        "TreatMissingData": "breaching",
        "AlarmActions": [monitoring.page.arn()],
        "OKActions": [monitoring.page.arn()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stacks::storage::tests::{all, made, properties, stack};
    use crate::template::StackName;

    #[test]
    fn prod_is_looked_at_from_outside_and_somebody_is_paged() {
        let templates = made(Name::Prod, "");
        let recovery = stack(&templates, StackName::Recovery);
        let check = &properties(recovery, "HealthCheck")["HealthCheckConfig"];
        assert_eq!(check["FullyQualifiedDomainName"], "astroshield.example.org");
        let alarm = properties(recovery, "Unreachable");
        assert_eq!(alarm["Dimensions"][0]["Value"]["Ref"], "HealthCheck");
        assert_eq!(alarm["AlarmActions"][0]["Ref"], "ObservabilityPage");
    }

    #[test]
    fn nobody_looks_where_he_would_be_turned_away() {
        let templates = made(Name::Prod, "allow = [\"198.51.100.0/24\"]");
        assert!(all(stack(&templates, StackName::Recovery), "AWS::Route53::HealthCheck").is_empty());
    }

    #[test]
    fn there_is_no_alarm_where_its_metric_is_not() {
        let templates = made(Name::Prod, "region = \"eu-central-1\"");
        let recovery = stack(&templates, StackName::Recovery);
        assert_eq!(all(recovery, "AWS::Route53::HealthCheck").len(), 1);
        assert!(all(recovery, "AWS::CloudWatch::Alarm").is_empty());
    }
}
