//! What changes when a template takes the place of another one, what is made anew by that, and what would be lost.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::checks::{list, policies, types};

/// What becomes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is made.
    Added,
    /// It stays, and is changed.
    Changed,
    /// It may be made anew: AWS decides by the values.
    PerhapsReplaced,
    /// It is made anew.
    Replaced,
    /// It goes.
    Removed,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::PerhapsReplaced => "changed, perhaps replaced",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
        })
    }
}

/// What becomes of what a resource holds that is removed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It is lost.
    Lost,
    /// A snapshot of it stays.
    Snapshot,
    /// It stays where it is, outside the stack; a resource that takes its place is empty.
    LeftBehind,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "DATA LOSS: what it holds is deleted",
            Self::Snapshot => "DATA LOSS: what it holds is deleted, and a snapshot stays",
            Self::LeftBehind => {
                "data loss for the stack: it stays, outside the stack, and what takes its place is empty"
            }
        })
    }
}

/// A property that is another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// Where, as a JSON pointer.
    pub at: String,
    /// Before; null: not there.
    pub before: Value,
    /// After; null: not there.
    pub after: Value,
    /// What AWS does for it beyond changing it, where that is known.
    pub how: Option<&'static str>,
}

/// What becomes of one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Its logical id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// What becomes of it.
    pub fate: Fate,
    /// What is another.
    pub properties: Vec<Property>,
    /// What becomes of what it holds, where that is in danger.
    pub loss: Option<Loss>,
    /// Statements of policies that go.
    pub withdrawn: Vec<String>,
    /// Statements of policies that come.
    pub granted: Vec<String>,
}

/// How AWS resizes what can be resized.
const RESIZES: &[(&str, &str, &str)] = &[
    ("AWS::RDS::DBInstance", "/DBInstanceClass", "in place, with a restart; in several zones, a failover"),
    ("AWS::RDS::DBInstance", "/AllocatedStorage", "in place, without a restart; it never shrinks"),
    ("AWS::RDS::DBInstance", "/EngineVersion", "in place, with a restart"),
    ("AWS::RDS::DBInstance", "/MultiAZ", "in place, without a restart"),
    ("AWS::ElastiCache::ReplicationGroup", "/CacheNodeType", "in place, node after node"),
    ("AWS::ElastiCache::ReplicationGroup", "/NumNodeGroups", "in place; keys are moved to other shards"),
    ("AWS::ElastiCache::ReplicationGroup", "/ReplicasPerNodeGroup", "in place, without a restart"),
    ("AWS::MSK::Cluster", "/BrokerNodeGroupInfo/InstanceType", "in place, broker after broker"),
    ("AWS::MSK::Cluster", "/BrokerNodeGroupInfo/StorageInfo", "in place; it never shrinks"),
    ("AWS::MSK::Cluster", "/NumberOfBrokerNodes", "in place; partitions are not moved by themselves"),
    ("AWS::ECS::TaskDefinition", "/Cpu", "a new revision, rolled out task after task"),
    ("AWS::ECS::TaskDefinition", "/Memory", "a new revision, rolled out task after task"),
];

/// The differences between the body of a deployed template and that of a new one.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let (old, new) = (&before["Resources"], &after["Resources"]);
    let ids = |of: &Value| -> BTreeSet<String> {
        of.as_object().into_iter().flatten().map(|(id, _)| id.clone()).collect()
    };
    let all: BTreeSet<String> = ids(old).union(&ids(new)).cloned().collect();
    all.iter().filter_map(|id| difference(id, &old[id], &new[id])).collect()
}

