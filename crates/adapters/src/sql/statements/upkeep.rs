//! Forgetting what is old.

use astroshield_domain::conjunction::ConjunctionStatus;
use jiff::Timestamp;

use super::{Connection, Outcome};
use crate::sql::values::{Code, microseconds};

/// What goes, in this order. Events stay until every consumer has passed them, and what was consumed as long as its event.
const OLD: [&str; 7] = [
    "DELETE FROM conjunction_history WHERE EXISTS (SELECT 1 FROM conjunctions c \
     WHERE c.tenant = conjunction_history.tenant AND c.id = conjunction_history.conjunction \
     AND (c.tca < $1 OR c.status = $2 AND c.last_seen < $1))",
    "DELETE FROM conjunctions WHERE tca < $1 OR status = $2 AND last_seen < $1",
    "DELETE FROM events WHERE at < $1 AND position <= coalesce((SELECT min(position) FROM consumers), position)",
    "DELETE FROM consumed WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = consumed.event)",
    "DELETE FROM attempts WHERE at < $1",
    "DELETE FROM answers WHERE at < $1",
    "DELETE FROM deliveries WHERE state <> 'due' AND next_attempt < $1",
];

pub(super) async fn prune(connection: &mut Connection, before: Timestamp) -> Outcome<u64> {
    let mut gone = 0;
    for statement in OLD {
        let mut query = sqlx::query(statement).bind(microseconds(before));
        if statement.contains("$2") {
            query = query.bind(ConjunctionStatus::Cleared.code());
        }
        gone += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(gone)
}
