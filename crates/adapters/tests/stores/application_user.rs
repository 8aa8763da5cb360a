//! The store as a user that reads and writes rows, and owns nothing.

use std::sync::Arc;

use astroshield_adapters::{ApplicationUser, PostgresSettings, PostgresStore};
use astroshield_domain::ports::{SecretText, StoreError, UpkeepStore as _};
use astroshield_testkit::postgres::{database, unfenced};
use astroshield_testkit::store;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use url::Url;

/// A database with the tables of this version: the address of their owner, and a user of that database alone.
async fn migrated() -> Option<(String, ApplicationUser)> {
    let owner = database().await?;
    PostgresStore::connect(&owner).await.unwrap().close().await;
    let user = user_of(&owner).await;
    Some((owner, user))
}

fn database_of(owner: &str) -> String {
    Url::parse(owner).unwrap().path().trim_start_matches('/').to_owned()
}

/// A user of a database alone, who is not there yet.
async fn user_of(owner: &str) -> ApplicationUser {
    let name = format!("application_{}", database_of(owner));
    drop_user(owner, &name).await;
    ApplicationUser { name, password: SecretText::new("first".to_owned()) }
}

/// A user of a run before, on a server that is still there.
async fn drop_user(owner: &str, name: &str) {
    let mut connection = superuser(owner).await;
    run(&mut connection, &format!("DROP ROLE IF EXISTS {name}")).await.unwrap();
}

async fn superuser(owner: &str) -> PgConnection {
    let mut url = Url::parse(owner).unwrap();
    url.set_username("astroshield").unwrap();
    PgConnection::connect(url.as_str()).await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: &str) -> Result<u64, sqlx::Error> {
    Ok(connection.execute(AssertSqlSafe(statement.to_owned())).await?.rows_affected())
}

fn address(owner: &str, user: &ApplicationUser) -> String {
    let mut url = Url::parse(owner).unwrap();
    url.set_username(&user.name).unwrap();
    url.into()
}

/// The same with the user made: address of the owner, and the user's.
async fn served() -> Option<(String, String)> {
    let (owner, user) = migrated().await?;
    PostgresSettings::new(&owner).make_application_user(&user).await.unwrap();
    Some((address(&owner, &user), owner))
}

async fn fresh() -> Option<store::Fresh> {
    let (url, _) = served().await?;
    let store = PostgresStore::connect(&url).await.unwrap();
    Some(store::Fresh { store: Arc::new(store), keep: Box::new(()) })
}

mod keeps_to_the_port {
    astroshield_testkit::store_suite!(super::fresh);
}

#[track_caller]
fn assert_refused(done: Result<u64, sqlx::Error>, statement: &str) {
    let error = done.expect_err(statement);
    let code = error.as_database_error().and_then(|error| error.code().map(String::from));
    assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
}

#[tokio::test]
async fn it_changes_no_table_and_no_right() {
    let Some((url, owner)) = served().await else { return };
    let mut connection = unfenced(&url).await;
    let name: String =
        sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut connection).await.unwrap();
    let database: String =
        sqlx::query_scalar("SELECT current_database()::text").fetch_one(&mut connection).await.unwrap();
    for statement in [
        "CREATE TABLE mine (a BIGINT)".to_owned(),
        "CREATE SCHEMA mine".to_owned(),
        "CREATE VIEW mine AS SELECT * FROM runs".to_owned(),
        "CREATE FUNCTION mine() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1'".to_owned(),
        "CREATE INDEX mine ON runs (tenant)".to_owned(),
        "CREATE POLICY mine ON runs USING (TRUE)".to_owned(),
        "ALTER TABLE runs ADD COLUMN mine BIGINT".to_owned(),
        "ALTER TABLE runs DISABLE ROW LEVEL SECURITY".to_owned(),
        "ALTER TABLE runs NO FORCE ROW LEVEL SECURITY".to_owned(),
        "ALTER FUNCTION astroshield_make_month(date) RESET search_path".to_owned(),
        "DROP TABLE runs".to_owned(),
        "TRUNCATE runs".to_owned(),
        "SELECT astroshield_fence('feeds', false)".to_owned(),
        "UPDATE _sqlx_migrations SET success = FALSE".to_owned(),
        "DELETE FROM _sqlx_migrations".to_owned(),
        "CREATE ROLE mine".to_owned(),
        format!("ALTER ROLE {name} BYPASSRLS"),
        format!("CREATE DATABASE mine_{database}"),
        "SET session_replication_role = replica".to_owned(),
        "SET ROLE service".to_owned(),
    ] {
        assert_refused(run(&mut connection, &statement).await, &statement);
    }
    // Others may not even call what makes months.
    let stranger = format!("stranger_{database}");
    drop_user(&owner, &stranger).await;
    let mut superuser = superuser(&owner).await;
    run(&mut superuser, &format!("CREATE ROLE {stranger} LOGIN")).await.unwrap();
    let mut url = Url::parse(&url).unwrap();
    url.set_username(&stranger).unwrap();
    let mut other = PgConnection::connect(url.as_str()).await.unwrap();
    for statement in ["SELECT astroshield_make_month('2031-01-01')", "SELECT * FROM runs"] {
        assert_refused(run(&mut other, statement).await, statement);
    }
    other.close().await.unwrap();
    run(&mut superuser, &format!("DROP ROLE {stranger}")).await.unwrap();
}

