//! The relay: events from the store to the bus and to every process, in their order.
//!
//! One process relays. Another one that still believes to be it gives no positions, as the store knows whose lease it is, and
//! publishes nothing, as the bus knows who took over last. Where the relay is, it never moves back, and it moves on only past
//! what was published: there, no harm can be done.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::alert::AlertChange;
use crate::event::{Payload, Published, Topic};
use crate::lease::Lease;
use crate::metrics;
use crate::patience::{self, Patience};
use crate::ports::{Broadcast, Bus, BusError, Clock, Store, StoreError};

/// The relay's name as a consumer: where it is, is how far events are published.
pub(crate) const CONSUMER: &str = "relay";

/// Events that are taken at once.
const BATCH: u32 = 500;

/// How long an event of another process waits at most: nobody says that there is one.
const INTERVAL: Duration = Duration::from_millis(200);

/// Why the relay did not get on.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Gives committed events their positions, publishes them and tells every process.
pub struct Relay {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    broadcast: Arc<dyn Broadcast>,
    clock: Arc<dyn Clock>,
}

impl Relay {
    /// A relay over its parts. Commits of this process wake it; what others commit waits for up to 200 ms.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        broadcast: Arc<dyn Broadcast>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, bus, broadcast, clock }
    }

    /// Relays until shutdown; survives failures of store and bus. The lease is that of being the only relay.
    pub async fn run(&self, lease: Option<&Lease>, shutdown: CancellationToken) {
        let mut patience = Patience::new(INTERVAL, patience::LONGEST);
        let mut caught_up = false;
        let outbox = self.store.outbox();
        while !shutdown.is_cancelled() {
            let wait = match self.relay(lease, &mut caught_up).await {
                Ok(()) => {
                    patience.reset();
                    INTERVAL
                }
                Err(error) => {
                    tracing::error!(
                        error = crate::describe(&error),
                        failures = patience.failures(),
                        "events wait"
                    );
                    // What has a position already is published first when it goes on.
                    caught_up = false;
                    patience.next()
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = outbox.notified(), if patience.failures() == 0 => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        // What was committed during the shutdown; what fails now goes out at the next start, or from another process.
        if caught_up && let Err(error) = self.relay(lease, &mut caught_up).await {
            tracing::warn!(%error, "events wait for the next relay");
        }
    }

    /// Publishes all that there is.
    async fn relay(&self, lease: Option<&Lease>, caught_up: &mut bool) -> Result<(), RelayError> {
        if !*caught_up {
            // Before it is read how far events are published: from here on nobody else moves that on.
            self.bus.take_over().await?;
            if let Some(lease) = lease {
                // Whoever is given the lease from here on takes the bus over after this one did. One that had lost it before,
                // and did not know, must publish nothing.
                self.store.sequence_events_under(lease, 0).await?;
            }
        }
        while !*caught_up {
            let position = self.store.consumer_position(CONSUMER).await?;
            let events = self.store.events_after(position, &Topic::ALL, BATCH).await?;
            *caught_up = events.len() < BATCH as usize;
            self.publish(&events).await?;
        }
        loop {
            let events = match lease {
                Some(lease) => self.store.sequence_events_under(lease, BATCH).await?,
                None => self.store.sequence_events(BATCH).await?,
            };
            self.publish(&events).await?;
            // What is committed from here on wakes us again.
            if events.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    async fn publish(&self, events: &[Published]) -> Result<(), RelayError> {
        let Some(last) = events.last() else { return Ok(()) };
        self.bus.publish(events).await?;
        self.broadcast.send(events).await;
        self.measure(events);
        self.store.advance_consumer(CONSUMER, last.position).await?;
        tracing::debug!(events = events.len(), position = last.position, "events published");
        Ok(())
    }

    fn measure(&self, events: &[Published]) {
        let now = self.clock.now();
        for Published { event, .. } in events {
            let seconds = |since: Timestamp| now.duration_since(since).as_secs_f64().max(0.0);
            metrics::EVENT_DELAY.record([event.topic.clone()], seconds(event.at));
            // It was published as it is: others may be able to.
            if !event.is_understood_by(CONSUMER) {
                continue;
            }
            if let Payload::AlertChanged {
                change: AlertChange::Opened | AlertChange::Raised, since, ..
            } = &event.payload
            {
                metrics::ALERT_DELAY.record(["stream"], seconds(since.unwrap_or(event.at)));
            }
        }
    }
}
