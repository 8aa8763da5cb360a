//! `astroshield-infra`: AstroShield's AWS architecture, checked, priced, drawn and deployed.

mod command;

use clap::{Parser, Subcommand};

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
    Synth(command::synth::Synth),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Synth(command) => command.run(),
    }
}
