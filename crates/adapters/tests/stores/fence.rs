//! Row-level security of PostgreSQL: every table with rows of tenants is fenced.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::{PostgresSettings, PostgresStore};
use astroshield_domain::ports::CatalogStore;
use astroshield_testkit::entities::{at, element_set, ingest, tenant};
use astroshield_testkit::postgres::{database, unfenced};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Tables whose public rows nobody but the tenant `public` sees: what users set up or are told.
const PRIVATE: [&str; 15] = [
    "answers",
    "api_keys",
    "attempts",
    "audit",
    "chosen_organizations",
    "conjunction_notes",
    "covered_objects",
    "deliveries",
    "ephemerides",
    "members",
    "organizations",
    "rules",
    "watch_lists",
    "watched_objects",
    "webhooks",
];

/// A table with rows of tenants.
struct Table {
    name: String,
    is_partition: bool,
}

async fn tables(connection: &mut PgConnection) -> Vec<Table> {
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "SELECT c.table_name::text, r.relispartition FROM information_schema.columns c \
         JOIN pg_class r ON r.oid = format('%I.%I', c.table_schema, c.table_name)::regclass \
         WHERE c.table_schema = current_schema() AND c.column_name = 'tenant' AND r.relkind IN ('r', 'p') ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    rows.into_iter().map(|(name, is_partition)| Table { name, is_partition }).collect()
}

/// A statement that puts a row of a tenant into a table, of whatever columns that has.
async fn insertion(connection: &mut PgConnection, table: &str, tenant: &str) -> String {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 AND column_name <> 'tenant' \
         AND is_nullable = 'NO' AND is_identity = 'NO' AND is_generated = 'NEVER' AND column_default IS NULL",
    )
    .bind(table)
    .fetch_all(connection)
    .await
    .unwrap();
    let value = |kind: &str| match kind {
        "text" => "'none'",
        "uuid" => "gen_random_uuid()",
        "boolean" => "false",
        "bytea" => "uuid_send(gen_random_uuid())",
        "timestamp with time zone" => "now()",
        _ => "0",
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let values: Vec<&str> = columns.iter().map(|(_, kind)| value(kind)).collect();
    let list = |own: &str, rest: &[&str]| {
        std::iter::once(own).chain(rest.iter().copied()).collect::<Vec<_>>().join(", ")
    };
    format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        list("tenant", &names),
        list(&format!("'{tenant}'"), &values)
    )
}

async fn run(connection: &mut PgConnection, statement: &str) -> Result<u64, sqlx::Error> {
    let done = connection.execute(AssertSqlSafe(statement.to_owned())).await?;
    Ok(done.rows_affected())
}

/// Whose rows are seen in a table.
async fn seen(connection: &mut PgConnection, table: &str) -> BTreeSet<String> {
    let statement = AssertSqlSafe(format!("SELECT tenant FROM {table}"));
    sqlx::query_scalar(statement).fetch_all(connection).await.unwrap().into_iter().collect()
}

fn names(tenants: &[&str]) -> BTreeSet<String> {
    tenants.iter().map(|&name| name.to_owned()).collect()
}

