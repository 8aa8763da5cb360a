//! What a crash between a write and its answer leaves, a retry under the same key finds.

use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use astroshield_domain::alert::{AlertChange, AlertChanges};
use astroshield_domain::event::{Payload, Topic};
use astroshield_domain::ids::{AlertId, TenantId};
use astroshield_testkit::entities::alert;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api_v1_backups::ended;
use crate::service::{Answer, Client, Service, not_to_be_read};

const TLE: &str = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927\n\
                   2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537\n";

/// Sends a request three times: twice without an answer that is kept, and once more when answers are kept again.
async fn thrice(service: &Service, send: impl AsyncFn(Client) -> Answer) -> [Value; 3] {
    let key = AlertId::at(Timestamp::now()).to_string();
    let keyed = service.client(Scope::Admin).await.with("idempotency-key", &key);
    service.lose_answers().await;
    let first = send(keyed.clone()).await;
    let second = send(keyed.clone()).await;
    service.keep_answers().await;
    let third = send(keyed.clone()).await;
    let replayed = send(keyed).await;
    for answer in [&first, &second, &third, &replayed] {
        assert!(answer.status.is_success(), "{}", answer.text());
        assert_eq!(answer.status, first.status);
    }
    assert_eq!(second.header("idempotency-replayed"), "");
    assert_eq!(replayed.header("idempotency-replayed"), "true");
    let body = |answer: Answer| if answer.status == 204 { Value::Null } else { answer.json() };
    [body(first), body(second), body(third)]
}

async fn listed(service: &Service, path: &str) -> Vec<Value> {
    let list = service.client(Scope::Admin).await.get(path).await.json();
    list["items"].as_array().unwrap().clone()
}

async fn audited(service: &Service, action: &str) -> usize {
    let lines = listed(service, "/api/v1/audit").await;
    lines.iter().filter(|line| line["action"] == action).count()
}

#[tokio::test]
async fn a_key_that_is_not_printable_is_refused_and_nothing_is_made() {
    let service = Service::start().await;
    let list = json!({ "name": "mine", "objects": [{ "catalog_number": 25544 }] });
    for key in ["a\tb", &"k".repeat(256)] {
        let client = service.client(Scope::Admin).await.with("idempotency-key", key);
        let answer = client.post("/api/v1/watch-lists", &list).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!("Idempotency-Key")));
    }
    assert!(listed(&service, "/api/v1/watch-lists").await.is_empty());
}

