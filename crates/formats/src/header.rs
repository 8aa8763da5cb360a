//! Header of the orbit data messages.

use crate::field::section;
use crate::timestamp::Timestamp;

section! {
    /// Header of an OPM, OMM or OEM.
    #[derive(Default)]
    pub struct Header (HeaderDraft) in "header" {
        /// Classification or distribution caveats.
        classification: Option<String> = "CLASSIFICATION",
        /// Creation date (UTC); not in CelesTrak's CSV and JSON.
        creation_date: Option<Timestamp> = "CREATION_DATE",
        /// Creating agency or operator.
        originator: Option<String> = "ORIGINATOR",
        /// Identifier of the message.
        message_id: Option<String> = "MESSAGE_ID",
    }
}

/// What a header must say where the message that is written does not have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderDefaults {
    /// Creation date (UTC).
    pub creation_date: Timestamp,
    /// Originator.
    pub originator: String,
}
impl Header {
    /// The header with its mandatory fields filled in.
    pub(crate) fn or(&self, defaults: &HeaderDefaults) -> Self {
        let mut header = self.clone();
        header.creation_date.get_or_insert(defaults.creation_date);
        header.originator.get_or_insert_with(|| defaults.originator.clone());
        header
    }
}
