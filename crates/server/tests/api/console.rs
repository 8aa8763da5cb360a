//! The console's files, as its build leaves them, and what it is told at `/config.json`.

use std::fs;
use std::path::Path;

use astroshield_api::{ApiSettings, ConsoleSettings, IdentitySettings};
use astroshield_domain::access::Scope;
use serde_json::json;
use tempfile::TempDir;

use crate::service::{Answer, Service};

/// Large enough to be packed on the way.
const SCRIPT: &str = "/_next/static/chunks/0a1b.js";

fn write(folder: &Path, name: &str, contents: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, contents).unwrap();
}

/// A service with a console in a folder `console`, beside which there is a file `secret.txt`.
async fn with_console() -> (Service, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secret.txt", "not in the console");
    let console = folder.path().join("console");
    write(&console, "index.html", "<title>Conjunctions</title>");
    write(&console, "404.html", "<title>Nothing here</title>");
    write(&console, "objects/index.html", "<title>Objects</title>");
    write(&console, "objects/index.txt", "data of the page");
    write(&console, "alerts/index.html", "<title>Alerts</title>");
    write(&console, "alerts/index.txt", "data of the page");
    write(&console, "signin/index.html", "<title>Sign in</title>");
    write(&console, "config.json", "{\"environment\":\"of the folder\"}");
    write(&console, "assets/earth.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    write(&console, "fonts/plex.woff2", &"font".repeat(100));
    let script = "export const answer = 42;\n".repeat(100);
    write(&console, SCRIPT.trim_start_matches('/'), &script);
    write(&console, "packed.js", &script);
    write(&console, "packed.js.br", "as brotli");
    write(&console, "packed.js.gz", "as gzip");
    let settings = ConsoleSettings { folder: Some(console), ..ConsoleSettings::default() };
    (Service::with(ApiSettings { console: settings, ..ApiSettings::default() }, 64).await, folder)
}

#[track_caller]
fn expect_page(answer: &Answer, status: u16, title: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.text(), format!("<title>{title}</title>"));
    assert_eq!(answer.header("content-type"), "text/html");
}

#[tokio::test]
async fn pages_are_where_the_build_has_put_them_and_need_no_sign_in() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    expect_page(&stranger.get("/").await, 200, "Conjunctions");
    expect_page(&stranger.get("/?tab=new").await, 200, "Conjunctions");
    expect_page(&stranger.get("/objects/").await, 200, "Objects");
    expect_page(&stranger.get("/objects/index.html").await, 200, "Objects");
    let data = stranger.get("/objects/index.txt").await;
    assert_eq!((data.status.as_u16(), data.header("content-type")), (200, "text/plain"));
    // What they show is for those who have signed in, as before.
    stranger.get("/api/v1/session").await.expect_problem(401, None);
}

