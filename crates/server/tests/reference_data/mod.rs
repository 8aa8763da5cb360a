//! Where the reference data is, or word of the test that is skipped without it.

use std::path::PathBuf;

#[path = "../../../testkit/src/skips.rs"]
mod skips;

/// The folder `name` of the reference data (`ASTROSHIELD_REFERENCE_DATA`, by default beside the project).
///
/// Without it the test is skipped; under `CI` its absence is a failure.
pub(crate) fn folder(name: &str, test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ASTROSHIELD_REFERENCE_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    skips::skip(&format!("{test}: no reference data at {}", folder.display()));
    None
}
