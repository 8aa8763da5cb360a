use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::environment::{Environment, Operator};
use crate::stacks::architecture;
use crate::template::StackName;

fn one_template(resources: &Value) -> Template {
    Template { stack: StackName::Data, body: json!({ "Resources": resources }), parameters: [].into() }
}

fn priced(resources: &Value) -> Result<Estimate, EstimateError> {
    let (prices, usage) = (Prices::read(None).unwrap(), Usage::parse("").unwrap());
    estimate(Name::Prod, &[one_template(resources)], &prices, &usage)
}

fn usd(estimate: &Estimate, what: &str) -> f64 {
    estimate.lines.iter().filter(|line| line.what.starts_with(what)).map(|line| line.on_demand_usd).sum()
}

#[track_caller]
fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 0.005, "{actual} is not {expected}");
}

fn templates(name: Name) -> Vec<Template> {
    architecture(&Environment::new(name, Operator::parse("").unwrap())).unwrap()
}

#[test]
fn a_database_in_two_zones_costs_twice_and_its_replica_has_the_same_storage() {
    let estimate = priced(&json!({
        "Database": { "Type": "AWS::RDS::DBInstance", "Properties":
            { "DBInstanceClass": "db.r8g.large", "MultiAZ": true, "AllocatedStorage": "200" } },
        "Reader": { "Type": "AWS::RDS::DBInstance", "Properties":
            { "DBInstanceClass": "db.r8g.large", "SourceDBInstanceIdentifier": { "Ref": "Database" } } },
    }))
    .unwrap();
    close(usd(&estimate, "database"), 2.0 * 0.239 * 730.0);
    close(usd(&estimate, "read replica"), 0.239 * 730.0);
    close(usd(&estimate, "storage of the database"), 46.0);
    close(usd(&estimate, "storage of the read replica"), 23.0);
    let saved = estimate.total().on_demand_usd - estimate.total().reserved_usd;
    close(saved, 0.33 * 3.0 * 0.239 * 730.0);
}

#[test]
fn tasks_beyond_the_base_are_on_spot() {
    let estimate = priced(&json!({
        "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties":
            { "Cpu": "1024", "Memory": "2048", "RuntimePlatform": { "CpuArchitecture": "ARM64" } } },
        "Api": { "Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": { "Ref": "Task" },
            "CapacityProviderStrategy": [
                { "CapacityProvider": "FARGATE", "Base": 2, "Weight": 0 },
                { "CapacityProvider": "FARGATE_SPOT", "Weight": 1 },
            ],
        } },
        "Scale": { "Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
            "ResourceId": { "Fn::Join": ["/", ["service", "c", { "Fn::GetAtt": ["Api", "Name"] }]] },
            "MinCapacity": 3, "MaxCapacity": 3,
        } },
    }))
    .unwrap();
    let task = 730.0 * (0.03238 + 2.0 * 0.00356);
    close(estimate.total().on_demand_usd, 2.0 * task + 0.35 * task);
    close(estimate.total().reserved_usd, 2.0 * 0.85 * task + 0.35 * task);
}

#[test]
fn brokers_have_no_reservation() {
    let estimate = priced(&json!({ "Brokers": { "Type": "AWS::MSK::Cluster", "Properties": {
        "NumberOfBrokerNodes": 3,
        "BrokerNodeGroupInfo":
            { "InstanceType": "kafka.m7g.large", "StorageInfo": { "EBSStorageInfo": { "VolumeSize": 100 } } },
    } } }))
    .unwrap();
    close(estimate.total().on_demand_usd, 3.0 * (0.204 * 730.0 + 10.0));
    close(estimate.total().reserved_usd, estimate.total().on_demand_usd);
}

#[test]
fn an_endpoint_is_paid_for_in_each_zone_and_that_of_s3_is_not() {
    let estimate = priced(&json!({
        "S3": { "Type": "AWS::EC2::VPCEndpoint", "Properties": { "VpcEndpointType": "Gateway" } },
        "Logs": { "Type": "AWS::EC2::VPCEndpoint", "Properties":
            { "VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"] } },
    }))
    .unwrap();
    close(usd(&estimate, "interface endpoints"), 3.0 * 7.3);
}

