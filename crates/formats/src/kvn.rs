//! Keyword = value notation.

use std::sync::Arc;

use crate::assemble::{Assemble, Message, begin};
use crate::error::{Fault, Located, Location, Strictness, WriteError};
use crate::field::{Emit, Field};
use crate::reading::{Read, report};
use crate::text;

/// What one line says.
enum Line<'a> {
    Comment(&'a str),
    Field { key: &'a str, value: &'a str },
    Row(&'a str),
}

fn read_line(line: &str) -> Line<'_> {
    if let Some(comment) = line.strip_prefix("COMMENT")
        && (comment.is_empty() || comment.starts_with([' ', '\t']))
    {
        return Line::Comment(comment.get(1..).unwrap_or(""));
    }
    match line.split_once('=') {
        Some((key, value)) => Line::Field { key: key.trim_end(), value: value.trim_start() },
        None => Line::Row(line),
    }
}

/// Kind of the message that a keyword begins: `omm` for `CCSDS_OMM_VERS`.
pub(crate) fn kind_of(key: &str) -> Option<String> {
    let kind = key.strip_prefix("CCSDS_")?.strip_suffix("_VERS")?;
    (kind.len() == 3).then(|| kind.to_ascii_lowercase())
}

/// Kind of the first message of a text.
pub(crate) fn first_kind(text: &str) -> Option<String> {
    text.lines().map(str::trim).find_map(|line| match read_line(line) {
        Line::Field { key, .. } => Some(kind_of(key)),
        Line::Row(line) if !line.is_empty() => Some(None),
        _ => None,
    })?
}

/// Reads one message after the other. A fault ends its message; the next one begins at the next version keyword.
pub(crate) fn read(text: &str, source_name: &Arc<str>, strictness: Strictness) -> Read<Message> {
    let (mut messages, mut problems) = (Vec::new(), Vec::new());
    let mut current: Option<(Location, Box<dyn Assemble>)> = None;
    let mut begun = false;
    for (line, number) in text.lines().zip(1..) {
        let location = Location::line(number);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let line = read_line(trimmed);
        if let Line::Field { key, value } = line
            && let Some(kind) = kind_of(key)
        {
            begun = true;
            if let Some((start, message)) = current.take() {
                let finished = message.finish().map(|message| messages.push((start, message)));
                report(finished, source_name, strictness, &mut problems)?;
            }
            let message = text::check(value).map_err(|fault| fault.at(location, key)).and_then(|value| {
                let unsupported = || Fault::Unsupported(kind.to_ascii_uppercase()).on(location);
                begin(&kind, value, location).ok_or_else(unsupported)
            });
            let found = message.map(|message| current = Some((location, message)));
            report(found, source_name, strictness, &mut problems)?;
            continue;
        }
        let Some((_, message)) = &mut current else {
            // The rest of a message that has a fault or is not supported.
            if begun || matches!(line, Line::Comment(_)) {
                continue;
            }
            return Err(Fault::UnknownNotation.on(location).in_source(source_name));
        };
        if let Err(located) = take(message.as_mut(), &line, location) {
            current = None;
            report(Err(located), source_name, strictness, &mut problems)?;
        }
    }
    if let Some((start, message)) = current {
        let finished = message.finish().map(|message| messages.push((start, message)));
        report(finished, source_name, strictness, &mut problems)?;
    }
    Ok((messages, problems))
}

fn take(message: &mut dyn Assemble, line: &Line<'_>, location: Location) -> Result<(), Located> {
    match *line {
        Line::Comment(comment) => {
            let comment = text::check(comment).map_err(|fault| fault.at(location, "COMMENT"))?;
            message.comment(comment.to_owned());
            Ok(())
        }
        Line::Field { key, value } => {
            let field = Field { key, value, unit: None, container: "" };
            message.field(&field, location).map_err(|fault| fault.at(location, key))
        }
        Line::Row(row) => message.row(row, location),
    }
}

/// Writes fields as lines.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) out: String,
}

impl Emit for Writer {
    fn open(&mut self, _: &str) {}

    fn close(&mut self, _: &str) {}

    fn comment(&mut self, text: &str) -> Result<(), WriteError> {
        self.line("COMMENT", text)?;
        self.out.push_str(if text.is_empty() { "COMMENT" } else { "COMMENT " });
        self.out.push_str(text);
        self.out.push('\n');
        Ok(())
    }

    fn field(
        &mut self,
        key: &str,
        value: &str,
        unit: Option<&'static str>,
        _: bool,
    ) -> Result<(), WriteError> {
        self.line(key, value)?;
        if value.trim() != value || key.contains('=') || key.trim() != key || key.is_empty() {
            return Err(not_representable(key, value));
        }
        self.out.push_str(key);
        for _ in key.len()..24 {
            self.out.push(' ');
        }
        self.out.push_str(" = ");
        self.out.push_str(value);
        if let Some(unit) = unit {
            self.out.push_str(" [");
            self.out.push_str(unit);
            self.out.push(']');
        }
        self.out.push('\n');
        Ok(())
    }
}

impl Writer {
    /// Refuses text that would not be one line.
    fn line(&self, key: &str, value: &str) -> Result<(), WriteError> {
        let one_line = |line: &str| !line.contains(text::is_control);
        if one_line(key) && one_line(value) && value.trim_end() == value {
            Ok(())
        } else {
            Err(not_representable(key, value))
        }
    }
}

fn not_representable(key: &str, value: &str) -> WriteError {
    WriteError::NotRepresentable {
        notation: "KVN",
        field: crate::error::excerpt(key),
        value: crate::error::excerpt(value),
    }
}
