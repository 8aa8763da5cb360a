#![doc = include_str!("../README.md")]

mod archive;
mod backup;
mod catalog;
mod completions;
mod config;
mod convert;
mod destination;
mod doctor;
mod exit;
#[cfg(feature = "managed")]
mod function;
mod health;
mod input;
mod logging;
#[cfg_attr(not(feature = "managed"), path = "unmanaged.rs")]
mod managed;
mod migrate;
mod number;
mod objects;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod pc;
mod propagate;
mod reconcile;
mod satcat;
mod screen;
mod serve;
mod settings;
mod sizes;
#[cfg_attr(not(feature = "managed"), path = "untold.rs")]
mod telemetry;
mod tenant;
mod tenant_archive;
mod time;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Completion;

/// A run of the whole catalog takes half a gigabyte, and the service waits for hours until the next: this allocator gives
/// memory back that is free, where that of the C library keeps most of it (docs/adr/0015-reading-and-memory.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Open, self-hosted Space Domain Awareness.
///
/// Data goes to standard output or to --output FILE, messages go to standard error. A file appears whole or not at all.
/// Input may be packed with gzip; `-` is standard input or output. Times are UTC.
#[derive(Debug, Parser)]
#[command(name = "astroshield", version = env!("ASTROSHIELD_BUILD"), after_long_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Doctor(doctor::Doctor),
    Health(health::Health),
    Config(config::Config),
    Migrate(migrate::Migrate),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Reconcile(reconcile::Reconcile),
    Tenant(tenant::Tenant),
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    Screen(screen::Screen),
    Propagate(propagate::Propagate),
    Pc(pc::Pc),
    Convert(convert::Convert),
    #[cfg(feature = "managed")]
    Function(function::Function),
    Completions(completions::Completions),
}

impl Command {
    fn run(&self) -> anyhow::Result<Completion> {
        match self {
            Self::Serve(serve) => serve.run(),
            Self::Doctor(doctor) => doctor.run(),
            Self::Health(health) => health.run(),
            Self::Config(config) => config.run(),
            Self::Migrate(migrate) => migrate.run(),
            Self::Backup(backup) => backup.run(),
            Self::Restore(restore) => restore.run(),
            Self::Reconcile(reconcile) => reconcile.run(),
            Self::Tenant(tenant) => tenant.run(),
            Self::Catalog(catalog) => catalog.run(),
            Self::Screen(screen) => screen.run(),
            Self::Propagate(propagate) => propagate.run(),
            Self::Pc(pc) => pc.run(),
            Self::Convert(convert) => convert.run(),
            #[cfg(feature = "managed")]
            Self::Function(function) => function.run(),
            Self::Completions(completions) => completions.run(),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The service ends by itself when it is interrupted.
    let prepared = match cli.command {
        Command::Serve(_) => Ok(()),
        #[cfg(feature = "managed")]
        Command::Function(_) => Ok(()),
        _ => output::remove_unfinished_on_interrupt(),
    };
    match prepared.and_then(|()| cli.command.run()) {
        Ok(completion) => completion.into(),
        // A reader that has seen enough is no failure.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