#[test]
fn the_first_three_dashboards_are_free_and_an_alarm_on_two_metrics_is_two() {
    let dashboards: serde_json::Map<_, _> = (0..4)
        .map(|number| (format!("D{number}"), json!({ "Type": "AWS::CloudWatch::Dashboard" })))
        .collect();
    close(priced(&Value::Object(dashboards)).unwrap().total().on_demand_usd, 3.0);
    let metrics = json!([{ "MetricStat": {} }, { "MetricStat": {} }, { "Expression": "a / b" }]);
    let alarm =
        json!({ "Ratio": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": metrics } } });
    close(priced(&alarm).unwrap().total().on_demand_usd, 0.2);
}

#[test]
fn what_has_no_price_is_an_error() {
    let unknown = json!({ "Lake": { "Type": "AWS::Redshift::Cluster", "Properties": {} } });
    assert_eq!(
        priced(&unknown).unwrap_err().to_string(),
        "data/Lake: AWS::Redshift::Cluster has no price and is not declared free"
    );
    let size = json!({ "Database": { "Type": "AWS::RDS::DBInstance", "Properties": {} } });
    assert_eq!(priced(&size).unwrap_err().to_string(), "data/Database: no DBInstanceClass to price it by");
    let large = json!({ "Database": { "Type": "AWS::RDS::DBInstance", "Properties":
        { "DBInstanceClass": "db.x9.huge", "AllocatedStorage": 1 } } });
    assert_eq!(
        priced(&large).unwrap_err().to_string(),
        "data/Database: no price \"rds.db.x9.huge\" in prices.toml"
    );
}

#[test]
fn every_type_of_the_templates_has_a_price_or_is_free() {
    let (prices, usage) = (Prices::read(None).unwrap(), Usage::parse("").unwrap());
    for name in Name::ALL {
        for template in templates(name) {
            for (id, kind, properties) in template.resources() {
                let mut book = resources::Book::new(&prices, usage.of(name), &usage.discounts);
                let result = book.resource(&template, id, kind, properties);
                assert!(!matches!(result, Err(EstimateError::Unpriced { .. })), "{name}: {result:?}");
            }
        }
    }
}

#[test]
fn the_ceilings_hold() {
    let (prices, usage) = (Prices::read(None).unwrap(), Usage::parse("").unwrap());
    for (name, ceiling) in [(Name::Dev, 130.0), (Name::Prod, 1800.0)] {
        let templates = templates(name);
        let estimate = estimate(name, &templates, &prices, &usage).unwrap();
        let total = estimate.total().on_demand_usd;
        assert!(total <= ceiling, "{name}: {total:.2}\n{}", estimate.table());
    }
}

/// The tables of an environment are between these in `docs/aws/cost.md`.
fn marks(name: Name) -> (String, String) {
    (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->\n"))
}

#[test]
fn the_document_says_what_the_command_prints() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws/cost.md");
    let (prices, usage) = (Prices::read(None).unwrap(), Usage::parse("").unwrap());
    let mut now = std::fs::read_to_string(&file).unwrap();
    let before = now.clone();
    for name in Name::ALL {
        let templates = templates(name);
        let (begin, end) = marks(name);
        let from = now.find(&begin).unwrap_or_else(|| panic!("no {begin:?}")) + begin.len();
        let to = from + now[from..].find(&end).unwrap_or_else(|| panic!("no {end:?}"));
        let table = estimate(name, &templates, &prices, &usage).unwrap().table();
        now.replace_range(from..to, &format!("\n{table}\n"));
    }
    if std::env::var_os("UPDATE_COST").is_some() {
        std::fs::write(&file, &now).unwrap();
        return;
    }
    assert!(
        before == now,
        "docs/aws/cost.md is out of date: run with UPDATE_COST=1 and look at the difference"
    );
}
