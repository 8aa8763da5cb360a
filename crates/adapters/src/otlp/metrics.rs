//! The metrics of the one list, recorded for the collector beside another recorder.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use astroshield_domain::metrics::{ALL, Kind, Metric, Unit};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString,
};
use opentelemetry::metrics::{Histogram as Classes, Meter, MeterProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter as _;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality};

use super::Otlp;

/// What was measured of each metric, by the values of its labels.
#[derive(Debug)]
pub(super) struct Measured {
    cells: Arc<HashMap<&'static str, Cells>>,
    classes: Arc<HashMap<&'static str, Classes<f64>>>,
    reader: Reader,
    provider: SdkMeterProvider,
}

/// A counter or gauge.
#[derive(Debug)]
struct Cell {
    labels: Vec<KeyValue>,
    /// A count, or the bits of a number.
    value: AtomicU64,
}

#[derive(Debug, Clone, Default)]
struct Cells(Arc<RwLock<HashMap<Key, Arc<Cell>>>>);

impl Cells {
    fn of(&self, key: &Key) -> Arc<Cell> {
        known(&self.0, key, || Arc::new(Cell { labels: labels(key), value: AtomicU64::new(0) }))
    }

    fn each(&self, mut tell: impl FnMut(u64, &[KeyValue])) {
        for cell in self.0.read().unwrap_or_else(PoisonError::into_inner).values() {
            tell(cell.value.load(Ordering::Relaxed), &cell.labels);
        }
    }
}

/// What is kept under a key, made if it is new.
fn known<K: Clone + Eq + Hash, V: Clone>(
    kept: &RwLock<HashMap<K, V>>,
    key: &K,
    make: impl FnOnce() -> V,
) -> V {
    if let Some(found) = kept.read().unwrap_or_else(PoisonError::into_inner).get(key) {
        return found.clone();
    }
    let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
    kept.entry(key.clone()).or_insert_with(make).clone()
}

fn labels(key: &Key) -> Vec<KeyValue> {
    key.labels().map(|label| KeyValue::new(label.key().to_owned(), label.value().to_owned())).collect()
}

impl Measured {
    pub(super) fn new(scope: &InstrumentationScope, resource: Resource) -> Self {
        let reader =
            Reader(Arc::new(ManualReader::builder().with_temporality(Temporality::Cumulative).build()));
        let provider =
            SdkMeterProvider::builder().with_reader(reader.clone()).with_resource(resource).build();
        let meter = provider.meter_with_scope(scope.clone());
        let (mut cells, mut classes) = (HashMap::new(), HashMap::new());
        for metric in ALL {
            if metric.kind == Kind::Histogram {
                classes.insert(metric.name, histogram(&meter, metric));
            } else {
                cells.insert(metric.name, observed(&meter, metric));
            }
        }
        Self { cells: Arc::new(cells), classes: Arc::new(classes), reader, provider }
    }
}

fn unit(metric: &Metric) -> &'static str {
    // Of the Unified Code for Units of Measure, as OpenTelemetry wants.
    match metric.unit {
        Unit::Count => "1",
        Unit::Seconds => "s",
        Unit::Bytes => "By",
    }
}

fn histogram(meter: &Meter, metric: &Metric) -> Classes<f64> {
    let builder = meter.f64_histogram(metric.name).with_description(metric.help).with_unit(unit(metric));
    builder.with_boundaries(metric.bounds.to_vec()).build()
}

/// The cells of a counter or gauge, which are read when metrics are sent.
fn observed(meter: &Meter, metric: &Metric) -> Cells {
    let cells = Cells::default();
    let read = cells.clone();
    // The meter keeps the instrument.
    if metric.kind == Kind::Counter {
        meter
            .u64_observable_counter(metric.name)
            .with_description(metric.help)
            .with_unit(unit(metric))
            .with_callback(move |observer| read.each(|count, labels| observer.observe(count, labels)))
            .build();
    } else {
        meter
            .f64_observable_gauge(metric.name)
            .with_description(metric.help)
            .with_unit(unit(metric))
            .with_callback(move |observer| {
                read.each(|bits, labels| observer.observe(f64::from_bits(bits), labels));
            })
            .build();
    }
    cells
}

