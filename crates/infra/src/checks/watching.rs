//! Alarms, dashboards, and what they are about.

use std::collections::BTreeSet;
use std::fmt;

use astroshield_domain::metrics;
use serde_json::Value;

use super::published::{IN_US_EAST_1, PUBLISHED};
use super::{Architecture, Finding, Item, each, list};
use crate::manifest::EDGE_REGION;
use crate::stacks::compute::dimensions as collected;
use crate::template::StackName;

/// A text of CloudFormation with its references replaced by a word.
pub(super) fn flat(value: &Value) -> Option<String> {
    if let Value::String(text) = value {
        return Some(text.clone());
    }
    if let Some(join) = value.get("Fn::Join") {
        let separator = join.get(0)?.as_str()?;
        let parts: Vec<String> = list(join.get(1)?)
            .iter()
            .map(|part| flat(part).unwrap_or_else(|| "reference".to_owned()))
            .collect();
        return Some(parts.join(separator));
    }
    None
}

/// A metric that something looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Watched {
    namespace: String,
    name: String,
    dimensions: BTreeSet<String>,
}

impl Watched {
    /// Whether CloudWatch has it in us-east-1 alone.
    fn is_in_us_east_1(&self) -> bool {
        IN_US_EAST_1.iter().any(|(namespace, elsewhere)| {
            self.namespace == *namespace
                && elsewhere.is_none_or(|elsewhere| !self.dimensions.contains(elsewhere))
        })
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dimensions: Vec<&str> = self.dimensions.iter().map(String::as_str).collect();
        write!(f, "{} {} by ({})", self.namespace, self.name, dimensions.join(", "))
    }
}

/// The metrics that there are.
struct Metrics {
    /// Those that are made of logs: namespace, name and dimensions.
    of_logs: BTreeSet<Watched>,
    /// Namespaces that collectors put the application's metrics into.
    namespaces: BTreeSet<String>,
}

impl Metrics {
    fn new(architecture: &Architecture<'_>) -> Self {
        let mut of_logs = BTreeSet::new();
        for item in architecture.of("AWS::Logs::MetricFilter") {
            for made in list(&item.properties["MetricTransformations"]) {
                let text = |field: &str| made[field].as_str().unwrap_or_default().to_owned();
                let (namespace, name) = (text("MetricNamespace"), text("MetricName"));
                of_logs.insert(Watched { namespace, name, dimensions: names(&made["Dimensions"], "Key") });
            }
        }
        let mut namespaces = BTreeSet::new();
        for item in architecture.of("AWS::ECS::TaskDefinition") {
            each(item.properties, &mut |value| {
                let configuration = flat(value).and_then(|text| serde_json::from_str::<Value>(&text).ok());
                let namespace = configuration.as_ref().map(|of| &of["exporters"]["awsemf"]["namespace"]);
                namespaces.extend(namespace.and_then(Value::as_str).map(str::to_owned));
            });
        }
        Self { of_logs, namespaces }
    }

    /// What is wrong with a metric that is looked at.
    fn fault(&self, watched: &Watched) -> Option<String> {
        let ours = |text: &str| text.to_ascii_lowercase().starts_with("astroshield");
        let Watched { namespace, name, dimensions } = watched;
        if self.of_logs.contains(watched) {
            return None;
        }
        let goes_by = |known: &[&str]| {
            known.len() == dimensions.len() && known.iter().all(|known| dimensions.contains(*known))
        };
        if ours(namespace) || ours(name) {
            let Some(metric) = metrics::ALL.iter().find(|metric| metric.name == name) else {
                return Some(format!("is about {name}, which the application does not measure"));
            };
            let known = collected(metric);
            if !goes_by(&known) {
                return Some(format!("is about {watched}; the collector sends it by ({})", known.join(", ")));
            }
            let is_sent = self.namespaces.is_empty() || self.namespaces.contains(namespace);
            return (!is_sent).then(|| format!("is about {watched}; no collector sends into that namespace"));
        }
        let mut of_name = PUBLISHED
            .iter()
            .filter(|known| known.namespace == namespace && known.names.contains(&name.as_str()))
            .peekable();
        if of_name.peek().is_none() {
            return Some(format!("is about {namespace} {name}, which is not among the metrics known of AWS"));
        }
        let is_known = of_name.any(|known| known.dimensions.iter().any(|known| goes_by(known)));
        (!is_known).then(|| format!("is about {watched}, by which AWS does not publish it"))
    }
}

