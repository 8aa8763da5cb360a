//! Types of instances, nodes and brokers, families of parameter groups, and how many brokers there are.

use serde_json::Value;

use super::{Architecture, Finding, list};

const TO_16: &[&str] = &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"];
const TO_48: &[&str] =
    &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"];

/// Classes of RDS for PostgreSQL on Graviton, as cfn-lint 1.58 lists them for us-east-1.
const DATABASE: &[(&str, &[&str])] = &[
    ("db.t4g", &["micro", "small", "medium", "large", "xlarge", "2xlarge"]),
    ("db.m6g", TO_16),
    ("db.m7g", TO_16),
    ("db.m8g", TO_48),
    ("db.m9g", TO_48),
    ("db.r6g", TO_16),
    ("db.r7g", TO_16),
    ("db.r8g", TO_48),
];

/// Nodes of ElastiCache on Graviton, as cfn-lint 1.58 lists them for us-east-1.
const CACHE: &[(&str, &[&str])] = &[
    ("cache.t4g", &["micro", "small", "medium"]),
    ("cache.m6g", TO_16),
    ("cache.m7g", TO_16),
    ("cache.m8g", TO_16),
    ("cache.r6g", TO_16),
    ("cache.r7g", TO_16),
    ("cache.r8g", TO_16),
];

/// Standard brokers, as the developer guide of MSK lists them.
const BROKER: &[(&str, &[&str])] = &[
    ("kafka.t3", &["small"]),
    ("kafka.m5", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"]),
    ("kafka.m7g", TO_16),
];

fn known(types: &[(&str, &[&str])], name: &str) -> bool {
    let Some((family, size)) = name.rsplit_once('.') else { return false };
    types.iter().any(|(known, sizes)| *known == family && sizes.contains(&size))
}

/// Types of instances, nodes and brokers that do not exist.
pub fn instance_types(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for (kind, pointer, types) in [
        ("AWS::RDS::DBInstance", "/DBInstanceClass", DATABASE),
        ("AWS::ElastiCache::ReplicationGroup", "/CacheNodeType", CACHE),
        ("AWS::MSK::Cluster", "/BrokerNodeGroupInfo/InstanceType", BROKER),
    ] {
        for item in architecture.of(kind) {
            match item.properties.pointer(pointer).and_then(Value::as_str) {
                Some(name) if known(types, name) => {}
                Some(name) => findings.push(item.finding(format!("{name} is no type of {kind}"))),
                None => findings.push(item.finding(format!("has no {}", &pointer[1..]))),
            }
        }
    }
}

/// The family of parameters that an engine in a version has.
fn family(engine: &str, version: &str) -> Option<String> {
    let major = version.split('.').next()?;
    Some(match (engine, major) {
        ("postgres", major) => format!("postgres{major}"),
        ("redis", "6") => "redis6.x".to_owned(),
        ("valkey" | "redis", major) => format!("{engine}{major}"),
        _ => return None,
    })
}

/// Parameter groups of another family than that of the engine's version.
pub fn parameter_groups(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for (kind, group, of) in [
        ("AWS::RDS::DBInstance", "DBParameterGroupName", "Family"),
        ("AWS::ElastiCache::ReplicationGroup", "CacheParameterGroupName", "CacheParameterGroupFamily"),
    ] {
        for item in architecture.of(kind) {
            let Some(target) = architecture.target(item.stack, &item.properties[group]) else { continue };
            let (engine, version) = (&item.properties["Engine"], &item.properties["EngineVersion"]);
            let (Some(engine), Some(version)) = (engine.as_str(), version.as_str()) else {
                // A replica is of the engine of its source.
                if item.properties.get("SourceDBInstanceIdentifier").is_none() {
                    findings.push(item.finding(format!("has a {group}, and no engine or version")));
                }
                continue;
            };
            let given = target.item.properties[of].as_str().unwrap_or_default();
            if family(engine, version).as_deref() != Some(given) {
                let id = target.item.id;
                findings.push(item.finding(format!("is {engine} {version}, and {id} is for {given:?}")));
            }
        }
    }
}

/// Read replicas of another size than their writer, where how many connections there may be goes by the size: `PostgreSQL` does not
/// follow a writer that has more of them.
pub fn replicas(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::RDS::DBInstance") {
        let Some(source) = architecture.target(item.stack, &item.properties["SourceDBInstanceIdentifier"])
        else {
            continue;
        };
        let class = "DBInstanceClass";
        let group = architecture.target(item.stack, &item.properties["DBParameterGroupName"]);
        let says =
            group.is_some_and(|group| group.item.properties["Parameters"].get("max_connections").is_some());
        if item.properties[class] != source.item.properties[class] && !says {
            findings.push(item.finding(format!(
                "is of another class than {}, and no parameter says max_connections",
                source.item.id
            )));
        }
    }
}

