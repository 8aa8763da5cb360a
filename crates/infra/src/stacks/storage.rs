//! Buckets and the key of what is stored.
//!
//! This stack refers to no other, so that the second region can have it before everything else: what prod copies goes
//! into the buckets of `recovery` and under its key, and both have to be there. So the order is: storage and recovery
//! of the environment `recovery`, then prod. Names say where a copy goes: the same name, with the other environment and
//! region in it.

use serde_json::{Value, json};

use crate::application::BLOBS_PREFIX;
use crate::environment::Environment;
use crate::template::kinds::{Bucket, BucketPolicy, Key, KeyAlias, Role};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, region};
use crate::template::{Resource, Stack};
use crate::{arn, join};

/// Buckets, one for each purpose.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Key of what is stored: buckets, database, cache, brokers, backups, logs.
    pub key: Resource<Key>,
    /// Blobs of the application (`blobs.bucket`): uploads, exports, slices of runs.
    pub blobs: Resource<Bucket>,
    /// Static assets behind CloudFront.
    pub assets: Resource<Bucket>,
    /// Access logs and the archive of logs.
    pub logs: Resource<Bucket>,
    /// What pipelines hand on, packages of functions, copies of configuration.
    pub artifacts: Resource<Bucket>,
}

/// Days for which what was overwritten or removed can be had back.
const NONCURRENT_DAYS: u32 = 30;
/// The same of blobs where they are protected: for as long as the oldest moment to which anybody restores the database.
const NONCURRENT_BLOB_DAYS: u32 = 90;
/// Parameter of prod's database, and output of the second region's storage: the key under which backups are copied.
pub const BACKUPS_KEY: &str = "BackupsKey";
/// Output that names the bucket of artifacts.
pub const ARTIFACTS: &str = "ArtifactsBucket";
/// Buckets that are copied to the other region: with the blobs, what the service and its functions are made of.
const COPIED: [&str; 3] = ["blobs", "assets", "artifacts"];
/// Folder of access logs of S3.
const ACCESS_LOGS: &str = "s3/";

/// Name of a bucket. They are unique in the world, which is why the account's number is in it.
#[must_use]
pub fn bucket_name(environment: &Environment, purpose: &str) -> Value {
    join!(format!("{}-", environment.named(purpose)), account(), format!("-{}", environment.region))
}

/// ARN of a bucket by its name.
#[must_use]
pub fn bucket_arn(environment: &Environment, purpose: &str) -> Value {
    join!("arn:", partition(), ":s3:::", bucket_name(environment, purpose))
}

/// Name of the key of an environment, by which another region knows it.
#[must_use]
pub fn key_alias(environment: &Environment) -> String {
    format!("alias/{}", environment.named("storage"))
}

/// ARN of that name.
#[must_use]
pub fn key_alias_arn(environment: &Environment) -> Value {
    of_region("kms", environment, &key_alias(environment))
}

/// An ARN of this account in the region of an environment.
#[must_use]
pub fn of_region(service: &str, environment: &Environment, what: &str) -> Value {
    let region = &environment.region;
    join!("arn:", partition(), format!(":{service}:{region}:"), account(), format!(":{what}"))
}