/// That the fence refuses a statement.
async fn is_refused(connection: &mut PgConnection, statement: &str) {
    let mut transaction = connection.begin().await.unwrap();
    let error = run(&mut transaction, statement).await.expect_err(statement);
    let code = error.as_database_error().and_then(|error| error.code().map(String::from));
    assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn in_no_table_one_tenant_reads_or_writes_what_is_anothers_and_what_is_public_is_read_only() {
    let Some(url) = database().await else { return };
    PostgresStore::connect(&url).await.unwrap().close().await;
    // What the tables refer to is of no matter here.
    let mut superuser = url::Url::parse(&url).unwrap();
    superuser.set_username("astroshield").unwrap();
    let mut filler = unfenced(superuser.as_str()).await;
    run(&mut filler, "SET session_replication_role = replica").await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let tables = tables(&mut connection).await;
    assert!(tables.len() >= 21, "{}", tables.len());
    for Table { name, is_partition } in &tables {
        let public = if PRIVATE.contains(&name.as_str()) { None } else { Some("public") };
        if !is_partition {
            for tenant in ["one", "other", "public"] {
                let statement = insertion(&mut filler, name, tenant).await;
                run(&mut filler, &statement).await.unwrap();
            }
        }
        for nobody in ["RESET astroshield.tenant", "SET astroshield.tenant = ''"] {
            run(&mut connection, nobody).await.unwrap();
            assert_eq!(seen(&mut connection, name).await, names(&[]), "{name}");
        }
        if *is_partition {
            continue;
        }
        let own = insertion(&mut connection, name, "one").await;
        is_refused(&mut connection, &own).await;

        run(&mut connection, "SET astroshield.tenant = 'one'").await.unwrap();
        let due: BTreeSet<String> = std::iter::once("one").chain(public).map(str::to_owned).collect();
        assert_eq!(seen(&mut connection, name).await, due, "{name}");
        for tenant in ["other", "public"] {
            let statement = insertion(&mut connection, name, tenant).await;
            is_refused(&mut connection, &statement).await;
            is_refused(&mut connection, &format!("UPDATE {name} SET tenant = '{tenant}'")).await;
            for statement in ["UPDATE {} SET tenant = tenant", "DELETE FROM {}"] {
                let statement = format!("{} WHERE tenant = '{tenant}'", statement.replace("{}", name));
                assert_eq!(run(&mut connection, &statement).await.unwrap(), 0, "{statement}");
            }
        }
        // Its own it may.
        assert_eq!(run(&mut connection, &format!("UPDATE {name} SET tenant = tenant")).await.unwrap(), 1);
        assert_eq!(run(&mut connection, &format!("DELETE FROM {name}")).await.unwrap(), 1, "{name}");

        run(&mut connection, "SET astroshield.tenant = '*'").await.unwrap();
        assert_eq!(seen(&mut connection, name).await, names(&["other", "public"]), "{name}");
    }
}

#[tokio::test]
async fn every_table_with_rows_of_tenants_is_fenced_for_its_owner_too() {
    let Some(url) = database().await else { return };
    PostgresStore::connect(&url).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for Table { name, .. } in tables(&mut connection).await {
        let is_fenced: bool = sqlx::query_scalar(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = $1::regclass",
        )
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(is_fenced, "{name}: SELECT astroshield_fence('{name}', ...) in the migration that makes it");
    }
}

#[tokio::test]
async fn connections_that_served_one_tenant_serve_another() {
    let Some(url) = database().await else { return };
    let store = PostgresStore::open(PostgresSettings { connections: 2, ..PostgresSettings::new(&url) }, None);
    let store = Arc::new(store.await.unwrap());
    let tenants = ["one", "other", "third"].map(tenant);
    for (object, owner) in (5..).zip(&tenants) {
        store.ingest(&ingest(owner, at(0), vec![element_set(object, 0)]), &[]).await.unwrap();
    }
    let mut tasks = Vec::new();
    for turn in 0..60 {
        let (store, place) = (Arc::clone(&store), turn % tenants.len());
        let owner = tenants[place].clone();
        tasks.push(tokio::spawn(async move {
            let sets = store.catalog_as_of(&owner, at(0)).await.unwrap();
            assert_eq!(sets.len(), 1);
            assert_eq!((&sets[0].tenant, sets[0].object.get() as usize), (&owner, 5 + place));
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn who_gives_up_leaves_no_connection_behind_that_shows_one_tenant_what_is_of_another() {
    let Some(url) = database().await else { return };
    let settings = PostgresSettings { connections: 1, ..PostgresSettings::new(&url) };
    let store = PostgresStore::open(settings, None).await.unwrap();
    let tenants = ["one", "other"].map(tenant);
    for (object, owner) in (5..).zip(&tenants) {
        store.ingest(&ingest(owner, at(0), vec![element_set(object, 0)]), &[]).await.unwrap();
    }
    for round in 0..200_u64 {
        for (place, owner) in tenants.iter().enumerate() {
            let patience = Duration::from_micros(7 * (round % 100));
            // Often it is given up while the connection is set up, or in the middle of reading.
            let _ = tokio::time::timeout(patience, store.catalog_as_of(&tenants[1 - place], at(0))).await;
            let sets = store.catalog_as_of(owner, at(0)).await.unwrap();
            let seen: Vec<_> = sets.iter().map(|set| (&set.tenant, set.object.get() as usize)).collect();
            assert_eq!(seen, [(owner, 5 + place)], "round {round}");
        }
    }
}
