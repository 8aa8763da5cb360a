//! Where the reference data is, for the tests that need it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[path = "../../../testkit/src/skips.rs"]
mod skips;

/// A folder of the reference data, or `None` after saying which test is skipped. In CI it must be there.
pub(crate) fn folder(test: &str, name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ASTROSHIELD_REFERENCE_DATA").map_or_else(
        || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_owned(),
        PathBuf::from,
    );
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    skips::skip(&format!("{test}: no reference data at {}", folder.display()));
    None
}

/// Content of a file, unpacked if its name ends in `.gz`.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
    unpacked
}
