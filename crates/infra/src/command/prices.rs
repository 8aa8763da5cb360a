//! `astroshield-infra prices`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, bail, ensure};
use astroshield_infra::deploy::cloud::Cloud;
use astroshield_infra::prices::refresh::{Origin, refresh};
use astroshield_infra::prices::{Prices, file};
use clap::{Args, Subcommand};

use super::run;

/// Some rows have no price.
const INCOMPLETE: u8 = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask AWS's Price List service for each price, and write down what it says. Needs an account's right to
    /// pricing:GetProducts. Ends with 0 when each row has its price, with 3 when some have none, and with 1 when
    /// nothing could be asked or written
    Refresh(Refresh),
}

impl Command {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Refresh(command) => command.run(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Refresh {
    /// Prices that are asked for, and changed
    #[arg(long, value_name = "FILE", default_value = "crates/infra/prices.toml")]
    file: PathBuf,
    /// Write to this file, and leave the other one as it is
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the price of this row, though it is less than half or more than twice the one before
    #[arg(long = "accept", value_name = "ROW")]
    accepted: Vec<String>,
    /// Address of an emulator, instead of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

impl Refresh {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let text = read(&self.file)?;
        let prices = Prices::parse(&text).with_context(|| self.file.display().to_string())?;
        for id in &self.accepted {
            ensure!(prices.get(id).is_some(), "--accept: there is no row {id}");
        }
        let accepted: BTreeSet<String> = self.accepted.iter().cloned().collect();
        let origin = match &self.endpoint_url {
            None => Origin::Aws,
            Some(address) => Origin::Elsewhere(address.clone()),
        };
        if origin == Origin::Aws {
            println!(
                "prices: whoever wrote the queries could not run them on AWS; look at each row (docs/aws/never-run-on-aws.md)"
            );
        }
        let report = run(async {
            let cloud = Cloud::connect(self.endpoint_url.as_deref()).await?;
            refresh(&cloud, &prices, &accepted).await
        })?;
        println!("{report}");
        let now = jiff::Timestamp::try_from(SystemTime::now())?;
        let today = jiff::tz::Offset::UTC.to_datetime(now).date();
        if report.rows.values().all(|(_, outcome)| outcome.taken().is_none()) {
            bail!("no price was found: nothing is written");
        }
        let new = file::updated(&text, &report.applied(&prices, &origin, today))?;
        // Whoever has changed the file meanwhile would lose that.
        ensure!(
            read(&self.file)? == text,
            "{} has changed meanwhile: nothing is written",
            self.file.display()
        );
        let out = self.out.as_ref().unwrap_or(&self.file);
        if self.dry_run {
            println!("prices: nothing is written (--dry-run)");
        } else {
            file::replace(out, &new)?;
            println!("prices: written to {}", out.display());
        }
        Ok(if report.complete() { ExitCode::SUCCESS } else { ExitCode::from(INCOMPLETE) })
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}
