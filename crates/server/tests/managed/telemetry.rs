//! What a collector of OpenTelemetry is told, and that nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use astroshield_domain::metrics::{ALL, Kind};
use astroshield_testkit::postgres;
use astroshield_testkit::servers::{Server as Outside, can_start};
use serde_json::{Value, json};

use crate::fleet::pair;
use crate::server::{PATIENCE, Server};
use crate::socket::Socket;
use crate::target::Target;
use crate::tiers::Client;

/// Ids of a caller's own, as in the example of W3C Trace Context.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A metric that needs Kafka.
const KAFKAS: &str = "astroshield_bus_lag_messages";

/// Events that the release does not know.
const OF_ANOTHER_RELEASE: &str = "astroshield_unknown_events_total";

/// A configuration with a collector, in a folder of its own.
fn configured(collector: &Outside, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("collector.pem"), collector.authority()).unwrap();
    let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
        .concat();
    let telemetry = format!(
        "[telemetry]\nendpoint = \"{}\"\nauthorities_file = \"collector.pem\"\nmetrics_interval = \"1s\"\n\
         attributes = \"deployment.environment.name=test\"\n",
        collector.address
    );
    let rest = "[screening]\nsettle = \"0s\"\ndays = 1\n[log]\nlevel = \"info\"\n";
    fs::write(folder.path().join("astroshield.toml"), format!("{feeds}{telemetry}{rest}{more}")).unwrap();
    folder
}

/// What the collector has written of a signal: a line for each request.
fn taken(collector: &Outside, signal: &str) -> Vec<Value> {
    let text = fs::read_to_string(collector.file(&format!("{signal}.json"))).unwrap_or_default();
    // The last line may be half-written.
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All objects under a name, however deep.
fn all<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, inner)| match inner {
                Value::Array(items) if key == name => items.iter().collect(),
                _ => all(inner, name),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(|item| all(item, name)).collect(),
        _ => Vec::new(),
    }
}

fn attribute<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let attributes = of["attributes"].as_array()?;
    let found = attributes.iter().find(|attribute| attribute["key"] == name)?;
    found["value"]["stringValue"].as_str()
}

/// Waits until something is so.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn bus(kafka: &Outside, folder: &Path) -> String {
    fs::write(folder.join("kafka.pem"), kafka.authority()).unwrap();
    format!(
        "[store]\nkind = \"postgres\"\n[bus]\nkind = \"kafka\"\nbrokers = \"{}\"\nuser = \"astroshield\"\n\
         password = \"secret\"\npartitions = 2\nreplicas = 1\nauthorities_file = \"kafka.pem\"\n\
         [notify]\nallowed_networks = [\"127.0.0.0/8\"]\n",
        kafka.address
    )
}

