//! A thin layer over CloudFormation. Properties are CloudFormation's own JSON, which AWS's validators check; what has a type here
//! is what they cannot check: which resource a reference is to, and what it is of that resource (its name, its ARN, an address).
//!
//! A reference may be put into any stack. One to a resource of another stack becomes a parameter, which is an output of that
//! other stack: the [manifest](crate::manifest::Manifest) says of which.

pub mod kinds;
pub mod policy;
pub mod value;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Type of a resource (`AWS::S3::Bucket`).
pub trait Kind {
    /// As CloudFormation writes it.
    const TYPE: &'static str;
}

/// Name of a stack in its environment (`network`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StackName {
    /// VPC, subnets, what they let through.
    Network,
    /// User pool.
    Identity,
    /// Buckets and their key. Apart from the other data, as the second region needs these alone beforehand.
    Storage,
    /// Database, cache, streaming, secrets.
    Data,
    /// Images, tasks, load balancer, API, functions.
    Application,
    /// Amplify.
    Frontend,
    /// CloudFront, its web ACL and certificate.
    Edge,
    /// Alarms, dashboards, traces, budgets.
    Observability,
    /// Pipelines.
    Deployment,
    /// Backup plans and copies.
    Recovery,
}

impl StackName {
    /// All of them, in the order in which they are deployed: a stack refers to those before it alone.
    pub const ALL: [Self; 10] = [
        Self::Network,
        Self::Identity,
        Self::Storage,
        Self::Data,
        Self::Application,
        Self::Frontend,
        Self::Edge,
        Self::Observability,
        Self::Deployment,
        Self::Recovery,
    ];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Identity => "identity",
            Self::Storage => "storage",
            Self::Data => "data",
            Self::Application => "application",
            Self::Frontend => "frontend",
            Self::Edge => "edge",
            Self::Observability => "observability",
            Self::Deployment => "deployment",
            Self::Recovery => "recovery",
        }
    }

    /// What names of parameters begin with that are outputs of it.
    fn title(self) -> String {
        let mut name = self.name().to_owned();
        name[..1].make_ascii_uppercase();
        name
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A resource of a stack. What it is asked for (`id()`, `arn()`, ...) depends on its type: see [`kinds`].
pub struct Resource<K> {
    stack: StackName,
    id: Rc<str>,
    kind: PhantomData<K>,
}

impl<K> Clone for Resource<K> {
    fn clone(&self) -> Self {
        Self { stack: self.stack, id: Rc::clone(&self.id), kind: PhantomData }
    }
}

impl<K: Kind> fmt::Debug for Resource<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ({})", self.stack, self.id, K::TYPE)
    }
}

/// Marks a reference with the stack of its resource, until the templates are made.
const STACK: &str = "$stack";

impl<K: Kind> Resource<K> {
    /// Its logical id.
    #[must_use]
    pub fn logical_id(&self) -> &str {
        &self.id
    }

    /// What `Ref` gives of it.
    fn reference(&self) -> Value {
        json!({ STACK: self.stack.name(), "Ref": &*self.id })
    }

    /// What `Fn::GetAtt` gives of it.
    fn attribute(&self, name: &str) -> Value {
        json!({ STACK: self.stack.name(), "Fn::GetAtt": [&*self.id, name] })
    }
}

/// What becomes of a resource that is removed from its template, or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It goes.
    No,
    /// It stays.
    Yes,
    /// It goes, and a snapshot of it stays.
    Snapshot,
}

#[derive(Debug, Clone)]
struct Body {
    kind: &'static str,
    properties: Value,
    /// `DependsOn`, `DeletionPolicy` and the like.
    more: Map<String, Value>,
}

/// A stack in the making.
pub struct Stack {
    name: StackName,
    description: String,
    resources: RefCell<BTreeMap<Rc<str>, Body>>,
    parameters: RefCell<BTreeMap<String, Given>>,
    conditions: RefCell<BTreeMap<String, Value>>,
    outputs: RefCell<BTreeMap<String, Value>>,
    /// What is looked up is of these.
    asked_about: RefCell<Vec<Value>>,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Given {
    /// An output of another stack.
    Output {
        /// Which.
        stack: StackName,
        /// Its name.
        output: String,
    },
    /// What AWS says when it is asked for something that CloudFormation does not give.
    Lookup {
        /// What is asked for.
        lookup: Lookup,
        /// Parameter that has the ARN of what is asked about.
        of: String,
    },
    /// Whoever deploys.
    Operator {
        /// What it is.
        description: String,
        /// Where nobody says.
        default: Option<String>,
    },
}

/// What CloudFormation has no attribute for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// Addresses of the brokers of an MSK cluster for SASL/SCRAM over TLS, with commas (`GetBootstrapBrokers`).
    BrokersScram,
    /// The same for IAM.
    BrokersIam,
}

