//! Which build this is.

use crate::command::run;

#[test]
fn the_version_names_what_it_was_built_from() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(folder.path(), "--version");
    assert_eq!(told.status, 0);
    assert_eq!(told.stdout.trim_end(), format!("astroshield {}", env!("ASTROSHIELD_BUILD")));
    let build = told.stdout.trim_end().strip_prefix("astroshield ").unwrap();
    let commit = build.strip_prefix(env!("CARGO_PKG_VERSION")).unwrap();
    // Without a repository, the version is all that is known.
    let is_commit = commit.strip_prefix('+').is_some_and(|commit| {
        let hash = commit.strip_suffix(".dirty").unwrap_or(commit);
        hash.len() >= 7 && hash.chars().all(|digit| digit.is_ascii_hexdigit())
    });
    // Nor does a build for development name one.
    assert!(commit.is_empty() || commit == "+development" || is_commit, "{build}");
}
