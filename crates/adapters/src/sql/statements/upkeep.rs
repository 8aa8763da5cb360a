//! Forgetting what is old, a little at a time: whoever else wants to write does not wait for long.

use astroshield_domain::conjunction::ConjunctionStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Prunable;
use jiff::{SignedDuration, Timestamp};
use sqlx::QueryBuilder;

use super::{Connection, Database, Outcome};
use crate::sql::values::{Code, microseconds, tenant};

/// Runs that are forgotten at once: each may have some thousand objects that it could not screen.
const RUNS_AT_ONCE: u32 = 20;

/// How long after its last sighting a relation is over.
const RELATION_ENDS_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Goes from one tenant to the next by the primary key, past all rows between.
pub(super) async fn tenants_with_conjunctions(connection: &mut Connection) -> Outcome<Vec<TenantId>> {
    let mut tenants: Vec<TenantId> = Vec::new();
    loop {
        let last = tenants.last().map_or("", TenantId::as_str);
        let next: Option<String> =
            sqlx::query_scalar("SELECT tenant FROM conjunctions WHERE tenant > $1 ORDER BY tenant LIMIT 1")
                .bind(last)
                .fetch_optional(&mut *connection)
                .await?;
        match next {
            Some(name) => tenants.push(tenant(name)?),
            None => return Ok(tenants),
        }
    }
}

pub(super) async fn pass_conjunctions(
    connection: &mut Connection,
    tenant: &TenantId,
    before: Timestamp,
    limit: u32,
) -> Outcome<u64> {
    let passed = sqlx::query(
        "UPDATE conjunctions SET status = $3, passed = $2 WHERE tenant = $1 AND id IN ( \
             SELECT id FROM conjunctions WHERE tenant = $1 AND status = $4 AND tca < $2 \
                 AND (NOT relation OR last_seen < $5) ORDER BY tca, id LIMIT $6)",
    )
    .bind(tenant.as_str())
    .bind(microseconds(before))
    .bind(ConjunctionStatus::Cleared.code())
    .bind(ConjunctionStatus::Active.code())
    .bind(microseconds(before.saturating_sub(RELATION_ENDS_AFTER).unwrap_or(Timestamp::MIN)))
    .bind(i64::from(limit))
    .execute(connection)
    .await?;
    Ok(passed.rows_affected())
}

pub(super) async fn prune(
    connection: &mut Connection,
    what: Prunable,
    before: Timestamp,
    limit: u32,
) -> Outcome<u64> {
    match what {
        Prunable::Conjunctions => prune_conjunctions(connection, before, limit).await,
        Prunable::Runs => prune_runs(connection, before, limit).await,
        Prunable::History => execute(connection, &[HISTORY], before, limit).await,
        Prunable::Events => execute(connection, &[EVENTS, CONSUMED], before, limit).await,
        Prunable::Deliveries => execute(connection, &[DELIVERIES], before, limit).await,
        Prunable::Answers => execute(connection, &[ANSWERS, ATTEMPTS], before, limit).await,
        Prunable::Audit => execute(connection, &[AUDIT], before, limit).await,
    }
}

/// Entries and events are counted in the order of time: only the oldest are looked at.
const HISTORY: &str = "DELETE FROM conjunction_history WHERE entry IN (SELECT entry FROM \
     (SELECT entry, at FROM conjunction_history ORDER BY entry LIMIT $2) AS oldest WHERE at < $1)";
const EVENTS: &str = "DELETE FROM events WHERE entry IN (SELECT entry FROM \
     (SELECT entry, at, position FROM events ORDER BY entry LIMIT $2) AS oldest \
     WHERE at < $1 AND position <= coalesce((SELECT min(position) FROM consumers), position))";
/// What was consumed stays as long as its event.
const CONSUMED: &str = "DELETE FROM consumed WHERE (consumer, event) IN (SELECT consumer, event FROM consumed c \
     WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = c.event) LIMIT $2)";
const DELIVERIES: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
     WHERE state <> 'due' AND next_attempt < $1 ORDER BY next_attempt LIMIT $2)";
const ANSWERS: &str = "DELETE FROM answers WHERE (tenant, idempotency_key) IN (SELECT tenant, idempotency_key \
     FROM answers WHERE at < $1 ORDER BY at LIMIT $2)";

const ATTEMPTS: &str = "DELETE FROM attempts WHERE (tenant, idempotency_key) IN (SELECT tenant, idempotency_key \
     FROM attempts WHERE at < $1 ORDER BY at LIMIT $2)";

