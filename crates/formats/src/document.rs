//! Inputs of any kind and notation, and what can be written of them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::assemble::Message;
use crate::detect::{MessageKind, Notation, detect_text};
use crate::error::{Location, RecordProblem, Strictness, WriteError};
use crate::field::{Emit as _, Section as _};
use crate::header::HeaderDefaults;
use crate::omm::Omm;
use crate::reading::Read;
use crate::tle::{self, NameLine, Tle};
use crate::xml::Contents;
use crate::{cdm_json, cdm_summary, kvn, rows, text, xml};

/// The messages of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Notation of the input.
    pub notation: Notation,
    /// Messages in the order of the input.
    pub messages: Vec<Message>,
    /// What the `ndm` element around the messages says, where there is one.
    pub container: Option<NdmContainer>,
    /// Messages that could not be read, and were skipped.
    pub problems: Vec<RecordProblem>,
}

/// Head of a combined message (`ndm`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NdmContainer {
    /// Identifier.
    pub message_id: Option<String>,
    /// Comments.
    pub comments: Vec<String>,
}

/// Reads an input of any kind and notation that this crate knows.
///
/// `source_name` names the file or address in problems.
///
/// # Errors
/// An input of no known kind, or broken as a whole; with [`Strictness::Strict`] also the first problem.
pub fn read_messages(
    bytes: &[u8],
    source_name: &str,
    strictness: Strictness,
) -> Result<Document, RecordProblem> {
    let source_name: Arc<str> = source_name.into();
    let (notation, contents) = read(bytes, &source_name, strictness, &[])?;
    let Contents { messages, problems, container } = contents;
    let messages = messages.into_iter().map(|(_, message)| message).collect();
    Ok(Document { notation, messages, container, problems })
}

/// Reads an input; where `kinds` are given, of these only.
pub(crate) fn read(
    bytes: &[u8],
    source_name: &Arc<str>,
    strictness: Strictness,
    kinds: &[MessageKind],
) -> Result<(Notation, Contents), RecordProblem> {
    let text = text::decode(bytes, strictness).map_err(|located| located.in_source(source_name))?;
    let (notation, kind) = detect_text(&text);
    let container = matches!(kind, MessageKind::Ndm);
    let wanted = kinds.is_empty() || kinds.contains(&kind) || container;
    let (Some(notation), true) = (notation, wanted) else {
        let fault = kind.not_a(kinds.first().unwrap_or(&MessageKind::Unknown));
        return Err(fault.on(Location::default()).in_source(source_name));
    };
    let plain = |(messages, problems)| Contents { messages, problems, container: None };
    let contents = match (notation, &kind) {
        (Notation::Tle | Notation::ThreeLine, _) => {
            plain(into_messages(tle::read(&text, source_name, strictness), Message::Tle)?)
        }
        (Notation::Csv, _) => {
            plain(into_messages(rows::read_csv(&text, source_name, strictness), Message::Omm)?)
        }
        (Notation::Json, MessageKind::Omm) => {
            plain(into_messages(rows::read_json(&text, source_name, strictness), Message::Omm)?)
        }
        (Notation::Json, MessageKind::Cdm) => {
            plain(into_messages(cdm_json::read(&text, source_name, strictness), Message::Cdm)?)
        }
        (Notation::Json, MessageKind::CdmSummary) => {
            plain(into_messages(cdm_summary::read(&text, source_name, strictness), Message::CdmSummary)?)
        }
        (Notation::Json, _) => {
            return Err(kind.not_a(&MessageKind::Omm).on(Location::default()).in_source(source_name));
        }
        (_, MessageKind::Unknown) => {
            // The reader may say more of an XML document that is not well formed.
            let fault = || kind.not_a(&MessageKind::Omm).on(Location::default()).in_source(source_name);
            let read = if notation == Notation::Xml {
                xml::read(&text, source_name, Strictness::Strict).err()
            } else {
                None
            };
            return Err(read.unwrap_or_else(fault));
        }
        (Notation::Kvn, _) => plain(kvn::read(&text, source_name, strictness)?),
        (Notation::Xml, _) => xml::read(&text, source_name, strictness)?,
    };
    Ok((notation, contents))
}

fn into_messages<T>(read: Read<T>, wrap: fn(Box<T>) -> Message) -> Read<Message> {
    let (messages, problems) = read?;
    let wrapped = messages.into_iter().map(|(location, message)| (location, wrap(Box::new(message))));
    Ok((wrapped.collect(), problems))
}

/// Writes messages in a notation. Several messages in XML are put into an `ndm` element.
///
/// TLEs are written as OMMs where the notation is not TLE, SGP4 OMMs as TLEs where it is.
///
/// # Errors
/// A kind of message that the notation does not have, or a value that it cannot carry.
pub fn write_messages(
    messages: &[Message],
    notation: Notation,
    defaults: &HeaderDefaults,
) -> Result<String, WriteError> {
    write(messages, None, notation, defaults)
}

