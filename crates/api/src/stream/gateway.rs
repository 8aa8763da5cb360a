//! WebSockets that a gateway holds for us. One process at a time has to do with them, the one that holds the lease: what
//! clients say comes to it from the functions behind the gateway, and what they are told goes out through the gateway. How far
//! each client is, is remembered outside of the process, so that another one goes on where this one was.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use astroshield_domain::access::Caller;
use astroshield_domain::metrics;
use astroshield_domain::patience::Patience;
use astroshield_domain::ports::{
    ConnectionId, Connections, ConnectionsError, Gateway, GatewayError, HeldConnection, HeldSubscription,
    Said, Saying,
};
use axum::extract::ws::close_code;
use serde_json::json;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{Connection, End, Heard, Identified, Line, Subscription, subscribed};
use crate::access::Proven;
use crate::state::ApiState;

/// Messages of one client that may wait.
const WAITING: usize = 64;

/// Before what does not answer is asked again: the first time, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

/// How often it is tried to end a connection; one that stays open all the same is idle, and ended by the gateway for that.
const CLOSING: u32 = 4;

/// How it is dealt with clients of a gateway.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// How often it is looked whether clients have said anything.
    pub look: Duration,
    /// A client that was told nothing for so long is told how far it is: the gateway ends what is idle for longer.
    pub keep_alive: Duration,
    /// How long the gateway may put off a message before its client is cut off.
    pub patience: Duration,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            look: Duration::from_millis(50),
            // API Gateway ends connections that are idle for 10 minutes.
            keep_alive: Duration::from_mins(4),
            patience: Duration::from_mins(1),
        }
    }
}

/// Serves clients of a gateway.
#[derive(Clone)]
pub struct GatewayStreams {
    shared: Arc<Shared>,
}

struct Shared {
    state: ApiState,
    connections: Arc<dyn Connections>,
    gateway: Arc<dyn Gateway>,
    settings: GatewaySettings,
    /// Whether it is known that the gateway does not answer.
    is_away: AtomicBool,
}

impl GatewayStreams {
    /// Serves clients as this state has it.
    #[must_use]
    pub fn new(
        state: ApiState,
        connections: Arc<dyn Connections>,
        gateway: Arc<dyn Gateway>,
        settings: GatewaySettings,
    ) -> Self {
        let is_away = AtomicBool::new(false);
        Self { shared: Arc::new(Shared { state, connections, gateway, settings, is_away }) }
    }

    /// Serves all clients, until it is told to leave them to another process.
    pub async fn run(&self, stop: CancellationToken) {
        let mut clients =
            Clients { shared: Arc::clone(&self.shared), stop, open: HashMap::new(), tasks: Tasks::default() };
        if clients.take_over().await {
            clients.pass_on().await;
        }
        clients.stop.cancel();
        while clients.tasks.running.join_next().await.is_some() {}
    }
}

/// Those that this process serves.
struct Clients {
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// Where what they say goes; nothing, where it is not listened to any more.
    open: HashMap<ConnectionId, Option<Sender<Saying>>>,
    tasks: Tasks,
}

#[derive(Default)]
struct Tasks {
    running: JoinSet<()>,
    of: HashMap<Id, ConnectionId>,
}

impl Clients {
    /// Takes up those that are remembered; `false` where it is told to stop before that.
    async fn take_over(&mut self) -> bool {
        let mut patience = Patience::new(WAITS.0, WAITS.1);
        loop {
            match self.shared.connections.all().await {
                Ok(ids) => {
                    ids.into_iter().for_each(|id| drop(self.begin(id)));
                    return true;
                }
                Err(error) => tracing::warn!(%error, "clients of the gateway wait"),
            }
            if self.stop.run_until_cancelled(sleep(patience.next())).await.is_none() {
                return false;
            }
        }
    }

    /// Begins to serve a client.
    fn begin(&mut self, id: ConnectionId) -> Sender<Saying> {
        let (sender, said) = channel(WAITING);
        let task = serve(Arc::clone(&self.shared), id.clone(), said, self.stop.clone());
        let task = self.tasks.running.spawn(task);
        self.tasks.of.insert(task.id(), id.clone());
        self.open.insert(id, Some(sender.clone()));
        sender
    }

