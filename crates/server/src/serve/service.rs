//! The service: its parts, its tasks by role, its routes.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use astroshield_adapters::oidc::OidcProvider;
use astroshield_api::{
    ApiSettings, ApiState, ConsoleSettings, GatewaySettings, GatewayStreams, OneTimeTokens, Ports, UseCases,
};
use astroshield_domain::backups::Backups;
use astroshield_domain::data_exports::DataExports;
use astroshield_domain::deployment::Role;
use astroshield_domain::feeds::{FeedKind, FeedSettings};
use astroshield_domain::ids::TenantId;
use astroshield_domain::lease::{Lease, Leases};
use astroshield_domain::notify::Notifier;
use astroshield_domain::on_demand::OnDemand;
use astroshield_domain::ports::{Cache, IdentityProvider, Store, StoreError};
use astroshield_domain::relay::Relay;
use astroshield_domain::runs::{RunSettings, Runner};
use astroshield_domain::silence::{SilenceSettings, SilenceWatch};
use astroshield_domain::upkeep::{Upkeep, UpkeepSettings};
use axum::Router;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::feeds::FirstAnswer;
use super::health::{BlobsAnswer, CatalogHeld, Dependency, Health, OutsideAnswers, StoreAnswers};
use super::lock::DataFolder;
use super::metrics::{self, Metrics, Shown};
use super::operations::ThisProcess;
use super::outside::{Outside, Placed};
use super::parts::{self, Database, Parts};
use super::roles::Roles;
use super::tasks::Tasks;
use super::{feeds, health, identity, outside, requests, rotation, sign_in};
use crate::backup::StoreArchiver;
use crate::managed;
use crate::settings::{BlobsKind, Settings, StoreKind};
use crate::telemetry::Telemetry;

/// Consumers whose lag is told.
const CONSUMERS: [&str; 3] = ["relay", "runs", "notify"];

/// Consumer groups of which it is told what waits for them on the bus.
const GROUPS: [&str; 3] = ["runs", "notify", "screening"];

/// How long screening sleeps at most before it looks at the clock again.
const LOOK: Duration = Duration::from_mins(1);

/// Version of the program, recorded with what it makes.
const BUILD: &str = env!("ASTROSHIELD_BUILD");

/// What stays when one service takes the place of another.
pub(super) struct House {
    /// Where it is listened.
    pub(super) listening: SocketAddr,
    /// The address that people use.
    pub(super) address: String,
    /// Tokens of the links that were printed.
    pub(super) tokens: Arc<OneTimeTokens>,
    /// Holds the sessions.
    pub(super) cache: Placed<dyn Cache>,
    /// Where people sign in.
    pub(super) identity: Option<Arc<OidcProvider>>,
    /// What is measured.
    pub(super) recorded: PrometheusHandle,
    /// The figures of the service that is shown.
    pub(super) shown: Arc<Shown>,
}

impl House {
    /// For a process that listens there. Once in a process.
    pub(super) fn new(
        settings: &Settings,
        listening: SocketAddr,
        telemetry: &Telemetry,
    ) -> anyhow::Result<Self> {
        let address = sign_in::address(settings.server.public_url.as_deref(), listening);
        Ok(Self {
            listening,
            identity: identity::provider(&settings.identity, &address)?,
            address,
            tokens: Arc::default(),
            cache: parts::cache(settings)?,
            recorded: metrics::record(telemetry)?,
            shown: Arc::default(),
        })
    }
}

/// A service over its data folder.
pub(super) struct Service {
    settings: Settings,
    roles: Roles,
    leases: Leases,
    demo: bool,
    folder: DataFolder,
    database: Database,
    parts: Parts,
    notifier: Arc<Notifier>,
    on_demand: Arc<OnDemand>,
    identity: Option<Arc<OidcProvider>>,
    shutdown: CancellationToken,
}

