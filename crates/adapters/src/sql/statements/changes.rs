//! What became of conjunctions.

use std::collections::HashMap;

use astroshield_domain::changes::{COMPARED, Changes, ChangesQuery, TREND_POINTS, TrendPoint};
use astroshield_domain::conjunction::{Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus};
use astroshield_domain::ids::{ConjunctionId, TenantId};
use jiff::Timestamp;

use super::conjunctions::{
    Among, CONJUNCTION, SOLUTION, push_conditions, push_objects_of, push_rest_of_status, push_status,
    read_conjunction,
};
use super::{Columns, Failure, Lookup, Outcome, PUBLIC, Select, look_up, page, push_visible};
use crate::sql::values::{Code, microseconds, time};

/// Conjunctions that are named in one statement.
pub(super) const AT_ONCE: usize = 1_000;

pub(super) fn push_ids(query: &mut Select, ids: &[ConjunctionId]) {
    for (place, id) in ids.iter().enumerate() {
        query.push(if place == 0 { "" } else { ", " }).push_bind(id.0);
    }
}

/// The newest points of the history of each conjunction, of those up to a time, the oldest of them first. The index finds the
/// history of each.
async fn newest_points(
    connection: &mut Lookup,
    tenant: &TenantId,
    ids: &[ConjunctionId],
    until: Timestamp,
    most: u32,
) -> Outcome<HashMap<ConjunctionId, Vec<TrendPoint>>> {
    let mut found: HashMap<ConjunctionId, Vec<TrendPoint>> = HashMap::new();
    for chunk in ids.chunks(AT_ONCE) {
        let mut query = Select::new(
            "SELECT conjunction, at, leading_probability, maximum_probability, miss_distance_km FROM ( \
                 SELECT conjunction, at, entry, coalesce(probability, maximum_probability) AS leading_probability, \
                     maximum_probability, miss_distance_km, row_number() OVER (PARTITION BY conjunction ORDER BY at DESC, entry DESC) AS place \
                 FROM conjunction_history WHERE tenant IN (",
        );
        query.push_bind(tenant.as_str().to_owned()).push(", ").push_bind(PUBLIC.to_owned());
        query.push(") AND at <= ").push_bind(microseconds(until)).push(" AND conjunction IN (");
        push_ids(&mut query, chunk);
        query.push(")) AS newest WHERE place <= ").push_bind(i64::from(most));
        query.push(" ORDER BY conjunction, at, entry");
        let read = |columns: &mut Columns<'_>| {
            let point = |columns: &mut Columns<'_>| {
                Ok::<_, Failure>(TrendPoint {
                    at: time(columns.take()?)?,
                    leading_probability: columns.take()?,
                    maximum_probability: columns.take()?,
                    miss_distance_km: columns.take()?,
                })
            };
            Ok((ConjunctionId(columns.take()?), point(columns)?))
        };
        for (id, point) in look_up(connection, query, read).await? {
            found.entry(id).or_default().push(point);
        }
    }
    Ok(found)
}

pub(super) async fn trends(
    connection: &mut Lookup,
    tenant: &TenantId,
    ids: &[ConjunctionId],
) -> Outcome<Vec<Vec<TrendPoint>>> {
    let mut found = newest_points(connection, tenant, ids, Timestamp::MAX, TREND_POINTS).await?;
    Ok(ids.iter().map(|id| found.remove(id).unwrap_or_default()).collect())
}

pub(super) async fn changes(
    connection: &mut Lookup,
    tenant: &TenantId,
    asked: &ChangesQuery,
) -> Outcome<Changes> {
    Ok(Changes {
        new: new(connection, tenant, asked).await?,
        raised: raised(connection, tenant, asked).await?,
        cleared: cleared(connection, tenant, asked).await?,
    })
}

/// The conjunctions that changes are told of, the most probable first.
fn told(asked: &ChangesQuery) -> ConjunctionQuery {
    ConjunctionQuery {
        watch_list: asked.watch_list,
        min_probability: asked.min_probability,
        relation: Some(false),
        order: ConjunctionOrder::Probability,
        ..ConjunctionQuery::default()
    }
}

const MOST_PROBABLE: &str = "leading_probability DESC, id";

