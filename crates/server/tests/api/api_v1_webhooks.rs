use astroshield_domain::access::Scope;
use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn the_secret_of_a_webhook_is_shown_once() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let made = client
        .post("/api/v1/webhooks", &json!({ "name": "ops", "url": "https://hooks.example.org/x" }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    assert!(!client.get(&path).await.text().contains(secret));
    assert!(!client.get("/api/v1/webhooks").await.text().contains("whsec_"));
    let body = json!({ "name": "ops", "url": "https://hooks.example.org/y", "enabled": false });
    let replaced = client.put(&path, &body).await;
    assert!(!replaced.text().contains("whsec_"));
    assert_eq!(replaced.json()["enabled"], false);
    assert_eq!(client.delete(&path).await.status, 204);
    client.get(&path).await.expect_problem(404, None);
}

#[tokio::test]
async fn addresses_inside_the_network_are_refused() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    for url in [
        "http://hooks.example.org/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "file:///etc/passwd",
        "hooks",
    ] {
        let answer = client.post("/api/v1/webhooks", &json!({ "name": "ops", "url": url })).await;
        answer.expect_problem(422, Some("url"));
    }
}
