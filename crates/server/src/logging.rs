//! What the server says of its work, on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::settings::{LogFormat, Settings};

/// UTC to the millisecond.
struct UtcMilliseconds;

impl FormatTime for UtcMilliseconds {
    fn format_time(&self, w: &mut fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(w, "{:.3}", jiff::Timestamp::now())
    }
}

/// Sends what is logged to standard error from now on.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<()> {
    let terminal = std::io::stderr().is_terminal();
    let json = match settings.log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let levels: Targets = settings.log.level.parse().context("log.level")?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_timer(UtcMilliseconds);
    let lines = if json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(true).boxed()
    } else {
        lines.with_ansi(terminal).with_target(false).boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(levels)).try_init().context("logging")
}
