use std::sync::Arc;

use astroshield_adapters::{EmbeddedBus, PostgresStore};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{
    AlertStore, CatalogStore, ConjunctionStore, InboundStore, RunStore, Store, StoreError, UpkeepStore,
    WatchingStore,
};
use astroshield_testkit::entities::{self, at, element_set, ingest};
use astroshield_testkit::postgres::database;
use astroshield_testkit::{bus, store};
use sqlx::{Connection as _, PgConnection};

async fn fresh() -> Option<store::Fresh> {
    let store = PostgresStore::connect(&database().await?).await.unwrap();
    Some(store::Fresh { store: Arc::new(store), keep: Box::new(()) })
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

#[tokio::test]
async fn several_may_bring_a_new_database_to_this_version_at_once() {
    let Some(url) = database().await else { return };
    let (a, b, c) = tokio::join!(
        PostgresStore::connect(&url),
        PostgresStore::connect(&url),
        PostgresStore::connect(&url)
    );
    let set = ingest(&TenantId::public(), at(0), vec![element_set(5, 0)]);
    a.unwrap().ingest(&set, &[]).await.unwrap();
    b.unwrap().ping().await.unwrap();
    assert_eq!(c.unwrap().catalog_as_of(&TenantId::public(), at(0)).await.unwrap(), set.element_sets);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let connected = PostgresStore::connect("postgres://nobody@127.0.0.1:1/nothing").await;
    assert!(matches!(connected, Err(StoreError::Unavailable { .. })), "{connected:?}");
}

#[tokio::test]
async fn a_text_that_the_database_cannot_hold_is_a_conflict() {
    let Some(fresh) = fresh().await else { return };
    let mut set = element_set(5, 0);
    set.name = Some("nul \0".to_owned());
    let stored = fresh.store.ingest(&ingest(&TenantId::public(), at(0), vec![set]), &[]).await;
    assert!(matches!(stored, Err(StoreError::Conflict { .. })), "{stored:?}");
}

#[tokio::test]
async fn the_tables_of_a_later_version_are_no_reason_to_refuse() {
    let Some(url) = database().await else { return };
    PostgresStore::connect(&url).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for statement in [
        "ALTER TABLE feeds ADD COLUMN later TEXT",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, '\\x00', 1)",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let store = PostgresStore::connect(&url).await.unwrap();
    assert_eq!(store.feeds().await.unwrap(), []);
}

#[tokio::test]
async fn the_release_before_may_write_the_tables_of_this_one_and_reads_what_it_knows() {
    let Some(url) = database().await else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    let public = TenantId::public();
    let run = entities::run(&public, at(0));
    let past = entities::conjunction(&run, [1, 2], at(10));
    store.begin_run(&run, &[]).await.unwrap();
    store.conclude_run(&public, &entities::conclusion(&run), std::slice::from_ref(&past)).await.unwrap();
    store.pass_conjunctions(&public, at(20), 10).await.unwrap();
    let mut list = entities::watch_list(&public, &[5, 7]);
    list.objects[0].maneuverable = None;
    store.put_watch_list(&list, &entities::audit_entry(&public, "create")).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // Row-level security hides everything from a process of before it (ADR 25): what is tried here is the columns.
    sqlx::query("SET astroshield.tenant = '*'").execute(&mut connection).await.unwrap();
    // To it a satellite can maneuver or cannot, and one of which nothing is stated cannot.
    let can: Vec<bool> = sqlx::query_scalar("SELECT maneuverable FROM watched_objects ORDER BY place")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(can, [false, true]);
    // It knows two statuses: what is past is no longer active to it.
    let status: i16 =
        sqlx::query_scalar("SELECT status FROM conjunctions").fetch_one(&mut connection).await.unwrap();
    assert_eq!(status, 1);
    // It finds the conjunction again, and opens an alert, without the columns that it does not know.
    for statement in [
        "UPDATE conjunctions SET status = 0",
        "INSERT INTO watched_objects (tenant, watch_list, place, object, maneuverable) \
         SELECT tenant, id, 2, 9, FALSE FROM watch_lists UNION ALL SELECT tenant, id, 3, 11, TRUE FROM watch_lists",
        "INSERT INTO alerts (tenant, id, subject_key, subject, severity, state, summary, opened, updated) \
         VALUES ('public', '00000000-0000-0000-0000-000000000001', 'no-screening', '{\"kind\":\"no_screening\"}', 1, \
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
