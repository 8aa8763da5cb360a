//! Conjunctions, as they are asked for.

use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus, Direction, HistoryEntry, Participant,
    ProbabilityMethod, Solution,
};
use astroshield_domain::ids::{ConjunctionId, RunId, TenantId};
use astroshield_domain::ports::Page;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::coverage::push_covered;
use super::{Columns, Connection, Lookup, Outcome, Select, all, look_up, page, push_visible, visible_to};
use crate::sql::values::{
    Code, catalog_number, count as number, microseconds, tenant, time, time_of_nanoseconds,
};

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

/// What an order compares.
struct Key {
    /// Of a conjunction `c`.
    expression: &'static str,
    /// Name in what is selected.
    name: &'static str,
    /// Whether there is an index in this order.
    is_indexed: bool,
}

/// Age of the older data at TCA, as [`Conjunction::data_age_us`] has it.
const DATA_AGE: &str = "c.tca - CASE WHEN coalesce(c.first_epoch_ns, 0) < coalesce(c.second_epoch_ns, 0) \
     THEN coalesce(c.first_epoch_ns, 0) ELSE coalesce(c.second_epoch_ns, 0) END / 1000";

impl Key {
    fn of(order: ConjunctionOrder) -> Self {
        let (expression, name, is_indexed) = match order {
            ConjunctionOrder::Tca => ("c.tca", "tca", true),
            ConjunctionOrder::Probability => ("c.leading_probability", "leading_probability", true),
            ConjunctionOrder::MissDistance => ("c.miss_distance_km", "miss_distance_km", true),
            ConjunctionOrder::RelativeSpeed => ("c.relative_speed_km_s", "sort_key", false),
            ConjunctionOrder::MaximumProbability => ("c.maximum_probability", "sort_key", false),
            ConjunctionOrder::FirstSeen => ("c.first_seen", "sort_key", false),
            ConjunctionOrder::DataAge => (DATA_AGE, "sort_key", false),
        };
        Self { expression, name, is_indexed }
    }

    /// The order of a query, for what is selected with the identity under a name. Backward, an index is followed backward.
    fn order(&self, query: &ConjunctionQuery, id: &str) -> String {
        let way = |is_down| if is_down { " DESC" } else { "" };
        let is_backward = query.direction() != query.order.usual();
        let (key, id_way) = (way(query.direction() == Direction::Descending), way(is_backward));
        format!("{}{key}, {id}{id_way}", self.name)
    }
}

pub(super) async fn conjunctions(
    connection: &mut Lookup,
    tenant: &TenantId,
    query: &ConjunctionQuery,
) -> Outcome<Page<Conjunction>> {
    let key = Key::of(query.order);
    let mut statement = Select::new("");
    let status = query.status.unwrap_or(ConjunctionStatus::Active);
    push_visible(&mut statement, tenant, &key.order(query, "id"), query.limit, |statement, owner| {
        let push_listed = |statement: &mut Select| {
            push_objects_of(statement, tenant, owner, query, Among::ALL);
            if key.is_indexed {
                push_status(statement, tenant, owner, status);
            } else {
                push_status_by_id(statement, tenant, owner, status);
            }
            push_conditions(statement, query);
            push_cursor(statement, &key, query);
        };
        if key.is_indexed {
            statement.push(format_args!("SELECT {CONJUNCTION}, {SOLUTION}, leading_probability FROM "));
            push_listed(statement);
        } else {
            // All that is compared is in the index of TCA, which is gone through; rows are read of those alone that are shown.
            statement.push(format_args!(
                "SELECT {CONJUNCTION}, {SOLUTION}, sort_key FROM (SELECT c.id AS listed_id, {} AS sort_key FROM ",
                key.expression
            ));
            push_listed(statement);
            statement.push(format_args!(" ORDER BY {} LIMIT ", key.order(query, "listed_id")));
            statement.push_bind(i64::from(query.limit) + 1);
            statement.push(") AS listed CROSS JOIN conjunctions c WHERE c.tenant = ");
            statement.push_bind(owner.to_owned()).push(" AND c.id = listed_id");
        }
    });
    let read = |columns: &mut Columns<'_>| Ok(Conjunction { status, ..read_conjunction(columns)? });
    Ok(page(look_up(connection, statement, read).await?, query.limit))
}

