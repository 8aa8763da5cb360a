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
    for table in OF_PROCESSES {
        assert!(found.remove(table));
    }
    // What is restored is another installation.
    assert!(found.remove("installation"));
    // It has the blobs that were there.
    assert!(found.remove("reconciled_blobs"));
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
