//! `cost`: what an environment costs in a month.

use std::path::PathBuf;

use astroshield_infra::estimate::{Usage, estimate};
use astroshield_infra::prices::Prices;
use astroshield_infra::stacks::architecture;
use clap::{Args, ValueEnum};

use super::Chosen;

/// How the estimate is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Tables of Markdown
    Table,
    /// JSON
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    chosen: Chosen,
    /// How much is used, where it is not the defaults (usage.default.toml)
    #[arg(long, value_name = "FILE")]
    usage: Option<PathBuf>,
    /// Prices, where they are not those of this program (what `prices refresh` has written)
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// As what it is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Cost {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let environment = self.chosen.environment()?;
        let usage = Usage::read(self.usage.as_deref())?;
        let templates = architecture(&environment)?;
        let estimate =
            estimate(environment.name, &templates, &Prices::read(self.prices.as_deref())?, &usage)?;
        match self.format {
            Format::Table => print!("{}", estimate.table()),
            Format::Json => println!("{:#}", estimate.json()),
        }
        Ok(())
    }
}
