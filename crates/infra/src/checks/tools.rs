//! Tools of others: AWS's cloudformation-validate, cfn-lint, and checkov, in Python environments that `scripts/infra-tools` makes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::Finding;
use crate::template::StackName;

/// The folder `scripts` of the checkout that the working directory is in.
///
/// # Errors
/// When it is in none.
pub fn scripts() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir()?;
    let found = here
        .ancestors()
        .map(|folder| folder.join("scripts"))
        .find(|scripts| scripts.join("infra-tools").exists());
    found.context("the tools are run by scripts/infra-tools of a checkout, and this is none (--without-tools goes without)")
}

/// The Python environment of a tool.
fn environment(scripts: &Path, tool: &str) -> anyhow::Result<PathBuf> {
    let output =
        Command::new(scripts.join("infra-tools")).arg(tool).output().context("scripts/infra-tools")?;
    if !output.status.success() {
        bail!("scripts/infra-tools {tool}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

#[derive(Deserialize)]
struct Line {
    stack: String,
    at: String,
    check: String,
    message: String,
}

fn stack(name: &str) -> anyhow::Result<StackName> {
    let found = StackName::ALL.into_iter().find(|stack| stack.name() == name);
    found.with_context(|| format!("{name:?} is no stack"))
}

/// What cloudformation-validate and cfn-lint say of the templates that are in a folder with their manifest.
///
/// # Errors
/// When they cannot be run.
pub fn lint(scripts: &Path, folder: &Path) -> anyhow::Result<Vec<Finding>> {
    let python = environment(scripts, "lint")?.join("bin/python");
    let output = Command::new(python).arg(scripts.join("infra_lint.py")).arg(folder).output()?;
    // Python says how it ended; a tool that could not run has found nothing, which is no good news.
    ensure!(output.status.success(), "infra_lint.py: {}", String::from_utf8_lossy(&output.stderr));
    let mut findings = BTreeSet::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let Line { stack: name, at, check, message } = serde_json::from_str(line)?;
        findings.insert(Finding { stack: stack(&name)?, at, check, message });
    }
    Ok(findings.into_iter().collect())
}

/// What checkov says of the same templates.
///
/// # Errors
/// When it cannot be run.
pub fn checkov(scripts: &Path, folder: &Path) -> anyhow::Result<Vec<Finding>> {
    let python = environment(scripts, "checkov")?.join("bin/python");
    let output = Command::new(python)
        .args([
            "-m",
            "checkov.main",
            "--framework",
            "cloudformation",
            "--output",
            "json",
            "--quiet",
            "--compact",
        ])
        .args(["--skip-download", "--soft-fail", "--directory"])
        .arg(folder)
        .output()?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("checkov: {}", String::from_utf8_lossy(&output.stderr)))?;
    read(&report)
}

fn read(report: &Value) -> anyhow::Result<Vec<Finding>> {
    let errors = &report["results"]["parsing_errors"];
    ensure!(errors.as_array().is_none_or(Vec::is_empty), "checkov cannot read {errors}");
    let passed = report["summary"]["passed"].as_u64().unwrap_or_default();
    let failed = report["results"]["failed_checks"].as_array().context("checkov reports no results")?;
    ensure!(passed > 0 || !failed.is_empty(), "checkov has looked at nothing");
    let mut findings = BTreeSet::new();
    for check in failed {
        let text = |field: &str| check[field].as_str().unwrap_or_default();
        let name = text("file_path").rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".template.json").unwrap_or(name);
        let at = text("resource").rsplit('.').next().unwrap_or_default();
        findings.insert(Finding {
            stack: stack(name)?,
            at: at.to_owned(),
            check: format!("checkov {}", text("check_id")),
            message: text("check_name").to_owned(),
        });
    }
    Ok(findings.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_of_checkov_is_read() {
        let report = json!({
            "summary": { "passed": 3 },
            "results": { "parsing_errors": [], "failed_checks": [{
                "check_id": "CKV_AWS_18", "check_name": "Ensure the S3 bucket has access logging enabled",
                "file_path": "/data.template.json", "resource": "AWS::S3::Bucket.Blobs",
            }] },
        });
        let found: Vec<String> = read(&report).unwrap().iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            ["data/Blobs: Ensure the S3 bucket has access logging enabled (checkov CKV_AWS_18)"]
        );
    }

    #[test]
    fn a_report_that_says_nothing_is_an_error() {
        assert!(read(&json!({ "passed": 0, "failed": 0 })).is_err());
        let empty = json!({ "summary": { "passed": 0 }, "results": { "failed_checks": [] } });
        assert_eq!(read(&empty).unwrap_err().to_string(), "checkov has looked at nothing");
    }
}
