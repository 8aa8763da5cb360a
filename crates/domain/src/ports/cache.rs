//! What may be forgotten at any time, and what is told to every process at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::event::Published;
use crate::ids::TenantId;

/// The name of a cached value. It carries the tenant, so that no tenant can meet another's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Whose it is.
    pub tenant: TenantId,
    /// What kind of thing it is (`session`, `response`).
    pub space: &'static str,
    /// Its name in that space.
    pub name: String,
}

/// A bucket of tokens: full at first, and filled again at a steady rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Most tokens in it; at least one.
    pub capacity: u32,
    /// In so long, an empty one is full.
    pub filled_in: Duration,
}

/// What became of taking tokens out of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether there were as many.
    pub granted: bool,
    /// How many are left.
    pub left: u32,
    /// After how long there are as many as were wanted, and at least one.
    pub wait: Duration,
    /// After how long it is full.
    pub full_after: Duration,
}

impl Bucket {
    fn of_one(self) -> Duration {
        self.filled_in / self.capacity.max(1)
    }

    /// How many tokens can be taken at once: of a bucket that is smaller than what is wanted, all.
    #[must_use]
    pub fn at_once(self, tokens: u32) -> u32 {
        tokens.min(self.capacity)
    }

    /// Takes tokens out of a bucket that would be full after a time; after which one it is full then. All that is kept of a
    /// bucket is when it is full (the generic cell rate algorithm; ITU-T I.371, 1996).
    #[must_use]
    pub fn take(self, full_after: Duration, tokens: u32) -> (Taken, Duration) {
        let then = full_after + self.of_one() * self.at_once(tokens);
        let granted = then <= self.filled_in;
        let full_after = if granted { then } else { full_after };
        (self.taken(granted, full_after, tokens), full_after)
    }

    /// What became of it, where something else counted.
    #[must_use]
    pub fn taken(self, granted: bool, full_after: Duration, tokens: u32) -> Taken {
        let room = self.filled_in.saturating_sub(full_after);
        let left = room.as_nanos().checked_div(self.of_one().as_nanos()).unwrap_or_default();
        let left = u32::try_from(left).unwrap_or(u32::MAX).min(self.capacity);
        let wanted = if granted { 1 } else { self.at_once(tokens).max(1) };
        let wait = (full_after + self.of_one() * wanted).saturating_sub(self.filled_in);
        Taken { granted, left, wait, full_after }
    }
}

/// What became of putting a value that is put in one case only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was put.
    Done,
    /// It was not the case.
    Refused,
    /// Nobody knows: the server of the cache does not answer.
    Away,
}

impl Put {
    /// Whether it was put.
    #[must_use]
    pub fn is_done(self) -> bool {
        self == Self::Done
    }
}

/// A cache. It forgets what it likes and never fails: an adapter that cannot reach its server forgets everything.
#[async_trait]
pub trait Cache: Send + Sync + 'static {
    /// A value, if it is remembered.
    async fn get(&self, key: &CacheKey) -> Option<Arc<[u8]>>;

    /// Remembers a value for at most a time.
    async fn put(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration);

    /// A value that no other one ever takes the place of. An adapter may remember it in this process, too, for that time from now.
    async fn get_lasting(&self, key: &CacheKey, _time_to_live: Duration) -> Option<Arc<[u8]>> {
        self.get(key).await
    }

    /// Remembers a value for at most a time, unless there is one of that name. Of many who try at once, one does.
    async fn add(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put;

    /// Puts a value in the place of another one of that name, if there is one still. What was removed meanwhile does not come
    /// back with it.
    async fn replace(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put;

    /// A value, which is forgotten with this. Of many who want it at once, one has it.
    async fn claim(&self, key: &CacheKey) -> Option<Arc<[u8]>>;

    /// Forgets a value.
    async fn remove(&self, key: &CacheKey);

    /// Forgets a value if it is this one: who held a lock for too long does not end that of the next.
    async fn remove_if(&self, key: &CacheKey, value: &[u8]);

    /// Takes tokens out of a bucket, all or none; with 0 it looks. Processes that share the cache share the bucket. An adapter
    /// that cannot reach its server counts for its process alone.
    async fn take(&self, key: &CacheKey, bucket: Bucket, tokens: u32) -> Taken;
}

/// Tells published events to every process, for the connections that it holds. What is missed is in the store.
#[async_trait]
pub trait Broadcast: Send + Sync + 'static {
    /// Tells events, in the order of positions.
    async fn send(&self, events: &[Published]);

    /// Events from now on. A receiver that falls behind is told so and reads what it missed from the store.
    fn subscribe(&self) -> broadcast::Receiver<Arc<Published>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_what_is_in_it_and_fills_again() {
        let bucket = Bucket { capacity: 10, filled_in: Duration::from_secs(60) };
        let (taken, full_after) = bucket.take(Duration::ZERO, 7);
        assert!(taken.granted);
        assert_eq!((taken.left, taken.wait, full_after), (3, Duration::ZERO, Duration::from_secs(42)));
        let (refused, unchanged) = bucket.take(full_after, 5);
        assert!(!refused.granted);
        assert_eq!((refused.left, unchanged), (3, full_after));
        assert_eq!(refused.wait, Duration::from_secs(12), "two more are due, of 6 s each");
        let (rest, full_after) = bucket.take(full_after, 3);
        assert!(rest.granted);
        assert_eq!((rest.left, rest.wait), (0, Duration::from_secs(6)), "the next one");
        let (looked, unchanged) = bucket.take(full_after, 0);
        assert_eq!((looked.granted, looked.left, unchanged), (true, 0, full_after));
    }

    #[test]
    fn more_than_a_bucket_holds_takes_all_of_it() {
        let bucket = Bucket { capacity: 2, filled_in: Duration::from_secs(1) };
        assert!(bucket.take(Duration::ZERO, 50).0.granted);
        assert!(!bucket.take(Duration::from_millis(500), 50).0.granted);
    }
}
