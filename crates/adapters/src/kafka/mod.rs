//! The bus between processes, on Kafka.
//!
//! All events are in one topic: those of a tenant have one partition, so that a consumer has them in their order whatever
//! they speak of. A consumer is a consumer group; its processes share the partitions. Slices to be screened are in another
//! topic, whose partitions those share who screen.

mod authentication;
mod dead_letters;
mod envelope;
mod history;
mod lag;
mod msk_iam;
mod place;
mod publisher;
mod tasks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::deployment::BusTopic;
use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Bus, BusError, Store, Subscription};
use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, Producer};
use tokio::sync::Mutex;

use self::authentication::Identified;
pub use self::authentication::{Authentication, BearerToken, Tokens};
use self::dead_letters::DeadLetters;
pub use self::history::KafkaHistory;
pub use self::msk_iam::{MskIam, MskIamSettings};
use self::place::Place;
use self::publisher::Publisher;
pub use self::tasks::KafkaTasks;

/// Longest time for the brokers to take events, and to answer anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shards that tenants fall into. They are spread over the partitions, and are the same whatever number of those there is.
const SHARDS: u64 = 64;

/// Where the brokers are, and how to speak to them.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port`, some of them, with commas.
    pub brokers: String,
    /// Who we are to them.
    pub authentication: Authentication,
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
            .field("authentication", &self.authentication)
            .field("prefix", &self.prefix)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl KafkaSettings {
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        self.authentication.set(&mut config);
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "astroshield")
            .set("ssl.endpoint.identification.algorithm", "https")
            .set("socket.keepalive.enable", "true")
            // Reconnecting after a broker was away takes a second, not ten.
            .set("reconnect.backoff.max.ms", "1000");
        if let Some(pem) = &self.roots_pem {
            config.set("ssl.ca.pem", pem);
        }
        config
    }

    /// Of one that does not send twice what it has to repeat.
    fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "2")
            .set("compression.type", "lz4")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string());
        config
    }

    /// Of one that commits only what was dealt with.
    fn consumer(&self, name: &str) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", format!("{}{name}", self.prefix))
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "range")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "1000")
            .set("fetch.wait.max.ms", "100");
        config
    }

    fn identified(&self) -> Identified {
        Identified(self.authentication.clone())
    }

    fn events(&self) -> String {
        BusTopic::Events.name(&self.prefix)
    }

    fn tasks(&self) -> String {
        BusTopic::ScreeningTasks.name(&self.prefix)
    }

    fn dead_letters(&self) -> String {
        BusTopic::DeadLetters.name(&self.prefix)
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
    producer: FutureProducer<Identified>,
    /// Publishes events, once this process does.
    publisher: Mutex<Option<Publisher>>,
    lag: Arc<lag::Lag>,
}

impl KafkaBus {
    /// A bus on these brokers, which need not be there yet. How far consumers are is kept in the store, too, which forgets
    /// events that all have passed.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: KafkaSettings, store: Arc<dyn Store>) -> Result<Self, BusError> {
        let producer = settings.producer().create_with_context(settings.identified());
        let producer = producer.map_err(|error| bus_error("the producer", error))?;
        let settings = Arc::new(settings);
        let lag = Arc::new(lag::Lag::new(Arc::clone(&settings)));
        Ok(Self { settings, store, producer, publisher: Mutex::default(), lag })
    }

    /// Slices that any of several processes may take, on the same brokers.
    #[must_use]
    pub fn tasks(&self) -> KafkaTasks {
        KafkaTasks::new(Arc::clone(&self.settings), self.producer.clone())
    }

    /// Messages that a consumer has not dealt with, by consumer; with those that end a transaction, of which one may stay for
    /// each partition. A consumer that never committed anything is not among them.
    ///
    /// # Errors
    /// When the brokers do not answer.
    pub async fn lag(&self, consumers: &[&'static str]) -> Result<Vec<(&'static str, i64)>, BusError> {
        let (lag, consumers) = (Arc::clone(&self.lag), consumers.to_vec());
        blocking(move || lag.of(&consumers)).await
    }

    /// Makes the topics that are not there.
    ///
    /// # Errors
    /// When the brokers do not answer, or refuse.
    pub async fn make_topics(&self) -> Result<(), BusError> {
        let identified = self.settings.identified();
        let admin: AdminClient<Identified> = self
            .settings
            .client()
            .create_with_context(identified.clone())
            .map_err(|error| bus_error("the administrator", error))?;
        let admin = blocking(move || {
            let told = identified.identify(&admin);
            told.map(|()| admin).map_err(|reason| BusError { reason, source: None })
        })
        .await?;
        let replicas = || TopicReplication::Fixed(self.settings.replicas.unwrap_or(-1));
        let names = BusTopic::ALL.map(|topic| (topic, topic.name(&self.settings.prefix)));
        let topics = names
            .each_ref()
            .map(|(topic, name)| NewTopic::new(name, topic.partitions(self.settings.partitions), replicas()));
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
    let consumer: BaseConsumer<Identified> = settings
        .client()
        .create_with_context(settings.identified())
        .map_err(|error| bus_error("the client", error))?;
    let topic = settings.events();
    blocking(move || {
        give_token(&consumer);
        let asked = consumer.fetch_metadata(Some(&topic), PATIENCE);
        asked.map(drop).map_err(|error| bus_error("asking for topics", error))
    })
    .await
}

impl fmt::Debug for KafkaBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaBus").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl Bus for KafkaBus {
    async fn take_over(&self) -> Result<(), BusError> {
        let mut held = self.publisher.lock().await;
        *held = None;
        *held = Some(Publisher::take_over(&self.settings).await?);
        Ok(())
    }

    async fn publish(&self, events: &[Published]) -> Result<(), BusError> {
        // Who fails, or is given up half-way, begins anew: what is under way then comes to nothing.
        let mut held = self.publisher.lock().await;
        let publisher = match held.take() {
            Some(publisher) => publisher,
            None => Publisher::take_over(&self.settings).await?,
        };
        publisher.publish(&self.settings, events).await?;
        *held = Some(publisher);
        Ok(())
    }

    async fn subscribe(
        &self,
        consumer: &'static str,
        topics: &[Topic],
    ) -> Result<Box<dyn Subscription>, BusError> {
        let dead_letters = DeadLetters::new(&self.settings, self.producer.clone());
        let place = Place::new(&self.settings, consumer, topics, Arc::clone(&self.store), dead_letters)?;
        Ok(Box::new(place))
    }
}

/// Has a consumer take a token if one is due, where nothing else is read from it. Blocks.
fn give_token(consumer: &BaseConsumer<Identified>) {
    // What else there is to read is of no concern: it has no subscription.
    drop(consumer.poll(Duration::from_millis(10)));
}

/// Does what blocks a thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BusError> + Send + 'static,
) -> Result<T, BusError> {
    let gone = |source| BusError { reason: "a thread is gone".to_owned(), source: Some(Box::new(source)) };
    tokio::task::spawn_blocking(work).await.map_err(gone)?
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
            authentication: Authentication::Scram { user: "me".to_owned(), password: "hush".to_owned() },
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
