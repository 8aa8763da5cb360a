//! A PostgreSQL that is restored to a point in time, and what is around it.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use astroshield_testkit::postgres::{database_on, unfenced};
use astroshield_testkit::servers::{Server as Outside, can_start};
use futures_util::TryStreamExt as _;
use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};

use crate::fleet::{Fleet, first_of, key_of, pair};
use crate::server::{PATIENCE, Server};

const ROLES: &str = "api,ingest,screen,notify,relay";

struct Client<'a> {
    server: &'a Server,
    authorization: String,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server, key: &str) -> Self {
        Self { server, authorization: format!("Bearer {key}") }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.server.get_with(path, &[("authorization", &self.authorization)]);
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    fn items(&self, path: &str) -> Vec<Value> {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        body["items"].as_array().unwrap().clone()
    }

    fn post(&self, path: &str, kind: &str, body: &str) -> Value {
        let headers = [("authorization", self.authorization.as_str()), ("content-type", kind)];
        let (status, made) = self.server.post_with(path, &headers, body);
        assert_eq!(status, 201, "{path}: {made}");
        serde_json::from_str(&made).unwrap()
    }

    /// Uploads a pair, and waits for an alert of each of its conjunctions. The identity of the upload.
    fn pair(&self, place: u32) -> String {
        let upload = self.post(&format!("/api/v1/uploads?name={place}.csv"), "text/csv", &pair(place));
        let began = Instant::now();
        while self.conjunctions_of(place) == 0 || self.alerts_of(place) != self.conjunctions_of(place) {
            assert!(began.elapsed() < PATIENCE, "no alerts of pair {place}");
            thread::sleep(Duration::from_millis(100));
        }
        upload["id"].as_str().unwrap().to_owned()
    }

    fn conjunctions_of(&self, place: u32) -> usize {
        self.found(place).len()
    }

    fn found(&self, place: u32) -> Vec<Value> {
        self.items(&format!("/api/v1/conjunctions?limit=100&object={}", first_of(place)))
    }

    fn alerts_of(&self, place: u32) -> usize {
        let found = self.found(place);
        let ids: Vec<&str> = found.iter().map(|one| one["id"].as_str().unwrap()).collect();
        let alerts = self.items("/api/v1/alerts?limit=200");
        alerts.iter().filter(|alert| ids.iter().any(|id| alert.to_string().contains(id))).count()
    }
}

fn report(fleet: &Fleet, arguments: &str) -> Value {
    let began = Instant::now();
    // The restored leases are those of a moment ago.
    let (status, report, problem) = loop {
        let told = fleet.run(&format!("reconcile --json {arguments}"));
        if !told.2.contains("the service is running") || began.elapsed() > PATIENCE {
            break told;
        }
        thread::sleep(Duration::from_millis(500));
    };
    assert_eq!(status, 0, "{report}{problem}");
    serde_json::from_str(&report).unwrap()
}

fn paths(list: &Value) -> Vec<String> {
    let path = |one: &Value| one["path"].as_str().or(one.as_str()).unwrap().to_owned();
    list.as_array().unwrap().iter().map(path).collect()
}

