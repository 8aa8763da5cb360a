//! The service in one process: its parts, its tasks by role, its routes.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use astroshield_api::{ApiSettings, ApiState, OneTimeTokens, Ports, UseCases};
use astroshield_domain::backups::Backups;
use astroshield_domain::notify::Notifier;
use astroshield_domain::on_demand::OnDemand;
use astroshield_domain::relay::Relay;
use astroshield_domain::runs::{RunSettings, Runner};
use astroshield_domain::silence::{SilenceSettings, SilenceWatch};
use astroshield_domain::upkeep::{Upkeep, UpkeepSettings};
use axum::Router;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::health::{BlobsAnswer, Dependency, Health, StoreAnswers};
use super::metrics::{self, Metrics};
use super::parts::{Database, Parts};
use super::roles::Role;
use super::sign_in::{self, SignIn};
use super::tasks::Tasks;
use super::{feeds, health, http, requests};
use crate::backup::StoreArchiver;
use crate::settings::Settings;

/// Consumers whose lag is told.
const CONSUMERS: [&str; 3] = ["relay", "runs", "notify"];

/// Version of the program, recorded with what it makes.
const BUILD: &str = env!("ASTROSHIELD_BUILD");

/// What one process does.
pub(super) struct Service {
    pub(super) settings: Settings,
    pub(super) roles: BTreeSet<Role>,
    pub(super) demo: bool,
}

impl Service {
    /// Runs until `stop` is there, or until a task fails.
    pub(super) async fn run(
        &self,
        database: &Database,
        folder: &Path,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let parts = Parts::new(&self.settings, database, folder)?;
        let listening = listener.local_addr().context("server.listen")?;
        let public_url = self.settings.server.public_url.as_deref();
        let address = sign_in::address(public_url, listening);
        let shutdown = CancellationToken::new();
        let recorded = metrics::record()?;

        let notifier = Arc::new(Notifier::new(
            Arc::clone(&parts.store),
            Arc::clone(&parts.bus),
            Arc::clone(&parts.webhooks),
            parts.mailer.clone(),
            Arc::clone(&parts.clock),
            Some(address.clone()),
        ));

        let mut tasks = Tasks::new(shutdown.clone());
        let mut routes = self.routes_for_machines(&parts, recorded.clone(), &shutdown);
        if self.roles.contains(&Role::Api) {
            let tokens = Arc::new(OneTimeTokens::default());
            let sign_in = SignIn::new(Arc::clone(&tokens), Arc::clone(&parts.clock), address);
            let notifier = Arc::clone(&notifier);
            routes = routes.merge(self.api(&parts, tokens, notifier, listening, folder, &shutdown));
            sign_in.print();
            let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP")?;
            let shutdown = shutdown.clone();
            tasks.spawn("the printing of links", async move {
                while shutdown.run_until_cancelled(hang_up.recv()).await.is_some() {
                    sign_in.print();
                }
                Ok(())
            });
        }
        let routes = routes.layer(axum::middleware::from_fn(requests::follow));
        tasks.spawn("the HTTP server", http::answer(listener, routes, shutdown.clone()));
        spawn(&mut tasks, "the upkeep of metrics", &shutdown, |shutdown| {
            metrics::keep_up(recorded, shutdown)
        });
        self.start(&mut tasks, &parts, notifier, &shutdown);
        let roles: Vec<String> = self.roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
        tracing::info!(%listening, folder = %folder.display(), roles = roles.join(","), demo = self.demo, "started");
        tasks.run_until(stop, self.settings.server.shutdown_timeout).await
    }

