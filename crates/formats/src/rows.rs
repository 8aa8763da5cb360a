//! OMMs as rows: JSON objects and CSV lines, in the dialects of CelesTrak and Space-Track.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::error::{Fault, Located, Location, Strictness, WriteError};
use crate::field::{Emit, Field, Section as _, USER_DEFINED};
use crate::json;
use crate::omm::{Omm, OmmDraft};
use crate::reading::{Read, report};
use crate::text;

/// Columns of CelesTrak's CSV, in their order.
const CELESTRAK_COLUMNS: [&str; 17] = [
    "OBJECT_NAME",
    "OBJECT_ID",
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
    "EPHEMERIS_TYPE",
    "CLASSIFICATION_TYPE",
    "NORAD_CAT_ID",
    "ELEMENT_SET_NO",
    "REV_AT_EPOCH",
    "BSTAR",
    "MEAN_MOTION_DOT",
    "MEAN_MOTION_DDOT",
];

/// Columns that say of every record that it is an SGP4 element set of CelesTrak.
const IMPLIED_COLUMNS: [&str; 4] = ["CENTER_NAME", "REF_FRAME", "TIME_SYSTEM", "MEAN_ELEMENT_THEORY"];

const VERSION: &str = "CCSDS_OMM_VERS";
const COMMENT: &str = "COMMENT";

fn take(draft: &mut OmmDraft, key: &str, value: &str) -> Result<(), Fault> {
    match key {
        VERSION => {
            draft.version = Some(text::check(value.trim())?.to_owned()).filter(|version| !version.is_empty());
        }
        _ if key.starts_with(COMMENT) => {
            let block = key.strip_prefix(COMMENT).and_then(|rest| rest.strip_prefix('_')).unwrap_or("");
            draft.comments_of(block).append(&mut read_comments(value)?);
        }
        _ => {
            let value = value.trim();
            if !draft.offer(&Field { key, value, unit: None, container: "" })? {
                draft.offer_user_defined(key, value)?;
            }
        }
    }
    Ok(())
}

/// Comments of one cell: a line each. An empty cell has none, a blank one an empty comment.
pub(crate) fn read_comments(cell: &str) -> Result<Vec<String>, Fault> {
    if cell.is_empty() {
        return Ok(Vec::new());
    }
    cell.split('\n').map(|line| text::check(line.trim_end()).map(str::to_owned)).collect()
}

/// Adds a comment to the cell of its column.
pub(crate) fn push_comment(cells: &mut Vec<(String, String)>, column: String, text: &str) {
    match cells.iter_mut().find(|(known, _)| *known == column) {
        Some((_, cell)) => {
            cell.push('\n');
            cell.push_str(text);
        }
        None => cells.push((column, if text.is_empty() { " ".to_owned() } else { text.to_owned() })),
    }
}

fn finish(mut draft: OmmDraft, location: Location) -> Result<Omm, Located> {
    draft.assume_celestrak();
    // Members and columns have no order of their own, and a table cannot keep that of rows that lack some.
    draft.sort_user_defined();
    draft.into_omm().map_err(|key| Fault::Missing.at(location, key))
}

/// Reads an array of OMM objects, or one object.
pub(crate) fn read_json(text: &str, source_name: &Arc<str>, strictness: Strictness) -> Read<Omm> {
    let records = json::records(text).map_err(|located| located.in_source(source_name))?;
    let (mut messages, mut problems) = (Vec::with_capacity(records.len().min(1 << 20)), Vec::new());
    for (record, number) in records.into_iter().zip(1..) {
        let location = Location::record(number);
        let mut draft = OmmDraft::default();
        let read = json::for_each_member(record, location, |key, value| take(&mut draft, key, value))
            .and_then(|()| finish(draft, location))
            .map(|omm| messages.push((location, omm)));
        report(read, source_name, strictness, &mut problems)?;
    }
    Ok((messages, problems))
}

/// Reads a table with a header line.
pub(crate) fn read_csv(text: &str, source_name: &Arc<str>, strictness: Strictness) -> Read<Omm> {
    let malformed = |error: &csv::Error| {
        let location =
            error.position().map_or(Location::default(), |position| Location::line(position.line()));
        Fault::Syntax { notation: "CSV", reason: error.to_string() }.on(location).in_source(source_name)
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    let columns: Vec<&str> = header.iter().map(str::trim).collect();
    let mut seen = BTreeSet::new();
    if let Some(column) = columns.iter().find(|column| !seen.insert(**column)) {
        return Err(Fault::Repeated.at(Location::line(1), column).in_source(source_name));
    }
    let (mut messages, mut problems) = (Vec::new(), Vec::new());
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(|error| malformed(&error))? {
        let location = Location::line(row.position().map_or(0, |position| first_line(text, position)));
        let read = if row.len() == columns.len() {
            read_row(&columns, &row, location).map(|omm| messages.push((location, omm)))
        } else {
            Err(Fault::RowLength { expected: "as many as columns", found: row.len() }.on(location))
        };
        report(read, source_name, strictness, &mut problems)?;
    }
    Ok((messages, problems))
}

/// Line on which a row begins: its position may lie before line ends that precede it, as the LF of CR LF does.
pub(crate) fn first_line(text: &str, position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|byte| text.as_bytes().get(byte..));
    let line_ends = rest.unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + line_ends.map(|byte| u64::from(*byte == b'\n')).sum::<u64>()
}

