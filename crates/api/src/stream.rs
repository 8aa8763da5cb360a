//! `/stream`: events as they happen, over a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::access::Caller;
use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::{Bucket, Store, StoreError};
use astroshield_domain::trace::Place;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::access::{self, Reader, authenticate};
use crate::problem::Problem;
use crate::state::ApiState;

/// Largest message that a client may send, in bytes; a subscription takes far less.
const LARGEST_MESSAGE: usize = 16 << 10;

/// Buffer for what a client sends, in bytes: a subscription and pongs.
const READ_BUFFER: usize = 1 << 10;

/// Events that are read from the store at once.
const CATCH_UP: u32 = 500;

/// So often a client may have events read from the store: at once, and then one time in a second.
const CATCH_UPS: Bucket = Bucket { capacity: 100, filled_in: Duration::from_secs(100) };

/// What that counts as, of the requests that its key or person may send.
const CATCH_UP_COST: u32 = 5;

/// Keep-alives without a sign of life after which a client is gone.
const SILENT_KEEP_ALIVES: u32 = 3;

/// How long what a client may see is believed: what is its tenant's own is not told later than this after its key or role ended.
const BELIEVED: Duration = Duration::from_secs(5);

/// How long to try to tell a client why it is cut off: one that wakes up in this time learns where to go on.
const FAREWELL: Duration = Duration::from_secs(10);

/// The same where the server stops, which waits for nobody.
const FAREWELL_AT_THE_END: Duration = Duration::from_secs(1);

/// What a client sends.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    /// Topics from now on.
    subscribe: Vec<Topic>,
    /// The last position that the client has seen: what came after it is sent first.
    after: Option<i64>,
}

/// That a subscription is taken.
#[derive(Debug, Serialize)]
struct Subscribed<'a> {
    subscribed: &'a [Topic],
    position: i64,
    /// Whether events may be missing after the position that the client named.
    reset: bool,
}

/// An event, as it is sent.
#[derive(Debug, Serialize)]
struct Told<'a> {
    position: i64,
    event: &'a astroshield_domain::event::Event,
}

/// Events as they happen, over a WebSocket. Send `{"subscribe":["alerts","conjunctions"],"after":41}`; `after` is the last
/// position that was seen, if any. The answer is `{"subscribed":[...],"position":41,"reset":false}`, and each event comes as
/// `{"position":42,"event":{...}}`. After a lost connection, subscribe again with the last position; an event may then
/// come twice. `reset` is true where events may be missing, as they are forgotten or the database is another one: read
/// anew what you have kept.
#[utoipa::path(get, path = "/stream", tag = "stream",
    responses((status = 101, description = "A WebSocket from here on")))]
pub(crate) async fn stream(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|error| Problem::bad_request(error.body_text()))?;
    let room = Arc::clone(&state.connections).try_acquire_owned();
    let room = room.map_err(|_| Problem::unavailable("as many WebSockets as are allowed are open"))?;
    let place = Place::here();
    // Thousands are open at once, and the default is 128 KiB for each.
    let upgrade = upgrade.read_buffer_size(READ_BUFFER);
    Ok(upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE).on_upgrade(move |socket| {
        let counted = Counted::one();
        let checked = Instant::now();
        let connection = Connection {
            state,
            caller,
            uri,
            headers,
            socket,
            checked,
            rested: checked,
            _room: room,
            _counted: counted,
        };
        place.carry(connection.run())
    }))
}

/// A client.
struct Connection {
    state: ApiState,
    caller: Arc<Caller>,
    /// What it identified itself with, to see whether that still holds.
    uri: Uri,
    headers: HeaderMap,
    socket: WebSocket,
    /// When that was seen.
    checked: Instant,
    /// When it may have as much read for it as at first.
    rested: Instant,
    _room: OwnedSemaphorePermit,
    _counted: Counted,
}

/// Counts as an open connection until it is dropped.
struct Counted;

