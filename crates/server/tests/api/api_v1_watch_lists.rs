use std::time::Duration;

use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use serde_json::{Value, json};

use crate::service::Service;

#[tokio::test]
async fn a_watch_list_is_made_replaced_and_removed() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let object = json!({ "catalog_number": 25544, "hard_body_radius_m": 50.0, "maneuverable": true });
    let made = client.post("/api/v1/watch-lists", &json!({ "name": "mine", "objects": [object] })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let path = format!("/api/v1/watch-lists/{}", made["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.json(), made);
    assert_eq!(made["objects"][0]["maneuverable"], true);
    let objects = json!([{ "catalog_number": 5 }, { "catalog_number": 7, "maneuverable": false }]);
    client.put(&path, &json!({ "name": "mine", "objects": objects })).await;
    let objects = client.get(&path).await.json()["objects"].clone();
    assert_eq!((&objects[0]["maneuverable"], &objects[1]["maneuverable"]), (&json!(null), &json!(false)));
    let replaced = client.put(&path, &json!({ "name": "ours", "objects": [] })).await.json();
    assert_eq!((&replaced["id"], &replaced["name"]), (&made["id"], &json!("ours")));
    assert_eq!(client.delete(&path).await.status, 204);
    client.get(&path).await.expect_problem(404, None);
    client.delete(&path).await.expect_problem(404, None);
}

#[tokio::test]
async fn a_list_that_a_rule_speaks_of_stays() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let list = client.post("/api/v1/watch-lists", &json!({ "name": "mine", "objects": [] })).await.json();
    let rule = json!({ "name": "close", "watch_list": list["id"], "max_miss_distance_km": 1.0, "severity": "critical" });
    let rule = client.post("/api/v1/rules", &rule).await;
    assert_eq!(rule.status, 201, "{}", rule.text());
    let rule = rule.json();
    assert_eq!(rule["enabled"], true);
    let path = format!("/api/v1/watch-lists/{}", list["id"].as_str().unwrap());
    client.delete(&path).await.expect_problem(409, None);
    assert_eq!(client.delete(&format!("/api/v1/rules/{}", rule["id"].as_str().unwrap())).await.status, 204);
    assert_eq!(client.delete(&path).await.status, 204);
}

#[tokio::test]
async fn a_rule_about_what_is_not_there_is_refused() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let none = "018f3c2e-8a54-7c1b-9d37-2b605e8fa911";
    let rule = json!({ "name": "x", "severity": "info", "watch_list": none });
    client.post("/api/v1/rules", &rule).await.expect_problem(422, Some("watch_list"));
    let rule =
        json!({ "name": "x", "severity": "info", "channels": [{ "kind": "webhook", "webhook": none }] });
    client.post("/api/v1/rules", &rule).await.expect_problem(422, Some("channels[0].webhook"));
    let rule = json!({ "name": "x", "severity": "info", "min_probability": 1.5 });
    client.post("/api/v1/rules", &rule).await.expect_problem(422, Some("min_probability"));
}

#[tokio::test]
async fn another_tenants_list_is_not_there() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let list = client.post("/api/v1/watch-lists", &json!({ "name": "mine", "objects": [] })).await.json();
    let path = format!("/api/v1/watch-lists/{}", list["id"].as_str().unwrap());
    let other = service.key_of("other", Scope::Admin).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    other.get(&path).await.expect_problem(404, None);
    other.put(&path, &json!({ "name": "theirs", "objects": [] })).await.expect_problem(404, None);
    other.delete(&path).await.expect_problem(404, None);
    assert_eq!(client.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_caller_hangs_up_counts_for_every_answer_or_for_none() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    service.conclude_run(&TenantId::public(), 16).await;
    let empty = json!({ "name": "mine", "objects": [] });
    let made = client.post("/api/v1/watch-lists", &empty).await.json();
    let id = made["id"].as_str().unwrap();
    let (list, conjunctions) =
        (format!("/api/v1/watch-lists/{id}"), format!("/api/v1/conjunctions?watch_list={id}"));
    let count = |rows: &Value| rows.as_array().unwrap().len();
    for milliseconds in 0..16 {
        // One object of each of so many conjunctions.
        let objects: Vec<Value> =
            (0..=milliseconds).map(|index| json!({ "catalog_number": 2 * index + 1 })).collect();
        let body = json!({ "name": "mine", "objects": objects });
        let putting = client.put(&list, &body);
        drop(tokio::time::timeout(Duration::from_millis(milliseconds), putting).await);
        // Kept from now on, if it is from before the write.
        client.get(&conjunctions).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        // A write that comes even later may come between the two.
        let held = async || count(&client.get(&list).await.json()["objects"]);
        let (mut before, mut told, mut after) = (0, 0, 1);
        while before != after {
            before = held().await;
            told = count(&client.get(&conjunctions).await.json()["items"]);
            after = held().await;
        }
        assert_eq!(told, after, "cut off after {milliseconds} ms");
    }
}
