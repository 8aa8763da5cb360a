//! Kafka: the bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use astroshield_adapters::SqliteStore;
use astroshield_adapters::kafka::{Authentication, BearerToken, KafkaBus, KafkaSettings, Tokens, reach};
use astroshield_domain::event::{Published, SCHEMA_VERSION, Topic};
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bus, Store, Subscription, Tasks, Worker};
use astroshield_testkit::entities::{at, feed_event};
use astroshield_testkit::{bus, tasks};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tempfile::TempDir;

use astroshield_testkit::servers::{Server, can_start, variable};

const PATIENCE: Duration = Duration::from_secs(60);

static NAMES: AtomicU32 = AtomicU32::new(0);

/// On the server that all tests share, under names of its own.
pub(crate) fn shared(partitions: i32) -> Option<KafkaSettings> {
    let brokers = variable("ASTROSHIELD_TEST_KAFKA")?;
    let authority = std::fs::read_to_string(variable("ASTROSHIELD_TEST_KAFKA_CA")?).unwrap();
    Some(settings(brokers, authority, partitions))
}

fn settings(brokers: String, authority: String, partitions: i32) -> KafkaSettings {
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    KafkaSettings {
        brokers,
        authentication: scram("secret"),
        roots_pem: Some(authority),
        prefix: format!("test-{}-{number}-", std::process::id()),
        partitions,
        replicas: Some(1),
    }
}

fn scram(password: &str) -> Authentication {
    Authentication::Scram { user: "astroshield".to_owned(), password: password.to_owned() }
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

async fn fresh_tasks() -> Option<tasks::Fresh> {
    let settings = shared(4)?;
    let folder = TempDir::new().unwrap();
    let bus = KafkaBus::new(settings, store(&folder).await).unwrap();
    bus.make_topics().await.unwrap();
    Some(tasks::Fresh { tasks: Arc::new(bus.tasks()), keep: Box::new(folder) })
}

mod tasks_keep_to_the_port {
    astroshield_testkit::tasks_suite!(super::fresh_tasks);
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

pub(crate) async fn next(subscription: &mut dyn Subscription) -> Published {
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
    // Headers that are as they should be do not save it.
    let headers = [("schema-version", SCHEMA_VERSION.to_string()), ("position", "1".to_owned())];
    let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    });
    let poison = FutureRecord::to(&topic).key("tenant-0").payload("{ no event either").headers(headers);
    producer.send(poison, PATIENCE).await.unwrap();
    bus.publish(&sent[1..]).await.unwrap();

    let mut subscription = bus.subscribe("all", &Topic::ALL).await.unwrap();
    assert_eq!(next(&mut *subscription).await, sent[0]);
    assert_eq!(next(&mut *subscription).await, sent[1]);
    subscription.acknowledge(sent[1].position).await.unwrap();

    let [first, second] = buried(&settings).await;
    assert_eq!(first, ("{ no event".to_owned(), "the header schema-version is missing".to_owned()));
    assert_eq!(second.0, "{ no event either");
    assert!(second.1.starts_with("its JSON cannot be read: key must be a string at line 1"), "{}", second.1);
}

