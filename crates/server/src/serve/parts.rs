//! The parts behind the ports, as the configuration wants them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use astroshield_adapters::folder;
use astroshield_adapters::http::{
    AllowedNetworks, HttpFeedClient, HttpFeedSettings, SignedWebhookClient, WebhookSettings,
};
use astroshield_adapters::memory::{LocalBroadcast, MemoryCache};
use astroshield_adapters::smtp::{SmtpCredentials, SmtpMailer, SmtpSecurity, SmtpSettings};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_adapters::{EmbeddedBus, PostgresStore, SqliteStore};
use astroshield_domain::feeds::{FeedPoller, FeedSettings};
use astroshield_domain::ingest::Ingestor;
use astroshield_domain::installation::{self, InstallationError};
use astroshield_domain::ports::{
    Broadcast, Bus, Cache, Clock, FeedClient, Mailer, Store, SystemClock, Tasks, WebhookClient,
};
use astroshield_domain::uploads::Uploads;
use async_trait::async_trait;
use object_store::ObjectStore;
use tokio_util::sync::CancellationToken;

use super::outside::{Blobs, Messaging, Outside, Placed};
use crate::managed;
use crate::settings::{BlobsKind, BusKind, CacheKind, Encryption, Settings, Smtp, StoreKind};

/// Name of the database in the data folder.
pub(crate) const DATABASE_FILE: &str = "astroshield.db";

/// Name of the folder with the blobs in the data folder.
pub(crate) const BLOBS_FOLDER: &str = "blobs";

/// Events that a connection may fall behind before it has to read them from the store.
const BROADCAST_EVENTS: usize = 4_096;

/// Most that the cache keeps of one kind of thing, where it is in memory.
const CACHE_BYTES: u64 = 64 << 20;

/// How long the start waits for a bucket to say whose it is.
const MARK_PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries to find out whose it is.
const MARK_WAIT: Duration = Duration::from_secs(10);

/// Longest time for a mail.
const MAIL_TIMEOUT: Duration = Duration::from_secs(60);

/// The database.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Database {
    /// Opens it, and brings it to this version of the program. Processes that share the cache tell each other through it how
    /// far a reader has to be.
    pub(crate) async fn open(
        settings: &Settings,
        folder: &Path,
        cache: Option<Arc<dyn Cache>>,
    ) -> anyhow::Result<Self> {
        match settings.store.kind {
            StoreKind::Sqlite => Ok(Self::Sqlite(SqliteStore::open(&folder.join(DATABASE_FILE)).await?)),
            StoreKind::Postgres => {
                let store = PostgresStore::open(settings.store.postgres(), cache).await;
                Ok(Self::Postgres(store.context("store.url")?))
            }
        }
    }

    /// Behind its port.
    pub(crate) fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Behind its port, for those who ask for a tenant and may get what was so a moment ago.
    pub(super) fn port_that_may_lag(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(_) => self.port(),
            Self::Postgres(store) => Arc::new(store.that_may_lag()),
        }
    }

    /// The server that it reads from beside the one that it writes to.
    pub(super) fn reader(&self) -> Option<Arc<dyn Outside>> {
        match self {
            Self::Postgres(store) if store.reader_is_well().is_some() => Some(Arc::new(store.clone())),
            _ => None,
        }
    }

    /// Ends its connections; SQLite folds its log into the file.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// Takes names in the cache of servers that were not used before the store was last restored.
pub(super) async fn leave_cache_of_before(settings: &mut Settings, folder: &Path) -> anyhow::Result<()> {
    if settings.cache.kind != CacheKind::Redis {
        return Ok(());
    }
    let database = Database::open(settings, folder, None).await?;
    let state = database.port().state().await;
    database.close().await;
    let restores = state.context("store")?.restores;
    if restores > 0 {
        settings.cache.prefix = format!("{}.{restores}", settings.cache.prefix);
    }
    Ok(())
}

