//! `/health/live` and `/health/ready`.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use astroshield_domain::deployment::{LIVE, READY};
use astroshield_domain::ids::TenantId;
use astroshield_domain::operations;
use astroshield_domain::ports::Store;
use async_trait::async_trait;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::join_all;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outside::Outside;

/// A dependency that says nothing for so long is not well.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what was found holds.
const FRESH: Duration = Duration::from_secs(1);

/// Something that the server works with.
#[async_trait]
pub(super) trait Dependency: Send + Sync + 'static {
    /// Whether it works; else, why not, in words that may be shown to anybody.
    async fn check(&self) -> Outcome;

    /// Whether the server cannot do its work without it.
    fn is_needed(&self) -> bool {
        true
    }
}

/// What there is to show.
#[async_trait]
pub(super) trait Catalog: Send + Sync + 'static {
    /// Which catalog for everybody there is, in a word.
    async fn name(&self) -> &'static str;
}

/// What the server works with.
#[derive(Clone)]
pub(super) struct Health {
    dependencies: Arc<BTreeMap<&'static str, Box<dyn Dependency>>>,
    catalog: Arc<dyn Catalog>,
    shutdown: CancellationToken,
    /// What was found last, and when. Held by whoever looks.
    found: Arc<tokio::sync::Mutex<Option<(Instant, Found)>>>,
}

/// What was found of what the server works with.
#[derive(Clone)]
struct Found {
    catalog: &'static str,
    dependencies: BTreeMap<&'static str, (bool, Outcome)>,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    /// What there is to show; a server without it answers requests all the same.
    catalog: &'static str,
    dependencies: BTreeMap<&'static str, Condition>,
}

#[derive(Serialize)]
struct Condition {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl From<Result<(), &'static str>> for Condition {
    fn from(result: Result<(), &'static str>) -> Self {
        match result {
            Ok(()) => Self { status: "ok", problem: None },
            Err(problem) => Self { status: "problem", problem: Some(problem) },
        }
    }
}

impl Health {
    pub(super) fn new(
        dependencies: BTreeMap<&'static str, Box<dyn Dependency>>,
        catalog: impl Catalog,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            dependencies: Arc::new(dependencies),
            catalog: Arc::new(catalog),
            shutdown,
            found: Arc::default(),
        }
    }

    /// What is found now, or was a moment ago: anybody may ask, as often as they like.
    async fn found(&self) -> Option<Found> {
        let mut found = Arc::clone(&self.found).lock_owned().await;
        if let Some((at, known)) = &*found
            && at.elapsed() < FRESH
        {
            return Some(known.clone());
        }
        let health = self.clone();
        // On its own: whoever asks and goes away must not let the next one ask again while this goes on.
        let looking = tokio::spawn(async move {
            let now = health.look().await;
            *found = Some((Instant::now(), now.clone()));
            now
        });
        looking.await.ok()
    }

    async fn look(&self) -> Found {
        // All at once: who asks does not wait for each that is away.
        let checks = self.dependencies.iter().map(|(name, dependency)| async move {
            let result = tokio::time::timeout(PATIENCE, dependency.check()).await;
            (*name, dependency.is_needed(), result.unwrap_or(Err("does not answer within 2 s")))
        });
        let mut dependencies = BTreeMap::new();
        for (name, is_needed, result) in join_all(checks).await {
            if let Err(problem) = result {
                let said = if is_needed { "not ready" } else { "degraded" };
                tracing::warn!(dependency = name, problem, "{said}");
            }
            dependencies.insert(name, (is_needed, result));
        }
        let catalog = tokio::time::timeout(PATIENCE, self.catalog.name()).await.unwrap_or("unknown");
        Found { catalog, dependencies }
    }

    /// How the process is.
    pub(super) async fn condition(&self) -> operations::Condition {
        self.judged().await.1
    }

    /// The catalog, and how the process is.
    async fn judged(&self) -> (&'static str, operations::Condition) {
        let unknown = || Found { catalog: "unknown", dependencies: BTreeMap::new() };
        let Found { catalog, dependencies } = self.found().await.unwrap_or_else(unknown);
        let is_known = !dependencies.is_empty();
        let row = |(name, (needed, outcome)): (_, (_, Outcome))| operations::Dependency {
            name,
            needed,
            problem: outcome.err(),
        };
        let mut dependencies: Vec<operations::Dependency> = dependencies.into_iter().map(row).collect();
        if self.shutdown.is_cancelled() {
            let problem = Some("is shutting down");
            dependencies.push(operations::Dependency { name: "process", needed: true, problem });
        }
        let mut missing = dependencies.iter().filter(|one| one.problem.is_some());
        let readiness = if !is_known || missing.clone().any(|one| one.needed) {
            operations::Readiness::NotReady
        } else if missing.next().is_some() {
            operations::Readiness::Degraded
        } else {
            operations::Readiness::Ready
        };
        (catalog, operations::Condition { readiness, dependencies })
    }

    async fn readiness(&self) -> (bool, Readiness) {
        let (catalog, condition) = self.judged().await;
        let (ready, status) = match condition.readiness {
            operations::Readiness::NotReady => (false, "not ready"),
            operations::Readiness::Degraded => (true, "degraded"),
            operations::Readiness::Ready => (true, "ready"),
        };
        let dependencies = condition.dependencies.into_iter();
        let dependencies =
            dependencies.map(|one| (one.name, one.problem.map_or(Ok(()), Err).into())).collect();
        (ready, Readiness { status, catalog, dependencies })
    }
}

