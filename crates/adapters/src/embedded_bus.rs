//! The bus inside one process: the outbox itself is read, and publishing only wakes those who wait.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ports::{Bus, BusError, Store, StoreError, Subscription};
use async_trait::async_trait;
use tokio::sync::watch;

/// Events that a subscription reads at once.
const BATCH: u32 = 256;

/// A bus over the outbox of a store.
///
/// A consumer's place is kept in the store, where [`Subscription::acknowledge`] puts it. Events that have a position before
/// the bus was made reach consumers, too: nothing needs to be published again after a restart.
pub struct EmbeddedBus {
    store: Arc<dyn Store>,
    /// The newest position that was published.
    published: watch::Sender<i64>,
}

impl EmbeddedBus {
    /// A bus over the outbox of this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, published: watch::Sender::new(0) }
    }
}

impl fmt::Debug for EmbeddedBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedBus").field("published", &*self.published.borrow()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn take_over(&self) -> Result<(), BusError> {
        Ok(())
    }

    async fn publish(&self, events: &[Published]) -> Result<(), BusError> {
        if let Some(newest) = events.iter().map(|event| event.position).max() {
            self.published.send_if_modified(|published| {
                let is_newer = newest > *published;
                *published = newest.max(*published);
                is_newer
            });
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        consumer: &'static str,
        topics: &[Topic],
    ) -> Result<Box<dyn Subscription>, BusError> {
        let position = self.store.consumer_position(consumer).await.map_err(bus_error)?;
        Ok(Box::new(Place {
            store: Arc::clone(&self.store),
            consumer,
            topics: topics.to_vec(),
            published: self.published.subscribe(),
            read_to: position,
            handed_out: position,
            acknowledged: position,
            waiting: VecDeque::new(),
        }))
    }
}

struct Place {
    store: Arc<dyn Store>,
    consumer: &'static str,
    topics: Vec<Topic>,
    published: watch::Receiver<i64>,
    /// Up to here there is nothing more to read.
    read_to: i64,
    /// The last event that was handed out.
    handed_out: i64,
    acknowledged: i64,
    waiting: VecDeque<Published>,
}

impl Place {
    /// Whether all that was read is dealt with.
    fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.handed_out <= self.acknowledged
    }

    /// Reads what comes next. Nothing is changed before all of it is there, so that it may be dropped half-way.
    async fn read(&mut self) -> Result<(), StoreError> {
        // Asked first: what gets a position in between is read the next time.
        let newest = self.store.last_position().await?;
        let events = self.store.events_after(self.read_to, &self.topics, BATCH).await?;
        self.read_to = match events.last() {
            Some(last) if events.len() == BATCH as usize => last.position,
            Some(last) => last.position.max(newest),
            None => newest.max(self.read_to),
        };
        self.waiting.extend(events);
        Ok(())
    }
}

#[async_trait]
impl Subscription for Place {
    async fn next(&mut self) -> Result<Published, BusError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.handed_out = event.position;
                return Ok(event);
            }
            self.published.borrow_and_update();
            self.read().await.map_err(bus_error)?;
            if self.waiting.is_empty() {
                // Events of other topics move the place on, too: the store keeps events until all have passed them.
                if self.is_done() && self.read_to - self.acknowledged >= i64::from(BATCH) {
                    self.acknowledge(self.read_to).await?;
                }
                self.published
                    .changed()
                    .await
                    .map_err(|_| BusError { reason: "the bus is gone".to_owned(), source: None })?;
            }
        }
    }

    async fn acknowledge(&mut self, position: i64) -> Result<(), BusError> {
        if position > self.acknowledged {
            self.store.advance_consumer(self.consumer, position).await.map_err(bus_error)?;
            self.acknowledged = position;
        }
        Ok(())
    }
}

fn bus_error(error: StoreError) -> BusError {
    BusError { reason: error.to_string(), source: Some(Box::new(error)) }
}
