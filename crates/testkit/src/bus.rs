//! What every [`Bus`] keeps to. [`bus_suite!`](crate::bus_suite) makes a test of each fact.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::event::{Payload, Published, Topic};
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bus, Store, Subscription};
use tokio::time::timeout;

use crate::entities::{at, element_set, feed_event, ingest, later_event, tenant};

/// A bus without events over an empty store, and what has to live as long as they do.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The bus.
    pub bus: Arc<dyn Bus>,
    /// Its folder or the like.
    pub keep: Box<dyn Any + Send>,
}

/// How long an event may take; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait for an event that must not come.
const SILENCE: Duration = Duration::from_millis(100);

async fn put(store: &dyn Store, feed: &str) {
    let status = FeedStatus { feed: feed.to_owned(), ..FeedStatus::default() };
    store.put_feed(&status, &feed_event(&tenant("own"), at(0), feed)).await.unwrap();
}

/// What the relay does.
async fn relay(fresh: &Fresh) -> Vec<Published> {
    let events = fresh.store.sequence_events(1_000).await.unwrap();
    fresh.bus.publish(&events).await.unwrap();
    events
}

async fn next(subscription: &mut dyn Subscription) -> Published {
    timeout(PATIENCE, subscription.next()).await.unwrap().unwrap()
}

async fn next_feed(subscription: &mut dyn Subscription) -> String {
    match next(subscription).await.event.payload {
        Payload::FeedAsked { feed, .. } => feed,
        other => format!("{other:?}"),
    }
}

async fn assert_silent(subscription: &mut dyn Subscription) {
    let event = timeout(SILENCE, subscription.next()).await;
    assert!(event.is_err(), "{event:?}");
}

/// Each consumer gets every event of its topics, in order.
pub async fn every_consumer_gets_every_event_in_order(fresh: &Fresh) {
    put(&*fresh.store, "a").await;
    put(&*fresh.store, "b").await;
    let set = ingest(&TenantId::public(), at(0), vec![element_set(5, 0)]);
    fresh.store.ingest(&set, &[]).await.unwrap();
    put(&*fresh.store, "c").await;
    let sent = relay(fresh).await;
    for consumer in ["first", "second"] {
        let mut subscription = fresh.bus.subscribe(consumer, &Topic::ALL).await.unwrap();
        for event in &sent {
            assert_eq!(next(&mut *subscription).await, *event);
        }
        assert_silent(&mut *subscription).await;
    }
    let mut catalog = fresh.bus.subscribe("third", &[Topic::Catalog]).await.unwrap();
    assert_eq!(next(&mut *catalog).await, sent[2]);
    assert_silent(&mut *catalog).await;
}

/// What a later release tells reaches the consumers of its topic to the letter, and what comes after it, too.
pub async fn events_of_a_later_release_go_on_as_they_came(fresh: &Fresh) {
    let status = FeedStatus { feed: "a".to_owned(), ..FeedStatus::default() };
    for topic in ["maneuvers", "feeds"] {
        fresh.store.put_feed(&status, &later_event(&tenant("own"), at(0), topic)).await.unwrap();
    }
    put(&*fresh.store, "b").await;
    let sent = relay(fresh).await;
    let mut feeds = fresh.bus.subscribe("feeds", &[Topic::Feeds]).await.unwrap();
    let later = next(&mut *feeds).await;
    assert_eq!(later, sent[1]);
    assert!(!later.event.is_understood_by("feeds"));
    feeds.acknowledge(later.position).await.unwrap();
    assert_eq!(next(&mut *feeds).await, sent[2]);
}

/// Who waits is woken by the event.
pub async fn a_waiting_consumer_is_woken(fresh: &Fresh) {
    let mut feeds = fresh.bus.subscribe("feeds", &[Topic::Feeds]).await.unwrap();
    for place in 0..20 {
        let feed = format!("feed-{place}");
        let (received, ()) = tokio::join!(next_feed(&mut *feeds), async {
            put(&*fresh.store, &feed).await;
            relay(fresh).await;
        });
        assert_eq!(received, feed);
    }
}

