//! What became of conjunctions.

use std::collections::HashMap;

use astroshield_domain::changes::{COMPARED, Changes, ChangesQuery, RAISED_BY, TREND_POINTS, TrendPoint};
use astroshield_domain::conjunction::{Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus};
use astroshield_domain::ids::{ConjunctionId, TenantId};
use uuid::Uuid;

use super::conjunctions::{
    Among, CONJUNCTION, SOLUTION, push_conditions, push_objects_of, push_status, read_conjunction,
};
use super::{Columns, Lookup, Outcome, PUBLIC, Select, look_up, page, push_visible};
use crate::sql::values::{microseconds, time};

/// Conjunctions whose history is read in one statement.
const TRENDS_AT_ONCE: usize = 1_000;

fn read_point(columns: &mut Columns<'_>) -> Outcome<TrendPoint> {
    Ok(TrendPoint {
        at: time(columns.take()?)?,
        leading_probability: columns.take()?,
        miss_distance_km: columns.take()?,
    })
}

/// The index finds the history of each.
pub(super) async fn trends(
    connection: &mut Lookup,
    tenant: &TenantId,
    ids: &[ConjunctionId],
) -> Outcome<Vec<Vec<TrendPoint>>> {
    let mut found: HashMap<Uuid, Vec<TrendPoint>> = HashMap::new();
    for chunk in ids.chunks(TRENDS_AT_ONCE) {
        let mut query = Select::new(
            "SELECT conjunction, at, leading_probability, miss_distance_km FROM ( \
                 SELECT conjunction, at, entry, coalesce(probability, maximum_probability) AS leading_probability, \
                     miss_distance_km, row_number() OVER (PARTITION BY conjunction ORDER BY at DESC, entry DESC) AS place \
                 FROM conjunction_history WHERE tenant IN (",
        );
        query.push_bind(tenant.as_str().to_owned()).push(", ").push_bind(PUBLIC.to_owned());
        query.push(") AND conjunction IN (");
        for (place, id) in chunk.iter().enumerate() {
            query.push(if place == 0 { "" } else { ", " }).push_bind(id.0);
        }
        query.push(")) AS newest WHERE place <= ").push_bind(i64::from(TREND_POINTS));
        query.push(" ORDER BY conjunction, at, entry");
        let points =
            look_up(connection, query, |columns| Ok((columns.take::<Uuid>()?, read_point(columns)?)));
        for (id, point) in points.await? {
            found.entry(id).or_default().push(point);
        }
    }
    Ok(ids.iter().map(|id| found.remove(&id.0).unwrap_or_default()).collect())
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
    let (query, since) = (told(asked), microseconds(asked.since));
    let mut statement = Select::new("");
    push_visible(&mut statement, tenant, MOST_PROBABLE, asked.limit, |statement, owner| {
        statement.push(format_args!(
            "SELECT {CONJUNCTION}, {SOLUTION}, before_at, before_probability, before_miss_km, leading_probability FROM ( \
                 SELECT likely.id AS raised_id, h.at AS before_at, h.miss_distance_km AS before_miss_km, \
                     coalesce(h.probability, h.maximum_probability) AS before_probability FROM ( \
                     SELECT c.id AS id, c.leading_probability AS leading_probability FROM "
        ));
        push_objects_of(statement, tenant, owner, &query, Among::ALL);
        push_status(statement, tenant, owner, ConjunctionStatus::Active);
        push_conditions(statement, &query);
        statement.push(" AND c.first_seen <= ").push_bind(since);
        statement.push(format_args!(" ORDER BY {MOST_PROBABLE} LIMIT ")).push_bind(i64::from(COMPARED));
        statement.push(
            ") AS likely CROSS JOIN conjunction_history h \
             WHERE h.entry = (SELECT p.entry FROM conjunction_history p WHERE p.tenant = ",
        );
        statement.push_bind(owner.to_owned()).push(" AND p.conjunction = likely.id AND p.at <= ");
        statement.push_bind(since).push(" ORDER BY p.at DESC, p.entry DESC LIMIT 1)");
        statement.push(" AND likely.leading_probability > coalesce(h.probability, h.maximum_probability)");
        statement
            .push(" AND likely.leading_probability >= coalesce(h.probability, h.maximum_probability) * ");
        statement.push_bind(RAISED_BY).push(") AS raised CROSS JOIN conjunctions c WHERE c.tenant = ");
        statement.push_bind(owner.to_owned()).push(" AND c.id = raised.raised_id");
    });
    let read = |columns: &mut Columns<'_>| Ok((read_conjunction(columns)?, read_point(columns)?));
    Ok(page(look_up(connection, statement, read).await?, asked.limit).rows)
}

/// The index has them by when they were cleared, with what is compared.
async fn cleared(
    connection: &mut Lookup,
    tenant: &TenantId,
    asked: &ChangesQuery,
) -> Outcome<Vec<Conjunction>> {
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
        push_status(statement, tenant, owner, ConjunctionStatus::Cleared);
        push_conditions(statement, &query);
    });
    Ok(page(look_up(connection, statement, read_conjunction).await?, asked.limit).rows)
}
