//! The whole architecture against our own checks, and what is made of it for the documents.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use astroshield_infra::checks::{self, Architecture, policies};
use astroshield_infra::diagram::Diagram;
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::Template;

fn templates(name: Name, settings: &str) -> Vec<Template> {
    architecture(&Environment::new(name, Operator::parse(settings).unwrap())).unwrap()
}

#[test]
fn no_environment_has_a_finding_of_our_own() {
    for name in Name::ALL {
        let many = "dev_streaming = true\ncache_engine = \"redis\"\ngoogle = true";
        for settings in ["", many, "region = \"eu-central-1\""] {
            let findings = checks::findings(&templates(name, settings));
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            assert_eq!(findings, [""; 0], "{name} with {settings:?}");
        }
    }
}

#[test]
fn what_may_be_allowed_on_everything_is_needed() {
    let environments: Vec<_> = Name::ALL.into_iter().map(|name| templates(name, "")).collect();
    let architectures: Vec<_> = environments.iter().map(|templates| Architecture::new(templates)).collect();
    assert_eq!(policies::unused(&architectures), [""; 0]);
}

/// Arrows of the document's own diagram. There, API Gateway reaches the tasks by itself; here, by the load balancer.
const SEED: &[(&str, &str)] = &[
    ("CF", "ALB"),
    ("ALB", "ECS"),
    ("ECS", "RDS"),
    ("ECS", "Redis"),
    ("ECS", "MSK"),
    ("ECS", "S3"),
    ("API", "ALB"),
    ("API", "Lambda"),
    ("WAF", "CF"),
    ("WAF", "API"),
    ("ECS", "CW"),
    ("ECS", "XR"),
];

#[test]
fn the_diagram_has_the_arrows_of_the_document_and_is_the_one_of_docs() {
    let templates = templates(Name::Prod, "");
    let text = Diagram::new(&Architecture::new(&templates)).mermaid();
    for (from, to) in SEED {
        assert!(text.contains(&format!("    {from} --> {to}\n")), "{from} --> {to} is not in\n{text}");
    }
    let document = include_str!("../../../docs/aws/diagram.md");
    let drawn = document.split("```mermaid\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(
        drawn,
        Some(text.as_str()),
        "write what `astroshield-infra diagram` prints into docs/aws/diagram.md"
    );
}
