//! Start, answers, shutdown.

use std::fs;
use std::path::Path;

use astroshield_formats::{Message, Notation, Strictness, read_messages};
use serde_json::{Value, json};

use crate::server::{Server, astroshield, run};

/// Two objects that do not exist, on crossing circular orbits of one height, which meet at their nodes.
const TWO_OBJECTS: &str = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n\
TEST ONE,2056-001A,2026-01-01T00:00:00.000001,15,0,50,0,0,0,0,U,81001,999,1,0,0,0\n\
TEST TWO,2056-001B,2026-01-01T00:00:00.000001,15,0,130,0,0,0,0,U,81002,999,1,0,0,0\n";

/// A folder with a configuration that asks no feed and waits for nothing.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[feeds.celestrak-active]\nenabled = false\n[feeds.satcat]\nenabled = false\n[feeds.space-weather]\nenabled = false\n[feeds.earth-orientation]\nenabled = false\n\
                    [screening]\nsettle = \"0s\"\ndays = 1\n";
    fs::write(folder.path().join("astroshield.toml"), settings).unwrap();
    fs::write(folder.path().join("two.csv"), TWO_OBJECTS).unwrap();
    folder
}

/// Conjunctions of the two objects, once there are any.
pub(crate) fn conjunctions(server: &Server, cookie: &str) -> Vec<Value> {
    let has_some = |status, body: &str| status == 200 && body.contains("81001");
    let body = server.until("/api/v1/conjunctions", &[("cookie", cookie)], has_some);
    let body: Value = serde_json::from_str(&body).unwrap();
    let (_, rows) = body.as_object().unwrap().iter().find(|(_, value)| value.is_array()).unwrap();
    rows.as_array().unwrap().clone()
}