impl Document {
    /// Writes the messages in a notation, with what the `ndm` element said if it is XML.
    ///
    /// # Errors
    /// As [`write_messages`].
    pub fn write(&self, notation: Notation, defaults: &HeaderDefaults) -> Result<String, WriteError> {
        write(&self.messages, self.container.as_ref(), notation, defaults)
    }
}

fn write(
    messages: &[Message],
    container: Option<&NdmContainer>,
    notation: Notation,
    defaults: &HeaderDefaults,
) -> Result<String, WriteError> {
    match notation {
        Notation::Tle => write_tles(messages, NameLine::Bare),
        Notation::ThreeLine => write_tles(messages, NameLine::Zero),
        Notation::Csv => rows::write_csv(omms(messages, notation)?.iter().map(AsRef::as_ref)),
        Notation::Json => write_json(messages),
        Notation::Kvn => {
            let mut out = kvn::Writer::default();
            for (index, message) in messages.iter().enumerate() {
                if index > 0 {
                    out.out.push('\n');
                }
                write_kvn(message, defaults, &mut out)?;
            }
            Ok(out.out)
        }
        Notation::Xml => {
            let mut out = xml::Writer::new();
            if container.is_some() || messages.len() != 1 {
                out.begin_container();
                if let Some(NdmContainer { message_id, comments }) = container {
                    for comment in comments {
                        out.comment(comment)?;
                    }
                    if let Some(id) = message_id {
                        out.field("MESSAGE_ID", id, None, false)?;
                    }
                }
                for message in messages {
                    write_xml(message, defaults, &mut out)?;
                }
                out.close("ndm");
            } else {
                for message in messages {
                    write_xml(message, defaults, &mut out)?;
                }
            }
            Ok(out.out)
        }
    }
}

/// Messages that are written some at a time. The parts and the end, put together, are what [`write_messages`] makes of all of
/// them at once, but that XML has its `ndm` element around one message, too.
#[derive(Debug)]
pub struct Parts {
    notation: Notation,
    defaults: HeaderDefaults,
    is_begun: bool,
}

impl Parts {
    /// Nothing is written yet.
    #[must_use]
    pub const fn new(notation: Notation, defaults: HeaderDefaults) -> Self {
        Self { notation, defaults, is_begun: false }
    }

    /// The next messages.
    ///
    /// # Errors
    /// As [`write_messages`]; also where a message needs a column of CSV beyond `CelesTrak`'s, which the head cannot name, as
    /// the messages to come are not known.
    pub fn write(&mut self, messages: &[Message]) -> Result<String, WriteError> {
        if messages.is_empty() {
            return Ok(String::new());
        }
        let (head, between, tail) = self.frame()?;
        let whole = write(messages, Some(&NdmContainer::default()), self.notation, &self.defaults)?;
        let inner = whole.strip_prefix(&*head).and_then(|rest| rest.strip_suffix(tail));
        let inner = inner.ok_or_else(|| WriteError::NotRepresentable {
            notation: self.notation.as_str(),
            field: String::new(),
            value: "a column beyond those of the head".to_owned(),
        })?;
        let is_begun = std::mem::replace(&mut self.is_begun, true);
        Ok([if is_begun { between } else { &*head }, inner].concat())
    }

    /// What comes after the last message.
    ///
    /// # Errors
    /// As [`write_messages`].
    pub fn finish(self) -> Result<String, WriteError> {
        let (head, _, tail) = self.frame()?;
        Ok(if self.is_begun { tail.to_owned() } else { head.into_owned() + tail })
    }

    /// What comes before, between and after messages.
    fn frame(&self) -> Result<(Cow<'static, str>, &'static str, &'static str), WriteError> {
        Ok(match self.notation {
            Notation::Json => ("[".into(), ",", "\n]\n"),
            Notation::Csv => (rows::write_csv(std::iter::empty())?.into(), "", ""),
            Notation::Xml => {
                let mut head = xml::Writer::new();
                head.begin_container();
                (head.out.into(), "", "</ndm>\n")
            }
            Notation::Kvn => ("".into(), "\n", ""),
            Notation::Tle | Notation::ThreeLine => ("".into(), "", ""),
        })
    }
}

const fn no_such(message: &Message, notation: Notation) -> WriteError {
    let kind = match message {
        Message::Tle(_) => "TLE",
        Message::Omm(_) => "OMM",
        Message::Opm(_) => "OPM",
        Message::Oem(_) => "OEM",
        Message::Cdm(_) => "CDM",
        Message::CdmSummary(_) => "Space-Track conjunction row",
    };
    WriteError::NoSuchNotation { kind, notation: notation.as_str() }
}

