//! ElastiCache: Valkey, or Redis.

use serde_json::json;

use crate::application::CACHE_USER;
use crate::environment::{CacheEngine, Environment};
use crate::stacks::network::Network;
use crate::stacks::secrets;
use crate::stacks::storage::Storage;
use crate::template::kinds::{
    CacheParameterGroup, CacheSubnetGroup, CacheUser, CacheUserGroup, LogGroup, ReplicationGroup, Secret,
    Subnet,
};
use crate::template::value::secret;
use crate::template::{Kept, Resource, Stack};

/// The cache.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The cache.
    pub group: Resource<ReplicationGroup>,
    /// Secret with `username`, `password` of its user.
    pub secret: Resource<Secret>,
    /// That user.
    pub user: Resource<CacheUser>,
}

/// Commands on its own keys and channels (`cache.prefix`), without those that change the server, whose health is asked
/// for with `info`.
const ACCESS: &str = "on ~astroshield* &astroshield* +@all -@admin -@dangerous +info";

impl CacheEngine {
    const fn name(self) -> &'static str {
        match self {
            Self::Valkey => "valkey",
            Self::Redis => "redis",
        }
    }

    /// The version, and the family of its parameters.
    const fn version(self) -> (&'static str, &'static str) {
        match self {
            Self::Valkey => ("8.1", "valkey8"),
            Self::Redis => ("7.1", "redis7"),
        }
    }
}

/// Adds the cache.
pub fn add(stack: &Stack, environment: &Environment, network: &Network, storage: &Storage) -> Cache {
    let (sizes, engine) = (&environment.sizes.cache, environment.operator.cache_engine);
    let protected = environment.sizes.protected;
    let (version, family) = engine.version();
    let name = environment.named("cache");
    let cluster = sizes.shards > 1;
    let own = secrets::secret(
        stack,
        environment,
        storage,
        "CacheSecret",
        &name,
        "The application's user of the cache",
        CACHE_USER,
    );
    let (user, users) = users(stack, engine, &name, &own);
    let subnets: Resource<CacheSubnetGroup> = stack.add(
        "CacheSubnets",
        json!({
            "Description": "Subnets without a way out",
            "SubnetIds": network.isolated.iter().map(Resource::<Subnet>::id).collect::<Vec<_>>(),
        }),
    );
    // Sessions and the like end by themselves. What does not, says where events are, and may not be forgotten for want
    // of room.
    let mut parameters = json!({ "maxmemory-policy": "volatile-lru" });
    if cluster {
        parameters["cluster-enabled"] = json!("yes");
    }
    let parameters: Resource<CacheParameterGroup> = stack.add(
        "CacheParameters",
        json!({
            "CacheParameterGroupFamily": family,
            "Description": "AstroShield",
            "Properties": parameters,
        }),
    );
    let delivery = |id: &str, log: &str| {
        let logs: Resource<LogGroup> = stack.add(
            id,
            json!({
                "LogGroupName": format!("/aws/vendedlogs/{name}/{log}"),
                "RetentionInDays": environment.sizes.log_days,
                "KmsKeyId": storage.key.arn(),
            }),
        );
        stack.keep(&logs, environment.kept());
        json!({
            "DestinationDetails": { "CloudWatchLogsDetails": { "LogGroup": logs.name() } },
            "DestinationType": "cloudwatch-logs",
            "LogFormat": "json",
            "LogType": log,
        })
    };
    let mut properties = json!({
        "ReplicationGroupId": name,
        "ReplicationGroupDescription": "Sessions, answers, and how processes tell each other of events",
        "AtRestEncryptionEnabled": true,
        "AutoMinorVersionUpgrade": true,
        "AutomaticFailoverEnabled": sizes.replicas > 0 || cluster,
        "CacheNodeType": sizes.node,
        "CacheParameterGroupName": parameters.name(),
        "CacheSubnetGroupName": subnets.name(),
        "Engine": engine.name(),
        "EngineVersion": version,
        "KmsKeyId": storage.key.arn(),
        "LogDeliveryConfigurations": [
            delivery("CacheSlowLogs", "slow-log"),
            delivery("CacheEngineLogs", "engine-log"),
        ],
        "MultiAZEnabled": sizes.replicas > 0,
        "PreferredMaintenanceWindow": "sun:05:30-sun:06:30",
        "SecurityGroupIds": [network.cache.id()],
        "SnapshotRetentionLimit": sizes.snapshot_days,
        "SnapshotWindow": "02:00-03:00",
        "TransitEncryptionEnabled": true,
        "TransitEncryptionMode": "required",
        "UserGroupIds": [users.id()],
    });
    if cluster {
        properties["NumNodeGroups"] = json!(sizes.shards);
        properties["ReplicasPerNodeGroup"] = json!(sizes.replicas);
    } else {
        properties["NumCacheClusters"] = json!(1 + sizes.replicas);
    }
    let group = stack.add("Cache", properties);
    stack.keep(&group, if protected { Kept::Snapshot } else { Kept::No });
    Cache { group, secret: own, user }
}

