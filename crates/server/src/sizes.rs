//! Hard-body radii of objects, from a file.

use std::path::Path;

use anyhow::Context;
use astroshield_domain::sizes::Sizes;

use crate::input;

/// Reads a table of sizes.
pub(crate) fn read(path: &Path) -> anyhow::Result<Sizes> {
    let input = input::read(path)?;
    Sizes::read(&input.bytes).with_context(|| input.name)
}
