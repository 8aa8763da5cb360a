//! Every line of the architecture's document is implemented by something, and each proof can fail.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use astroshield_infra::coverage::{DOCUMENT, Proof, bullets, rows, table};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::Template;
use serde_json::Value;

fn templates() -> BTreeMap<Name, Vec<Template>> {
    let of = |name| architecture(&Environment::new(name, Operator::parse("").unwrap())).unwrap();
    [Name::Dev, Name::Prod].into_iter().map(|name| (name, of(name))).collect()
}

fn commands() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_astroshield-infra")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
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
            let of =
                if let Proof::On { env, .. } = proof { &templates[env] } else { &templates[&Name::Prod] };
            if !proof.is_so(of, &commands) {
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
            let Proof::On { env, kind, property, .. } = proof else { continue };
            let mut without = templates[env].clone();
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
