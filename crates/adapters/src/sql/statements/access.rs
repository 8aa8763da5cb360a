//! API keys, the audit log, and answers under idempotency keys.

use astroshield_domain::access::{
    ApiKey, Attempt, Attempted, AuditEntry, AuditPlace, AuditQuery, Principal, Scope, StoredAnswer,
};
use astroshield_domain::ids::{ApiKeyId, TenantId};
use astroshield_domain::ports::Continued;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, Database, Failure, Outcome, Row, all};
use crate::sql::values::{Word, hash, microseconds, tenant, time};

pub(super) async fn api_keys(connection: &mut Connection, tenant: &TenantId) -> Outcome<Vec<ApiKey>> {
    let rows = sqlx::query("SELECT * FROM api_keys WHERE tenant = $1 ORDER BY id")
        .bind(tenant.as_str())
        .fetch_all(connection)
        .await?;
    all(&rows, api_key)
}

pub(super) async fn add_api_key(
    connection: &mut Connection,
    key: &ApiKey,
    audit: &AuditEntry,
) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO api_keys (tenant, id, name, scope, hash, created, expires, revoked) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, id) DO UPDATE SET hash = excluded.hash",
    )
    .bind(key.tenant.as_str())
    .bind(key.id.0)
    .bind(key.name.as_str())
    .bind(key.scope.word())
    .bind(key.hash.as_slice())
    .bind(microseconds(key.created))
    .bind(key.expires.map(microseconds))
    .bind(key.revoked.map(microseconds))
    .execute(&mut *connection)
    .await?;
    add_audit(connection, audit).await
}

