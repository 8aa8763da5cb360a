//! What people note about conjunctions: that they saw one, whose it is, what is decided. Nothing of it is taken back or
//! changed; what holds is what was noted last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ConjunctionId, NoteId, TenantId};

/// Longest text of a note, in characters.
pub const LONGEST_TEXT: usize = 4_000;

/// Most notes of a tenant about one conjunction.
pub const MOST_NOTES: u32 = 1_000;

/// What is decided about a conjunction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing is done.
    NoAction,
    /// It is watched.
    Monitor,
    /// A satellite maneuvers.
    Maneuver,
}

/// Kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// A text.
    Note,
    /// That somebody saw the conjunction.
    Acknowledged,
    /// Whose it is.
    Assigned,
    /// What is decided.
    Decided,
}

/// What is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// A text.
    Note {
        /// The text.
        text: String,
    },
    /// That whoever notes it saw the conjunction.
    Acknowledged {
        /// More about it.
        text: Option<String>,
    },
    /// Whose the conjunction is.
    Assigned {
        /// Whose; nobody's any more without it.
        assignee: Option<String>,
        /// More about it.
        text: Option<String>,
    },
    /// What is decided.
    Decided {
        /// What.
        decision: Decision,
        /// More about it.
        text: Option<String>,
    },
}

impl Noted {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> NoteKind {
        match self {
            Self::Note { .. } => NoteKind::Note,
            Self::Acknowledged { .. } => NoteKind::Acknowledged,
            Self::Assigned { .. } => NoteKind::Assigned,
            Self::Decided { .. } => NoteKind::Decided,
        }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Note { text } => Some(text),
            Self::Acknowledged { text } | Self::Assigned { text, .. } | Self::Decided { text, .. } => {
                text.as_deref()
            }
        }
    }

    /// Whose the conjunction is by it.
    #[must_use]
    pub fn assignee(&self) -> Option<&str> {
        match self {
            Self::Assigned { assignee, .. } => assignee.as_deref(),
            _ => None,
        }
    }

    /// What is decided by it.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        match self {
            Self::Decided { decision, .. } => Some(*decision),
            _ => None,
        }
    }

    /// The action that the audit log has for it.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self.kind() {
            NoteKind::Note => "conjunction.note",
            NoteKind::Acknowledged => "conjunction.acknowledge",
            NoteKind::Assigned => "conjunction.assign",
            NoteKind::Decided => "conjunction.decide",
        }
    }
}

/// A note about a conjunction, for the tenant of whoever wrote it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Identity.
    pub id: NoteId,
    /// Whose it is; the conjunction may be public.
    pub tenant: TenantId,
    /// The conjunction.
    pub conjunction: ConjunctionId,
    /// When.
    pub at: Timestamp,
    /// What they are called who wrote it.
    pub by: String,
    /// What it says.
    pub noted: Noted,
}

/// What all notes of a tenant about a conjunction come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handling {
    /// When it was last acknowledged, and by whom.
    pub acknowledged: Option<(Timestamp, String)>,
    /// Whose it is.
    pub assignee: Option<String>,
    /// What is decided.
    pub decision: Option<Decision>,
    /// How many notes there are.
    pub notes: u32,
}

impl Handling {
    /// With one more note.
    #[must_use]
    pub fn after(mut self, note: &Note) -> Self {
        self.notes += 1;
        match &note.noted {
            Noted::Note { .. } => {}
            Noted::Acknowledged { .. } => self.acknowledged = Some((note.at, note.by.clone())),
            Noted::Assigned { assignee, .. } => self.assignee.clone_from(assignee),
            Noted::Decided { decision, .. } => self.decision = Some(*decision),
        }
        self
    }
}

/// A conjunction that somebody noted something about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The conjunction.
    pub conjunction: ConjunctionId,
    /// What the notes come to.
    pub handling: Handling,
    /// When the last of them was written.
    pub updated: Timestamp,
}

/// A place in the list of these, in which the last note is the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandledPlace {
    /// When the last note was written.
    pub updated: Timestamp,
    /// The conjunction.
    pub conjunction: ConjunctionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(second: i64, by: &str, noted: Noted) -> Note {
        let at = Timestamp::from_second(second).unwrap();
        let conjunction = ConjunctionId::first_seen(&TenantId::public(), [5, 7], None);
        Note { id: NoteId::at(at), tenant: TenantId::local(), conjunction, at, by: by.to_owned(), noted }
    }

    #[test]
    fn what_was_noted_last_of_each_kind_holds() {
        let notes = [
            note(1, "ann", Noted::Acknowledged { text: None }),
            note(2, "ann", Noted::Assigned { assignee: Some("bob".to_owned()), text: None }),
            note(3, "bob", Noted::Decided { decision: Decision::Monitor, text: Some("wait".to_owned()) }),
            note(4, "bob", Noted::Acknowledged { text: None }),
            note(5, "bob", Noted::Decided { decision: Decision::Maneuver, text: None }),
            note(6, "ann", Noted::Note { text: "done".to_owned() }),
        ];
        let handling = notes.iter().fold(Handling::default(), Handling::after);
        let expected = Handling {
            acknowledged: Some((notes[3].at, "bob".to_owned())),
            assignee: Some("bob".to_owned()),
            decision: Some(Decision::Maneuver),
            notes: 6,
        };
        assert_eq!(handling, expected);
        let nobodys = handling.after(&note(7, "ann", Noted::Assigned { assignee: None, text: None }));
        assert_eq!((nobodys.assignee, nobodys.notes), (None, 7));
    }
}
