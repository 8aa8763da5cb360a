//! Dashboards: application, infrastructure, business, cost.

use astroshield_domain::metrics::{self, Kind, Metric};
use serde_json::{Value, json};

use super::alarm::namespace;
use crate::environment::Environment;
use crate::manifest::EDGE_REGION;
use crate::stacks::Built;
use crate::stacks::compute::dimensions;
use crate::stacks::monitoring::text::text;
use crate::template::Stack;
use crate::template::kinds::Dashboard;

/// Widgets stand in a grid that is 24 wide.
const WIDTH: usize = 8;
const HEIGHT: usize = 6;

/// A graph, before it has its place.
struct Graph {
    title: String,
    /// Metrics and expressions, as a widget has them.
    metrics: Vec<Value>,
    region: String,
}

/// Adds the dashboards.
pub(super) fn add(stack: &Stack, environment: &Environment, built: &Built) {
    let dashboard = |id: &str, name: &str, graphs: Vec<Graph>| {
        stack.add::<Dashboard>(
            id,
            json!({ "DashboardName": environment.named(name), "DashboardBody": text(&body(graphs)) }),
        );
    };
    let of = |groups: &[metrics::Group]| -> Vec<Graph> {
        let metrics = metrics::ALL.iter().filter(|metric| groups.contains(&metric.group));
        metrics.map(|metric| application(metric, environment)).collect()
    };
    let application = of(&[metrics::Group::Application, metrics::Group::Security]);
    dashboard("ApplicationDashboard", "application", application);
    dashboard("BusinessDashboard", "business", of(&[metrics::Group::Business]));
    dashboard("InfrastructureDashboard", "infrastructure", infrastructure(environment, built));
    if environment.sizes.watching.cost_dashboard {
        dashboard("CostDashboard", "cost", cost(environment));
    }
}

/// A metric of the application, by its labels.
fn application(metric: &Metric, environment: &Environment) -> Graph {
    let labels = dimensions(metric);
    let statistic = match metric.kind {
        Kind::Counter => "Sum",
        Kind::Gauge => "Maximum",
        Kind::Histogram => "Average",
    };
    let shown = if labels.is_empty() {
        json!([namespace(environment), metric.name, { "stat": statistic }])
    } else {
        let labels = labels.join(",");
        let name = metric.name;
        search(&format!("{{{},{labels}}} MetricName=\"{name}\"", namespace(environment)), statistic)
    };
    Graph { title: metric.name.to_owned(), metrics: vec![shown], region: environment.region.clone() }
}

fn search(what: &str, statistic: &str) -> Value {
    json!([{ "expression": format!("SEARCH('{what}', '{statistic}', 300)"), "id": "found" }])
}