/// What a run found is first seen when it began. One that began before and ended after a time has found what nobody knew then.
async fn new(connection: &mut Lookup, tenant: &TenantId, asked: &ChangesQuery) -> Outcome<Vec<Conjunction>> {
    let (query, since) = (told(asked), microseconds(asked.since));
    let mut statement = Select::new("");
    push_visible(&mut statement, tenant, MOST_PROBABLE, asked.limit, |statement, owner| {
        let push_first_seen = |statement: &mut Select| {
            statement.push(" AND first_seen >= coalesce((SELECT min(started) FROM runs WHERE tenant = ");
            statement.push_bind(owner.to_owned()).push(" AND started <= ").push_bind(since);
            statement.push(" AND (finished > ").push_bind(since).push(" OR state = 'running')), ");
            statement.push_bind(since).push(")");
        };
        let among = Among { push_where: &push_first_seen, ..Among::ALL };
        statement.push(format_args!("SELECT {CONJUNCTION}, {SOLUTION}, leading_probability FROM "));
        push_objects_of(statement, tenant, owner, &query, among);
        push_status(statement, tenant, owner, ConjunctionStatus::Active);
        push_conditions(statement, &query);
        push_first_seen(statement);
        statement.push(" AND (c.first_seen > ").push_bind(since);
        statement.push(
            " OR NOT EXISTS (SELECT 1 FROM conjunction_history h WHERE h.tenant = c.tenant \
             AND h.conjunction = c.id AND h.at <= ",
        );
        statement.push_bind(since).push("))");
    });
    Ok(page(look_up(connection, statement, read_conjunction).await?, asked.limit).rows)
}

/// Of the most probable ones, the newest entry of their history by then is looked up for each.
async fn raised(
    connection: &mut Lookup,
    tenant: &TenantId,
    asked: &ChangesQuery,
) -> Outcome<Vec<(Conjunction, TrendPoint)>> {
    let query = told(asked);
    let mut statement = Select::new("");
    push_visible(&mut statement, tenant, MOST_PROBABLE, COMPARED, |statement, owner| {
        statement.push("SELECT c.id AS id, c.leading_probability AS leading_probability FROM ");
        push_objects_of(statement, tenant, owner, &query, Among::ALL);
        push_status(statement, tenant, owner, ConjunctionStatus::Active);
        push_conditions(statement, &query);
        statement.push(" AND c.first_seen <= ").push_bind(microseconds(asked.since));
    });
    let read = |columns: &mut Columns<'_>| Ok((ConjunctionId(columns.take()?), columns.take::<f64>()?));
    let likely = page(look_up(connection, statement, read).await?, COMPARED).rows;
    let ids: Vec<ConjunctionId> = likely.iter().map(|(id, _)| *id).collect();
    let known = newest_points(connection, tenant, &ids, asked.since, 1).await?;
    // Whether the probability now is a bound is known once they are read.
    let raised: Vec<(ConjunctionId, TrendPoint)> = likely
        .iter()
        .filter_map(|(id, probability)| {
            let before = known.get(id)?.first()?;
            before.is_raised_by(*probability, false).then_some((*id, *before))
        })
        .collect();
    if raised.is_empty() {
        return Ok(Vec::new());
    }
    let mut query =
        Select::new(format!("SELECT {CONJUNCTION}, {SOLUTION} FROM conjunctions c WHERE c.tenant IN ("));
    query
        .push_bind(tenant.as_str().to_owned())
        .push(", ")
        .push_bind(PUBLIC.to_owned())
        .push(") AND c.id IN (");
    push_ids(&mut query, &raised.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    query.push(")");
    let found = look_up(connection, query, read_conjunction).await?;
    let mut found: HashMap<_, _> =
        found.into_iter().map(|conjunction| (conjunction.id, conjunction)).collect();
    let raised = raised.into_iter().filter_map(|(id, before)| Some((found.remove(&id)?, before)));
    let raised = raised.filter(|(found, before)| {
        before.is_raised_by(found.leading_probability(), found.solution.probability.is_none())
    });
    Ok(raised.take(usize::try_from(asked.limit).unwrap_or(usize::MAX)).collect())
}

/// The index has them by when they were cleared, with what is compared; signs keep the database from following another one,
/// in which there is all that is past.
async fn cleared(
    connection: &mut Lookup,
    tenant: &TenantId,
    asked: &ChangesQuery,
) -> Outcome<Vec<Conjunction>> {
    // Of which the sign before the probability follows.
    let query = ConjunctionQuery { order: ConjunctionOrder::Tca, ..told(asked) };
    let push_cleared = |statement: &mut Select| {
        statement.push(" AND cleared > ").push_bind(microseconds(asked.since));
    };
    let among = Among { push_where: &push_cleared, ..Among::ALL };
    let mut statement = Select::new("");
    push_visible(&mut statement, tenant, "tca, id", asked.limit, |statement, owner| {
        statement.push(format_args!("SELECT {CONJUNCTION}, {SOLUTION} FROM "));
        push_objects_of(statement, tenant, owner, &query, among);
        push_cleared(statement);
        statement.push(" AND +c.status = ").push_bind(ConjunctionStatus::Cleared.code());
        push_rest_of_status(statement, tenant, owner, ConjunctionStatus::Cleared);
        push_conditions(statement, &query);
    });
    Ok(page(look_up(connection, statement, read_conjunction).await?, asked.limit).rows)
}
