//! AWS Backup: plans, copies in the other region, restores that are tried.
//!
//! These are for what somebody does, and are kept where who did it cannot remove them. A moment that is not long ago is
//! had from the automated backups of RDS and the versions of S3.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::join;
use crate::stacks::database::identifier;
use crate::stacks::storage::{bucket_arn, of_region};
use crate::stacks::{Built, database::Database};
use crate::template::kinds::{
    BackupPlan, BackupSelection, BackupVault, RestoreTestingPlan, RestoreTestingSelection, Role,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition};
use crate::template::{Resource, Stack};

/// When, and for how many days: name, schedule, days.
const RULES: [(&str, &str, u32); 3] = [
    ("daily", "cron(0 5 * * ? *)", 35),
    ("weekly", "cron(0 6 ? * SUN *)", 91),
    ("monthly", "cron(0 7 1 * ? *)", 366),
];
/// Days before which nobody removes a backup, in which somebody notices.
const LEAST_DAYS: u32 = 7;

fn vault_name(environment: &Environment) -> String {
    environment.named("backups")
}

/// Adds the vault, and where the environment is protected, what fills it. In the second region this refers to nothing
/// but the key, and by names to the rest, so that the vault is there before prod copies into it.
pub fn add(stack: &Stack, environment: &Environment, built: &Built) {
    let protected = environment.sizes.protected;
    let mut properties = json!({
        "BackupVaultName": vault_name(environment),
        "EncryptionKeyArn": built.data.storage.key.arn(),
    });
    if protected {
        // Without `ChangeableForDays`, who administers the account can take the lock off again.
        properties["LockConfiguration"] = json!({ "MinRetentionDays": LEAST_DAYS, "MaxRetentionDays": 400 });
    }
    let vault: Resource<BackupVault> = stack.add("Vault", properties);
    stack.keep(&vault, environment.kept());
    if !protected {
        return;
    }
    let role = role(stack);
    let plan: Resource<BackupPlan> = stack.add(
        "Plan",
        json!({ "BackupPlan": {
            "BackupPlanName": environment.named("plan"),
            "BackupPlanRule": rules(environment, &vault),
        } }),
    );
    stack.add::<BackupSelection>(
        "Selection",
        json!({
            "BackupPlanId": plan.id(),
            "BackupSelection": {
                "SelectionName": "database-and-blobs",
                "IamRoleArn": role.arn(),
                "Resources": [
                    of_region("rds", environment, &format!("db:{}", identifier(environment))),
                    bucket_arn(environment, "blobs"),
                ],
            },
        }),
    );
    if environment.sizes.tries_restores {
        try_restores(stack, environment, &vault, &role, &built.data.database);
    }
}

fn rules(environment: &Environment, vault: &Resource<BackupVault>) -> Value {
    let other = environment.copies();
    RULES
        .iter()
        .map(|(name, schedule, days)| {
            let kept = json!({ "DeleteAfterDays": days });
            let mut rule = json!({
                "RuleName": name,
                "TargetBackupVault": vault.name(),
                "ScheduleExpression": schedule,
                "StartWindowMinutes": 60,
                "CompletionWindowMinutes": 480,
                "Lifecycle": kept,
            });
            if let Some(other) = &other {
                let there = of_region("backup", other, &format!("backup-vault:{}", vault_name(other)));
                rule["CopyActions"] = json!([{ "DestinationBackupVaultArn": there, "Lifecycle": kept }]);
            }
            rule
        })
        .collect()
}

fn role(stack: &Stack) -> Resource<Role> {
    let managed = |name: &str| join!("arn:", partition(), format!(":iam::aws:policy/{name}"));
    stack.add(
        "BackupRole",
        json!({
            "Description": "AWS Backup: backups of database and blobs, and restores",
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("backup.amazonaws.com")
                .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
            "ManagedPolicyArns": [
                managed("service-role/AWSBackupServiceRolePolicyForBackup"),
                managed("service-role/AWSBackupServiceRolePolicyForRestores"),
                managed("AWSBackupServiceRolePolicyForS3Backup"),
                managed("AWSBackupServiceRolePolicyForS3Restore"),
            ],
        }),
    )
}

