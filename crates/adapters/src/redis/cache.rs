//! A cache that processes share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use astroshield_domain::ports::{Bucket, Cache, CacheKey, Put, Taken};
use async_trait::async_trait;
use redis::{Value, cmd};

use super::{RedisSettings, RedisSettingsError, Server};
use crate::memory::MemoryCache;
use crate::memory::buckets::Buckets;

/// Most values to be removed that are remembered while the server does not answer.
const MOST_OVERDUE: usize = 10_000;

/// Most bytes of lasting values that are remembered in this process.
const NEAR_BYTES: u64 = 32 << 20;

/// A [`Cache`] in Redis. How much it holds, and what it forgets first, is the server's to know (`maxmemory`).
pub struct RedisCache {
    server: Server,
    /// What could not be removed: a session that was ended does not come back with the server.
    overdue: Mutex<HashSet<String>>,
    /// Those that count while the server does not answer.
    buckets: Buckets,
    /// Lasting values, for which it need not be asked again.
    near: MemoryCache,
}

/// A bucket is the time when it is full, in microseconds of the server's clock. Whether there were enough tokens, and after how
/// many microseconds it is full: as [`Bucket::take`] has it.
const TAKE: &str = "\
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') - now, 0)
local filled_in, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local after = full + wanted
if after > filled_in then return {0, full} end
if wanted > 0 then
    redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.floor(after / 1000) + 1)
end
return {1, after}";

/// Removes a value if it is this one.
const REMOVE_IF: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

impl RedisCache {
    /// A cache in this server, which need not be there yet.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(settings: RedisSettings) -> Result<Self, RedisSettingsError> {
        Ok(Self {
            server: Server::new(settings)?,
            overdue: Mutex::default(),
            buckets: Buckets::new(),
            near: MemoryCache::new(NEAR_BYTES),
        })
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> bool {
        self.server.ask(&cmd("PING")).await.is_some()
    }

    /// The name of a value. Neither a space nor a tenant has a colon in it.
    fn name(&self, key: &CacheKey) -> String {
        self.server.name(format_args!("{}:{}:{}", key.space, key.tenant, key.name))
    }

    fn remember_to_remove(&self, name: String) {
        let mut overdue = self.overdue.lock().unwrap_or_else(PoisonError::into_inner);
        if overdue.len() < MOST_OVERDUE {
            overdue.insert(name);
        } else {
            tracing::error!(MOST_OVERDUE, "Redis has been away for too long to remember what to remove");
        }
    }

    /// Puts a value where there is none (`NX`) or one (`XX`).
    async fn put_if(&self, key: &CacheKey, value: &[u8], time_to_live: Duration, condition: &str) -> Put {
        let milliseconds = u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX).max(1);
        if !self.catch_up().await {
            return Put::Away;
        }
        let mut set = cmd("SET");
        set.arg(self.name(key)).arg(value).arg("PX").arg(milliseconds).arg(condition);
        match self.server.ask(&set).await {
            Some(Value::Okay) => Put::Done,
            Some(_) => Put::Refused,
            None => Put::Away,
        }
    }

    /// Removes what could not be removed before; whether nothing of it is left.
    async fn catch_up(&self) -> bool {
        let overdue =
            |of: &Self| of.overdue.lock().unwrap_or_else(PoisonError::into_inner).iter().next().cloned();
        while let Some(name) = overdue(self) {
            if self.server.ask(cmd("DEL").arg(&name)).await.is_none() {
                return false;
            }
            self.overdue.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        }
        true
    }
}

impl std::fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCache").finish_non_exhaustive()
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        if !self.catch_up().await {
            return None;
        }
        match self.server.ask(cmd("GET").arg(self.name(key))).await? {
            Value::BulkString(bytes) => Some(bytes.into()),
            _ => None,
        }
    }

    async fn get_lasting(&self, key: &CacheKey, time_to_live: Duration) -> Option<Arc<[u8]>> {
        if let Some(near) = self.near.get(key).await {
            return Some(near);
        }
        let value = self.get(key).await?;
        self.near.put(key, Arc::clone(&value), time_to_live).await;
        Some(value)
    }

    async fn put(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) {
        let Some(milliseconds) = u64::try_from(time_to_live.as_millis()).ok().filter(|&some| some > 0) else {
            return self.remove(key).await;
        };
        if !self.catch_up().await {
            return;
        }
        let mut set = cmd("SET");
        set.arg(self.name(key)).arg(&value[..]).arg("PX").arg(milliseconds);
        // A value that could not be put is as one that was forgotten, but must not leave the one before it.
        if self.server.ask(&set).await.is_none() {
            self.remember_to_remove(self.name(key));
        }
    }

    async fn add(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put {
        self.put_if(key, &value, time_to_live, "NX").await
    }

    async fn replace(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put {
        self.put_if(key, &value, time_to_live, "XX").await
    }

    async fn claim(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        if !self.catch_up().await {
            return None;
        }
        match self.server.ask(cmd("GETDEL").arg(self.name(key))).await {
            Some(Value::BulkString(bytes)) => Some(bytes.into()),
            Some(_) => None,
            // It may have been given out all the same, or be there still: nobody has it now.
            None => {
                self.remember_to_remove(self.name(key));
                None
            }
        }
    }

    async fn remove(&self, key: &CacheKey) {
        let name = self.name(key);
        if self.server.ask(cmd("DEL").arg(&name)).await.is_none() {
            self.remember_to_remove(name);
        }
    }

    async fn remove_if(&self, key: &CacheKey, value: &[u8]) {
        let mut remove = cmd("EVAL");
        remove.arg(REMOVE_IF).arg(1).arg(self.name(key)).arg(value);
        // What cannot be removed ends by its time.
        self.server.ask(&remove).await;
    }

    async fn take(&self, key: &CacheKey, bucket: Bucket, tokens: u32) -> Taken {
        let filled_in_us = u64::try_from(bucket.filled_in.as_micros()).unwrap_or(u64::MAX);
        let at_once = u64::from(bucket.at_once(tokens));
        let wanted_us = filled_in_us / u64::from(bucket.capacity.max(1)) * at_once;
        let mut take = cmd("EVAL");
        take.arg(TAKE).arg(1).arg(self.name(key)).arg(filled_in_us).arg(wanted_us);
        let taken = self.server.ask(&take).await.and_then(|value| match value {
            Value::Array(parts) => match parts[..] {
                [Value::Int(granted), Value::Int(full_us)] => {
                    Some((granted == 1, u64::try_from(full_us).ok()?))
                }
                _ => None,
            },
            _ => None,
        });
        match taken {
            Some((granted, full_us)) => bucket.taken(granted, Duration::from_micros(full_us), tokens),
            None => self.buckets.take(key, bucket, tokens).await,
        }
    }
}
