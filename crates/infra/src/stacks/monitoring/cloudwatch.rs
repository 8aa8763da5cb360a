//! Alarms of CloudWatch, made of the list.

use serde_json::{Map, Value, json};

use super::alarm::{Alarm, Composite, Of, Severity, Watched, When};
use super::alarms::alarms;
use super::{Monitoring, edge, logical_id, topic};
use crate::environment::Environment;
use crate::join;
use crate::stacks::storage::Storage;
use crate::stacks::{Built, firewall};
use crate::template::kinds::{self, CompositeAlarm};
use crate::template::{Resource, Stack};

/// Whether an environment has an alarm.
#[must_use]
pub(super) fn has(environment: &Environment, alarm: &Alarm) -> bool {
    environment.sizes.watching.all_alarms || alarm.dev
}

/// Adds the alarms.
pub(super) fn add(stack: &Stack, environment: &Environment, built: &Built, monitoring: &Monitoring) {
    let paged_once = environment.sizes.watching.pages_once;
    let mut members: Vec<(Composite, Resource<kinds::Alarm>)> = Vec::new();
    for alarm in alarms().iter().filter(|alarm| has(environment, alarm)) {
        for (what, measured) in measures(alarm, environment, built) {
            let suffix = if what.is_empty() { String::new() } else { format!("-{what}") };
            let made = make(alarm, environment, &suffix, measured);
            let mut properties = Value::Object(made);
            let composite = alarm.composite.filter(|_| paged_once);
            if composite.is_none() {
                let topic = match alarm.severity {
                    Severity::Page => monitoring.page.arn(),
                    Severity::Tell => monitoring.tell.arn(),
                };
                properties["AlarmActions"] = json!([topic]);
                properties["OKActions"] = json!([topic]);
            }
            let id = format!("{}Alarm", logical_id(&format!("{}{suffix}", alarm.name)));
            let added: Resource<kinds::Alarm> = stack.add(id, properties);
            members.extend(composite.map(|composite| (composite, added)));
        }
    }
    for composite in Composite::ALL {
        let alarms: Vec<_> =
            members.iter().filter(|(of, _)| *of == composite).map(|(_, alarm)| alarm).collect();
        if alarms.is_empty() {
            continue;
        }
        let mut rule = Vec::new();
        for alarm in alarms {
            rule.push(json!(if rule.is_empty() { "ALARM(\"" } else { "\") OR ALARM(\"" }));
            rule.push(alarm.name());
        }
        rule.push(json!("\")"));
        stack.add::<CompositeAlarm>(
            format!("{}Trouble", logical_id(composite.name())),
            json!({
                "AlarmName": environment.named(&format!("{}-trouble", composite.name())),
                "AlarmDescription": composite.help(),
                "AlarmRule": crate::template::value::join(&rule),
                "ActionsEnabled": true,
                "AlarmActions": [monitoring.page.arn()],
                "OKActions": [monitoring.page.arn()],
            }),
        );
    }
}

/// What is watched at the edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge<'a> {
    /// The certificate of CloudFront.
    pub certificate: &'a Resource<kinds::Certificate>,
    /// What looks at the service from outside.
    pub check: Option<&'a Resource<kinds::HealthCheck>>,
    /// What topics are encrypted with, where it is in the region of the edge.
    pub storage: &'a Storage,
}

/// Adds those whose metrics are in the region of the edge alone, and the topics of that region that they tell.
pub(super) fn of_edge(stack: &Stack, environment: &Environment, of: &Edge<'_>) {
    let mut made = Vec::new();
    for alarm in alarms().into_iter().filter(|alarm| has(environment, alarm)) {
        let Watched::Aws { of: watched, namespace, metric, statistic } = alarm.watched else { continue };
        let (suffix, dimensions) = match (watched, of.check) {
            // The load balancer has one, too.
            (Of::Certificates, _) => ("-edge", vec![certificate(of.certificate)]),
            (Of::EdgeAcl, _) => {
                ("", vec![dimension("Rule", "ALL"), dimension("WebACL", firewall::edge_name(environment))])
            }
            (Of::FromOutside, Some(check)) => ("", vec![dimension("HealthCheckId", check.id())]),
            _ => continue,
        };
        let measured = one(&alarm, namespace, metric, statistic, &dimensions);
        let properties = Value::Object(make(&alarm, environment, suffix, measured));
        made.push((alarm, properties));
    }
    if made.is_empty() {
        return;
    }
    let key = edge::key(stack, environment, of.storage);
    for (severity, id, name) in [(Severity::Page, "Page", "edge-page"), (Severity::Tell, "Tell", "edge-tell")]
    {
        let mut told = made.iter().filter(|(alarm, _)| alarm.severity == severity).peekable();
        if told.peek().is_none() {
            continue;
        }
        let topic = topic(stack, environment, &key, id, name);
        for (alarm, properties) in told {
            let mut properties = properties.clone();
            properties["AlarmActions"] = json!([topic.arn()]);
            properties["OKActions"] = json!([topic.arn()]);
            stack.add::<kinds::Alarm>(format!("{}Alarm", logical_id(alarm.name)), properties);
        }
    }
}

