//! Screening runs and their slices.

use astroshield_domain::event::{Event, Payload};
use astroshield_domain::ids::{EventId, RunId, TenantId};
use astroshield_domain::ports::{Page, RunUpdate};
use astroshield_domain::screening::{NotScreened, Run, RunKind, RunState};
use astroshield_domain::trace::Trace;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::{Connection, Database, FOR_UPDATE, Failure, Outcome, Row, add_events, all, page, push_visible};
use crate::sql::values::{
    Word, catalog_number, count, microseconds, small_count, stored_count, tenant, time,
};

pub(super) async fn begin_run(connection: &mut Connection, run: &Run, causes: &[EventId]) -> Outcome<()> {
    let event =
        Event::new(run.tenant.clone(), run.started, causes.to_vec(), Payload::RunStarted { run: run.id });
    let result = sqlx::query(
        "INSERT INTO runs (tenant, id, cause, kind, state, as_of, window_start, window_stop, threshold_km, slices, \
         slices_done, objects, not_screened, conjunctions, started, finished, problem, build, \
         trace, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(run.tenant.as_str())
    .bind(run.id.0)
    .bind(event.id.0)
    .bind(run.kind.word())
    .bind(run.state.word())
    .bind(microseconds(run.as_of))
    .bind(microseconds(run.window_start))
    .bind(microseconds(run.window_stop))
    .bind(run.threshold_km)
    .bind(i64::from(run.slices))
    .bind(i64::from(run.slices_done))
    .bind(stored_count(run.objects)?)
    .bind(stored_count(run.not_screened)?)
    .bind(stored_count(run.conjunctions)?)
    .bind(microseconds(run.started))
    .bind(run.finished.map(microseconds))
    .bind(run.problem.as_deref())
    .bind(run.build.as_str())
    .bind(run.trace.as_ref().map(Trace::traceparent))
    .bind(run.trace.as_ref().and_then(Trace::request))
    .execute(&mut *connection)
    .await;
    match result {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(Failure::conflict(format!(
            "run {}: another {} run of tenant {} is running, or it was begun already",
            run.id,
            run.kind.word(),
            run.tenant
        ))),
        Err(error) => Err(error.into()),
        Ok(_) => add_events(connection, [&event]).await,
    }
}

/// A run of a tenant's own, and the event that told of its beginning; others wait until this transaction is over.
pub(super) async fn run_to_change(
    connection: &mut Connection,
    tenant: &TenantId,
    id: RunId,
) -> Outcome<(Run, EventId)> {
    let statement = format!("SELECT * FROM runs WHERE tenant = $1 AND id = $2{FOR_UPDATE}");
    let row = sqlx::query(AssertSqlSafe(statement))
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?
        .ok_or_else(|| Failure::not_found("run", &id))?;
    Ok((run_of_row(&row)?, EventId(row.try_get("cause")?)))
}

pub(super) async fn update_run(
    connection: &mut Connection,
    tenant: &TenantId,
    id: RunId,
    update: &RunUpdate,
) -> Outcome<()> {
    let (run, cause) = run_to_change(connection, tenant, id).await?;
    match update {
        RunUpdate::SliceDone { slice, blob } => slice_done(connection, &run, cause, *slice, blob).await,
        RunUpdate::Failed { at, problem } => run_failed(connection, &run, cause, *at, problem).await,
    }
}

async fn slice_done(
    connection: &mut Connection,
    run: &Run,
    cause: EventId,
    slice: u32,
    blob: &str,
) -> Outcome<()> {
    if slice >= run.slices {
        return Err(Failure::conflict(format!("slice {slice} of run {}, which has {}", run.id, run.slices)));
    }
    let inserted =
        sqlx::query("INSERT INTO run_slices (run, slice, blob) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(run.id.0)
            .bind(i64::from(slice))
            .bind(blob)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    if inserted == 0 {
        return Ok(());
    }
    if run.state != RunState::Running {
        return Err(Failure::conflict(format!("run {} is {}", run.id, run.state.word())));
    }
    sqlx::query("UPDATE runs SET slices_done = slices_done + 1 WHERE tenant = $1 AND id = $2")
        .bind(run.tenant.as_str())
        .bind(run.id.0)
        .execute(&mut *connection)
        .await?;
    let payload =
        Payload::RunProgressed { run: run.id, slices_done: run.slices_done + 1, slices: run.slices };
    add_events(connection, [&Event::new(run.tenant.clone(), Timestamp::now(), vec![cause], payload)]).await
}

async fn run_failed(
    connection: &mut Connection,
    run: &Run,
    cause: EventId,
    at: Timestamp,
    problem: &str,
) -> Outcome<()> {
    match run.state {
        RunState::Failed => return Ok(()),
        RunState::Completed => return Err(Failure::conflict(format!("run {} is completed", run.id))),
        RunState::Running => {}
    }
    sqlx::query("UPDATE runs SET state = $3, finished = $4, problem = $5 WHERE tenant = $1 AND id = $2")
        .bind(run.tenant.as_str())
        .bind(run.id.0)
        .bind(RunState::Failed.word())
        .bind(microseconds(at))
        .bind(problem)
        .execute(&mut *connection)
        .await?;
    let payload = Payload::RunFailed { run: run.id, problem: problem.to_owned() };
    add_events(connection, [&Event::new(run.tenant.clone(), at, vec![cause], payload)]).await
}

pub(super) async fn slices_done(connection: &mut Connection, run: RunId) -> Outcome<Vec<(u32, String)>> {
    let rows = sqlx::query("SELECT slice, blob FROM run_slices WHERE run = $1 ORDER BY slice")
        .bind(run.0)
        .fetch_all(connection)
        .await?;
    all(&rows, |row| Ok((small_count(row.try_get(0)?)?, row.try_get(1)?)))
}

pub(super) async fn unfinished_runs(connection: &mut Connection) -> Outcome<Vec<Run>> {
    let rows = sqlx::query("SELECT * FROM runs WHERE state = 'running' ORDER BY started, id")
        .fetch_all(connection)
        .await?;
    all(&rows, run_of_row)
}

pub(super) async fn last_screened(
    connection: &mut Connection,
    tenant: &TenantId,
    by: Timestamp,
) -> Outcome<Option<Timestamp>> {
    let finished: Option<i64> = sqlx::query_scalar(
        "SELECT max(finished) FROM runs WHERE tenant = $1 AND state = $2 AND finished <= $3",
    )
    .bind(tenant.as_str())
    .bind(RunState::Completed.word())
    .bind(microseconds(by))
    .fetch_one(connection)
    .await?;
    finished.map(time).transpose()
}

pub(super) async fn runs(
    connection: &mut Connection,
    tenant: &TenantId,
    before: Option<RunId>,
    limit: u32,
) -> Outcome<Page<Run>> {
    let mut query: QueryBuilder<Database> = QueryBuilder::new("");
    push_visible(&mut query, tenant, "id DESC", limit, |query, owner| {
        query.push("SELECT * FROM runs WHERE tenant = ").push_bind(owner.to_owned());
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before.0);
        }
    });
    let rows = query.build().fetch_all(connection).await?;
    Ok(page(all(&rows, run_of_row)?, limit))
}

