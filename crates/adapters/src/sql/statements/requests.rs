//! How often hosts were asked that want few requests.

use std::time::Duration;

use astroshield_domain::ports::{RequestLimit, TooManyRequests};
use jiff::Timestamp;

use super::{Connection, Outcome};
use crate::sql::values::microseconds;

/// Requests that lie ahead by more than this, in microseconds, were made before the clock was set back. They are moved back
/// with it, or they would never grow old. (Requests of one instant are a microsecond apart.)
const CLOCK_WAS_SET: i64 = 1_000_000;

fn as_microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(super) async fn count(
    connection: &mut Connection,
    host: &str,
    now: Timestamp,
    limits: &[RequestLimit],
) -> Outcome<Option<TooManyRequests>> {
    super::lock(connection, &format!("requests/{host}")).await?;
    let now = microseconds(now);
    let longest = limits.iter().map(|limit| as_microseconds(limit.within)).max().unwrap_or_default();
    sqlx::query("DELETE FROM requests WHERE host = $1 AND at <= $2")
        .bind(host)
        .bind(now.saturating_sub(longest))
        .execute(&mut *connection)
        .await?;
    let mut asked: Vec<i64> = sqlx::query_scalar("SELECT at FROM requests WHERE host = $1 ORDER BY at DESC")
        .bind(host)
        .fetch_all(&mut *connection)
        .await?;
    let ahead = asked.first().map_or(0, |newest| newest - now);
    if ahead > CLOCK_WAS_SET {
        for at in &mut asked {
            *at -= ahead;
        }
        put_anew(connection, host, &asked).await?;
    }
    let mut refusal: Option<TooManyRequests> = None;
    for &limit in limits {
        // The request that has to be out of the window before another one is in it.
        let place = usize::try_from(limit.requests.max(1)).unwrap_or(usize::MAX) - 1;
        let Some(&at) = asked.get(place) else { continue };
        let left = as_microseconds(limit.within) - now.saturating_sub(at).max(0);
        let wait = Duration::from_micros(left.max(0).unsigned_abs());
        if left > 0 && refusal.is_none_or(|longest| longest.wait < wait) {
            refusal = Some(TooManyRequests { limit, wait });
        }
    }
    if refusal.is_none() {
        let at = asked.first().map_or(now, |&newest| now.max(newest + 1));
        put(connection, host, at).await?;
    }
    Ok(refusal)
}

async fn put(connection: &mut Connection, host: &str, at: i64) -> Outcome<()> {
    let statement = "INSERT INTO requests (host, at) VALUES ($1, $2)";
    sqlx::query(statement).bind(host).bind(at).execute(connection).await?;
    Ok(())
}

/// Dates all requests to a host anew.
async fn put_anew(connection: &mut Connection, host: &str, asked: &[i64]) -> Outcome<()> {
    sqlx::query("DELETE FROM requests WHERE host = $1").bind(host).execute(&mut *connection).await?;
    for at in asked {
        put(connection, host, *at).await?;
    }
    Ok(())
}
