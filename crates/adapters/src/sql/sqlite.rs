//! SQLite: one file in WAL mode, one connection that writes, several that read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::event::Published;
use astroshield_domain::ports::StoreError;
use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{QueryBuilder, Sqlite};
use tokio::sync::Notify;

use super::bulk::{Column, Values};
use super::failure::{Failure, Outcome, migration_error, store_error};
use super::lookups::{Columns, Lookups, Select};
use super::readers::{Readers, Reading};
use super::whose::Whose;

/// What people look up has connections and threads of its own, to which it takes what it is asked with.
macro_rules! look {
    ($store:expr, $tenant:expr, $connection:ident, [$($named:ident),*], $work:expr) => {{
        $(let $named = $named.to_owned();)*
        let work = move |$connection: &mut rusqlite::Connection| {
            $(let $named = &$named;)*
            tokio::runtime::Handle::current().block_on($work)
        };
        let found = $store.lookups.run(work).instrument(call(stringify!($work))).await;
        found.map_err(StoreError::from)
    }};
}

#[expect(clippy::duplicate_mod, reason = "one text of SQL, compiled for each database")]
#[path = "statements/mod.rs"]
mod statements;

type Database = Sqlite;
type Connection = SqliteConnection;
type Row = SqliteRow;
type Lookup = rusqlite::Connection;
type ThisStore = SqliteStore;

/// Values that one statement takes (`SQLITE_MAX_VARIABLE_NUMBER`).
const MAX_BINDS: usize = 32_766;
/// Its name in telemetry.
const SYSTEM: &str = "sqlite";
/// Rows that were read are safe in a transaction that writes: there is no other one.
const FOR_UPDATE: &str = "";
const FOR_UPDATE_SKIP_LOCKED: &str = "";
/// The time of the machine, in microseconds since 1970.
const NOW: &str = "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)";

/// Every column: table, name, place in the primary key from 1.
const COLUMNS: &str = "SELECT t.name, c.name, c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
     WHERE t.type = 'table'";
/// Every reference: table, which, other table, column here, column there.
const REFERENCES: &str = "SELECT t.name, CAST(r.id AS TEXT), r.\"table\", r.\"from\", r.\"to\" \
     FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) r WHERE t.type = 'table' \
     ORDER BY t.name, r.id, r.seq";

/// Goes from objects to their current element sets. CROSS JOIN keeps to this order: from few objects to their sets.
const CURRENT_SET: &str = "CROSS JOIN element_sets e WHERE e.tenant = o.tenant AND e.object = o.number \
     AND e.epoch_ns = o.epoch_ns AND e.digest = o.digest";
/// To those that were current as of the time $2, where epochs may lead by $3 and are therefore at most $4.
const SET_AS_OF: &str = "CROSS JOIN element_sets e WHERE e.tenant = o.tenant AND e.object = o.number \
     AND (e.epoch_ns, e.digest) = (SELECT h.epoch_ns, h.digest FROM element_sets h \
         WHERE h.tenant = o.tenant AND h.object = o.number AND h.arrived <= $2 \
             AND h.epoch_ns / 1000 <= h.arrived + $3 AND h.epoch_ns <= $4 \
         ORDER BY h.epoch_ns DESC, h.grade DESC, h.arrived DESC, h.digest DESC LIMIT 1)";

const READERS: usize = 4;
const LOOKUPS: u32 = 4;
/// Pages that each connection for look-ups keeps.
const LOOKUP_CACHE_KIB: u32 = 16_384;
/// How long to wait for another process, such as a backup, to let go of the file.
const BUSY: Duration = Duration::from_secs(10);

/// The store in a file of SQLite.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: Arc<Readers>,
    lookups: Arc<Lookups>,
    outbox: Arc<Notify>,
}