/// Every month the newest backup of the database is restored beside it, and removed after an hour, in which somebody
/// may look at it. That one can be restored in the other region, where there is no network before it is raised, is for
/// a drill to show.
fn try_restores(
    stack: &Stack,
    environment: &Environment,
    vault: &Resource<BackupVault>,
    role: &Resource<Role>,
    database: &Database,
) {
    let plan: Resource<RestoreTestingPlan> = stack.add(
        "RestoreTesting",
        json!({
            "RestoreTestingPlanName": environment.named("monthly").replace('-', "_"),
            "ScheduleExpression": "cron(0 9 2 * ? *)",
            "StartWindowHours": 1,
            "RecoveryPointSelection": {
                "Algorithm": "LATEST_WITHIN_WINDOW",
                "IncludeVaults": [vault.arn()],
                "RecoveryPointTypes": ["SNAPSHOT"],
                "SelectionWindowDays": 30,
            },
        }),
    );
    stack.add::<RestoreTestingSelection>(
        "RestoreTestingDatabase",
        json!({
            "RestoreTestingPlanName": plan.name(),
            "RestoreTestingSelectionName": "database",
            "IamRoleArn": role.arn(),
            "ProtectedResourceType": "RDS",
            "ProtectedResourceArns": [database.writer.arn()],
            "RestoreMetadataOverrides": { "dbSubnetGroupName": database.subnets.name() },
            "ValidationWindowHours": 1,
        }),
    );
}

#[cfg(test)]
mod tests {
    use crate::environment::Name;
    use crate::stacks::storage::tests::{all, made, properties, stack, text};
    use crate::template::StackName;

    #[test]
    fn prod_copies_every_backup_to_the_vault_that_the_second_region_makes() {
        let (prod, recovery) = (made(Name::Prod, ""), made(Name::Recovery, ""));
        let (prod, recovery) = (stack(&prod, StackName::Recovery), stack(&recovery, StackName::Recovery));
        let vault = properties(recovery, "Vault")["BackupVaultName"].as_str().unwrap();
        let there = format!("arn:(AWS::Partition):backup:us-west-2:(AWS::AccountId):backup-vault:{vault}");
        let rules = properties(prod, "Plan")["BackupPlan"]["BackupPlanRule"].as_array().unwrap();
        assert_eq!(rules.len(), 3);
        for rule in rules {
            assert_eq!(text(&rule["CopyActions"][0]["DestinationBackupVaultArn"]), there);
        }
    }

    #[test]
    fn the_lock_of_the_vault_lets_every_backup_end_when_it_should() {
        let templates = made(Name::Prod, "");
        let recovery = stack(&templates, StackName::Recovery);
        let lock = &properties(recovery, "Vault")["LockConfiguration"];
        let days = |name: &str| lock[name].as_u64().unwrap();
        for rule in properties(recovery, "Plan")["BackupPlan"]["BackupPlanRule"].as_array().unwrap() {
            let kept = rule["Lifecycle"]["DeleteAfterDays"].as_u64().unwrap();
            assert!((days("MinRetentionDays")..=days("MaxRetentionDays")).contains(&kept), "{rule}");
        }
    }

    #[test]
    fn what_is_backed_up_by_its_name_is_there_under_that_name() {
        for name in [Name::Prod, Name::Recovery] {
            let templates = made(name, "");
            let selection = properties(stack(&templates, StackName::Recovery), "Selection");
            let selected = selection["BackupSelection"]["Resources"].as_array().unwrap();
            let database = properties(stack(&templates, StackName::Data), "Database");
            let identifier = database["DBInstanceIdentifier"].as_str().unwrap();
            assert!(text(&selected[0]).ends_with(&format!(":db:{identifier}")), "{name}");
            let bucket = text(&properties(stack(&templates, StackName::Storage), "Blobs")["BucketName"]);
            assert!(text(&selected[1]).ends_with(&format!(":::{bucket}")), "{name}");
        }
    }

    #[test]
    fn dev_has_a_vault_and_nothing_that_fills_it() {
        let templates = made(Name::Dev, "");
        let recovery = stack(&templates, StackName::Recovery);
        assert_eq!(all(recovery, "AWS::Backup::BackupVault").len(), 1);
        assert!(all(recovery, "AWS::Backup::BackupPlan").is_empty());
    }
}