impl Counted {
    fn one() -> Self {
        metrics::STREAM_CONNECTIONS.add(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::STREAM_CONNECTIONS.add(-1.0);
    }
}

/// Why a connection ends.
enum End {
    /// The other side went away.
    Gone,
    /// We close it.
    Close(u16, &'static str),
}

/// What a client has and wants.
struct Subscription {
    topics: Vec<Topic>,
    /// Everything up to here was sent, or is not wanted.
    position: i64,
}

impl Connection {
    async fn run(mut self) {
        let events = self.state.ports.broadcast.subscribe();
        if let Err(End::Close(code, reason)) = self.serve(events).await {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            // A client that takes nothing does not take this either; it is cut off all the same. What it has sent is read,
            // since a connection that is closed with something unread takes back what was sent.
            let farewell = async {
                self.socket.send(Message::Close(Some(frame))).await?;
                while let Some(Ok(_)) = self.socket.recv().await {}
                Ok::<(), axum::Error>(())
            };
            let patience = if code == close_code::AWAY { FAREWELL_AT_THE_END } else { FAREWELL };
            drop(timeout(patience, farewell).await);
        }
    }

    async fn serve(&mut self, mut events: Receiver<Arc<Published>>) -> Result<(), End> {
        let mut subscription = Subscription { topics: Vec::new(), position: 0 };
        let period = self.state.settings.keep_alive;
        let mut keep_alive = interval_at(Instant::now() + period, period);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.state.shutdown.clone();
        let mut silent = 0;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Err(End::Close(close_code::AWAY, "the server stops")),
                message = self.socket.recv() => {
                    silent = 0;
                    match message {
                        None | Some(Err(_) | Ok(Message::Close(_))) => return Err(End::Gone),
                        Some(Ok(Message::Text(text))) => self.subscribe(&text, &mut subscription).await?,
                        Some(Ok(Message::Binary(_))) => {
                            return Err(End::Close(close_code::UNSUPPORTED, "text is due"));
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    }
                }
                event = events.recv() => match event {
                    Ok(published) => self.tell(&published, &mut subscription).await?,
                    Err(RecvError::Lagged(_)) => self.catch_up(&mut subscription).await?,
                    Err(RecvError::Closed) => return Err(End::Close(close_code::AWAY, "the server stops")),
                },
                _ = keep_alive.tick() => {
                    silent += 1;
                    if silent > SILENT_KEEP_ALIVES {
                        return Err(End::Close(close_code::POLICY, "no sign of life"));
                    }
                    self.check().await?;
                    self.send(Message::Ping(axum::body::Bytes::new())).await?;
                }
            }
        }
    }

    /// Ends the connection of a key or session that is over, or that is another caller's by now.
    async fn check(&mut self) -> Result<(), End> {
        let known = authenticate(&self.state, &Method::GET, &self.uri, &self.headers, None).await;
        match known {
            Ok(caller) if caller == *self.caller => {
                self.checked = Instant::now();
                Ok(())
            }
            Ok(_) => Err(End::Close(close_code::POLICY, "what you may see has changed; come again")),
            Err(_) => Err(End::Close(close_code::POLICY, "the key or session is over")),
        }
    }