#[tokio::test]
async fn an_address_without_the_method_says_so_whatever_the_key() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await;
    let used = client.with("idempotency-key", "used");
    assert_eq!(used.post("/api/v1/watch-lists", &json!({ "name": "mine", "objects": [] })).await.status, 201);
    let document = serde_json::to_value(astroshield_api::openapi()).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", &AlertId::at(Timestamp::now()).to_string());
        let taken = |method: &str| item.get(method.to_lowercase()).is_some();
        for method in ["PUT", "POST", "DELETE", "PATCH", "TRACE"].into_iter().filter(|method| !taken(method))
        {
            for keyed in [&used, &client.with("idempotency-key", "a\tb")] {
                let answer = keyed.send(method, &address, "{}").await;
                answer.expect_problem(405, None);
                let allowed: Vec<&str> = answer.header("allow").split(',').collect();
                for other in ["GET", "PUT", "POST", "DELETE"] {
                    assert_eq!(allowed.contains(&other), taken(other), "{method} {path}: {allowed:?}");
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
}

#[tokio::test]
async fn every_write_of_a_caller_is_documented_to_take_a_key_and_takes_it() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await;
    let used = client.with("idempotency-key", "used");
    assert_eq!(used.post("/api/v1/watch-lists", &json!({ "name": "mine", "objects": [] })).await.status, 201);
    let document = serde_json::to_value(astroshield_api::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", &AlertId::at(Timestamp::now()).to_string());
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let documented = parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key");
            let is_open = operation.get("security").is_some() || path.contains("/session/invitations/");
            assert_eq!(documented, method != "get" && !is_open, "{method} {path}");
            if documented {
                let answer = used.send(&method.to_uppercase(), &address, "{}").await;
                answer.expect_problem(422, Some("Idempotency-Key"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_two_processes_get_at_once_is_done_by_one_of_them() {
    let service = Service::start().await;
    let other = service.beside(ApiSettings::default());
    let key = service.key_of("local", Scope::Admin).await;
    let of = |service: &Service| service.stranger().with("authorization", &format!("Bearer {key}"));
    let (one, two) = (of(&service), of(&other));
    for round in 0..40 {
        let name = format!("round-{round}");
        let body = json!({ "name": name, "scope": "read" });
        let (one, two) = (one.with("idempotency-key", &name), two.with("idempotency-key", &name));
        let answers = tokio::join!(one.post("/api/v1/api-keys", &body), two.post("/api/v1/api-keys", &body));
        let mut shown = Vec::new();
        for answer in [answers.0, answers.1] {
            if answer.status != 201 {
                answer.expect_problem(409, None);
            } else if let Some(key) = answer.json()["key"].as_str() {
                shown.push(key.to_owned());
            }
        }
        assert_eq!(shown.len(), 1, "one is told a key");
        let made = service.stranger().with("authorization", &format!("Bearer {}", shown[0]));
        assert_eq!(made.get("/api/v1/runs").await.status, 200, "and it is the one that works");
    }
    // It is given back at the end.
    let again = two.with("idempotency-key", "round-0");
    let answer = again.post("/api/v1/api-keys", &json!({ "name": "round-0", "scope": "read" })).await;
    assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (201, "true"));
}

#[tokio::test]
async fn who_may_only_read_is_refused_under_a_key_as_without_and_learns_no_answer_of_others() {
    let service = Service::start().await;
    let body = json!({ "name": "mine", "objects": [] });
    let path = "/api/v1/watch-lists";
    let writer = service.client(Scope::Write).await.with("idempotency-key", "k");
    assert_eq!(writer.post(path, &body).await.status, 201);
    let reader = service.client(Scope::Read).await;
    reader.with("idempotency-key", "k").post(path, &body).await.expect_problem(403, None);
    let unread = reader.with("idempotency-key", "other").with("content-type", "application/json");
    unread.send("POST", path, not_to_be_read()).await.expect_problem(403, None);
}

#[tokio::test]
async fn a_retry_finds_what_was_made_before_the_crash() {
    let service = Service::start().await;
    let list = json!({ "name": "mine", "objects": [{ "catalog_number": 25544 }] });
    let rule = json!({ "name": "close", "max_miss_distance_km": 1.0, "severity": "critical" });
    for (path, body, action) in [
        ("/api/v1/watch-lists", list, "watch_list.create"),
        ("/api/v1/rules", rule, "rule.create"),
        (
            "/api/v1/webhooks",
            json!({ "name": "ops", "url": "https://hooks.example.org/x" }),
            "webhook.create",
        ),
    ] {
        let [first, second, third] = thrice(&service, async |client| client.post(path, &body).await).await;
        assert_eq!((&second, &third), (&first, &first), "{path}");
        let rows = listed(&service, path).await;
        assert_eq!(rows.len(), 1, "{path}: {rows:?}");
        assert_eq!(rows[0]["id"], first["id"]);
        assert_eq!(audited(&service, action).await, 1, "{path}");
    }
}

#[tokio::test]
async fn a_retry_gives_what_others_have_changed_since_as_it_is() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let keyed = client.with("idempotency-key", "k");
    let body = json!({ "name": "mine", "objects": [] });
    service.lose_answers().await;
    let made = keyed.post("/api/v1/watch-lists", &body).await.json();
    let path = format!("/api/v1/watch-lists/{}", made["id"].as_str().unwrap());
    assert_eq!(client.put(&path, &json!({ "name": "ours", "objects": [] })).await.status, 200);
    let again = keyed.post("/api/v1/watch-lists", &body).await;
    assert_eq!((again.status.as_u16(), &again.json()["name"]), (201, &json!("ours")), "{}", again.text());
    assert_eq!(client.get(&path).await.json()["name"], "ours");
}

#[tokio::test]
async fn a_retried_key_works_and_the_one_that_nobody_was_told_does_not() {
    let service = Service::start().await;
    let body = json!({ "name": "script", "scope": "read" });
    let [first, second, third] =
        thrice(&service, async |client| client.post("/api/v1/api-keys", &body).await).await;
    assert_eq!((&second["id"], &third["id"]), (&first["id"], &first["id"]));
    let rows = listed(&service, "/api/v1/api-keys").await;
    assert_eq!(rows.iter().filter(|row| row["id"] == first["id"]).count(), 1);
    let asked = async |key: &Value| {
        let client = service.stranger().with("authorization", &format!("Bearer {}", key.as_str().unwrap()));
        client.get("/api/v1/runs").await.status.as_u16()
    };
    assert_eq!((asked(&third["key"]).await, asked(&first["key"]).await), (200, 401));
}

#[tokio::test]
async fn a_retried_rotation_of_a_secret_keeps_the_one_that_the_receiver_has() {
    let service = Service::start().await;
    let hook = json!({ "name": "ops", "url": "https://hooks.example.org/x" });
    let made = service.client(Scope::Write).await.post("/api/v1/webhooks", &hook).await.json();
    let path = format!("/api/v1/webhooks/{}/secret", made["id"].as_str().unwrap());
    let [_, _, third] = thrice(&service, async |client| client.post(&path, &json!({})).await).await;
    let stored = service.store.webhooks(&TenantId::local()).await.unwrap().remove(0);
    assert_eq!(stored.secret, third["secret"].as_str().unwrap());
    assert_eq!(stored.retired.unwrap().secret, made["secret"].as_str().unwrap());
}

#[tokio::test]
async fn a_retried_upload_is_the_upload_that_was_stored() {
    let service = Service::start().await;
    let send = async |client: Client| client.send("POST", "/api/v1/uploads?name=iss.tle", TLE).await;
    let [first, second, third] = thrice(&service, send).await;
    assert_eq!((&second, &third), (&first, &first));
    assert_eq!(listed(&service, "/api/v1/uploads").await.len(), 1);
    assert_eq!(listed(&service, "/api/v1/objects/25544/element-sets").await.len(), 1);
    let events = service.store.sequence_events(100).await.unwrap();
    let stored = events.iter().filter(|one| matches!(one.event.payload, Payload::UploadStored { .. }));
    assert_eq!(stored.count(), 1);
}

#[tokio::test]
async fn a_retried_action_on_an_alert_is_done_once() {
    let service = Service::start().await;
    let now = astroshield_domain::time::to_microsecond(Timestamp::now());
    let alert = alert(&TenantId::local(), "celestrak", now);
    let changes =
        AlertChanges { alerts: vec![(alert.clone(), AlertChange::Opened)], ..AlertChanges::default() };
    service.store.change_alerts(&TenantId::local(), &changes, None, now).await.unwrap();
    let path = format!("/api/v1/alerts/{}/acknowledge", alert.id);
    let [first, second, third] =
        thrice(&service, async |client: Client| client.send("POST", &path, "").await).await;
    assert_eq!(first["state"], "acknowledged");
    assert_eq!((&second, &third), (&first, &first));
    let events = service.store.sequence_events(100).await.unwrap();
    let changed = events.iter().filter(|one| one.event.is_of(&[Topic::Alerts]));
    assert_eq!(changed.count(), 2, "opened, and acknowledged once");
    // Another request of the same kind is refused as ever.
    let other = service.client(Scope::Write).await.with("idempotency-key", "another");
    other.send("POST", &path, "").await.expect_problem(409, None);
}

#[tokio::test]
async fn a_retried_note_is_written_once() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 1).await;
    let list = service.client(Scope::Read).await.get("/api/v1/conjunctions").await.json();
    let path = format!("/api/v1/conjunctions/{}/notes", list["items"][0]["id"].as_str().unwrap());
    service.relay().await;
    let body = json!({ "kind": "decided", "decision": "maneuver" });
    let [first, second, third] =
        thrice(&service, async |client: Client| client.post(&path, &body).await).await;
    assert_eq!((&second, &third), (&first, &first));
    assert_eq!(listed(&service, &path).await, [first]);
    assert_eq!(service.store.sequence_events(100).await.unwrap().len(), 1);
    assert_eq!(audited(&service, "conjunction.decide").await, 1);
}

/// Makes one thing of each kind that can be removed: its path, and what removing it is called in the audit log.
async fn removable(service: &Service) -> Vec<(String, &'static str)> {
    let client = service.client(Scope::Admin).await;
    let mut made = Vec::new();
    for (path, body, action) in [
        ("/api/v1/watch-lists", json!({ "name": "mine", "objects": [] }), "watch_list.remove"),
        ("/api/v1/rules", json!({ "name": "close", "severity": "info" }), "rule.remove"),
        (
            "/api/v1/webhooks",
            json!({ "name": "ops", "url": "https://hooks.example.org/x" }),
            "webhook.remove",
        ),
        ("/api/v1/api-keys", json!({ "name": "script", "scope": "read" }), "api_key.revoke"),
    ] {
        let answer = client.post(path, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        made.push((format!("{path}/{}", answer.json()["id"].as_str().unwrap()), action));
    }
    let backup = client.post("/api/v1/backups", &json!({ "recipients": ["age1a"] })).await.json();
    assert_eq!(ended(&client, &backup).await["state"], "completed");
    made.push((format!("/api/v1/backups/{}", backup["id"].as_str().unwrap()), "backup.remove"));
    made
}

#[tokio::test]
async fn a_retried_removal_is_answered_as_the_first_and_done_once() {
    let service = Service::start().await;
    for (path, action) in removable(&service).await {
        thrice(&service, async |client| client.delete(&path).await).await;
        assert_eq!(audited(&service, action).await, 1, "{path}");
    }
}

#[tokio::test]
async fn what_was_never_there_is_not_removed_by_asking_twice() {
    let service = Service::start().await;
    let keyed = service.client(Scope::Admin).await.with("idempotency-key", "k");
    let path = format!("/api/v1/watch-lists/{}", AlertId::at(Timestamp::now()));
    for _ in 0..3 {
        keyed.delete(&path).await.expect_problem(404, None);
    }
}

#[tokio::test]
async fn a_removal_that_was_refused_may_be_sent_again() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await;
    let list = client.post("/api/v1/watch-lists", &json!({ "name": "mine", "objects": [] })).await.json();
    let rule = json!({ "name": "close", "severity": "info", "watch_list": list["id"] });
    let rule = client.post("/api/v1/rules", &rule).await.json();
    let keyed = client.with("idempotency-key", "k");
    let path = format!("/api/v1/watch-lists/{}", list["id"].as_str().unwrap());
    keyed.delete(&path).await.expect_problem(409, None);
    let of_rule = format!("/api/v1/rules/{}", rule["id"].as_str().unwrap());
    assert_eq!(client.delete(&of_rule).await.status, 204);
    assert_eq!(keyed.delete(&path).await.status, 204);
}

#[tokio::test]
async fn a_replacement_that_is_sent_again_does_not_undo_what_others_did_since() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await;
    let body = |name: &str| json!({ "name": name, "objects": [] });
    let list = client.post("/api/v1/watch-lists", &body("mine")).await.json();
    let path = format!("/api/v1/watch-lists/{}", list["id"].as_str().unwrap());
    let keyed = client.with("idempotency-key", "k");
    let first = keyed.put(&path, &body("ours")).await;
    assert_eq!((first.status.as_u16(), &first.json()["name"]), (200, &json!("ours")));
    assert_eq!(client.put(&path, &body("theirs")).await.status, 200);
    let again = keyed.put(&path, &body("ours")).await;
    assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, "true"));
    assert_eq!(client.get(&path).await.json()["name"], "theirs");
    keyed.delete(&path).await.expect_problem(422, Some("Idempotency-Key"));
    keyed.put(&path, &body("others")).await.expect_problem(422, Some("Idempotency-Key"));
}
