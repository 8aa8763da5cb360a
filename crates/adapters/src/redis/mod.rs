//! What several processes share, in Redis or Valkey: a cache, a broadcast, and the connections that a gateway holds.
//!
//! Without the server, values are forgotten, events are read from the store, and clients of a gateway wait.

mod broadcast;
mod cache;
mod connections;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use astroshield_domain::ports::SecretText;
use astroshield_domain::secrets::Rotating;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, ServerErrorKind, TlsCertificates,
    Value,
};
use tokio::sync::Mutex;

pub use self::broadcast::RedisBroadcast;
pub use self::cache::RedisCache;
pub use self::connections::RedisConnections;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the server is left alone after it did not answer.
const REST: Duration = Duration::from_secs(1);

/// How long it may take to connect to all nodes of a cluster. Whoever asks does not wait for so long.
const CONNECTING: Duration = Duration::from_secs(10);

/// Where the server is.
#[derive(Clone)]
pub struct RedisSettings {
    /// Its URLs (`rediss://user:password@host:port`): one, or some nodes of a cluster.
    pub urls: Vec<String>,
    /// Whether they are nodes of a cluster.
    pub cluster: bool,
    /// What names of keys and channels begin with: each installation has its own.
    pub prefix: String,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<Vec<u8>>,
    /// A password that may change, in place of the one in the URLs.
    pub password: Option<Rotating>,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses have passwords in them.
        f.debug_struct("RedisSettings")
            .field("urls", &self.urls.len())
            .field("cluster", &self.cluster)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Why there can be no connection, whatever the server does.
#[derive(Debug, thiserror::Error)]
pub enum RedisSettingsError {
    /// There is no address.
    #[error("an address is due")]
    NoAddress,
    /// An address is none, or the certificates cannot be read.
    #[error("address {place}: {reason}")]
    Address {
        /// Which, from 1.
        place: usize,
        /// What is wrong; the address itself has a password in it.
        reason: String,
    },
    /// The prefix cannot be kept apart from others.
    #[error("{prefix:?}: letters, digits, \".\", \"_\" and \"-\" are due")]
    Prefix {
        /// What was given.
        prefix: String,
    },
}

/// A server, and whether it has answered lately.
pub(super) struct Server {
    settings: RedisSettings,
    link: Arc<Mutex<Link>>,
    origin: Instant,
    /// Until when the server is left alone, in ms since the origin.
    rests_until: AtomicU64,
}

#[derive(Clone)]
enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

/// The way to the server.
#[derive(Default)]
struct Link {
    /// The connection, and the password that it was made with.
    made: Option<(Connection, Option<SecretText>)>,
    /// Which connection it is.
    number: u64,
}

impl Server {
    pub(super) fn new(settings: RedisSettings) -> Result<Self, RedisSettingsError> {
        if settings.urls.is_empty() {
            return Err(RedisSettingsError::NoAddress);
        }
        for place in 0..settings.urls.len() {
            let address = |reason: String| RedisSettingsError::Address { place: place + 1, reason };
            client(&settings, place).map_err(|error| address(error.to_string()))?;
        }
        // A colon ends the prefix, and braces choose the node of a cluster.
        let may_be = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if settings.prefix.is_empty() || !settings.prefix.chars().all(may_be) {
            return Err(RedisSettingsError::Prefix { prefix: settings.prefix });
        }
        let (origin, rests_until) = (Instant::now(), AtomicU64::new(0));
        Ok(Self { settings, link: Arc::default(), origin, rests_until })
    }

    /// The name of what is ours in the server.
    pub(super) fn name(&self, rest: fmt::Arguments<'_>) -> String {
        format!("{}:{rest}", self.settings.prefix)
    }

    fn password(&self) -> Option<SecretText> {
        self.settings.password.as_ref().map(Rotating::current)
    }

    /// Says that the server did not take the password, if that is what an error says.
    pub(super) fn note_refusal(&self, error: &RedisError) {
        if error.kind() == ErrorKind::AuthenticationFailed
            && let Some(password) = &self.settings.password
        {
            password.was_refused();
        }
    }

    /// A client of one of the nodes, each in its turn.
    pub(super) fn node(&self, turn: usize) -> Result<Client, RedisError> {
        client(&self.settings, turn % self.settings.urls.len())
    }

    /// Asks for one thing. `None` where the server does not answer; for a while after that it is not asked.
    pub(super) async fn ask(&self, command: &Cmd) -> Option<Value> {
        if self.is_resting() {
            return None;
        }
        let mut used = None;
        let asked = tokio::time::timeout(2 * PATIENCE, async {
            let (connection, number) = self.connection().await?;
            used = Some(number);
            match connection {
                Connection::One(mut connection) => connection.req_packed_command(command).await,
                Connection::Cluster(mut connection) => connection.req_packed_command(command).await,
            }
        });
        let problem = match asked.await {
            Ok(Ok(value)) => {
                self.is_well();
                return Some(value);
            }
            Ok(Err(error)) if is_away(&error) => {
                // Another one has taken its place, under the same name; or a node says nothing, and the library asks that one
                // again and again, whichever has taken its place.
                let moved = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
                if moved || self.settings.cluster && error.is_timeout() {
                    self.forget(used);
                }
                error.to_string()
            }
            // It has answered: that this cannot be done.
            Ok(Err(error)) => {
                self.note_refusal(&error);
                tracing::error!(%error, "Redis refuses");
                return None;
            }
            Err(_) => {
                if self.settings.cluster {
                    self.forget(used);
                }
                "no answer in time".to_owned()
            }
        };
        let rest = self.origin.elapsed() + REST;
        let rest = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        if self.rests_until.swap(rest, Ordering::Relaxed) == 0 {
            tracing::warn!(problem, "Redis does not answer: what it remembers is forgotten until it does");
        }
        None
    }