fn make(alarm: &Alarm, environment: &Environment, suffix: &str, measured: Value) -> Map<String, Value> {
    let (operator, threshold) = match alarm.when {
        When::Above(threshold) => ("GreaterThanThreshold", threshold),
        When::Below(threshold) => ("LessThanThreshold", threshold),
    };
    let mut properties = json!({
        "AlarmName": environment.named(&format!("{}{suffix}", alarm.name)),
        "AlarmDescription": format!("{} Runbook: {}.", alarm.why, alarm.name),
        "ActionsEnabled": true,
        "ComparisonOperator": operator,
        "Threshold": threshold,
        "EvaluationPeriods": alarm.periods,
        "DatapointsToAlarm": alarm.bad,
        "TreatMissingData": alarm.missing.name(),
    });
    if let (Value::Object(all), Value::Object(measured)) = (&mut properties, measured) {
        all.extend(measured);
    }
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

fn dimension(name: &str, value: impl Into<Value>) -> Value {
    json!({ "Name": name, "Value": value.into() })
}

fn certificate(certificate: &Resource<kinds::Certificate>) -> Value {
    dimension("CertificateArn", certificate.arn())
}

/// One metric.
fn one(alarm: &Alarm, namespace: &str, metric: &str, statistic: &str, dimensions: &[Value]) -> Value {
    let statistic_property = if statistic.starts_with('p') { "ExtendedStatistic" } else { "Statistic" };
    let mut measured = json!({ "Namespace": namespace, "MetricName": metric, "Period": alarm.period });
    measured[statistic_property] = json!(statistic);
    if !dimensions.is_empty() {
        measured["Dimensions"] = json!(dimensions);
    }
    measured
}

/// What an alarm looks at: one thing, or each of several, by what sets it apart.
fn measures(alarm: &Alarm, environment: &Environment, built: &Built) -> Vec<(String, Value)> {
    let period = alarm.period;
    let query = |expression: String| json!({ "Metrics": [{ "Id": "all", "Expression": expression, "Period": period, "ReturnData": true }] });
    match &alarm.watched {
        Watched::Application { metric, labels, statistic } => {
            let labels: Vec<Value> = labels.iter().map(|(label, value)| dimension(label, *value)).collect();
            let namespace = super::alarm::namespace(environment);
            vec![(String::new(), one(alarm, &namespace, metric, statistic, &labels))]
        }
        Watched::ApplicationOverAll { metric, labels, function } => {
            let namespace = format!("\"{}\"", super::alarm::namespace(environment));
            let schema = [&[namespace.as_str()], labels.as_slice()].concat().join(", ");
            vec![(String::new(), query(format!("SELECT {function}({metric}) FROM SCHEMA({schema})")))]
        }
        Watched::AwsOverAll { namespace, metric, dimensions, only, function } => {
            let only = if only.is_empty() { String::new() } else { format!(" WHERE {only}") };
            let schema = dimensions.join(", ");
            vec![(
                String::new(),
                query(format!("SELECT {function}({metric}) FROM SCHEMA(\"{namespace}\", {schema}){only}")),
            )]
        }
        Watched::Aws { of, namespace, metric, statistic } => match (of, &built.compute.canary) {
            // Which of the two groups the tasks are in, changes with each release.
            (Of::Targets, Some(canary)) => {
                let stat = |id: &str, group: &Resource<kinds::TargetGroup>| {
                    let dimensions = [
                        dimension("LoadBalancer", built.compute.load_balancer.full_name()),
                        dimension("TargetGroup", group.full_name()),
                    ];
                    let metric = json!({ "Namespace": namespace, "MetricName": metric, "Dimensions": dimensions });
                    json!({
                        "Id": id,
                        "ReturnData": false,
                        "MetricStat": { "Metric": metric, "Period": period, "Stat": statistic },
                    })
                };
                let both = json!({
                    "Id": "both", "Expression": "FILL(first, 0) + FILL(second, 0)", "ReturnData": true,
                });
                let metrics =
                    [stat("first", &built.compute.targets), stat("second", &canary.alternate), both];
                vec![(String::new(), json!({ "Metrics": metrics }))]
            }
            _ => (each(*of, environment, built).into_iter())
                .map(|(what, dimensions)| (what, one(alarm, namespace, metric, statistic, &dimensions)))
                .collect(),
        },
        Watched::TasksMissing => (each(Of::EachService, environment, built).into_iter())
            .map(|(what, dimensions)| {
                let stat = |id: &str, metric: &str| {
                    json!({
                        "Id": id,
                        "ReturnData": false,
                        "MetricStat": {
                            "Metric":
                                { "Namespace": "ECS/ContainerInsights", "MetricName": metric, "Dimensions": dimensions },
                            "Period": period,
                            "Stat": "Average",
                        },
                    })
                };
                let missing = json!({ "Id": "missing", "Expression": "desired - running", "ReturnData": true });
                let metrics =
                    [stat("desired", "DesiredTaskCount"), stat("running", "RunningTaskCount"), missing];
                (what, json!({ "Metrics": metrics }))
            })
            .collect(),
    }
}

/// Dimensions of what a metric of AWS is of.
fn each(of: Of, environment: &Environment, built: &Built) -> Vec<(String, Vec<Value>)> {
    let alone = |dimensions: Vec<Value>| vec![(String::new(), dimensions)];
    let load_balancer = || dimension("LoadBalancer", built.compute.load_balancer.full_name());
    match of {
        Of::LoadBalancer => alone(vec![load_balancer()]),
        Of::Targets => {
            alone(vec![load_balancer(), dimension("TargetGroup", built.compute.targets.full_name())])
        }
        Of::EachService => (built.compute.processes.iter())
            .map(|process| {
                let cluster = dimension("ClusterName", built.compute.cluster.name());
                (process.name.to_owned(), vec![cluster, dimension("ServiceName", process.service.name())])
            })
            .collect(),
        Of::Writer => alone(vec![dimension("DBInstanceIdentifier", built.data.database.writer.id())]),
        Of::Reader => (built.data.database.reader.iter())
            .map(|reader| (String::new(), vec![dimension("DBInstanceIdentifier", reader.id())]))
            .collect(),
        Of::EachCacheNode => cache_nodes(environment)
            .map(|node| {
                let id = join!(built.data.cache.group.id(), format!("-{node}"));
                (node, vec![dimension("CacheClusterId", id)])
            })
            .collect(),
        Of::Brokers => (built.data.streaming.iter())
            .map(|streaming| (String::new(), vec![cluster_name(&streaming.cluster)]))
            .collect(),
        Of::EachBroker => {
            let brokers = environment.sizes.streaming.as_ref().map_or(0, |size| size.brokers);
            (built.data.streaming.iter())
                .flat_map(|streaming| (1..=brokers).map(move |broker| (streaming, broker)))
                .map(|(streaming, broker)| {
                    let broker = broker.to_string();
                    let name = cluster_name(&streaming.cluster);
                    (broker.clone(), vec![name, dimension("Broker ID", broker)])
                })
                .collect()
        }
        Of::EachFunction => {
            let functions = &built.functions;
            [
                ("authorizer", &functions.authorizer),
                ("stream-authorizer", &functions.stream_authorizer),
                ("connections", &functions.connections),
            ]
            .map(|(name, function)| (name.to_owned(), vec![dimension("FunctionName", function.name())]))
            .to_vec()
        }
        Of::EachRotation => (built.functions.rotations.iter())
            .map(|(name, function)| {
                let of = name.strip_prefix("rotate-").unwrap_or(name);
                (of.to_owned(), vec![dimension("FunctionName", function.name())])
            })
            .collect(),
        Of::RestApi => alone(vec![
            dimension("ApiName", environment.named("api")),
            dimension("Stage", built.api.rest_stage.name()),
        ]),
        Of::StreamApi => alone(vec![
            dimension("ApiId", built.api.stream.id()),
            dimension("Stage", built.api.stream_stage.name()),
        ]),
        // CloudTrail is read once: its trail is of all regions.
        Of::Audit if environment.sizes.account_wide => alone(Vec::new()),
        Of::Audit => Vec::new(),
        Of::Certificates => alone(vec![certificate(&built.compute.certificate)]),
        Of::EdgeAcl | Of::FromOutside => Vec::new(),
    }
}

/// Ends of the ids of the cache's nodes, as ElastiCache gives them.
fn cache_nodes(environment: &Environment) -> impl Iterator<Item = String> {
    let size = environment.sizes.cache.clone();
    (1..=size.shards).flat_map(move |shard| {
        (1..=size.replicas + 1).map(move |node| {
            if size.shards > 1 { format!("{shard:04}-{node:03}") } else { format!("{node:03}") }
        })
    })
}

/// Metrics of MSK go by the name of the cluster, which is in its ARN: `...:cluster/NAME/UUID`.
fn cluster_name(cluster: &Resource<kinds::MskCluster>) -> Value {
    dimension("Cluster Name", json!({ "Fn::Select": [1, { "Fn::Split": ["/", cluster.arn()] }] }))
}
