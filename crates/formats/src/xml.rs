//! XML notation.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::assemble::{Assemble, Message, begin, kind};
use crate::detect::MessageKind;
use crate::document::NdmContainer;
use crate::error::{Fault, Located, Location, RecordProblem, Strictness, WriteError, excerpt};
use crate::field::{Emit, Field, USER_DEFINED};
use crate::reading::report;
use crate::text;

/// Name of the notation in messages.
const XML: &str = "XML";

/// Attributes of the root element (CCSDS 505.0-B, NDM/XML).
const SCHEMA: &str = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xsi:noNamespaceSchemaLocation=\"https://sanaregistry.org/r/ndmxml_unqualified/ndmxml-3.0.0-master-3.0.xsd\"";

/// Elements that nest deeper than any message are refused.
const MAX_DEPTH: usize = 16;

/// Elements that hold other elements: name, parent, whether it may come again under the same parent.
const CONTAINERS: &[(&str, &str, bool)] = &[
    ("header", "", false),
    ("body", "", false),
    ("segment", "body", true),
    ("metadata", "segment", false),
    ("data", "segment", false),
    ("relativeMetadataData", "body", false),
    ("relativeStateVector", "relativeMetadataData", false),
    ("meanElements", "data", false),
    ("tleParameters", "data", false),
    ("stateVector", "data", true),
    ("keplerianElements", "data", false),
    ("spacecraftParameters", "data", false),
    ("maneuverParameters", "data", true),
    ("odParameters", "data", false),
    ("additionalParameters", "data", false),
    ("covarianceMatrix", "data", true),
    ("userDefinedParameters", "data", false),
    ("userDefinedParameters", "body", false),
];

/// A step through a document. Elements that hold fields have names in camel case, fields in capitals.
enum Step {
    Open { tag: String, version: String },
    Leaf { tag: String, value: String, unit: Option<String>, parameter: Option<String> },
    Close { tag: String },
    End,
}

struct Cursor<'a> {
    reader: Reader<&'a [u8]>,
    text: &'a str,
    counted: usize,
    line: u64,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, text, counted: 0, line: 1 }
    }

    fn location(&mut self) -> Location {
        let position = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        if let Some(passed) = self.text.as_bytes().get(self.counted..position) {
            self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.counted = position;
        }
        Location::line(self.line)
    }

    fn event(&mut self) -> Result<Event<'a>, Located> {
        self.reader.read_event().map_err(|error| {
            let position = usize::try_from(self.reader.error_position()).unwrap_or(0);
            let before = self.text.as_bytes().iter().take(position);
            let line = before.filter(|byte| **byte == b'\n').count() as u64 + 1;
            syntax(error.to_string()).on(Location::line(line))
        })
    }

    fn next(&mut self) -> Result<Step, Located> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    let tag = start.local_name().as_ref().to_owned();
                    let location = self.location();
                    return if tag.starts_with(|first: char| first.is_ascii_uppercase()) {
                        self.leaf(tag, &start, location)
                    } else {
                        let version = attribute(&start, "version", location)?.unwrap_or_default();
                        Ok(Step::Open { tag, version })
                    };
                }
                Event::End(end) => return Ok(Step::Close { tag: end.local_name().as_ref().to_owned() }),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(text) => {
                    let location = self.location();
                    return Err(Fault::Unexpected(format!("text {:?}", excerpt(text.trim()))).on(location));
                }
                Event::DocType(_) => {
                    let location = self.location();
                    return Err(Fault::Unexpected("document type declaration".to_owned()).on(location));
                }
                Event::CData(_) | Event::GeneralRef(_) => {
                    let location = self.location();
                    return Err(Fault::Unexpected("text outside of a field".to_owned()).on(location));
                }
                Event::Eof => return Ok(Step::End),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Empty(_) => {}
            }
        }
    }

    fn leaf(&mut self, tag: String, start: &BytesStart<'_>, location: Location) -> Result<Step, Located> {
        let unit = attribute(start, "units", location)?;
        let parameter = attribute(start, "parameter", location)?;
        let mut value = String::new();
        loop {
            match self.event()? {
                Event::Text(text) => value.push_str(&text.xml10_content()),
                Event::CData(text) => value.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    value.push(resolve(&reference).map_err(|fault| fault.at(location, &tag))?);
                }
                Event::End(_) => break,
                Event::Start(_) | Event::Empty(_) => {
                    return Err(Fault::Unexpected("element inside a field".to_owned()).at(location, &tag));
                }
                Event::Eof => return Err(syntax("document ends inside a field").at(location, &tag)),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::DocType(_) => {
                    return Err(Fault::Unexpected("document type declaration".to_owned()).on(location));
                }
            }
        }
        Ok(Step::Leaf { tag, value: one_line(value), unit, parameter })
    }

    /// Passes over an element that has been opened.
    fn skip(&mut self, depth_to: usize, depth: &mut usize) -> Result<(), Located> {
        while *depth > depth_to {
            match self.event()? {
                Event::Start(_) => *depth += 1,
                Event::End(_) => *depth -= 1,
                Event::Eof => return Err(syntax("document ends inside an element").on(self.location())),
                _ => {}
            }
            if *depth > MAX_DEPTH {
                return Err(too_deep().on(self.location()));
            }
        }
        Ok(())
    }
}