/// Names of dimensions in a list of objects.
fn names(dimensions: &Value, field: &str) -> BTreeSet<String> {
    list(dimensions).iter().filter_map(|of| of[field].as_str()).map(str::to_owned).collect()
}

/// Takes a word off the beginning of a text: up to one of these letters, or in quotation marks.
fn word<'a>(text: &'a str, ends: &[char]) -> Option<(&'a str, &'a str)> {
    let text = text.trim_start();
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => {
            let end = text.find(ends).unwrap_or(text.len());
            (end > 0).then(|| (text[..end].trim_end(), &text[end..]))
        }
    }
}

/// A namespace and dimensions with commas between them, up to a closing letter; and what follows.
fn schema(text: &str, close: char) -> Option<(String, BTreeSet<String>, &str)> {
    let (namespace, mut rest) = word(text, &[',', close])?;
    let mut dimensions = BTreeSet::new();
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix(close) {
            return Some((namespace.to_owned(), dimensions, rest));
        }
        let (dimension, after) = word(rest.strip_prefix(',')?, &[',', close])?;
        dimensions.insert(dimension.to_owned());
        rest = after;
    }
}

/// What a query of Metrics Insights is about: `SELECT FUNCTION(metric) FROM SCHEMA(namespace, dimension, ...)`, with a condition on
/// some of these dimensions.
fn of_query(text: &str) -> Option<Watched> {
    let (_, rest) = text.strip_prefix("SELECT ")?.split_once('(')?;
    let (name, rest) = word(rest, &[')'])?;
    let rest = rest.strip_prefix(')')?.trim_start().strip_prefix("FROM SCHEMA(")?;
    let (namespace, dimensions, rest) = schema(rest, ')')?;
    if let Some(conditions) = rest.trim_start().strip_prefix("WHERE ") {
        for condition in conditions.split(" AND ") {
            let (dimension, _) = word(condition, &['=', '!', ' '])?;
            if !dimensions.contains(dimension) {
                return None;
            }
        }
    } else if !rest.trim().is_empty() {
        return None;
    }
    Some(Watched { namespace, name: name.to_owned(), dimensions })
}

/// What a search is about: `SEARCH('{namespace,dimension,...} MetricName="name"', 'statistic', period)`.
fn of_search(text: &str) -> Option<Watched> {
    let (namespace, dimensions, rest) = schema(text.strip_prefix("SEARCH('{")?, '}')?;
    let (name, _) = word(rest.trim_start().strip_prefix("MetricName=")?, &['\''])?;
    Some(Watched { namespace, name: name.to_owned(), dimensions })
}

/// The metric that an expression is about, if it is about one by itself and not about what other lines have.
fn of_expression(text: &str) -> Result<Option<Watched>, String> {
    let watched = match text.trim_start() {
        query if query.starts_with("SELECT") => of_query(query),
        search if search.starts_with("SEARCH") => of_search(search),
        _ => return Ok(None),
    };
    watched.map(Some).ok_or_else(|| format!("cannot be read: {text}"))
}

/// Calls `visit` with each metric that a resource looks at, or with what is wrong with how it says so.
fn watched(item: &Item<'_>, visit: &mut impl FnMut(Result<Watched, String>)) {
    each(item.properties, &mut |fields| {
        if let (Some(namespace), Some(name)) = (fields["Namespace"].as_str(), fields["MetricName"].as_str()) {
            let dimensions = names(&fields["Dimensions"], "Name");
            visit(Ok(Watched { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }));
        }
        if let Some(found) = flat(&fields["Expression"]).and_then(|text| of_expression(&text).transpose()) {
            visit(found);
        }
    });
}