/// As the reader of a database.
#[async_trait]
impl Outside for PostgresStore {
    async fn prepare(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn answers(&self) -> bool {
        self.reader_is_well() == Some(true)
    }
}

/// The blobs, which a data folder is given for.
pub(crate) fn blobs(settings: &Settings, folder: &Path) -> anyhow::Result<Blobs> {
    if settings.blobs.kind == BlobsKind::S3 {
        return managed::blobs(&settings.blobs);
    }
    let blobs = folder.join(BLOBS_FOLDER);
    std::fs::create_dir_all(&blobs).with_context(|| blobs.display().to_string())?;
    let store = folder::blobs(&blobs).with_context(|| blobs.display().to_string())?;
    Ok(Blobs { store: Arc::new(store), downloads: None, upload_links: None })
}

/// Refuses a bucket that is known to be another store's. One that does not answer is none yet.
pub(super) async fn refuse_others(parts: &Parts) -> anyhow::Result<()> {
    let marking = installation::mark(&*parts.store, &*parts.blobs.store);
    match tokio::time::timeout(MARK_PATIENCE, marking).await {
        Ok(Err(error @ InstallationError::Others { .. })) => Err(error).context("blobs.prefix"),
        Ok(Err(error)) => {
            tracing::warn!("{:#}", anyhow::Error::from(error));
            Ok(())
        }
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

/// Waits until the blobs are known to be this store's: before that, nothing may be removed from them. `false` at the shutdown.
pub(super) async fn own(store: &dyn Store, blobs: &dyn ObjectStore, shutdown: &CancellationToken) -> bool {
    loop {
        match shutdown.run_until_cancelled(installation::mark(store, blobs)).await {
            None => return false,
            Some(Ok(())) => return true,
            Some(Err(error)) => {
                tracing::error!("blobs.prefix: nothing is removed: {:#}", anyhow::Error::from(error));
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(MARK_WAIT)).await.is_none() {
            return false;
        }
    }
}

/// The cache.
pub(super) fn cache(settings: &Settings) -> anyhow::Result<Placed<dyn Cache>> {
    match settings.cache.kind {
        CacheKind::Memory => Ok(Placed { port: Arc::new(MemoryCache::new(CACHE_BYTES)), server: None }),
        CacheKind::Redis => managed::cache(&settings.cache),
    }
}

fn messaging(settings: &Settings, store: &Arc<dyn Store>) -> anyhow::Result<Messaging> {
    match settings.bus.kind {
        BusKind::Embedded => {
            let bus = Placed { port: Arc::new(EmbeddedBus::new(Arc::clone(store))) as _, server: None };
            Ok(Messaging { bus, tasks: None })
        }
        BusKind::Kafka => managed::messaging(&settings.bus, Arc::clone(store)),
    }
}

fn broadcast(settings: &Settings, store: &Arc<dyn Store>) -> anyhow::Result<Arc<dyn Broadcast>> {
    match settings.cache.kind {
        CacheKind::Memory => Ok(Arc::new(LocalBroadcast::new(BROADCAST_EVENTS))),
        CacheKind::Redis => managed::broadcast(&settings.cache, Arc::clone(store), BROADCAST_EVENTS),
    }
}

/// Everything behind ports.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) store: Arc<dyn Store>,
    pub(super) blobs: Blobs,
    pub(super) bus: Placed<dyn Bus>,
    pub(super) tasks: Option<Arc<dyn Tasks>>,
    pub(super) cache: Placed<dyn Cache>,
    pub(super) broadcast: Arc<dyn Broadcast>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) feeds: Arc<dyn FeedClient>,
    pub(super) webhooks: Arc<dyn WebhookClient>,
    pub(super) mailer: Option<Arc<dyn Mailer>>,
}

impl Parts {
    pub(super) fn new(
        settings: &Settings,
        database: &Database,
        folder: &Path,
        cache: Placed<dyn Cache>,
    ) -> anyhow::Result<Self> {
        // Reading the machine's certificates takes a while: once is enough.
        let roots = TrustedRoots::of_this_machine();
        let allowed_networks =
            AllowedNetworks::parse(&settings.notify.allowed_networks).context("notify.allowed_networks")?;
        let webhooks =
            WebhookSettings { allowed_networks, roots: roots.clone(), ..WebhookSettings::default() };
        let store = database.port();
        let feeds = HttpFeedSettings { roots: roots.clone(), ..HttpFeedSettings::default() };
        let Messaging { bus, tasks } = messaging(settings, &store)?;
        let feeds = HttpFeedClient::counting_in(&feeds, Arc::clone(&store))?;
        Ok(Self {
            blobs: blobs(settings, folder)?,
            bus,
            tasks,
            cache,
            broadcast: broadcast(settings, &store)?,
            clock: Arc::new(SystemClock),
            feeds: Arc::new(feeds),
            webhooks: Arc::new(SignedWebhookClient::new(&webhooks)?),
            mailer: mailer(&settings.notify.smtp, roots)?,
            store,
        })
    }
}

impl Parts {
    fn ingestor(&self) -> Arc<Ingestor> {
        let (store, blobs, clock) = (&self.store, &self.blobs.store, &self.clock);
        Arc::new(Ingestor::new(Arc::clone(store), Arc::clone(blobs), Arc::clone(clock)))
    }

    pub(super) fn uploads(&self) -> Arc<Uploads> {
        let (store, blobs, clock) = (&self.store, &self.blobs.store, &self.clock);
        let ingestor = self.ingestor();
        Arc::new(Uploads::new(Arc::clone(store), Arc::clone(blobs), Arc::clone(clock), ingestor))
    }

    pub(super) fn poller(&self, feeds: Vec<FeedSettings>) -> FeedPoller {
        let (client, store, clock) =
            (Arc::clone(&self.feeds), Arc::clone(&self.store), Arc::clone(&self.clock));
        FeedPoller::new(feeds, client, self.ingestor(), self.uploads(), store, clock)
    }
}

fn mailer(smtp: &Smtp, roots: TrustedRoots) -> anyhow::Result<Option<Arc<dyn Mailer>>> {
    let (Some(host), Some(from)) = (&smtp.host, &smtp.from) else { return Ok(None) };
    let credentials = smtp
        .user
        .as_ref()
        .map(|name| SmtpCredentials { name: name.clone(), password: smtp.password.reveal().to_owned() });
    let mailer = SmtpMailer::new(SmtpSettings {
        host: host.clone(),
        port: Some(smtp.port),
        security: match smtp.encryption {
            Encryption::Starttls => SmtpSecurity::StartTls,
            Encryption::Tls => SmtpSecurity::Tls,
            Encryption::None => SmtpSecurity::None,
        },
        credentials,
        from: from.clone(),
        timeout: MAIL_TIMEOUT,
        roots,
    });
    Ok(Some(Arc::new(mailer.context("notify.smtp")?)))
}