#[test]
fn one_trace_leads_from_an_upload_through_store_kafka_and_screening_to_the_webhook() {
    if !can_start(&["kafka", "collector"]) {
        return;
    }
    let Some(database) = tokio::runtime::Runtime::new().unwrap().block_on(postgres::database()) else {
        return;
    };
    let (kafka, collector) = (Outside::start("kafka"), Outside::start("collector"));
    let folder = configured(&collector, "");
    let path = folder.path();
    let file = path.join("astroshield.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + &bus(&kafka, path)).unwrap();
    let roots: PathBuf = path.join("target.pem");
    let target = Target::start(&roots);
    let environment =
        [("ASTROSHIELD__STORE__URL", database.as_str()), ("SSL_CERT_FILE", roots.to_str().unwrap())];
    let server = Server::start_in(path, "", &environment);
    let client = Client::new(&server);
    let hook = json!({ "name": "ops", "url": target.url() + "?token=hush" }).to_string();
    let hook = client.post("/api/v1/webhooks", "application/json", &hook);
    let channels = json!([{ "kind": "webhook", "webhook": hook["id"] }]);
    let rule = json!({ "name": "all", "severity": "critical", "relations": true, "channels": channels });
    client.post("/api/v1/rules", "application/json", &rule.to_string());

    let bearer = format!("Bearer {}", client.key);
    let (parent, body) = (format!("00-{TRACE}-{CALLER}-01"), pair(0));
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "text/csv"), ("traceparent", parent.as_str())];
    let answer = server.send("POST", "/api/v1/uploads?name=0.csv", &headers, &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let (told, _) = until("a message", || target.messages().into_iter().next());
    assert!(
        told["x-amzn-trace-id"].starts_with("Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent="),
        "{told:?}"
    );
    until("how far Kafka is", || {
        let told = taken(&collector, "metrics");
        told.iter().flat_map(|one| all(one, "metrics")).any(|metric| metric["name"] == KAFKAS).then_some(())
    });
    let key = client.key.clone();
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");

    let post = told["traceparent"].split('-').nth(2).unwrap();
    let requests = until("the span of the message, and the one that began it all", || {
        let requests = taken(&collector, "traces");
        let spans: Vec<_> = requests.iter().flat_map(|one| all(one, "spans")).collect();
        let is_there = |field: &str, id: &str| spans.iter().any(|span| span[field] == id);
        (is_there("spanId", post) && is_there("parentSpanId", CALLER)).then_some(requests)
    });
    let resources: Vec<_> = requests.iter().flat_map(|one| all(one, "resourceSpans")).collect();
    for (name, value) in [
        ("service.name", "astroshield"),
        ("deployment.environment.name", "test"),
        ("astroshield.role", "api,ingest,screen,analyze,notify,relay"),
    ] {
        assert!(resources.iter().all(|of| attribute(&of["resource"], name) == Some(value)), "{name}");
    }
    let text = |of: &Value, field: &str| of[field].as_str().unwrap_or_default().to_owned();
    let spans: BTreeMap<String, &Value> = requests
        .iter()
        .flat_map(|one| all(one, "spans"))
        .filter(|span| span["traceId"] == TRACE)
        .map(|span| (text(span, "spanId"), span))
        .collect();
    // The way from a span to the caller, by names.
    let way = |span: &Value| {
        let (mut names, mut span) = (vec![text(span, "name")], span);
        while text(span, "parentSpanId") != CALLER {
            let parent = text(span, "parentSpanId");
            span = spans.get(&parent).unwrap_or_else(|| panic!("no span {parent} before {names:?}"));
            names.push(text(span, "name"));
        }
        names.reverse();
        names
    };
    let ways: BTreeSet<String> = spans.values().map(|span| way(span).join(" > ")).collect();
    let sends = spans.values().filter(|span| attribute(span, "messaging.system") == Some("kafka"));
    assert!(sends.count() >= 4, "{ways:#?}");
    let calls = spans.values().filter(|span| attribute(span, "db.system.name") == Some("postgresql"));
    assert!(calls.count() >= 10, "{ways:#?}");
    for stage in
        ["screen", "screen > run > conclusion::", "notify", "deliver", "deliver > attempt > watching::"]
    {
        assert!(ways.iter().any(|way| way.contains(&format!(" > {stage}"))), "{stage}: {ways:#?}");
    }
    assert_eq!(
        way(spans[post]),
        ["POST /api/v1/uploads", "send", "screen", "send", "notify", "deliver", "POST"],
        "{ways:#?}"
    );
    assert_eq!(attribute(spans[post], "server.address"), Some("127.0.0.1"));

    let is_delivered = |record: &Value| record["body"]["stringValue"] == "delivered";
    let logs = until("the line of the delivery", || {
        let logs = taken(&collector, "logs");
        let is_there = logs.iter().flat_map(|one| all(one, "logRecords")).any(is_delivered);
        is_there.then_some(logs)
    });
    let records: Vec<_> = logs.iter().flat_map(|one| all(one, "logRecords")).collect();
    let delivered = records.iter().find(|record| is_delivered(record));
    assert_eq!(delivered.unwrap()["traceId"], TRACE, "{delivered:?}");
    let all_of_it = format!("{requests:?}{logs:?}");
    for secret in ["hush", "whsec_", &key, "secret"] {
        assert!(!all_of_it.contains(secret), "{secret}");
    }
}

