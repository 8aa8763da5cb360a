//! `/stream`: events as they happen, over a WebSocket: ours, or one that a gateway holds for us.

mod caller;
mod direct;
mod gateway;

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::access::Caller;
use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::{Bucket, Store, StoreError};
use astroshield_domain::trace::Place;
use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

pub(crate) use self::caller::caller;
pub use self::caller::{STREAM_CALLER, StreamCaller};
use self::direct::Direct;
pub use self::gateway::{GatewaySettings, GatewayStreams};
use crate::access::{self, Proof, Reader, authenticate};
use crate::problem::Problem;
use crate::state::ApiState;

/// Largest message that a client may send, in bytes; a subscription takes far less.
pub const LARGEST_STREAM_MESSAGE: usize = 16 << 10;

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
/// anew what you have kept. The answer to a subscription may come again at any time: all up to its `position` was sent.
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
    let (identified, checked) = (Identified::Request { uri, headers }, Instant::now());
    // Thousands are open at once, and the default is 128 KiB for each.
    let upgrade = upgrade.read_buffer_size(READ_BUFFER);
    Ok(upgrade.max_message_size(LARGEST_STREAM_MESSAGE).max_frame_size(LARGEST_STREAM_MESSAGE).on_upgrade(
        move |socket| {
            let patience = state.settings.slow_client_timeout;
            let shutdown = state.shutdown.clone();
            let line = Direct { socket, patience, shutdown, _room: room, _counted: Counted::one() };
            let mut connection = Connection { state, caller, identified, checked, rested: checked, line };
            place.carry(async move {
                connection.run(Subscription::default()).await;
            })
        },
    ))
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
    /// This process has no more to do with it.
    Left,
    /// We close it.
    Close(u16, &'static str),
}

/// What a client has and wants.
#[derive(Debug, Default, PartialEq)]
struct Subscription {
    topics: Vec<Topic>,
    /// Everything up to here was sent, or is not wanted.
    position: i64,
    /// Whether it may have missed something before that, and was not told so yet.
    reset: bool,
}

/// What comes from a client.
enum Heard {
    Text(String),
    Binary,
    TooLarge,
    /// More than are taken at once.
    TooMany,
    /// Only that it is there.
    SignOfLife,
    Gone,
}

/// What lies between a client and its connection.
trait Line: Send {
    /// What the client says next. It may be given up, and asked again.
    fn hear(&mut self) -> impl Future<Output = Heard> + Send;

    /// Sends a message; returns when the client, or who takes it for it, has it.
    fn send(&mut self, text: String) -> impl Future<Output = Result<(), End>> + Send;

    /// Remembers how far the client is.
    fn note(&mut self, subscription: &Subscription) -> impl Future<Output = ()> + Send;

    /// Keeps the line open; whether the client is known to be there.
    fn keep_alive(&mut self, subscription: &Subscription) -> impl Future<Output = Result<bool, End>> + Send;

    /// That this process is to have no more to do with it.
    fn stop(&self) -> CancellationToken;

    /// How it ends then.
    fn stopped(&self) -> End;

    /// Tells the client why it is cut off, and does that.
    fn close(&mut self, code: u16, reason: &'static str) -> impl Future<Output = ()> + Send;
}

/// By what it is seen who a client is.
enum Identified {
    /// What it came with.
    Request { uri: Uri, headers: HeaderMap },
    /// What was kept of that.
    Proof(Proof),
}

/// A client.
struct Connection<L> {
    state: ApiState,
    caller: Arc<Caller>,
    identified: Identified,
    /// When it was seen that this still holds.
    checked: Instant,
    /// When it may have as much read for it as at first.
    rested: Instant,
    line: L,
}

impl<L: Line> Connection<L> {
    /// Serves a client until one of the two sides ends it.
    async fn run(&mut self, subscription: Subscription) -> End {
        let events = self.state.ports.broadcast.subscribe();
        let ended = self.serve(events, subscription).await;
        let end = ended.err().unwrap_or(End::Gone);
        if let End::Close(code, reason) = end {
            self.line.close(code, reason).await;
        }
        end
    }