#[tokio::test]
async fn a_page_without_its_slash_leads_to_the_one_with_it_on_this_host() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    for (path, to) in [
        ("/objects", "/objects/"),
        ("/objects?search=iss", "/objects/?search=iss"),
        ("/signin?token=abc", "/signin/?token=abc"),
        ("http://elsewhere.example/objects", "/objects/"),
    ] {
        let answer = stranger.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (308, to), "{path}");
    }
    for path in [
        "//objects",
        "//objects?x",
        "///objects",
        "/.//objects",
        "/%2fobjects",
        "/%2F/objects",
        "/%5Cobjects",
    ] {
        let answer = stranger.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn the_link_of_a_mail_leads_to_the_page_of_alerts() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    for path in
        ["/alerts/", "/alerts/0190c0de-0000-7000-8000-000000000000", "/alerts/x/", "/alerts/x?from=mail"]
    {
        expect_page(&stranger.get(path).await, 200, "Alerts");
    }
    assert_eq!(stranger.get("/alerts/index.txt").await.text(), "data of the page");
    for path in ["/alerts/x/y", "/alerts/x/index.txt", "/alerts/x.js"] {
        expect_page(&stranger.get(path).await, 404, "Nothing here");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_outside_of_the_api_and_a_problem_in_it() {
    let (service, folder) = with_console().await;
    let stranger = service.stranger();
    let long = format!("/{}", "a".repeat(300));
    for path in [
        "/nothing",
        "/nothing/",
        "/objects/nothing",
        "/index.html/",
        "/index.html/x",
        "/a%00b",
        "/%ff",
        &long,
    ] {
        for (header, value) in [("range", "bytes=0-1"), ("if-none-match", "*")] {
            expect_page(&stranger.with(header, value).get(path).await, 404, "Nothing here");
        }
        let head = stranger.send("HEAD", path, "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (404, 0), "{path}");
    }
    for path in ["/api", "/api/", "/api/v2/runs"] {
        stranger.get(path).await.expect_problem(404, None);
    }
    stranger.get("/api/v1/nothing").await.expect_problem(401, None);
    service.client(Scope::Read).await.get("/api/v1/nothing").await.expect_problem(404, None);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let refused = stranger.send(method, "/objects/", "x").await;
        refused.expect_problem(405, None);
        assert_eq!(refused.header("allow"), "GET,HEAD");
    }
    fs::remove_file(folder.path().join("console/404.html")).unwrap();
    stranger.get("/nothing").await.expect_problem(404, None);
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let (service, folder) = with_console().await;
    let stranger = service.stranger();
    let secret = folder.path().join("secret.txt");
    let absolute = secret.to_str().unwrap();
    for path in [
        "/../secret.txt".to_owned(),
        "/%2e%2e/secret.txt".to_owned(),
        "/..%2fsecret.txt".to_owned(),
        "/%2E%2E%2Fsecret.txt".to_owned(),
        "/objects/../../secret.txt".to_owned(),
        "/objects/%2e%2e/%2e%2e/secret.txt".to_owned(),
        "/..%5csecret.txt".to_owned(),
        "/alerts/%2e%2e%2f%2e%2e%2fsecret.txt".to_owned(),
        "/assets/..%2f..%2fsecret.txt".to_owned(),
        "/_next/static/%2e%2e/%2e%2e/%2e%2e/secret.txt".to_owned(),
        format!("/{absolute}"),
        format!("/{}", absolute.replace('/', "%2f")),
    ] {
        let answer = stranger.get(&path).await;
        assert!(!answer.text().contains("not in the console"), "{path}");
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn files_named_by_their_content_are_kept_and_pages_asked_for_again() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    let caching = |answer: &Answer| answer.header("cache-control").to_owned();
    let for_ever = "public, max-age=31536000, immutable";
    assert_eq!(caching(&stranger.get(SCRIPT).await), for_ever);
    assert_eq!(caching(&stranger.get("/_next/static/chunks/gone.js").await), "no-cache");
    for path in ["/", "/objects", "/objects/", "/alerts/x", "/nothing", "/packed.js"] {
        assert_eq!(caching(&stranger.get(path).await), "no-cache", "{path}");
    }
    // The token of a link is in their addresses.
    for path in ["/signin?token=x", "/signin/?token=x"] {
        let page = stranger.get(path).await;
        assert_eq!(
            (caching(&page).as_str(), page.header("referrer-policy")),
            ("no-store", "no-referrer"),
            "{path}"
        );
    }

    for (path, caching) in [("/", "no-cache"), (SCRIPT, for_ever), ("/alerts/x", "no-cache")] {
        let first = stranger.get(path).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"'), "{path}: {etag}");
        let again = stranger.with("if-none-match", &format!("W/{etag}")).get(path).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        assert_eq!((again.header("etag"), again.header("cache-control")), (etag.as_str(), caching));
        assert_eq!(again.header("vary"), "accept-encoding");
        assert_eq!(stranger.with("if-none-match", "\"other\"").get(path).await.status, 200, "{path}");
        let since = stranger.with("if-modified-since", first.header("last-modified")).get(path).await;
        assert_eq!(since.status, 304, "{path}");
        let long_ago = stranger.with("if-modified-since", "Thu, 01 Jan 2015 00:00:00 GMT").get(path).await;
        assert_eq!(long_ago.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_build_is_sent_although_somebody_has_the_one_before() {
    let (service, folder) = with_console().await;
    let stranger = service.stranger();
    let before = stranger.get("/").await;
    write(&folder.path().join("console"), "index.html", "<title>Conjunctions, too</title>");
    let after = stranger.with("if-none-match", before.header("etag")).get("/").await;
    expect_page(&after, 200, "Conjunctions, too");
}

#[tokio::test]
async fn a_file_is_packed_once_by_the_build_or_on_the_way() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    for (accepted, coding, body) in [
        ("br, gzip", "br", Some("as brotli")),
        ("gzip", "gzip", Some("as gzip")),
        ("gzip, br;q=0", "gzip", Some("as gzip")),
        ("identity", "", None),
        ("", "", None),
    ] {
        let packed = stranger.with("accept-encoding", accepted).get("/packed.js").await;
        assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, coding), "{accepted}");
        assert_eq!(packed.header("content-type"), "text/javascript");
        assert!(packed.header("vary").contains("accept-encoding"), "{accepted}");
        assert_eq!(packed.header("content-length"), packed.body.len().to_string(), "{accepted}");
        match body {
            Some(body) => assert_eq!(packed.text(), body, "{accepted}"),
            None => assert!(packed.text().starts_with("export const answer"), "{accepted}"),
        }
        let again = stranger.with("accept-encoding", accepted).with("if-none-match", packed.header("etag"));
        assert_eq!(again.get("/packed.js").await.status, 304, "{accepted}");
        let head = stranger.with("accept-encoding", accepted).send("HEAD", "/packed.js", "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{accepted}");
        for same in ["content-encoding", "content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(head.header(same), packed.header(same), "{accepted}: {same}");
        }
    }
    // What the build has not packed.
    let plain = stranger.get(SCRIPT).await;
    let packed = stranger.with("accept-encoding", "br, gzip").get(SCRIPT).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() * 4 < plain.body.len());
    // A font is packed by itself.
    let font = stranger.with("accept-encoding", "br, gzip").get("/fonts/plex.woff2").await;
    assert_eq!((font.header("content-encoding"), font.header("content-type")), ("", "font/woff2"));
}

#[tokio::test]
async fn a_part_of_a_file_is_sent_to_those_who_have_that_file() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    let part = stranger.with("range", "bytes=7-11").get(SCRIPT).await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "const"));
    assert!(part.header("content-range").starts_with("bytes 7-11/"));
    let whole = stranger.get(SCRIPT).await;
    let beyond = stranger.with("range", "bytes=99999-").get(SCRIPT).await;
    beyond.expect_problem(416, None);
    for (name, value) in [("range", "bytes=0-1,4-5"), ("if-range", "\"of another version\"")] {
        let answer = stranger.with("range", "bytes=7-11").with(name, value);
        let answer = if name == "range" { stranger.with(name, value) } else { answer };
        let answer = answer.get(SCRIPT).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, whole.body.len()), "{name}");
    }
}

