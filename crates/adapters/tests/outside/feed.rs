//! Feeds over HTTP.

use std::io::Write;
use std::time::{Duration, Instant};

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings, USER_AGENT};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_domain::ports::{FeedAnswer, FeedClient, FeedError, FeedRequest};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::PATIENCE;
use crate::authority::Authority;
use crate::http_server::{Answer, HttpServer, answer, head};

const DATA: &[u8] = b"OBJECT_NAME,OBJECT_ID\nISS (ZARYA),1998-067A\n";

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

fn request(url: String) -> FeedRequest {
    FeedRequest { url, limit_bytes: 1 << 20, ..FeedRequest::default() }
}

async fn fetch(server: &HttpServer) -> Result<FeedAnswer, FeedError> {
    client().fetch(&request(server.url("/data"))).await
}

async fn fetch_one(said: Answer) -> Result<FeedAnswer, FeedError> {
    fetch(&HttpServer::saying(vec![said]).await).await
}

fn data(bytes: &[u8]) -> FeedAnswer {
    FeedAnswer::Data { bytes: bytes.to_vec(), etag: None, last_modified: None }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn what_we_have_is_named_and_not_sent_again() {
    let changed = "last-modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let server = HttpServer::saying(vec![
        answer("200 OK", &["etag: \"one\"", changed], DATA),
        answer("304 Not Modified", &[], b""),
    ])
    .await;
    let first = fetch(&server).await.unwrap();
    let FeedAnswer::Data { bytes, etag, last_modified } = first else { panic!("no data") };
    assert_eq!(bytes, DATA);
    assert_eq!(etag.as_deref(), Some("\"one\""));
    assert_eq!(last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));

    let again = FeedRequest { etag, last_modified, ..request(server.url("/data")) };
    assert_eq!(client().fetch(&again).await, Ok(FeedAnswer::Unchanged));

    let [first, second] = server.received().try_into().unwrap();
    assert_eq!(first.line(), "GET /data");
    assert_eq!(first.header("user-agent"), Some(USER_AGENT));
    assert!(USER_AGENT.starts_with("AstroShield/"));
    assert_eq!(first.header("accept-encoding"), Some("gzip"));
    assert_eq!((first.header("if-none-match"), first.header("if-modified-since")), (None, None));
    assert_eq!(second.header("if-none-match"), Some("\"one\""));
    assert_eq!(second.header("if-modified-since"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[tokio::test]
async fn not_modified_without_a_condition_is_an_error() {
    let error = fetch_one(answer("304 Not Modified", &[], b"")).await.unwrap_err();
    assert!(!error.permanent, "{error}");
}

#[tokio::test]
async fn an_empty_answer_is_data() {
    assert_eq!(fetch_one(answer("204 No Content", &[], b"")).await, Ok(data(b"")));
    assert_eq!(fetch_one(answer("200 OK", &[], b"")).await, Ok(data(b"")));
}

#[tokio::test]
async fn gzip_is_unpacked_whether_it_is_the_encoding_or_the_file() {
    let encoded = answer("200 OK", &["content-encoding: gzip"], &packed(DATA));
    assert_eq!(fetch_one(encoded).await, Ok(data(DATA)));
    let file = answer("200 OK", &["content-type: application/gzip"], &packed(DATA));
    assert_eq!(fetch_one(file).await, Ok(data(DATA)));
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_refused() {
    for encoding in ["br", "deflate", "gzip, gzip"] {
        let header = format!("content-encoding: {encoding}");
        let error = fetch_one(answer("200 OK", &[&header], DATA)).await.unwrap_err();
        assert!(error.permanent && error.reason.contains(encoding), "{error}");
    }
}

#[tokio::test]
async fn more_than_the_limit_is_refused_while_it_arrives() {
    let mut chunked = head("200 OK", &["transfer-encoding: chunked"], None);
    chunked.extend_from_slice(b"100000\r\n");
    chunked.extend_from_slice(&vec![b'x'; 1 << 20]);
    chunked.extend_from_slice(b"\r\n1\r\nx\r\n");
    // None of these servers says where it ends: who waits for the end waits for the timeout.
    let bomb = packed(&vec![0; 64 << 20]);
    let mut encoded = head("200 OK", &["content-encoding: gzip"], Some(1 << 30));
    encoded.extend_from_slice(&bomb[..bomb.len() / 2]);
    let long = head("200 OK", &[], Some((1 << 20) + 1));
    for said in [chunked, encoded, long] {
        let start = Instant::now();
        let error = fetch_one(Answer::Hang(said)).await.unwrap_err();
        assert!(start.elapsed() < PATIENCE);
        assert_eq!(error.reason, "more than the limit of 1048576 bytes");
        assert!(error.permanent);
    }
    let full = vec![b'x'; 1 << 20];
    assert_eq!(fetch_one(answer("200 OK", &[], &full)).await, Ok(data(&full)));
}

#[tokio::test]
async fn half_a_file_is_an_error_that_may_pass() {
    let mut cut = head("200 OK", &[], Some(2 * DATA.len()));
    cut.extend_from_slice(DATA);
    let mut chunked = head("200 OK", &["transfer-encoding: chunked"], None);
    chunked.extend_from_slice(format!("{:x}\r\n", 2 * DATA.len()).as_bytes());
    chunked.extend_from_slice(DATA);
    let mut without_last_chunk = head("200 OK", &["transfer-encoding: chunked"], None);
    without_last_chunk.extend_from_slice(b"3\r\nabc\r\n");
    let gzip = packed(&DATA.repeat(50));
    let mut half_gzip = head("200 OK", &["content-encoding: gzip"], None);
    half_gzip.extend_from_slice(&gzip[..gzip.len() / 2]);
    for said in [cut, chunked, without_last_chunk, half_gzip] {
        let error = fetch_one(Answer::Bytes(said)).await.unwrap_err();
        assert!(!error.permanent, "{error}");
    }
}

#[tokio::test]
async fn a_page_for_people_is_no_data() {
    let page = b"<!DOCTYPE html><html><body>We are down for maintenance.</body></html>";
    for kind in ["content-type: text/html; charset=utf-8", "content-type: text/plain"] {
        let error = fetch_one(answer("200 OK", &[kind], page)).await.unwrap_err();
        assert!(error.reason.contains("HTML") && !error.permanent, "{error}");
    }
    assert_eq!(fetch_one(answer("200 OK", &["content-type: text/html"], DATA)).await, Ok(data(DATA)));
}

#[tokio::test]
async fn refusals_say_whether_and_when_to_come_back() {
    let minute = Some(Duration::from_secs(60));
    for (status, header, permanent, retry_after) in [
        ("429 Too Many Requests", "retry-after: 60", false, minute),
        ("503 Service Unavailable", "retry-after: 60", false, minute),
        ("500 Internal Server Error", "x-nothing: 1", false, None),
        ("502 Bad Gateway", "retry-after: soon", false, None),
        ("408 Request Timeout", "x-nothing: 1", false, None),
        ("400 Bad Request", "x-nothing: 1", true, None),
        ("401 Unauthorized", "x-nothing: 1", true, None),
        ("403 Forbidden", "retry-after: 60", true, minute),
        ("404 Not Found", "x-nothing: 1", true, None),
        ("206 Partial Content", "x-nothing: 1", false, None),
    ] {
        let error = fetch_one(answer(status, &[header], b"")).await.unwrap_err();
        assert_eq!((error.permanent, error.retry_after), (permanent, retry_after), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_date_to_come_back_is_understood() {
    let later = std::time::SystemTime::now() + Duration::from_secs(600);
    let header = format!("retry-after: {}", httpdate::fmt_http_date(later));
    let error = fetch_one(answer("503 Service Unavailable", &[&header], b"")).await.unwrap_err();
    let seconds = error.retry_after.unwrap().as_secs();
    assert!((500..=600).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn what_a_server_says_of_a_refusal_is_told_on_in_short_and_on_one_line() {
    let said = "GP data has not updated since\r\n your last download.\x1b[31m ".repeat(100);
    let error = fetch_one(answer("403 Forbidden", &[], said.as_bytes())).await.unwrap_err();
    assert!(
        error.reason.starts_with("the server answered 403 Forbidden: GP data has not updated since your")
    );
    assert!(error.reason.len() < 300 && !error.reason.contains(char::is_control), "{error}");
    let page = answer("404 Not Found", &["content-type: text/html"], b"<html>Not found</html>");
    assert_eq!(fetch_one(page).await.unwrap_err().reason, "the server answered 404 Not Found");
    // A server that goes on for ever, or not at all, is not listened to.
    let drip = Answer::Drip(head("403 Forbidden", &[], None), Duration::from_millis(1));
    assert!(fetch_one(drip).await.unwrap_err().permanent);
}

#[tokio::test]
async fn redirects_are_followed_a_few_times() {
    let server = HttpServer::saying(vec![
        answer("301 Moved Permanently", &["location: /moved"], b""),
        answer("302 Found", &["location: /again"], b""),
        answer("200 OK", &[], DATA),
    ])
    .await;
    assert_eq!(fetch(&server).await, Ok(data(DATA)));
    let lines: Vec<_> = server.received().iter().map(|received| received.line().to_owned()).collect();
    assert_eq!(lines, ["GET /data", "GET /moved", "GET /again"]);

    let server = HttpServer::saying(vec![answer("302 Found", &["location: /data"], b"")]).await;
    let error = fetch(&server).await.unwrap_err();
    assert!(error.permanent && error.reason.contains("more than 5 redirects"), "{error}");
    assert_eq!(server.received().len(), 6);
}

#[tokio::test]
async fn a_redirect_leads_to_no_file_of_this_machine() {
    for target in ["file:///etc/hostname", "ftp://127.0.0.1/x"] {
        let header = format!("location: {target}");
        assert!(fetch_one(answer("302 Found", &[&header], b"")).await.is_err(), "{target}");
    }
}

#[tokio::test]
async fn https_needs_an_authority_that_we_trust_and_is_not_left_for_http() {
    let authority = Authority::new();
    let plain = HttpServer::saying(vec![answer("200 OK", &[], DATA)]).await;
    let header = format!("location: {}", plain.url("/plain"));
    let server =
        HttpServer::start(Some(authority.acceptor("localhost")), move |_, received| match received.line() {
            "GET /data" => answer("200 OK", &[], DATA),
            _ => answer("302 Found", &[&header], b""),
        })
        .await;
    let port = server.address.port();
    let url = |path: &str| request(format!("https://localhost:{port}{path}"));

    let distrust = client().fetch(&url("/data")).await.unwrap_err();
    assert!(!distrust.permanent && distrust.reason.contains("certificate"), "{distrust}");
    assert!(server.received().is_empty());

    let trusting = HttpFeedClient::new(&HttpFeedSettings { roots: authority.roots(), ..settings() }).unwrap();
    assert_eq!(trusting.fetch(&url("/data")).await, Ok(data(DATA)));
    let downgrade = trusting.fetch(&url("/away")).await.unwrap_err();
    assert!(downgrade.permanent && downgrade.reason.contains("from https to http"), "{downgrade}");
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_given_up() {
    let brief = HttpFeedSettings {
        silence_timeout: Duration::from_millis(200),
        timeout: Duration::from_millis(600),
        ..settings()
    };
    let client = HttpFeedClient::new(&brief).unwrap();
    for said in [
        Answer::Hang(Vec::new()),
        Answer::Hang(head("200 OK", &[], Some(100))),
        Answer::Drip(Vec::new(), Duration::from_millis(20)),
        Answer::Drip(head("200 OK", &[], Some(1 << 19)), Duration::from_millis(20)),
    ] {
        let server = HttpServer::saying(vec![said]).await;
        let start = Instant::now();
        let error = client.fetch(&request(server.url("/"))).await.unwrap_err();
        assert!(start.elapsed() < PATIENCE);
        assert!(!error.permanent, "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_that_may_pass_and_keeps_the_key_in_the_address_secret() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client().fetch(&request(format!("http://{address}/?key=hunter2"))).await.unwrap_err();
    assert!(!error.permanent, "{error}");
    assert!(error.reason.contains("refused") && !error.reason.contains("hunter2"), "{error}");
}