/// How many a query finds, by indexes that hold what it compares. What the tenant covers is not among them, and is looked up
/// by its objects: so the rest need not be asked row by row whether it is covered.
pub(super) async fn count(
    connection: &mut Lookup,
    tenant: &TenantId,
    query: &ConjunctionQuery,
) -> Outcome<u64> {
    let order = match (query.status, query.min_probability, query.max_miss_distance_km) {
        // Only the index of TCA tells them apart.
        (Some(ConjunctionStatus::Past | ConjunctionStatus::Cleared), _, _) => ConjunctionOrder::Tca,
        (_, Some(_), _) => ConjunctionOrder::Probability,
        (_, None, Some(_)) => ConjunctionOrder::MissDistance,
        (_, None, None) => ConjunctionOrder::Tca,
    };
    let query = ConjunctionQuery { order, after: None, ..query.clone() };
    let is_superseded = query.status == Some(ConjunctionStatus::Superseded);
    let mut found = 0;
    for owner in visible_to(tenant) {
        let is_own = owner == tenant.as_str();
        if !is_superseded {
            found += count_of(connection, tenant, owner, &query, false).await?;
        }
        if !is_own {
            let covered = count_of(connection, tenant, owner, &query, true).await?;
            found = if is_superseded { found + covered } else { found.saturating_sub(covered) };
        }
    }
    Ok(found)
}

/// How many of one owner a query finds, whether the tenant covers them or not, or only those that it does.
async fn count_of(
    connection: &mut Lookup,
    tenant: &TenantId,
    owner: &str,
    query: &ConjunctionQuery,
    is_covered: bool,
) -> Outcome<u64> {
    let status = query.status.unwrap_or(ConjunctionStatus::Active);
    let mut statement = Select::new("SELECT count(*) FROM ");
    push_objects_of(&mut statement, tenant, owner, query, Among { is_covered, ..Among::ALL });
    statement.push(" AND c.status = ").push_bind(stored(status).code());
    push_whether_past(&mut statement, status);
    push_conditions(&mut statement, query);
    if is_covered {
        statement.push(" AND ");
        push_covered(&mut statement, tenant);
    }
    let counted = look_up(connection, statement, |columns| number(columns.take()?)).await?;
    Ok(counted.into_iter().next().unwrap_or_default())
}

/// Past conjunctions are stored as cleared ones that say since when; superseded ones are active ones of everybody.
fn stored(status: ConjunctionStatus) -> ConjunctionStatus {
    match status {
        ConjunctionStatus::Active | ConjunctionStatus::Superseded => ConjunctionStatus::Active,
        ConjunctionStatus::Cleared | ConjunctionStatus::Past => ConjunctionStatus::Cleared,
    }
}

/// Those of a status, as the tenant sees them.
pub(super) fn push_status(statement: &mut Select, tenant: &TenantId, owner: &str, status: ConjunctionStatus) {
    statement.push(" AND c.status = ").push_bind(stored(status).code());
    push_rest_of_status(statement, tenant, owner, status);
}

/// The same by what the index of TCA holds: what the tenant covers is looked up once, by its objects, and told by its identity.
fn push_status_by_id(statement: &mut Select, tenant: &TenantId, owner: &str, status: ConjunctionStatus) {
    statement.push(" AND c.status = ").push_bind(stored(status).code());
    push_whether_past(statement, status);
    let is_superseded = status == ConjunctionStatus::Superseded;
    if owner != tenant.as_str() {
        statement
            .push(format_args!(" AND c.id {}IN (SELECT c.id FROM ", if is_superseded { "" } else { "NOT " }));
        let covered = Among { is_covered: true, ..Among::ALL };
        push_objects_of(statement, tenant, owner, &ConjunctionQuery::default(), covered);
        statement.push(" AND ");
        push_covered(statement, tenant);
        statement.push(")");
    } else if is_superseded {
        statement.push(" AND 1 = 0");
    }
}

/// Whether those of a status are past, as what is stored as cleared may be.
fn push_whether_past(statement: &mut Select, status: ConjunctionStatus) {
    match status {
        ConjunctionStatus::Cleared => drop(statement.push(" AND c.passed IS NULL")),
        ConjunctionStatus::Past => drop(statement.push(" AND c.passed IS NOT NULL")),
        ConjunctionStatus::Active | ConjunctionStatus::Superseded => {}
    }
}

