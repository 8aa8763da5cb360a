//! What a single process needs to be whole: a cache and a broadcast that live in its memory.

mod broadcast;
pub(crate) mod buckets;
mod cache;

pub use broadcast::LocalBroadcast;
pub use cache::MemoryCache;
