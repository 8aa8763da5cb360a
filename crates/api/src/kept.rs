//! Answers that are kept in the cache: made once, however many ask for them at once.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use astroshield_domain::access::Caller;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Cache, CacheKey};
use axum::body::Bytes;
use axum::response::Response;
use serde::Serialize;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::answer::{TAG_LENGTH, json, tag_of, tagged};
use crate::problem::Problem;
use crate::state::ApiState;

/// How long an answer is kept, and once more as long in a process that asked for it: what is not told by an event (SATCAT,
/// pruning) shows in cached answers after twice this at the latest.
const KEPT: Duration = Duration::from_secs(30);

/// How long the number of a tenant's writes is remembered: longer than any answer is kept.
const WRITES_KEPT: Duration = Duration::from_secs(3600);

/// How long to wait for an answer that another process makes. One that takes longer is made here, too.
const OTHERS_PATIENCE: Duration = Duration::from_millis(500);

/// Between two looks whether another process has made it.
const OTHERS_LOOK: Duration = Duration::from_millis(20);

/// Tells answers from before a tenant's last write from those after it, in every process: a number in the cache, which
/// each write replaces.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// Writes through this process, for as long as the cache remembers nothing.
    here: AtomicU64,
}

impl Writes {
    fn key(tenant: &TenantId) -> CacheKey {
        CacheKey { tenant: tenant.clone(), space: "writes", name: String::new() }
    }

    /// Answers from before now are not to be given to a tenant any more.
    pub(crate) async fn add(&self, cache: &dyn Cache, tenant: &TenantId) {
        self.here.fetch_add(1, Ordering::AcqRel);
        cache.put(&Self::key(tenant), number(), WRITES_KEPT).await;
    }

    /// What answers of now are kept under; nothing where the cache does not remember it.
    async fn of(&self, cache: &dyn Cache, tenant: &TenantId) -> Option<String> {
        let key = Self::key(tenant);
        let known = match cache.get(&key).await {
            Some(known) => known,
            None => {
                cache.put(&key, number(), WRITES_KEPT).await;
                cache.get(&key).await?
            }
        };
        std::str::from_utf8(&known).ok().map(str::to_owned)
    }
}

/// A number that nobody else has.
fn number() -> Arc<[u8]> {
    format!("{:016x}", rand::random::<u64>()).into_bytes().into()
}

/// Answers that are being made in this process.
#[derive(Debug, Default)]
pub(crate) struct InMaking(Mutex<HashMap<CacheKey, Arc<OnceCell<Bytes>>>>);

/// One of those who wait for an answer. The last of them clears it away.
struct Waiting<'a> {
    answers: &'a InMaking,
    key: CacheKey,
}

impl InMaking {
    /// An answer that one makes while the others wait for it. If that one fails or goes away, the next one makes it.
    async fn one<F>(&self, key: CacheKey, make: F) -> Result<Bytes, Problem>
    where
        F: Future<Output = Result<Bytes, Problem>>,
    {
        let waiting = Waiting { answers: self, key };
        // After that, so that it is given up before it is counted who waits still: of two who end at once, one is the last.
        let cell = {
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(waiting.key.clone()).or_default())
        };
        cell.get_or_try_init(|| make).await.cloned()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut answers = self.answers.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's alone.
        if answers.get(&self.key).is_some_and(|cell| Arc::strong_count(cell) == 1) {
            answers.remove(&self.key);
        }
    }
}

