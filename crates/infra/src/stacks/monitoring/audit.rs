//! What watches the account: GuardDuty, CloudTrail, Config. There is one of each in an account and region, so that dev, which may
//! share an account with prod, has none.

use serde_json::{Value, json};

use super::Monitoring;
use super::alarm::AUDIT_NAMESPACE;
use crate::environment::Environment;
use crate::join;
use crate::stacks::Built;
use crate::template::kinds::{
    ConfigDeliveryChannel, ConfigRule, ConfigurationRecorder, Detector, EventRule, LogGroup, MetricFilter,
    NotificationTopic, Role, Trail,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition};
use crate::template::{Kept, Resource, Stack};

fn tell(stack: &Stack, id: &str, what: &str, pattern: &Value, topic: &Resource<NotificationTopic>) {
    stack.add::<EventRule>(
        id,
        json!({
            "Description": what,
            "EventPattern": pattern,
            "State": "ENABLED",
            "Targets": [{ "Id": "topic", "Arn": topic.arn() }],
        }),
    );
}

/// Adds GuardDuty where the account has none, and tells what it finds: from severity 7 on at once.
pub(super) fn findings(stack: &Stack, environment: &Environment, monitoring: &Monitoring) {
    if environment.operator.account_audit {
        let properties = json!({ "Enable": true, "FindingPublishingFrequency": "FIFTEEN_MINUTES" });
        let detector: Resource<Detector> = stack.add("Detector", properties);
        stack.keep(&detector, environment.kept());
    }
    let found = |severity: Value| -> Value {
        json!({
            "source": ["aws.guardduty"],
            "detail-type": ["GuardDuty Finding"],
            "detail": { "severity": [{ "numeric": severity }] },
        })
    };
    tell(stack, "SevereFindings", "GuardDuty: severe", &found(json!([">=", 7])), &monitoring.page);
    tell(stack, "Findings", "GuardDuty: medium", &found(json!([">=", 4, "<", 7])), &monitoring.tell);
}

/// What is counted in CloudTrail's log: name of the metric, and which events.
const COUNTED: [(&str, &str); 2] = [
    (
        "RootUse",
        "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }",
    ),
    (
        "RightsChanges",
        "{ ($.eventSource = iam.amazonaws.com) && (($.eventName = Put*Policy) || ($.eventName = Attach*Policy) || \
         ($.eventName = Detach*Policy) || ($.eventName = Delete*Policy) || ($.eventName = CreatePolicy*) || \
         ($.eventName = CreateUser) || ($.eventName = CreateAccessKey) || ($.eventName = CreateRole) || \
         ($.eventName = UpdateAssumeRolePolicy)) }",
    ),
];

/// Adds CloudTrail of all regions, into the bucket of logs and into a log that alarms are made of.
pub(super) fn trail(stack: &Stack, environment: &Environment, built: &Built) {
    let (bucket, key) = (&built.data.storage.logs, &built.data.storage.key);
    let logs: Resource<LogGroup> = stack.add(
        "AuditLogs",
        json!({
            "LogGroupName": format!("/astroshield/{}/audit", environment.name),
            "RetentionInDays": environment.sizes.log_days,
            "KmsKeyId": key.arn(),
        }),
    );
    stack.keep(&logs, Kept::Yes);
    let role: Resource<Role> = stack.add(
        "AuditRole",
        json!({
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("cloudtrail.amazonaws.com")
                .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
            "Policies": [{
                "PolicyName": "write",
                "PolicyDocument":
                    document(&[Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], [logs.arn()])]),
            }],
        }),
    );
    let trail: Resource<Trail> = stack.add(
        "Trail",
        json!({
            "TrailName": environment.named("audit"),
            "IsLogging": true,
            "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true,
            "EnableLogFileValidation": true,
            "KMSKeyId": key.arn(),
            "S3BucketName": bucket.name(),
            "S3KeyPrefix": "cloudtrail",
            "CloudWatchLogsLogGroupArn": logs.arn(),
            "CloudWatchLogsRoleArn": role.arn(),
        }),
    );
    stack.keep(&trail, Kept::Yes);
    for (metric, pattern) in COUNTED {
        stack.add::<MetricFilter>(
            format!("{metric}Filter"),
            json!({
                "LogGroupName": logs.name(),
                "FilterPattern": pattern,
                "MetricTransformations":
                    [{ "MetricNamespace": AUDIT_NAMESPACE, "MetricName": metric, "MetricValue": "1", "DefaultValue": 0 }],
            }),
        );
    }
}

/// Rules of AWS that resources are held against. Each evaluation costs, so they are those that no template shows.
const RULES: [(&str, &str); 7] = [
    ("RootHasMfa", "ROOT_ACCOUNT_MFA_ENABLED"),
    ("NoAdministratorPolicies", "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"),
    ("NoPublicBuckets", "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"),
    ("DefaultGroupClosed", "VPC_DEFAULT_SECURITY_GROUP_CLOSED"),
    ("DatabasesEncrypted", "RDS_STORAGE_ENCRYPTED"),
    ("DatabasesPrivate", "RDS_INSTANCE_PUBLIC_ACCESS_CHECK"),
    ("TrailEnabled", "CLOUD_TRAIL_ENABLED"),
];

/// What Config records: types that the rules look at.
const RECORDED: [&str; 6] = [
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::S3::Bucket",
    "AWS::EC2::SecurityGroup",
    "AWS::RDS::DBInstance",
];

/// Adds Config, and tells what does not comply.
pub(super) fn configuration(stack: &Stack, built: &Built, monitoring: &Monitoring) {
    let (bucket, key) = (&built.data.storage.logs, &built.data.storage.key);
    let objects = join!(bucket.arn(), "/config/AWSLogs/", account(), "/*");
    let role: Resource<Role> = stack.add(
        "ConfigRole",
        json!({
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("config.amazonaws.com")
                .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
            "ManagedPolicyArns": [join!("arn:", partition(), ":iam::aws:policy/service-role/AWS_ConfigRole")],
            "Policies": [{
                "PolicyName": "deliver",
                "PolicyDocument": document(&[
                    Statement::allow(&["s3:PutObject"], [objects]),
                    Statement::allow(&["s3:GetBucketAcl", "s3:ListBucket"], [bucket.arn()]),
                    Statement::allow(&["kms:Decrypt", "kms:GenerateDataKey"], [key.arn()]),
                ]),
            }],
        }),
    );
    let recorder: Resource<ConfigurationRecorder> = stack.add(
        "Recorder",
        json!({
            "RoleARN": role.arn(),
            "RecordingGroup": { "AllSupported": false, "ResourceTypes": RECORDED },
        }),
    );
    // The recorder and its channel are made at the same time: each waits for the other to be there.
    stack.add::<ConfigDeliveryChannel>(
        "RecordedTo",
        json!({ "S3BucketName": bucket.name(), "S3KeyPrefix": "config", "S3KmsKeyArn": key.arn() }),
    );
    for (id, identifier) in RULES {
        let rule: Resource<ConfigRule> =
            stack.add(id, json!({ "Source": { "Owner": "AWS", "SourceIdentifier": identifier } }));
        stack.after(&rule, &recorder);
    }
    let pattern = json!({
        "source": ["aws.config"],
        "detail-type": ["Config Rules Compliance Change"],
        "detail": { "newEvaluationResult": { "complianceType": ["NON_COMPLIANT"] } },
    });
    tell(stack, "NotCompliant", "Config: a resource does not comply", &pattern, &monitoring.tell);
}
