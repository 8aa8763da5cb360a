//! A service in parts: store, blobs, bus and a clock that tests move.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_adapters::memory::LocalBroadcast;
use astroshield_adapters::trust::TrustedRoots;
use astroshield_adapters::{EmbeddedBus, PostgresStore, SqliteStore};
use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery};
use astroshield_domain::event::Payload;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::feeds::{FeedKind, FeedPoller, FeedSettings};
use astroshield_domain::fitness::ELEMENT_SET_AGE;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ingest::Ingestor;
use astroshield_domain::ports::{Bus, Clock, Store};
use astroshield_domain::relay::Relay;
use astroshield_domain::runs::{RunSettings, Runner};
use astroshield_domain::silence::{SilenceSettings, SilenceWatch};
use astroshield_domain::uploads::Uploads;
use astroshield_testkit::postgres;
use async_trait::async_trait;
use futures_core::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A clock that tests move.
pub(crate) struct Hands {
    now: Mutex<Timestamp>,
    /// How often somebody looked.
    looks: AtomicUsize,
}

impl Hands {
    pub(crate) fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(now), looks: AtomicUsize::new(0) })
    }

    pub(crate) fn forward(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += by;
    }

    pub(crate) fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        self.looks.fetch_add(1, Ordering::SeqCst);
        *self.now.lock().unwrap()
    }
}

/// Blobs in a folder, that stop forever at some write below a folder `runs`: before it or after it.
pub(crate) struct Stopping {
    inner: LocalFileSystem,
    /// Writes that go through, and whether the next one is still made.
    limit: Option<(usize, bool)>,
    writes: AtomicUsize,
    /// Has a permit when the writes have stopped.
    pub(crate) stopped: Semaphore,
}

impl fmt::Debug for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Display for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Stopping {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if path.as_ref().contains("/runs/")
            && let Some((limit, is_made)) = self.limit
            && self.writes.fetch_add(1, Ordering::SeqCst) >= limit
        {
            if is_made {
                self.inner.put_opts(path, payload, options).await?;
            }
            self.stopped.add_permits(1);
            return std::future::pending().await;
        }
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// A service on a folder, which stays when the service is dropped.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Arc<Stopping>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) ingestor: Arc<Ingestor>,
    opened: Opened,
    files: std::path::PathBuf,
}

/// Asks without a proxy, and trusts nobody.
pub(crate) fn feed_client() -> HttpFeedSettings {
    HttpFeedSettings {
        proxies_of_environment: false,
        roots: TrustedRoots::default(),
        ..HttpFeedSettings::default()
    }
}

/// A feed of a server of the test.
pub(crate) fn feed(kind: FeedKind, url: String) -> FeedSettings {
    let tenant = if kind == FeedKind::Cdms { TenantId::local() } else { TenantId::public() };
    FeedSettings {
        name: "feed".to_owned(),
        kind,
        url,
        interval: Duration::from_secs(3600),
        stale_after: Duration::from_secs(12 * 3600),
        space_track: None,
        tenant,
    }
}

/// The store that the tests run on.
enum Opened {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Opened {
    /// That which belongs to a folder: a file in it, or a database whose address is in it.
    async fn of(folder: &TempDir) -> Self {
        let address = folder.path().join("store.url");
        let url = match std::fs::read_to_string(&address) {
            Ok(url) => Some(url),
            Err(_) => postgres::chosen().await,
        };
        let Some(url) = url else {
            return Self::Sqlite(SqliteStore::open(&folder.path().join("store.db")).await.unwrap());
        };
        std::fs::write(address, &url).unwrap();
        Self::Postgres(PostgresStore::connect(&url).await.unwrap())
    }

    fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05.678901Z".parse().unwrap()
}

impl Parts {
    pub(crate) async fn on(folder: &TempDir) -> Self {
        Self::stopping(folder, None).await
    }

    pub(crate) async fn stopping(folder: &TempDir, limit: Option<(usize, bool)>) -> Self {
        let opened = Opened::of(folder).await;
        let store = opened.port();
        let files = folder.path().join("blobs");
        std::fs::create_dir_all(&files).unwrap();
        let blobs = Arc::new(Stopping {
            inner: LocalFileSystem::new_with_prefix(&files).unwrap(),
            limit,
            writes: AtomicUsize::new(0),
            stopped: Semaphore::new(0),
        });
        let clock = Hands::at(start());
        let ingestor = Ingestor::new(store.clone(), blobs.clone(), clock.clone());
        let bus = Arc::new(EmbeddedBus::new(store.clone()));
        Self { store, blobs, bus, clock, ingestor: Arc::new(ingestor), opened, files }
    }

