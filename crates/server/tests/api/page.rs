//! The plain pages: where there is no console, and beside one.

use std::time::Duration;

use astroshield_api::{ApiSettings, IdentitySettings};
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
async fn the_page_to_try_the_api_at_is_for_those_who_are_signed_in() {
    let service = Service::start().await;
    service.stranger().get("/api/v1/docs").await.expect_problem(401, None);
    let browser = browser(&service).await;
    let page = browser.get("/api/v1/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = page.text();
    let assets: Vec<&str> = text.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(assets.len(), 2, "{text}");
    for asset in assets {
        assert_eq!(browser.get(asset).await.status, 200, "{asset}");
    }
}

#[tokio::test]
async fn without_a_console_a_page_says_how_to_get_it() {
    let (service, id) = with_alert().await;
    for path in ["/".to_owned(), format!("/alerts/{id}")] {
        let page = service.stranger().get(&path).await;
        assert_eq!(page.status, 200);
        let text = page.text();
        for said in ["npm run build", "console.folder", "href=\"/signin\"", "href=\"/api/v1/docs\""] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!text.contains(&id.to_string()), "nothing of the alert is for anybody");
    }
    service.stranger().get("/objects").await.expect_problem(404, None);
    service.stranger().get("/assets/nothing.js").await.expect_problem(404, None);
}

#[tokio::test]
async fn the_page_to_sign_in_is_for_everybody_and_keeps_nothing() {
    let service = Service::start().await;
    let page = service.stranger().get("/signin?token=x").await;
    assert_eq!(page.status, 200);
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(page.text().contains("Token of the link") && !page.text().contains("/auth/login"));
    assert_eq!(service.stranger().get("/assets/signin.js").await.status, 200);
}

#[tokio::test]
async fn the_page_to_sign_in_offers_the_ways_that_there_are() {
    for one_time_tokens in [false, true] {
        let identity = IdentitySettings { one_time_tokens, ..IdentitySettings::default() };
        let (service, _) = Service::with_people(ApiSettings { identity, ..ApiSettings::default() }).await;
        let page = service.stranger().get("/signin").await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("href=\"/auth/login\""));
        assert_eq!(page.text().contains("Token of the link"), one_time_tokens);
        assert!(!page.text().contains('{'), "{}", page.text());
    }
}
