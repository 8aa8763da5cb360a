//! A consumer's place on the bus.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ports::{BusError, Store, Subscription};
use async_trait::async_trait;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::authentication::Identified;
use super::dead_letters::{DeadLetters, Poisoned};
use super::{KafkaSettings, bus_error, envelope};

/// Messages of no concern after which the place is moved on, if nothing else does.
const SKIPPED: usize = 256;

/// By partition: what was handed out or passed over and is not committed yet, as position and offset.
type Outstanding = HashMap<i32, VecDeque<(i64, i64)>>;

/// Follows which partitions this process has.
#[derive(Clone)]
struct Assigned {
    identified: Identified,
    outstanding: Arc<Mutex<Outstanding>>,
}

impl Assigned {
    fn outstanding(&self) -> MutexGuard<'_, Outstanding> {
        self.outstanding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Assigned {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.identified.generate_oauth_token(config)
    }
}

impl ConsumerContext for Assigned {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        // What another process is given now, it gets from where this one has committed.
        if let Rebalance::Revoke(partitions) = rebalance {
            let mut outstanding = self.outstanding();
            for partition in partitions.elements() {
                outstanding.remove(&partition.partition());
            }
        }
    }
}

pub(super) struct Place {
    consumer: Option<Arc<StreamConsumer<Assigned>>>,
    assigned: Assigned,
    events: String,
    dead_letters: DeadLetters,
    name: &'static str,
    topics: Vec<Topic>,
    store: Arc<dyn Store>,
    poisoned: Option<Poisoned>,
    skipped: usize,
}

impl Place {
    pub(super) fn new(
        settings: &KafkaSettings,
        name: &'static str,
        topics: &[Topic],
        store: Arc<dyn Store>,
        dead_letters: DeadLetters,
    ) -> Result<Self, BusError> {
        let assigned = Assigned { identified: settings.identified(), outstanding: Arc::default() };
        let consumer: StreamConsumer<Assigned> = settings
            .consumer(name)
            // A run of hours is no sign of death: who is alive sends heartbeats.
            .set("max.poll.interval.ms", "86400000")
            .create_with_context(assigned.clone())
            .map_err(|error| bus_error("the consumer", error))?;
        let events = settings.events();
        consumer.subscribe(&[&events]).map_err(|error| bus_error("subscribing", error))?;
        Ok(Self {
            consumer: Some(Arc::new(consumer)),
            assigned,
            events,
            dead_letters,
            name,
            topics: topics.to_vec(),
            store,
            poisoned: None,
            skipped: 0,
        })
    }

    fn consumer(&self) -> Result<Arc<StreamConsumer<Assigned>>, BusError> {
        let closed = || BusError { reason: "the consumer is closed".to_owned(), source: None };
        self.consumer.clone().ok_or_else(closed)
    }

    /// Puts a message that is no event where such are kept, with the reason. It may be given up half-way, and done twice.
    async fn bury(&mut self) -> Result<(), BusError> {
        let Some(poisoned) = &self.poisoned else { return Ok(()) };
        self.dead_letters.bury(self.name, poisoned).await?;
        // Passed with the next event that is acknowledged.
        self.pass_over(poisoned.partition, poisoned.offset);
        self.poisoned = None;
        Ok(())
    }

    /// Notes a message that nobody has to deal with.
    fn pass_over(&self, partition: i32, offset: i64) {
        let mut outstanding = self.assigned.outstanding();
        let queue = outstanding.entry(partition).or_default();
        let position = queue.back().map_or(i64::MIN, |&(position, _)| position);
        queue.push_back((position, offset));
    }

    /// Moves on in all partitions as far as everything is dealt with, up to a position.
    async fn commit(&mut self, position: i64) -> Result<(), BusError> {
        let mut list = TopicPartitionList::new();
        {
            let mut outstanding = self.assigned.outstanding();
            for (&partition, queue) in outstanding.iter_mut() {
                let mut done = None;
                while let Some(&(_, offset)) = queue.front().filter(|&&(at, _)| at <= position) {
                    done = Some(offset);
                    queue.pop_front();
                }
                if let Some(offset) = done {
                    list.add_partition_offset(&self.events, partition, Offset::Offset(offset + 1))
                        .map_err(|error| bus_error("committing", error))?;
                }
            }
        }
        if list.count() == 0 {
            return Ok(());
        }
        let consumer = self.consumer()?;
        let committing = tokio::task::spawn_blocking(move || consumer.commit(&list, CommitMode::Sync));
        let committed = committing
            .await
            .map_err(|source| BusError { reason: "committing".to_owned(), source: Some(Box::new(source)) })?;
        match committed {
            Ok(()) => Ok(()),
            // Another process has the partition by now, and sees the events again.
            Err(error) if is_of_another(&error) => {
                tracing::info!(consumer = self.name, "a partition went to another process meanwhile");
                Ok(())
            }
            Err(error) => Err(bus_error("committing", error)),
        }
    }
}

#[async_trait]
impl Subscription for Place {
    async fn next(&mut self) -> Result<Published, BusError> {
        loop {
            self.bury().await?;
            if self.skipped >= SKIPPED {
                let idle = self.assigned.outstanding().values().all(|queue| {
                    // Only what was passed over has the smallest position.
                    queue.back().is_none_or(|&(position, _)| position == i64::MIN)
                });
                self.skipped = 0;
                if idle {
                    self.commit(i64::MIN).await?;
                }
            }
            let consumer = self.consumer()?;
            let message = consumer.recv().await.map_err(|error| bus_error("receiving", error))?;
            // From here to the return nothing waits, so that nothing is lost where the caller gives up.
            let (partition, offset) = (message.partition(), message.offset());
            match envelope::read(message.headers(), message.payload()) {
                Ok(published) if published.event.is_of(&self.topics) => {
                    let mut outstanding = self.assigned.outstanding();
                    outstanding.entry(partition).or_default().push_back((published.position, offset));
                    return Ok(published);
                }
                Ok(_) => {
                    self.pass_over(partition, offset);
                    self.skipped += 1;
                }
                Err(error) => self.poisoned = Some(Poisoned::of(&message, &error)),
            }
        }
    }

    async fn acknowledge(&mut self, position: i64) -> Result<(), BusError> {
        self.commit(position).await?;
        let told = self.store.advance_consumer(self.name, position).await;
        told.map_err(|error| BusError { reason: error.to_string(), source: Some(Box::new(error)) })
    }
}

/// Whether a commit failed because the partition has gone to another process.
pub(super) fn is_of_another(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::ConsumerCommit(
            RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::RebalanceInProgress
        )
    )
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

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("name", &self.name)
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}
