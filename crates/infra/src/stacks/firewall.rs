//! WAF: web ACLs of the edge and of the region.
//!
//! Both have the same rules, in this order: addresses that are shut out, addresses other than those that alone are let
//! in, addresses of bad repute, too many requests from one address, and what looks like an attack (known bad inputs,
//! common patterns, SQL injection). The rest is the application's: it knows keys and people, and counts for each.
//!
//! A web ACL costs 5 USD a month and 1 USD for each rule: 12 USD for each of prod's, and 9 USD for each of dev's,
//! which do without the reputation of addresses, SQL injection and lists that are empty.
//!
//! # Bodies
//! Files are uploaded (element sets, messages in XML), and may look like anything. So the rules that look into bodies
//! only label them, and a rule of ours blocks what is labeled unless it is for a path that takes files or addresses of
//! webhooks. The size of a body is counted and not held against it: the managed rule's limit is 8 KB, and the
//! application, whose lists have up to a megabyte and whose files more, has a limit for each route.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::stacks::api_gateway::ApiGateway;
use crate::stacks::network;
use crate::stacks::storage::Storage;
use crate::template::kinds::{IpSet, Key, LogGroup, WafLogging, WebAcl, WebAclAssociation};
use crate::template::value::{partition, region};
use crate::template::{Resource, Stack};
use crate::{arn, join};

/// Requests that an address may send in five minutes. Offices share an address; the application counts people and keys.
const MOST_REQUESTS: u32 = 10_000;

/// Paths whose bodies are files, or have addresses in them that look like somebody else's.
const FREE_BODIES: [&str; 3] = ["/api/v1/uploads", "/api/v1/screenings", "/api/v1/webhooks"];

/// Headers and parameters that open something, and are never shown.
const SECRET_HEADERS: [&str; 2] = ["authorization", "cookie"];
const SECRET_PARAMETERS: [&str; 2] = ["code", "state"];

/// A group of rules of AWS, what it labels with, and its rules that look into bodies.
struct Managed {
    name: &'static str,
    rules: &'static str,
    labels: &'static str,
    /// As the rule is called, and as its label ends.
    bodies: &'static [(&'static str, &'static str)],
    /// Rules that count only.
    counted: &'static [&'static str],
    /// Whether dev goes without.
    protected_only: bool,
}

const MANAGED: [Managed; 4] = [
    Managed {
        name: "reputation",
        rules: "AWSManagedRulesAmazonIpReputationList",
        labels: "amazon-ip-list",
        bodies: &[],
        counted: &[],
        protected_only: true,
    },
    Managed {
        name: "known-bad-inputs",
        rules: "AWSManagedRulesKnownBadInputsRuleSet",
        labels: "known-bad-inputs",
        bodies: &[],
        counted: &[],
        protected_only: false,
    },
    Managed {
        name: "common",
        rules: "AWSManagedRulesCommonRuleSet",
        labels: "core-rule-set",
        bodies: &[
            ("CrossSiteScripting_BODY", "CrossSiteScripting_Body"),
            ("EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_Body"),
            ("GenericLFI_BODY", "GenericLFI_Body"),
            ("GenericRFI_BODY", "GenericRFI_Body"),
        ],
        // Programs need not say who they are.
        counted: &["NoUserAgent_HEADER", "SizeRestrictions_BODY"],
        protected_only: false,
    },
    Managed {
        name: "sql-injection",
        rules: "AWSManagedRulesSQLiRuleSet",
        labels: "sql-database",
        bodies: &[("SQLi_BODY", "SQLi_Body"), ("SQLiExtendedPatterns_BODY", "SQLiExtendedPatterns_Body")],
        counted: &[],
        protected_only: true,
    },
];

/// Before what a web ACL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    CloudFront,
    RestApi,
}

impl Before {
    const fn scope(self) -> &'static str {
        match self {
            Self::CloudFront => "CLOUDFRONT",
            Self::RestApi => "REGIONAL",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::CloudFront => "edge",
            Self::RestApi => "regional",
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::CloudFront => "Edge",
            Self::RestApi => "Regional",
        }
    }

    /// How a path is compared: that of the REST API may have its stage before it.
    const fn comparison(self) -> &'static str {
        match self {
            Self::CloudFront => "STARTS_WITH",
            Self::RestApi => "CONTAINS",
        }
    }
}

