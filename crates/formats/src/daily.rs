//! Tables with a line for each day, in CSV: columns are found by name, and a fault has its line and its column.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;

use crate::error::{Fault, Located, Location, RecordProblem, Strictness, excerpt};
use crate::field::read_number;
use crate::reading::report;
use crate::rows::first_line;
use crate::text;

/// A table with a line for each day: what could be read, by ascending day, and what could not.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyTable<T> {
    /// The lines that could be read.
    pub days: Vec<T>,
    /// The lines that could not.
    pub problems: Vec<RecordProblem>,
}

/// The cells of a line, by the places of the columns that were asked for.
pub(crate) struct Line<'a> {
    cells: &'a csv::StringRecord,
    places: &'a [(&'static str, usize)],
    location: Location,
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
    let source_name: Arc<str> = source_name.into();
    let text = text::decode(bytes, strictness).map_err(|located| located.in_source(&source_name))?;
    let malformed = |error: &csv::Error| {
        let location =
            error.position().map_or(Location::default(), |position| Location::line(position.line()));
        Fault::Syntax { notation: "CSV", reason: error.to_string() }.on(location).in_source(&source_name)
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| malformed(&error))?
        .iter()
        .map(|column| column.trim().to_ascii_uppercase())
        .collect();
    let in_header = |fault: Fault, column: &str| fault.at(Location::line(1), column).in_source(&source_name);
    let mut seen = BTreeSet::new();
    if let Some(column) = header.iter().find(|column| !seen.insert(column.as_str())) {
        return Err(in_header(Fault::Repeated, column));
    }
    let places = std::iter::once(&DATE)
        .chain(columns)
        .map(|column| match header.iter().position(|known| known == column) {
            Some(place) => Ok((*column, place)),
            None => Err(in_header(Fault::Missing, column)),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let (mut days, mut problems, mut last) = (Vec::new(), Vec::new(), None);
    let mut cells = csv::StringRecord::new();
    while reader.read_record(&mut cells).map_err(|error| malformed(&error))? {
        let location = Location::line(cells.position().map_or(0, |position| first_line(&text, position)));
        let read = if cells.len() == header.len() {
            let line = Line { cells: &cells, places: &places, location };
            line.day_after(last).and_then(|day| {
                days.push(read_line(day, &line)?);
                last = Some(day);
                Ok(())
            })
        } else {
            Err(Fault::RowLength { expected: "as many as columns", found: cells.len() }.on(location))
        };
        report(read, &source_name, strictness, &mut problems)?;
    }
    Ok(DailyTable { days, problems })
}

impl Line<'_> {
    fn day_after(&self, last: Option<Date>) -> Result<Date, Located> {
        let text = self.cell(DATE);
        // Nothing but a calendar date: other forms of ISO 8601 would be read, too.
        let day = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        let day = day.ok_or_else(|| self.fault(DATE, Fault::NotATime(excerpt(text))))?;
        match last {
            Some(last) if day <= last => Err(self.fault(DATE, Fault::OutOfOrder(excerpt(text)))),
            _ => Ok(day),
        }
    }

    /// Ties a fault to a column of this line.
    pub(crate) fn fault(&self, column: &str, fault: Fault) -> Located {
        fault.at(self.location, column)
    }

    /// The text of a column.
    pub(crate) fn cell(&self, column: &str) -> &str {
        let place = self.places.iter().find(|(known, _)| *known == column);
        place.and_then(|(_, place)| self.cells.get(*place)).unwrap_or_default().trim()
    }

    /// A number, where the cell is not empty.
    pub(crate) fn number(
        &self,
        column: &str,
        least: f64,
        most: f64,
        domain: &'static str,
    ) -> Result<Option<f64>, Located> {
        let text = self.cell(column);
        if text.is_empty() {
            return Ok(None);
        }
        let value = read_number(text).map_err(|fault| self.fault(column, fault))?;
        if (least..=most).contains(&value) {
            Ok(Some(value))
        } else {
            Err(self.fault(column, Fault::OutOfDomain { value, domain }))
        }
    }

    /// A number that has to be there.
    pub(crate) fn due_number(
        &self,
        column: &str,
        least: f64,
        most: f64,
        domain: &'static str,
    ) -> Result<f64, Located> {
        self.number(column, least, most, domain)?.ok_or_else(|| self.fault(column, Fault::Missing))
    }

    /// A whole number, where the cell is not empty.
    pub(crate) fn integer<I: FromStr>(&self, column: &str) -> Result<Option<I>, Located> {
        let text = self.cell(column);
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let value = if digits { text.parse().ok() } else { None };
        value.map(Some).ok_or_else(|| self.fault(column, Fault::NotAnInteger(excerpt(text))))
    }
}
