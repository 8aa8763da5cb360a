//! Objects: what SATCAT says of them, and their current orbit.

use std::collections::BTreeMap;

use astroshield_domain::catalog::{Grade, ObjectKind, ObjectQuery, SatcatEntry, SpaceObject};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Page;
use astroshield_formats::CatalogNumber;
use sqlx::{QueryBuilder, Row as _};

use super::{
    Connection, Database, Found, Outcome, PUBLIC, Row, all, find, page, push_named, push_visible,
    rows_at_once,
};
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
    for chunk in entries.chunks(rows_at_once(10)) {
        let mut query: QueryBuilder<Database> =
            QueryBuilder::new(format!("INSERT INTO objects (tenant, number, {SATCAT}) "));
        query.push_values(chunk, |mut row, entry| {
            row.push_bind(PUBLIC)
                .push_bind(i64::from(entry.object.get()))
                .push_bind(entry.name.as_str())
                .push_bind(entry.international_designator.as_deref())
                .push_bind(entry.kind.word())
                .push_bind(entry.status.map(String::from))
                .push_bind(entry.owner.as_deref())
                .push_bind(entry.launch_date.as_deref())
                .push_bind(entry.decay_date.as_deref())
                .push_bind(entry.radar_cross_section_m2);
        });
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
    connection: &mut Connection,
    tenant: &TenantId,
    query: &ObjectQuery,
) -> Outcome<Page<SpaceObject>> {
    let search = match query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Some((text, find(connection, text).await?)),
        None => None,
    };
    let mut statement: QueryBuilder<Database> = QueryBuilder::new("");
    push_visible(&mut statement, tenant, "number", query.limit, |statement, owner| {
        push_objects(statement, tenant, owner, search.as_ref());
        if let Some(after) = query.after {
            statement.push(" AND o.number > ").push_bind(i64::from(after.get()));
        }
        if let Some(kind) = query.kind {
            statement.push(" AND o.kind = ").push_bind(kind.word());
        }
        if let Some(owner) = &query.owner {
            statement.push(" AND o.owner = ").push_bind(owner.as_str());
        }
        if let Some(perigee_km) = query.min_perigee_km {
            statement.push(" AND o.perigee_km >= ").push_bind(perigee_km);
        }
        if let Some(apogee_km) = query.max_apogee_km {
            statement.push(" AND o.apogee_km <= ").push_bind(apogee_km);
        }
    });
    let rows = statement.build().fetch_all(connection).await?;
    Ok(page(all(&rows, object_of_row)?, query.limit))
}

/// Selects the rows of one owner that count for a tenant, and that a text finds.
fn push_objects(
    statement: &mut QueryBuilder<Database>,
    tenant: &TenantId,
    owner: &str,
    search: Option<&(&str, Found)>,
) {
    statement.push("SELECT o.* FROM ");
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
pub(super) fn push_counting(statement: &mut QueryBuilder<Database>, tenant: &TenantId, owner: &str) {
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
    connection: &mut Connection,
    tenant: &TenantId,
    number: CatalogNumber,
) -> Outcome<Option<SpaceObject>> {
    let row = sqlx::query(
        "SELECT * FROM objects WHERE tenant IN ($1, 'public') AND number = $2 \
         ORDER BY epoch_ns DESC NULLS LAST, grade DESC, arrived DESC, digest DESC, \
         CASE WHEN tenant = $1 THEN 0 ELSE 1 END LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(i64::from(number.get()))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(object_of_row).transpose()
}

fn object_of_row(row: &Row) -> Outcome<SpaceObject> {
    let either = |first: &str, second: &str| -> Outcome<Option<String>> {
        let first: Option<String> = row.try_get(first)?;
        Ok(if first.is_some() { first } else { row.try_get(second)? })
    };
    Ok(SpaceObject {
        number: catalog_number(row.try_get("number")?)?,
        name: either("satcat_name", "name")?,
        international_designator: either("satcat_designator", "designator")?,
        kind: ObjectKind::of_word(row.try_get("kind")?)?,
        status: letter(row.try_get("status")?),
        owner: row.try_get("owner")?,
        launch_date: row.try_get("launch_date")?,
        decay_date: row.try_get("decay_date")?,
        radar_cross_section_m2: row.try_get("radar_cross_section_m2")?,
        epoch: row.try_get::<Option<i64>, _>("epoch_ns")?.map(time_of_nanoseconds).transpose()?,
        source: row.try_get("source")?,
        grade: row.try_get::<Option<i16>, _>("grade")?.map(Grade::of_code).transpose()?,
        perigee_km: row.try_get("perigee_km")?,
        apogee_km: row.try_get("apogee_km")?,
        inclination_deg: row.try_get("inclination_deg")?,
        period_min: row.try_get("period_min")?,
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
