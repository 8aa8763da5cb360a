//! Tables with a line for each day.

use jiff::civil::Date;

use crate::error::{Fault, Located, RecordProblem, Strictness, excerpt};
use crate::table::{self, Line};

/// A table with a line for each day: what could be read, by ascending day, and what could not.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyTable<T> {
    /// The lines that could be read.
    pub days: Vec<T>,
    /// The lines that could not.
    pub problems: Vec<RecordProblem>,
}

/// The column that every table has.
pub(crate) const DATE: &str = "DATE";

/// Reads a table. `columns` have to be there, in any order and among others.
pub(crate) fn read<T>(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
    columns: &[&'static str],
    read_line: impl Fn(Date, &Line<'_>) -> Result<T, Located>,
) -> Result<DailyTable<T>, RecordProblem> {
    let columns: Vec<&str> = std::iter::once(DATE).chain(columns.iter().copied()).collect();
    let (mut days, mut last) = (Vec::new(), None);
    let problems = table::read(bytes, source_name, strictness, &columns, &[], |line| {
        let day = day_after(last, line)?;
        days.push(read_line(day, line)?);
        last = Some(day);
        Ok(())
    })?;
    Ok(DailyTable { days, problems })
}

fn day_after(last: Option<Date>, line: &Line<'_>) -> Result<Date, Located> {
    let text = line.cell(DATE);
    // Nothing but a calendar date: other forms of ISO 8601 would be read, too.
    let day = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
    let day = day.ok_or_else(|| line.fault(DATE, Fault::NotATime(excerpt(text))))?;
    match last {
        Some(last) if day <= last => Err(line.fault(DATE, Fault::OutOfOrder(excerpt(text)))),
        _ => Ok(day),
    }
}