#[tokio::test]
async fn the_header_says_of_every_file_what_a_page_cannot_say_of_itself() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    for path in ["/", "/objects", "/nothing", "/alerts/x", SCRIPT, "/assets/earth.svg"] {
        let answer = stranger.get(path).await;
        assert_eq!(
            answer.header("content-security-policy"),
            "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'",
            "{path}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        assert!(answer.header("permissions-policy").contains("geolocation=()"), "{path}");
        assert!(answer.header("set-cookie").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_the_service_answers_itself_is_not_taken_from_the_folder() {
    let (service, _folder) = with_console().await;
    let stranger = service.stranger();
    assert_eq!(stranger.get("/config.json").await.json()["environment"], "laptop");
    // Of the page to try the API at, beside what the console has in a folder of that name.
    assert_eq!(stranger.get("/assets/docs.js").await.status, 200);
    assert_eq!(stranger.get("/assets/earth.svg").await.header("content-type"), "image/svg+xml");
    let docs = service.client(Scope::Read).await.get("/api/v1/docs").await;
    assert!(docs.header("content-security-policy").starts_with("default-src 'none'"));
}

#[tokio::test]
async fn a_name_that_is_not_ours_gets_no_file_either() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "index.html", "<title>Conjunctions</title>");
    let console = ConsoleSettings { folder: Some(folder.path().to_owned()), ..ConsoleSettings::default() };
    let allowed_hosts = Some(vec!["127.0.0.1:8080".to_owned()]);
    let service = Service::with(ApiSettings { allowed_hosts, console, ..ApiSettings::default() }, 64).await;
    for path in ["/", "/signin", "/config.json"] {
        service.stranger().get(path).await.expect_problem(421, None);
    }
}

#[tokio::test]
async fn the_console_is_told_where_it_is_and_how_people_sign_in() {
    let told = |service: Service| async move {
        let answer = service.stranger().get("/config.json").await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
        assert_eq!(answer.header("content-type"), "application/json");
        answer.json()
    };
    let console = ConsoleSettings { environment: "staging".to_owned(), ..ConsoleSettings::default() };
    let settings = ApiSettings { build: "0.1.0+abc".to_owned(), console, ..ApiSettings::default() };
    let local = told(Service::with(settings, 64).await).await;
    let expected = json!({
        "build": "0.1.0+abc",
        "environment": "staging",
        "api": "",
        "stream": null,
        "sign_in": { "one_time_token": true, "provider": null },
    });
    assert_eq!(local, expected);
    for one_time_tokens in [false, true] {
        let identity = IdentitySettings { one_time_tokens, ..IdentitySettings::default() };
        let (service, _) = Service::with_people(ApiSettings { identity, ..ApiSettings::default() }).await;
        let sign_in = json!({ "one_time_token": one_time_tokens, "provider": "/auth/login" });
        assert_eq!(told(service).await["sign_in"], sign_in);
    }
}
