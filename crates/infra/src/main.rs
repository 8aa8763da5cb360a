//! `astroshield-infra`: AstroShield's AWS architecture, checked, priced, drawn and deployed.

use std::path::PathBuf;

use anyhow::Context;
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use clap::{Args, Parser, Subcommand};

/// AstroShield's AWS architecture: synthesize, check, price, draw and deploy it
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the templates, where the values of their parameters come from, and a manifest
    Synth(Synth),
}

#[derive(Debug, Args)]
struct Chosen {
    /// Environment
    #[arg(long)]
    env: Name,
    /// Settings of the operator, where they are not the defaults (infra.default.toml)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Chosen {
    fn environment(&self) -> anyhow::Result<Environment> {
        Ok(Environment::new(self.env, Operator::read(self.settings.as_deref())?))
    }
}

#[derive(Debug, Args)]
struct Synth {
    #[command(flatten)]
    chosen: Chosen,
    /// Folder for them
    #[arg(long, default_value = "infra.out")]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Synth(synth) => {
            let environment = synth.chosen.environment()?;
            std::fs::create_dir_all(&synth.out).with_context(|| synth.out.display().to_string())?;
            for template in architecture(&environment)? {
                let file = synth.out.join(format!("{}.template.json", template.stack));
                std::fs::write(&file, template.text()).with_context(|| file.display().to_string())?;
            }
            Ok(())
        }
    }
}
