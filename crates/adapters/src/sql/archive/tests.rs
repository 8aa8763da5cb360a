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

/// Every entry of a store in which nothing has happened.
async fn entries(folder: &std::path::Path) -> Vec<ArchiveEntry> {
    let path = folder.join("new.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let mut entries = Vec::new();
    let mut store = ArchiveStore::sqlite(&path).await.unwrap();
    let mut take = |entry| {
        entries.push(entry);
        Ok(())
    };
    store.export(&mut take).await.unwrap();
    entries
}

async fn import_without(folder: &std::path::Path, table: &str) -> Result<(), ArchiveError> {
    let mut is_left_out = false;
    let mut rest = entries(folder).await;
    rest.retain(|entry| {
        if let ArchiveEntry::Table { name, .. } = entry {
            is_left_out = name == table;
        }
        !is_left_out
    });
    let path = folder.join(format!("without-{table}.db"));
    SqliteStore::open(&path).await.unwrap().close().await;
    let mut rest = rest.into_iter();
    ArchiveStore::sqlite(&path).await.unwrap().import(&mut || Ok(rest.next())).await.map(drop)
}

#[tokio::test]
async fn an_archive_from_before_a_table_was_added_is_taken_and_one_that_lacks_another_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for table in LATER {
        import_without(folder.path(), table).await.unwrap();
    }
    let refused = import_without(folder.path(), "feeds").await;
    assert!(matches!(refused, Err(ArchiveError::Damaged { reason: "tables are missing" })), "{refused:?}");
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
