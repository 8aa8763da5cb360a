//! Every line of the architecture's document is implemented by something, and each proof can fail.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use astroshield_infra::coverage::{DOCUMENT, Proof, bullets, rows, table};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::Template;
use serde_json::Value;

/// Templates of each environment that a proof is about, and with which settings.
fn templates() -> BTreeMap<(Name, &'static str), Vec<Template>> {
    let proofs = rows().flat_map(|row| row.proofs);
    let wanted: BTreeSet<_> = proofs
        .filter_map(|proof| if let Proof::On { env, with, .. } = proof { Some((*env, *with)) } else { None })
        .collect();
    let made = |(name, with)| architecture(&Environment::new(name, Operator::parse(with).unwrap())).unwrap();
    wanted.into_iter().map(|of| (of, made(of))).collect()
}

fn commands() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_astroshield-infra")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // Texts that go on in the next line stand further to the right.
    let named = listed.filter(|line| !line[2..].starts_with(' '));
    named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_line_has_its_row_and_every_row_its_line() {
    let known: Vec<_> = rows().map(|row| row.bullet).collect();
    assert_eq!(known, bullets(DOCUMENT));
    assert_eq!(known.len(), 109);
    for row in rows() {
        assert!(!row.proofs.is_empty(), "{:?}", row.bullet);
    }
}

