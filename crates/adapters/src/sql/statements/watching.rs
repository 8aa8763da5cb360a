//! Watch lists, rules and webhooks: what users set up. A tenant sees its own only.

use std::fmt::Display;

use astroshield_domain::access::AuditEntry;
use astroshield_domain::alert::{RetiredSecret, Rule, Severity, WatchList, WatchedObject, Webhook};
use astroshield_domain::ids::{RuleId, TenantId, WatchListId, WebhookId};
use sqlx::{QueryBuilder, Row as _};

use super::access::add_audit;
use super::{Connection, Database, Failure, Outcome, Row, all, insertion, rows_in_bulk};
use crate::sql::bulk::Rows;
use crate::sql::values::{Code, catalog_number, json, microseconds, of_json, small_count, tenant, time};

type QueryResult = <Database as sqlx::Database>::QueryResult;

pub(super) async fn watch_lists(
    connection: &mut Connection,
    tenant_id: &TenantId,
    only: Option<WatchListId>,
) -> Outcome<Vec<WatchList>> {
    let mut query: QueryBuilder<Database> = QueryBuilder::new(
        "SELECT l.id, l.tenant, l.name, l.updated, w.object, w.hard_body_radius_m, w.maneuverable, \
             w.maneuverable_stated, w.min_probability, w.max_miss_distance_km \
         FROM watch_lists l LEFT JOIN watched_objects w ON w.tenant = l.tenant AND w.watch_list = l.id \
         WHERE l.tenant = ",
    );
    query.push_bind(tenant_id.as_str());
    if let Some(id) = only {
        query.push(" AND l.id = ").push_bind(id.0);
    }
    query.push(" ORDER BY l.name, l.id, w.place");
    let rows = query.build().fetch_all(connection).await?;
    let mut lists: Vec<WatchList> = Vec::new();
    for row in &rows {
        let id = WatchListId(row.try_get("id")?);
        if lists.last().is_none_or(|last| last.id != id) {
            lists.push(WatchList {
                id,
                tenant: tenant(row.try_get("tenant")?)?,
                name: row.try_get("name")?,
                objects: Vec::new(),
                updated: time(row.try_get("updated")?)?,
            });
        }
        let object: Option<i64> = row.try_get("object")?;
        if let (Some(list), Some(object)) = (lists.last_mut(), object) {
            let is_stated: bool = row.try_get("maneuverable_stated")?;
            list.objects.push(WatchedObject {
                object: catalog_number(object)?.get(),
                hard_body_radius_m: row.try_get("hard_body_radius_m")?,
                maneuverable: if is_stated { row.try_get("maneuverable")? } else { None },
                min_probability: row.try_get("min_probability")?,
                max_miss_distance_km: row.try_get("max_miss_distance_km")?,
            });
        }
    }
    Ok(lists)
}

pub(super) async fn put_watch_list(
    connection: &mut Connection,
    list: &WatchList,
    audit: &AuditEntry,
) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO watch_lists (tenant, id, name, updated) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, updated = excluded.updated",
    )
    .bind(list.tenant.as_str())
    .bind(list.id.0)
    .bind(list.name.as_str())
    .bind(microseconds(list.updated))
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM watched_objects WHERE tenant = $1 AND watch_list = $2")
        .bind(list.tenant.as_str())
        .bind(list.id.0)
        .execute(&mut *connection)
        .await?;
    let placed: Vec<(i64, &WatchedObject)> = (0..).zip(&list.objects).collect();
    for chunk in placed.chunks(rows_in_bulk(9)) {
        let rows = Rows::of(chunk)
            .with("tenant", |_| list.tenant.as_str())
            .with("watch_list", |_| list.id.0)
            .with("place", |(place, _)| *place)
            .with("object", |(_, watched)| i64::from(watched.object))
            .with("hard_body_radius_m", |(_, watched)| watched.hard_body_radius_m)
            .with("maneuverable", |(_, watched)| watched.maneuverable.unwrap_or(false))
            .with("maneuverable_stated", |(_, watched)| watched.maneuverable.is_some())
            .with("min_probability", |(_, watched)| watched.min_probability)
            .with("max_miss_distance_km", |(_, watched)| watched.max_miss_distance_km);
        insertion("watched_objects", rows).build().execute(&mut *connection).await?;
    }
    add_audit(connection, audit).await
}

pub(super) async fn remove_watch_list(
    connection: &mut Connection,
    tenant: &TenantId,
    id: WatchListId,
    audit: &AuditEntry,
) -> Outcome<()> {
    let removed = sqlx::query("DELETE FROM watch_lists WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .execute(&mut *connection)
        .await;
    match removed {
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Err(Failure::conflict(format!("a rule speaks of watch list {id}")))
        }
        Err(error) => Err(error.into()),
        Ok(removed) => {
            require_removed(&removed, "watch list", &id)?;
            add_audit(connection, audit).await
        }
    }
}

