//! Tells the program from which commit it is built: results name the build that they come from. A build for development
//! says only that it is one, as it would be made anew after every commit.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is made of, seen from the root of the repository.
const SOURCES: [&str; 6] =
    ["Cargo.toml", "Cargo.lock", ".cargo", "rust-toolchain.toml", "crates/*/Cargo.toml", "crates/*/build.rs"];
/// Folders of each crate that its part of the program is made of.
const FOLDERS: [&str; 2] = ["src", "migrations"];

fn main() {
    println!("cargo::rerun-if-env-changed=ASTROSHIELD_COMMIT");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // Where the sources are built without their repository, whoever does so names the commit.
    let given = std::env::var("ASTROSHIELD_COMMIT").ok().filter(|commit| !commit.is_empty());
    let build = match (given, std::env::var("PROFILE").as_deref()) {
        (Some(commit), _) => format!("{version}+{commit}"),
        (None, Ok("release")) => commit().map_or(version.clone(), |commit| format!("{version}+{commit}")),
        (None, _) => {
            println!("cargo::rerun-if-changed=build.rs");
            format!("{version}+development")
        }
    };
    println!("cargo::rustc-env=ASTROSHIELD_BUILD={build}");
}

/// The commit, with a mark if the sources differ from it; `None` where there is no repository.
fn commit() -> Option<String> {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let root = manifest.ancestors().nth(2)?.to_owned();
    // Sources that lie in the repository of something else have no commit of their own.
    let top = PathBuf::from(git(&root, &["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != root.canonicalize().ok()? {
        println!("cargo::rerun-if-changed=build.rs");
        return None;
    }
    // This file grows with every commit and checkout, and with nothing else.
    let log = root.join(git(&root, &["rev-parse", "--git-path", "logs/HEAD"])?);
    println!("cargo::rerun-if-changed={}", watched(log, &manifest).display());
    let mut sources: Vec<String> = SOURCES.iter().map(|source| format!(":(glob){source}")).collect();
    sources.extend(FOLDERS.iter().map(|folder| format!(":(glob)crates/*/{folder}/**")));
    // A change of these makes the program be built again in any case.
    for folder in std::fs::read_dir(root.join("crates")).ok()?.flatten() {
        for part in FOLDERS.iter().map(|part| folder.path().join(part)).filter(|part| part.exists()) {
            println!("cargo::rerun-if-changed={}", part.display());
        }
    }
    println!("cargo::rerun-if-changed={}", root.join("Cargo.lock").display());
    let commit = git(&root, &["rev-parse", "--short=12", "HEAD"])?;
    let mut status = vec!["status", "--porcelain", "--untracked-files=all", "--"];
    status.extend(sources.iter().map(String::as_str));
    let dirty = if git(&root, &status)?.is_empty() { "" } else { ".dirty" };
    Some(format!("{commit}{dirty}"))
}

/// A file to watch; one that is not there would make every build a new one.
fn watched(log: PathBuf, manifest: &Path) -> PathBuf {
    if log.exists() { log } else { manifest.join("build.rs") }
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
