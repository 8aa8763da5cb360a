//! Defaults in TOML, with what a file changes.

use std::path::Path;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

/// Defaults with what a file changes.
///
/// # Errors
/// When the file cannot be read, or a value cannot be: the key is named.
pub(crate) fn read<T>(
    file: Option<&Path>,
    parse: impl FnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let name = || file.map_or_else(|| "defaults".to_owned(), |file| file.display().to_string());
    let text = match file {
        Some(file) => std::fs::read_to_string(file).with_context(name)?,
        None => String::new(),
    };
    parse(&text).with_context(name)
}

/// Defaults with what a text changes: keys, and keys of tables.
///
/// # Errors
/// When it is no TOML, or a value cannot be: the key is named.
pub(crate) fn parse<T: DeserializeOwned>(defaults: &str, text: &str) -> anyhow::Result<T> {
    let mut settings: toml::Table = defaults.parse().context("the defaults")?;
    let changes: toml::Table = text.parse()?;
    for (key, value) in changes {
        match (settings.get_mut(&key), value) {
            (Some(toml::Value::Table(of)), toml::Value::Table(changes)) => of.extend(changes),
            (_, value) => {
                settings.insert(key, value);
            }
        }
    }
    serde_path_to_error::deserialize(settings)
        .map_err(|error| anyhow::anyhow!("{}: {}", error.path(), error.inner()))
}
