//! What can be wrong with a record, and where.

use std::fmt;
use std::sync::Arc;

/// Place of a record or field in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location {
    /// Line, counted from 1, where the notation has lines.
    pub line: Option<u64>,
    /// Record, counted from 1, where the notation has records (JSON, CSV).
    pub record: Option<u64>,
}

impl Location {
    /// A line, counted from 1.
    #[must_use]
    pub const fn line(line: u64) -> Self {
        Self { line: Some(line), record: None }
    }

    /// A record, counted from 1.
    #[must_use]
    pub const fn record(record: u64) -> Self {
        Self { line: None, record: Some(record) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.record, self.line) {
            (Some(record), Some(line)) => write!(f, "record {record}, line {line}"),
            (Some(record), None) => write!(f, "record {record}"),
            (None, Some(line)) => write!(f, "line {line}"),
            (None, None) => f.write_str("whole input"),
        }
    }
}

/// A record that cannot be read: where it is, which field, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{source_name}: {location}: {}{fault}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct RecordProblem {
    /// Name of the file or address, as the caller gave it.
    pub source_name: Arc<str>,
    /// Place in the source.
    pub location: Location,
    /// Keyword of the field at fault, where one is.
    pub field: Option<Box<str>>,
    /// Reason.
    pub fault: Fault,
}

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are not UTF-8 text.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// A control character other than tab and line end.
    #[error("control character {0:#04x}")]
    ControlCharacter(u8),
    /// The kind of message or notation is not recognized.
    #[error("not a message in a known notation")]
    UnknownNotation,
    /// The kind of message is known by name but not read by this crate.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// A message of another kind than the caller asked for.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// Kind that the caller asked for.
        expected: String,
        /// Kind of the message.
        found: String,
    },
    /// A mandatory field or block is not there, or is empty.
    #[error("mandatory, but missing or empty")]
    Missing,
    /// The same field twice in one block.
    #[error("given more than once")]
    Repeated,
    /// A keyword that does not exist, or not in this place.
    #[error("keyword is not known here")]
    UnknownKeyword,
    /// Not a finite decimal number.
    #[error("not a number: {0:?}")]
    NotANumber(String),
    /// Not a non-negative integer that the field can hold.
    #[error("not an integer of the field's range: {0:?}")]
    NotAnInteger(String),
    /// Not a calendar or day-of-year time.
    #[error("not a time: {0:?}")]
    NotATime(String),
    /// A time system without a conversion to an instant.
    #[error("time system {0:?} has no conversion to an instant")]
    TimeSystem(String),
    /// Not a catalog number or an Alpha-5 designator.
    #[error("not a catalog number: {0:?}")]
    NotACatalogNumber(String),
    /// A number outside its domain.
    #[error("{value} is outside {domain}")]
    OutOfDomain {
        /// Value read.
        value: f64,
        /// Domain, in words or as an interval.
        domain: &'static str,
    },
    /// A unit that the field cannot have.
    #[error("unit {found:?} where {expected:?} is due")]
    Unit {
        /// Unit of the field in the standard; empty for a number without unit.
        expected: &'static str,
        /// Unit in the message.
        found: String,
    },
    /// One of a closed list of words was due.
    #[error("{found:?} is not one of {expected}")]
    NotOneOf {
        /// The words that are allowed.
        expected: &'static str,
        /// Text in the message.
        found: String,
    },
    /// Checksum digit of a TLE line.
    #[error("checksum is {found}, computed {computed}")]
    Checksum {
        /// Sum of the line, modulo 10.
        computed: u8,
        /// Last character of the line.
        found: char,
    },
    /// A TLE line that is shorter than 68 characters (69 with its checksum), or has other text after that.
    #[error("line has {0} characters, 69 are due")]
    LineLength(usize),
    /// Line 2 of a TLE is missing or belongs to another object.
    #[error("line 1 of {line_1} is followed by {line_2}")]
    LinePair {
        /// Catalog number of line 1, as written.
        line_1: String,
        /// Catalog number of line 2, or what stands in its place.
        line_2: String,
    },
    /// A line or element that does not belong where it is.
    #[error("unexpected {0}")]
    Unexpected(String),
    /// A row of numbers with the wrong count.
    #[error("{found} values in the row, {expected} are due")]
    RowLength {
        /// Values that the row must have.
        expected: &'static str,
        /// Values that it has.
        found: usize,
    },
    /// The notation itself is broken (XML, JSON, CSV).
    #[error("malformed {notation}: {reason}")]
    Syntax {
        /// Notation.
        notation: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// Blocks of one message disagree.
    #[error("differs from the earlier {0:?}")]
    Inconsistent(String),
    /// A day that is not after the one of the line before.
    #[error("{0:?} is not after the day of the line before")]
    OutOfOrder(String),
    /// More faults than any catalog has: the source is something else.
    #[error("more than {0} records with faults")]
    TooManyProblems(usize),
    /// The mean elements belong to a theory other than SGP4.
    #[error("{0} elements cannot be used by SGP4")]
    NotSgp4(String),
}

impl Fault {
    /// Ties the fault to a field and a place.
    pub(crate) fn at(self, location: Location, field: &str) -> Located {
        Located { location, field: Some(excerpt(field).into()), fault: self }
    }

    /// Ties the fault to a place.
    pub(crate) fn on(self, location: Location) -> Located {
        Located { location, field: None, fault: self }
    }
}

/// A fault with its place, before the source's name is attached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Located {
    pub(crate) location: Location,
    pub(crate) field: Option<Box<str>>,
    pub(crate) fault: Fault,
}

impl Located {
    pub(crate) fn in_source(self, source_name: &Arc<str>) -> RecordProblem {
        RecordProblem {
            source_name: Arc::clone(source_name),
            location: self.location,
            field: self.field,
            fault: self.fault,
        }
    }
}

/// A message that cannot be turned into what was asked for: the field that stands in the way, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct ConversionError {
    /// Keyword of the field.
    pub field: &'static str,
    /// Reason.
    pub fault: Fault,
}

impl ConversionError {
    pub(crate) const fn new(field: &'static str, fault: Fault) -> Self {
        Self { field, fault }
    }

    /// Ties the error to a place.
    pub(crate) fn on(self, location: Location) -> Located {
        self.fault.at(location, self.field)
    }
}

/// A value that a notation cannot carry.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The notation needs a field that the message does not have.
    #[error("{notation} needs {field}")]
    Missing {
        /// Notation to be written.
        notation: &'static str,
        /// Keyword of the field.
        field: &'static str,
    },
    /// The value does not fit the notation.
    #[error("{field}: {value} cannot be written as {notation}")]
    NotRepresentable {
        /// Notation to be written.
        notation: &'static str,
        /// Keyword of the field.
        field: String,
        /// Value.
        value: String,
    },
    /// The kind of message does not exist in the notation.
    #[error("{kind} cannot be written as {notation}")]
    NoSuchNotation {
        /// Kind of message.
        kind: &'static str,
        /// Notation asked for.
        notation: &'static str,
    },
}

/// What to do with a record that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Skip it, and list it among the problems.
    #[default]
    Tolerant,
    /// Stop at the first one.
    Strict,
}

/// Text of a bad value, short enough for a message and whatever its length was.
pub(crate) fn excerpt(text: &str) -> String {
    const LIMIT: usize = 48;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
