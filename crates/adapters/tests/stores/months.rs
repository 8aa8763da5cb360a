//! Element sets by the month, on PostgreSQL.

use std::sync::Arc;

use astroshield_adapters::PostgresStore;
use astroshield_domain::catalog::{ElementSet, Ingest};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{CatalogStore, UpkeepStore};
use astroshield_domain::time;
use astroshield_testkit::entities::{element_set, ingest, tenant};
use astroshield_testkit::postgres::{database, unfenced};
use jiff::{SignedDuration, Timestamp};
use sqlx::migrate::Migrate as _;
use sqlx::{Connection as _, PgConnection, Row as _};

/// The last migration before element sets were kept by the month.
const BEFORE: i64 = 21;
/// More than three months, less than five.
const FOUR_MONTHS: SignedDuration = SignedDuration::from_hours(24 * 122);

/// The now of the database, which the first month is that of.
fn now() -> Timestamp {
    time::to_microsecond(Timestamp::now())
}

fn of_epoch(object: u32, epoch: Timestamp) -> ElementSet {
    let mut set = element_set(object, 0);
    set.elements.epoch = time::to_epoch(epoch);
    set
}

fn delivery(owner: &TenantId, arrived: Timestamp, epochs: &[Timestamp]) -> Ingest {
    ingest(owner, arrived, epochs.iter().map(|&epoch| of_epoch(5, epoch)).collect())
}

/// How many element sets are in each partition that has some.
async fn parts(url: &str) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT tableoid::regclass::text, count(*) FROM element_sets GROUP BY 1 ORDER BY 1")
        .fetch_all(&mut unfenced(url).await)
        .await
        .unwrap()
}

fn month(time: Timestamp) -> String {
    format!("element_sets_{}", time.strftime("%Y_%m"))
}

#[tokio::test]
async fn months_are_made_ahead_and_take_over_what_came_before_they_were() {
    let Some(url) = database().await else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    let (public, now) = (TenantId::public(), now());
    let (long_ago, later) = (now - 10 * FOUR_MONTHS, now + FOUR_MONTHS);
    assert_eq!(store.make_room(now).await.unwrap(), 3);
    assert_eq!(store.make_room(now).await.unwrap(), 0);
    let all = delivery(&public, now, &[long_ago, now, later]);
    store.ingest(&all, &[]).await.unwrap();
    let due = |of_later: String| {
        let mut parts = vec![("element_sets_before".to_owned(), 1), (month(now), 1), (of_later, 1)];
        parts.sort_unstable();
        parts
    };
    assert_eq!(parts(&url).await, due("element_sets_default".to_owned()));

    // Four months on. Those between were never made: what is of them stays where it is.
    assert_eq!(store.make_room(later).await.unwrap(), 3);
    assert_eq!(parts(&url).await, due(month(later)));
    // It is known wherever it is, and whenever it comes again.
    let again = delivery(&public, later, &[long_ago, now, later]);
    assert_eq!(store.ingest(&again, &[]).await.unwrap().known_element_sets, 3);
    let newest_first: Vec<_> = all.element_sets.iter().rev().cloned().collect();
    let history = store.element_history(&public, all.element_sets[0].object, None, 10).await.unwrap();
    assert_eq!(history.rows, newest_first);
    for (as_of, place) in [(now, 1), (later, 1)] {
        let current = store.catalog_as_of(&public, as_of).await.unwrap();
        assert_eq!(current, all.element_sets[place..=place], "{as_of}");
    }
    // A clock that was set back makes nothing of the time before the first month.
    assert_eq!(store.make_room(long_ago).await.unwrap(), 0);
}

#[tokio::test]
async fn months_that_many_make_at_once_are_made_once() {
    let Some(url) = database().await else { return };
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    let mut tasks = Vec::new();
    for turn in 0..8 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let sets = delivery(&tenant(&format!("tenant-{turn}")), now(), &[now()]);
            store.ingest(&sets, &[]).await.unwrap();
            store.make_room(now()).await.unwrap()
        }));
    }
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    assert_eq!(made, 3);
    assert_eq!(parts(&url).await, [(month(now()), 8)]);
}

/// A store as the release before had it.
async fn of_the_release_before(url: &str) -> PgConnection {
    let mut connection = unfenced(url).await;
    let table = "_sqlx_migrations";
    connection.ensure_migrations_table(table).await.unwrap();
    for migration in sqlx::migrate!("migrations/postgres").iter().filter(|each| each.version <= BEFORE) {
        connection.apply(table, migration).await.unwrap();
    }
    connection
}

/// What the release before does, in its words and with its prepared statements.
async fn add_as_before(connection: &mut PgConnection, object: i64, epoch: Timestamp) -> u64 {
    let statement = "INSERT INTO element_sets (tenant, object, epoch_ns, digest, grade, arrived, mean_motion_rev_day, \
         eccentricity, inclination_deg, raan_deg, argument_of_perigee_deg, mean_anomaly_deg, bstar_inv_earth_radii, \
         mean_motion_dot, mean_motion_ddot, element_set_number, revolution_at_epoch, classification, name, designator, \
         source, ingest) SELECT 'public', $1, $2, 1, 0, $2 / 1000, 15.5, 0, 51, 1, 2, 3, 0, 0, 0, NULL, NULL, 'U', NULL, \
         NULL, 'before', gen_random_uuid() ON CONFLICT DO NOTHING RETURNING object, epoch_ns, digest";
    let epoch_ns = i64::try_from(epoch.as_nanosecond()).unwrap();
    let rows = sqlx::query(statement).bind(object).bind(epoch_ns).fetch_all(connection).await.unwrap();
    rows.len() as u64
}

#[tokio::test]
async fn a_store_in_use_goes_over_to_months_while_the_release_before_works_on() {
    let Some(url) = database().await else { return };
    let mut before = of_the_release_before(&url).await;
    let (now, later) = (now(), now() + FOUR_MONTHS);
    assert_eq!(add_as_before(&mut before, 5, now).await, 1);
    assert_eq!(add_as_before(&mut before, 6, later).await, 1);
    let select = "SELECT * FROM element_sets WHERE tenant = 'public' AND object = $1";
    assert_eq!(sqlx::query(select).bind(5_i64).fetch_all(&mut before).await.unwrap().len(), 1);

    let store = PostgresStore::connect(&url).await.unwrap();
    let moved = [("element_sets_before".to_owned(), 1), ("element_sets_default".to_owned(), 1)];
    assert_eq!(parts(&url).await, moved);
    assert_eq!(store.make_room(now).await.unwrap(), 2, "this month is that of the table before");

    // On its old connection: what is known is known, and what is new comes.
    assert_eq!(add_as_before(&mut before, 5, now).await, 0);
    assert_eq!(add_as_before(&mut before, 6, later).await, 0);
    assert_eq!(add_as_before(&mut before, 5, now + SignedDuration::from_hours(1)).await, 1);
    let rows = sqlx::query(select).bind(5_i64).fetch_all(&mut before).await.unwrap();
    let sources: Vec<String> = rows.iter().map(|row| row.get("source")).collect();
    assert_eq!(sources, ["before", "before"]);
    let object = of_epoch(5, now).object;
    assert_eq!(store.element_history(&TenantId::public(), object, None, 10).await.unwrap().rows.len(), 2);
    before.close().await.unwrap();
}
