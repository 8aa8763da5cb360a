//! JSON records: an array of flat objects, or one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Fault, Located, Location};

/// Name of the notation in messages.
const JSON: &str = "JSON";

/// The records of a text, unread.
pub(crate) fn records(text: &str) -> Result<Vec<&RawValue>, Located> {
    let trimmed = text.trim_start();
    let read = if trimmed.starts_with('[') {
        serde_json::from_str::<Vec<&RawValue>>(text)
    } else {
        serde_json::from_str::<&RawValue>(text).map(|record| vec![record])
    };
    read.map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
        Fault::Syntax { notation: JSON, reason }.on(Location::line(error.line() as u64))
    })
}

/// Text that borrows from the input where it has no escapes.
struct Text<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsText;
        impl<'de> Visitor<'de> for AsText {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AsText)
    }
}

/// Hands each member of a flat object to a function, its name without blanks around it and numbers as they are written;
/// `null` is left out.
pub(crate) fn for_each_member(
    record: &RawValue,
    location: Location,
    mut take: impl FnMut(&str, &str) -> Result<(), Fault>,
) -> Result<(), Located> {
    struct Members<'t, F> {
        take: F,
        fault: &'t mut Option<(String, Fault)>,
    }
    impl<'de, F: FnMut(&str, &str) -> Result<(), Fault>> Visitor<'de> for Members<'_, F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                let value: &'de RawValue = map.next_value()?;
                if let Err(fault) = scalar(value).and_then(|value| match value {
                    Some(value) => (self.take)(key.trim(), &value),
                    None => Ok(()),
                }) {
                    *self.fault = Some((key.into_owned(), fault));
                    return Err(A::Error::custom("fault of a field"));
                }
            }
            Ok(())
        }
    }
    impl<'de, F: FnMut(&str, &str) -> Result<(), Fault>> DeserializeSeed<'de> for Members<'_, F> {
        type Value = ();
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_map(self)
        }
    }
    let mut fault = None;
    let members = Members { take: &mut take, fault: &mut fault };
    let read = members.deserialize(&mut serde_json::Deserializer::from_str(record.get()));
    match (fault, read) {
        (Some((key, fault)), _) => Err(fault.at(location, &key)),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Fault::Syntax { notation: JSON, reason: error.to_string() }.on(location)),
    }
}

/// Text of a string, number or truth value; `None` for `null`.
fn scalar(value: &RawValue) -> Result<Option<Cow<'_, str>>, Fault> {
    let text = value.get();
    match text.as_bytes() {
        b"null" => Ok(None),
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
            Ok(text.get(1..text.len() - 1).map(Cow::Borrowed))
        }
        [b'"', ..] => match serde_json::from_str::<String>(text) {
            Ok(text) => Ok(Some(Cow::Owned(text))),
            Err(error) => Err(Fault::Syntax { notation: JSON, reason: error.to_string() }),
        },
        [b'{' | b'[', ..] => Err(Fault::Unexpected("nested value".to_owned())),
        _ => Ok(Some(Cow::Borrowed(text))),
    }
}

/// Appends a string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => {
                use std::fmt::Write as _;
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
