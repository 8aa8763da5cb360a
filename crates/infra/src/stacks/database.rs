//! RDS for PostgreSQL.

use serde_json::{Value, json};

use crate::application::DATABASE;
use crate::environment::{DatabaseSize, Environment};
use crate::join;
use crate::stacks::network::Network;
use crate::stacks::secrets;
use crate::stacks::storage::{BACKUPS_KEY, Storage};
use crate::template::kinds::{
    DbInstance, DbParameterGroup, DbSubnetGroup, LogGroup, Role, Secret, SecretTargetAttachment, Subnet,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, secret};
use crate::template::{Kept, Resource, Stack};

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where is written.
    pub writer: Resource<DbInstance>,
    /// Where is read.
    pub reader: Option<Resource<DbInstance>>,
    /// The secret, where RDS does not have it: it makes no replica of an instance whose password it keeps itself.
    pub own_secret: Option<Resource<Secret>>,
    /// Where instances stand, restored ones, too.
    pub subnets: Resource<DbSubnetGroup>,
}

impl Database {
    /// ARN of the secret with `username` and `password`.
    #[must_use]
    pub fn secret(&self) -> Value {
        self.own_secret.as_ref().map_or_else(|| self.writer.master_secret(), Resource::<Secret>::arn)
    }
}

/// Connections of writer and read replica, where there is one.
pub const MOST_CONNECTIONS: u32 = 500;

const ENGINE_VERSION: &str = "17.11";
const FAMILY: &str = "postgres17";
const LOGS: [&str; 2] = ["postgresql", "upgrade"];

/// Name of the instance that is written to, by which backups find it.
#[must_use]
pub fn identifier(environment: &Environment) -> String {
    environment.named("database")
}