/// The routes. They answer anybody, and say nothing that is not anybody's to know.
pub(super) fn routes(health: Health) -> Router {
    Router::new().route(LIVE, get(live)).route(READY, get(ready)).with_state(health)
}

async fn live() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(serde_json::json!({ "status": "live" }))).into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    let (ready, readiness) = health.readiness().await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response();
    if !ready {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// The catalog that there is.
pub(super) struct CatalogHeld {
    store: Arc<dyn Store>,
    demo: bool,
    /// Whether there was one: it does not go away.
    seen: AtomicBool,
}

impl CatalogHeld {
    pub(super) fn new(store: Arc<dyn Store>, demo: bool) -> Self {
        Self { store, demo, seen: AtomicBool::default() }
    }
}

#[async_trait]
impl Catalog for CatalogHeld {
    async fn name(&self) -> &'static str {
        if !self.seen.load(Ordering::Relaxed) {
            match self.store.catalog_age(&TenantId::public()).await {
                Ok(age) => self.seen.store(age.is_some(), Ordering::Relaxed),
                Err(_) => return "unknown",
            }
        }
        match (self.seen.load(Ordering::Relaxed), self.demo) {
            (false, _) => "none yet",
            (true, true) => "demo",
            (true, false) => "there",
        }
    }
}

/// How a write went that was tried.
type Outcome = Result<(), &'static str>;

/// What is wrong where nothing can be written.
const NO_WRITES: &str = "takes no writes: its disk may be full or read-only";

/// Writes that are tried when somebody asks, but not more often than every two seconds.
#[derive(Clone)]
struct Trials {
    state: Arc<Mutex<Trial>>,
    ended: Arc<Notify>,
    /// How long it holds that one went well.
    holds: Duration,
}

#[derive(Default)]
struct Trial {
    /// Since when one is going on.
    since: Option<Instant>,
    last: Option<(Instant, Outcome)>,
}

impl Trials {
    fn new(holds: Duration) -> Self {
        Self { state: Arc::default(), ended: Arc::default(), holds }
    }

    /// How long it holds that a write failed.
    const FRESH: Duration = Duration::from_secs(2);

    /// How long to wait for one that is going on: a store that takes in a catalog has others wait.
    const WAIT: Duration = Duration::from_secs(1);

    /// One that takes longer will not end well.
    const STUCK: Duration = Duration::from_secs(60);

    fn state(&self) -> MutexGuard<'_, Trial> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outcome of the newest write, which is made now if the last one was a while ago.
    async fn outcome<F>(&self, write: impl FnOnce() -> F) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let ended = self.ended.notified();
        tokio::pin!(ended);
        ended.as_mut().enable();
        let going_on = {
            let mut state = self.state();
            let fresh = state.last.is_some_and(|(at, outcome)| {
                at.elapsed() < if outcome.is_ok() { self.holds } else { Self::FRESH }
            });
            if state.since.is_none() && !fresh {
                state.since = Some(Instant::now());
                let (trials, write) = (self.clone(), write());
                // On its own, as whoever asked may go away.
                tokio::spawn(async move {
                    let outcome = write.await;
                    *trials.state() = Trial { since: None, last: Some((Instant::now(), outcome)) };
                    trials.ended.notify_waiters();
                });
            }
            state.since.is_some()
        };
        if going_on {
            // What has not ended by then is judged by the one before.
            let _ = tokio::time::timeout(Self::WAIT, ended).await;
        }
        let state = self.state();
        if state.since.is_some_and(|since| since.elapsed() > Self::STUCK) {
            return Err("has been writing for more than a minute");
        }
        state.last.map_or(Ok(()), |(_, outcome)| outcome)
    }
}

