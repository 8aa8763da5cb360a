//! Element sets: the history, and which one is current.

use std::collections::{BTreeMap, HashMap, HashSet};

use astroshield_astro::elements::MeanElements;
use astroshield_domain::catalog::{ElementSet, ElementSetPlace, Grade, Ingest, IngestSummary};
use astroshield_domain::event::{Event, Payload};
use astroshield_domain::ids::{EventId, IngestId, TenantId};
use astroshield_domain::ports::{Continued, Page};
use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::{
    CURRENT_SET, Connection, Database, Failure, Outcome, PUBLIC, Row, SET_AS_OF, add_events, all, insertion,
    lock, page, push_visible, rows_in_bulk,
};
use crate::sql::bulk::Rows;
use crate::sql::values::{
    Code, catalog_number, digest, epoch, epoch_nanoseconds, letter, microseconds, small_count, stored_count,
    tenant, time, time_of_nanoseconds,
};

/// How far after its arrival the epoch of a current element set may lie: seven days.
const LARGEST_LEAD_US: i64 = 7 * 86_400 * 1_000_000;

/// Gravitational parameter of the Earth in km^3/s^2, and its equatorial radius in km: WGS-72, as SGP4 has them (Hoots and
/// Roehrich, Spacetrack Report #3, 1980).
const MU_KM3_S2: f64 = 398_600.8;
const EARTH_RADIUS_KM: f64 = 6_378.135;

/// What decides which element set is current, in this order; the digest makes it definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    epoch_ns: i64,
    grade: i16,
    arrived: i64,
    digest: i64,
}

/// An element set to store.
#[derive(Debug, Clone, Copy)]
struct Incoming<'a> {
    set: &'a ElementSet,
    rank: Rank,
}

/// What becomes current of an object.
struct Current<'a> {
    object: CatalogNumber,
    incoming: Option<Incoming<'a>>,
    orbit: Option<Orbit>,
}

impl<'a> Current<'a> {
    fn set(&self) -> Option<&'a ElementSet> {
        self.incoming.map(|incoming| incoming.set)
    }

    fn rank(&self) -> Option<Rank> {
        self.incoming.map(|incoming| incoming.rank)
    }
}

impl Incoming<'_> {
    fn may_be_current(&self) -> bool {
        self.rank.epoch_ns / 1_000 <= self.rank.arrived + LARGEST_LEAD_US
    }

    fn key(&self) -> (i64, i64, i64) {
        (i64::from(self.set.object.get()), self.rank.epoch_ns, self.rank.digest)
    }
}

pub(super) async fn ingest(
    connection: &mut Connection,
    ingest: &Ingest,
    causes: &[EventId],
) -> Outcome<IngestSummary> {
    let incoming = incoming(ingest)?;
    lock(connection, &format!("ingest/{}", ingest.tenant)).await?;
    let mut new = insert_element_sets(connection, ingest, &incoming).await?;
    let new: Vec<Incoming<'_>> = incoming.into_iter().filter(|set| new.remove(&set.key())).collect();

    let known = current_ranks(connection, &ingest.tenant).await?;
    let mut current: BTreeMap<CatalogNumber, Option<Incoming<'_>>> = BTreeMap::new();
    for &set in &new {
        let best = current.entry(set.set.object).or_default();
        if set.may_be_current() && best.is_none_or(|best| best.rank < set.rank) {
            *best = Some(set);
        }
    }
    let new_objects = current.keys().filter(|object| !known.contains_key(object)).count();
    current.retain(|object, best| match (known.get(object).copied().flatten(), best) {
        (Some(known), Some(best)) => best.rank > known,
        (Some(_), None) => false,
        (None, Some(_)) => true,
        (None, None) => !known.contains_key(object),
    });
    let changed_objects = current.values().flatten().count();
    put_current(connection, ingest, &current).await?;

    let summary = IngestSummary {
        new_element_sets: new.len() as u64,
        known_element_sets: (ingest.element_sets.len() - new.len()) as u64,
        new_objects: new_objects as u64,
        changed_objects: changed_objects as u64,
        skipped_records: ingest.skipped_records,
    };
    if summary.new_element_sets > 0 {
        put_ingest(connection, ingest, &summary).await?;
        let payload =
            Payload::ElementSetsStored { ingest: ingest.id, source: ingest.source.clone(), summary };
        let event = Event::new(ingest.tenant.clone(), ingest.arrived, causes.to_vec(), payload);
        add_events(connection, [&event]).await?;
    }
    Ok(summary)
}

