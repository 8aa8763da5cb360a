//! Connections of SQLite that read.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// A number of connections that read. A pool of sqlx asks a connection whether it lives before and after each use, which
/// for a file costs two thirds of a small query: each is a message to the connection's thread and back.
#[derive(Debug)]
pub(super) struct Readers {
    connections: Vec<Arc<Mutex<Option<SqliteConnection>>>>,
    /// One for each connection.
    turns: Arc<Semaphore>,
}

/// A connection in use.
#[derive(Debug)]
pub(super) struct Reading {
    // Free before the turn is: whoever has a turn finds a connection.
    connection: OwnedMappedMutexGuard<Option<SqliteConnection>, SqliteConnection>,
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    /// Opens so many connections.
    pub(super) async fn open(options: &SqliteConnectOptions, count: usize) -> sqlx::Result<Self> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Arc::new(Mutex::new(Some(options.connect().await?))));
        }
        Ok(Self { connections, turns: Arc::new(Semaphore::new(count)) })
    }

    /// A connection, when one is free.
    pub(super) async fn acquire(&self) -> sqlx::Result<Reading> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let free = self.connections.iter().find_map(|one| {
            let guard = Arc::clone(one).try_lock_owned().ok()?;
            OwnedMutexGuard::try_map(guard, Option::as_mut).ok()
        });
        let connection = free.ok_or(sqlx::Error::PoolClosed)?;
        Ok(Reading { connection, _turn: turn })
    }

    /// Ends all connections, after what they are doing.
    pub(super) async fn close(&self) {
        self.turns.close();
        for connection in &self.connections {
            if let Some(connection) = connection.lock().await.take() {
                // Nothing was written through it that could be lost.
                let _ = connection.close().await;
            }
        }
    }
}

impl Deref for Reading {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
