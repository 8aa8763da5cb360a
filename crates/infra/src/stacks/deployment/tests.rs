use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::*;
use crate::environment::{Name, Operator};
use crate::stacks::architecture;
use crate::stacks::storage::tests::text;
use crate::template::StackName;

fn resources(name: Name) -> Value {
    resources_with(name, "")
}

fn resources_with(name: Name, settings: &str) -> Value {
    let environment = Environment::new(name, Operator::parse(settings).unwrap());
    let templates = architecture(&environment).unwrap();
    let template = templates.iter().find(|template| template.stack == StackName::Deployment);
    template.map_or(Value::Null, |template| template.body["Resources"].clone())
}

#[test]
fn only_the_repository_s_own_environment_takes_the_role() {
    for name in [Name::Dev, Name::Prod] {
        let role = &resources(name)["GithubRole"]["Properties"];
        let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(
            trust["Condition"]["StringEquals"][format!("{GITHUB}:sub")],
            format!("repo:example/astroshield:environment:{name}")
        );
        assert_eq!(trust["Condition"]["StringEquals"][format!("{GITHUB}:aud")], "sts.amazonaws.com");
    }
}

/// The variables that a script reads.
fn variables_of(script: &str) -> impl Iterator<Item = &str> {
    script.match_indices(['$', '.']).filter_map(|(at, _)| {
        let rest = script[at + 1..].trim_start_matches('{');
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
        (end > 1).then(|| &rest[..end])
    })
}

#[test]
fn who_releases_may_fill_the_assets_and_no_other_bucket() {
    let resources = resources(Name::Prod);
    for role in ["ReleaseRole", "GithubRole"] {
        let statements = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].clone();
        let of_assets: Vec<String> = (statements.as_array().unwrap().iter())
            .filter(|statement| statement["Action"].to_string().contains("s3:PutObject"))
            .flat_map(|statement| statement["Resource"].as_array().unwrap())
            .map(text)
            .filter(|on| !on.starts_with("(StorageArtifactsArn)/astroshield-prod/"))
            .collect();
        assert_eq!(
            of_assets,
            ["(StorageAssetsArn)/assets/*.js", "(StorageAssetsArn)/assets/*.css"],
            "{role}"
        );
        assert!(statements.to_string().contains("kms:GenerateDataKey"), "{role}");
    }
}

#[test]
fn prod_alone_has_a_pipeline() {
    assert!(resources(Name::Dev).get("Pipeline").is_none());
    assert!(resources(Name::Recovery).is_null(), "its images are copies");
    let stages = resources(Name::Prod)["Pipeline"]["Properties"]["Stages"].clone();
    let names: Vec<&Value> = stages.as_array().unwrap().iter().map(|stage| &stage["Name"]).collect();
    assert_eq!(names, ["Source", "Build", "Release"]);
}

#[test]
fn a_script_is_given_every_variable_that_it_reads() {
    let resources = resources(Name::Prod);
    for (project, script) in [("ImageArm64", IMAGE), ("ImageX8664", IMAGE), ("ReleaseProject", RELEASE)] {
        let given =
            resources[project]["Properties"]["Environment"]["EnvironmentVariables"].as_array().unwrap();
        let is_given = |name: &str| name == "TAG" || given.iter().any(|of| of["Name"] == name);
        for name in variables_of(script) {
            assert!(is_given(name), "{project}: {name}");
        }
    }
}

/// The workflow that releases from GitHub.
const WORKFLOW: &str = include_str!("../../../../../.github/workflows/release.yml");

#[test]
fn the_workflow_runs_the_scripts_with_every_variable_that_they_read() {
    let has = |what: &str| assert!(WORKFLOW.contains(what), "{what}");
    has("id-token: write");
    has("environment: ${{ inputs.environment }}");
    has("--stack-name \"astroshield-$ENVIRONMENT-deployment\"");
    has(&format!("OutputKey=='{RELEASE_VARIABLES}'"));
    for name in [Name::Dev, Name::Prod] {
        has(&format!("          - {name}\n"));
        let environment = Environment::new(name, Operator::parse("").unwrap());
        let templates = architecture(&environment).unwrap();
        let template = templates.iter().find(|template| template.stack == StackName::Deployment).unwrap();
        let role = template.body["Resources"]["GithubRole"].to_string();
        assert!(role.contains(&format!("stack/astroshield-{name}-deployment/*")), "{role}");
        let shown = template.body["Outputs"][RELEASE_VARIABLES]["Value"]["Fn::Join"][1].as_array().unwrap();
        for (script, text) in [("image.sh", IMAGE), ("release.sh", RELEASE)] {
            has(&format!("run: bash crates/infra/src/stacks/deployment/{script}\n"));
            for variable in variables_of(text) {
                let is_shown = shown.iter().any(|line| line["Fn::Join"][1][0] == variable);
                assert!(is_shown || WORKFLOW.contains(&format!("  {variable}: ${{{{")), "{name}: {variable}");
            }
        }
    }
}

