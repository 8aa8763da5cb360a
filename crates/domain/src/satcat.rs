//! `CelesTrak`'s catalog of what each object is (SATCAT, CSV).

use astroshield_formats::{RecordProblem, SatcatRow, Strictness, read_satcat};

use crate::catalog::{ObjectKind, SatcatEntry};

/// What SATCAT says.
#[derive(Debug, Clone, PartialEq)]
pub struct Satcat {
    /// The objects whose lines could be read.
    pub entries: Vec<SatcatEntry>,
    /// The lines that could not.
    pub problems: Vec<RecordProblem>,
}

/// Reads SATCAT in CSV. `name` names the bytes in problems.
///
/// # Errors
/// When it is not CSV or lacks a column, and, if strict, at the first line that cannot be read.
pub fn read(bytes: &[u8], name: &str, strictness: Strictness) -> Result<Satcat, RecordProblem> {
    let table = read_satcat(bytes, name, strictness)?;
    Ok(Satcat { entries: table.rows.into_iter().map(entry).collect(), problems: table.problems })
}

fn entry(row: SatcatRow) -> SatcatEntry {
    SatcatEntry {
        object: row.catalog_number,
        name: row.name,
        international_designator: row.international_designator,
        kind: match row.object_type.as_deref() {
            Some("PAY" | "PAYLOAD") => ObjectKind::Payload,
            Some("R/B" | "ROCKET BODY") => ObjectKind::RocketBody,
            Some("DEB" | "DEBRIS") => ObjectKind::Debris,
            _ => ObjectKind::Unknown,
        },
        status: row.status,
        owner: row.owner,
        launch_date: row.launch_date,
        decay_date: row.decay_date,
        radar_cross_section_m2: row.radar_cross_section_m2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_short_and_their_long_words() {
        let words = ["PAY", "PAYLOAD", "R/B", "ROCKET BODY", "DEB", "DEBRIS", "UNK", ""];
        let row = |word: &&str| format!("THING,12,{word},+\n");
        let text = "OBJECT_NAME,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE\n".to_owned()
            + &words.iter().map(row).collect::<String>();
        let satcat = read(text.as_bytes(), "satcat", Strictness::Strict).unwrap();
        let kinds: Vec<_> = satcat.entries.iter().map(|entry| entry.kind).collect();
        use ObjectKind::{Debris, Payload, RocketBody, Unknown};
        assert_eq!(kinds, [Payload, Payload, RocketBody, RocketBody, Debris, Debris, Unknown, Unknown]);
    }
}