/// In the order of the table, which a bulk insertion is fastest in.
fn incoming(ingest: &Ingest) -> Outcome<Vec<Incoming<'_>>> {
    let mut sets = ingest
        .element_sets
        .iter()
        .map(|set| {
            if (&set.tenant, set.ingest, set.arrived) != (&ingest.tenant, ingest.id, ingest.arrived) {
                return Err(Failure::conflict(format!(
                    "element set of object {}: its tenant, ingest or time of arrival is not that of ingest {}",
                    set.object, ingest.id
                )));
            }
            let rank = Rank {
                epoch_ns: epoch_nanoseconds(set.elements.epoch)?,
                grade: set.grade.code(),
                arrived: microseconds(set.arrived),
                digest: digest(&set.elements),
            };
            Ok(Incoming { set, rank })
        })
        .collect::<Outcome<Vec<_>>>()?;
    sets.sort_by_key(Incoming::key);
    Ok(sets)
}

/// Inserts those that are not known, and returns their keys.
async fn insert_element_sets(
    connection: &mut Connection,
    ingest: &Ingest,
    sets: &[Incoming<'_>],
) -> Outcome<HashSet<(i64, i64, i64)>> {
    let mut inserted = HashSet::with_capacity(sets.len());
    for chunk in sets.chunks(rows_in_bulk(22)) {
        let rows = Rows::of(chunk)
            .with("tenant", |_| ingest.tenant.as_str())
            .with("object", |Incoming { set, .. }| i64::from(set.object.get()))
            .with("epoch_ns", |Incoming { rank, .. }| rank.epoch_ns)
            .with("digest", |Incoming { rank, .. }| rank.digest)
            .with("grade", |Incoming { rank, .. }| rank.grade)
            .with("arrived", |Incoming { rank, .. }| rank.arrived)
            .with("mean_motion_rev_day", |Incoming { set, .. }| set.elements.mean_motion_rev_day)
            .with("eccentricity", |Incoming { set, .. }| set.elements.eccentricity)
            .with("inclination_deg", |Incoming { set, .. }| set.elements.inclination_deg)
            .with("raan_deg", |Incoming { set, .. }| set.elements.raan_deg)
            .with("argument_of_perigee_deg", |Incoming { set, .. }| set.elements.argument_of_perigee_deg)
            .with("mean_anomaly_deg", |Incoming { set, .. }| set.elements.mean_anomaly_deg)
            .with("bstar_inv_earth_radii", |Incoming { set, .. }| set.elements.bstar_inv_earth_radii)
            .with("mean_motion_dot", |Incoming { set, .. }| set.mean_motion_dot)
            .with("mean_motion_ddot", |Incoming { set, .. }| set.mean_motion_ddot)
            .with("element_set_number", |Incoming { set, .. }| set.element_set_number.map(i64::from))
            .with("revolution_at_epoch", |Incoming { set, .. }| set.revolution_at_epoch.map(i64::from))
            .with("classification", |Incoming { set, .. }| set.classification.map(String::from))
            .with("name", |Incoming { set, .. }| set.name.as_deref())
            .with("designator", |Incoming { set, .. }| set.international_designator.as_deref())
            .with("source", |Incoming { set, .. }| set.source.as_str())
            .with("ingest", |Incoming { set, .. }| set.ingest.0);
        let mut query = insertion("element_sets", rows);
        query.push(" ON CONFLICT DO NOTHING RETURNING object, epoch_ns, digest");
        for row in query.build().fetch_all(&mut *connection).await? {
            inserted.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
    }
    Ok(inserted)
}

/// The objects that a tenant has element sets of, with what makes their current one so.
async fn current_ranks(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Outcome<HashMap<CatalogNumber, Option<Rank>>> {
    let rows = sqlx::query(
        "SELECT number, epoch_ns, grade, arrived, digest FROM objects \
         WHERE tenant = $1 AND first_arrived IS NOT NULL",
    )
    .bind(tenant.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let rank = match row.try_get(1)? {
                Some(epoch_ns) => Some(Rank {
                    epoch_ns,
                    grade: row.try_get(2)?,
                    arrived: row.try_get(3)?,
                    digest: row.try_get(4)?,
                }),
                None => None,
            };
            Ok((catalog_number(row.try_get(0)?)?, rank))
        })
        .collect()
}

async fn put_current(
    connection: &mut Connection,
    ingest: &Ingest,
    current: &BTreeMap<CatalogNumber, Option<Incoming<'_>>>,
) -> Outcome<()> {
    let rows: Vec<Current<'_>> = current
        .iter()
        .map(|(&object, &incoming)| Current {
            object,
            incoming,
            orbit: incoming.map(|new| Orbit::of(&new.set.elements)),
        })
        .collect();
    for chunk in rows.chunks(rows_in_bulk(14)) {
        let rows = Rows::of(chunk)
            .with("tenant", |_| ingest.tenant.as_str())
            .with("number", |current| i64::from(current.object.get()))
            .with("first_arrived", |_| microseconds(ingest.arrived))
            .with("epoch_ns", |current| current.rank().map(|rank| rank.epoch_ns))
            .with("digest", |current| current.rank().map(|rank| rank.digest))
            .with("grade", |current| current.rank().map(|rank| rank.grade))
            .with("arrived", |current| current.rank().map(|rank| rank.arrived))
            .with("source", |current| current.set().map(|set| set.source.as_str()))
            .with("name", |current| current.set().and_then(|set| set.name.as_deref()))
            .with("designator", |current| {
                current.set().and_then(|set| set.international_designator.as_deref())
            })
            .with("perigee_km", |current| current.orbit.map(|orbit| orbit.perigee_km))
            .with("apogee_km", |current| current.orbit.map(|orbit| orbit.apogee_km))
            .with("inclination_deg", |current| current.set().map(|set| set.elements.inclination_deg))
            .with("period_min", |current| current.orbit.map(|orbit| orbit.period_min));
        let mut query = insertion("objects", rows);
        query.push(
            " ON CONFLICT (tenant, number) DO UPDATE SET \
             first_arrived = coalesce(objects.first_arrived, excluded.first_arrived), \
             epoch_ns = excluded.epoch_ns, digest = excluded.digest, grade = excluded.grade, \
             arrived = excluded.arrived, source = excluded.source, \
             name = coalesce(excluded.name, objects.name), \
             designator = coalesce(excluded.designator, objects.designator), \
             perigee_km = excluded.perigee_km, apogee_km = excluded.apogee_km, \
             inclination_deg = excluded.inclination_deg, period_min = excluded.period_min",
        );
        query.build().execute(&mut *connection).await?;
    }
    if ingest.tenant.as_str() != PUBLIC && !current.is_empty() {
        super::objects::copy_satcat(connection, Some(&ingest.tenant)).await?;
    }
    Ok(())
}

async fn put_ingest(connection: &mut Connection, ingest: &Ingest, summary: &IngestSummary) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO ingests (tenant, id, source, arrived, blob, skipped_records, new_element_sets) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(ingest.tenant.as_str())
    .bind(ingest.id.0)
    .bind(ingest.source.as_str())
    .bind(microseconds(ingest.arrived))
    .bind(ingest.blob.as_deref())
    .bind(stored_count(ingest.skipped_records)?)
    .bind(stored_count(summary.new_element_sets)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Size of the mean orbit, by Kepler's third law from Kozai's mean motion.
#[derive(Debug, Clone, Copy)]
struct Orbit {
    perigee_km: f64,
    apogee_km: f64,
    period_min: f64,
}

impl Orbit {
    fn of(elements: &MeanElements) -> Self {
        let rate_rad_s = elements.mean_motion_rev_day * std::f64::consts::TAU / 86_400.0;
        let semi_major_axis_km = (MU_KM3_S2 / (rate_rad_s * rate_rad_s)).cbrt();
        Self {
            perigee_km: semi_major_axis_km * (1.0 - elements.eccentricity) - EARTH_RADIUS_KM,
            apogee_km: semi_major_axis_km * (1.0 + elements.eccentricity) - EARTH_RADIUS_KM,
            period_min: 1_440.0 / elements.mean_motion_rev_day,
        }
    }
}

/// The pointer of an object tells its current element set for all times since that arrived; only for those before, the
/// history has to be searched, among the epochs that can have arrived by then.
pub(super) async fn catalog_as_of(
    connection: &mut Connection,
    tenant: &TenantId,
    as_of: Timestamp,
) -> Outcome<Vec<ElementSet>> {
    let statement = format!(
        "SELECT e.* FROM objects o {CURRENT_SET} AND o.tenant IN ($1, 'public') AND o.arrived <= $2 \
         UNION ALL \
         SELECT e.* FROM objects o {SET_AS_OF} \
             AND o.tenant IN ($1, 'public') AND o.arrived > $2 AND o.first_arrived <= $2"
    );
    let as_of = microseconds(as_of);
    let newest_epoch_ns = as_of.saturating_add(LARGEST_LEAD_US).saturating_mul(1_000).saturating_add(999);
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(tenant.as_str())
        .bind(as_of)
        .bind(LARGEST_LEAD_US)
        .bind(newest_epoch_ns)
        .fetch_all(connection)
        .await?;
    let mut ranked = rows
        .iter()
        .map(|row| {
            let rank = Rank {
                epoch_ns: row.try_get("epoch_ns")?,
                grade: row.try_get("grade")?,
                arrived: row.try_get("arrived")?,
                digest: row.try_get("digest")?,
            };
            Ok((rank, element_set(row)?))
        })
        .collect::<Outcome<Vec<_>>>()?;
    // Of an object's own and public sets the later in this order; of equal ones the tenant's own.
    ranked.sort_by(|(rank, set), (other_rank, other)| {
        (set.object, rank, set.tenant == *tenant).cmp(&(other.object, other_rank, other.tenant == *tenant))
    });
    let mut sets: Vec<ElementSet> = Vec::with_capacity(ranked.len());
    for (_, set) in ranked {
        match sets.last_mut() {
            Some(last) if last.object == set.object => *last = set,
            _ => sets.push(set),
        }
    }
    Ok(sets)
}

/// By catalog number, so that what changes between two parts shows an object neither twice nor never.
pub(super) async fn current_element_sets(
    connection: &mut Connection,
    tenant: &TenantId,
    after: Option<CatalogNumber>,
    limit: u32,
) -> Outcome<Page<ElementSet>> {
    let mut query: QueryBuilder<Database> = QueryBuilder::new("");
    push_visible(&mut query, tenant, "number", limit, |query, owner| {
        query.push(format_args!("SELECT o.number, e.* FROM objects o {CURRENT_SET} AND "));
        super::objects::push_counting(query, tenant, owner);
        if let Some(after) = after {
            query.push(" AND o.number > ").push_bind(i64::from(after.get()));
        }
    });
    let rows = query.build().fetch_all(connection).await?;
    Ok(page(all(&rows, element_set)?, limit))
}

pub(super) async fn catalog_age(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Outcome<Option<(Timestamp, Timestamp)>> {
    let row = sqlx::query(
        "SELECT (SELECT max(arrived) FROM ingests WHERE tenant = $1), \
         (SELECT epoch_ns FROM objects WHERE tenant = $1 AND epoch_ns IS NOT NULL ORDER BY epoch_ns DESC LIMIT 1 \
          OFFSET (SELECT count(epoch_ns) / 100 FROM objects WHERE tenant = $1))",
    )
    .bind(tenant.as_str())
    .fetch_one(connection)
    .await?;
    match (row.try_get(0)?, row.try_get(1)?) {
        (Some(arrived), Some(epoch_ns)) => Ok(Some((time(arrived)?, time_of_nanoseconds(epoch_ns)?))),
        _ => Ok(None),
    }
}

/// In the order of epoch, grade, arrival, digest and tenant, which no two have alike.
pub(super) async fn element_history(
    connection: &mut Connection,
    tenant: &TenantId,
    object: CatalogNumber,
    after: Option<&ElementSetPlace>,
    limit: u32,
) -> Outcome<Continued<ElementSet, ElementSetPlace>> {
    let mut query: QueryBuilder<Database> =
        QueryBuilder::new("SELECT * FROM element_sets WHERE tenant IN ('public', ");
    query.push_bind(tenant.as_str()).push(") AND object = ").push_bind(i64::from(object.get()));
    if let Some(place) = after {
        // The first condition says nothing new, but an index follows it.
        query.push(" AND epoch_ns <= ").push_bind(place.epoch_ns);
        query.push(" AND (epoch_ns, grade, arrived, digest, tenant) < (").push_bind(place.epoch_ns);
        query.push(", ").push_bind(place.grade).push(", ").push_bind(microseconds(place.arrived));
        query.push(", ").push_bind(place.digest).push(", ").push_bind(place.tenant.as_str()).push(")");
    }
    query
        .push(" ORDER BY epoch_ns DESC, grade DESC, arrived DESC, digest DESC, tenant DESC LIMIT ")
        .push_bind(i64::from(limit) + 1);
    let rows = query.build().fetch_all(connection).await?;
    let more = rows.len() > limit as usize;
    let rows = &rows[..rows.len().min(limit as usize)];
    let next = rows.last().filter(|_| more).map(|row| {
        Ok::<_, Failure>(ElementSetPlace {
            epoch_ns: row.try_get("epoch_ns")?,
            grade: row.try_get("grade")?,
            arrived: time(row.try_get("arrived")?)?,
            digest: row.try_get("digest")?,
            tenant: crate::sql::values::tenant(row.try_get("tenant")?)?,
        })
    });
    Ok(Continued { next: next.transpose()?, rows: all(rows, element_set)? })
}

fn element_set(row: &Row) -> Outcome<ElementSet> {
    Ok(ElementSet {
        tenant: tenant(row.try_get("tenant")?)?,
        object: catalog_number(row.try_get("object")?)?,
        name: row.try_get("name")?,
        international_designator: row.try_get("designator")?,
        elements: MeanElements {
            epoch: epoch(row.try_get("epoch_ns")?),
            mean_motion_rev_day: row.try_get("mean_motion_rev_day")?,
            eccentricity: row.try_get("eccentricity")?,
            inclination_deg: row.try_get("inclination_deg")?,
            raan_deg: row.try_get("raan_deg")?,
            argument_of_perigee_deg: row.try_get("argument_of_perigee_deg")?,
            mean_anomaly_deg: row.try_get("mean_anomaly_deg")?,
            bstar_inv_earth_radii: row.try_get("bstar_inv_earth_radii")?,
        },
        mean_motion_dot: row.try_get("mean_motion_dot")?,
        mean_motion_ddot: row.try_get("mean_motion_ddot")?,
        element_set_number: row
            .try_get::<Option<i64>, _>("element_set_number")?
            .map(small_count)
            .transpose()?,
        revolution_at_epoch: row
            .try_get::<Option<i64>, _>("revolution_at_epoch")?
            .map(small_count)
            .transpose()?,
        classification: letter(row.try_get("classification")?),
        source: row.try_get("source")?,
        grade: Grade::of_code(row.try_get("grade")?)?,
        ingest: IngestId(row.try_get("ingest")?),
        arrived: time(row.try_get("arrived")?)?,
    })
}