#[test]
fn an_idle_server_answers_health_refuses_strangers_and_ends_well() {
    let folder = folder();
    let server = Server::start(folder.path(), "");
    assert_eq!(server.get("/health/live"), (200, r#"{"status":"live"}"#.to_owned()));
    let (status, body) = server.get("/health/ready");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200, "{body}");
    for dependency in ["store", "blobs"] {
        assert_eq!(body["dependencies"][dependency]["status"], "ok", "{body}");
    }
    for path in ["/api/v1/conjunctions", "/api/v1/objects", "/api/v1/alerts", "/metrics"] {
        assert_eq!(server.get(path).0, 401, "{path}");
    }
    assert_eq!(body["catalog"], "none yet", "{body}");

    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
}

#[test]
fn metrics_answer_keys_and_sessions_under_the_servers_own_name_only() {
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    let own =
        [("cookie", cookie.as_str()), ("origin", &server.address), ("content-type", "application/json")];
    let (status, made) =
        server.post_with("/api/v1/api-keys", &own, r#"{"name":"prometheus","scope":"read"}"#);
    assert_eq!(status, 201, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    server.get("/health/live");
    for caller in [("cookie", cookie.as_str()), ("authorization", &bearer)] {
        let (status, metrics) = server.get_with("/metrics", &[caller]);
        assert_eq!(status, 200, "{metrics}");
        for metric in [
            "astroshield_process_memory_bytes ",
            "astroshield_consumer_lag_events{consumer=\"relay\"} ",
            "astroshield_http_connections ",
            "route=\"/health/live\",status=\"200\"} 1",
        ] {
            assert!(metrics.contains(metric), "{metric}: {metrics}");
        }
    }
    // The same for people to look at, of this process as it is.
    let (status, text) = server.get_with("/api/v1/operations", &[("cookie", &cookie)]);
    assert_eq!(status, 200, "{text}");
    let operations: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(operations["status"], "ready", "{text}");
    let dependencies = json!([
        { "name": "blobs", "needed": true, "problem": null },
        { "name": "store", "needed": true, "problem": null },
    ]);
    assert_eq!(operations["dependencies"], dependencies);
    let series = |name: &str, label: &str, value: &str| {
        let metrics = operations["metrics"].as_array().unwrap();
        let metric = metrics.iter().find(|metric| metric["name"] == name).unwrap();
        let mut series = metric["series"].as_array().unwrap().iter();
        series.find(|one| label.is_empty() || one["labels"][label] == value).unwrap().clone()
    };
    let live = series("astroshield_http_requests_total", "route", "/health/live");
    assert!(live["value"].as_f64().unwrap() >= 1.0, "{live}");
    assert!(series("astroshield_process_memory_bytes", "", "")["value"].as_f64().unwrap() > 1e6);
    let took = series("astroshield_http_request_seconds", "route", "/health/live");
    assert_eq!(took["count"].as_f64(), live["value"].as_f64(), "{took}");
    assert!(took["p50"].as_f64().unwrap() <= took["p99"].as_f64().unwrap(), "{took}");
    assert_eq!(server.get("/metrics").0, 401);
    assert_eq!(server.get_with("/metrics", &[("authorization", "Bearer ask_wrong")]).0, 401);
    // A page of a name that was pointed at this machine.
    let elsewhere = [("authorization", bearer.as_str()), ("host", "rebound.example.org")];
    let (status, problem) = server.get_with("/metrics", &elsewhere);
    assert_eq!(status, 421, "{problem}");
}

#[test]
fn a_conjunction_goes_out_as_a_message_that_we_read_ourselves() {
    let folder = folder();
    let server = Server::start(folder.path(), "--catalog two.csv");
    let cookie = server.sign_in();
    let found = conjunctions(&server, &cookie);
    let conjunction = &found[0];
    for (format, notation) in [("kvn", Notation::Kvn), ("xml", Notation::Xml), ("json", Notation::Json)] {
        let path =
            format!("/api/v1/conjunctions/{}/cdm?format={format}", conjunction["id"].as_str().unwrap());
        let (status, text) = server.get_with(&path, &[("cookie", &cookie)]);
        assert_eq!(status, 200, "{text}");
        let document = read_messages(text.as_bytes(), "export", Strictness::Strict).unwrap();
        assert_eq!((document.notation, document.problems.len()), (notation, 0), "{:?}", document.problems);
        let [Message::Cdm(cdm)] = document.messages.as_slice() else { panic!("{format}: no CDM") };
        let near = |a: f64, b: &Value| (a - b.as_f64().unwrap()).abs() < 1e-3;
        assert!(near(cdm.relative.miss_distance_m / 1e3, &conjunction["miss_distance_km"]), "{format}");
        let numbers = [&cdm.object1, &cdm.object2].map(|object| object.metadata.object_designator.clone());
        assert_eq!(numbers, ["81001", "81002"], "{format}");
    }
    assert_eq!(server.stop().0, 0);
}

#[test]
fn the_geometry_of_a_conjunction_is_that_of_its_list() {
    let folder = folder();
    let server = Server::start(folder.path(), "--catalog two.csv");
    let cookie = server.sign_in();
    let conjunction = conjunctions(&server, &cookie)[0].clone();
    let path = format!("/api/v1/conjunctions/{}/geometry", conjunction["id"].as_str().unwrap());
    let (status, text) = server.get_with(&path, &[("cookie", &cookie)]);
    assert_eq!(status, 200, "{text}");
    let geometry: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&geometry["tca"], &geometry["frame"]), (&conjunction["tca"], &json!("TEME")));
    for name in [
        "miss_distance_km",
        "miss_radial_km",
        "miss_in_track_km",
        "miss_cross_track_km",
        "relative_speed_km_s",
    ] {
        let [told, listed] = [&geometry, &conjunction].map(|row| row[name].as_f64().unwrap());
        assert!((told - listed).abs() < 1e-6, "{name}: {told} {listed}");
    }
    let three = |row: &Value| [0, 1, 2].map(|axis| row[axis].as_f64().unwrap());
    let [first, second] = [0, 1].map(|side| three(&geometry["objects"][side]["position_km"]));
    for (axis, relative) in three(&geometry["relative_position_km"]).into_iter().enumerate() {
        assert!((second[axis] - first[axis] - relative).abs() < 1e-9, "{text}");
    }
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_catalog_file_is_screened_and_its_conjunctions_are_there_after_a_restart() {
    let folder = folder();
    let server = Server::start(folder.path(), "--catalog two.csv");
    let cookie = server.sign_in();
    let before = conjunctions(&server, &cookie);
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");

    let server = Server::start(folder.path(), "--catalog two.csv");
    let cookie = server.sign_in();
    assert_eq!(conjunctions(&server, &cookie), before);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_link_signs_in_once_and_another_one_is_printed_on_request() {
    let folder = folder();
    let mut server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    assert_eq!(server.get_with("/api/v1/conjunctions", &[("cookie", &cookie)]).0, 200);
    assert_eq!(server.sign_in_with(&server.token), Err(401));
    server.signal("HUP");
    let (_, token) = server.link();
    let cookie = server.sign_in_with(&token).unwrap();
    assert_eq!(server.get_with("/api/v1/conjunctions", &[("cookie", &cookie)]).0, 200);
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let (status, _, problem) = run(folder.path(), "serve --listen 127.0.0.1:0");
    assert_eq!(status, 1);
    assert!(
        problem.contains(&format!("in use by another astroshield (process {})", server.id())),
        "{problem}"
    );
    assert_eq!(server.get("/health/ready").0, 200);
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (status, _, problem) = run(folder.path(), &format!("serve --listen {address}"));
    assert_eq!(status, 1);
    assert!(problem.contains(&format!("{address} (server.listen): Address already in use")), "{problem}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_its_setting() {
    let folder = folder();
    fs::write(folder.path().join("file"), "").unwrap();
    // A folder inside a file, and one in a file system that takes no writes even from root.
    for (data, reason) in
        [("file/data", "Not a directory"), ("/proc/astroshield", "No such file or directory")]
    {
        let (status, _, problem) = run(folder.path(), &format!("serve --listen 127.0.0.1:0 --data {data}"));
        assert_eq!(status, 1);
        assert!(
            problem.contains(&format!("{data}: data cannot be kept here (data.folder): {reason}")),
            "{problem}"
        );
    }
}

#[test]
fn without_a_feed_that_answers_the_demo_is_shown_apart_and_labeled() {
    let folder = folder();
    let settings = "[feeds.celestrak-active]\nurl = \"http://127.0.0.1:9/catalog.csv\"\n\
                    [feeds.satcat]\nenabled = false\n[feeds.space-weather]\nenabled = false\n[feeds.earth-orientation]\nenabled = false\n[demo]\nobjects = 500\n[screening]\nsettle = \"0s\"\ndays = 0.1\n";
    fs::write(folder.path().join("astroshield.toml"), settings).unwrap();
    let server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    let has_demo = |status, body: &str| status == 200 && body.contains("DEMO-");
    server.until("/api/v1/objects", &[("cookie", &cookie)], has_demo);
    let (status, body) = server.get_with("/api/v1/feeds", &[("cookie", &cookie)]);
    assert!(status == 200 && body.contains("\"demo\""), "{body}");
    let data = |name: &str| folder.path().join("data/astroshield").join(name);
    assert!(data("demo/astroshield.db").exists());
    assert_eq!(server.stop().0, 0);
}

#[test]
fn doctor_finds_nothing_beside_a_running_server_and_says_what_to_do_about_a_wrong_setting() {
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let (status, report, _) = run(folder.path(), "doctor");
    assert_eq!(status, 0, "{report}");
    assert!(report.contains(&format!("ok       server: running as process {}", server.id())), "{report}");
    assert!(report.contains("ok       store: "), "{report}");

    fs::write(folder.path().join("astroshield.toml"), "[screening]\ndays = 0\n").unwrap();
    let (status, report, _) = run(folder.path(), "doctor");
    assert_eq!(status, 1);
    let expected = "problem  configuration: astroshield.toml:2: screening.days: 0: 0.01 to 30 are due\n";
    assert_eq!(report, expected);
}

fn migrate(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = astroshield(folder).arg("migrate").args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn migrate_says_what_there_is_to_do_and_does_it() {
    let folder = folder();
    let (status, text) = migrate(folder.path(), &["--check"]);
    assert_eq!(status, 1, "{text}");
    let (status, text) = migrate(folder.path(), &[]);
    assert_eq!(status, 0, "{text}");
    let (status, text) = migrate(folder.path(), &["--check"]);
    assert_eq!((status, text.contains("nothing to do")), (0, true), "{text}");
}
