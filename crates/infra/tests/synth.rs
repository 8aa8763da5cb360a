//! `astroshield-infra synth`, as it is run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use astroshield_infra::template::StackName;

fn synthesized(environment: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_astroshield-infra"))
        .args(["synth", "--env", environment, "--out"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    files(folder.path())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn two_runs_write_the_same_bytes() {
    for environment in ["dev", "prod", "recovery"] {
        let first = synthesized(environment);
        assert_eq!(first, synthesized(environment), "{environment}");
        let names: Vec<&str> = first.keys().map(String::as_str).collect();
        let mut expected: Vec<String> = StackName::ALL
            .iter()
            // The second region has no pipelines: it runs what was built in the first.
            .filter(|stack| environment != "recovery" || **stack != StackName::Deployment)
            .map(|stack| format!("{stack}.template.json"))
            .collect();
        expected.push("manifest.json".to_owned());
        expected.sort();
        assert_eq!(names, expected);
    }
}

#[test]
fn the_manifest_says_where_each_parameter_comes_from() {
    let files = synthesized("prod");
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    for entry in manifest["stacks"].as_array().unwrap() {
        let file = entry["template"].as_str().unwrap();
        let template: serde_json::Value = serde_json::from_slice(&files[file]).unwrap();
        for (parameter, _) in template["Parameters"].as_object().into_iter().flatten() {
            assert!(entry["parameters"][parameter].is_object(), "{file}: nobody gives {parameter}");
        }
        for (parameter, given) in entry["parameters"].as_object().unwrap() {
            if given["from"] != "output" {
                continue;
            }
            let of = format!("{}.template.json", given["stack"].as_str().unwrap());
            let of: serde_json::Value = serde_json::from_slice(&files[&of]).unwrap();
            let output = given["output"].as_str().unwrap();
            assert!(of["Outputs"][output].is_object(), "{parameter} of {file} is no output");
        }
    }
}
