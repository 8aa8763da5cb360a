//! `/health/live` and `/health/ready`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::ports::Store;
use async_trait::async_trait;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// A dependency that says nothing for so long is not well.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that the server cannot work without.
#[async_trait]
pub(super) trait Dependency: Send + Sync + 'static {
    /// Whether it works; else, why not, in words that may be shown to anybody.
    async fn check(&self) -> Result<(), &'static str>;
}

/// What the server cannot work without.
#[derive(Clone)]
pub(super) struct Health {
    dependencies: Arc<BTreeMap<&'static str, Box<dyn Dependency>>>,
    shutdown: CancellationToken,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
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
        shutdown: CancellationToken,
    ) -> Self {
        Self { dependencies: Arc::new(dependencies), shutdown }
    }

    async fn readiness(&self) -> (bool, Readiness) {
        let mut conditions = BTreeMap::new();
        for (name, dependency) in self.dependencies.iter() {
            let result = tokio::time::timeout(PATIENCE, dependency.check()).await;
            let result = result.unwrap_or(Err("does not answer within 2 s"));
            if let Err(problem) = result {
                tracing::warn!(dependency = name, problem, "not ready");
            }
            conditions.insert(*name, result.into());
        }
        if self.shutdown.is_cancelled() {
            conditions.insert("process", Err("is shutting down").into());
        }
        let ready = conditions.values().all(|condition: &Condition| condition.problem.is_none());
        let status = if ready { "ready" } else { "not ready" };
        (ready, Readiness { status, dependencies: conditions })
    }
}

/// The routes. They answer anybody, and say nothing that is not anybody's to know.
pub(super) fn routes(health: Health) -> Router {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready)).with_state(health)
}

async fn live() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(serde_json::json!({ "status": "live" }))).into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    let (ready, readiness) = health.readiness().await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

/// The store answers.
pub(super) struct StoreAnswers(pub(super) Arc<dyn Store>);

#[async_trait]
impl Dependency for StoreAnswers {
    async fn check(&self) -> Result<(), &'static str> {
        self.0.ping().await.map_err(|error| {
            tracing::debug!(%error, "store");
            "does not answer"
        })
    }
}

/// Blobs can be looked up.
pub(super) struct BlobsAnswer(pub(super) Arc<dyn ObjectStore>);

#[async_trait]
impl Dependency for BlobsAnswer {
    async fn check(&self) -> Result<(), &'static str> {
        match self.0.head(&object_store::path::Path::from("public/health")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "blobs");
                Err("cannot be read")
            }
        }
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

    fn health(dependencies: Vec<(&'static str, Box<dyn Dependency>)>) -> Health {
        Health::new(dependencies.into_iter().collect(), CancellationToken::new())
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

    #[tokio::test]
    async fn a_server_that_shuts_down_is_not_ready() {
        let health = health(vec![("store", Box::new(Fixed(Ok(()))))]);
        assert!(health.readiness().await.0);
        health.shutdown.cancel();
        let (ready, readiness) = health.readiness().await;
        assert!(!ready && readiness.dependencies["process"].problem.is_some());
    }
}
