//! Events told to every process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use astroshield_domain::event::{Event, Published, Topic};
use astroshield_domain::ports::{Broadcast, Store, StoreError};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use redis::cmd;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{PATIENCE, RedisSettings, RedisSettingsError, Server};
use crate::memory::LocalBroadcast;

/// How often the store is asked while nothing is heard from the server; also, how long a lost message may go unnoticed.
const LOOK: Duration = Duration::from_secs(1);

/// Events that are read from the store at once.
const BATCH: u32 = 500;

/// What is said on the channel.
#[derive(Serialize, Deserialize)]
struct Said {
    /// The position before the first event: who has not heard of it has missed some.
    after: i64,
    events: Vec<(i64, Event)>,
}

/// A [`Broadcast`] to the connections of every process, over Redis. What is missed, because the server was away or a message
/// was lost, is read from the store.
pub struct RedisBroadcast {
    server: Arc<Server>,
    channel: String,
    local: LocalBroadcast,
    /// The newest position that was sent from here.
    sent: AtomicI64,
    listens: watch::Receiver<bool>,
    stop: CancellationToken,
}

impl RedisBroadcast {
    /// A broadcast over this server, which need not be there yet. Receivers may fall `capacity` events behind.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(
        settings: RedisSettings,
        store: Arc<dyn Store>,
        capacity: usize,
    ) -> Result<Self, RedisSettingsError> {
        let server = Arc::new(Server::new(settings)?);
        let (local, stop) = (LocalBroadcast::new(capacity), CancellationToken::new());
        let (listening, listens) = watch::channel(false);
        let channel = server.name(format_args!("events"));
        let listener = Listener {
            server: Arc::clone(&server),
            channel: channel.clone(),
            store,
            local: local.clone(),
            listening,
            heard: None,
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(listener.run()));
        Ok(Self { server, channel, local, sent: AtomicI64::new(0), listens, stop })
    }

    /// Waits until it listens to the server.
    pub async fn ready(&self) {
        // The sender goes with this.
        let _ = self.listens.clone().wait_for(|&listens| listens).await;
    }
}

impl Drop for RedisBroadcast {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for RedisBroadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBroadcast").finish_non_exhaustive()
    }
}

#[async_trait]
impl Broadcast for RedisBroadcast {
    async fn send(&self, events: &[Published]) {
        let Some(last) = events.last() else { return };
        let after = self.sent.swap(last.position, Ordering::Relaxed);
        let said =
            Said { after, events: events.iter().map(|one| (one.position, one.event.clone())).collect() };
        match serde_json::to_vec(&said) {
            // Where it cannot be said, each process finds it in the store.
            Ok(bytes) => drop(self.server.ask(cmd("PUBLISH").arg(&self.channel).arg(bytes)).await),
            Err(error) => tracing::error!(%error, "events cannot be written"),
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<Published>> {
        self.local.subscribe()
    }
}

/// Hears what is said, and tells those who are connected to this process.
struct Listener {
    server: Arc<Server>,
    channel: String,
    store: Arc<dyn Store>,
    local: LocalBroadcast,
    listening: watch::Sender<bool>,
    /// The newest position that was told here; nothing until the store has said where it is.
    heard: Option<i64>,
}

impl Listener {
    async fn run(mut self) {
        let mut turn = 0;
        loop {
            if let Err(error) = self.listen(turn).await {
                self.server.note_refusal(&error);
                tracing::warn!(%error, "Redis says nothing: events are read from the store");
            }
            self.listening.send_replace(false);
            turn += 1;
            self.catch_up_or_say().await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Listens to one of the nodes for as long as it is there.
    async fn listen(&mut self, turn: usize) -> Result<(), redis::RedisError> {
        let client = self.server.node(turn)?;
        let subscribing = async {
            let mut channel = client.get_async_pubsub().await?;
            channel.subscribe(&self.channel).await?;
            Ok::<_, redis::RedisError>(channel)
        };
        let Ok(channel) = tokio::time::timeout(4 * PATIENCE, subscribing).await else {
            return Err((redis::ErrorKind::Io, "no answer in time").into());
        };
        let (mut sink, mut stream) = channel?.split();
        // From here on nothing is missed that is said; what came before is in the store.
        self.catch_up_or_say().await;
        self.listening.send_replace(true);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut silent = 0;
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => {
                        silent = 0;
                        self.hear(message.get_payload_bytes()).await;
                    }
                    None => return Err((redis::ErrorKind::Io, "the connection ended").into()),
                },
                _ = look.tick() => {
                    silent += 1;
                    if silent % 10 == 0 {
                        // A server that was frozen or cut off does not end the connection.
                        let pinged = tokio::time::timeout(4 * PATIENCE, sink.ping::<redis::Value>()).await;
                        pinged.unwrap_or_else(|_| Err((redis::ErrorKind::Io, "no answer in time").into()))?;
                    }
                    // One that could not be published is found here.
                    self.catch_up_or_say().await;
                }
            }
        }
    }

    async fn hear(&mut self, bytes: &[u8]) {
        let said: Said = match serde_json::from_slice(bytes) {
            Ok(said) => said,
            Err(error) => {
                tracing::error!(%error, "what was said on Redis is not of this version");
                return;
            }
        };
        if self.heard.is_none_or(|heard| said.after > heard) {
            self.catch_up_or_say().await;
        }
        let events: Vec<Published> =
            said.events.into_iter().map(|(position, event)| Published { position, event }).collect();
        self.tell(&events).await;
    }

    async fn tell(&mut self, events: &[Published]) {
        let new = events.iter().filter(|event| self.heard.is_none_or(|heard| event.position > heard));
        let new: Vec<Published> = new.cloned().collect();
        self.heard = self.heard.max(new.last().map(|event| event.position));
        self.local.send(&new).await;
    }

    async fn catch_up_or_say(&mut self) {
        if let Err(error) = self.catch_up().await {
            tracing::warn!(%error, "events cannot be read from the store");
        }
    }

    /// Tells what the store has and was not heard of.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let Some(mut heard) = self.heard else {
            self.heard = Some(self.store.last_position().await?);
            return Ok(());
        };
        loop {
            let events = self.store.events_after(heard, &Topic::ALL, BATCH).await?;
            self.tell(&events).await;
            match events.last() {
                Some(last) if events.len() == BATCH as usize => heard = last.position,
                _ => return Ok(()),
            }
        }
    }
}
