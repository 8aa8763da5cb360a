//! What every [`Cache`] and every [`Broadcast`] does.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::event::{Event, Payload, Published};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Broadcast, Bucket, Cache, CacheKey, Put};
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{sleep, timeout};

/// Long enough for anything that happens at all on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_secs(3600);

/// Long enough to be read once after it was put, short enough to wait for.
const MOMENT: Duration = Duration::from_millis(300);

fn key(tenant: &str, space: &'static str, name: &str) -> CacheKey {
    let tenant = TenantId::new(tenant).expect("a plain name");
    CacheKey { tenant, space, name: name.to_owned() }
}

fn value(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

async fn forgotten(cache: &dyn Cache, key: &CacheKey) {
    let gone = async {
        while cache.get(key).await.is_some() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, gone).await.is_ok(), "{key:?} outlives its time");
}

/// Holds a cache to its port. It has to be large enough for a few megabytes.
///
/// # Panics
/// When the cache does not do what the port says.
pub async fn cache_suite(cache: &dyn Cache) {
    a_value_is_remembered_replaced_and_removed(cache).await;
    a_lasting_value_is_remembered(cache).await;
    names_are_kept_apart(cache).await;
    values_may_be_empty_and_large(cache).await;
    a_value_is_forgotten_after_its_time(cache).await;
    the_last_time_to_live_counts(cache).await;
    one_of_many_adds_and_one_claims(cache).await;
    what_was_removed_is_not_replaced(cache).await;
    a_bucket_gives_what_is_in_it(cache).await;
    those_who_take_at_once_get_no_more_than_there_is(cache).await;
}

async fn a_bucket_gives_what_is_in_it(cache: &dyn Cache) {
    let (first, other) = (key("a", "bucket", "taken"), key("b", "bucket", "taken"));
    let bucket = Bucket { capacity: 5, filled_in: HOUR };
    for left in (0..5).rev() {
        let taken = cache.take(&first, bucket, 1).await;
        assert_eq!((taken.granted, taken.left), (true, left));
    }
    let refused = cache.take(&first, bucket, 1).await;
    assert_eq!((refused.granted, refused.left), (false, 0));
    assert!(refused.wait > HOUR / 6 && refused.wait <= HOUR / 5, "{refused:?}");
    assert!(refused.full_after > HOUR - PATIENCE && refused.full_after <= HOUR, "{refused:?}");
    assert_eq!(cache.take(&first, bucket, 0).await.left, 0);
    assert_eq!(cache.take(&other, bucket, 0).await.left, 5, "to look takes nothing");
    assert_eq!(cache.take(&other, bucket, 4).await.left, 1);
    assert!(!cache.take(&other, bucket, 2).await.granted, "all or none");
    assert!(cache.take(&other, bucket, 1).await.granted);
    // It fills again.
    let (quick, bucket) = (key("a", "bucket", "quick"), Bucket { capacity: 2, filled_in: 2 * MOMENT });
    assert!(cache.take(&quick, bucket, 9).await.granted, "all of a smaller one");
    let refused = cache.take(&quick, bucket, 1).await;
    sleep(refused.wait + Duration::from_millis(20)).await;
    assert!(cache.take(&quick, bucket, 1).await.granted);
    sleep(3 * MOMENT).await;
    assert_eq!(cache.take(&quick, bucket, 0).await.left, 2, "no more than it holds");
}

async fn those_who_take_at_once_get_no_more_than_there_is(cache: &dyn Cache) {
    let (shared, bucket) = (key("a", "bucket", "shared"), Bucket { capacity: 20, filled_in: HOUR });
    let takes = (0..50).map(|_| cache.take(&shared, bucket, 1));
    let taken = join_all(takes).await;
    assert_eq!(taken.iter().filter(|taken| taken.granted).count(), 20);
}

