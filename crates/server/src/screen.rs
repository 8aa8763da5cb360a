//! `astroshield screen`.

mod primaries;
mod report;
mod subject;
mod table;

use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use astroshield_astro::Epoch;
use astroshield_astro::screening::{Outcome, Screening, Selection, Volume, Window};
use astroshield_domain::epochs::{AHEAD_DAYS, CatalogEpochs};
use clap::{Args, ValueEnum};
use hifitime::Duration;
use indicatif::{ProgressBar, ProgressStyle};

use self::primaries::{Choice, Primaries};
use self::report::{NotScreened, Report};
use self::subject::Subjects;
use crate::exit::Completion;
use crate::objects::{CatalogFiles, Objects};
use crate::output::Output;
use crate::satcat::Satcat;
use crate::{number, sizes, time};

/// Find every close approach of every pair of objects
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield screen active.csv --output conjunctions.csv
  astroshield screen catalog.csv.gz --satcat satcat.csv --primaries active --days 3 --format json
  astroshield screen catalog.csv --primaries mysat.oem --threshold-km 10
  astroshield screen catalog.3le --box-km 0.4,25,25 --primaries mine.txt --format table --top 20
  astroshield catalog fetch --group stations | astroshield screen - --days 1

The first eleven columns of the CSV are those of CelesTrak's SOCRATES, in its formats: DSE is the age of the element set
at closest approach in days, TCA is UTC, ranges are km, speeds km/s, MAX_PROB is the largest probability that any size of
covariance can give and DILUTION the minor sigma (km) at which it is reached. Then ours: the position of the second object
in the first one's radial, in-track and cross-track directions, the combined hard-body radius, whether the approach lies at
an edge of what was screened (START, STOP), whether the two never part in the window (RELATION), and the grade of the data.

