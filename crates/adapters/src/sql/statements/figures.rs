//! Figures for those who watch over the service. Each part follows an index, but for the count of conjunctions to come.

use astroshield_domain::alert::Severity;
use astroshield_domain::conjunction::ConjunctionStatus;
use astroshield_domain::figures::{
    ConjunctionClass, ConjunctionCount, Figures, HIGH_PROBABILITY, LOW_PROBABILITY,
};
use astroshield_domain::ids::TenantId;
use jiff::Timestamp;
use sqlx::Row as _;

use super::{Connection, Failure, Outcome, Row, all, catalog, events};
use crate::sql::values::{Code, count, microseconds, time};

pub(super) async fn figures(connection: &mut Connection, now: Timestamp) -> Outcome<Figures> {
    let mut figures = Figures {
        conjunctions: conjunctions(connection, now).await?,
        last_position: events::last_position(connection).await?,
        ..Figures::default()
    };
    let rows =
        sqlx::query("SELECT severity, count(*) FROM alerts WHERE state <> 'resolved' GROUP BY severity")
            .fetch_all(&mut *connection)
            .await?;
    figures.unresolved_alerts =
        all(&rows, |row| Ok((Severity::of_code(row.try_get(0)?)?, count(row.try_get(1)?)?)))?;

    let row =
        one(connection, "SELECT count(*), min(next_attempt) FROM deliveries WHERE state = 'due'").await?;
    figures.deliveries_due = count(row.try_get(0)?)?;
    figures.deliveries_due_since = optional_time(&row, 1)?.filter(|due| *due <= now);
    let row = one(connection, "SELECT count(*) FROM deliveries WHERE state = 'failed'").await?;
    figures.deliveries_failed = count(row.try_get(0)?)?;

    let row = one(connection, "SELECT count(*) FROM runs WHERE state = 'running'").await?;
    figures.runs_running = count(row.try_get(0)?)?;
    let age = catalog::catalog_age(connection, &TenantId::public()).await?;
    (figures.catalog_arrived, figures.catalog_epoch) = age.unzip();
    screening(connection, &mut figures).await?;

    let row = one(connection, "SELECT count(*), min(at) FROM events WHERE position IS NULL").await?;
    figures.outbox = count(row.try_get(0)?)?;
    figures.outbox_since = optional_time(&row, 1)?;
    let rows = sqlx::query("SELECT consumer, position FROM consumers ORDER BY consumer")
        .fetch_all(connection)
        .await?;
    figures.consumers = all(&rows, |row| Ok((row.try_get(0)?, row.try_get(1)?)))?;
    Ok(figures)
}

async fn conjunctions(connection: &mut Connection, now: Timestamp) -> Outcome<Vec<ConjunctionCount>> {
    let rows = sqlx::query(
        "SELECT status, CASE WHEN relation THEN 3 WHEN leading_probability >= $2 THEN 2 \
         WHEN leading_probability >= $3 THEN 1 ELSE 0 END AS class, count(*) \
         FROM conjunctions WHERE tca >= $1 GROUP BY 1, 2",
    )
    .bind(microseconds(now))
    .bind(HIGH_PROBABILITY)
    .bind(LOW_PROBABILITY)
    .fetch_all(connection)
    .await?;
    let mut counts = all(&rows, |row| {
        let class = match row.try_get::<i32, _>(1)? {
            0 => ConjunctionClass::Low,
            1 => ConjunctionClass::Medium,
            2 => ConjunctionClass::High,
            3 => ConjunctionClass::Relation,
            class => return Err(Failure::corrupt(format!("{class} is no class"))),
        };
        let status = ConjunctionStatus::of_code(row.try_get(0)?)?;
        Ok(ConjunctionCount { class, status, count: count(row.try_get(2)?)? })
    })?;
    counts.sort_unstable();
    Ok(counts)
}

/// How far the screening of the public catalog is.
async fn screening(connection: &mut Connection, figures: &mut Figures) -> Outcome<()> {
    let row = sqlx::query(
        "SELECT finished, as_of FROM runs WHERE tenant = 'public' AND kind = 'catalog' AND state = 'completed' \
         ORDER BY id DESC LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let as_of = match &row {
        Some(row) => {
            figures.screened = optional_time(row, 0)?;
            row.try_get(1)?
        }
        None => i64::MIN,
    };
    let waiting: Option<i64> = sqlx::query_scalar(
        "SELECT arrived FROM ingests WHERE tenant = 'public' AND arrived > $1 ORDER BY arrived LIMIT 1",
    )
    .bind(as_of)
    .fetch_optional(connection)
    .await?;
    figures.unscreened_since = waiting.map(time).transpose()?;
    Ok(())
}

async fn one(connection: &mut Connection, statement: &'static str) -> Outcome<Row> {
    Ok(sqlx::query(statement).fetch_one(connection).await?)
}

fn optional_time(row: &Row, column: usize) -> Outcome<Option<Timestamp>> {
    row.try_get::<Option<i64>, _>(column)?.map(time).transpose()
}
