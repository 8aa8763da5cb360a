//! What is known of each day.

use std::collections::BTreeMap;

use astroshield_domain::daily::{Certainty, Daily, DayRange, KeptDay};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;

use super::{Connection, Outcome, insertion, rows_in_bulk};
use crate::sql::bulk::Rows;
use crate::sql::failure::Failure;
use crate::sql::values::{Code, json, microseconds, of_json, time};

/// A kind of table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Series {
    SpaceWeather,
    EarthOrientation,
}

impl Series {
    fn name(self) -> &'static str {
        match self {
            Self::SpaceWeather => "space_weather",
            Self::EarthOrientation => "earth_orientation",
        }
    }
}

const DAY_0: Date = date(1970, 1, 1);

fn number(day: Date) -> i64 {
    day.duration_since(DAY_0).as_hours() / 24
}

fn day(number: i64) -> Outcome<Date> {
    let found = DAY_0.checked_add(number.days());
    found.map_err(|_| Failure::corrupt(format!("{number} is no day")))
}

pub(super) async fn put<T: Daily + Serialize>(
    connection: &mut Connection,
    series: Series,
    source: &str,
    arrived: Timestamp,
    days: &[T],
) -> Outcome<u64> {
    super::lock(connection, series.name()).await?;
    let days: BTreeMap<i64, &T> = days.iter().map(|value| (number(value.day()), value)).collect();
    let mut rows = Vec::with_capacity(days.len());
    for (day, value) in days {
        rows.push((day, value.certainty().code(), json(value)?));
    }
    let mut changed = 0;
    for chunk in rows.chunks(rows_in_bulk(6)) {
        let rows = Rows::of(chunk)
            .with("series", |_| series.name())
            .with("day", |(day, _, _)| *day)
            .with("certainty", |(_, certainty, _)| *certainty)
            .with("source", |_| source)
            .with("arrived", |_| microseconds(arrived))
            .with("body", |(_, _, body)| body.as_str());
        let mut query = insertion("days", rows);
        query.push(
            " ON CONFLICT (series, day) DO UPDATE SET certainty = excluded.certainty, source = excluded.source, \
             arrived = excluded.arrived, body = excluded.body \
             WHERE excluded.certainty >= days.certainty AND excluded.body <> days.body",
        );
        changed += query.build().execute(&mut *connection).await?.rows_affected();
    }
    Ok(changed)
}

pub(super) async fn range<T: DeserializeOwned>(
    connection: &mut Connection,
    series: Series,
    from: Date,
    to: Date,
) -> Outcome<DayRange<T>> {
    let rows = sqlx::query(
        "SELECT source, arrived, body FROM days WHERE series = $1 AND day BETWEEN $2 AND $3 ORDER BY day",
    )
    .bind(series.name())
    .bind(number(from))
    .bind(number(to))
    .fetch_all(&mut *connection)
    .await?;
    let kept = |row: &super::Row| {
        Ok(KeptDay {
            value: of_json(row.try_get("body")?)?,
            source: row.try_get("source")?,
            arrived: time(row.try_get("arrived")?)?,
        })
    };
    let days = super::all(&rows, kept)?;
    let last = |certainty: Certainty| {
        sqlx::query_scalar::<_, Option<i64>>(
            "SELECT max(day) FROM days WHERE series = $1 AND certainty >= $2",
        )
        .bind(series.name())
        .bind(certainty.code())
    };
    let last_observed = last(Certainty::Observed).fetch_one(&mut *connection).await?;
    let last_of_all = last(Certainty::Predicted).fetch_one(&mut *connection).await?;
    Ok(DayRange {
        days,
        last_observed: last_observed.map(day).transpose()?,
        last: last_of_all.map(day).transpose()?,
    })
}
