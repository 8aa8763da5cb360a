//! Objects: what SATCAT says of them, and their current orbit.

use std::collections::BTreeMap;

use astroshield_domain::catalog::{Grade, ObjectKind, ObjectQuery, SatcatEntry, SpaceObject};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Page;
use astroshield_formats::CatalogNumber;
use sqlx::{QueryBuilder, Row as _};

use super::{
    Columns, Connection, Database, Found, Lookup, Outcome, PUBLIC, Select, all, find, insertion, look_up,
    page, push_named, push_visible, rows_in_bulk,
};
use crate::sql::builder::Builder;
use crate::sql::bulk::Rows;
use crate::sql::values::{Code, Word, catalog_number, letter, time_of_nanoseconds};

/// Everything of an object that SATCAT tells.
const SATCAT: &str = "satcat_name, satcat_designator, kind, status, owner, launch_date, decay_date, \
                      radar_cross_section_m2";

/// What decides between the row of a tenant and the public one of the same object: that with the newer current element
/// set counts, with equal ones the tenant's.
fn rank(table: &str) -> String {
    format!(
        "(coalesce({table}.epoch_ns, -9223372036854775807), coalesce({table}.grade, 0), coalesce({table}.arrived, 0), \
         coalesce({table}.digest, 0))"
    )
}

pub(super) async fn put_satcat(connection: &mut Connection, entries: &[SatcatEntry]) -> Outcome<u64> {
    super::lock(connection, "ingest/public").await?;
    let newest: BTreeMap<CatalogNumber, &SatcatEntry> =
        entries.iter().map(|entry| (entry.object, entry)).collect();
    let entries: Vec<&SatcatEntry> = newest.into_values().collect();
    let mut changed = 0;
    for chunk in entries.chunks(rows_in_bulk(10)) {
        let rows = Rows::of(chunk)
            .with("tenant", |_| PUBLIC)
            .with("number", |entry| i64::from(entry.object.get()))
            .with("satcat_name", |entry| entry.name.as_str())
            .with("satcat_designator", |entry| entry.international_designator.as_deref())
            .with("kind", |entry| entry.kind.word())
            .with("status", |entry| entry.status.map(String::from))
            .with("owner", |entry| entry.owner.as_deref())
            .with("launch_date", |entry| entry.launch_date.as_deref())
            .with("decay_date", |entry| entry.decay_date.as_deref())
            .with("radar_cross_section_m2", |entry| entry.radar_cross_section_m2);
        let mut query = insertion("objects", rows);
        let (old, new) = (of_table("objects"), of_table("excluded"));
        query.push(format_args!(
            " ON CONFLICT (tenant, number) DO UPDATE SET ({SATCAT}) = ({new}) WHERE ({old}) IS DISTINCT FROM ({new})"
        ));
        changed += query.build().execute(&mut *connection).await?.rows_affected();
    }
    copy_satcat(connection, None).await?;
    Ok(changed)
}

fn of_table(table: &str) -> String {
    SATCAT.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}

/// Brings what SATCAT says into the rows of one tenant, or of all.
pub(super) async fn copy_satcat(connection: &mut Connection, tenant: Option<&TenantId>) -> Outcome<()> {
    let (own, public) = (of_table("objects"), of_table("p"));
    let mut query: QueryBuilder<Database> = QueryBuilder::new(format!(
        "UPDATE objects SET ({SATCAT}) = (SELECT {public} FROM objects p \
         WHERE p.tenant = 'public' AND p.number = objects.number) \
         WHERE tenant <> 'public' AND EXISTS (SELECT 1 FROM objects p WHERE p.tenant = 'public' \
         AND p.number = objects.number AND ({public}) IS DISTINCT FROM ({own}))"
    ));
    if let Some(tenant) = tenant {
        query.push(" AND tenant = ").push_bind(tenant.as_str());
    }
    query.build().execute(connection).await?;
    Ok(())
}

