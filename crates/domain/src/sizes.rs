//! Hard-body radii of objects.

use std::collections::HashMap;

use astroshield_astro::probability::socrates::default_hard_body_radius_km;
use astroshield_formats::{CatalogNumber, Fault};
use serde::Deserialize;

use crate::alert::WatchList;

const KM_PER_M: f64 = 1e-3;

/// Why a table of sizes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SizesError {
    /// A column is not there.
    #[error("no column {column}")]
    NoColumn {
        /// The column, by its names.
        column: &'static str,
    },
    /// Not CSV.
    #[error("not CSV")]
    Csv(#[from] csv::Error),
    /// A catalog number that is none.
    #[error("object {object}: {fault}")]
    Number {
        /// What is there instead.
        object: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A radius that is none.
    #[error("object {object}: hard-body radius {radius_m} m is not above 0")]
    Radius {
        /// The object.
        object: String,
        /// The radius, in m.
        radius_m: f64,
    },
}

/// Radii that are known, and defaults for all others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sizes {
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
    /// Reads CSV with the columns `ObjectID` and `HBR` (m), as NASA CARA publishes it, or `NORAD_CAT_ID` and
    /// `HARD_BODY_RADIUS_M`. An empty radius is one that is not known.
    ///
    /// # Errors
    /// When a column is not there, a number is none, or a radius is not above 0.
    pub fn read(bytes: &[u8]) -> Result<Self, SizesError> {
        let mut radii_m = HashMap::new();
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers()?;
        for (column, names) in [
            ("ObjectID or NORAD_CAT_ID", ["ObjectID", "NORAD_CAT_ID"]),
            ("HBR or HARD_BODY_RADIUS_M", ["HBR", "HARD_BODY_RADIUS_M"]),
        ] {
            if !header.iter().any(|name| names.contains(&name)) {
                return Err(SizesError::NoColumn { column });
            }
        }
        for row in reader.deserialize() {
            let Row { number: object, radius_m } = row?;
            let Some(radius_m) = radius_m else { continue };
            if !(radius_m > 0.0 && radius_m.is_finite()) {
                return Err(SizesError::Radius { object, radius_m });
            }
            match object.parse() {
                Ok(number) => radii_m.insert(number, radius_m),
                Err(fault) => return Err(SizesError::Number { object, fault }),
            };
        }
        Ok(Self { radii_m })
    }

    /// The radii that watch lists state.
    #[must_use]
    pub fn of_watch_lists(lists: &[WatchList]) -> Self {
        let stated = lists.iter().flat_map(|list| &list.objects).filter_map(|watched| {
            let radius_m = watched.hard_body_radius_m.filter(|radius_m| *radius_m > 0.0)?;
            Some((CatalogNumber::new(watched.object)?, radius_m))
        });
        Self { radii_m: stated.collect() }
    }

    /// Radius of an object, in km: the known one, else SOCRATES' default for its name.
    #[must_use]
    pub fn radius_km(&self, number: Option<CatalogNumber>, name: Option<&str>) -> f64 {
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
        let sizes = Sizes::read(b"ObjectID,HBR,HBRSigma\n1,66.1,0\n2,,0\n").unwrap();
        let radius_m = |number: u32, name| sizes.radius_km(CatalogNumber::new(number), Some(name)) * 1e3;
        assert!((radius_m(1, "STARLINK-1") - 66.1).abs() < 1e-9);
        assert!((radius_m(2, "STARLINK-2") - 10.0).abs() < 1e-9);
        assert!((radius_m(3, "OTHER") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn radius_that_is_not_positive_is_refused() {
        assert!(matches!(Sizes::read(b"ObjectID,HBR\n1,-2\n"), Err(SizesError::Radius { .. })));
        assert!(matches!(Sizes::read(b"ObjectID,HBR\n1,big\n"), Err(SizesError::Csv(_))));
    }

    #[test]
    fn file_without_its_columns_is_refused_by_their_names() {
        for (text, column) in
            [("", "ObjectID"), ("ObjectID,RADIUS\n1,2\n", "HBR"), ("ID,HBR\n1,2\n", "ObjectID")]
        {
            let error = Sizes::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(&format!("no column {column}")), "{error}");
        }
    }
}