fn difference(id: &str, old: &Value, new: &Value) -> Option<Difference> {
    if old == new {
        return None;
    }
    let kind = |of: &Value| of["Type"].as_str().unwrap_or_default().to_owned();
    let mut properties = Vec::new();
    let fate = match (old.is_null(), new.is_null()) {
        (true, _) => Fate::Added,
        (_, true) => Fate::Removed,
        _ if kind(old) != kind(new) => Fate::Replaced,
        _ => {
            compare(&old["Properties"], &new["Properties"], "", &mut properties);
            for property in &mut properties {
                property.how = how(&kind(new), &property.at);
            }
            fate(&kind(new), &properties)
        }
    };
    // What is removed is kept or not by the template that was deployed; what is replaced, by the new one.
    let (policy, of) = match fate {
        Fate::Removed => (&old["DeletionPolicy"], old),
        _ if kind(old) != kind(new) => (&old["DeletionPolicy"], old),
        _ => (&new["UpdateReplacePolicy"], new),
    };
    let endangered = matches!(fate, Fate::Removed | Fate::Replaced | Fate::PerhapsReplaced);
    let loss = (endangered && types::stateful(&kind(of))).then(|| match policy.as_str() {
        Some("Retain" | "RetainExceptOnCreate") => Loss::LeftBehind,
        Some("Snapshot") => Loss::Snapshot,
        _ => Loss::Lost,
    });
    let (withdrawn, granted) = (statements(&old["Properties"]), statements(&new["Properties"]));
    Some(Difference {
        id: id.to_owned(),
        kind: if new.is_null() { kind(old) } else { kind(new) },
        fate,
        properties,
        loss,
        withdrawn: withdrawn.difference(&granted).cloned().collect(),
        granted: granted.difference(&withdrawn).cloned().collect(),
    })
}

fn fate(kind: &str, properties: &[Property]) -> Fate {
    let conditional = |at: &str| {
        let known = types::all().get(kind);
        known.is_some_and(|known| {
            known.conditional_create_only.iter().any(|fixed| at.starts_with(fixed.as_str()))
        })
    };
    if properties.iter().any(|property| types::create_only(kind, &property.at)) {
        Fate::Replaced
    } else if properties.iter().any(|property| conditional(&property.at) && property.how.is_none()) {
        Fate::PerhapsReplaced
    } else {
        Fate::Changed
    }
}

fn how(kind: &str, at: &str) -> Option<&'static str> {
    let known = RESIZES.iter().find(|(of, pointer, _)| *of == kind && at.starts_with(pointer));
    known.map(|(_, _, how)| *how)
}

/// Leaves that differ, by their pointers. Lists of another length are one difference.
fn compare(before: &Value, after: &Value, at: &str, properties: &mut Vec<Property>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if !is_intrinsic(before) && !is_intrinsic(after) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(
                    old.get(name).unwrap_or(&Value::Null),
                    new.get(name).unwrap_or(&Value::Null),
                    &at,
                    properties,
                );
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (number, (old, new)) in old.iter().zip(new).enumerate() {
                compare(old, new, &format!("{at}/{number}"), properties);
            }
        }
        _ if before == after => {}
        _ => properties.push(Property {
            at: at.to_owned(),
            before: before.clone(),
            after: after.clone(),
            how: None,
        }),
    }
}

/// Whether it is a function of CloudFormation, which is one value.
fn is_intrinsic(value: &Value) -> bool {
    let Some(fields) = value.as_object() else { return false };
    fields.len() == 1 && fields.keys().all(|name| name == "Ref" || name.starts_with("Fn::"))
}

/// The statements of the policies within properties, each in one line.
fn statements(properties: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    policies::statements(properties, &mut |statement| {
        let words = |field: &str| -> String {
            let words: Vec<String> = list(&statement[field]).iter().map(short).collect();
            words.join(", ")
        };
        let mut line = format!("{} {}", statement["Effect"].as_str().unwrap_or_default(), words("Action"));
        for (field, word) in [("Resource", "on"), ("Principal", "to"), ("Condition", "when")] {
            if !statement[field].is_null() {
                line.push_str(&format!(" {word} {}", words(field)));
            }
        }
        lines.insert(line);
    });
    lines
}

/// A value in few words.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.len() == 1 => match (fields.get("Ref"), fields.get("Fn::GetAtt")) {
            (Some(Value::String(id)), _) => format!("${{{id}}}"),
            (_, Some(of)) => {
                let parts: Vec<String> = list(of).iter().map(short).collect();
                format!("${{{}}}", parts.join("."))
            }
            _ => match fields.get("Fn::Join") {
                Some(join) => list(&join[1]).iter().map(short).collect(),
                None => value.to_string(),
            },
        },
        other => other.to_string(),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.fate, self.id, self.kind)?;
        if let Some(loss) = self.loss {
            write!(f, "\n    {loss}")?;
        }
        for Property { at, before, after, how } in &self.properties {
            let fixed = if types::create_only(&self.kind, at) {
                " (cannot be changed: the resource is made anew)"
            } else {
                ""
            };
            write!(f, "\n    {at}: {} -> {}{fixed}", cut(before), cut(after))?;
            if let Some(how) = how {
                write!(f, " ({how})")?;
            }
        }
        for (sign, lines) in [("-", &self.withdrawn), ("+", &self.granted)] {
            for line in lines {
                write!(f, "\n    {sign} policy: {line}")?;
            }
        }
        Ok(())
    }
}

