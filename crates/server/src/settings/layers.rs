//! Defaults, file and environment, put over each other, with where each value came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use astroshield_domain::deployment::VARIABLES;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// The defaults, which are also their own documentation.
pub(crate) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The feed whose keys in the defaults are those of every feed.
const MODEL_FEED: &str = "celestrak-active";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The defaults.
    Default,
    /// A line of a file.
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// An option of the command line.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Option(name) => f.write_str(name),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error("{}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{}:{line}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A key or its value.
    #[error("{origin}: {key}: {reason}")]
    Key {
        /// Where it came from.
        origin: Origin,
        /// Full name of the setting.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// The values in force, and where they came from.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    defaults: Table,
    values: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    /// The defaults.
    pub(crate) fn defaults() -> Result<Self, SettingsError> {
        let mut layers = Self { defaults: Table::new(), values: Table::new(), origins: BTreeMap::new() };
        layers.add_text(DEFAULTS, &|_| Origin::Default, Path::new("config.default.toml"))?;
        // Each secret may be named instead of given, which the defaults say once for all.
        for key in super::SECRETS {
            let key = key.replace('*', MODEL_FEED) + "_secret";
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            layers.set(&path, Value::String(String::new()), Origin::Default);
        }
        layers.defaults.clone_from(&layers.values);
        Ok(layers)
    }

    /// Puts a file over what there is.
    pub(crate) fn add_file(&mut self, file: &Path) -> Result<(), SettingsError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| SettingsError::Unreadable { file: file.to_owned(), source })?;
        self.add_text(&text, &|line| Origin::Line { file: file.to_owned(), line }, file)
    }

    fn add_text(
        &mut self,
        text: &str,
        origin: &dyn Fn(usize) -> Origin,
        file: &Path,
    ) -> Result<(), SettingsError> {
        let syntax = |error: &toml::de::Error| SettingsError::Syntax {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            reason: error.message().trim().to_owned(),
        };
        let values: Table = text.parse().map_err(|error| syntax(&error))?;
        let spanned = DeTable::parse(text).map_err(|error| syntax(&error))?;
        self.note_origins("", spanned.get_ref(), &|start| origin(line_of(text, start)));
        merge(&mut self.values, values);
        Ok(())
    }

    fn note_origins(&mut self, parent: &str, table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (key, value) in table {
            let path = join(parent, key.get_ref());
            self.origins.insert(path.clone(), origin(key.span().start));
            if let DeValue::Table(inner) = value.get_ref() {
                self.note_origins(&path, inner, origin);
            }
        }
    }

    /// Puts environment variables over what there is; those that do not begin with [`VARIABLES`] are left alone.
    pub(crate) fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), SettingsError> {
        let mut ours: Vec<(String, OsString)> = variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(VARIABLES))
            .collect();
        ours.sort();
        for (name, value) in ours {
            let origin = Origin::Variable(name.clone());
            let path = self.path_of(name.strip_prefix(VARIABLES).unwrap_or_default());
            let key = path.join(".");
            let refuse = |reason: &str| SettingsError::Key {
                origin: origin.clone(),
                key: key.clone(),
                reason: reason.to_owned(),
            };
            let value = value.into_string().map_err(|_| refuse("not UTF-8"))?;
            let model = self.model(&path).ok_or_else(|| refuse("no such setting"))?;
            let value = like(model, &value).map_err(|reason| refuse(&reason))?;
            self.set(&path, value, origin);
        }
        Ok(())
    }

    /// Puts the value of an option of the command line over what there is.
    pub(crate) fn add_option(&mut self, option: &'static str, path: &[&str], value: impl Into<Value>) {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        self.set(&path, value.into(), Origin::Option(option));
    }

    /// The path that the name of a variable stands for: existing keys first, a hyphen for `_` else.
    fn path_of(&self, name: &str) -> Vec<String> {
        let mut path: Vec<String> = Vec::new();
        let mut table = Some(&self.values);
        for part in name.split("__") {
            let part = part.to_ascii_lowercase();
            let existing = table.and_then(|table| table.keys().find(|key| key.replace('-', "_") == part));
            let new_feed = path == ["feeds"];
            let key = existing.cloned().unwrap_or(if new_feed { part.replace('_', "-") } else { part });
            table = table.and_then(|table| table.get(&key)).and_then(Value::as_table);
            path.push(key);
        }
        path
    }

    /// A value of the type that a setting has. Defaults name every setting, but feeds have names of their own.
    fn model(&self, path: &[String]) -> Option<&Value> {
        let mut keys: Vec<&str> = path.iter().map(String::as_str).collect();
        if let ["feeds", name, ..] = &mut keys[..] {
            *name = MODEL_FEED;
        }
        let (last, parents) = keys.split_last()?;
        let table = parents.iter().try_fold(&self.defaults, |table, key| table.get(*key)?.as_table())?;
        table.get(*last)
    }

    /// Takes out what names a secret: keys that end in `_secret`, where the one without it holds a secret. With each key without
    /// it, and the name.
    pub(crate) fn take_names_of_secrets(
        &mut self,
        is_secret: impl Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let named = |(key, value): (String, &Value)| {
            let of = key.strip_suffix("_secret").filter(|of| is_secret(of))?;
            Some((of.to_owned(), value.as_str()?.to_owned()))
        };
        let names: Vec<(String, String)> = self.leaves().into_iter().filter_map(named).collect();
        for (key, _) in &names {
            let name = format!("{key}_secret");
            let path: Vec<&str> = name.split('.').collect();
            remove(&mut self.values, &path);
        }
        names.into_iter().filter(|(_, name)| !name.is_empty()).collect()
    }

    /// A text in force.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let mut keys = key.split('.');
        let first = self.values.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))?.as_str()
    }

    /// Puts a text in place of another, from where its name came.
    pub(crate) fn replace(&mut self, key: &str, text: &str) {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let origin = self.origin(&format!("{key}_secret"));
        self.set(&path, Value::String(text.to_owned()), origin);
    }

    fn set(&mut self, path: &[String], value: Value, origin: Origin) {
        self.origins.insert(path.join("."), origin);
        let value = path.iter().rev().fold(value, |inner, key| {
            let mut table = Table::new();
            table.insert(key.clone(), inner);
            Value::Table(table)
        });
        if let Value::Table(table) = value {
            merge(&mut self.values, table);
        }
    }

    /// The values as a type, which says which there are.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        serde_path_to_error::deserialize(Value::Table(self.values.clone())).map_err(|error| {
            let key = error.path().to_string();
            self.refuse(&key, error.inner().message().trim())
        })
    }

    /// That the value of a key cannot be used.
    pub(crate) fn refuse(&self, key: &str, reason: impl Into<String>) -> SettingsError {
        SettingsError::Key { origin: self.origin(key), key: key.to_owned(), reason: reason.into() }
    }

    /// Where the value of a key came from; of what is missing, its section.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        let mut key = key;
        loop {
            if let Some(origin) = self.origins.get(key) {
                return origin.clone();
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return Origin::Default,
            }
        }
    }

    /// Every value with its full name, in the order of names.
    pub(crate) fn leaves(&self) -> Vec<(String, &Value)> {
        let mut leaves = Vec::new();
        let mut rest: Vec<(String, &Value)> =
            self.values.iter().rev().map(|(key, value)| (key.clone(), value)).collect();
        while let Some((path, value)) = rest.pop() {
            match value {
                Value::Table(table) => {
                    rest.extend(table.iter().rev().map(|(key, value)| (join(&path, key), value)));
                }
                leaf => leaves.push((path, leaf)),
            }
        }
        leaves
    }
}

fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn remove(table: &mut Table, path: &[&str]) {
    match path {
        [] => {}
        [key] => drop(table.remove(*key)),
        [key, rest @ ..] => {
            if let Some(Value::Table(inner)) = table.get_mut(*key) {
                remove(inner, rest);
            }
        }
    }
}

/// Puts a table over another; tables are put together, anything else is replaced.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// A text as a value of the type of another.
fn like(model: &Value, text: &str) -> Result<Value, String> {
    let expected = match model {
        Value::String(_) => return Ok(Value::String(text.to_owned())),
        Value::Table(_) => return Err("this is a section, not a setting".to_owned()),
        Value::Array(_) if !text.trim_start().starts_with('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            return Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()));
        }
        other => other.type_str(),
    };
    format!("x = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("x"))
        .filter(|value| {
            value.type_str() == expected || matches!((model, value), (Value::Float(_), Value::Integer(_)))
        })
        .ok_or_else(|| format!("{text:?} is no {expected}"))
}
