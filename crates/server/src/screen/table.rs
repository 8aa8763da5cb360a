//! The result of a screening for people.

use std::io::Write;

use super::report::{GRADE_NOTICE, Party, Report, Row};
use crate::number::scientific;

/// Width of the column of a name; longer ones are cut.
const NAME: usize = 26;

/// Writes the report as a table.
pub(super) fn write(report: &Report, mut writer: impl Write) -> anyhow::Result<()> {
    writeln!(writer, "{}", report.header())?;
    writeln!(writer)?;
    if report.conjunctions.is_empty() {
        writeln!(writer, "no close approaches")?;
    } else {
        writeln!(
            writer,
            "{:<23}  {:>8}  {:>8}  {:>9}  {:>9} {:<NAME$} {:>5}  {:>9} {:<NAME$} {:>5}",
            "TCA (UTC)", "range km", "km/s", "max prob", "primary", "", "age d", "secondary", "", "age d"
        )?;
        for row in &report.conjunctions {
            writeln!(writer, "{}", line(row))?;
        }
        let hidden = report.events_found - report.conjunctions.len();
        if hidden > 0 {
            writeln!(writer, "and {hidden} more")?;
        }
    }
    writeln!(writer)?;
    writeln!(writer, "Source: {GRADE_NOTICE}.")?;
    writeln!(
        writer,
        "max prob: largest probability over all sizes of covariance, with the sizes of objects assumed where not given."
    )?;
    if !report.not_screened.is_empty() {
        writeln!(writer, "Objects not screened, or not to the end: {}.", report.not_screened.len())?;
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let probability = row.max_probability.map_or("-".to_owned(), |probability| scientific(probability, 3));
    let mut flags = String::new();
    if let Some(edge) = row.window_edge {
        flags.push_str("  at the window's ");
        flags.push_str(&edge.to_lowercase());
    }
    if row.relation {
        flags.push_str("  stays close");
    }
    let party = |party: &Party| {
        let name: String = party.name.chars().take(NAME).collect();
        format!("{:>9} {name:<NAME$} {:>5}", party.number(), party.age(2))
    };
    format!(
        "{:<23}  {:>8.3}  {:>8.3}  {probability:>9}  {}  {}{flags}",
        row.tca_utc,
        row.range_km,
        row.relative_speed_km_s,
        party(&row.primary),
        party(&row.secondary)
    )
}
