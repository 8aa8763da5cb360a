use std::collections::BTreeSet;

use super::*;
use crate::SqliteStore;

/// Names of the tables of a new store.
async fn tables(path: &std::path::Path) -> BTreeSet<String> {
    SqliteStore::open(path).await.unwrap().close().await;
    let mut connection =
        sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(path))
            .await
            .unwrap();
    let statement = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    sqlx::query_scalar(statement).fetch_all(&mut connection).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn every_table_of_the_store_is_archived() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = tables(&folder.path().join("store.db")).await;
    // The search index is made from the objects; migrations are the store's own.
    found.retain(|table| !table.starts_with("object_search") && !table.starts_with("sqlite_"));
    assert!(found.remove("_sqlx_migrations"));
    assert_eq!(found, TABLES.iter().map(|table| (*table).to_owned()).collect());
}

#[test]
fn the_sum_of_a_table_does_not_depend_on_the_order_of_rows_and_tells_every_difference() {
    let row = |number, text: &str| vec![ArchiveValue::Integer(number), ArchiveValue::Text(text.to_owned())];
    let sum = |rows: &[Vec<ArchiveValue>]| {
        let mut digest = TableDigest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    };
    let both = sum(&[row(1, "a"), row(2, "b")]);
    assert_eq!(both, sum(&[row(2, "b"), row(1, "a")]));
    for other in [
        vec![row(1, "b"), row(2, "a")],
        vec![row(1, "a")],
        vec![row(1, "a"), row(2, "b"), row(2, "b")],
        vec![row(1, "a"), vec![ArchiveValue::Integer(2), ArchiveValue::Bytes(b"b".to_vec())]],
        vec![row(1, "a"), vec![ArchiveValue::Integer(2), ArchiveValue::Null]],
    ] {
        assert_ne!(both, sum(&other), "{other:?}");
    }
}

#[test]
fn zero_has_no_sign() {
    let digest = |number| {
        let mut digest = TableDigest::default();
        digest.add(&[ArchiveValue::Real(number)]);
        digest
    };
    assert_eq!(digest(0.0), digest(-0.0));
    assert_ne!(digest(0.0), digest(f64::MIN_POSITIVE));
}