/// Records for two: another recorder, and the collector.
pub struct Fanout<R> {
    other: R,
    cells: Arc<HashMap<&'static str, Cells>>,
    classes: HashMap<&'static str, (Classes<f64>, Labels)>,
}

type Labels = RwLock<HashMap<Key, Arc<[KeyValue]>>>;

impl<R: Recorder> Fanout<R> {
    /// A recorder for another one, and for a collector if there is one that wants metrics.
    pub fn new(other: R, otlp: Option<&Otlp>) -> Self {
        let (cells, classes) = match otlp.and_then(Otlp::measured) {
            Some(Measured { cells, classes, .. }) => {
                let classes =
                    classes.iter().map(|(name, classes)| (*name, (classes.clone(), Labels::default())));
                (Arc::clone(cells), classes.collect())
            }
            None => Default::default(),
        };
        Self { other, cells, classes }
    }
}

impl<R> fmt::Debug for Fanout<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout").finish_non_exhaustive()
    }
}

/// The handle of the other recorder, and what is kept here.
struct Both<H, K> {
    other: H,
    kept: K,
}

impl CounterFn for Both<Counter, Arc<Cell>> {
    fn increment(&self, value: u64) {
        self.other.increment(value);
        self.kept.value.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.other.absolute(value);
        self.kept.value.fetch_max(value, Ordering::Relaxed);
    }
}

impl Both<Gauge, Arc<Cell>> {
    fn change(&self, change: f64) {
        let changed = |bits| Some((f64::from_bits(bits) + change).to_bits());
        // It never refuses.
        let _ = self.kept.value.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed);
    }
}

impl GaugeFn for Both<Gauge, Arc<Cell>> {
    fn increment(&self, value: f64) {
        self.other.increment(value);
        self.change(value);
    }

    fn decrement(&self, value: f64) {
        self.other.decrement(value);
        self.change(-value);
    }

    fn set(&self, value: f64) {
        self.other.set(value);
        self.kept.value.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl HistogramFn for Both<Histogram, (Classes<f64>, Arc<[KeyValue]>)> {
    fn record(&self, value: f64) {
        self.other.record(value);
        let (classes, labels) = &self.kept;
        classes.record(value, labels);
    }
}

impl<R: Recorder> Recorder for Fanout<R> {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, description: SharedString) {
        self.other.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, description: SharedString) {
        self.other.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, description: SharedString) {
        self.other.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let other = self.other.register_counter(key, metadata);
        match self.cells.get(key.name()) {
            Some(cells) => Counter::from_arc(Arc::new(Both { other, kept: cells.of(key) })),
            None => other,
        }
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let other = self.other.register_gauge(key, metadata);
        match self.cells.get(key.name()) {
            Some(cells) => Gauge::from_arc(Arc::new(Both { other, kept: cells.of(key) })),
            None => other,
        }
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let other = self.other.register_histogram(key, metadata);
        match self.classes.get(key.name()) {
            Some((classes, kept)) => {
                let labels = known(kept, key, || labels(key).into());
                Histogram::from_arc(Arc::new(Both { other, kept: (classes.clone(), labels) }))
            }
            None => other,
        }
    }
}

/// A reader that the provider has, and who collects has, too.
#[derive(Debug, Clone)]
struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// Metrics on their way to the collector. What does not arrive is not tried again: the next time, the counts are there all
/// the same.
pub struct MetricsTold {
    measured: Measured,
    exporter: MetricExporter,
    is_away: bool,
}

impl MetricsTold {
    pub(super) fn new(measured: Measured, exporter: MetricExporter) -> Self {
        Self { measured, exporter, is_away: false }
    }

    /// Tells how things are now.
    pub async fn tell(&mut self) {
        let mut metrics = ResourceMetrics::default();
        let told = match self.measured.reader.collect(&mut metrics) {
            Ok(()) => self.exporter.export(&metrics).await,
            failed => failed,
        };
        match told {
            Ok(()) if std::mem::take(&mut self.is_away) => {
                tracing::info!(signal = "metrics", "the collector of telemetry takes it again");
            }
            Err(problem) if !std::mem::replace(&mut self.is_away, true) => {
                tracing::warn!(signal = "metrics", %problem, "the collector of telemetry does not take it");
            }
            _ => {}
        }
    }
}

impl fmt::Debug for MetricsTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsTold").field("provider", &self.measured.provider).finish_non_exhaustive()
    }
}