/// Most characters of a value that are shown.
const SHOWN: usize = 160;

fn cut(value: &Value) -> String {
    let text = if value.is_null() { "nothing".to_owned() } else { short(value) };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(resources: Value) -> Value {
        json!({ "Resources": resources })
    }

    fn database(properties: &Value, policy: &str) -> Value {
        template(json!({ "Database": {
            "Type": "AWS::RDS::DBInstance", "DeletionPolicy": policy, "UpdateReplacePolicy": policy,
            "Properties": properties,
        } }))
    }

    fn only(before: &Value, after: &Value) -> Difference {
        let mut all = differences(before, after);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn a_property_that_cannot_be_changed_replaces_the_database_and_loses_its_data() {
        for (policy, loss) in
            [("Delete", Loss::Lost), ("Snapshot", Loss::Snapshot), ("Retain", Loss::LeftBehind)]
        {
            let before = database(&json!({ "StorageEncrypted": false, "Engine": "postgres" }), policy);
            let after = database(&json!({ "StorageEncrypted": true, "Engine": "postgres" }), policy);
            let found = only(&before, &after);
            assert_eq!((found.fate, found.loss), (Fate::Replaced, Some(loss)), "{policy}");
            assert_eq!(found.properties[0].at, "/StorageEncrypted");
            assert!(found.to_string().to_lowercase().contains("data loss"), "{found}");
        }
    }

    #[test]
    fn a_resize_is_in_place() {
        let before = database(&json!({ "DBInstanceClass": "db.t4g.micro" }), "Retain");
        let after = database(&json!({ "DBInstanceClass": "db.r8g.large" }), "Retain");
        let found = only(&before, &after);
        assert_eq!((found.fate, found.loss), (Fate::Changed, None));
        assert!(
            found.to_string().contains("db.t4g.micro -> db.r8g.large (in place, with a restart"),
            "{found}"
        );
    }

    #[test]
    fn what_is_removed_is_kept_or_not_by_the_template_that_was_deployed() {
        let (lost, kept) = (database(&json!({}), "Delete"), database(&json!({}), "Retain"));
        let empty = template(json!({}));
        assert_eq!(only(&lost, &empty).loss, Some(Loss::Lost));
        let found = only(&kept, &empty);
        assert_eq!((found.fate, found.loss), (Fate::Removed, Some(Loss::LeftBehind)));
        let topic = template(json!({ "Page": { "Type": "AWS::SNS::Topic", "Properties": {} } }));
        assert_eq!(only(&topic, &empty).loss, None);
        assert_eq!(only(&empty, &topic).fate, Fate::Added);
        assert!(differences(&topic, &topic).is_empty());
    }

    #[test]
    fn another_type_under_the_same_id_loses_what_the_old_one_holds() {
        let before = template(json!({ "Store": { "Type": "AWS::S3::Bucket", "Properties": {} } }));
        let after = template(json!({ "Store": { "Type": "AWS::SNS::Topic", "Properties": {} } }));
        let found = only(&before, &after);
        assert_eq!((found.fate, found.loss), (Fate::Replaced, Some(Loss::Lost)));
    }

    #[test]
    fn policies_are_shown_by_statement() {
        let role = |actions: Value| {
            template(
                json!({ "Reader": { "Type": "AWS::IAM::Role", "Properties": { "Policies": [{ "PolicyDocument": {
                "Statement": [{
                    "Effect": "Allow", "Action": actions,
                    "Resource": [{ "Fn::Join": ["", [{ "Fn::GetAtt": ["Blobs", "Arn"] }, "/*"]] }],
                }],
            } }] } } }),
            )
        };
        let found = only(&role(json!(["s3:GetObject"])), &role(json!(["s3:GetObject", "s3:PutObject"])));
        assert_eq!(found.withdrawn, ["Allow s3:GetObject on ${Blobs.Arn}/*"]);
        assert_eq!(found.granted, ["Allow s3:GetObject, s3:PutObject on ${Blobs.Arn}/*"]);
        assert!(found.to_string().contains("\n    + policy: Allow s3:GetObject, s3:PutObject on"), "{found}");
    }
}
