//! `/metrics`, in the text format of Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Clock, Store, StoreError};
use astroshield_domain::screening::RunState;
use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Bounds of the histogram of answers, in s.
const ANSWER_BOUNDS_S: [f64; 12] =
    [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// How often the recorder tidies up what was measured since.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is measured, and what is read at each request.
#[derive(Clone)]
pub(super) struct Metrics {
    recorded: PrometheusHandle,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    consumers: &'static [&'static str],
}

/// Begins to record. Once in a process.
pub(super) fn record() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full("astroshield_http_request_seconds".to_owned()),
            &ANSWER_BOUNDS_S,
        )
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics")?;
    describe_counter!("astroshield_http_requests_total", "requests by method, route and status");
    describe_histogram!("astroshield_http_request_seconds", "time to the head of the answer");
    describe_gauge!(
        "astroshield_catalog_age_seconds",
        "time since the newest element set of the public catalog arrived"
    );
    describe_gauge!("astroshield_catalog_epoch_age_seconds", "age of the newest epoch in the catalog");
    describe_gauge!("astroshield_screening_age_seconds", "time since a screening last completed");
    describe_gauge!("astroshield_screening_running", "screenings that are not ended");
    describe_gauge!("astroshield_feed_failures", "failures of a feed since it last answered well");
    describe_gauge!("astroshield_feed_age_seconds", "time since a feed last confirmed its data");
    describe_gauge!("astroshield_consumer_lag_events", "events that a consumer has not dealt with");
    describe_gauge!("astroshield_alerts_unresolved", "alerts that are not resolved");
    describe_gauge!("astroshield_process_memory_bytes", "resident memory of the process");
    Ok(handle)
}

/// Tidies up until the shutdown.
pub(super) async fn keep_up(recorded: PrometheusHandle, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
        recorded.run_upkeep();
    }
}

impl Metrics {
    pub(super) fn new(
        recorded: PrometheusHandle,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        consumers: &'static [&'static str],
    ) -> Self {
        Self { recorded, store, clock, consumers }
    }

    /// Reads what is not measured as it happens.
    async fn read(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let age = |of: Timestamp| now.duration_since(of).as_secs_f64();
        if let Some((arrived, epoch)) = self.store.catalog_age(&TenantId::public()).await? {
            gauge!("astroshield_catalog_age_seconds").set(age(arrived));
            gauge!("astroshield_catalog_epoch_age_seconds").set(age(epoch));
        }
        let runs = self.store.runs(&TenantId::public(), None, 50).await?.rows;
        let completed = runs.iter().filter(|run| run.state == RunState::Completed);
        if let Some(newest) = completed.filter_map(|run| run.finished).max() {
            gauge!("astroshield_screening_age_seconds").set(age(newest));
        }
        let running = runs.iter().filter(|run| run.state == RunState::Running).count();
        gauge!("astroshield_screening_running").set(running as f64);
        for feed in self.store.feeds().await? {
            gauge!("astroshield_feed_failures", "feed" => feed.feed.clone()).set(f64::from(feed.failures));
            if let Some(confirmed) = feed.confirmed {
                gauge!("astroshield_feed_age_seconds", "feed" => feed.feed).set(age(confirmed));
            }
        }
        let last = self.store.last_position().await?;
        for consumer in self.consumers {
            let lag = last - self.store.consumer_position(consumer).await?;
            gauge!("astroshield_consumer_lag_events", "consumer" => *consumer).set(lag as f64);
        }
        for tenant in [TenantId::public(), TenantId::local()] {
            let unresolved = self.store.unresolved_alerts(&tenant).await?.len();
            let tenant = tenant.as_str().to_owned();
            gauge!("astroshield_alerts_unresolved", "tenant" => tenant).set(unresolved as f64);
        }
        if let Some(bytes) = resident_bytes() {
            gauge!("astroshield_process_memory_bytes").set(bytes as f64);
        }
        Ok(())
    }

    async fn has_key(&self, headers: &HeaderMap) -> Result<bool, StoreError> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(key) = authorization.and_then(|text| text.strip_prefix("Bearer ")) else {
            return Ok(false);
        };
        let hash: [u8; 32] = Sha256::digest(key.trim().as_bytes()).into();
        let now = self.clock.now();
        Ok(self
            .store
            .api_key_by_hash(&hash)
            .await?
            .is_some_and(|key| key.revoked.is_none() && key.expires.is_none_or(|expires| expires > now)))
    }
}

/// The route. It answers programs on this machine, and those with an API key.
pub(super) fn routes(metrics: Metrics) -> Router {
    Router::new().route("/metrics", get(answer)).with_state(metrics)
}

async fn answer(
    State(metrics): State<Metrics>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    // Behind a proxy on this machine, everybody comes from here.
    let proxied = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    let from_here = peer.ip().to_canonical().is_loopback() && !proxied;
    match metrics.has_key(&headers).await {
        Ok(known) if known || from_here => {}
        Ok(_) => return (StatusCode::UNAUTHORIZED, "an API key is due\n").into_response(),
        Err(error) => return unavailable(&error),
    }
    match metrics.read().await {
        Ok(()) => {
            let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
            ([kind, (header::CACHE_CONTROL, "no-store")], metrics.recorded.render()).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(%error, "metrics cannot be read");
    (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
}

/// Memory of the process that is in use, where the system says so.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