/// A list from the cache, else as it is now. `query` is everything that the answer depends on beside the caller's tenant
/// and the events so far.
pub(crate) async fn cached_list<Q, T, F>(
    state: &ApiState,
    caller: &Caller,
    list: &'static str,
    query: &Q,
    load: F,
) -> Result<Response, Problem>
where
    Q: Serialize,
    T: Serialize,
    F: Future<Output = Result<T, Problem>>,
{
    if !state.settings.response_cache {
        return json(&load.await?);
    }
    let cache = state.ports.cache.as_ref();
    let writes = state.writes.of(cache, &caller.tenant).await;
    let position = state.position.newest(state.ports.store.as_ref()).await?;
    let query = serde_json::to_string(query).map_err(Problem::internal)?;
    // The demo has a database of its own, in which positions mean something else.
    let catalog = if state.demo.load(Ordering::Relaxed) { "demo/" } else { "" };
    let key = |writes: &str| {
        let name = format!("{catalog}{list}/{position}/{writes}/{query}");
        CacheKey { tenant: caller.tenant.clone(), space: "response", name }
    };
    let made = async { tag_and_body(&load.await?) };
    let kept = match &writes {
        Some(writes) => {
            let key = key(writes);
            match cache.get_lasting(&key, KEPT).await {
                Some(kept) => Bytes::from_owner(kept),
                None => state.in_making.one(key.clone(), kept_or(cache, &key, made)).await?,
            }
        }
        // Without a cache, those of this process at least do not all ask the store at once.
        None => {
            let here = format!("here-{}", state.writes.here.load(Ordering::Acquire));
            state.in_making.one(key(&here), made).await?
        }
    };
    let tag = kept.get(..TAG_LENGTH).unwrap_or_default();
    tagged(tag, "application/json", kept.slice(TAG_LENGTH.min(kept.len())..).into())
}

fn tag_and_body<T: Serialize>(value: &T) -> Result<Bytes, Problem> {
    let mut kept = vec![0; TAG_LENGTH];
    serde_json::to_writer(&mut kept, value).map_err(Problem::internal)?;
    let tag = tag_of(kept.get(TAG_LENGTH..).unwrap_or_default());
    for (place, byte) in kept.iter_mut().zip(tag) {
        *place = byte;
    }
    Ok(kept.into())
}

