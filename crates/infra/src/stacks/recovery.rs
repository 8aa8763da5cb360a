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
use serde_json::json;

use crate::environment::Environment;
use crate::template::kinds::HealthCheck;
use crate::template::{Resource, Stack};

/// Adds the look from outside, where there is another region to go to. None where only some networks are let in: those
/// of Route 53 are not among them. It is in the stack of the edge: Route 53 tells what it sees in us-east-1 alone.
pub fn look(stack: &Stack, environment: &Environment) -> Option<Resource<HealthCheck>> {
    if !environment.sizes.watching.from_outside || !environment.operator.allow.is_empty() {
        return None;
    }
    Some(stack.add(
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
    ))
}

#[cfg(test)]
mod tests {
    use crate::environment::Name;
    use crate::stacks::storage::tests::{all, made, properties, stack};
    use crate::template::StackName;

    #[test]
    fn prod_is_looked_at_from_outside_and_somebody_is_paged_wherever_it_is() {
        for settings in ["", "region = \"eu-central-1\""] {
            let templates = made(Name::Prod, settings);
            let edge = stack(&templates, StackName::Edge);
            let check = &properties(edge, "HealthCheck")["HealthCheckConfig"];
            assert_eq!(check["FullyQualifiedDomainName"], "astroshield.example.org");
            let alarm = properties(edge, "UnreachableAlarm");
            assert_eq!(alarm["Dimensions"][0]["Value"]["Ref"], "HealthCheck");
            assert_eq!(alarm["AlarmActions"][0]["Ref"], "Page");
            assert_eq!(alarm["TreatMissingData"], "breaching");
        }
    }

    #[test]
    fn nobody_looks_where_he_would_be_turned_away() {
        for (name, settings) in [(Name::Prod, "allow = [\"198.51.100.0/24\"]"), (Name::Recovery, "")] {
            let templates = made(name, settings);
            let edge = stack(&templates, StackName::Edge);
            assert!(all(edge, "AWS::Route53::HealthCheck").is_empty());
            // Nor is there a topic that nothing would ever tell.
            assert_eq!(all(edge, "AWS::SNS::Topic").len(), 1);
            assert!(edge.body["Resources"]["UnreachableAlarm"].is_null());
        }
    }
}
