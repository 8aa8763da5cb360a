//! A service in a folder of its own, and requests to it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use astroshield_adapters::http::{SignedWebhookClient, WebhookSettings};
use astroshield_adapters::memory::{LocalBroadcast, MemoryCache};
use astroshield_adapters::{EmbeddedBus, PostgresStore, SqliteStore};
use astroshield_api::{ApiSettings, ApiState, OneTimeTokens, Ports, UseCases, router};
use astroshield_domain::access::{ApiKey, AuditEntry, By, Caller, Principal, Scope};
use astroshield_domain::backups::Backups;
use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionStatus, Participant, ProbabilityMethod, Solution,
};
use astroshield_domain::data_exports::DataExports;
use astroshield_domain::fitness::ELEMENT_SET_AGE;
use astroshield_domain::ids::{ApiKeyId, ConjunctionId, RunId, TenantId};
use astroshield_domain::ingest::Ingestor;
use astroshield_domain::kept_files::Contents;
use astroshield_domain::metrics::{self, Metric};
use astroshield_domain::notify::Notifier;
use astroshield_domain::on_demand::OnDemand;
use astroshield_domain::operations::{
    Condition, Dependency, Distribution, Measured, Operations, Readiness, Series,
};
use astroshield_domain::ports::{
    Archiver, Broadcast, Bucket, Cache, CacheKey, Clock, DeliveryError, IdentityProvider, Mail, Mailer, Put,
    Store, StoreError, SystemClock,
};
use astroshield_domain::runs::{RunSettings, Runner};
use astroshield_domain::screening::{Run, RunConclusion, RunKind, RunState};
use astroshield_domain::uploads::Uploads;
use astroshield_formats::CatalogNumber;
use astroshield_testkit::postgres;
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::people::People;

pub(crate) const HOST: &str = "localhost:8080";

pub(crate) struct Service {
    pub(crate) routes: Router,
    pub(crate) state: ApiState,
    pub(crate) store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    pub(crate) ingestor: Arc<Ingestor>,
    pub(crate) tokens: Arc<OneTimeTokens>,
    pub(crate) broadcast: Arc<LocalBroadcast>,
    pub(crate) bus: Arc<EmbeddedBus>,
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) cache: Arc<Hiccuping>,
    folder: Arc<TempDir>,
    /// Where the store is PostgreSQL.
    database: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Panics unless this is a problem of a status that names a field.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, field: Option<&str>) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["field"].as_str(), field, "{body}");
        assert_eq!(body["request_id"], self.header("x-request-id"));
        body
    }
}

/// Makes a blob of what it was asked for; fails for a recipient `age1fails`.
struct Archive(Arc<dyn ObjectStore>);

#[async_trait]
impl Archiver for Archive {
    fn check(&self, recipients: &[String]) -> Result<(), String> {
        let unknown = recipients.iter().find(|recipient| !recipient.starts_with("age1"));
        unknown.map_or(Ok(()), |recipient| Err(format!("{recipient} is no public key of age")))
    }

    async fn archive(&self, recipients: &[String], path: &str) -> Result<Contents, String> {
        if recipients.contains(&"age1fails".to_owned()) {
            return Err("no room".to_owned());
        }
        let bytes = recipients.join("\n").into_bytes();
        let size = bytes.len() as u64;
        self.0.put(&path.into(), bytes.into()).await.unwrap();
        Ok(Contents { rows: 3, blobs: 1, bytes: size })
    }

    async fn archive_tenant(&self, tenant: &TenantId, path: &str) -> Result<Contents, String> {
        let bytes = format!("all of {tenant}").into_bytes();
        let size = bytes.len() as u64;
        self.0.put(&path.into(), bytes.into()).await.unwrap();
        Ok(Contents { rows: 2, blobs: 0, bytes: size })
    }
}

/// A cache that may be away when a value is to be replaced.
pub(crate) struct Hiccuping {
    cache: MemoryCache,
    pub(crate) replaces_nothing: AtomicBool,
}

#[async_trait]
impl Cache for Hiccuping {
    async fn get(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        self.cache.get(key).await
    }

    async fn put(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) {
        self.cache.put(key, value, time_to_live).await;
    }

