//! `astroshield-infra`: AstroShield's AWS architecture, checked, priced, drawn and deployed.

mod command;

use std::path::PathBuf;

use anyhow::Context;
use astroshield_infra::stacks::architecture;
use clap::{Args, Parser, Subcommand};

use crate::command::Chosen;

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
    /// Estimate what an environment costs in a month, by tier, on demand and with reservations
    Cost(command::cost::Cost),
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
        Command::Cost(command) => command.run(),
    }
}