/// Adds the database.
pub fn add(stack: &Stack, environment: &Environment, network: &Network, storage: &Storage) -> Database {
    let sizes = &environment.sizes.database;
    let subnets: Resource<DbSubnetGroup> = stack.add(
        "DatabaseSubnets",
        json!({
            "DBSubnetGroupDescription": "Subnets without a way out",
            "SubnetIds": network.isolated.iter().map(Resource::<Subnet>::id).collect::<Vec<_>>(),
        }),
    );
    let parameters: Resource<DbParameterGroup> = stack.add(
        "DatabaseParameters",
        json!({ "Family": FAMILY, "Description": "AstroShield", "Parameters": parameters(sizes) }),
    );
    let monitor: Resource<Role> = stack.add(
        "DatabaseMonitor",
        json!({
            "Description": "RDS: metrics of the operating system",
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("monitoring.rds.amazonaws.com")
                .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
            "ManagedPolicyArns": [join!(
                "arn:",
                partition(),
                ":iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
            )],
        }),
    );
    let instance = |identifier: &str, class: &str| {
        json!({
            "DBInstanceIdentifier": identifier,
            "DBInstanceClass": class,
            "Engine": "postgres",
            "AutoMinorVersionUpgrade": true,
            "CACertificateIdentifier": "rds-ca-rsa2048-g1",
            "CopyTagsToSnapshot": true,
            "DBParameterGroupName": parameters.name(),
            "DBSubnetGroupName": subnets.name(),
            "DeletionProtection": environment.sizes.protected,
            "EnableCloudwatchLogsExports": LOGS,
            // For people: the application has its password.
            "EnableIAMDatabaseAuthentication": true,
            "MaxAllocatedStorage": sizes.most_storage_gib,
            "MonitoringInterval": 60,
            "MonitoringRoleArn": monitor.arn(),
            "PubliclyAccessible": false,
            "StorageType": "gp3",
            "VPCSecurityGroups": [network.database.id()],
        })
    };
    let insights = [
        ("DatabaseInsightsMode", json!("standard")),
        ("EnablePerformanceInsights", json!(true)),
        ("PerformanceInsightsKMSKeyId", storage.key.arn()),
        ("PerformanceInsightsRetentionPeriod", json!(7)),
    ];

    let own_secret = (sizes.replicas > 0).then(|| {
        let (name, what) = (environment.named("database"), "The application's account at PostgreSQL");
        secrets::secret(stack, environment, storage, "DatabaseSecret", &name, what, DATABASE)
    });
    let mut writer = instance(&identifier(environment), sizes.class);
    for (name, value) in [
        ("BackupRetentionPeriod", json!(sizes.backup_days)),
        ("DeleteAutomatedBackups", json!(!environment.sizes.protected)),
        ("EngineVersion", json!(ENGINE_VERSION)),
        ("MultiAZ", json!(sizes.multi_az)),
        ("PreferredBackupWindow", json!("03:00-04:00")),
        ("PreferredMaintenanceWindow", json!("sun:04:30-sun:05:30")),
        ("StorageEncrypted", json!(true)),
    ] {
        writer[name] = value;
    }
    // What a restored one brings along, and CloudFormation refuses to be told.
    let mut of_new = vec![
        ("AllocatedStorage", json!(sizes.storage_gib.to_string())),
        ("DBName", json!(DATABASE)),
        ("KmsKeyId", storage.key.arn()),
        ("MasterUsername", json!(DATABASE)),
    ];
    of_new.extend(insights.clone());
    match &own_secret {
        Some(own) => of_new.push(("MasterUserPassword", secret(&own.arn(), "password"))),
        None => {
            writer["ManageMasterUserPassword"] = json!(true);
            writer["MasterUserSecret"] = json!({ "KmsKeyId": storage.key.arn() });
        }
    }
    let restorable = environment.stands_by;
    if restorable {
        restore(stack, &mut writer);
    }
    for (name, value) in of_new {
        writer[name] =
            if restorable { json!({ "Fn::If": ["DatabaseIsNew", value, nothing()] }) } else { value };
    }
    if let Some(other) = environment.copies() {
        writer["AutomaticBackupReplicationRegion"] = json!(other.region);
        writer["AutomaticBackupReplicationKmsKeyId"] = stack.ask(
            BACKUPS_KEY,
            "ARN of the key of the second region, under which backups of the database are copied: what its stack storage shows. \
             RDS takes no alias for it",
            None,
        );
        writer["AutomaticBackupReplicationRetentionPeriod"] = json!(sizes.backup_days);
    }
    let writer: Resource<DbInstance> = stack.add("Database", writer);
    stack.keep(&writer, if environment.sizes.protected { Kept::Snapshot } else { Kept::No });
    log_groups(stack, environment, storage, "Database", &identifier(environment), &writer);
    if let Some(own) = &own_secret {
        // Puts host and port beside the password, for who changes it.
        stack.add::<SecretTargetAttachment>(
            "DatabaseSecretTarget",
            json!({
                "SecretId": own.arn(),
                "TargetId": writer.id(),
                "TargetType": "AWS::RDS::DBInstance",
            }),
        );
    }

    let reader = (sizes.replicas > 0).then(|| {
        let identifier = environment.named("database-reader");
        let mut reader = instance(&identifier, sizes.replica_class);
        reader["SourceDBInstanceIdentifier"] = writer.id();
        reader["PreferredMaintenanceWindow"] = json!("sun:06:00-sun:07:00");
        for (name, value) in insights {
            reader[name] = value;
        }
        let reader = stack.add("DatabaseReader", reader);
        // There is nothing in it that the other has not.
        stack.keep(&reader, Kept::No);
        log_groups(stack, environment, storage, "DatabaseReader", &identifier, &reader);
        reader
    });
    Database { writer, reader, own_secret, subnets }
}