/// Entries are counted in the order of time.
const AUDIT: &str = "DELETE FROM audit WHERE entry IN (SELECT entry FROM \
     (SELECT entry, at FROM audit ORDER BY entry LIMIT $2) AS oldest WHERE at < $1)";

async fn execute(
    connection: &mut Connection,
    statements: &[&'static str],
    before: Timestamp,
    limit: u32,
) -> Outcome<u64> {
    let mut gone = 0;
    for statement in statements {
        let query = sqlx::query(*statement).bind(microseconds(before)).bind(i64::from(limit));
        gone += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(gone)
}

async fn prune_conjunctions(connection: &mut Connection, before: Timestamp, limit: u32) -> Outcome<u64> {
    // What is past is stored as cleared. The order makes the statements speak of the same ones; notes about
    // a public one are its readers'.
    const OF_TENANT: [&str; 3] = [
        "DELETE FROM conjunction_notes WHERE conjunction IN (SELECT id FROM conjunctions \
         WHERE tenant = $1 AND status = $2 AND tca < $3 ORDER BY tca, id LIMIT $4)",
        "DELETE FROM conjunction_history WHERE tenant = $1 AND conjunction IN (SELECT id FROM conjunctions \
         WHERE tenant = $1 AND status = $2 AND tca < $3 ORDER BY tca, id LIMIT $4)",
        "DELETE FROM conjunctions WHERE tenant = $1 AND id IN (SELECT id FROM conjunctions \
         WHERE tenant = $1 AND status = $2 AND tca < $3 ORDER BY tca, id LIMIT $4)",
    ];
    let mut gone = 0;
    for tenant in tenants_with_conjunctions(connection).await? {
        for statement in OF_TENANT {
            let query = sqlx::query(statement)
                .bind(tenant.as_str())
                .bind(ConjunctionStatus::Cleared.code())
                .bind(microseconds(before))
                .bind(i64::from(limit));
            gone += query.execute(&mut *connection).await?.rows_affected();
        }
        if gone >= u64::from(limit) {
            return Ok(gone);
        }
    }
    let covered = sqlx::query("DELETE FROM covered_objects WHERE stop < $1").bind(microseconds(before));
    gone += covered.execute(connection).await?.rows_affected();
    Ok(gone)
}

async fn prune_runs(connection: &mut Connection, before: Timestamp, limit: u32) -> Outcome<u64> {
    let runs: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM runs r WHERE finished < $1 AND (state <> 'completed' OR EXISTS ( \
             SELECT 1 FROM runs n WHERE n.tenant = r.tenant AND n.kind = r.kind AND n.state = 'completed' \
                 AND n.id > r.id)) ORDER BY id LIMIT $2",
    )
    .bind(microseconds(before))
    .bind(i64::from(limit.min(RUNS_AT_ONCE)))
    .fetch_all(&mut *connection)
    .await?;
    for run in &runs {
        for statement in [
            "DELETE FROM run_not_screened WHERE run = $1",
            "DELETE FROM run_slices WHERE run = $1",
            "DELETE FROM runs WHERE id = $1",
        ] {
            sqlx::query(statement).bind(*run).execute(&mut *connection).await?;
        }
    }
    Ok(runs.len() as u64)
}

pub(super) async fn named_blobs(connection: &mut Connection, paths: &[String]) -> Outcome<Vec<String>> {
    const NAMES: [&str; 6] = [
        "SELECT blob FROM ingests WHERE blob IN (",
        "SELECT blob FROM uploads WHERE blob IN (",
        "SELECT blob FROM ephemerides WHERE blob IN (",
        "SELECT blob FROM cdms WHERE blob IN (",
        "SELECT path FROM reconciled_blobs WHERE state = 'unnamed' AND path IN (",
        "SELECT s.blob FROM run_slices s JOIN runs r ON r.id = s.run WHERE r.state = 'running' AND s.blob IN (",
    ];
    let mut named = Vec::new();
    for chunk in paths.chunks(super::rows_at_once(NAMES.len())) {
        let mut query: QueryBuilder<Database> = QueryBuilder::new("");
        for (place, select) in NAMES.into_iter().enumerate() {
            query.push(if place == 0 { "" } else { " UNION " }).push(select);
            let mut binds = query.separated(", ");
            for path in chunk {
                binds.push_bind(path.as_str());
            }
            query.push(")");
        }
        named.extend(query.build_query_scalar::<String>().fetch_all(&mut *connection).await?);
    }
    Ok(named)
}