/// A key stays revoked as of the first time.
pub(super) async fn revoke_api_key(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ApiKeyId,
    at: Timestamp,
    audit: &AuditEntry,
) -> Outcome<()> {
    let changed =
        sqlx::query("UPDATE api_keys SET revoked = coalesce(revoked, $3) WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.0)
            .bind(microseconds(at))
            .execute(&mut *connection)
            .await?
            .rows_affected();
    if changed == 0 {
        return Err(Failure::not_found("API key", &id));
    }
    add_audit(connection, audit).await
}

pub(super) async fn api_key_by_hash(connection: &mut Connection, hash: &[u8; 32]) -> Outcome<Option<ApiKey>> {
    let row = sqlx::query(
        "SELECT * FROM api_keys k WHERE hash = $1 AND NOT EXISTS ( \
             SELECT 1 FROM organizations o WHERE o.tenant = k.tenant AND o.closed IS NOT NULL)",
    )
    .bind(hash.as_slice())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(api_key).transpose()
}

fn api_key(row: &Row) -> Outcome<ApiKey> {
    let at = |column| row.try_get::<Option<i64>, _>(column)?.map(time).transpose();
    Ok(ApiKey {
        id: ApiKeyId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        name: row.try_get("name")?,
        scope: Scope::of_word(row.try_get("scope")?)?,
        hash: hash(row.try_get("hash")?)?,
        created: time(row.try_get("created")?)?,
        expires: at("expires")?,
        revoked: at("revoked")?,
    })
}

pub(super) async fn add_audit(connection: &mut Connection, entry: &AuditEntry) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO audit (tenant, at, author, principal, action, target, address, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(entry.tenant.as_str())
    .bind(microseconds(entry.at))
    .bind(entry.by.as_str())
    .bind(entry.principal.as_ref().map(ToString::to_string))
    .bind(entry.action.as_str())
    .bind(entry.target.as_str())
    .bind(entry.address.map(|address| address.to_string()))
    .bind(entry.request_id.as_deref())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn audit(
    connection: &mut Connection,
    tenant_id: &TenantId,
    asked: &AuditQuery,
) -> Outcome<Continued<AuditEntry, AuditPlace>> {
    let limit = asked.limit;
    let mut query: QueryBuilder<Database> = QueryBuilder::new("SELECT * FROM audit WHERE tenant = ");
    query.push_bind(tenant_id.as_str());
    if let Some(place) = asked.after {
        query.push(" AND (at, entry) < (").push_bind(microseconds(place.at));
        query.push(", ").push_bind(place.entry).push(")");
    }
    for (bound, at) in [(" AND at >= ", asked.from), (" AND at < ", asked.until)] {
        if let Some(at) = at {
            query.push(bound).push_bind(microseconds(at));
        }
    }
    if let Some(by) = &asked.by {
        // Whatever looks like a principal is looked for as one: names can be made to look like that.
        let column = if by.parse::<Principal>().is_ok() { "principal" } else { "author" };
        query.push(format_args!(" AND {column} = ")).push_bind(by.as_str());
    }
    if let Some(target) = &asked.target {
        query.push(" AND target = ").push_bind(target.as_str());
    }
    match &asked.action {
        // All of a kind.
        Some(action) if action.ends_with('.') => {
            let length = i64::try_from(action.chars().count()).unwrap_or(i64::MAX);
            query.push(" AND substr(action, 1, CAST(").push_bind(length).push(" AS INTEGER)) = ");
            query.push_bind(action.as_str());
        }
        Some(action) => {
            query.push(" AND action = ").push_bind(action.as_str());
        }
        None => {}
    }
    query.push(" ORDER BY at DESC, entry DESC LIMIT ").push_bind(i64::from(limit) + 1);
    let rows = query.build().fetch_all(connection).await?;
    let more = rows.len() > limit as usize;
    let rows = &rows[..rows.len().min(limit as usize)];
    let place = |row: &Row| {
        Ok::<_, Failure>(AuditPlace { at: time(row.try_get("at")?)?, entry: row.try_get("entry")? })
    };
    let next = rows.last().filter(|_| more).map(place).transpose()?;
    let rows = all(rows, |row| {
        let address: Option<String> = row.try_get("address")?;
        let address =
            address.map(|text| text.parse().map_err(|_| Failure::corrupt(format!("{text:?} is no address"))));
        let principal: Option<String> = row.try_get("principal")?;
        let principal = principal
            .map(|text| text.parse::<Principal>().map_err(|error| Failure::corrupt(error.to_string())));
        Ok(AuditEntry {
            at: time(row.try_get("at")?)?,
            tenant: tenant(row.try_get("tenant")?)?,
            by: row.try_get("author")?,
            principal: principal.transpose()?,
            action: row.try_get("action")?,
            target: row.try_get("target")?,
            address: address.transpose()?,
            request_id: row.try_get("request_id")?,
        })
    })?;
    Ok(Continued { rows, next })
}

/// The time of a request that is repeated is that of the first attempt.
pub(super) async fn attempt(
    connection: &mut Connection,
    tenant: &TenantId,
    key: &str,
    request: &[u8; 32],
    at: Timestamp,
) -> Outcome<Attempted> {
    if let Some(answer) = answer(connection, tenant, key).await? {
        return Ok(Attempted::Answered(answer));
    }
    let written = sqlx::query(
        "INSERT INTO attempts (tenant, idempotency_key, request, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant, idempotency_key) DO UPDATE SET request = excluded.request, at = excluded.at \
         WHERE attempts.request <> excluded.request",
    )
    .bind(tenant.as_str())
    .bind(key)
    .bind(request.as_slice())
    .bind(microseconds(at))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let first: i64 = sqlx::query_scalar("SELECT at FROM attempts WHERE tenant = $1 AND idempotency_key = $2")
        .bind(tenant.as_str())
        .bind(key)
        .fetch_one(connection)
        .await?;
    Ok(Attempted::Open(Attempt {
        tenant: tenant.clone(),
        key: key.to_owned(),
        request: *request,
        at: time(first)?,
        repeated: written == 0,
    }))
}

pub(super) async fn answer(
    connection: &mut Connection,
    tenant: &TenantId,
    key: &str,
) -> Outcome<Option<StoredAnswer>> {
    let row =
        sqlx::query("SELECT request, status, body FROM answers WHERE tenant = $1 AND idempotency_key = $2")
            .bind(tenant.as_str())
            .bind(key)
            .fetch_optional(connection)
            .await?;
    row.map(|row| {
        let status: i16 = row.try_get(1)?;
        Ok(StoredAnswer {
            request: hash(row.try_get(0)?)?,
            status: u16::try_from(status)
                .map_err(|_| Failure::corrupt(format!("{status} is no HTTP status")))?,
            body: row.try_get(2)?,
        })
    })
    .transpose()
}

pub(super) async fn put_answer(
    connection: &mut Connection,
    tenant: &TenantId,
    key: &str,
    answer: &StoredAnswer,
    at: Timestamp,
) -> Outcome<()> {
    let status = i16::try_from(answer.status)
        .map_err(|_| Failure::conflict(format!("{} is no HTTP status", answer.status)))?;
    let inserted = sqlx::query(
        "INSERT INTO answers (tenant, idempotency_key, request, status, body, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(key)
    .bind(answer.request.as_slice())
    .bind(status)
    .bind(answer.body.as_slice())
    .bind(microseconds(at))
    .execute(connection)
    .await?
    .rows_affected();
    if inserted == 0 {
        return Err(Failure::conflict(format!("idempotency key {key:?} has an answer already")));
    }
    Ok(())
}
