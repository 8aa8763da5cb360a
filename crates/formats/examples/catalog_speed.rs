//! Prints how long a catalog takes to write and to read in each notation:
//! `cargo run --release -p astroshield-formats --example catalog_speed -- 30000`.
//!
//! The catalog is made up: one element set, with the catalog number and the angles counted on.

use std::error::Error;
use std::time::Instant;

use astroshield_formats::{
    CatalogNumber, ElementSetRecord, HeaderDefaults, Notation, Omm, Strictness, Tle, read_catalog,
    write_catalog,
};

const SEED: &str = "\
0 DEMO
1 70001U 99001A   26201.25000000  .00001234  00000+0  12345-3 0  9992
2 70001  51.6400  10.0000 0001000  20.0000  30.0000 15.50000000123459
";

/// Readings of a notation; the fastest counts.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let count: u32 = std::env::args().nth(1).map_or(Ok(30_000), |count| count.parse())?;
    let defaults =
        HeaderDefaults { creation_date: "2026-07-20".parse()?, originator: "ASTROSHIELD".to_owned() };
    let seed = read_catalog(SEED.as_bytes(), "seed", Strictness::Strict)?;
    let tle: Tle = seed.objects.first().ok_or("no seed")?.source.to_tle()?;
    let record = |index: u32| -> Result<ElementSetRecord, Box<dyn Error>> {
        let mut tle = tle.clone();
        tle.catalog_number = CatalogNumber::new(1 + index).ok_or("too many objects")?;
        tle.name = Some(format!("DEMO {index}"));
        tle.raan_deg = f64::from(index % 3_600_000) / 1e4;
        tle.mean_anomaly_deg = f64::from(index * 7 % 3_600_000) / 1e4;
        Ok(ElementSetRecord::try_from(Omm::from(&tle))?)
    };
    let objects = (0..count).map(record).collect::<Result<Vec<_>, _>>()?;
    println!("{count} element sets, one thread, best of {RUNS}");
    println!("{:>5} {:>9} {:>10} {:>9} {:>12}", "", "size MB", "write ms", "read ms", "records/s");
    for notation in
        [Notation::Tle, Notation::ThreeLine, Notation::Csv, Notation::Json, Notation::Kvn, Notation::Xml]
    {
        let start = Instant::now();
        let text = write_catalog(&objects, notation, &defaults)?;
        let write = start.elapsed().as_secs_f64();
        let mut read = f64::INFINITY;
        for _ in 0..RUNS {
            let start = Instant::now();
            let catalog = read_catalog(text.as_bytes(), "speed", Strictness::Strict)?;
            read = read.min(start.elapsed().as_secs_f64());
            if catalog.objects.len() != objects.len() {
                return Err(format!("{notation}: {} objects read", catalog.objects.len()).into());
            }
        }
        println!(
            "{:>5} {:>9.2} {:>10.1} {:>9.1} {:>12.0}",
            notation.as_str(),
            text.len() as f64 / 1e6,
            write * 1e3,
            read * 1e3,
            f64::from(count) / read,
        );
    }
    Ok(())
}
