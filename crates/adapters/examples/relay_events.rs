//! For `make bench-tiers`: events through outbox, relay and bus, to the end. Prints how many a second came through.
//!
//! `relay_events EVENTS sqlite FILE`, or `relay_events EVENTS kafka` with the variables that `scripts/services` prints.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use astroshield_adapters::kafka::{Authentication, KafkaBus, KafkaSettings};
use astroshield_adapters::memory::LocalBroadcast;
use astroshield_adapters::{EmbeddedBus, PostgresStore, SqliteStore};
use astroshield_domain::event::{Event, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bus, Store, SystemClock};
use astroshield_domain::relay::Relay;
use astroshield_testkit::entities::{at, feed_event, upload};
use astroshield_testkit::postgres;
use astroshield_testkit::servers::variable;
use tokio_util::sync::CancellationToken;

/// Tenants that the events are of.
const TENANTS: usize = 16;
/// Events that are committed at once, as a run's or an ingest's are.
const AT_ONCE: usize = 100;
/// Transactions that are under way at a time.
const WRITERS: usize = 4;
/// Events that the consumer is given before it says so.
const ACKNOWLEDGED: usize = 500;
const PARTITIONS: i32 = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (count, place) = arguments.split_first().context("usage: relay_events EVENTS sqlite FILE | kafka")?;
    let count: usize = count.parse()?;
    let (store, bus): (Arc<dyn Store>, Arc<dyn Bus>) = match place {
        ["sqlite", file] => {
            let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(file)).await?);
            (Arc::clone(&store), Arc::new(EmbeddedBus::new(store)))
        }
        ["kafka"] => {
            let database = postgres::database().await.context("ASTROSHIELD_TEST_POSTGRES_URL is not set")?;
            let store: Arc<dyn Store> = Arc::new(PostgresStore::connect(&database).await?);
            let bus = KafkaBus::new(kafka()?, Arc::clone(&store))?;
            bus.make_topics().await?;
            (store, Arc::new(bus))
        }
        _ => bail!("usage: relay_events EVENTS sqlite FILE | kafka"),
    };
    let shutdown = CancellationToken::new();
    let mut subscription = bus.subscribe("bench", &Topic::ALL).await?;
    let relay = Relay::new(
        Arc::clone(&store),
        Arc::clone(&bus),
        Arc::new(LocalBroadcast::new(AT_ONCE)),
        Arc::new(SystemClock),
    );
    let relaying = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { relay.run(None, shutdown).await }
    });
    let began = Instant::now();
    let writing: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for transaction in (writer..count / AT_ONCE).step_by(WRITERS) {
                    write(&*store, transaction).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    let mut heard = 0;
    while heard < count / AT_ONCE * AT_ONCE {
        let event = subscription.next().await?;
        heard += 1;
        if heard % ACKNOWLEDGED == 0 {
            subscription.acknowledge(event.position).await?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    for writer in writing {
        writer.await??;
    }
    shutdown.cancel();
    relaying.await?;
    println!("{{\"events\": {heard}, \"seconds\": {seconds:.3}}}");
    Ok(())
}

/// Commits events of a tenant.
async fn write(store: &dyn Store, transaction: usize) -> anyhow::Result<()> {
    let tenant = TenantId::new(format!("tenant-{}", transaction % TENANTS))?;
    let events: Vec<Event> = (0..AT_ONCE).map(|_| feed_event(&tenant, at(0), "bench")).collect();
    Ok(store.add_upload(&upload(&tenant, at(0)), &[], &[], &events, None).await?)
}

fn kafka() -> anyhow::Result<KafkaSettings> {
    let variable = |name| variable(name).with_context(|| format!("{name} is not set"));
    let authority = variable("ASTROSHIELD_TEST_KAFKA_CA")?;
    Ok(KafkaSettings {
        brokers: variable("ASTROSHIELD_TEST_KAFKA")?,
        authentication: Authentication::Scram {
            user: "astroshield".to_owned(),
            password: "secret".to_owned(),
        },
        roots_pem: Some(std::fs::read_to_string(&authority).context(authority)?),
        prefix: format!("bench-{}-", std::process::id()),
        partitions: PARTITIONS,
        replicas: Some(1),
    })
}