    /// Passes on what clients say.
    async fn pass_on(&mut self) {
        let mut place: Option<String> = None;
        let mut look = interval(self.shared.settings.look);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                Some(ended) = self.tasks.running.join_next_with_id() => {
                    let task = match ended {
                        Ok((task, ())) => task,
                        Err(error) => {
                            tracing::error!(%error, "the serving of a client has failed");
                            error.id()
                        }
                    };
                    if let Some(id) = self.tasks.of.remove(&task) {
                        self.open.remove(&id);
                    }
                }
                _ = look.tick() => {
                    // Whoever does not answer is said by what asks.
                    for saying in self.shared.connections.said_after(place.as_deref()).await.unwrap_or_default() {
                        place = Some(saying.place.clone());
                        self.pass(saying).await;
                    }
                }
            }
        }
    }

    async fn pass(&mut self, saying: Saying) {
        let id = saying.connection.clone();
        let refused = match self.open.get(&id) {
            Some(Some(sender)) => sender.try_send(saying),
            Some(None) => return self.shared.deal_with(&saying.place).await,
            None if saying.said == Said::Gone => return self.shared.deal_with(&saying.place).await,
            None => self.begin(id.clone()).try_send(saying),
        };
        if let Err(TrySendError::Full(saying) | TrySendError::Closed(saying)) = refused {
            // It is told so once it has dealt with what waits, or it is ending.
            self.open.insert(id, None);
            self.shared.deal_with(&saying.place).await;
        }
    }
}

impl Shared {
    async fn deal_with(&self, place: &str) {
        if let Err(error) = self.connections.dealt_with(place).await {
            tracing::debug!(%error, "what was said over a connection is heard again");
        }
    }

    /// Ends a connection.
    async fn close(&self, id: &ConnectionId) {
        let mut patience = Patience::new(WAITS.0, WAITS.1);
        for _ in 0..CLOSING {
            match self.gateway.close(id).await {
                Ok(()) | Err(GatewayError::Gone) => return,
                Err(error) => tracing::debug!(%id, %error, "a connection stays open"),
            }
            sleep(patience.next()).await;
        }
    }

    /// Says once that the gateway does not answer, and once that it does.
    fn note_answer(&self, problem: Option<&GatewayError>) {
        match problem {
            Some(error) if !self.is_away.swap(true, Ordering::Relaxed) => {
                tracing::warn!(%error, "clients of the gateway wait");
            }
            None if self.is_away.swap(false, Ordering::Relaxed) => {
                tracing::info!("the gateway answers again");
            }
            _ => {}
        }
    }
}

/// Serves a client.
async fn serve(shared: Arc<Shared>, id: ConnectionId, mut said: Receiver<Saying>, stop: CancellationToken) {
    let mut patience = Patience::new(WAITS.0, WAITS.1);
    let held = loop {
        match shared.connections.get(&id).await {
            Ok(held) => break held,
            Err(error @ ConnectionsError::Unreadable { .. }) => {
                tracing::error!(%id, %error, "a connection is ended");
                break None;
            }
            Err(ConnectionsError::Unavailable) => {}
        }
        if stop.run_until_cancelled(sleep(patience.next())).await.is_none() {
            return;
        }
    };
    let proven = held.as_ref().and_then(|held| serde_json::from_str::<Proven>(&held.proof).ok());
    let left = if let (Some(held), Some(Proven { principal, proof })) = (held, proven) {
        let HeldConnection { tenant, name, scope, .. } = held.clone();
        let before = held.subscription.clone().map_or_else(Subscription::default, |held| Subscription {
            topics: held.topics,
            position: held.position,
            reset: held.reset,
        });
        let line = Remote {
            shared: Arc::clone(&shared),
            id: id.clone(),
            held,
            said,
            taken: None,
            told: Instant::now(),
            stop,
            _counted: Counted::one(),
        };
        let mut connection = Connection {
            state: shared.state.clone(),
            caller: Arc::new(Caller { tenant, name, principal, scope }),
            identified: Identified::Proof(proof),
            checked: Instant::now(),
            rested: Instant::now(),
            line,
        };
        if matches!(connection.run(before).await, End::Left) {
            return;
        }
        if let Some(place) = connection.line.taken.take() {
            shared.deal_with(&place).await;
        }
        connection.line.said
    } else {
        // Nobody knows any more whose it is: the client comes again.
        shared.close(&id).await;
        said
    };
    said = left;
    said.close();
    while let Some(saying) = said.recv().await {
        shared.deal_with(&saying.place).await;
    }
    if let Err(error) = shared.connections.remove(&id).await {
        tracing::debug!(%id, %error, "a connection that has ended is remembered until it expires");
    }
}