pub(super) async fn objects(
    connection: &mut Lookup,
    tenant: &TenantId,
    query: &ObjectQuery,
) -> Outcome<Page<SpaceObject>> {
    let search = match query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Some((text, find(connection, text).await?)),
        None => None,
    };
    let mut statement = Select::new("");
    push_visible(&mut statement, tenant, "number", query.limit, |statement, owner| {
        push_objects(statement, tenant, owner, search.as_ref());
        if let Some(after) = query.after {
            statement.push(" AND o.number > ").push_bind(i64::from(after.get()));
        }
        if let Some(kind) = query.kind {
            statement.push(" AND o.kind = ").push_bind(kind.word().to_owned());
        }
        if let Some(owner) = &query.owner {
            statement.push(" AND o.owner = ").push_bind(owner.clone());
        }
        if let Some(perigee_km) = query.min_perigee_km {
            statement.push(" AND o.perigee_km >= ").push_bind(perigee_km);
        }
        if let Some(apogee_km) = query.max_apogee_km {
            statement.push(" AND o.apogee_km <= ").push_bind(apogee_km);
        }
    });
    Ok(page(look_up(connection, statement, read_object).await?, query.limit))
}

/// Selects the rows of one owner that count for a tenant, and that a text finds.
fn push_objects(statement: &mut Select, tenant: &TenantId, owner: &str, search: Option<&(&str, Found)>) {
    statement.push(format_args!("SELECT {OBJECT} FROM "));
    match search {
        Some((text, found)) => {
            let number = text.parse::<CatalogNumber>().ok();
            push_named(statement, owner, text, number.map(|number| i64::from(number.get())), found);
            statement.push(" AND ");
        }
        None => {
            statement.push("objects o WHERE ");
        }
    }
    push_counting(statement, tenant, owner);
}

/// That a row `o` of one owner is the one that counts for a tenant.
pub(super) fn push_counting(statement: &mut impl Builder, tenant: &TenantId, owner: &str) {
    statement.push("o.tenant = ").push_bind(owner.to_owned());
    if tenant.as_str() == PUBLIC {
        return;
    }
    let (other, beats) = if owner == PUBLIC { (tenant.as_str(), ">=") } else { (PUBLIC, ">") };
    statement
        .push(" AND NOT EXISTS (SELECT 1 FROM objects p WHERE p.number = o.number AND p.tenant = ")
        .push_bind(other.to_owned())
        .push(format_args!(" AND {} {beats} {})", rank("p"), rank("o")));
}

pub(super) async fn object(
    connection: &mut Lookup,
    tenant: &TenantId,
    number: CatalogNumber,
) -> Outcome<Option<SpaceObject>> {
    let mut query = Select::new(format!("SELECT {OBJECT} FROM objects WHERE tenant IN ("));
    query.push_bind(tenant.as_str().to_owned());
    query.push(", 'public') AND number = ").push_bind(i64::from(number.get()));
    query.push(
        " ORDER BY epoch_ns DESC NULLS LAST, grade DESC, arrived DESC, digest DESC, CASE WHEN tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned()).push(" THEN 0 ELSE 1 END LIMIT 1");
    Ok(look_up(connection, query, read_object).await?.into_iter().next())
}

/// The columns of an object, in the order in which they are read.
const OBJECT: &str = "number, coalesce(satcat_name, name) AS shown_name, \
                      coalesce(satcat_designator, designator) AS shown_designator, \
                      kind, status, owner, launch_date, decay_date, radar_cross_section_m2, \
                      epoch_ns, source, grade, perigee_km, apogee_km, inclination_deg, period_min";

fn read_object(columns: &mut Columns<'_>) -> Outcome<SpaceObject> {
    Ok(SpaceObject {
        number: catalog_number(columns.take()?)?,
        name: columns.take()?,
        international_designator: columns.take()?,
        kind: ObjectKind::of_word(&columns.take::<String>()?)?,
        status: letter(columns.take()?),
        owner: columns.take()?,
        launch_date: columns.take()?,
        decay_date: columns.take()?,
        radar_cross_section_m2: columns.take()?,
        epoch: columns.take::<Option<i64>>()?.map(time_of_nanoseconds).transpose()?,
        source: columns.take()?,
        grade: columns.take::<Option<i16>>()?.map(Grade::of_code).transpose()?,
        perigee_km: columns.take()?,
        apogee_km: columns.take()?,
        inclination_deg: columns.take()?,
        period_min: columns.take()?,
    })
}

pub(super) async fn decayed(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Outcome<Vec<(CatalogNumber, String)>> {
    let rows = sqlx::query(
        "SELECT DISTINCT number, decay_date FROM objects \
         WHERE tenant IN ($1, 'public') AND decay_date IS NOT NULL AND epoch_ns IS NOT NULL ORDER BY number",
    )
    .bind(tenant.as_str())
    .fetch_all(connection)
    .await?;
    all(&rows, |row| Ok((catalog_number(row.try_get(0)?)?, row.try_get(1)?)))
}
