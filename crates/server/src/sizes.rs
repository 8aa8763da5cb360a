//! Hard-body radii of objects.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail};
use astroshield_astro::probability::socrates::default_hard_body_radius_km;
use astroshield_formats::CatalogNumber;
use serde::Deserialize;

use crate::input;

const KM_PER_M: f64 = 1e-3;

/// Radii from a file, and defaults for what is not in it.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    radii_m: HashMap<CatalogNumber, f64>,
}

/// A row of NASA CARA's table, and of anybody's who uses its two columns.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "ObjectID", alias = "NORAD_CAT_ID")]
    number: String,
    #[serde(rename = "HBR", alias = "HARD_BODY_RADIUS_M")]
    radius_m: Option<f64>,
}

impl Sizes {
    /// Reads a CSV file with the columns `ObjectID` and `HBR` (m), as NASA CARA publishes it, or `NORAD_CAT_ID` and
    /// `HARD_BODY_RADIUS_M`. An empty radius is one that is not known.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let input = input::read(path)?;
        Self::parse(&input.bytes).with_context(|| input.name)
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut radii_m = HashMap::new();
        let mut reader = csv::Reader::from_reader(bytes);
        input::require_column(reader.headers()?, &["ObjectID", "NORAD_CAT_ID"])?;
        input::require_column(reader.headers()?, &["HBR", "HARD_BODY_RADIUS_M"])?;
        for row in reader.deserialize() {
            let row: Row = row?;
            let Some(radius_m) = row.radius_m else { continue };
            if !(radius_m > 0.0 && radius_m.is_finite()) {
                bail!("object {}: hard-body radius {radius_m} m is not above 0", row.number);
            }
            let number = row.number.parse().with_context(|| format!("object {}", row.number))?;
            radii_m.insert(number, radius_m);
        }
        Ok(Self { radii_m })
    }

    /// Radius of an object, in km: the file's, else SOCRATES' default for its name.
    pub(crate) fn radius_km(&self, number: Option<CatalogNumber>, name: Option<&str>) -> f64 {
        match number.and_then(|number| self.radii_m.get(&number)) {
            Some(radius_m) => radius_m * KM_PER_M,
            None => default_hard_body_radius_km(name.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radius_of_the_file_goes_before_the_default() {
        let sizes = Sizes::parse(b"ObjectID,HBR,HBRSigma\n1,66.1,0\n2,,0\n").unwrap();
        let radius_m = |number: u32, name| sizes.radius_km(CatalogNumber::new(number), Some(name)) * 1e3;
        assert!((radius_m(1, "STARLINK-1") - 66.1).abs() < 1e-9);
        assert!((radius_m(2, "STARLINK-2") - 10.0).abs() < 1e-9);
        assert!((radius_m(3, "OTHER") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn radius_that_is_not_positive_is_refused() {
        assert!(Sizes::parse(b"ObjectID,HBR\n1,-2\n").is_err());
        assert!(Sizes::parse(b"ObjectID,HBR\n1,big\n").is_err());
    }

    #[test]
    fn file_without_its_columns_is_refused_by_their_names() {
        for (text, column) in
            [("", "ObjectID"), ("ObjectID,RADIUS\n1,2\n", "HBR"), ("ID,HBR\n1,2\n", "ObjectID")]
        {
            let error = Sizes::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(&format!("no column {column}")), "{error}");
        }
    }
}
