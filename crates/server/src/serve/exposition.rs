//! The text that `/metrics` answers, read back: what was measured, by metric and labels.

use std::collections::BTreeMap;

use astroshield_domain::metrics::{Kind, Metric};
use astroshield_domain::operations::{Distribution, Measured, Series};

type Labels = BTreeMap<String, String>;

/// Every metric with what the text says of it, in the order of its lines. What belongs to none of them is left out.
pub(super) fn read(text: &str, metrics: &'static [Metric]) -> Vec<(&'static Metric, Vec<Series>)> {
    let mut by_name: BTreeMap<&str, Vec<(Labels, f64)>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, labels, value)) = sample(line) {
            by_name.entry(name).or_default().push((labels, value));
        }
    }
    let mut taken = |name: &str| by_name.remove(name).unwrap_or_default();
    metrics
        .iter()
        .map(|metric| {
            let series = match metric.kind {
                Kind::Counter | Kind::Gauge => taken(metric.name)
                    .into_iter()
                    .map(|(labels, value)| Series { labels, measured: Measured::Value(value) })
                    .collect(),
                Kind::Histogram => {
                    let part = |part: &str| format!("{}_{part}", metric.name);
                    let buckets = taken(&part("bucket"));
                    distributions(buckets, taken(&part("sum")), taken(&part("count")))
                }
            };
            (metric, series)
        })
        .collect()
}

fn distributions(
    buckets: Vec<(Labels, f64)>,
    sums: Vec<(Labels, f64)>,
    counts: Vec<(Labels, f64)>,
) -> Vec<Series> {
    let mut found: BTreeMap<Labels, Distribution> = BTreeMap::new();
    for (mut labels, count) in buckets {
        let bound = labels.remove("le").and_then(|bound| bound.parse::<f64>().ok());
        if let Some(bound) = bound.filter(|bound| bound.is_finite()) {
            found.entry(labels).or_default().classes.push((bound, count as u64));
        }
    }
    for (labels, sum) in sums {
        found.entry(labels).or_default().sum = sum;
    }
    for (labels, count) in counts {
        found.entry(labels).or_default().count = count as u64;
    }
    let series = found.into_iter().map(|(labels, mut distribution)| {
        distribution.classes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        Series { labels, measured: Measured::Distribution(distribution) }
    });
    series.collect()
}

/// Name, labels and value of a line: `name{label="value",...} 1.5`.
fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let name_ends = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(name_ends);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.insert(label.to_owned(), value);
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = rest.strip_prefix('}')?;
    }
    Some((name, labels, rest.split_whitespace().next()?.parse().ok()?))
}

/// The value of a label up to its closing quote, and what follows that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use ::metrics::with_local_recorder;
    use astroshield_domain::metrics;
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_was_recorded_is_read_back_from_what_is_rendered() {
        let odd = "a \"quoted\" name,\nof=two} lines";
        let name = Matcher::Full("astroshield_http_request_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(name, &[0.1, 1.0]).unwrap();
        let recorder = builder.build_recorder();
        let rendered = with_local_recorder(&recorder, || {
            metrics::HTTP_CONNECTIONS_REFUSED.count();
            metrics::HTTP_CONNECTIONS_REFUSED.count();
            metrics::CATALOG_EPOCH_AGE.set_to(-1.5e-7);
            metrics::FEED_FAILURES.set([odd], 3.0);
            metrics::FEED_FAILURES.set(["plain"], 0.0);
            for seconds in [0.05, 0.5, 0.5, 7.0] {
                metrics::HTTP_REQUEST_SECONDS.record(["GET", "/api/v1/runs"], seconds);
            }
            recorder.handle().render()
        });
        let read = read(&rendered, metrics::ALL);
        assert_eq!(read.len(), metrics::ALL.len());
        let of = |name: &str| &read.iter().find(|(metric, _)| metric.name == name).unwrap().1;
        let value = |labels, value| Series { labels, measured: Measured::Value(value) };
        assert_eq!(of("astroshield_http_connections_refused_total")[..], [value(labels(&[]), 2.0)]);
        assert_eq!(of("astroshield_catalog_epoch_age_seconds")[..], [value(labels(&[]), -1.5e-7)]);
        let failures = of("astroshield_feed_failures");
        assert_eq!(failures.len(), 2);
        assert!(failures.contains(&value(labels(&[("feed", odd)]), 3.0)), "{rendered}");
        let distribution = Distribution { count: 4, sum: 8.05, classes: vec![(0.1, 1), (1.0, 3)] };
        let of_route = labels(&[("method", "GET"), ("route", "/api/v1/runs")]);
        assert_eq!(
            of("astroshield_http_request_seconds")[..],
            [Series { labels: of_route, measured: Measured::Distribution(distribution) }]
        );
        assert!(of("astroshield_alert_delay_seconds").is_empty());
    }

    #[test]
    fn lines_that_are_none_are_left_out() {
        for line in ["", "name", "name{", "name{a=\"b} 1", "name{a=\"b\"} x", "name{a=\"b\"}", "name{a} 1"] {
            assert_eq!(sample(line), None, "{line}");
        }
        assert_eq!(sample("name 1 1700000000"), Some(("name", Labels::new(), 1.0)));
    }
}
