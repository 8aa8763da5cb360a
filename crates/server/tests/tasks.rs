//! The tasks of the AWS architecture, held against the program: it takes what they set, and what they are started with.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use serde_json::Value;

/// With little, and with everything.
const OPERATORS: [&str; 2] = [
    "",
    "dev_streaming = true\nspace_track = true\nmail_host = 'smtp.example.org'\nmail_from = 'alerts@example.org'",
];

/// A container of the application.
struct Container {
    at: String,
    command: Vec<String>,
    variables: BTreeMap<String, String>,
}

/// The containers of the application, in every environment.
fn containers() -> Vec<Container> {
    let mut found = Vec::new();
    for name in Name::ALL {
        for more in OPERATORS {
            let operator = Operator::parse(more).unwrap();
            for template in architecture(&Environment::new(name, operator)).unwrap() {
                for (id, resource) in template.body["Resources"].as_object().unwrap() {
                    if resource["Type"] == "AWS::ECS::TaskDefinition" {
                        found.push(container(format!("{name}/{id}"), &resource["Properties"]));
                    }
                }
            }
        }
    }
    assert!(found.len() >= 12, "{}", found.len());
    found
}

fn container(at: String, task: &Value) -> Container {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let all = list(&task["ContainerDefinitions"]);
    let ours = all.iter().find(|container| container["Name"] == "astroshield").unwrap();
    let command = list(&ours["Command"]).iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    let plain = list(&ours["Environment"]);
    let plain = plain.iter().map(|of| (of["Name"].as_str().unwrap().to_owned(), text(&of["Value"])));
    let injected = list(&ours["Secrets"]);
    let injected = injected.iter().map(|of| (of["Name"].as_str().unwrap().to_owned(), "injected".to_owned()));
    Container { at, command, variables: plain.chain(injected).collect() }
}

/// A value with something plausible in place of what CloudFormation knows.
fn text(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(parts) = value.get("Fn::Join") {
        return parts[1].as_array().unwrap().iter().map(text).collect();
    }
    let reference = value["Ref"].as_str().unwrap_or_else(|| panic!("{value}"));
    match reference {
        "AWS::Region" => "us-east-1",
        "Brokers" => "b-1.example:9096,b-2.example:9096",
        port if port.ends_with("Port") => "6379",
        arn if arn.ends_with("Arn") => "arn:aws:kms:us-east-1:123456789012:key/1234",
        _ => "example",
    }
    .to_owned()
}

/// Runs the program with nothing but these variables.
fn run(folder: &Path, arguments: &[&str], variables: &BTreeMap<String, String>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_astroshield"));
    command.env_clear().envs(variables).env("HOME", folder).current_dir(folder).args(arguments);
    command.output().unwrap()
}

fn problem(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_program_takes_what_each_task_sets() {
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("rds.pem");
    let authority = rcgen::generate_simple_self_signed(["example".to_owned()]).unwrap();
    fs::write(&authorities, authority.cert.pem()).unwrap();
    for Container { at, variables, .. } in containers() {
        // What it asks Secrets Manager for, and what the image has, are not there.
        let here: BTreeMap<String, String> = (variables.into_iter())
            .map(|(name, value)| match name.strip_suffix("_SECRET") {
                Some(secret) => (secret.to_owned(), "hush".to_owned()),
                None if name.ends_with("__AUTHORITIES_FILE") => (name, authorities.display().to_string()),
                None => (name, value),
            })
            .collect();
        let output = run(folder.path(), &["config"], &here);
        assert!(output.status.success(), "{at}: {}", problem(&output));
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        for name in here.keys() {
            assert!(listing.contains(&format!("  # {name}\n")), "{at}: {name} is in force nowhere");
        }

        let mut wrong = here;
        wrong.insert("ASTROSHIELD__SERVER__LISTNE".to_owned(), "0.0.0.0:7878".to_owned());
        let output = run(folder.path(), &["config"], &wrong);
        assert!(problem(&output).contains("server.listne: no such setting"), "{at}: {}", problem(&output));
    }
}

#[test]
fn the_program_knows_what_each_task_is_started_with() {
    let folder = tempfile::tempdir().unwrap();
    let known = |command: &[String]| {
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        run(folder.path(), &words, &BTreeMap::new()).status.success()
    };
    for Container { at, command, .. } in containers() {
        assert!(known(&command), "{at}: {command:?}");
    }
    assert!(!known(&["serve".to_owned(), "--role".to_owned(), "screan".to_owned()]));
}