fn syntax(reason: impl Into<String>) -> Fault {
    Fault::Syntax { notation: XML, reason: reason.into() }
}

fn too_deep() -> Fault {
    Fault::Unexpected(format!("nesting deeper than {MAX_DEPTH} elements"))
}

/// Joins the lines of a value; a comment keeps its leading blanks.
fn one_line(value: String) -> String {
    if value.contains(['\n', '\r']) {
        let lines: Vec<&str> = value.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        return lines.join(" ");
    }
    value
}

fn attribute(start: &BytesStart<'_>, name: &str, location: Location) -> Result<Option<String>, Located> {
    let malformed = |reason: String| syntax(reason).on(location);
    match start.try_get_attribute(name).map_err(|error| malformed(error.to_string()))? {
        None => Ok(None),
        Some(attribute) => attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map(|value| Some(value.trim().to_owned()))
            .map_err(|error| malformed(error.to_string())),
    }
}

/// Character of a reference; entities that a document declares itself are refused.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Fault> {
    let unknown = || Fault::Unexpected(format!("entity &{};", excerpt(reference)));
    if let Some(character) = reference.resolve_char_ref().map_err(|error| syntax(error.to_string()))? {
        return Ok(character);
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(unknown()),
    }
}

/// Root element of a document, and its first child if the root is `ndm`.
pub(crate) fn root(text: &str) -> Option<(String, Option<String>)> {
    let mut cursor = Cursor::new(text);
    let Ok(Step::Open { tag, .. }) = cursor.next() else { return None };
    if tag != "ndm" {
        return Some((tag, None));
    }
    loop {
        match cursor.next() {
            Ok(Step::Open { tag: child, .. }) => return Some((tag, Some(child))),
            Ok(Step::Leaf { .. }) => {}
            _ => return Some((tag, None)),
        }
    }
}

/// Messages of a document, and what its `ndm` container says.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) messages: Vec<(Location, Message)>,
    pub(crate) problems: Vec<RecordProblem>,
    pub(crate) container: Option<NdmContainer>,
}

/// Reads one message, or those of an `ndm` container. A fault of a message ends that message; a document that is
/// not well formed ends the reading.
pub(crate) fn read(
    text: &str,
    source_name: &Arc<str>,
    strictness: Strictness,
) -> Result<Contents, RecordProblem> {
    let mut document = Contents::default();
    let mut cursor = Cursor::new(text);
    let fatal = |located: Located| located.in_source(source_name);
    // Depth of the element around the messages: 1 inside of `ndm`.
    let mut depth = 0;
    let mut seen = false;
    loop {
        let step = cursor.next().map_err(fatal)?;
        let location = cursor.location();
        match step {
            Step::Open { tag, .. } if tag == "ndm" && depth == 0 && !seen => {
                depth = 1;
                seen = true;
                document.container = Some(NdmContainer::default());
            }
            Step::Open { tag, version } => {
                seen = true;
                let around = depth;
                depth += 1;
                let version = text::check(&version).map_err(|fault| fault.at(location, "version"));
                let found = version.and_then(|version| match begin(&tag, version, location) {
                    Some(message) => read_message(&mut cursor, message, &mut depth),
                    None => Err(kind(&tag).not_a(&MessageKind::Ndm).on(location)),
                });
                match found {
                    Ok(message) => document.messages.push((location, message)),
                    Err(located) => {
                        if matches!(located.fault, Fault::Syntax { .. }) {
                            return Err(fatal(located));
                        }
                        report(Err(located), source_name, strictness, &mut document.problems)?;
                        cursor.skip(around, &mut depth).map_err(fatal)?;
                    }
                }
            }
            Step::Leaf { tag, value, .. } if depth == 1 && (tag == "COMMENT" || tag == "MESSAGE_ID") => {
                let value = text::check(value.trim_end()).map_err(|fault| fatal(fault.at(location, &tag)))?;
                let container = document.container.get_or_insert_default();
                if tag == "COMMENT" {
                    container.comments.push(value.to_owned());
                } else {
                    container.message_id = Some(value.trim().to_owned());
                }
            }
            Step::Leaf { tag, .. } => return Err(fatal(Fault::UnknownKeyword.at(location, &tag))),
            Step::Close { .. } if depth == 1 => depth = 0,
            Step::Close { .. } => {}
            Step::End if depth > 0 => {
                return Err(fatal(syntax("document ends inside an element").on(location)));
            }
            Step::End if !seen => return Err(fatal(Fault::UnknownNotation.on(location))),
            Step::End => return Ok(document),
        }
    }
}

