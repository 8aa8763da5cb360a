use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
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
async fn what_somebody_else_changed_since_a_webhook_was_read_is_not_replaced() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let body = |enabled: bool, path: &str| json!({ "name": "ops", "url": format!("https://hooks.example.org/{path}"), "enabled": enabled });
    let made = client.post("/api/v1/webhooks", &body(true, "x")).await.json();
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let read = client.get(&path).await;
    let of_read = client.with("if-match", read.header("etag"));
    // A colleague moves it.
    let moved = client.put(&path, &body(true, "moved")).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    of_read.put(&path, &body(false, "x")).await.expect_problem(412, Some("If-Match"));
    assert_eq!(client.get(&path).await.json()["url"], "https://hooks.example.org/moved");
    // Whoever has read that may; the answer to a write tells the next tag, and a compressed answer has the same.
    let of_moved = client.with("if-match", &format!("\"other\", W/{}", moved.header("etag")));
    let off = of_moved.put(&path, &body(false, "moved")).await;
    assert_eq!(off.status, 200, "{}", off.text());
    assert_eq!(off.json()["enabled"], false);
    of_moved.put(&path, &body(true, "moved")).await.expect_problem(412, Some("If-Match"));
    let of_off = client.with("if-match", off.header("etag"));
    // A tag stands for what the secret is told to be, too.
    assert_eq!(client.post(&format!("{path}/secret"), &json!({})).await.status, 201);
    of_off.put(&path, &body(true, "moved")).await.expect_problem(412, Some("If-Match"));
    assert_eq!(client.with("if-match", "*").put(&path, &body(true, "moved")).await.status, 200);
    assert_eq!(client.delete(&path).await.status, 204);
    of_off.put(&path, &body(true, "moved")).await.expect_problem(404, None);
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

#[tokio::test]
async fn a_webhook_that_a_rule_names_stays_and_one_that_is_not_in_use_is_said() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let hook = json!({ "name": "ops", "url": "https://hooks.example.org/x" });
    let hook_path = async |client: &crate::service::Client| {
        let made = client.post("/api/v1/webhooks", &hook).await.json();
        (made["id"].clone(), format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap()))
    };
    let ((id, path), (next_id, next_path)) = (hook_path(&client).await, hook_path(&client).await);
    let channel = |id: &serde_json::Value| json!([{ "kind": "webhook", "webhook": id }]);
    let rule = json!({ "name": "close", "severity": "info", "channels": channel(&id),
        "escalate_after_minutes": 5, "escalation_channels": channel(&next_id) });
    let rule = client.post("/api/v1/rules", &rule).await.json();
    assert_eq!(rule["notices"], json!([]));
    for path in [&path, &next_path] {
        client.delete(path).await.expect_problem(409, None);
        assert_eq!(client.get(path).await.status, 200);
    }
    let off = json!({ "name": "ops", "url": "https://hooks.example.org/x", "enabled": false });
    assert_eq!(client.put(&next_path, &off).await.status, 200);
    let rule_path = format!("/api/v1/rules/{}", rule["id"].as_str().unwrap());
    let notices = json!(["escalation_channels[0]: webhook \"ops\" is not in use"]);
    assert_eq!(client.get(&rule_path).await.json()["notices"], notices);
    assert_eq!(client.get("/api/v1/rules").await.json()["items"][0]["notices"], notices);
    assert_eq!(client.delete(&rule_path).await.status, 204);
    assert_eq!(client.delete(&path).await.status, 204);
}

#[tokio::test]
async fn a_rule_that_would_mail_is_refused_by_its_place_while_no_mail_server_is_configured() {
    let mail = json!({ "kind": "email", "address": "ops@example.org" });
    let (without, with) = (Service::start().await, Service::with_mailer().await);
    let client = without.client(Scope::Write).await;
    let hook = json!({ "name": "ops", "url": "https://hooks.example.org/x" });
    let hook = client.post("/api/v1/webhooks", &hook).await.json();
    let hook = json!({ "kind": "webhook", "webhook": hook["id"] });
    let rule = json!({ "name": "x", "severity": "info", "channels": [hook, mail] });
    let problem = client.post("/api/v1/rules", &rule).await.expect_problem(422, Some("channels[1]"));
    assert!(problem["detail"].as_str().unwrap().contains("notify.smtp"), "{problem}");
    let rule = json!({ "name": "x", "severity": "info", "escalation_channels": [mail] });
    client.post("/api/v1/rules", &rule).await.expect_problem(422, Some("escalation_channels[0]"));
    assert_eq!(client.get("/api/v1/rules").await.json()["items"], json!([]));

    let client = with.client(Scope::Write).await;
    let made = client.post("/api/v1/rules", &rule).await;
    assert_eq!((made.status.as_u16(), &made.json()["notices"]), (201, &json!([])));
    let wrong =
        json!({ "name": "x", "severity": "info", "channels": [{ "kind": "email", "address": "ops" }] });
    client.post("/api/v1/rules", &wrong).await.expect_problem(422, Some("channels[0].address"));
}

#[tokio::test]
async fn a_secret_is_rotated_with_an_overlap_and_a_retry_does_not_lose_the_one_that_the_receiver_has() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let hook = json!({ "name": "ops", "url": "https://hooks.example.org/x" });
    let made = client.post("/api/v1/webhooks", &hook).await.json();
    assert!(made["retired_until"].is_null());
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let rotate = format!("{path}/secret");
    let rotated = client.post(&rotate, &json!({ "overlap_hours": 1 })).await;
    assert_eq!(rotated.status, 201, "{}", rotated.text());
    let rotated = rotated.json();
    assert!(rotated["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(rotated["secret"], made["secret"]);
    assert!(!rotated["retired_until"].is_null());
    let shown = client.get(&path).await;
    assert!(!shown.text().contains("whsec_"));
    assert_eq!(shown.json()["retired_until"], rotated["retired_until"]);

    let stored = async || {
        let all = service.store.webhooks(&TenantId::local()).await.unwrap();
        all.into_iter().next().unwrap()
    };
    let webhook = stored().await;
    let retired = webhook.retired.clone().unwrap();
    assert_eq!(
        [&webhook.secret, &retired.secret].map(String::as_str),
        [&rotated["secret"], &made["secret"]].map(|one| one.as_str().unwrap())
    );
    assert_eq!(
        webhook.secrets(retired.until),
        std::slice::from_ref(&webhook.secret),
        "when the overlap is over"
    );

    client.post(&rotate, &json!({ "overlap_hours": 721 })).await.expect_problem(422, Some("overlap_hours"));
    let nowhere = format!("/api/v1/webhooks/{}/secret", uuid::Uuid::from_u128(1));
    client.post(&nowhere, &json!({})).await.expect_problem(404, None);
}
