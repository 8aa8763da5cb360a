//! Databases of a real PostgreSQL for tests, each of its own.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::servers::variable;

/// The server that `scripts/test` starts.
const SERVER: &str = "ASTROSHIELD_TEST_POSTGRES_URL";

/// On which store tests run that would pass on either: `postgres`, else SQLite.
const STORE: &str = "ASTROSHIELD_TEST_STORE";

/// The user of the service, for whom row-level security holds; that of the server's own URL passes it.
const USER: &str = "service";

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a new database, or `None` where there is no server, which in CI is a failure.
pub async fn database() -> Option<String> {
    Some(database_on(&variable(SERVER)?).await)
}

/// The URL of a new database on a server that `scripts/postgres` started.
pub async fn database_on(server: &str) -> String {
    let place = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{place}", std::process::id());
    let mut connection = PgConnection::connect(server).await.unwrap();
    for statement in
        [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name} OWNER {USER}")]
    {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(&name);
    url.set_username(USER).unwrap();
    url.into()
}

/// A connection to a database for a statement of the test's own, which no fence keeps from any row.
pub async fn unfenced(url: &str) -> PgConnection {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("SET astroshield.tenant = '*'").execute(&mut connection).await.unwrap();
    connection
}

/// The URL of a new database where tests are to run on PostgreSQL; `None` where they run on SQLite.
pub async fn chosen() -> Option<String> {
    if env::var(STORE).ok()? != "postgres" {
        return None;
    }
    let database = database().await;
    assert!(database.is_some(), "{STORE} is postgres, and there is no server");
    database
}