    async fn add(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put {
        self.cache.add(key, value, time_to_live).await
    }

    async fn replace(&self, key: &CacheKey, value: Arc<[u8]>, time_to_live: Duration) -> Put {
        if self.replaces_nothing.load(Ordering::Relaxed) {
            return Put::Away;
        }
        self.cache.replace(key, value, time_to_live).await
    }

    async fn claim(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        self.cache.claim(key).await
    }

    async fn remove(&self, key: &CacheKey) {
        self.cache.remove(key).await;
    }

    async fn remove_if(&self, key: &CacheKey, value: &[u8]) {
        self.cache.remove_if(key, value).await;
    }

    async fn take(&self, key: &CacheKey, bucket: Bucket, tokens: u32) -> astroshield_domain::ports::Taken {
        self.cache.take(key, bucket, tokens).await
    }
}

/// A process whose bus is away, and which has counted two sign-ins and three requests.
struct Process;

#[async_trait]
impl Operations for Process {
    async fn condition(&self) -> Condition {
        let problem = Some("does not answer");
        let dependencies = vec![
            Dependency { name: "bus", needed: false, problem },
            Dependency { name: "store", needed: true, problem: None },
        ];
        Condition { readiness: Readiness::Degraded, dependencies }
    }

    async fn measured(&self) -> Result<Vec<(&'static Metric, Vec<Series>)>, StoreError> {
        let labels = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        let sizes = Distribution { count: 3, sum: 0.6, classes: vec![(0.1, 0), (0.3, 2), (1.0, 3)] };
        let measured = |metric: &Metric| match metric.name {
            "astroshield_sign_ins_total" => {
                vec![Series { labels: labels("outcome", "signed_in"), measured: Measured::Value(2.0) }]
            }
            "astroshield_http_request_seconds" => {
                vec![Series {
                    labels: labels("method", "GET"),
                    measured: Measured::Distribution(sizes.clone()),
                }]
            }
            _ => Vec::new(),
        };
        Ok(metrics::ALL.iter().map(|metric| (metric, measured(metric))).collect())
    }
}

/// Takes every mail.
struct Taken;

#[async_trait]
impl Mailer for Taken {
    async fn send(&self, _: &Mail) -> Result<(), DeliveryError> {
        Ok(())
    }
}

async fn run_on_postgres(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(ApiSettings::default(), 64).await
    }

    pub(crate) async fn with(settings: ApiSettings, broadcast_capacity: usize) -> Self {
        Self::build(settings, broadcast_capacity, None, None).await
    }

    pub(crate) async fn with_mailer() -> Self {
        Self::build(ApiSettings::default(), 64, Some(Arc::new(Taken)), None).await
    }

    /// A service that people sign in to at a provider.
    pub(crate) async fn with_people(settings: ApiSettings) -> (Self, Arc<People>) {
        let people = Arc::new(People::default());
        let service = Self::build(settings, 64, None, Some(Arc::<People>::clone(&people))).await;
        (service, people)
    }

    async fn build(
        settings: ApiSettings,
        broadcast_capacity: usize,
        mailer: Option<Arc<dyn Mailer>>,
        identity: Option<Arc<dyn IdentityProvider>>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = postgres::chosen().await;
        let store: Arc<dyn Store> = match &database {
            Some(url) => Arc::new(PostgresStore::connect(url).await.unwrap()),
            None => Arc::new(SqliteStore::open(&folder.path().join("astroshield.db")).await.unwrap()),
        };
        let blobs_folder = folder.path().join("blobs");
        std::fs::create_dir(&blobs_folder).unwrap();
        let blobs: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(blobs_folder).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let broadcast = Arc::new(LocalBroadcast::new(broadcast_capacity));
        let webhooks = Arc::new(SignedWebhookClient::new(&WebhookSettings::default()).unwrap());
        let ingestor = Arc::new(Ingestor::new(Arc::clone(&store), Arc::clone(&blobs), Arc::clone(&clock)));
        let uploads =
            Uploads::new(Arc::clone(&store), Arc::clone(&blobs), Arc::clone(&clock), Arc::clone(&ingestor));
        let bus = Arc::new(EmbeddedBus::new(Arc::clone(&store)));
        let notifier = Arc::new(Notifier::new(
            Arc::clone(&store),
            Arc::<EmbeddedBus>::clone(&bus),
            Arc::<SignedWebhookClient>::clone(&webhooks),
            mailer,
            Arc::clone(&clock),
            None,
        ));
        let use_cases = UseCases {
            uploads: Arc::new(uploads),
            on_demand: Arc::new(OnDemand::new(Arc::clone(&store), Arc::clone(&blobs), Arc::clone(&clock), 2)),
            notifier: Arc::clone(&notifier),
            data_exports: DataExports::new(
                Arc::new(Archive(Arc::clone(&blobs))),
                Arc::clone(&store),
                Arc::clone(&blobs),
                Arc::clone(&clock),
            ),
            backups: Backups::new(
                Arc::new(Archive(Arc::clone(&blobs))),
                Arc::clone(&store),
                Arc::clone(&blobs),
                Arc::clone(&clock),
            ),
        };
        let cache = Arc::new(Hiccuping {
            cache: MemoryCache::new(16 << 20),
            replaces_nothing: AtomicBool::default(),
        });
        let ports = Ports {
            store: Arc::clone(&store),
            blobs: Arc::clone(&blobs),
            downloads: None,
            upload_links: None,
            cache: Arc::<Hiccuping>::clone(&cache),
            broadcast: Arc::<LocalBroadcast>::clone(&broadcast),
            clock,
            webhooks,
            identity,
            operations: Arc::new(Process),
        };
        let tokens = Arc::new(OneTimeTokens::default());
        let state = ApiState::new(
            ports,
            use_cases,
            settings,
            Arc::clone(&tokens),
            Arc::new(AtomicBool::new(false)),
            CancellationToken::new(),
        );
        let routes = router(state.clone());
        Self {
            routes,
            state,
            store,
            blobs,
            ingestor,
            tokens,
            broadcast,
            bus,
            notifier,
            cache,
            folder: Arc::new(folder),
            database,
        }
    }

