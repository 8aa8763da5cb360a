use std::collections::BTreeSet;
use std::time::Duration;

use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::feeds::{FeedKind, FeedSettings};
use astroshield_domain::ids::TenantId;
use astroshield_testkit::entities::feed_event;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::service::Service;

/// Method and path of every operation, with identities that nothing has in the place of parameters.
fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(astroshield_api::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let nobody = "018f3c2e-8a54-7c1b-9d37-2b605e8fa911";
        let path = path.replace("{id}", nobody).replace("{cdm}", nobody).replace("{number}", "999999998");
        assert!(!path.contains('{'), "{path}");
        for method in item.as_object().unwrap().keys() {
            operations.push((method.to_uppercase(), path.clone()));
        }
    }
    operations
}

#[tokio::test]
async fn nothing_answers_a_stranger_but_the_way_to_sign_in() {
    let service = Service::start().await;
    let stranger = service.stranger();
    let mut asked = 0;
    for (method, path) in operations() {
        let answer = stranger.with("content-type", "application/json").send(&method, &path, "{}").await;
        if (method.as_str(), path.as_str()) == ("POST", "/api/v1/session") {
            answer.expect_problem(422, None);
        } else {
            answer.expect_problem(401, None);
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
        }
        asked += 1;
    }
    assert!(asked > 40, "{asked}");
    for path in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/openapi.json", "/api/v1/docs"] {
        let status = stranger.get(path).await.status.as_u16();
        assert!([401, 404].contains(&status), "{path}: {status}");
    }
    stranger.get("/api/v1/nothing").await.expect_problem(401, None);
}

#[tokio::test]
async fn keys_that_are_wrong_let_nobody_in() {
    let service = Service::start().await;
    let good = service.key_of("local", Scope::Read).await;
    for key in ["", "Bearer", "Bearer ask_x", "Basic ask_x", &good, &format!("Bearer {good}x")] {
        service.stranger().with("authorization", key).get("/api/v1/runs").await.expect_problem(401, None);
    }
    let upper = service.stranger().with("authorization", &format!("bearer {good}"));
    assert_eq!(upper.get("/api/v1/runs").await.status, 200);
}

#[tokio::test]
async fn every_operation_answers_an_administrator_with_no_fault_of_ours() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await;
    for (method, path) in operations() {
        // What ends the session, and the platform's own organization, has tests of its own.
        if path.ends_with("/session") {
            continue;
        }
        for body in ["{}", "", "[]", "{\"name\":7}", "\u{fffd}"] {
            let answer = client.with("content-type", "application/json").send(&method, &path, body).await;
            assert!(answer.status.as_u16() < 500, "{method} {path} {body}: {}", answer.text());
            if answer.status.as_u16() >= 400 {
                answer.expect_problem(answer.status.as_u16(), answer.json()["field"].as_str());
            }
        }
    }
}