/// What a status is beside what is stored as it.
pub(super) fn push_rest_of_status(
    statement: &mut Select,
    tenant: &TenantId,
    owner: &str,
    status: ConjunctionStatus,
) {
    push_whether_past(statement, status);
    let is_superseded = status == ConjunctionStatus::Superseded;
    if owner != tenant.as_str() {
        if is_superseded {
            statement.push(" AND ");
            push_covered(statement, tenant);
        } else {
            // Most cover nothing: that is looked up once, and not for each row.
            statement.push(" AND NOT (EXISTS (SELECT 1 FROM covered_objects WHERE tenant = ");
            statement.push_bind(tenant.as_str().to_owned()).push(") AND ");
            push_covered(statement, tenant);
            statement.push(")");
        }
    } else if is_superseded {
        statement.push(" AND 1 = 0");
    }
}

/// Those that are looked at.
#[derive(Clone, Copy)]
pub(super) struct Among<'a> {
    /// Of objects that the tenant covers at some time.
    pub(super) is_covered: bool,
    /// What of the conditions is held against conjunctions of the objects at once, as they are read there anyway.
    pub(super) push_where: &'a (dyn Fn(&mut Select) + Sync),
}

impl Among<'_> {
    /// All of them.
    pub(super) const ALL: Self = Self { is_covered: false, push_where: &|_| {} };
}

