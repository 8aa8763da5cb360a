//! Catalogs: element sets of many objects, in any notation.

use std::sync::Arc;

use astroshield_astro::elements::MeanElements;

use crate::assemble::Message;
use crate::catalog_number::CatalogNumber;
use crate::detect::{MessageKind, Notation};
use crate::document;
use crate::error::{ConversionError, Fault, RecordProblem, Strictness, WriteError};
use crate::header::HeaderDefaults;
use crate::omm::{Omm, long_designator};
use crate::reading::report;
use crate::tle::Tle;
use crate::xml::Contents;

/// The element sets of a source, and the records that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// Notation of the source.
    pub notation: Notation,
    /// Element sets in the order of the source; an object may have several.
    pub objects: Vec<ElementSetRecord>,
    /// Records that were skipped.
    pub problems: Vec<RecordProblem>,
}

/// An element set that SGP4 can propagate, with everything that came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementSetRecord {
    /// Catalog number.
    pub catalog_number: CatalogNumber,
    /// Name of the object.
    pub name: Option<String>,
    /// International designator in its long form (`1998-067A`).
    pub international_designator: Option<String>,
    /// Elements for SGP4.
    pub elements: MeanElements,
    /// The message as it was read.
    pub source: ElementSet,
}

/// The message that an element set came in.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementSet {
    /// Two-line element set.
    Tle(Box<Tle>),
    /// Orbit mean-elements message.
    Omm(Box<Omm>),
}

impl ElementSet {
    /// The message as an OMM.
    #[must_use]
    pub fn to_omm(&self) -> Omm {
        match self {
            Self::Tle(tle) => Omm::from(tle.as_ref()),
            Self::Omm(omm) => omm.as_ref().clone(),
        }
    }

    /// The message as a TLE.
    ///
    /// # Errors
    /// The field that has no place in a TLE, and why.
    pub fn to_tle(&self) -> Result<Tle, ConversionError> {
        match self {
            Self::Tle(tle) => Ok(tle.as_ref().clone()),
            Self::Omm(omm) => Tle::try_from(omm.as_ref()),
        }
    }
}

impl TryFrom<Tle> for ElementSetRecord {
    type Error = ConversionError;

    fn try_from(tle: Tle) -> Result<Self, Self::Error> {
        let designator = long_designator(&tle.international_designator);
        Ok(Self {
            catalog_number: tle.catalog_number,
            name: tle.name.clone(),
            international_designator: (!designator.is_empty()).then_some(designator),
            elements: MeanElements::try_from(&tle)?,
            source: ElementSet::Tle(Box::new(tle)),
        })
    }
}

impl TryFrom<Omm> for ElementSetRecord {
    type Error = ConversionError;

    fn try_from(omm: Omm) -> Result<Self, Self::Error> {
        Ok(Self {
            catalog_number: omm
                .catalog_number()
                .ok_or(ConversionError::new("NORAD_CAT_ID", Fault::Missing))?,
            name: omm.metadata.object_name.clone(),
            international_designator: omm.metadata.object_id.clone(),
            elements: MeanElements::try_from(&omm)?,
            source: ElementSet::Omm(Box::new(omm)),
        })
    }
}

/// Reads a catalog in whatever notation it is: TLE with or without names, or OMM as KVN, XML, JSON or CSV.
///
/// `source_name` names the file or address in problems. A record that cannot be read, or whose elements are not
/// SGP4's, becomes a problem.
///
/// # Errors
/// A source that is no catalog, or is broken as a whole (JSON and XML that are not well formed); with
/// [`Strictness::Strict`] also the first problem.
pub fn read_catalog(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
) -> Result<Catalog, RecordProblem> {
    let source_name: Arc<str> = source_name.into();
    let (notation, contents) =
        document::read(bytes, &source_name, strictness, &[MessageKind::Tle, MessageKind::Omm])?;
    let (objects, problems) = records(contents, &source_name, strictness)?;
    Ok(Catalog { notation, objects, problems })
}

type Sorted = (Vec<ElementSetRecord>, Vec<RecordProblem>);

/// Turns messages into records that SGP4 can use, those that it cannot into problems.
fn records(
    contents: Contents,
    source_name: &Arc<str>,
    strictness: Strictness,
) -> Result<Sorted, RecordProblem> {
    let Contents { messages, mut problems, .. } = contents;
    let mut objects = Vec::with_capacity(messages.len());
    let read_so_far = problems.len();
    for (location, message) in messages {
        let record = match message {
            Message::Tle(tle) => ElementSetRecord::try_from(*tle).map_err(|error| error.on(location)),
            Message::Omm(omm) => ElementSetRecord::try_from(*omm).map_err(|error| error.on(location)),
            other => Err(other.kind().not_a(&MessageKind::Omm).on(location)),
        };
        report(record.map(|record| objects.push(record)), source_name, strictness, &mut problems)?;
    }
    if read_so_far > 0 && problems.len() > read_so_far {
        problems.sort_by_key(|problem| (problem.location.line, problem.location.record));
    }
    Ok((objects, problems))
}

/// Writes element sets in a notation. What came as a TLE is written as the same TLE.
///
/// # Errors
/// A value that the notation cannot carry, as a catalog number above 339,999 in a TLE.
pub fn write_catalog(
    objects: &[ElementSetRecord],
    notation: Notation,
    defaults: &HeaderDefaults,
) -> Result<String, WriteError> {
    let messages: Vec<Message> = objects
        .iter()
        .map(|object| match &object.source {
            ElementSet::Tle(tle) => Message::Tle(tle.clone()),
            ElementSet::Omm(omm) => Message::Omm(omm.clone()),
        })
        .collect();
    document::write_messages(&messages, notation, defaults)
}