#[tokio::test]
async fn a_reader_may_write_nothing_and_a_writer_may_not_make_keys() {
    let service = Service::start().await;
    let (reader, writer) = (service.client(Scope::Read).await, service.client(Scope::Write).await);
    let mut refused = BTreeSet::new();
    for (method, path) in operations() {
        if method != "GET" && !path.contains("/session") {
            let reader = reader.with("content-type", "application/json");
            reader.send(&method, &path, "{}").await.expect_problem(403, None);
            refused.insert(path);
        }
    }
    assert!(refused.len() > 10, "{refused:?}");
    for (method, path) in
        [("GET", "/api/v1/api-keys"), ("POST", "/api/v1/api-keys"), ("GET", "/api/v1/audit")]
    {
        let writer = writer.with("content-type", "application/json");
        writer.send(method, path, "{}").await.expect_problem(403, None);
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_taken_are_problems() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await;
    for path in ["/nothing", "/api/v1/nothing", "/api/v2/runs", "/assets/nothing.js", "/assets/../Cargo.toml"]
    {
        client.get(path).await.expect_problem(404, None);
    }
    let answer = client.delete("/api/v1/conjunctions").await;
    answer.expect_problem(405, None);
    assert!(answer.header("allow").contains("GET"), "{}", answer.header("allow"));
    client.get("/api/v1/runs/7").await.expect_problem(400, Some("id"));
    client.get("/api/v1/objects/25544x").await.expect_problem(400, Some("id"));
    client.get("/api/v1/runs?limit=0").await.expect_problem(400, Some("limit"));
    client.get("/api/v1/runs?limit=x").await.expect_problem(400, Some("limit"));
    client.get("/api/v1/runs?cursor=x").await.expect_problem(400, Some("cursor"));
    let unknown = client.get("/api/v1/runs?limt=1").await.expect_problem(400, Some("limt"));
    assert!(unknown["detail"].as_str().unwrap().contains("unknown field"), "{unknown}");
}

#[tokio::test]
async fn bodies_that_cannot_be_taken_are_refused() {
    let service = Service::with(ApiSettings { body_limit_bytes: 1_000, ..ApiSettings::default() }, 64).await;
    let client = service.client(Scope::Admin).await;
    let path = "/api/v1/watch-lists";
    client.send("POST", path, "{}").await.expect_problem(415, Some("Content-Type"));
    let json = client.with("content-type", "application/json");
    json.send("POST", path, "{\"name\":").await.expect_problem(400, Some("name"));
    json.send("POST", path, "{\"name\":7,\"objects\":[]}").await.expect_problem(422, Some("name"));
    json.send("POST", path, "{\"objects\":[]}").await.expect_problem(422, None);
    json.send("POST", path, " ".repeat(1_001)).await.expect_problem(413, None);
    let gzip = json.with("content-encoding", "gzip");
    gzip.send("POST", path, "x").await.expect_problem(415, Some("Content-Encoding"));
    let deep = "[".repeat(900);
    json.send("POST", path, deep).await.expect_problem(422, None);
}

#[tokio::test]
async fn a_name_that_is_not_ours_is_refused() {
    let allowed_hosts = Some(vec!["127.0.0.1:8080".to_owned()]);
    let service = Service::with(ApiSettings { allowed_hosts, ..ApiSettings::default() }, 64).await;
    for path in ["/", "/signin", "/api/v1/runs"] {
        // The name of the tests is another one.
        service.stranger().get(path).await.expect_problem(421, None);
    }
}

#[tokio::test]
async fn an_answer_that_did_not_change_is_not_sent_again() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    for path in ["/api/v1/conjunctions", "/api/v1/feeds", "/api/v1/openapi.json", "/assets/style.css"] {
        let first = client.get(path).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"'), "{path}: {etag}");
        assert!(first.header("cache-control").contains("no-cache"));
        let again = client.with("if-none-match", &etag).get(path).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), etag);
        let other = client.with("if-none-match", "\"other\"").get(path).await;
        assert_eq!(other.status, 200);
    }
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_take_it() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    let plain = client.get("/api/v1/openapi.json").await;
    assert_eq!(plain.header("content-encoding"), "");
    let packed = client.with("accept-encoding", "gzip").get("/api/v1/openapi.json").await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.len() * 4 < plain.body.len());
    assert_eq!(packed.header("etag"), format!("W/{}", plain.header("etag")));
    let again = client.with("accept-encoding", "gzip").with("if-none-match", packed.header("etag"));
    assert_eq!(again.get("/api/v1/openapi.json").await.status, 304);
}

#[tokio::test]
async fn the_request_id_is_the_callers_or_a_new_one() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    assert_eq!(
        client.with("x-request-id", "mine-1").get("/api/v1/runs").await.header("x-request-id"),
        "mine-1"
    );
    let [a, b] = [client.get("/api/v1/runs").await, client.get("/api/v1/runs").await];
    assert_ne!(a.header("x-request-id"), b.header("x-request-id"));
    let problem =
        client.with("x-request-id", "mine-2").get("/api/v1/nothing").await.expect_problem(404, None);
    assert_eq!(problem["request_id"], "mine-2");
}

