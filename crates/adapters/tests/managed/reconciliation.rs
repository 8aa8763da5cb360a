//! Kafka beside a store that was restored: consumers see what they had not dealt with by then, and nothing that the store does
//! not know.

use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::SqliteStore;
use astroshield_adapters::kafka::{KafkaBus, KafkaHistory, KafkaSettings};
use astroshield_adapters::memory::LocalBroadcast;
use astroshield_domain::event::Topic;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::ports::{Bus, BusHistory, EventStore, Store, Subscription, SystemClock};
use astroshield_domain::reconciliation::{self, CONSUMERS, Plan, ReconciliationError};
use astroshield_domain::relay::Relay;
use astroshield_testkit::entities::{at, feed_event};
use object_store::memory::InMemory;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::kafka::{next, shared};

const CONSUMER: &str = CONSUMERS[0];
const PLAN: Plan = Plan { dry_run: false, remove_after: None };

/// Commits an event.
async fn commit(store: &dyn Store, feed: &str) -> EventId {
    let status = FeedStatus { feed: feed.to_owned(), ..FeedStatus::default() };
    let event = feed_event(&TenantId::public(), at(0), feed);
    store.put_feed(&status, &event).await.unwrap();
    event.id
}

/// A process of the service: a relay, and a consumer.
struct Process {
    store: Arc<SqliteStore>,
    bus: Arc<KafkaBus>,
    stop: CancellationToken,
    relay: tokio::task::JoinHandle<()>,
}

impl Process {
    async fn start(folder: &TempDir, settings: &KafkaSettings) -> Self {
        let store = Arc::new(SqliteStore::open(&folder.path().join("store.db")).await.unwrap());
        let bus = Arc::new(KafkaBus::new(settings.clone(), Arc::<SqliteStore>::clone(&store)).unwrap());
        bus.make_topics().await.unwrap();
        let (port, stop) = (Arc::<SqliteStore>::clone(&store), CancellationToken::new());
        let relay = Relay::new(
            port,
            Arc::<KafkaBus>::clone(&bus),
            Arc::new(LocalBroadcast::new(16)),
            Arc::new(SystemClock),
        );
        let shutdown = stop.clone();
        let relay = tokio::spawn(async move { relay.run(None, shutdown).await });
        Self { store, bus, stop, relay }
    }

    async fn subscription(&self) -> Box<dyn Subscription> {
        self.bus.subscribe(CONSUMER, &Topic::ALL).await.unwrap()
    }

    /// Ends as a process does: the file is whole.
    async fn end(self) {
        self.stop.cancel();
        self.relay.await.unwrap();
        self.store.close().await;
    }
}

/// The next event, dealt with.
async fn take(subscription: &mut dyn Subscription) -> EventId {
    let published = next(subscription).await;
    subscription.acknowledge(published.position).await.unwrap();
    published.event.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_see_again_what_they_had_not_dealt_with_and_nothing_that_the_store_does_not_know() {
    let Some(settings) = shared(2) else { return };
    let (folder, copy) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = |folder: &TempDir| folder.path().join("store.db");
    let process = Process::start(&folder, &settings).await;
    let mut subscription = process.subscription().await;
    let kept = [commit(&*process.store, "a").await, commit(&*process.store, "b").await];
    assert_eq!(take(&mut *subscription).await, kept[0]);
    // The other one has seen everything.
    process.store.advance_consumer(CONSUMERS[1], 2).await.unwrap();
    // Handed out, and not dealt with.
    assert_eq!(next(&mut *subscription).await.event.id, kept[1]);
    drop(subscription);
    process.end().await;
    // The point in time: a copy of the state, as a database of PostgreSQL is restored in the tests of the server.
    std::fs::copy(file(&folder), file(&copy)).unwrap();

    let process = Process::start(&folder, &settings).await;
    let mut subscription = process.subscription().await;
    let lost = [commit(&*process.store, "c").await, commit(&*process.store, "d").await];
    assert_eq!(take(&mut *subscription).await, kept[1]);
    // One of those that will be lost is dealt with, the other one waits on the bus.
    assert_eq!(take(&mut *subscription).await, lost[0]);
    let history = KafkaHistory::new(settings.clone(), &[CONSUMER]);
    let blobs = InMemory::new();
    let used = reconciliation::reconcile(&*process.store, &blobs, Some(&history), at(0), PLAN).await;
    assert!(matches!(used, Err(ReconciliationError::InUse { .. })), "{used:?}");
    drop(subscription);
    process.end().await;

    let store = SqliteStore::open(&file(&copy)).await.unwrap();
    let mut trials = 0;
    let report = loop {
        // Leaving the group takes a moment.
        match reconciliation::reconcile(&store, &blobs, Some(&history), at(0), PLAN).await {
            Err(ReconciliationError::InUse { .. }) if trials < 100 => trials += 1,
            other => break other.unwrap(),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    store.close().await;
    let (events, waiting) = (&report.events, &report.events.lost_newest);
    assert_eq!((events.last_position, events.last_on_bus, events.publish_after), (2, Some(4), Some(1)));
    assert_eq!(events.published_again, 1);
    assert_eq!(waiting.iter().map(|event| event.id).collect::<Vec<_>>(), [lost[1], lost[0]]);
    assert!(report.bus.iter().any(|place| place.consumer == CONSUMER && place.committed < Some(place.end)));

    let process = Process::start(&copy, &settings).await;
    let mut subscription = process.subscription().await;
    let new = commit(&*process.store, "e").await;
    // Again, under the identity and the position that it has.
    let again = next(&mut *subscription).await;
    assert_eq!((again.event.id, again.position), (kept[1], 2));
    subscription.acknowledge(again.position).await.unwrap();
    let published = next(&mut *subscription).await;
    assert_eq!(published.event.id, new);
    assert!(published.position > events.continue_after);
    assert_eq!(history.published_since(None).await.unwrap().len(), 6);
    drop(subscription);
    process.end().await;
}
