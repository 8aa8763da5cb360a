//! `astroshield catalog demo`.

mod population;

use std::path::PathBuf;

use anyhow::Context;
use astroshield_domain::catalog::{ElementSet, Grade};
use astroshield_domain::export::omm;
use astroshield_domain::ids::{IngestId, TenantId};
use astroshield_formats::{
    CatalogNumber, ElementSetRecord, HeaderDefaults, Notation, Timestamp, write_catalog,
};
use clap::Args;
use hifitime::{Epoch, TimeScale};

use self::population::{DemoObject, population};
use crate::destination::Destination;
use crate::exit::Completion;
use crate::time;

/// Write a synthetic population of orbits, for demonstrations without a network and for tests of scale
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield catalog demo --objects 30000 --seed 1 demo.csv
  astroshield catalog demo --objects 2000 - | astroshield screen - --start 2026-01-01 --days 1

No object of it is real, and each says so: names begin with DEMO-, catalog numbers start at 799500001, the launch of
every international designator is number 000 of the year 9999. Regimes, eccentricities and drag terms are distributed
as in the public catalog. The same arguments give the same file on every machine.")]
pub(crate) struct Demo {
    /// Number of objects
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    objects: u32,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Latest epoch of the element sets (UTC); they are up to two days older
    #[arg(long, default_value = "2026-01-01", value_parser = time::parse_utc, value_name = "UTC")]
    epoch: Epoch,
    /// File to write, - for standard output: .csv (as CelesTrak's), .json, .xml, .kvn; .gz after it packs
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

/// Catalog number before the first object's, in the range set aside for objects that are in no catalog.
const NUMBERS_FROM: u32 = 799_500_000;

impl Demo {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let destination = Destination::new(&self.out, None)?;
        let comment = comment(self.objects, self.seed);
        let records = records(self.objects, self.seed, self.epoch, destination.carries_comments())?;
        destination.write_catalog(&records, &defaults(self.epoch)?)?;
        eprintln!("{comment}");
        Ok(Completion::Whole)
    }
}

/// The population as a catalog in CSV, for the service.
pub(crate) fn csv(objects: u32, epoch: Epoch) -> anyhow::Result<String> {
    let records = records(objects, 1, epoch, false)?;
    Ok(write_catalog(&records, Notation::Csv, &defaults(epoch)?)?)
}

fn records(
    objects: u32,
    seed: u64,
    epoch: Epoch,
    with_comment: bool,
) -> anyhow::Result<Vec<ElementSetRecord>> {
    let comment = comment(objects, seed);
    let population = population(objects, seed, epoch);
    (1..).zip(&population).map(|(number, object)| record(number, object, &comment, with_comment)).collect()
}

fn comment(objects: u32, seed: u64) -> String {
    format!(
        "synthetic demonstration population of AstroShield, no object is real: {objects} objects, seed {seed}"
    )
}

fn defaults(epoch: Epoch) -> anyhow::Result<HeaderDefaults> {
    Ok(HeaderDefaults { creation_date: timestamp(epoch)?, originator: "ASTROSHIELD DEMO".to_owned() })
}

fn record(
    number: u32,
    object: &DemoObject,
    comment: &str,
    with_comment: bool,
) -> anyhow::Result<ElementSetRecord> {
    let catalog_number = CatalogNumber::new(NUMBERS_FROM + number);
    let set = ElementSet {
        tenant: TenantId::public(),
        object: catalog_number.context("more objects than there are catalog numbers")?,
        name: Some(object.name.clone()),
        international_designator: Some(format!("9999-000{}", piece(number - 1))),
        elements: object.elements,
        mean_motion_dot: 0.0,
        mean_motion_ddot: 0.0,
        element_set_number: Some(999),
        revolution_at_epoch: Some(0),
        classification: Some('U'),
        source: "demo".to_owned(),
        grade: Grade::Gp,
        ingest: IngestId::at(jiff::Timestamp::UNIX_EPOCH),
        arrived: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut omm = omm(&set)?;
    if with_comment && number == 1 {
        omm.metadata.comments.push(comment.to_owned());
    }
    Ok(ElementSetRecord::try_from(omm)?)
}

fn timestamp(epoch: Epoch) -> anyhow::Result<Timestamp> {
    Timestamp::from_epoch(epoch, TimeScale::UTC)
        .ok_or_else(|| anyhow::anyhow!("{epoch} is not within the years 0 to 9999"))
}

/// Letters of the piece of a launch: A to Z without I and O, then AA, AB, ...
fn piece(index: u32) -> String {
    const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(LETTERS[(rest % 24) as usize]));
        rest /= 24;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_count_like_the_letters_of_a_launch() {
        assert_eq!([0, 23, 24, 599, 600].map(piece), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
