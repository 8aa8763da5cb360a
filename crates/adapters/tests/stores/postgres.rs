use std::sync::Arc;

use astroshield_adapters::{EmbeddedBus, PostgresStore};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Store, StoreError};
use astroshield_testkit::entities::{at, element_set, ingest};
use astroshield_testkit::postgres::database;
use astroshield_testkit::{bus, store};

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