fn total(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn a_store_restored_to_a_point_in_time_is_reconciled_with_bus_blobs_and_cache() {
    // Before a server is started for nothing.
    if !can_start(&["kafka", "postgres"]) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let postgres = Outside::start_archiving_postgres();
    postgres.tell("backup");
    let database = runtime.block_on(database_on(&postgres.address));
    let more = "[screening]\nsettle = \"0s\"\ndays = 1\nthreads = 1\n";
    let Some(fleet) = Fleet::on(database.clone(), more) else { return };
    let blobs = fleet.blobs();

    let server = fleet.start(ROLES);
    let session = server.sign_in();
    let key = key_of(&server, &session);
    let client = Client::new(&server, &key);
    let rule = json!({ "name": "all", "severity": "critical", "relations": true }).to_string();
    client.post("/api/v1/rules", "application/json", &rule);
    let before = client.pair(0);
    let count = client.conjunctions_of(0);
    let before_path = path_of(&runtime, &database, &before);
    // What is still on its way is told before the moment; a second apart, as clocks go.
    thread::sleep(Duration::from_secs(1));
    let moment: String = runtime.block_on(async {
        let mut connection = unfenced(&database).await;
        sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&mut connection).await.unwrap()
    });
    thread::sleep(Duration::from_millis(500));

    let after = client.pair(1);
    let after_path = path_of(&runtime, &database, &after);
    let with_session = [("cookie", session.as_str())];
    assert_eq!(server.get_with("/api/v1/alerts", &with_session).0, 200);
    // Not beside a service that runs.
    let (status, _, problem) = fleet.run("reconcile --dry-run");
    assert!(status == 1 && problem.contains("the service is running"), "{status} {problem}");
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");

    // The file of the first upload is lost, too.
    runtime.block_on(blobs.delete(&before_path.as_str().into())).unwrap();
    let began = Instant::now();
    postgres.tell_with("restore", &[&moment]);
    eprintln!("restored to {moment} in {:?}", began.elapsed());

    let dry = report(&fleet, "--dry-run");
    assert_eq!((&dry["dry_run"], &dry["restores"]), (&json!(true), &json!(1)));
    let events = &dry["events"];
    let lost: BTreeMap<String, u64> = serde_json::from_value(events["lost"].clone()).unwrap();
    for topic in ["catalog", "uploads", "runs", "conjunctions", "alerts"] {
        assert!(lost.get(topic).is_some_and(|count| *count > 0), "{topic}: {lost:?}");
    }
    let (newest, on_bus) =
        (events["last_position"].as_i64().unwrap(), events["last_on_bus"].as_i64().unwrap());
    assert!(newest < on_bus && events["continue_after"].as_i64().unwrap() > on_bus, "{events}");
    for place in dry["bus"].as_array().unwrap() {
        assert!(place["committed"].as_i64() <= place["end"].as_i64(), "{place}");
    }
    assert_eq!(paths(&dry["blobs"]["missing"]).into_iter().filter(|path| *path != before_path).count(), 0);
    let unnamed = paths(&dry["blobs"]["unnamed"]);
    assert!(unnamed.contains(&after_path) && !unnamed.contains(&before_path), "{unnamed:?}");
    // Nothing has changed.
    assert_eq!(report(&fleet, "--dry-run")["events"], *events);

    let (status, told, problem) = fleet.run("reconcile");
    assert_eq!(status, 0, "{told}{problem}");
    let said = format!("{} on the bus are unknown to the store", total(&events["lost"]));
    assert!(told.contains(&said) && told.contains(&before_path), "{told}");

    // The service goes on from there.
    let server = fleet.start(ROLES);
    let client = Client::new(&server, &key);
    assert_eq!(server.get_with("/api/v1/alerts", &with_session).0, 401, "a session of before");
    assert_eq!((client.conjunctions_of(0), client.alerts_of(0)), (count, count));
    assert_eq!((client.conjunctions_of(1), client.get(&format!("/api/v1/uploads/{after}")).0), (0, 404));
    let (status, gone) = client.get(&format!("/api/v1/uploads/{before}/file"));
    assert!(status == 410 && gone["detail"].as_str().unwrap().contains("was lost"), "{status} {gone}");
    assert_eq!(client.get(&format!("/api/v1/uploads/{before}")).0, 200);
    // What comes now goes all the way, under positions of its own; what comes again is taken.
    client.pair(2);
    client.pair(1);
    assert_eq!((client.conjunctions_of(0), client.alerts_of(0)), (count, count));
    let (newest, doubled): (i64, i64) = runtime.block_on(async {
        let mut connection = unfenced(&database).await;
        let statement = "SELECT max(position), count(*) - count(DISTINCT position) FROM events";
        sqlx::query_as(statement).fetch_one(&mut connection).await.unwrap()
    });
    assert!(newest > on_bus && doubled == 0, "{newest}");
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");

    // What nothing speaks of stays until that is asked for, and its time has passed.
    let kept = report(&fleet, "--remove-unnamed");
    assert_eq!(kept["blobs"]["removed"], json!([]));
    assert!(paths(&kept["blobs"]["unnamed"]).contains(&after_path), "{kept}");
    runtime.block_on(blobs.head(&after_path.as_str().into())).unwrap();
    let removed = report(&fleet, "--remove-unnamed --older-than 0");
    assert!(paths(&removed["blobs"]["removed"]).contains(&after_path), "{removed}");
    let left: Vec<_> = runtime.block_on(blobs.list(None).try_collect()).unwrap();
    assert!(left.iter().all(|blob| blob.location.as_ref() != after_path));
    let named = left.iter().filter(|blob| blob.location.as_ref().contains("/uploads/")).count();
    assert_eq!(named, 2, "those of the second and third pair: {left:?}");
}

fn path_of(runtime: &tokio::runtime::Runtime, database: &str, upload: &str) -> String {
    runtime.block_on(async {
        let mut connection = unfenced(database).await;
        let statement = "SELECT blob FROM uploads WHERE id = $1::text::uuid";
        sqlx::query_scalar(statement).bind(upload).fetch_one(&mut connection).await.unwrap()
    })
}