/// What another process makes meanwhile and keeps; else, what is made here.
async fn kept_or<F>(cache: &dyn Cache, key: &CacheKey, make: F) -> Result<Bytes, Problem>
where
    F: Future<Output = Result<Bytes, Problem>>,
{
    let claim = CacheKey { space: "making", ..key.clone() };
    let until = Instant::now() + OTHERS_PATIENCE;
    while !cache.add(&claim, Arc::default(), OTHERS_PATIENCE).await.is_done() && Instant::now() < until {
        tokio::time::sleep(OTHERS_LOOK).await;
        if let Some(kept) = cache.get(key).await {
            return Ok(Bytes::from_owner(kept));
        }
    }
    let made = make.await;
    if let Ok(made) = &made {
        cache.put(key, made.to_vec().into(), KEPT).await;
    }
    cache.remove(&claim).await;
    made
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use astroshield_domain::ports::{Bucket, Put, Taken};
    use async_trait::async_trait;
    use futures_util::future::join_all;

    use super::*;

    /// A cache of two processes; `away` remembers nothing.
    #[derive(Default)]
    struct Shared {
        away: bool,
        values: Mutex<HashMap<CacheKey, Arc<[u8]>>>,
    }

    #[async_trait]
    impl Cache for Shared {
        async fn get(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
            self.values.lock().unwrap().get(key).cloned()
        }

        async fn put(&self, key: &CacheKey, value: Arc<[u8]>, _: Duration) {
            if !self.away {
                self.values.lock().unwrap().insert(key.clone(), value);
            }
        }

        async fn add(&self, key: &CacheKey, value: Arc<[u8]>, _: Duration) -> Put {
            if self.away {
                return Put::Away;
            }
            let before = self.values.lock().unwrap().insert(key.clone(), value);
            if before.is_none() { Put::Done } else { Put::Refused }
        }

        async fn replace(&self, _: &CacheKey, _: Arc<[u8]>, _: Duration) -> Put {
            Put::Away
        }

        async fn claim(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
            self.values.lock().unwrap().remove(key)
        }

        async fn remove(&self, key: &CacheKey) {
            self.values.lock().unwrap().remove(key);
        }

        async fn remove_if(&self, key: &CacheKey, _: &[u8]) {
            self.remove(key).await;
        }

        async fn take(&self, _: &CacheKey, bucket: Bucket, tokens: u32) -> Taken {
            bucket.taken(true, Duration::ZERO, tokens)
        }
    }

    fn key() -> CacheKey {
        CacheKey { tenant: TenantId::local(), space: "response", name: "list".to_owned() }
    }

    async fn counted(count: &AtomicUsize) -> Result<Bytes, Problem> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Bytes::from_static(b"made"))
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_who_ask_at_once_in_two_processes_one_makes_the_answer() {
        let (cache, count) = (Shared::default(), AtomicUsize::new(0));
        let processes = [InMaking::default(), InMaking::default()];
        let (cache, count, key) = (&cache, &count, &key());
        let asked = (0..100).map(|number| {
            let process = &processes[number % 2];
            async move { process.one(key.clone(), kept_or(cache, key, counted(count))).await.unwrap() }
        });
        assert!(join_all(asked).await.iter().all(|answer| answer == "made"));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(processes.iter().all(|process| process.0.lock().unwrap().is_empty()));
        assert_eq!(cache.values.lock().unwrap().len(), 1, "the claim is given back");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nothing_is_left_of_answers_whose_last_waiters_end_at_once() {
        let process = Arc::new(InMaking::default());
        for round in 0..2_000 {
            let key = CacheKey { name: round.to_string(), ..key() };
            let asked = (0..4).map(|_| {
                let (process, key) = (Arc::clone(&process), key.clone());
                tokio::spawn(async move { process.one(key, async { Ok(Bytes::from_static(b"made")) }).await })
            });
            for answer in join_all(asked).await {
                assert_eq!(answer.unwrap().unwrap(), "made");
            }
        }
        assert_eq!(process.0.lock().unwrap().len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_cache_each_process_makes_it_once_and_one_that_dies_is_not_waited_for() {
        let (away, count) = (Shared { away: true, ..Shared::default() }, AtomicUsize::new(0));
        let (process, key) = (InMaking::default(), key());
        let asked = (0..100).map(|_| process.one(key.clone(), kept_or(&away, &key, counted(&count))));
        join_all(asked).await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
        // Another process has begun and says no more.
        let cache = Shared::default();
        let claim = CacheKey { space: "making", ..key.clone() };
        assert!(cache.add(&claim, Arc::default(), OTHERS_PATIENCE).await.is_done());
        let began = Instant::now();
        kept_or(&cache, &key, counted(&count)).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert!(began.elapsed() < 2 * OTHERS_PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_fails_or_whose_maker_goes_away_is_made_by_the_next() {
        let (process, count) = (InMaking::default(), AtomicUsize::new(0));
        let gone = process.one(key(), async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Bytes::new())
        });
        let fails = process.one(key(), async { Err(Problem::unavailable("not now")) });
        let (gone, failed, made) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(1), gone),
            fails,
            process.one(key(), counted(&count))
        );
        assert!(gone.is_err() && failed.is_err() && made.unwrap() == "made");
        assert!(process.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_write_through_one_process_ends_what_another_keeps_of_that_tenant() {
        let (cache, one, other) = (Shared::default(), Writes::default(), Writes::default());
        let (mine, theirs) = (TenantId::local(), TenantId::public());
        let before = one.of(&cache, &mine).await.unwrap();
        assert_eq!(other.of(&cache, &mine).await.as_ref(), Some(&before));
        let untouched = one.of(&cache, &theirs).await;
        other.add(&cache, &mine).await;
        assert_ne!(one.of(&cache, &mine).await.unwrap(), before);
        assert_eq!(one.of(&cache, &theirs).await, untouched);
        let away = Shared { away: true, ..Shared::default() };
        assert_eq!(one.of(&away, &mine).await, None);
    }
}
