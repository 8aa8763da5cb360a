//! Leases: of several processes that could do something, one does it.
//!
//! A lease is a row of the store, and its time is that of the store's clock. Whoever holds it keeps it by asking again; a process
//! that dies or hangs loses it. One that hung and goes on may not have noticed yet: what must not be done twice is fenced by
//! the token of the lease, which the store checks in the transaction that does it
//! ([`EventStore::sequence_events_under`](crate::ports::EventStore::sequence_events_under)), or is the same when it is done twice.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ports::{Store, StoreError};

/// How long a lease holds after it was last asked for.
const TTL: Duration = Duration::from_secs(10);
/// How often whoever holds one asks for it again.
const RENEW: Duration = Duration::from_secs(2);
/// How often the others look whether it is free.
const LOOK: Duration = Duration::from_secs(1);

/// A lease that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is of.
    pub name: String,
    /// Grows each time that it is given to somebody else.
    pub token: i64,
}

/// The leases of a process.
#[derive(Clone)]
pub struct Leases {
    store: Arc<dyn Store>,
    /// Nobody, where there is no other process.
    holder: Option<Arc<str>>,
}

impl Leases {
    /// Leases of a process among others.
    #[must_use]
    pub fn among_others(store: Arc<dyn Store>) -> Self {
        Self { store, holder: Some(Uuid::new_v4().to_string().into()) }
    }

    /// Of the only process that uses a store: it does everything, without asking.
    #[must_use]
    pub fn alone(store: Arc<dyn Store>) -> Self {
        Self { store, holder: None }
    }

    /// Does something whenever this process holds the lease of it, until shutdown. The work is told to end when the lease is
    /// lost, and done again when it is back; it is given the lease, unless this process is the only one.
    pub async fn lead<F: Future<Output = ()>>(
        &self,
        name: &str,
        shutdown: CancellationToken,
        mut work: impl FnMut(Option<Lease>, CancellationToken) -> F,
    ) {
        let Some(holder) = &self.holder else { return work(None, shutdown).await };
        let mut waits = false;
        while !shutdown.is_cancelled() {
            // What it is asked for counts from before the question.
            let asked = Instant::now();
            match self.store.take_lease(name, holder, TTL).await {
                Ok(Some(lease)) => {
                    tracing::info!(lease = name, token = lease.token, "this process leads");
                    self.keep(&lease, holder, asked, &shutdown, &mut work).await;
                    waits = false;
                    continue;
                }
                Ok(None) if !waits => {
                    waits = true;
                    tracing::info!(lease = name, "another process leads");
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(lease = name, %error, "nobody knows who leads"),
            }
            shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await;
        }
    }

    /// Does the work for as long as the lease is held.
    async fn keep<F: Future<Output = ()>>(
        &self,
        lease: &Lease,
        holder: &str,
        asked: Instant,
        shutdown: &CancellationToken,
        work: &mut impl FnMut(Option<Lease>, CancellationToken) -> F,
    ) {
        let end = shutdown.child_token();
        let working = work(Some(lease.clone()), end.clone());
        tokio::pin!(working);
        let renewing = self.renew(lease, holder, asked);
        tokio::pin!(renewing);
        let lost = tokio::select! {
            () = working.as_mut() => false,
            () = renewing.as_mut() => true,
        };
        if lost {
            tracing::warn!(lease = lease.name, "the lease is lost: another process may lead");
            end.cancel();
            working.await;
            return;
        }
        // Whoever waits for it need not wait until it ends by itself.
        if let Err(error) = self.store.give_lease_back(lease).await {
            tracing::warn!(lease = lease.name, %error, "the lease ends by itself");
        }
    }

    /// Keeps a lease; returns when it is lost, or may be.
    async fn renew(&self, lease: &Lease, holder: &str, mut asked: Instant) {
        loop {
            let until = asked + TTL;
            tokio::time::sleep_until((asked + RENEW).max(Instant::now() + RENEW / 4)).await;
            let asking = Instant::now();
            let again = self.store.take_lease(&lease.name, holder, TTL);
            match tokio::time::timeout_at(until, again).await {
                Ok(Ok(Some(kept))) if kept.token == lease.token => asked = asking,
                Ok(Ok(_)) | Err(_) => return,
                Ok(Err(error)) => {
                    tracing::warn!(lease = lease.name, %error, "the lease is not kept yet");
                    if Instant::now() >= until {
                        return;
                    }
                }
            }
        }
    }
}

/// What an attempt under a lease that is lost comes to.
#[must_use]
pub fn lost(lease: &Lease) -> StoreError {
    StoreError::Conflict { reason: format!("the lease of {} is somebody else's by now", lease.name) }
}
