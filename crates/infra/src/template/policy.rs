//! Policies of IAM and of resources.

use serde_json::{Value, json};

/// Actions that may be allowed on everything, and why it cannot be less. The check of policies finds all others.
pub const ON_ALL: &[(&str, &str)] = &[
    ("ecr:GetAuthorizationToken", "is of the registry, and knows no resources"),
    ("ecs:DeregisterTaskDefinition", "knows no resources"),
    ("ecs:DescribeTaskDefinition", "knows no resources"),
    ("xray:PutTraceSegments", "knows no resources"),
    ("xray:PutTelemetryRecords", "knows no resources"),
    ("xray:GetSamplingRules", "knows no resources"),
    ("xray:GetSamplingTargets", "knows no resources"),
    ("ec2:DescribeNetworkInterfaces", "knows no resources"),
    ("ec2:DescribeSubnets", "knows no resources"),
    ("ec2:CreateNetworkInterface", OF_LAMBDA),
    ("ec2:DeleteNetworkInterface", OF_LAMBDA),
    ("ec2:AssignPrivateIpAddresses", OF_LAMBDA),
    ("ec2:UnassignPrivateIpAddresses", OF_LAMBDA),
];

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
const OF_LAMBDA: &str = "Lambda puts a function into the VPC by it, and wants all resources of the region; the function's code is \
                         denied it";

/// What a statement is about.
#[derive(Debug, Clone)]
enum On {
    /// These, by ARN.
    These(Vec<Value>),
    /// Everything.
    All,
}

/// A statement that allows, or denies.
#[derive(Debug, Clone)]
pub struct Statement {
    effect: &'static str,
    actions: Vec<&'static str>,
    on: Option<On>,
    principal: Option<Value>,
    condition: Option<Value>,
}

impl Statement {
    /// Allows actions (`s3:GetObject`) on these ARNs.
    pub fn allow(actions: &[&'static str], on: impl IntoIterator<Item = Value>) -> Self {
        Self::new("Allow", actions, Some(On::These(on.into_iter().collect())))
    }

    /// Allows actions on everything. Each of them has to be in [`ON_ALL`].
    #[must_use]
    pub fn allow_on_all(actions: &[&'static str]) -> Self {
        Self::new("Allow", actions, Some(On::All))
    }

    /// Denies actions on these ARNs.
    pub fn deny(actions: &[&'static str], on: impl IntoIterator<Item = Value>) -> Self {
        Self::new("Deny", actions, Some(On::These(on.into_iter().collect())))
    }

    /// Allows actions on what has the policy.
    #[must_use]
    pub fn allow_here(actions: &[&'static str]) -> Self {
        Self::new("Allow", actions, None)
    }

    /// Allows a service (`ecs-tasks.amazonaws.com`) to take a role.
    #[must_use]
    pub fn assumed_by(service: &str) -> Self {
        Self::new("Allow", &["sts:AssumeRole"], None).by(json!({ "Service": service }))
    }

    fn new(effect: &'static str, actions: &[&'static str], on: Option<On>) -> Self {
        Self { effect, actions: actions.to_vec(), on, principal: None, condition: None }
    }

    /// For whom it is, in the policy of a resource.
    #[must_use]
    pub fn by(mut self, principal: Value) -> Self {
        self.principal = Some(principal);
        self
    }

    /// When it holds.
    #[must_use]
    pub fn when(mut self, condition: Value) -> Self {
        self.condition = Some(condition);
        self
    }

    fn json(&self) -> Value {
        let mut made = json!({ "Effect": self.effect, "Action": self.actions });
        match &self.on {
            Some(On::These(these)) => made["Resource"] = json!(these),
            Some(On::All) => made["Resource"] = json!("*"),
            None => {}
        }
        if let Some(principal) = &self.principal {
            made["Principal"] = principal.clone();
        }
        if let Some(condition) = &self.condition {
            made["Condition"] = condition.clone();
        }
        made
    }
}

/// A policy of these statements.
#[must_use]
pub fn document(statements: &[Statement]) -> Value {
    let statements: Vec<Value> = statements.iter().map(Statement::json).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}