    fn is_resting(&self) -> bool {
        let until = self.rests_until.load(Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        let now = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        now < until
    }

    fn is_well(&self) {
        if self.rests_until.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!("Redis answers again");
        }
    }

    /// The connection, and which one it is. One that is being made goes on being made when nobody waits for it any more.
    async fn connection(&self) -> Result<(Connection, u64), RedisError> {
        let (link, settings, password) = (Arc::clone(&self.link), self.settings.clone(), self.password());
        if let Ok(link) = link.try_lock()
            && let Some(connection) = link.of(password.as_ref())
        {
            return Ok(connection);
        }
        let making = tokio::spawn(async move {
            let mut link = link.lock_owned().await;
            if let Some(connection) = link.of(password.as_ref()) {
                return Ok(connection);
            }
            let late = |_| Err((ErrorKind::Io, "no connection in time").into());
            let made = tokio::time::timeout(CONNECTING, connect(&settings)).await.unwrap_or_else(late)?;
            link.number += 1;
            link.made = Some((made.clone(), password));
            Ok((made, link.number))
        });
        making.await.unwrap_or_else(|_| Err((ErrorKind::Io, "nobody connects any more").into()))
    }

    /// Lets a connection be made anew, unless it was already.
    fn forget(&self, used: Option<u64>) {
        // Where it is held, another one is being made.
        if let Ok(mut link) = self.link.try_lock()
            && used == Some(link.number)
        {
            link.made = None;
        }
    }
}

impl Link {
    fn of(&self, password: Option<&SecretText>) -> Option<(Connection, u64)> {
        let (connection, made_with) = self.made.as_ref()?;
        (made_with.as_ref() == password).then(|| (connection.clone(), self.number))
    }
}

async fn connect(settings: &RedisSettings) -> Result<Connection, RedisError> {
    if settings.cluster {
        let nodes = (0..settings.urls.len()).map(|place| info(settings, place));
        let mut builder = ClusterClientBuilder::new(nodes.collect::<Result<Vec<_>, _>>()?)
            .retries(1)
            .connection_timeout(PATIENCE)
            .response_timeout(PATIENCE);
        if let Some(pem) = &settings.roots_pem {
            builder = builder.certs(certificates(pem));
        }
        return Ok(Connection::Cluster(builder.build()?.get_async_connection().await?));
    }
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(1)
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    Ok(Connection::One(ConnectionManager::new_with_config(client(settings, 0)?, config).await?))
}

/// Whether a server that says so, or nothing, is to be left alone for a while.
fn is_away(error: &RedisError) -> bool {
    let kind = error.kind();
    error.is_timeout()
        || error.is_io_error()
        || error.is_connection_refusal()
        || error.is_cluster_error()
        || matches!(
            kind,
            ErrorKind::ClusterConnectionNotFound
                | ErrorKind::Server(
                    ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
                )
        )
}

fn certificates(pem: &[u8]) -> TlsCertificates {
    TlsCertificates { client_tls: None, root_cert: Some(pem.to_vec()) }
}

fn info(settings: &RedisSettings, place: usize) -> Result<ConnectionInfo, RedisError> {
    let info = settings.urls[place].as_str().into_connection_info()?;
    let Some(password) = &settings.password else { return Ok(info) };
    let redis = info.redis_settings().clone().set_password(password.current().reveal());
    Ok(info.set_redis_settings(redis))
}

fn client(settings: &RedisSettings, place: usize) -> Result<Client, RedisError> {
    let info = info(settings, place)?;
    match &settings.roots_pem {
        Some(pem) => Client::build_with_tls(info, certificates(pem)),
        None => Client::open(info),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(urls: &[&str]) -> RedisSettings {
        let urls = urls.iter().map(|&url| url.to_owned()).collect();
        RedisSettings {
            urls,
            cluster: false,
            prefix: "astroshield".to_owned(),
            roots_pem: None,
            password: None,
        }
    }

    #[test]
    fn a_prefix_that_could_be_taken_for_another_is_refused() {
        for prefix in ["", "a:b", "a*", "{a}", "a b"] {
            let settings = RedisSettings { prefix: prefix.to_owned(), ..settings(&["redis://127.0.0.1:1"]) };
            assert!(matches!(Server::new(settings), Err(RedisSettingsError::Prefix { .. })), "{prefix:?}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_named_by_its_place_and_no_password_is_printed() {
        assert!(matches!(Server::new(settings(&[])), Err(RedisSettingsError::NoAddress)));
        let two = settings(&["redis://me:hush@127.0.0.1:1", "http://me:hush@127.0.0.1:2"]);
        assert!(!format!("{two:?}").contains("hush"));
        let Err(error) = Server::new(two) else { panic!("it is no address of Redis") };
        let error = error.to_string();
        assert!(error.starts_with("address 2: ") && !error.contains("hush"), "{error}");
    }
}
