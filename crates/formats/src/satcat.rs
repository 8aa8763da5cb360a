//! What each object is, a line an object, as CelesTrak publishes it (`satcat.csv`).
//!
//! Source: CelesTrak, *SATCAT Format Documentation* (`satcat/satcat-format.php`). What is not known is an empty cell.

use crate::catalog_number::CatalogNumber;
use crate::error::{Located, RecordProblem, Strictness};
use crate::table::{self, Line};

/// What SATCAT says of an object. Words are left as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct SatcatRow {
    /// Number in the catalog.
    pub catalog_number: CatalogNumber,
    /// Name.
    pub name: String,
    /// International designator.
    pub international_designator: Option<String>,
    /// Kind of object: `PAY`, `R/B`, `DEB` or `UNK`.
    pub object_type: Option<String>,
    /// Code of the operational status.
    pub status: Option<char>,
    /// Code of the owner.
    pub owner: Option<String>,
    /// Day of the launch.
    pub launch_date: Option<String>,
    /// Day of the decay.
    pub decay_date: Option<String>,
    /// Radar cross section, in m2, where one is known.
    pub radar_cross_section_m2: Option<f64>,
}

/// A SATCAT: what could be read, and what could not.
#[derive(Debug, Clone, PartialEq)]
pub struct SatcatTable {
    /// The lines that could be read.
    pub rows: Vec<SatcatRow>,
    /// The lines that could not.
    pub problems: Vec<RecordProblem>,
}

const DUE: [&str; 4] = ["OBJECT_NAME", "NORAD_CAT_ID", "OBJECT_TYPE", "OPS_STATUS_CODE"];
const OPTIONAL: [&str; 5] = ["OBJECT_ID", "OWNER", "LAUNCH_DATE", "DECAY_DATE", "RCS"];

/// Reads SATCAT. `source_name` names the bytes in problems.
///
/// # Errors
/// When it is not CSV or lacks a column, and, if strict, at the first line that cannot be read.
pub fn read_satcat(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
) -> Result<SatcatTable, RecordProblem> {
    let mut rows = Vec::new();
    let problems = table::read(bytes, source_name, strictness, &DUE, &OPTIONAL, |line| {
        rows.push(read_row(line)?);
        Ok(())
    })?;
    Ok(SatcatTable { rows, problems })
}

