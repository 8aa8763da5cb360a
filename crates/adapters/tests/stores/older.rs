//! Stores as a release before left them, brought to this one.

use astroshield_adapters::{PostgresStore, SqliteStore};
use astroshield_domain::changes::ChangesQuery;
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus, Direction,
};
use astroshield_domain::ids::{ConjunctionId, TenantId};
use astroshield_domain::ports::Store;
use astroshield_testkit::entities::{at, conclusion, conjunction, run};
use astroshield_testkit::postgres::{database, unfenced};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;

/// The last migration before every order had its index, and trends theirs.
const BEFORE: i64 = 25;

/// Tables that are carried over to the older store, with what they refer to.
const TABLES: [&str; 3] = ["runs", "conjunctions", "conjunction_history"];

/// Conjunctions of two runs, some of them cleared and past, as this release stores them.
async fn filled(store: &dyn Store) {
    let public = TenantId::public();
    let first = run(&public, at(0));
    let found: Vec<Conjunction> = (0..40_u32)
        .map(|place| {
            let mut one = conjunction(&first, [1, 10 + place], at(100 + i64::from(place) * 60));
            one.solution.relative_speed_km_s = f64::from(place % 7);
            one.solution.maximum_probability = 1e-9 * f64::from(1 + place % 5);
            one
        })
        .collect();
    store.begin_run(&first, &[]).await.unwrap();
    store.conclude_run(&public, &conclusion(&first), &found).await.unwrap();
    let second = run(&public, at(50));
    let mut again: Vec<Conjunction> = found[..30]
        .iter()
        .map(|one| Conjunction { run: second.id, last_seen: at(50), ..one.clone() })
        .collect();
    for one in &mut again {
        one.solution.maximum_probability *= 100.0;
    }
    store.begin_run(&second, &[]).await.unwrap();
    store.conclude_run(&public, &conclusion(&second), &again).await.unwrap();
    assert_eq!(store.pass_conjunctions(&public, at(400), 100).await.unwrap(), 5);
}

/// What a store answers that the indexes have a part in.
async fn answers(store: &dyn Store) -> Vec<Vec<ConjunctionId>> {
    let own = TenantId::local();
    let mut answers: Vec<Vec<ConjunctionId>> = Vec::new();
    for status in [ConjunctionStatus::Active, ConjunctionStatus::Cleared, ConjunctionStatus::Past] {
        for order in ConjunctionOrder::ALL {
            for direction in [Direction::Ascending, Direction::Descending] {
                let query = ConjunctionQuery {
                    status: Some(status),
                    order,
                    direction: Some(direction),
                    limit: 100,
                    ..ConjunctionQuery::default()
                };
                let rows = store.conjunctions(&own, &query).await.unwrap().rows;
                let count = store.count_conjunctions(&own, &query).await.unwrap();
                assert_eq!(count, rows.len() as u64, "{query:?}");
                answers.push(rows.iter().map(|row| row.id).collect());
            }
        }
    }
    let since = at(3_620);
    let query = ChangesQuery { since, watch_list: None, min_probability: None, limit: 100 };
    let changes = store.conjunction_changes(&own, &query).await.unwrap();
    answers.push(changes.raised.iter().map(|(one, _)| one.id).collect());
    answers.push(changes.cleared.iter().map(|one| one.id).collect());
    let trends = store.conjunction_trends(&own, &answers[0]).await.unwrap();
    assert!(trends.iter().all(|points| points.len() == 2));
    answers
}

#[tokio::test]
async fn a_sqlite_store_of_the_release_before_answers_as_a_new_one_does() {
    let folder = TempDir::new().unwrap();
    let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
    let store = SqliteStore::open(&new).await.unwrap();
    filled(&store).await;
    let due = answers(&store).await;
    store.close().await;

    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", old.display())).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(BEFORE, &mut connection).await.unwrap();
    let attach = format!("ATTACH DATABASE '{}' AS later", new.display());
    sqlx::query(AssertSqlSafe(attach)).execute(&mut connection).await.unwrap();
    for table in TABLES {
        let copy = format!("INSERT INTO main.{table} SELECT * FROM later.{table}");
        sqlx::query(AssertSqlSafe(copy)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();

    let store = SqliteStore::open(&old).await.unwrap();
    assert_eq!(answers(&store).await, due);
}

#[tokio::test]
async fn a_postgresql_store_of_the_release_before_answers_as_a_new_one_does() {
    let (Some(new), Some(old)) = (database().await, database().await) else { return };
    let store = PostgresStore::connect(&new).await.unwrap();
    filled(&store).await;
    let due = answers(&store).await;

    let mut from = unfenced(&new).await;
    let mut to = unfenced(&old).await;
    sqlx::migrate!("migrations/postgres").run_to(BEFORE, &mut to).await.unwrap();
    for table in TABLES {
        let read = format!("SELECT coalesce(json_agg(t), '[]')::text FROM {table} t");
        let rows: String = sqlx::query_scalar(AssertSqlSafe(read)).fetch_one(&mut from).await.unwrap();
        let write = format!(
            "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::{table}, $1::json)"
        );
        sqlx::query(AssertSqlSafe(write)).bind(rows).execute(&mut to).await.unwrap();
    }
    to.close().await.unwrap();

    let store = PostgresStore::connect(&old).await.unwrap();
    assert_eq!(answers(&store).await, due);
}