/// Settings of the server. Times are longer than those that the application sets for its own connections (`store`), so
/// that they end what others forget.
fn parameters(sizes: &DatabaseSize) -> Value {
    let mut parameters = json!({
        "idle_in_transaction_session_timeout": "300000",
        "log_connections": "1",
        "log_disconnections": "1",
        "log_lock_waits": "1",
        "log_min_duration_statement": "1000",
        "log_statement": "ddl",
        "rds.accepted_password_auth_method": "scram",
        "rds.force_ssl": "1",
        "shared_preload_libraries": "pg_stat_statements",
    });
    if sizes.replicas > 0 {
        // By default it goes by the memory of an instance, and a read replica that has less of it than its writer does not follow it.
        parameters["max_connections"] = json!(MOST_CONNECTIONS.to_string());
    }
    parameters
}

/// Groups for logs of an instance, before it makes ones that are kept for ever, and not under our key.
fn log_groups(
    stack: &Stack,
    environment: &Environment,
    storage: &Storage,
    id: &str,
    identifier: &str,
    instance: &Resource<DbInstance>,
) {
    for log in LOGS {
        let group: Resource<LogGroup> = stack.add(
            format!("{id}{}Logs", super::title(log)),
            json!({
                "LogGroupName": format!("/aws/rds/instance/{identifier}/{log}"),
                "RetentionInDays": environment.sizes.log_days,
                "KmsKeyId": storage.key.arn(),
            }),
        );
        stack.keep(&group, environment.kept());
        stack.after(instance, &group);
    }
}

/// A property that is not there.
fn nothing() -> Value {
    json!({ "Ref": "AWS::NoValue" })
}

