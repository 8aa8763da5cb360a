//! PostgreSQL, from version 15 on.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use astroshield_domain::event::Published;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Cache, StoreError};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Decode, Postgres, QueryBuilder, Row as _, Type};
use tokio::sync::Notify;

use self::pool::{Held, Pool};
use self::replica::Replica;
use super::bulk::{Column, Values};
use super::failure::{Failure, Outcome, store_error};
use super::whose::Whose;

mod application_user;
mod migration;
mod password;
mod pool;
mod replica;
mod settings;

/// What people look up goes the way of all that is read.
macro_rules! look {
    ($store:expr, $tenant:expr, $connection:ident, [$($named:ident),*], $work:expr) => {
        read!($store, $tenant, $connection, $work)
    };
}

#[expect(clippy::duplicate_mod, reason = "one text of SQL, compiled for each database")]
#[path = "statements/mod.rs"]
mod statements;

pub use self::application_user::ApplicationUser;
pub(super) use self::migration::migrations;
pub use self::settings::PostgresSettings;

type Database = Postgres;
type Connection = PgConnection;
type Row = PgRow;
type Lookup = PgConnection;
type Select = QueryBuilder<Postgres>;
type ThisStore = PostgresStore;

/// Values that one statement takes: the protocol counts them in 16 bits.
const MAX_BINDS: usize = 65_535;
/// Its name in telemetry.
const SYSTEM: &str = "postgresql";
/// Rows that one statement inserts: their columns are arrays, a value each.
const BULK_ROWS: usize = 10_000;
const FOR_UPDATE: &str = " FOR UPDATE";
const FOR_UPDATE_SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";
/// The time of the database, in microseconds since 1970; not that of the beginning of the transaction.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

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

/// Goes from objects to their current element sets. LIMIT keeps the planner to this order: it does not know that each object's is
/// in one month, and would rather read the whole history.
const CURRENT_SET: &str = "CROSS JOIN LATERAL (SELECT * FROM element_sets WHERE tenant = o.tenant AND object = o.number \
     AND epoch_ns = o.epoch_ns AND digest = o.digest LIMIT 1) e WHERE TRUE";
/// To those that were current as of the time $2, where epochs may lead by $3 and are therefore at most $4.
const SET_AS_OF: &str = "CROSS JOIN LATERAL (SELECT * FROM element_sets h \
     WHERE h.tenant = o.tenant AND h.object = o.number AND h.arrived <= $2 AND h.epoch_ns / 1000 <= h.arrived + $3 \
         AND h.epoch_ns <= $4 \
     ORDER BY h.epoch_ns DESC, h.grade DESC, h.arrived DESC, h.digest DESC LIMIT 1) e WHERE TRUE";

/// Months that have a partition for element sets before they begin.
const MONTHS_AHEAD: i64 = 2;

/// The store in a database of PostgreSQL.
#[derive(Clone)]
pub struct PostgresStore {
    settings: Arc<PostgresSettings>,
    writer: Pool,
    replica: Option<Arc<Replica>>,
    /// Whether reads for a tenant may be of the replica.
    may_lag: bool,
    outbox: Arc<Notify>,
}