#[tokio::test]
async fn row_level_security_holds_for_it() {
    let Some((url, owner)) = served().await else { return };
    let mut filler = superuser(&owner).await;
    for tenant in ["one", "other"] {
        let statement = format!(
            "INSERT INTO watch_lists (tenant, id, name, updated) VALUES ('{tenant}', gen_random_uuid(), 'x', 0)"
        );
        run(&mut filler, &statement).await.unwrap();
    }
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (asks, seen) in [
        ("RESET astroshield.tenant", 0_i64),
        ("SET astroshield.tenant = 'one'", 1),
        ("SET astroshield.tenant = '*'", 2),
    ] {
        run(&mut connection, asks).await.unwrap();
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM watch_lists").fetch_one(&mut connection).await.unwrap();
        assert_eq!(count, seen, "{asks}");
    }
}

#[tokio::test]
async fn it_has_months_made_which_are_the_owners_and_reads_and_writes_tables_that_come_later() {
    let Some((url, owner)) = served().await else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    assert_eq!(store.make_room("2100-01-15T00:00:00Z".parse().unwrap()).await.unwrap(), 3);
    let mut connection = unfenced(&owner).await;
    let strangers: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relname LIKE 'element\\_sets%' AND relkind IN ('r', 'p') \
         AND (relowner <> 'service'::regrole OR NOT relrowsecurity OR NOT relforcerowsecurity)",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(strangers, Vec::<String>::new());
    run(&mut connection, "CREATE TABLE later (entry BIGINT GENERATED ALWAYS AS IDENTITY, a BIGINT)")
        .await
        .unwrap();
    let mut connection = unfenced(&url).await;
    for statement in ["INSERT INTO later (a) VALUES (1)", "UPDATE later SET a = 2", "DELETE FROM later"] {
        assert_eq!(run(&mut connection, statement).await.unwrap(), 1, "{statement}");
    }
}

#[tokio::test]
async fn it_does_not_migrate_and_says_who_does() {
    let Some((url, owner)) = served().await else { return };
    let mut connection = PgConnection::connect(&owner).await.unwrap();
    run(&mut connection, "DELETE FROM _sqlx_migrations WHERE version = 27").await.unwrap();
    let refused = PostgresStore::connect(&url).await.unwrap_err().to_string();
    assert!(refused.contains("astroshield migrate"), "{refused}");
}

