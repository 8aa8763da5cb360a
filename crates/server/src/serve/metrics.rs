//! `/metrics`, in the text format of Prometheus. Who may ask is checked where the interface's callers are.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram};
use anyhow::{Context, anyhow};
use astroshield_domain::alert::Severity;
use astroshield_domain::conjunction::ConjunctionStatus;
use astroshield_domain::deployment::METRICS;
use astroshield_domain::figures::{ConjunctionClass, Figures};
use astroshield_domain::metrics::{self, Kind, Metric};
use astroshield_domain::operations::Series;
use astroshield_domain::ports::{Clock, Store, StoreError};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::exposition;
use crate::telemetry::{MetricsTold, Telemetry};

/// How often the recorder tidies up what was measured since.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long figures of the store are good for: everybody who asks meanwhile is told the same.
const FIGURES_LIFETIME: Duration = Duration::from_secs(5);

/// How long the end of the process waits for the collector to take the last metrics.
const LAST_WORD: Duration = Duration::from_secs(2);

const STATUSES: [(ConjunctionStatus, &str); 2] =
    [(ConjunctionStatus::Active, "active"), (ConjunctionStatus::Cleared, "cleared")];

const CLASSES: [ConjunctionClass; 4] =
    [ConjunctionClass::Low, ConjunctionClass::Medium, ConjunctionClass::High, ConjunctionClass::Relation];

const SEVERITIES: [(Severity, &str); 3] =
    [(Severity::Info, "info"), (Severity::Warning, "warning"), (Severity::Critical, "critical")];

/// What is measured, and what is read at a request.
#[derive(Clone)]
pub(super) struct Metrics {
    recorded: PrometheusHandle,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    consumers: &'static [&'static str],
    /// When the figures were last read.
    read: Arc<Mutex<Option<Instant>>>,
}

/// Begins to record. Once in a process.
pub(super) fn record(telemetry: &Telemetry) -> anyhow::Result<PrometheusHandle> {
    let mut builder = PrometheusBuilder::new();
    for metric in metrics::ALL.iter().filter(|metric| !metric.bounds.is_empty()) {
        let name = Matcher::Full(metric.name.to_owned());
        builder = builder.set_buckets_for_metric(name, metric.bounds).context(metric.name)?;
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    ::metrics::set_global_recorder(telemetry.recorder(recorder))
        .map_err(|_| anyhow!("metrics: this process records them already"))?;
    for metric in metrics::ALL {
        match metric.kind {
            Kind::Counter => {
                describe_counter!(metric.name, metric.help);
                // An alarm can be made of what is there before it goes wrong.
                if metric.labels.is_empty() {
                    counter!(metric.name).increment(0);
                }
            }
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, metric.help),
        }
    }
    Ok(handle)
}

/// Tidies up until the shutdown.
pub(super) async fn keep_up(recorded: PrometheusHandle, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
        recorded.run_upkeep();
    }
}

/// The figures of the service that is shown, of which there is another one after a demo took its place.
#[derive(Default)]
pub(super) struct Shown(std::sync::Mutex<Option<Metrics>>);

impl Shown {
    pub(super) fn set(&self, metrics: Metrics) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(metrics);
    }

    fn get(&self) -> Option<Metrics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Tells the collector how things are, until the shutdown and once more then.
pub(super) async fn keep_telling(
    mut told: MetricsTold,
    shown: Arc<Shown>,
    interval: Duration,
    shutdown: CancellationToken,
) {
    loop {
        let goes_on = shutdown.run_until_cancelled(tokio::time::sleep(interval)).await.is_some();
        let tell = async {
            if let Some(metrics) = shown.get()
                && let Err(error) = metrics.read().await
            {
                tracing::warn!(%error, "figures of the store cannot be told");
            }
            told.tell().await;
        };
        if !goes_on {
            // Not longer than a moment: nobody waits for what a collector does not take.
            let _ = tokio::time::timeout(LAST_WORD, tell).await;
            return;
        }
        tell.await;
    }
}

/// From here on it is asked how many events there are.
const GAP: u64 = 1_000_000;