/// Counts as an open connection until it is dropped.
struct Counted;

impl Counted {
    fn one() -> Self {
        metrics::GATEWAY_CONNECTIONS.add(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::GATEWAY_CONNECTIONS.add(-1.0);
    }
}

/// A WebSocket that the gateway holds.
struct Remote {
    shared: Arc<Shared>,
    id: ConnectionId,
    held: HeldConnection,
    said: Receiver<Saying>,
    /// The place of what was heard last, until it is dealt with.
    taken: Option<String>,
    /// When the client was told something last.
    told: Instant,
    stop: CancellationToken,
    _counted: Counted,
}

impl Line for Remote {
    async fn hear(&mut self) -> Heard {
        // Whoever listens again has dealt with what came before.
        if let Some(place) = &self.taken {
            self.shared.deal_with(place).await;
            self.taken = None;
        }
        let Some(saying) = self.said.recv().await else { return Heard::TooMany };
        self.taken = Some(saying.place);
        match saying.said {
            Said::Text(text) => Heard::Text(text),
            Said::Binary => Heard::Binary,
            Said::TooLarge => Heard::TooLarge,
            Said::Gone => Heard::Gone,
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        let (begun, mut patience) = (Instant::now(), Patience::new(WAITS.0, WAITS.1));
        loop {
            let sent = self.shared.gateway.send(&self.id, &text).await;
            let is_away = matches!(sent, Err(GatewayError::Away { .. }));
            self.shared.note_answer(sent.as_ref().err().filter(|_| is_away));
            let outcome = match sent {
                Ok(()) => {
                    metrics::GATEWAY_MESSAGES.increment(["sent"]);
                    self.told = Instant::now();
                    return Ok(());
                }
                Err(GatewayError::Gone) => {
                    metrics::GATEWAY_MESSAGES.increment(["gone"]);
                    return Err(End::Gone);
                }
                Err(GatewayError::TooLarge) => {
                    metrics::GATEWAY_MESSAGES.increment(["given_up"]);
                    return Err(End::Close(close_code::SIZE, "an event is too large for the gateway"));
                }
                Err(GatewayError::Busy) if begun.elapsed() >= self.shared.settings.patience => {
                    metrics::GATEWAY_MESSAGES.increment(["given_up"]);
                    return Err(End::Close(
                        close_code::AGAIN,
                        "too slow; come again with your last position",
                    ));
                }
                Err(GatewayError::Busy) => "put_off",
                // What is not sent now is in the store: the client waits for as long as it is connected.
                Err(GatewayError::Away { .. }) => "failed",
            };
            metrics::GATEWAY_MESSAGES.increment([outcome]);
            if self.held.expires <= self.shared.state.now() {
                return Err(End::Gone);
            }
            if self.stop.run_until_cancelled(sleep(patience.next())).await.is_none() {
                return Err(End::Left);
            }
        }
    }

    async fn note(&mut self, subscription: &Subscription) {
        let Subscription { topics, position, reset } = subscription;
        self.held.subscription =
            Some(HeldSubscription { topics: topics.clone(), position: *position, reset: *reset });
        if let Err(error) = self.shared.connections.put(&self.id, &self.held).await {
            tracing::debug!(id = %self.id, %error, "another process would tell a client some events twice");
        }
    }

    async fn keep_alive(&mut self, subscription: &Subscription) -> Result<bool, End> {
        if !subscription.topics.is_empty() && self.told.elapsed() >= self.shared.settings.keep_alive {
            self.note(subscription).await;
            self.send(subscribed(subscription)?).await?;
        }
        // The gateway knows of those that are gone.
        Ok(true)
    }

    fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    fn stopped(&self) -> End {
        End::Left
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        // The gateway gives no reason when it ends a connection.
        let farewell = json!({ "closing": { "code": code, "reason": reason } }).to_string();
        if !matches!(self.shared.gateway.send(&self.id, &farewell).await, Err(GatewayError::Gone)) {
            self.shared.close(&self.id).await;
        }
    }
}
