//! `astroshield-infra diagram`.

use std::path::PathBuf;

use astroshield_infra::checks::Architecture;
use astroshield_infra::diagram;
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Diagram {
    /// Environment
    #[arg(long, default_value = "prod")]
    env: Name,
    /// Settings of the operator, where they are not the defaults (infra.default.toml)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// How
    #[arg(long, default_value = "mermaid")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For Markdown
    Mermaid,
    /// A picture
    Svg,
}

impl Diagram {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let environment = Environment::new(self.env, Operator::read(self.settings.as_deref())?);
        let templates = architecture(&environment)?;
        let diagram = diagram::Diagram::new(&Architecture::new(&templates));
        let text = match self.format {
            Format::Mermaid => diagram.mermaid(),
            Format::Svg => diagram.svg(),
        };
        print!("{text}");
        Ok(())
    }
}
