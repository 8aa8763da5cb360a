//! An event as a message: JSON, with what others want to know of it in headers.

use std::num::ParseIntError;

use astroshield_domain::event::{Event, Published, SCHEMA_VERSION};
use astroshield_domain::trace::{TRACE_PARENT, Trace, XRAY_TRACE};
use rdkafka::message::{BorrowedHeaders, Header, Headers as _, OwnedHeaders};

const POSITION: &str = "position";
pub(super) const SCHEMA: &str = "schema-version";

/// A message to be sent.
pub(super) struct Written {
    pub(super) headers: OwnedHeaders,
    pub(super) payload: Vec<u8>,
}

/// Why a message is no event.
#[derive(Debug, thiserror::Error)]
pub(super) enum EnvelopeError {
    #[error("the header {0} is missing")]
    NoHeader(&'static str),
    #[error("the header {name} is no number")]
    NoNumber {
        name: &'static str,
        #[source]
        source: ParseIntError,
    },
    #[error("schema version {found}; at most {newest} is understood")]
    Version { found: u32, newest: u32 },
    #[error("it is empty")]
    Empty,
    #[error("its JSON cannot be read")]
    Json(#[from] serde_json::Error),
}

/// Writes an event, to be followed on from a step of its trace.
pub(super) fn write(
    Published { position, event }: &Published,
    step: Option<&Trace>,
) -> Result<Written, serde_json::Error> {
    let causes = event.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut headers = OwnedHeaders::new_with_capacity(7);
    for (key, value) in [
        (POSITION, &position.to_string()),
        (SCHEMA, &event.schema_version.to_string()),
        ("event-id", &event.id.to_string()),
        ("topic", &event.topic.to_string()),
        ("causes", &causes),
    ] {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    if let Some(step) = step {
        for (key, value) in [(TRACE_PARENT, step.traceparent()), (XRAY_TRACE, step.xray())] {
            headers = headers.insert(Header { key, value: Some(&value) });
        }
    }
    Ok(Written { headers, payload: serde_json::to_vec(event)? })
}

/// Reads an event.
pub(super) fn read(
    headers: Option<&BorrowedHeaders>,
    payload: Option<&[u8]>,
) -> Result<Published, EnvelopeError> {
    let header = |name: &'static str| {
        let found = headers.and_then(|headers| headers.iter().find(|header| header.key == name));
        let value = found.and_then(|header| std::str::from_utf8(header.value?).ok());
        value.ok_or(EnvelopeError::NoHeader(name))
    };
    let no_number = |name| move |source| EnvelopeError::NoNumber { name, source };
    let version: u32 = header(SCHEMA)?.parse().map_err(no_number(SCHEMA))?;
    if version > SCHEMA_VERSION {
        return Err(EnvelopeError::Version { found: version, newest: SCHEMA_VERSION });
    }
    let position = header(POSITION)?.parse().map_err(no_number(POSITION))?;
    let mut event: Event = serde_json::from_slice(payload.ok_or(EnvelopeError::Empty)?)?;
    // Sending it was a step of the trace, too.
    if let Ok(parent) = header(TRACE_PARENT) {
        event.trace = Some(parent.to_owned());
    }
    Ok(Published { position, event })
}