/// Name of the web ACL of CloudFront, in metrics, too.
#[must_use]
pub fn edge_name(environment: &Environment) -> String {
    environment.named(Before::CloudFront.name())
}

/// The web ACL of CloudFront.
pub fn edge(stack: &Stack, environment: &Environment) -> Resource<WebAcl> {
    let key = network::logs_key(stack, environment, "LogsKey");
    add(stack, environment, Before::CloudFront, &key)
}

/// The web ACL of the regional API, before it. In metrics it is called `astroshield-ENV-regional`.
pub fn regional(
    stack: &Stack,
    environment: &Environment,
    api: &ApiGateway,
    storage: &Storage,
) -> Resource<WebAcl> {
    let acl = add(stack, environment, Before::RestApi, &storage.key);
    let stage = join!(
        "arn:",
        partition(),
        ":apigateway:",
        region(),
        "::/restapis/",
        api.rest.id(),
        "/stages/",
        api.rest_stage.name(),
    );
    stack.add::<WebAclAssociation>(
        "RegionalAclAssociation",
        json!({ "ResourceArn": stage, "WebACLArn": acl.arn() }),
    );
    acl
}

fn add(stack: &Stack, environment: &Environment, before: Before, key: &Resource<Key>) -> Resource<WebAcl> {
    let name = environment.named(before.name());
    let rules: Vec<Value> = (0..)
        .zip(rules(stack, environment, before))
        .map(|(priority, mut rule): (u32, Value)| {
            rule["Priority"] = json!(priority);
            rule
        })
        .collect();
    let protect = |kind: &str, keys: &[&str]| {
        let field = json!({ "FieldType": kind, "FieldKeys": keys });
        json!({ "Field": field, "Action": "SUBSTITUTION" })
    };
    let acl: Resource<WebAcl> = stack.add(
        format!("{}Acl", before.id()),
        json!({
            "Name": name,
            "Description": environment.named("web ACL"),
            "Scope": before.scope(),
            "DefaultAction": { "Allow": {} },
            "Rules": rules,
            "VisibilityConfig": visible(&name),
            // In samples, too, which the redaction of logs is not about.
            "DataProtectionConfig": { "DataProtections": [
                protect("SINGLE_HEADER", &SECRET_HEADERS),
                protect("SINGLE_QUERY_ARGUMENT", &SECRET_PARAMETERS),
            ] },
        }),
    );
    log(stack, environment, before, &acl, key);
    acl
}

fn visible(metric: &str) -> Value {
    json!({ "CloudWatchMetricsEnabled": true, "SampledRequestsEnabled": true, "MetricName": metric })
}

fn rule(name: &str, statement: &Value, action: &Value) -> Value {
    json!({ "Name": name, "Statement": statement, "Action": action, "VisibilityConfig": visible(name) })
}

fn rules(stack: &Stack, environment: &Environment, before: Before) -> Vec<Value> {
    let block = json!({ "Block": {} });
    let protected = environment.sizes.protected;
    let set = |what: &str, addresses: &[ipnet::Ipv4Net]| {
        let set: Resource<IpSet> = stack.add(
            format!("{}{}", before.id(), crate::stacks::title(what)),
            json!({
                "Name": environment.named(&format!("{}-{what}", before.name())),
                "Scope": before.scope(),
                "IPAddressVersion": "IPV4",
                "Addresses": addresses,
            }),
        );
        json!({ "IPSetReferenceStatement": { "Arn": set.arn() } })
    };
    let mut rules = Vec::new();
    // Prod has it empty, too: when it is needed, an address is one call away.
    if protected || !environment.operator.deny.is_empty() {
        rules.push(rule("denied", &set("denied", &environment.operator.deny), &block));
    }
    if !environment.operator.allow.is_empty() {
        // This keeps out all of IPv6.
        let allowed = set("allowed", &environment.operator.allow);
        rules.push(rule("not-allowed", &json!({ "NotStatement": { "Statement": allowed } }), &block));
    }
    let managed: Vec<&Managed> = MANAGED.iter().filter(|group| protected || !group.protected_only).collect();
    let (reputation, contents): (Vec<_>, Vec<_>) =
        managed.iter().partition(|group| group.labels == "amazon-ip-list");
    rules.extend(reputation.into_iter().map(managed_rule));
    rules.push(rule(
        "rate",
        &json!({ "RateBasedStatement": {
            "AggregateKeyType": "IP",
            "EvaluationWindowSec": 300,
            "Limit": MOST_REQUESTS,
        } }),
        &json!({ "Block": { "CustomResponse": {
            "ResponseCode": 429,
            "ResponseHeaders": [{ "Name": "retry-after", "Value": "300" }],
        } } }),
    ));
    rules.extend(contents.into_iter().map(managed_rule));
    rules.push(rule("bodies", &bodies(&managed, before), &block));
    rules
}

