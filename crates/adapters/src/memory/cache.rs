//! A cache in memory.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bucket, Cache, CacheKey, Put, Taken};
use async_trait::async_trait;
use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;

use super::buckets::Buckets;

/// What an entry costs beside its name and its value, roughly: keys, counters and links of the cache.
const OVERHEAD_BYTES: usize = 200;

type Space = moka::future::Cache<Name, Entry>;

/// A [`Cache`] in memory. Each space (`session`, `response`) has a budget of its own, so that a flood of one kind does
/// not push out the other; over its budget a space forgets what was used longest ago.
pub struct MemoryCache {
    max_bytes_per_space: u64,
    spaces: RwLock<HashMap<&'static str, Space>>,
    buckets: Buckets,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name {
    tenant: TenantId,
    name: String,
}

#[derive(Clone)]
struct Entry {
    value: Arc<[u8]>,
    time_to_live: Duration,
}

/// Each entry lives as long as it was put for, counted anew when it is put again.
struct OwnTime;

impl Expiry<Name, Entry> for OwnTime {
    fn expire_after_create(&self, _: &Name, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.time_to_live)
    }

    fn expire_after_update(
        &self,
        _: &Name,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.time_to_live)
    }
}

impl MemoryCache {
    /// A cache that holds at most so many bytes in each space; an entry larger than that is not remembered.
    #[must_use]
    pub fn new(max_bytes_per_space: u64) -> Self {
        Self { max_bytes_per_space, spaces: RwLock::default(), buckets: Buckets::new() }
    }

    fn space(&self, name: &'static str) -> Space {
        if let Some(space) = self.spaces.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return space.clone();
        }
        let mut spaces = self.spaces.write().unwrap_or_else(PoisonError::into_inner);
        spaces.entry(name).or_insert_with(|| self.new_space()).clone()
    }

    fn new_space(&self) -> Space {
        moka::future::Cache::builder()
            .max_capacity(self.max_bytes_per_space)
            .weigher(|name: &Name, entry: &Entry| {
                let tenant_bytes = name.tenant.as_str().len();
                let bytes = OVERHEAD_BYTES + tenant_bytes + name.name.len() + entry.value.len();
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            // The default policy may turn a new entry away in favor of popular ones: a new session would not begin.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(OwnTime)
            .build()
    }

    /// Bytes that a space takes now.
    #[cfg(test)]
    async fn weight_bytes(&self, space: &'static str) -> u64 {
        let space = self.space(space);
        space.run_pending_tasks().await;
        space.weighted_size()
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache")
            .field("max_bytes_per_space", &self.max_bytes_per_space)
            .finish_non_exhaustive()
    }
}

impl From<&CacheKey> for Name {
    fn from(key: &CacheKey) -> Self {
        Self { tenant: key.tenant.clone(), name: key.name.clone() }
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        self.space(key.space).get(&Name::from(key)).await.map(|entry| entry.value)
    }

    async fn put(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) {
        self.space(key.space).insert(Name::from(key), Entry { value, time_to_live }).await;
    }

    async fn add(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put {
        // `or_insert` of moka looks first and inserts then: of two who do it at once, both would have added.
        let put = |found: Option<_>| {
            ready(if found.is_some() { Op::Nop } else { Op::Put(Entry { value, time_to_live }) })
        };
        let outcome = self.space(key.space).entry(Name::from(key)).and_compute_with(put).await;
        if matches!(outcome, CompResult::Inserted(_)) { Put::Done } else { Put::Refused }
    }

    async fn replace(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put {
        let put = |found: Option<_>| {
            let there = found.is_some();
            ready(if there { Op::Put(Entry { value, time_to_live }) } else { Op::Nop })
        };
        let outcome = self.space(key.space).entry(Name::from(key)).and_compute_with(put).await;
        if matches!(outcome, CompResult::ReplacedWith(_)) { Put::Done } else { Put::Refused }
    }

    async fn claim(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        self.space(key.space).remove(&Name::from(key)).await.map(|entry| entry.value)
    }

    async fn remove(&self, key: &CacheKey) {
        self.space(key.space).invalidate(&Name::from(key)).await;
    }

    async fn remove_if(&self, key: &CacheKey, value: &[u8]) {
        let remove = |found: Option<moka::Entry<Name, Entry>>| {
            let is_it = found.is_some_and(|found| *found.value().value == *value);
            ready(if is_it { Op::Remove } else { Op::Nop })
        };
        self.space(key.space).entry(Name::from(key)).and_compute_with(remove).await;
    }

    async fn take(&self, key: &CacheKey, bucket: Bucket, tokens: u32) -> Taken {
        self.buckets.take(key, bucket, tokens).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Barrier;

    use super::*;

    const BUDGET_BYTES: u64 = 100_000;

    fn key(space: &'static str, number: usize) -> CacheKey {
        CacheKey { tenant: TenantId::local(), space, name: number.to_string() }
    }

    async fn put(cache: &MemoryCache, key: &CacheKey, bytes: usize) {
        cache.put(key, vec![0; bytes].into(), Duration::from_secs(3600)).await;
    }

    #[tokio::test]
    async fn keeps_to_the_port() {
        astroshield_testkit::cache::cache_suite(&MemoryCache::new(64 << 20)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_those_on_several_threads_who_add_at_once_one_does() {
        let cache = Arc::new(MemoryCache::new(64 << 20));
        for number in 0..5_000 {
            let together = Arc::new(Barrier::new(4));
            let adding: Vec<_> = (0..4)
                .map(|_| {
                    let (cache, together) = (Arc::clone(&cache), Arc::clone(&together));
                    tokio::spawn(async move {
                        together.wait().await;
                        cache.add(&key("attempt", number), b"x"[..].into(), Duration::from_secs(60)).await
                    })
                })
                .collect();
            let mut done = 0;
            for added in adding {
                done += usize::from(added.await.unwrap().is_done());
            }
            assert_eq!(done, 1, "{number}");
        }
    }

    #[tokio::test]
    async fn a_full_space_keeps_to_its_budget_and_takes_new_entries() {
        let cache = MemoryCache::new(BUDGET_BYTES);
        for number in 0..1000 {
            put(&cache, &key("response", number), 1000).await;
        }
        let weight_bytes = cache.weight_bytes("response").await;
        assert!(weight_bytes <= BUDGET_BYTES, "{weight_bytes}");
        assert!(weight_bytes > BUDGET_BYTES / 2, "{weight_bytes}");
        assert!(cache.get(&key("response", 999)).await.is_some());
        assert!(cache.get(&key("response", 0)).await.is_none());
    }

    #[tokio::test]
    async fn a_flood_of_one_space_leaves_another_alone() {
        let cache = MemoryCache::new(BUDGET_BYTES);
        put(&cache, &key("session", 1), 100).await;
        for number in 0..1000 {
            put(&cache, &key("response", number), 1000).await;
        }
        cache.weight_bytes("response").await;
        assert!(cache.get(&key("session", 1)).await.is_some());
    }

    #[tokio::test]
    async fn an_entry_larger_than_the_budget_is_not_remembered() {
        let cache = MemoryCache::new(BUDGET_BYTES);
        put(&cache, &key("response", 1), 1_000_000).await;
        assert_eq!(cache.weight_bytes("response").await, 0);
        assert!(cache.get(&key("response", 1)).await.is_none());
    }
}