#[tokio::test]
async fn its_rights_are_made_again_and_more_than_that_is_refused() {
    let Some((owner, user)) = migrated().await else { return };
    let settings = PostgresSettings::new(&owner);
    assert!(!settings.serves(&user).await.unwrap(), "there is none");
    let (one, other) =
        tokio::join!(settings.make_application_user(&user), settings.make_application_user(&user));
    one.unwrap();
    other.unwrap();
    assert!(settings.serves(&user).await.unwrap());
    let mut superuser = superuser(&owner).await;
    let (name, database) = (&user.name, database_of(&owner));
    for statement in [
        format!("REVOKE INSERT ON runs FROM {name}"),
        format!("GRANT TRUNCATE ON runs TO {name}"),
        format!("GRANT DELETE ON _sqlx_migrations TO {name}"),
        format!("REVOKE EXECUTE ON FUNCTION astroshield_make_month(date) FROM {name}"),
        format!("ALTER ROLE {name} NOLOGIN"),
        format!("ALTER ROLE {name} IN DATABASE {database} RESET search_path"),
    ] {
        run(&mut superuser, &statement).await.unwrap();
        assert!(!settings.serves(&user).await.unwrap(), "{statement}");
        settings.make_application_user(&user).await.unwrap();
        assert!(settings.serves(&user).await.unwrap(), "{statement}");
    }
    for (more, back, reason) in [
        ("ALTER ROLE {} BYPASSRLS", "ALTER ROLE {} NOBYPASSRLS", "row-level security"),
        ("ALTER ROLE {} CREATEROLE", "ALTER ROLE {} NOCREATEROLE", "make users"),
        ("GRANT service TO {}", "REVOKE service FROM {}", "rights of another user"),
        ("GRANT CREATE ON SCHEMA public TO {}", "REVOKE CREATE ON SCHEMA public FROM {}", "make tables"),
        ("GRANT TRUNCATE ON runs TO PUBLIC", "REVOKE TRUNCATE ON runs FROM PUBLIC", "may TRUNCATE runs"),
        (
            "GRANT DELETE ON _sqlx_migrations TO PUBLIC",
            "REVOKE DELETE ON _sqlx_migrations FROM PUBLIC",
            "may DELETE _sqlx_migrations",
        ),
    ] {
        run(&mut superuser, &more.replace("{}", name)).await.unwrap();
        assert!(!settings.serves(&user).await.unwrap(), "{more}");
        let refused = settings.make_application_user(&user).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Conflict { reason: why } if why.contains(reason)),
            "{refused}"
        );
        run(&mut superuser, &back.replace("{}", name)).await.unwrap();
    }
    let ours = ApplicationUser { name: "service".to_owned(), ..user };
    let refused = settings.make_application_user(&ours).await.unwrap_err().to_string();
    assert!(refused.contains("owns the tables"), "{refused}");
}

#[tokio::test]
async fn one_that_may_not_connect_is_let_in_and_keeps_its_password() {
    let Some((owner, user)) = migrated().await else { return };
    let settings = PostgresSettings::new(&owner);
    settings.make_application_user(&user).await.unwrap();
    let (name, database) = (&user.name, database_of(&owner));
    let mut superuser = superuser(&owner).await;
    run(&mut superuser, &format!("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, {name}")).await.unwrap();
    let refused = PgConnection::connect(&address(&owner, &user)).await.map(|_| 0);
    assert_refused(refused, "to connect");
    let kept = format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{name}'");
    let before: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(kept.clone())).fetch_one(&mut superuser).await.unwrap();
    assert!(!settings.serves(&user).await.unwrap());
    settings.make_application_user(&user).await.unwrap();
    assert!(settings.serves(&user).await.unwrap());
    let after: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(kept)).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(after, before);
    PostgresStore::connect(&address(&owner, &user)).await.unwrap().close().await;
}

#[tokio::test]
async fn who_may_not_let_it_connect_is_told_what_is_lacking() {
    let Some((owner, user)) = migrated().await else { return };
    let (settings, database) = (PostgresSettings::new(&owner), database_of(&owner));
    let mut superuser = superuser(&owner).await;
    // The server only warns of a right that is granted by one who may not.
    for statement in [
        format!("ALTER DATABASE {database} OWNER TO astroshield"),
        format!("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC"),
        format!("GRANT CONNECT ON DATABASE {database} TO service"),
    ] {
        run(&mut superuser, &statement).await.unwrap();
    }
    let refused = settings.make_application_user(&user).await.unwrap_err().to_string();
    let remedy = format!("GRANT CONNECT ON DATABASE {database} TO service WITH GRANT OPTION");
    assert!(refused.contains("may not connect") && refused.contains(&remedy), "{refused}");
    let count = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", user.name);
    let users: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(users, 0, "nothing of it was done");
    run(&mut superuser, &remedy).await.unwrap();
    settings.make_application_user(&user).await.unwrap();
    assert!(settings.serves(&user).await.unwrap());
}

#[tokio::test]
async fn it_finds_tables_in_a_schema_that_is_named_after_their_owner() {
    let Some(owner) = database().await else { return };
    let user = user_of(&owner).await;
    let mut connection = PgConnection::connect(&owner).await.unwrap();
    run(&mut connection, "CREATE SCHEMA service").await.unwrap();
    PostgresStore::connect(&owner).await.unwrap().close().await;
    let settings = PostgresSettings::new(&owner);
    settings.make_application_user(&user).await.unwrap();
    assert!(settings.serves(&user).await.unwrap());
    let store = PostgresStore::connect(&address(&owner, &user)).await.unwrap();
    assert_eq!(store.make_room("2100-01-15T00:00:00Z".parse().unwrap()).await.unwrap(), 3);
    store.close().await;
}
