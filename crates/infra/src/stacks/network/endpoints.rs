//! Ways to services of AWS that do not lead through the Internet.
//!
//! That of S3 costs nothing, and is always there. Interface endpoints cost by the hour and zone, and are for what is
//! used: images (ECR), logs, secrets, traces. There is none for KMS (Secrets Manager and S3 ask it themselves), STS
//! (tasks have credentials of ECS), CloudWatch (metrics come by the logs), nor execute-api: under its name, REST APIs
//! of others could not be reached any more, and it has no management API of WebSockets.
//!
//! Their policies let through what belongs to this account, so that nothing can be taken to a bucket or a secret of
//! another one.

use serde_json::{Value, json};

use super::name;
use super::subnets::Subnets;
use crate::environment::Environment;
use crate::template::kinds::{RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, region};
use crate::template::{Resource, Stack};
use crate::{arn, join};

pub(super) fn add(
    stack: &Stack,
    environment: &Environment,
    vpc: &Resource<Vpc>,
    subnets: &Subnets,
    group: Option<&Resource<SecurityGroup>>,
) {
    stack.add::<VpcEndpoint>(
        "S3Endpoint",
        json!({
            "VpcId": vpc.id(),
            "VpcEndpointType": "Gateway",
            "ServiceName": service("s3"),
            "RouteTableIds": subnets.private_routes.iter().map(Resource::<RouteTable>::id).collect::<Vec<_>>(),
            "PolicyDocument": s3(),
            "Tags": name(environment, "s3"),
        }),
    );
    let Some(group) = group else { return };
    for (id, service_name, policy) in [
        ("RegistryApiEndpoint", "ecr.api", registry()),
        ("RegistryEndpoint", "ecr.dkr", registry()),
        ("LogsEndpoint", "logs", logs()),
        ("SecretsEndpoint", "secretsmanager", secrets()),
        ("TracesEndpoint", "xray", traces()),
    ] {
        stack.add::<VpcEndpoint>(
            id,
            json!({
                "VpcId": vpc.id(),
                "VpcEndpointType": "Interface",
                "ServiceName": service(service_name),
                "SubnetIds": subnets.private.iter().map(Resource::<Subnet>::id).collect::<Vec<_>>(),
                "SecurityGroupIds": [group.id()],
                "PrivateDnsEnabled": true,
                "PolicyDocument": policy,
                "Tags": name(environment, service_name),
            }),
        );
    }
}

fn service(service: &str) -> Value {
    join!("com.amazonaws.", region(), format!(".{service}"))
}

/// For those of this account.
fn ours(statement: Statement) -> Statement {
    statement.by(json!({ "AWS": "*" })).when(json!({ "StringEquals": { "aws:PrincipalAccount": account() } }))
}

fn s3() -> Value {
    let buckets = Statement::allow(
        &[
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ],
        [join!("arn:", partition(), ":s3:::*")],
    );
    let layers = Statement::allow(
        &["s3:GetObject"],
        [join!("arn:", partition(), ":s3:::prod-", region(), "-starport-layer-bucket/*")],
    );
    document(&[
        // Also with a presigned address, whose signer is of this account.
        (buckets.by(json!({ "AWS": "*" })))
            .when(json!({ "StringEquals": { "aws:ResourceAccount": account() } })),
        // Where ECR keeps the layers of images, in an account of AWS, whose signature their addresses have.
        (layers.by(json!({ "AWS": "*" }))).when(json!({ "Bool": { "aws:SecureTransport": "true" } })),
    ])
}

fn registry() -> Value {
    document(&[
        ours(Statement::allow_on_all(&["ecr:GetAuthorizationToken"])),
        ours(Statement::allow(
            &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [arn!("ecr", "repository/*")],
        )),
    ])
}

fn logs() -> Value {
    document(&[ours(Statement::allow(
        &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [arn!("logs", "log-group:*")],
    ))])
}

fn secrets() -> Value {
    document(&[ours(Statement::allow(
        &[
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        [arn!("secretsmanager", "secret:*")],
    ))])
}

fn traces() -> Value {
    document(&[ours(Statement::allow_on_all(&[
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ]))])
}

#[cfg(test)]
mod tests {
    use super::super::tests::template;
    use crate::environment::Name;

    #[test]
    fn every_endpoint_lets_through_what_belongs_to_this_account_alone() {
        let mut seen = 0;
        for (id, kind, properties) in template(Name::Prod).resources() {
            if kind != "AWS::EC2::VPCEndpoint" {
                continue;
            }
            seen += 1;
            for statement in properties["PolicyDocument"]["Statement"].as_array().unwrap() {
                let layers = statement["Resource"].to_string().contains("starport-layer-bucket");
                assert!(layers || statement["Condition"].to_string().contains("AWS::AccountId"), "{id}");
            }
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn dev_pays_for_no_endpoint() {
        let template = template(Name::Dev);
        let kinds: Vec<_> = (template.resources())
            .filter(|(_, kind, _)| *kind == "AWS::EC2::VPCEndpoint")
            .map(|(_, _, properties)| properties["VpcEndpointType"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["Gateway"]);
    }
}
