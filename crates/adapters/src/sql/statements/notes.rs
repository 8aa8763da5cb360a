//! What people noted about conjunctions: a log, each line of which has what all up to it come to.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::conjunction::ConjunctionStatus;
use astroshield_domain::event::{Event, Payload};
use astroshield_domain::ids::{ConjunctionId, NoteId, TenantId};
use astroshield_domain::note::{
    Decision, Handled, HandledPlace, Handling, MOST_NOTES, Note, NoteKind, Noted,
};
use astroshield_domain::ports::Continued;
use sqlx::Row as _;

use super::access::add_audit;
use super::conjunctions::push_status;
use super::{
    Columns, Connection, Failure, Lookup, Outcome, Row, Select, add_events, all, changes, lock, look_up,
    visible_to,
};
use crate::sql::values::{Word, microseconds, small_count, tenant, time};

/// Notes about one conjunction follow one another.
pub(super) async fn add(connection: &mut Connection, note: &Note, audit: &AuditEntry) -> Outcome<()> {
    let (tenant, conjunction) = (note.tenant.as_str(), note.conjunction);
    lock(connection, &format!("notes/{tenant}/{conjunction}")).await?;
    let is_there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM conjunctions WHERE tenant IN ($1, 'public') AND id = $2)",
    )
    .bind(tenant)
    .bind(conjunction.0)
    .fetch_one(&mut *connection)
    .await?;
    if !is_there {
        return Err(Failure::not_found("conjunction", &conjunction));
    }
    let is_known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM conjunction_notes WHERE tenant = $1 AND conjunction = $2 AND id = $3)",
    )
    .bind(tenant)
    .bind(conjunction.0)
    .bind(note.id.0)
    .fetch_one(&mut *connection)
    .await?;
    if is_known {
        return Err(Failure::conflict(format!("note {} is there already", note.id)));
    }
    let last = sqlx::query(
        "SELECT acknowledged_at, acknowledged_by, assigned_to, decided, number FROM conjunction_notes \
         WHERE tenant = $1 AND conjunction = $2 ORDER BY number DESC LIMIT 1",
    )
    .bind(tenant)
    .bind(conjunction.0)
    .fetch_optional(&mut *connection)
    .await?;
    let before = last.as_ref().map(handling_of_row).transpose()?.unwrap_or_default();
    if before.notes >= MOST_NOTES {
        return Err(Failure::conflict(format!("a conjunction takes {MOST_NOTES} notes, and has them")));
    }
    let handling = before.after(note);
    let (acknowledged_at, acknowledged_by) = handling.acknowledged.unzip();
    sqlx::query(
        "INSERT INTO conjunction_notes (tenant, conjunction, number, id, at, author, kind, text, assignee, decision, \
         acknowledged_at, acknowledged_by, assigned_to, decided) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(tenant)
    .bind(conjunction.0)
    .bind(i64::from(handling.notes))
    .bind(note.id.0)
    .bind(microseconds(note.at))
    .bind(note.by.as_str())
    .bind(note.noted.kind().word())
    .bind(note.noted.text())
    .bind(note.noted.assignee())
    .bind(note.noted.decision().map(Word::word))
    .bind(acknowledged_at.map(microseconds))
    .bind(acknowledged_by)
    .bind(handling.assignee)
    .bind(handling.decision.map(Word::word))
    .execute(&mut *connection)
    .await?;
    add_audit(connection, audit).await?;
    let payload = Payload::ConjunctionNoted { conjunction, kind: note.noted.kind() };
    add_events(connection, [&Event::new(note.tenant.clone(), note.at, Vec::new(), payload)]).await
}

fn decision_of(word: Option<String>) -> Outcome<Option<Decision>> {
    word.map(|word| Decision::of_word(&word)).transpose()
}

fn handling_of(
    (at, by): (Option<i64>, Option<String>),
    assignee: Option<String>,
    decided: Option<String>,
    number: i64,
) -> Outcome<Handling> {
    Ok(Handling {
        acknowledged: at.map(time).transpose()?.zip(by),
        assignee,
        decision: decision_of(decided)?,
        notes: small_count(number)?,
    })
}

fn handling_of_row(row: &Row) -> Outcome<Handling> {
    let acknowledged = (row.try_get(0)?, row.try_get(1)?);
    handling_of(acknowledged, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?)
}

