//! MSK: Apache Kafka.

use astroshield_domain::deployment::{BUS_PREFIX, BusTopic};
use serde_json::json;

use crate::environment::{Environment, StreamingSize};
use crate::stacks::network::Network;
use crate::stacks::secrets;
use crate::stacks::storage::Storage;
use crate::template::kinds::{
    BatchScramSecret, LogGroup, MskCluster, MskConfiguration, MskTopic, ScalableTarget, ScalingPolicy,
    Secret, SecretResourcePolicy, Subnet,
};
use crate::template::policy::{Statement, document};
use crate::template::{Resource, Stack};

/// The brokers.
#[derive(Debug, Clone)]
pub struct Streaming {
    /// The cluster.
    pub cluster: Resource<MskCluster>,
    /// Secret with `username` and `password` of the application (`AmazonMSK_...`).
    pub secret: Resource<Secret>,
}

/// As the tests of the application have it. It keeps its metadata itself (`KRaft`).
const KAFKA_VERSION: &str = "4.1.x.kraft";
/// Name of the application's user (`bus.user`).
pub const USER: &str = "astroshield";
/// Percent of a broker's disk from which on it grows.
const FULL_PERCENT: u32 = 60;

/// Logical id of a topic.
const fn id(topic: BusTopic) -> &'static str {
    match topic {
        BusTopic::Events => "EventsTopic",
        BusTopic::ScreeningTasks => "ScreeningTasksTopic",
        BusTopic::DeadLetters => "DeadLettersTopic",
    }
}

/// Adds the brokers, where the environment has some.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    network: &Network,
    storage: &Storage,
) -> Option<Streaming> {
    let sizes = environment.sizes.streaming.as_ref()?;
    let protected = environment.sizes.protected;
    let kept = environment.kept();
    let name = environment.named("brokers");
    let logs: Resource<LogGroup> = stack.add(
        "BrokerLogs",
        json!({
            "LogGroupName": format!("/aws/vendedlogs/{name}"),
            "RetentionInDays": environment.sizes.log_days,
            "KmsKeyId": storage.key.arn(),
        }),
    );
    stack.keep(&logs, kept);
    let configuration: Resource<MskConfiguration> = stack.add(
        "BrokerConfiguration",
        json!({
            "Name": name,
            "Description": "AstroShield",
            "ServerProperties": server_properties(environment.sizes.zones, sizes),
        }),
    );
    let cluster: Resource<MskCluster> = stack.add(
        "Brokers",
        json!({
            "ClusterName": name,
            "KafkaVersion": KAFKA_VERSION,
            "NumberOfBrokerNodes": sizes.brokers,
            "BrokerNodeGroupInfo": {
                "ClientSubnets": network.isolated.iter().map(Resource::<Subnet>::id).collect::<Vec<_>>(),
                "InstanceType": sizes.broker,
                "SecurityGroups": [network.streaming.id()],
                "StorageInfo": { "EBSStorageInfo": { "VolumeSize": sizes.storage_gib } },
            },
            "ClientAuthentication": {
                "Sasl": { "Iam": { "Enabled": true }, "Scram": { "Enabled": true } },
                "Unauthenticated": { "Enabled": false },
            },
            "ConfigurationInfo": { "Arn": configuration.arn(), "Revision": configuration.revision() },
            "EncryptionInfo": {
                "EncryptionAtRest": { "DataVolumeKMSKeyId": storage.key.arn() },
                "EncryptionInTransit": { "ClientBroker": "TLS", "InCluster": true },
            },
            // The lag of consumers is among these already.
            "EnhancedMonitoring": "DEFAULT",
            "LoggingInfo": {
                "BrokerLogs": { "CloudWatchLogs": { "Enabled": true, "LogGroup": logs.name() } },
            },
        }),
    );
    stack.keep(&cluster, kept);
    for topic in BusTopic::ALL {
        let topic: Resource<MskTopic> = stack.add(
            id(topic),
            json!({
                "ClusterArn": cluster.arn(),
                "TopicName": topic.name(BUS_PREFIX),
                "PartitionCount": topic.partitions(sizes.partitions.cast_signed()),
                "ReplicationFactor": copies(environment.sizes.zones),
            }),
        );
        stack.keep(&topic, kept);
    }
    if protected {
        grow(stack, &cluster, sizes);
    }
    let secret = user(stack, environment, storage, &cluster);
    Some(Streaming { cluster, secret })
}

/// Copies of each partition: one in each zone, three at most.
fn copies(zones: usize) -> usize {
    zones.min(3)
}

/// A write is taken once all copies but one have it, so that one zone may be away.
fn server_properties(zones: usize, sizes: &StreamingSize) -> String {
    let copies = copies(zones);
    let least = copies.saturating_sub(1).max(1);
    [
        "auto.create.topics.enable=false".to_owned(),
        format!("default.replication.factor={copies}"),
        "log.retention.hours=168".to_owned(),
        format!("min.insync.replicas={least}"),
        format!("num.partitions={}", sizes.partitions),
        format!("offsets.topic.replication.factor={copies}"),
        format!("transaction.state.log.min.isr={least}"),
        format!("transaction.state.log.replication.factor={copies}"),
        "unclean.leader.election.enable=false".to_owned(),
        String::new(),
    ]
    .join("\n")
}

