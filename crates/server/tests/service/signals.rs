//! What a running server says of its work: lines of every stage with their trace, and metrics.

use astroshield_adapters::SqliteStore;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::InboundStore as _;
use astroshield_testkit::entities::later_event;
use serde_json::{Value, json};

use crate::lifecycle::{conjunctions, folder};
use crate::server::{Server, run};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Two objects that do not exist, on orbits of today that cross and meet at their nodes.
fn two_objects() -> String {
    let epoch = jiff::Timestamp::now().strftime("%Y-%m-%dT00:00:00.000001");
    let row = |name: &str, inclination: u32, number: u32| {
        format!("{name},2056-001A,{epoch},15,0,{inclination},0,0,0,0,U,{number},999,1,0,0,0\n")
    };
    "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,MEAN_ANOMALY,\
     EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,\
     MEAN_MOTION_DDOT\n"
        .to_owned()
        + &row("TEST ONE", 50, 81_001)
        + &row("TEST TWO", 130, 81_002)
}

/// Makes something, and returns it.
fn make(server: &Server, headers: &[(&str, &str)], path: &str, body: &Value) -> Value {
    let mut headers = headers.to_vec();
    headers.push(("content-type", "application/json"));
    let (status, made) = server.post_with(path, &headers, &body.to_string());
    assert_eq!(status, 201, "{made}");
    serde_json::from_str(&made).unwrap()
}

#[test]
fn every_stage_logs_the_trace_and_the_request_that_began_it() {
    let folder = folder();
    let settings = folder.path().join("astroshield.toml");
    let more = "[notify]\nallowed_networks = [\"127.0.0.0/8\"]\n";
    std::fs::write(&settings, std::fs::read_to_string(&settings).unwrap() + more).unwrap();
    let server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    let own = [("cookie", cookie.as_str()), ("origin", server.address.as_str())];
    // Nobody listens there: the message is put off.
    let hook = json!({ "name": "nobody", "url": "https://127.0.0.1:9/hook" });
    let hook = make(&server, &own, "/api/v1/webhooks", &hook);
    let channel = json!({ "kind": "webhook", "webhook": hook["id"] });
    let rule = json!({ "name": "all", "severity": "critical", "relations": true, "channels": [channel] });
    make(&server, &own, "/api/v1/rules", &rule);

    let parent = format!("00-{TRACE_ID}-00f067aa0ba902b7-01");
    let mut headers = own.to_vec();
    headers.extend([("traceparent", parent.as_str()), ("x-request-id", "walk-1")]);
    let (status, upload) = server.post_with("/api/v1/uploads?name=own.csv", &headers, &two_objects());
    assert_eq!(status, 201, "{upload}");
    // Each stage counts after it is done.
    let told = [
        "astroshield_delivery_attempts_total{channel=\"webhook\",outcome=\"put_off\"}",
        "astroshield_sign_ins_total{outcome=\"signed_in\"} 1",
        "astroshield_event_delay_seconds_bucket{topic=\"alerts\",le=",
        "astroshield_alert_delay_seconds_bucket{channel=\"stream\",le=",
    ];
    let all_told = |status, metrics: &str| status == 200 && told.iter().all(|name| metrics.contains(name));
    server.until("/metrics", &own, all_told);
    let alerted = |status, metrics: &str| {
        status == 200
            && metrics.contains("astroshield_alerts_unresolved{severity=\"critical\"}")
            && !metrics.contains("astroshield_alerts_unresolved{severity=\"critical\"} 0")
            && !metrics.contains("astroshield_deliveries{state=\"due\"} 0")
    };
    server.until("/metrics", &own, alerted);
    assert_eq!(server.sign_in_with("wrong"), Err(401));
    let refused = |status, metrics: &str| {
        status == 200 && metrics.contains("astroshield_sign_ins_total{outcome=\"refused\"} 1")
    };
    server.until("/metrics", &own, refused);

    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_trace: Vec<&Value> = lines.iter().filter(|line| line["trace_id"] == TRACE_ID).collect();
    assert!(of_trace.iter().all(|line| line["request_id"] == "walk-1"), "{of_trace:#?}");
    let is_in = |line: &Value, stage: &str| {
        let spans = line["spans"].as_array().into_iter().flatten();
        spans.into_iter().any(|span| span["stage"] == stage || span["name"] == stage)
    };
    for stage in ["request", "screen", "notify", "deliver"] {
        assert!(of_trace.iter().any(|line| is_in(line, stage)), "{stage}: {log}");
    }
    for line in lines.iter().filter(|line| ["screen", "notify", "deliver"].iter().any(|of| is_in(line, of))) {
        assert!(line["trace_id"].is_string(), "{line}");
    }
}

/// A later release was here, and was taken back.
#[test]
fn events_of_a_later_release_are_counted_and_passed_over_and_what_comes_after_them_is_dealt_with() {
    let folder = folder();
    assert_eq!(run(folder.path(), "migrate").0, 0);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = SqliteStore::open(&folder.path().join("data/astroshield/astroshield.db")).await.unwrap();
        let status = FeedStatus { feed: "later".to_owned(), ..FeedStatus::default() };
        for topic in ["catalog", "conjunctions", "maneuvers"] {
            let event = later_event(&TenantId::local(), jiff::Timestamp::now(), topic);
            store.put_feed(&status, &event).await.unwrap();
        }
        store.close().await;
    });
    let server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    let own = [("cookie", cookie.as_str()), ("origin", server.address.as_str())];
    let (status, upload) = server.post_with("/api/v1/uploads?name=own.csv", &own, &two_objects());
    assert_eq!(status, 201, "{upload}");
    conjunctions(&server, &cookie);
    let counted = |status, metrics: &str| {
        status == 200
            && [("relay", 3), ("runs", 1), ("notify", 1)].iter().all(|(consumer, count)| {
                let metric = format!("astroshield_unknown_events_total{{consumer=\"{consumer}\"}} {count}\n");
                metrics.contains(&metric)
            })
    };
    server.until("/metrics", &own, counted);
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_later = lines.iter().filter(|line| line["kind"] == "object_maneuvered");
    assert_eq!(of_later.clone().count(), 5, "{log}");
    assert!(of_later.clone().all(|line| line["level"] == "WARN"), "{log}");
}
