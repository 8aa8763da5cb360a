//! `astroshield migrate`.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use astroshield_adapters::{Examination, examine_postgres, examine_sqlite};
use clap::Args;

use crate::exit::Completion;
use crate::output::Output;
use crate::serve::lock::DataFolder;
use crate::serve::parts::{DATABASE_FILE, Database};
use crate::settings::{Settings, SettingsArgs, StoreKind};

/// Bring the store to this version of the program
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield migrate --check
  astroshield migrate

A server does this by itself when it starts. With several processes on one database, run it once before them. The release
before and the one after can both work on the store in between. With --check nothing changes, and the exit status is 1 if
there is something to do.")]
pub(crate) struct Migrate {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Only say what there is to do
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let settings = Settings::from_layers(&self.settings.layers()?)?;
        let pending = examine(&settings)??.pending;
        let mut output = Output::create(None)?;
        let completion = if pending.is_empty() {
            writeln!(output, "nothing to do: the store is of this version")?;
            Completion::Whole
        } else if self.check {
            for migration in &pending {
                writeln!(output, "to do: {migration}")?;
            }
            Completion::Unwell
        } else {
            runtime()?.block_on(migrate(&settings))?;
            for migration in &pending {
                writeln!(output, "done: {migration}")?;
            }
            Completion::Whole
        };
        output.finish()?;
        Ok(completion)
    }
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let folder = settings.data_folder().context("data.folder: there is no home folder to put it into")?;
    // A server that runs on the same file would not know what happened to it.
    let owned = (settings.store.kind == StoreKind::Sqlite).then(|| DataFolder::take(&folder)).transpose()?;
    let database = Database::open(settings, &folder, None).await?;
    database.close().await;
    drop(owned);
    Ok(())
}

/// Looks at the store without changing it. The inner error is the store's.
pub(crate) fn examine(settings: &Settings) -> anyhow::Result<anyhow::Result<Examination>> {
    let folder = settings.data_folder().context("data.folder: there is no home folder to put it into")?;
    Ok(runtime()?.block_on(examine_in(settings, &folder)))
}

/// As [`examine`], of the store in a folder if it is in one.
pub(crate) async fn examine_in(settings: &Settings, folder: &Path) -> anyhow::Result<Examination> {
    match settings.store.kind {
        StoreKind::Sqlite => {
            let path = folder.join(DATABASE_FILE);
            examine_sqlite(&path).await.with_context(|| path.display().to_string())
        }
        StoreKind::Postgres => examine_postgres(&settings.store.postgres()).await.context("store.url"),
    }
}

/// A runtime for a command that waits for a database.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("runtime")
}
