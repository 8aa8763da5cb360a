//! The internal load balancer, behind which the tasks answer requests.

use astroshield_domain::deployment::{PORT, READY};
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::join;
use crate::stacks::api_gateway;
use crate::stacks::network::Network;
use crate::stacks::storage::Storage;
use crate::template::kinds::{
    Alarm, Certificate, Listener, ListenerRule, LoadBalancer, Role, Subnet, TargetGroup,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition};
use crate::template::{Resource, Stack};

/// Seconds between two looks at a task.
const LOOK_S: u32 = 5;

/// Looks after which a task is sent no more requests.
const LOOKS: u32 = 3;

/// Seconds that requests to a task which leaves may take.
const LEAVE_S: u32 = 30;

/// TLS 1.3 and 1.2 with forward secrecy, and a key exchange that holds against quantum computers where the client has one.
const TLS: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

/// Of a hundred requests, how many go to a new release at first.
const CANARY_PERCENT: u32 = 10;

/// Minutes of that, and minutes for which the release before runs on when all requests go to the new one: the alarms of a release need two to three of them.
const CANARY_MIN: u32 = 10;

/// What a release by parts moves requests with.
#[derive(Debug, Clone)]
pub struct Canary {
    /// Tasks of the release that is not in use.
    pub alternate: Resource<TargetGroup>,
    /// What says which part of the requests goes to which release. ECS changes it: the stack sets it back only where it changes it.
    pub rule: Resource<ListenerRule>,
    /// What ECS may do about these.
    pub role: Resource<Role>,
}

impl Canary {
    /// Makes the deployments of a service behind the load balancer those of a canary.
    pub(super) fn deploys(&self, service: &mut Value) {
        let deployment = &mut service["DeploymentConfiguration"];
        deployment["Strategy"] = json!("CANARY");
        deployment["CanaryConfiguration"] =
            json!({ "CanaryPercent": CANARY_PERCENT, "CanaryBakeTimeInMinutes": CANARY_MIN });
        deployment["BakeTimeInMinutes"] = json!(CANARY_MIN);
        service["LoadBalancers"][0]["AdvancedConfiguration"] = json!({
            "AlternateTargetGroupArn": self.alternate.arn(),
            "ProductionListenerRule": self.rule.arn(),
            "RoleArn": self.role.arn(),
        });
    }
}

/// The load balancer with what belongs to it.
pub(super) struct Balancer {
    pub(super) load_balancer: Resource<LoadBalancer>,
    pub(super) listener: Resource<Listener>,
    pub(super) certificate: Resource<Certificate>,
    pub(super) targets: Resource<TargetGroup>,
    pub(super) canary: Option<Canary>,
    pub(super) alarms: Vec<Resource<Alarm>>,
}

pub(super) fn add(
    stack: &Stack,
    environment: &Environment,
    network: &Network,
    storage: &Storage,
) -> Balancer {
    let subnets: Vec<Value> = network.private.iter().map(Resource::<Subnet>::id).collect();
    let attributes = attributes(&[
        ("deletion_protection.enabled", json!(environment.sizes.protected.to_string())),
        ("routing.http.drop_invalid_header_fields.enabled", json!("true")),
        ("routing.http.desync_mitigation_mode", json!("strictest")),
        // Whoever comes before it has appended the caller: CloudFront the viewer, API Gateway the program. Its own neighbor is no caller.
        ("routing.http.xff_header_processing.mode", json!("preserve")),
        // The service pings WebSockets every 20 seconds, and keeps connections for 65.
        ("idle_timeout.timeout_seconds", json!("60")),
        ("zonal_shift.config.enabled", json!("true")),
        ("access_logs.s3.enabled", json!("true")),
        ("access_logs.s3.bucket", storage.logs.name()),
        ("access_logs.s3.prefix", json!("load-balancer")),
        ("connection_logs.s3.enabled", json!("true")),
        ("connection_logs.s3.bucket", storage.logs.name()),
        ("connection_logs.s3.prefix", json!("load-balancer-connections")),
    ]);
    let load_balancer: Resource<LoadBalancer> = stack.add(
        "LoadBalancer",
        json!({
            "Type": "application",
            "Scheme": "internal",
            "IpAddressType": "ipv4",
            "Subnets": subnets,
            "SecurityGroups": [network.load_balancer.id()],
            "LoadBalancerAttributes": attributes,
        }),
    );
    let targets = targets(stack, network, "Targets");
    let certificate = certificate(stack, environment);
    let alternate = environment.has_canary().then(|| self::targets(stack, network, "AlternateTargets"));
    let default = match alternate {
        // Its rule takes every request.
        Some(_) => json!({ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "503" } }),
        None => json!({ "Type": "forward", "TargetGroupArn": targets.arn() }),
    };
    let listener = stack.add(
        "Listener",
        json!({
            "LoadBalancerArn": load_balancer.arn(),
            "Port": 443,
            "Protocol": "HTTPS",
            "SslPolicy": TLS,
            "Certificates": [{ "CertificateArn": certificate.arn() }],
            "DefaultActions": [default],
        }),
    );
    let canary = alternate.map(|alternate| canary(stack, &listener, &targets, alternate));
    let alarms = alarms(stack, environment, &load_balancer, &targets, canary.as_ref());
    Balancer { load_balancer, listener, certificate, targets, canary, alarms }
}