/// Alarms and scaling on metrics that nobody measures, that do not go by these dimensions, or that are in another region: they
/// would never have data.
pub fn alarms(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    let metrics = Metrics::new(architecture);
    for item in architecture.items() {
        if item.kind == "AWS::Logs::MetricFilter" {
            continue;
        }
        watched(&item, &mut |watched| {
            let fault = watched.map_or_else(Some, |watched| {
                let elsewhere = item.stack != StackName::Edge && watched.is_in_us_east_1();
                metrics.fault(&watched).or_else(|| {
                    elsewhere.then(|| {
                        format!(
                            "is about {watched}, which is in {EDGE_REGION}, as the stack edge alone always is"
                        )
                    })
                })
            });
            findings.extend(fault.map(|fault| item.finding(fault)));
        });
        if item.kind == "AWS::CloudWatch::Alarm"
            && item.properties.get("MetricName").is_none()
            && list(&item.properties["Metrics"]).is_empty()
        {
            findings.push(item.finding("is about no metric"));
        }
    }
}

/// Bodies of dashboards that CloudWatch would not show.
pub fn dashboards(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    let known = Metrics::new(architecture);
    for item in architecture.of("AWS::CloudWatch::Dashboard") {
        let Some(text) = flat(&item.properties["DashboardBody"]) else {
            findings.push(item.finding("has no body that is a text"));
            continue;
        };
        let body: Value = match serde_json::from_str(&text) {
            Ok(body) => body,
            Err(error) => {
                findings.push(item.finding(format!("the body is no JSON: {error}")));
                continue;
            }
        };
        let widgets = list(&body["widgets"]);
        if widgets.is_empty() {
            findings.push(item.finding("shows nothing"));
        }
        for (number, widget) in widgets.iter().enumerate() {
            let mut report = |fault: String| findings.push(item.finding(format!("widget {number}: {fault}")));
            match widget["type"].as_str() {
                Some("metric") => {}
                Some("alarm" | "explorer" | "log" | "text" | "custom") => continue,
                other => {
                    report(format!("{other:?} is no type"));
                    continue;
                }
            }
            let properties = &widget["properties"];
            if properties.get("annotations").is_none() && properties.get("metrics").is_none() {
                report("has no metrics".to_owned());
            }
            if properties["region"].as_str().is_none() {
                report("has no region".to_owned());
            }
            for metric in list(&properties["metrics"]) {
                if let Err(fault) = check_metric(metric, properties, &known) {
                    report(fault);
                }
            }
        }
    }
}

/// Holds `[namespace, name, dimension, value, ..., { options }]`, or `[{ expression }]`, against what CloudWatch takes.
fn check_metric(metric: &Value, widget: &Value, known: &Metrics) -> Result<(), String> {
    let Some(watched) = shown(metric)? else { return Ok(()) };
    if let Some(fault) = known.fault(&watched) {
        return Err(fault);
    }
    if watched.is_in_us_east_1() && widget["region"] != EDGE_REGION {
        return Err(format!(
            "is about {watched}, which is in {EDGE_REGION}, and not in {}",
            widget["region"]
        ));
    }
    Ok(())
}

