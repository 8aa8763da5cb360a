use std::time::Duration;

use astroshield_domain::access::Scope;
use serde_json::{Value, json};

use crate::service::{Client, Service};

/// A backup that has ended.
pub(crate) async fn ended(admin: &Client, begun: &Value) -> Value {
    let path = format!("/api/v1/backups/{}", begun["id"].as_str().unwrap());
    for _ in 0..1_000 {
        let backup = admin.get(&path).await.json();
        if backup["state"] != "running" {
            return backup;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the backup never ended");
}

#[tokio::test]
async fn a_backup_is_begun_made_given_out_and_removed_and_each_is_in_the_audit_log() {
    let service = Service::start().await;
    let admin = service.client(Scope::Admin).await;
    let answer = admin.post("/api/v1/backups", &json!({ "recipients": ["age1a", "age1b"] })).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let begun = answer.json();
    let path = format!("/api/v1/backups/{}", begun["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    let made = ended(&admin, &begun).await;
    assert_eq!(
        (&made["state"], &made["rows"], &made["blobs"], &made["size_bytes"]),
        (&json!("completed"), &json!(3), &json!(1), &json!(11))
    );
    assert_eq!(admin.get("/api/v1/backups").await.json()["items"], json!([made]));
    let file = admin.get(&format!("{path}/file")).await;
    assert_eq!((file.text().as_str(), file.header("content-length")), ("age1a\nage1b", "11"));
    assert!(file.header("content-disposition").starts_with("attachment; "));

    assert_eq!(admin.delete(&path).await.status, 204);
    admin.get(&path).await.expect_problem(404, None);
    admin.get(&format!("{path}/file")).await.expect_problem(404, None);
    assert_eq!(admin.get("/api/v1/backups").await.json()["items"], json!([]));
    let log = admin.get("/api/v1/audit").await.json();
    let actions: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["target"] == begun["id"])
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["backup.remove", "backup.read", "backup.create"]);
}

#[tokio::test]
async fn a_backup_that_fails_says_why_and_has_no_file() {
    let service = Service::start().await;
    let admin = service.client(Scope::Admin).await;
    let begun = admin.post("/api/v1/backups", &json!({ "recipients": ["age1fails"] })).await.json();
    let failed = ended(&admin, &begun).await;
    assert_eq!((&failed["state"], &failed["problem"]), (&json!("failed"), &json!("no room")));
    let file = format!("/api/v1/backups/{}/file", begun["id"].as_str().unwrap());
    admin.get(&file).await.expect_problem(409, None);
}

#[tokio::test]
async fn only_administrators_of_the_own_tenant_have_backups() {
    let service = Service::start().await;
    let asked = json!({ "recipients": ["age1a"] });
    let writer = service.client(Scope::Write).await;
    writer.post("/api/v1/backups", &asked).await.expect_problem(403, None);
    writer.get("/api/v1/backups").await.expect_problem(403, None);
    // It would hold what all the others have.
    let other = service.key_of("other", Scope::Admin).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    other.post("/api/v1/backups", &asked).await.expect_problem(403, None);
    other.get("/api/v1/backups").await.expect_problem(403, None);
}

#[tokio::test]
async fn a_backup_to_nobody_or_to_what_is_no_key_is_refused() {
    let service = Service::start().await;
    let admin = service.client(Scope::Admin).await;
    for recipients in [json!([]), json!(["ssh-rsa AAAA"]), json!(vec!["age1a"; 21])] {
        let asked = json!({ "recipients": recipients });
        admin.post("/api/v1/backups", &asked).await.expect_problem(422, Some("recipients"));
    }
    assert_eq!(admin.get("/api/v1/backups").await.json()["items"], json!([]));
}
