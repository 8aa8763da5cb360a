//! The bus between processes, on Kafka.
//!
//! All events are in one topic: those of a tenant have one partition, so that a consumer has them in their order whatever
//! they speak of. A consumer is a consumer group; its processes share the partitions.

mod envelope;
mod place;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bus, BusError, Store, Subscription};
use astroshield_domain::trace::Trace;
use async_trait::async_trait;
use futures_util::future::try_join_all;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tracing::Span;

use self::place::Place;

/// Longest time for the brokers to take events, and to answer anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shards that tenants fall into. They are spread over the partitions, and are the same whatever number of those there is.
const SHARDS: u64 = 64;

/// Where the brokers are, and how to speak to them: TLS, and SASL with SCRAM-SHA-512.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port`, some of them, with commas.
    pub brokers: String,
    /// Name of the user.
    pub user: String,
    /// Password of the user.
    pub password: String,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<String>,
    /// What names of topics and consumer groups begin with.
    pub prefix: String,
    /// Partitions of the events that are used. More of them in the cluster change nothing until this says so.
    pub partitions: i32,
    /// Copies of each partition; nothing where the cluster knows.
    pub replicas: Option<i32>,
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("user", &self.user)
            .field("prefix", &self.prefix)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl KafkaSettings {
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "astroshield")
            .set("security.protocol", "SASL_SSL")
            .set("sasl.mechanism", "SCRAM-SHA-512")
            .set("sasl.username", &self.user)
            .set("sasl.password", &self.password)
            .set("ssl.endpoint.identification.algorithm", "https")
            .set("socket.keepalive.enable", "true")
            // Reconnecting after a broker was away takes a second, not ten.
            .set("reconnect.backoff.max.ms", "1000");
        if let Some(pem) = &self.roots_pem {
            config.set("ssl.ca.pem", pem);
        }
        config
    }

    fn events(&self) -> String {
        format!("{}events", self.prefix)
    }

    fn dead_letters(&self) -> String {
        format!("{}dead-letters", self.prefix)
    }

    /// The partition of a tenant.
    fn partition(&self, tenant: &TenantId) -> i32 {
        // FNV-1a: it has to be the same in every version of the program.
        let hash = tenant.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let shard = i32::try_from(hash % SHARDS).unwrap_or_default();
        shard % self.partitions.max(1)
    }
}

/// A [`Bus`] on Kafka.
pub struct KafkaBus {
    settings: Arc<KafkaSettings>,
    store: Arc<dyn Store>,
    producer: FutureProducer,
}

impl KafkaBus {
    /// A bus on these brokers, which need not be there yet. How far consumers are is kept in the store, too, which forgets
    /// events that all have passed.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: KafkaSettings, store: Arc<dyn Store>) -> Result<Self, BusError> {
        let producer = settings
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "2")
            .set("compression.type", "lz4")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string())
            .create()
            .map_err(|error| bus_error("the producer", error))?;
        Ok(Self { settings: Arc::new(settings), store, producer })
    }

    /// Makes the topics that are not there.
    ///
    /// # Errors
    /// When the brokers do not answer, or refuse.
    pub async fn make_topics(&self) -> Result<(), BusError> {
        let admin: AdminClient<DefaultClientContext> =
            self.settings.client().create().map_err(|error| bus_error("the administrator", error))?;
        let replicas = || TopicReplication::Fixed(self.settings.replicas.unwrap_or(-1));
        let (events, dead) = (self.settings.events(), self.settings.dead_letters());
        let topics = [
            NewTopic::new(&events, self.settings.partitions, replicas()),
            NewTopic::new(&dead, 1, replicas()),
        ];
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        let made = admin.create_topics(&topics, &options).await;
        for topic in made.map_err(|error| bus_error("making topics", error))? {
            match topic {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(bus_error(&format!("making the topic {name}"), KafkaError::AdminOp(code)));
                }
            }
        }
        Ok(())
    }

    /// Whether the brokers answer.
    pub async fn ping(&self) -> bool {
        let (producer, topic) = (self.producer.clone(), self.settings.events());
        let asked = tokio::task::spawn_blocking(move || {
            let metadata = producer.client().fetch_metadata(Some(&topic), Duration::from_millis(1500));
            metadata.is_ok_and(|metadata| metadata.topics().iter().all(|topic| topic.error().is_none()))
        });
        asked.await.unwrap_or(false)
    }
}

