//! `astroshield catalog demo`.

mod population;

use std::path::PathBuf;

use astroshield_formats::{
    ElementSetRecord, Header, HeaderDefaults, Notation, Omm, OmmMeanElements, OmmMetadata, TimeSystem,
    Timestamp, TleParameters, write_catalog,
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
    let elements = &object.elements;
    let omm = Omm {
        version: None,
        header: Header::default(),
        metadata: OmmMetadata {
            comments: if with_comment && number == 1 { vec![comment.to_owned()] } else { Vec::new() },
            object_name: Some(object.name.clone()),
            object_id: Some(format!("9999-000{}", piece(number - 1))),
            center_name: "EARTH".to_owned(),
            ref_frame: "TEME".to_owned(),
            ref_frame_epoch: None,
            time_system: TimeSystem::utc(),
            mean_element_theory: "SGP4".to_owned(),
        },
        mean_elements: OmmMeanElements {
            comments: Vec::new(),
            epoch: timestamp(elements.epoch)?,
            semi_major_axis_km: None,
            mean_motion_rev_day: Some(elements.mean_motion_rev_day),
            eccentricity: elements.eccentricity,
            inclination_deg: elements.inclination_deg,
            raan_deg: elements.raan_deg,
            argument_of_pericenter_deg: elements.argument_of_perigee_deg,
            mean_anomaly_deg: elements.mean_anomaly_deg,
            gm_km3_s2: None,
        },
        spacecraft: None,
        tle_parameters: Some(TleParameters {
            comments: Vec::new(),
            ephemeris_type: Some(0),
            classification_type: Some("U".to_owned()),
            norad_cat_id: format!("{}", NUMBERS_FROM + number).parse().ok(),
            element_set_no: Some(999),
            rev_at_epoch: Some(0),
            bstar_inv_earth_radii: Some(elements.bstar_inv_earth_radii),
            bterm_m2_kg: None,
            mean_motion_dot_rev_day2: Some(0.0),
            mean_motion_ddot_rev_day3: Some(0.0),
            agom_m2_kg: None,
        }),
        covariance: None,
        user_defined: Vec::new(),
    };
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