    async fn serve(
        &mut self,
        mut events: Receiver<Arc<Published>>,
        mut subscription: Subscription,
    ) -> Result<(), End> {
        if matches!(self.identified, Identified::Proof(_)) {
            // It was taken for granted some time ago.
            self.check().await?;
        }
        if !subscription.topics.is_empty() {
            // Another process has begun this: it may not have said so.
            self.answer(&mut subscription).await?;
            self.catch_up(&mut subscription).await?;
        }
        let period = self.state.settings.keep_alive;
        let mut keep_alive = interval_at(Instant::now() + period, period);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.line.stop();
        let mut silent = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(self.line.stopped()),
                heard = self.line.hear() => {
                    silent = 0;
                    match heard {
                        Heard::Gone => return Err(End::Gone),
                        Heard::Text(text) => self.subscribe(&text, &mut subscription).await?,
                        Heard::Binary => return Err(End::Close(close_code::UNSUPPORTED, "text is due")),
                        Heard::TooLarge => {
                            return Err(End::Close(close_code::SIZE, "a message of up to 16 KiB is due"));
                        }
                        Heard::TooMany => {
                            return Err(End::Close(close_code::POLICY, "too many messages at once"));
                        }
                        Heard::SignOfLife => {}
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
                    if self.line.keep_alive(&subscription).await? {
                        silent = 0;
                    }
                }
            }
        }
    }

    /// Ends the connection of a key or session that is over, or that is another caller's by now.
    async fn check(&mut self) -> Result<(), End> {
        let known = match &self.identified {
            Identified::Request { uri, headers } => {
                authenticate(&self.state, &Method::GET, uri, headers, None).await
            }
            Identified::Proof(proof) => proof.caller(&self.state).await,
        };
        match known {
            Ok(caller) if caller == *self.caller => {
                self.checked = Instant::now();
                Ok(())
            }
            Ok(_) => Err(End::Close(close_code::POLICY, "what you may see has changed; come again")),
            Err(_) => Err(End::Close(close_code::POLICY, "the key or session is over")),
        }
    }

    async fn send_json<T: Serialize>(&mut self, value: &T) -> Result<(), End> {
        let text =
            serde_json::to_string(value).map_err(|_| End::Close(close_code::ERROR, "a fault of ours"))?;
        self.line.send(text).await
    }

    async fn subscribe(&mut self, text: &str, subscription: &mut Subscription) -> Result<(), End> {
        let Ok(asked) = serde_json::from_str::<Subscribe>(text) else {
            let due = r#"{"subscribe":["alerts","conjunctions","runs",...],"after":position} is due"#;
            return Err(End::Close(close_code::POLICY, due));
        };
        let first = subscription.topics.is_empty();
        subscription.topics = asked.subscribe;
        subscription.reset = false;
        if let Some(after) = asked.after {
            self.pace().await?;
            let store = Arc::clone(&self.state.ports.store);
            (subscription.position, subscription.reset) = place(store.as_ref(), after).await?;
        } else if first {
            let store = Arc::clone(&self.state.ports.store);
            subscription.position = store.last_position().await.map_err(|error| unreadable(&error))?;
        }
        self.line.note(subscription).await;
        self.answer(subscription).await?;
        self.catch_up(subscription).await
    }

    /// Says that a subscription is taken.
    async fn answer(&mut self, subscription: &mut Subscription) -> Result<(), End> {
        let text = subscribed(subscription)?;
        self.line.send(text).await?;
        subscription.reset = false;
        Ok(())
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
        // What this release cannot read, too: the client may be of a later one.
        let wanted = event.is_of(&subscription.topics);
        if wanted && may_see(&self.caller, &event.tenant) {
            if event.tenant == self.caller.tenant && self.checked.elapsed() > BELIEVED {
                self.check().await?;
            }
            self.send_json(&Told { position: *position, event }).await?;
            subscription.position = *position;
            self.line.note(subscription).await;
        }
        subscription.position = *position;
        Ok(())
    }
}

fn subscribed(subscription: &Subscription) -> Result<String, End> {
    let Subscription { topics, position, reset } = subscription;
    let answer = Subscribed { subscribed: topics, position: *position, reset: *reset };
    serde_json::to_string(&answer).map_err(|_| End::Close(close_code::ERROR, "a fault of ours"))
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