fn read_message(
    cursor: &mut Cursor<'_>,
    mut message: Box<dyn Assemble>,
    depth: &mut usize,
) -> Result<Message, Located> {
    // Open elements, each with the children that it may have only once and has had.
    let mut open: Vec<(&'static str, Vec<&'static str>)> = vec![("", Vec::new())];
    loop {
        let step = cursor.next()?;
        let location = cursor.location();
        match step {
            Step::Open { tag, .. } => {
                *depth += 1;
                let unexpected = || Fault::Unexpected(format!("element <{}>", excerpt(&tag))).on(location);
                if *depth > MAX_DEPTH {
                    return Err(too_deep().on(location));
                }
                let (parent, children) = open.last_mut().ok_or_else(unexpected)?;
                let known = CONTAINERS.iter().find(|(name, around, _)| *name == tag && around == parent);
                let (name, _, again) = known.ok_or_else(unexpected)?;
                if !again {
                    if children.contains(name) {
                        return Err(Fault::Unexpected(format!("second element <{name}>")).on(location));
                    }
                    children.push(name);
                }
                message.open(name, location);
                open.push((name, Vec::new()));
            }
            Step::Leaf { tag, value, unit, parameter } => {
                let container = open.last().map_or("", |(name, _)| name);
                if tag == "COMMENT" {
                    let comment = text::check(value.trim_end()).map_err(|fault| fault.at(location, &tag))?;
                    message.comment(comment.to_owned());
                    continue;
                }
                let key = match parameter {
                    Some(parameter) if tag == "USER_DEFINED" => format!("{USER_DEFINED}{parameter}"),
                    _ => tag,
                };
                let field = Field {
                    key: &key,
                    value: value.trim(),
                    unit: unit.as_deref(),
                    container: if container == "relativeStateVector" {
                        "relativeMetadataData"
                    } else {
                        container
                    },
                };
                message.field(&field, location).map_err(|fault| fault.at(location, &key))?;
            }
            Step::Close { tag } => {
                *depth -= 1;
                open.pop();
                if open.is_empty() {
                    return message.finish();
                }
                message.close(&tag, location)?;
            }
            Step::End => return Err(syntax("document ends inside a message").on(location)),
        }
    }
}

/// Writes fields as elements.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) out: String,
    depth: usize,
    /// An element that groups the fields of one kind inside their block.
    group: Option<&'static str>,
}

impl Writer {
    /// A document with its declaration.
    pub(crate) fn new() -> Self {
        Self { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), depth: 0, group: None }
    }

    /// Opens the element of a message.
    pub(crate) fn begin(&mut self, kind: &str, version: &str) -> Result<(), WriteError> {
        if version.contains(char::is_control) {
            return Err(not_representable(kind, version));
        }
        self.indent();
        let schema = if self.depth == 0 { SCHEMA } else { "" };
        let word = kind.to_ascii_uppercase();
        self.out.push_str(&format!("<{kind}{schema} id=\"CCSDS_{word}_VERS\" version=\""));
        escape(version, &mut self.out);
        self.out.push_str("\">\n");
        self.depth += 1;
        Ok(())
    }

    /// Opens the element around several messages.
    pub(crate) fn begin_container(&mut self) {
        self.out.push_str(&format!("<ndm{SCHEMA}>\n"));
        self.depth += 1;
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn leaf(&mut self, tag: &str, attributes: &[(&str, &str)], value: &str) -> Result<(), WriteError> {
        let name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        // XML cannot carry control characters, and line ends would be read back as blanks.
        if value.contains(text::is_control)
            || !tag.contains(name)
            || tag.contains(|character| !name(character))
        {
            return Err(not_representable(tag, value));
        }
        self.indent();
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push_str(&format!(" {name}=\""));
            // A tab in an attribute is read back as a blank.
            let mut text = String::new();
            escape(value, &mut text);
            self.out.push_str(&text.replace('\t', "&#9;"));
            self.out.push('"');
        }
        self.out.push('>');
        escape(value, &mut self.out);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push_str(">\n");
        Ok(())
    }
}

fn not_representable(field: &str, value: &str) -> WriteError {
    WriteError::NotRepresentable { notation: XML, field: excerpt(field), value: excerpt(value) }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

impl Emit for Writer {
    fn open(&mut self, tag: &str) {
        self.indent();
        self.out.push_str(&format!("<{tag}>\n"));
        self.depth += 1;
    }

    fn close(&mut self, tag: &str) {
        if let Some(group) = self.group.take() {
            self.close(group);
        }
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.out.push_str(&format!("</{tag}>\n"));
    }

    fn comment(&mut self, text: &str) -> Result<(), WriteError> {
        self.leaf("COMMENT", &[], text)
    }

    fn field(
        &mut self,
        key: &str,
        value: &str,
        unit: Option<&'static str>,
        _: bool,
    ) -> Result<(), WriteError> {
        let relative_state = key.starts_with("RELATIVE_POSITION_") || key.starts_with("RELATIVE_VELOCITY_");
        let group = relative_state.then_some("relativeStateVector");
        if group != self.group {
            match (self.group.take(), group) {
                (Some(group), _) => self.close(group),
                (None, Some(group)) => self.open(group),
                (None, None) => {}
            }
            self.group = group;
        }
        match (key.strip_prefix(USER_DEFINED), unit) {
            (Some(name), _) => self.leaf("USER_DEFINED", &[("parameter", name)], value),
            (None, Some(unit)) => self.leaf(key, &[("units", unit)], value),
            (None, None) => self.leaf(key, &[], value),
        }
    }
}