fn infrastructure(environment: &Environment, built: &Built) -> Vec<Graph> {
    let graph = |title: &str, metrics: Vec<Value>| Graph {
        title: title.to_owned(),
        metrics,
        region: environment.region.clone(),
    };
    let balancer = built.compute.load_balancer.full_name();
    let of_balancer = |metric: &str, statistic: &str| json!(["AWS/ApplicationELB", metric, "LoadBalancer", balancer, { "stat": statistic }]);
    let writer = built.data.database.writer.id();
    let of_database = |metric: &str, statistic: &str| {
        let mut shown =
            vec![json!(["AWS/RDS", metric, "DBInstanceIdentifier", writer, { "stat": statistic }])];
        if let Some(reader) = &built.data.database.reader {
            shown
                .push(json!(["AWS/RDS", metric, "DBInstanceIdentifier", reader.id(), { "stat": statistic }]));
        }
        shown
    };
    let services = |metric: &str, statistic: &str| -> Vec<Value> {
        (built.compute.processes.iter())
            .map(|process| {
                let (cluster, service) = (built.compute.cluster.name(), process.service.name());
                json!(["AWS/ECS", metric, "ClusterName", cluster, "ServiceName", service,
                    { "stat": statistic, "label": process.name }])
            })
            .collect()
    };
    let mut graphs = vec![
        graph("Requests", vec![of_balancer("RequestCount", "Sum")]),
        graph(
            "Time to answer, s",
            vec![of_balancer("TargetResponseTime", "p50"), of_balancer("TargetResponseTime", "p99")],
        ),
        graph(
            "Answers with errors",
            vec![
                of_balancer("HTTPCode_Target_5XX_Count", "Sum"),
                of_balancer("HTTPCode_ELB_5XX_Count", "Sum"),
                of_balancer("HTTPCode_Target_4XX_Count", "Sum"),
            ],
        ),
        graph("CPU of services, %", services("CPUUtilization", "Average")),
        graph("Memory of services, %", services("MemoryUtilization", "Maximum")),
        graph("CPU of the database, %", of_database("CPUUtilization", "Average")),
        graph("Free storage of the database, B", of_database("FreeStorageSpace", "Minimum")),
        graph("Free memory of the database, B", of_database("FreeableMemory", "Minimum")),
        graph("Connections of the database", of_database("DatabaseConnections", "Maximum")),
        graph(
            "Memory of the cache, %",
            vec![search(
                "{AWS/ElastiCache,CacheClusterId} MetricName=\"DatabaseMemoryUsagePercentage\"",
                "Maximum",
            )],
        ),
        graph(
            "CPU of the cache, %",
            vec![search("{AWS/ElastiCache,CacheClusterId} MetricName=\"EngineCPUUtilization\"", "Average")],
        ),
        graph("Functions: errors", vec![search("{AWS/Lambda,FunctionName} MetricName=\"Errors\"", "Sum")]),
        graph(
            "NAT gateways, B out",
            vec![search("{AWS/NATGateway,NatGatewayId} MetricName=\"BytesOutToDestination\"", "Sum")],
        ),
    ];
    if built.data.streaming.is_some() {
        graphs.push(graph(
            "Disks of brokers, %",
            vec![search(
                "{AWS/Kafka,\"Broker ID\",\"Cluster Name\"} MetricName=\"KafkaDataLogsDiskUsed\"",
                "Maximum",
            )],
        ));
        graphs.push(graph(
            "CPU of brokers, %",
            vec![search("{AWS/Kafka,\"Broker ID\",\"Cluster Name\"} MetricName=\"CpuUser\"", "Average")],
        ));
    }
    graphs
}

fn cost(environment: &Environment) -> Vec<Graph> {
    // Charges are in us-east-1 alone, once "CloudWatch billing alerts" are switched on in the account's settings.
    let charges = |title: &str, metric: Value| Graph {
        title: title.to_owned(),
        metrics: vec![metric],
        region: EDGE_REGION.to_owned(),
    };
    let used = |title: &str, metric: Value| Graph {
        title: title.to_owned(),
        metrics: vec![metric],
        region: environment.region.clone(),
    };
    vec![
        charges(
            "Charges of the account so far this month, USD",
            json!(["AWS/Billing", "EstimatedCharges", "Currency", "USD", { "stat": "Maximum", "period": 21600 }]),
        ),
        charges(
            "The same by service, USD",
            json!([{
                "expression": "SEARCH('{AWS/Billing,Currency,ServiceName} MetricName=\"EstimatedCharges\"', 'Maximum', 21600)",
                "id": "found",
            }]),
        ),
        used("Logs taken in, B", search("{AWS/Logs,LogGroupName} MetricName=\"IncomingBytes\"", "Sum")),
        used(
            "Data through NAT gateways, B",
            search("{AWS/NATGateway,NatGatewayId} MetricName=\"BytesOutToDestination\"", "Sum"),
        ),
        used(
            "Tasks",
            search(
                "{ECS/ContainerInsights,ClusterName,ServiceName} MetricName=\"RunningTaskCount\"",
                "Average",
            ),
        ),
        used("Requests to the REST API", search("{AWS/ApiGateway,ApiName} MetricName=\"Count\"", "Sum")),
    ]
}

/// A dashboard with graphs in rows of three.
fn body(graphs: Vec<Graph>) -> Value {
    let columns = 24 / WIDTH;
    let widgets: Vec<Value> = (graphs.into_iter().enumerate())
        .map(|(number, graph)| {
            json!({
                "type": "metric",
                "x": number % columns * WIDTH,
                "y": number / columns * HEIGHT,
                "width": WIDTH,
                "height": HEIGHT,
                "properties": {
                    "title": graph.title,
                    "region": graph.region,
                    "view": "timeSeries",
                    "stacked": false,
                    "period": 300,
                    "metrics": graph.metrics,
                },
            })
        })
        .collect();
    json!({ "widgets": widgets })
}
