//! CloudWatch: alarms, dashboards, and who is told. What watches the account (GuardDuty, CloudTrail, Config) is here, too.

pub mod alarm;
pub mod alarms;
mod archive;
mod audit;
mod cloudwatch;
mod dashboards;
pub mod edge;
pub mod runbook;
pub(crate) mod text;

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::stacks::Built;
use crate::template::kinds::{
    Key, NotificationTopic, NotificationTopicPolicy, QueryDefinition, Subscription,
};
use crate::template::policy::{Statement, document};
use crate::template::value::account;
use crate::template::{Resource, Stack};

/// Who is told.
#[derive(Debug, Clone)]
pub struct Monitoring {
    /// What somebody has to do something about now.
    pub page: Resource<NotificationTopic>,
    /// What somebody has to look at today.
    pub tell: Resource<NotificationTopic>,
}

/// Adds alarms and dashboards.
pub fn add(stack: &Stack, environment: &Environment, built: &Built) -> Monitoring {
    let monitoring = Monitoring {
        page: topic(stack, environment, &built.data.storage.key, "Page", "page"),
        tell: topic(stack, environment, &built.data.storage.key, "Tell", "tell"),
    };
    cloudwatch::add(stack, environment, built, &monitoring);
    dashboards::add(stack, environment, built);
    queries(stack, environment, built);
    if environment.sizes.protected {
        archive::add(stack, environment, built);
    }
    if environment.sizes.watching.findings {
        audit::findings(stack, environment, &monitoring);
    }
    if environment.sizes.account_wide {
        audit::trail(stack, environment, built);
        if environment.operator.account_audit {
            audit::configuration(stack, built, &monitoring);
        }
    }
    monitoring
}

fn topic(
    stack: &Stack,
    environment: &Environment,
    key: &Resource<Key>,
    id: &str,
    name: &str,
) -> Resource<NotificationTopic> {
    let topic: Resource<NotificationTopic> = stack.add(
        id,
        json!({
            "TopicName": environment.named(name),
            "DisplayName": format!("AstroShield {}: {name}", environment.name),
            "KmsMasterKeyId": key.arn(),
        }),
    );
    for (number, contact) in environment.operator.contacts.iter().enumerate() {
        stack.add::<Subscription>(
            format!("{id}Mail{number}"),
            json!({ "Protocol": "email", "Endpoint": contact, "TopicArn": topic.arn() }),
        );
    }
    let publish = |service: &str, condition: Value| {
        Statement::allow(&["sns:Publish"], [topic.arn()]).by(json!({ "Service": service })).when(condition)
    };
    let of_account = || json!({ "StringEquals": { "aws:SourceAccount": account() } });
    let statements = [
        publish("cloudwatch.amazonaws.com", of_account()),
        publish("budgets.amazonaws.com", of_account()),
        publish("events.amazonaws.com", of_account()),
        Statement::deny(&["sns:Publish"], [topic.arn()])
            .by(json!("*"))
            .when(json!({ "Bool": { "aws:SecureTransport": "false" } })),
    ];
    stack.add::<NotificationTopicPolicy>(
        format!("{id}Policy"),
        json!({ "Topics": [topic.arn()], "PolicyDocument": document(&statements) }),
    );
    topic
}

/// Questions to logs that a fault begins with.
const QUERIES: [(&str, &str); 4] = [
    (
        "errors",
        "fields @timestamp, @message, @logStream | filter @message like /ERROR/ | sort @timestamp desc | limit 200",
    ),
    (
        "warnings",
        "filter @message like /WARN/ | stats count(*) as lines by bin(5m), @log | sort lines desc | limit 200",
    ),
    (
        "refused",
        "fields @timestamp, @message | filter @message like /refused|put off|forged|revoked/ | sort @timestamp desc | limit 200",
    ),
    (
        "one-trace",
        "fields @timestamp, @log, @message | filter @message like /PUT-A-TRACE-ID-HERE/ | sort @timestamp asc | limit 1000",
    ),
];

fn queries(stack: &Stack, environment: &Environment, built: &Built) {
    let groups: Vec<Value> = built.compute.processes.iter().map(|process| process.logs.name()).collect();
    for (name, query) in QUERIES {
        stack.add::<QueryDefinition>(
            format!("{}Query", logical_id(name)),
            json!({
                "Name": format!("AstroShield/{}/{name}", environment.name),
                "QueryString": query,
                "LogGroupNames": groups,
            }),
        );
    }
}

/// A name with dashes as a logical id: `no-screening` is `NoScreening`.
pub(crate) fn logical_id(name: &str) -> String {
    name.split('-').map(crate::stacks::title).collect()
}

#[cfg(test)]
mod tests;
