//! `CelesTrak`'s catalog of what each object is (SATCAT, CSV).

use astroshield_formats::{CatalogNumber, Fault};
use serde::Deserialize;

use crate::catalog::{ObjectKind, SatcatEntry};

/// Why a SATCAT cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SatcatError {
    /// A column is not there.
    #[error("no column {column}")]
    NoColumn {
        /// The column.
        column: &'static str,
    },
    /// Not CSV.
    #[error("not CSV")]
    Csv(#[from] csv::Error),
    /// A catalog number that is none.
    #[error("NORAD_CAT_ID of {name}: {fault}")]
    Number {
        /// Name of the object.
        name: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "OBJECT_NAME")]
    name: String,
    #[serde(rename = "OBJECT_ID", default)]
    designator: String,
    #[serde(rename = "NORAD_CAT_ID")]
    number: String,
    #[serde(rename = "OBJECT_TYPE")]
    kind: String,
    #[serde(rename = "OPS_STATUS_CODE")]
    status: String,
    #[serde(rename = "OWNER", default)]
    owner: String,
    #[serde(rename = "LAUNCH_DATE", default)]
    launch_date: String,
    #[serde(rename = "DECAY_DATE", default)]
    decay_date: String,
    #[serde(rename = "RCS", default)]
    radar_cross_section: String,
}

/// Reads SATCAT in CSV.
///
/// # Errors
/// When it is not CSV, lacks a column, or holds a number that is none.
pub fn read(bytes: &[u8]) -> Result<Vec<SatcatEntry>, SatcatError> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers()?;
    for column in ["OBJECT_NAME", "NORAD_CAT_ID", "OBJECT_TYPE", "OPS_STATUS_CODE"] {
        if !header.iter().any(|name| name == column) {
            return Err(SatcatError::NoColumn { column });
        }
    }
    reader.deserialize().map(|row| entry(row?)).collect()
}

fn entry(row: Row) -> Result<SatcatEntry, SatcatError> {
    let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let object: CatalogNumber = row
        .number
        .trim()
        .parse()
        .map_err(|fault| SatcatError::Number { name: row.name.trim().to_owned(), fault })?;
    Ok(SatcatEntry {
        object,
        name: row.name.trim().to_owned(),
        international_designator: text(row.designator),
        kind: match row.kind.trim() {
            "PAY" | "PAYLOAD" => ObjectKind::Payload,
            "R/B" | "ROCKET BODY" => ObjectKind::RocketBody,
            "DEB" | "DEBRIS" => ObjectKind::Debris,
            _ => ObjectKind::Unknown,
        },
        status: row.status.trim().chars().next(),
        owner: text(row.owner),
        launch_date: text(row.launch_date),
        decay_date: text(row.decay_date),
        radar_cross_section_m2: row
            .radar_cross_section
            .trim()
            .parse()
            .ok()
            .filter(|area: &f64| area.is_finite() && *area > 0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SATCAT: &[u8] = b"\
OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,LAUNCH_SITE,DECAY_DATE,PERIOD,\
INCLINATION,APOGEE,PERIGEE,RCS,DATA_STATUS_CODE,ORBIT_CENTER,ORBIT_TYPE
OBJECT ONE,2030-001A,700000001,PAY,+,US,2030-01-01,AFETR,,92.9,51.6,421,413,399.05,,EA,ORB
OBJECT TWO,2030-001B,700000002,DEB,,US,2030-01-01,AFETR,2031-02-03,92.9,51.6,421,413,,,EA,ORB
";

    #[test]
    fn an_entry_has_what_its_row_says_and_nothing_where_it_is_blank() {
        let [one, two] = &read(SATCAT).unwrap()[..] else { panic!("two rows") };
        assert_eq!(
            (one.object.get(), one.name.as_str(), one.kind),
            (700_000_001, "OBJECT ONE", ObjectKind::Payload)
        );
        assert_eq!(
            (one.status, one.owner.as_deref(), one.radar_cross_section_m2),
            (Some('+'), Some("US"), Some(399.05))
        );
        assert_eq!((two.kind, two.status, two.radar_cross_section_m2), (ObjectKind::Debris, None, None));
        assert_eq!(two.decay_date.as_deref(), Some("2031-02-03"));
    }

    #[test]
    fn a_file_without_its_columns_is_refused_by_their_names() {
        for text in ["", "NAME,NUMBER\n", "NAME,NUMBER\nX,1\n"] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("no column OBJECT_NAME"), "{error}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused_with_the_name_of_its_object() {
        let text = "OBJECT_NAME,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE\nTHING,12x,PAY,+\n";
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("THING") && error.contains("12x"), "{error}");
    }
}