/// Selects from the conjunctions of one owner, of the objects that the query names, or of those that the tenant covers at
/// some time. These are looked up first, through their own index: CROSS JOIN keeps SQLite to this order.
pub(super) fn push_objects_of(
    statement: &mut Select,
    tenant: &TenantId,
    owner: &str,
    query: &ConjunctionQuery,
    Among { is_covered, push_where }: Among<'_>,
) {
    let mut is_first = true;
    let mut push_hits = |statement: &mut Select, name: &str, push: &dyn Fn(&mut Select)| {
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
            push_where(statement);
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
    if is_covered {
        push_hits(statement, "of_coverage", &|statement| {
            statement
                .push("IN (SELECT object FROM covered_objects WHERE tenant = ")
                .push_bind(tenant.as_str().to_owned())
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
    if is_covered {
        statement.push(" AND c.id = of_coverage.id");
    }
}

/// A window of TCA below this is read whole and sorted, however it is to be sorted.
const NARROW: SignedDuration = SignedDuration::from_hours(1);

/// Which index to follow is not left to the database, which would have to guess how many rows a condition leaves: a sign
/// before a column keeps it from the choice. The index of the order is followed and has all that is compared; that of TCA is
/// where the order has none, and only of a narrow window the rows are read by TCA and sorted.
pub(super) fn push_conditions(statement: &mut Select, query: &ConjunctionQuery) {
    let narrow = match (query.tca_from, query.tca_to) {
        (Some(from), Some(to)) => to.duration_since(from) <= NARROW,
        _ => false,
    };
    let is_indexed = Key::of(query.order).is_indexed;
    let follows = if narrow || !is_indexed { ConjunctionOrder::Tca } else { query.order };
    let sign = |order| if follows == order { "" } else { "+" };
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
fn push_cursor(statement: &mut Select, key: &Key, query: &ConjunctionQuery) {
    let Some(after) = query.after else { return };
    let key = key.expression;
    let beyond = if query.direction() == Direction::Descending { '<' } else { '>' };
    let push_value = |statement: &mut Select| match query.order {
        ConjunctionOrder::Tca | ConjunctionOrder::FirstSeen | ConjunctionOrder::DataAge => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "microseconds are below 2^53 until the year 2255"
            )]
            let microseconds = after.value as i64;
            statement.push_bind(microseconds);
        }
        ConjunctionOrder::Probability
        | ConjunctionOrder::MissDistance
        | ConjunctionOrder::RelativeSpeed
        | ConjunctionOrder::MaximumProbability => drop(statement.push_bind(after.value)),
    };
    statement.push(format_args!(" AND {key} {beyond}= "));
    push_value(statement);
    statement.push(format_args!(" AND ({key} {beyond} "));
    push_value(statement);
    let id_beyond = if query.direction() == query.order.usual() { '>' } else { '<' };
    statement.push(format_args!(" OR c.id {id_beyond} ")).push_bind(after.id.0).push(")");
}

pub(super) async fn conjunction(
    connection: &mut Lookup,
    tenant: &TenantId,
    id: ConjunctionId,
) -> Outcome<Option<Conjunction>> {
    let mut query = Select::new(format!("SELECT {CONJUNCTION}, {SOLUTION}, c.tenant <> "));
    query.push_bind(tenant.as_str().to_owned()).push(" AND ");
    push_covered(&mut query, tenant);
    query.push(" FROM conjunctions c WHERE c.tenant IN (").push_bind(tenant.as_str().to_owned());
    query.push(", 'public') AND c.id = ").push_bind(id.0);
    let found = look_up(connection, query, |columns| {
        let mut conjunction = read_conjunction(columns)?;
        if conjunction.status == ConjunctionStatus::Active && columns.take()? {
            conjunction.status = ConjunctionStatus::Superseded;
        }
        Ok(conjunction)
    });
    Ok(found.await?.into_iter().next())
}

pub(super) async fn conjunction_history(
    connection: &mut Lookup,
    tenant: &TenantId,
    id: ConjunctionId,
) -> Outcome<Vec<HistoryEntry>> {
    let mut query = Select::new(format!(
        "SELECT run, at, status, {SOLUTION}, first_epoch_ns, second_epoch_ns, first_grade, second_grade \
         FROM conjunction_history WHERE tenant IN ("
    ));
    query.push_bind(tenant.as_str().to_owned());
    query.push(", 'public') AND conjunction = ").push_bind(id.0).push(" ORDER BY at, entry");
    let read = |columns: &mut Columns<'_>| {
        Ok(HistoryEntry {
            run: RunId(columns.take()?),
            at: time(columns.take()?)?,
            status: ConjunctionStatus::of_code(columns.take()?)?,
            solution: read_solution(columns)?,
            epochs: [read_epoch(columns)?, read_epoch(columns)?],
            grades: [Grade::of_code(columns.take()?)?, Grade::of_code(columns.take()?)?],
        })
    };
    look_up(connection, query, read).await
}

/// What a conjunction has beside its solution, in the order in which it is read.
pub(super) const CONJUNCTION: &str = "c.id AS id, c.tenant AS tenant, \
                           first_object, first_name, first_grade, first_epoch_ns, first_radius_m, \
                           second_object, second_name, second_grade, second_epoch_ns, second_radius_m, \
                           relation, status, passed, run, first_seen, last_seen";

pub(super) fn read_conjunction(columns: &mut Columns<'_>) -> Outcome<Conjunction> {
    Ok(Conjunction {
        id: ConjunctionId(columns.take()?),
        tenant: tenant(columns.take()?)?,
        objects: [read_participant(columns)?, read_participant(columns)?],
        relation: columns.take()?,
        status: match (ConjunctionStatus::of_code(columns.take()?)?, columns.take::<Option<i64>>()?) {
            (ConjunctionStatus::Cleared, Some(_)) => ConjunctionStatus::Past,
            (status, _) => status,
        },
        run: RunId(columns.take()?),
        first_seen: time(columns.take()?)?,
        last_seen: time(columns.take()?)?,
        solution: read_solution(columns)?,
    })
}

fn read_participant(columns: &mut Columns<'_>) -> Outcome<Participant> {
    Ok(Participant {
        number: catalog_number(columns.take()?)?,
        name: columns.take()?,
        grade: Grade::of_code(columns.take()?)?,
        epoch: read_epoch(columns)?,
        hard_body_radius_m: columns.take()?,
    })
}

fn read_epoch(columns: &mut Columns<'_>) -> Outcome<Option<Timestamp>> {
    columns.take::<Option<i64>>()?.map(time_of_nanoseconds).transpose()
}

/// The columns of a solution, in the order in which they are read.
pub(super) const SOLUTION: &str = "tca, miss_distance_km, miss_radial_km, miss_in_track_km, miss_cross_track_km, \
                        relative_speed_km_s, maximum_probability, dilution_km, probability, method, at_edge";

fn read_solution(columns: &mut Columns<'_>) -> Outcome<Solution> {
    Ok(Solution {
        tca: time(columns.take()?)?,
        miss_distance_km: columns.take()?,
        miss_ric_km: [columns.take()?, columns.take()?, columns.take()?],
        relative_speed_km_s: columns.take()?,
        maximum_probability: columns.take()?,
        dilution_km: columns.take()?,
        probability: columns.take()?,
        method: ProbabilityMethod::of_code(columns.take()?)?,
        at_edge: columns.take()?,
    })
}