/// The metric that a line of a widget shows, if it is about one by itself.
fn shown(metric: &Value) -> Result<Option<Watched>, String> {
    let parts = metric.as_array().ok_or_else(|| format!("{metric} is no list"))?;
    let (texts, options) = match parts.split_last() {
        Some((options, texts)) if options.is_object() => (texts, Some(options)),
        _ => (parts.as_slice(), None),
    };
    if texts.is_empty() {
        let expression = options.and_then(|options| options["expression"].as_str());
        return expression
            .map_or_else(|| Err(format!("{metric} is neither a metric nor an expression")), of_expression);
    }
    let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
    let texts = texts.ok_or_else(|| format!("{metric} has something between its names that is no text"))?;
    // `...` stands for all that the line before has.
    if texts.contains(&"...") {
        return Ok(None);
    }
    if texts.len() < 2 || !texts.len().is_multiple_of(2) {
        return Err(format!("{metric} has a dimension without a value"));
    }
    let dimensions = texts[2..].iter().step_by(2).map(|name| (*name).to_owned()).collect();
    Ok(Some(Watched { namespace: texts[0].to_owned(), name: texts[1].to_owned(), dimensions }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::{found, template};
    use super::*;
    use crate::environment::{Environment, Name, Operator};
    use crate::template::Template;

    fn dashboard(body: &Value) -> Value {
        json!({ "D": { "Type": "AWS::CloudWatch::Dashboard", "Properties": { "DashboardBody": body } } })
    }

    fn with_metric(metric: &Value) -> Value {
        let widget =
            json!({ "type": "metric", "properties": { "region": "us-east-1", "metrics": [metric] } });
        dashboard(&json!(json!({ "widgets": [widget] }).to_string()))
    }

    #[test]
    fn a_dashboard_that_would_not_be_shown_is_found() {
        let joined = json!({ "Fn::Join": ["", [
            "{\"widgets\":[{\"type\":\"text\",\"properties\":{\"markdown\":\"", { "Ref": "Page" }, "\"}}]}",
        ]] });
        assert!(found(dashboards, &dashboard(&joined)).is_empty());
        let cut = json!("{\"widgets\": [");
        assert!(found(dashboards, &dashboard(&cut))[0].starts_with("D: the body is no JSON: EOF"));
        assert_eq!(found(dashboards, &dashboard(&json!("{}"))), ["D: shows nothing"]);
        let of_no_type = json!("{\"widgets\":[{\"type\":\"graph\"}]}");
        assert_eq!(found(dashboards, &dashboard(&of_no_type)), ["D: widget 0: Some(\"graph\") is no type"]);
    }

    #[test]
    fn a_metric_of_a_dashboard_is_a_namespace_a_name_and_dimensions() {
        for good in [
            json!(["AWS/ECS", "CPUUtilization", "ClusterName", "c", "ServiceName", "s", { "stat": "p99" }]),
            json!([{ "expression": "m1 / m2", "id": "e1" }]),
            json!(["...", "other"]),
            json!(["AstroShield/dev", "astroshield_catalog_age_seconds"]),
            json!([{ "expression": "SEARCH('{AWS/Kafka,\"Broker ID\",\"Cluster Name\"} MetricName=\"CpuUser\"', 'Average', 300)" }]),
            json!([{ "expression": "SEARCH('{AstroShield/dev,consumer} MetricName=\"astroshield_bus_lag_messages\"', 'Maximum', 300)" }]),
        ] {
            assert_eq!(found(dashboards, &with_metric(&good)), [""; 0], "{good}");
        }
        for bad in [
            json!(["AWS/ECS", "CPUUtilization", "ClusterName"]),
            json!(["AWS/ECS"]),
            json!("CPUUtilization"),
            json!([{ "id": "e1" }]),
            json!(["AWS/ECS", 5]),
            json!(["AstroShield", "astroshield_luck"]),
            json!(["AWS/ECS", "MemoryUtilization"]),
            json!(["AWS/ECS", "CpuUtilization", "ClusterName", "c", "ServiceName", "s"]),
            json!(["AstroShield/dev", "astroshield_bus_lag_messages"]),
            json!([{ "expression": "SEARCH('{AWS/Kafka,BrokerID,\"Cluster Name\"} MetricName=\"CpuUser\"', 'Average', 300)" }]),
            json!([{ "expression": "SEARCH('{AstroShield/dev} MetricName=\"astroshield_bus_lag_messages\"', 'Maximum', 300)" }]),
            json!([{ "expression": "SEARCH('AWS/ECS CPUUtilization', 'Average', 300)" }]),
        ] {
            assert_eq!(found(dashboards, &with_metric(&bad)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn an_alarm_on_a_metric_that_nobody_measures_is_found() {
        let alarm = |namespace: &str, name: &str| json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": { "Namespace": namespace, "MetricName": name } });
        let resources = json!({
            "Good": alarm("AstroShield", "astroshield_catalog_age_seconds"),
            "Bad": alarm("AstroShield", "astroshield_catalog_age_hours"),
            "Filter": { "Type": "AWS::Logs::MetricFilter", "Properties": { "MetricTransformations": [
                { "MetricNamespace": "AstroShield/Audit", "MetricName": "RootSignIns" },
            ] } },
            "Filtered": alarm("AstroShield/Audit", "RootSignIns"),
            "FilteredElsewhere": alarm("AstroShield", "RootSignIns"),
            "Math": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": [
                { "Id": "m", "MetricStat": { "Metric": { "Namespace": "AstroShield", "MetricName": "luck" } } },
            ] } },
            "Nothing": { "Type": "AWS::CloudWatch::Alarm", "Properties": {} },
        });
        let expected = [
            "Bad: is about astroshield_catalog_age_hours, which the application does not measure",
            "FilteredElsewhere: is about RootSignIns, which the application does not measure",
            "Math: is about luck, which the application does not measure",
            "Nothing: is about no metric",
        ];
        assert_eq!(found(alarms, &resources), expected);
    }

    fn by(namespace: &str, name: &str, dimensions: &[&str]) -> Value {
        let dimensions: Vec<Value> =
            dimensions.iter().map(|name| json!({ "Name": name, "Value": "of it" })).collect();
        let properties = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions });
        json!({ "It": { "Type": "AWS::CloudWatch::Alarm", "Properties": properties } })
    }

    fn query(expression: &str) -> Value {
        let metrics = json!([{ "Id": "all", "Expression": expression }]);
        json!({ "It": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": metrics } } })
    }

    #[test]
    fn an_alarm_by_dimensions_that_the_collector_does_not_send_is_found() {
        let metric = "astroshield_http_requests_total";
        let sent = collected(metrics::ALL.iter().find(|known| known.name == metric).unwrap());
        assert_eq!(found(alarms, &by("AstroShield/prod", metric, &sent)), [""; 0]);
        // What the application measures it by, and the collector leaves out.
        let all = metrics::ALL.iter().find(|known| known.name == metric).unwrap().labels;
        assert!(all.len() > sent.len());
        for dimensions in [all, &[][..], &["consumer"][..]] {
            let said = found(alarms, &by("AstroShield/prod", metric, dimensions));
            assert!(
                said.len() == 1 && said[0].contains("the collector sends it by"),
                "{dimensions:?}: {said:?}"
            );
        }
    }

    #[test]
    fn an_alarm_in_another_namespace_than_the_collectors_is_found() {
        let configuration =
            json!({ "exporters": { "awsemf": { "namespace": "AstroShield/prod" } } }).to_string();
        let mut resources = by("AstroShield/dev", "astroshield_catalog_age_seconds", &[]);
        resources["Task"] = json!({ "Type": "AWS::ECS::TaskDefinition", "Properties": {
            "ContainerDefinitions": [{ "Environment": [{ "Name": "AOT_CONFIG_CONTENT", "Value": configuration }] }],
        } });
        let said = found(alarms, &resources);
        assert!(said.len() == 1 && said[0].contains("no collector sends into that namespace"), "{said:?}");
        resources["It"]["Properties"]["Namespace"] = json!("AstroShield/prod");
        assert_eq!(found(alarms, &resources), [""; 0]);
    }

    #[test]
    fn an_alarm_on_what_aws_does_not_publish_is_found() {
        assert_eq!(found(alarms, &by("AWS/RDS", "ReplicaLag", &["DBInstanceIdentifier"])), [""; 0]);
        for (namespace, name, dimensions) in [
            ("AWS/RDS", "ReplicationLag", &["DBInstanceIdentifier"][..]),
            ("AWS/RDS", "ReplicaLag", &["DBInstance"]),
            ("AWS/RDS", "ReplicaLag", &[]),
            ("AWS/MSK", "OfflinePartitionsCount", &["Cluster Name"]),
            ("AWS/Kafka", "OfflinePartitionsCount", &["Broker ID", "Cluster Name"]),
        ] {
            assert_eq!(found(alarms, &by(namespace, name, dimensions)).len(), 1, "{namespace} {name}");
        }
    }

    #[test]
    fn a_query_is_read_as_an_alarm_is() {
        for good in [
            "SELECT MAX(astroshield_bus_lag_messages) FROM SCHEMA(\"AstroShield/prod\", consumer)",
            "SELECT SUM(BlockedRequests) FROM SCHEMA(\"AWS/WAFV2\", Region, Rule, WebACL) WHERE Rule = 'ALL'",
            "desired - running",
        ] {
            assert_eq!(found(alarms, &query(good)), [""; 0], "{good}");
        }
        for bad in [
            "SELECT MAX(astroshield_bus_lag) FROM SCHEMA(\"AstroShield/prod\", consumer)",
            "SELECT MAX(astroshield_bus_lag_messages) FROM SCHEMA(\"AstroShield/prod\")",
            "SELECT MAX(astroshield_bus_lag_messages) FROM SCHEMA(\"AstroShield/prod\", group)",
            "SELECT SUM(BlockedRequests) FROM SCHEMA(\"AWS/WAFV2\", Region, WebACL) WHERE Region = 'x'",
            "SELECT SUM(BlockedRequests) FROM SCHEMA(\"AWS/WAFV2\", Rule, WebACL) WHERE Region = 'x'",
            "SELECT SUM(BlockedRequests) FROM \"AWS/WAFV2\"",
            "SELECT SUM(ErrorPortAllocation) FROM SCHEMA(\"AWS/NatGateway\", NatGatewayId)",
            "SELECT SUM(BlockedRequests FROM SCHEMA(\"AWS/WAFV2\", Rule, WebACL)",
        ] {
            assert_eq!(found(alarms, &query(bad)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn an_alarm_on_what_is_in_us_east_1_alone_is_found_outside_the_stack_that_always_is_there() {
        let said_in = |stack: StackName, resources: &Value| {
            let templates = [Template { stack, ..template(resources) }];
            let mut findings = Vec::new();
            alarms(&Architecture::new(&templates), &mut findings);
            findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        for resources in [
            by("AWS/Route53", "HealthCheckStatus", &["HealthCheckId"]),
            by("AWS/WAFV2", "BlockedRequests", &["Rule", "WebACL"]),
            query("SELECT SUM(BlockedRequests) FROM SCHEMA(\"AWS/WAFV2\", Rule, WebACL) WHERE Rule = 'ALL'"),
        ] {
            assert_eq!(said_in(StackName::Edge, &resources), [""; 0]);
            for stack in [StackName::Observability, StackName::Recovery] {
                let said = said_in(stack, &resources);
                assert!(said.len() == 1 && said[0].contains("which is in us-east-1"), "{said:?}");
            }
        }
        let of_region = by("AWS/WAFV2", "BlockedRequests", &["Region", "Rule", "WebACL"]);
        assert_eq!(said_in(StackName::Observability, &of_region), [""; 0]);
    }

    #[test]
    fn a_graph_of_what_is_in_us_east_1_alone_says_so() {
        let charges = |region: &str| {
            let metric = json!(["AWS/Billing", "EstimatedCharges", "Currency", "USD"]);
            let widget = json!({ "type": "metric", "properties": { "region": region, "metrics": [metric] } });
            found(dashboards, &dashboard(&json!(json!({ "widgets": [widget] }).to_string())))
        };
        assert_eq!(charges("us-east-1"), [""; 0]);
        let said = charges("eu-central-1");
        assert!(said.len() == 1 && said[0].contains("and not in \"eu-central-1\""), "{said:?}");
    }

    /// All metrics that the templates of an environment look at.
    fn looked_at(name: Name) -> BTreeSet<Watched> {
        let operator = Operator::parse("dev_streaming = true").unwrap();
        let templates = crate::stacks::architecture(&Environment::new(name, operator)).unwrap();
        let architecture = Architecture::new(&templates);
        let mut all = BTreeSet::new();
        for item in architecture.items() {
            watched(&item, &mut |watched| all.extend([watched.unwrap()]));
        }
        for item in architecture.of("AWS::CloudWatch::Dashboard") {
            let body: Value =
                serde_json::from_str(&flat(&item.properties["DashboardBody"]).unwrap()).unwrap();
            for widget in body["widgets"].as_array().unwrap() {
                all.extend(list(&widget["properties"]["metrics"]).iter().filter_map(|of| shown(of).unwrap()));
            }
        }
        all
    }

    #[test]
    fn every_metric_of_aws_has_its_source_and_the_list_has_no_other() {
        let used: BTreeSet<Watched> = Name::ALL.into_iter().flat_map(looked_at).collect();
        assert!(used.len() > 40, "{}", used.len());
        for known in PUBLISHED {
            assert!(known.source.starts_with("https://docs.aws.amazon.com/"), "{}", known.source);
            for name in known.names {
                for dimensions in known.dimensions {
                    let dimensions = dimensions.iter().map(|name| (*name).to_owned()).collect();
                    let (namespace, name) = (known.namespace.to_owned(), (*name).to_owned());
                    let one = Watched { namespace, name, dimensions };
                    // Some go by either set of dimensions, of which one may be enough.
                    let is_used = used.contains(&one)
                        || known.dimensions.len() > 1
                            && used
                                .iter()
                                .any(|used| used.namespace == one.namespace && used.name == one.name);
                    assert!(is_used, "{one} is used nowhere");
                }
            }
        }
    }
}
