//! Who is let in, how often, and what browsers are told.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use axum::Extension;
use axum::extract::ConnectInfo;
use serde_json::json;

use crate::people::{browser, cookie, program};
use crate::service::{Client, HOST, Service};

/// The same service, as it is asked from an address.
fn from(service: &Service, address: &str) -> Client {
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    service.stranger().through(|routes| routes.layer(Extension(ConnectInfo(peer))))
}

fn networks(list: &[&str]) -> Vec<ipnet::IpNet> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_key_may_ask_so_often_and_costly_routes_count_more() {
    let settings = ApiSettings { requests_per_minute_per_key: 60, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let client = service.client(Scope::Write).await;
    let first = client.get("/api/v1/runs").await;
    assert_eq!(first.header("ratelimit-policy"), "\"key\";q=60;w=60");
    assert!(first.header("ratelimit").starts_with("\"key\";r=59;t="), "{}", first.header("ratelimit"));
    let asked = json!({ "catalog_number": 5 });
    let costly = client.post("/api/v1/screenings", &asked).await;
    assert!(costly.header("ratelimit").starts_with("\"key\";r=9;"), "{}", costly.header("ratelimit"));
    let refused = client.post("/api/v1/screenings", &asked).await;
    refused.expect_problem(429, None);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((39..=41).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-policy"), "\"key\";q=60;w=60");
    assert!(refused.header("ratelimit").starts_with("\"key\";r=9;t=5"), "{}", refused.header("ratelimit"));
    for _ in 0..9 {
        assert_eq!(client.get("/api/v1/runs").await.status, 200);
    }
    let refused = client.get("/api/v1/runs").await;
    refused.expect_problem(429, None);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.header("ratelimit").starts_with("\"key\";r=0;t="), "{}", refused.header("ratelimit"));
    // Each key has its own.
    assert_eq!(service.client(Scope::Read).await.get("/api/v1/runs").await.status, 200);
}

