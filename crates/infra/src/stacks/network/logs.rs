//! Who spoke with whom: flow logs, and the key of logs.

use serde_json::json;

use crate::arn;
use crate::environment::Environment;
use crate::join;
use crate::template::kinds::{FlowLog, Key, LogGroup, Role, Vpc};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, region};
use crate::template::{Resource, Stack};

/// A key for log groups of the region of the stack: the network is made before the key of what is stored, and the edge
/// is in a region of its own.
pub fn key(stack: &Stack, environment: &Environment, id: &str) -> Resource<Key> {
    let administrators = Statement::allow(
        &[
            "kms:CancelKeyDeletion",
            "kms:CreateAlias",
            "kms:Decrypt",
            "kms:DeleteAlias",
            "kms:DescribeKey",
            "kms:DisableKey",
            "kms:EnableKey",
            "kms:EnableKeyRotation",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
            "kms:PutKeyPolicy",
            "kms:ScheduleKeyDeletion",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:UpdateAlias",
            "kms:UpdateKeyDescription",
        ],
        // In the policy of a key, this key.
        [json!("*")],
    );
    let logs = Statement::allow(
        &[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
        [json!("*")],
    );
    let key = stack.add(
        id,
        json!({
            "Description": environment.named(&format!("{}-logs", stack.name())),
            "EnableKeyRotation": true,
            "PendingWindowInDays": environment.sizes.key_days,
            "KeyPolicy": document(&[
                administrators.by(json!({ "AWS": join!("arn:", partition(), ":iam::", account(), ":root") })),
                (logs.by(json!({ "Service": join!("logs.", region(), ".amazonaws.com") }))).when(
                    json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": arn!("logs", "log-group:*") } }),
                ),
            ]),
        }),
    );
    // Without it, logs that stay could not be read any more.
    stack.keep(&key, environment.kept());
    key
}

pub(super) fn add(stack: &Stack, environment: &Environment, vpc: &Resource<Vpc>) {
    let protected = environment.sizes.protected;
    let key = key(stack, environment, "LogsKey");
    let logs: Resource<LogGroup> = stack.add(
        "FlowLogs",
        json!({
            "LogGroupName": format!("/astroshield/{}/flow-logs", environment.name),
            "RetentionInDays": environment.sizes.log_days,
            "KmsKeyId": key.arn(),
        }),
    );
    stack.keep(&logs, environment.kept());
    let writer: Resource<Role> = stack.add(
        "FlowLogsRole",
        json!({
            "Description": "Writes the flow logs of the VPC",
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("vpc-flow-logs.amazonaws.com").when(json!({
                "StringEquals": { "aws:SourceAccount": account() },
                "ArnLike": { "aws:SourceArn": arn!("ec2", "vpc-flow-log/*") },
            }))]),
            "Policies": [{
                "PolicyName": "write",
                "PolicyDocument": document(&[Statement::allow(
                    &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [logs.arn()],
                )]),
            }],
        }),
    );
    stack.add::<FlowLog>(
        "FlowLog",
        json!({
            "ResourceType": "VPC",
            "ResourceId": vpc.id(),
            // Each line costs. What is refused says who tries; what passes, where something went.
            "TrafficType": if protected { "ALL" } else { "REJECT" },
            "MaxAggregationInterval": if protected { 60 } else { 600 },
            "LogDestinationType": "cloud-watch-logs",
            "LogGroupName": logs.name(),
            "DeliverLogsPermissionArn": writer.arn(),
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::template;
    use crate::environment::Name;

    #[test]
    fn flow_logs_are_encrypted_with_a_key_that_turns_and_are_not_kept_for_ever() {
        for environment in Name::ALL {
            let template = template(environment);
            let find = |wanted: &str| template.resources().find(|(id, ..)| *id == wanted).unwrap().2;
            assert_eq!(find("FlowLogs")["KmsKeyId"]["Fn::GetAtt"][0], "LogsKey");
            assert!(find("FlowLogs")["RetentionInDays"].as_u64().unwrap() > 0);
            assert_eq!(find("LogsKey")["EnableKeyRotation"], true);
        }
    }

    #[test]
    fn prod_knows_of_all_that_passed_and_dev_of_what_was_refused() {
        let traffic = |environment| {
            let template = template(environment);
            template.resources().find(|(id, ..)| *id == "FlowLog").unwrap().2["TrafficType"].clone()
        };
        assert_eq!((traffic(Name::Prod), traffic(Name::Dev)), ("ALL".into(), "REJECT".into()));
    }
}