impl PostgresStore {
    /// Connects to the database of a URL and brings it to this version.
    ///
    /// # Errors
    /// When it cannot be reached, or its tables are not those of this program.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::open(PostgresSettings::new(url), None).await
    }

    /// Connects to a database and brings it to this version. Through the cache, the processes that share it tell each other
    /// how far a reader has to be.
    ///
    /// # Errors
    /// As [`PostgresStore::connect`]. A reader need not be there.
    pub async fn open(settings: PostgresSettings, cache: Option<Arc<dyn Cache>>) -> Result<Self, StoreError> {
        settings.check()?;
        migration::migrate(&settings).await?;
        let mut connection = settings.connect(Whose::Everybody).await?;
        if passes_fences(&mut connection).await.map_err(store_error)? {
            tracing::warn!(
                "store.url: this user of the database passes row-level security: no second fence is between tenants"
            );
        }
        connection.close().await.map_err(store_error)?;
        let writer = Pool::new(settings.serving(&settings.url)?, &settings, true);
        let replica = match &settings.reader_url {
            Some(url) => {
                let pool = Pool::new(settings.serving(url)?, &settings, false);
                Some(Arc::new(Replica::new(pool, cache, settings.reader_lag)))
            }
            None => None,
        };
        Ok(Self { settings: Arc::new(settings), writer, replica, may_lag: false, outbox: Arc::default() })
    }

    /// The same store, whose reads for a tenant may be of the reader, if there is one: they have what the tenant wrote, and
    /// what it was told of, but may lag behind what others did.
    #[must_use]
    pub fn that_may_lag(&self) -> Self {
        Self { may_lag: true, ..self.clone() }
    }

    /// Whether the reader answers and is not far behind; nothing if there is none.
    #[must_use]
    pub fn reader_is_well(&self) -> Option<bool> {
        self.replica.as_ref().map(|replica| replica.is_well(&self.writer))
    }

    /// From now on connections are made to these addresses, which may hold other passwords. Those that are open go on with
    /// what they do, and are then closed.
    ///
    /// # Errors
    /// When an address is none.
    pub fn set_addresses(&self, url: &str, reader_url: Option<&str>) -> Result<(), StoreError> {
        self.writer.set_options(self.settings.serving(url)?);
        if let (Some(replica), Some(url)) = (&self.replica, reader_url) {
            replica.pool().set_options(self.settings.serving(url)?);
        }
        Ok(())
    }

    /// Notified when the server refuses the user or the password.
    #[must_use]
    pub fn refused(&self) -> Arc<Notify> {
        self.writer.refused()
    }

    /// Ends all connections, after what they are doing.
    pub async fn close(&self) {
        self.writer.close().await;
        if let Some(replica) = &self.replica {
            replica.pool().close().await;
        }
    }

    /// A connection that reads. What failed before is tried on the writer.
    async fn reading(&self, whose: &Whose<'_>, attempt: u32) -> Outcome<Held> {
        if let (Whose::Tenant(tenant), Some(replica)) = (whose, self.replica_for(whose, attempt))
            && let Some(held) = replica.acquire(tenant, &self.writer).await
        {
            return Ok(held);
        }
        self.writer.acquire(whose).await
    }

    /// The replica, where it may be read from.
    fn replica_for(&self, whose: &Whose<'_>, attempt: u32) -> Option<&Replica> {
        let may = self.may_lag && attempt == 1 && matches!(whose, Whose::Tenant(_));
        self.replica.as_deref().filter(|_| may)
    }

    async fn writing(&self, whose: &Whose<'_>) -> Outcome<Held> {
        self.writer.take(whose).await
    }

    /// Does work that reads, and is given up when a server is that it may be reading from.
    async fn within_reading<T>(
        &self,
        whose: &Whose<'_>,
        attempt: u32,
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        match self.replica_for(whose, attempt) {
            Some(replica) => self.writer.within(replica.pool().within(work)).await,
            None => self.writer.within(work).await,
        }
    }

    /// Does work that is given up when the writer is.
    async fn within<T>(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        self.writer.within(work).await
    }

    /// Keeps how far a reader has to be for tenants that are told of events.
    async fn told(&self, events: &[Published]) {
        let Some(replica) = self.replica.as_ref().filter(|_| !events.is_empty()) else { return };
        let position = match self.writer.acquire(&Whose::Everybody).await {
            Ok(mut held) => {
                let position = replica::written(&mut held).await;
                held.finish();
                position.unwrap_or(i64::MAX)
            }
            Err(_) => i64::MAX,
        };
        let tenants: BTreeSet<&TenantId> = events.iter().map(|published| &published.event.tenant).collect();
        for tenant in tenants {
            replica.wrote(tenant, position).await;
        }
    }

    /// Keeps, after a commit, how far a reader has to be to have what was written.
    async fn wrote(&self, held: &mut Held, whose: &Whose<'_>) {
        let (Some(replica), Whose::Tenant(tenant)) = (&self.replica, whose) else { return };
        // Where it cannot be known, no reader has it.
        let position = replica::written(held).await.unwrap_or(i64::MAX);
        replica.wrote(tenant, position).await;
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether the user of a connection sees every row whatever the policies say.
pub(super) async fn passes_fences(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        .fetch_one(connection)
        .await
}

fn begin(held: &Held, whose: &Whose<'_>) -> AssertSqlSafe<String> {
    held.begin(whose)
}

/// Gives a connection back whose work is over.
fn finish_reading(held: Held, failure: Option<&Failure>) {
    match failure {
        None => held.finish(),
        Some(failure) if failure.is_lost() => held.lost(),
        // It is looked at before it is used again.
        Some(_) => drop(held),
    }
}

/// Gives a connection back whose transaction is over; not if it is of no more use.
fn finish_writing(held: Held, failure: Option<&Failure>, usable: bool) {
    if failure.is_some_and(Failure::is_lost) {
        held.lost();
    } else if usable && !failure.is_some_and(Failure::spoils_connection) {
        held.finish();
    } else {
        held.discard();
    }
}

/// Lets the transactions that lock the same thing follow one another.
async fn lock(connection: &mut PgConnection, what: &str) -> Outcome<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(what)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes partitions of element sets, for the month of a time and some to come. Returns how many were not there yet.
async fn make_months(connection: &mut PgConnection, now: Timestamp) -> Outcome<u64> {
    let this = TimeZone::UTC.to_datetime(now).date().first_of_month();
    let mut made = 0;
    for ahead in 0..=MONTHS_AHEAD {
        let month = this.saturating_add(ahead.months());
        let is_new: bool = sqlx::query_scalar("SELECT astroshield_make_month($1::text::date)")
            .bind(month.to_string())
            .fetch_one(&mut *connection)
            .await?;
        made += u64::from(is_new);
    }
    Ok(made)
}

/// Rows of so many columns that one statement inserts.
const fn rows_in_bulk(_columns: usize) -> usize {
    BULK_ROWS
}

/// Goes on with the rows that are inserted.
fn push_rows(query: &mut QueryBuilder<Postgres>, _rows: usize, columns: Vec<Column<'_>>) {
    query.push("SELECT * FROM unnest(");
    let mut arrays = query.separated(", ");
    for Column { values, .. } in columns {
        match values {
            Values::Integers(values) => arrays.push_bind(values),
            Values::Small(values) => arrays.push_bind(values),
            Values::Reals(values) => arrays.push_bind(values),
            Values::Truths(values) => arrays.push_bind(values),
            Values::Texts(values) => arrays.push_bind(values),
            Values::Ids(values) => arrays.push_bind(values),
        };
    }
    query.push(")");
}

/// The columns of a row, in the order in which they were selected.
struct Columns<'r> {
    row: &'r PgRow,
    next: usize,
}

