//! A server that follows the writer, and when it may be read from.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Cache, CacheKey};
use sqlx::PgConnection;

use super::pool::{Held, Pool};
use crate::sql::whose::Whose;

/// A reader. What a tenant wrote last has a position in the log of the writer; the tenant is given what the reader has once
/// that is as far.
pub(super) struct Replica {
    pool: Pool,
    /// Where the processes tell each other how far tenants have written.
    cache: Option<Arc<dyn Cache>>,
    /// How far, and when.
    written: Mutex<HashMap<String, (i64, Instant)>>,
    /// How far the writer was, and when.
    writer: Mutex<VecDeque<(Instant, i64)>>,
    longest_lag: Duration,
}

impl Replica {
    pub(super) fn new(pool: Pool, cache: Option<Arc<dyn Cache>>, longest_lag: Duration) -> Self {
        Self { pool, cache, written: Mutex::default(), writer: Mutex::default(), longest_lag }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A connection of the reader that has everything that a tenant wrote or may have been told of; `None` where the writer
    /// has to be asked.
    pub(super) async fn acquire(&self, tenant: &TenantId, writer: &Pool) -> Option<Held> {
        if !self.is_well(writer) {
            return None;
        }
        let due = self.due(tenant).await;
        let mut held = self.pool.acquire(&Whose::Tenant(tenant)).await.ok()?;
        // Known of the server at the other end of this connection: by the same name there may be another one by now.
        if due <= *held.replayed()? {
            return Some(held);
        }
        let replayed = replayed(&mut held).await?;
        *held.replayed()? = replayed;
        if due <= replayed {
            return Some(held);
        }
        held.finish();
        None
    }

    /// Whether it answers, and is not too far behind.
    pub(super) fn is_well(&self, writer: &Pool) -> bool {
        let Some(reader) = self.pool.seen() else { return false };
        let now = Instant::now();
        let mut history = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.seen()
            && history.back().is_none_or(|(at, position)| {
                writer.position > *position && now.duration_since(*at) >= Duration::from_millis(500)
            })
        {
            history.push_back((now, writer.position));
        }
        while history.front().is_some_and(|(_, position)| *position <= reader.position) {
            history.pop_front();
        }
        history.front().is_none_or(|(at, _)| now.duration_since(*at) <= self.longest_lag)
    }

    /// How far the reader has to be for a tenant.
    async fn due(&self, tenant: &TenantId) -> i64 {
        let mut due = i64::MIN;
        for name in [tenant.as_str(), "public"] {
            let own = self.written.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
            let own = own.filter(|(_, at)| at.elapsed() < self.life());
            due = due.max(own.map_or(i64::MIN, |(position, _)| position));
        }
        if let Some(cache) = &self.cache {
            for tenant in [tenant, &TenantId::public()] {
                let told = cache.get(&key(tenant)).await.and_then(|bytes| bytes[..].try_into().ok());
                due = due.max(told.map_or(i64::MIN, i64::from_le_bytes));
            }
        }
        due
    }

    /// Keeps how far the log of the writer was after something was written for a tenant.
    pub(super) async fn wrote(&self, tenant: &TenantId, position: i64) {
        let newest = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.retain(|_, (_, at)| at.elapsed() < self.life());
            let (newest, at) =
                written.entry(tenant.as_str().to_owned()).or_insert((position, Instant::now()));
            (*newest, *at) = (position.max(*newest), Instant::now());
            *newest
        };
        if let Some(cache) = &self.cache {
            cache.put(&key(tenant), newest.to_le_bytes().as_slice().into(), self.life()).await;
        }
    }

    /// How long it counts what was written: a reader that is behind by more is not asked at all.
    fn life(&self) -> Duration {
        2 * self.longest_lag + Duration::from_secs(60)
    }
}

fn key(tenant: &TenantId) -> CacheKey {
    CacheKey { tenant: tenant.clone(), space: "written", name: "position".to_owned() }
}

async fn replayed(connection: &mut PgConnection) -> Option<i64> {
    // Nothing where the server follows no other one any more: it has been made the writer.
    sqlx::query_scalar(
        "SELECT CASE WHEN pg_is_in_recovery() \
         THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint ELSE 9223372036854775807 END",
    )
    .fetch_one(connection)
    .await
    .ok()
}

/// How far the log of the writer is.
pub(super) async fn written(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
        .fetch_one(connection)
        .await
}
