//! How many tasks there are.

use astroshield_domain::deployment::Role;
use serde_json::{Value, json};

use super::collector::namespace;
use super::{Compute, Process};
use crate::application::roles;
use crate::environment::{Environment, ServiceSize};
use crate::join;
use crate::stacks::title;
use crate::template::kinds::{ScalableTarget, ScalingPolicy};
use crate::template::{Resource, Stack};

/// Percent of its processors that a task should have to do.
const CPU_PERCENT: u32 = 60;

/// Requests a minute that a task should have to answer: 100 a second, of the thousands that it was measured to answer.
const REQUESTS_A_MINUTE: u32 = 6_000;

/// Slices that should wait for each worker. A run of seven days has 29.
const SLICES: u32 = 4;

/// Metric with the slices that wait.
const LAG: &str = "astroshield_bus_lag_messages";

/// Label of that metric, and its value for those slices.
const LAG_OF: (&str, &str) = ("consumer", "screening");

/// Scales the services that may have more tasks than they need to have.
pub(super) fn add(stack: &Stack, environment: &Environment, compute: &Compute) {
    for (size, process) in environment.sizes.services.iter().zip(&compute.processes) {
        if size.most > size.least {
            scale(stack, environment, size, process, compute);
        }
    }
}

fn scale(stack: &Stack, environment: &Environment, size: &ServiceSize, process: &Process, compute: &Compute) {
    let name = title(size.name);
    let target: Resource<ScalableTarget> = stack.add(
        format!("{name}Scaling"),
        json!({
            "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": join!("service/", compute.cluster.name(), "/", process.service.name()),
            "MinCapacity": size.least,
            "MaxCapacity": size.most,
        }),
    );
    let policy = |on: &str, tracking: Value| {
        stack.add::<ScalingPolicy>(
            format!("{name}By{on}"),
            json!({
                "PolicyName": format!("{}-{}", size.name, on.to_lowercase()),
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": target.id(),
                "TargetTrackingScalingPolicyConfiguration": tracking,
            }),
        );
    };
    policy(
        "Cpu",
        tracking(
            CPU_PERCENT,
            "PredefinedMetricSpecification",
            &json!({
                "PredefinedMetricType": "ECSServiceAverageCPUUtilization",
            }),
        ),
    );
    let roles = roles(size);
    // With a canary, requests are those of another target group after each release, and a policy names one.
    if roles.contains(&Role::Api) && compute.canary.is_none() {
        let label = join!(compute.load_balancer.full_name(), "/", compute.targets.full_name());
        policy(
            "Requests",
            tracking(
                REQUESTS_A_MINUTE,
                "PredefinedMetricSpecification",
                &json!({
                    "PredefinedMetricType": "ALBRequestCountPerTarget",
                    "ResourceLabel": label,
                }),
            ),
        );
    }
    if roles.contains(&Role::Screen) {
        policy("Lag", tracking(SLICES, "CustomizedMetricSpecification", &lag(environment, compute, process)));
    }
}

fn tracking(target: u32, by: &str, metric: &Value) -> Value {
    // New tasks take a minute to be of use; those that are there are kept through a lull.
    json!({ "TargetValue": target, "ScaleOutCooldown": 60, "ScaleInCooldown": 300, by: metric })
}

/// Slices that wait, for each task.
fn lag(environment: &Environment, compute: &Compute, process: &Process) -> Value {
    let stat = |id: &str, namespace: &str, name: &str, dimensions: Value| {
        let metric = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions });
        json!({ "Id": id, "ReturnData": false, "MetricStat": { "Metric": metric, "Stat": "Maximum" } })
    };
    let waiting =
        stat("waiting", &namespace(environment), LAG, json!([{ "Name": LAG_OF.0, "Value": LAG_OF.1 }]));
    let running = stat(
        "running",
        "ECS/ContainerInsights",
        "RunningTaskCount",
        json!([
            { "Name": "ClusterName", "Value": compute.cluster.name() },
            { "Name": "ServiceName", "Value": process.service.name() },
        ]),
    );
    json!({ "Metrics": [
        waiting,
        running,
        {
            "Id": "each",
            "Label": "slices that wait for each task",
            "Expression": "IF(running > 0, waiting / running, waiting)",
            "ReturnData": true,
        },
    ] })
}

#[cfg(test)]
mod tests {
    use astroshield_domain::metrics;

    use super::*;

    #[test]
    fn the_application_has_the_metric_that_it_is_scaled_by() {
        let metric = metrics::ALL.iter().find(|metric| metric.name == LAG).unwrap();
        assert_eq!(super::super::collector::dimensions(metric), [LAG_OF.0]);
    }
}
