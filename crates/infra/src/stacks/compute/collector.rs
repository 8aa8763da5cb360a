//! The collector beside each process: AWS's distribution of OpenTelemetry. It hands traces to X-Ray, and metrics to
//! CloudWatch.

use astroshield_domain::metrics::{self, Metric};
use serde_json::{Value, json};

use crate::application::COLLECTOR;
use crate::environment::Environment;
use crate::template::Resource;
use crate::template::kinds::LogGroup;

/// Namespace of the application's metrics in CloudWatch. Environments that share an account do not share metrics: data of dev must
/// not hide that prod has none.
#[must_use]
pub fn namespace(environment: &Environment) -> String {
    format!("AstroShield/{}", environment.name)
}

/// The image. It holds both processors.
pub(super) const IMAGE: &str = "public.ecr.aws/aws-observability/aws-otel-collector:v0.47.0";

/// Name of its container.
pub(super) const NAME: &str = "collector";

/// MiB of memory that it may take.
pub(super) const MEMORY_MIB: u32 = 256;

/// Labels by which metrics would be too many: each combination of values is paid for.
const TOO_MANY: [&str; 2] = ["route", "method"];

/// Dimensions that a metric has in CloudWatch.
#[must_use]
pub fn dimensions(metric: &Metric) -> Vec<&'static str> {
    metric.labels.iter().copied().filter(|label| !TOO_MANY.contains(label)).collect()
}

/// What it is configured with. JSON is YAML, too.
pub(super) fn configuration(environment: &Environment, logs: &Resource<LogGroup>) -> Value {
    let mut declarations: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for metric in metrics::ALL {
        let (by, selector) = (dimensions(metric), format!("^{}$", metric.name));
        match declarations.iter_mut().find(|(known, _)| *known == by) {
            Some((_, selectors)) => selectors.push(selector),
            None => declarations.push((by, vec![selector])),
        }
    }
    let declarations: Vec<Value> = (declarations.into_iter())
        .map(|(by, selectors)| json!({ "dimensions": [by], "metric_name_selectors": selectors }))
        .collect();
    // The name of the group is known only when the stack is made, so that the text is put together around it.
    let group = "$group";
    let configuration = json!({
        "extensions": { "health_check": { "endpoint": "127.0.0.1:13133" } },
        "receivers": { "otlp": { "protocols": { "http": { "endpoint": COLLECTOR } } } },
        "processors": {
            "memory_limiter": { "check_interval": "1s", "limit_mib": MEMORY_MIB * 4 / 5 },
            "resourcedetection": { "detectors": ["env", "ecs"], "timeout": "5s", "override": false },
            "batch/traces": { "timeout": "1s", "send_batch_size": 50 },
            "batch/metrics": { "timeout": "30s" },
        },
        "exporters": {
            "awsxray": { "region": environment.region },
            "awsemf": {
                "region": environment.region,
                "namespace": namespace(environment),
                "log_group_name": group,
                "log_stream_name": "{TaskId}",
                "dimension_rollup_option": "NoDimensionRollup",
                "metric_declarations": declarations,
            },
        },
        "service": {
            "extensions": ["health_check"],
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "resourcedetection", "batch/traces"],
                    "exporters": ["awsxray"],
                },
                "metrics": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "resourcedetection", "batch/metrics"],
                    "exporters": ["awsemf"],
                },
            },
        },
    });
    let text = configuration.to_string();
    match text.split_once(group) {
        Some((before, after)) => crate::join!(before, logs.name(), after),
        None => json!(text),
    }
}
