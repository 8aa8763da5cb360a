use std::net::SocketAddr;
use std::time::Duration;

use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use axum::Extension;
use axum::extract::ConnectInfo;
use serde_json::json;

use crate::service::{HOST, Service, not_to_be_read};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_one_time_token_begins_a_session_once() {
    let service = Service::start().await;
    let token = json!({ "token": service.token(HOUR) });
    let answer = service.stranger().post("/api/v1/session", &token).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    service.stranger().post("/api/v1/session", &token).await.expect_problem(401, Some("token"));

    let browser = service.stranger().with("cookie", cookie.split(';').next().unwrap());
    let who = browser.get("/api/v1/session").await.json();
    assert_eq!((&who["name"], &who["scope"]), (&json!("operator"), &json!("admin")));
}

#[tokio::test]
async fn a_session_writes_from_our_own_pages_only_and_ends() {
    let service = Service::start().await;
    let token = json!({ "token": service.token(HOUR) });
    let answer = service.stranger().post("/api/v1/session", &token).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let browser = service.stranger().with("cookie", &cookie);
    let list = json!({ "name": "mine", "objects": [] });
    browser.post("/api/v1/watch-lists", &list).await.expect_problem(403, Some("Origin"));
    let elsewhere = browser.with("origin", "http://elsewhere.example");
    elsewhere.post("/api/v1/watch-lists", &list).await.expect_problem(403, Some("Origin"));
    let ours = browser.with("origin", &format!("http://{HOST}"));
    assert_eq!(ours.post("/api/v1/watch-lists", &list).await.status, 201);

    let answer = ours.delete("/api/v1/session").await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    browser.get("/api/v1/session").await.expect_problem(401, None);
    let log = service.client(Scope::Admin).await.get("/api/v1/audit").await.json();
    let acts: Vec<_> =
        log["items"].as_array().unwrap().iter().filter(|act| act["by"] == "operator").collect();
    let names: Vec<_> = acts.iter().map(|act| act["action"].as_str().unwrap()).collect();
    assert_eq!(names, ["session.end", "watch_list.create", "session.begin"]);
}

#[tokio::test]
async fn nobody_is_signed_in_unseen_and_the_token_is_good_for_another_try() {
    let service = Service::start().await;
    let token = json!({ "token": service.token(HOUR) });
    service.lose("audit").await;
    let refused = service.stranger().post("/api/v1/session", &token).await;
    assert!(
        refused.status.is_server_error() && refused.header("set-cookie").is_empty(),
        "{}",
        refused.text()
    );
    service.keep("audit").await;
    assert_eq!(service.stranger().post("/api/v1/session", &token).await.status, 201);
}

#[tokio::test]
async fn another_site_signs_nobody_in() {
    let service = Service::start().await;
    let token = json!({ "token": service.token(HOUR) });
    let elsewhere = service.stranger().with("origin", "http://elsewhere.example");
    elsewhere.post("/api/v1/session", &token).await.expect_problem(403, Some("Origin"));
    assert_eq!(
        service.stranger().post("/api/v1/session", &token).await.status,
        201,
        "the token is not used up"
    );
}

#[tokio::test]
async fn who_is_put_off_is_told_so_before_the_body_is_read() {
    let settings = ApiSettings { wrong_secrets_per_minute: 1, ..ApiSettings::default() };
    let mut service = Service::with(settings, 64).await;
    let peer: SocketAddr = "192.0.2.1:4711".parse().unwrap();
    service.routes = service.routes.layer(Extension(ConnectInfo(peer)));
    let guesser = service.stranger().with("content-type", "application/json");
    guesser.send("POST", "/api/v1/session", not_to_be_read()).await.expect_problem(500, None);
    guesser.post("/api/v1/session", &json!({ "token": "wrong" })).await.expect_problem(401, Some("token"));
    guesser.send("POST", "/api/v1/session", not_to_be_read()).await.expect_problem(429, None);
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_before_the_body_is_read() {
    let service = Service::start().await;
    let elsewhere = service.stranger().with("origin", "http://elsewhere.example");
    elsewhere
        .with("content-type", "application/json")
        .send("POST", "/api/v1/session", not_to_be_read())
        .await
        .expect_problem(403, Some("Origin"));
}

#[tokio::test]
async fn a_sign_in_of_more_than_a_few_kilobytes_is_refused() {
    let service = Service::start().await;
    let token = service.token(HOUR);
    let padded = |bytes: usize| format!("{{\"token\":\"{token}\"{}}}", " ".repeat(bytes));
    let stranger = service.stranger().with("content-type", "application/json");
    stranger.send("POST", "/api/v1/session", padded(4 << 10)).await.expect_problem(413, None);
    assert_eq!(stranger.send("POST", "/api/v1/session", padded(3 << 10)).await.status, 201);
}

#[tokio::test]
async fn a_key_says_whose_it_is() {
    let service = Service::start().await;
    let who = service.client(Scope::Write).await.get("/api/v1/session").await.json();
    assert_eq!(who, json!({ "tenant": "local", "name": "test", "scope": "write" }));
}