#[test]
fn everything_that_is_said_to_implement_a_line_does() {
    let (templates, commands) = (templates(), commands());
    let mut wrong = Vec::new();
    for row in rows() {
        for proof in row.proofs {
            let of = if let Proof::On { env, with, .. } = proof { (*env, *with) } else { (Name::Prod, "") };
            if !proof.is_so(&templates[&of], &commands) {
                wrong.push(format!("{} / {}: {proof:?}", row.bullet.of, row.bullet.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_row_fails_without_the_property_that_it_names() {
    let templates = templates();
    for row in rows() {
        for proof in row.proofs {
            let Proof::On { env, with, kind, property, .. } = proof else { continue };
            let mut without = templates[&(*env, *with)].clone();
            for template in &mut without {
                for resource in template.body["Resources"].as_object_mut().unwrap().values_mut() {
                    if resource["Type"] == *kind {
                        remove(&mut resource["Properties"], property);
                    }
                }
            }
            assert!(!proof.is_so(&without, &[]), "{:?}: {proof:?}", row.bullet);
        }
    }
}

#[test]
fn what_the_operator_has_to_ask_for_is_not_there_otherwise_and_the_table_says_so() {
    let prod = &templates()[&(Name::Prod, "")];
    let asked: Vec<_> = rows()
        .flat_map(|row| row.proofs)
        .filter(|proof| matches!(proof, Proof::On { with, .. } if !with.is_empty()))
        .collect();
    assert!(!asked.is_empty());
    for proof in asked {
        assert!(!proof.is_so(prod, &[]), "{proof:?}");
    }
    assert!(table().contains("(prod with `google = true`): `ProviderType` is `Google`"));
}

fn remove(value: &mut Value, pointer: &str) {
    let Some(rest) = pointer.strip_prefix('/') else { return };
    match (rest.split_once('/'), value) {
        (None, Value::Object(fields)) => {
            fields.remove(rest);
        }
        (None, Value::Array(all)) => all.clear(),
        (Some(("*", rest)), Value::Array(all)) => {
            all.iter_mut().for_each(|value| remove(value, &format!("/{rest}")));
        }
        (Some((step, rest)), value) => {
            if let Some(value) = value.get_mut(step) {
                remove(value, &format!("/{rest}"));
            }
        }
        _ => {}
    }
}

#[test]
fn every_command_is_in_the_list_of_what_never_ran() {
    let list = include_str!("../../../docs/aws/never-run-on-aws.md");
    let commands = commands();
    assert!(commands.len() > 6 && commands.contains(&"deploy".to_owned()), "{commands:?}");
    for command in commands.iter().filter(|command| *command != "help") {
        assert!(list.contains(&format!("`{command}`")), "{command}");
    }
}

/// Folders of modules that are about AWS, whatever they name.
const ABOUT_AWS: [&str; 3] =
    ["crates/adapters/src/gateway/", "crates/adapters/src/otlp/", "crates/server/src/function/"];

/// What a module names that knows something of AWS: its hosts, its headers, our own client of it.
const OF_AWS: [&str; 5] = ["amazonaws", "x-amz", "crate::aws", "adapters::aws", "\"AWS_"];

fn is_about_aws(path: &str, text: &str) -> bool {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_lowercase();
    ABOUT_AWS.iter().any(|folder| path.starts_with(folder))
        || OF_AWS.iter().any(|word| text.contains(&word.to_lowercase()))
}

/// Every source of the application itself, by its path in the repository.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<_> =
        ["adapters", "api", "domain", "server"].map(|of| root.join(format!("crates/{of}/src"))).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_module_that_is_about_aws_is_in_the_list_of_what_never_ran_and_no_other() {
    let list = include_str!("../../../docs/aws/never-run-on-aws.md");
    let (_, adapters) = list.split_once("## The application's adapters").unwrap();
    let paths = adapters.split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> =
        paths.filter(|path| path.contains("/src/") && path.ends_with(".rs")).collect();
    let sources = sources();
    let about_aws: BTreeSet<&str> = sources
        .iter()
        .filter(|(path, text)| is_about_aws(path, text))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(named, about_aws);
}

#[test]
fn a_new_module_that_is_about_aws_would_be_found() {
    for (path, text) in [
        ("crates/adapters/src/otlp/new.rs", ""),
        ("crates/adapters/src/queue.rs", "let host = format!(\"sqs.{region}.amazonaws.com\");"),
        ("crates/adapters/src/queue.rs", "use crate::aws::Aws;"),
        ("crates/server/src/queue.rs", "std::env::var(\"AWS_REGION\")"),
    ] {
        assert!(is_about_aws(path, text), "{path}: {text}");
    }
    assert!(!is_about_aws("crates/adapters/src/smtp.rs", "#[cfg(test)]\nlet host = \"amazonaws\";"));
}

/// What stacks show that the guide speaks of.
const GUIDE_OUTPUTS: [&str; 9] = [
    "ArtifactsBucket",
    "AssetsBucket",
    "BackupsKey",
    "ConsoleAppId",
    "GithubRole",
    "MigrationTask",
    "ReleaseVariables",
    "RepositoryUri",
    "UserPoolId",
];

#[test]
fn the_guide_names_stacks_parameters_and_outputs_that_there_are() {
    let guide = include_str!("../../../docs/aws/deploy.md");
    let mut asked = BTreeSet::new();
    let (mut shown, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for name in Name::ALL {
        for template in architecture(&Environment::new(name, Operator::parse("").unwrap())).unwrap() {
            asked.extend(template.parameters.keys().cloned());
            let named =
                template.resources().filter_map(|(_, _, properties)| properties["GroupName"].as_str());
            groups.extend(named.map(str::to_owned));
            shown.extend(
                template.body["Outputs"].as_object().into_iter().flatten().map(|(name, _)| name.clone()),
            );
        }
    }
    let named: Vec<&str> = (guide.split("--parameter ").skip(1))
        .filter_map(|rest| rest.split_once('=').map(|(name, _)| name))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(asked.contains(name), "no stack asks for {name}");
    }
    for output in GUIDE_OUTPUTS {
        assert!(guide.contains(output) && shown.contains(output), "{output}");
    }
    let stacks: Vec<&str> = guide
        .split("--stack ")
        .skip(1)
        .flat_map(|rest| {
            let line = rest.lines().next().unwrap_or_default();
            line.split_whitespace()
                .take_while(|word| !word.starts_with('-') && *word != "\\")
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(stacks.len() > 8, "{stacks:?}");
    for stack in stacks {
        let known = astroshield_infra::template::StackName::ALL.iter().any(|known| known.name() == stack);
        assert!(known, "there is no stack {stack}");
    }
    let script = "crates/infra/src/stacks/deployment/image.sh";
    assert!(guide.contains(script));
    let script = include_str!("../src/stacks/deployment/image.sh");
    assert!(script.contains("--target aws"), "images of tasks have the authorities of RDS");
    let (_, group) = guide.split_once("--group-name ").unwrap();
    let group = group.split_whitespace().next().unwrap();
    assert!(groups.contains(group), "{group}");
}

#[test]
fn the_table_is_the_one_that_is_checked_in() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws/coverage.md");
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&file, table()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&file).unwrap_or_default(),
        table(),
        "set UPDATE_DOCUMENTS to make it anew"
    );
}