fn read_row(columns: &[&str], row: &csv::StringRecord, location: Location) -> Result<Omm, Located> {
    let mut draft = OmmDraft::default();
    for (column, value) in columns.iter().zip(row) {
        take(&mut draft, column, value).map_err(|fault| fault.at(location, column))?;
    }
    finish(draft, location)
}

/// Collects the fields of a message as a row.
#[derive(Default)]
struct Row {
    cells: Vec<(String, String, bool)>,
    /// Comments by column: those of the header under `COMMENT`, of other blocks under their name.
    comments: Vec<(String, String)>,
    block: String,
}

impl Emit for Row {
    fn open(&mut self, tag: &str) {
        tag.clone_into(&mut self.block);
    }

    fn close(&mut self, _: &str) {}

    fn comment(&mut self, text: &str) -> Result<(), WriteError> {
        let column = match self.block.as_str() {
            "header" => COMMENT.to_owned(),
            block => format!("{COMMENT}_{}", block.to_ascii_uppercase()),
        };
        push_comment(&mut self.comments, column, text);
        Ok(())
    }

    fn field(
        &mut self,
        key: &str,
        value: &str,
        _: Option<&'static str>,
        numeric: bool,
    ) -> Result<(), WriteError> {
        let key = match key.strip_prefix(USER_DEFINED) {
            Some(name) if !is_keyword(name) => name,
            _ => key,
        };
        self.cells.push((key.to_owned(), value.to_owned(), numeric));
        Ok(())
    }
}

/// Whether a row's column of this name is a field of the standard.
fn is_keyword(name: &str) -> bool {
    let field = Field { key: name, value: "", unit: None, container: "" };
    name == VERSION
        || name.starts_with(COMMENT)
        || name.starts_with(USER_DEFINED)
        || OmmDraft::default().offer(&field).unwrap_or(true)
}

/// The row of a message: keyword, value, whether it is a number.
fn row(omm: &Omm) -> Result<Vec<(String, String, bool)>, WriteError> {
    let mut row = Row::default();
    omm.header.emit(&mut row)?;
    omm.emit(false, &mut row)?;
    let mut cells = row.cells;
    if omm.is_standard_sgp4() {
        cells.retain(|(key, ..)| !IMPLIED_COLUMNS.contains(&key.as_str()));
    }
    cells.splice(0..0, row.comments.into_iter().map(|(column, lines)| (column, lines, false)));
    if let Some(version) = &omm.version {
        cells.insert(0, (VERSION.to_owned(), version.clone(), false));
    }
    Ok(cells)
}

/// Writes an array of objects, one to a line.
pub(crate) fn write_json<'a>(messages: impl Iterator<Item = &'a Omm>) -> Result<String, WriteError> {
    let mut out = String::from("[");
    for (index, omm) in messages.enumerate() {
        out.push_str(if index == 0 { "\n{" } else { ",\n{" });
        for (column, (key, value, numeric)) in row(omm)?.iter().enumerate() {
            if column > 0 {
                out.push(',');
            }
            json::write_string(key, &mut out);
            out.push(':');
            if *numeric {
                out.push_str(value);
            } else {
                json::write_string(value, &mut out);
            }
        }
        out.push('}');
    }
    out.push_str("\n]\n");
    Ok(out)
}

/// Writes CelesTrak's columns, and after them those that some message needs beyond them.
pub(crate) fn write_csv<'a>(messages: impl Iterator<Item = &'a Omm>) -> Result<String, WriteError> {
    let rows = messages.map(row).collect::<Result<Vec<_>, _>>()?;
    let keys = rows.iter().flatten().map(|(key, ..)| key.as_str());
    let further: BTreeSet<&str> = keys.filter(|key| !CELESTRAK_COLUMNS.contains(key)).collect();
    let columns: Vec<&str> = CELESTRAK_COLUMNS.into_iter().chain(further).collect();
    let places: HashMap<&str, usize> =
        columns.iter().enumerate().map(|(place, column)| (*column, place)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: &dyn std::fmt::Display| WriteError::NotRepresentable {
        notation: "CSV",
        field: String::new(),
        value: error.to_string(),
    };
    writer.write_record(&columns).map_err(|error| failed(&error))?;
    let mut line = vec![""; columns.len()];
    for row in &rows {
        line.fill("");
        for (key, value, _) in row {
            if let Some(cell) = places.get(key.as_str()).and_then(|place| line.get_mut(*place)) {
                *cell = value;
            }
        }
        writer.write_record(&line).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_of_a_row_is_its_own_after_any_line_end() {
        for ends in ["\n", "\r\n", "\n\n", "\r\n\r\n"] {
            let text = ["EPOCH,NORAD_CAT_ID", "x,1", "y,2"].join(ends);
            let (_, problems) = read_csv(&text, &"test".into(), Strictness::Tolerant).unwrap();
            let lines: Vec<_> = problems.iter().filter_map(|problem| problem.location.line).collect();
            let step = ends.matches('\n').count() as u64;
            assert_eq!(lines, [1 + step, 1 + 2 * step], "{ends:?}");
        }
    }
}
