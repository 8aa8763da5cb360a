//! Erasing what a tenant had. Which tables that is in, the database says, so that no new one is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use astroshield_domain::ids::TenantId;
use sqlx::AssertSqlSafe;

use super::{COLUMNS, Connection, Failure, Outcome, REFERENCES, organizations};

/// What says that there was a tenant; it stays.
const ORGANIZATIONS: &str = "organizations";

/// A table, and what tells its rows apart.
#[derive(Default)]
struct Table {
    has_tenant: bool,
    key: BTreeMap<i64, String>,
    /// The tables that its rows hang on, with the columns that say so, here and there.
    hangs_on: Vec<(String, Vec<(String, String)>)>,
}

async fn tables(connection: &mut Connection) -> Outcome<BTreeMap<String, Table>> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let columns: Vec<(String, String, i64)> = sqlx::query_as(COLUMNS).fetch_all(&mut *connection).await?;
    for (table, column, place) in columns {
        let table = tables.entry(table).or_default();
        table.has_tenant |= column == "tenant";
        if place > 0 {
            table.key.insert(place, column);
        }
    }
    let references: Vec<(String, String, String, String, String)> =
        sqlx::query_as(REFERENCES).fetch_all(connection).await?;
    let mut grouped: BTreeMap<(String, String, String), Vec<(String, String)>> = BTreeMap::new();
    for (table, reference, other, here, there) in references {
        grouped.entry((table, reference, other)).or_default().push((here, there));
    }
    for ((table, _, other), columns) in grouped {
        tables.entry(table).or_default().hangs_on.push((other, columns));
    }
    Ok(tables)
}

/// The tables in an order in which rows can go: those that hang on others first.
fn in_order(tables: &BTreeMap<String, Table>) -> Vec<&str> {
    fn visit<'a>(
        name: &'a str,
        tables: &'a BTreeMap<String, Table>,
        seen: &mut BTreeSet<&'a str>,
        order: &mut Vec<&'a str>,
    ) {
        if !seen.insert(name) {
            return;
        }
        for (other, table) in tables {
            if table.hangs_on.iter().any(|(parent, _)| parent == name) {
                visit(other, tables, seen, order);
            }
        }
        order.push(name);
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for name in tables.keys() {
        visit(name, tables, &mut seen, &mut order);
    }
    order
}

/// Selects a tenant's rows of a table; `None` where no tenant has any there.
fn of_tenant(table: &Table, tables: &BTreeMap<String, Table>) -> Option<String> {
    if table.has_tenant {
        return Some("tenant = $1".to_owned());
    }
    let (other, columns) =
        table.hangs_on.iter().find(|(other, _)| tables.get(other).is_some_and(|other| other.has_tenant))?;
    let here: Vec<&str> = columns.iter().map(|(here, _)| here.as_str()).collect();
    let there: Vec<&str> = columns.iter().map(|(_, there)| there.as_str()).collect();
    let (here, there) = (here.join(", "), there.join(", "));
    Some(format!("({here}) IN (SELECT {there} FROM {other} WHERE tenant = $1)"))
}

pub(super) async fn erase(connection: &mut Connection, tenant: &TenantId, limit: u32) -> Outcome<u64> {
    let organization = organizations::organization(connection, tenant).await?;
    if organization.is_none_or(|organization| organization.is_open()) {
        return Err(Failure::conflict(format!("organization {tenant} is not being removed")));
    }
    let tables = tables(connection).await?;
    let mut gone = 0;
    for name in in_order(&tables).into_iter().filter(|name| *name != ORGANIZATIONS) {
        let table = &tables[name];
        let Some(rows) = of_tenant(table, &tables) else { continue };
        let key: Vec<&str> = table.key.values().map(String::as_str).collect();
        let key = key.join(", ");
        // Without a key a part of the rows cannot be named: they go at once.
        let some = match key.is_empty() {
            true => format!("{rows} AND $2 > 0"),
            false => format!("({key}) IN (SELECT {key} FROM {name} WHERE {rows} LIMIT $2)"),
        };
        let statement = format!("DELETE FROM {name} WHERE {some}");
        gone += sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.as_str())
            .bind(i64::from(limit))
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if gone >= u64::from(limit) {
            break;
        }
    }
    Ok(gone)
}