/// Asks the brokers for the topics, which need not be there yet.
///
/// # Errors
/// When no broker answers, or they refuse the user.
pub async fn reach(settings: &KafkaSettings) -> Result<(), BusError> {
    // A consumer's question does not make a topic.
    let consumer: BaseConsumer =
        settings.client().create().map_err(|error| bus_error("the client", error))?;
    let topic = settings.events();
    let asked =
        tokio::task::spawn_blocking(move || consumer.fetch_metadata(Some(&topic), PATIENCE).map(drop));
    let gone = |source| BusError { reason: "the client is gone".to_owned(), source: Some(Box::new(source)) };
    asked.await.map_err(gone)?.map_err(|error| bus_error("asking for topics", error))
}

impl fmt::Debug for KafkaBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaBus").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl Bus for KafkaBus {
    async fn publish(&self, events: &[Published]) -> Result<(), BusError> {
        let topic = self.settings.events();
        let (mut sent, mut spans) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for published in events {
            let step = Trace::of(published.event.trace.as_deref(), None).map(|trace| {
                let (step, span) = trace.call(|| sending(&topic));
                spans.push(span);
                step
            });
            let written = envelope::write(published, step.as_ref()).map_err(|source| BusError {
                reason: format!("event {} cannot be written", published.event.id),
                source: Some(Box::new(source)),
            })?;
            let record = FutureRecord::to(&topic)
                .partition(self.settings.partition(&published.event.tenant))
                .key(published.event.tenant.as_str())
                .headers(written.headers)
                .payload(&written.payload);
            // In the order of positions, which an idempotent producer keeps over what it repeats.
            sent.push(self.producer.send_result(record).map_err(|(error, _)| bus_error("sending", error))?);
        }
        let taken = try_join_all(sent).await.map_err(|source| BusError {
            reason: "the producer is gone".to_owned(),
            source: Some(Box::new(source)),
        })?;
        match taken.into_iter().find_map(Result::err) {
            Some((error, _)) => Err(bus_error("sending", error)),
            None => Ok(()),
        }
    }

    async fn subscribe(
        &self,
        consumer: &'static str,
        topics: &[Topic],
    ) -> Result<Box<dyn Subscription>, BusError> {
        let place =
            Place::new(&self.settings, consumer, topics, Arc::clone(&self.store), self.producer.clone())?;
        Ok(Box::new(place))
    }
}

/// The span of an event that is sent.
fn sending(topic: &str) -> Span {
    tracing::debug_span!(
        "send",
        otel.kind = "producer",
        messaging.system = "kafka",
        messaging.operation.name = "send",
        messaging.destination.name = topic
    )
}

fn bus_error(what: &str, error: KafkaError) -> BusError {
    BusError { reason: what.to_owned(), source: Some(Box::new(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(partitions: i32) -> KafkaSettings {
        KafkaSettings {
            brokers: "127.0.0.1:9".to_owned(),
            user: "me".to_owned(),
            password: "hush".to_owned(),
            roots_pem: None,
            prefix: String::new(),
            partitions,
            replicas: None,
        }
    }

    #[test]
    fn a_tenant_stays_in_its_partition_and_tenants_are_spread() {
        // What was once published must be found again: these never change.
        let place = |tenant: &str| settings(12).partition(&TenantId::new(tenant).unwrap());
        assert_eq!(["public", "local", "flies"].map(place), ["public", "local", "flies"].map(place));
        let mut used: Vec<i32> = (0..100).map(|n| place(&format!("tenant-{n}"))).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, (0..12).collect::<Vec<_>>());
        assert_eq!(settings(1).partition(&TenantId::public()), 0);
    }

    #[test]
    fn the_password_is_not_printed() {
        assert!(!format!("{:?}", settings(1)).contains("hush"));
    }
}
