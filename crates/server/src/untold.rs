//! In place of `telemetry`, where it was not built: settings that ask for it are refused.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use crate::settings::Settings;

/// Nothing is collected.
pub(crate) struct Telemetry;

impl Telemetry {
    pub(crate) fn new(_: &Settings, _: &str) -> anyhow::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn spans<S: Subscriber>(&self) -> Option<Box<dyn Layer<S> + Send + Sync>> {
        None
    }

    pub(crate) fn lines<S: Subscriber>(&self, _: Targets) -> Option<Box<dyn Layer<S> + Send + Sync>> {
        None
    }

    pub(crate) fn recorder<R>(&self, other: R) -> R {
        other
    }

    pub(crate) fn start(self) -> Told {
        Told
    }
}

/// Nothing is sent.
pub(crate) struct Told;

impl Told {
    pub(crate) fn metrics(&mut self) -> Option<MetricsTold> {
        None
    }

    pub(crate) async fn stop(self) {}
}

/// Never made.
pub(crate) enum MetricsTold {}

impl MetricsTold {
    pub(crate) async fn tell(&mut self) {
        match *self {}
    }
}
