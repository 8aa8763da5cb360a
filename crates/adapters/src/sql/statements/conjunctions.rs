//! Conjunctions, as they are asked for.

use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus, HistoryEntry, Participant,
    ProbabilityMethod, Solution,
};
use astroshield_domain::ids::{ConjunctionId, RunId, TenantId};
use astroshield_domain::ports::Page;
use jiff::{SignedDuration, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, Database, Outcome, Row, all, page, push_visible};
use crate::sql::values::{Code, catalog_number, microseconds, tenant, time, time_of_nanoseconds};

/// Relations have one identity whatever the time, and are known in every window.
pub(super) async fn known_conjunctions(
    connection: &mut Connection,
    tenant: &TenantId,
    (start, stop): (Timestamp, Timestamp),
) -> Outcome<Vec<(ConjunctionId, [u32; 2], bool, Timestamp, Timestamp)>> {
    let rows = sqlx::query(
        "SELECT id, first_object, second_object, relation, tca, first_seen FROM conjunctions \
         WHERE tenant = $1 AND (relation OR tca >= $2 AND tca <= $3) ORDER BY id",
    )
    .bind(tenant.as_str())
    .bind(microseconds(start))
    .bind(microseconds(stop))
    .fetch_all(connection)
    .await?;
    all(&rows, |row| {
        let mut objects = [catalog_number(row.try_get(1)?)?.get(), catalog_number(row.try_get(2)?)?.get()];
        objects.sort_unstable();
        Ok((
            ConjunctionId(row.try_get(0)?),
            objects,
            row.try_get(3)?,
            time(row.try_get(4)?)?,
            time(row.try_get(5)?)?,
        ))
    })
}

pub(super) async fn conjunctions(
    connection: &mut Connection,
    tenant: &TenantId,
    query: &ConjunctionQuery,
) -> Outcome<Page<Conjunction>> {
    let order = match query.order {
        ConjunctionOrder::Tca => "tca, id",
        ConjunctionOrder::Probability => "leading_probability DESC, id",
        ConjunctionOrder::MissDistance => "miss_distance_km, id",
    };
    let mut statement: QueryBuilder<Database> = QueryBuilder::new("");
    push_visible(&mut statement, tenant, order, query.limit, |statement, owner| {
        push_objects_of(statement, tenant, owner, query);
        push_conditions(statement, query);
        push_cursor(statement, query);
    });
    let rows = statement.build().fetch_all(connection).await?;
    Ok(page(all(&rows, conjunction_of_row)?, query.limit))
}

/// Selects the conjunctions of one owner, of the objects that the query names. These are looked up first, through their
/// own index: CROSS JOIN keeps SQLite to this order.
fn push_objects_of(
    statement: &mut QueryBuilder<Database>,
    tenant: &TenantId,
    owner: &str,
    query: &ConjunctionQuery,
) {
    statement.push("SELECT c.* FROM ");
    let mut is_first = true;
    let mut push_hits =
        |statement: &mut QueryBuilder<Database>, name: &str, push: &dyn Fn(&mut QueryBuilder<Database>)| {
            if !is_first {
                statement.push(" CROSS JOIN ");
            }
            is_first = false;
            for (side, column) in
                [("(SELECT id FROM", "first_object"), (" UNION SELECT id FROM", "second_object")]
            {
                statement.push(side).push(" conjunctions WHERE tenant = ").push_bind(owner.to_owned());
                statement.push(format_args!(" AND {column} "));
                push(statement);
            }
            statement.push(format_args!(") AS {name}"));
        };
    if let Some(object) = query.object {
        push_hits(statement, "of_object", &|statement| {
            statement.push("= ").push_bind(i64::from(object.get()));
        });
    }
    if let Some(list) = query.watch_list {
        push_hits(statement, "of_list", &|statement| {
            statement
                .push("IN (SELECT object FROM watched_objects WHERE tenant = ")
                .push_bind(tenant.as_str().to_owned())
                .push(" AND watch_list = ")
                .push_bind(list.0)
                .push(")");
        });
    }
    statement.push(if is_first { "conjunctions c" } else { " CROSS JOIN conjunctions c" });
    statement.push(" WHERE c.tenant = ").push_bind(owner.to_owned());
    if query.object.is_some() {
        statement.push(" AND c.id = of_object.id");
    }
    if query.watch_list.is_some() {
        statement.push(" AND c.id = of_list.id");
    }
}

/// A window of TCA below this is read whole and sorted, however it is to be sorted.
const NARROW: SignedDuration = SignedDuration::from_hours(1);

