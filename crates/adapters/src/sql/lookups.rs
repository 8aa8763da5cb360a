//! Connections of SQLite that objects and conjunctions are looked up through, which happens thousands of times a second.
//!
//! A statement runs and its rows are read in one go on a thread that may block. sqlx copies each value and hands it from
//! thread to thread row by row, which costs more than such a statement does.

use std::fmt::{Display, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use astroshield_domain::ports::StoreError;
use rusqlite::types::{FromSql, Value};
use rusqlite::{Connection, OpenFlags, Row, params_from_iter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::builder::{Bound, Builder};
use super::failure::Outcome;

/// Statements that a connection keeps prepared. The lists have a text for each set of filters.
const STATEMENTS: usize = 64;

/// A number of connections.
#[derive(Debug)]
pub(super) struct Lookups {
    free: Mutex<Vec<Connection>>,
    count: u32,
    /// One for each connection.
    turns: Arc<Semaphore>,
}

impl Lookups {
    /// Opens so many connections to a file that exists.
    pub(super) fn open(path: &Path, count: u32, busy: Duration, cache_kib: u32) -> rusqlite::Result<Self> {
        let mut free = Vec::new();
        for _ in 0..count {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(busy)?;
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "temp_store", "memory")?;
            connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            free.push(connection);
        }
        Ok(Self { count, turns: Arc::new(Semaphore::new(free.len())), free: Mutex::new(free) })
    }

    /// Does something with a connection when one is free, on a thread that may block.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let connection = self.free().pop().ok_or(sqlx::Error::PoolClosed)?;
        let mut held = Held { connection: Some(connection), from: Arc::clone(self), _turn: turn };
        let done = tokio::task::spawn_blocking(move || match &mut held.connection {
            Some(connection) => work(connection),
            None => Err(sqlx::Error::PoolClosed.into()),
        });
        done.await.map_err(|error| StoreError::Unavailable {
            reason: "a look-up did not end".to_owned(),
            source: Some(Box::new(error)),
        })?
    }

    /// Ends all connections, after what they are doing.
    pub(super) async fn close(&self) {
        let _all = self.turns.acquire_many(self.count).await;
        self.turns.close();
        self.free().clear();
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use, which is free again before its turn is: whoever has a turn finds one.
struct Held {
    connection: Option<Connection>,
    from: Arc<Lookups>,
    _turn: OwnedSemaphorePermit,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.from.free().extend(self.connection.take());
    }
}

/// A statement that selects.
#[derive(Debug, Default)]
pub(super) struct Select {
    text: String,
    values: Vec<Value>,
}

impl Select {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Goes on with a text.
    pub(super) fn push(&mut self, sql: impl Display) -> &mut Self {
        // A text takes whatever is written into it.
        let _ = write!(self.text, "{sql}");
        self
    }

    /// Goes on with a value.
    pub(super) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// What it finds.
    pub(super) fn rows<T>(
        &self,
        connection: &Connection,
        read: impl Fn(&mut Columns<'_>) -> Outcome<T>,
    ) -> Outcome<Vec<T>> {
        let mut statement = connection.prepare_cached(&self.text)?;
        let mut rows = statement.query(params_from_iter(&self.values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&mut Columns { row, next: 0 })?);
        }
        Ok(found)
    }
}

impl Builder for Select {
    fn push(&mut self, sql: impl Display) -> &mut Self {
        self.push(sql)
    }

    fn push_bind(&mut self, value: impl Into<Bound>) -> &mut Self {
        match value.into() {
            Bound::Integer(value) => self.push_bind(value),
            Bound::Text(value) => self.push_bind(value),
        }
    }
}

/// The columns of a row, in the order in which they were selected.
#[derive(Debug)]
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl Columns<'_> {
    /// The next one.
    pub(super) fn take<T: FromSql>(&mut self) -> Outcome<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }
}