fn attributes(attributes: &[(&str, Value)]) -> Value {
    attributes.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn targets(stack: &Stack, network: &Network, id: &str) -> Resource<TargetGroup> {
    stack.add(
        id,
        json!({
            "TargetType": "ip",
            "Protocol": "HTTP",
            "ProtocolVersion": "HTTP1",
            "Port": PORT,
            "VpcId": network.vpc.id(),
            "HealthCheckEnabled": true,
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPath": READY,
            "HealthCheckIntervalSeconds": LOOK_S,
            // A task says within two seconds what it found of its servers.
            "HealthCheckTimeoutSeconds": 4,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": LOOKS,
            "Matcher": { "HttpCode": "200" },
            "TargetGroupAttributes": attributes(&[
                ("deregistration_delay.timeout_seconds", json!(LEAVE_S.to_string())),
                ("load_balancing.algorithm.type", json!("least_outstanding_requests")),
                ("stickiness.enabled", json!("false")),
            ]),
        }),
    )
}

fn canary(
    stack: &Stack,
    listener: &Resource<Listener>,
    targets: &Resource<TargetGroup>,
    alternate: Resource<TargetGroup>,
) -> Canary {
    let role = stack.add(
        "CanaryRole",
        json!({
            "Description": "ECS: which release requests go to",
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("ecs.amazonaws.com")
                .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
            "ManagedPolicyArns": [join!(
                "arn:",
                partition(),
                ":iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
            )],
        }),
    );
    let rule = stack.add(
        "CanaryRule",
        json!({
            "ListenerArn": listener.arn(),
            "Priority": 100,
            "Conditions": [{ "Field": "path-pattern", "PathPatternConfig": { "Values": ["/*"] } }],
            "Transforms": api_gateway::without_stage(),
            "Actions": [{ "Type": "forward", "ForwardConfig": { "TargetGroups": [
                { "TargetGroupArn": targets.arn(), "Weight": 100 },
                { "TargetGroupArn": alternate.arn(), "Weight": 0 },
            ] } }],
        }),
    );
    Canary { alternate, rule, role }
}

/// A certificate that CloudFront and API Gateway find whatever name they ask for.
fn certificate(stack: &Stack, environment: &Environment) -> Resource<Certificate> {
    let below = environment.host("*");
    let validation =
        |name: &str| json!({ "DomainName": name, "HostedZoneId": environment.operator.hosted_zone_id });
    stack.add(
        "Certificate",
        json!({
            "DomainName": environment.domain,
            "SubjectAlternativeNames": [below],
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [validation(&environment.domain), validation(&below)],
            "CertificateTransparencyLoggingPreference": "ENABLED",
        }),
    )
}

/// What takes a release back: tasks that answer wrongly, or not at all. ECS looks at them while it deploys; people are told by
/// alarms of their own.
fn alarms(
    stack: &Stack,
    environment: &Environment,
    load_balancer: &Resource<LoadBalancer>,
    targets: &Resource<TargetGroup>,
    canary: Option<&Canary>,
) -> Vec<Resource<Alarm>> {
    let balancer = || json!({ "Name": "LoadBalancer", "Value": load_balancer.full_name() });
    let of = |targets: &Resource<TargetGroup>| json!([balancer(), { "Name": "TargetGroup", "Value": targets.full_name() }]);
    // With a canary, the requests to either release are those of the load balancer, which has no other targets.
    let dimensions = if canary.is_some() { json!([balancer()]) } else { of(targets) };
    let sum = |id: &str, name: &str| {
        let metric =
            json!({ "Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions });
        json!({ "Id": id, "ReturnData": false, "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } })
    };
    let errors = stack.add(
        "ReleaseErrors",
        json!({
            "AlarmName": environment.named("release-errors"),
            "AlarmDescription": "Of a hundred requests, more than five end in an error of the service. Runbook: release-errors.",
            "Metrics": [
                sum("requests", "RequestCount"),
                sum("errors", "HTTPCode_Target_5XX_Count"),
                {
                    "Id": "share",
                    "Label": "errors of a hundred requests",
                    "Expression": "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)",
                    "ReturnData": true,
                },
            ],
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 5,
            "EvaluationPeriods": 2,
            "DatapointsToAlarm": 2,
            "TreatMissingData": "notBreaching",
        }),
    );
    let unhealthy = |id: &str, name: &str, targets: &Resource<TargetGroup>| {
        stack.add(
            id,
            json!({
                "AlarmName": environment.named(name),
                "AlarmDescription": "Tasks are not ready for requests. Runbook: release-unhealthy.",
                "Namespace": "AWS/ApplicationELB",
                "MetricName": "UnHealthyHostCount",
                "Dimensions": of(targets),
                "Statistic": "Minimum",
                "Period": 60,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 0,
                "EvaluationPeriods": 3,
                "DatapointsToAlarm": 3,
                "TreatMissingData": "notBreaching",
            }),
        )
    };
    let mut alarms = vec![errors, unhealthy("ReleaseUnhealthy", "release-unhealthy", targets)];
    if let Some(canary) = canary {
        let name = "release-unhealthy-alternate";
        alarms.push(unhealthy("ReleaseUnhealthyAlternate", name, &canary.alternate));
    }
    alarms
}