/// Adds the buckets.
pub fn add(stack: &Stack, environment: &Environment) -> Storage {
    let protected = environment.sizes.protected;
    let key = key(stack, environment);
    let logs = logs(stack, environment);
    let bucket = |id: &str, purpose: &str, more: &[(&str, Value)]| {
        let mut properties = json!({
            "BucketName": bucket_name(environment, purpose),
            "BucketEncryption": { "ServerSideEncryptionConfiguration": [{
                "BucketKeyEnabled": true,
                "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.arn() },
            }] },
            "LoggingConfiguration": {
                "DestinationBucketName": logs.name(),
                "LogFilePrefix": format!("{ACCESS_LOGS}{purpose}/"),
            },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
            "PublicAccessBlockConfiguration": nobody_from_outside(),
            "VersioningConfiguration": { "Status": "Enabled" },
        });
        for (name, value) in more {
            properties[*name] = value.clone();
        }
        let bucket: Resource<Bucket> = stack.add(id, properties);
        stack.keep(&bucket, environment.kept());
        bucket
    };
    let copied = environment.copies().map(|other| {
        let role = replicator(stack, environment, &other, &key);
        (other, role)
    });
    let replicated = |purpose: &str| {
        let (other, role) = copied.as_ref().filter(|_| COPIED.contains(&purpose))?;
        Some(("ReplicationConfiguration", replication(other, role, purpose)))
    };

    let mut more =
        vec![("LifecycleConfiguration", of_blobs(protected)), ("CorsConfiguration", cors(environment))];
    if protected {
        // AWS Backup listens to it, and would switch it on by itself.
        more.push((
            "NotificationConfiguration",
            json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } }),
        ));
    }
    more.extend(replicated("blobs"));
    let blobs = bucket("Blobs", "blobs", &more);
    let tidied = |purpose: &str| {
        let mut more = vec![("LifecycleConfiguration", json!({ "Rules": [tidy(NONCURRENT_DAYS)] }))];
        more.extend(replicated(purpose));
        more
    };
    let assets = bucket("Assets", "assets", &tidied("assets"));
    let artifacts = bucket("Artifacts", "artifacts", &tidied("artifacts"));

    let policy = |id: &str, bucket: &Resource<Bucket>, statements: Vec<Statement>| {
        let all = [over_tls(bucket), statements].concat();
        let properties = json!({ "Bucket": bucket.name(), "PolicyDocument": document(&all) });
        let policy: Resource<BucketPolicy> = stack.add(id, properties);
        policy
    };
    policy("BlobsPolicy", &blobs, vec![]);
    policy("AssetsPolicy", &assets, vec![read_by_cloudfront(&assets)]);
    policy("ArtifactsPolicy", &artifacts, vec![]);
    stack.show(ARTIFACTS, artifacts.name());
    stack.show("AssetsBucket", assets.name());
    if environment.stands_by {
        stack.show(BACKUPS_KEY, key.arn());
    }
    let delivered = policy("LogsPolicy", &logs, deliveries(environment, &logs));
    for bucket in [&blobs, &assets, &artifacts] {
        stack.after(bucket, &delivered);
    }
    Storage { key, blobs, assets, logs, artifacts }
}

fn nobody_from_outside() -> Value {
    json!({
        "BlockPublicAcls": true,
        "BlockPublicPolicy": true,
        "IgnorePublicAcls": true,
        "RestrictPublicBuckets": true,
    })
}

/// The key, which roles of this account may use as their policies say, and services as far as they have no role for it.
fn key(stack: &Stack, environment: &Environment) -> Resource<Key> {
    // In the policy of a key, this is the key itself.
    let this = || [json!("*")];
    let root = json!({ "AWS": join!("arn:", partition(), ":iam::", account(), ":root") });
    let service = |names: &[&str], actions: &[&'static str], condition: Value| {
        Statement::allow(actions, this()).by(json!({ "Service": names })).when(condition)
    };
    let of_account = |more: Value| {
        let mut condition = json!({ "StringEquals": { "aws:SourceAccount": account() } });
        if let (Value::Object(all), Value::Object(more)) = (&mut condition, more) {
            all.extend(more);
        }
        condition
    };
    let logs = json!({ "Service": join!("logs.", region(), ".amazonaws.com") });
    let groups = json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": arn!("logs", "log-group:*") } });
    let statements = [
        Statement::allow(ADMINISTRATION, this()).by(root.clone()),
        Statement::allow(USE, this()).by(root),
        Statement::allow(
            &[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:DescribeKey",
            ],
            this(),
        )
        .by(logs)
        .when(groups),
        service(
            &["cloudfront.amazonaws.com"],
            &["kms:Decrypt"],
            of_account(json!({ "ArnLike": { "aws:SourceArn": distributions() } })),
        ),
        // They send to topics that are encrypted.
        service(
            &["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"],
            &["kms:Decrypt", "kms:GenerateDataKey"],
            of_account(json!({})),
        ),
        service(
            &["cloudtrail.amazonaws.com"],
            &["kms:GenerateDataKey", "kms:DescribeKey"],
            json!({ "ArnLike": { "aws:SourceArn": arn!("cloudtrail", "trail/*") } }),
        ),
    ];
    let key: Resource<Key> = stack.add(
        "Key",
        json!({
            "Description": format!("What AstroShield ({}) stores", environment.name),
            "EnableKeyRotation": true,
            "RotationPeriodInDays": 365,
            "PendingWindowInDays": environment.sizes.key_days,
            "KeyPolicy": document(&statements),
        }),
    );
    stack.keep(&key, environment.kept());
    stack
        .add::<KeyAlias>("KeyAlias", json!({ "AliasName": key_alias(environment), "TargetKeyId": key.id() }));
    key
}