fn managed_rule(group: &Managed) -> Value {
    let counted: Vec<Value> = (group.bodies.iter().map(|(rule, _)| rule))
        .chain(group.counted)
        .map(|rule| json!({ "Name": rule, "ActionToUse": { "Count": {} } }))
        .collect();
    let mut statement = json!({ "VendorName": "AWS", "Name": group.rules });
    if !counted.is_empty() {
        statement["RuleActionOverrides"] = json!(counted);
    }
    json!({
        "Name": group.name,
        "Statement": { "ManagedRuleGroupStatement": statement },
        "OverrideAction": { "None": {} },
        "VisibilityConfig": visible(group.name),
    })
}

/// A body that was labeled, on a path that takes no files.
fn bodies(managed: &[&Managed], before: Before) -> Value {
    let labels: Vec<Value> = (managed.iter())
        .flat_map(|group| group.bodies.iter().map(|(_, label)| (group.labels, label)))
        .map(|(group, label)| {
            let key = format!("awswaf:managed:aws:{group}:{label}");
            json!({ "LabelMatchStatement": { "Scope": "LABEL", "Key": key } })
        })
        .collect();
    let free = FREE_BODIES.map(|path| {
        json!({ "ByteMatchStatement": {
            "FieldToMatch": { "UriPath": {} },
            "PositionalConstraint": before.comparison(),
            "SearchString": path,
            // So that no path that is not one of these passes for one.
            "TextTransformations": [{ "Priority": 0, "Type": "NORMALIZE_PATH" }],
        } })
    });
    json!({ "AndStatement": { "Statements": [
        { "OrStatement": { "Statements": labels } },
        { "NotStatement": { "Statement": { "OrStatement": { "Statements": free } } } },
    ] } })
}