    fn routes_for_machines(
        &self,
        parts: &Parts,
        recorded: PrometheusHandle,
        shutdown: &CancellationToken,
    ) -> Router {
        let dependencies: BTreeMap<&'static str, Box<dyn Dependency>> = BTreeMap::from([
            ("store", Box::new(StoreAnswers::new(Arc::clone(&parts.store))) as Box<dyn Dependency>),
            ("blobs", Box::new(BlobsAnswer::new(Arc::clone(&parts.blobs)))),
        ]);
        let metrics = Metrics::new(recorded, Arc::clone(&parts.store), Arc::clone(&parts.clock), &CONSUMERS);
        health::routes(Health::new(dependencies, shutdown.clone())).merge(metrics::routes(metrics))
    }

    fn api(
        &self,
        parts: &Parts,
        tokens: Arc<OneTimeTokens>,
        notifier: Arc<Notifier>,
        listening: SocketAddr,
        folder: &Path,
        shutdown: &CancellationToken,
    ) -> Router {
        let public_url = self.settings.server.public_url.as_deref();
        let settings = ApiSettings {
            allowed_hosts: sign_in::allowed_hosts(public_url, listening),
            response_cache: self.settings.server.response_cache,
            secure_cookies: public_url.is_some_and(|url| url.starts_with("https:")),
            build: BUILD.to_owned(),
            ..ApiSettings::default()
        };
        let ports = Ports {
            store: Arc::clone(&parts.store),
            blobs: Arc::clone(&parts.blobs),
            cache: Arc::clone(&parts.cache),
            broadcast: Arc::clone(&parts.broadcast),
            clock: Arc::clone(&parts.clock),
            webhooks: Arc::clone(&parts.webhooks),
        };
        let on_demand = OnDemand::new(
            Arc::clone(&parts.store),
            Arc::clone(&parts.blobs),
            Arc::clone(&parts.clock),
            self.threads(),
        )
        .with_element_set_age(days(self.settings.screening.element_set_days));
        let archiver = Arc::new(StoreArchiver {
            settings: self.settings.clone(),
            folder: folder.to_owned(),
            blobs: Arc::clone(&parts.blobs),
        });
        let (store, blobs, clock) =
            (Arc::clone(&parts.store), Arc::clone(&parts.blobs), Arc::clone(&parts.clock));
        let use_cases = UseCases {
            uploads: parts.uploads(),
            on_demand: Arc::new(on_demand),
            notifier,
            backups: Backups::new(archiver, store, blobs, clock),
        };
        let demo = Arc::new(AtomicBool::new(self.demo));
        astroshield_api::router(ApiState::new(ports, use_cases, settings, tokens, demo, shutdown.clone()))
    }

    /// Starts what the roles do besides answering requests.
    fn start(&self, tasks: &mut Tasks, parts: &Parts, notifier: Arc<Notifier>, shutdown: &CancellationToken) {
        let has = |role| self.roles.contains(&role);
        let Parts { store, blobs, bus, clock, .. } = parts;
        if has(Role::Relay) {
            let (store, blobs) = (Arc::clone(store), Arc::clone(blobs));
            let upkeep = Upkeep::new(self.upkeep_settings(), store, blobs, Arc::clone(clock));
            spawn(tasks, "the upkeep of the store", shutdown, move |shutdown| async move {
                upkeep.run(shutdown).await;
            });
        }
        if has(Role::Relay) {
            let (store, broadcast) = (Arc::clone(&parts.store), Arc::clone(&parts.broadcast));
            let relay = Relay::new(store, Arc::clone(bus), broadcast, Arc::clone(clock));
            spawn(tasks, "the relay", shutdown, move |shutdown| async move { relay.run(shutdown).await });
        }
        let feeds = feeds::enabled(&self.settings);
        if has(Role::Ingest) && !feeds.is_empty() {
            let poller = parts.poller(feeds.clone());
            spawn(tasks, "the polling of feeds", shutdown, move |shutdown| async move {
                poller.run(shutdown).await;
            });
        }
        if has(Role::Screen) {
            let settings = self.run_settings();
            let (store, blobs) = (Arc::clone(store), Arc::clone(blobs));
            let runner = Runner::new(settings, store, blobs, Arc::clone(bus), Arc::clone(clock));
            spawn(tasks, "screening", shutdown, move |shutdown| async move { runner.run(shutdown).await });
        }
        if has(Role::Notify) {
            spawn(
                tasks,
                "notification",
                shutdown,
                move |shutdown| async move { notifier.run(shutdown).await },
            );
            let silence = &self.settings.silence;
            let settings = SilenceSettings {
                no_screening_after: silence.no_screening_after,
                stale_catalog_after: silence.stale_catalog_after,
                heartbeat_url: silence.heartbeat_url.clone(),
                heartbeat_interval: silence.heartbeat_interval,
            };
            let client = Arc::clone(&parts.feeds);
            let watch = SilenceWatch::new(settings, feeds, Arc::clone(store), Arc::clone(clock), client);
            spawn(tasks, "the watch over silence", shutdown, move |shutdown| async move {
                watch.run(shutdown).await;
            });
        }
    }

    fn threads(&self) -> usize {
        match self.settings.screening.threads {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        }
    }

    fn run_settings(&self) -> RunSettings {
        let screening = &self.settings.screening;
        RunSettings {
            window: days(screening.days),
            threshold_km: screening.threshold_km,
            threads: self.threads(),
            interval: screening.interval,
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
        }
    }
}

fn days(days: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(days * 86_400.0)
}

/// Starts a task that runs until the shutdown.
fn spawn<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut Tasks,
    name: &'static str,
    shutdown: &CancellationToken,
    task: impl FnOnce(CancellationToken) -> F,
) {
    let task = task(shutdown.clone());
    tasks.spawn(name, async move {
        task.await;
        Ok(())
    });
}