/// A key for topics that alarms tell in another region, where that of the storage is not.
#[must_use]
pub fn key_of_topics(stack: &Stack, environment: &Environment) -> Resource<Key> {
    let this = || [json!("*")];
    let root = json!({ "AWS": join!("arn:", partition(), ":iam::", account(), ":root") });
    let statements = [
        Statement::allow(ADMINISTRATION, this()).by(root.clone()),
        Statement::allow(USE, this()).by(root),
        Statement::allow(&["kms:Decrypt", "kms:GenerateDataKey"], this())
            .by(json!({ "Service": "cloudwatch.amazonaws.com" }))
            .when(json!({ "StringEquals": { "aws:SourceAccount": account() } })),
    ];
    let key = stack.add(
        "TopicKey",
        json!({
            "Description": format!("What alarms of AstroShield ({}) say in this region", environment.name),
            "EnableKeyRotation": true,
            "RotationPeriodInDays": 365,
            "PendingWindowInDays": environment.sizes.key_days,
            "KeyPolicy": document(&statements),
        }),
    );
    stack.keep(&key, environment.kept());
    key
}

/// What the account may do with its key, without what would make it somebody else's.
const ADMINISTRATION: &[&str] = &[
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
];

/// What the account may let its roles do, and services for them (RDS, ElastiCache and MSK by grants).
const USE: &[&str] = &[
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
];

/// The bucket of logs. The load balancer and S3 itself write to none that is encrypted with a key of KMS, so this one
/// has that of S3; and it does not log who reads it, as every line would make another one.
fn logs(stack: &Stack, environment: &Environment) -> Resource<Bucket> {
    let mut kept = tidy(NONCURRENT_DAYS);
    kept["ExpirationInDays"] = json!(environment.sizes.stored_log_days);
    if let Some(days) = environment.sizes.cold_log_days {
        kept["Transitions"] = json!([{ "StorageClass": "GLACIER_IR", "TransitionInDays": days }]);
    }
    let logs = stack.add(
        "Logs",
        json!({
            "BucketName": bucket_name(environment, "logs"),
            "BucketEncryption": { "ServerSideEncryptionConfiguration": [
                { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }
            ] },
            "LifecycleConfiguration": { "Rules": [kept] },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
            "PublicAccessBlockConfiguration": nobody_from_outside(),
            "VersioningConfiguration": { "Status": "Enabled" },
        }),
    );
    stack.keep(&logs, environment.kept());
    logs
}

/// Removes what nobody can use any more.
fn tidy(noncurrent_days: u32) -> Value {
    json!({
        "Id": "tidy",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
        "NoncurrentVersionExpiration": { "NoncurrentDays": noncurrent_days },
    })
}

/// Files as they were received, and backups that somebody asked for, are hardly read again, but have to be there at once
/// when they are. They cannot be told from slices of runs by the beginning of their names, which is the tenant's; upkeep
/// removes slices before the coldest class.
fn of_blobs(protected: bool) -> Value {
    if !protected {
        return json!({ "Rules": [tidy(NONCURRENT_DAYS)] });
    }
    json!({ "Rules": [
        tidy(NONCURRENT_BLOB_DAYS),
        {
            "Id": "received",
            "Status": "Enabled",
            "Prefix": format!("{BLOBS_PREFIX}/"),
            "Transitions": [
                { "StorageClass": "STANDARD_IA", "TransitionInDays": 30 },
                { "StorageClass": "GLACIER_IR", "TransitionInDays": 120 },
            ],
        },
    ] })
}

