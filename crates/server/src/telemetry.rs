//! What is told to a collector of OpenTelemetry.

use std::time::Duration;

use anyhow::Context;
pub(crate) use astroshield_adapters::otlp::MetricsTold;
use astroshield_adapters::otlp::{self, LogLayer, Otlp, OtlpError, OtlpSettings, Sending};
use astroshield_domain::trace;
use metrics::Recorder;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use crate::settings::{self, Settings, pairs};

/// How long the end of the process waits for the collector.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is collected.
pub(crate) struct Telemetry(Option<Otlp>);

impl Telemetry {
    /// As the settings want it. `role` is what the process does.
    pub(crate) fn new(settings: &Settings, role: &str) -> anyhow::Result<Self> {
        let Some(settings) = otlp(&settings.telemetry, role) else { return Ok(Self(None)) };
        Ok(Self(Some(Otlp::new(&settings).context("telemetry")?)))
    }

    /// What collects spans.
    pub(crate) fn spans<S>(&self) -> Option<Box<dyn Layer<S> + Send + Sync>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let ours = Targets::new().with_target("astroshield", LevelFilter::DEBUG);
        let layer = self.0.as_ref().and_then(Otlp::span_layer)?;
        Some(layer.with_filter(ours).boxed())
    }

    /// What collects the lines that the log has.
    pub(crate) fn lines<S>(&self, levels: Targets) -> Option<Box<dyn Layer<S> + Send + Sync>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = self.0.as_ref().and_then(Otlp::log_layer)?;
        Some(layer.with_filter(levels.and(filter_fn(LogLayer::wants))).boxed())
    }

    /// What records metrics, for another recorder too.
    pub(crate) fn recorder<R: Recorder>(&self, other: R) -> otlp::Fanout<R> {
        otlp::Fanout::new(other, self.0.as_ref())
    }

    /// Sends from now on. Inside the runtime.
    pub(crate) fn start(self) -> Told {
        Told(self.0.map(Otlp::start))
    }
}

/// What is sent.
pub(crate) struct Told(Option<Sending>);

impl Told {
    /// What tells metrics, if they are told.
    pub(crate) fn metrics(&mut self) -> Option<MetricsTold> {
        self.0.as_mut().and_then(Sending::metrics)
    }

    /// Sends what is left.
    pub(crate) async fn stop(self) {
        if let Some(sending) = self.0 {
            sending.stop(PATIENCE).await;
        }
    }
}

/// Whether the adapter takes the settings.
pub(crate) fn check(settings: &settings::Telemetry) -> Result<(), OtlpError> {
    otlp(settings, "").map_or(Ok(()), |settings| Otlp::new(&settings).map(drop))
}

/// Asks the collector, if there is to be one.
pub(crate) async fn examine(settings: &settings::Telemetry) -> Option<anyhow::Result<String>> {
    let settings = otlp(settings, "")?;
    let reached = otlp::reach(&settings).await;
    let reached = reached.with_context(|| format!("telemetry.endpoint: {}", settings.endpoint));
    Some(reached.map(|()| "the collector answers".to_owned()))
}

fn otlp(settings: &settings::Telemetry, role: &str) -> Option<OtlpSettings> {
    trace::sample(settings.sampling);
    let told = [
        ("service.version", env!("ASTROSHIELD_BUILD").to_owned()),
        ("service.instance.id", uuid::Uuid::new_v4().to_string()),
        ("astroshield.role", role.to_owned()),
    ];
    let told = told.map(|(name, value)| (name.to_owned(), value)).into_iter();
    Some(OtlpSettings {
        endpoint: settings.endpoint.clone()?,
        headers: pairs(settings.headers.reveal()).unwrap_or_default(),
        roots_pem: settings.authorities.clone().map(String::into_bytes),
        service_name: settings.service_name.clone(),
        attributes: told.chain(pairs(&settings.attributes).unwrap_or_default()).collect(),
        traces: settings.traces,
        logs: settings.logs,
        metrics: settings.metrics,
    })
}
