//! `/conjunctions/{id}/notes` and `/conjunctions/handled`: what people noted about conjunctions.

use astroshield_domain::access::Caller;
use astroshield_domain::ids::{ConjunctionId, NoteId};
use astroshield_domain::note::{Decision, Handled, HandledPlace, LONGEST_TEXT, Note, NoteKind, Noted};
use astroshield_domain::ports::Continued;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;

use super::audit_entry;
use super::conjunctions::found;
use crate::access::{Reader, Writer};
use crate::answer::{self, List};
use crate::cursor;
use crate::idempotency::Tried;
use crate::problem::Problem;
use crate::request::{Id, Json, Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// What to note.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum NoteBody {
    /// A text.
    Note {
        /// The text.
        text: String,
    },
    /// That the conjunction was seen.
    Acknowledged {
        /// More about it.
        #[serde(default)]
        text: Option<String>,
    },
    /// Whose it is.
    Assigned {
        /// Whose, or nobody's: that has to be said, too.
        #[serde(deserialize_with = "Option::deserialize")]
        assignee: Option<String>,
        /// More about it.
        #[serde(default)]
        text: Option<String>,
    },
    /// What is decided.
    Decided {
        /// What.
        decision: Decision,
        /// More about it.
        #[serde(default)]
        text: Option<String>,
    },
}

impl utoipa::PartialSchema for NoteBody {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        RefOr::T(schema::note_body().into())
    }
}

impl ToSchema for NoteBody {}

/// Longest name of whose a conjunction is, in characters.
const LONGEST_NAME: usize = 100;

/// A text of a body without blanks around it: not empty, at most so long, of no control characters but some.
fn checked(field: &'static str, text: &str, longest: usize, allowed: &[char]) -> Result<String, Problem> {
    let text = text.trim();
    let refused = |letter: char| letter.is_control() && !allowed.contains(&letter);
    if !(1..=longest).contains(&text.chars().count()) || text.chars().any(refused) {
        let detail = format!("1 to {longest} characters are due, none of them a control character");
        return Err(Problem::unprocessable(detail).at(field));
    }
    Ok(text.to_owned())
}

fn text_of(text: &str) -> Result<String, Problem> {
    checked("text", text, LONGEST_TEXT, &['\t', '\n', '\r'])
}

impl NoteBody {
    fn into_noted(self) -> Result<Noted, Problem> {
        let more = |text: Option<String>| text.as_deref().map(text_of).transpose();
        Ok(match self {
            Self::Note { text } => Noted::Note { text: text_of(&text)? },
            Self::Acknowledged { text } => Noted::Acknowledged { text: more(text)? },
            Self::Assigned { assignee, text } => {
                let name = |name: String| checked("assignee", &name, LONGEST_NAME, &[]);
                Noted::Assigned { assignee: assignee.map(name).transpose()?, text: more(text)? }
            }
            Self::Decided { decision, text } => Noted::Decided { decision, text: more(text)? },
        })
    }
}

/// A note about a conjunction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: NoteId,
    /// The conjunction.
    #[schema(schema_with = schema::id)]
    conjunction: ConjunctionId,
    /// When, UTC.
    #[schema(schema_with = schema::time)]
    at: Timestamp,
    /// What they are called who wrote it.
    by: String,
    /// What is noted.
    #[schema(schema_with = schema::note_kind)]
    kind: NoteKind,
    /// The text.
    text: Option<String>,
    /// Whose the conjunction is by it, of the kind `assigned`; without it, nobody's any more.
    assignee: Option<String>,
    /// What is decided, of the kind `decided`.
    #[schema(schema_with = schema::decision_or_null)]
    decision: Option<Decision>,
}

impl From<Note> for NoteRow {
    fn from(note: Note) -> Self {
        Self {
            id: note.id,
            conjunction: note.conjunction,
            at: note.at,
            by: note.by,
            kind: note.noted.kind(),
            text: note.noted.text().map(str::to_owned),
            assignee: note.noted.assignee().map(str::to_owned),
            decision: note.noted.decision(),
        }
    }
}

/// What the caller's organization noted about a conjunction, the oldest first.
#[utoipa::path(get, path = "/conjunctions/{id}/notes", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Notes", body = List<NoteRow>)))]
pub(crate) async fn notes(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<ConjunctionId>,
) -> Result<Response, Problem> {
    let notes = state.ports.store.conjunction_notes(&caller.tenant, id).await?;
    if notes.is_empty() {
        found(&state, &caller, id).await?;
    }
    answer::json(&List { items: notes.into_iter().map(NoteRow::from).collect(), next_cursor: None })
}

/// What an earlier attempt at a request has noted.
async fn noted_before(
    state: &ApiState,
    caller: &Caller,
    conjunction: ConjunctionId,
    id: NoteId,
) -> Result<Option<Note>, Problem> {
    let notes = state.ports.store.conjunction_notes(&caller.tenant, conjunction).await?;
    Ok(notes.into_iter().find(|note| note.id == id))
}

