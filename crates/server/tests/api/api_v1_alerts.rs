use astroshield_domain::access::Scope;
use astroshield_domain::alert::{AlertChange, AlertChanges};
use astroshield_domain::ids::{AlertId, TenantId};
use astroshield_testkit::entities::alert;
use jiff::Timestamp;
use serde_json::json;

use crate::service::Service;

/// A service with an alert.
pub(crate) async fn with_alert() -> (Service, AlertId) {
    let service = Service::start().await;
    let now = Timestamp::now();
    let alert = alert(&TenantId::local(), "celestrak", now);
    let id = alert.id;
    let changes = AlertChanges { alerts: vec![(alert, AlertChange::Opened)], ..AlertChanges::default() };
    service.store.change_alerts(&TenantId::local(), &changes, None, now).await.unwrap();
    (service, id)
}

#[tokio::test]
async fn an_alert_is_acknowledged_muted_and_resolved() {
    let (service, id) = with_alert().await;
    let client = service.client(Scope::Write).await;
    let list = client.get("/api/v1/alerts?state=open&min_severity=warning").await.json();
    assert_eq!(list["items"][0]["subject"], json!({ "kind": "feed", "feed": "celestrak" }));
    let path = format!("/api/v1/alerts/{id}");
    let seen = client.send("POST", &format!("{path}/acknowledge"), "").await;
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert_eq!(
        (&seen.json()["state"], &seen.json()["acknowledged_by"]),
        (&json!("acknowledged"), &json!("test"))
    );
    let past = json!({ "until": "2020-01-01T00:00:00Z" });
    client.post(&format!("{path}/mute"), &past).await.expect_problem(422, Some("until"));
    let muted =
        client.post(&format!("{path}/mute"), &json!({ "until": "2100-01-01T00:00:00Z" })).await.json();
    assert_eq!(muted["state"], "muted");
    assert_eq!(muted["muted_by"], "test");
    let over = client.send("POST", &format!("{path}/resolve"), "").await.json();
    assert_eq!((&over["state"], &over["resolved_by"]), (&json!("resolved"), &json!("test")));
    assert_eq!(over["muted_by"], json!(null));
    assert_eq!(client.get(&path).await.json(), over);
    assert_eq!(client.get(&format!("{path}/deliveries")).await.json()["items"], json!([]));
    client.send("POST", &format!("{path}/acknowledge"), "").await.expect_problem(409, None);

    // What was refused is no act.
    let admin = service.client(Scope::Admin).await;
    let log = admin.get("/api/v1/audit").await.json();
    let acts: Vec<_> =
        log["items"].as_array().unwrap().iter().filter(|act| act["target"] == id.to_string()).collect();
    let names: Vec<_> = acts.iter().map(|act| act["action"].as_str().unwrap()).collect();
    assert_eq!(names, ["alert.resolve", "alert.mute", "alert.acknowledge"]);
    assert!(acts.iter().all(|act| act["by"] == "test" && act["at"].is_string()));
    let other = service.key_of("other", Scope::Admin).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    assert!(!other.get("/api/v1/audit").await.text().contains("alert."));
}

#[tokio::test]
async fn another_tenants_alert_is_not_there() {
    let (service, id) = with_alert().await;
    let other = service.key_of("other", Scope::Admin).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    other.get(&format!("/api/v1/alerts/{id}")).await.expect_problem(404, None);
    other.send("POST", &format!("/api/v1/alerts/{id}/acknowledge"), "").await.expect_problem(404, None);
    assert_eq!(other.get("/api/v1/alerts").await.json()["items"], json!([]));
}