pub(super) async fn run(connection: &mut Connection, tenant: &TenantId, id: RunId) -> Outcome<Option<Run>> {
    let row = sqlx::query("SELECT * FROM runs WHERE tenant IN ($1, 'public') AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(run_of_row).transpose()
}

fn run_of_row(row: &Row) -> Outcome<Run> {
    Ok(Run {
        id: RunId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        kind: RunKind::of_word(row.try_get("kind")?)?,
        state: RunState::of_word(row.try_get("state")?)?,
        as_of: time(row.try_get("as_of")?)?,
        window_start: time(row.try_get("window_start")?)?,
        window_stop: time(row.try_get("window_stop")?)?,
        threshold_km: row.try_get("threshold_km")?,
        slices: small_count(row.try_get("slices")?)?,
        slices_done: small_count(row.try_get("slices_done")?)?,
        objects: count(row.try_get("objects")?)?,
        not_screened: count(row.try_get("not_screened")?)?,
        conjunctions: count(row.try_get("conjunctions")?)?,
        started: time(row.try_get("started")?)?,
        finished: row.try_get::<Option<i64>, _>("finished")?.map(time).transpose()?,
        problem: row.try_get("problem")?,
        build: row.try_get("build")?,
        trace: Trace::of(row.try_get("trace")?, row.try_get("request_id")?),
    })
}

pub(super) async fn not_screened(
    connection: &mut Connection,
    tenant: &TenantId,
    run: RunId,
) -> Outcome<Vec<NotScreened>> {
    // Whose run it is, is known of the run only.
    let rows = sqlx::query(
        "SELECT n.* FROM run_not_screened n JOIN runs r ON r.id = n.run \
         WHERE n.run = $1 AND r.tenant IN ($2, $3) ORDER BY n.object, n.entry",
    )
    .bind(run.0)
    .bind(tenant.as_str())
    .bind(super::PUBLIC)
    .fetch_all(connection)
    .await?;
    all(&rows, |row| {
        Ok(NotScreened {
            object: catalog_number(row.try_get("object")?)?.get(),
            from: row.try_get::<Option<i64>, _>("since")?.map(time).transpose()?,
            reason: row.try_get("reason")?,
        })
    })
}
