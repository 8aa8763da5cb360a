//! Bringing a database to this version while others work on it.

use std::time::Duration;

use astroshield_domain::ports::StoreError;
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::{Connection as _, Error, Executor as _, PgConnection};

use super::settings::PostgresSettings;
use crate::sql::failure::{migration_error, store_error};
use crate::sql::whose::Whose;

/// How long a migration waits for a table that others use: everybody who wants that table waits behind it.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '2s'";

/// How often it comes back, and after what pause.
const TRIALS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// Insufficient privilege.
pub(super) const NO_RIGHT: &str = "42501";

/// Where the migrations are kept that were made.
pub(super) const TABLE: &str = "_sqlx_migrations";

pub(crate) fn migrations() -> Migrator {
    sqlx::migrate!("migrations/postgres")
}

/// Brings the database to this version. One process at a time does, under the advisory lock that every version takes; the
/// others wait for it. A migration is made whole or not at all. Those of a later version are no reason to refuse: this one can
/// run on their tables.
pub(super) async fn migrate(settings: &PostgresSettings) -> Result<(), StoreError> {
    let mut connection = settings.connect(Whose::Everybody).await?;
    connection.lock().await.map_err(migration_error)?;
    let migrated = run(&mut connection).await;
    // With the connection the lock is gone, too.
    connection.close().await.map_err(store_error)?;
    migrated
}

async fn run(connection: &mut PgConnection) -> Result<(), StoreError> {
    connection.execute(LOCK_TIMEOUT).await.map_err(store_error)?;
    let mut trial = 1;
    loop {
        match make_missing(connection).await {
            Err(error) if trial < TRIALS && waited_for_a_lock(&error) => {
                tracing::info!(%error, "a migration waits until others let go of a table");
                tokio::time::sleep(PAUSE).await;
                trial += 1;
            }
            Err(error) if has_code(&error, &[NO_RIGHT]) => {
                let reason = "the store is not of this version, and this user may not change its tables: \
                    their owner does, by astroshield migrate";
                return Err(StoreError::Conflict { reason: reason.to_owned() });
            }
            outcome => return outcome.map_err(migration_error),
        }
    }
}

/// Makes those that were not made. What a migrator of sqlx does, but on a connection that is held.
async fn make_missing(connection: &mut PgConnection) -> Result<(), MigrateError> {
    // Who only serves may not make it, there or not.
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(TABLE)
        .fetch_one(&mut *connection)
        .await
        .map_err(MigrateError::Execute)?;
    if !is_there {
        connection.ensure_migrations_table(TABLE).await?;
    }
    if let Some(version) = connection.dirty_version(TABLE).await? {
        return Err(MigrateError::Dirty(version));
    }
    let made = connection.list_applied_migrations(TABLE).await?;
    for migration in migrations().iter() {
        match made.iter().find(|made| made.version == migration.version) {
            Some(made) if made.checksum != migration.checksum => {
                return Err(MigrateError::VersionMismatch(migration.version));
            }
            Some(_) => {}
            None => drop(connection.apply(TABLE, migration).await?),
        }
    }
    Ok(())
}

fn waited_for_a_lock(error: &MigrateError) -> bool {
    // Lock not available, deadlock.
    has_code(error, &["55P03", "40P01"])
}

fn has_code(error: &MigrateError, codes: &[&str]) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    matches!(error, Error::Database(error) if error.code().is_some_and(|code| codes.contains(&&*code)))
}
