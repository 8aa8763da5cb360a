//! Messages on their way out.

use astroshield_domain::alert::{AlertChange, DELIVERIES_PER_CHANNEL, Delivery, DeliveryState};
use astroshield_domain::ids::{AlertId, DeliveryId, TenantId};
use astroshield_domain::trace::Trace;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Connection, FOR_UPDATE_SKIP_LOCKED, Failure, Outcome, Row, all};
use crate::sql::values::{Word, count, json, microseconds, of_json, small_count, tenant, time};

pub(super) async fn add_delivery(connection: &mut Connection, delivery: &Delivery) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO deliveries (id, tenant, alert, change, channel, body, state, attempts, next_attempt, problem, \
         since, trace, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(delivery.id.0)
    .bind(delivery.tenant.as_str())
    .bind(delivery.alert.0)
    .bind(delivery.change.word())
    .bind(json(&delivery.channel)?)
    .bind(delivery.body.as_str())
    .bind(delivery.state.word())
    .bind(i64::from(delivery.attempts))
    .bind(microseconds(delivery.next_attempt))
    .bind(delivery.problem.as_deref())
    .bind(delivery.since.map(microseconds))
    .bind(delivery.trace.as_ref().map(Trace::traceparent))
    .bind(delivery.trace.as_ref().and_then(Trace::request))
    .execute(connection)
    .await?;
    Ok(())
}

/// What was taken and not reported on until then is due again: whoever took it is gone. What is on its way counts toward
/// what its channel may have. What is free is asked for once more where it is locked: another process may have been first.
pub(super) async fn take_deliveries(
    connection: &mut Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Outcome<Vec<Delivery>> {
    const FREE: &str = "state = 'due' AND next_attempt <= $1 AND (taken_until IS NULL OR taken_until <= $1)";
    let statement = format!(
        "UPDATE deliveries SET taken_until = $2 WHERE id IN (SELECT id FROM deliveries \
         WHERE {FREE} AND id IN (SELECT id FROM (SELECT id, next_attempt, taken_until, \
             row_number() OVER (PARTITION BY tenant, channel \
                 ORDER BY CASE WHEN taken_until > $1 THEN 0 ELSE 1 END, next_attempt, id) AS place \
             FROM deliveries WHERE state = 'due' AND next_attempt <= $1) AS waiting \
         WHERE place <= $4 AND (taken_until IS NULL OR taken_until <= $1) \
         ORDER BY place, next_attempt, id LIMIT $3){FOR_UPDATE_SKIP_LOCKED}) RETURNING *"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(microseconds(now))
        .bind(microseconds(until))
        .bind(i64::from(limit))
        .bind(i64::from(DELIVERIES_PER_CHANNEL))
        .fetch_all(connection)
        .await?;
    let mut taken = all(&rows, delivery)?;
    taken.sort_by_key(|delivery| (delivery.next_attempt, delivery.id));
    Ok(taken)
}

pub(super) async fn put_delivery(
    connection: &mut Connection,
    id: DeliveryId,
    state: DeliveryState,
    next_attempt: Timestamp,
    problem: Option<&str>,
) -> Outcome<()> {
    let changed = sqlx::query(
        "UPDATE deliveries SET state = $2, next_attempt = $3, problem = $4, attempts = attempts + 1, \
         taken_until = NULL WHERE id = $1 AND state = 'due'",
    )
    .bind(id.0)
    .bind(state.word())
    .bind(microseconds(next_attempt))
    .bind(problem)
    .execute(connection)
    .await?
    .rows_affected();
    if changed == 0 { Err(Failure::not_found("delivery that is due", &id)) } else { Ok(()) }
}

pub(super) async fn given_up(connection: &mut Connection, tenant: &TenantId) -> Outcome<u64> {
    let failed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM deliveries WHERE tenant = $1 AND state = 'failed'")
            .bind(tenant.as_str())
            .fetch_one(connection)
            .await?;
    count(failed)
}

pub(super) async fn deliveries_of(
    connection: &mut Connection,
    tenant: &TenantId,
    alert: AlertId,
) -> Outcome<Vec<Delivery>> {
    let rows = sqlx::query("SELECT * FROM deliveries WHERE tenant = $1 AND alert = $2 ORDER BY id")
        .bind(tenant.as_str())
        .bind(alert.0)
        .fetch_all(connection)
        .await?;
    all(&rows, delivery)
}

fn delivery(row: &Row) -> Outcome<Delivery> {
    Ok(Delivery {
        id: DeliveryId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        alert: AlertId(row.try_get("alert")?),
        change: AlertChange::of_word(row.try_get("change")?)?,
        channel: of_json(row.try_get("channel")?)?,
        body: row.try_get("body")?,
        state: DeliveryState::of_word(row.try_get("state")?)?,
        attempts: small_count(row.try_get("attempts")?)?,
        next_attempt: time(row.try_get("next_attempt")?)?,
        problem: row.try_get("problem")?,
        since: row.try_get::<Option<i64>, _>("since")?.map(time).transpose()?,
        trace: Trace::of(row.try_get("trace")?, row.try_get("request_id")?),
    })
}
