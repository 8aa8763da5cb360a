//! Keyed fields and the blocks that they form, independent of the notation.

use std::fmt::Write as _;

use crate::catalog_number::CatalogNumber;
use crate::error::{Fault, WriteError, excerpt};
use crate::text;
use crate::timestamp::{TimeSystem, Timestamp};
use crate::units;

/// One keyword and its value as a notation delivers them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    /// Unit that the notation gives beside the value (XML attribute); KVN has it inside the value.
    pub(crate) unit: Option<&'a str>,
    /// XML element around the field; empty in notations without blocks.
    pub(crate) container: &'a str,
}

/// Receives a message field by field, in the order of the standard.
pub(crate) trait Emit {
    fn open(&mut self, tag: &str);
    fn close(&mut self, tag: &str);
    /// Names the block that follows where several share an element.
    fn mark(&mut self, _block: &'static str) {}
    fn comment(&mut self, text: &str) -> Result<(), WriteError>;
    fn field(
        &mut self,
        key: &str,
        value: &str,
        unit: Option<&'static str>,
        numeric: bool,
    ) -> Result<(), WriteError>;
}

/// A type that a single field can hold.
pub(crate) trait Value: Sized {
    /// Whether JSON writes it without quotes.
    const NUMERIC: bool;
    fn read(field: &Field<'_>, unit: Option<&'static str>) -> Result<Self, Fault>;
    fn write(&self, out: &mut String);
}

impl Value for f64 {
    const NUMERIC: bool = true;

    fn read(field: &Field<'_>, unit: Option<&'static str>) -> Result<Self, Fault> {
        let text = field.value;
        let (number, found) = match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
            Some((number, found)) => (number.trim_end(), Some(found.trim())),
            None => (text, field.unit),
        };
        let value = read_number(number)?;
        match found {
            None => Ok(value),
            Some(found) => units::convert(value, unit.unwrap_or(""), found),
        }
    }

    fn write(&self, out: &mut String) {
        write_number(*self, out);
    }
}

/// A finite decimal number.
pub(crate) fn read_number(text: &str) -> Result<f64, Fault> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| Fault::NotANumber(excerpt(text)))
}

/// Shortest text that reads back as the same number.
pub(crate) fn write_number(value: f64, out: &mut String) {
    let magnitude = value.abs();
    let plain = magnitude == 0.0 || (1e-5..1e15).contains(&magnitude);
    // Writing to a String does not fail.
    let _ = if plain { write!(out, "{value}") } else { write!(out, "{value:E}") };
}

impl Value for String {
    const NUMERIC: bool = false;

    fn read(field: &Field<'_>, _: Option<&'static str>) -> Result<Self, Fault> {
        text::check(field.value).map(str::to_owned)
    }

