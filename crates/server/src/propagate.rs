//! `astroshield propagate`.

mod ephemeris;

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use astroshield_astro::Epoch;
use astroshield_astro::frames::{CelestialPoleOffsets, EarthAttitude, EarthOrientation};
use astroshield_astro::sgp4::Propagator;
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{ElementSetRecord, HeaderDefaults, Timestamp};
use clap::{Args, ValueEnum};
use hifitime::{Duration, TimeScale};
use indicatif::{ProgressBar, ProgressStyle};
use nalgebra::Vector3;

use self::ephemeris::{Ephemerides, Ephemeris};
use crate::exit::Completion;
use crate::objects::{CatalogFiles, Objects};
use crate::output::Output;
use crate::{number, time};

/// Compute positions and velocities with SGP4
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield propagate stations.csv --start 2026-03-09 --stop 2026-03-10 \\
      --step 60 --frame teme
  astroshield propagate iss.tle --start 2026-03-09T12:00:00 \\
      --stop 2026-03-09T13:30:00 --step 30 --frame itrf \\
      --ut1-utc 0.07 --polar-motion 0.12,0.38 --format oem --output iss.oem

Units are km and km/s, times are UTC. ITRF needs the Earth's orientation (IERS Bulletin A); what is not given counts as zero:
positions are then off by up to 50 m in low orbit while UT1-UTC is below 0.1 s, by 460 m at its limit of 0.9 s. The velocity
is SGP4's own, which is not quite the derivative of its position.

An object whose elements fail is written up to that time, and named on standard error with the time and the reason.")]
pub(crate) struct Propagate {
    #[command(flatten)]
    catalogs: CatalogFiles,
    /// First time (UTC)
    #[arg(long, value_name = "UTC", value_parser = time::parse_utc)]
    start: Epoch,
    /// Last time (UTC), included if a step falls on it
    #[arg(long, value_name = "UTC", value_parser = time::parse_utc)]
    stop: Epoch,
    /// Time between two states, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = number::positive, allow_negative_numbers = true)]
    step: f64,
    /// Reference frame
    #[arg(long, value_enum)]
    frame: Frame,
    /// UT1 - UTC, in seconds: at most 0.9 either way
    #[arg(long, value_name = "SECONDS", value_parser = ut1_utc, allow_negative_numbers = true)]
    ut1_utc: Option<f64>,
    /// Coordinates of the pole, in arcseconds
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    polar_motion: Option<Pair>,
    /// Celestial pole offsets dPsi and dEpsilon against the IAU 1980 theory, in arcseconds
    #[arg(long, value_name = "DPSI,DEPS", allow_hyphen_values = true)]
    celestial_pole: Option<Pair>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// File to write; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Frame {
    /// True equator, mean equinox of date: SGP4's own
    Teme,
    /// Fixed to the Earth
    Itrf,
    /// Geocentric celestial
    Gcrf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A row a state
    Csv,
    /// CCSDS orbit ephemeris messages (KVN), one an object
    Oem,
    /// Columns of the CSV; needs a build with the feature `parquet`
    Parquet,
}

/// Two numbers with a comma between.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair(f64, f64);

impl FromStr for Pair {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (first, second) = text.split_once(',').context("two numbers with a comma between are due")?;
        Ok(Self(number::finite(first)?, number::finite(second)?))
    }
}

/// Leap seconds keep UT1 - UTC, in s, within this (ITU-R TF.460-6).
const UT1_UTC_LIMIT_S: f64 = 0.9;

fn ut1_utc(text: &str) -> anyhow::Result<f64> {
    let seconds = number::finite(text)?;
    if seconds.abs() > UT1_UTC_LIMIT_S {
        bail!("it must be within {UT1_UTC_LIMIT_S} s of 0");
    }
    Ok(seconds)
}

/// Most states of one object: what is kept of each instant takes 300 bytes.
const STATES_LIMIT: f64 = 1_000_000.0;