/// Asks from what the database is to be made. As long as the same is said at each deployment, it stays; another answer
/// replaces it. A restored one has the password that it had: who restores it puts that of the copied secret of prod
/// into this environment's.
fn restore(stack: &Stack, writer: &mut Value) {
    let snapshot = stack.ask(
        "DatabaseSnapshot",
        "Snapshot that the database is restored from: its name or ARN. Empty: none",
        Some(""),
    );
    let backups = stack.ask(
        "DatabaseBackups",
        "Replicated automated backups that it is restored from, to a moment: their ARN. Empty: none",
        Some(""),
    );
    let time = stack.ask(
        "DatabaseTime",
        "That moment, as 2026-11-29T12:00:00Z. Empty: the newest that there is",
        Some(""),
    );
    let is_empty = |value: &Value| json!({ "Fn::Equals": [value, ""] });
    let not = |condition: Value| json!({ "Fn::Not": [condition] });
    stack.condition("DatabaseIsNew", json!({ "Fn::And": [is_empty(&snapshot), is_empty(&backups)] }));
    stack.condition("DatabaseFromSnapshot", not(is_empty(&snapshot)));
    stack.condition("DatabaseFromBackups", not(is_empty(&backups)));
    stack.condition("DatabaseAtTime", not(is_empty(&time)));
    stack.condition(
        "DatabaseAtNewest",
        json!({ "Fn::And": [{ "Condition": "DatabaseFromBackups" }, is_empty(&time)] }),
    );
    for (property, condition, value) in [
        ("DBSnapshotIdentifier", "DatabaseFromSnapshot", snapshot),
        ("SourceDBInstanceAutomatedBackupsArn", "DatabaseFromBackups", backups),
        ("RestoreTime", "DatabaseAtTime", time),
        ("UseLatestRestorableTime", "DatabaseAtNewest", json!(true)),
    ] {
        writer[property] = json!({ "Fn::If": [condition, value, nothing()] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::stacks::storage::tests::{all, made, properties, stack, text};
    use crate::template::StackName;

    #[test]
    fn prod_has_a_second_zone_and_a_reader_and_dev_has_neither() {
        for (name, instances) in [(Name::Dev, 1), (Name::Prod, 2)] {
            let templates = made(name, "");
            let data = stack(&templates, StackName::Data);
            assert_eq!(all(data, "AWS::RDS::DBInstance").len(), instances);
            let writer = properties(data, "Database");
            assert_eq!(writer["MultiAZ"], name == Name::Prod);
            assert_eq!(writer["DeletionProtection"], name == Name::Prod);
            assert_eq!(writer["AutomaticBackupReplicationRegion"] == "us-west-2", name == Name::Prod);
        }
    }

    #[test]
    fn an_instance_with_a_replica_has_no_password_that_rds_keeps() {
        for name in Name::ALL {
            let templates = made(name, "");
            let data = stack(&templates, StackName::Data);
            let writer = properties(data, "Database");
            let has_replica = data.body["Resources"]["DatabaseReader"].is_object();
            assert_eq!(writer["ManageMasterUserPassword"] == true, !has_replica, "{name}");
            if name == Name::Prod {
                let password = text(&writer["MasterUserPassword"]);
                let expected = "{{resolve:secretsmanager:(DatabaseSecret):SecretString:password}}";
                assert_eq!(password, expected);
            }
        }
    }

    #[test]
    fn backups_are_copied_under_the_key_that_the_second_region_shows_and_no_alias() {
        let (prod, recovery) = (made(Name::Prod, ""), made(Name::Recovery, ""));
        let data = stack(&prod, StackName::Data);
        let key = &properties(data, "Database")["AutomaticBackupReplicationKmsKeyId"];
        assert_eq!(*key, json!({ "Ref": BACKUPS_KEY }));
        assert!(data.body["Parameters"][BACKUPS_KEY].get("Default").is_none());
        let shown =
            |templates: &[_]| stack(templates, StackName::Storage).body["Outputs"][BACKUPS_KEY].clone();
        assert_eq!(shown(&recovery)["Value"], json!({ "Fn::GetAtt": ["Key", "Arn"] }));
        assert!(shown(&prod).is_null());
    }

    #[test]
    fn the_family_is_that_of_the_version_and_nobody_is_let_in_without_tls() {
        assert_eq!(ENGINE_VERSION.split('.').next(), FAMILY.strip_prefix("postgres"));
        let of = |name| parameters(&Environment::new(name, Operator::parse("").unwrap()).sizes.database);
        assert_eq!(of(Name::Dev)["rds.force_ssl"], "1");
        assert!(of(Name::Dev).get("max_connections").is_none());
        assert_eq!(of(Name::Prod)["max_connections"], MOST_CONNECTIONS.to_string());
    }

    #[test]
    fn the_server_ends_what_stands_idle_later_than_the_application() {
        let settings = include_str!("../../../server/config.default.toml");
        let settings: toml::Table = settings.parse().unwrap();
        let own = settings["store"]["idle_transaction_timeout"].as_str().unwrap();
        let own: jiff::SignedDuration = own.parse().unwrap();
        let sizes = Environment::new(Name::Prod, Operator::parse("").unwrap()).sizes;
        let parameters = parameters(&sizes.database);
        let server = parameters["idle_in_transaction_session_timeout"].as_str().unwrap();
        assert!(server.parse::<i128>().unwrap() > own.as_millis());
    }

    #[test]
    fn the_second_region_may_restore_it_and_then_says_nothing_of_what_it_brings_along() {
        let templates = made(Name::Recovery, "");
        let data = stack(&templates, StackName::Data);
        let writer = properties(data, "Database");
        for property in ["DBName", "KmsKeyId", "MasterUsername", "MasterUserPassword", "AllocatedStorage"] {
            let choice = &writer[property]["Fn::If"];
            assert_eq!((&choice[0], &choice[2]), (&json!("DatabaseIsNew"), &nothing()), "{property}");
        }
        let conditions = data.body["Conditions"].as_object().unwrap();
        for property in ["DBSnapshotIdentifier", "SourceDBInstanceAutomatedBackupsArn", "RestoreTime"] {
            let condition = writer[property]["Fn::If"][0].as_str().unwrap();
            assert!(conditions.contains_key(condition), "{property}");
        }
        assert_eq!(data.body["Parameters"]["DatabaseSnapshot"]["Default"], "");
        assert!(stack(&made(Name::Prod, ""), StackName::Data).body["Conditions"].is_null());
    }
}
