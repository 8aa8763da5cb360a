//! What a process of the service does.

use std::collections::BTreeSet;

use anyhow::bail;
use astroshield_domain::deployment::Role;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::settings::Settings;

/// Reads a role, and says what each does.
pub(super) fn reader() -> impl TypedValueParser<Value = Role> {
    let roles = Role::ALL.map(|role| PossibleValue::new(role.name()).help(role.help()));
    PossibleValuesParser::new(roles).try_map(|name| name.parse::<Role>())
}

/// What a process does: some roles, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    /// All of them.
    pub(crate) fn all() -> Self {
        Self(Role::ALL.into_iter().collect())
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
        let names: Vec<&str> = self.0.iter().map(|role| role.name()).collect();
        names.join(",")
    }
}
