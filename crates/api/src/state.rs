//! What the routes stand on.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use astroshield_domain::backups::Backups;
use astroshield_domain::data_exports::DataExports;
use astroshield_domain::export::Exporter;
use astroshield_domain::feeds::FeedSettings;
use astroshield_domain::identity::GroupRoles;
use astroshield_domain::notify::Notifier;
use astroshield_domain::on_demand::OnDemand;
use astroshield_domain::operations::Operations;
use astroshield_domain::organization::Organizations;
use astroshield_domain::ports::{
    Broadcast, Cache, Clock, Downloads, IdentityProvider, Store, UploadLinks, WebhookClient,
};
use astroshield_domain::time::to_microsecond;
use astroshield_domain::uploads::Uploads;
use ipnet::IpNet;
use jiff::Timestamp;
use object_store::ObjectStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::access::{OneTimeTokens, WrongSecrets};
use crate::console::Console;
use crate::idempotency::InFlight;
use crate::kept::{InMaking, Writes};
use crate::position::Position;

/// Ports that the interface calls.
#[derive(Clone)]
pub struct Ports {
    /// Everything that must not be lost.
    pub store: Arc<dyn Store>,
    /// Uploads as they were received.
    pub blobs: Arc<dyn ObjectStore>,
    /// Gives links to them; without it, they are given out here.
    pub downloads: Option<Arc<dyn Downloads>>,
    /// Gives links that take files; without it, they are taken here.
    pub upload_links: Option<Arc<dyn UploadLinks>>,
    /// Sessions and answers.
    pub cache: Arc<dyn Cache>,
    /// Events, for the WebSocket connections.
    pub broadcast: Arc<dyn Broadcast>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Knows which addresses may be a webhook's.
    pub webhooks: Arc<dyn WebhookClient>,
    /// Where people sign in; without it, with one-time tokens only.
    pub identity: Option<Arc<dyn IdentityProvider>>,
    /// How this process is.
    pub operations: Arc<dyn Operations>,
}

/// Use cases that the interface calls.
#[derive(Clone)]
pub struct UseCases {
    /// Takes uploads.
    pub uploads: Arc<Uploads>,
    /// Screens on demand.
    pub on_demand: Arc<OnDemand>,
    /// Acknowledges, mutes and resolves alerts.
    pub notifier: Arc<Notifier>,
    /// Makes, lists and gives out backups.
    pub backups: Backups,
    /// Makes, lists and gives out exports of what a tenant has.
    pub data_exports: DataExports,
}

/// How people who sign in at an identity provider are dealt with.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// Which roles their groups stand for.
    pub roles: GroupRoles,
    /// A session that nobody uses for so long is over.
    pub session_idle: Duration,
    /// A session lasts at most so long.
    pub session_life: Duration,
    /// So long a session goes on that the provider, as it does not answer, does not confirm.
    pub provider_grace: Duration,
    /// Whether one-time tokens sign in, too.
    pub one_time_tokens: bool,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            roles: GroupRoles { prefix: "astroshield".to_owned() },
            session_idle: Duration::from_hours(2),
            session_life: Duration::from_hours(12),
            provider_grace: Duration::from_hours(1),
            one_time_tokens: false,
        }
    }
}

/// What is known of the console.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// The folder with the files that its build leaves; without it, none is served.
    pub folder: Option<PathBuf>,
    /// What this deployment is called where people look at it.
    pub environment: String,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self { folder: None, environment: "laptop".to_owned() }
    }
}

