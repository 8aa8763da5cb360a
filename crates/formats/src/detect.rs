//! Kind and notation of an input, from its content.

use std::fmt;

use crate::error::{Fault, Strictness};
use crate::{assemble, kvn, text, tle, xml};

/// How a message is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notation {
    /// Two-line element sets, with a bare name line or none.
    Tle,
    /// Two-line element sets, each after a line `0 NAME`.
    ThreeLine,
    /// Keyword = value notation.
    Kvn,
    /// XML.
    Xml,
    /// JSON, as CelesTrak and Space-Track use it.
    Json,
    /// CSV with a header line, as CelesTrak and Space-Track use it.
    Csv,
}

impl Notation {
    /// Name in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tle => "TLE",
            Self::ThreeLine => "3LE",
            Self::Kvn => "KVN",
            Self::Xml => "XML",
            Self::Json => "JSON",
            Self::Csv => "CSV",
        }
    }
}

impl fmt::Display for Notation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kind of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Two-line element set.
    Tle,
    /// Orbit mean-elements message.
    Omm,
    /// Orbit parameter message.
    Opm,
    /// Orbit ephemeris message.
    Oem,
    /// Conjunction data message.
    Cdm,
    /// Row of Space-Track's `cdm_public`: a conjunction without states and covariances.
    CdmSummary,
    /// Several messages in one XML container.
    Ndm,
    /// A kind with a name that is not read here (OCM, TDM, RDM, ...).
    Unsupported(String),
    /// Not recognized.
    Unknown,
}

impl MessageKind {
    /// Name in messages.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tle => "TLE",
            Self::Omm => "OMM",
            Self::Opm => "OPM",
            Self::Oem => "OEM",
            Self::Cdm => "CDM",
            Self::CdmSummary => "Space-Track conjunction row",
            Self::Ndm => "NDM",
            Self::Unsupported(name) => name,
            Self::Unknown => "unknown kind",
        }
    }

    /// The fault of a source that should have been of another kind.
    pub(crate) fn not_a(self, expected: &Self) -> Fault {
        match self {
            Self::Unsupported(name) => Fault::Unsupported(name),
            Self::Unknown => Fault::UnknownNotation,
            found => {
                Fault::WrongKind { expected: expected.as_str().to_owned(), found: found.as_str().to_owned() }
            }
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Recognizes notation and kind of an input; the notation is `None` where neither is known.
#[must_use]
pub fn detect(bytes: &[u8]) -> (Option<Notation>, MessageKind) {
    match text::decode(bytes, Strictness::Tolerant) {
        Ok(text) => detect_text(&text),
        Err(_) => (None, MessageKind::Unknown),
    }
}

/// How much of an input is looked at for the keys that tell its kind.
const HEAD: usize = 64 * 1024;

pub(crate) fn detect_text(text: &str) -> (Option<Notation>, MessageKind) {
    let start = text.trim_start();
    let head = start.get(..start.floor_char_boundary(HEAD)).unwrap_or(start);
    if head.starts_with(['[', '{']) {
        return (Some(Notation::Json), json_kind(head));
    }
    if head.starts_with('<') {
        return (Some(Notation::Xml), xml_kind(head));
    }
    if let Some(word) = kvn::first_kind(head) {
        return (Some(Notation::Kvn), assemble::kind(&word));
    }
    let first = head.lines().next().unwrap_or("");
    let columns: Vec<&str> = first.split(',').map(|column| column.trim().trim_matches('"')).collect();
    let named = ["EPOCH", "ECCENTRICITY", "NORAD_CAT_ID"].iter().all(|column| columns.contains(column));
    if named && !first.starts_with("0 ") {
        return (Some(Notation::Csv), MessageKind::Omm);
    }
    if tle::looks_like(text) {
        let zero =
            text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("0 "));
        return (Some(if zero { Notation::ThreeLine } else { Notation::Tle }), MessageKind::Tle);
    }
    (None, MessageKind::Unknown)
}

/// Kind of an XML document: of its root, or of the only kind of message in its container.
fn xml_kind(head: &str) -> MessageKind {
    match xml::root(head) {
        Some((root, Some(child))) if root == "ndm" && child == "omm" => MessageKind::Omm,
        Some((root, _)) => assemble::kind(&root),
        None => MessageKind::Unknown,
    }
}

/// Kind of a JSON record by the keys that stand in its head.
fn json_kind(head: &str) -> MessageKind {
    let has = |key: &str| head.contains(&format!("\"{key}\""));
    let unsupported = |name: &str| MessageKind::Unsupported(name.to_owned());
    if has("Field") && has("Type") && has("Null") {
        unsupported("Space-Track table definition")
    } else if has("ECCENTRICITY") && has("EPOCH") {
        MessageKind::Omm
    } else if has("CCSDS_CDM_VERS") || has("SAT1_X") {
        MessageKind::Cdm
    } else if has("SAT_1_ID") && has("SAT_2_ID") {
        MessageKind::CdmSummary
    } else if has("DECAY_EPOCH") {
        unsupported("Space-Track decay or re-entry row")
    } else if has("SITE_CODE")
        || has("COUNTRY")
        || has("SATNAME")
        || has("CURRENT_NAME")
        || has("announcement_type")
    {
        unsupported("Space-Track catalog row")
    } else {
        MessageKind::Unknown
    }
}
