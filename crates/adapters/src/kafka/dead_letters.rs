//! Where messages are put that nobody can read, with the reason.

use astroshield_domain::ports::BusError;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::authentication::Identified;
use super::{KafkaSettings, PATIENCE, bus_error};

/// A message that cannot be read, on its way there.
pub(super) struct Poisoned {
    pub(super) partition: i32,
    pub(super) offset: i64,
    topic: String,
    key: Vec<u8>,
    payload: Vec<u8>,
    reason: String,
}

impl Poisoned {
    pub(super) fn of(message: &impl Message, error: &(dyn std::error::Error + 'static)) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        Self {
            partition: message.partition(),
            offset: message.offset(),
            topic: message.topic().to_owned(),
            key: message.key().unwrap_or_default().to_vec(),
            payload: message.payload().unwrap_or_default().to_vec(),
            reason: causes.map(ToString::to_string).collect::<Vec<_>>().join(": "),
        }
    }
}

pub(super) struct DeadLetters {
    topic: String,
    producer: FutureProducer<Identified>,
}

impl DeadLetters {
    pub(super) fn new(settings: &KafkaSettings, producer: FutureProducer<Identified>) -> Self {
        Self { topic: settings.dead_letters(), producer }
    }

    /// Puts a message there. It may be given up half-way, and done twice.
    pub(super) async fn bury(&self, consumer: &str, poisoned: &Poisoned) -> Result<(), BusError> {
        let Poisoned { partition, offset, topic, key, payload, reason } = poisoned;
        tracing::error!(consumer, topic, partition, offset, reason, "a message cannot be read: put aside");
        let from = format!("{topic}/{partition}/{offset}");
        let headers = OwnedHeaders::new_with_capacity(3)
            .insert(Header { key: "reason", value: Some(reason) })
            .insert(Header { key: "consumer", value: Some(consumer) })
            .insert(Header { key: "from", value: Some(&from) });
        let record = FutureRecord::to(&self.topic).key(key).payload(payload).headers(headers);
        let buried = self.producer.send(record, PATIENCE).await;
        buried.map(drop).map_err(|(error, _)| bus_error("putting a message aside", error))
    }
}
