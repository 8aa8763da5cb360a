//! How far consumers are behind, by what the brokers know of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use astroshield_domain::ports::BusError;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;

use super::authentication::Identified;
use super::{KafkaSettings, PATIENCE, bus_error, give_token, tasks};

/// Asks for places of groups without being in them.
pub(super) struct Lag {
    settings: Arc<KafkaSettings>,
    asking: Mutex<HashMap<&'static str, BaseConsumer<Identified>>>,
}

impl Lag {
    pub(super) fn new(settings: Arc<KafkaSettings>) -> Self {
        Self { settings, asking: Mutex::default() }
    }

    /// Blocks.
    pub(super) fn of(&self, consumers: &[&'static str]) -> Result<Vec<(&'static str, i64)>, BusError> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + PATIENCE;
        let mut found = Vec::with_capacity(consumers.len());
        for &name in consumers {
            let consumer = match asking.remove(name) {
                Some(consumer) => consumer,
                None => self
                    .settings
                    .consumer(name)
                    .create_with_context(self.settings.identified())
                    .map_err(|error| bus_error("asking for the lag", error))?,
            };
            give_token(&consumer);
            let lag = self.of_one(name, &consumer, until);
            let lag = lag.map_err(|error| bus_error(&format!("asking for the lag of {name}"), error))?;
            asking.insert(name, consumer);
            found.extend(lag.map(|lag| (name, lag)));
        }
        Ok(found)
    }

    fn of_one(
        &self,
        name: &str,
        consumer: &BaseConsumer<Identified>,
        until: Instant,
    ) -> Result<Option<i64>, KafkaError> {
        let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(10));
        let topic = if name == tasks::GROUP { self.settings.tasks() } else { self.settings.events() };
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(&topic, 0, self.settings.partitions - 1);
        let (mut lag, mut is_known) = (0, false);
        for place in consumer.committed_offsets(asked, left())?.elements() {
            let (oldest, newest) = consumer.fetch_watermarks(&topic, place.partition(), left())?;
            let at = place.offset().to_raw().filter(|at| *at >= 0);
            is_known |= at.is_some();
            lag += (newest - at.unwrap_or(oldest)).max(0);
        }
        Ok(is_known.then_some(lag))
    }
}