    /// Sends a message to a client that takes it in time.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.state.settings.slow_client_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(close_code::AGAIN, "too slow; come again with your last position")),
        }
    }

    async fn send_json<T: Serialize>(&mut self, value: &T) -> Result<(), End> {
        let text =
            serde_json::to_string(value).map_err(|_| End::Close(close_code::ERROR, "a fault of ours"))?;
        self.send(Message::Text(text.into())).await
    }

    async fn subscribe(&mut self, text: &str, subscription: &mut Subscription) -> Result<(), End> {
        let Ok(asked) = serde_json::from_str::<Subscribe>(text) else {
            let due = r#"{"subscribe":["alerts","conjunctions","runs",...],"after":position} is due"#;
            return Err(End::Close(close_code::POLICY, due));
        };
        let first = subscription.topics.is_empty();
        subscription.topics = asked.subscribe;
        let mut reset = false;
        if let Some(after) = asked.after {
            self.pace().await?;
            (subscription.position, reset) = place(self.state.ports.store.as_ref(), after).await?;
        } else if first {
            let store = Arc::clone(&self.state.ports.store);
            subscription.position = store.last_position().await.map_err(|error| unreadable(&error))?;
        }
        let position = subscription.position;
        self.send_json(&Subscribed { subscribed: &subscription.topics, position, reset }).await?;
        self.catch_up(subscription).await
    }

    /// Lets a client who has events read again and again wait.
    async fn pace(&mut self) -> Result<(), End> {
        let counted = access::count(&self.state, &self.caller, CATCH_UP_COST).await;
        counted.map_err(|_| End::Close(close_code::AGAIN, "too many requests; come again in a minute"))?;
        loop {
            let now = Instant::now();
            let (taken, full_after) = CATCH_UPS.take(self.rested.saturating_duration_since(now), 1);
            if taken.granted {
                self.rested = now + full_after;
                return Ok(());
            }
            tokio::time::sleep(taken.wait).await;
        }
    }

    /// Sends what the store has after the position of a client.
    async fn catch_up(&mut self, subscription: &mut Subscription) -> Result<(), End> {
        while !subscription.topics.is_empty() {
            let (position, topics) = (subscription.position, &subscription.topics);
            let store = &self.state.ports.store;
            let events = store.events_seen_by(&self.caller.tenant, position, topics, CATCH_UP).await;
            let events = events.map_err(|error| unreadable(&error))?;
            for published in &events {
                self.tell(published, subscription).await?;
            }
            if events.len() < CATCH_UP as usize {
                break;
            }
        }
        Ok(())
    }

    /// Sends an event that a client has not seen and may and wants to see.
    async fn tell(&mut self, published: &Published, subscription: &mut Subscription) -> Result<(), End> {
        let Published { position, event } = published;
        if *position <= subscription.position {
            return Ok(());
        }
        subscription.position = *position;
        let wanted = subscription.topics.contains(&event.payload.topic());
        if wanted && may_see(&self.caller, &event.tenant) {
            if event.tenant == self.caller.tenant && self.checked.elapsed() > BELIEVED {
                self.check().await?;
            }
            self.send_json(&Told { position: *position, event }).await?;
        }
        Ok(())
    }
}

/// Where to go on for a client that has seen a position, and whether it may have missed something: one that this database
/// has not reached is of another one, and after one from before the oldest event there is a gap.
async fn place(store: &dyn Store, after: i64) -> Result<(i64, bool), End> {
    // The oldest first: it only grows.
    let oldest = store.oldest_position().await.map_err(|error| unreadable(&error))?;
    let newest = store.last_position().await.map_err(|error| unreadable(&error))?;
    Ok(if after > newest { (newest, true) } else { (after.max(0), after < oldest - 1) })
}

fn may_see(caller: &Caller, tenant: &TenantId) -> bool {
    *tenant == caller.tenant || *tenant == TenantId::public()
}

fn unreadable(error: &StoreError) -> End {
    tracing::error!(error = %crate::problem::chain(error), "a WebSocket could not be given its events");
    End::Close(close_code::AGAIN, "the server cannot read its events right now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_names_topics_and_a_position() {
        let read = |text| serde_json::from_str::<Subscribe>(text).ok();
        let whole = Subscribe { subscribe: vec![Topic::Alerts, Topic::Runs], after: Some(41) };
        assert_eq!(read(r#"{"subscribe":["alerts","runs"],"after":41}"#), Some(whole));
        assert_eq!(read(r#"{"subscribe":["alerts"]}"#).unwrap().after, None);
        for bad in ["", "{}", r#"{"subscribe":["secrets"]}"#, r#"{"subscribe":[],"since":1}"#] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
