//! The statements, for the database of the parent module.

use super::{
    COLUMNS, CURRENT_SET, Columns, Connection, Database, FOR_UPDATE, FOR_UPDATE_SKIP_LOCKED, Found, Lookup,
    MAX_BINDS, NOW, REFERENCES, Row, SET_AS_OF, SYSTEM, Select, ThisStore, begin, find, finish_reading,
    finish_writing, lock, look_up, make_months, push_named, push_rows, rows_in_bulk,
};
use crate::sql::builder::Builder;
use crate::sql::bulk::Rows;
use crate::sql::failure::{Failure, Outcome};
use crate::sql::values::{json, microseconds};
use astroshield_domain::event::Event;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Page;
use sqlx::QueryBuilder;

mod access;
mod alerts;
mod calls;
mod catalog;
mod changes;
mod conclusion;
mod conjunctions;
mod coverage;
mod days;
mod deliveries;
mod erasure;
mod events;
mod figures;
mod inbound;
mod installation;
mod leases;
mod notes;
mod objects;
mod organizations;
mod reconciliation;
mod requests;
mod runs;
mod silence;
mod upkeep;
mod watching;

pub(super) const PUBLIC: &str = "public";

/// Whose rows a tenant sees.
fn visible_to(tenant: &TenantId) -> impl Iterator<Item = &str> {
    std::iter::once(tenant.as_str()).chain((tenant.as_str() != PUBLIC).then_some(PUBLIC))
}

/// Selects in an order what a tenant sees, one row more than asked for. Each part is cut for itself, so that it can
/// follow an index and stop.
fn push_visible<B: Builder>(
    query: &mut B,
    tenant: &TenantId,
    order: &str,
    limit: u32,
    select: impl Fn(&mut B, &str),
) {
    let rows = i64::from(limit) + 1;
    for (place, owner) in visible_to(tenant).enumerate() {
        query.push(if place == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
        select(query, owner);
        query.push(format_args!(" ORDER BY {order} LIMIT ")).push_bind(rows);
        query.push(format_args!(") AS part_{place}"));
    }
    query.push(format_args!(" ORDER BY {order} LIMIT ")).push_bind(rows);
}

/// The rows that were asked for, and whether there was one more.
fn page<T>(mut rows: Vec<T>, limit: u32) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Page { rows, more }
}

fn all<T>(rows: &[Row], read: impl Fn(&Row) -> Outcome<T>) -> Outcome<Vec<T>> {
    rows.iter().map(read).collect()
}

/// Rows of so many columns that fit in one statement.
const fn rows_at_once(columns: usize) -> usize {
    MAX_BINDS / columns
}

/// A statement that inserts rows into a table.
fn insertion<T>(table: &str, rows: Rows<'_, T>) -> QueryBuilder<Database> {
    let (count, columns) = rows.into_columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut query = QueryBuilder::new(format!("INSERT INTO {table} ({}) ", names.join(", ")));
    push_rows(&mut query, count, columns);
    query
}

/// Puts events into the outbox.
async fn add_events<'a>(
    connection: &mut Connection,
    events: impl IntoIterator<Item = &'a Event>,
) -> Outcome<()> {
    let events = events
        .into_iter()
        .map(|event| Ok((event, json(event)?)))
        .collect::<Outcome<Vec<(&Event, String)>>>()?;
    for chunk in events.chunks(rows_in_bulk(5)) {
        let rows = Rows::of(chunk)
            .with("id", |(event, _)| event.id.0)
            .with("tenant", |(event, _)| event.tenant.as_str())
            .with("topic", |(event, _)| &*event.topic)
            .with("at", |(event, _)| microseconds(event.at))
            .with("body", |(_, body)| body.as_str());
        insertion("events", rows).build().execute(&mut *connection).await?;
    }
    Ok(())
}

fn require_own(kind: &str, owner: &TenantId, tenant: &TenantId) -> Outcome<()> {
    if owner == tenant {
        Ok(())
    } else {
        Err(Failure::conflict(format!("{kind} of tenant {owner} among those of tenant {tenant}")))
    }
}
