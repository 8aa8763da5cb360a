//! Alerts.

use astroshield_domain::alert::{
    Alert, AlertChanges, AlertQuery, AlertRefresh, AlertState, Severity, Subject,
};
use astroshield_domain::event::{Consumed, Event, Payload};
use astroshield_domain::ids::{AlertId, TenantId};
use astroshield_domain::ports::{Page, StoreError};
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::access::add_audit;
use super::deliveries::add_delivery;
use super::{
    Connection, Database, Failure, Outcome, Row, add_events, all, page, push_visible, require_own, visible_to,
};
use crate::sql::values::{Code, Word, json, microseconds, of_json, small_count, tenant, time};

pub(super) async fn unresolved_alerts(connection: &mut Connection, tenant: &TenantId) -> Outcome<Vec<Alert>> {
    let rows = sqlx::query("SELECT * FROM alerts WHERE tenant = $1 AND state <> 'resolved' ORDER BY id")
        .bind(tenant.as_str())
        .fetch_all(connection)
        .await?;
    all(&rows, alert_of_row)
}

/// An alert that was escalated is due again when a later time is set for it.
pub(super) async fn alerts_due(connection: &mut Connection, now: Timestamp) -> Outcome<Vec<Alert>> {
    let rows = sqlx::query(
        "SELECT * FROM alerts WHERE state = 'open' AND escalate_at IS NOT NULL AND escalate_at <= $1 \
             AND (escalated IS NULL OR escalated < escalate_at) \
         UNION ALL \
         SELECT * FROM alerts WHERE state = 'muted' AND muted_until IS NOT NULL AND muted_until <= $1 \
         ORDER BY id",
    )
    .bind(microseconds(now))
    .fetch_all(connection)
    .await?;
    all(&rows, alert_of_row)
}

pub(super) async fn alerts(
    connection: &mut Connection,
    tenant: &TenantId,
    query: &AlertQuery,
) -> Outcome<Page<Alert>> {
    let mut statement: QueryBuilder<Database> = QueryBuilder::new("");
    push_visible(&mut statement, tenant, "id DESC", query.limit, |statement, owner| {
        statement.push("SELECT * FROM alerts WHERE tenant = ").push_bind(owner.to_owned());
        if let Some(state) = query.state {
            statement.push(" AND state = ").push_bind(state.word());
        }
        if let Some(severity) = query.min_severity {
            statement.push(" AND severity >= ").push_bind(severity.code());
        }
        if let Some(before) = query.before {
            statement.push(" AND id < ").push_bind(before.0);
        }
        if let Some(object) = query.object {
            statement.push(" AND (conjunction IN (");
            let mut parts = statement.separated(" UNION ALL ");
            for owner in visible_to(tenant) {
                for column in ["first_object", "second_object"] {
                    parts.push("SELECT id FROM conjunctions WHERE tenant = ");
                    parts.push_bind_unseparated(owner.to_owned());
                    parts.push_unseparated(format_args!(" AND {column} = "));
                    parts.push_bind_unseparated(i64::from(object.get()));
                }
            }
            // What only messages tell of names its objects in its key.
            let number = object.get();
            statement.push(") OR conjunction IS NULL AND (subject_key LIKE ");
            statement.push_bind(format!("messages/{number}-%"));
            statement.push(" OR subject_key LIKE ").push_bind(format!("messages/%-{number}/%")).push("))");
        }
    });
    let rows = statement.build().fetch_all(connection).await?;
    Ok(page(all(&rows, alert_of_row)?, query.limit))
}

