//! For how long it has been watched for silence.

use astroshield_domain::silence::Watched;
use sqlx::Row as _;

use super::{Connection, Outcome};
use crate::sql::values::{microseconds, time};

pub(super) async fn watched(connection: &mut Connection) -> Outcome<Option<Watched>> {
    let row = sqlx::query("SELECT first, since, seen FROM silence_watch").fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Watched {
        first: time(row.try_get("first")?)?,
        since: time(row.try_get("since")?)?,
        seen: time(row.try_get("seen")?)?,
    }))
}

pub(super) async fn put_watched(connection: &mut Connection, watched: &Watched) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO silence_watch (watch, first, since, seen) VALUES (0, $1, $2, $3) \
         ON CONFLICT (watch) DO UPDATE SET first = excluded.first, since = excluded.since, seen = excluded.seen",
    )
    .bind(microseconds(watched.first))
    .bind(microseconds(watched.since))
    .bind(microseconds(watched.seen))
    .execute(connection)
    .await?;
    Ok(())
}
