use std::time::Duration;

use serde_json::json;

use crate::api_v1_alerts::with_alert;
use crate::service::{Client, Service};

/// A browser that is signed in.
async fn browser(service: &Service) -> Client {
    let token = json!({ "token": service.token(Duration::from_secs(60)) });
    let signed_in = service.stranger().post("/api/v1/session", &token).await;
    service.stranger().with("cookie", signed_in.header("set-cookie").split(';').next().unwrap())
}

#[tokio::test]
async fn the_page_is_for_those_who_are_signed_in_and_names_no_other_host() {
    let service = Service::start().await;
    let stranger = service.stranger();
    let refused = stranger.get("/").await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("Sign in"));

    let browser = browser(&service).await;
    let page = browser.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for asset in page.text().split('"').filter(|text| text.starts_with("/assets/")) {
        assert_eq!(browser.get(asset).await.status, 200, "{asset}");
    }
    assert_eq!(browser.get("/api/v1/docs").await.status, 200);
}

#[tokio::test]
async fn the_page_to_sign_in_is_for_everybody_and_keeps_nothing() {
    let service = Service::start().await;
    let page = service.stranger().get("/signin?token=x").await;
    assert_eq!(page.status, 200);
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
}

#[tokio::test]
async fn the_link_of_a_mail_leads_to_a_page_that_asks_for_the_alert() {
    let (service, id) = with_alert().await;
    let link = format!("/alerts/{id}");
    let refused = service.stranger().get(&link).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("Sign in"));

    let browser = browser(&service).await;
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text().contains("/assets/alert.js"), "{}", page.text());
    // What the page shows is what the alert has.
    let script = browser.get("/assets/alert.js").await.text();
    let alert = browser.get(&format!("/api/v1{link}")).await.json();
    let shown: Vec<&str> = script
        .split("alert.")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next())
        .collect();
    assert!(shown.contains(&"summary"), "{shown:?}");
    for field in shown {
        assert!(alert.get(field).is_some(), "{field}: {alert}");
    }
}
