//! Alarms, dashboards, and what they are about.

use std::collections::BTreeSet;

use astroshield_domain::metrics;
use serde_json::Value;

use super::{Architecture, Finding, list, walk};

/// A text of CloudFormation with its references replaced by a word.
fn flat(value: &Value) -> Option<String> {
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

/// Whether a metric is of the application, by its namespace or its name, and the application has none of that name.
struct Metrics {
    known: BTreeSet<String>,
}

impl Metrics {
    fn new(architecture: &Architecture<'_>) -> Self {
        let mut known: BTreeSet<String> = metrics::ALL.iter().map(|metric| metric.name.to_owned()).collect();
        // Those that are made of logs.
        for item in architecture.of("AWS::Logs::MetricFilter") {
            for made in list(&item.properties["MetricTransformations"]) {
                known.extend(made["MetricName"].as_str().map(str::to_owned));
            }
        }
        Self { known }
    }

    fn is_missing(&self, namespace: &str, name: &str) -> bool {
        let ours = |text: &str| text.to_ascii_lowercase().starts_with("astroshield");
        (ours(namespace) || ours(name)) && !self.known.contains(name)
    }
}

/// Alarms and scaling on metrics that the application does not have.
pub fn alarms(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    let metrics = Metrics::new(architecture);
    for item in architecture.items() {
        if item.kind == "AWS::Logs::MetricFilter" {
            continue;
        }
        let mut look = |fields: &Value| {
            let (Some(namespace), Some(name)) =
                (&fields["Namespace"].as_str(), &fields["MetricName"].as_str())
            else {
                return;
            };
            if metrics.is_missing(namespace, name) {
                findings
                    .push(item.finding(format!("is about {name}, which the application does not measure")));
            }
        };
        look(item.properties);
        walk(item.properties, &mut |_, value| {
            look(value);
            if let Value::Array(values) = value {
                values.iter().for_each(&mut look);
            }
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
                if let Err(fault) = check_metric(metric, &known) {
                    report(fault);
                }
            }
        }
    }
}

/// Holds `[namespace, name, dimension, value, ..., { options }]`, or `[{ expression }]`, against what CloudWatch takes.
fn check_metric(metric: &Value, known: &Metrics) -> Result<(), String> {
    let parts = metric.as_array().ok_or_else(|| format!("{metric} is no list"))?;
    let (texts, options) = match parts.split_last() {
        Some((options, texts)) if options.is_object() => (texts, Some(options)),
        _ => (parts.as_slice(), None),
    };
    if texts.is_empty() {
        let expression = options.is_some_and(|options| options["expression"].is_string());
        return if expression {
            Ok(())
        } else {
            Err(format!("{metric} is neither a metric nor an expression"))
        };
    }
    let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
    let texts = texts.ok_or_else(|| format!("{metric} has something between its names that is no text"))?;
    // `...` stands for all that the line before has.
    if !texts.contains(&"...") && (texts.len() < 2 || !texts.len().is_multiple_of(2)) {
        return Err(format!("{metric} has a dimension without a value"));
    }
    if let [namespace, name, ..] = texts.as_slice()
        && known.is_missing(namespace, name)
    {
        return Err(format!("the application does not measure {name}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::found;
    use super::*;

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
            json!(["AWS/ECS", "CPUUtilization", "ClusterName", "c", { "stat": "p99" }]),
            json!([{ "expression": "m1 / m2", "id": "e1" }]),
            json!(["AWS/ECS", "MemoryUtilization"]),
            json!(["...", "other"]),
            json!(["AstroShield", metrics::ALL[0].name]),
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
        ] {
            assert_eq!(found(dashboards, &with_metric(&bad)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn an_alarm_on_a_metric_that_nobody_measures_is_found() {
        let alarm = |name: &str| {
            json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Namespace": "AstroShield", "MetricName": name,
        } })
        };
        let resources = json!({
            "Good": alarm("astroshield_catalog_age_seconds"),
            "Bad": alarm("astroshield_catalog_age_hours"),
            "Filter": { "Type": "AWS::Logs::MetricFilter", "Properties": { "MetricTransformations": [
                { "MetricNamespace": "AstroShield", "MetricName": "RootSignIns" },
            ] } },
            "Filtered": alarm("RootSignIns"),
            "Math": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": [
                { "Id": "m", "MetricStat": { "Metric": { "Namespace": "AstroShield", "MetricName": "luck" } } },
            ] } },
            "Nothing": { "Type": "AWS::CloudWatch::Alarm", "Properties": {} },
        });
        let expected = [
            "Bad: is about astroshield_catalog_age_hours, which the application does not measure",
            "Math: is about luck, which the application does not measure",
            "Nothing: is about no metric",
        ];
        assert_eq!(found(alarms, &resources), expected);
    }
}