pub(super) async fn alert(
    connection: &mut Connection,
    tenant: &TenantId,
    id: AlertId,
) -> Outcome<Option<Alert>> {
    let row = sqlx::query("SELECT * FROM alerts WHERE tenant IN ($1, 'public') AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(alert_of_row).transpose()
}

pub(super) async fn resolved_alert(
    connection: &mut Connection,
    tenant: &TenantId,
    subject_key: &str,
) -> Outcome<Option<Alert>> {
    let row = sqlx::query(
        "SELECT * FROM alerts WHERE tenant = $1 AND subject_key = $2 AND state = 'resolved' \
         ORDER BY id DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(subject_key)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(alert_of_row).transpose()
}

fn alert_of_row(row: &Row) -> Outcome<Alert> {
    let at = |column| row.try_get::<Option<i64>, _>(column)?.map(time).transpose();
    let by: Option<String> = row.try_get("acknowledged_by")?;
    Ok(Alert {
        id: AlertId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        subject: of_json(row.try_get("subject")?)?,
        severity: Severity::of_code(row.try_get("severity")?)?,
        state: AlertState::of_word(row.try_get("state")?)?,
        summary: row.try_get("summary")?,
        opened: time(row.try_get("opened")?)?,
        updated: time(row.try_get("updated")?)?,
        acknowledged: by.zip(at("acknowledged_at")?),
        resolved: at("resolved")?,
        resolved_by: row.try_get("resolved_by")?,
        muted_until: at("muted_until")?,
        muted_by: row.try_get("muted_by")?,
        escalate_at: at("escalate_at")?,
        escalated: at("escalated")?,
        told_probability: row.try_get("told_probability")?,
        originator: row.try_get("originator")?,
        version: small_count(row.try_get("version")?)?,
    })
}

pub(super) async fn change_alerts(
    connection: &mut Connection,
    tenant: &TenantId,
    changes: &AlertChanges,
    consumed: Option<Consumed>,
    at: Timestamp,
) -> Outcome<()> {
    if let Some(consumed) = consumed {
        consume(connection, consumed, at).await?;
    }
    let causes: Vec<_> = consumed.iter().map(|consumed| consumed.event).collect();
    // One that is resolved makes room for another of the same subject.
    let resolved_first = |(alert, _): &&(Alert, _)| alert.state != AlertState::Resolved;
    let mut alerts: Vec<_> = changes.alerts.iter().collect();
    alerts.sort_by_key(resolved_first);
    for (alert, _) in alerts {
        require_own("alert", &alert.tenant, tenant)?;
        put_alert(connection, alert).await?;
    }
    for delivery in &changes.deliveries {
        require_own("delivery", &delivery.tenant, tenant)?;
        add_delivery(connection, delivery).await?;
    }
    for audit in &changes.audit {
        require_own("line of the audit log", &audit.tenant, tenant)?;
        add_audit(connection, audit).await?;
    }
    let events: Vec<Event> = changes
        .alerts
        .iter()
        .map(|(alert, change)| {
            let (change, since) = (*change, changes.since);
            let payload = Payload::AlertChanged { alert: alert.id, change, since };
            Event::new(tenant.clone(), at, causes.clone(), payload)
        })
        .collect();
    add_events(connection, &events).await
}

/// Only what follows the conjunction is written: what users do to the alert at the same time is not touched.
pub(super) async fn refresh_alerts(
    connection: &mut Connection,
    tenant: &TenantId,
    refreshed: &[AlertRefresh],
) -> Outcome<()> {
    for one in refreshed {
        sqlx::query(
            "UPDATE alerts SET summary = $3, told_probability = coalesce(told_probability, $4), originator = $5 \
             WHERE tenant = $1 AND id = $2 AND state <> 'resolved'",
        )
        .bind(tenant.as_str())
        .bind(one.alert.0)
        .bind(one.summary.as_str())
        .bind(one.probability)
        .bind(one.originator.as_deref())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn consume(connection: &mut Connection, consumed: Consumed, at: Timestamp) -> Outcome<()> {
    let inserted =
        sqlx::query("INSERT INTO consumed (consumer, event, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(consumed.consumer)
            .bind(consumed.event.0)
            .bind(microseconds(at))
            .execute(connection)
            .await?
            .rows_affected();
    if inserted == 0 {
        let Consumed { consumer, event } = consumed;
        return Err(StoreError::AlreadyConsumed { consumer, event }.into());
    }
    Ok(())
}

pub(super) async fn was_consumed(connection: &mut Connection, consumed: Consumed) -> Outcome<bool> {
    let found =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM consumed WHERE consumer = $1 AND event = $2)")
            .bind(consumed.consumer)
            .bind(consumed.event.0)
            .fetch_one(connection)
            .await?;
    Ok(found)
}

async fn put_alert(connection: &mut Connection, alert: &Alert) -> Outcome<()> {
    let conjunction = match alert.subject {
        Subject::Conjunction { conjunction, .. } => Some(conjunction.0),
        _ => None,
    };
    let acknowledged = alert.acknowledged.as_ref();
    let result = sqlx::query(
        "INSERT INTO alerts (tenant, id, subject_key, subject, conjunction, severity, state, summary, opened, updated, \
         acknowledged_by, acknowledged_at, resolved, muted_until, escalate_at, escalated, version, told_probability, \
         resolved_by, muted_by, originator) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
         ON CONFLICT (tenant, id) DO UPDATE SET severity = excluded.severity, state = excluded.state, \
         summary = excluded.summary, updated = excluded.updated, acknowledged_by = excluded.acknowledged_by, \
         acknowledged_at = excluded.acknowledged_at, resolved = excluded.resolved, \
         muted_until = excluded.muted_until, escalate_at = excluded.escalate_at, escalated = excluded.escalated, \
         told_probability = excluded.told_probability, resolved_by = excluded.resolved_by, \
         muted_by = excluded.muted_by, originator = excluded.originator, version = excluded.version \
         WHERE alerts.version = excluded.version - 1",
    )
    .bind(alert.tenant.as_str())
    .bind(alert.id.0)
    .bind(alert.subject.key())
    .bind(json(&alert.subject)?)
    .bind(conjunction)
    .bind(alert.severity.code())
    .bind(alert.state.word())
    .bind(alert.summary.as_str())
    .bind(microseconds(alert.opened))
    .bind(microseconds(alert.updated))
    .bind(acknowledged.map(|(by, _)| by.as_str()))
    .bind(acknowledged.map(|(_, at)| microseconds(*at)))
    .bind(alert.resolved.map(microseconds))
    .bind(alert.muted_until.map(microseconds))
    .bind(alert.escalate_at.map(microseconds))
    .bind(alert.escalated.map(microseconds))
    .bind(i64::from(alert.version))
    .bind(alert.told_probability)
    .bind(alert.resolved_by.as_deref())
    .bind(alert.muted_by.as_deref())
    .bind(alert.originator.as_deref())
    .execute(connection)
    .await;
    match result {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(Failure::conflict(format!("there is an unresolved alert of {} already", alert.subject.key())))
        }
        Err(error) => Err(error.into()),
        Ok(done) if done.rows_affected() == 0 => {
            Err(Failure::conflict(format!("alert {} was changed in the meantime", alert.id)))
        }
        Ok(_) => Ok(()),
    }
}
