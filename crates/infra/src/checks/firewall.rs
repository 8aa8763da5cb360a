//! Web ACLs of WAF.

use std::collections::BTreeMap;

use super::{Architecture, Finding, list, walk};

/// Rule groups that AWS has for all web ACLs
/// (<https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html>).
const MANAGED: &[&str] = &[
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesAdminProtectionRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesAnonymousIpList",
    "AWSManagedRulesAntiDDoSRuleSet",
    "AWSManagedRulesBotControlRuleSet",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesPHPRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesUnixRuleSet",
    "AWSManagedRulesWindowsRuleSet",
    "AWSManagedRulesWordPressRuleSet",
];

/// Web ACLs without rules, with two rules of one priority, or with a managed rule group that there is not.
pub fn web_acls(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.items() {
        if !["AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup"].contains(&item.kind) {
            continue;
        }
        let rules = list(&item.properties["Rules"]);
        if rules.is_empty() {
            findings.push(item.finding("has no rules"));
        }
        let mut priorities = BTreeMap::new();
        for rule in rules {
            let name = rule["Name"].as_str().unwrap_or_default();
            let priority = rule["Priority"].to_string();
            if let Some(other) = priorities.insert(priority.clone(), name) {
                findings.push(item.finding(format!("{other} and {name} have the priority {priority}")));
            }
            walk(&rule["Statement"], &mut |field, group| {
                let known = group["Name"].as_str().is_some_and(|name| MANAGED.contains(&name));
                if field == "ManagedRuleGroupStatement" && group["VendorName"] == "AWS" && !known {
                    findings.push(item.finding(format!("{name}: {} is no rule group of AWS", group["Name"])));
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::planted::found;
    use super::*;

    fn rule(name: &str, priority: u32, group: &str) -> Value {
        let group = json!({ "VendorName": "AWS", "Name": group });
        json!({ "Name": name, "Priority": priority, "Statement": { "ManagedRuleGroupStatement": group } })
    }

    fn acl(rules: &[Value]) -> Value {
        json!({ "Acl": { "Type": "AWS::WAFv2::WebACL", "Properties": { "Rules": rules } } })
    }

    #[test]
    fn an_acl_without_rules_is_found() {
        assert_eq!(found(web_acls, &acl(&[])), ["Acl: has no rules"]);
    }

    #[test]
    fn two_rules_of_one_priority_are_found() {
        let rules =
            [rule("common", 1, "AWSManagedRulesCommonRuleSet"), rule("sql", 1, "AWSManagedRulesSQLiRuleSet")];
        assert_eq!(found(web_acls, &acl(&rules)), ["Acl: common and sql have the priority 1"]);
    }

    #[test]
    fn a_rule_group_that_there_is_not_is_found() {
        let rules = [
            rule("common", 1, "AWSManagedRulesCommonRuleSet"),
            rule("sql", 2, "AWSManagedRulesSQLInjectionRuleSet"),
        ];
        let expected = ["Acl: sql: \"AWSManagedRulesSQLInjectionRuleSet\" is no rule group of AWS"];
        assert_eq!(found(web_acls, &acl(&rules)), expected);
    }
}
