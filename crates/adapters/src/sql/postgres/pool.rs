//! Connections to one server.
//!
//! Three things a pool of sqlx does not do. A connection knows for which tenant it was set up, so that setting it up costs a
//! round trip only where the tenant changes; nothing is asked before and after each use. A server that takes no writes any
//! more, as one that was the writer before a fail-over, loses all its connections at once. And a watch asks the server every
//! second: one that says nothing, though the network may say that it is there, is given up, and so is what waits for it.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Error, Executor as _, Row as _};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::settings::{PostgresSettings, TENANT, connect};
use crate::sql::failure::{Outcome, is_lost};
use crate::sql::whose::Whose;

/// How long to wait for a connection that is free.
const TURN: Duration = Duration::from_secs(30);

/// How often the watch asks.
const LOOK: Duration = Duration::from_secs(1);

/// After how many of its questions the watch connects anew: the name of the server may have moved on.
const LOOKS: u32 = 8;

/// Age at which a connection is made anew, so that what a server has learned in one does not grow for ever.
const LIFETIME: Duration = Duration::from_mins(30);

/// How long a connection may take to end what it was left with.
const RECOVERY: Duration = Duration::from_secs(5);

/// Connections to one server.
#[derive(Clone)]
pub(super) struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    options: RwLock<PgConnectOptions>,
    /// Whether it has to take writes.
    writes: bool,
    connect_timeout: Duration,
    answer_timeout: Duration,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Live>>,
    /// Connections of an era before are not used again.
    era: AtomicU64,
    /// Counts how often the server was given up.
    given_up: watch::Sender<u64>,
    /// What the watch saw last.
    seen: Mutex<Option<Seen>>,
    /// Told when the server refuses the user or the password.
    refused: Arc<Notify>,
}

/// What the watch saw of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Whether it follows another server.
    pub(super) follows: bool,
    /// How far its log goes, or how far it has done what is in it.
    pub(super) position: i64,
    /// When it was started, which tells it from others.
    started: i64,
}

struct Live {
    connection: PgConnection,
    /// For whom it is set up; empty where that is not known.
    tenant: String,
    era: u64,
    made: Instant,
    /// Whether it waited for somebody, and may have died meanwhile.
    waited: bool,
    /// How far its server is known to have replayed the log of another one.
    replayed: i64,
}

/// A connection in use.
pub(super) struct Held {
    live: Option<Live>,
    /// Whether it can be used again as it is.
    whole: bool,
    pool: Arc<Inner>,
    // Free after the connection is.
    turn: Option<OwnedSemaphorePermit>,
}

