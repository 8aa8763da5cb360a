//! The way to the provider and back.

use reqwest::Method;
use serde_json::json;

use crate::place::Place;

const SESSION: &str = "astroshield_session";

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_at_the_provider_and_out_of_both() {
    let Some(place) = Place::shared("").await else { return };
    place.issuer.account("ada", &["astroshield:local:operator", "staff"]).await;
    let mut browser = place.browser();
    assert_eq!(browser.get(&place.at("/api/v1/session")).await.status, 401);
    let page = browser.get(&place.at("/signin")).await;
    assert_eq!((page.status, page.body.contains("/auth/login")), (200, true), "{page:?}");
    let told = browser.get(&place.at("/config.json")).await.json();
    assert_eq!(told["sign_in"], json!({ "one_time_token": false, "provider": "/auth/login" }));

    let back =
        browser.sign_in_at_provider(&place.service.address, "?return_to=/alerts/1%3Fx=%22%3E", "ada").await;
    let answer = browser.get(&back).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.body.contains("content=\"0; url=/alerts/1?x=&quot;&gt;\"")
            || answer.body.contains("url=/alerts/1?x=&quot;>"),
        "{}",
        answer.body
    );
    let cookie = answer.cookies().into_iter().find(|cookie| cookie.starts_with(SESSION)).unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/;", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let who = browser.get(&place.at("/api/v1/session")).await.json();
    assert_eq!(who, json!({ "tenant": "local", "name": "ada@example.org", "scope": "write" }));

    let elsewhere = place.issuer.client.post(place.at("/auth/logout")).header("cookie", &cookie);
    assert_eq!(elsewhere.send().await.unwrap().status(), 403, "another site signs nobody out");
    let out = browser.send(Method::POST, &place.at("/auth/logout"), None).await;
    assert_eq!(out.status, 200, "{out:?}");
    let leave = out.json()["continue_at"].as_str().unwrap().to_owned();
    assert!(leave.starts_with(&format!("{}/session/end?", place.issuer.address)), "{leave}");
    let mut with_old = place.browser();
    with_old.plant(&place.service.address, SESSION, cookie.split(['=', ';']).nth(1).unwrap());
    assert_eq!(with_old.get(&place.at("/api/v1/session")).await.status, 401);
    let page = browser.get(&leave).await;
    let xsrf =
        page.body.split("name=\"xsrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let confirm = format!("{}/session/end/confirm", place.issuer.address);
    let done = browser.send(Method::POST, &confirm, Some(&format!("xsrf={xsrf}&logout=yes"))).await;
    assert_eq!(done.location().unwrap().as_str(), place.at("/signin"));
    // The provider asks again who it is.
    let page = browser.follow(&place.at("/auth/login"), &place.at("/auth/callback")).await.unwrap();
    assert!(page.url.path().starts_with("/interaction/"), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_brings_back_is_good_once_and_in_that_browser_only() {
    let Some(place) = Place::shared("").await else { return };
    place.issuer.account("bea", &["astroshield:local:viewer"]).await;
    let (mut victim, mut thief) = (place.browser(), place.browser());
    let back = victim.sign_in_at_provider(&place.service.address, "", "bea").await;
    let stolen = thief.get(&back).await;
    assert_eq!((stolen.status, stolen.cookies().len()), (400, 0), "{stolen:?}");
    // The attempt has spoiled nothing.
    assert_eq!(victim.get(&back).await.status, 200);
    let again = victim.get(&back).await;
    assert_eq!((again.status, again.cookies().len()), (400, 0), "{again:?}");

    // The code of one sign-in in another one: the provider holds it to its verifier.
    let (mut one, mut other) = (place.browser(), place.browser());
    let first = one.sign_in_at_provider(&place.service.address, "", "bea").await;
    let second = other.sign_in_at_provider(&place.service.address, "", "bea").await;
    let code = |url: &str| url.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mixed = second.replace(&code(&second), &code(&first));
    assert_eq!(other.get(&mixed).await.status, 401);
    let elsewhere = first.replace("iss=https", "iss=http");
    assert_ne!(elsewhere, first);
    assert_eq!(one.get(&elsewhere).await.status, 401, "RFC 9207");

    for made_up in ["", "?state=x&code=y", "?code=y", "?state=&code=", "?error=access_denied", "?state=%00"] {
        let answer = place.browser().get(&place.at(&format!("/auth/callback{made_up}"))).await;
        assert_eq!((answer.status, answer.cookies().len()), (400, 0), "{made_up}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_there_before_is_not_the_one_after_a_sign_in() {
    let Some(place) = Place::shared("").await else { return };
    place.issuer.account("mallory", &["astroshield:local:viewer"]).await;
    place.issuer.account("victoria", &["astroshield:local:operator"]).await;
    let mut attacker = place.browser();
    assert_eq!(attacker.sign_in(&place.service.address, "mallory").await.status, 200);
    let planted = attacker.cookie(&place.service.address, SESSION).unwrap();
    for value in [planted.as_str(), "chosen-by-the-attacker"] {
        let mut victim = place.browser();
        victim.plant(&place.service.address, SESSION, value);
        assert_eq!(victim.sign_in(&place.service.address, "victoria").await.status, 200);
        assert_ne!(victim.cookie(&place.service.address, SESSION).unwrap(), value);
        let mut with_planted = place.browser();
        with_planted.plant(&place.service.address, SESSION, value);
        assert_eq!(with_planted.get(&place.at("/api/v1/session")).await.status, 401);
        let who = victim.get(&place.at("/api/v1/session")).await.json();
        assert_eq!(who["name"], "victoria@example.org");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_comes_back_to_our_own_pages_only() {
    let Some(place) = Place::shared("").await else { return };
    for bad in
        ["https://example.net", "//example.net", "/%5Cexample.net", "javascript:alert(1)", "/%09/example.net"]
    {
        let answer = place.browser().get(&place.at(&format!("/auth/login?return_to={bad}"))).await;
        assert_eq!((answer.status, answer.location()), (400, None), "{bad}");
        assert_eq!(answer.json()["field"], "return_to");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_belongs_to_no_organization_is_told_so_and_can_sign_out() {
    let Some(place) = Place::shared("").await else { return };
    place.issuer.account("nina", &["staff", "astroshield:local:owner"]).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "nina").await.status, 200);
    let who = browser.get(&place.at("/api/v1/session")).await;
    assert_eq!(who.status, 403);
    let detail = who.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("member of no organization"), "{detail}");
    assert_eq!(browser.get(&place.at("/api/v1/conjunctions")).await.status, 403);
    assert_eq!(browser.send(Method::POST, &place.at("/auth/logout"), None).await.status, 200);
    assert_eq!(browser.get(&place.at("/api/v1/session")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_time_link_is_off_unless_it_is_asked_for() {
    let Some(place) = Place::shared("").await else { return };
    assert_eq!(place.service.token, "");
    let Some(place) = Place::shared("one_time_link = true").await else { return };
    // The page offers both.
    let (status, page) = place.service.get("/signin");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Token of the link") && page.contains("href=\"/auth/login\""), "{page}");
    let cookie = place.service.sign_in();
    let (status, who) = place.service.get_with("/api/v1/session", &[("cookie", &cookie)]);
    assert_eq!(status, 200, "{who}");
}
