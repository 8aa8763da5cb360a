//! OMM CSV catalogs for the SGP4 tests, by a minimal reader (the crate that reads formats depends on this one).

use astroshield_astro::elements::MeanElements;
use hifitime::Epoch;
use std::io::Read;
use std::path::Path;

fn number(text: &str) -> f64 {
    text.trim().parse().expect("a number")
}

/// Catalog number, epoch as written, and mean elements of each row of a gzipped OMM CSV file.
pub(crate) fn read(path: &Path) -> Vec<(u64, String, MeanElements)> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    // Only the first column (the name) may contain commas, so that columns are counted from the right.
    let from_right = |name: &str| header.len() - header.iter().position(|column| *column == name).unwrap();
    let columns = [
        "NORAD_CAT_ID",
        "EPOCH",
        "MEAN_MOTION",
        "ECCENTRICITY",
        "INCLINATION",
        "RA_OF_ASC_NODE",
        "ARG_OF_PERICENTER",
        "MEAN_ANOMALY",
        "BSTAR",
    ]
    .map(from_right);
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let [id, epoch, n, e, i, raan, argp, m, bstar] =
                columns.map(|column| fields[fields.len() - column]);
            let elements = MeanElements {
                epoch: Epoch::from_gregorian_str(&format!("{epoch} UTC")).unwrap(),
                mean_motion_rev_day: number(n),
                eccentricity: number(e),
                inclination_deg: number(i),
                raan_deg: number(raan),
                argument_of_perigee_deg: number(argp),
                mean_anomaly_deg: number(m),
                bstar_inv_earth_radii: number(bstar),
            };
            (id.parse().unwrap(), epoch.to_owned(), elements)
        })
        .collect()
}
