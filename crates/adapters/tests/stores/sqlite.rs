use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use astroshield_adapters::{EmbeddedBus, SqliteStore};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{
    AlertStore, CatalogStore, ConjunctionStore, InboundStore, RunStore, StoreError, UpkeepStore,
    WatchingStore,
};
use astroshield_testkit::entities::{self, at, element_set, ingest};
use astroshield_testkit::{bus, store};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

async fn fresh() -> Option<store::Fresh> {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
    Some(store::Fresh { store: Arc::new(store), keep: Box::new(folder) })
}

async fn fresh_bus() -> Option<bus::Fresh> {
    let store::Fresh { store, keep } = fresh().await?;
    Some(bus::Fresh { bus: Arc::new(EmbeddedBus::new(Arc::clone(&store))), store, keep })
}

mod keeps_to_the_port {
    astroshield_testkit::store_suite!(super::fresh);
}

mod bus_keeps_to_the_port {
    astroshield_testkit::bus_suite!(super::fresh_bus);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("data/store.db"));
    let store = SqliteStore::open(&file).await.unwrap();
    store.ingest(&ingest(&TenantId::public(), at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_was_stored_is_there_when_it_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.db");
    let stored = ingest(&TenantId::public(), at(0), vec![element_set(5, 0)]);
    let store = SqliteStore::open(&file).await.unwrap();
    store.ingest(&stored, &[]).await.unwrap();
    store.close().await;
    assert!(!folder.path().join("store.db-wal").exists(), "the log is folded into the file");
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(store.catalog_as_of(&TenantId::public(), at(0)).await.unwrap(), stored.element_sets);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.db");
    fs::write(&file, "not a database, and long enough to be taken for the head of one".repeat(10)).unwrap();
    let opened = SqliteStore::open(&file).await;
    assert!(matches!(opened, Err(StoreError::Corrupt { .. })), "{opened:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_unavailable() {
    let folder = TempDir::new().unwrap();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let opened = SqliteStore::open(&in_the_way.join("data/store.db")).await;
    assert!(matches!(opened, Err(StoreError::Unavailable { .. })), "{opened:?}");
}

#[tokio::test]
async fn the_tables_of_a_later_version_are_no_reason_to_refuse() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.db");
    SqliteStore::open(&file).await.unwrap().close().await;
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    for statement in [
        "ALTER TABLE feeds ADD COLUMN later TEXT",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, x'00', 1)",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(store.feeds().await.unwrap(), []);
}

#[tokio::test]
async fn the_release_before_may_write_the_tables_of_this_one_and_reads_what_it_knows() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let public = TenantId::public();
    let run = entities::run(&public, at(0));
    let past = entities::conjunction(&run, [1, 2], at(10));
    store.begin_run(&run, &[]).await.unwrap();
    store.conclude_run(&public, &entities::conclusion(&run), std::slice::from_ref(&past)).await.unwrap();
    store.pass_conjunctions(&public, at(20), 10).await.unwrap();
    let mut list = entities::watch_list(&public, &[5, 7]);
    list.objects[0].maneuverable = None;
    store.put_watch_list(&list, &entities::audit_entry(&public, "create")).await.unwrap();
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    // To it a satellite can maneuver or cannot, and one of which nothing is stated cannot.
    let can: Vec<bool> = sqlx::query_scalar("SELECT maneuverable FROM watched_objects ORDER BY place")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(can, [false, true]);
    // It knows two statuses: what is past is no longer active to it.
    let status: i64 =
        sqlx::query_scalar("SELECT status FROM conjunctions").fetch_one(&mut connection).await.unwrap();
    assert_eq!(status, 1);
    // It finds the conjunction again, and opens an alert, without the columns that it does not know.
    for statement in [
        "UPDATE conjunctions SET status = 0",
        "INSERT INTO watched_objects (tenant, watch_list, place, object, maneuverable) \
         SELECT tenant, id, 2, 9, 0 FROM watch_lists UNION ALL SELECT tenant, id, 3, 11, 1 FROM watch_lists",
        "INSERT INTO alerts (tenant, id, subject_key, subject, severity, state, summary, opened, updated) \
         VALUES ('public', x'00000000000000000000000000000001', 'no-screening', '{\"kind\":\"no_screening\"}', 1, \
         'open', 'no screening', 0, 0)",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    assert_eq!(store.conjunction(&public, past.id).await.unwrap(), Some(past));
    assert_eq!(store.unresolved_alerts(&public).await.unwrap()[0].told_probability, None);
    let lists = store.watch_lists(&public).await.unwrap();
    let stated: Vec<Option<bool>> = lists[0].objects.iter().map(|watched| watched.maneuverable).collect();
    assert_eq!(stated, [None, Some(true), Some(false), Some(true)]);
}
