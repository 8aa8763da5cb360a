//! Sessions of people who signed in: confirmed by the provider, by one process at a time.

use std::time::{Duration, Instant};

use astroshield_testkit::servers::{Server as Outside, can_start, variable};
use reqwest::Method;
use serde_json::{Value, json};

use crate::place::{Issuer, Place, SECRET};
use crate::server::{PATIENCE, Server};

const SESSION: &str = "astroshield_session";

/// An issuer of the test's own, whose tokens last so long.
async fn issuer_with(seconds: u32) -> (Outside, Issuer) {
    let server = Outside::start("issuer");
    let issuer = Issuer::of(&server);
    issuer.tell("seconds", json!({ "AccessToken": seconds, "IdToken": 600 })).await;
    (server, issuer)
}

async fn stolen(issuer: &Issuer, account: &str) -> Vec<(String, bool)> {
    let tokens = issuer.tell("stolen", json!({ "account": account })).await["tokens"].clone();
    let pair = |token: &Value| (token["token"].as_str().unwrap().to_owned(), token["used"] == true);
    tokens.as_array().unwrap().iter().map(pair).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_follows_what_the_provider_says_and_its_refresh_tokens_are_used_once() {
    if !can_start(&["issuer"]) {
        return;
    }
    let (_server, issuer) = issuer_with(1).await;
    let place = Place::start(issuer.clone(), "");
    place.register().await;
    issuer.account("ada", &["astroshield:local:viewer"]).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "ada").await.status, 200);
    let scope = |answer: Value| answer["scope"].as_str().unwrap_or_default().to_owned();
    let session = place.at("/api/v1/session");
    assert_eq!(scope(browser.get(&session).await.json()), "read");
    issuer.account("ada", &["astroshield:local:administrator"]).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    // Many at once, and each refresh token is used once, or the provider would end all of it.
    let answers = futures_util::future::join_all((0..20).map(|_| {
        let (mut browser, session) = (browser.clone(), session.clone());
        async move { browser.get(&session).await }
    }));
    for answer in answers.await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(scope(browser.get(&session).await.json()), "admin");
    let tokens = stolen(&issuer, "ada").await;
    assert_eq!(tokens.iter().filter(|(_, used)| !used).count(), 1, "{tokens:?}");
    issuer.account("ada", &[]).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(browser.get(&session).await.status, 403, "no organization any more");
    assert_eq!(browser.send(Method::POST, &place.at("/auth/logout"), None).await.status, 200);
    // The provider has taken back what was left.
    for _ in 0..100 {
        if stolen(&issuer, "ada").await.iter().all(|(_, used)| *used) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a refresh token is good still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_refresh_token_ends_the_session() {
    if !can_start(&["issuer"]) {
        return;
    }
    let (_server, issuer) = issuer_with(1).await;
    let place = Place::start(issuer.clone(), "");
    place.register().await;
    issuer.account("bea", &["astroshield:local:viewer"]).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "bea").await.status, 200);
    let (token, _) = stolen(&issuer, "bea").await.into_iter().find(|(_, used)| !used).unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let request = issuer.client.post(format!("{}/token", issuer.address));
    let request = request.basic_auth(&place.client_id, Some(encode(SECRET)));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(request.send().await.unwrap().status(), 200, "the thief was quicker");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let answer = browser.get(&place.at("/api/v1/session")).await;
    assert_eq!(answer.status, 401);
    assert!(answer.json()["detail"].as_str().unwrap().contains("ended"), "{answer:?}");
    // What the thief got is worth nothing any more.
    assert!(stolen(&issuer, "bea").await.iter().all(|(_, used)| *used));
    assert_eq!(browser.sign_in(&place.service.address, "bea").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_used_is_over_and_so_is_one_that_is_too_old() {
    let Some(place) = Place::shared("session_idle = \"10s\"\nsession_life = \"30s\"").await else { return };
    place.issuer.account("dora", &["astroshield:local:viewer"]).await;
    let session = place.at("/api/v1/session");
    let (mut idle, mut busy) = (place.browser(), place.browser());
    assert_eq!(idle.sign_in(&place.service.address, "dora").await.status, 200);
    let (left, began) = (Instant::now(), Instant::now());
    assert_eq!(busy.sign_in(&place.service.address, "dora").await.status, 200);
    while left.elapsed() < Duration::from_secs(11) {
        assert_eq!(busy.get(&session).await.status, 200);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(idle.get(&session).await.status, 401, "10 s without a request");
    let used = loop {
        match busy.get(&session).await.status {
            200 => assert!(began.elapsed() < PATIENCE, "used on, and never over"),
            status => break status,
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert_eq!(used, 401, "30 s, though it is used");
    // By the clock of the service, which counts from when the session began.
    assert!(began.elapsed() >= Duration::from_secs(29), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_sessions_and_one_of_them_asks_the_provider() {
    if !can_start(&["issuer"]) {
        return;
    }
    let (Some(redis), Some(authority)) =
        (variable("ASTROSHIELD_TEST_REDIS_URL"), variable("ASTROSHIELD_TEST_REDIS_CA"))
    else {
        return;
    };
    let (_server, issuer) = issuer_with(1).await;
    let cache = format!("[cache]\nkind = \"redis\"\nurl = \"{redis}\"\nauthorities_file = \"{authority}\"");
    let place = Place::start(issuer.clone(), &cache);
    let second = tempfile::tempdir().unwrap();
    for file in ["astroshield.toml", "issuer.pem"] {
        std::fs::copy(place.folder().join(file), second.path().join(file)).unwrap();
    }
    let second = Server::start(second.path(), "");
    place.register_at(&[&place.service.address, &second.address]).await;
    issuer.account("ada", &["astroshield:local:viewer"]).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "ada").await.status, 200);
    let cookie = browser.cookie(&place.service.address, SESSION).unwrap();
    browser.plant(&second.address, SESSION, &cookie);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let answers = (0..20).map(|number| {
            let address = if number % 2 == 0 { &place.service.address } else { &second.address };
            let (mut browser, session) = (browser.clone(), format!("{address}/api/v1/session"));
            async move { browser.get(&session).await }
        });
        for answer in futures_util::future::join_all(answers).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
    // Signed out in one, over in both.
    assert_eq!(
        browser.send(Method::POST, &format!("{}/auth/logout", second.address), None).await.status,
        200
    );
    browser.plant(&place.service.address, SESSION, &cookie);
    assert_eq!(browser.get(&place.at("/api/v1/session")).await.status, 401);
}
