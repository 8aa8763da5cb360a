//! The WebSockets that a gateway holds, and what comes over them.

use std::fmt;
use std::time::Duration;

use astroshield_domain::ports::{ConnectionId, Connections, ConnectionsError, HeldConnection, Said, Saying};
use async_trait::async_trait;
use jiff::Timestamp;
use redis::{Cmd, Value, cmd};

use super::{RedisSettings, RedisSettingsError, Server};

/// Most that is said and not dealt with: what is older is forgotten.
const MOST_SAID: usize = 100_000;

/// Said things that are taken at once.
const BATCH: usize = 500;

/// [`Connections`] in Redis: a value for each, which expires with it, an index of them by when they expire, and a stream of what
/// is said. Every command is about one key, so that the keys may be on different nodes of a cluster.
pub struct RedisConnections {
    server: Server,
}

impl RedisConnections {
    /// Connections in this server, which need not be there yet.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(settings: RedisSettings) -> Result<Self, RedisSettingsError> {
        Ok(Self { server: Server::new(settings)? })
    }

    fn of_one(&self, id: &ConnectionId) -> String {
        self.server.name(format_args!("gateway-connection:{id}"))
    }

    fn index(&self) -> String {
        self.server.name(format_args!("gateway-connections"))
    }

    fn said(&self) -> String {
        self.server.name(format_args!("gateway-said"))
    }

    async fn ask(&self, command: &Cmd) -> Result<Value, ConnectionsError> {
        self.server.ask(command).await.ok_or(ConnectionsError::Unavailable)
    }
}

impl fmt::Debug for RedisConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnections").finish_non_exhaustive()
    }
}

fn unreadable(reason: impl fmt::Display) -> ConnectionsError {
    ConnectionsError::Unreadable { reason: reason.to_string() }
}

#[async_trait]
impl Connections for RedisConnections {
    async fn add(
        &self,
        id: &ConnectionId,
        connection: &HeldConnection,
        most: usize,
    ) -> Result<bool, ConnectionsError> {
        let index = self.index();
        // Some more than may be get in where they come at once, as on any server that counts before it adds.
        let now = Timestamp::now().as_millisecond();
        self.ask(cmd("ZREMRANGEBYSCORE").arg(&index).arg("-inf").arg(now)).await?;
        match self.ask(cmd("ZCARD").arg(&index)).await? {
            Value::Int(held) if usize::try_from(held).is_ok_and(|held| held < most) => {}
            Value::Int(_) => return Ok(false),
            other => return Err(unreadable(format!("{other:?}"))),
        }
        // First what says whose it is: one that is in the index alone is nobody's.
        self.put(id, connection).await?;
        let expires = connection.expires.as_millisecond();
        self.ask(cmd("ZADD").arg(&index).arg(expires).arg(id.as_str())).await?;
        Ok(true)
    }

    async fn get(&self, id: &ConnectionId) -> Result<Option<HeldConnection>, ConnectionsError> {
        match self.ask(cmd("GET").arg(self.of_one(id))).await? {
            Value::BulkString(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(unreadable),
            _ => Ok(None),
        }
    }

    async fn put(&self, id: &ConnectionId, connection: &HeldConnection) -> Result<(), ConnectionsError> {
        let left = connection.expires.duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or_default().as_millis().max(1);
        let bytes = serde_json::to_vec(connection).map_err(unreadable)?;
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        self.ask(cmd("SET").arg(self.of_one(id)).arg(bytes).arg("PX").arg(left)).await.map(drop)
    }

    async fn remove(&self, id: &ConnectionId) -> Result<(), ConnectionsError> {
        self.ask(cmd("DEL").arg(self.of_one(id))).await?;
        self.ask(cmd("ZREM").arg(self.index()).arg(id.as_str())).await.map(drop)
    }

    async fn all(&self) -> Result<Vec<ConnectionId>, ConnectionsError> {
        let now = Timestamp::now().as_millisecond();
        let mut range = cmd("ZRANGE");
        range.arg(self.index()).arg(format!("({now}")).arg("+inf").arg("BYSCORE");
        let found: Vec<String> = redis::from_redis_value(self.ask(&range).await?).map_err(unreadable)?;
        Ok(found.into_iter().filter_map(|name| name.parse().ok()).collect())
    }

    async fn say(&self, id: &ConnectionId, said: &Said) -> Result<(), ConnectionsError> {
        let bytes = serde_json::to_vec(said).map_err(unreadable)?;
        let mut add = cmd("XADD");
        add.arg(self.said()).arg("MAXLEN").arg("~").arg(MOST_SAID).arg("*");
        self.ask(add.arg("connection").arg(id.as_str()).arg("said").arg(bytes)).await.map(drop)
    }

    async fn said_after(&self, place: Option<&str>) -> Result<Vec<Saying>, ConnectionsError> {
        let from = place.map_or_else(|| "-".to_owned(), |place| format!("({place}"));
        let mut range = cmd("XRANGE");
        range.arg(self.said()).arg(from).arg("+").arg("COUNT").arg(BATCH);
        let found: Vec<(String, Vec<(String, Vec<u8>)>)> =
            redis::from_redis_value(self.ask(&range).await?).map_err(unreadable)?;
        let mut sayings = Vec::with_capacity(found.len());
        for (place, fields) in found {
            match saying(&place, &fields) {
                Some(saying) => sayings.push(saying),
                None => {
                    tracing::error!(place, "what was said over a connection is not of this version");
                    self.dealt_with(&place).await?;
                }
            }
        }
        Ok(sayings)
    }

    async fn dealt_with(&self, place: &str) -> Result<(), ConnectionsError> {
        self.ask(cmd("XDEL").arg(self.said()).arg(place)).await.map(drop)
    }
}

fn saying(place: &str, fields: &[(String, Vec<u8>)]) -> Option<Saying> {
    let field = |wanted: &str| Some(fields.iter().find(|(name, _)| name == wanted)?.1.as_slice());
    let connection = std::str::from_utf8(field("connection")?).ok()?.parse().ok()?;
    let said = serde_json::from_slice(field("said")?).ok()?;
    Some(Saying { place: place.to_owned(), connection, said })
}
