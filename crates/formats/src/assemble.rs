//! Messages put together from fields, whatever notation delivers them.

use crate::cdm::Cdm;
use crate::cdm_draft::CdmDraft;
use crate::cdm_summary::CdmSummary;
use crate::detect::MessageKind;
use crate::error::{Fault, Located, Location, excerpt};
use crate::field::Field;
use crate::oem::Oem;
use crate::oem_draft::OemDraft;
use crate::omm::{Omm, OmmDraft};
use crate::opm::{Opm, OpmDraft};
use crate::tle::Tle;

/// A message of any kind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// Two-line element set.
    Tle(Box<Tle>),
    /// Orbit mean-elements message.
    Omm(Box<Omm>),
    /// Orbit parameter message.
    Opm(Box<Opm>),
    /// Orbit ephemeris message.
    Oem(Box<Oem>),
    /// Conjunction data message.
    Cdm(Box<Cdm>),
    /// Row of Space-Track's `cdm_public`.
    CdmSummary(Box<CdmSummary>),
}

impl Message {
    /// Kind of the message.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Tle(_) => MessageKind::Tle,
            Self::Omm(_) => MessageKind::Omm,
            Self::Opm(_) => MessageKind::Opm,
            Self::Oem(_) => MessageKind::Oem,
            Self::Cdm(_) => MessageKind::Cdm,
            Self::CdmSummary(_) => MessageKind::CdmSummary,
        }
    }
}

/// A message that is being read, field by field.
pub(crate) trait Assemble {
    /// Takes a keyword and its value.
    fn field(&mut self, field: &Field<'_>, location: Location) -> Result<(), Fault>;
    /// Takes a comment, which belongs to the block of the next field.
    fn comment(&mut self, text: String);
    /// Takes a KVN line without a keyword.
    fn row(&mut self, text: &str, location: Location) -> Result<(), Located> {
        Err(Fault::Unexpected(format!("line {:?}", excerpt(text))).on(location))
    }
    /// Learns that an XML element that holds fields begins.
    fn open(&mut self, _tag: &str, _location: Location) {}
    /// Learns that it has ended.
    fn close(&mut self, _tag: &str, _location: Location) -> Result<(), Located> {
        Ok(())
    }
    /// The message.
    fn finish(self: Box<Self>) -> Result<Message, Located>;
}

/// The fault of a keyword that no block knows.
pub(crate) const fn unknown_keyword(known: bool) -> Result<(), Fault> {
    if known { Ok(()) } else { Err(Fault::UnknownKeyword) }
}

/// An empty message of a kind, by its XML element.
pub(crate) fn begin(kind: &str, version: &str, location: Location) -> Option<Box<dyn Assemble>> {
    match kind {
        "omm" => Some(Box::new(OmmDraft::new(version, location))),
        "opm" => Some(Box::new(OpmDraft::new(version, location))),
        "oem" => Some(Box::new(OemDraft::new(version, location))),
        "cdm" => Some(Box::new(CdmDraft::new(version, location))),
        _ => None,
    }
}

/// Kind of a message by its XML element or the word in its version keyword.
pub(crate) fn kind(word: &str) -> MessageKind {
    match word.to_ascii_lowercase().as_str() {
        "omm" => MessageKind::Omm,
        "opm" => MessageKind::Opm,
        "oem" => MessageKind::Oem,
        "cdm" => MessageKind::Cdm,
        "ndm" => MessageKind::Ndm,
        "ocm" | "tdm" | "rdm" | "apm" | "aem" | "acm" | "prm" | "cem" => {
            MessageKind::Unsupported(word.to_ascii_uppercase())
        }
        _ => MessageKind::Unknown,
    }
}
