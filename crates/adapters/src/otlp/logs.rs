//! Log lines as log records of OpenTelemetry, with the trace that they belong to.

use std::fmt;
use std::time::SystemTime;

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::{InstrumentationScope, Key};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord, SdkLogger, SdkLoggerProvider};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::queue::Queue;
use super::spans::place_of;

/// Parts of other programs that speak while telemetry is sent: what they say of that would have to be sent, and so on.
const SENDERS: [&str; 5] = ["hyper", "reqwest", "rustls", "opentelemetry", "h2"];

/// A record on its way.
pub(super) type Entry = (SdkLogRecord, InstrumentationScope);

/// Collects log lines.
#[derive(Debug)]
pub struct LogLayer {
    logger: SdkLogger,
}

/// Where log records are made.
#[derive(Debug)]
pub(super) struct LogRecords {
    provider: SdkLoggerProvider,
    scope: InstrumentationScope,
}

impl LogRecords {
    pub(super) fn new(queue: Queue<Entry>, scope: &InstrumentationScope, resource: &Resource) -> Self {
        let provider = SdkLoggerProvider::builder()
            .with_resource(resource.clone())
            .with_log_processor(Enqueue(queue))
            .build();
        Self { provider, scope: scope.clone() }
    }

    pub(super) fn layer(&self) -> LogLayer {
        LogLayer { logger: self.provider.logger_with_scope(self.scope.clone()) }
    }
}

#[derive(Debug)]
struct Enqueue(Queue<Entry>);

impl LogProcessor for Enqueue {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.0.put((record.clone(), scope.clone()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
}

impl LogLayer {
    /// Whether what is said there is collected.
    pub fn wants(metadata: &Metadata<'_>) -> bool {
        let part = metadata.target().split("::").next().unwrap_or_default();
        !SENDERS.iter().any(|sender| part.starts_with(sender))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut record = self.logger.create_log_record();
        let (severity, text) = match *event.metadata().level() {
            Level::ERROR => (Severity::Error, "ERROR"),
            Level::WARN => (Severity::Warn, "WARN"),
            Level::INFO => (Severity::Info, "INFO"),
            Level::DEBUG => (Severity::Debug, "DEBUG"),
            Level::TRACE => (Severity::Trace, "TRACE"),
        };
        let now = SystemTime::now();
        record.set_timestamp(now);
        record.set_observed_timestamp(now);
        record.set_severity_number(severity);
        record.set_severity_text(text);
        record.add_attribute("code.module.name", event.metadata().target().to_owned());
        if let Some(place) = place_of(context.event_scope(event)) {
            record.set_trace_context(place.trace, place.span, None);
        }
        event.record(&mut Fields(&mut record));
        self.logger.emit(record);
    }
}

struct Fields<'a>(&'a mut SdkLogRecord);

impl Fields<'_> {
    fn say(&mut self, field: &Field, value: AnyValue) {
        match field.name() {
            "message" => self.0.set_body(value),
            name => self.0.add_attribute(Key::from_static_str(name), value),
        }
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.say(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.say(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.say(field, i64::try_from(value).map_or_else(|_| value.to_string().into(), AnyValue::from));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.say(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field, value.to_owned().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.say(field, format!("{value:?}").into());
    }
}
