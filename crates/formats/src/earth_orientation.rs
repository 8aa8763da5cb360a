//! Earth orientation, a line a day, as CelesTrak publishes it (`EOP-All.csv`, `EOP-Last5Years.csv`).
//!
//! Source: CelesTrak, *Earth Orientation Parameters* (`SpaceData/EOP-format.php`), made from the IERS's series C04 and
//! Bulletin A. Values are those of 0 h UTC: angles in arcseconds, times in seconds.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use crate::daily::{self, DailyTable};
use crate::error::{Fault, Located, RecordProblem, Strictness, excerpt};
use crate::table::Line;

/// Whether the orientation of a day was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarthOrientationKind {
    /// Observed (`O`).
    Observed,
    /// Predicted (`P`).
    Predicted,
}

/// Orientation of the Earth at 0 h UTC of a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EarthOrientationDay {
    /// The day.
    pub day: Date,
    /// Whether it was observed.
    pub kind: EarthOrientationKind,
    /// Pole coordinate x, in arcseconds.
    pub polar_motion_x_arcsec: f64,
    /// Pole coordinate y, in arcseconds.
    pub polar_motion_y_arcsec: f64,
    /// UT1 - UTC, in seconds.
    pub ut1_minus_utc_s: f64,
    /// Excess of the length of day over 86,400 s, in seconds.
    pub length_of_day_excess_s: Option<f64>,
    /// Offset of the celestial pole in longitude against the 1980 theory of nutation, in arcseconds.
    pub nutation_longitude_arcsec: Option<f64>,
    /// Offset of the celestial pole in obliquity against the 1980 theory of nutation, in arcseconds.
    pub nutation_obliquity_arcsec: Option<f64>,
    /// Offset X of the celestial pole against the theory of IAU 2000A, in arcseconds.
    pub celestial_pole_x_arcsec: Option<f64>,
    /// Offset Y of the celestial pole against the theory of IAU 2000A, in arcseconds.
    pub celestial_pole_y_arcsec: Option<f64>,
    /// TAI - UTC, in seconds.
    pub tai_minus_utc_s: f64,
}

const KIND: &str = "DATA_TYPE";
const MJD: &str = "MJD";

/// All columns but the date.
const COLUMNS: [&str; 11] = [MJD, "X", "Y", "UT1-UTC", "LOD", "DPSI", "DEPS", "DX", "DY", "DAT", KIND];

/// Day 0 of the modified Julian date.
const MJD_0: Date = date(1858, 11, 17);

/// Reads Earth orientation in CelesTrak's CSV. `source_name` names the file or address in problems. A line that cannot be
/// read becomes a problem.
///
/// # Errors
/// A source that is no such table; with [`Strictness::Strict`] also the first problem.
pub fn read_earth_orientation(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
) -> Result<DailyTable<EarthOrientationDay>, RecordProblem> {
    daily::read(bytes, source_name, strictness, &COLUMNS, read_line)
}

fn read_line(day: Date, line: &Line<'_>) -> Result<EarthOrientationDay, Located> {
    let mjd = line.cell(MJD);
    let expected = day.duration_since(MJD_0).as_hours() / 24;
    if mjd.parse() != Ok(expected) {
        return Err(line.fault(MJD, Fault::Inconsistent(day.to_string())));
    }
    // Wide of everything since 1962, and narrow enough to tell other units.
    let pole = |column| line.due_number(column, -1.0, 1.0, "-1 to 1 arcseconds");
    let offset = |column| line.number(column, -1.0, 1.0, "-1 to 1 arcseconds");
    Ok(EarthOrientationDay {
        day,
        kind: kind(line)?,
        polar_motion_x_arcsec: pole("X")?,
        polar_motion_y_arcsec: pole("Y")?,
        ut1_minus_utc_s: line.due_number("UT1-UTC", -1.0, 1.0, "-1 to 1 s")?,
        length_of_day_excess_s: line.number("LOD", -0.1, 0.1, "-0.1 to 0.1 s")?,
        nutation_longitude_arcsec: offset("DPSI")?,
        nutation_obliquity_arcsec: offset("DEPS")?,
        celestial_pole_x_arcsec: offset("DX")?,
        celestial_pole_y_arcsec: offset("DY")?,
        tai_minus_utc_s: line.due_number("DAT", 0.0, 100.0, "0 to 100 s")?,
    })
}

fn kind(line: &Line<'_>) -> Result<EarthOrientationKind, Located> {
    match line.cell(KIND) {
        "O" => Ok(EarthOrientationKind::Observed),
        "P" => Ok(EarthOrientationKind::Predicted),
        other => Err(line.fault(KIND, Fault::NotOneOf { expected: "O, P", found: excerpt(other) })),
    }
}
