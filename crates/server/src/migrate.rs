//! `astroshield migrate`.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use astroshield_adapters::{ApplicationUser, Examination, examine_postgres, examine_sqlite};
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
there is something to do.

With store.application_user, it also makes and keeps the user of the database that the processes sign in as (store.url of theirs):
one that reads and writes rows, and cannot change tables.")]
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
        let mut steps = examine(&settings)??.pending;
        let lacking = runtime()?.block_on(lacking_user(&settings, !steps.is_empty()))?;
        let mut output = Output::create(None)?;
        if !self.check {
            if !steps.is_empty() {
                runtime()?.block_on(migrate(&settings))?;
            }
            if let Some(user) = &lacking {
                let made = runtime()?.block_on(settings.store.postgres().make_application_user(user));
                made.context("store.application_user")?;
            }
        }
        steps.extend(lacking.map(|user| format!("rights of the user {}", user.name)));
        let completion = if steps.is_empty() {
            writeln!(output, "nothing to do: the store is of this version")?;
            Completion::Whole
        } else {
            let state = if self.check { "to do" } else { "done" };
            for step in &steps {
                writeln!(output, "{state}: {step}")?;
            }
            if self.check { Completion::Unwell } else { Completion::Whole }
        };
        output.finish()?;
        Ok(completion)
    }
}

/// The user of the processes that serve, where it is not there or lacks something. New tables are granted as they are made; what
/// a migration adds beside them it may lack.
async fn lacking_user(settings: &Settings, is_behind: bool) -> anyhow::Result<Option<ApplicationUser>> {
    let Some(user) = settings.store.application_user() else { return Ok(None) };
    let serves =
        !is_behind && settings.store.postgres().serves(&user).await.context("store.application_user")?;
    Ok((!serves).then_some(user))
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