/// The store answers, and takes writes.
pub(super) struct StoreAnswers {
    store: Arc<dyn Store>,
    writes: Trials,
}

impl StoreAnswers {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, writes: Trials::new(Trials::FRESH) }
    }
}

#[async_trait]
impl Dependency for StoreAnswers {
    async fn check(&self) -> Outcome {
        self.store.ping().await.map_err(|error| {
            tracing::debug!(%error, "store");
            "does not answer"
        })?;
        let store = Arc::clone(&self.store);
        let write = || async move {
            store.try_write().await.map_err(|error| {
                tracing::debug!(%error, "store");
                NO_WRITES
            })
        };
        self.writes.outcome(write).await
    }
}

/// How long it holds that a bucket took a write.
const OF_A_BUCKET: Duration = Duration::from_hours(24);

/// Blobs can be read and written.
pub(super) struct BlobsAnswer {
    blobs: Arc<dyn ObjectStore>,
    writes: Trials,
}

impl BlobsAnswer {
    /// Blobs in a folder, whose disk may be full at any time.
    pub(super) fn in_folder(blobs: Arc<dyn ObjectStore>) -> Self {
        Self { blobs, writes: Trials::new(Trials::FRESH) }
    }

    /// Blobs in a bucket, which may keep and copy every version of whatever is written.
    pub(super) fn in_bucket(blobs: Arc<dyn ObjectStore>) -> Self {
        Self { blobs, writes: Trials::new(OF_A_BUCKET) }
    }
}

#[async_trait]
impl Dependency for BlobsAnswer {
    async fn check(&self) -> Outcome {
        let path = object_store::path::Path::from("public/health");
        match self.blobs.head(&path).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => {
                tracing::debug!(%error, "blobs");
                return Err("cannot be read");
            }
        }
        let blobs = Arc::clone(&self.blobs);
        let write = || async move {
            let written = blobs.put(&path, b"well".as_slice().into()).await;
            let written = match written {
                Ok(_) => blobs.delete(&path).await,
                Err(error) => Err(error),
            };
            written.map_err(|error| {
                tracing::debug!(%error, "blobs");
                NO_WRITES
            })
        };
        self.writes.outcome(write).await
    }
}

/// A server answers without which the service goes on.
pub(super) struct OutsideAnswers {
    server: Arc<dyn Outside>,
}

impl OutsideAnswers {
    pub(super) fn new(server: Arc<dyn Outside>) -> Self {
        Self { server }
    }
}

#[async_trait]
impl Dependency for OutsideAnswers {
    async fn check(&self) -> Outcome {
        if self.server.answers().await { Ok(()) } else { Err("does not answer") }
    }

    fn is_needed(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Result<(), &'static str>);

    #[async_trait]
    impl Dependency for Fixed {
        async fn check(&self) -> Result<(), &'static str> {
            self.0
        }
    }

    struct Hangs;

