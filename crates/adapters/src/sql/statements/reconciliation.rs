//! What a store that was restored to a point in time is asked, and told.

use std::collections::BTreeMap;

use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::reconciliation::{BlobKind, BlobOwner, KeptBlob, RELAY, Reconciled, StoreState};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};
use uuid::Uuid;

use super::{Connection, Database, NOW, Outcome, all, events, insertion, rows_at_once, rows_in_bulk};
use crate::sql::bulk::Rows;
use crate::sql::values::{count, microseconds, small_count, tenant, time};

/// Nobody has held a lease so often as to have this token more.
const TOKENS: i64 = 1 << 32;

const UNNAMED: &str = "unnamed";
const MISSING: &str = "missing";

pub(super) async fn state(connection: &mut Connection) -> Outcome<StoreState> {
    let installation =
        sqlx::query("SELECT id, restores FROM installation").fetch_optional(&mut *connection).await?;
    let (installation, restores) = match installation {
        Some(row) => (Some(row.try_get(0)?), small_count(row.try_get(1)?)?),
        None => (None, 0),
    };
    let rows = sqlx::query("SELECT consumer, position FROM consumers").fetch_all(&mut *connection).await?;
    let consumers =
        all(&rows, |row| Ok((row.try_get(0)?, row.try_get(1)?)))?.into_iter().collect::<BTreeMap<_, _>>();
    let held = format!("SELECT name FROM leases WHERE holder <> '' AND expires > {NOW} ORDER BY name");
    let held_leases = sqlx::query_scalar(AssertSqlSafe(held)).fetch_all(&mut *connection).await?;
    let counts = sqlx::query(
        "SELECT (SELECT count(*) FROM events WHERE position IS NULL), \
         (SELECT count(*) FROM deliveries WHERE state = 'due'), (SELECT count(*) FROM runs WHERE state = 'running'), \
         (SELECT max(at) FROM events)",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(StoreState {
        installation,
        restores,
        last_position: events::last_position(connection).await?,
        newest_event: counts.try_get::<Option<i64>, _>(3)?.map(time).transpose()?,
        waiting: count(counts.try_get(0)?)?,
        consumers,
        deliveries_due: count(counts.try_get(1)?)?,
        unfinished_runs: count(counts.try_get(2)?)?,
        held_leases,
    })
}

pub(super) async fn known_events(connection: &mut Connection, ids: &[EventId]) -> Outcome<Vec<EventId>> {
    let mut known = Vec::new();
    for chunk in ids.chunks(rows_at_once(1)) {
        let mut query: QueryBuilder<Database> = QueryBuilder::new("SELECT id FROM events WHERE id IN (");
        let mut binds = query.separated(", ");
        for id in chunk {
            binds.push_bind(id.0);
        }
        query.push(")");
        let found: Vec<Uuid> = query.build_query_scalar().fetch_all(&mut *connection).await?;
        known.extend(found.into_iter().map(EventId));
    }
    Ok(known)
}

pub(super) async fn events_between(connection: &mut Connection, after: i64, last: i64) -> Outcome<u64> {
    let statement = "SELECT count(*) FROM events WHERE position > $1 AND position <= $2";
    count(sqlx::query_scalar(statement).bind(after).bind(last).fetch_one(connection).await?)
}

fn table(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::Ingest => "ingests",
        BlobKind::Upload => "uploads",
        BlobKind::Ephemeris => "ephemerides",
        BlobKind::Cdm => "cdms",
    }
}

