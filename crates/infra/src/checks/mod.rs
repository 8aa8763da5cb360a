//! What is checked of the templates beside what AWS's validator and cfn-lint check: what they know nothing of, each by a function of
//! its own, whose test plants the fault.

pub mod apis;
pub mod exceptions;
pub mod firewall;
pub mod limits;
pub mod policies;
pub mod published;
pub mod references;
pub mod schedules;
pub mod services;
pub mod sizes;
pub mod tools;
pub mod types;
pub mod watching;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::template::{Given, StackName, Template};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Stack that it is in.
    pub stack: StackName,
    /// Logical id of the resource that it is at; empty: the whole stack.
    pub at: String,
    /// Check that found it.
    pub check: String,
    /// What it says.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, at, check, message } = self;
        let separator = if at.is_empty() { "" } else { "/" };
        write!(f, "{stack}{separator}{at}: {message} ({check})")
    }
}

/// A check.
pub type Check = fn(&Architecture<'_>, &mut Vec<Finding>);

/// Our own checks, by name.
pub const ALL: &[(&str, Check)] = &[
    ("attributes", references::attributes),
    ("arns", references::arns),
    ("keys", references::keys),
    ("parameter-groups", sizes::parameter_groups),
    ("replicas", sizes::replicas),
    ("instance-types", sizes::instance_types),
    ("brokers", sizes::brokers),
    ("broker-access", sizes::broker_access),
    ("schedules", schedules::schedules),
    ("dashboards", watching::dashboards),
    ("alarms", watching::alarms),
    ("integrations", apis::integrations),
    ("tls", apis::tls),
    ("web-acls", firewall::web_acls),
    ("deployments", services::deployments),
    ("capacity", services::capacity),
    ("containers", services::containers_of_services),
    ("targets", services::targets),
    ("privilege", services::privilege),
    ("policies", policies::policies),
    ("limits", limits::limits),
];

/// Findings of all our own checks, in order.
#[must_use]
pub fn findings(templates: &[Template]) -> Vec<Finding> {
    let architecture = Architecture { templates };
    let mut findings = Vec::new();
    for (name, check) in ALL {
        let before = findings.len();
        check(&architecture, &mut findings);
        for finding in &mut findings[before..] {
            (*name).clone_into(&mut finding.check);
        }
    }
    findings.sort();
    findings
}

/// The templates of an environment.
#[derive(Debug, Clone, Copy)]
pub struct Architecture<'a> {
    templates: &'a [Template],
}

/// A resource.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its stack.
    pub stack: StackName,
    /// Its logical id.
    pub id: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// Its properties.
    pub properties: &'a Value,
}

impl Item<'_> {
    /// Something that is wrong with it.
    #[must_use]
    pub fn finding(&self, message: impl Into<String>) -> Finding {
        Finding { stack: self.stack, at: self.id.to_owned(), check: String::new(), message: message.into() }
    }
}

/// What a reference leads to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The resource.
    pub item: Item<'a>,
    /// What of it; nothing: what `Ref` gives.
    pub attribute: Option<&'a str>,
}

impl<'a> Architecture<'a> {
    /// The templates.
    #[must_use]
    pub fn new(templates: &'a [Template]) -> Self {
        Self { templates }
    }

    /// Its templates.
    #[must_use]
    pub fn templates(&self) -> &'a [Template] {
        self.templates
    }

    /// All resources, in the order of the stacks.
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        self.templates.iter().flat_map(|template| {
            let stack = template.stack;
            template.resources().map(move |(id, kind, properties)| Item { stack, id, kind, properties })
        })
    }

    /// The resources of a type.
    pub fn of<'b>(&self, kind: &'b str) -> impl Iterator<Item = Item<'a>> + use<'a, 'b> {
        self.items().filter(move |item| item.kind == kind)
    }

    /// What a reference of a stack leads to, in whichever stack that is; nothing if it is no reference to a resource.
    #[must_use]
    pub fn target(&self, stack: StackName, value: &'a Value) -> Option<Target<'a>> {
        if let Some(of) = value.get("Fn::GetAtt") {
            let item = self.item(stack, of.get(0)?.as_str()?)?;
            return Some(Target { item, attribute: Some(of.get(1)?.as_str()?) });
        }
        let id = value.get("Ref")?.as_str()?;
        if let Some(item) = self.item(stack, id) {
            return Some(Target { item, attribute: None });
        }
        let template = self.templates.iter().find(|template| template.stack == stack)?;
        let (stack, output, looked_up) = match template.parameters.get(id)? {
            Given::Output { stack, output } => (*stack, output, false),
            // What AWS is asked about.
            Given::Lookup { of, .. } => match template.parameters.get(of)? {
                Given::Output { stack, output } => (*stack, output, true),
                _ => return None,
            },
            Given::Operator { .. } => return None,
        };
        let other = self.templates.iter().find(|template| template.stack == stack)?;
        let target = self.target(stack, other.body.get("Outputs")?.get(output)?.get("Value")?)?;
        Some(if looked_up { Target { attribute: Some("looked up"), ..target } } else { target })
    }

    /// A resource.
    #[must_use]
    pub fn item(&self, stack: StackName, id: &str) -> Option<Item<'a>> {
        self.items().find(|item| item.stack == stack && item.id == id)
    }
}

/// Calls `visit` with every field of objects within a value, by its name.
pub fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                visit(name, value);
                walk(value, visit);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

/// Calls `visit` with a value and every value within it.
pub fn each<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| each(value, visit)),
        Value::Array(values) => values.iter().for_each(|value| each(value, visit)),
        _ => {}
    }
}

/// A list, or the one value that stands for a list of it.
#[must_use]
pub fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
pub(crate) mod planted {
    //! Small templates with a fault.

    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::{Architecture, Check};
    use crate::template::{StackName, Template};

    /// A template of the application with these resources.
    pub(crate) fn template(resources: &Value) -> Template {
        Template {
            stack: StackName::Application,
            body: json!({ "Resources": resources }),
            parameters: BTreeMap::new(),
        }
    }

    /// What a check says of these resources.
    pub(crate) fn found(check: Check, resources: &Value) -> Vec<String> {
        let templates = [template(resources)];
        let mut findings = Vec::new();
        check(&Architecture::new(&templates), &mut findings);
        findings.into_iter().map(|finding| format!("{}: {}", finding.at, finding.message)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_followed_into_another_stack() {
        let data = Template {
            stack: StackName::Data,
            body: json!({
                "Resources": { "Key": { "Type": "AWS::KMS::Key", "Properties": {} } },
                "Outputs": { "KeyArn": { "Value": { "Fn::GetAtt": ["Key", "Arn"] } } },
            }),
            parameters: BTreeMap::new(),
        };
        let given = Given::Output { stack: StackName::Data, output: "KeyArn".to_owned() };
        let application = Template {
            stack: StackName::Application,
            body: json!({ "Resources": {} }),
            parameters: BTreeMap::from([("DataKeyArn".to_owned(), given)]),
        };
        let templates = [data, application];
        let architecture = Architecture::new(&templates);
        let reference = json!({ "Ref": "DataKeyArn" });
        let target = architecture.target(StackName::Application, &reference).unwrap();
        assert_eq!((target.item.kind, target.attribute), ("AWS::KMS::Key", Some("Arn")));
        assert!(architecture.target(StackName::Application, &json!({ "Ref": "AWS::Region" })).is_none());
    }
}