impl Pool {
    /// For the server of some options. Nothing is connected yet. `writes` says that a server which takes none is not the one.
    pub(super) fn new(options: PgConnectOptions, settings: &PostgresSettings, writes: bool) -> Self {
        let inner = Arc::new(Inner {
            options: RwLock::new(options),
            writes,
            connect_timeout: settings.connect_timeout,
            answer_timeout: settings.answer_timeout,
            turns: Arc::new(Semaphore::new(usize::try_from(settings.connections).unwrap_or(1).max(1))),
            idle: Mutex::default(),
            era: AtomicU64::new(0),
            given_up: watch::Sender::new(0),
            seen: Mutex::default(),
            refused: Arc::default(),
        });
        tokio::spawn(keep_watch(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// From now on connections are made with these; those that are idle are not used again.
    pub(super) fn set_options(&self, options: PgConnectOptions) {
        *self.inner.options.write().unwrap_or_else(PoisonError::into_inner) = options;
        self.inner.next_era();
    }

    /// Notified when the server refuses the user or the password.
    pub(super) fn refused(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.refused)
    }

    /// A connection that is set up for somebody.
    pub(super) async fn acquire(&self, whose: &Whose<'_>) -> Outcome<Held> {
        let mut held = self.take(whose).await?;
        loop {
            match held.set_up_for(whose).await {
                Ok(()) => return Ok(held),
                // One that died while it was idle.
                Err(error) if held.waited() && is_lost(&error) => {
                    self.inner.next_era();
                    held.renew().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A connection as it is; one that is set up for somebody if there is one.
    pub(super) async fn take(&self, whose: &Whose<'_>) -> Outcome<Held> {
        let turns = Arc::clone(&self.inner.turns);
        let turn = match timeout(TURN, turns.acquire_owned()).await {
            Ok(turn) => turn.map_err(|_| Error::PoolClosed)?,
            Err(_) => return Err(Error::PoolTimedOut.into()),
        };
        let live = match self.inner.pop(whose.setting()) {
            Some(live) => live,
            None => self.inner.connect().await?,
        };
        Ok(Held { live: Some(live), whole: false, pool: Arc::clone(&self.inner), turn: Some(turn) })
    }

    /// Does work that is given up when the server is.
    pub(super) async fn within<T>(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let mut given_up = self.inner.given_up.subscribe();
        given_up.mark_unchanged();
        tokio::select! {
            biased;
            outcome = work => outcome,
            _ = given_up.changed() => {
                let said = "the database says nothing";
                Err(Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, said)).into())
            }
        }
    }

    /// What the watch saw last; nothing while the server does not answer.
    pub(super) fn seen(&self) -> Option<Seen> {
        *lock(&self.inner.seen)
    }

    /// Ends all connections, after what they are doing.
    pub(super) async fn close(&self) {
        self.inner.turns.close();
        let idle = std::mem::take(&mut *lock(&self.inner.idle));
        for live in idle {
            // Nothing was begun in it.
            let _ = timeout(RECOVERY, live.connection.close()).await;
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("writes", &self.inner.writes).finish_non_exhaustive()
    }
}

impl Inner {
    /// The connection that was used last, before others one that is set up for a tenant.
    fn pop(&self, tenant: &str) -> Option<Live> {
        let era = self.era.load(Ordering::Acquire);
        let mut idle = lock(&self.idle);
        // Dropping one closes its socket.
        idle.retain(|live| live.era == era && live.made.elapsed() < LIFETIME);
        let place = idle.iter().rposition(|live| live.tenant == tenant);
        match place {
            Some(place) => Some(idle.remove(place)),
            None => idle.pop(),
        }
    }

    async fn connect(&self) -> Result<Live, Error> {
        let era = self.era.load(Ordering::Acquire);
        let options = self.options.read().unwrap_or_else(PoisonError::into_inner).clone();
        let connected = connect(&options, self.connect_timeout).await;
        if connected.as_ref().is_err_and(is_refusal) {
            self.refused.notify_one();
        }
        let mut connection = connected?;
        if self.writes {
            let look =
                timeout(self.connect_timeout, connection.fetch_one("SELECT pg_is_in_recovery()")).await;
            let row = look.unwrap_or_else(|_| Err(Error::PoolTimedOut))?;
            if row.try_get(0)? {
                let said = "the server follows another one and takes no writes";
                return Err(Error::Io(std::io::Error::other(said)));
            }
        }
        Ok(Live {
            connection,
            tenant: String::new(),
            era,
            made: Instant::now(),
            waited: false,
            replayed: i64::MIN,
        })
    }

    /// Lets all connections of now be of no more use.
    fn next_era(&self) {
        self.era.fetch_add(1, Ordering::AcqRel);
        lock(&self.idle).clear();
    }

    /// Ends what waits for the server, too.
    fn give_up(&self) {
        self.next_era();
        self.given_up.send_modify(|count| *count += 1);
    }

    fn give_back(&self, mut live: Live) {
        live.waited = true;
        if live.era == self.era.load(Ordering::Acquire) && !self.turns.is_closed() {
            lock(&self.idle).push(live);
        }
    }
}

/// Whether a server did not take the user or the password (SQLSTATE, class 28).
pub(super) fn is_refusal(error: &Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code.starts_with("28"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    /// The statement that begins a transaction for somebody.
    pub(super) fn begin(&self, whose: &Whose<'_>) -> AssertSqlSafe<String> {
        let is_set_up = self.live.as_ref().is_some_and(|live| live.tenant == whose.setting());
        AssertSqlSafe(match is_set_up {
            true => "BEGIN".to_owned(),
            // One message, one round trip; names of tenants have nothing to be quoted in them.
            false => format!("BEGIN; SET LOCAL {TENANT} = '{}'", whose.setting()),
        })
    }

    /// Gives it back: nothing was left undone.
    pub(super) fn finish(mut self) {
        self.whole = true;
    }

    /// It is of no more use.
    pub(super) fn discard(mut self) {
        self.live = None;
    }

    /// Its server is gone, or is not the one any more: so are the other connections to it.
    pub(super) fn lost(mut self) {
        if let Some(live) = self.live.take()
            && live.era == self.pool.era.load(Ordering::Acquire)
        {
            self.pool.next_era();
        }
    }

    /// How far its server is known to have replayed the log of another one.
    pub(super) fn replayed(&mut self) -> Option<&mut i64> {
        self.live.as_mut().map(|live| &mut live.replayed)
    }

    fn waited(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.waited)
    }

    async fn renew(&mut self) -> Outcome<()> {
        self.live = None;
        self.live = Some(self.pool.connect().await?);
        Ok(())
    }

    async fn set_up_for(&mut self, whose: &Whose<'_>) -> Result<(), Error> {
        let Some(live) = &mut self.live else { return Err(Error::PoolClosed) };
        let tenant = whose.setting();
        if live.tenant != tenant {
            let statement = AssertSqlSafe(format!("SET {TENANT} = '{tenant}'"));
            // Whoever gives up meanwhile leaves a connection behind that may be set up for either.
            live.tenant.clear();
            live.connection.execute(sqlx::raw_sql(statement)).await?;
            tenant.clone_into(&mut live.tenant);
        }
        Ok(())
    }
}

impl Deref for Held {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "it is taken by what consumes it only")]
    fn deref(&self) -> &PgConnection {
        &self.live.as_ref().expect("a connection in use").connection
    }
}

impl DerefMut for Held {
    #[expect(clippy::expect_used, reason = "it is taken by what consumes it only")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.live.as_mut().expect("a connection in use").connection
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(mut live) = self.live.take() else { return };
        if live.era != self.pool.era.load(Ordering::Acquire) {
            return;
        }
        if self.whole {
            self.pool.give_back(live);
            return;
        }
        // What was cut short may still be going on in the server, and a transaction has to be rolled back.
        let (pool, turn) = (Arc::clone(&self.pool), self.turn.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if matches!(timeout(RECOVERY, live.connection.ping()).await, Ok(Ok(()))) {
                    pool.give_back(live);
                }
                drop(turn);
            });
        }
    }
}

