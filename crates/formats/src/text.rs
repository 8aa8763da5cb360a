//! Bytes to text.

use std::borrow::Cow;

use crate::error::{Fault, Located, Location, Strictness};

/// Text of an input, without its byte order mark.
///
/// Tolerant reading puts U+FFFD where the bytes are not UTF-8, and the fields that contain it are refused one by
/// one; strict reading refuses the input at its line.
pub(crate) fn decode(bytes: &[u8], strictness: Strictness) -> Result<Cow<'_, str>, Located> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match (std::str::from_utf8(bytes), strictness) {
        (Ok(text), _) => Ok(Cow::Borrowed(text)),
        (Err(_), Strictness::Tolerant) => Ok(String::from_utf8_lossy(bytes)),
        (Err(error), Strictness::Strict) => {
            let before = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            Err(Fault::NotUtf8.on(Location::line(before as u64 + 1)))
        }
    }
}

/// Refuses text that was not UTF-8 or has control characters.
pub(crate) fn check(text: &str) -> Result<&str, Fault> {
    match text.chars().find(|character| is_control(*character) || *character == '\u{FFFD}') {
        None => Ok(text),
        Some('\u{FFFD}') => Err(Fault::NotUtf8),
        Some(control) => Err(Fault::ControlCharacter(u8::try_from(control).unwrap_or(0))),
    }
}

/// A character that no line of text has; the tab is not one of them.
pub(crate) fn is_control(character: char) -> bool {
    character.is_ascii_control() && character != '\t'
}