#[test]
fn every_metric_of_the_list_is_told_and_none_that_is_not_in_it() {
    if !can_start(&["collector"]) {
        return;
    }
    let collector = Outside::start("collector");
    let catalog = "[feeds.ours]\nkind = \"element_sets\"\nurl = \"file:CATALOG\"\n\
        interval = \"1s\"\n[notify]\nallowed_networks = [\"127.0.0.0/8\"]\n\
        [access]\nrequests_per_minute_per_key = 100\n";
    let folder = configured(&collector, "");
    let path = folder.path();
    fs::write(path.join("ours.csv"), pair(1)).unwrap();
    let file = path.join("astroshield.toml");
    let catalog = catalog.replace("CATALOG", path.join("ours.csv").to_str().unwrap());
    fs::write(&file, fs::read_to_string(&file).unwrap() + &catalog).unwrap();
    let roots = path.join("target.pem");
    let target = Target::start(&roots);
    let server = Server::start_in(path, "", &[("SSL_CERT_FILE", roots.to_str().unwrap())]);
    let client = Client::new(&server);
    assert_eq!(server.get_with("/api/v1/objects", &[("authorization", "Bearer ask_wrong")]).0, 401);
    let hook = json!({ "name": "ops", "url": target.url() }).to_string();
    let hook = client.post("/api/v1/webhooks", "application/json", &hook);
    let channels = json!([{ "kind": "webhook", "webhook": hook["id"] }]);
    let rule = json!({ "name": "all", "severity": "critical", "relations": true, "channels": channels });
    client.post("/api/v1/rules", "application/json", &rule.to_string());
    let other = client.post("/api/v1/api-keys", "application/json", r#"{"name":"other","scope":"read"}"#);
    let other = format!("Bearer {}", other["key"].as_str().unwrap());
    let refused = |_| server.get_with("/api/v1/rules", &[("authorization", &other)]).0 == 429;
    assert!((0..200).any(refused), "a key that asks too often is put off");
    let _socket = Socket::open(&server.address, &client.key, "alerts");
    until("a message", || target.messages().into_iter().next());

    // How far Kafka is, what a gateway takes, and what another release sends, is told where there is one.
    let is_elsewhere =
        |name: &str| [KAFKAS, OF_ANOTHER_RELEASE].contains(&name) || name.starts_with("astroshield_gateway_");
    let here = || ALL.iter().filter(|metric| !is_elsewhere(metric.name));
    let listed: BTreeSet<&str> = here().map(|metric| metric.name).collect();
    let mut told = BTreeMap::new();
    until("all metrics", || {
        let requests = taken(&collector, "metrics");
        for metric in requests.iter().flat_map(|one| all(one, "metrics")) {
            told.insert(metric["name"].as_str().unwrap().to_owned(), metric.clone());
        }
        listed.iter().all(|name| told.contains_key(*name)).then_some(())
    });
    let names: BTreeSet<&str> = told.keys().map(String::as_str).collect();
    assert_eq!(names, listed);
    let bearer = format!("Bearer {}", client.key);
    let (_, shown) = server.get_with("/metrics", &[("authorization", &bearer)]);
    for metric in here() {
        let said = &told[metric.name];
        assert_eq!(said["description"], metric.help);
        let kind = match metric.kind {
            Kind::Counter => "sum",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let point = &said[kind]["dataPoints"][0];
        for label in metric.labels {
            assert!(attribute(point, label).is_some(), "{said}");
        }
        assert!(shown.contains(&format!("# TYPE {} ", metric.name)), "{} at /metrics", metric.name);
    }
    assert_eq!(server.stop().0, 0);
}

/// Asks so often. An answer that waited until the collector's part of the queue is given up, after a minute, does not come in time.
fn ask(server: &Server, times: usize) {
    for time in 0..times {
        let mut stream = TcpStream::connect(server.address.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE / 2)).unwrap();
        stream.write_all(b"GET /health/live HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        assert!(read.is_ok() && answer.contains(" 200 "), "request {time}: {read:?} {answer}");
    }
}

#[test]
fn a_collector_that_is_frozen_or_away_slows_nobody_and_what_it_does_not_take_is_counted() {
    if !can_start(&["collector"]) {
        return;
    }
    let collector = Outside::start("collector");
    let folder = configured(&collector, "");
    let server = Server::start_in(folder.path(), "", &[]);
    let client = Client::new(&server);
    let bearer = format!("Bearer {}", client.key);
    let dropped = || {
        let (_, metrics) = server.get_with("/metrics", &[("authorization", &bearer)]);
        let name = "astroshield_telemetry_dropped_total{signal=\"traces\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        line.parse::<u64>().unwrap()
    };
    ask(&server, 500);
    assert_eq!(dropped(), 0);
    collector.tell("freeze");
    // More than the queue holds. All of these are answered while nothing is taken.
    ask(&server, 9_500);
    assert!(dropped() > 0);
    collector.tell("thaw");
    collector.tell("kill");
    ask(&server, 500);
    collector.tell("restart");
    let marked = [("traceparent", format!("00-{TRACE}-{CALLER}-01"))];
    let marked = marked.each_ref().map(|(name, value)| (*name, value.as_str()));
    until("spans after it was away", || {
        assert_eq!(server.get_with("/health/live", &marked).0, 200);
        let requests = taken(&collector, "traces");
        requests.iter().flat_map(|one| all(one, "spans")).any(|span| span["traceId"] == TRACE).then_some(())
    });

    // It does not keep the process from ending, either.
    collector.tell("freeze");
    ask(&server, 10);
    let began = Instant::now();
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    let away = log.matches("the collector of telemetry does not take it").count();
    assert!((1..=6).contains(&away), "said when it went, not at each trial: {log}");
    collector.tell("thaw");
}
