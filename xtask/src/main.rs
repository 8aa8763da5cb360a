//! Checks of this repository that cargo does not make.
//!
//! `cargo run -p xtask -- layers` holds the crates' dependencies against the allowed directions;
//! `cargo run -p xtask -- docs` looks for every path that a document names, and for settings that are not documented;
//! `cargo run -p xtask -- settings` documents them.

mod settings;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

/// What each crate may depend on inside the workspace, as ARCHITECTURE.md draws it.
const ALLOWED: &[(&str, &[&str])] = &[
    ("astroshield-astro", &[]),
    ("astroshield-formats", &["astroshield-astro"]),
    ("astroshield-domain", &["astroshield-astro", "astroshield-formats"]),
    (
        "astroshield-adapters",
        &["astroshield-astro", "astroshield-formats", "astroshield-domain", "astroshield-testkit"],
    ),
    (
        "astroshield-api",
        &["astroshield-astro", "astroshield-formats", "astroshield-domain", "astroshield-testkit"],
    ),
    ("astroshield-testkit", &["astroshield-astro", "astroshield-formats", "astroshield-domain"]),
    // What it shares with the application comes from the domain's types; it never compiles an adapter.
    ("astroshield-infra", &["astroshield-domain"]),
    (
        "astroshield-server",
        &[
            "astroshield-astro",
            "astroshield-formats",
            "astroshield-domain",
            "astroshield-adapters",
            "astroshield-api",
            "astroshield-testkit",
            // Its tests hold the environment of the tasks against the settings.
            "astroshield-infra",
        ],
    ),
    ("xtask", &[]),
];

fn main() -> ExitCode {
    let check = std::env::args().nth(1);
    let faults = match check.as_deref() {
        Some("layers") => layers(),
        Some("docs") => documents().and_then(|mut faults| {
            faults.extend(settings::faults()?);
            Ok(faults)
        }),
        Some("settings") => settings::write().map(|()| Vec::new()),
        _ => {
            eprintln!("usage: cargo run -p xtask -- layers|docs|settings");
            return ExitCode::from(2);
        }
    };
    match faults {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            for fault in faults {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Dependencies between workspace crates that [`ALLOWED`] does not name, development ones included.
fn layers() -> anyhow::Result<Vec<String>> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--locked", "--offline"])
        .output()
        .context("cargo metadata")?;
    if !metadata.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&metadata.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let name_of = |value: &serde_json::Value| value["name"].as_str().unwrap_or_default().to_owned();
    let members: BTreeSet<String> = packages.iter().map(name_of).collect();

    let mut faults = Vec::new();
    for package in packages {
        let name = name_of(package);
        let Some((_, allowed)) = ALLOWED.iter().find(|(member, _)| *member == name) else {
            faults.push(format!("{name}: not in the list of crates; say what it may depend on"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let dependency = name_of(dependency);
            if members.contains(&dependency) && !allowed.contains(&dependency.as_str()) {
                faults.push(format!("{name}: may not depend on {dependency}"));
            }
        }
    }
    Ok(faults)
}

/// Paths that a document names, in back quotes or as the target of a link, and that do not exist.
fn documents() -> anyhow::Result<Vec<String>> {
    let listing = Command::new("git").args(["ls-files", "*.md"]).output().context("git ls-files")?;
    if !listing.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    }
    let mut faults = Vec::new();
    for document in String::from_utf8(listing.stdout)?.lines() {
        let folder = Path::new(document).parent().unwrap_or(Path::new(""));
        let text = fs::read_to_string(document).with_context(|| document.to_owned())?;
        for (number, line) in text.lines().enumerate() {
            for (path, base) in named_paths(line, folder) {
                if !base.join(path).exists() {
                    faults.push(format!("{document}:{}: {path} does not exist", number + 1));
                }
            }
        }
    }
    Ok(faults)
}

/// The paths that one line of Markdown names, each with the folder that it is relative to.
fn named_paths<'a>(line: &'a str, folder: &'a Path) -> Vec<(&'a str, &'a Path)> {
    const ROOTS: [&str; 8] = ["crates/", "docs/", "fuzz/", "scripts/", "xtask/", "web/", "e2e/", "benches/"];
    let quoted = line
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            ROOTS.iter().any(|root| text.starts_with(root)) && !text.contains([' ', '*', '<', '{'])
        })
        .map(|text| (text, Path::new("")));
    let linked = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#', ' ']).next())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .map(|target| (target, folder));
    quoted.chain(linked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_linked_paths_are_found_and_addresses_are_not() {
        let line = "See `crates/astro/src`, [why](adr/0001.md#top), [site](https://example.com), `make run`.";
        let found = named_paths(line, Path::new("docs"));
        assert_eq!(found, [("crates/astro/src", Path::new("")), ("adr/0001.md", Path::new("docs"))]);
    }
}