/// Note something about a conjunction. Nobody changes or removes it after that.
#[utoipa::path(post, path = "/conjunctions/{id}/notes", tag = "conjunctions", request_body = NoteBody,
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 201, description = "Noted", body = NoteRow)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(conjunction): Id<ConjunctionId>,
    Json(body): Json<NoteBody>,
) -> Result<Response, Problem> {
    let now = state.now();
    let id = tried.id(NoteId::of_attempt, || NoteId::at(now));
    if tried.is_repeated()
        && let Some(note) = noted_before(&state, &caller, conjunction, id).await?
    {
        return answer::json_of(StatusCode::CREATED, &NoteRow::from(note));
    }
    let (tenant, by) = (caller.tenant.clone(), caller.name.clone());
    let note = Note { id, tenant, conjunction, at: now, by, noted: body.into_noted()? };
    let audit = audit_entry(&caller, now, note.noted.action(), &conjunction);
    state.ports.store.add_note(&note, &audit).await?;
    answer::json_of(StatusCode::CREATED, &NoteRow::from(note))
}

/// A part of the list of conjunctions that somebody noted something about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HandledParams {
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A conjunction that somebody of the caller's organization noted something about, and what that comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandledRow {
    /// The conjunction.
    #[schema(schema_with = schema::id)]
    conjunction: ConjunctionId,
    /// When it was last acknowledged, UTC.
    #[schema(schema_with = schema::time_or_null)]
    acknowledged_at: Option<Timestamp>,
    /// Who acknowledged it then.
    acknowledged_by: Option<String>,
    /// Whose it is.
    assignee: Option<String>,
    /// What is decided.
    #[schema(schema_with = schema::decision_or_null)]
    decision: Option<Decision>,
    /// How many notes there are, of any kind.
    notes: u32,
    /// When the last of them was written, UTC.
    #[schema(schema_with = schema::time)]
    updated: Timestamp,
}

impl From<Handled> for HandledRow {
    fn from(Handled { conjunction, handling, updated }: Handled) -> Self {
        let (acknowledged_at, acknowledged_by) = handling.acknowledged.unzip();
        Self {
            conjunction,
            acknowledged_at,
            acknowledged_by,
            assignee: handling.assignee,
            decision: handling.decision,
            notes: handling.notes,
            updated,
        }
    }
}

/// Active conjunctions that the caller's organization noted something about, the one with the newest note first.
#[utoipa::path(get, path = "/conjunctions/handled", tag = "conjunctions", params(HandledParams),
    responses((status = 200, description = "Conjunctions with notes", body = List<HandledRow>)))]
pub(crate) async fn handled(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Parameters(params): Parameters<HandledParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "handled conjunctions";
    let after: Option<HandledPlace> =
        params.cursor.as_deref().map(|cursor| cursor::decode(LIST, cursor)).transpose()?;
    let limit = limit(params.limit)?;
    let handled = state.ports.store.handled_conjunctions(&caller.tenant, after.as_ref(), limit).await?;
    let Continued { rows, next } = handled;
    let next_cursor = next.map(|place| cursor::encode(LIST, place)).transpose()?;
    answer::json(&List { items: rows.into_iter().map(HandledRow::from).collect(), next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(json: &str) -> Result<Noted, String> {
        let body: NoteBody = serde_json::from_str(json).map_err(|error| error.to_string())?;
        body.into_noted().map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn a_note_has_what_its_kind_has() {
        let text = Some("by phone\n\tat noon".to_owned());
        for (json, due) in [
            (r#"{"kind":"note","text":" a "}"#, Noted::Note { text: "a".to_owned() }),
            (r#"{"kind":"acknowledged"}"#, Noted::Acknowledged { text: None }),
            (
                r#"{"kind":"acknowledged","text":"by phone\n\tat noon"}"#,
                Noted::Acknowledged { text: text.clone() },
            ),
            (
                r#"{"kind":"assigned","assignee":"bob"}"#,
                Noted::Assigned { assignee: Some("bob".to_owned()), text: None },
            ),
            (r#"{"kind":"assigned","assignee":null}"#, Noted::Assigned { assignee: None, text: None }),
            (
                r#"{"kind":"decided","decision":"no_action","text":"by phone\n\tat noon"}"#,
                Noted::Decided { decision: Decision::NoAction, text },
            ),
        ] {
            assert_eq!(noted(json), Ok(due), "{json}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_note_is_named() {
        let long = format!(r#"{{"kind":"note","text":"{}"}}"#, "x".repeat(LONGEST_TEXT + 1));
        for (json, told) in [
            (r#"{"kind":"note","text":" "}"#, "\"text\""),
            (r#"{"kind":"note","text":"a\u0000"}"#, "\"text\""),
            (&long, "1 to 4000 characters"),
            (r#"{"kind":"note"}"#, "missing field `text`"),
            (r#"{"kind":"note","text":"a","decision":"monitor"}"#, "unknown field `decision`"),
            (r#"{"kind":"assigned"}"#, "missing field `assignee`"),
            (r#"{"kind":"assigned","assignee":"a\nb"}"#, "\"assignee\""),
            (r#"{"kind":"decided"}"#, "missing field `decision`"),
            (r#"{"kind":"decided","decision":"wait"}"#, "unknown variant `wait`"),
            (r#"{"kind":"raised"}"#, "unknown variant `raised`"),
        ] {
            let error = noted(json).unwrap_err();
            assert!(error.contains(told), "{json}: {error}");
        }
    }
}
