//! The commands.

pub(crate) mod cost;

use std::path::PathBuf;

use astroshield_infra::environment::{Environment, Name, Operator};
use clap::Args;

/// The environment that a command is about.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// Environment
    #[arg(long)]
    env: Name,
    /// Settings of the operator, where they are not the defaults (infra.default.toml)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Chosen {
    pub(crate) fn environment(&self) -> anyhow::Result<Environment> {
        Ok(Environment::new(self.env, Operator::read(self.settings.as_deref())?))
    }
}
