//! What the server says of its work, on standard error.

use std::fmt as text;
use std::io::IsTerminal;

use anyhow::Context;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Context as Around, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::settings::{LogFormat, Settings};
use crate::telemetry::Telemetry;

/// UTC to the millisecond.
struct UtcMilliseconds;

impl FormatTime for UtcMilliseconds {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        write!(w, "{:.3}", jiff::Timestamp::now())
    }
}

/// The trace and the request that a span belongs to, as far as it says.
#[derive(Debug, Default)]
struct Ids {
    trace: Option<String>,
    request: Option<String>,
}

impl Visit for Ids {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "trace_id" => self.trace = Some(value.to_owned()),
            "request_id" => self.request = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn text::Debug) {}
}

/// Keeps the ids of spans, for the lines inside them.
struct KeepIds;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for KeepIds {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, around: Around<'_, S>) {
        let mut ids = Ids::default();
        attributes.record(&mut ids);
        if let Some(span) = around.span(id).filter(|_| ids.trace.is_some() || ids.request.is_some()) {
            span.extensions_mut().insert(ids);
        }
    }
}

/// Lines of JSON that begin with the ids of the spans around them, where whoever searches finds them however deep the line is.
struct Lifted {
    json: Format<Json, UtcMilliseconds>,
}

impl Lifted {
    fn new() -> Self {
        let json = fmt::format().json().flatten_event(true).with_current_span(true).with_span_list(true);
        Self { json: json.with_timer(UtcMilliseconds) }
    }
}

impl<S, N> FormatEvent<S, N> for Lifted
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> text::Result {
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        let (mut trace, mut request) = (None, None);
        for span in context.event_scope().into_iter().flatten() {
            if let Some(ids) = span.extensions().get::<Ids>() {
                trace = trace.or_else(|| ids.trace.clone());
                request = request.or_else(|| ids.request.clone());
            }
        }
        writer.write_char('{')?;
        for (name, id) in [("trace_id", trace), ("request_id", request)] {
            if let Some(id) = id {
                write!(writer, "\"{name}\":{},", serde_json::Value::from(id))?;
            }
        }
        writer.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}

/// Sends what is logged to standard error from now on, and to what collects telemetry.
pub(crate) fn start(settings: &Settings, telemetry: &Telemetry) -> anyhow::Result<()> {
    let terminal = std::io::stderr().is_terminal();
    let json = match settings.log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let levels: Targets = settings.log.level.parse().context("log.level")?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_timer(UtcMilliseconds);
    let lines = if json {
        lines.fmt_fields(JsonFields::new()).event_format(Lifted::new()).boxed()
    } else {
        lines.with_ansi(terminal).with_target(false).boxed()
    };
    // Spans with ids are of the highest level. Those below it are made for a collector only.
    tracing_subscriber::registry()
        .with(KeepIds.with_filter(LevelFilter::ERROR))
        .with(lines.with_filter(levels.clone()))
        .with(telemetry.spans())
        .with(telemetry.lines(levels))
        .try_init()
        .context("logging")
}
