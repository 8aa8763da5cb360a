//! What is watched in us-east-1, where CloudWatch has the metrics of CloudFront's parts and of Route 53's looks from outside,
//! whatever the region of the rest. An alarm is about metrics of its own region and tells topics of it alone, so topics are there,
//! too. That is so where the service is in us-east-1 as well: another region is a setting, and no reason to move an alarm.

use crate::environment::Environment;
use crate::manifest::EDGE_REGION;
use crate::stacks::cdn::Cdn;
use crate::stacks::storage::{Storage, key_of_topics};
use crate::template::kinds::{HealthCheck, Key};
use crate::template::{Resource, Stack};

use super::cloudwatch::{self, Edge};

/// Adds it, where an environment has alarms there.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    cdn: &Cdn,
    check: Option<&Resource<HealthCheck>>,
    storage: &Storage,
) {
    cloudwatch::of_edge(stack, environment, &Edge { certificate: &cdn.certificate, check, storage });
}

/// What topics there are encrypted with: a key of that region.
pub(super) fn key(stack: &Stack, environment: &Environment, storage: &Storage) -> Resource<Key> {
    if environment.region == EDGE_REGION { storage.key.clone() } else { key_of_topics(stack, environment) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::environment::Name;
    use crate::stacks::storage::tests::{all, made, properties, stack};
    use crate::template::StackName;

    const ELSEWHERE: &str = "region = \"eu-central-1\"";

    #[test]
    fn somebody_is_told_of_both_certificates_before_they_end() {
        let templates = made(Name::Prod, "");
        let observability =
            properties(stack(&templates, StackName::Observability), "CertificateExpiresAlarm");
        let edge = properties(stack(&templates, StackName::Edge), "CertificateExpiresAlarm");
        for (alarm, certificate) in [(observability, "ApplicationCertificate"), (edge, "Certificate")] {
            assert_eq!(alarm["MetricName"], "DaysToExpiry");
            assert_eq!(alarm["Dimensions"][0]["Value"]["Ref"], certificate);
            assert_eq!(
                (&alarm["ComparisonOperator"], &alarm["Threshold"]),
                (&json!("LessThanThreshold"), &json!(30.0))
            );
            assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "Tell" }]));
        }
    }

    #[test]
    fn the_web_acl_of_cloudfront_is_watched_where_its_metrics_are() {
        for (name, settings) in [(Name::Prod, ""), (Name::Prod, ELSEWHERE), (Name::Recovery, "")] {
            let templates = made(name, settings);
            let edge = stack(&templates, StackName::Edge);
            let (alarm, acl) = (properties(edge, "WafBlocksEdgeAlarm"), properties(edge, "EdgeAcl"));
            let web_acl = json!({ "Name": "WebACL", "Value": acl["VisibilityConfig"]["MetricName"] });
            assert_eq!(alarm["Dimensions"], json!([{ "Name": "Rule", "Value": "ALL" }, web_acl]));
            assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "Tell" }]));
        }
    }

    #[test]
    fn in_every_region_there_are_the_same_alarms_and_none_twice() {
        for name in Name::ALL {
            let alarms = |settings: &str| -> BTreeMap<String, StackName> {
                let mut found = BTreeMap::new();
                for template in made(name, settings) {
                    for (_, alarm) in all(&template, "AWS::CloudWatch::Alarm") {
                        let alarm = alarm["AlarmName"].as_str().unwrap().to_owned();
                        assert_eq!(found.insert(alarm.clone(), template.stack), None, "{alarm}");
                    }
                }
                found
            };
            assert_eq!(alarms(""), alarms(ELSEWHERE));
        }
    }

    #[test]
    fn the_topics_are_under_a_key_of_their_own_region() {
        for (settings, key) in [("", "StorageKeyArn"), (ELSEWHERE, "TopicKey")] {
            let templates = made(Name::Prod, settings);
            let edge = stack(&templates, StackName::Edge);
            let topics = all(edge, "AWS::SNS::Topic");
            assert_eq!(topics.len(), 2);
            for (_, topic) in topics {
                let found = topic["KmsMasterKeyId"].to_string();
                assert!(found.contains(&format!("\"{key}\"")), "{found}");
            }
            assert_eq!(edge.body["Resources"]["TopicKey"].is_object(), key == "TopicKey");
        }
        let recovery = made(Name::Recovery, "");
        let key = properties(stack(&recovery, StackName::Edge), "TopicKey")["KeyPolicy"].to_string();
        assert!(key.contains("cloudwatch.amazonaws.com"), "{key}");
    }

    #[test]
    fn dev_pays_for_no_alarm_there() {
        let templates = made(Name::Dev, ELSEWHERE);
        let edge = stack(&templates, StackName::Edge);
        for kind in ["AWS::CloudWatch::Alarm", "AWS::SNS::Topic"] {
            assert!(all(edge, kind).is_empty(), "{kind}");
        }
        assert!(edge.body["Resources"]["TopicKey"].is_null());
    }
}
