//! What a tenant's own data stands for, in place of what is public.

use std::collections::HashMap;

use astroshield_domain::ids::TenantId;
use astroshield_domain::screening::{Covered, Run};
use jiff::Timestamp;
use sqlx::Row as _;

use super::{Connection, Outcome, PUBLIC, Select, insertion, rows_in_bulk};
use crate::sql::bulk::Rows;
use crate::sql::values::microseconds;

/// That a conjunction `c` is of an object that a tenant covers at its TCA. The primary key finds the few rows that matter.
pub(super) fn push_covered(query: &mut Select, tenant: &TenantId) {
    query
        .push("EXISTS (SELECT 1 FROM covered_objects v WHERE v.tenant = ")
        .push_bind(tenant.as_str().to_owned());
    query
        .push(" AND v.object IN (c.first_object, c.second_object) AND v.start <= c.tca AND v.stop >= c.tca)");
}

pub(super) async fn covers(connection: &mut Connection, tenant: &TenantId, from: Timestamp) -> Outcome<bool> {
    let covers =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM covered_objects WHERE tenant = $1 AND stop >= $2)")
            .bind(tenant.as_str())
            .bind(microseconds(from))
            .fetch_one(connection)
            .await?;
    Ok(covers)
}

/// What a run covers takes the place of what was covered from the start of its window on. What goes on from before stays
/// one row.
pub(super) async fn put_covered(connection: &mut Connection, run: &Run, covered: &[Covered]) -> Outcome<()> {
    if run.tenant.as_str() == PUBLIC {
        return Ok(());
    }
    let from = microseconds(run.window_start);
    for statement in [
        "DELETE FROM covered_objects WHERE tenant = $1 AND start >= $2",
        "UPDATE covered_objects SET stop = $2 WHERE tenant = $1 AND stop > $2",
    ] {
        sqlx::query(statement).bind(run.tenant.as_str()).bind(from).execute(&mut *connection).await?;
    }
    let rows = sqlx::query("SELECT object, start FROM covered_objects WHERE tenant = $1 AND stop = $2")
        .bind(run.tenant.as_str())
        .bind(from)
        .fetch_all(&mut *connection)
        .await?;
    let mut reaching: HashMap<i64, i64> = HashMap::new();
    for row in &rows {
        reaching.insert(row.try_get(0)?, row.try_get(1)?);
    }
    for chunk in covered.chunks(rows_in_bulk(4)) {
        let goes_on = |covered: &Covered| {
            let is_next = microseconds(covered.start) == from;
            reaching.get(&i64::from(covered.object)).copied().filter(|_| is_next)
        };
        let rows = Rows::of(chunk)
            .with("tenant", |_| run.tenant.as_str())
            .with("object", |covered| i64::from(covered.object))
            .with("start", |covered| goes_on(covered).unwrap_or(microseconds(covered.start)))
            .with("stop", |covered| microseconds(covered.stop));
        let mut query = insertion("covered_objects", rows);
        query.push(" ON CONFLICT (tenant, object, start) DO UPDATE SET stop = excluded.stop");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
