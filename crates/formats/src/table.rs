//! Tables in CSV with a header: columns are found by name, and a fault has its line and its column.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Fault, Located, Location, RecordProblem, Strictness, excerpt};
use crate::field::read_number;
use crate::reading::report;
use crate::rows::first_line;
use crate::text;

/// The cells of a line, by the places of the columns that were asked for.
pub(crate) struct Line<'a> {
    cells: &'a csv::StringRecord,
    places: &'a [(&'static str, usize)],
    location: Location,
}

/// Reads a table line by line, and gives the lines that could not be read. The columns that are `due` have to be there, in
/// any order and among others; a cell of one that is `optional` is empty where the column is not there.
pub(crate) fn read(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
    due: &[&'static str],
    optional: &[&'static str],
    mut read_line: impl FnMut(&Line<'_>) -> Result<(), Located>,
) -> Result<Vec<RecordProblem>, RecordProblem> {
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
    let place = |column: &&'static str| Some((*column, header.iter().position(|known| known == column)?));
    if let Some(missing) = due.iter().find(|column| place(column).is_none()) {
        return Err(in_header(Fault::Missing, missing));
    }
    let places: Vec<_> = due.iter().chain(optional).filter_map(place).collect();
    let mut problems = Vec::new();
    let mut cells = csv::StringRecord::new();
    while reader.read_record(&mut cells).map_err(|error| malformed(&error))? {
        let location = Location::line(cells.position().map_or(0, |position| first_line(&text, position)));
        let read = if cells.len() == header.len() {
            read_line(&Line { cells: &cells, places: &places, location })
        } else {
            Err(Fault::RowLength { expected: "as many as columns", found: cells.len() }.on(location))
        };
        report(read, &source_name, strictness, &mut problems)?;
    }
    Ok(problems)
}

impl Line<'_> {
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

    /// A text, where the cell is not empty.
    pub(crate) fn text(&self, column: &str) -> Result<Option<String>, Located> {
        let text = text::check(self.cell(column)).map_err(|fault| self.fault(column, fault))?;
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}