The numbers come from public element sets: they serve awareness, not the decision on a maneuver.")]
pub(crate) struct Screen {
    #[command(flatten)]
    catalogs: CatalogFiles,
    /// Start of the window: a UTC time, `now`, `epoch` for the newest epoch in the catalog that is at most 7 days after the
    /// median epoch, or `auto`: as `now`, unless the median epoch is more than 30 days away; then as `epoch`
    #[arg(long, default_value = "auto", value_name = "UTC")]
    start: Start,
    /// Length of the window, in days
    #[arg(long, default_value = "7", value_parser = number::positive, allow_negative_numbers = true)]
    days: f64,
    /// Largest distance, in km
    #[arg(long, default_value = "5", value_name = "KM", value_parser = number::positive, conflicts_with = "box_km",
        allow_negative_numbers = true)]
    threshold_km: f64,
    /// Half sides of a box about the first object, in km: radial, in-track, cross-track
    #[arg(long, value_name = "R,I,C")]
    box_km: Option<BoxKm>,
    /// Screen these against everything: `active` (by --satcat), or a file of catalog numbers, one a line, of element sets or
    /// of ephemerides (OEM)
    #[arg(long, value_name = "active|FILE")]
    primaries: Option<Choice>,
    /// CelesTrak's SATCAT (CSV): operational status and names
    #[arg(long, value_name = "FILE")]
    satcat: Option<PathBuf>,
    /// Hard-body radii (CSV with the columns `ObjectID`, `HBR` in m); else 10 m for Starlink, 1 m for all others
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
    /// Rows of two objects that never part in the window (docked, in formation): only the closest approach, or all of them as
    /// SOCRATES lists them
    #[arg(long, value_enum, default_value_t = Relations::Closest)]
    relations: Relations,
    /// Threads; the result does not depend on them
    #[arg(long, value_name = "N", value_parser = number::count, allow_negative_numbers = true)]
    threads: Option<NonZero<usize>>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Order of the rows; by time of closest approach, in a table by maximum probability
    #[arg(long, value_enum)]
    sort: Option<Sort>,
    /// So many rows only, the first in the order
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// File to write; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// SOCRATES' columns, and ours
    Csv,
    /// One object, units in the names
    Json,
    /// For people
    Table,
    /// Columns of the CSV; needs a build with the feature `parquet`
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Relations {
    /// One row, the closest approach
    Closest,
    /// A row for each approach
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Time of closest approach, then catalog numbers
    Tca,
    /// Maximum probability, the largest first
    MaxProb,
    /// Range, the smallest first
    Range,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Start {
    At(Epoch),
    Auto,
    Now,
    NewestEpoch,
}

impl FromStr for Start {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "now" => Ok(Self::Now),
            "epoch" => Ok(Self::NewestEpoch),
            _ => time::parse_utc(text).map(Self::At),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct BoxKm {
    radial_km: f64,
    in_track_km: f64,
    cross_track_km: f64,
}

impl FromStr for BoxKm {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let sides: Vec<f64> = text.split(',').map(number::positive).collect::<anyhow::Result<_>>()?;
        let [radial_km, in_track_km, cross_track_km] = sides[..] else {
            bail!("three lengths in km are due: R,I,C");
        };
        Ok(Self { radial_km, in_track_km, cross_track_km })
    }
}

impl Screen {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        if self.format == Format::Parquet && !cfg!(feature = "parquet") {
            bail!("this build has no Parquet: build with `cargo build --release --features parquet`");
        }
        let satcat = match &self.satcat {
            Some(path) => Satcat::read(path, self.catalogs.strictness())?,
            None => Satcat::default(),
        };
        let sizes = self.sizes.as_deref().map(sizes::read).transpose()?.unwrap_or_default();
        let Objects { records, skipped_records } = self.catalogs.read()?;
        let epochs = records.iter().map(|record| record.elements.epoch);
        let epochs = CatalogEpochs::of(epochs).context("no element sets")?;
        let start = self.start_epoch(&epochs)?;
        let stop = start + Duration::from_seconds(self.days * 86_400.0);
        let window = Window::new(start, stop)?;
        if epochs.is_stale(start) {
            let age_days = epochs.age_days(start);
            eprintln!(
                "warning: the window starts {age_days:.0} days from the epochs of the element sets (median): the result \
                 means little"
            );
        }

        let (Subjects { subjects, trajectories, refused: mut not_screened }, selection) =
            match &self.primaries {
                None => {
                    let mut subjects = Subjects::default();
                    records.into_iter().for_each(|record| subjects.add_element_set(record));
                    (subjects, Selection::All)
                }
                Some(Choice::Active) if self.satcat.is_none() => bail!("--primaries active needs --satcat"),
                Some(choice) => {
                    let (subjects, marks) = Primaries::read(choice, &records, &satcat)?.among(records)?;
                    (subjects, Selection::Primaries(marks))
                }
            };
        let screening = Screening::new(trajectories, window, self.volume(), selection)?;
        // Before the work, so that a place that cannot be written to is found out at once.
        let output = Output::create(self.output.as_deref())?;
        let outcome = self.search(&screening)?;
        not_screened.extend(NotScreened::within_window(&outcome, &subjects, &screening, window));
        not_screened.sort_by_key(|object| object.catalog_number);

        let conjunctions = match self.relations {
            Relations::Closest => &outcome.conjunctions,
            Relations::All => &outcome.with_all_of_relations(),
        };
        let mut report = Report::new(conjunctions, &subjects, not_screened, &satcat, &sizes)?;
        report.describe(start, stop, screening.trajectories().len(), self.volume());
        let by_default = if self.format == Format::Table { Sort::MaxProb } else { Sort::Tca };
        report.arrange(self.sort.unwrap_or(by_default), self.top);
        report.summarize();
        self.write(&report, output)?;
        Ok(Completion::of(skipped_records + satcat.skipped_records()))
    }

    fn start_epoch(&self, epochs: &CatalogEpochs) -> anyhow::Result<Epoch> {
        match self.start {
            Start::At(epoch) => Ok(epoch),
            Start::Now => time::now(),
            Start::NewestEpoch => Ok(newest_epoch(epochs)),
            Start::Auto => {
                let now = time::now()?;
                if !epochs.is_stale(now) {
                    return Ok(now);
                }
                let age_days = epochs.age_days(now);
                eprintln!(
                    "the catalog is {age_days:.0} days old: the window starts at its newest epoch, not now"
                );
                Ok(newest_epoch(epochs))
            }
        }
    }

    fn volume(&self) -> Volume {
        match self.box_km {
            Some(BoxKm { radial_km, in_track_km, cross_track_km }) => {
                Volume::Box { radial_km, in_track_km, cross_track_km }
            }
            None => Volume::Range { threshold_km: self.threshold_km },
        }
    }

    fn search(&self, screening: &Screening) -> anyhow::Result<Outcome> {
        let threads = match self.threads {
            Some(threads) => threads,
            None => std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        };
        // Draws nothing unless standard error is a terminal.
        let bar = ProgressBar::new(1);
        bar.set_style(ProgressStyle::with_template("screening {wide_bar} {percent:>3} % {eta:>4} left")?);
        let outcome = screening.run(threads.get(), &|done, slices| {
            bar.set_length(slices as u64);
            bar.set_position(done as u64);
            true
        });
        bar.finish_and_clear();
        outcome.context("a screening thread failed")
    }

    fn write(&self, report: &Report, mut output: Output) -> anyhow::Result<()> {
        match self.format {
            Format::Csv => report.write_csv(&mut output)?,
            Format::Json => report.write_json(&mut output)?,
            Format::Table => table::write(report, &mut output)?,
            #[cfg(feature = "parquet")]
            Format::Parquet => output = report.write_parquet(output)?,
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => {}
        }
        output.finish()
    }
}

/// The newest epoch of a catalog. Says what is left out.
fn newest_epoch(epochs: &CatalogEpochs) -> Epoch {
    let CatalogEpochs { newest, ahead, .. } = *epochs;
    if ahead > 0 {
        eprintln!(
            "{ahead} element sets are of more than {AHEAD_DAYS} days after the median epoch: the window does not start there"
        );
    }
    newest
}