    /// From now on the store does not answer.
    pub(crate) async fn close_store(&self) {
        match &self.opened {
            Opened::Sqlite(store) => store.close().await,
            Opened::Postgres(store) => store.close().await,
        }
    }

    pub(crate) fn runner(&self, threads: usize) -> Runner {
        self.runner_with(Self::run_settings(threads))
    }

    pub(crate) fn runner_with(&self, settings: RunSettings) -> Runner {
        Runner::new(settings, self.store.clone(), self.blobs.clone(), self.bus.clone(), self.clock.clone())
    }

    pub(crate) fn run_settings(threads: usize) -> RunSettings {
        RunSettings {
            window: SignedDuration::from_hours(48),
            threshold_km: 20.0,
            threads,
            interval: Duration::from_secs(3600),
            look: Duration::from_secs(60),
            settle: Duration::from_millis(10),
            start_from_catalog: false,
            element_set_age: ELEMENT_SET_AGE,
            build: "0.0.0+test".to_owned(),
        }
    }

    /// Asks feeds by HTTP.
    pub(crate) fn poller(&self, feed: &FeedSettings) -> FeedPoller {
        let client = HttpFeedClient::new(&feed_client()).unwrap();
        let uploads = Uploads::new(
            self.store.clone(),
            self.blobs.clone(),
            self.clock.clone(),
            Arc::clone(&self.ingestor),
        );
        FeedPoller::new(
            vec![feed.clone()],
            Arc::new(client),
            Arc::clone(&self.ingestor),
            Arc::new(uploads),
            self.store.clone(),
            self.clock.clone(),
        )
    }

    /// Watches for silence of a feed.
    pub(crate) fn watch(&self, feed: &FeedSettings) -> SilenceWatch {
        let days = Duration::from_secs(1_000 * 24 * 3600);
        let settings = SilenceSettings {
            no_screening_after: days,
            stale_catalog_after: days,
            of_the_past: false,
            heartbeat_url: None,
            heartbeat_interval: Duration::from_secs(60),
        };
        let client = Arc::new(HttpFeedClient::new(&feed_client()).unwrap());
        SilenceWatch::new(settings, vec![feed.clone()], self.store.clone(), self.clock.clone(), client)
    }

    /// What is known of the only feed.
    pub(crate) async fn feed_status(&self) -> FeedStatus {
        self.store.feeds().await.unwrap().remove(0)
    }

    /// What is alerted, after a look.
    pub(crate) async fn alerted(&self, watch: &SilenceWatch) -> Vec<String> {
        watch.look().await.unwrap();
        let unresolved = self.store.unresolved_alerts(&TenantId::local()).await.unwrap();
        unresolved.into_iter().map(|alert| alert.summary).collect()
    }

    /// Events since the last time.
    pub(crate) async fn new_payloads(&self) -> Vec<Payload> {
        let published = self.store.sequence_events(1_000).await.unwrap();
        published.into_iter().map(|published| published.event.payload).collect()
    }

    /// Files in the blobs.
    pub(crate) fn files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        count(&self.files)
    }

    pub(crate) async fn ingest(&self, csv: String) {
        let public = TenantId::public();
        self.ingestor.element_sets(&public, "test", Grade::Gp, "test", csv.into()).await.unwrap();
    }

    /// A relay that runs until the token is cancelled.
    pub(crate) fn relay(&self, shutdown: &CancellationToken) -> tokio::task::JoinHandle<()> {
        let broadcast = Arc::new(LocalBroadcast::new(64));
        let relay = Relay::new(self.store.clone(), self.bus.clone(), broadcast, self.clock.clone());
        let shutdown = shutdown.clone();
        tokio::spawn(async move { relay.run(None, shutdown).await })
    }

    pub(crate) async fn conjunctions(&self) -> Vec<Conjunction> {
        let query = ConjunctionQuery { limit: 100_000, ..ConjunctionQuery::default() };
        self.store.conjunctions(&TenantId::local(), &query).await.unwrap().rows
    }
}

/// Orbits of one height that cross each other everywhere.
pub(crate) fn catalog(objects: u32) -> String {
    let header = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
                  ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,\
                  ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n";
    let row = |n: u32| {
        let (inclination, node, anomaly) = (40 + n * 37 % 60, n * 97 % 360, n * 223 % 360);
        format!(
            "TEST-{n},2025-001A,2026-01-02T00:00:00,15.{n:04},0.0001,{inclination},{node},0,{anomaly},0,U,{n},999,1,0.0001,0,0\n"
        )
    };
    (1..=objects).map(row).fold(header.to_owned(), |text, row| text + &row)
}