fn omms(messages: &[Message], notation: Notation) -> Result<Vec<Cow<'_, Omm>>, WriteError> {
    messages
        .iter()
        .map(|message| match message {
            Message::Tle(tle) => Ok(Cow::Owned(Omm::from(tle.as_ref()))),
            Message::Omm(omm) => Ok(Cow::Borrowed(omm.as_ref())),
            other => Err(no_such(other, notation)),
        })
        .collect()
}

fn write_tles(messages: &[Message], style: NameLine) -> Result<String, WriteError> {
    let mut out = String::with_capacity(messages.len() * 168);
    for message in messages {
        let tle = match message {
            Message::Tle(tle) => Cow::Borrowed(tle.as_ref()),
            Message::Omm(omm) => {
                Cow::Owned(Tle::try_from(omm.as_ref()).map_err(|error| WriteError::NotRepresentable {
                    notation: "TLE",
                    field: error.field.to_owned(),
                    value: error.fault.to_string(),
                })?)
            }
            other => return Err(no_such(other, Notation::Tle)),
        };
        tle::write(&tle, style, &mut out)?;
    }
    Ok(out)
}

fn write_json(messages: &[Message]) -> Result<String, WriteError> {
    match messages.first() {
        Some(Message::Cdm(_)) => {
            let cdms: Result<Vec<_>, _> = messages
                .iter()
                .map(|message| match message {
                    Message::Cdm(cdm) => Ok(cdm.as_ref()),
                    other => Err(no_such(other, Notation::Json)),
                })
                .collect();
            cdm_json::write(cdms?.into_iter())
        }
        Some(Message::CdmSummary(_)) => {
            let rows: Result<Vec<_>, _> = messages
                .iter()
                .map(|message| match message {
                    Message::CdmSummary(row) => Ok(row.as_ref()),
                    other => Err(no_such(other, Notation::Json)),
                })
                .collect();
            cdm_summary::write(rows?.into_iter())
        }
        _ => rows::write_json(omms(messages, Notation::Json)?.iter().map(AsRef::as_ref)),
    }
}

/// Version of the standard for messages that do not state one.
const VERSION: &str = "3.0";

fn write_kvn(message: &Message, defaults: &HeaderDefaults, out: &mut kvn::Writer) -> Result<(), WriteError> {
    match message {
        Message::Tle(tle) => write_kvn(&Message::Omm(Box::new(Omm::from(tle.as_ref()))), defaults, out),
        Message::Omm(omm) => {
            out.field("CCSDS_OMM_VERS", omm.version.as_deref().unwrap_or(VERSION), None, false)?;
            omm.header.or(defaults).emit(out)?;
            omm.emit(true, out)
        }
        Message::Opm(opm) => {
            out.field("CCSDS_OPM_VERS", &opm.version, None, false)?;
            opm.header.or(defaults).emit(out)?;
            opm.emit(out)
        }
        Message::Oem(oem) => {
            out.field("CCSDS_OEM_VERS", &oem.version, None, false)?;
            oem.header.or(defaults).emit(out)?;
            oem.write_kvn(out)
        }
        Message::Cdm(cdm) => {
            out.field("CCSDS_CDM_VERS", &cdm.version, None, false)?;
            cdm.emit(out)
        }
        Message::CdmSummary(_) => Err(no_such(message, Notation::Kvn)),
    }
}

fn write_xml(message: &Message, defaults: &HeaderDefaults, out: &mut xml::Writer) -> Result<(), WriteError> {
    match message {
        Message::Tle(tle) => {
            return write_xml(&Message::Omm(Box::new(Omm::from(tle.as_ref()))), defaults, out);
        }
        Message::Omm(omm) => {
            out.begin("omm", omm.version.as_deref().unwrap_or(VERSION))?;
            omm.header.or(defaults).emit(out)?;
            out.open("body");
            out.open("segment");
            omm.emit(true, out)?;
            out.close("segment");
            out.close("body");
            out.close("omm");
        }
        Message::Opm(opm) => {
            out.begin("opm", &opm.version)?;
            opm.header.or(defaults).emit(out)?;
            out.open("body");
            out.open("segment");
            opm.emit(out)?;
            out.close("segment");
            out.close("body");
            out.close("opm");
        }
        Message::Oem(oem) => {
            out.begin("oem", &oem.version)?;
            oem.header.or(defaults).emit(out)?;
            out.open("body");
            oem.emit_xml(out)?;
            out.close("body");
            out.close("oem");
        }
        Message::Cdm(cdm) => {
            out.begin("cdm", &cdm.version)?;
            cdm.emit(out)?;
            out.close("cdm");
        }
        Message::CdmSummary(_) => return Err(no_such(message, Notation::Xml)),
    }
    Ok(())
}
