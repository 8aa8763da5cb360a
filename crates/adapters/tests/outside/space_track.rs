//! Sessions at a stand-in for Space-Track.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_domain::ports::{FeedAnswer, FeedClient, FeedError, FeedRequest};

use crate::http_server::{Answer, HttpServer, answer};

const QUERY: &str = "/basicspacedata/query/class/cdm_public/format/json";
const LOGIN: &str = "POST /ajaxauth/login";

fn settings() -> HttpFeedSettings {
    HttpFeedSettings {
        proxies_of_environment: false,
        roots: TrustedRoots::default(),
        ..HttpFeedSettings::default()
    }
}

fn client() -> HttpFeedClient {
    HttpFeedClient::new(&settings()).unwrap()
}

async fn fetch(client: &HttpFeedClient, url: String) -> Result<FeedAnswer, FeedError> {
    let space_track = Some(("me@example.com".to_owned(), "hunter2&=ü".to_owned()));
    let request = FeedRequest { url, space_track, limit_bytes: 1 << 20, ..FeedRequest::default() };
    let answer = client.fetch(&request).await;
    if let Err(error) = &answer {
        assert!(!error.reason.contains("hunter2"), "{error}");
    }
    answer
}

/// Signs in whoever comes; a session is good for so many queries.
async fn space_track(queries_per_session: usize) -> HttpServer {
    let (sessions, used) = (AtomicUsize::new(0), AtomicUsize::new(0));
    HttpServer::start(None, move |_, received| {
        if received.line() == LOGIN {
            let number = sessions.fetch_add(1, Ordering::Relaxed) + 1;
            used.store(0, Ordering::Relaxed);
            let cookie = format!("set-cookie: chocolatechip=c{number}; path=/; secure; HttpOnly");
            return answer("200 OK", &[&cookie, "set-cookie: spacetrack=1; path=/"], b"\"\"");
        }
        let cookie = format!("chocolatechip=c{}; spacetrack=1", sessions.load(Ordering::Relaxed));
        let good = used.fetch_add(1, Ordering::Relaxed) < queries_per_session;
        if good && received.header("cookie") == Some(&cookie) {
            answer("200 OK", &[], b"[]")
        } else {
            answer("401 Unauthorized", &[], b"{\"error\":\"You must be logged in\"}")
        }
    })
    .await
}

fn lines(server: &HttpServer) -> Vec<String> {
    server.received().iter().map(|received| received.line().to_owned()).collect()
}

#[tokio::test]
async fn one_session_serves_many_queries() {
    let server = space_track(100).await;
    let client = client();
    for _ in 0..3 {
        let answer = fetch(&client, server.url(QUERY)).await;
        assert!(matches!(answer, Ok(FeedAnswer::Data { bytes, .. }) if bytes == b"[]"));
    }
    let query = format!("GET {QUERY}");
    assert_eq!(lines(&server), [LOGIN, query.as_str(), query.as_str(), query.as_str()]);
    let login = &server.received()[0];
    assert_eq!(login.body, b"identity=me%40example.com&password=hunter2%26%3D%C3%BC");
    assert_eq!(login.header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn feeds_that_ask_at_once_share_a_session() {
    let server = space_track(100).await;
    let client = Arc::new(client());
    let queries: Vec<_> = (0..5)
        .map(|_| {
            let (client, url) = (Arc::clone(&client), server.url(QUERY));
            tokio::spawn(async move { fetch(&client, url).await })
        })
        .collect();
    for query in queries {
        query.await.unwrap().unwrap();
    }
    assert_eq!(lines(&server).iter().filter(|line| *line == LOGIN).count(), 1);
}

#[tokio::test]
async fn a_session_that_has_run_out_is_begun_anew() {
    let server = space_track(1).await;
    let client = client();
    for _ in 0..2 {
        fetch(&client, server.url(QUERY)).await.unwrap();
    }
    let query = format!("GET {QUERY}");
    assert_eq!(lines(&server), [LOGIN, &query, &query, LOGIN, &query]);
}

#[tokio::test]
async fn a_refused_sign_in_is_permanent_and_not_tried_twice() {
    for refusal in [
        answer("401 Unauthorized", &[], b""),
        answer("200 OK", &["set-cookie: chocolatechip=none"], b"{\"Login\":\"Failed\"}"),
    ] {
        let server = HttpServer::saying(vec![refusal]).await;
        let error = fetch(&client(), server.url(QUERY)).await.unwrap_err();
        assert!(error.permanent && error.reason.contains("sign-in was refused"), "{error}");
        assert_eq!(lines(&server), [LOGIN]);
    }
    // Signed in, and refused all the same.
    let server = space_track(0).await;
    let error = fetch(&client(), server.url(QUERY)).await.unwrap_err();
    assert!(error.permanent, "{error}");
    assert_eq!(lines(&server), [LOGIN, &format!("GET {QUERY}")]);
}

#[tokio::test]
async fn a_sign_in_that_fails_for_now_may_be_tried_again() {
    for (said, retry_after) in [
        (answer("503 Service Unavailable", &["retry-after: 60"], b""), Some(Duration::from_secs(60))),
        (answer("200 OK", &[], b"\"\""), None),
        (answer("200 OK", &["set-cookie: a=b"], b"<html>Maintenance</html>"), None),
    ] {
        let server = HttpServer::saying(vec![said]).await;
        let error = fetch(&client(), server.url(QUERY)).await.unwrap_err();
        assert_eq!((error.permanent, error.retry_after), (false, retry_after), "{error}");
    }
}

#[tokio::test]
async fn cookies_and_passwords_do_not_follow_redirects() {
    let elsewhere = HttpServer::saying(vec![answer("200 OK", &[], b"[]")]).await;
    let location = format!("location: {}", elsewhere.url("/"));
    let from_login: Answer = answer("307 Temporary Redirect", &[&location], b"");
    let signed_in = answer("200 OK", &["set-cookie: chocolatechip=1"], b"\"\"");
    for answers in [vec![from_login.clone()], vec![signed_in, from_login]] {
        let server = HttpServer::saying(answers).await;
        assert!(fetch(&client(), server.url(QUERY)).await.is_err());
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_password_goes_over_https_only() {
    let error = fetch(&client(), "http://space-track.invalid/basicspacedata".to_owned()).await.unwrap_err();
    assert!(error.permanent && error.reason.contains("https only"), "{error}");
}

#[tokio::test]
async fn a_request_too_many_is_not_made_and_says_when_it_may_be() {
    let server = space_track(100).await;
    let limited = HttpFeedSettings { space_track_per_hour: 3, ..settings() };
    let client = HttpFeedClient::new(&limited).unwrap();
    for _ in 0..2 {
        fetch(&client, server.url(QUERY)).await.unwrap();
    }
    let error = fetch(&client, server.url(QUERY)).await.unwrap_err();
    let seconds = error.retry_after.unwrap().as_secs();
    assert!(!error.permanent && (3000..=3600).contains(&seconds), "{error} {seconds}");
    // A sign-in and two queries.
    assert_eq!(server.received().len(), 3);
}