/// Logs what was blocked or counted: what was let through is in the access logs.
fn log(
    stack: &Stack,
    environment: &Environment,
    before: Before,
    acl: &Resource<WebAcl>,
    key: &Resource<Key>,
) {
    let group: Resource<LogGroup> = stack.add(
        format!("{}AclLogs", before.id()),
        json!({
            // WAF writes to groups that are called like that, and to no others.
            "LogGroupName": format!("aws-waf-logs-{}", environment.named(before.name())),
            "RetentionInDays": environment.sizes.log_days,
            "KmsKeyId": key.arn(),
        }),
    );
    let kept = |action: &str| json!({ "ActionCondition": { "Action": action } });
    stack.add::<WafLogging>(
        format!("{}AclLogging", before.id()),
        json!({
            "ResourceArn": acl.arn(),
            // The attribute Arn of a log group ends in :*, which WAF does not take.
            "LogDestinationConfigs": [arn!("logs", "log-group:", group.name())],
            "RedactedFields": SECRET_HEADERS.map(|name| json!({ "SingleHeader": { "Name": name } })),
            "LoggingFilter": {
                "DefaultBehavior": "DROP",
                "Filters": [{
                    "Behavior": "KEEP",
                    "Requirement": "MEETS_ANY",
                    "Conditions": [kept("BLOCK"), kept("COUNT"), kept("EXCLUDED_AS_COUNT")],
                }],
            },
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::template::{StackName, Template, synthesize};

    fn template(name: Name, settings: &str) -> Template {
        let stack = Stack::new(StackName::Edge, "edge");
        edge(&stack, &Environment::new(name, Operator::parse(settings).unwrap()));
        synthesize(&[stack]).unwrap().remove(0)
    }

    fn rules(template: &Template) -> Vec<Value> {
        template.body["Resources"]["EdgeAcl"]["Properties"]["Rules"].as_array().unwrap().clone()
    }

    fn names(rules: &[Value]) -> Vec<&str> {
        rules.iter().map(|rule| rule["Name"].as_str().unwrap()).collect()
    }

    #[test]
    fn prod_has_all_groups_and_dev_those_that_it_pays_for() {
        let prod = rules(&template(Name::Prod, ""));
        let all = ["denied", "reputation", "rate", "known-bad-inputs", "common", "sql-injection", "bodies"];
        assert_eq!(names(&prod), all);
        let dev = rules(&template(Name::Dev, ""));
        assert_eq!(names(&dev), ["rate", "known-bad-inputs", "common", "bodies"]);
        let priorities: Vec<_> = prod.iter().map(|rule| rule["Priority"].as_u64().unwrap()).collect();
        assert_eq!(priorities, (0..7).collect::<Vec<_>>());
    }

    #[test]
    fn where_some_networks_alone_are_let_in_all_others_are_blocked_before_anything_else_looks() {
        let template = template(Name::Dev, "allow = [\"198.51.100.0/24\"]\ndeny = [\"203.0.113.0/24\"]\n");
        let rules = rules(&template);
        assert_eq!(names(&rules)[..2], ["denied", "not-allowed"]);
        let set = &rules[1]["Statement"]["NotStatement"]["Statement"]["IPSetReferenceStatement"]["Arn"];
        let set = set["Fn::GetAtt"][0].as_str().unwrap();
        assert_eq!(template.body["Resources"][set]["Properties"]["Addresses"], json!(["198.51.100.0/24"]));
        assert_eq!(rules[1]["Action"], json!({ "Block": {} }));
    }

    #[test]
    fn every_body_that_a_managed_rule_only_counts_is_blocked_by_its_label_elsewhere() {
        for environment in Name::ALL {
            let rules = rules(&template(environment, ""));
            let bodies = rules.last().unwrap().to_string();
            for rule in &rules {
                let overrides = &rule["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"];
                for name in overrides.as_array().into_iter().flatten().map(|rule| &rule["Name"]) {
                    let Some(body) = name.as_str().unwrap().strip_suffix("_BODY") else { continue };
                    let blocked = bodies.contains(&format!(":{body}_Body\""));
                    assert_eq!(blocked, body != "SizeRestrictions", "{environment}: {body}");
                }
            }
            assert!(bodies.contains("/api/v1/uploads"));
        }
    }

    #[test]
    fn the_paths_whose_bodies_are_free_are_paths_of_the_application() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/openapi.json");
        let api: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for path in FREE_BODIES {
            assert!(api["paths"][path]["post"].is_object(), "{path}");
        }
    }

    #[test]
    fn the_rest_api_is_behind_the_web_acl_of_its_region() {
        let environment = Environment::new(Name::Prod, Operator::parse("").unwrap());
        let templates = crate::stacks::architecture(&environment).unwrap();
        let application = templates.iter().find(|template| template.stack == StackName::Application).unwrap();
        let properties = |id: &str| &application.body["Resources"][id]["Properties"];
        assert_eq!(properties("RegionalAcl")["Scope"], "REGIONAL");
        let associated = properties("RegionalAclAssociation");
        assert_eq!(associated["WebACLArn"]["Fn::GetAtt"][0], "RegionalAcl");
        let stage = associated["ResourceArn"]["Fn::Join"][1].as_array().unwrap();
        assert!(stage.contains(&json!("::/restapis/")) && stage.contains(&json!({ "Ref": "RestStage" })));
    }

    #[test]
    fn nothing_that_opens_anything_is_logged_or_sampled() {
        let template = template(Name::Prod, "");
        let logging = &template.body["Resources"]["EdgeAclLogging"]["Properties"];
        let acl = &template.body["Resources"]["EdgeAcl"]["Properties"];
        for header in ["authorization", "cookie"] {
            assert!(logging["RedactedFields"].to_string().contains(header));
            assert!(acl["DataProtectionConfig"].to_string().contains(header));
        }
        let group = &template.body["Resources"]["EdgeAclLogs"]["Properties"];
        assert!(group["LogGroupName"].as_str().unwrap().starts_with("aws-waf-logs-"));
        assert_eq!(group["KmsKeyId"]["Fn::GetAtt"][0], "LogsKey");
    }
}