/// Brokers that are not spread evenly over the zones.
pub fn brokers(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::MSK::Cluster") {
        let brokers = item.properties["NumberOfBrokerNodes"].as_u64().unwrap_or_default();
        let zones = list(&item.properties["BrokerNodeGroupInfo"]["ClientSubnets"]).len() as u64;
        if brokers == 0 || zones == 0 || brokers % zones != 0 {
            findings.push(
                item.finding(format!("has {brokers} brokers in {zones} subnets, which is no multiple")),
            );
        }
    }
}

/// Brokers that anyone may speak to, or in plain text.
pub fn broker_access(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::MSK::Cluster") {
        let on =
            |pointer: &str| item.properties.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        if on("/ClientAuthentication/Unauthenticated/Enabled") {
            findings.push(item.finding("lets in clients that it does not know"));
        }
        if !on("/ClientAuthentication/Sasl/Scram/Enabled") && !on("/ClientAuthentication/Sasl/Iam/Enabled") {
            // Without any of them, MSK lets everybody in.
            findings.push(item.finding("knows clients neither by SASL/SCRAM nor by IAM"));
        }
        let transit = item.properties.pointer("/EncryptionInfo/EncryptionInTransit/ClientBroker");
        if transit.and_then(Value::as_str).is_some_and(|transit| transit != "TLS") {
            findings.push(item.finding("takes connections without TLS"));
        }
        let public = item.properties.pointer("/BrokerNodeGroupInfo/ConnectivityInfo/PublicAccess/Type");
        if public.and_then(Value::as_str).is_some_and(|public| public != "DISABLED") {
            findings.push(item.finding("can be reached from the internet"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::found;
    use super::*;
    use crate::environment::{Environment, Name, Operator};

    #[test]
    fn a_type_that_does_not_exist_is_found() {
        let resources = json!({
            "Database": { "Type": "AWS::RDS::DBInstance", "Properties": { "DBInstanceClass": "db.r8g.medium" } },
            "Cache": { "Type": "AWS::ElastiCache::ReplicationGroup", "Properties": { "CacheNodeType": "cache.t4g.large" } },
            "Brokers": { "Type": "AWS::MSK::Cluster", "Properties": {
                "BrokerNodeGroupInfo": { "InstanceType": "kafka.m7g.medium" },
            } },
            "Good": { "Type": "AWS::RDS::DBInstance", "Properties": { "DBInstanceClass": "db.t4g.micro" } },
        });
        let expected = [
            "Database: db.r8g.medium is no type of AWS::RDS::DBInstance",
            "Cache: cache.t4g.large is no type of AWS::ElastiCache::ReplicationGroup",
            "Brokers: kafka.m7g.medium is no type of AWS::MSK::Cluster",
        ];
        assert_eq!(found(instance_types, &resources), expected);
    }

    #[test]
    fn the_sizes_of_every_environment_exist() {
        for name in Name::ALL {
            let sizes = Environment::new(name, Operator::parse("dev_streaming = true").unwrap()).sizes;
            assert!(known(DATABASE, sizes.database.class), "{name}");
            assert!(known(CACHE, sizes.cache.node), "{name}");
            assert!(sizes.streaming.is_some_and(|streaming| known(BROKER, streaming.broker)), "{name}");
        }
    }

    #[test]
    fn a_replica_that_could_not_follow_is_found() {
        let with = |parameters: Value| {
            json!({
                "Parameters": { "Type": "AWS::RDS::DBParameterGroup", "Properties": { "Parameters": parameters } },
                "Writer": { "Type": "AWS::RDS::DBInstance", "Properties": { "DBInstanceClass": "db.r8g.large" } },
                "Reader": { "Type": "AWS::RDS::DBInstance", "Properties": {
                    "DBInstanceClass": "db.t4g.medium",
                    "SourceDBInstanceIdentifier": { "Ref": "Writer" },
                    "DBParameterGroupName": { "Ref": "Parameters" },
                } },
            })
        };
        let expected = ["Reader: is of another class than Writer, and no parameter says max_connections"];
        assert_eq!(found(replicas, &with(json!({ "log_statement": "ddl" }))), expected);
        assert!(found(replicas, &with(json!({ "max_connections": "500" }))).is_empty());
    }

    #[test]
    fn parameters_of_another_engine_are_found() {
        let resources = json!({
            "Old": { "Type": "AWS::RDS::DBParameterGroup", "Properties": { "Family": "postgres16" } },
            "New": { "Type": "AWS::RDS::DBParameterGroup", "Properties": { "Family": "postgres17" } },
            "Bad": { "Type": "AWS::RDS::DBInstance", "Properties": {
                "Engine": "postgres", "EngineVersion": "17.6", "DBParameterGroupName": { "Ref": "Old" },
            } },
            "Good": { "Type": "AWS::RDS::DBInstance", "Properties": {
                "Engine": "postgres", "EngineVersion": "17.6", "DBParameterGroupName": { "Ref": "New" },
            } },
            "Settings": { "Type": "AWS::ElastiCache::ParameterGroup", "Properties": {
                "CacheParameterGroupFamily": "redis7",
            } },
            "Cache": { "Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {
                "Engine": "valkey", "EngineVersion": "8.1", "CacheParameterGroupName": { "Ref": "Settings" },
            } },
        });
        let expected = [
            "Bad: is postgres 17.6, and Old is for \"postgres16\"",
            "Cache: is valkey 8.1, and Settings is for \"redis7\"",
        ];
        assert_eq!(found(parameter_groups, &resources), expected);
    }

    #[test]
    fn brokers_that_are_not_even_over_the_zones_are_found() {
        let cluster = |brokers: u64| {
            json!({ "Brokers": { "Type": "AWS::MSK::Cluster", "Properties": {
                "NumberOfBrokerNodes": brokers, "BrokerNodeGroupInfo": { "ClientSubnets": ["a", "b", "c"] },
            } } })
        };
        let expected = ["Brokers: has 4 brokers in 3 subnets, which is no multiple"];
        assert_eq!(found(brokers, &cluster(4)), expected);
        assert!(found(brokers, &cluster(6)).is_empty());
    }

    #[test]
    fn brokers_that_let_anyone_in_are_found() {
        let cluster = |authentication: Value, transit: &str| {
            json!({ "Brokers": { "Type": "AWS::MSK::Cluster", "Properties": {
                "ClientAuthentication": authentication,
                "EncryptionInfo": { "EncryptionInTransit": { "ClientBroker": transit } },
            } } })
        };
        let scram = json!({ "Sasl": { "Scram": { "Enabled": true } } });
        assert!(found(broker_access, &cluster(scram.clone(), "TLS")).is_empty());
        assert_eq!(
            found(broker_access, &cluster(scram, "TLS_PLAINTEXT")),
            ["Brokers: takes connections without TLS"]
        );
        let anyone = json!({ "Unauthenticated": { "Enabled": true } });
        let expected = [
            "Brokers: lets in clients that it does not know",
            "Brokers: knows clients neither by SASL/SCRAM nor by IAM",
        ];
        assert_eq!(found(broker_access, &cluster(anyone, "TLS")), expected);
    }
}
