//! `astroshield convert`.

use std::path::PathBuf;

use anyhow::bail;
use astroshield_formats::{HeaderDefaults, Notation, Timestamp, read_messages};
use clap::{Args, ValueEnum};
use hifitime::TimeScale;

use crate::destination::Destination;
use crate::exit::Completion;
use crate::objects::{report_problems, strictness};
use crate::{input, time};

/// Write messages in another notation
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield convert active.csv active.json.gz
  astroshield convert stations.3le stations.xml
  astroshield convert conjunction.xml - --to kvn

Reads TLE, 3LE, OMM, OPM, OEM and CDM in any notation, recognized by its content. The extension of OUT, or --to, says how to
write: csv and json carry OMM (json also CDM), tle and 3le carry element sets of SGP4, kvn and xml carry everything.
What a notation cannot carry is an error, and nothing is written.")]
pub(crate) struct Convert {
    /// File to read; - is standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write: .csv, .json, .xml, .kvn, .tle, .3le, and .gz after it packs; - is standard output
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Notation to write, instead of what the extension says
    #[arg(long, value_enum)]
    to: Option<To>,
    /// Originator of messages that must have one and come without
    #[arg(long, default_value = "ASTROSHIELD")]
    originator: String,
    /// Stop at the first record that cannot be read, instead of skipping it
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    Csv,
    Json,
    Xml,
    Kvn,
    Tle,
    #[value(name = "3le")]
    ThreeLine,
}

impl From<To> for Notation {
    fn from(to: To) -> Self {
        match to {
            To::Csv => Self::Csv,
            To::Json => Self::Json,
            To::Xml => Self::Xml,
            To::Kvn => Self::Kvn,
            To::Tle => Self::Tle,
            To::ThreeLine => Self::ThreeLine,
        }
    }
}

impl Convert {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let destination = match (self.out.to_str(), self.to) {
            (Some("-"), None) => bail!("standard output has no extension: say the notation with --to"),
            (_, to) => Destination::new(&self.out, to.map(Notation::from))?,
        };
        let input = input::read(&self.input)?;
        let document = read_messages(&input.bytes, &input.name, strictness(self.strict))?;
        report_problems(&document.problems);
        if document.messages.is_empty() {
            bail!("{}: no message in it could be read", input.name);
        }
        let Some(creation_date) = Timestamp::from_epoch(time::now()?, TimeScale::UTC) else {
            bail!("the clock is outside the years 0 to 9999");
        };
        let defaults = HeaderDefaults { creation_date, originator: self.originator.clone() };
        destination.write(document.write(destination.notation(), &defaults)?.as_bytes())?;
        Ok(Completion::of(document.problems.len()))
    }
}
