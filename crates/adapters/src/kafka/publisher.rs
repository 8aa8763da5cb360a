//! Whoever publishes events: the last one who took over. Each call is a transaction, and taking over ends those of others.

use std::time::Duration;

use astroshield_domain::event::Published;
use astroshield_domain::ports::BusError;
use astroshield_domain::trace::Trace;
use futures_util::future::try_join_all;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use tracing::Span;

use super::authentication::Identified;
use super::{KafkaSettings, PATIENCE, blocking, bus_error, envelope};

/// How long a transaction may stay open when whoever began it is gone; until then, nobody reads past it.
const OPEN: Duration = Duration::from_secs(20);

pub(super) struct Publisher {
    /// Taken out when this is dropped: letting go of a producer waits for the brokers.
    producer: Option<FutureProducer<Identified>>,
}

impl Publisher {
    /// From now on, no earlier one publishes anything.
    pub(super) async fn take_over(settings: &KafkaSettings) -> Result<Self, BusError> {
        let mut config = settings.producer();
        config
            .set("transactional.id", format!("{}relay", settings.prefix))
            .set("transaction.timeout.ms", OPEN.as_millis().to_string());
        let producer: FutureProducer<Identified> = config
            .create_with_context(settings.identified())
            .map_err(|error| bus_error("the publisher", error))?;
        // Kept here while it waits, so that it is let go of on a thread of its own however this ends.
        let publisher = Self { producer: Some(producer) };
        publisher.on_thread("taking over", |producer| producer.init_transactions(PATIENCE)).await?;
        Ok(publisher)
    }

    pub(super) async fn publish(
        &self,
        settings: &KafkaSettings,
        events: &[Published],
    ) -> Result<(), BusError> {
        if events.is_empty() {
            return Ok(());
        }
        let producer = self.producer()?;
        producer.begin_transaction().map_err(|error| bus_error("beginning to publish", error))?;
        let topic = settings.events();
        let (mut sent, mut spans) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for published in events {
            let step = Trace::of(published.event.trace.as_deref(), None).map(|trace| {
                let (step, span) = trace.call(|| sending(&topic));
                // They end when all are published.
                spans.push(span);
                step
            });
            let written = envelope::write(published, step.as_ref()).map_err(|source| BusError {
                reason: format!("event {} cannot be written", published.event.id),
                source: Some(Box::new(source)),
            })?;
            let record = FutureRecord::to(&topic)
                .partition(settings.partition(&published.event.tenant))
                .key(published.event.tenant.as_str())
                .headers(written.headers)
                .payload(&written.payload);
            // In the order of positions, which an idempotent producer keeps over what it repeats.
            sent.push(producer.send_result(record).map_err(|(error, _)| bus_error("sending", error))?);
        }
        let taken = try_join_all(sent).await.map_err(|source| BusError {
            reason: "the producer is gone".to_owned(),
            source: Some(Box::new(source)),
        })?;
        if let Some((error, _)) = taken.into_iter().find_map(Result::err) {
            return Err(bus_error("sending", error));
        }
        self.on_thread("publishing", |producer| producer.commit_transaction(PATIENCE)).await
    }

    fn producer(&self) -> Result<&FutureProducer<Identified>, BusError> {
        self.producer
            .as_ref()
            .ok_or_else(|| BusError { reason: "the publisher is closed".to_owned(), source: None })
    }

    async fn on_thread(
        &self,
        what: &'static str,
        work: impl FnOnce(&FutureProducer<Identified>) -> rdkafka::error::KafkaResult<()> + Send + 'static,
    ) -> Result<(), BusError> {
        let producer = self.producer()?.clone();
        blocking(move || work(&producer).map_err(|error| bus_error(what, error))).await
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

impl Drop for Publisher {
    fn drop(&mut self) {
        if let Some(producer) = self.producer.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(producer));
        }
    }
}