#[test]
fn images_begin_with_what_the_dockerfile_can_have_from_another_registry() {
    let dockerfile = include_str!("../../../../../Dockerfile");
    let from: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    let foreign: Vec<&&str> = from.iter().filter(|image| image.contains('/')).collect();
    assert!(foreign.len() == 3 && foreign.iter().all(|image| image.starts_with("${REGISTRY}/")), "{from:?}");
    assert!(IMAGE.contains("--build-arg REGISTRY=public.ecr.aws/docker/library "));
}

#[test]
fn the_release_migrates_before_it_rolls() {
    let place = |what: &str| RELEASE.find(what).unwrap();
    assert!(place("wait tasks-stopped") < place("update-stack"));
    assert!(place("update-stack") < place("aws s3 cp"));
    assert!(place("aws s3 cp") < place("create-invalidation"));
    let family = resources(Name::Prod)["ReleaseProject"]["Properties"]["Environment"].to_string();
    assert!(family.contains("astroshield-prod-migrate"));
}

/// What a release did, a line for each command, where `aws ecs wait` gives up so many times.
fn released(ready: &str, gives_up: u32) -> (bool, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    // The commands of others: each notes what it is asked for. The tag is said to be deployed already.
    let stand_in = r#"#!/bin/bash
echo "${0##*/} $*" >>"$LOG"
case "${0##*/}" in jq | docker) cat >/dev/null ;; esac
case "${0##*/} $*" in
"aws ecs wait"*) [ "$(grep --count 'ecs wait' "$LOG")" -gt "$GIVES_UP" ] ;;
"aws ecs describe-tasks"*) if [ "$(grep --count 'ecs wait' "$LOG")" -gt "$GIVES_UP" ]; then echo 0; else echo None; fi ;;
"aws "*) echo "{}" ;;
"jq --raw-output"*) echo "$TAG" ;;
esac
"#;
    for name in ["aws", "docker", "jq", "curl"] {
        std::fs::write(place(name), stand_in).unwrap();
        std::fs::set_permissions(place(name), Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut release = Command::new("bash");
    release.arg("-c").arg(RELEASE).env("PATH", path).env("LOG", place("log")).env("TAG", "1");
    release.env("GIVES_UP", gives_up.to_string());
    for name in variables_of(RELEASE).filter(|name| *name != "TAG") {
        release.env(name, if name == "READY" { ready } else { "of" });
    }
    let good = release.output().unwrap().status.success();
    let log = std::fs::read_to_string(place("log")).unwrap();
    (good, log.lines().map(str::to_owned).collect())
}

#[test]
fn a_release_asks_the_service_after_the_edge_has_forgotten_and_not_where_it_would_be_turned_away() {
    let (good, log) = released("https://of/health/ready", 0);
    let place = |what: &str| log.iter().position(|line| line.starts_with(what));
    assert!(good && place("aws cloudfront create-invalidation") < place("curl"), "{log:?}");
    assert!(place("aws cloudfront create-invalidation").is_some(), "{log:?}");
    let (good, log) = released("", 0);
    assert!(good && !log.iter().any(|line| line.starts_with("curl")), "{log:?}");

    let ready = |settings: &str| {
        let project = resources_with(Name::Prod, settings)["ReleaseProject"].clone();
        let given = project["Properties"]["Environment"]["EnvironmentVariables"].as_array().unwrap().clone();
        given.into_iter().find(|of| of["Name"] == "READY").unwrap()["Value"].clone()
    };
    assert_eq!(ready(""), "https://astroshield.example.org/health/ready");
    assert_eq!(ready("allow = [\"198.51.100.0/24\"]"), "");
}

#[test]
fn a_migration_may_take_an_hour_and_not_for_ever() {
    let waits = |log: &[String]| log.iter().filter(|line| line.starts_with("aws ecs wait")).count();
    let (good, log) = released("", 5);
    assert!(good && waits(&log) == 6, "{log:?}");
    let (good, log) = released("", 6);
    assert!(!good && waits(&log) == 6, "{log:?}");
    assert!(!log.iter().any(|line| line.contains("describe-stacks")), "{log:?}");
}
