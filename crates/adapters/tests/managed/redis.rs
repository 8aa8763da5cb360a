//! Redis: cache and broadcast.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astroshield_adapters::SqliteStore;
use astroshield_adapters::redis::{RedisBroadcast, RedisCache, RedisConnections, RedisSettings};
use astroshield_domain::event::Published;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Broadcast, Bucket, Cache, CacheKey, Connections, ConnectionsError, Store};
use astroshield_testkit::cache::{broadcast_suite, cache_suite};
use astroshield_testkit::connections::connections_suite;
use astroshield_testkit::entities::{at, feed_event};
use jiff::Timestamp;
use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use astroshield_testkit::servers::{Server, can_start, variable};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(60);

/// The server that all tests share, under names of its own that no earlier run has used.
fn shared() -> Option<RedisSettings> {
    let url = variable("ASTROSHIELD_TEST_REDIS_URL")?;
    let authority = std::fs::read(variable("ASTROSHIELD_TEST_REDIS_CA")?).unwrap();
    Some(RedisSettings { prefix: format!("astroshield-{}", std::process::id()), ..settings(&url, authority) })
}

fn of(server: &Server) -> RedisSettings {
    settings(&server.address, server.authority().into_bytes())
}

fn settings(urls: &str, authority: Vec<u8>) -> RedisSettings {
    let urls: Vec<String> = urls.split(',').map(str::to_owned).collect();
    let (cluster, prefix) = (urls.len() > 1, "astroshield".to_owned());
    RedisSettings { urls, cluster, prefix, roots_pem: Some(authority), password: None }
}