#[tokio::test]
async fn a_key_is_counted_once_however_its_header_is_written() {
    let settings = ApiSettings { requests_per_minute_per_key: 4, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let key = service.key_of("local", Scope::Read).await;
    for scheme in ["Bearer ", "bearer ", "bEARER   ", "Bearer      "] {
        let client = service.stranger().with("authorization", &format!("{scheme}{key}"));
        assert_eq!(client.get("/api/v1/runs").await.status, 200);
    }
    let another = service.stranger().with("authorization", &format!("BEARER  {key}"));
    another.get("/api/v1/runs").await.expect_problem(429, None);
}

#[tokio::test]
async fn a_person_is_counted_once_by_all_that_shows_who_they_are() {
    let settings = ApiSettings { requests_per_minute_per_key: 4, ..ApiSettings::default() };
    let (service, people) = Service::with_people(settings).await;
    people.know("ann", &["astroshield:local:viewer"]);
    for _ in 0..2 {
        assert_eq!(browser(&service, "ann").await.get("/api/v1/runs").await.status, 200);
        assert_eq!(program(&service, "ann").get("/api/v1/runs").await.status, 200);
    }
    browser(&service, "ann").await.get("/api/v1/runs").await.expect_problem(429, None);
    program(&service, "ann").get("/api/v1/session/invitations").await.expect_problem(429, None);
}

#[tokio::test]
async fn an_address_may_ask_so_often_whoever_it_says_that_it_is() {
    let trusted_proxies = networks(&["10.0.0.0/8"]);
    let settings =
        ApiSettings { requests_per_minute_per_address: 3, trusted_proxies, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let sender = from(&service, "192.0.2.1");
    for told in ["198.51.100.1", "198.51.100.2", "10.0.0.1"] {
        // It is no proxy of ours: what it says is nobody's address.
        sender.with("x-forwarded-for", told).get("/api/v1/runs").await.expect_problem(401, None);
    }
    let refused = sender.with("x-forwarded-for", "198.51.100.3").get("/signin").await;
    refused.expect_problem(429, None);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(refused.header("ratelimit").starts_with("\"address\";r=0;t="), "{}", refused.header("ratelimit"));
    let proxy = from(&service, "10.0.0.7");
    for told in ["203.0.113.1", "192.0.2.1, 203.0.113.2", "192.0.2.1, 203.0.113.3, 10.0.0.9"] {
        assert_eq!(proxy.with("x-forwarded-for", told).get("/signin").await.status, 200, "{told}");
    }
    proxy.with("x-forwarded-for", "192.0.2.1").get("/signin").await.expect_problem(429, None);
}

#[tokio::test]
async fn networks_that_are_shut_out_get_nothing_at_all() {
    let settings = ApiSettings {
        allow: networks(&["192.0.2.0/24", "2001:db8::/32"]),
        deny: networks(&["192.0.2.66/32"]),
        ..ApiSettings::default()
    };
    let service = Service::with(settings, 64).await;
    let key = service.key_of("local", Scope::Admin).await;
    for (address, let_in) in [
        ("192.0.2.1", true),
        ("[2001:db8::1]", true),
        ("192.0.2.66", false),
        ("198.51.100.1", false),
        ("[::1]", false),
    ] {
        let client = from(&service, address).with("authorization", &format!("Bearer {key}"));
        for path in ["/api/v1/runs", "/", "/signin", "/assets/style.css", "/api/v1/nothing"] {
            let answer = client.with("x-forwarded-for", "192.0.2.1").get(path).await;
            assert_eq!(answer.status == 403, !let_in, "{address} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn wrong_keys_are_counted_for_every_process_that_shares_the_cache() {
    let settings = ApiSettings { wrong_secrets_per_minute: 4, ..ApiSettings::default() };
    let service = Service::with(settings.clone(), 64).await;
    let other = service.beside(settings);
    let (first, second) = (from(&service, "192.0.2.1"), from(&other, "192.0.2.1"));
    for guess in 0..4 {
        let asked = if guess % 2 == 0 { &first } else { &second };
        let wrong = asked.with("authorization", &format!("Bearer ask_{guess}"));
        wrong.get("/api/v1/runs").await.expect_problem(401, None);
    }
    for asked in [&first, &second] {
        let refused = asked.with("authorization", "Bearer ask_5").get("/api/v1/runs").await;
        refused.expect_problem(429, None);
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        assert_eq!(refused.header("ratelimit-policy"), "\"wrong-secret\";q=4;w=60");
        assert!(refused.header("ratelimit").starts_with("\"wrong-secret\";r=0;t="));
        let token = asked.post("/api/v1/session", &json!({ "token": "guess" })).await;
        token.expect_problem(429, None);
    }
    // A good key is not put off, though nothing is known of it yet, nor is somebody else.
    for process in [&service, &other] {
        let key = service.key_of("local", Scope::Read).await;
        let good = from(process, "192.0.2.1").with("authorization", &format!("Bearer {key}"));
        assert_eq!(good.get("/api/v1/runs").await.status, 200);
    }
    let elsewhere = from(&other, "192.0.2.2").with("authorization", "Bearer ask_6");
    elsewhere.get("/api/v1/runs").await.expect_problem(401, None);
}

/// One of each kind of answer.
const ANSWERS: [&str; 9] = [
    "/",
    "/signin",
    "/assets/style.css",
    "/assets/nothing.js",
    "/nothing",
    "/api/v1/runs",
    "/api/v1/nothing",
    "/api/v1/docs",
    "/api/v1/openapi.json",
];

#[tokio::test]
async fn every_answer_tells_browsers_to_be_prudent() {
    for secure in [false, true] {
        let settings = ApiSettings { secure_cookies: secure, ..ApiSettings::default() };
        let service = Service::with(settings, 64).await;
        for client in [service.stranger(), service.client(Scope::Read).await] {
            for path in ANSWERS {
                for method in ["GET", "POST"] {
                    let answer = client.send(method, path, "").await;
                    let said = |name: &str| answer.header(name).to_owned();
                    assert_eq!(said("x-content-type-options"), "nosniff", "{path}");
                    assert_eq!(said("x-frame-options"), "DENY", "{path}");
                    assert_eq!(said("referrer-policy"), "no-referrer", "{path}");
                    assert_eq!(said("cross-origin-opener-policy"), "same-origin", "{path}");
                    assert_eq!(said("cross-origin-resource-policy"), "same-origin", "{path}");
                    assert!(said("permissions-policy").contains("geolocation=()"), "{path}");
                    let policy = said("content-security-policy");
                    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
                    assert!(
                        policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
                        "{policy}"
                    );
                    assert_eq!(said("strict-transport-security").is_empty(), !secure, "{path}");
                    assert!(said("access-control-allow-origin").is_empty(), "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_ask_with_a_key_where_they_may_and_never_with_a_session() {
    let origins = vec!["https://tools.example.org".to_owned()];
    let settings = ApiSettings { cors_origins: origins, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let preflight = |origin: &str| {
        let asked = service.stranger().with("origin", origin).with("access-control-request-method", "PUT");
        asked.with("access-control-request-headers", "authorization,content-type,astroshield-tenant")
    };
    let allowed = preflight("https://tools.example.org").send("OPTIONS", "/api/v1/rules", "").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://tools.example.org");
    assert!(allowed.header("access-control-allow-methods").contains("PUT"));
    for header in ["authorization", "astroshield-tenant"] {
        assert!(allowed.header("access-control-allow-headers").contains(header), "{header}");
    }
    let refused = preflight("https://elsewhere.example").send("OPTIONS", "/api/v1/rules", "").await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
    let client = service.client(Scope::Read).await.with("origin", "https://tools.example.org");
    let answer = client.get("/api/v1/runs").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://tools.example.org");
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    for answer in [&allowed, &answer] {
        assert_eq!(answer.header("access-control-allow-credentials"), "", "never with a session");
    }

    let token = json!({ "token": service.token(std::time::Duration::from_secs(60)) });
    let signed_in = service.stranger().post("/api/v1/session", &token).await;
    let browser =
        service.stranger().with("cookie", signed_in.header("set-cookie").split(';').next().unwrap());
    let list = json!({ "name": "x", "objects": [] });
    let elsewhere = browser.with("origin", "https://tools.example.org");
    elsewhere.post("/api/v1/watch-lists", &list).await.expect_problem(403, Some("Origin"));

    let any = ApiSettings { cors_origins: vec!["*".to_owned()], ..ApiSettings::default() };
    let service = Service::with(any, 64).await;
    let answer =
        service.client(Scope::Read).await.with("origin", "https://any.example").get("/api/v1/runs").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn an_address_begins_only_so_many_sign_ins() {
    let (service, _) = Service::with_people(ApiSettings::default()).await;
    let sender = from(&service, "192.0.2.1");
    for _ in 0..120 {
        assert_eq!(sender.get("/auth/login").await.status, 303);
    }
    sender.get("/auth/login").await.expect_problem(429, None);
    assert_eq!(from(&service, "192.0.2.2").get("/auth/login").await.status, 303);
}

#[tokio::test]
async fn a_session_whose_cache_is_away_while_it_is_refreshed_goes_on() {
    let (service, people) = Service::with_people(ApiSettings::default()).await;
    people.know("ann", &["astroshield:local:viewer"]);
    people.stand_by_it_for(-1);
    let ann = browser(&service, "ann").await;
    service.cache.replaces_nothing.store(true, Ordering::Relaxed);
    people.stand_by_it_for(3_600);
    let back = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        service.cache.replaces_nothing.store(false, Ordering::Relaxed);
    };
    let (answer, ()) = tokio::join!(ann.get("/api/v1/session"), back);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(ann.get("/api/v1/session").await.status, 200);
    assert_eq!((people.refreshed(), people.revoked()), (1, 0), "what came is kept");
}

#[tokio::test]
async fn over_tls_no_other_host_can_set_a_cookie_of_ours() {
    let settings = ApiSettings { secure_cookies: true, ..ApiSettings::default() };
    let (service, people) = Service::with_people(settings).await;
    people.know("ann", &["astroshield:local:viewer"]);
    let begun = service.stranger().get("/auth/login").await;
    assert!(cookie(&begun.headers, "astroshield_sign_in_").starts_with("__Secure-astroshield_sign_in_"));
    assert!(begun.header("set-cookie").contains("; Secure"), "{}", begun.header("set-cookie"));
    let ann = browser(&service, "ann").await;
    assert_eq!(ann.get("/api/v1/session").await.status, 200);

    let token = json!({ "token": service.token(std::time::Duration::from_secs(60)) });
    let signed_in = service.stranger().post("/api/v1/session", &token).await;
    let set = signed_in.header("set-cookie").to_owned();
    for part in ["__Host-astroshield_session=", "; Path=/;", "; Secure"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let good = set.split(';').next().unwrap();
    assert_eq!(service.stranger().with("cookie", good).get("/api/v1/session").await.status, 200);
    // As a host beside it may set it.
    let plain = good.trim_start_matches("__Host-");
    service.stranger().with("cookie", plain).get("/api/v1/session").await.expect_problem(401, None);
    let two = format!("{good}; {good}x");
    service.stranger().with("cookie", &two).get("/api/v1/session").await.expect_problem(401, None);
}

#[tokio::test]
async fn what_a_browser_says_of_the_asking_page_counts_against_its_origin() {
    let service = Service::start().await;
    let token = json!({ "token": service.token(std::time::Duration::from_secs(60)) });
    let signed_in = service.stranger().post("/api/v1/session", &token).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let ours = service.stranger().with("cookie", &cookie).with("origin", &format!("http://{HOST}"));
    let list = json!({ "name": "x", "objects": [] });
    for (site, status) in [("same-origin", 201), ("same-site", 403), ("cross-site", 403), ("none", 403)] {
        let answer = ours.with("sec-fetch-site", site).post("/api/v1/watch-lists", &list).await;
        assert_eq!(answer.status, status, "{site}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        let elsewhere = service.stranger().with("cookie", &cookie).with("origin", "http://localhost.example");
        elsewhere.send(method, "/api/v1/watch-lists/x", "").await.expect_problem(403, Some("Origin"));
    }
}
