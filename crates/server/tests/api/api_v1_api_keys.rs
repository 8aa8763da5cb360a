use astroshield_domain::access::Scope;
use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn a_key_is_shown_once_works_and_can_be_revoked() {
    let service = Service::start().await;
    let admin = service.client(Scope::Admin).await;
    let made = admin.post("/api/v1/api-keys", &json!({ "name": "program", "scope": "read" })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let key = made["key"].as_str().unwrap();
    let program = service.stranger().with("authorization", &format!("Bearer {key}"));
    assert_eq!(program.get("/api/v1/runs").await.status, 200);

    let listed = admin.get("/api/v1/api-keys").await;
    assert!(!listed.text().contains(key) && listed.text().contains("\"program\""));

    let id = made["id"].as_str().unwrap();
    assert_eq!(admin.delete(&format!("/api/v1/api-keys/{id}")).await.status, 204);
    program.get("/api/v1/runs").await.expect_problem(401, None);
    let audit = admin.get("/api/v1/audit").await.json();
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"api_key.revoke") && actions.contains(&"api_key.create"), "{actions:?}");
}

#[tokio::test]
async fn a_key_that_would_be_over_already_is_refused() {
    let service = Service::start().await;
    let admin = service.client(Scope::Admin).await;
    let body = json!({ "name": "late", "scope": "read", "expires": "2020-01-01T00:00:00Z" });
    admin.post("/api/v1/api-keys", &body).await.expect_problem(422, Some("expires"));
    let body = json!({ "name": "x", "scope": "root" });
    admin.post("/api/v1/api-keys", &body).await.expect_problem(422, Some("scope"));
}

#[tokio::test]
async fn another_tenants_key_cannot_be_revoked() {
    let service = Service::start().await;
    let admin = service.client(Scope::Admin).await;
    let made = admin.post("/api/v1/api-keys", &json!({ "name": "program", "scope": "read" })).await.json();
    let other = service.key_of("other", Scope::Admin).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    other
        .delete(&format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap()))
        .await
        .expect_problem(404, None);
}
