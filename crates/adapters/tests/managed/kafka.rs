//! Kafka: the bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use astroshield_adapters::SqliteStore;
use astroshield_adapters::kafka::{KafkaBus, KafkaSettings};
use astroshield_domain::event::{Published, Topic};
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bus, Store, Subscription};
use astroshield_testkit::bus;
use astroshield_testkit::entities::{at, feed_event};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tempfile::TempDir;

use astroshield_testkit::servers::{Server, variable};

const PATIENCE: Duration = Duration::from_secs(60);

static NAMES: AtomicU32 = AtomicU32::new(0);

/// On the server that all tests share, under names of its own.
fn shared(partitions: i32) -> Option<KafkaSettings> {
    let brokers = variable("ASTROSHIELD_TEST_KAFKA")?;
    let authority = std::fs::read_to_string(variable("ASTROSHIELD_TEST_KAFKA_CA")?).unwrap();
    Some(settings(brokers, authority, partitions))
}

fn settings(brokers: String, authority: String, partitions: i32) -> KafkaSettings {
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    KafkaSettings {
        brokers,
        user: "astroshield".to_owned(),
        password: "secret".to_owned(),
        roots_pem: Some(authority),
        prefix: format!("test-{}-{number}-", std::process::id()),
        partitions,
        replicas: Some(1),
    }
}

async fn store(folder: &TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.path().join("store.db")).await.unwrap())
}

async fn fresh() -> Option<bus::Fresh> {
    let settings = shared(1)?;
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = KafkaBus::new(settings, Arc::clone(&store)).unwrap();
    bus.make_topics().await.unwrap();
    Some(bus::Fresh { store, bus: Arc::new(bus), keep: Box::new(folder) })
}

mod keeps_to_the_port {
    astroshield_testkit::bus_suite!(super::fresh);
}

/// Commits events of tenants in turn and gives them positions.
async fn committed(store: &dyn Store, tenants: &[TenantId], count: usize) -> Vec<Published> {
    for number in 0..count {
        let feed = format!("{number}");
        let status = FeedStatus { feed: feed.clone(), ..FeedStatus::default() };
        let tenant = &tenants[number % tenants.len()];
        store.put_feed(&status, &feed_event(tenant, at(0), &feed)).await.unwrap();
    }
    let mut events = Vec::new();
    loop {
        let some = store.sequence_events(500).await.unwrap();
        if some.is_empty() {
            return events;
        }
        events.extend(some);
    }
}

async fn next(subscription: &mut dyn Subscription) -> Published {
    tokio::time::timeout(PATIENCE, subscription.next()).await.expect("an event in time").unwrap()
}

