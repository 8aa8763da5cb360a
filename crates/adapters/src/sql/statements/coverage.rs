//! What a tenant's own data stands for, in place of what is public.

use std::collections::HashMap;

use astroshield_domain::ids::TenantId;
use astroshield_domain::screening::{Covered, Run};
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, Database, Outcome, PUBLIC, Select, rows_at_once};
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
    for chunk in covered.chunks(rows_at_once(4)) {
        let mut query: QueryBuilder<Database> =
            QueryBuilder::new("INSERT INTO covered_objects (tenant, object, start, stop) ");
        query.push_values(chunk, |mut row, covered| {
            let (object, start) = (i64::from(covered.object), microseconds(covered.start));
            let goes_on = reaching.get(&object).copied().filter(|_| start == from);
            row.push_bind(run.tenant.as_str())
                .push_bind(object)
                .push_bind(goes_on.unwrap_or(start))
                .push_bind(microseconds(covered.stop));
        });
        query.push(" ON CONFLICT (tenant, object, start) DO UPDATE SET stop = excluded.stop");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