/// A consumer that comes back goes on after what it acknowledged; what it did not comes again.
pub async fn what_was_not_acknowledged_comes_again(fresh: &Fresh) {
    for feed in ["a", "b", "c"] {
        put(&*fresh.store, feed).await;
    }
    relay(fresh).await;
    let mut first = fresh.bus.subscribe("notify", &Topic::ALL).await.unwrap();
    let event = next(&mut *first).await;
    first.acknowledge(event.position).await.unwrap();
    assert_eq!(next_feed(&mut *first).await, "b");
    drop(first);
    let mut second = fresh.bus.subscribe("notify", &Topic::ALL).await.unwrap();
    assert_eq!(next_feed(&mut *second).await, "b");
    let last = next(&mut *second).await;
    second.acknowledge(last.position).await.unwrap();
    second.acknowledge(event.position).await.unwrap();
    drop(second);
    let mut third = fresh.bus.subscribe("notify", &Topic::ALL).await.unwrap();
    assert_silent(&mut *third).await;
    put(&*fresh.store, "d").await;
    relay(fresh).await;
    assert_eq!(next_feed(&mut *third).await, "d");
}

/// To stop waiting for an event does not lose it.
pub async fn waiting_may_be_given_up(fresh: &Fresh) {
    let mut feeds = fresh.bus.subscribe("feeds", &[Topic::Feeds]).await.unwrap();
    for feed in ["a", "b", "c", "d"] {
        for _ in 0..5 {
            // Polled once at most, wherever that leads.
            let waited = timeout(Duration::ZERO, feeds.next()).await;
            assert!(waited.is_err(), "{waited:?}");
        }
        put(&*fresh.store, feed).await;
        relay(fresh).await;
        assert_eq!(next_feed(&mut *feeds).await, feed);
    }
}

/// To publish again what was published is no harm.
pub async fn publishing_again_is_no_harm(fresh: &Fresh) {
    let mut feeds = fresh.bus.subscribe("feeds", &[Topic::Feeds]).await.unwrap();
    put(&*fresh.store, "a").await;
    let sent = relay(fresh).await;
    let event = next(&mut *feeds).await;
    feeds.acknowledge(event.position).await.unwrap();
    fresh.bus.publish(&sent).await.unwrap();
    put(&*fresh.store, "b").await;
    relay(fresh).await;
    // At least once: the first may come again, before the second.
    let mut feed = next_feed(&mut *feeds).await;
    if feed == "a" {
        feed = next_feed(&mut *feeds).await;
    }
    assert_eq!(feed, "b");
}

/// More events than a bus reads at once arrive in order, each once.
pub async fn many_events_arrive_in_order(fresh: &Fresh) {
    let mut feeds = fresh.bus.subscribe("feeds", &[Topic::Feeds]).await.unwrap();
    for place in 0..600 {
        put(&*fresh.store, &format!("{place}")).await;
    }
    relay(fresh).await;
    for place in 0..600 {
        assert_eq!(next_feed(&mut *feeds).await, format!("{place}"));
    }
    assert_silent(&mut *feeds).await;
}

/// Makes a test of every fact of the suite. The argument is an async function that makes a [`Fresh`](crate::bus::Fresh),
/// or `None` where that is not possible and the tests are skipped.
#[macro_export]
macro_rules! bus_suite {
    ($fresh:path) => {
        $crate::bus_suite!($fresh:
            every_consumer_gets_every_event_in_order
            events_of_a_later_release_go_on_as_they_came
            a_waiting_consumer_is_woken
            what_was_not_acknowledged_comes_again
            waiting_may_be_given_up
            publishing_again_is_no_harm
            many_events_arrive_in_order
        );
    };
    ($fresh:path: $($fact:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $fact() {
            if let Some(fresh) = $fresh().await {
                $crate::bus::$fact(&fresh).await;
            }
        }
    )*};
}