impl Stack {
    /// An empty one.
    #[must_use]
    pub fn new(name: StackName, description: &str) -> Self {
        Self {
            name,
            description: description.to_owned(),
            resources: RefCell::default(),
            parameters: RefCell::default(),
            conditions: RefCell::default(),
            outputs: RefCell::default(),
            asked_about: RefCell::default(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> StackName {
        self.name
    }

    /// Whether it has no resources, which CloudFormation would not take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.borrow().is_empty()
    }

    /// Adds a resource with these properties.
    ///
    /// # Panics
    /// When there is one of that logical id, or it has other characters than letters and digits: a mistake of the program.
    pub fn add<K: Kind>(&self, id: impl AsRef<str>, properties: Value) -> Resource<K> {
        let id: Rc<str> = id.as_ref().into();
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id:?} is no logical id");
        let body = Body { kind: K::TYPE, properties, more: Map::new() };
        let before = self.resources.borrow_mut().insert(Rc::clone(&id), body);
        assert!(before.is_none(), "two resources of {} are {id:?}", self.name);
        Resource { stack: self.name, id, kind: PhantomData }
    }

    /// Says what becomes of a resource that is removed or replaced.
    pub fn keep<K: Kind>(&self, resource: &Resource<K>, kept: Kept) {
        let policy = match kept {
            Kept::No => "Delete",
            Kept::Yes => "Retain",
            Kept::Snapshot => "Snapshot",
        };
        self.say(resource, "DeletionPolicy", json!(policy));
        self.say(resource, "UpdateReplacePolicy", json!(policy));
    }

    /// Says that a resource comes after another one to which it has no reference.
    pub fn after<K: Kind, L: Kind>(&self, resource: &Resource<K>, first: &Resource<L>) {
        self.with_body(resource, |body| {
            let after = body.more.entry("DependsOn").or_insert_with(|| json!([]));
            if let Some(after) = after.as_array_mut() {
                after.push(json!(first.logical_id()));
            }
        });
    }

    /// Says something of a resource beside its properties (`UpdatePolicy`, `Metadata`).
    pub fn say<K: Kind>(&self, resource: &Resource<K>, what: &str, value: Value) {
        self.with_body(resource, |body| {
            body.more.insert(what.to_owned(), value);
        });
    }

    fn with_body<K: Kind>(&self, resource: &Resource<K>, change: impl FnOnce(&mut Body)) {
        if let Some(body) = self.resources.borrow_mut().get_mut(resource.logical_id()) {
            change(body);
        }
    }

    /// A value that whoever deploys gives.
    pub fn ask(&self, parameter: &str, description: &str, default: Option<&str>) -> Value {
        let given =
            Given::Operator { description: description.to_owned(), default: default.map(str::to_owned) };
        self.parameters.borrow_mut().insert(parameter.to_owned(), given);
        json!({ STACK: self.name.name(), "Ref": parameter })
    }

    /// A value that AWS says of a resource of a stack before this one when it is deployed.
    ///
    /// # Panics
    /// When it is a resource of this stack, which is not there yet when AWS is asked: a mistake of the program.
    pub fn look_up(&self, parameter: &str, lookup: Lookup, arn: &Value) -> Value {
        let of = self.parameter_for(arn).unwrap_or_default();
        assert!(!of.is_empty(), "{parameter} is looked up of a resource of the same stack, {}", self.name);
        self.asked_about.borrow_mut().push(arn.clone());
        self.parameters.borrow_mut().insert(parameter.to_owned(), Given::Lookup { lookup, of });
        json!({ STACK: self.name.name(), "Ref": parameter })
    }

    /// A condition under that name, for `Fn::If`.
    pub fn condition(&self, name: &str, holds: Value) {
        self.conditions.borrow_mut().insert(name.to_owned(), holds);
    }

    /// Shows a value to whoever deploys.
    pub fn show(&self, output: &str, value: Value) {
        self.outputs.borrow_mut().insert(output.to_owned(), value);
    }

    /// The parameter that stands for a reference to another stack; nothing for one to this stack.
    fn parameter_for(&self, reference: &Value) -> Option<String> {
        let found = Reference::of(reference)?;
        if found.stack == self.name {
            return None;
        }
        let output = found.output_name();
        let parameter = format!("{}{output}", found.stack.title());
        let given = Given::Output { stack: found.stack, output };
        self.parameters.borrow_mut().insert(parameter.clone(), given);
        Some(parameter)
    }
}

/// A reference that is not resolved.
struct Reference<'a> {
    stack: StackName,
    id: &'a str,
    attribute: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        let stack = value.get(STACK)?.as_str()?;
        let stack = StackName::ALL.into_iter().find(|known| known.name() == stack)?;
        let (id, attribute) = match (value.get("Ref"), value.get("Fn::GetAtt")) {
            (Some(id), None) => (id.as_str()?, None),
            (None, Some(of)) => (of.get(0)?.as_str()?, Some(of.get(1)?.as_str()?)),
            _ => return None,
        };
        Some(Self { stack, id, attribute })
    }

    fn output_name(&self) -> String {
        let attribute: String =
            self.attribute.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{}{attribute}", self.id)
    }

    fn expression(&self) -> Value {
        match self.attribute {
            None => json!({ "Ref": self.id }),
            Some(attribute) => json!({ "Fn::GetAtt": [self.id, attribute] }),
        }
    }
}

