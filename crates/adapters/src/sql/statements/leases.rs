//! Who of several processes does what only one is to do.

use std::time::Duration;

use astroshield_domain::event::Published;
use astroshield_domain::lease::{Lease, lost};
use sqlx::AssertSqlSafe;

use super::{Connection, FOR_UPDATE, NOW, Outcome, events};

/// A lease that goes on for longer than anybody asks for was given by a clock that was ahead.
pub(super) async fn take(
    connection: &mut Connection,
    name: &str,
    holder: &str,
    ttl: Duration,
) -> Outcome<Option<Lease>> {
    let statement = format!(
        "INSERT INTO leases (name, holder, token, expires) VALUES ($1, $2, 1, {NOW} + $3) \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires, \
         token = leases.token + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END \
         WHERE leases.holder = excluded.holder OR leases.expires <= {NOW} OR leases.expires > {NOW} + $3 \
         RETURNING token"
    );
    let token: Option<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
        .bind(name)
        .bind(holder)
        .bind(i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX))
        .fetch_optional(connection)
        .await?;
    Ok(token.map(|token| Lease { name: name.to_owned(), token }))
}

/// The row stays, so that tokens go on growing. Who had it is nobody's name, so that the same one gets another token.
pub(super) async fn give_back(connection: &mut Connection, lease: &Lease) -> Outcome<()> {
    sqlx::query("UPDATE leases SET holder = '', expires = 0 WHERE name = $1 AND token = $2")
        .bind(lease.name.as_str())
        .bind(lease.token)
        .execute(connection)
        .await?;
    Ok(())
}

/// The row of the lease is locked first: until this transaction is over, nobody else is given it.
pub(super) async fn sequence_events(
    connection: &mut Connection,
    lease: &Lease,
    limit: u32,
) -> Outcome<Vec<Published>> {
    let statement =
        format!("SELECT token FROM leases WHERE name = $1 AND token = $2 AND holder <> ''{FOR_UPDATE}");
    let held: Option<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
        .bind(lease.name.as_str())
        .bind(lease.token)
        .fetch_optional(&mut *connection)
        .await?;
    if held.is_none() {
        return Err(lost(lease).into());
    }
    events::sequence_events(connection, limit).await
}