    #[async_trait]
    impl Dependency for Hangs {
        async fn check(&self) -> Result<(), &'static str> {
            std::future::pending().await
        }
    }

    struct NoneYet;

    #[async_trait]
    impl Catalog for NoneYet {
        async fn name(&self) -> &'static str {
            "none yet"
        }
    }

    fn health(dependencies: Vec<(&'static str, Box<dyn Dependency>)>) -> Health {
        Health::new(dependencies.into_iter().collect(), NoneYet, CancellationToken::new())
    }

    #[tokio::test(start_paused = true)]
    async fn one_dependency_that_is_not_well_is_named_and_the_others_stay_ok() {
        let health = health(vec![
            ("blobs", Box::new(Fixed(Ok(())))),
            ("bus", Box::new(Hangs)),
            ("store", Box::new(Fixed(Err("does not answer")))),
        ]);
        let (ready, readiness) = health.readiness().await;
        assert!(!ready);
        let json = serde_json::to_value(readiness).unwrap();
        assert_eq!(json["status"], "not ready");
        assert_eq!(json["dependencies"]["blobs"], serde_json::json!({ "status": "ok" }));
        assert_eq!(json["dependencies"]["bus"]["problem"], "does not answer within 2 s");
        assert_eq!(json["dependencies"]["store"]["problem"], "does not answer");
    }

    /// One that never answers.
    struct Away;

    #[async_trait]
    impl Outside for Away {
        async fn prepare(&self) -> anyhow::Result<()> {
            Ok(())
        }

        async fn answers(&self) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn without_a_server_that_it_goes_on_without_it_is_degraded_and_ready_all_the_same() {
        let away = || Box::new(OutsideAnswers::new(Arc::new(Away))) as Box<dyn Dependency>;
        let (ready, readiness) =
            health(vec![("cache", away()), ("store", Box::new(Fixed(Ok(()))))]).readiness().await;
        assert_eq!((ready, readiness.status), (true, "degraded"));
        assert_eq!(readiness.dependencies["cache"].problem, Some("does not answer"));
        let store: Box<dyn Dependency> = Box::new(Fixed(Err("does not answer")));
        let (ready, readiness) = health(vec![("cache", away()), ("store", store)]).readiness().await;
        assert_eq!((ready, readiness.status), (false, "not ready"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_fails_is_told_until_one_goes_well_and_one_that_lasts_is_not_begun_again() {
        let trials = Trials::new(Trials::FRESH);
        assert_eq!(trials.outcome(|| async { Err(NO_WRITES) }).await, Err(NO_WRITES));
        // Not tried again at once.
        assert_eq!(trials.outcome(|| async { Ok(()) }).await, Err(NO_WRITES));
        tokio::time::advance(Trials::FRESH).await;
        assert_eq!(trials.outcome(|| async { Ok(()) }).await, Ok(()));
        tokio::time::advance(Trials::FRESH).await;
        // A write that goes on: as before, until it has gone on for too long.
        assert_eq!(trials.outcome(std::future::pending).await, Ok(()));
        tokio::time::advance(Trials::STUCK).await;
        assert!(trials.outcome(|| async { Ok(()) }).await.is_err());
    }

    /// Counts how often it is looked at, which takes a second.
    struct Counting(Arc<std::sync::atomic::AtomicU32>);

    #[async_trait]
    impl Dependency for Counting {
        async fn check(&self) -> Outcome {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_ask_each_dependency_is_looked_at_once_at_a_time() {
        let count = Arc::new(std::sync::atomic::AtomicU32::default());
        let health = health(vec![("store", Box::new(Counting(Arc::clone(&count))))]);
        let answers = join_all((0..1_000).map(|_| health.readiness())).await;
        assert!(answers.iter().all(|(ready, _)| *ready));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        // Those who ask and go away do not make it any more.
        tokio::time::advance(FRESH).await;
        for _ in 0..100 {
            assert!(tokio::time::timeout(Duration::from_millis(1), health.readiness()).await.is_err());
        }
        assert!(health.readiness().await.0);
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_bucket_took_holds_for_a_day_and_what_it_did_not_is_tried_again_soon() {
        let trials = Trials::new(OF_A_BUCKET);
        assert_eq!(trials.outcome(|| async { Err(NO_WRITES) }).await, Err(NO_WRITES));
        tokio::time::advance(Trials::FRESH).await;
        assert_eq!(trials.outcome(|| async { Ok(()) }).await, Ok(()));
        tokio::time::advance(OF_A_BUCKET - Duration::from_secs(1)).await;
        assert_eq!(trials.outcome(|| async { Err(NO_WRITES) }).await, Ok(()), "it is not tried");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(trials.outcome(|| async { Err(NO_WRITES) }).await, Err(NO_WRITES));
    }

    #[tokio::test]
    async fn a_server_that_shuts_down_is_not_ready() {
        let health = health(vec![("store", Box::new(Fixed(Ok(()))))]);
        let (ready, readiness) = health.readiness().await;
        // What has no catalog yet can be asked all the same, and says so.
        assert!(ready && readiness.catalog == "none yet");
        health.shutdown.cancel();
        let (ready, readiness) = health.readiness().await;
        assert!(!ready && readiness.dependencies["process"].problem.is_some());
    }
}