/// Seeded rounds of a test in which servers are away: few, or as many as a variable says.
fn rounds() -> (u64, u32) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seed =
        number("ASTROSHIELD_FAULT_SEED").unwrap_or_else(|| Timestamp::now().as_second().cast_unsigned());
    let rounds = number("ASTROSHIELD_FAULT_ROUNDS").unwrap_or(3);
    eprintln!("ASTROSHIELD_FAULT_SEED={seed} ASTROSHIELD_FAULT_ROUNDS={rounds}");
    (seed, u32::try_from(rounds).unwrap())
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
async fn connections_of_a_gateway_keep_to_the_port_and_are_unknown_without_the_server() {
    if !can_start(&["redis"]) {
        return;
    }
    let server = Server::start("redis");
    let connections = RedisConnections::new(of(&server)).unwrap();
    connections_suite(&connections).await;
    server.tell("kill");
    assert_eq!(connections.all().await, Err(ConnectionsError::Unavailable));
    server.tell("restart");
    eventually("Redis answers again", async || connections.all().await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broadcast_keeps_to_the_port() {
    if !can_start(&["redis"]) {
        return;
    }
    let server = Server::start("redis");
    let folder = TempDir::new().unwrap();
    let broadcast = RedisBroadcast::new(of(&server), store(&folder).await, 64).unwrap();
    broadcast.ready().await;
    broadcast_suite(&broadcast, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_authority_or_a_wrong_password_is_not_used() {
    if !can_start(&["redis"]) {
        return;
    }
    let (server, other) = (Server::start("redis"), Server::start("redis"));
    let stranger = RedisSettings { roots_pem: of(&other).roots_pem, ..of(&server) };
    assert!(!RedisCache::new(stranger).unwrap().ping().await);
    let wrong = RedisSettings { urls: vec![server.address.replace("secret", "guess")], ..of(&server) };
    assert!(!RedisCache::new(wrong).unwrap().ping().await);
    assert!(RedisCache::new(of(&server)).unwrap().ping().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_frozen_or_gone_is_not_waited_for_and_used_again_when_it_is_back() {
    if !can_start(&["redis"]) {
        return;
    }
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
async fn a_lasting_value_is_asked_for_once_in_its_time() {
    if !can_start(&["redis"]) {
        return;
    }
    let server = Server::start("redis");
    let processes = [RedisCache::new(of(&server)).unwrap(), RedisCache::new(of(&server)).unwrap()];
    let short = Duration::from_secs(1);
    assert_eq!(processes[1].get_lasting(&key("answer"), HOUR).await, None);
    processes[0].put(&key("answer"), b"answer"[..].into(), HOUR).await;
    processes[0].put(&key("moment"), b"moment"[..].into(), HOUR).await;
    for process in &processes {
        assert_eq!(process.get_lasting(&key("answer"), HOUR).await, Some(b"answer"[..].into()));
        assert_eq!(process.get_lasting(&key("moment"), short).await, Some(b"moment"[..].into()));
    }
    server.tell("kill");
    for process in &processes {
        assert_eq!(process.get_lasting(&key("answer"), HOUR).await, Some(b"answer"[..].into()));
        assert_eq!(process.get(&key("answer")).await, None, "whoever wants to know what the server has");
    }
    eventually("its time is over", async || processes[0].get_lasting(&key("moment"), short).await.is_none())
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_hears_of_events_also_of_those_that_came_while_the_server_was_away() {
    if !can_start(&["redis"]) {
        return;
    }
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
    if !can_start(&["redis"]) {
        return;
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_installations_on_one_server_know_nothing_of_each_other() {
    if !can_start(&["redis"]) {
        return;
    }
    let server = Server::start("redis");
    let folder = TempDir::new().unwrap();
    let other_settings = || RedisSettings { prefix: "astroshield-2".to_owned(), ..of(&server) };
    let (one, other) = (RedisCache::new(of(&server)).unwrap(), RedisCache::new(other_settings()).unwrap());
    one.put(&key("same"), b"one"[..].into(), HOUR).await;
    assert_eq!(other.get(&key("same")).await, None);
    assert!(other.add(&key("same"), b"other"[..].into(), HOUR).await.is_done());
    other.remove(&key("same")).await;
    assert_eq!(one.get(&key("same")).await, Some(b"one"[..].into()));

    // Each has a store of its own, in which the same positions mean something else.
    let (here, there) = (store(&folder).await, store(&TempDir::new().unwrap()).await);
    let one = RedisBroadcast::new(of(&server), Arc::clone(&here), 64).unwrap();
    let other = RedisBroadcast::new(other_settings(), Arc::clone(&there), 64).unwrap();
    one.ready().await;
    other.ready().await;
    let (mut ones, mut others) = (one.subscribe(), other.subscribe());
    let of_one = tell(&*here, &one, "one").await;
    let of_other = tell(&*there, &other, "other").await;
    assert_eq!(next(&mut ones).await, of_one);
    assert_eq!(next(&mut others).await, of_other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_to_the_ports_and_goes_on_when_a_node_is_lost() {
    if !can_start(&["redis"]) {
        return;
    }
    let server = Server::start("redis_cluster");
    let cache = RedisCache::new(of(&server)).unwrap();
    cache_suite(&cache).await;
    connections_suite(&RedisConnections::new(of(&server)).unwrap()).await;
    let folder = TempDir::new().unwrap();
    let broadcast = RedisBroadcast::new(of(&server), store(&folder).await, 64).unwrap();
    broadcast.ready().await;
    broadcast_suite(&broadcast, 64).await;

    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let process = || RedisBroadcast::new(of(&server), Arc::clone(&store), 1024).unwrap();
    let (relay, other) = (process(), process());
    relay.ready().await;
    other.ready().await;
    let (mut here, mut there) = (relay.subscribe(), other.subscribe());
    // Enough that every node has some.
    let keys: Vec<CacheKey> = (0..60).map(|number| key(&number.to_string())).collect();
    let mut told = Vec::new();
    for (round, (away, back)) in [("freeze", "thaw"), ("kill", "restart")].into_iter().enumerate() {
        for key in &keys {
            cache.put(key, b"before"[..].into(), HOUR).await;
        }
        server.tell(away);
        for number in 0..10 {
            told.push(tell(&*store, &relay, &format!("{round}/{number}")).await);
        }
        // Its replica takes over: every key can be put and got again while the node is away.
        for key in &keys {
            eventually("a replica takes over", async || {
                cache.put(key, b"after"[..].into(), HOUR).await;
                cache.get(key).await == Some(b"after"[..].into())
            })
            .await;
        }
        server.tell(back);
        told.push(tell(&*store, &relay, &format!("{round}/after")).await);
        for key in &keys {
            eventually("nothing of before comes back", async || {
                cache.get(key).await == Some(b"after"[..].into())
            })
            .await;
        }
    }
    for receiver in [&mut here, &mut there] {
        for event in &told {
            assert_eq!(next(receiver).await, *event, "in order, each once");
        }
    }
}

/// Sessions that are begun, read and ended, and events, while the server is frozen, killed and started at times of chance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_server_that_comes_and_goes_brings_back_nothing_that_was_ended_and_loses_no_event() {
    if !can_start(&["redis"]) {
        return;
    }
    let server = Server::start("redis");
    let (seed, rounds) = rounds();
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let (one, other) = (RedisCache::new(of(&server)).unwrap(), RedisCache::new(of(&server)).unwrap());
    let process = || RedisBroadcast::new(of(&server), Arc::clone(&store), 1 << 14).unwrap();
    let (relay, listener) = (process(), process());
    relay.ready().await;
    listener.ready().await;
    let mut heard = listener.subscribe();
    let mut told = Vec::new();
    for round in 0..rounds {
        let (away, back) = [("freeze", "thaw"), ("kill", "restart")][random.next_u32() as usize % 2];
        let leave = random.next_u32() % 40;
        let come_back = leave + 10 + random.next_u32() % 40;
        for step in 0..100 {
            if step == leave {
                server.tell(away);
            }
            if step == come_back {
                server.tell(back);
            }
            let session = key(&format!("{round}/{step}"));
            one.put(&session, b"open"[..].into(), HOUR).await;
            if let Some(value) = one.get(&session).await {
                assert_eq!(value, b"open"[..].into());
            }
            one.remove(&session).await;
            if step % 5 == 0 {
                told.push(tell(&*store, &relay, &format!("{round}/{step}")).await);
            }
            tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 20))).await;
        }
        eventually("it is used again", async || {
            one.put(&key("probe"), b"x"[..].into(), HOUR).await;
            one.get(&key("probe")).await.is_some()
        })
        .await;
        for step in 0..100 {
            // Another process does not find what this one has ended.
            assert_eq!(other.get(&key(&format!("{round}/{step}"))).await, None, "round {round}, {away}");
        }
    }
    for event in &told {
        assert_eq!(next(&mut heard).await, *event, "in order, each once");
    }
}