/// Why there are no templates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SynthesisError {
    /// A reference to a resource that is not there.
    #[error("{stack}/{at}: a reference to {to}, which is not there")]
    Missing {
        /// The stack that has it.
        stack: StackName,
        /// The logical id of the resource that has it.
        at: String,
        /// What is missing, as `stack/id`.
        to: String,
    },
    /// A reference to a stack that comes later.
    #[error("{stack}: a reference to {to}, which is deployed after it")]
    Later {
        /// The stack that has it.
        stack: StackName,
        /// The stack that comes later.
        to: StackName,
    },
}

/// A stack as CloudFormation takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Its stack.
    pub stack: StackName,
    /// The template.
    pub body: Value,
    /// Where the values of its parameters come from, and of what is looked up for one: that is no parameter of the template.
    pub parameters: BTreeMap<String, Given>,
}

impl Template {
    /// The bytes that are sent: the same for the same description.
    #[must_use]
    pub fn text(&self) -> String {
        // Maps of serde_json are sorted by name.
        let mut text = serde_json::to_string_pretty(&self.body).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Its resources: logical id, type, properties.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let all = self.body.get("Resources").and_then(Value::as_object);
        all.into_iter()
            .flatten()
            .map(|(id, body)| (id.as_str(), body["Type"].as_str().unwrap_or_default(), &body["Properties"]))
    }
}

/// Makes the templates of stacks, in the order in which they are deployed.
///
/// # Errors
/// When a reference leads nowhere, or to a stack that comes later.
pub fn synthesize(stacks: &[Stack]) -> Result<Vec<Template>, SynthesisError> {
    let mut known: BTreeMap<StackName, BTreeSet<String>> = BTreeMap::new();
    for stack in stacks {
        let mut ids: BTreeSet<String> = stack.resources.borrow().keys().map(ToString::to_string).collect();
        let given = stack.parameters.borrow();
        ids.extend(
            given
                .iter()
                .filter(|(_, given)| !matches!(given, Given::Output { .. }))
                .map(|(id, _)| id.clone()),
        );
        known.insert(stack.name, ids);
    }
    // What each stack has to put out for those after it.
    let mut wanted: BTreeMap<StackName, BTreeMap<String, Value>> = BTreeMap::new();
    let mut bodies = Vec::new();
    for stack in stacks {
        let mut resources = Map::new();
        for (id, body) in stack.resources.borrow().iter() {
            let mut made = body.more.clone();
            made.insert("Type".to_owned(), json!(body.kind));
            let properties = resolve(stack, id, &body.properties, &known, &mut wanted)?;
            made.insert("Properties".to_owned(), properties);
            for (name, more) in &body.more {
                made.insert(name.clone(), resolve(stack, id, more, &known, &mut wanted)?);
            }
            resources.insert(id.to_string(), Value::Object(made));
        }
        let mut outputs = BTreeMap::new();
        for (name, value) in stack.outputs.borrow().iter() {
            outputs.insert(name.clone(), resolve(stack, name, value, &known, &mut wanted)?);
        }
        let mut conditions = Map::new();
        for (name, holds) in stack.conditions.borrow().iter() {
            conditions.insert(name.clone(), resolve(stack, name, holds, &known, &mut wanted)?);
        }
        for arn in stack.asked_about.borrow().iter() {
            resolve(stack, "what is looked up", arn, &known, &mut wanted)?;
        }
        bodies.push((resources, conditions, outputs));
    }
    let mut templates = Vec::new();
    for (stack, (resources, conditions, mut outputs)) in stacks.iter().zip(bodies) {
        outputs.extend(wanted.remove(&stack.name).unwrap_or_default());
        let parameters = stack.parameters.borrow().clone();
        let mut body = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": stack.description,
            "Resources": resources,
        });
        if !conditions.is_empty() {
            body["Conditions"] = Value::Object(conditions);
        }
        if !outputs.is_empty() {
            body["Outputs"] =
                outputs.into_iter().map(|(name, value)| (name, json!({ "Value": value }))).collect();
        }
        let mut named = BTreeSet::new();
        names(&body, &mut named);
        let declared = parameters.iter().filter(|(name, _)| named.contains(name.as_str()));
        let declared: Map<String, Value> =
            declared.map(|(name, given)| (name.clone(), declaration(name, given))).collect();
        if !declared.is_empty() {
            body["Parameters"] = Value::Object(declared);
        }
        templates.push(Template { stack: stack.name, body, parameters });
    }
    Ok(templates)
}