async fn one_of_many_adds_and_one_claims(cache: &dyn Cache) {
    let (lock, brief) = (key("local", "suite", "lock"), key("local", "suite", "brief-lock"));
    let words: Vec<Arc<[u8]>> = (0..20).map(|n| value(&format!("value {n}"))).collect();
    let added = join_all(words.iter().map(|word| cache.add(&lock, Arc::clone(word), HOUR))).await;
    let winner = added.iter().position(|added| added.is_done()).expect("one of them adds");
    assert_eq!(added.iter().filter(|added| added.is_done()).count(), 1);
    assert_eq!(cache.get(&lock).await.as_ref(), Some(&words[winner]));
    let claimed = join_all((0..20).map(|_| cache.claim(&lock))).await;
    assert_eq!(claimed.iter().flatten().collect::<Vec<_>>(), [&words[winner]]);
    assert_eq!(cache.claim(&lock).await, None);
    assert!(cache.add(&lock, value("again"), HOUR).await.is_done());
    assert!(cache.add(&brief, value("x"), MOMENT).await.is_done());
    forgotten(cache, &brief).await;
    assert_eq!(cache.add(&brief, value("x"), HOUR).await, Put::Done);
    assert_eq!(cache.add(&brief, value("y"), HOUR).await, Put::Refused);
    // A lock is given back by whoever has it.
    cache.remove_if(&brief, b"y").await;
    assert_eq!(cache.get(&brief).await, Some(value("x")));
    cache.remove_if(&brief, b"x").await;
    assert_eq!(cache.get(&brief).await, None);
    cache.remove_if(&brief, b"x").await;
}

async fn what_was_removed_is_not_replaced(cache: &dyn Cache) {
    let key = key("local", "suite", "replaced");
    assert_eq!(cache.replace(&key, value("none"), HOUR).await, Put::Refused);
    assert_eq!(cache.get(&key).await, None);
    cache.put(&key, value("one"), HOUR).await;
    assert_eq!(cache.replace(&key, value("two"), HOUR).await, Put::Done);
    assert_eq!(cache.get(&key).await, Some(value("two")));
    cache.remove(&key).await;
    assert_eq!(cache.replace(&key, value("three"), HOUR).await, Put::Refused);
    assert_eq!(cache.get(&key).await, None);
}

async fn a_value_is_remembered_replaced_and_removed(cache: &dyn Cache) {
    let key = key("local", "suite", "kept");
    assert_eq!(cache.get(&key).await, None);
    cache.put(&key, value("one"), HOUR).await;
    assert_eq!(cache.get(&key).await, Some(value("one")));
    cache.put(&key, value("two"), HOUR).await;
    assert_eq!(cache.get(&key).await, Some(value("two")));
    cache.remove(&key).await;
    assert_eq!(cache.get(&key).await, None);
    cache.remove(&key).await;
}

async fn a_lasting_value_is_remembered(cache: &dyn Cache) {
    let key = key("local", "suite", "lasting");
    assert_eq!(cache.get_lasting(&key, HOUR).await, None);
    cache.put(&key, value("one"), HOUR).await;
    for _ in 0..2 {
        assert_eq!(cache.get_lasting(&key, HOUR).await, Some(value("one")));
    }
}

async fn names_are_kept_apart(cache: &dyn Cache) {
    // Joined with a separator, several of these would be one.
    let keys = [
        key("a", "suite", "b"),
        key("b", "suite", "b"),
        key("a", "suite-b", "b"),
        key("a", "suite", "b/b"),
        key("a", "suite", "b:b"),
        key("a", "suite", "B"),
        key("a", "suite", "b "),
        key("a", "suite", ""),
    ];
    for (number, key) in keys.iter().enumerate() {
        cache.put(key, value(&number.to_string()), HOUR).await;
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(cache.get(key).await, Some(value(&number.to_string())), "{key:?}");
    }
    cache.remove(&keys[0]).await;
    assert_eq!(cache.get(&keys[0]).await, None);
    for (number, key) in keys.iter().enumerate().skip(1) {
        assert_eq!(cache.get(key).await, Some(value(&number.to_string())), "{key:?}");
    }
}

async fn values_may_be_empty_and_large(cache: &dyn Cache) {
    let (empty, large) = (key("local", "suite", "empty"), key("local", "suite", "large"));
    let bytes: Arc<[u8]> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    cache.put(&empty, value(""), HOUR).await;
    cache.put(&large, Arc::clone(&bytes), HOUR).await;
    assert_eq!(cache.get(&empty).await, Some(value("")));
    assert_eq!(cache.get(&large).await, Some(bytes));
}

