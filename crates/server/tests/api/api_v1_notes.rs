use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use serde_json::{Value, json};

use crate::service::{Client, Service};

const HANDLED: &str = "/api/v1/conjunctions/handled";
const LIST: &str = "/api/v1/conjunctions?handling=true";

/// A service with public conjunctions, and their identities by TCA.
async fn with_conjunctions(count: u32) -> (Service, Client, Vec<String>) {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), count).await;
    let client = service.client(Scope::Write).await;
    let list = client.get("/api/v1/conjunctions").await.json();
    let ids = list["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
    let ids = ids.collect();
    (service, client, ids)
}

fn notes_of(id: &str) -> String {
    format!("/api/v1/conjunctions/{id}/notes")
}

async fn note(client: &Client, id: &str, body: Value) -> Value {
    let answer = client.post(&notes_of(id), &body).await;
    assert_eq!(answer.status, 201, "{body}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn what_is_noted_is_listed_in_its_order_with_who_and_when() {
    let (_service, client, ids) = with_conjunctions(2).await;
    assert_eq!(client.get(&notes_of(&ids[0])).await.json(), json!({ "items": [], "next_cursor": null }));
    let mut noted = Vec::new();
    for (body, due) in [
        (json!({ "kind": "note", "text": " look at this\n" }), json!(["note", "look at this", null, null])),
        (json!({ "kind": "acknowledged" }), json!(["acknowledged", null, null, null])),
        (
            json!({ "kind": "assigned", "assignee": "bob", "text": "yours" }),
            json!(["assigned", "yours", "bob", null]),
        ),
        (json!({ "kind": "assigned", "assignee": null }), json!(["assigned", null, null, null])),
        (json!({ "kind": "decided", "decision": "maneuver" }), json!(["decided", null, null, "maneuver"])),
    ] {
        let row = note(&client, &ids[0], body).await;
        assert_eq!(json!([row["kind"], row["text"], row["assignee"], row["decision"]]), due);
        assert_eq!((&row["conjunction"], &row["by"]), (&json!(ids[0]), &json!("test")));
        row["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        noted.push(row);
    }
    assert_eq!(client.get(&notes_of(&ids[0])).await.json()["items"], json!(noted));
    assert_eq!(client.get(&notes_of(&ids[1])).await.json()["items"], json!([]));
    // Nobody changes them.
    for method in ["PUT", "PATCH", "DELETE"] {
        client.send(method, &notes_of(&ids[0]), "{}").await.expect_problem(405, None);
    }
}

#[tokio::test]
async fn a_list_has_what_is_noted_about_each_where_that_is_asked_for() {
    let (service, client, ids) = with_conjunctions(3).await;
    let other = service.key_of("other", Scope::Write).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    let handling = async |client: &Client, path: &str| {
        let list = client.get(path).await.json();
        let rows = list["items"].as_array().unwrap().clone();
        rows.iter().map(|row| row.get("handling").cloned()).collect::<Vec<_>>()
    };
    assert_eq!(handling(&client, LIST).await, [None, None, None]);
    note(&client, &ids[1], json!({ "kind": "assigned", "assignee": "bob" })).await;
    note(&client, &ids[1], json!({ "kind": "acknowledged" })).await;
    note(&other, &ids[2], json!({ "kind": "note", "text": "of the other" })).await;
    // An answer from before is not given any more.
    let handled = client.get(HANDLED).await.json()["items"][0].clone();
    assert_eq!((&handled["assignee"], &handled["notes"]), (&json!("bob"), &json!(2)));
    assert_eq!(handling(&client, LIST).await, [None, Some(handled), None]);
    assert_eq!(handling(&client, "/api/v1/conjunctions").await, [None, None, None]);
    let of_other = handling(&other, LIST).await;
    assert_eq!(
        (&of_other[..2], of_other[2].as_ref().unwrap()["notes"].clone()),
        (&[None, None][..], json!(1))
    );
    for path in [format!("{LIST}&format=csv"), format!("{LIST}&format=parquet")] {
        client.get(&path).await.expect_problem(400, Some("handling"));
    }
}

#[tokio::test]
async fn what_cannot_be_noted_is_refused_by_its_field_and_leaves_nothing() {
    let (service, client, ids) = with_conjunctions(1).await;
    for (body, field) in [
        (json!({ "kind": "note", "text": "" }), Some("text")),
        (json!({ "kind": "note", "text": "x".repeat(4_001) }), Some("text")),
        (json!({ "kind": "acknowledged", "text": "a\u{0}b" }), Some("text")),
        (json!({ "kind": "assigned", "assignee": " " }), Some("assignee")),
        (json!({ "kind": "assigned" }), None),
        (json!({ "kind": "decided" }), None),
        (json!({ "kind": "note", "text": "a", "by": "me" }), None),
        (json!({ "text": "a" }), None),
    ] {
        let problem = client.post(&notes_of(&ids[0]), &body).await.expect_problem(422, field);
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
    }
    note(&client, &ids[0], json!({ "kind": "note", "text": "\u{1F6F0}".repeat(4_000) })).await;
    assert_eq!(client.get(&notes_of(&ids[0])).await.json()["items"].as_array().unwrap().len(), 1);
    let none = "018f3c2e-8a54-7c1b-9d37-2b605e8fa911";
    client.get(&notes_of(none)).await.expect_problem(404, None);
    client.post(&notes_of(none), &json!({ "kind": "acknowledged" })).await.expect_problem(404, None);
    let reader = service.client(Scope::Read).await;
    reader.post(&notes_of(&ids[0]), &json!({ "kind": "acknowledged" })).await.expect_problem(403, None);
    assert_eq!(reader.get(&notes_of(&ids[0])).await.status, 200);
}

#[tokio::test]
async fn notes_about_a_public_conjunction_are_seen_by_those_of_the_organization_alone() {
    let (service, client, ids) = with_conjunctions(1).await;
    note(&client, &ids[0], json!({ "kind": "assigned", "assignee": "bob of ours" })).await;
    let other = service.key_of("other", Scope::Write).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    assert_eq!(other.get(&notes_of(&ids[0])).await.json()["items"], json!([]));
    assert_eq!(other.get(HANDLED).await.json()["items"], json!([]));
    note(&other, &ids[0], json!({ "kind": "acknowledged" })).await;
    let theirs = other.get(HANDLED).await.json()["items"][0].clone();
    assert_eq!((&theirs["notes"], &theirs["assignee"]), (&json!(1), &Value::Null));
    let ours = client.get(HANDLED).await.json()["items"][0].clone();
    assert_eq!((&ours["notes"], &ours["acknowledged_at"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn how_conjunctions_are_handled_is_listed_page_by_page() {
    let (_service, client, ids) = with_conjunctions(5).await;
    for id in &ids[..4] {
        note(&client, id, json!({ "kind": "acknowledged" })).await;
    }
    note(&client, &ids[1], json!({ "kind": "assigned", "assignee": "bob" })).await;
    let last = note(&client, &ids[1], json!({ "kind": "decided", "decision": "monitor" })).await;
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{HANDLED}?limit=2{cursor}")).await.json();
        rows.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let order: Vec<&str> = rows.iter().map(|row| row["conjunction"].as_str().unwrap()).collect();
    assert_eq!(order, [&ids[1], &ids[3], &ids[2], &ids[0]]);
    let first = &rows[0];
    assert_eq!(
        json!([
            first["acknowledged_by"],
            first["assignee"],
            first["decision"],
            first["notes"],
            first["updated"]
        ]),
        json!(["test", "bob", "monitor", 3, last["at"]])
    );
    for (query, field) in [("limit=0", "limit"), ("cursor=e30", "cursor"), ("sort=tca", "sort")] {
        client.get(&format!("{HANDLED}?{query}")).await.expect_problem(400, Some(field));
    }
}