    /// Another process on the same store and cache.
    pub(crate) fn beside(&self, settings: ApiSettings) -> Self {
        let state = self.state.beside(settings);
        Self {
            routes: router(state.clone()),
            state,
            store: Arc::clone(&self.store),
            blobs: Arc::clone(&self.blobs),
            ingestor: Arc::clone(&self.ingestor),
            tokens: Arc::clone(&self.tokens),
            broadcast: Arc::clone(&self.broadcast),
            bus: Arc::clone(&self.bus),
            notifier: Arc::clone(&self.notifier),
            cache: Arc::clone(&self.cache),
            folder: Arc::clone(&self.folder),
            database: self.database.clone(),
        }
    }

    /// Puts a blob where the store says that it is.
    pub(crate) fn put_blob(&self, path: &str, text: &str) {
        let file = self.folder.path().join("blobs").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// From now on no answer is kept, as if the process ended between each write and its answer.
    pub(crate) async fn lose_answers(&self) {
        self.lose("answers").await;
    }

    /// From now on answers are kept again.
    pub(crate) async fn keep_answers(&self) {
        self.keep("answers").await;
    }

    /// From now on nothing new goes into a table.
    pub(crate) async fn lose(&self, table: &str) {
        let Some(url) = &self.database else {
            let raise = "BEGIN SELECT RAISE(ABORT, 'lost'); END";
            let lost = format!("CREATE TRIGGER lost BEFORE INSERT ON {table} {raise}");
            return self.run_on_file(lost).await;
        };
        let function = "CREATE OR REPLACE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql \
                        AS 'BEGIN RAISE EXCEPTION ''lost''; END'";
        run_on_postgres(url, function.to_owned()).await;
        let lost =
            format!("CREATE TRIGGER lost BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION lost()");
        run_on_postgres(url, lost).await;
    }

    /// From now on it does again.
    pub(crate) async fn keep(&self, table: &str) {
        match &self.database {
            None => self.run_on_file("DROP TRIGGER lost".to_owned()).await,
            Some(url) => run_on_postgres(url, format!("DROP TRIGGER lost ON {table}")).await,
        }
    }

    async fn run_on_file(&self, statement: String) {
        let file = format!("sqlite://{}", self.folder.path().join("astroshield.db").display());
        let mut connection = SqliteConnection::connect(&file).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// A key of a tenant.
    pub(crate) async fn key_of(&self, tenant: &str, scope: Scope) -> String {
        let key = format!("ask_{}-{scope:?}-{}", tenant, ApiKeyId::at(Timestamp::now()));
        let tenant = TenantId::new(tenant).unwrap();
        let now = Timestamp::now();
        let stored = ApiKey {
            id: ApiKeyId::at(now),
            tenant: tenant.clone(),
            name: "test".to_owned(),
            scope,
            hash: Sha256::digest(key.as_bytes()).into(),
            created: now,
            expires: None,
            revoked: None,
        };
        let by = By { name: "test", principal: &Principal::Operator };
        let audit = AuditEntry::of(&tenant, by, now, "api_key.create", &stored.id);
        self.store.add_api_key(&stored, &audit).await.unwrap();
        key
    }

    /// A client with a key of the tenant `local`.
    pub(crate) async fn client(&self, scope: Scope) -> Client {
        let key = self.key_of("local", scope).await;
        Client {
            routes: self.routes.clone(),
            headers: vec![("authorization".to_owned(), format!("Bearer {key}"))],
        }
    }

    /// A client that says nothing of itself.
    pub(crate) fn stranger(&self) -> Client {
        Client { routes: self.routes.clone(), headers: Vec::new() }
    }

    /// A one-time token.
    pub(crate) fn token(&self, lifetime: Duration) -> String {
        let caller = Caller {
            tenant: TenantId::local(),
            name: "operator".to_owned(),
            principal: Principal::Operator,
            scope: Scope::Admin,
        };
        self.tokens.issue(caller, Timestamp::now(), lifetime)
    }

    /// Runs the part of the relay.
    pub(crate) async fn relay(&self) {
        let events = self.store.sequence_events(1_000).await.unwrap();
        self.broadcast.send(&events).await;
    }

    /// Screens what a tenant has ephemerides of against everything, for some hours from now on.
    pub(crate) async fn screen_own(&self, tenant: &TenantId, hours: i64) -> RunId {
        let settings = RunSettings {
            window: SignedDuration::from_hours(hours),
            threshold_km: 5.0,
            threads: 2,
            interval: Duration::from_secs(3_600),
            look: Duration::from_secs(60),
            settle: Duration::ZERO,
            start_from_catalog: false,
            element_set_age: ELEMENT_SET_AGE,
            build: "test".to_owned(),
        };
        let bus = Arc::<EmbeddedBus>::clone(&self.bus);
        let (store, blobs) = (Arc::clone(&self.store), Arc::clone(&self.blobs));
        let runner = Runner::new(settings, store, blobs, bus, Arc::new(SystemClock));
        let shutdown = CancellationToken::new();
        runner.run_once(tenant, RunKind::Ephemerides, &[], &shutdown).await.unwrap().unwrap()
    }

    /// A concluded run that found conjunctions of objects 1 and 2, 3 and 4 and so on, each an hour after the one before, each
    /// closer and likelier than the one before.
    pub(crate) async fn conclude_run(&self, tenant: &TenantId, conjunctions: u32) -> RunId {
        let now = astroshield_domain::time::to_microsecond(Timestamp::now());
        let run = Run {
            id: RunId::at(now),
            tenant: tenant.clone(),
            kind: RunKind::Catalog,
            state: RunState::Running,
            as_of: now,
            window_start: now,
            window_stop: now + SignedDuration::from_hours(24 * 7),
            threshold_km: 10.0,
            slices: 1,
            slices_done: 0,
            objects: 100,
            not_screened: 0,
            conjunctions: 0,
            started: now,
            finished: None,
            problem: None,
            build: "test".to_owned(),
            trace: None,
        };
        self.store.begin_run(&run, &[]).await.unwrap();
        let found: Vec<Conjunction> =
            (0..conjunctions).map(|index| conjunction(tenant, run.id, now, index)).collect();
        let conclusion =
            RunConclusion { run: run.id, finished: now, not_screened: Vec::new(), covered: Vec::new() };
        self.store.conclude_run(tenant, &conclusion, &found).await.unwrap();
        run.id
    }
}

fn conjunction(tenant: &TenantId, run: RunId, now: Timestamp, index: u32) -> Conjunction {
    let tca = now + SignedDuration::from_hours(i64::from(index) + 1);
    let numbers = [2 * index + 1, 2 * index + 2];
    let participant = |number: u32| Participant {
        number: CatalogNumber::new(number).unwrap(),
        name: Some(format!("OBJECT {number}")),
        grade: Grade::Gp,
        epoch: Some(now),
        hard_body_radius_m: 5.0,
    };
    let solution = Solution {
        tca,
        miss_distance_km: 9.0 / f64::from(index + 1),
        miss_ric_km: [0.1, -0.2, 0.3],
        relative_speed_km_s: 14.0,
        maximum_probability: 1.0e-6 / 3.0 * f64::from(index + 1),
        dilution_km: Some(0.5),
        probability: None,
        method: ProbabilityMethod::Maximum,
        at_edge: false,
    };
    Conjunction {
        id: ConjunctionId::first_seen(tenant, numbers, Some(tca)),
        tenant: tenant.clone(),
        objects: numbers.map(participant),
        relation: false,
        status: ConjunctionStatus::Active,
        solution,
        run,
        first_seen: now,
        last_seen: now,
    }
}

/// A body that makes the service fail where it is read.
pub(crate) fn not_to_be_read() -> Body {
    Body::from_stream(stream::poll_fn(|_| -> Poll<Option<Result<Vec<u8>, Infallible>>> {
        panic!("the body is read")
    }))
}

#[derive(Clone)]
pub(crate) struct Client {
    routes: Router,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// As others see the routes, such as from an address.
    pub(crate) fn through(self, layer: impl FnOnce(Router) -> Router) -> Self {
        Self { routes: layer(self.routes), headers: self.headers }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = self.routes.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.with("content-type", "application/json").send("POST", path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.with("content-type", "application/json").send("PUT", path, body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Body::empty()).await
    }
}