fn tenants(count: usize) -> Vec<TenantId> {
    (0..count).map(|number| TenantId::new(format!("tenant-{number}")).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_partitions_each_tenant_has_its_events_in_order_and_topics_are_made_once() {
    let Some(settings) = shared(4) else { return };
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = KafkaBus::new(settings, Arc::clone(&store)).unwrap();
    bus.make_topics().await.unwrap();
    bus.make_topics().await.unwrap();
    let tenants = tenants(9);
    let sent = committed(&*store, &tenants, 300).await;
    bus.publish(&sent).await.unwrap();
    let mut subscription = bus.subscribe("all", &Topic::ALL).await.unwrap();
    let mut heard = Vec::new();
    for _ in 0..sent.len() {
        heard.push(next(&mut *subscription).await);
    }
    for tenant in &tenants {
        let of = |events: &[Published]| -> Vec<Published> {
            events.iter().filter(|one| one.event.tenant == *tenant).cloned().collect()
        };
        assert_eq!(of(&heard), of(&sent), "{tenant}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_of_a_consumer_share_the_partitions_and_one_that_goes_leaves_its_events_to_the_others() {
    let Some(settings) = shared(4) else { return };
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = KafkaBus::new(settings, Arc::clone(&store)).unwrap();
    bus.make_topics().await.unwrap();
    let sent = committed(&*store, &tenants(9), 200).await;
    bus.publish(&sent[..100]).await.unwrap();
    // One that takes events, deals with some of them, and dies.
    let mut first = bus.subscribe("shared", &Topic::ALL).await.unwrap();
    let mut done = Vec::new();
    for _ in 0..10 {
        let event = next(&mut *first).await;
        first.acknowledge(event.position).await.unwrap();
        done.push(event.position);
    }
    next(&mut *first).await;
    drop(first);
    bus.publish(&sent[100..]).await.unwrap();
    let (mut second, mut third) = (
        bus.subscribe("shared", &Topic::ALL).await.unwrap(),
        bus.subscribe("shared", &Topic::ALL).await.unwrap(),
    );
    let everything = async {
        while done.len() < sent.len() {
            let (event, by) = tokio::select! {
                event = second.next() => (event.unwrap(), &mut second),
                event = third.next() => (event.unwrap(), &mut third),
            };
            by.acknowledge(event.position).await.unwrap();
            if !done.contains(&event.position) {
                done.push(event.position);
            }
        }
    };
    tokio::time::timeout(PATIENCE, everything).await.expect("nothing is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_event_is_put_aside_with_the_reason_and_those_after_it_arrive() {
    let Some(settings) = shared(1) else { return };
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = KafkaBus::new(settings.clone(), Arc::clone(&store)).unwrap();
    bus.make_topics().await.unwrap();
    let sent = committed(&*store, &tenants(1), 2).await;
    bus.publish(&sent[..1]).await.unwrap();
    let client = client(&settings);
    let producer: FutureProducer = client.create().unwrap();
    let topic = format!("{}events", settings.prefix);
    let poison = FutureRecord::to(&topic).key("tenant-0").payload("{ no event");
    producer.send(poison, PATIENCE).await.unwrap();
    bus.publish(&sent[1..]).await.unwrap();

    let mut subscription = bus.subscribe("all", &Topic::ALL).await.unwrap();
    assert_eq!(next(&mut *subscription).await, sent[0]);
    assert_eq!(next(&mut *subscription).await, sent[1]);
    subscription.acknowledge(sent[1].position).await.unwrap();

    let reader: BaseConsumer = client
        .clone()
        .set("group.id", format!("{}reader", settings.prefix))
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    reader.subscribe(&[&format!("{}dead-letters", settings.prefix)]).unwrap();
    let buried = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        loop {
            if let Some(message) = reader.poll(Duration::from_secs(1)) {
                return message.unwrap().detach();
            }
            assert!(began.elapsed() < PATIENCE, "nothing is put aside");
        }
    });
    let buried = buried.await.unwrap();
    assert_eq!(buried.payload(), Some(&b"{ no event"[..]));
    let reason = buried.headers().unwrap().iter().find(|header| header.key == "reason").unwrap();
    let reason = String::from_utf8(reason.value.unwrap().to_vec()).unwrap();
    assert_eq!(reason, "the header schema-version is missing");
}

fn client(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("security.protocol", "SASL_SSL")
        .set("sasl.mechanism", "SCRAM-SHA-512")
        .set("sasl.username", &settings.user)
        .set("sasl.password", &settings.password)
        .set("ssl.ca.pem", settings.roots_pem.as_deref().unwrap());
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_and_brokers_with_another_authority_are_not_used() {
    let Some(settings) = shared(1) else { return };
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = |settings: KafkaSettings| KafkaBus::new(settings, Arc::clone(&store)).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    assert!(!bus(KafkaSettings { password: "guess".to_owned(), ..settings.clone() }).ping().await);
    assert!(!bus(KafkaSettings { roots_pem: Some(other), ..settings.clone() }).ping().await);
    let bus = bus(settings);
    bus.make_topics().await.unwrap();
    assert!(bus.ping().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_that_are_frozen_or_gone_lose_and_double_nothing_that_was_published() {
    let server = Server::start("kafka");
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = Arc::new(
        KafkaBus::new(settings(server.address.clone(), server.authority(), 2), Arc::clone(&store)).unwrap(),
    );
    bus.make_topics().await.unwrap();
    let sent = committed(&*store, &tenants(3), 60).await;
    let mut subscription = bus.subscribe("all", &Topic::ALL).await.unwrap();
    for (round, (away, back)) in [("freeze", "thaw"), ("kill", "restart")].into_iter().enumerate() {
        let events = &sent[round * 30..round * 30 + 30];
        bus.publish(&events[..10]).await.unwrap();
        server.tell(away);
        let publishing = {
            let (bus, events) = (Arc::clone(&bus), events[10..].to_vec());
            // As the relay does: the same events again until they are taken.
            tokio::spawn(async move {
                while let Err(error) = bus.publish(&events).await {
                    eprintln!("{error}");
                }
            })
        };
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.tell(back);
        publishing.await.unwrap();
        let mut heard = Vec::new();
        let hearing = async {
            // A failed attempt may have come through in part: then some are heard again, and never before those before them.
            while heard.len() < events.len() {
                match subscription.next().await {
                    Ok(event) => {
                        if !heard.contains(&event) {
                            heard.push(event);
                        }
                    }
                    Err(error) => eprintln!("{error}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("all events");
        heard.sort_by_key(|event| event.position);
        assert_eq!(heard, events, "{away}");
        let last = events[events.len() - 1].position;
        while subscription.acknowledge(last).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
