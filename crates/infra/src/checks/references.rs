//! Where references lead to.

use serde_json::Value;

use super::types;
use super::{Architecture, Finding, Target, walk};
use crate::template::kinds::{self, Gives};

/// Attributes that the type does not have.
pub fn attributes(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.items() {
        walk(item.properties, &mut |name, value| {
            if name != "Fn::GetAtt" {
                return;
            }
            let (Some(id), Some(attribute)) = (value[0].as_str(), value[1].as_str()) else { return };
            let Some(of) = architecture.item(item.stack, id) else {
                findings.push(item.finding(format!("asks for {attribute} of {id}, which is not there")));
                return;
            };
            let known = types::all().get(of.kind).map(|known| &known.attributes);
            if !known.is_some_and(|known| known.iter().any(|known| known == attribute)) {
                findings.push(item.finding(format!("asks for {attribute} of {id}: {} has none", of.kind)));
            }
        });
    }
}

/// What takes an ARN although it is called a name or an id.
const TAKES_EITHER: &[&str] = &["SecretId", "FunctionName", "LogGroupName", "TaskRoleName"];

/// Whether a reference gives an ARN.
fn gives_arn(target: &Target<'_>) -> bool {
    match target.attribute {
        Some(attribute) => attribute.to_ascii_lowercase().ends_with("arn"),
        None => kinds::ALL.iter().any(|(kind, methods)| {
            *kind == target.item.kind
                && methods.iter().any(|(method, gives)| *method == "arn" && *gives == Gives::Ref)
        }),
    }
}

/// ARNs where a name or an id is due, and the other way round.
pub fn arns(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.items() {
        walk(item.properties, &mut |name, value| {
            let singular = name.strip_suffix('s').unwrap_or(name);
            let wants_arn = singular.to_ascii_lowercase().ends_with("arn");
            let wants_name = (singular.ends_with("Id") || singular.ends_with("Name"))
                && !is_key(name)
                && !TAKES_EITHER.contains(&name);
            if !wants_arn && !wants_name {
                return;
            }
            for value in super::list(value) {
                let Some(target) = architecture.target(item.stack, value) else { continue };
                let gives = gives_arn(&target);
                if (wants_arn && !gives) || (wants_name && gives) {
                    let what = target.attribute.unwrap_or("Ref");
                    let due = if wants_arn { "an ARN" } else { "no ARN" };
                    findings.push(
                        item.finding(format!("{name} has to be {due}, and is {what} of {}", target.item.id)),
                    );
                }
            }
        });
    }
}

/// Whether a property names a key of KMS.
fn is_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let kms = name.contains("kms") && ["id", "arn", "key"].iter().any(|end| name.ends_with(end));
    kms || ["encryptionkey", "encryptionkeyarn"].contains(&name.as_str())
}

/// Ids of keys that are something else.
pub fn keys(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.items() {
        walk(item.properties, &mut |name, value| {
            // An object of the same name holds it (`EncryptionKey: { Id, Type }`).
            let value = value.get("Id").unwrap_or(value);
            if !is_key(name) {
                return;
            }
            if let Some(target) = architecture.target(item.stack, value) {
                if !["AWS::KMS::Key", "AWS::KMS::Alias", "AWS::KMS::ReplicaKey"].contains(&target.item.kind) {
                    let Target { item: of, .. } = target;
                    findings.push(item.finding(format!("{name} is of {}, a {}, and no key", of.id, of.kind)));
                }
            } else if let Value::String(text) = value
                && !(text.starts_with("alias/") || text.starts_with("arn:") || text.starts_with("AWS_OWNED"))
            {
                findings.push(item.finding(format!("{name} is {text:?}, and no key")));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::found;
    use super::*;

    #[test]
    fn an_attribute_that_a_type_does_not_have_is_found() {
        let resources = json!({
            "Blobs": { "Type": "AWS::S3::Bucket", "Properties": {} },
            "Good": { "Type": "AWS::IAM::Role", "Properties": { "A": { "Fn::GetAtt": ["Blobs", "Arn"] } } },
            "Bad": { "Type": "AWS::IAM::Role", "Properties": { "A": { "Fn::GetAtt": ["Blobs", "BucketArn"] } } },
            "Gone": { "Type": "AWS::IAM::Role", "Properties": { "A": { "Fn::GetAtt": ["Blob", "Arn"] } } },
        });
        let expected = [
            "Bad: asks for BucketArn of Blobs: AWS::S3::Bucket has none",
            "Gone: asks for Arn of Blob, which is not there",
        ];
        assert_eq!(found(attributes, &resources), expected);
    }

    #[test]
    fn a_name_where_an_arn_is_due_is_found_and_the_other_way_round() {
        let resources = json!({
            "Role": { "Type": "AWS::IAM::Role", "Properties": {} },
            "Page": { "Type": "AWS::SNS::Topic", "Properties": {} },
            "Good": { "Type": "AWS::ECS::TaskDefinition", "Properties": {
                "TaskRoleArn": { "Fn::GetAtt": ["Role", "Arn"] }, "TopicArn": { "Ref": "Page" },
            } },
            "Named": { "Type": "AWS::ECS::TaskDefinition", "Properties": { "TaskRoleArn": { "Ref": "Role" } } },
            "Whole": { "Type": "AWS::IAM::Policy", "Properties": { "RoleName": { "Fn::GetAtt": ["Role", "Arn"] } } },
            "Listed": { "Type": "AWS::IAM::Policy", "Properties": { "ManagedPolicyArns": [{ "Ref": "Role" }] } },
        });
        let expected = [
            "Listed: ManagedPolicyArns has to be an ARN, and is Ref of Role",
            "Named: TaskRoleArn has to be an ARN, and is Ref of Role",
            "Whole: RoleName has to be no ARN, and is Arn of Role",
        ];
        assert_eq!(found(arns, &resources), expected);
    }

    #[test]
    fn a_key_that_is_something_else_is_found() {
        let resources = json!({
            "Key": { "Type": "AWS::KMS::Key", "Properties": {} },
            "Blobs": { "Type": "AWS::S3::Bucket", "Properties": {} },
            "Good": { "Type": "AWS::RDS::DBInstance", "Properties": { "KmsKeyId": { "Fn::GetAtt": ["Key", "Arn"] } } },
            "Owned": { "Type": "AWS::SNS::Topic", "Properties": { "KmsMasterKeyId": "alias/aws/sns" } },
            "Bad": { "Type": "AWS::RDS::DBInstance", "Properties": { "KmsKeyId": { "Fn::GetAtt": ["Blobs", "Arn"] } } },
            "Text": { "Type": "AWS::CodePipeline::Pipeline", "Properties": {
                "EncryptionKey": { "Id": "artifacts", "Type": "KMS" },
            } },
        });
        let expected = [
            "Bad: KmsKeyId is of Blobs, a AWS::S3::Bucket, and no key",
            "Text: EncryptionKey is \"artifacts\", and no key",
        ];
        assert_eq!(found(keys, &resources), expected);
    }
}
