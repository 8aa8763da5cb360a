//! What the brokers know that a restored store has forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astroshield_domain::event::Published;
use astroshield_domain::ports::{BusError, BusHistory, BusPlace};
use async_trait::async_trait;
use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::{KafkaSettings, PATIENCE, blocking, bus_error, envelope, tasks};

/// The group as which events are read; it commits nothing.
const READER: &str = "reconciliation";

/// How long the brokers may say nothing while events are read.
const SILENCE: Duration = Duration::from_secs(30);

/// [`BusHistory`] on Kafka.
pub struct KafkaHistory {
    settings: Arc<KafkaSettings>,
    consumers: Vec<&'static str>,
}

impl KafkaHistory {
    /// Of these consumers and those that screen.
    #[must_use]
    pub fn new(settings: KafkaSettings, consumers: &[&'static str]) -> Self {
        let consumers = consumers.iter().copied().chain([tasks::GROUP]).collect();
        Self { settings: Arc::new(settings), consumers }
    }

    /// Does something that blocks.
    async fn on_thread<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&KafkaSettings, &[&'static str]) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, BusError> {
        let (settings, consumers) = (Arc::clone(&self.settings), self.consumers.clone());
        blocking(move || work(&settings, &consumers).map_err(|error| bus_error(what, error))).await
    }
}

impl std::fmt::Debug for KafkaHistory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaHistory").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl BusHistory for KafkaHistory {
    async fn in_use(&self) -> Result<Vec<String>, BusError> {
        self.on_thread("asking for consumers", |settings, consumers| {
            let client: BaseConsumer = settings.consumer(READER).create()?;
            let mut used = Vec::new();
            for name in consumers {
                let groups =
                    client.fetch_group_list(Some(&format!("{}{name}", settings.prefix)), PATIENCE)?;
                if groups.groups().iter().any(|group| !group.members().is_empty()) {
                    used.push((*name).to_owned());
                }
            }
            Ok(used)
        })
        .await
    }

    async fn places(&self) -> Result<Vec<BusPlace>, BusError> {
        self.on_thread("asking for places", |settings, consumers| {
            let mut places = Vec::new();
            for name in consumers {
                let (consumer, topic, asked) = group(settings, name)?;
                for place in consumer.committed_offsets(asked, PATIENCE)?.elements() {
                    let (oldest, end) = consumer.fetch_watermarks(&topic, place.partition(), PATIENCE)?;
                    places.push(BusPlace {
                        consumer: (*name).to_owned(),
                        partition: place.partition(),
                        committed: place.offset().to_raw().filter(|at| *at >= 0),
                        oldest,
                        end,
                    });
                }
            }
            Ok(places)
        })
        .await
    }

    async fn published_since(&self, since: Option<Timestamp>) -> Result<Vec<Published>, BusError> {
        self.on_thread("reading events", move |settings, _| read(settings, since)).await
    }

    async fn pass_all(&self) -> Result<(), BusError> {
        self.on_thread("moving consumers", |settings, consumers| {
            for name in consumers {
                let (consumer, topic, mut places) = group(settings, name)?;
                for partition in 0..settings.partitions {
                    let (_, end) = consumer.fetch_watermarks(&topic, partition, PATIENCE)?;
                    places.set_partition_offset(&topic, partition, Offset::Offset(end))?;
                }
                consumer.commit(&places, CommitMode::Sync)?;
            }
            Ok(())
        })
        .await
    }
}

/// A client that asks for a group without being in it, its topic, and the partitions of that.
fn group(
    settings: &KafkaSettings,
    name: &str,
) -> Result<(BaseConsumer, String, TopicPartitionList), KafkaError> {
    let topic = if name == tasks::GROUP { settings.tasks() } else { settings.events() };
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_range(&topic, 0, settings.partitions - 1);
    Ok((settings.consumer(name).create()?, topic, partitions))
}

/// Events from the first message on that is not older than a time. What is no event is passed over.
fn read(settings: &KafkaSettings, since: Option<Timestamp>) -> Result<Vec<Published>, KafkaError> {
    let reader: BaseConsumer = settings.consumer(READER).set("enable.partition.eof", "true").create()?;
    let topic = settings.events();
    let mut from = TopicPartitionList::new();
    for partition in 0..settings.partitions {
        let place = since.map_or(Offset::Beginning, |since| Offset::Offset(since.as_millisecond()));
        from.add_partition_offset(&topic, partition, place)?;
    }
    if since.is_some() {
        // What were times become places.
        from = reader.offsets_for_times(from, PATIENCE)?;
    }
    reader.assign(&from)?;
    let (mut events, mut at_end, mut heard) = (Vec::new(), 0, Instant::now());
    while at_end < settings.partitions {
        match reader.poll(Duration::from_secs(1)) {
            Some(Ok(message)) => {
                heard = Instant::now();
                events.extend(envelope::read(message.headers(), message.payload()));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => at_end += 1,
            Some(Err(error)) => return Err(error),
            None if heard.elapsed() > SILENCE => return Err(KafkaError::Canceled),
            None => {}
        }
    }
    Ok(events)
}
