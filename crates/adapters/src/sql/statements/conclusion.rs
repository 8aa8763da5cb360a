//! The conclusion of a run: its conjunctions take the place of what was known.

use astroshield_domain::conjunction::{Conjunction, ConjunctionStatus, Participant, Solution};
use astroshield_domain::event::{Event, Payload};
use astroshield_domain::ids::{ConjunctionId, EventId, RunId, TenantId};
use astroshield_domain::screening::{NotScreened, Run, RunConclusion, RunKind, RunState};
use sqlx::AssertSqlSafe;

use super::{
    Connection, Failure, Outcome, add_events, coverage, insertion, lock, require_own, rows_in_bulk, runs,
};
use crate::sql::bulk::Rows;
use crate::sql::values::{Code, Word, microseconds, nanoseconds, stored_count};

/// Conjunctions that the event of a run names.
const LEADING: usize = 20;

/// What the history keeps of a conjunction.
const SOLUTION: &str = "first_grade, second_grade, first_epoch_ns, second_epoch_ns, tca, miss_distance_km, \
     miss_radial_km, miss_in_track_km, miss_cross_track_km, relative_speed_km_s, maximum_probability, dilution_km, \
     probability, method, at_edge";

/// A conjunction, and what is derived of it for its row.
struct Found<'a> {
    conjunction: &'a Conjunction,
    objects: &'a [Participant; 2],
    solution: &'a Solution,
    epochs_ns: [Option<i64>; 2],
}

impl<'a> Found<'a> {
    fn of(conjunction: &'a Conjunction) -> Outcome<Self> {
        let [first, second] = &conjunction.objects;
        let epochs_ns =
            [first.epoch.map(nanoseconds).transpose()?, second.epoch.map(nanoseconds).transpose()?];
        Ok(Self { conjunction, objects: &conjunction.objects, solution: &conjunction.solution, epochs_ns })
    }
}

/// Conjunctions that are written in one transaction: others who write wait for a part, not for a whole catalog.
pub(super) const AT_ONCE: usize = 5_000;

/// What a run found, in the order of the table.
pub(super) fn in_order<'a>(
    tenant: &TenantId,
    run: RunId,
    found: &'a [Conjunction],
) -> Outcome<Vec<&'a Conjunction>> {
    let mut sorted: Vec<&Conjunction> = found.iter().collect();
    sorted.sort_by_key(|conjunction| conjunction.id);
    if let Some([first, _]) = sorted.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(Failure::conflict(format!("run {run} found conjunction {} twice", first.id)));
    }
    for conjunction in &sorted {
        require_own("conjunction", &conjunction.tenant, tenant)?;
    }
    Ok(sorted)
}

/// Stores a part of what a run found. A run that is taken up after a crash finds the same, under the same identities.
pub(super) async fn put_part(
    connection: &mut Connection,
    tenant: &TenantId,
    conclusion: &RunConclusion,
    part: &[&Conjunction],
) -> Outcome<()> {
    let Some((run, _)) = run_to_conclude(connection, tenant, conclusion).await? else { return Ok(()) };
    put_conjunctions(connection, &run, part).await?;
    keep_history(connection, &run, conclusion, part).await
}

/// Ends a run all of whose conjunctions are stored.
pub(super) async fn conclude_run(
    connection: &mut Connection,
    tenant: &TenantId,
    conclusion: &RunConclusion,
    found: &[Conjunction],
) -> Outcome<()> {
    let Some((run, cause)) = run_to_conclude(connection, tenant, conclusion).await? else { return Ok(()) };
    let cleared = clear(connection, &run, conclusion).await?;
    if run.kind == RunKind::Ephemerides {
        coverage::put_covered(connection, &run, &conclusion.covered).await?;
    }
    put_not_screened(connection, &run, &conclusion.not_screened).await?;
    finish(connection, &run, conclusion, found.len()).await?;

    let appeared = found.iter().filter(|found| found.first_seen >= run.started).count() as u64;
    let changed = Payload::ConjunctionsChanged {
        run: run.id,
        appeared,
        updated: found.len() as u64 - appeared,
        cleared,
        leading: leading(found),
    };
    let event = |causes, payload| Event::new(tenant.clone(), conclusion.finished, causes, payload);
    let completed = event(vec![cause], Payload::RunCompleted { run: run.id });
    let changed = event(vec![completed.id], changed);
    add_events(connection, [&completed, &changed]).await
}