pub(super) async fn notes(
    connection: &mut Connection,
    tenant: &TenantId,
    conjunction: ConjunctionId,
) -> Outcome<Vec<Note>> {
    let rows =
        sqlx::query("SELECT * FROM conjunction_notes WHERE tenant = $1 AND conjunction = $2 ORDER BY number")
            .bind(tenant.as_str())
            .bind(conjunction.0)
            .fetch_all(connection)
            .await?;
    all(&rows, note_of)
}

fn note_of(row: &Row) -> Outcome<Note> {
    let id = NoteId(row.try_get("id")?);
    let missing = |what: &str| Failure::corrupt(format!("note {id} has no {what}"));
    let text: Option<String> = row.try_get("text")?;
    let noted = match NoteKind::of_word(row.try_get("kind")?)? {
        NoteKind::Note => Noted::Note { text: text.ok_or_else(|| missing("text"))? },
        NoteKind::Acknowledged => Noted::Acknowledged { text },
        NoteKind::Assigned => Noted::Assigned { assignee: row.try_get("assignee")?, text },
        NoteKind::Decided => {
            let decision = decision_of(row.try_get("decision")?)?;
            Noted::Decided { decision: decision.ok_or_else(|| missing("decision"))?, text }
        }
    };
    Ok(Note {
        id,
        tenant: tenant(row.try_get("tenant")?)?,
        conjunction: ConjunctionId(row.try_get("conjunction")?),
        at: time(row.try_get("at")?)?,
        by: row.try_get("author")?,
        noted,
    })
}

/// What the last note about a conjunction has of what all come to, of those of a tenant.
const LAST_NOTES: &str = "SELECT n.conjunction, n.at, n.acknowledged_at, n.acknowledged_by, n.assigned_to, n.decided, \
     n.number FROM conjunction_notes n WHERE NOT EXISTS (SELECT 1 FROM conjunction_notes l WHERE l.tenant = n.tenant \
     AND l.conjunction = n.conjunction AND l.number > n.number) AND n.tenant = ";

fn read_handled(columns: &mut Columns<'_>) -> Outcome<Handled> {
    let (conjunction, updated) = (ConjunctionId(columns.take()?), time(columns.take()?)?);
    let acknowledged = (columns.take()?, columns.take()?);
    let handling = handling_of(acknowledged, columns.take()?, columns.take()?, columns.take()?)?;
    Ok(Handled { conjunction, handling, updated })
}

/// By the primary key.
pub(super) async fn of_conjunctions(
    connection: &mut Lookup,
    tenant: &TenantId,
    ids: &[ConjunctionId],
) -> Outcome<Vec<Handled>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(changes::AT_ONCE) {
        let mut query = Select::new(LAST_NOTES);
        query.push_bind(tenant.as_str().to_owned()).push(" AND n.conjunction IN (");
        changes::push_ids(&mut query, chunk);
        query.push(")");
        found.extend(look_up(connection, query, read_handled).await?);
    }
    Ok(found)
}

/// The newest notes first, by their index: of each conjunction, the one after which there is none.
pub(super) async fn handled(
    connection: &mut Lookup,
    tenant: &TenantId,
    after: Option<&HandledPlace>,
    limit: u32,
) -> Outcome<Continued<Handled, HandledPlace>> {
    let mut query = Select::new(LAST_NOTES);
    query.push_bind(tenant.as_str().to_owned());
    if let Some(HandledPlace { updated, conjunction }) = after {
        query.push(" AND n.at <= ").push_bind(microseconds(*updated));
        query.push(" AND (n.at < ").push_bind(microseconds(*updated));
        query.push(" OR n.conjunction > ").push_bind(conjunction.0).push(")");
    }
    query.push(" AND (");
    for (place, owner) in visible_to(tenant).enumerate() {
        query.push(if place == 0 { "" } else { " OR " });
        query.push("EXISTS (SELECT 1 FROM conjunctions c WHERE c.tenant = ").push_bind(owner.to_owned());
        query.push(" AND c.id = n.conjunction");
        push_status(&mut query, tenant, owner, ConjunctionStatus::Active);
        query.push(")");
    }
    query.push(") ORDER BY n.at DESC, n.conjunction LIMIT ").push_bind(i64::from(limit) + 1);
    let found = super::page(look_up(connection, query, read_handled).await?, limit);
    let place = |last: &Handled| HandledPlace { updated: last.updated, conjunction: last.conjunction };
    let next = found.rows.last().filter(|_| found.more).map(place);
    Ok(Continued { rows: found.rows, next })
}
