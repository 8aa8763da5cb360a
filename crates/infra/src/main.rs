//! `astroshield-infra`: AstroShield's AWS architecture, checked, priced, drawn and deployed.

mod command;

use std::process::ExitCode;

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
    /// Check the templates: our own checks, AWS's validator, cfn-lint and checkov
    Check(command::check::Check),
    /// Estimate what an environment costs in a month, by tier, on demand and with reservations
    Cost(command::cost::Cost),
    /// Look at the prices that the estimate rests on
    #[command(subcommand)]
    Prices(command::prices::Command),
    /// Draw the architecture from its resources
    Diagram(command::diagram::Diagram),
    /// Show what a deployment would change: added, changed, replaced (with data loss called out), removed, and policies
    Diff(command::diff::Diff),
    /// Deploy the stacks in order, through change sets
    Deploy(command::deploy::Deploy),
    /// Delete the stacks of dev
    Destroy(command::destroy::Destroy),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Synth(command) => command.run()?,
        Command::Check(command) => command.run()?,
        Command::Cost(command) => command.run()?,
        Command::Prices(command) => return command.run(),
        Command::Diagram(command) => command.run()?,
        Command::Diff(command) => command.run()?,
        Command::Deploy(command) => command.run()?,
        Command::Destroy(command) => command.run()?,
    }
    Ok(ExitCode::SUCCESS)
}
