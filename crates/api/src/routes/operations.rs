//! `/operations`: how the process that answers is.

use std::collections::BTreeMap;

use astroshield_domain::metrics::{Kind, Metric, Unit};
use astroshield_domain::operations::{Dependency, Measured, Readiness, Series};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Reader;
use crate::answer;
use crate::problem::Problem;
use crate::schema;
use crate::state::ApiState;

/// How the process that answers is, and what it has measured since it started. Others that answer beside it have figures of
/// their own; those of the store are the same everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperationsRow {
    /// Whether it does its work.
    #[schema(schema_with = schema::readiness)]
    status: &'static str,
    /// What it works with.
    dependencies: Vec<DependencyRow>,
    /// What it measures, as `/metrics` has it.
    metrics: Vec<MetricRow>,
}

/// Something that the process works with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DependencyRow {
    /// Its name.
    name: &'static str,
    /// Whether the process cannot do its work without it.
    needed: bool,
    /// What is wrong with it.
    problem: Option<&'static str>,
}

impl From<Dependency> for DependencyRow {
    fn from(dependency: Dependency) -> Self {
        Self { name: dependency.name, needed: dependency.needed, problem: dependency.problem }
    }
}

/// Something that is measured.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricRow {
    /// Its name.
    name: &'static str,
    /// What it says.
    description: &'static str,
    /// What it counts in.
    #[schema(schema_with = schema::metric_unit)]
    unit: &'static str,
    /// How it behaves.
    #[schema(schema_with = schema::metric_kind)]
    kind: &'static str,
    /// What was measured, for each set of labels that has occurred.
    series: Vec<SeriesRow>,
}

impl MetricRow {
    fn new(metric: &'static Metric, series: Vec<Series>) -> Self {
        Self {
            name: metric.name,
            description: metric.help,
            unit: match metric.unit {
                Unit::Count => "count",
                Unit::Seconds => "seconds",
                Unit::Bytes => "bytes",
            },
            kind: match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            },
            series: series.into_iter().map(SeriesRow::from).collect(),
        }
    }
}

/// What was measured under one set of labels, in the unit of the metric.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct SeriesRow {
    /// Labels, by name.
    labels: BTreeMap<String, String>,
    /// Of a counter or a gauge: its value.
    value: Option<f64>,
    /// Of a histogram: how many in all.
    count: Option<u64>,
    /// Of a histogram: their mean.
    mean: Option<f64>,
    /// Of a histogram: what half of them do not exceed, estimated within a class of sizes.
    p50: Option<f64>,
    /// Of a histogram: what 99 % of them do not exceed, estimated within a class of sizes; at most the largest bound of the
    /// classes.
    p99: Option<f64>,
}

impl From<Series> for SeriesRow {
    fn from(series: Series) -> Self {
        let row = Self { labels: series.labels, ..Self::default() };
        match series.measured {
            Measured::Value(value) => Self { value: Some(value), ..row },
            Measured::Distribution(sizes) => Self {
                count: Some(sizes.count),
                mean: sizes.mean(),
                p50: sizes.quantile(0.5),
                p99: sizes.quantile(0.99),
                ..row
            },
        }
    }
}

/// How the process that answers is, and what it has measured.
#[utoipa::path(get, path = "/operations", tag = "status",
    responses((status = 200, description = "How it is", body = OperationsRow)))]
pub(crate) async fn operations(State(state): State<ApiState>, _: Reader) -> Result<Response, Problem> {
    let operations = &state.ports.operations;
    let condition = operations.condition().await;
    let metrics = operations.measured().await?;
    let row = OperationsRow {
        status: match condition.readiness {
            Readiness::Ready => "ready",
            Readiness::Degraded => "degraded",
            Readiness::NotReady => "not_ready",
        },
        dependencies: condition.dependencies.into_iter().map(DependencyRow::from).collect(),
        metrics: metrics.into_iter().map(|(metric, series)| MetricRow::new(metric, series)).collect(),
    };
    let mut response = answer::json_of(StatusCode::OK, &row)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