pub(super) async fn blob_owners(
    connection: &mut Connection,
    kind: BlobKind,
    after: Option<&(TenantId, Uuid)>,
    limit: u32,
) -> Outcome<Vec<BlobOwner>> {
    let mut query: QueryBuilder<Database> =
        QueryBuilder::new(format!("SELECT tenant, id, blob FROM {} WHERE blob IS NOT NULL", table(kind)));
    if let Some((tenant, id)) = after {
        query.push(" AND (tenant, id) > (").push_bind(tenant.as_str()).push(", ").push_bind(*id).push(")");
    }
    query.push(" ORDER BY tenant, id LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(connection).await?;
    all(&rows, |row| {
        let (tenant, id) = (tenant(row.try_get(0)?)?, row.try_get(1)?);
        Ok(BlobOwner { kind, tenant, id, path: row.try_get(2)? })
    })
}

pub(super) async fn kept_blobs(connection: &mut Connection) -> Outcome<Vec<KeptBlob>> {
    let rows = sqlx::query("SELECT path, noted FROM reconciled_blobs WHERE state = $1 ORDER BY path")
        .bind(UNNAMED)
        .fetch_all(connection)
        .await?;
    all(&rows, |row| Ok(KeptBlob { path: row.try_get(0)?, noted: time(row.try_get(1)?)? }))
}

pub(super) async fn missing_since(
    connection: &mut Connection,
    tenant: &TenantId,
    path: &str,
) -> Outcome<Option<Timestamp>> {
    let noted: Option<i64> = sqlx::query_scalar(
        "SELECT noted FROM reconciled_blobs WHERE tenant IN ($1, 'public') AND path = $2 AND state = $3",
    )
    .bind(tenant.as_str())
    .bind(path)
    .bind(MISSING)
    .fetch_optional(connection)
    .await?;
    noted.map(time).transpose()
}

pub(super) async fn reconcile(connection: &mut Connection, reconciled: &Reconciled) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO installation (one, id, restores) VALUES (0, $1, 1) \
         ON CONFLICT (one) DO UPDATE SET restores = installation.restores + 1",
    )
    .bind(reconciled.installation)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE event_positions SET newest = $1 WHERE newest < $1")
        .bind(reconciled.last_position)
        .execute(&mut *connection)
        .await?;
    if let Some(position) = reconciled.relay {
        // The one that moves back: what was published since is not what the store has.
        sqlx::query(
            "INSERT INTO consumers (consumer, position) VALUES ($1, $2) \
             ON CONFLICT (consumer) DO UPDATE SET position = excluded.position",
        )
        .bind(RELAY)
        .bind(position)
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("UPDATE leases SET token = token + $1, holder = '', expires = 0")
        .bind(TOKENS)
        .execute(&mut *connection)
        .await?;
    put_blobs(connection, UNNAMED, &reconciled.unnamed, reconciled.at).await?;
    put_blobs(connection, MISSING, &reconciled.missing, reconciled.at).await
}

/// Blobs that have this state from now on, in place of those that had it.
async fn put_blobs(
    connection: &mut Connection,
    state: &str,
    found: &[(TenantId, String)],
    at: Timestamp,
) -> Outcome<()> {
    let rows = sqlx::query("DELETE FROM reconciled_blobs WHERE state = $1 RETURNING path, noted")
        .bind(state)
        .fetch_all(&mut *connection)
        .await?;
    let before: BTreeMap<String, i64> =
        all(&rows, |row| Ok((row.try_get(0)?, row.try_get(1)?)))?.into_iter().collect();
    // Two rows may speak of one blob.
    let found: BTreeMap<&String, &TenantId> = found.iter().map(|(tenant, path)| (path, tenant)).collect();
    let found: Vec<(&String, &TenantId)> = found.into_iter().collect();
    for chunk in found.chunks(rows_in_bulk(4)) {
        let rows = Rows::of(chunk)
            .with("tenant", |(_, tenant)| tenant.as_str())
            .with("path", |(path, _)| path.as_str())
            .with("state", |_| state)
            .with("noted", |(path, _)| before.get(*path).copied().unwrap_or(microseconds(at)));
        let mut query = insertion("reconciled_blobs", rows);
        query
            .push(" ON CONFLICT (tenant, path) DO UPDATE SET state = excluded.state, noted = excluded.noted");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
