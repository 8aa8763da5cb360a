//! What a process of the service does.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::ValueEnum;

use crate::settings::Settings;

/// A part of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Answers requests.
    Api,
    /// Asks feeds.
    Ingest,
    /// Screens.
    Screen,
    /// Analyzes: nothing yet.
    Analyze,
    /// Evaluates rules, sends messages, watches over silence.
    Notify,
    /// Publishes events, and forgets what is old.
    Relay,
}

/// What a process does: some roles, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    /// All of them.
    pub(crate) fn all() -> Self {
        Self(Role::value_variants().iter().copied().collect())
    }

    /// The roles that were asked for; all, if none was.
    ///
    /// # Errors
    /// When some are wanted, and others would not hear of what they do.
    pub(crate) fn chosen(asked: &[Role], settings: &Settings) -> anyhow::Result<Self> {
        let chosen = Self(asked.iter().copied().collect());
        if asked.is_empty() || chosen == Self::all() {
            return Ok(Self::all());
        }
        if let Some((key, shared)) = settings.own() {
            bail!("--role: processes of other roles have to be told: {key} has to be {shared:?}");
        }
        Ok(chosen)
    }

    /// Whether it is one of them.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether these are all.
    pub(crate) fn are_all(&self) -> bool {
        *self == Self::all()
    }

    /// As they are typed.
    pub(crate) fn names(&self) -> String {
        let names: Vec<String> =
            self.0.iter().filter_map(|role| Some(role.to_possible_value()?.get_name().to_owned())).collect();
        names.join(",")
    }
}
