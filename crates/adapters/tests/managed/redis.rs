//! Redis: cache and broadcast.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astroshield_adapters::SqliteStore;
use astroshield_adapters::redis::{RedisBroadcast, RedisCache, RedisSettings};
use astroshield_domain::event::Published;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Broadcast, Bucket, Cache, CacheKey, Store};
use astroshield_testkit::cache::{broadcast_suite, cache_suite};
use astroshield_testkit::entities::{at, feed_event};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use astroshield_testkit::servers::{Server, variable};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(30);

/// The server that all tests share.
fn shared() -> Option<RedisSettings> {
    let url = variable("ASTROSHIELD_TEST_REDIS_URL")?;
    let authority = std::fs::read(variable("ASTROSHIELD_TEST_REDIS_CA")?).unwrap();
    Some(RedisSettings { urls: vec![url], cluster: false, roots_pem: Some(authority), password: None })
}

fn of(server: &Server) -> RedisSettings {
    let roots_pem = Some(server.authority().into_bytes());
    RedisSettings { urls: vec![server.address.clone()], cluster: false, roots_pem, password: None }
}

async fn store(folder: &TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.path().join("store.db")).await.unwrap())
}

fn key(name: &str) -> CacheKey {
    CacheKey { tenant: TenantId::local(), space: "session", name: name.to_owned() }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Commits an event, gives it its position, and tells it, as the relay does.
async fn tell(store: &dyn Store, broadcast: &dyn Broadcast, feed: &str) -> Published {
    let status = FeedStatus { feed: feed.to_owned(), ..FeedStatus::default() };
    store.put_feed(&status, &feed_event(&TenantId::local(), at(0), feed)).await.unwrap();
    let events = store.sequence_events(10).await.unwrap();
    broadcast.send(&events).await;
    events.into_iter().next_back().unwrap()
}

async fn next(receiver: &mut Receiver<Arc<Published>>) -> Published {
    let next = tokio::time::timeout(PATIENCE, receiver.recv()).await.expect("an event in time");
    Published::clone(&next.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_keeps_to_the_port() {
    let Some(settings) = shared() else { return };
    cache_suite(&RedisCache::new(settings).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broadcast_keeps_to_the_port() {
    let server = Server::start("redis");
    let folder = TempDir::new().unwrap();
    let broadcast = RedisBroadcast::new(of(&server), store(&folder).await, 64).unwrap();
    broadcast.ready().await;
    broadcast_suite(&broadcast, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_authority_or_a_wrong_password_is_not_used() {
    let (server, other) = (Server::start("redis"), Server::start("redis"));
    let stranger = RedisSettings { roots_pem: of(&other).roots_pem, ..of(&server) };
    assert!(!RedisCache::new(stranger).unwrap().ping().await);
    let wrong = RedisSettings { urls: vec![server.address.replace("secret", "guess")], ..of(&server) };
    assert!(!RedisCache::new(wrong).unwrap().ping().await);
    assert!(RedisCache::new(of(&server)).unwrap().ping().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_frozen_or_gone_is_not_waited_for_and_used_again_when_it_is_back() {
    let server = Server::start("redis");
    let cache = RedisCache::new(of(&server)).unwrap();
    for (away, back) in [("freeze", "thaw"), ("kill", "restart")] {
        cache.put(&key("kept"), b"kept"[..].into(), HOUR).await;
        cache.put(&key("ended"), b"ended"[..].into(), HOUR).await;
        server.tell(away);
        // The first one waits a moment; those after it do not.
        assert_eq!(cache.get(&key("kept")).await, None, "{away}");
        let began = Instant::now();
        for _ in 0..1000 {
            assert_eq!(cache.get(&key("kept")).await, None, "{away}");
        }
        assert!(began.elapsed() < PATIENCE, "each of a thousand has waited");
        cache.remove(&key("ended")).await;
        server.tell(back);
        eventually("it is used again", async || {
            cache.put(&key("probe"), b"x"[..].into(), HOUR).await;
            cache.get(&key("probe")).await.is_some()
        })
        .await;
        // What was removed meanwhile does not come back with the server.
        assert_eq!(cache.get(&key("ended")).await, None, "{away}");
        if away == "freeze" {
            assert_eq!(cache.get(&key("kept")).await, Some(b"kept"[..].into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_hears_of_events_also_of_those_that_came_while_the_server_was_away() {
    let server = Server::start("redis");
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let process = || RedisBroadcast::new(of(&server), Arc::clone(&store), 1024).unwrap();
    let (relay, other) = (process(), process());
    relay.ready().await;
    other.ready().await;
    let (mut here, mut there) = (relay.subscribe(), other.subscribe());
    let mut told = vec![tell(&*store, &relay, "before").await];
    for (round, (away, back)) in [("freeze", "thaw"), ("kill", "restart")].into_iter().enumerate() {
        server.tell(away);
        for number in 0..20 {
            told.push(tell(&*store, &relay, &format!("{round}/{number}")).await);
        }
        server.tell(back);
        told.push(tell(&*store, &relay, &format!("{round}/after")).await);
    }
    for receiver in [&mut here, &mut there] {
        for event in &told {
            assert_eq!(next(receiver).await, *event, "in order, each once");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_one_for_all_processes_and_each_has_its_own_while_the_server_is_away() {
    let server = Server::start("redis");
    let processes = [RedisCache::new(of(&server)).unwrap(), RedisCache::new(of(&server)).unwrap()];
    let (name, bucket) = (key("bucket"), Bucket { capacity: 10, filled_in: HOUR });
    let granted = async |process: &RedisCache| process.take(&name, bucket, 1).await.granted;
    for number in 0..10 {
        assert!(granted(&processes[number % 2]).await, "{number}");
    }
    for (away, back) in [("freeze", "thaw"), ("kill", "restart")] {
        if away == "freeze" {
            for process in &processes {
                assert!(!granted(process).await, "it is empty, whoever asks");
            }
        }
        server.tell(away);
        for process in &processes {
            // One that is full for each, and no more than that.
            let mut count = 0;
            while granted(process).await {
                count += 1;
                assert!(count <= 10, "{away}");
            }
            assert!(count > 0 || away == "kill", "{away}: the server is away, and nobody gets through");
        }
        server.tell(back);
        if away == "freeze" {
            eventually("what was taken before counts", async || {
                processes[0].get(&key("probe")).await;
                !granted(&processes[0]).await && !granted(&processes[1]).await
            })
            .await;
        }
    }
}
