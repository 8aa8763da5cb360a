use std::collections::BTreeSet;

use astroshield_domain::metrics;
use serde_json::Value;

use crate::environment::{Environment, Name, Operator};
use crate::stacks::architecture;
use crate::template::{StackName, Template};

fn observability(name: Name) -> Template {
    let environment = Environment::new(name, Operator::parse("").unwrap());
    let mut templates = architecture(&environment).unwrap();
    templates.retain(|template| template.stack == StackName::Observability);
    templates.remove(0)
}

fn of<'a>(template: &'a Template, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let kind = format!("AWS::{kind}");
    template.resources().filter(|(_, of, _)| *of == kind).map(|(id, _, body)| (id, body)).collect()
}

/// A text that CloudFormation puts together, with something in place of each reference.
fn put_together(text: &Value) -> String {
    let parts = text["Fn::Join"][1].as_array().unwrap();
    parts.iter().map(|part| part.as_str().unwrap_or("reference")).collect()
}

#[test]
fn dashboards_are_json_whose_widgets_do_not_overlap() {
    for name in Name::ALL {
        let template = observability(name);
        let dashboards = of(&template, "CloudWatch::Dashboard");
        assert_eq!(dashboards.len(), if name == Name::Dev { 3 } else { 4 });
        for (id, properties) in dashboards {
            let body: Value = serde_json::from_str(&put_together(&properties["DashboardBody"])).unwrap();
            let mut taken = BTreeSet::new();
            for widget in body["widgets"].as_array().unwrap() {
                let at = |field: &str| widget[field].as_u64().unwrap();
                assert!(at("x") + at("width") <= 24, "{id}: {widget}");
                for x in at("x")..at("x") + at("width") {
                    for y in at("y")..at("y") + at("height") {
                        assert!(taken.insert((x, y)), "{id}: two widgets at {x}, {y}");
                    }
                }
            }
            assert!(!taken.is_empty(), "{id}");
        }
    }
}

#[test]
fn dashboards_show_metrics_that_there_are_and_all_of_them() {
    let template = observability(Name::Prod);
    let mut shown = BTreeSet::new();
    for (_, properties) in of(&template, "CloudWatch::Dashboard") {
        let body = put_together(&properties["DashboardBody"]);
        let words = body.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        shown.extend(words.filter(|word| word.starts_with("astroshield_")).map(str::to_owned));
    }
    let known: BTreeSet<String> = metrics::ALL.iter().map(|metric| metric.name.to_owned()).collect();
    assert_eq!(shown, known);
}

#[test]
fn every_alarm_tells_somebody_once() {
    for name in Name::ALL {
        let template = observability(name);
        let composites: String = of(&template, "CloudWatch::CompositeAlarm")
            .iter()
            .map(|(_, properties)| properties["AlarmRule"].to_string())
            .collect();
        for (id, properties) in of(&template, "CloudWatch::Alarm") {
            let alone = properties.get("AlarmActions").is_some();
            assert_ne!(alone, composites.contains(&format!("\"{id}\"")), "{name}: {id}");
        }
    }
}

#[test]
fn dev_has_a_handful_of_alarms_and_knows_silence() {
    let template = observability(Name::Dev);
    let alarms = of(&template, "CloudWatch::Alarm");
    assert!((5..=10).contains(&alarms.len()), "{}", alarms.len());
    let silence = alarms.iter().find(|(id, _)| *id == "NoScreeningAlarm").unwrap().1;
    assert_eq!(silence["TreatMissingData"], "breaching");
    assert!(of(&template, "GuardDuty::Detector").is_empty());
}

#[test]
fn prod_watches_each_broker_node_and_service() {
    let template = observability(Name::Prod);
    let alarms = of(&template, "CloudWatch::Alarm");
    let of_prefix = |prefix: &str| alarms.iter().filter(|(id, _)| id.starts_with(prefix)).count();
    assert_eq!(of_prefix("BrokerDisk"), 3);
    assert_eq!(of_prefix("CacheMemory"), 2);
    assert_eq!(of_prefix("TasksMissing"), 5);
    assert_eq!(of_prefix("ReplicaLag"), 1);
}

#[test]
fn every_alarm_of_an_audit_metric_has_its_filter() {
    let template = observability(Name::Prod);
    let filters: BTreeSet<&str> = (of(&template, "Logs::MetricFilter").iter())
        .map(|(_, properties)| properties["MetricTransformations"][0]["MetricName"].as_str().unwrap())
        .collect();
    let watched: BTreeSet<&str> = (of(&template, "CloudWatch::Alarm").iter())
        .filter(|(_, properties)| properties["Namespace"] == super::alarm::AUDIT_NAMESPACE)
        .map(|(_, properties)| properties["MetricName"].as_str().unwrap())
        .collect();
    assert_eq!(filters, watched);
    assert_eq!(watched.len(), 2);
}

#[test]
fn the_trail_is_of_all_regions_validated_and_encrypted() {
    let template = observability(Name::Prod);
    let (_, trail) = of(&template, "CloudTrail::Trail")[0];
    assert_eq!(
        (&trail["IsMultiRegionTrail"], &trail["EnableLogFileValidation"]),
        (&true.into(), &true.into())
    );
    assert!(trail["KMSKeyId"].is_object());
    assert!(of(&observability(Name::Recovery), "CloudTrail::Trail").is_empty());
}

#[test]
fn every_contact_is_told_over_both_topics() {
    let two = Operator::parse("contacts = [\"a@example.org\", \"b@example.org\"]").unwrap();
    let templates = architecture(&Environment::new(Name::Dev, two)).unwrap();
    let template = templates.iter().find(|template| template.stack == StackName::Observability).unwrap();
    let subscriptions = of(template, "SNS::Subscription");
    assert_eq!(subscriptions.len(), 4);
    for (_, topic) in of(template, "SNS::Topic") {
        assert!(topic.get("KmsMasterKeyId").is_some());
    }
}

#[test]
fn in_an_account_that_has_them_neither_guardduty_nor_config_is_made_and_findings_are_told() {
    let kinds = |settings: &str| -> BTreeSet<String> {
        let environment = Environment::new(Name::Prod, Operator::parse(settings).unwrap());
        let templates = architecture(&environment).unwrap();
        let resources = templates.iter().flat_map(Template::resources);
        resources.map(|(id, kind, _)| format!("{kind} {id}")).collect()
    };
    let settings = "account_audit = false\ngithub_provider = false";
    let (usual, without) = (kinds(""), kinds(settings));
    let left_out: Vec<&String> = usual.difference(&without).collect();
    assert!(left_out.iter().any(|left| left.starts_with("AWS::GuardDuty::Detector ")));
    assert!(left_out.iter().any(|left| left.starts_with("AWS::IAM::OIDCProvider ")));
    assert!(left_out.iter().all(|left| !left.starts_with("AWS::Events::Rule Findings")), "{left_out:?}");
    assert!(without.iter().all(|kind| !kind.starts_with("AWS::Config::")), "{without:?}");
    assert!(without.is_subset(&usual));
}
