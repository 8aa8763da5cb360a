//! Space weather, a line a day, as CelesTrak publishes it (`SW-All.csv`, `SW-Last5Years.csv`).
//!
//! Source: CelesTrak, *Space Weather Data Documentation* (`SpaceData/SpaceWx-format.php`). Kp is there in tenths: 27 stands
//! for 3-, 30 for 3o, 33 for 3+. What a line does not have is an empty cell: monthly predictions have no geomagnetic
//! indices.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::daily::{self, DailyTable};
use crate::error::{Fault, Located, RecordProblem, Strictness, excerpt};
use crate::table::Line;

/// Where the solar flux of a day comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceWeatherKind {
    /// Measured (`OBS`).
    Observed,
    /// Interpolated between measurements (`INT`).
    Interpolated,
    /// Predicted for the day, up to 45 days ahead (`PRD`).
    DailyPrediction,
    /// Predicted for the month (`PRM`): a line for its first day.
    MonthlyPrediction,
}

/// Space weather of a day (UTC).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpaceWeatherDay {
    /// The day.
    pub day: Date,
    /// Where the solar flux comes from.
    pub kind: SpaceWeatherKind,
    /// Number of the Bartels solar rotation (27 days, since 1832-02-08).
    pub bartels_rotation: Option<u32>,
    /// Day in that rotation, from 1.
    pub bartels_day: Option<u32>,
    /// Planetary index Kp of each three hours: 2.7 stands for 3-, 3.3 for 3+.
    pub kp: [Option<f64>; 8],
    /// Sum of the eight.
    pub kp_sum: Option<f64>,
    /// Planetary equivalent amplitude ap of each three hours, in units of 2 nT.
    pub ap: [Option<u32>; 8],
    /// Mean of the eight (Ap), in units of 2 nT.
    pub ap_average: Option<u32>,
    /// Planetary daily character figure Cp, 0 to 2.5.
    pub cp: Option<f64>,
    /// Cp on a scale of 0 to 9.
    pub c9: Option<u32>,
    /// International sunspot number.
    pub sunspot_number: Option<u32>,
    /// Solar radio flux at 10.7 cm (F10.7) as it arrives at the Earth, in 1e-22 W/m^2/Hz.
    pub f10_7_observed_sfu: Option<f64>,
    /// The same, at a distance of 1 au.
    pub f10_7_adjusted_sfu: Option<f64>,
    /// Mean of the observed flux over the 81 days around the day.
    pub f10_7_observed_centered_81_days_sfu: Option<f64>,
    /// Mean of the observed flux over the 81 days up to the day.
    pub f10_7_observed_last_81_days_sfu: Option<f64>,
    /// Mean of the adjusted flux over the 81 days around the day.
    pub f10_7_adjusted_centered_81_days_sfu: Option<f64>,
    /// Mean of the adjusted flux over the 81 days up to the day.
    pub f10_7_adjusted_last_81_days_sfu: Option<f64>,
}

const KP: [&str; 8] = ["KP1", "KP2", "KP3", "KP4", "KP5", "KP6", "KP7", "KP8"];
const AP: [&str; 8] = ["AP1", "AP2", "AP3", "AP4", "AP5", "AP6", "AP7", "AP8"];
const KIND: &str = "F10.7_DATA_TYPE";

/// All columns but the date.
const COLUMNS: [&str; 30] = [
    "BSRN",
    "ND",
    "KP1",
    "KP2",
    "KP3",
    "KP4",
    "KP5",
    "KP6",
    "KP7",
    "KP8",
    "KP_SUM",
    "AP1",
    "AP2",
    "AP3",
    "AP4",
    "AP5",
    "AP6",
    "AP7",
    "AP8",
    "AP_AVG",
    "CP",
    "C9",
    "ISN",
    "F10.7_OBS",
    "F10.7_ADJ",
    KIND,
    "F10.7_OBS_CENTER81",
    "F10.7_OBS_LAST81",
    "F10.7_ADJ_CENTER81",
    "F10.7_ADJ_LAST81",
];

/// Reads space weather in CelesTrak's CSV. `source_name` names the file or address in problems. A line that cannot be read
/// becomes a problem.
///
/// # Errors
/// A source that is no such table; with [`Strictness::Strict`] also the first problem.
pub fn read_space_weather(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
) -> Result<DailyTable<SpaceWeatherDay>, RecordProblem> {
    daily::read(bytes, source_name, strictness, &COLUMNS, read_line)
}

fn read_line(day: Date, line: &Line<'_>) -> Result<SpaceWeatherDay, Located> {
    let kp = |column| Ok(line.number(column, 0.0, 90.0, "0 to 90 tenths")?.map(|tenths| tenths / 10.0));
    // The strongest flux of a day so far was 457; bursts of radio noise have been measured as up to some thousands.
    let flux = |column| line.number(column, 0.0, 10_000.0, "0 to 10000 solar flux units");
    Ok(SpaceWeatherDay {
        day,
        kind: kind(line)?,
        bartels_rotation: line.integer("BSRN")?,
        bartels_day: line.integer("ND")?,
        kp: eight(KP, kp)?,
        kp_sum: line.number("KP_SUM", 0.0, 720.0, "0 to 720 tenths")?.map(|tenths| tenths / 10.0),
        ap: eight(AP, |column| line.integer(column))?,
        ap_average: line.integer("AP_AVG")?,
        cp: line.number("CP", 0.0, 2.5, "0 to 2.5")?,
        c9: line.integer("C9")?,
        sunspot_number: line.integer("ISN")?,
        f10_7_observed_sfu: flux("F10.7_OBS")?,
        f10_7_adjusted_sfu: flux("F10.7_ADJ")?,
        f10_7_observed_centered_81_days_sfu: flux("F10.7_OBS_CENTER81")?,
        f10_7_observed_last_81_days_sfu: flux("F10.7_OBS_LAST81")?,
        f10_7_adjusted_centered_81_days_sfu: flux("F10.7_ADJ_CENTER81")?,
        f10_7_adjusted_last_81_days_sfu: flux("F10.7_ADJ_LAST81")?,
    })
}

fn eight<T>(
    columns: [&'static str; 8],
    read: impl Fn(&'static str) -> Result<Option<T>, Located>,
) -> Result<[Option<T>; 8], Located> {
    let mut values = [const { None }; 8];
    for (value, column) in values.iter_mut().zip(columns) {
        *value = read(column)?;
    }
    Ok(values)
}

fn kind(line: &Line<'_>) -> Result<SpaceWeatherKind, Located> {
    match line.cell(KIND) {
        "OBS" => Ok(SpaceWeatherKind::Observed),
        "INT" => Ok(SpaceWeatherKind::Interpolated),
        "PRD" => Ok(SpaceWeatherKind::DailyPrediction),
        "PRM" => Ok(SpaceWeatherKind::MonthlyPrediction),
        other => {
            let found = excerpt(other);
            Err(line.fault(KIND, Fault::NotOneOf { expected: "OBS, INT, PRD, PRM", found }))
        }
    }
}