impl Propagate {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        if self.format == Format::Parquet && !cfg!(feature = "parquet") {
            bail!("this build has no Parquet: build with `cargo build --release --features parquet`");
        }
        let instants = self.instants()?;
        let Objects { records, skipped_records } = self.catalogs.read()?;
        let creation_date = Timestamp::from_epoch(time::now()?, TimeScale::UTC)
            .context("the clock is outside the years 0 to 9999")?;
        let defaults = HeaderDefaults { creation_date, originator: "ASTROSHIELD".to_owned() };
        let mut ephemerides = match self.format {
            Format::Csv => Ephemerides::csv(Output::create(self.output.as_deref())?)?,
            Format::Oem => Ephemerides::oem(Output::create(self.output.as_deref())?, defaults),
            #[cfg(feature = "parquet")]
            Format::Parquet => Ephemerides::parquet(Output::create(self.output.as_deref())?)?,
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Ok(Completion::Whole),
        };
        // Draws nothing unless standard error is a terminal.
        let bar = ProgressBar::new(records.len() as u64);
        bar.set_style(ProgressStyle::with_template(
            "propagating {wide_bar} {pos}/{len} objects {eta:>4} left",
        )?);
        let (mut written, mut failures) = (0, Vec::new());
        for record in &records {
            if let Some(ephemeris) = self.ephemeris(record, &instants, &mut failures) {
                ephemerides.write(&ephemeris)?;
                written += 1;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        failures.iter().for_each(|failure| eprintln!("{failure}"));
        if written == 0 {
            bail!("no object could be propagated");
        }
        ephemerides.finish()?.finish()?;
        eprintln!("{written} objects at up to {} times, {}", instants.len(), self.frame_name());
        Ok(Completion::of(skipped_records))
    }

    /// Times, and the Earth's attitude where the frame needs it.
    fn instants(&self) -> anyhow::Result<Vec<(Epoch, Option<EarthAttitude>)>> {
        let span_s = (self.stop - self.start).to_seconds();
        if span_s < 0.0 {
            bail!("--stop is before --start");
        }
        let steps = libm::floor(span_s / self.step * (1.0 + f64::EPSILON));
        if steps >= STATES_LIMIT {
            bail!("{steps:.0} steps from --start to --stop; at most {STATES_LIMIT:.0} are taken");
        }
        let orientation = self.orientation();
        let times = (0_u32..).take_while(|step| f64::from(*step) <= steps).map(|step| {
            let epoch = self.start + Duration::from_seconds(f64::from(step) * self.step);
            (epoch, (self.frame != Frame::Teme).then(|| EarthAttitude::new(epoch, &orientation)))
        });
        Ok(times.collect())
    }

    fn orientation(&self) -> EarthOrientation {
        if self.frame == Frame::Itrf && self.ut1_utc.is_none() {
            eprintln!(
                "warning: UT1-UTC is taken as zero: ITRF positions are off by up to 50 m in low orbit (see --help)"
            );
        }
        let Pair(polar_motion_x_arcsec, polar_motion_y_arcsec) = self.polar_motion.unwrap_or(Pair(0.0, 0.0));
        EarthOrientation {
            ut1_minus_utc_s: self.ut1_utc.unwrap_or(0.0),
            polar_motion_x_arcsec,
            polar_motion_y_arcsec,
            celestial_pole: self.celestial_pole.map(|Pair(longitude_arcsec, obliquity_arcsec)| {
                CelestialPoleOffsets { longitude_arcsec, obliquity_arcsec }
            }),
            ..EarthOrientation::NEGLECTED
        }
    }

    fn frame_name(&self) -> &'static str {
        match self.frame {
            Frame::Teme => "TEME",
            Frame::Itrf => "ITRF",
            Frame::Gcrf => "GCRF",
        }
    }

    /// The states of an object up to the first that fails, which is added to the failures.
    fn ephemeris<'a>(
        &self,
        record: &'a ElementSetRecord,
        instants: &[(Epoch, Option<EarthAttitude>)],
        failures: &mut Vec<String>,
    ) -> Option<Ephemeris<'a>> {
        let mut report = |when: &str, reason: &dyn std::fmt::Display| {
            let name = record.name.as_deref().unwrap_or_default();
            failures.push(format!("not propagated{when}: {} {name}: {reason}", record.catalog_number));
        };
        let mut propagator = match Propagator::new(&record.elements) {
            Ok(propagator) => propagator,
            Err(error) => {
                report("", &error);
                return None;
            }
        };
        let minutes = |(epoch, _): &(Epoch, Option<EarthAttitude>)| propagator.minutes_since_epoch(*epoch);
        if let (Some(first), Some(last)) = (instants.first().map(minutes), instants.last().map(minutes)) {
            propagator.tabulate_resonance(first..=last);
        }
        let mut states = Vec::with_capacity(instants.len());
        for (epoch, attitude) in instants {
            match propagator.propagate(propagator.minutes_since_epoch(*epoch)) {
                Ok(teme) => {
                    let (position_km, velocity_km_s) = self.in_frame(&teme, attitude.as_ref());
                    states.push((*epoch, position_km, velocity_km_s));
                }
                Err(error) => {
                    report(&format!(" from {}", time::format_milliseconds(*epoch)), &error);
                    break;
                }
            }
        }
        (!states.is_empty()).then(|| Ephemeris { record, frame: self.frame_name(), states })
    }

    fn in_frame(&self, teme: &State<Teme>, attitude: Option<&EarthAttitude>) -> (Vector3<f64>, Vector3<f64>) {
        match (self.frame, attitude) {
            (Frame::Itrf, Some(attitude)) => {
                let state = attitude.teme_to_itrf(teme);
                (state.position_km, state.velocity_km_s)
            }
            (Frame::Gcrf, Some(attitude)) => {
                let state = attitude.teme_to_gcrf(teme);
                (state.position_km, state.velocity_km_s)
            }
            _ => (teme.position_km, teme.velocity_km_s),
        }
    }
}

/// Writes a line; used by the forms that are text.
fn write_text(output: &mut Output, text: &str) -> anyhow::Result<()> {
    Ok(output.write_all(text.as_bytes())?)
}
