//! `astroshield reconcile`.

use std::io::Write;

use anyhow::{Context, bail};
use astroshield_domain::ports::{Clock as _, SystemClock};
use astroshield_domain::reconciliation::{self, Plan, Report};
use astroshield_domain::time::to_microsecond;
use clap::Args;
use jiff::SignedDuration;

use crate::exit::Completion;
use crate::output::Output;
use crate::serve::lock::DataFolder;
use crate::serve::parts::{self, Database};
use crate::settings::{BusKind, Settings, SettingsArgs};
use crate::{managed, migrate};

/// Rows and paths of a kind that the report names; with --json it names all.
const NAMED: usize = 10;

/// Bring bus, blobs and cache together with a store that was restored to a point in time
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield reconcile --dry-run
  astroshield reconcile
  astroshield reconcile --remove-unnamed --older-than 30

All processes of the service have to be stopped. Afterward they are started again; until then nothing else may write. Events
go on with positions that were never given, consumers see again what they had not dealt with at the restored time, sessions and
cached answers of before are not used, files that the store does not know are kept, and those that it knows and that are gone are
marked. Doing it twice does no harm.")]
pub(crate) struct Reconcile {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Write the report as JSON, whole
    #[arg(long)]
    json: bool,
    /// Remove files that an earlier reconciliation found that nothing speaks of
    #[arg(long)]
    remove_unnamed: bool,
    /// Days that have to have passed since then
    #[arg(long, value_name = "DAYS", default_value_t = 7, requires = "remove_unnamed")]
    older_than: u32,
}

impl Reconcile {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let settings = Settings::from_layers(&self.settings.layers()?)?;
        let report = migrate::runtime()?.block_on(self.reconcile(&settings))?;
        let mut output = Output::create(None)?;
        if self.json {
            serde_json::to_writer_pretty(&mut output, &report)?;
            writeln!(output)?;
        } else {
            write(&mut output, &report)?;
        }
        output.finish()?;
        Ok(Completion::Whole)
    }

    async fn reconcile(&self, settings: &Settings) -> anyhow::Result<Report> {
        let folder = settings.data_folder().context("data.folder: there is no home folder")?;
        // A server that runs in the folder would not know what happened.
        let owned = DataFolder::take(&folder)?;
        if self.dry_run {
            let examination = migrate::examine_in(settings, owned.path()).await?;
            if !examination.exists || !examination.pending.is_empty() {
                bail!("the store is not of this version yet: astroshield migrate makes it so");
            }
        }
        let database = Database::open(settings, owned.path(), None).await?;
        let blobs = parts::blobs(settings, owned.path())?.store;
        let bus = match settings.bus.kind {
            BusKind::Embedded => None,
            BusKind::Kafka => Some(managed::bus_history(&settings.bus)?),
        };
        let age = SignedDuration::from_hours(24 * i64::from(self.older_than));
        let plan = Plan { dry_run: self.dry_run, remove_after: self.remove_unnamed.then_some(age) };
        let (store, now) = (database.port(), to_microsecond(SystemClock.now()));
        let reconciled = reconciliation::reconcile(&*store, &*blobs, bus.as_deref(), now, plan).await;
        drop(store);
        database.close().await;
        Ok(reconciled?)
    }
}

fn write(output: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    let (done, events, blobs) = (if report.dry_run { "would" } else { "did" }, &report.events, &report.blobs);
    let newest = report.newest_event.map_or_else(|| "nothing".to_owned(), |at| at.to_string());
    writeln!(output, "store: restored to {newest}, reconciled for the {}. time", report.restores)?;
    writeln!(
        output,
        "positions: {done} go on after {} ({} was the newest)",
        events.continue_after, events.last_position
    )?;
    if let Some(after) = events.publish_after {
        let lost: u64 = events.lost.values().sum();
        writeln!(
            output,
            "events: {done} publish {} again, those after position {after}; {} wait for a position; {lost} on the bus \
             are unknown to the store, and are not handed out any more",
            events.published_again, events.waiting
        )?;
        for (topic, count) in &events.lost {
            writeln!(output, "  lost: {count} of topic {topic}")?;
        }
        for place in &report.bus {
            let committed = place.committed.map_or_else(|| "nowhere".to_owned(), |at| at.to_string());
            writeln!(
                output,
                "  consumer {}, partition {}: was at {committed}, {done} go to {}",
                place.consumer, place.partition, place.end
            )?;
        }
    }
    writeln!(
        output,
        "messages: {} are due, some of which may have been sent after the restored time",
        report.deliveries_due
    )?;
    writeln!(output, "runs: {} go on", report.unfinished_runs)?;
    writeln!(output, "cache: {done} use names of its own, so that nothing of before is found")?;
    writeln!(output, "files without a row: {} kept, {} {done} go", blobs.unnamed.len(), blobs.removed.len())?;
    list(output, blobs.unnamed.iter().map(|blob| format!("{}, known since {}", blob.path, blob.noted)))?;
    list(output, blobs.removed.iter().map(|path| format!("{path}, removed")))?;
    writeln!(output, "rows without their file: {}", blobs.missing.len())?;
    list(output, blobs.missing.iter().map(|row| format!("{} ({:?} {})", row.path, row.kind, row.id)))
}

fn list(output: &mut impl Write, lines: impl ExactSizeIterator<Item = String>) -> anyhow::Result<()> {
    let count = lines.len();
    for line in lines.take(NAMED) {
        writeln!(output, "  {line}")?;
    }
    if count > NAMED {
        writeln!(output, "  and {} more: --json names all", count - NAMED)?;
    }
    Ok(())
}