/// The application's user alone. Redis wants one by the name `default` besides, which is switched off.
fn users(
    stack: &Stack,
    engine: CacheEngine,
    name: &str,
    own: &Resource<Secret>,
) -> (Resource<CacheUser>, Resource<CacheUserGroup>) {
    let user: Resource<CacheUser> = stack.add(
        "CacheUser",
        json!({
            "UserId": name,
            "UserName": CACHE_USER,
            "Engine": engine.name(),
            "AccessString": ACCESS,
            "AuthenticationMode": { "Type": "password", "Passwords": [secret(&own.arn(), "password")] },
        }),
    );
    let mut users = vec![user.id()];
    if engine == CacheEngine::Redis {
        let default: Resource<CacheUser> = stack.add(
            "CacheDefaultUser",
            json!({
                "UserId": format!("{name}-default"),
                "UserName": "default",
                "Engine": engine.name(),
                "AccessString": "off -@all",
                "AuthenticationMode": { "Type": "no-password-required" },
            }),
        );
        users.push(default.id());
    }
    let group = stack.add(
        "CacheUsers",
        json!({ "UserGroupId": format!("{name}-users"), "Engine": engine.name(), "UserIds": users }),
    );
    (user, group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Name;
    use crate::stacks::storage::tests::{all, made, properties, stack};
    use crate::template::StackName;

    #[test]
    fn the_user_may_do_what_the_tests_of_the_example_ran_with() {
        let example = include_str!("../../../../deploy/example/init");
        let line = example.lines().find_map(|line| line.strip_prefix("user astroshield on "));
        let rights = line.unwrap().split_once(' ').unwrap().1;
        assert_eq!(ACCESS, format!("on {rights}"));
    }

    #[test]
    fn nobody_is_let_in_without_password_and_tls() {
        for (engine, users) in [("valkey", 1), ("redis", 2)] {
            let templates = made(Name::Dev, &format!("cache_engine = {engine:?}"));
            let data = stack(&templates, StackName::Data);
            let cache = properties(data, "Cache");
            assert_eq!(
                (&cache["Engine"], &cache["TransitEncryptionMode"]),
                (&json!(engine), &json!("required"))
            );
            let found = all(data, "AWS::ElastiCache::User");
            assert_eq!(found.len(), users, "{engine}");
            for (id, user) in found {
                let off = user["AccessString"].as_str().unwrap().starts_with("off ");
                assert!(off || user["AuthenticationMode"]["Type"] == "password", "{engine} {id}");
            }
            let family = properties(data, "CacheParameters")["CacheParameterGroupFamily"].as_str().unwrap();
            let version = cache["EngineVersion"].as_str().unwrap();
            assert_eq!(
                Some(family),
                version.split('.').next().map(|major| format!("{engine}{major}")).as_deref()
            );
        }
    }

    #[test]
    fn prod_has_a_copy_in_another_zone_that_takes_over() {
        for name in [Name::Dev, Name::Prod] {
            let templates = made(name, "");
            let cache = properties(stack(&templates, StackName::Data), "Cache");
            assert_eq!(cache["MultiAZEnabled"], name == Name::Prod);
            assert_eq!(cache["AutomaticFailoverEnabled"], name == Name::Prod);
            assert_eq!(cache["NumCacheClusters"], if name == Name::Prod { 2 } else { 1 });
        }
    }
}
