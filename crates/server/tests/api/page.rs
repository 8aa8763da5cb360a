use std::time::Duration;

use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn the_page_is_for_those_who_are_signed_in_and_names_no_other_host() {
    let service = Service::start().await;
    let stranger = service.stranger();
    let refused = stranger.get("/").await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("Sign in"));

    let token = json!({ "token": service.token(Duration::from_secs(60)) });
    let signed_in = stranger.post("/api/v1/session", &token).await;
    let browser = stranger.with("cookie", signed_in.header("set-cookie").split(';').next().unwrap());
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
