//! `astroshield catalog`.

mod cache;
pub(crate) mod demo;
mod fetch;

use clap::Subcommand;

use crate::exit::Completion;

/// Catalogs of element sets
#[derive(Debug, Subcommand)]
pub(crate) enum Catalog {
    Fetch(fetch::Fetch),
    Demo(demo::Demo),
}

impl Catalog {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        match self {
            Self::Fetch(fetch) => fetch.run(),
            Self::Demo(demo) => demo.run(),
        }
    }
}