impl Service {
    /// A service that takes requests as soon as its routes are shown. `shutdown` ends what it starts.
    pub(super) async fn open(
        settings: Settings,
        roles: Roles,
        demo: bool,
        folder: DataFolder,
        house: &House,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        let shared_cache = house.cache.server.as_ref().map(|_| Arc::clone(&house.cache.port));
        let database = Database::open(&settings, folder.path(), shared_cache).await?;
        let parts = Parts::new(&settings, &database, folder.path(), house.cache.clone())?;
        if settings.blobs.kind == BlobsKind::S3 {
            parts::refuse_others(&parts).await?;
        }
        let notifier = Arc::new(Notifier::new(
            Arc::clone(&parts.store),
            Arc::clone(&parts.bus.port),
            Arc::clone(&parts.webhooks),
            parts.mailer.clone(),
            Arc::clone(&parts.clock),
            Some(house.address.clone()),
        ));
        let on_demand = OnDemand::new(
            Arc::clone(&parts.store),
            Arc::clone(&parts.blobs.store),
            Arc::clone(&parts.clock),
            threads(&settings),
        )
        .with_element_set_age(days(settings.screening.element_set_days));
        let on_demand = Arc::new(on_demand);
        // Whoever has the file has no others beside it.
        let leases = match settings.store.kind {
            StoreKind::Sqlite => Leases::alone(Arc::clone(&parts.store)),
            StoreKind::Postgres => Leases::among_others(Arc::clone(&parts.store)),
        };
        let identity = house.identity.clone();
        Ok(Self {
            settings,
            roles,
            leases,
            demo,
            folder,
            database,
            parts,
            notifier,
            on_demand,
            identity,
            shutdown,
        })
    }

    /// What ends its tasks.
    pub(super) fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Its store.
    pub(super) fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    /// Whether it has a catalog for everybody.
    pub(super) async fn has_catalog(&self) -> Result<bool, StoreError> {
        Ok(self.parts.store.catalog_age(&TenantId::public()).await?.is_some())
    }