/// Asks the server, for as long as there is a pool of it.
async fn keep_watch(pool: Weak<Inner>) {
    let (mut own, mut looks, mut started): (Option<PgConnection>, u32, Option<i64>) = (None, 0, None);
    loop {
        tokio::time::sleep(LOOK).await;
        looks += 1;
        if looks.is_multiple_of(LOOKS) {
            own = None;
        }
        let Some(pool) = pool.upgrade() else { return };
        if pool.turns.is_closed() {
            return;
        }
        let looked = timeout(pool.answer_timeout, look(&pool, &mut own)).await;
        let seen = match looked {
            Ok(Ok(seen)) if pool.writes && seen.follows => {
                tracing::warn!("the database takes no writes any more: its connections are dropped");
                pool.next_era();
                own = None;
                None
            }
            Ok(Ok(seen)) => {
                if started.replace(seen.started).is_some_and(|before| before != seen.started) {
                    tracing::warn!(
                        "another server answers by the name of the database: it is used from now on"
                    );
                    pool.give_up();
                }
                Some(seen)
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the database does not answer");
                own = None;
                None
            }
            Err(_) => {
                tracing::warn!("the database says nothing: what waits for it is given up");
                own = None;
                pool.give_up();
                None
            }
        };
        *lock(&pool.seen) = seen;
    }
}

async fn look(pool: &Inner, own: &mut Option<PgConnection>) -> Result<Seen, Error> {
    let connection = match own {
        Some(connection) => connection,
        None => {
            let options = pool.options.read().unwrap_or_else(PoisonError::into_inner).clone();
            own.insert(connect(&options, pool.connect_timeout).await?)
        }
    };
    let (follows, position, started) = sqlx::query_as(
        "SELECT pg_is_in_recovery(), pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
         THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::bigint, \
         (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint",
    )
    .fetch_one(connection)
    .await?;
    Ok(Seen { follows, position, started })
}
