//! `astroshield pc`.

mod table;

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use astroshield_astro::probability::assess::{Assessment, Method, MonteCarloUse, Options, assess};
use astroshield_astro::probability::monte_carlo;
use astroshield_domain::encounter;
use astroshield_formats::{Cdm, Message, read_messages};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::Completion;
use crate::objects::{report_problems, strictness};
use crate::output::Output;
use crate::{input, number, time};

/// Say how likely the collision of a conjunction message is, by every method
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield pc conjunction.cdm
  astroshield pc *.xml --hard-body-radius-m 15 --format json
  astroshield pc conjunction.cdm --monte-carlo always --samples 1000000

Reads CDMs as KVN, XML or JSON. The states are moved to the true time of closest approach first. `best` is the method that
we stand behind for the message: the simplest whose assumptions hold. Where none holds it is the most general that gave a
number, and says so.

JSON has a line for each message: {\"file\", \"tca\", \"hard_body_radius_m\", \"best\", \"methods\": [{\"name\", \"probability\",
\"applies\", \"warnings\"}, ...]}.

The radius is that of both objects together. Without the option it is the message's (HBR), else the default of SOCRATES:
10 m for a Starlink satellite, 1 m for any other object.")]
pub(crate) struct Pc {
    /// Conjunction data messages; - is standard input
    #[arg(required = true, value_name = "CDM")]
    files: Vec<PathBuf>,
    /// Hard-body radius of both objects together, in m
    #[arg(long, value_name = "R", value_parser = number::positive, allow_negative_numbers = true)]
    hard_body_radius_m: Option<f64>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// When to run the Monte Carlo
    #[arg(long, value_enum, default_value_t = When::Needed)]
    monte_carlo: When,
    /// Pairs of orbits that the Monte Carlo draws
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    samples: Option<u64>,
    /// Seed of the Monte Carlo
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stop at the first message that cannot be read or used, instead of skipping it
    #[arg(long)]
    strict: bool,
    /// File to write; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// A line of JSON for each message
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// Never
    Never,
    /// Where the assumptions of no other method hold
    Needed,
    /// Always
    Always,
}

/// A message and what the methods say about it.
struct Assessed {
    file: String,
    cdm: Box<Cdm>,
    hard_body_radius_m: f64,
    radius_source: &'static str,
    assessment: Assessment,
}

/// A message in JSON.
#[derive(Debug, Serialize)]
struct MessageResult<'a> {
    file: &'a str,
    tca: String,
    hard_body_radius_m: f64,
    best: Option<&'static str>,
    methods: Vec<MethodResult>,
}

#[derive(Debug, Serialize)]
struct MethodResult {
    name: &'static str,
    probability: Option<f64>,
    applies: bool,
    warnings: Vec<String>,
}

impl Pc {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let mut output = Output::create(self.output.as_deref())?;
        let (mut assessed, mut skipped) = (0, 0);
        for input in input::read_all(&self.files)? {
            let document = match read_messages(&input.bytes, &input.name, strictness(self.strict)) {
                Ok(document) => document,
                Err(problem) if self.strict || self.files.len() == 1 => return Err(problem.into()),
                Err(problem) => {
                    eprintln!("skipped: {problem}");
                    skipped += 1;
                    continue;
                }
            };
            report_problems(&document.problems);
            skipped += document.problems.len();
            for message in document.messages {
                match self.assess(&input.name, message) {
                    Ok(message) => {
                        if assessed > 0 && self.format == Format::Table {
                            writeln!(output)?;
                        }
                        self.write(&message, &mut output)?;
                        assessed += 1;
                    }
                    Err(error) if self.strict => return Err(error.context(input.name)),
                    Err(error) => {
                        eprintln!("skipped: {}: {error:#}", input.name);
                        skipped += 1;
                    }
                }
            }
        }
        if assessed == 0 {
            bail!("no conjunction message could be used");
        }
        if self.format == Format::Table {
            table::write_legend(&mut output)?;
        }
        output.finish()?;
        Ok(Completion::of(skipped))
    }

    fn assess(&self, file: &str, message: Message) -> anyhow::Result<Assessed> {
        let kind = message.kind();
        let Message::Cdm(cdm) = message else { bail!("expected a CDM, found {kind}") };
        let (hard_body_radius_m, radius_source) =
            match (self.hard_body_radius_m, cdm.combined_hard_body_radius_m()) {
                (Some(radius_m), _) => (radius_m, "given"),
                (None, Some(radius_m)) => (radius_m, "from the message"),
                (None, None) => (encounter::default_radius_m(&cdm), "assumed"),
            };
        let encounter = encounter::of_cdm(&cdm, hard_body_radius_m)?;
        let monte_carlo = monte_carlo::Options {
            samples: self.samples.unwrap_or(monte_carlo::Options::default().samples),
            seed: self.seed,
            ..monte_carlo::Options::default()
        };
        let monte_carlo_use = match self.monte_carlo {
            When::Never => MonteCarloUse::Never,
            When::Needed => MonteCarloUse::WhenNeeded,
            When::Always => MonteCarloUse::Always,
        };
        let options = Options { monte_carlo_use, monte_carlo, ..Options::default() };
        let assessment = assess(&encounter, &options);
        Ok(Assessed { file: file.to_owned(), cdm, hard_body_radius_m, radius_source, assessment })
    }

    fn write(&self, message: &Assessed, output: &mut Output) -> anyhow::Result<()> {
        match self.format {
            Format::Table => table::write(message, output),
            Format::Json => {
                serde_json::to_writer(&mut *output, &MessageResult::of(message)?)?;
                Ok(output.write_all(b"\n")?)
            }
        }
    }
}

impl<'a> MessageResult<'a> {
    fn of(message: &'a Assessed) -> anyhow::Result<Self> {
        let Assessed { file, cdm, hard_body_radius_m, assessment, .. } = message;
        let methods = assessment.methods.iter().map(|result| MethodResult {
            name: result.method.name(),
            probability: result.probability,
            applies: result.applies,
            warnings: result.warnings.iter().map(ToString::to_string).collect(),
        });
        Ok(Self {
            file,
            tca: time::format_microseconds(cdm.tca_utc()?),
            hard_body_radius_m: *hard_body_radius_m,
            best: assessment.best.map(Method::name),
            methods: methods.collect(),
        })
    }
}
