//! Least privilege.

use std::collections::BTreeSet;

use serde_json::Value;

use super::watching::flat;
use super::{Architecture, Finding, Item, list, walk};
use crate::template::policy::ON_ALL;

/// Statements that allow more than is needed.
pub fn policies(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.items() {
        statements(item.properties, &mut |statement| check(&item, statement, findings));
    }
}

/// Entries of [`ON_ALL`] that no environment's templates use.
#[must_use]
pub fn unused(architectures: &[Architecture<'_>]) -> Vec<&'static str> {
    let mut used = BTreeSet::new();
    for item in architectures.iter().flat_map(Architecture::items) {
        statements(item.properties, &mut |statement| {
            if list(&statement["Resource"]).iter().any(is_everything) {
                used.extend(list(&statement["Action"]).iter().filter_map(Value::as_str));
            }
        });
    }
    ON_ALL.iter().map(|(action, _)| *action).filter(|action| !used.contains(action)).collect()
}

/// Calls `visit` with every statement of every policy within a value.
pub fn statements<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    walk(value, &mut |name, value| {
        if name == "Statement" {
            list(value).iter().filter(|statement| statement.get("Effect").is_some()).for_each(&mut *visit);
        }
    });
}

/// Whether a resource of a statement is every one that there is: `*`, or an ARN whose part after the account is nothing else.
fn is_everything(on: &Value) -> bool {
    let Some(text) = flat(on) else { return false };
    // `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; a resource may have colons in it.
    let resource = text.splitn(6, ':').nth(5).unwrap_or(&text);
    resource.contains('*') && resource.chars().all(|letter| "*/:?".contains(letter))
}

fn check(item: &Item<'_>, statement: &Value, findings: &mut Vec<Finding>) {
    if statement["Effect"] != "Allow" {
        return;
    }
    for field in ["NotAction", "NotResource", "NotPrincipal"] {
        if statement.get(field).is_some() {
            findings
                .push(item.finding(format!("a policy allows by {field}: everything that it does not name")));
        }
    }
    let actions = list(&statement["Action"]);
    for action in actions {
        let action = action.as_str().unwrap_or_default();
        if action.contains('*') && !is_policy_of_key(item) {
            findings.push(item.finding(format!("a policy allows {action}")));
        }
    }
    // In the policy of a resource, `*` is the resource itself: that of a key, for one, cannot say it otherwise.
    let of_resource = statement.get("Principal").is_some();
    let open = matches!(&statement["Principal"], Value::String(all) if all == "*")
        || statement["Principal"]["AWS"] == "*";
    if open && statement.get("Condition").is_none() {
        findings.push(item.finding("a policy is for everybody, without a condition"));
    }
    if !of_resource && list(&statement["Resource"]).iter().any(is_everything) {
        for action in actions.iter().filter_map(Value::as_str) {
            if !ON_ALL.iter().any(|(known, _)| *known == action) {
                findings.push(item.finding(format!("a policy allows {action} on everything")));
            }
        }
    }
}

/// The account's own administrators keep `kms:*` of a key, without which nobody could ever change it
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>).
fn is_policy_of_key(item: &Item<'_>) -> bool {
    ["AWS::KMS::Key", "AWS::KMS::ReplicaKey"].contains(&item.kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::{found, template};
    use super::*;

    fn role(statement: &Value) -> Value {
        json!({ "Role": { "Type": "AWS::IAM::Role", "Properties": { "Policies": [
            { "PolicyDocument": { "Statement": [statement] } },
        ] } } })
    }

    #[test]
    fn a_policy_that_allows_too_much_is_found() {
        let good = json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/*"] });
        assert!(found(policies, &role(&good)).is_empty());
        for (statement, fault) in [
            (
                json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a" }),
                "a policy allows s3:*",
            ),
            (
                json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*" }),
                "a policy allows s3:GetObject on everything",
            ),
            (
                json!({ "Effect": "Allow", "Action": "ec2:RunInstances", "Resource": { "Fn::Join": ["", [
                    "arn:", { "Ref": "AWS::Partition" }, ":ec2:", { "Ref": "AWS::Region" }, ":",
                    { "Ref": "AWS::AccountId" }, ":*/*",
                ]] } }),
                "a policy allows ec2:RunInstances on everything",
            ),
            (
                json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::*"] }),
                "a policy allows s3:GetObject on everything",
            ),
            (
                json!({ "Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "arn:aws:s3:::a" }),
                "a policy allows by NotAction: everything that it does not name",
            ),
            (
                json!({ "Effect": "Allow", "Action": "s3:GetObject", "Principal": "*", "Resource": "arn:aws:s3:::a" }),
                "a policy is for everybody, without a condition",
            ),
        ] {
            assert_eq!(found(policies, &role(&statement)), [format!("Role: {fault}")]);
        }
        let denied = json!({ "Effect": "Deny", "Action": "s3:*", "Principal": "*", "Resource": "*" });
        assert!(found(policies, &role(&denied)).is_empty());
    }

    #[test]
    fn an_exception_that_nothing_uses_is_found() {
        let (action, _) = ON_ALL[0];
        let statement = json!({ "Effect": "Allow", "Action": [action], "Resource": "*" });
        assert!(found(policies, &role(&statement)).is_empty());
        let templates = [template(&role(&statement))];
        let unused = unused(&[Architecture::new(&templates)]);
        assert!(!unused.contains(&action) && unused.len() == ON_ALL.len() - 1);
    }
}