    /// How the process is with this service.
    fn process(&self, house: &House) -> ThisProcess {
        let parts = &self.parts;
        let blobs = match self.settings.blobs.kind {
            BlobsKind::Folder => BlobsAnswer::in_folder,
            BlobsKind::S3 => BlobsAnswer::in_bucket,
        };
        let mut dependencies: BTreeMap<&'static str, Box<dyn Dependency>> = BTreeMap::from([
            ("store", Box::new(StoreAnswers::new(Arc::clone(&parts.store))) as Box<dyn Dependency>),
            ("blobs", Box::new(blobs(Arc::clone(&parts.blobs.store)))),
        ]);
        for (name, server) in self.outside() {
            dependencies.insert(name, Box::new(OutsideAnswers::new(server)));
        }
        let catalog = CatalogHeld::new(Arc::clone(&parts.store), self.demo);
        let health = Health::new(dependencies, catalog, self.shutdown.clone());
        let (store, clock) = (Arc::clone(&parts.store), Arc::clone(&parts.clock));
        let metrics = Metrics::new(house.recorded.clone(), store, clock, &CONSUMERS);
        ThisProcess { health, metrics }
    }

    /// Everything that it answers.
    pub(super) fn routes(&self, house: &House) -> Router {
        let process = self.process(house);
        house.shown.set(process.metrics.clone());
        let health = health::routes(process.health.clone());
        let metrics = metrics::routes(process.metrics.clone());
        let state = self.api(house, process);
        let answered = if self.roles.has(Role::Api) {
            astroshield_api::router_with(state, metrics)
        } else {
            astroshield_api::router_without_interface(state, metrics)
        };
        let routes = health.merge(answered);
        routes.layer(axum::middleware::from_fn(requests::follow))
    }

    /// The servers that it stands on and goes on without.
    fn outside(&self) -> impl Iterator<Item = (&'static str, Arc<dyn Outside>)> {
        let servers = [
            ("cache", self.parts.cache.server.clone()),
            ("bus", self.parts.bus.server.clone()),
            ("reader", self.database.reader()),
            ("identity", self.identity.clone().map(|provider| provider as Arc<dyn Outside>)),
        ];
        servers.into_iter().filter_map(|(name, server)| Some((name, server?)))
    }

    /// Ends its connections to the database, and gives the folder to whoever wants it.
    pub(super) async fn close(self) {
        self.database.close().await;
    }

    fn api(&self, house: &House, process: ThisProcess) -> ApiState {
        let (parts, server, access) = (&self.parts, &self.settings.server, &self.settings.access);
        let public_url = server.public_url.as_deref();
        let settings = ApiSettings {
            allowed_hosts: sign_in::allowed_hosts(public_url, house.listening),
            response_cache: server.response_cache,
            identity: identity::settings(&self.settings.identity),
            secure_cookies: public_url.is_some_and(|url| url.starts_with("https:")),
            body_timeout: server.body_timeout,
            trusted_proxies: server.trusted_proxies.clone(),
            wrong_secrets_per_minute: server.wrong_secrets_per_minute,
            cors_origins: server.cors_origins.clone(),
            allow: access.allow.clone(),
            deny: access.deny.clone(),
            requests_per_minute_per_key: access.requests_per_minute_per_key,
            requests_per_minute_per_address: access.requests_per_minute_per_address,
            feeds: feeds::enabled(&self.settings),
            build: BUILD.to_owned(),
            console: ConsoleSettings {
                folder: self.settings.console.folder.clone(),
                environment: self.settings.console.environment.clone(),
            },
            ..ApiSettings::default()
        };
        let ports = Ports {
            store: self.database.port_that_may_lag(),
            blobs: Arc::clone(&parts.blobs.store),
            downloads: parts.blobs.downloads.clone(),
            upload_links: parts.blobs.upload_links.clone(),
            cache: Arc::clone(&parts.cache.port),
            broadcast: Arc::clone(&parts.broadcast),
            clock: Arc::clone(&parts.clock),
            webhooks: Arc::clone(&parts.webhooks),
            identity: house.identity.clone().map(|provider| provider as Arc<dyn IdentityProvider>),
            operations: Arc::new(process),
        };
        let archiver = Arc::new(StoreArchiver {
            settings: self.settings.clone(),
            folder: self.folder.path().to_owned(),
            blobs: Arc::clone(&parts.blobs.store),
        });
        let (store, blobs, clock) =
            (Arc::clone(&parts.store), Arc::clone(&parts.blobs.store), Arc::clone(&parts.clock));
        let use_cases = UseCases {
            uploads: parts.uploads(),
            on_demand: Arc::clone(&self.on_demand),
            notifier: Arc::clone(&self.notifier),
            data_exports: DataExports::new(
                Arc::<StoreArchiver>::clone(&archiver),
                Arc::clone(&store),
                Arc::clone(&blobs),
                Arc::clone(&clock),
            ),
            backups: Backups::new(archiver, store, blobs, clock),
        };
        let demo = Arc::new(AtomicBool::new(self.demo));
        let tokens = Arc::clone(&house.tokens);
        ApiState::new(ports, use_cases, settings, tokens, demo, self.shutdown.clone())
    }

    /// Starts what the roles do besides answering requests. `first` is told what became of asking each feed of a catalog for
    /// the first time.
    pub(super) fn start(&self, tasks: &mut Tasks, first: Option<mpsc::Sender<FirstAnswer>>) {
        let has = |role| self.roles.has(role);
        let (parts, shutdown) = (&self.parts, &self.shutdown);
        let Parts { store, blobs, bus, clock, .. } = parts;
        for (name, server) in self.outside() {
            spawn(tasks, "the preparation of servers", shutdown, move |shutdown| {
                outside::prepare(name, server, shutdown)
            });
        }
        if let (Database::Postgres(store), Some(password)) = (&self.database, &self.settings.store.rotating) {
            let (store, password) = (store.clone(), password.clone());
            let addresses = self.settings.store.postgres();
            spawn(tasks, "the following of the database's password", shutdown, |shutdown| {
                rotation::follow(store, addresses.url, addresses.reader_url, password, shutdown)
            });
        }
        if has(Role::Api) {
            let (on_demand, shutdown) = (Arc::clone(&self.on_demand), shutdown.clone());
            // Not one of the tasks that run until the shutdown: it ends by itself.
            tokio::spawn(shutdown.run_until_cancelled_owned(async move {
                on_demand.read_ahead(&TenantId::local()).await;
            }));
        }
        if has(Role::Relay) {
            self.relay(tasks);
        }
        let feeds = feeds::enabled(&self.settings);
        if has(Role::Ingest) {
            self.ask_feeds(tasks, &feeds, first);
        }
        if has(Role::Screen) {
            let settings = self.run_settings();
            let (store, blobs) = (Arc::clone(store), Arc::clone(&blobs.store));
            let runner = Runner::new(settings, store, blobs, Arc::clone(&bus.port), Arc::clone(clock));
            self.screen(tasks, runner);
        }
        if has(Role::Analyze) && !self.roles.are_all() {
            tracing::warn!("there is nothing to analyze yet: a process of this role alone does nothing");
        }
        if has(Role::Notify) {
            self.notify(tasks, feeds);
        }
    }

    /// Starts what one of several processes does at a time.
    fn lead<F: Future<Output = ()> + Send + 'static>(
        &self,
        tasks: &mut Tasks,
        name: &'static str,
        lease: &'static str,
        work: impl FnMut(Option<Lease>, CancellationToken) -> F + Send + 'static,
    ) {
        let leases = self.leases.clone();
        spawn(tasks, name, &self.shutdown, move |shutdown| async move {
            leases.lead(lease, shutdown, work).await;
        });
    }

    fn relay(&self, tasks: &mut Tasks) {
        let Parts { store, blobs, bus, broadcast, clock, .. } = &self.parts;
        let upkeep = Upkeep::new(
            self.upkeep_settings(),
            Arc::clone(store),
            Arc::clone(&blobs.store),
            Arc::clone(clock),
        );
        let upkeep = Arc::new(upkeep);
        let is_shared = self.settings.blobs.kind == BlobsKind::S3;
        let ours = (Arc::clone(store), Arc::clone(&blobs.store));
        self.lead(tasks, "the upkeep of the store", "upkeep", move |_, shutdown| {
            let (upkeep, (store, blobs)) = (Arc::clone(&upkeep), ours.clone());
            async move {
                if !is_shared || parts::own(&*store, &*blobs, &shutdown).await {
                    upkeep.run(shutdown).await;
                }
            }
        });
        let (store, port) = (Arc::clone(store), Arc::clone(&bus.port));
        let relay = Arc::new(Relay::new(store, port, Arc::clone(broadcast), Arc::clone(clock)));
        self.lead(tasks, "the relay", "relay", move |lease, shutdown| {
            let relay = Arc::clone(&relay);
            async move { relay.run(lease.as_ref(), shutdown).await }
        });
        if let Some(server) = bus.server.clone() {
            spawn(tasks, "the telling of what waits", &self.shutdown, |shutdown| {
                outside::tell_lag(server, &GROUPS, shutdown)
            });
        }
    }

    /// One process coordinates runs. Where slices are handed out, all work on them.
    fn screen(&self, tasks: &mut Tasks, runner: Runner) {
        let runner = match &self.parts.tasks {
            Some(slices) => runner.spread_over(Arc::clone(slices)),
            None => runner,
        };
        if self.parts.tasks.is_some() {
            let runner = runner.clone();
            spawn(tasks, "the screening of slices", &self.shutdown, move |shutdown| async move {
                runner.work(shutdown).await;
            });
        }
        self.lead(tasks, "screening", "screening", move |_, shutdown| {
            let runner = runner.clone();
            async move { runner.run(shutdown).await }
        });
    }

    /// Messages go out from every process; what time brings, one looks after.
    fn notify(&self, tasks: &mut Tasks, feeds: Vec<FeedSettings>) {
        let notifier = Arc::clone(&self.notifier);
        spawn(tasks, "notification", &self.shutdown, move |shutdown| async move {
            notifier.run(shutdown).await;
        });
        let notifier = Arc::clone(&self.notifier);
        self.lead(tasks, "what time brings", "alerts", move |_, shutdown| {
            let notifier = Arc::clone(&notifier);
            async move { notifier.watch(shutdown).await }
        });
        let silence = &self.settings.silence;
        let settings = SilenceSettings {
            no_screening_after: silence.no_screening_after,
            stale_catalog_after: silence.stale_catalog_after,
            of_the_past: self.settings.screening.start_from_catalog,
            heartbeat_url: silence.heartbeat_url.clone(),
            heartbeat_interval: silence.heartbeat_interval,
        };
        let (store, clock) = (Arc::clone(&self.parts.store), Arc::clone(&self.parts.clock));
        let client = Arc::clone(&self.parts.feeds);
        self.lead(tasks, "the watch over silence", "silence", move |_, shutdown| {
            // Anew each time: what another process has noted meanwhile is in the store.
            let watch = SilenceWatch::new(
                settings.clone(),
                feeds.clone(),
                Arc::clone(&store),
                Arc::clone(&clock),
                Arc::clone(&client),
            );
            async move { watch.run(shutdown).await }
        });
    }

    fn ask_feeds(&self, tasks: &mut Tasks, feeds: &[FeedSettings], first: Option<mpsc::Sender<FirstAnswer>>) {
        let brings_first =
            |feed: &FeedSettings| first.is_some() && matches!(feed.kind, FeedKind::ElementSets { .. });
        let (catalogs, others): (Vec<_>, Vec<_>) = feeds.iter().cloned().partition(brings_first);
        for (feed, told) in catalogs.into_iter().zip(std::iter::repeat(first).flatten()) {
            let name = feed.name.clone();
            let poller = self.parts.poller(vec![feed]);
            spawn(tasks, "the polling for a first catalog", &self.shutdown, |shutdown| {
                feeds::ask_for_first_catalog(poller, name, told, shutdown)
            });
        }
        if !others.is_empty() {
            let poller = self.parts.poller(others);
            self.lead(tasks, "the polling of feeds", "feeds", move |_, shutdown| {
                let poller = poller.clone();
                async move { poller.run(shutdown).await }
            });
        }
    }

    /// Serves the clients of a gateway, if there is one: from one process at a time.
    pub(super) fn stream_through_gateway(&self, tasks: &mut Tasks, house: &House) -> anyhow::Result<()> {
        if !self.roles.has(Role::Api) {
            return Ok(());
        }
        let Some(held) = managed::gateway(&self.settings)? else { return Ok(()) };
        let settings = GatewaySettings {
            keep_alive: self.settings.gateway.keep_alive,
            patience: self.settings.gateway.patience,
            ..GatewaySettings::default()
        };
        let streams = GatewayStreams::new(
            self.api(house, self.process(house)),
            held.connections,
            held.gateway,
            settings,
        );
        self.lead(tasks, "the serving of the gateway's clients", "gateway", move |_, shutdown| {
            let streams = streams.clone();
            async move { streams.run(shutdown).await }
        });
        Ok(())
    }

    fn run_settings(&self) -> RunSettings {
        let screening = &self.settings.screening;
        RunSettings {
            window: days(screening.days),
            threshold_km: screening.threshold_km,
            threads: threads(&self.settings),
            interval: screening.interval,
            look: LOOK,
            settle: screening.settle,
            start_from_catalog: screening.start_from_catalog,
            element_set_age: days(screening.element_set_days),
            build: BUILD.to_owned(),
        }
    }

    fn upkeep_settings(&self) -> UpkeepSettings {
        let data = &self.settings.data;
        UpkeepSettings {
            keep_conjunctions: days(data.keep_conjunctions_days),
            keep_runs: days(data.keep_runs_days),
            keep_events: days(data.keep_events_days),
            keep_messages: days(data.keep_messages_days),
            keep_answers: days(data.keep_answers_days),
            keep_audit: (data.keep_audit_days > 0.0).then(|| days(data.keep_audit_days)),
        }
    }
}

fn threads(settings: &Settings) -> usize {
    match settings.screening.threads {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        threads => threads,
    }
}

fn days(days: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(days * 86_400.0)
}

/// Starts a task that runs until the shutdown.
pub(super) fn spawn<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut Tasks,
    name: &'static str,
    shutdown: &CancellationToken,
    task: impl FnOnce(CancellationToken) -> F,
) {
    let task = task(shutdown.clone());
    tasks.spawn(name, shutdown, async move {
        task.await;
        Ok(())
    });
}
