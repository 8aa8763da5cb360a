//! The whole architecture on each emulator: what it makes, and what it cannot, which is a list beside this file.

use std::collections::{BTreeMap, BTreeSet};

use astroshield_infra::deploy::cloud::Cloud;
use astroshield_infra::deploy::{self, Done, state};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::manifest::{Entry, Manifest};
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::{Given, Template};
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, ChangeSetType};
use serde_json::{Value, json};

use super::{Emulator, Person};

/// Types of a list.
fn listed(list: &'static str) -> BTreeSet<&'static str> {
    list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// A template without resources of some types. What referred to them gets a text.
fn without(template: &Template, refused: &BTreeSet<&str>) -> Template {
    let mut body = template.body.clone();
    let resources = body["Resources"].as_object_mut().unwrap();
    let gone: BTreeSet<String> = resources
        .iter()
        .filter(|(_, resource)| resource["Type"].as_str().is_some_and(|kind| refused.contains(kind)))
        .map(|(id, _)| id.clone())
        .collect();
    resources.retain(|id, _| !gone.contains(id));
    for resource in resources.values_mut() {
        if let Some(after) = resource.get_mut("DependsOn").and_then(Value::as_array_mut) {
            after.retain(|id| !id.as_str().is_some_and(|id| gone.contains(id)));
        }
    }
    replace(&mut body, &gone);
    let mut parameters = template.parameters.clone();
    for given in parameters.values_mut() {
        // Nobody is asked about brokers that are not there.
        if matches!(given, Given::Lookup { .. }) {
            *given = Given::Operator { description: String::new(), default: Some("broker:9096".to_owned()) };
        }
    }
    Template { stack: template.stack, body, parameters }
}

fn replace(value: &mut Value, gone: &BTreeSet<String>) {
    let of = value.get("Ref").or_else(|| value.get("Fn::GetAtt")?.get(0)).and_then(Value::as_str);
    if let Some(id) = of.filter(|id| gone.contains(*id)) {
        *value = json!(text(id));
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, gone)),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, gone)),
        _ => {}
    }
}

async fn made(cloud: &Cloud, entry: &Entry) -> BTreeSet<String> {
    let client = cloud.cloudformation(&entry.region);
    let listed = client.list_stack_resources().stack_name(&entry.name).send().await.unwrap();
    let resources = listed.stack_resource_summaries.unwrap_or_default();
    resources.into_iter().filter_map(|resource| resource.logical_resource_id).collect()
}

#[tokio::test]
async fn moto_makes_all_but_what_is_listed() {
    let Some(moto) = Emulator::moto() else { return };
    makes_all_but(&moto, "moto.txt", listed(include_str!("moto.txt"))).await;
}

#[tokio::test]
async fn ministack_makes_all_but_what_is_listed() {
    let Some(ministack) = Emulator::ministack() else { return };
    makes_all_but(&ministack, "ministack.txt", listed(include_str!("ministack.txt"))).await;
}

#[tokio::test]
async fn ministack_says_itself_what_it_has_no_model_of() {
    let Some(ministack) = Emulator::ministack() else { return };
    let (list, _) = include_str!("ministack.txt").split_once("# What it fails at").unwrap();
    let templates = architecture(&prod(&ministack)).unwrap();
    let kinds: BTreeSet<&str> =
        templates.iter().flat_map(Template::resources).map(|(_, kind, _)| kind).collect();
    let one_of_each: serde_json::Map<String, Value> =
        kinds.iter().map(|kind| (kind.replace(':', ""), json!({ "Type": kind }))).collect();
    let client = ministack.cloud().await.cloudformation("eu-west-1");
    let refused = client
        .create_change_set()
        .stack_name("astroshield-kinds")
        .change_set_name("kinds")
        .change_set_type(ChangeSetType::Create)
        .capabilities(Capability::CapabilityNamedIam)
        .template_body(json!({ "Resources": one_of_each }).to_string())
        .send()
        .await
        .unwrap_err();
    let said = refused.message().unwrap().to_owned();
    let said = said.strip_prefix("Template format error: Unrecognized resource types: [").unwrap();
    let said: BTreeSet<&str> = said.strip_suffix(']').unwrap().split(", ").collect();
    assert_eq!(said, listed(list));
}

/// Prod, with a domain of its own on the emulator.
fn prod(emulator: &Emulator) -> Environment {
    let zone = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>astroshield.example.org\
                </Name><CallerReference>test</CallerReference></CreateHostedZoneRequest>";
    let path = "/2013-04-01/hostedzone";
    let answer =
        emulator.ask("route53", "us-east-1", path, &["--header", "Content-Type: text/xml", "--data", zone]);
    let id = answer.split("<Id>/hostedzone/").nth(1).unwrap().split('<').next().unwrap();
    let settings =
        format!("region = \"eu-west-1\"\nrecovery_region = \"eu-central-1\"\nhosted_zone_id = {id:?}\n");
    Environment::new(Name::Prod, Operator::parse(&settings).unwrap())
}

async fn makes_all_but(emulator: &Emulator, list: &str, refused: BTreeSet<&str>) {
    let cloud = emulator.cloud().await;
    let environment = prod(emulator);
    let whole = architecture(&environment).unwrap();
    let mut templates: Vec<Template> = whole.iter().map(|template| without(template, &refused)).collect();
    let asked = templates.iter().flat_map(|template| &template.parameters);
    let said: BTreeMap<String, String> = asked
        .filter(|(_, given)| matches!(given, Given::Operator { default: None, .. }))
        .map(|(name, _)| (name.clone(), "emulated".to_owned()))
        .collect();

    let mut outputs = BTreeSet::new();
    let mut faults = Vec::new();
    for number in 0..templates.len() {
        for (name, given) in &mut templates[number].parameters {
            // Emulators do not know every attribute of what it makes.
            if matches!(given, Given::Output { stack, output } if !outputs.contains(&(*stack, output.clone())))
            {
                *given = Given::Operator { description: String::new(), default: Some(text(name)) };
            }
        }
        let manifest = Manifest::new(&environment, &templates);
        let (entry, template) = (&manifest.stacks[number], &templates[number]);
        let kinds: BTreeMap<&str, &str> = template.resources().map(|(id, kind, _)| (id, kind)).collect();
        if kinds.is_empty() {
            continue;
        }
        match deploy::deploy(&cloud, &manifest, entry, template, &said, &mut Person::new(true)).await {
            Ok(done) => assert_eq!(done, Done::Created, "{}", entry.name),
            Err(error) => {
                faults.push(format!("{error:#}"));
                continue;
            }
        }
        let state = state::read(&cloud, entry).await.unwrap().unwrap();
        assert!(state.protected, "{} can be deleted", entry.name);
        outputs.extend(state.outputs.into_keys().map(|output| (entry.stack, output)));
        let made = made(&cloud, entry).await;
        let missing = kinds.iter().filter(|(id, _)| !made.contains(**id));
        faults.extend(missing.map(|(id, kind)| format!("{}: {id} ({kind}) was not made", entry.name)));
    }
    assert!(faults.is_empty(), "{list} does not list:\n{}", faults.join("\n"));
    let all: BTreeSet<&str> = whole.iter().flat_map(Template::resources).map(|(_, kind, _)| kind).collect();
    let idle: Vec<&&str> = refused.iter().filter(|kind| !all.contains(**kind)).collect();
    assert!(idle.is_empty(), "{list} lists what no template has: {idle:?}");
}

/// What stands for something that is not there.
fn text(name: &str) -> String {
    format!("arn:aws:none:us-east-1:123456789012:{name}")
}
