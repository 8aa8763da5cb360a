//! The objects of the catalogs that a command is given.

use std::cmp::Reverse;
use std::path::PathBuf;

use anyhow::bail;
use astroshield_formats::{ElementSetRecord, RecordProblem, Strictness, read_catalog};
use clap::Args;

use crate::input;

/// Problems that are printed one by one; the rest are counted.
const PRINTED_PROBLEMS: usize = 20;

/// Catalogs on the command line.
#[derive(Debug, Args)]
pub(crate) struct CatalogFiles {
    /// Catalogs: TLE, 3LE, or OMM as CSV, JSON, XML or KVN; - is standard input
    #[arg(required = true, value_name = "CATALOG")]
    files: Vec<PathBuf>,
    /// Stop at the first record that cannot be read, instead of skipping it
    #[arg(long)]
    strict: bool,
}

/// What catalogs hold, an element set an object.
#[derive(Debug)]
pub(crate) struct Objects {
    /// Element sets by catalog number, the newest of each object.
    pub(crate) records: Vec<ElementSetRecord>,
    /// Records that could not be read.
    pub(crate) skipped_records: usize,
}

impl CatalogFiles {
    /// How to deal with records that cannot be read.
    pub(crate) fn strictness(&self) -> Strictness {
        strictness(self.strict)
    }

    /// Reads the catalogs and says on standard error what was left out.
    pub(crate) fn read(&self) -> anyhow::Result<Objects> {
        let mut records = Vec::new();
        let mut problems = Vec::new();
        for input in input::read_all(&self.files)? {
            let catalog = read_catalog(&input.bytes, &input.name, self.strictness())?;
            records.extend(catalog.objects);
            problems.extend(catalog.problems);
        }
        report_problems(&problems);
        let older = keep_newest(&mut records);
        if older > 0 {
            eprintln!("{older} older element sets of the same objects left out");
        }
        if records.is_empty() {
            bail!("no element sets to work on");
        }
        Ok(Objects { records, skipped_records: problems.len() })
    }
}

/// How to deal with records that cannot be read.
pub(crate) fn strictness(strict: bool) -> Strictness {
    if strict { Strictness::Strict } else { Strictness::Tolerant }
}

/// Names the records that were skipped on standard error.
pub(crate) fn report_problems(problems: &[RecordProblem]) {
    for problem in problems.iter().take(PRINTED_PROBLEMS) {
        eprintln!("skipped: {problem}");
    }
    if problems.len() > PRINTED_PROBLEMS {
        eprintln!("skipped: {} more", problems.len() - PRINTED_PROBLEMS);
    }
    if !problems.is_empty() {
        eprintln!("{} records could not be read and were skipped", problems.len());
    }
}

/// Sorts by catalog number and keeps the newest element set of each object; returns how many were removed.
fn keep_newest(records: &mut Vec<ElementSetRecord>) -> usize {
    let all = records.len();
    records.sort_by_key(|record| (record.catalog_number, Reverse(record.elements.epoch)));
    records.dedup_by_key(|record| record.catalog_number);
    all - records.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_element_set_of_each_object_is_kept() {
        let csv = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,\
                   MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
                   MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n\
                   B,2020-001B,2026-01-01T00:00:00,15,0.001,50,0,0,0,0,U,2,999,1,0,0,0\n\
                   OLD,2020-001A,2026-01-01T00:00:00,15,0.001,50,0,0,0,0,U,1,999,1,0,0,0\n\
                   NEW,2020-001A,2026-01-02T00:00:00,15,0.001,50,0,0,0,0,U,1,999,1,0,0,0\n";
        let mut records = read_catalog(csv.as_bytes(), "test", Strictness::Strict).unwrap().objects;
        assert_eq!(keep_newest(&mut records), 1);
        let names: Vec<_> = records.iter().map(|record| record.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["NEW", "B"]);
    }
}
