//! The outbox: events get their position after the commit that they were part of.

use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::TenantId;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, Database, Outcome, Row, all};
use crate::sql::values::of_json;

/// The row that holds the newest position is changed first, so that sequencers follow one another; what is read then
/// has been committed. Where nothing waits, nothing is written.
pub(super) async fn sequence_events(connection: &mut Connection, limit: u32) -> Outcome<Vec<Published>> {
    let waits: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE position IS NULL)")
        .fetch_one(&mut *connection)
        .await?;
    if !waits {
        return Ok(Vec::new());
    }
    let newest: i64 =
        sqlx::query_scalar("UPDATE event_positions SET newest = newest WHERE only_row = 1 RETURNING newest")
            .fetch_one(&mut *connection)
            .await?;
    let rows = sqlx::query(
        "UPDATE events SET position = $1 + waiting.place \
         FROM (SELECT entry, row_number() OVER (ORDER BY entry) AS place FROM events \
             WHERE position IS NULL ORDER BY entry LIMIT $2) AS waiting \
         WHERE events.entry = waiting.entry RETURNING position, body",
    )
    .bind(newest)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let mut published = all(&rows, |row: &Row| {
        Ok(Published { position: row.try_get(0)?, event: of_json(row.try_get(1)?)? })
    })?;
    published.sort_by_key(|published| published.position);
    let position = published.last().map_or(newest, |published| published.position);
    if position > newest {
        sqlx::query("UPDATE event_positions SET newest = $1 WHERE only_row = 1")
            .bind(position)
            .execute(connection)
            .await?;
    }
    Ok(published)
}

pub(super) async fn ping(connection: &mut Connection) -> Outcome<()> {
    sqlx::query("SELECT 1").execute(connection).await?;
    Ok(())
}

/// Writes a row and takes it away again: SQLite writes nothing for a row that stays as it is.
pub(super) async fn try_write(connection: &mut Connection) -> Outcome<()> {
    for statement in [
        "INSERT INTO consumers (consumer, position) VALUES ('nobody', 0)",
        "DELETE FROM consumers WHERE consumer = 'nobody'",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn events_after(
    connection: &mut Connection,
    seen_by: Option<&TenantId>,
    position: i64,
    topics: &[Topic],
    limit: u32,
) -> Outcome<Vec<Published>> {
    if topics.is_empty() {
        return Ok(Vec::new());
    }
    let mut query: QueryBuilder<Database> =
        QueryBuilder::new("SELECT position, body FROM events WHERE position > ");
    query.push_bind(position);
    if topics.len() < Topic::ALL.len() {
        query.push(" AND topic IN (");
        let mut names = query.separated(", ");
        for topic in topics {
            names.push_bind(topic.name());
        }
        query.push(")");
    }
    if let Some(tenant) = seen_by {
        query.push(" AND tenant IN ('public', ").push_bind(tenant.as_str()).push(")");
    }
    query.push(" ORDER BY position LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(connection).await?;
    all(&rows, |row: &Row| Ok(Published { position: row.try_get(0)?, event: of_json(row.try_get(1)?)? }))
}

pub(super) async fn last_position(connection: &mut Connection) -> Outcome<i64> {
    Ok(sqlx::query_scalar("SELECT newest FROM event_positions").fetch_one(connection).await?)
}

pub(super) async fn oldest_position(connection: &mut Connection) -> Outcome<i64> {
    let statement = "SELECT coalesce((SELECT min(position) FROM events), newest + 1) FROM event_positions";
    Ok(sqlx::query_scalar(statement).fetch_one(connection).await?)
}

pub(super) async fn consumer_position(connection: &mut Connection, consumer: &str) -> Outcome<i64> {
    let position: Option<i64> = sqlx::query_scalar("SELECT position FROM consumers WHERE consumer = $1")
        .bind(consumer)
        .fetch_optional(connection)
        .await?;
    Ok(position.unwrap_or(0))
}

pub(super) async fn advance_consumer(
    connection: &mut Connection,
    consumer: &str,
    position: i64,
) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO consumers (consumer, position) VALUES ($1, $2) \
         ON CONFLICT (consumer) DO UPDATE SET position = excluded.position \
         WHERE consumers.position < excluded.position",
    )
    .bind(consumer)
    .bind(position)
    .execute(connection)
    .await?;
    Ok(())
}