/// What is named by `Ref`.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields.get("Ref").and_then(Value::as_str) {
                found.insert(name.to_owned());
            }
            fields.values().for_each(|value| names(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

fn declaration(name: &str, given: &Given) -> Value {
    let mut declared = json!({ "Type": "String" });
    // ARNs of secrets, no secrets; AWS's validator goes by the name, and nothing is lost by not showing them.
    if name.contains("Secret") {
        declared["NoEcho"] = json!(true);
    }
    match given {
        Given::Output { stack, output } => {
            declared["Description"] = json!(format!("{output} of the stack {stack}"));
        }
        Given::Lookup { .. } => declared["Description"] = json!("Looked up when it is deployed"),
        Given::Operator { description, default } => {
            declared["Description"] = json!(description);
            if let Some(default) = default {
                declared["Default"] = json!(default);
            }
        }
    }
    declared
}

/// A value of a stack with its references resolved.
fn resolve(
    stack: &Stack,
    at: &str,
    value: &Value,
    known: &BTreeMap<StackName, BTreeSet<String>>,
    wanted: &mut BTreeMap<StackName, BTreeMap<String, Value>>,
) -> Result<Value, SynthesisError> {
    if let Some(reference) = Reference::of(value) {
        if !known.get(&reference.stack).is_some_and(|ids| ids.contains(reference.id)) {
            let to = format!("{}/{}", reference.stack, reference.id);
            return Err(SynthesisError::Missing { stack: stack.name, at: at.to_owned(), to });
        }
        if reference.stack > stack.name {
            return Err(SynthesisError::Later { stack: stack.name, to: reference.stack });
        }
        return Ok(match stack.parameter_for(value) {
            None => reference.expression(),
            Some(parameter) => {
                let outputs = wanted.entry(reference.stack).or_default();
                outputs.insert(reference.output_name(), reference.expression());
                json!({ "Ref": parameter })
            }
        });
    }
    Ok(match value {
        Value::Object(fields) => {
            let mut resolved = Map::new();
            for (name, value) in fields {
                resolved.insert(name.clone(), resolve(stack, at, value, known, wanted)?);
            }
            Value::Object(resolved)
        }
        Value::Array(values) => {
            let resolved: Result<Vec<_>, _> =
                values.iter().map(|value| resolve(stack, at, value, known, wanted)).collect();
            Value::Array(resolved?)
        }
        plain => plain.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::kinds::{Bucket, Role};
    use super::*;

    #[test]
    fn a_reference_within_a_stack_stays_one() {
        let stack = Stack::new(StackName::Data, "data");
        let bucket: Resource<Bucket> = stack.add("Uploads", json!({}));
        stack.add::<Role>("Reader", json!({ "Description": bucket.arn(), "RoleName": bucket.name() }));
        let templates = synthesize(&[stack]).unwrap();
        let role = &templates[0].body["Resources"]["Reader"];
        assert_eq!(role["Type"], "AWS::IAM::Role");
        assert_eq!(role["Properties"]["Description"], json!({ "Fn::GetAtt": ["Uploads", "Arn"] }));
        assert_eq!(role["Properties"]["RoleName"], json!({ "Ref": "Uploads" }));
        assert!(templates[0].parameters.is_empty());
    }

    #[test]
    fn a_reference_to_another_stack_is_a_parameter_that_is_its_output() {
        let (data, application) = (Stack::new(StackName::Data, "d"), Stack::new(StackName::Application, "a"));
        let bucket: Resource<Bucket> = data.add("Uploads", json!({}));
        application.add::<Role>("Reader", json!({ "Description": [bucket.arn()] }));
        let templates = synthesize(&[data, application]).unwrap();
        let output = &templates[0].body["Outputs"]["UploadsArn"]["Value"];
        assert_eq!(*output, json!({ "Fn::GetAtt": ["Uploads", "Arn"] }));
        let role = &templates[1].body["Resources"]["Reader"]["Properties"];
        assert_eq!(role["Description"], json!([{ "Ref": "DataUploadsArn" }]));
        assert_eq!(templates[1].body["Parameters"]["DataUploadsArn"]["Type"], "String");
        let given = Given::Output { stack: StackName::Data, output: "UploadsArn".to_owned() };
        assert_eq!(templates[1].parameters["DataUploadsArn"], given);
    }

    #[test]
    fn what_is_looked_up_is_an_output_of_the_other_stack_and_no_parameter_of_this_one() {
        let (data, application) = (Stack::new(StackName::Data, "d"), Stack::new(StackName::Application, "a"));
        let bucket: Resource<Bucket> = data.add("Uploads", json!({}));
        let brokers = application.look_up("Brokers", Lookup::BrokersScram, &bucket.arn());
        application.add::<Role>("Reader", json!({ "Description": brokers }));
        let templates = synthesize(&[data, application]).unwrap();
        assert!(templates[0].body["Outputs"]["UploadsArn"].is_object());
        let declared = templates[1].body["Parameters"].as_object().unwrap();
        assert_eq!(declared.keys().collect::<Vec<_>>(), ["Brokers"]);
        let lookup = Given::Lookup { lookup: Lookup::BrokersScram, of: "DataUploadsArn".to_owned() };
        assert_eq!(templates[1].parameters["Brokers"], lookup);
        assert!(templates[1].parameters.contains_key("DataUploadsArn"));
    }

    #[test]
    fn a_reference_that_leads_nowhere_or_ahead_is_refused() {
        let (data, application) = (Stack::new(StackName::Data, "d"), Stack::new(StackName::Application, "a"));
        let ahead: Resource<Bucket> = application.add("Logs", json!({}));
        data.add::<Role>("Reader", json!({ "Description": ahead.arn() }));
        let error = synthesize(&[data, application]).unwrap_err();
        assert_eq!(error, SynthesisError::Later { stack: StackName::Data, to: StackName::Application });

        let (elsewhere, data) = (Stack::new(StackName::Data, "e"), Stack::new(StackName::Data, "d"));
        let gone: Resource<Bucket> = elsewhere.add("Gone", json!({}));
        data.add::<Role>("Reader", json!({ "Description": gone.arn() }));
        let error = synthesize(&[data]).unwrap_err().to_string();
        assert_eq!(error, "data/Reader: a reference to data/Gone, which is not there");
    }

    #[test]
    fn a_condition_may_ask_what_whoever_deploys_has_given() {
        let data = Stack::new(StackName::Data, "d");
        let snapshot = data.ask("Snapshot", "a snapshot", Some(""));
        data.condition("IsNew", json!({ "Fn::Equals": [snapshot, ""] }));
        let templates = synthesize(&[data]).unwrap();
        let expected = json!({ "IsNew": { "Fn::Equals": [{ "Ref": "Snapshot" }, ""] } });
        assert_eq!(templates[0].body["Conditions"], expected);
    }

    #[test]
    #[should_panic(expected = "two resources of data are \"Uploads\"")]
    fn a_logical_id_is_given_once() {
        let data = Stack::new(StackName::Data, "d");
        data.add::<Bucket>("Uploads", json!({}));
        data.add::<Bucket>("Uploads", json!({}));
    }
}
