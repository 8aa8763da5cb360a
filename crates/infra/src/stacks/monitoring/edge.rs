//! What is watched in us-east-1, where CloudFront's parts are whatever the region of the rest. An alarm tells topics of its own
//! region alone, so there is one there.

use crate::environment::{Environment, Name};
use crate::manifest::EDGE_REGION;
use crate::stacks::cdn::Cdn;
use crate::stacks::storage::{Storage, key_of_topics};
use crate::template::Stack;

use super::{cloudwatch, topic};

/// Adds it. Dev has no alarm there.
pub fn add(stack: &Stack, environment: &Environment, cdn: &Cdn, storage: &Storage) {
    if environment.name == Name::Dev {
        return;
    }
    let key = if environment.region == EDGE_REGION {
        storage.key.clone()
    } else {
        key_of_topics(stack, environment)
    };
    let topic = topic(stack, environment, &key, "Told", "edge");
    cloudwatch::of_edge(stack, environment, &cdn.certificate, &topic);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stacks::storage::tests::{all, made, properties, stack};
    use crate::template::StackName;

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
        }
        assert_eq!(observability["AlarmActions"], json!([{ "Ref": "Tell" }]));
        assert_eq!(edge["AlarmActions"], json!([{ "Ref": "Told" }]));
    }

    #[test]
    fn the_topic_is_under_a_key_of_its_own_region() {
        for (settings, key) in [("", "StorageKeyArn"), ("region = \"eu-central-1\"", "TopicKey")] {
            let templates = made(Name::Prod, settings);
            let edge = stack(&templates, StackName::Edge);
            let found = properties(edge, "Told")["KmsMasterKeyId"].to_string();
            assert!(found.contains(&format!("\"{key}\"")), "{found}");
            assert_eq!(edge.body["Resources"]["TopicKey"].is_object(), key == "TopicKey");
        }
        let recovery = made(Name::Recovery, "");
        let key = properties(stack(&recovery, StackName::Edge), "TopicKey")["KeyPolicy"].to_string();
        assert!(key.contains("cloudwatch.amazonaws.com"), "{key}");
    }

    #[test]
    fn dev_pays_for_no_alarm_there() {
        let templates = made(Name::Dev, "");
        assert!(all(stack(&templates, StackName::Edge), "AWS::SNS::Topic").is_empty());
    }
}