impl Metrics {
    pub(super) fn new(
        recorded: PrometheusHandle,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        consumers: &'static [&'static str],
    ) -> Self {
        Self { recorded, store, clock, consumers, read: Arc::default() }
    }

    /// Everything, in the text format of Prometheus.
    async fn text(&self) -> Result<String, StoreError> {
        self.read().await?;
        Ok(self.recorded.render())
    }

    /// Everything, by metric.
    pub(super) async fn measured(&self) -> Result<Vec<(&'static Metric, Vec<Series>)>, StoreError> {
        Ok(exposition::read(&self.text().await?, metrics::ALL))
    }

    /// Reads what is not measured as it happens, if that was not done just now.
    async fn read(&self) -> Result<(), StoreError> {
        let mut read = self.read.lock().await;
        if read.is_some_and(|read| read.elapsed() < FIGURES_LIFETIME) {
            return Ok(());
        }
        let now = self.clock.now();
        let figures = self.store.figures(now).await?;
        self.show(&figures, now);
        for consumer in self.consumers {
            metrics::CONSUMER_LAG.set([*consumer], self.lag(&figures, consumer).await? as f64);
        }
        for feed in self.store.feeds().await? {
            metrics::FEED_FAILURES.set([feed.feed.clone()], f64::from(feed.failures));
            if let Some(confirmed) = feed.confirmed {
                metrics::FEED_AGE.set([feed.feed], now.duration_since(confirmed).as_secs_f64());
            }
        }
        if let Some(bytes) = resident_bytes() {
            metrics::PROCESS_MEMORY.set_to(bytes as f64);
        }
        *read = Some(Instant::now());
        Ok(())
    }

    fn show(&self, figures: &Figures, now: Timestamp) {
        let age = |of: Timestamp| now.duration_since(of).as_secs_f64();
        let known = [
            (metrics::CATALOG_AGE, figures.catalog_arrived),
            (metrics::CATALOG_EPOCH_AGE, figures.catalog_epoch),
            (metrics::SCREENING_AGE, figures.screened),
        ];
        for (metric, since) in known {
            if let Some(since) = since {
                metric.set_to(age(since));
            }
        }
        let waits = [
            (metrics::SCREENING_LAG, figures.unscreened_since),
            (metrics::DELIVERIES_OVERDUE, figures.deliveries_due_since),
            (metrics::OUTBOX_AGE, figures.outbox_since),
        ];
        for (metric, since) in waits {
            metric.set_to(since.map_or(0.0, age).max(0.0));
        }
        metrics::SCREENING_RUNNING.set_to(figures.runs_running as f64);
        metrics::OUTBOX_EVENTS.set_to(figures.outbox as f64);
        metrics::DELIVERIES.set(["due"], figures.deliveries_due as f64);
        metrics::DELIVERIES.set(["failed"], figures.deliveries_failed as f64);
        for (status, status_name) in STATUSES {
            for class in CLASSES {
                let found = figures.conjunctions.iter();
                let found = found.filter(|found| (found.status, found.class) == (status, class));
                let count: u64 = found.map(|found| found.count).sum();
                metrics::CONJUNCTIONS.set([status_name, class.name()], count as f64);
            }
        }
        for (severity, severity_name) in SEVERITIES {
            let found = figures.unresolved_alerts.iter().filter(|(of, _)| *of == severity);
            let count: u64 = found.map(|(_, count)| count).sum();
            metrics::ALERTS_UNRESOLVED.set([severity_name], count as f64);
        }
    }

    /// Events that a consumer has not dealt with. Positions have gaps: a reconciliation leaves one of a billion.
    async fn lag(&self, figures: &Figures, consumer: &str) -> Result<u64, StoreError> {
        let place = figures.consumers.iter().find(|(name, _)| name == consumer);
        let place = place.map_or(0, |(_, position)| *position);
        match u64::try_from(figures.last_position - place) {
            Ok(lag) if lag < GAP => Ok(lag),
            Ok(_) => self.store.events_between(place, figures.last_position).await,
            Err(_) => Ok(0),
        }
    }
}

/// The route.
pub(super) fn routes(metrics: Metrics) -> Router {
    Router::new().route(METRICS, get(answer)).with_state(metrics)
}

async fn answer(State(metrics): State<Metrics>) -> Response {
    match metrics.text().await {
        Ok(text) => {
            let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
            ([kind, (header::CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "metrics cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Memory of the process that is in use, where the system says so.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
