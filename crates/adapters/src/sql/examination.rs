//! Looking at a store without changing it.

use std::collections::BTreeSet;
use std::path::Path;

use astroshield_domain::ports::StoreError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};

use super::failure::store_error;
use super::postgres::PostgresSettings;
use super::whose::Whose;
use super::{postgres, sqlite};

/// What a look at a store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examination {
    /// Whether there is a store.
    pub exists: bool,
    /// Migrations that this program would make, the first one first.
    pub pending: Vec<String>,
    /// What is damaged.
    pub problems: Vec<String>,
    /// What is not as it should be, though it works.
    pub warnings: Vec<String>,
}

const NO_FENCE: &str = "store.url: this user passes row-level security, so that there is no second fence between tenants; \
     use one without SUPERUSER and BYPASSRLS";
const NOT_VERIFIED: &str =
    "store.url: the server need not prove what it is; take sslmode out of the address, or set verify-full";

const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";

/// Looks at the store in a file, which a server may be using: its migrations, and whether it is whole.
///
/// # Errors
/// When the file cannot be read, or is no database.
pub async fn examine_sqlite(path: &Path) -> Result<Examination, StoreError> {
    let migrations = &sqlite::migrations();
    if !path.exists() {
        return Ok(Examination { pending: pending(migrations, &BTreeSet::new()), ..Examination::default() });
    }
    look_at_sqlite(path, migrations).await.map_err(store_error)
}

async fn look_at_sqlite(path: &Path, migrations: &Migrator) -> Result<Examination, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let mut problems = Vec::new();
    for row in connection.fetch_all("PRAGMA quick_check(20)").await? {
        let line: String = row.try_get(0)?;
        if line != "ok" {
            problems.push(line);
        }
    }
    let orphans = connection.fetch_all("PRAGMA foreign_key_check").await?.len();
    if orphans > 0 {
        problems.push(format!("{orphans} rows speak of rows that are not there"));
    }
    let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    let mut applied = BTreeSet::new();
    if connection.fetch_optional(table).await?.is_some() {
        for row in connection.fetch_all(APPLIED).await? {
            applied.insert(row.try_get(0)?);
        }
    }
    connection.close().await?;
    Ok(Examination { exists: true, pending: pending(migrations, &applied), problems, warnings: Vec::new() })
}

/// Looks at the store in a database of PostgreSQL: its migrations.
///
/// # Errors
/// When the database cannot be reached.
pub async fn examine_postgres(settings: &PostgresSettings) -> Result<Examination, StoreError> {
    let connection = settings.connect(Whose::Everybody).await?;
    let mut found = look_at_postgres(connection, &postgres::migrations()).await.map_err(store_error)?;
    if !settings.is_verified() {
        found.warnings.push(NOT_VERIFIED.to_owned());
    }
    Ok(found)
}

async fn look_at_postgres(
    mut connection: PgConnection,
    migrations: &Migrator,
) -> Result<Examination, sqlx::Error> {
    let row = connection.fetch_one("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").await?;
    let exists: bool = row.try_get(0)?;
    let mut applied = BTreeSet::new();
    if exists {
        for row in connection.fetch_all(APPLIED).await? {
            applied.insert(row.try_get(0)?);
        }
    }
    let passes = postgres::passes_fences(&mut connection).await?;
    connection.close().await?;
    let warnings = if passes { vec![NO_FENCE.to_owned()] } else { Vec::new() };
    Ok(Examination { exists, pending: pending(migrations, &applied), problems: Vec::new(), warnings })
}

fn pending(migrations: &Migrator, applied: &BTreeSet<i64>) -> Vec<String> {
    migrations
        .iter()
        .filter(|migration| {
            migration.migration_type.is_up_migration() && !applied.contains(&migration.version)
        })
        .map(|migration| format!("{:04} {}", migration.version, migration.description))
        .collect()
}