async fn a_value_is_forgotten_after_its_time(cache: &dyn Cache) {
    let (brief, never) = (key("local", "suite", "brief"), key("local", "suite", "never"));
    cache.put(&brief, value("x"), MOMENT).await;
    cache.put(&never, value("x"), Duration::ZERO).await;
    assert_eq!(cache.get(&never).await, None);
    forgotten(cache, &brief).await;
}

async fn the_last_time_to_live_counts(cache: &dyn Cache) {
    let (longer, shorter) = (key("local", "suite", "longer"), key("local", "suite", "shorter"));
    cache.put(&longer, value("old"), MOMENT).await;
    cache.put(&longer, value("new"), HOUR).await;
    cache.put(&shorter, value("old"), HOUR).await;
    cache.put(&shorter, value("new"), MOMENT).await;
    // The brief time of the first was up before that of the second.
    forgotten(cache, &shorter).await;
    assert_eq!(cache.get(&longer).await, Some(value("new")));
}

/// An event at a position.
///
/// # Panics
/// Never: its time is a valid one.
#[must_use]
pub fn published(position: i64) -> Published {
    let at = Timestamp::from_second(1_800_000_000).expect("a time of this century");
    let payload = Payload::FeedAsked { feed: format!("feed {position}"), problem: None };
    Published { position, event: Event::new(TenantId::local(), at, Vec::new(), payload) }
}

async fn next(receiver: &mut Receiver<Arc<Published>>) -> Result<Published, RecvError> {
    let received = timeout(PATIENCE, receiver.recv()).await.expect("an event within half a minute");
    received.map(|event| Published::clone(&event))
}

/// Holds a broadcast to its port; `capacity` is how far its receivers may fall behind.
///
/// # Panics
/// When the broadcast does not do what the port says.
pub async fn broadcast_suite(broadcast: &dyn Broadcast, capacity: usize) {
    every_receiver_has_every_event_in_order(broadcast).await;
    a_receiver_that_falls_behind_is_told_and_goes_on(broadcast, capacity).await;
}

async fn every_receiver_has_every_event_in_order(broadcast: &dyn Broadcast) {
    let mut early = broadcast.subscribe();
    let event = published(1);
    broadcast.send(std::slice::from_ref(&event)).await;
    assert_eq!(next(&mut early).await, Ok(event));
    // Those who come later hear nothing of it.
    let (mut first, mut second) = (broadcast.subscribe(), broadcast.subscribe());
    let events = [published(2), published(3), published(4)];
    broadcast.send(&events[..2]).await;
    broadcast.send(&[]).await;
    broadcast.send(&events[2..]).await;
    for receiver in [&mut first, &mut second] {
        for event in &events {
            assert_eq!(next(receiver).await.as_ref(), Ok(event));
        }
    }
    let mut late = broadcast.subscribe();
    broadcast.send(&[published(5)]).await;
    assert_eq!(next(&mut late).await, next(&mut first).await);
    assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
}

async fn a_receiver_that_falls_behind_is_told_and_goes_on(broadcast: &dyn Broadcast, capacity: usize) {
    let (mut slow, mut quick) = (broadcast.subscribe(), broadcast.subscribe());
    // Positions go on from those before.
    let before = 10;
    let count = before + i64::try_from(2 * capacity + 10).expect("a small capacity");
    for position in before + 1..=count {
        broadcast.send(&[published(position)]).await;
        assert_eq!(next(&mut quick).await.map(|event| event.position), Ok(position));
    }
    let missed = match next(&mut slow).await {
        Err(RecvError::Lagged(missed)) => Some(missed),
        _ => None,
    };
    let missed = missed.expect("a receiver that is further behind than there is room is told");
    let first = before + i64::try_from(missed).expect("a small number") + 1;
    assert!(first > before + 1 && first <= count, "{missed} of {count} missed");
    for position in first..=count {
        assert_eq!(next(&mut slow).await.map(|event| event.position), Ok(position));
    }
}