/// The run, unless it is concluded already.
async fn run_to_conclude(
    connection: &mut Connection,
    tenant: &TenantId,
    conclusion: &RunConclusion,
) -> Outcome<Option<(Run, EventId)>> {
    lock(connection, &format!("conclude/{tenant}")).await?;
    let (run, cause) = runs::run_to_change(connection, tenant, conclusion.run).await?;
    match run.state {
        RunState::Completed => Ok(None),
        RunState::Failed => Err(Failure::conflict(format!("run {} has failed", run.id))),
        RunState::Running => Ok(Some((run, cause))),
    }
}

async fn put_conjunctions(connection: &mut Connection, run: &Run, part: &[&Conjunction]) -> Outcome<()> {
    for chunk in part.chunks(rows_in_bulk(30)) {
        let found = chunk.iter().copied().map(Found::of).collect::<Outcome<Vec<_>>>()?;
        let rows = Rows::of(&found)
            .with("tenant", |_| run.tenant.as_str())
            .with("id", |found| found.conjunction.id.0)
            .with("run", |_| run.id.0)
            .with("run_kind", |_| run.kind.word())
            .with("status", |_| ConjunctionStatus::Active.code())
            .with("relation", |found| found.conjunction.relation)
            .with("first_seen", |found| microseconds(found.conjunction.first_seen))
            .with("last_seen", |found| microseconds(found.conjunction.last_seen))
            .with("first_object", |found| i64::from(found.objects[0].number.get()))
            .with("second_object", |found| i64::from(found.objects[1].number.get()))
            .with("first_name", |found| found.objects[0].name.as_deref())
            .with("second_name", |found| found.objects[1].name.as_deref())
            .with("first_radius_m", |found| found.objects[0].hard_body_radius_m)
            .with("second_radius_m", |found| found.objects[1].hard_body_radius_m)
            .with("leading_probability", |found| found.conjunction.leading_probability())
            .with("first_grade", |found| found.objects[0].grade.code())
            .with("second_grade", |found| found.objects[1].grade.code())
            .with("first_epoch_ns", |found| found.epochs_ns[0])
            .with("second_epoch_ns", |found| found.epochs_ns[1])
            .with("tca", |found| microseconds(found.solution.tca))
            .with("miss_distance_km", |found| found.solution.miss_distance_km)
            .with("miss_radial_km", |found| found.solution.miss_ric_km[0])
            .with("miss_in_track_km", |found| found.solution.miss_ric_km[1])
            .with("miss_cross_track_km", |found| found.solution.miss_ric_km[2])
            .with("relative_speed_km_s", |found| found.solution.relative_speed_km_s)
            .with("maximum_probability", |found| found.solution.maximum_probability)
            .with("dilution_km", |found| found.solution.dilution_km)
            .with("probability", |found| found.solution.probability)
            .with("method", |found| found.solution.method.code())
            .with("at_edge", |found| found.solution.at_edge);
        let mut query = insertion("conjunctions", rows);
        let columns = "run, run_kind, status, relation, first_seen, last_seen, first_object, second_object, first_name, \
             second_name, first_radius_m, second_radius_m, leading_probability"
            .split(", ")
            .chain(SOLUTION.split(", "));
        let replaced: Vec<String> =
            columns.map(|column| format!("{} = excluded.{}", column.trim(), column.trim())).collect();
        query.push(format_args!(
            " ON CONFLICT (tenant, id) DO UPDATE SET {}, passed = NULL, cleared = NULL",
            replaced.join(", ")
        ));
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// A run looked at what a run of its kind has found inside its window: what is left active there and is not of this run
/// was not found again.
async fn clear(connection: &mut Connection, run: &Run, conclusion: &RunConclusion) -> Outcome<u64> {
    const NOT_FOUND: &str =
        "tenant = $1 AND status = $2 AND tca >= $3 AND tca <= $4 AND run_kind = $5 AND run <> $6";
    let history = format!(
        "INSERT INTO conjunction_history (tenant, conjunction, run, at, status, {SOLUTION}) \
         SELECT tenant, id, $6, $7, $8, {SOLUTION} FROM conjunctions WHERE {NOT_FOUND} ORDER BY id"
    );
    let (active, cleared) = (ConjunctionStatus::Active.code(), ConjunctionStatus::Cleared.code());
    sqlx::query(AssertSqlSafe(history))
        .bind(run.tenant.as_str())
        .bind(active)
        .bind(microseconds(run.window_start))
        .bind(microseconds(run.window_stop))
        .bind(run.kind.word())
        .bind(run.id.0)
        .bind(microseconds(conclusion.finished))
        .bind(cleared)
        .execute(&mut *connection)
        .await?;
    let update = format!("UPDATE conjunctions SET status = $7, cleared = $8 WHERE {NOT_FOUND}");
    let result = sqlx::query(AssertSqlSafe(update))
        .bind(run.tenant.as_str())
        .bind(active)
        .bind(microseconds(run.window_start))
        .bind(microseconds(run.window_stop))
        .bind(run.kind.word())
        .bind(run.id.0)
        .bind(cleared)
        .bind(microseconds(conclusion.finished))
        .execute(connection)
        .await?;
    Ok(result.rows_affected())
}

/// One entry for each, however often its part is stored.
async fn keep_history(
    connection: &mut Connection,
    run: &Run,
    conclusion: &RunConclusion,
    part: &[&Conjunction],
) -> Outcome<()> {
    let [Some(first), Some(last)] = [part.first(), part.last()] else { return Ok(()) };
    let history = format!(
        "INSERT INTO conjunction_history (tenant, conjunction, run, at, status, {SOLUTION}) \
         SELECT tenant, id, run, $3, status, {SOLUTION} FROM conjunctions c \
         WHERE tenant = $1 AND id >= $4 AND id <= $5 AND run = $2 AND NOT EXISTS ( \
             SELECT 1 FROM conjunction_history h WHERE h.tenant = c.tenant AND h.conjunction = c.id AND h.run = $2) \
         ORDER BY id"
    );
    sqlx::query(AssertSqlSafe(history))
        .bind(run.tenant.as_str())
        .bind(run.id.0)
        .bind(microseconds(conclusion.finished))
        .bind(first.id.0)
        .bind(last.id.0)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_not_screened(
    connection: &mut Connection,
    run: &Run,
    not_screened: &[NotScreened],
) -> Outcome<()> {
    let numbered: Vec<(i64, &NotScreened)> = (0..).zip(not_screened).collect();
    for chunk in numbered.chunks(rows_in_bulk(5)) {
        let rows = Rows::of(chunk)
            .with("run", |_| run.id.0)
            .with("object", |(_, object)| i64::from(object.object))
            .with("entry", |(entry, _)| *entry)
            .with("since", |(_, object)| object.from.map(microseconds))
            .with("reason", |(_, object)| object.reason.as_str());
        insertion("run_not_screened", rows).build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn finish(
    connection: &mut Connection,
    run: &Run,
    conclusion: &RunConclusion,
    found: usize,
) -> Outcome<()> {
    sqlx::query(
        "UPDATE runs SET state = $3, finished = $4, not_screened = $5, conjunctions = $6 \
         WHERE tenant = $1 AND id = $2",
    )
    .bind(run.tenant.as_str())
    .bind(run.id.0)
    .bind(RunState::Completed.word())
    .bind(microseconds(conclusion.finished))
    .bind(stored_count(conclusion.not_screened.len() as u64)?)
    .bind(stored_count(found as u64)?)
    .execute(connection)
    .await?;
    Ok(())
}

fn leading(found: &[Conjunction]) -> Vec<ConjunctionId> {
    let mut ranked: Vec<(f64, ConjunctionId)> =
        found.iter().map(|conjunction| (conjunction.leading_probability(), conjunction.id)).collect();
    ranked
        .sort_by(|(probability, id), (other, other_id)| other.total_cmp(probability).then(id.cmp(other_id)));
    ranked.into_iter().take(LEADING).map(|(_, id)| id).collect()
}
