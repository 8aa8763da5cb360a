//! The archive of logs: what the application says goes on into the bucket of logs, where a GB costs a tenth.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::stacks::{Built, title};
use crate::template::kinds::{DeliveryStream, LogGroup, Role, SubscriptionFilter};
use crate::template::policy::{Statement, document};
use crate::template::value::account;
use crate::template::{Resource, Stack};
use crate::{arn, join};

/// Adds the stream into the bucket, and what feeds it.
pub(super) fn add(stack: &Stack, environment: &Environment, built: &Built) {
    let (bucket, key) = (&built.data.storage.logs, &built.data.storage.key);
    let failures: Resource<LogGroup> = stack.add(
        "ArchiveLogs",
        json!({
            "LogGroupName": format!("/astroshield/{}/archive", environment.name),
            "RetentionInDays": environment.sizes.log_days,
            "KmsKeyId": key.arn(),
        }),
    );
    let of_account = json!({ "StringEquals": { "aws:SourceAccount": account() } });
    let role = |id: &str, statement: Statement, statements: &[Statement]| -> Resource<Role> {
        stack.add(
            id,
            json!({
                "AssumeRolePolicyDocument": document(&[statement]),
                "Policies": [{ "PolicyName": "archive", "PolicyDocument": document(statements) }],
            }),
        )
    };
    let writer = role(
        "ArchiveRole",
        Statement::assumed_by("firehose.amazonaws.com").when(of_account.clone()),
        &[
            Statement::allow(
                &["s3:AbortMultipartUpload", "s3:PutObject"],
                [join!(bucket.arn(), "/archive/*"), join!(bucket.arn(), "/archive-failed/*")],
            ),
            Statement::allow(
                &["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                [bucket.arn()],
            ),
            Statement::allow(&["kms:Decrypt", "kms:GenerateDataKey"], [key.arn()]),
            Statement::allow(&["logs:PutLogEvents"], [failures.arn()]),
        ],
    );
    let archive: Resource<DeliveryStream> = stack.add(
        "Archive",
        json!({
            "DeliveryStreamName": environment.named("log-archive"),
            "DeliveryStreamType": "DirectPut",
            "DeliveryStreamEncryptionConfigurationInput":
                { "KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": key.arn() },
            "ExtendedS3DestinationConfiguration": {
                "BucketARN": bucket.arn(),
                "RoleARN": writer.arn(),
                "Prefix": "archive/",
                "ErrorOutputPrefix": "archive-failed/",
                "BufferingHints": { "IntervalInSeconds": 900, "SizeInMBs": 64 },
                // What CloudWatch sends is compressed.
                "CompressionFormat": "UNCOMPRESSED",
                "FileExtension": ".gz",
                "EncryptionConfiguration": { "KMSEncryptionConfig": { "AWSKMSKeyARN": key.arn() } },
                "CloudWatchLoggingOptions":
                    { "Enabled": true, "LogGroupName": failures.name(), "LogStreamName": "delivery" },
            },
        }),
    );
    let sender = role(
        "ArchiveSenderRole",
        Statement::assumed_by("logs.amazonaws.com")
            .when(json!({ "StringLike": { "aws:SourceArn": arn!("logs", "*") } })),
        &[Statement::allow(&["firehose:PutRecord", "firehose:PutRecordBatch"], [archive.arn()])],
    );
    for process in &built.compute.processes {
        let properties: Value = json!({
            "LogGroupName": process.logs.name(),
            "DestinationArn": archive.arn(),
            "RoleArn": sender.arn(),
            "FilterPattern": "",
        });
        stack.add::<SubscriptionFilter>(format!("{}Archived", title(process.name)), properties);
    }
}