impl SqliteStore {
    /// Opens the store in a file, which is made with its folder if need be, for its owner alone, and brought to this
    /// version.
    ///
    /// # Errors
    /// When the file cannot be made or written, or is no store of this program.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        create(path).map_err(|error| StoreError::Unavailable {
            reason: format!("{}: {error}", path.display()),
            source: Some(Box::new(error)),
        })?;
        // FULL: in WAL mode a commit returns after the log is on the disk, so that it survives a power cut.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("temp_store", "memory")
            .pragma("journal_size_limit", "67108864");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            .connect_with(options.clone().pragma("cache_size", "-16384"))
            .await
            .map_err(store_error)?;
        migrations().run(&writer).await.map_err(migration_error)?;
        let reading = options.pragma("cache_size", "-8192").pragma("query_only", "on");
        let readers = Arc::new(Readers::open(&reading, READERS).await.map_err(store_error)?);
        let lookups = Lookups::open(path, LOOKUPS, BUSY, LOOKUP_CACHE_KIB).map_err(Failure::from)?;
        Ok(Self { writer, readers, lookups: Arc::new(lookups), outbox: Arc::default() })
    }

    /// Ends all connections, after what they are doing; the log is folded into the file.
    pub async fn close(&self) {
        self.lookups.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn reading(&self, _whose: &Whose<'_>, _attempt: u32) -> Outcome<Reading> {
        Ok(self.readers.acquire().await?)
    }

    async fn writing(&self, _whose: &Whose<'_>) -> Outcome<PoolConnection<Sqlite>> {
        Ok(self.writer.acquire().await?)
    }

    /// A file does not fall silent.
    async fn within_reading<T>(
        &self,
        _whose: &Whose<'_>,
        _attempt: u32,
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        work.await
    }

    /// As above.
    async fn within<T>(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        work.await
    }

    /// Every connection has what was committed.
    async fn told(&self, _events: &[Published]) {}

    /// As above.
    async fn wrote(&self, _held: &mut SqliteConnection, _whose: &Whose<'_>) {}
}

/// Takes the lock at once: a transaction that reads first and cannot write then would have to begin again.
fn begin(_held: &SqliteConnection, _whose: &Whose<'_>) -> &'static str {
    "BEGIN IMMEDIATE"
}

/// Gives a connection back whose work is done.
fn finish_reading(_held: Reading, _failure: Option<&Failure>) {}

/// Gives a connection back whose transaction is over; not if it is of no more use.
fn finish_writing(mut held: PoolConnection<Sqlite>, failure: Option<&Failure>, usable: bool) {
    if !usable || failure.is_some_and(Failure::spoils_connection) {
        held.close_on_drop();
    }
}

/// Those of a later version are no reason to refuse: this one can run on their tables.
pub(super) fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/sqlite");
    migrations.set_ignore_missing(true);
    migrations
}

/// Makes folder and file for the owner alone. SQLite gives the files beside it the same rights.
fn create(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    // Without this, a power cut may take the names of file and folder.
    File::open(folder)?.sync_all()?;
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

/// Transactions that write follow one another anyway.
async fn lock(_connection: &mut SqliteConnection, _what: &str) -> Outcome<()> {
    Ok(())
}

/// Nothing: one table has all element sets.
async fn make_months(_connection: &mut SqliteConnection, _now: Timestamp) -> Outcome<u64> {
    Ok(0)
}

/// Rows of so many columns that one statement inserts: each value is one of its own.
const fn rows_in_bulk(columns: usize) -> usize {
    MAX_BINDS / columns
}

/// Goes on with the rows that are inserted.
#[expect(clippy::needless_pass_by_value, reason = "on the other database their arrays are given away")]
fn push_rows(query: &mut QueryBuilder<Sqlite>, rows: usize, columns: Vec<Column<'_>>) {
    query.push_values(0..rows, |mut row, place| {
        for Column { values, .. } in &columns {
            match values {
                Values::Integers(values) => row.push_bind(values[place]),
                Values::Small(values) => row.push_bind(values[place]),
                Values::Reals(values) => row.push_bind(values[place]),
                Values::Truths(values) => row.push_bind(values[place]),
                Values::Texts(values) => row.push_bind(values[place].as_deref()),
                Values::Ids(values) => row.push_bind(values[place]),
            };
        }
    });
}

/// A text that so many objects hold is found soon by going through them in order; to find it by the index means to sort
/// all of these.
const COMMON: i64 = 500;

/// What the index says of a text.
enum Found {
    /// The text is no matter for the index: too short for trigrams, or in too many names.
    Common,
    /// The rows of objects that hold it, as a list in JSON.
    Rows(String),
}

/// Asks the index for the objects of all owners that hold a text.
async fn find(connection: &mut Lookup, text: &str) -> Outcome<Found> {
    if text.chars().count() < SHORTEST {
        return Ok(Found::Common);
    }
    let digits = longest_digits(text);
    let mut query = Select::new("SELECT count(*), json_group_array(place) FROM (SELECT place FROM ");
    query.push("(SELECT rowid AS place FROM object_search WHERE object_search MATCH ");
    query.push_bind(phrase(digits.unwrap_or(text))).push(")");
    if digits.is_some() {
        query.push(" CROSS JOIN objects o WHERE o.row = place AND instr(o.search, ");
        query.push_bind(text.to_uppercase()).push(") > 0");
    }
    query.push(" LIMIT ").push_bind(COMMON).push(")");
    let found = look_up(connection, query, |columns| Ok((columns.take::<i64>()?, columns.take()?)));
    Ok(match found.await?.into_iter().next() {
        Some((hits, rows)) if hits < COMMON => Found::Rows(rows),
        _ => Found::Common,
    })
}

/// What a statement finds. It never waits: it runs where it may block.
async fn look_up<T>(
    connection: &mut Lookup,
    select: Select,
    read: impl Fn(&mut Columns<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    select.rows(connection, read)
}

/// Characters that the index needs at least.
const SHORTEST: usize = 3;

/// What tells the objects of a constellation apart: the trigrams of its name are in thousands of others.
fn longest_digits(text: &str) -> Option<&str> {
    text.split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| digits.len() >= SHORTEST)
        .max_by_key(|digits| digits.len())
}

/// The text as the index is asked for it.
fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Selects from the objects whose name or designator holds a text, or that have a number.
fn push_named(query: &mut Select, owner: &str, text: &str, number: Option<i64>, found: &Found) {
    let Found::Rows(rows) = found else {
        query.push("objects o WHERE (instr(o.search, ").push_bind(text.to_uppercase()).push(") > 0");
        if let Some(number) = number {
            query.push(" OR o.number = ").push_bind(number);
        }
        query.push(")");
        return;
    };
    query.push("(SELECT value AS place FROM json_each(").push_bind(rows.clone()).push(")");
    if let Some(number) = number {
        query
            .push(" UNION SELECT row FROM objects WHERE tenant = ")
            .push_bind(owner.to_owned())
            .push(" AND number = ")
            .push_bind(number);
    }
    query.push(") AS hits CROSS JOIN objects o WHERE o.row = hits.place");
}