fn read_row(line: &Line<'_>) -> Result<SatcatRow, Located> {
    let number = line.cell("NORAD_CAT_ID").parse().map_err(|fault| line.fault("NORAD_CAT_ID", fault))?;
    let area: Option<f64> = line.cell("RCS").parse().ok();
    Ok(SatcatRow {
        catalog_number: number,
        name: line.text("OBJECT_NAME")?.unwrap_or_default(),
        international_designator: line.text("OBJECT_ID")?,
        object_type: line.text("OBJECT_TYPE")?,
        status: line.text("OPS_STATUS_CODE")?.and_then(|code| code.chars().next()),
        owner: line.text("OWNER")?,
        launch_date: line.text("LAUNCH_DATE")?,
        decay_date: line.text("DECAY_DATE")?,
        // Zero stands for one that is not known.
        radar_cross_section_m2: area.filter(|area| area.is_finite() && *area > 0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, Location};

    const HEADER: &str = "OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,\
                          LAUNCH_SITE,DECAY_DATE,PERIOD,INCLINATION,APOGEE,PERIGEE,RCS,DATA_STATUS_CODE,\
                          ORBIT_CENTER,ORBIT_TYPE\n";
    const ONE: &str =
        "OBJECT ONE,2030-001A,700000001,PAY,+,US,2030-01-01,AFETR,,92.9,51.6,421,413,399.05,,EA,ORB\n";
    const TWO: &str =
        "OBJECT TWO,2030-001B,700000002,DEB,,US,2030-01-01,AFETR,2031-02-03,92.9,51.6,421,413,,,EA,ORB\n";

    fn tolerant(text: &str) -> SatcatTable {
        read_satcat(text.as_bytes(), "satcat", Strictness::Tolerant).unwrap()
    }

    #[test]
    fn a_row_has_what_its_line_says_and_nothing_where_it_is_blank() {
        let table = tolerant(&[HEADER, ONE, TWO].concat());
        assert_eq!(table.problems, []);
        let [one, two] = &table.rows[..] else { panic!("two rows") };
        assert_eq!((one.catalog_number.get(), one.name.as_str()), (700_000_001, "OBJECT ONE"));
        assert_eq!((one.object_type.as_deref(), one.status), (Some("PAY"), Some('+')));
        assert_eq!((one.owner.as_deref(), one.radar_cross_section_m2), (Some("US"), Some(399.05)));
        assert_eq!(one.decay_date, None);
        assert_eq!(
            (two.object_type.as_deref(), two.status, two.radar_cross_section_m2),
            (Some("DEB"), None, None)
        );
        assert_eq!(two.decay_date.as_deref(), Some("2031-02-03"));
    }

    #[test]
    fn the_sample_is_read_whole() {
        let bytes = include_bytes!("../tests/table_samples/satcat.csv");
        let rows = read_satcat(bytes, "satcat.csv", Strictness::Strict).unwrap().rows;
        let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["DEMO ALPHA", "DEMO BRAVO R/B", "DEMO CHARLIE DEB", "DEMO DELTA, TWIN"]);
        let areas: Vec<_> = rows.iter().map(|row| row.radar_cross_section_m2).collect();
        assert_eq!(areas, [Some(399.0524), Some(12.5), None, None]);
    }

    #[test]
    fn a_file_without_its_columns_is_refused_by_their_names() {
        for text in ["", "NAME,NUMBER\n", "NAME,NUMBER\nX,1\n"] {
            let problem = read_satcat(text.as_bytes(), "satcat", Strictness::Tolerant).unwrap_err();
            assert_eq!(
                (problem.field.as_deref(), problem.fault),
                (Some("OBJECT_NAME"), Fault::Missing),
                "{text:?}"
            );
        }
    }

    #[test]
    fn columns_that_are_not_due_may_be_missing() {
        let table = tolerant("OBJECT_NAME,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE\nTHING,12,PAY,+\n");
        assert_eq!((table.rows.len(), table.rows[0].owner.as_deref()), (1, None));
    }

    #[test]
    fn a_bad_line_is_skipped_and_named_with_its_place_and_reason() {
        let wrong_number = ONE.replace("700000001", "12x");
        let short = "OBJECT THREE,2030-001C,7000\n";
        let not_text = ONE.replace("OBJECT ONE", "OBJ\u{FFFD}CT");
        let text = [HEADER, &wrong_number, TWO, short, &not_text].concat();
        let table = tolerant(&text.replace('\n', "\r\n"));
        assert_eq!(table.rows, tolerant(&[HEADER, TWO].concat()).rows);
        let problems: Vec<_> =
            table.problems.iter().map(|problem| (problem.location, problem.field.as_deref())).collect();
        let places = [(2, Some("NORAD_CAT_ID")), (4, None), (5, Some("OBJECT_NAME"))];
        assert_eq!(problems, places.map(|(line, field)| (Location::line(line), field)));
        assert_eq!(
            table.problems[0].to_string(),
            "satcat: line 2: NORAD_CAT_ID: not a catalog number: \"12x\""
        );
    }

    #[test]
    fn bytes_that_are_no_text_cost_their_line_only() {
        let bytes = [HEADER.as_bytes(), b"\xff", ONE.as_bytes(), TWO.as_bytes()].concat();
        let table = read_satcat(&bytes, "satcat", Strictness::Tolerant).unwrap();
        assert_eq!((table.rows.len(), &table.problems[0].fault), (1, &Fault::NotUtf8));
    }

    #[test]
    fn the_strict_stop_at_the_first_bad_line() {
        let text = [HEADER, &ONE.replace("700000001", ""), TWO].concat();
        let problem = read_satcat(text.as_bytes(), "satcat", Strictness::Strict).unwrap_err();
        assert_eq!(problem.location, Location::line(2));
    }
}
