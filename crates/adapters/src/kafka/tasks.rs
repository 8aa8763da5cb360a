//! Slices to be screened: one message each, on partitions that those who screen share.

use std::fmt;
use std::sync::Arc;

use astroshield_domain::ports::{BusError, SliceTask, TASK_VERSION, Tasks, Worker};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};

use super::authentication::Identified;
use super::dead_letters::{DeadLetters, Poisoned};
use super::envelope::{EnvelopeError, SCHEMA};
use super::place::is_of_another;
use super::{KafkaSettings, blocking, bus_error};

/// Those who screen, as a consumer group.
pub(super) const GROUP: &str = "screening";

/// [`Tasks`] on Kafka.
pub struct KafkaTasks {
    settings: Arc<KafkaSettings>,
    producer: FutureProducer<Identified>,
}

impl KafkaTasks {
    pub(super) fn new(settings: Arc<KafkaSettings>, producer: FutureProducer<Identified>) -> Self {
        Self { settings, producer }
    }
}

impl fmt::Debug for KafkaTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTasks").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The partition of a slice. Multiples of the golden ratio fall evenly on every range of partitions, however many workers there
/// are: each has a range, and none more than a slice or so above its share.
fn partition(slice: u32, partitions: i32) -> i32 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let place = (f64::from(slice) * GOLDEN).fract() * f64::from(partitions);
    // Below the number of partitions, as the fraction is below one.
    (place as i32).clamp(0, partitions - 1)
}

#[async_trait]
impl Tasks for KafkaTasks {
    async fn put(&self, tasks: &[SliceTask]) -> Result<(), BusError> {
        let topic = self.settings.tasks();
        let mut sent = Vec::with_capacity(tasks.len());
        for task in tasks {
            let payload = serde_json::to_vec(task).map_err(|source| BusError {
                reason: format!("slice {} of run {} cannot be written", task.slice, task.run),
                source: Some(Box::new(source)),
            })?;
            let (run, version) = (task.run.to_string(), task.schema_version.to_string());
            let mut headers = OwnedHeaders::new_with_capacity(3)
                .insert(Header { key: SCHEMA, value: Some(&version) })
                .insert(Header { key: "run", value: Some(&run) });
            if let Some(trace) = &task.trace {
                headers = headers.insert(Header { key: "traceparent", value: Some(trace) });
            }
            let record = FutureRecord::to(&topic)
                .partition(partition(task.slice, self.settings.partitions.max(1)))
                .key(&run)
                .headers(headers)
                .payload(&payload);
            sent.push(
                self.producer.send_result(record).map_err(|(error, _)| bus_error("handing out", error))?,
            );
        }
        let taken = try_join_all(sent).await.map_err(|source| BusError {
            reason: "the producer is gone".to_owned(),
            source: Some(Box::new(source)),
        })?;
        match taken.into_iter().find_map(Result::err) {
            Some((error, _)) => Err(bus_error("handing out", error)),
            None => Ok(()),
        }
    }

    async fn join(&self) -> Result<Box<dyn Worker>, BusError> {
        let consumer: StreamConsumer<Identified> = self
            .settings
            .consumer(GROUP)
            // A slice is screened in less; who takes longer is taken for dead, and another one gets its slices.
            .set("max.poll.interval.ms", "600000")
            // Who comes or goes waits for nobody longer than that.
            .set("session.timeout.ms", "6000")
            .create_with_context(self.settings.identified())
            .map_err(|error| bus_error("the consumer", error))?;
        let topic = self.settings.tasks();
        consumer.subscribe(&[&topic]).map_err(|error| bus_error("subscribing", error))?;
        let dead_letters = DeadLetters::new(&self.settings, self.producer.clone());
        Ok(Box::new(Place {
            consumer: Some(Arc::new(consumer)),
            topic,
            dead_letters,
            taken: None,
            poisoned: None,
        }))
    }
}

/// A slice that was handed out, and where it was.
struct Taken {
    task: SliceTask,
    partition: i32,
    offset: i64,
}

struct Place {
    consumer: Option<Arc<StreamConsumer<Identified>>>,
    topic: String,
    dead_letters: DeadLetters,
    taken: Option<Taken>,
    poisoned: Option<Poisoned>,
}

impl Place {
    fn consumer(&self) -> Result<Arc<StreamConsumer<Identified>>, BusError> {
        let closed = || BusError { reason: "the consumer is closed".to_owned(), source: None };
        self.consumer.clone().ok_or_else(closed)
    }

    async fn commit(&self, partition: i32, offset: i64) -> Result<(), BusError> {
        let mut list = TopicPartitionList::new();
        let added = list.add_partition_offset(&self.topic, partition, Offset::Offset(offset + 1));
        added.map_err(|error| bus_error("committing", error))?;
        let consumer = self.consumer()?;
        blocking(move || match consumer.commit(&list, CommitMode::Sync) {
            // Whoever has the partition by now sees the slice again, and that it is done.
            Err(error) if is_of_another(&error) => Ok(()),
            other => other.map_err(|error| bus_error("committing", error)),
        })
        .await
    }
}

/// Reads a slice.
fn read(payload: Option<&[u8]>) -> Result<SliceTask, EnvelopeError> {
    let task: SliceTask = serde_json::from_slice(payload.ok_or(EnvelopeError::Empty)?)?;
    if task.schema_version > TASK_VERSION {
        return Err(EnvelopeError::Version { found: task.schema_version, newest: TASK_VERSION });
    }
    Ok(task)
}

#[async_trait]
impl Worker for Place {
    async fn next(&mut self) -> Result<SliceTask, BusError> {
        if let Some(taken) = &self.taken {
            return Ok(taken.task.clone());
        }
        loop {
            if let Some(poisoned) = &self.poisoned {
                self.dead_letters.bury(GROUP, poisoned).await?;
                self.commit(poisoned.partition, poisoned.offset).await?;
                self.poisoned = None;
            }
            let consumer = self.consumer()?;
            let message = consumer.recv().await.map_err(|error| bus_error("receiving", error))?;
            // From here to the return nothing waits, so that nothing is lost where the caller gives up.
            match read(message.payload()) {
                Ok(task) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    self.taken = Some(Taken { task: task.clone(), partition, offset });
                    return Ok(task);
                }
                Err(error) => self.poisoned = Some(Poisoned::of(&message, &error)),
            }
        }
    }

    async fn done(&mut self) -> Result<(), BusError> {
        if let Some(taken) = &self.taken {
            self.commit(taken.partition, taken.offset).await?;
            self.taken = None;
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Leaving the group waits for the brokers.
        if let Some(consumer) = self.consumer.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_fall_evenly_on_ranges_of_partitions_however_many_workers_have_one() {
        for (partitions, slices) in [(12, 29), (12, 8), (12, 125), (64, 29)] {
            for workers in 1..=6 {
                let mut shares = vec![0_u32; workers];
                for slice in 0..slices {
                    // As Kafka's range assignment gives them: those that are left over to the first ones.
                    let (each, over) = (partitions as usize / workers, partitions as usize % workers);
                    let partition = partition(slice, partitions) as usize;
                    let first = over * (each + 1);
                    let worker = if partition < first {
                        partition / (each + 1)
                    } else {
                        over + (partition - first) / each
                    };
                    shares[worker] += 1;
                }
                let even = (partitions as usize).is_multiple_of(workers);
                let most =
                    slices.div_ceil(workers as u32) + if even { 1 } else { 1 + slices / partitions as u32 };
                let share = *shares.iter().max().unwrap();
                assert!(share <= most, "{slices} slices on {partitions}, {workers} workers: {shares:?}");
            }
        }
    }
}