    fn write(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Value for u32 {
    const NUMERIC: bool = true;

    fn read(field: &Field<'_>, _: Option<&'static str>) -> Result<Self, Fault> {
        let digits = !field.value.is_empty() && field.value.bytes().all(|byte| byte.is_ascii_digit());
        let value = if digits { field.value.parse().ok() } else { None };
        value.ok_or_else(|| Fault::NotAnInteger(excerpt(field.value)))
    }

    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Value for Timestamp {
    const NUMERIC: bool = false;

    fn read(field: &Field<'_>, _: Option<&'static str>) -> Result<Self, Fault> {
        field.value.parse()
    }

    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Value for TimeSystem {
    const NUMERIC: bool = false;

    fn read(field: &Field<'_>, unit: Option<&'static str>) -> Result<Self, Fault> {
        String::read(field, unit).map(Self::new)
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.name());
    }
}

impl Value for CatalogNumber {
    const NUMERIC: bool = true;

    fn read(field: &Field<'_>, _: Option<&'static str>) -> Result<Self, Fault> {
        field.value.parse()
    }

    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

/// A place for a value in a block: mandatory (`T`) or optional (`Option<T>`).
pub(crate) trait Slot: Sized {
    type Value: Value;
    /// The slot's content; `None` if the value is mandatory and missing.
    fn fill(value: Option<Self::Value>) -> Option<Self>;
    fn get(&self) -> Option<&Self::Value>;
}

impl<T: Value> Slot for Option<T> {
    type Value = T;

    fn fill(value: Option<T>) -> Option<Self> {
        Some(value)
    }

    fn get(&self) -> Option<&T> {
        self.as_ref()
    }
}

macro_rules! mandatory {
    ($($type:ty),*) => {$(
        impl Slot for $type {
            type Value = Self;
            fn fill(value: Option<Self>) -> Option<Self> { value }
            fn get(&self) -> Option<&Self> { Some(self) }
        }
    )*};
}
mandatory!(f64, u32, String, Timestamp, TimeSystem, CatalogNumber);

/// Puts a field's value into a slot of a draft; an empty value is no value.
pub(crate) fn put<V: Value>(
    slot: &mut Option<V>,
    field: &Field<'_>,
    unit: Option<&'static str>,
) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(Fault::Repeated);
    }
    if !field.value.is_empty() {
        *slot = Some(V::read(field, unit)?);
    }
    Ok(())
}

/// Emits a slot's value, if it has one.
pub(crate) fn emit<S: Slot>(
    slot: &S,
    key: &str,
    unit: Option<&'static str>,
    out: &mut impl Emit,
) -> Result<(), WriteError> {
    let Some(value) = slot.get() else { return Ok(()) };
    let mut text = String::new();
    value.write(&mut text);
    out.field(key, &text, unit, S::Value::NUMERIC)
}

/// A block of a message: typed fields with comments at its head.
pub(crate) trait Section: Sized {
    type Draft: SectionDraft<Section = Self>;
    fn emit(&self, out: &mut impl Emit) -> Result<(), WriteError>;
}

/// A block that is being read.
pub(crate) trait SectionDraft: Default {
    type Section;
    /// Takes the field, and the comments that stood before it, if its keyword belongs to this block.
    fn offer(&mut self, field: &Field<'_>, pending: &mut Vec<String>) -> Result<bool, Fault>;
    /// Whether no field has been read.
    fn is_empty(&self) -> bool;
    /// Comments of a block without fields, which the message will not have.
    fn orphans(&mut self) -> Vec<String>;
    /// The block, or the keyword of the first mandatory field that is missing.
    fn finish(self) -> Result<Self::Section, &'static str>;

    /// The block, if a field of it was read.
    fn finish_optional(self) -> Result<Option<Self::Section>, &'static str> {
        if self.is_empty() { Ok(None) } else { self.finish().map(Some) }
    }
}

/// Declares a block: its struct, its draft, and how both are read and written, field by field.
macro_rules! section {
    (
        $(#[$doc:meta])*
        $visibility:vis struct $name:ident ($draft:ident) in $tag:literal {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal $([$unit:literal])?,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $visibility struct $name {
            /// Comments at the head of the block.
            pub comments: Vec<String>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        #[derive(Debug, Default)]
        pub(crate) struct $draft {
            pub(crate) comments: Vec<String>,
            $(pub(crate) $field: Option<<$type as $crate::field::Slot>::Value>,)*
        }

        impl $crate::field::SectionDraft for $draft {
            type Section = $name;

            fn offer(
                &mut self,
                field: &$crate::field::Field<'_>,
                pending: &mut Vec<String>,
            ) -> Result<bool, $crate::Fault> {
                if !field.container.is_empty() && field.container != $tag {
                    return Ok(false);
                }
                match field.key {
                    $($key => $crate::field::put(
                        &mut self.$field, field, (&[$($unit)?] as &[&'static str]).first().copied(),
                    )?,)*
                    _ => return Ok(false),
                }
                // A field without a value leaves the comments to the next block that has one.
                if !field.value.is_empty() {
                    self.comments.append(pending);
                }
                Ok(true)
            }

            fn is_empty(&self) -> bool {
                true $(&& self.$field.is_none())*
            }

            fn orphans(&mut self) -> Vec<String> {
                if self.is_empty() { std::mem::take(&mut self.comments) } else { Vec::new() }
            }

            fn finish(self) -> Result<$name, &'static str> {
                Ok($name {
                    comments: self.comments,
                    $($field: <$type as $crate::field::Slot>::fill(self.$field).ok_or($key)?,)*
                })
            }
        }

        impl $crate::field::Section for $name {
            type Draft = $draft;

            fn emit(&self, out: &mut impl $crate::field::Emit) -> Result<(), $crate::WriteError> {
                out.open($tag);
                for comment in &self.comments {
                    out.comment(comment)?;
                }
                $($crate::field::emit(
                    &self.$field, $key, (&[$($unit)?] as &[&'static str]).first().copied(), out,
                )?;)*
                out.close($tag);
                Ok(())
            }
        }
    };
}
pub(crate) use section;

/// A parameter that its originator defines (`USER_DEFINED_x` in KVN), or a column beyond the standard in JSON and CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDefined {
    /// Name, without the prefix `USER_DEFINED_`.
    pub name: String,
    /// Value.
    pub value: String,
}

/// Prefix of user-defined keywords.
pub(crate) const USER_DEFINED: &str = "USER_DEFINED_";

/// Keeps a user-defined parameter, unless it has no value.
pub(crate) fn push_user_defined(list: &mut Vec<UserDefined>, name: &str, value: &str) -> Result<(), Fault> {
    let name = text::check(name)?.trim();
    text::check(value)?;
    if !value.is_empty() {
        list.push(UserDefined { name: name.to_owned(), value: value.to_owned() });
    }
    Ok(())
}