/// Lets the console send and fetch files by links that are signed.
fn cors(environment: &Environment) -> Value {
    json!({ "CorsRules": [{
        "Id": "console",
        "AllowedOrigins": [format!("https://{}", environment.domain)],
        "AllowedMethods": ["GET", "HEAD", "PUT"],
        "AllowedHeaders": ["content-type", "x-amz-checksum-sha256", "x-amz-server-side-encryption*"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": 3600,
    }] })
}

/// Nothing without TLS, and nothing by TLS of before 1.2.
fn over_tls(bucket: &Resource<Bucket>) -> Vec<Statement> {
    let all = || [bucket.arn(), join!(bucket.arn(), "/*")];
    let denied = |condition| Statement::deny(&["s3:*"], all()).by(json!({ "AWS": "*" })).when(condition);
    vec![
        denied(json!({ "Bool": { "aws:SecureTransport": "false" } })),
        denied(json!({ "NumericLessThan": { "s3:TlsVersion": "1.2" } })),
    ]
}

/// The distribution comes after the bucket, in another stack: any of this account.
fn distributions() -> Value {
    join!("arn:", partition(), ":cloudfront::", account(), ":distribution/*")
}

fn read_by_cloudfront(bucket: &Resource<Bucket>) -> Statement {
    Statement::allow(&["s3:GetObject"], [join!(bucket.arn(), "/*")])
        .by(json!({ "Service": "cloudfront.amazonaws.com" }))
        .when(json!({
            "StringEquals": { "aws:SourceAccount": account() },
            "ArnLike": { "aws:SourceArn": distributions() },
        }))
}

/// Those who write logs, each for resources of this account.
fn deliveries(environment: &Environment, logs: &Resource<Bucket>) -> Vec<Statement> {
    let into = |path: &str| [join!(logs.arn(), format!("/{path}"))];
    let of_account = |path: &str| [join!(logs.arn(), format!("/{path}"), account(), "/*")];
    let from = |sources: Value| {
        let of_account = json!({ "aws:SourceAccount": account() });
        json!({ "StringEquals": of_account, "ArnLike": { "aws:SourceArn": sources } })
    };
    let by = |statement: Statement, service: &str, condition: Value| {
        statement.by(json!({ "Service": service })).when(condition)
    };
    let buckets = join!("arn:", partition(), format!(":s3:::{}*", environment.named("")));
    // Sources of deliveries may be in us-east-1, as those of CloudFront are.
    let sources = || join!("arn:", partition(), ":logs:*:", account(), ":*");
    let trails = || json!({ "ArnLike": { "aws:SourceArn": arn!("cloudtrail", "trail/*") } });
    let put = &["s3:PutObject"];
    vec![
        by(
            Statement::allow(put, into(&format!("{ACCESS_LOGS}*"))),
            "logging.s3.amazonaws.com",
            from(buckets),
        ),
        by(
            Statement::allow(put, of_account("*AWSLogs/")),
            "logdelivery.elasticloadbalancing.amazonaws.com",
            json!({ "ArnLike": { "aws:SourceArn": arn!("elasticloadbalancing", "loadbalancer/*") } }),
        ),
        by(Statement::allow(put, into("*")), "delivery.logs.amazonaws.com", from(sources())),
        by(
            Statement::allow(&["s3:GetBucketAcl", "s3:ListBucket"], [logs.arn()]),
            "delivery.logs.amazonaws.com",
            from(sources()),
        ),
        by(Statement::allow(put, of_account("*AWSLogs/")), "cloudtrail.amazonaws.com", trails()),
        by(Statement::allow(&["s3:GetBucketAcl"], [logs.arn()]), "cloudtrail.amazonaws.com", trails()),
    ]
}

/// What S3 may do to copy to the other region.
fn replicator(
    stack: &Stack,
    environment: &Environment,
    other: &Environment,
    key: &Resource<Key>,
) -> Resource<Role> {
    let purposes = COPIED;
    let from: Vec<Value> = purposes.iter().map(|purpose| bucket_arn(environment, purpose)).collect();
    let within = |arns: Vec<Value>| arns.into_iter().map(|arn| join!(arn, "/*"));
    let to = purposes.iter().map(|purpose| bucket_arn(other, purpose)).collect();
    let by = |environment: &Environment| {
        let service = format!("s3.{}.amazonaws.com", environment.region);
        json!({ "StringEquals": { "kms:ViaService": service } })
    };
    let mut there = by(other);
    there["ForAnyValue:StringEquals"] = json!({ "kms:ResourceAliases": key_alias(other) });
    let statements = [
        Statement::allow(&["s3:GetReplicationConfiguration", "s3:ListBucket"], from.clone()),
        Statement::allow(
            &["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
            within(from),
        ),
        Statement::allow(&["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], within(to)),
        Statement::allow(&["kms:Decrypt"], [key.arn()]).when(by(environment)),
        // The id of that key is not known here, its name is.
        Statement::allow(&["kms:Encrypt", "kms:GenerateDataKey"], [of_region("kms", other, "key/*")])
            .when(there),
    ];
    stack.add(
        "Replicator",
        json!({
            "Description": "S3: copies in the other region",
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("s3.amazonaws.com")
                .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
            "Policies": [{ "PolicyName": "replicate", "PolicyDocument": document(&statements) }],
        }),
    )
}

/// Within 15 minutes, which S3 answers for. What is removed here is removed there, and can be had back for as long.
fn replication(other: &Environment, role: &Resource<Role>, purpose: &str) -> Value {
    let limit = json!({ "Minutes": 15 });
    json!({
        "Role": role.arn(),
        "Rules": [{
            "Id": "other-region",
            "Status": "Enabled",
            "Priority": 0,
            "Filter": { "Prefix": "" },
            "DeleteMarkerReplication": { "Status": "Enabled" },
            "SourceSelectionCriteria": { "SseKmsEncryptedObjects": { "Status": "Enabled" } },
            "Destination": {
                "Bucket": bucket_arn(other, purpose),
                "EncryptionConfiguration": { "ReplicaKmsKeyID": key_alias_arn(other) },
                "ReplicationTime": { "Status": "Enabled", "Time": limit },
                "Metrics": { "Status": "Enabled", "EventThreshold": limit },
            },
        }],
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::checks::list;
    use crate::environment::{Name, Operator};
    use crate::stacks::architecture;
    use crate::template::{StackName, Template};

    /// The architecture of an environment, where the operator has changed this.
    pub(in crate::stacks) fn made(name: Name, changes: &str) -> Vec<Template> {
        architecture(&Environment::new(name, Operator::parse(changes).unwrap())).unwrap()
    }

    pub(in crate::stacks) fn stack(templates: &[Template], name: StackName) -> &Template {
        templates.iter().find(|template| template.stack == name).unwrap()
    }

    /// Resources of a type: logical id and properties.
    pub(in crate::stacks) fn all<'a>(template: &'a Template, kind: &str) -> Vec<(&'a str, &'a Value)> {
        let of_kind = template.resources().filter(|(_, found, _)| *found == kind);
        of_kind.map(|(id, _, properties)| (id, properties)).collect()
    }

    /// Properties of a resource.
    pub(in crate::stacks) fn properties<'a>(template: &'a Template, id: &str) -> &'a Value {
        template.body["Resources"][id].get("Properties").unwrap_or_else(|| panic!("no {id}"))
    }

    /// A `Fn::Join` as text.
    pub(in crate::stacks) fn text(value: &Value) -> String {
        match value {
            Value::Array(parts) => parts.iter().map(text).collect(),
            Value::String(text) => text.clone(),
            value if value["Fn::Join"].is_array() => text(&value["Fn::Join"][1]),
            value => value["Ref"].as_str().map_or_else(|| value.to_string(), |of| format!("({of})")),
        }
    }

    #[test]
    fn every_bucket_is_closed_to_the_world_and_keeps_versions() {
        for name in Name::ALL {
            let templates = made(name, "");
            let storage = stack(&templates, StackName::Storage);
            let buckets = all(storage, "AWS::S3::Bucket");
            assert_eq!(buckets.len(), 4);
            for (id, bucket) in buckets {
                let block = bucket["PublicAccessBlockConfiguration"].as_object().unwrap();
                assert_eq!(block.values().filter(|blocked| **blocked == true).count(), 4, "{name} {id}");
                assert_eq!(bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
                assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled", "{name} {id}");
                let rule = &bucket["LifecycleConfiguration"]["Rules"][0];
                assert_eq!(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"], 7, "{name} {id}");
                assert!(rule["NoncurrentVersionExpiration"]["NoncurrentDays"].is_u64(), "{name} {id}");
                let policies = all(storage, "AWS::S3::BucketPolicy");
                let policy = policies.iter().find(|(_, policy)| policy["Bucket"]["Ref"] == id).unwrap().1;
                let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
                let over_tls = json!({ "Bool": { "aws:SecureTransport": "false" } });
                assert!(
                    statements.iter().any(|of| of["Effect"] == "Deny" && of["Condition"] == over_tls),
                    "{name} {id}"
                );
            }
        }
    }

    #[test]
    fn only_the_bucket_of_logs_is_not_under_the_key_and_does_not_log() {
        let templates = made(Name::Prod, "");
        for (id, bucket) in all(stack(&templates, StackName::Storage), "AWS::S3::Bucket") {
            let rule = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
            let encryption = &rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"];
            assert_eq!(encryption == "aws:kms", id != "Logs", "{id}");
            assert_eq!(bucket["LoggingConfiguration"].is_object(), id != "Logs", "{id}");
        }
    }

    #[test]
    fn what_grows_old_in_a_folder_of_blobs_is_what_tasks_write_there() {
        let templates = made(Name::Prod, "");
        let roles = all(stack(&templates, StackName::Application), "AWS::IAM::Role");
        let blobs = properties(stack(&templates, StackName::Storage), "Blobs");
        let rules = blobs["LifecycleConfiguration"]["Rules"].as_array().unwrap();
        let folders: Vec<&str> = rules.iter().filter_map(|rule| rule["Prefix"].as_str()).collect();
        assert_eq!(folders.len(), 1);
        for folder in folders {
            let written = |statement: &&Value| {
                let put = list(&statement["Action"]).iter().any(|action| action == "s3:PutObject");
                put && list(&statement["Resource"])
                    .iter()
                    .any(|on| text(on).ends_with(&format!("/{folder}*")))
            };
            let may_write = |(_, role): &(&str, &Value)| {
                list(&role["Policies"][0]["PolicyDocument"]["Statement"]).iter().any(|of| written(&of))
            };
            assert!(roles.iter().any(may_write), "{folder}");
        }
    }

    #[test]
    fn prod_copies_to_buckets_and_a_key_that_the_second_region_makes() {
        let (prod, recovery) = (made(Name::Prod, ""), made(Name::Recovery, ""));
        let (prod, recovery) = (stack(&prod, StackName::Storage), stack(&recovery, StackName::Storage));
        let alias = properties(recovery, "KeyAlias")["AliasName"].as_str().unwrap();
        for id in ["Blobs", "Assets", "Artifacts"] {
            let rule = &properties(prod, id)["ReplicationConfiguration"]["Rules"][0];
            let there = text(&properties(recovery, id)["BucketName"]);
            assert_eq!(text(&rule["Destination"]["Bucket"]), format!("arn:(AWS::Partition):s3:::{there}"));
            let key = text(&rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]);
            assert_eq!(key, format!("arn:(AWS::Partition):kms:us-west-2:(AWS::AccountId):{alias}"));
        }
        for name in [Name::Dev, Name::Recovery] {
            let templates = made(name, "");
            let buckets = all(stack(&templates, StackName::Storage), "AWS::S3::Bucket");
            assert!(buckets.iter().all(|(_, bucket)| bucket["ReplicationConfiguration"].is_null()), "{name}");
        }
    }

    #[test]
    fn the_second_region_can_have_storage_and_vault_before_everything_else() {
        let templates = made(Name::Recovery, "");
        assert!(stack(&templates, StackName::Storage).parameters.is_empty());
        let recovery = stack(&templates, StackName::Recovery);
        assert_eq!(recovery.parameters.keys().collect::<Vec<_>>(), ["StorageKeyArn"]);
    }

    #[test]
    fn a_service_uses_the_key_for_this_account_alone() {
        let templates = made(Name::Dev, "");
        let key = properties(stack(&templates, StackName::Storage), "Key");
        assert_eq!(key["EnableKeyRotation"], true);
        for statement in key["KeyPolicy"]["Statement"].as_array().unwrap() {
            let condition = statement["Condition"].to_string();
            let of_account =
                statement["Principal"]["AWS"].is_object() || condition.contains("AWS::AccountId");
            assert!(of_account, "{statement}");
        }
    }

    #[test]
    fn what_must_not_be_lost_outlives_its_stack_in_prod_only() {
        for (name, policy) in [(Name::Dev, "Delete"), (Name::Prod, "Retain")] {
            let templates = made(name, "");
            let storage = stack(&templates, StackName::Storage);
            for id in ["Key", "Blobs", "Assets", "Logs", "Artifacts"] {
                let resource = &storage.body["Resources"][id];
                assert_eq!(resource["DeletionPolicy"], policy, "{name} {id}");
                assert_eq!(resource["UpdateReplacePolicy"], policy, "{name} {id}");
            }
        }
    }
}