pub(super) async fn rules(connection: &mut Connection, tenant: &TenantId) -> Outcome<Vec<Rule>> {
    let rows = sqlx::query("SELECT * FROM rules WHERE tenant = $1 ORDER BY name, id")
        .bind(tenant.as_str())
        .fetch_all(connection)
        .await?;
    all(&rows, rule_of)
}

pub(super) async fn rule(
    connection: &mut Connection,
    tenant: &TenantId,
    id: RuleId,
) -> Outcome<Option<Rule>> {
    let row = sqlx::query("SELECT * FROM rules WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rule_of).transpose()
}

pub(super) async fn enabled_rules(connection: &mut Connection) -> Outcome<Vec<Rule>> {
    let rows = sqlx::query("SELECT * FROM rules WHERE enabled ORDER BY tenant, name, id")
        .fetch_all(connection)
        .await?;
    all(&rows, rule_of)
}

fn rule_of(row: &Row) -> Outcome<Rule> {
    Ok(Rule {
        id: RuleId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        name: row.try_get("name")?,
        enabled: row.try_get("enabled")?,
        watch_list: row.try_get::<Option<_>, _>("watch_list")?.map(WatchListId),
        min_probability: row.try_get("min_probability")?,
        max_miss_distance_km: row.try_get("max_miss_distance_km")?,
        within_hours: row.try_get("within_hours")?,
        relations: row.try_get("relations")?,
        severity: Severity::of_code(row.try_get("severity")?)?,
        channels: of_json(row.try_get("channels")?)?,
        escalate_after_minutes: row
            .try_get::<Option<i64>, _>("escalate_after_minutes")?
            .map(small_count)
            .transpose()?,
        escalation_channels: of_json(row.try_get("escalation_channels")?)?,
        updated: time(row.try_get("updated")?)?,
    })
}

pub(super) async fn put_rule(connection: &mut Connection, rule: &Rule, audit: &AuditEntry) -> Outcome<()> {
    let result = sqlx::query(
        "INSERT INTO rules (tenant, id, name, enabled, watch_list, min_probability, max_miss_distance_km, \
         within_hours, relations, severity, channels, escalate_after_minutes, escalation_channels, updated) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled, \
         watch_list = excluded.watch_list, min_probability = excluded.min_probability, \
         max_miss_distance_km = excluded.max_miss_distance_km, within_hours = excluded.within_hours, \
         relations = excluded.relations, severity = excluded.severity, channels = excluded.channels, \
         escalate_after_minutes = excluded.escalate_after_minutes, \
         escalation_channels = excluded.escalation_channels, updated = excluded.updated",
    )
    .bind(rule.tenant.as_str())
    .bind(rule.id.0)
    .bind(rule.name.as_str())
    .bind(rule.enabled)
    .bind(rule.watch_list.map(|list| list.0))
    .bind(rule.min_probability)
    .bind(rule.max_miss_distance_km)
    .bind(rule.within_hours)
    .bind(rule.relations)
    .bind(rule.severity.code())
    .bind(json(&rule.channels)?)
    .bind(rule.escalate_after_minutes.map(i64::from))
    .bind(json(&rule.escalation_channels)?)
    .bind(microseconds(rule.updated))
    .execute(&mut *connection)
    .await;
    match (result, rule.watch_list) {
        (Err(sqlx::Error::Database(error)), Some(list)) if error.is_foreign_key_violation() => {
            Err(Failure::conflict(format!("rule {:?}: no such watch list: {list}", rule.name)))
        }
        (Err(error), _) => Err(error.into()),
        (Ok(_), _) => add_audit(connection, audit).await,
    }
}

pub(super) async fn remove_rule(
    connection: &mut Connection,
    tenant: &TenantId,
    id: RuleId,
    audit: &AuditEntry,
) -> Outcome<()> {
    let removed = sqlx::query("DELETE FROM rules WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    require_removed(&removed, "rule", &id)?;
    add_audit(connection, audit).await
}

fn require_removed(removed: &QueryResult, kind: &'static str, id: &impl Display) -> Outcome<()> {
    if removed.rows_affected() == 0 { Err(Failure::not_found(kind, id)) } else { Ok(()) }
}

pub(super) async fn webhooks(connection: &mut Connection, tenant_id: &TenantId) -> Outcome<Vec<Webhook>> {
    let rows = sqlx::query("SELECT * FROM webhooks WHERE tenant = $1 ORDER BY name, id")
        .bind(tenant_id.as_str())
        .fetch_all(connection)
        .await?;
    all(&rows, webhook_of)
}

pub(super) async fn webhook(
    connection: &mut Connection,
    tenant: &TenantId,
    id: WebhookId,
) -> Outcome<Option<Webhook>> {
    let row = sqlx::query("SELECT * FROM webhooks WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(webhook_of).transpose()
}

fn webhook_of(row: &Row) -> Outcome<Webhook> {
    Ok(Webhook {
        id: WebhookId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        secret: row.try_get("secret")?,
        retired: retired_of(row)?,
        enabled: row.try_get("enabled")?,
        created: time(row.try_get("created")?)?,
    })
}

fn retired_of(row: &Row) -> Outcome<Option<RetiredSecret>> {
    let Some(secret) = row.try_get::<Option<String>, _>("retired_secret")? else { return Ok(None) };
    let (until, rotation) = (time(row.try_get("retired_until")?)?, row.try_get("rotation")?);
    Ok(Some(RetiredSecret { secret, until, rotation }))
}

pub(super) async fn put_webhook(
    connection: &mut Connection,
    webhook: &Webhook,
    audit: &AuditEntry,
) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO webhooks (tenant, id, name, url, secret, enabled, created, retired_secret, retired_until, rotation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, url = excluded.url, enabled = excluded.enabled",
    )
    .bind(webhook.tenant.as_str())
    .bind(webhook.id.0)
    .bind(webhook.name.as_str())
    .bind(webhook.url.as_str())
    .bind(webhook.secret.as_str())
    .bind(webhook.enabled)
    .bind(microseconds(webhook.created))
    .bind(webhook.retired.as_ref().map(|retired| retired.secret.as_str()))
    .bind(webhook.retired.as_ref().map(|retired| microseconds(retired.until)))
    .bind(webhook.retired.as_ref().map(|retired| retired.rotation))
    .execute(&mut *connection)
    .await?;
    add_audit(connection, audit).await
}

pub(super) async fn replace_webhook(
    connection: &mut Connection,
    webhook: &Webhook,
    before: &Webhook,
    audit: &AuditEntry,
) -> Outcome<()> {
    let replaced = sqlx::query(
        "UPDATE webhooks SET name = $6, url = $7, enabled = $8 \
         WHERE tenant = $1 AND id = $2 AND name = $3 AND url = $4 AND enabled = $5",
    )
    .bind(webhook.tenant.as_str())
    .bind(webhook.id.0)
    .bind(before.name.as_str())
    .bind(before.url.as_str())
    .bind(before.enabled)
    .bind(webhook.name.as_str())
    .bind(webhook.url.as_str())
    .bind(webhook.enabled)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if replaced == 0 {
        return Err(match self::webhook(connection, &webhook.tenant, webhook.id).await? {
            Some(_) => Failure::conflict("somebody else has changed the webhook meanwhile"),
            None => Failure::not_found("webhook", &webhook.id),
        });
    }
    add_audit(connection, audit).await
}

pub(super) async fn rotate_webhook(
    connection: &mut Connection,
    webhook: &Webhook,
    before: &str,
    audit: &AuditEntry,
) -> Outcome<()> {
    let rotated = sqlx::query(
        "UPDATE webhooks SET secret = $4, retired_secret = $5, retired_until = $6, rotation = $7 \
         WHERE tenant = $1 AND id = $2 AND secret = $3",
    )
    .bind(webhook.tenant.as_str())
    .bind(webhook.id.0)
    .bind(before)
    .bind(webhook.secret.as_str())
    .bind(webhook.retired.as_ref().map(|retired| retired.secret.as_str()))
    .bind(webhook.retired.as_ref().map(|retired| microseconds(retired.until)))
    .bind(webhook.retired.as_ref().map(|retired| retired.rotation))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if rotated == 0 {
        return Err(match self::webhook(connection, &webhook.tenant, webhook.id).await? {
            Some(_) => Failure::conflict("somebody else has given the webhook another secret meanwhile"),
            None => Failure::not_found("webhook", &webhook.id),
        });
    }
    add_audit(connection, audit).await
}

pub(super) async fn remove_webhook(
    connection: &mut Connection,
    tenant: &TenantId,
    id: WebhookId,
    audit: &AuditEntry,
) -> Outcome<()> {
    let named: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM rules WHERE tenant = $1 \
         AND (channels LIKE $2 OR escalation_channels LIKE $2))",
    )
    .bind(tenant.as_str())
    .bind(format!("%{id}%"))
    .fetch_one(&mut *connection)
    .await?;
    if named {
        return Err(Failure::conflict(format!("a rule tells webhook {id}")));
    }
    let removed = sqlx::query("DELETE FROM webhooks WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    require_removed(&removed, "webhook", &id)?;
    add_audit(connection, audit).await
}
