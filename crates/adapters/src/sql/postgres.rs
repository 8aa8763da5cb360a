//! PostgreSQL, from version 15 on.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::ports::StoreError;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{Postgres, QueryBuilder};
use tokio::sync::Notify;

use super::failure::{Outcome, migration_error, store_error};

#[expect(clippy::duplicate_mod, reason = "one text of SQL, compiled for each database")]
#[path = "statements/mod.rs"]
mod statements;

type Database = Postgres;
type Connection = PgConnection;
type Row = PgRow;
type ThisStore = PostgresStore;

/// Values that one statement takes: the protocol counts them in 16 bits.
const MAX_BINDS: usize = 65_535;
/// Its name in telemetry.
const SYSTEM: &str = "postgresql";
const BEGIN: &str = "BEGIN";
const FOR_UPDATE: &str = " FOR UPDATE";
const FOR_UPDATE_SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// Every column: table, name, place in the primary key from 1. A partition is a part of its table.
const COLUMNS: &str = "SELECT t.relname::text, c.attname::text, \
         coalesce(array_position(k.conkey, c.attnum), 0)::bigint \
     FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped \
     LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p' \
     WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition";
/// Every reference: table, which, other table, column here, column there.
const REFERENCES: &str = "SELECT t.relname::text, r.conname::text, o.relname::text, here.attname::text, \
         there.attname::text \
     FROM pg_constraint r JOIN pg_class t ON t.oid = r.conrelid JOIN pg_class o ON o.oid = r.confrelid \
     CROSS JOIN LATERAL unnest(r.conkey, r.confkey) WITH ORDINALITY AS pair (here, there, place) \
     JOIN pg_attribute here ON here.attrelid = t.oid AND here.attnum = pair.here \
     JOIN pg_attribute there ON there.attrelid = o.oid AND there.attnum = pair.there \
     WHERE r.contype = 'f' AND t.relnamespace = current_schema()::regnamespace AND NOT t.relispartition \
     ORDER BY t.relname, r.conname, pair.place";

/// The store in a database of PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    /// Told when the server does not take the user or the password.
    refused: Arc<Notify>,
    outbox: Arc<Notify>,
}

impl PostgresStore {
    /// Connects to the database of a URL and brings it to this version.
    ///
    /// # Errors
    /// When it cannot be reached, or its tables are not those of this program.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(30))
            .connect(url)
            .await
            .map_err(store_error)?;
        migrations().run(&pool).await.map_err(migration_error)?;
        Ok(Self { pool, refused: Arc::default(), outbox: Arc::default() })
    }

    /// From now on connections are made to this address, which may hold another password. Those that are open go on.
    ///
    /// # Errors
    /// When it is none.
    pub fn set_addresses(&self, url: &str, _reader_url: Option<&str>) -> Result<(), StoreError> {
        self.pool.set_connect_options(url.parse().map_err(store_error)?);
        Ok(())
    }

    /// Notified when the server refuses the user or the password.
    #[must_use]
    pub fn refused(&self) -> Arc<Notify> {
        Arc::clone(&self.refused)
    }

    async fn acquire(&self) -> Outcome<PoolConnection<Postgres>> {
        let acquired = self.pool.acquire().await;
        if acquired.as_ref().is_err_and(is_refusal) {
            self.refused.notify_one();
        }
        Ok(acquired?)
    }

    /// Ends all connections, after what they are doing.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn reading(&self) -> Outcome<PoolConnection<Postgres>> {
        self.acquire().await
    }

    async fn writing(&self) -> Outcome<PoolConnection<Postgres>> {
        self.acquire().await
    }
}

/// Whether a server did not take the user or the password (SQLSTATE, class 28).
fn is_refusal(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code.starts_with("28"))
}

/// Running them takes an advisory lock of the database. Those of a later version are no reason to refuse: this one can run
/// on their tables.
pub(super) fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    migrations.set_ignore_missing(true);
    migrations
}

/// Lets the transactions that lock the same thing follow one another.
async fn lock(connection: &mut PgConnection, what: &str) -> Outcome<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(what)
        .execute(connection)
        .await?;
    Ok(())
}

/// Nothing: the database asks its index within the query.
struct Found;

async fn find(_connection: &mut PgConnection, _text: &str) -> Outcome<Found> {
    Ok(Found)
}

/// Selects from the objects whose name or designator holds a text, or that have a number.
fn push_named(
    query: &mut QueryBuilder<Postgres>,
    _owner: &str,
    text: &str,
    number: Option<i64>,
    _found: &Found,
) {
    let text = text.to_uppercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    query.push("objects o WHERE (o.search LIKE ").push_bind(format!("%{text}%"));
    if let Some(number) = number {
        query.push(" OR o.number = ").push_bind(number);
    }
    query.push(")");
}