/// Disks grow by themselves, and never shrink.
fn grow(stack: &Stack, cluster: &Resource<MskCluster>, sizes: &StreamingSize) {
    let target: Resource<ScalableTarget> = stack.add(
        "BrokerStorage",
        json!({
            "ServiceNamespace": "kafka",
            "ResourceId": cluster.arn(),
            "ScalableDimension": "kafka:broker-storage:VolumeSize",
            "MinCapacity": 1,
            "MaxCapacity": sizes.storage_gib * 10,
        }),
    );
    stack.add::<ScalingPolicy>(
        "BrokerStorageGrowth",
        json!({
            "PolicyName": "grow",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": target.id(),
            "TargetTrackingScalingPolicyConfiguration": {
                "DisableScaleIn": true,
                "PredefinedMetricSpecification": { "PredefinedMetricType": "KafkaBrokerStorageUtilization" },
                "TargetValue": FULL_PERCENT,
            },
        }),
    );
}

/// The application's user. MSK takes secrets of such a name only, and only under a key that is not AWS's own.
fn user(
    stack: &Stack,
    environment: &Environment,
    storage: &Storage,
    cluster: &Resource<MskCluster>,
) -> Resource<Secret> {
    let name = format!("AmazonMSK_astroshield-{}", environment.name);
    let what = "The application's user of the brokers";
    let secret = secrets::secret(stack, environment, storage, "BrokersSecret", &name, what, USER);
    let policy = document(&[Statement::allow(&["secretsmanager:GetSecretValue"], [secret.arn()])
        .by(json!({ "Service": "kafka.amazonaws.com" }))]);
    let policy: Resource<SecretResourcePolicy> = stack.add(
        "BrokersSecretPolicy",
        json!({ "SecretId": secret.arn(), "ResourcePolicy": policy, "BlockPublicPolicy": true }),
    );
    let users: Resource<BatchScramSecret> =
        stack.add("BrokersUsers", json!({ "ClusterArn": cluster.arn(), "SecretArnList": [secret.arn()] }));
    stack.after(&users, &policy);
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Name;
    use crate::stacks::storage::tests::{all, made, properties, stack};
    use crate::template::StackName;

    const WITH_DEV: &str = "dev_streaming = true";

    #[test]
    fn nobody_is_let_in_who_does_not_say_who_he_is_and_nothing_goes_without_tls() {
        for name in Name::ALL {
            let templates = made(name, WITH_DEV);
            let brokers = properties(stack(&templates, StackName::Data), "Brokers");
            assert_eq!(brokers["ClientAuthentication"]["Unauthenticated"]["Enabled"], false, "{name}");
            let transit = &brokers["EncryptionInfo"]["EncryptionInTransit"];
            assert_eq!(transit, &json!({ "ClientBroker": "TLS", "InCluster": true }), "{name}");
        }
    }

    #[test]
    fn the_topics_have_as_many_copies_as_there_are_zones_with_brokers() {
        for name in Name::ALL {
            let templates = made(name, WITH_DEV);
            let data = stack(&templates, StackName::Data);
            let brokers = properties(data, "Brokers");
            let zones = brokers["BrokerNodeGroupInfo"]["ClientSubnets"].as_array().unwrap().len();
            assert_eq!(brokers["NumberOfBrokerNodes"].as_u64().unwrap() as usize % zones, 0, "{name}");
            let topics = all(data, "AWS::MSK::Topic");
            assert_eq!(topics.len(), 3);
            for (id, topic) in topics {
                assert_eq!(topic["ReplicationFactor"], zones, "{name} {id}");
            }
        }
    }

    #[test]
    fn one_zone_may_be_away() {
        let sizes = StreamingSize { broker: "", brokers: 3, storage_gib: 1, partitions: 12 };
        for (zones, least) in [(2, 1), (3, 2)] {
            let properties = server_properties(zones, &sizes);
            assert!(properties.contains(&format!("default.replication.factor={zones}\n")), "{properties}");
            assert!(properties.contains(&format!("\nmin.insync.replicas={least}\n")), "{properties}");
        }
    }

    #[test]
    fn the_secret_has_the_name_and_key_that_msk_takes() {
        let templates = made(Name::Prod, "");
        let data = stack(&templates, StackName::Data);
        let secret = properties(data, "BrokersSecret");
        assert!(secret["Name"].as_str().unwrap().starts_with("AmazonMSK_"));
        assert!(secret["KmsKeyId"].is_object());
        assert_eq!(properties(data, "BrokersUsers")["SecretArnList"][0]["Ref"], "BrokersSecret");
    }

    #[test]
    fn dev_has_brokers_only_where_the_operator_says_so() {
        let templates = made(Name::Dev, "");
        assert!(all(stack(&templates, StackName::Data), "AWS::MSK::Cluster").is_empty());
    }
}