#[tokio::test]
async fn a_write_under_an_idempotency_key_is_done_once() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let keyed = client.with("idempotency-key", "k-1");
    let body = json!({ "name": "mine", "objects": [{ "catalog_number": 25544 }] });
    let first = keyed.post("/api/v1/watch-lists", &body).await;
    assert_eq!(first.status, 201);
    let again = keyed.post("/api/v1/watch-lists", &body).await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = json!({ "name": "other", "objects": [] });
    keyed.post("/api/v1/watch-lists", &other).await.expect_problem(422, Some("Idempotency-Key"));
    let lists = client.get("/api/v1/watch-lists").await.json();
    assert_eq!(lists["items"].as_array().unwrap().len(), 1, "{lists}");

    let refused = client.with("idempotency-key", "k-2");
    refused.post("/api/v1/watch-lists", &json!({})).await.expect_problem(422, None);
    assert_eq!(
        refused.post("/api/v1/watch-lists", &other).await.status,
        201,
        "a refused request may be mended"
    );
}

#[tokio::test]
async fn two_requests_of_one_idempotency_key_at_once_are_done_once() {
    let service = Service::start().await;
    let keyed = service.client(Scope::Write).await.with("idempotency-key", "k");
    let body = json!({ "name": "mine", "objects": [] });
    let requests = (0..8).map(|_| {
        let (keyed, body) = (keyed.clone(), body.clone());
        tokio::spawn(async move { keyed.post("/api/v1/watch-lists", &body).await.status.as_u16() })
    });
    let requests: Vec<_> = requests.collect();
    for request in requests {
        assert!([201, 409].contains(&request.await.unwrap()));
    }
    let lists = service.client(Scope::Read).await.get("/api/v1/watch-lists").await.json();
    assert_eq!(lists["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_is_not_kept_with_the_answer() {
    let service = Service::start().await;
    let keyed = service.client(Scope::Admin).await.with("idempotency-key", "k");
    let body = json!({ "name": "program", "scope": "read" });
    let first = keyed.post("/api/v1/api-keys", &body).await.json();
    assert!(first["key"].as_str().unwrap().starts_with("ask_"));
    let again = keyed.post("/api/v1/api-keys", &body).await.json();
    assert_eq!(again["key"], Value::Null);
    assert_eq!(again["id"], first["id"]);
}

#[tokio::test]
async fn feeds_say_whether_they_are_stale_and_hide_those_of_others() {
    let feed = |name: &str, tenant: TenantId| FeedSettings {
        name: name.to_owned(),
        kind: FeedKind::Satcat,
        url: "https://user:secret@example.org".to_owned(),
        interval: Duration::from_secs(3_600),
        stale_after: Duration::from_secs(7_200),
        space_track: None,
        tenant,
    };
    let public = ["fresh", "old", "unasked"].map(|name| feed(name, TenantId::public()));
    let theirs = feed("theirs", TenantId::new("other").unwrap());
    let feeds = public.into_iter().chain([theirs]).collect();
    let service = Service::with(ApiSettings { feeds, ..ApiSettings::default() }, 64).await;
    let now = Timestamp::now();
    for (name, hours) in [("fresh", 1), ("old", 3), ("theirs", 1), ("gone", 1)] {
        let confirmed = Some(now - SignedDuration::from_hours(hours));
        let status =
            FeedStatus { feed: name.to_owned(), asked: confirmed, confirmed, ..FeedStatus::default() };
        service.store.put_feed(&status, &feed_event(&TenantId::public(), now, name)).await.unwrap();
    }
    let answer = service.client(Scope::Read).await.get("/api/v1/feeds").await;
    assert!(!answer.text().contains("secret"));
    let items = answer.json()["items"].clone();
    let told = |item: &Value| (item["name"].clone(), item["kind"].clone(), item["stale"].clone());
    let told: Vec<_> = items.as_array().unwrap().iter().map(told).collect();
    let satcat = || json!("satcat");
    assert_eq!(
        told,
        [
            (json!("fresh"), satcat(), json!(false)),
            (json!("gone"), json!(null), json!(false)),
            (json!("old"), satcat(), json!(true)),
            (json!("unasked"), satcat(), json!(true)),
        ]
    );
    assert_eq!(
        (items[0]["interval_s"].clone(), items[0]["stale_after_s"].clone()),
        (json!(3_600), json!(7_200))
    );
}