/// Which index to follow is not left to the database, which would have to guess how many rows a condition leaves: a sign
/// before a column keeps it from the choice. The index of the order is followed and has all that is compared; only of a
/// narrow window the rows are read by TCA and sorted.
fn push_conditions(statement: &mut QueryBuilder<Database>, query: &ConjunctionQuery) {
    let narrow = match (query.tca_from, query.tca_to) {
        (Some(from), Some(to)) => to.duration_since(from) <= NARROW,
        _ => false,
    };
    let follows = if narrow { ConjunctionOrder::Tca } else { query.order };
    let sign = |order| if follows == order { "" } else { "+" };
    let status = query.status.unwrap_or(ConjunctionStatus::Active);
    statement.push(" AND c.status = ").push_bind(status.code());
    let tca = sign(ConjunctionOrder::Tca);
    if let Some(from) = query.tca_from {
        statement.push(format_args!(" AND {tca}c.tca >= ")).push_bind(microseconds(from));
    }
    if let Some(to) = query.tca_to {
        statement.push(format_args!(" AND {tca}c.tca <= ")).push_bind(microseconds(to));
    }
    if let Some(miss_distance_km) = query.max_miss_distance_km {
        let sign = sign(ConjunctionOrder::MissDistance);
        statement.push(format_args!(" AND {sign}c.miss_distance_km <= ")).push_bind(miss_distance_km);
    }
    if let Some(probability) = query.min_probability {
        let sign = sign(ConjunctionOrder::Probability);
        statement.push(format_args!(" AND {sign}c.leading_probability >= ")).push_bind(probability);
    }
    if let Some(relation) = query.relation {
        statement.push(if relation { " AND c.relation" } else { " AND NOT c.relation" });
    }
}

/// Goes on after a row, in a way that an index can follow.
fn push_cursor(statement: &mut QueryBuilder<Database>, query: &ConjunctionQuery) {
    let Some(after) = query.after else { return };
    match query.order {
        ConjunctionOrder::Tca => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "microseconds are below 2^53 until the year 2255"
            )]
            let tca = after.value as i64;
            statement.push(" AND c.tca >= ").push_bind(tca);
            statement.push(" AND (c.tca > ").push_bind(tca);
        }
        ConjunctionOrder::Probability => {
            statement.push(" AND c.leading_probability <= ").push_bind(after.value);
            statement.push(" AND (c.leading_probability < ").push_bind(after.value);
        }
        ConjunctionOrder::MissDistance => {
            statement.push(" AND c.miss_distance_km >= ").push_bind(after.value);
            statement.push(" AND (c.miss_distance_km > ").push_bind(after.value);
        }
    }
    statement.push(" OR c.id > ").push_bind(after.id.0).push(")");
}

pub(super) async fn conjunction(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ConjunctionId,
) -> Outcome<Option<Conjunction>> {
    let row = sqlx::query("SELECT * FROM conjunctions WHERE tenant IN ($1, 'public') AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(conjunction_of_row).transpose()
}

pub(super) async fn conjunction_history(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ConjunctionId,
) -> Outcome<Vec<HistoryEntry>> {
    let rows = sqlx::query(
        "SELECT * FROM conjunction_history WHERE tenant IN ($1, 'public') AND conjunction = $2 ORDER BY at, entry",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    all(&rows, |row| {
        Ok(HistoryEntry {
            run: RunId(row.try_get("run")?),
            at: time(row.try_get("at")?)?,
            status: ConjunctionStatus::of_code(row.try_get("status")?)?,
            solution: solution(row)?,
            epochs: [element_set_epoch(row, "first_epoch_ns")?, element_set_epoch(row, "second_epoch_ns")?],
            grades: [
                Grade::of_code(row.try_get("first_grade")?)?,
                Grade::of_code(row.try_get("second_grade")?)?,
            ],
        })
    })
}

fn element_set_epoch(row: &Row, column: &str) -> Outcome<Option<Timestamp>> {
    row.try_get::<Option<i64>, _>(column)?.map(time_of_nanoseconds).transpose()
}

fn conjunction_of_row(row: &Row) -> Outcome<Conjunction> {
    Ok(Conjunction {
        id: ConjunctionId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        objects: [
            Participant {
                number: catalog_number(row.try_get("first_object")?)?,
                name: row.try_get("first_name")?,
                grade: Grade::of_code(row.try_get("first_grade")?)?,
                epoch: element_set_epoch(row, "first_epoch_ns")?,
                hard_body_radius_m: row.try_get("first_radius_m")?,
            },
            Participant {
                number: catalog_number(row.try_get("second_object")?)?,
                name: row.try_get("second_name")?,
                grade: Grade::of_code(row.try_get("second_grade")?)?,
                epoch: element_set_epoch(row, "second_epoch_ns")?,
                hard_body_radius_m: row.try_get("second_radius_m")?,
            },
        ],
        relation: row.try_get("relation")?,
        status: ConjunctionStatus::of_code(row.try_get("status")?)?,
        solution: solution(row)?,
        run: RunId(row.try_get("run")?),
        first_seen: time(row.try_get("first_seen")?)?,
        last_seen: time(row.try_get("last_seen")?)?,
    })
}

fn solution(row: &Row) -> Outcome<Solution> {
    Ok(Solution {
        tca: time(row.try_get("tca")?)?,
        miss_distance_km: row.try_get("miss_distance_km")?,
        miss_ric_km: [
            row.try_get("miss_radial_km")?,
            row.try_get("miss_in_track_km")?,
            row.try_get("miss_cross_track_km")?,
        ],
        relative_speed_km_s: row.try_get("relative_speed_km_s")?,
        maximum_probability: row.try_get("maximum_probability")?,
        dilution_km: row.try_get("dilution_km")?,
        probability: row.try_get("probability")?,
        method: ProbabilityMethod::of_code(row.try_get("method")?)?,
        at_edge: row.try_get("at_edge")?,
    })
}
