//! Messages on their way out.

use astroshield_domain::alert::{AlertChange, Delivery, DeliveryState};
use astroshield_domain::ids::{AlertId, DeliveryId, TenantId};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Connection, FOR_UPDATE_SKIP_LOCKED, Failure, Outcome, Row, all};
use crate::sql::values::{Word, json, microseconds, of_json, small_count, tenant, time};

pub(super) async fn add_delivery(connection: &mut Connection, delivery: &Delivery) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO deliveries (id, tenant, alert, change, channel, body, state, attempts, next_attempt, problem) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
    .execute(connection)
    .await?;
    Ok(())
}

/// What was taken and not reported on until then is due again: whoever took it is gone.
pub(super) async fn take_deliveries(
    connection: &mut Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Outcome<Vec<Delivery>> {
    let statement = format!(
        "UPDATE deliveries SET taken_until = $2 WHERE id IN (SELECT id FROM deliveries \
         WHERE state = 'due' AND next_attempt <= $1 AND (taken_until IS NULL OR taken_until <= $1) \
         ORDER BY next_attempt, id LIMIT $3{FOR_UPDATE_SKIP_LOCKED}) RETURNING *"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(microseconds(now))
        .bind(microseconds(until))
        .bind(i64::from(limit))
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
    })
}