/// The first dead letters, each with the reason.
async fn buried<const COUNT: usize>(settings: &KafkaSettings) -> [(String, String); COUNT] {
    let reader: BaseConsumer = client(settings)
        .set("group.id", format!("{}reader", settings.prefix))
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    reader.subscribe(&[&format!("{}dead-letters", settings.prefix)]).unwrap();
    let buried = tokio::task::spawn_blocking(move || {
        let (began, mut found) = (Instant::now(), Vec::new());
        while found.len() < COUNT {
            if let Some(message) = reader.poll(Duration::from_secs(1)) {
                found.push(message.unwrap().detach());
            }
            assert!(began.elapsed() < PATIENCE, "{} of {COUNT} are put aside", found.len());
        }
        found
    });
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let told = buried.await.unwrap().into_iter().map(|buried| {
        let reason = buried.headers().unwrap().iter().find(|header| header.key == "reason").unwrap();
        (text(buried.payload().unwrap()), text(reason.value.unwrap()))
    });
    told.collect::<Vec<_>>().try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slice_that_nobody_can_read_is_put_aside_with_the_reason_and_those_after_it_arrive() {
    let Some(settings) = shared(1) else { return };
    let folder = TempDir::new().unwrap();
    let bus = KafkaBus::new(settings.clone(), store(&folder).await).unwrap();
    bus.make_topics().await.unwrap();
    let handing_out = bus.tasks();
    let sent = tasks::slices(2);
    handing_out.put(&sent[..1]).await.unwrap();
    let producer: FutureProducer = client(&settings).create().unwrap();
    let topic = format!("{}screening-tasks", settings.prefix);
    let later = r#"{"schema_version":99,"tenant":"own","run":"01890a5d-ac96-774b-bcce-b302099a8057","slice":0,"trace":null}"#;
    producer.send(FutureRecord::to(&topic).key("run").payload(later), PATIENCE).await.unwrap();
    handing_out.put(&sent[1..]).await.unwrap();
    let mut worker = handing_out.join().await.unwrap();
    for slice in &sent {
        assert_eq!(next_slice(&mut *worker).await, slice.slice);
        worker.done().await.unwrap();
    }
    let [(buried, reason)] = buried(&settings).await;
    assert_eq!((buried.as_str(), reason.as_str()), (later, "schema version 99; at most 1 is understood"));
    assert_eq!(bus.lag(&["screening", "runs"]).await.unwrap(), [("screening", 0)]);
    handing_out.put(&tasks::slices(5)).await.unwrap();
    assert_eq!(bus.lag(&["screening"]).await.unwrap(), [("screening", 5)]);
}

async fn next_slice(worker: &mut dyn Worker) -> u32 {
    tokio::time::timeout(PATIENCE, worker.next()).await.expect("a slice in time").unwrap().slice
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_come_and_go_in_the_middle_leave_no_slice_behind() {
    let Some(settings) = shared(6) else { return };
    let folder = TempDir::new().unwrap();
    let bus = KafkaBus::new(settings, store(&folder).await).unwrap();
    bus.make_topics().await.unwrap();
    let handing_out = Arc::new(bus.tasks());
    handing_out.put(&tasks::slices(60)).await.unwrap();
    let done = Arc::new(std::sync::Mutex::new(Vec::new()));
    // Each takes some slices and goes, the last one in the middle of one; another one has come by then.
    let work = |slices: usize| {
        let (handing_out, done) = (Arc::clone(&handing_out), Arc::clone(&done));
        tokio::spawn(async move {
            let mut worker = handing_out.join().await.unwrap();
            for _ in 0..slices {
                let slice = next_slice(&mut *worker).await;
                tokio::time::sleep(Duration::from_millis(30)).await;
                worker.done().await.unwrap();
                done.lock().unwrap().push(slice);
            }
            next_slice(&mut *worker).await;
        })
    };
    let first = work(10);
    let second = work(5);
    first.await.unwrap();
    let third = work(8);
    second.await.unwrap();
    third.await.unwrap();
    let mut last = handing_out.join().await.unwrap();
    let everything = async {
        loop {
            let mut all = done.lock().unwrap().clone();
            all.sort_unstable();
            all.dedup();
            if all == (0..60).collect::<Vec<_>>() {
                return;
            }
            let slice = next_slice(&mut *last).await;
            last.done().await.unwrap();
            done.lock().unwrap().push(slice);
        }
    };
    tokio::time::timeout(PATIENCE, everything).await.expect("all slices");
    // Once each, but for those that a partition took along to another worker.
    let handed_out = done.lock().unwrap().len();
    assert!(handed_out <= 80, "{handed_out} times for 60 slices");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_published_before_another_one_took_over_publishes_nothing_more() {
    let Some(settings) = shared(2) else { return };
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let process = || KafkaBus::new(settings.clone(), Arc::clone(&store)).unwrap();
    let (first, second) = (process(), process());
    first.make_topics().await.unwrap();
    let sent = committed(&*store, &tenants(2), 6).await;
    first.take_over().await.unwrap();
    first.publish(&sent[..2]).await.unwrap();
    second.take_over().await.unwrap();
    let refused = first.publish(&sent[4..]).await;
    assert!(refused.is_err(), "{refused:?}");
    second.publish(&sent[2..]).await.unwrap();
    let mut subscription = first.subscribe("all", &Topic::ALL).await.unwrap();
    let mut heard = Vec::new();
    for _ in &sent {
        heard.push(next(&mut *subscription).await);
    }
    heard.sort_by_key(|event| event.position);
    assert_eq!(heard, sent);
    let more = tokio::time::timeout(Duration::from_secs(1), subscription.next()).await;
    assert!(more.is_err(), "{more:?}");
}

fn client(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("security.protocol", "SASL_SSL")
        .set("sasl.mechanism", "SCRAM-SHA-512")
        .set("sasl.username", "astroshield")
        .set("sasl.password", "secret")
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
    assert!(!bus(KafkaSettings { authentication: scram("guess"), ..settings.clone() }).ping().await);
    assert!(!bus(KafkaSettings { roots_pem: Some(other), ..settings.clone() }).ping().await);
    let bus = bus(settings);
    bus.make_topics().await.unwrap();
    assert!(bus.ping().await);
}

/// Tokens that hold for some seconds and are used for half of them, of the kind that brokers take for tests: a JWT that nobody
/// signed. librdkafka looks every second whether another one is due.
struct Unsigned {
    given: AtomicU32,
    subject: Option<&'static str>,
}

impl Tokens for Unsigned {
    fn token(&self) -> Result<BearerToken, String> {
        let subject = self.subject.ok_or("there are no credentials")?;
        self.given.fetch_add(1, Ordering::Relaxed);
        let issued = Timestamp::now();
        let (used, holds) = (issued + Duration::from_secs(6), issued + Duration::from_secs(12));
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        let claims =
            format!(r#"{{"sub":"{subject}","iat":{},"exp":{}}}"#, issued.as_second(), holds.as_second());
        let text = format!("{}.{}.", encode(r#"{"alg":"none"}"#.to_owned()), encode(claims));
        Ok(BearerToken { text, expires: used })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_has_a_token_and_a_new_one_before_it_expires() {
    let Some(settings) = shared(1) else { return };
    let tokens = Arc::new(Unsigned { given: AtomicU32::new(0), subject: Some("astroshield") });
    let authentication = Authentication::Tokens(Arc::<Unsigned>::clone(&tokens));
    let settings = KafkaSettings { authentication, ..settings };
    reach(&settings).await.unwrap();
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let bus = KafkaBus::new(settings.clone(), Arc::clone(&store)).unwrap();
    bus.make_topics().await.unwrap();
    let sent = committed(&*store, &tenants(1), 60).await;
    let mut subscription = bus.subscribe("all", &Topic::ALL).await.unwrap();
    let (before, begun) = (tokens.given.load(Ordering::Relaxed), Instant::now());
    // Over several lives of a token, after which the brokers end a connection without a new one.
    for event in &sent {
        bus.publish(std::slice::from_ref(event)).await.unwrap();
        assert_eq!(next(&mut *subscription).await, *event);
        subscription.acknowledge(event.position).await.unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert!(begun.elapsed() > Duration::from_secs(24));
    assert!(bus.ping().await);
    assert_eq!(bus.lag(&["all"]).await.unwrap().len(), 1);
    let given = tokens.given.load(Ordering::Relaxed) - before;
    assert!(given >= 6, "{given} tokens in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_the_bus_says_so_and_waits() {
    let Some(settings) = shared(1) else { return };
    let tokens = Unsigned { given: AtomicU32::new(0), subject: None };
    let settings = KafkaSettings { authentication: Authentication::Tokens(Arc::new(tokens)), ..settings };
    let folder = TempDir::new().unwrap();
    let bus = KafkaBus::new(settings, store(&folder).await).unwrap();
    assert_eq!(bus.make_topics().await.unwrap_err().to_string(), "bus: there are no credentials");
    assert!(!bus.ping().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_that_are_frozen_or_gone_lose_nothing_that_was_published_and_keep_its_order() {
    if !can_start(&["kafka"]) {
        return;
    }
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
            while heard.len() < events.len() {
                match subscription.next().await {
                    // A transaction whose end was not heard of may have been committed: then some come again.
                    Ok(event) if heard.contains(&event) => {}
                    Ok(event) => heard.push(event),
                    Err(error) => eprintln!("{error}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("all events");
        // What is heard for the first time of a tenant is in order as it comes.
        for owner in tenants(3) {
            let of = |events: &[Published]| -> Vec<i64> {
                let own = events.iter().filter(|published| published.event.tenant == owner);
                own.map(|published| published.position).collect()
            };
            assert_eq!(of(&heard), of(events), "{away}");
        }
        let last = events[events.len() - 1].position;
        while subscription.acknowledge(last).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
