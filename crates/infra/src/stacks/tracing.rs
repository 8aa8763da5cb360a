//! X-Ray: which traces are kept, and how they are found.

use serde_json::json;

use crate::arn;
use crate::environment::Environment;
use crate::stacks::monitoring::text::text;
use crate::template::Stack;
use crate::template::kinds::{LogResourcePolicy, SamplingRule, TraceGroup, TransactionSearch};
use crate::template::policy::{Statement, document};
use crate::template::value::account;

/// Which requests begin a trace: name, priority, path, at least so many a second, and of those beyond them which share.
const RULES: [(&str, u32, &str, u32, f64); 3] = [
    // Probes come every few seconds from each load balancer and task, and say nothing.
    ("health", 100, "/health/*", 0, 0.0),
    // What changes something is rarer than what reads, and is what one looks for.
    ("uploads", 200, "/api/v1/uploads*", 2, 0.5),
    ("default", 1000, "*", 1, 0.05),
];

/// Traces that are looked for: name, and which.
const GROUPS: [(&str, &str); 2] = [("errors", "fault = true OR error = true"), ("slow", "responsetime > 1")];

/// Adds rules and groups.
pub fn add(stack: &Stack, environment: &Environment) {
    for (name, priority, path, at_least, share) in RULES {
        stack.add::<SamplingRule>(
            format!("{}Sampling", crate::stacks::title(name)),
            json!({ "SamplingRule": {
                "RuleName": environment.named(name),
                "Version": 1,
                // Rules of environments that share an account must not have the same.
                "Priority": priority + environment.number(),
                "ServiceName": "astroshield*",
                "ServiceType": "*",
                "Host": "*",
                "HTTPMethod": "*",
                "URLPath": path,
                "ResourceARN": "*",
                "ReservoirSize": at_least,
                "FixedRate": share,
            } }),
        );
    }
    for (name, filter) in GROUPS {
        stack.add::<TraceGroup>(
            format!("{}Traces", crate::stacks::title(name)),
            json!({
                "GroupName": environment.named(name),
                "FilterExpression": filter,
                "InsightsConfiguration": { "InsightsEnabled": name == "errors", "NotificationsEnabled": false },
            }),
        );
    }
    if environment.sizes.account_wide {
        search(stack);
    }
}

/// Adds that all spans can be searched: they go into a log, and one of a hundred is indexed as a trace. This is a setting of the
/// account and region, so that prod alone has it.
fn search(stack: &Stack) {
    let spans =
        [arn!("logs", "log-group:aws/spans:*"), arn!("logs", "log-group:/aws/application-signals/data:*")];
    let statement = Statement::allow(&["logs:PutLogEvents"], spans)
        .by(json!({ "Service": "xray.amazonaws.com" }))
        .when(json!({
            "StringEquals": { "aws:SourceAccount": account() },
            "ArnLike": { "aws:SourceArn": arn!("xray", "*") },
        }));
    // The property is a text, and has references in it.
    let policy = stack.add::<LogResourcePolicy>(
        "SpansPolicy",
        json!({ "PolicyName": "astroshield-spans", "PolicyDocument": text(&document(&[statement])) }),
    );
    let search = stack.add::<TransactionSearch>("TransactionSearch", json!({ "IndexingPercentage": 1 }));
    stack.after(&search, &policy);
}
