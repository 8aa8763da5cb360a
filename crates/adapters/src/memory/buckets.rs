//! Buckets of tokens in memory.

use std::fmt;
use std::future::ready;
use std::time::{Duration, Instant};

use astroshield_domain::ports::{Bucket, CacheKey, Taken};
use moka::future::Cache;
use moka::ops::compute::Op;

/// Buckets that are remembered; a forgotten one is full.
const MOST: u64 = 100_000;

/// Longest time in which a bucket fills that is remembered.
const LONGEST: Duration = Duration::from_hours(1);

/// Buckets of this process.
pub(crate) struct Buckets {
    origin: Instant,
    /// When each is full, counted from the origin.
    full_at: Cache<CacheKey, Duration>,
}

impl Buckets {
    pub(crate) fn new() -> Self {
        let full_at = Cache::builder().max_capacity(MOST).time_to_idle(LONGEST).build();
        Self { origin: Instant::now(), full_at }
    }

    pub(crate) async fn take(&self, key: &CacheKey, bucket: Bucket, tokens: u32) -> Taken {
        let mut became = None;
        let take = |entry: Option<moka::Entry<CacheKey, Duration>>| {
            let now = self.origin.elapsed();
            let full_at = entry.map_or(Duration::ZERO, |entry| *entry.value());
            let (taken, full_after) = bucket.take(full_at.saturating_sub(now), tokens);
            became = Some(taken);
            ready(if taken.granted && tokens > 0 { Op::Put(now + full_after) } else { Op::Nop })
        };
        self.full_at.entry_by_ref(key).and_compute_with(take).await;
        became.unwrap_or_else(|| bucket.take(Duration::ZERO, tokens).0)
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets").finish_non_exhaustive()
    }
}
