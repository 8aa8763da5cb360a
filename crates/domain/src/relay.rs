//! The relay: events from the store to the bus and to every process, in their order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::event::{Published, Topic};
use crate::patience::Patience;
use crate::ports::{Broadcast, Bus, BusError, Store, StoreError};

/// The relay's name as a consumer: where it is, is how far events are published.
const CONSUMER: &str = "relay";

/// Events that are taken at once.
const BATCH: u32 = 500;

/// How long an event waits at most if nobody says that there is one.
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
    wake: Arc<Notify>,
}

impl Relay {
    /// A relay over its parts. `wake` is notified after commits; without, an event waits for up to 200 ms.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        broadcast: Arc<dyn Broadcast>,
        wake: Arc<Notify>,
    ) -> Self {
        Self { store, bus, broadcast, wake }
    }

    /// Relays until shutdown; survives failures of store and bus.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut patience = Patience::new(INTERVAL, Duration::from_secs(30));
        let mut caught_up = false;
        while !shutdown.is_cancelled() {
            let wait = match self.relay(&mut caught_up).await {
                Ok(()) => {
                    patience.reset();
                    INTERVAL
                }
                Err(error) => {
                    tracing::error!(%error, failures = patience.failures(), "events wait");
                    // What has a position already is published first when it goes on.
                    caught_up = false;
                    patience.next()
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.wake.notified(), if patience.failures() == 0 => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        // What was committed during the shutdown; what fails now goes out at the next start.
        if let Err(error) = self.relay(&mut caught_up).await {
            tracing::warn!(%error, "events wait for the next start");
        }
    }

    /// Publishes all that there is.
    async fn relay(&self, caught_up: &mut bool) -> Result<(), RelayError> {
        while !*caught_up {
            let position = self.store.consumer_position(CONSUMER).await?;
            let events = self.store.events_after(position, &Topic::ALL, BATCH).await?;
            *caught_up = events.len() < BATCH as usize;
            self.publish(&events).await?;
        }
        loop {
            let events = self.store.sequence_events(BATCH).await?;
            if events.is_empty() {
                return Ok(());
            }
            self.publish(&events).await?;
        }
    }

    async fn publish(&self, events: &[Published]) -> Result<(), RelayError> {
        let Some(last) = events.last() else { return Ok(()) };
        self.bus.publish(events).await?;
        self.broadcast.send(events).await;
        self.store.advance_consumer(CONSUMER, last.position).await?;
        tracing::debug!(events = events.len(), position = last.position, "events published");
        Ok(())
    }
}