impl<'r> Columns<'r> {
    /// The next one.
    fn take<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Outcome<T> {
        let value = self.row.try_get(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

/// What a statement finds.
async fn look_up<T>(
    connection: &mut PgConnection,
    mut select: Select,
    read: impl Fn(&mut Columns<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    let rows = select.build().fetch_all(connection).await?;
    rows.iter().map(|row| read(&mut Columns { row, next: 0 })).collect()
}

/// Nothing: the database asks its index within the query.
struct Found;

async fn find(_connection: &mut PgConnection, _text: &str) -> Outcome<Found> {
    Ok(Found)
}

/// Selects from the objects whose name or designator holds a text, or that have a number. Names of public objects have an index
/// of their own.
fn push_named(
    query: &mut QueryBuilder<Postgres>,
    owner: &str,
    text: &str,
    number: Option<i64>,
    _found: &Found,
) {
    let text = text.to_uppercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let (tables, named, object) = match owner {
        statements::PUBLIC => ("public_names n JOIN objects o ON o.number = n.object", "n.named", "n.object"),
        _ => ("objects o", "o.search", "o.number"),
    };
    query.push(format_args!("{tables} WHERE ({named} LIKE ")).push_bind(format!("%{text}%"));
    if let Some(number) = number {
        query.push(format_args!(" OR {object} = ")).push_bind(number);
    }
    query.push(")");
}
