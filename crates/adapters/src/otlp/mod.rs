//! What the service does, told to a collector of OpenTelemetry: traces, logs and metrics by OTLP over HTTP, as protobuf.
//!
//! Nothing here makes anybody wait. What is to be told goes into queues of a fixed length; what finds its queue full, because the
//! collector is away or slow, is dropped and counted.

mod client;
mod logs;
mod metrics;
mod queue;
mod spans;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol, RetryPolicy, SpanExporter, WithExportConfig,
    WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _};
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::client::CollectorClient;
pub use self::logs::LogLayer;
use self::logs::LogRecords;
use self::metrics::Measured;
pub use self::metrics::{Fanout, MetricsTold};
use self::queue::{Queue, Waiting};
pub use self::spans::SpanLayer;
use crate::trust::{TrustError, TrustedRoots};

/// Name of what makes spans and log records.
const SCOPE: &str = "astroshield";

/// Longest time for the collector to take one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where the collector is, and who tells it what.
#[derive(Clone)]
pub struct OtlpSettings {
    /// `http://host:4318`, to which the paths of OTLP are added.
    pub endpoint: String,
    /// Headers that the collector wants, such as those of a key.
    pub headers: Vec<(String, String)>,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<Vec<u8>>,
    /// `service.name`.
    pub service_name: String,
    /// What else there is to say of this process.
    pub attributes: BTreeMap<String, String>,
    /// Whether spans are told.
    pub traces: bool,
    /// Whether log lines are told.
    pub logs: bool,
    /// Whether metrics are told.
    pub metrics: bool,
}

impl fmt::Debug for OtlpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("OtlpSettings")
            .field("endpoint", &self.endpoint)
            .field("headers", &headers)
            .field("service_name", &self.service_name)
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The address, or something else of the exporters.
    #[error("telemetry cannot be sent")]
    Exporter(#[from] ExporterBuildError),
    /// A header that is none.
    #[error("{name:?} with its value is no header of HTTP")]
    Header {
        /// Its name.
        name: String,
    },
    /// The authorities, or TLS itself.
    #[error("the collector cannot be reached over TLS")]
    Trust(#[from] TrustError),
    /// The client cannot be made.
    #[error("the collector cannot be reached")]
    Client(#[source] reqwest::Error),
}

/// Telemetry that is collected and waits to be sent.
#[derive(Debug)]
pub struct Otlp {
    scope: InstrumentationScope,
    spans: Option<(Waiting<spans::Ended>, Queue<spans::Ended>, SpanExporter)>,
    records: Option<(Waiting<logs::Entry>, LogRecords, LogExporter)>,
    measured: Option<(Measured, MetricExporter)>,
}

impl Otlp {
    /// Ready to collect. The collector need not be there yet.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &OtlpSettings) -> Result<Self, OtlpError> {
        let client = Arc::new(CollectorClient::new(settings, &roots(settings)?)?);
        let endpoint = settings.endpoint.trim_end_matches('/');
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attributes(
                settings.attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
            )
            .build();
        let scope = InstrumentationScope::builder(SCOPE).build();
        macro_rules! exporter {
            ($builder:expr, $path:literal) => {
                $builder
                    .with_http()
                    .with_shared_http_client(Arc::<CollectorClient>::clone(&client))
                    .with_protocol(Protocol::HttpBinary)
                    .with_endpoint(format!("{endpoint}{}", $path))
                    .with_timeout(TIMEOUT)
                    // The queues do that, and know what has to wait meanwhile.
                    .with_retry_policy(RetryPolicy::disabled())
                    .build()
            };
        }
        let spans = if settings.traces {
            let mut exporter = exporter!(SpanExporter::builder(), "/v1/traces")?;
            exporter.set_resource(&resource);
            let (queue, waiting) = queue::of("traces");
            Some((waiting, queue, exporter))
        } else {
            None
        };
        let records = if settings.logs {
            let mut exporter = exporter!(LogExporter::builder(), "/v1/logs")?;
            exporter.set_resource(&resource);
            let (queue, waiting) = queue::of("logs");
            Some((waiting, LogRecords::new(queue, &scope, &resource), exporter))
        } else {
            None
        };
        let measured = if settings.metrics {
            let exporter = exporter!(MetricExporter::builder(), "/v1/metrics")?;
            Some((Measured::new(&scope, resource), exporter))
        } else {
            None
        };
        Ok(Self { scope, spans, records, measured })
    }

    /// What collects spans.
    #[must_use]
    pub fn span_layer(&self) -> Option<SpanLayer> {
        self.spans.as_ref().map(|(_, queue, _)| SpanLayer::new(queue.clone(), self.scope.clone()))
    }

    /// What collects log lines.
    #[must_use]
    pub fn log_layer(&self) -> Option<LogLayer> {
        self.records.as_ref().map(|(_, records, _)| records.layer())
    }

    fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref().map(|(measured, _)| measured)
    }

    /// Sends what is collected from now on.
    #[must_use]
    pub fn start(self) -> Sending {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        if let Some((waiting, _, exporter)) = self.spans {
            tasks.spawn(waiting.send(stop.clone(), async move |spans: &[spans::Ended]| {
                exporter.export(spans.iter().map(spans::Ended::data).collect()).await
            }));
        }
        if let Some((waiting, _, exporter)) = self.records {
            tasks.spawn(waiting.send(stop.clone(), async move |entries: &[logs::Entry]| {
                let records: Vec<_> = entries.iter().map(|(record, scope)| (record, scope)).collect();
                exporter.export(LogBatch::new(&records)).await
            }));
        }
        let metrics = self.measured.map(|(measured, exporter)| MetricsTold::new(measured, exporter));
        Sending { stop, tasks, metrics }
    }
}

/// Asks the collector whether it takes spans, of which there are none yet.
///
/// # Errors
/// When it does not answer, or refuses.
pub async fn reach(settings: &OtlpSettings) -> Result<(), OtlpError> {
    let roots = roots(settings)?;
    let client = CollectorClient::new(settings, &roots)?;
    client.reach(settings.endpoint.trim_end_matches('/')).await.map_err(OtlpError::Client)
}

fn roots(settings: &OtlpSettings) -> Result<TrustedRoots, TrustError> {
    match &settings.roots_pem {
        Some(pem) => TrustedRoots::default().and_pem(pem),
        None => Ok(TrustedRoots::of_this_machine()),
    }
}

/// Telemetry that is being sent.
#[derive(Debug)]
pub struct Sending {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    metrics: Option<MetricsTold>,
}

impl Sending {
    /// What tells metrics whenever it is asked to, which only its owner does.
    pub fn metrics(&mut self) -> Option<MetricsTold> {
        self.metrics.take()
    }

    /// Sends what is left, for so long at most.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // What is not taken until then is lost, and nobody is left to be told so.
        let _ = tokio::time::timeout(patience, all).await;
    }
}