/// How the interface behaves.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Names by which the server may be called (`localhost:8080`), against DNS rebinding; without them, any.
    pub allowed_hosts: Option<Vec<String>>,
    /// Largest body of an upload, in bytes.
    pub upload_limit_bytes: usize,
    /// Largest body of any other request, in bytes.
    pub body_limit_bytes: usize,
    /// In so long, a body has to end or to bring some more.
    pub body_timeout: Duration,
    /// Networks of proxies that are believed for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that alone are let in; without them, all.
    pub allow: Vec<IpNet>,
    /// Networks that are not let in.
    pub deny: Vec<IpNet>,
    /// Requests that a key or a person may send in a minute; 0 is any number. Some routes count more than once.
    pub requests_per_minute_per_key: u32,
    /// Requests that an address may send in a minute; 0 is any number.
    pub requests_per_minute_per_address: u32,
    /// Pages of which other origins may ask with a key (`https://example.org`), or `*`.
    pub cors_origins: Vec<String>,
    /// Wrong keys and tokens that one address may send in a minute; 0 is any number.
    pub wrong_secrets_per_minute: u32,
    /// Whether answers of lists are kept in the cache.
    pub response_cache: bool,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// How those are dealt with who sign in at an identity provider.
    pub identity: IdentitySettings,
    /// Whether cookies go over TLS only: where the server is reached through it.
    pub secure_cookies: bool,
    /// How long a browser or program on the WebSocket may take no message before it is cut off.
    pub slow_client_timeout: Duration,
    /// How often the WebSocket is kept alive.
    pub keep_alive: Duration,
    /// Most connections over WebSocket at a time.
    pub stream_limit: usize,
    /// The feeds that are asked.
    pub feeds: Vec<FeedSettings>,
    /// Version and build of the program.
    pub build: String,
    /// The console.
    pub console: ConsoleSettings,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            allowed_hosts: None,
            upload_limit_bytes: 64 << 20,
            body_limit_bytes: 1 << 20,
            body_timeout: Duration::from_secs(30),
            trusted_proxies: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            requests_per_minute_per_key: 0,
            requests_per_minute_per_address: 0,
            cors_origins: Vec::new(),
            wrong_secrets_per_minute: 30,
            response_cache: true,
            session_lifetime: Duration::from_secs(7 * 86_400),
            identity: IdentitySettings::default(),
            secure_cookies: false,
            slow_client_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(20),
            stream_limit: 10_000,
            feeds: Vec::new(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            console: ConsoleSettings::default(),
        }
    }
}

/// What every route has at hand. Clones share it.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// What the clones share: each request makes several.
pub struct Shared {
    pub(crate) ports: Ports,
    pub(crate) use_cases: UseCases,
    pub(crate) settings: Arc<ApiSettings>,
    pub(crate) tokens: Arc<OneTimeTokens>,
    pub(crate) organizations: Organizations,
    pub(crate) wrong_secrets: Arc<WrongSecrets>,
    pub(crate) position: Arc<Position>,
    pub(crate) in_flight: Arc<InFlight>,
    /// So that a caller's next read does not find an answer from before a write.
    pub(crate) writes: Arc<Writes>,
    pub(crate) in_making: Arc<InMaking>,
    pub(crate) demo: Arc<AtomicBool>,
    pub(crate) console: Option<Console>,
    /// Room for connections over WebSocket.
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) shutdown: CancellationToken,
    /// Room for tables that are being written, each of which takes a thread.
    #[cfg(feature = "parquet")]
    pub(crate) tables: Arc<Semaphore>,
}

/// Most tables that are written at a time.
#[cfg(feature = "parquet")]
const TABLES: usize = 4;

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl ApiState {
    /// The state of one server. `demo` is true while the catalog is the demo population, and `tokens` are the one-time
    /// tokens that the server prints. `shutdown` ends the streams.
    #[must_use]
    pub fn new(
        ports: Ports,
        use_cases: UseCases,
        settings: ApiSettings,
        tokens: Arc<OneTimeTokens>,
        demo: Arc<AtomicBool>,
        shutdown: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared {
            organizations: Organizations::new(Arc::clone(&ports.store), Arc::clone(&ports.clock)),
            ports,
            use_cases,
            connections: Arc::new(Semaphore::new(settings.stream_limit)),
            wrong_secrets: Arc::new(WrongSecrets::new(settings.wrong_secrets_per_minute)),
            console: settings.console.folder.as_deref().map(Console::new),
            settings: Arc::new(settings),
            tokens,
            position: Arc::default(),
            in_flight: Arc::default(),
            writes: Arc::default(),
            in_making: Arc::default(),
            demo,
            shutdown,
            #[cfg(feature = "parquet")]
            tables: Arc::new(Semaphore::new(TABLES)),
        }))
    }

    /// The state of another server over the same ports: it shares what these share, and nothing that is in the process.
    #[must_use]
    pub fn beside(&self, settings: ApiSettings) -> Self {
        let (ports, use_cases) = (self.ports.clone(), self.use_cases.clone());
        let (tokens, demo) = (Arc::clone(&self.tokens), Arc::clone(&self.demo));
        Self::new(ports, use_cases, settings, tokens, demo, self.shutdown.clone())
    }

    /// Exports what the store holds.
    pub(crate) fn exporter(&self) -> Exporter {
        let Ports { store, blobs, clock, .. } = &self.ports;
        Exporter::new(Arc::clone(store), Arc::clone(blobs), Arc::clone(clock), "ASTROSHIELD".to_owned())
    }

    /// Whether one-time tokens sign in.
    pub(crate) fn one_time_tokens(&self) -> bool {
        self.ports.identity.is_none() || self.settings.identity.one_time_tokens
    }

    /// Now, as finely as every store keeps it, so that what is answered is what is stored.
    pub(crate) fn now(&self) -> Timestamp {
        to_microsecond(self.ports.clock.now())
    }
}
