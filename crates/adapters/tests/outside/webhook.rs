//! Webhooks: what targets are told, what becomes of their answers, and where messages never go.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use astroshield_adapters::http::{
    AllowedNetworks, HostLookup, SignedWebhookClient, USER_AGENT, WebhookSettings,
};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_domain::ports::{DeliveryError, WebhookClient, WebhookRequest};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::PATIENCE;
use crate::authority::Authority;
use crate::http_server::{Answer, HttpServer, answer, head};

const KEY: &[u8] = b"thirty-two bytes to sign with...";

/// To targets on this machine, in the clear.
fn settings() -> WebhookSettings {
    WebhookSettings {
        allowed_networks: AllowedNetworks::parse(["127.0.0.1"]).unwrap(),
        allow_http: true,
        roots: TrustedRoots::default(),
        ..WebhookSettings::default()
    }
}

fn strict() -> WebhookSettings {
    WebhookSettings { roots: TrustedRoots::default(), ..WebhookSettings::default() }
}

fn request(url: String) -> WebhookRequest {
    WebhookRequest {
        traceparent: None,
        url,
        secrets: vec![format!("whsec_{}", STANDARD.encode(KEY))],
        id: "0199e2a4-0000-7000-8000-000000000001".to_owned(),
        unix_s: 1_800_000_000,
        body: r#"{"type":"alert.opened","summary":"Überflug"}"#.to_owned(),
    }
}

async fn post(server: &HttpServer) -> Result<(), DeliveryError> {
    SignedWebhookClient::new(&settings()).unwrap().post(&request(server.url("/hook?token=1"))).await
}

async fn post_to_one(said: Answer) -> Result<(), DeliveryError> {
    post(&HttpServer::saying(vec![said]).await).await
}

/// Says these addresses, one list to each question, and counts the questions.
struct Scripted(Mutex<VecDeque<Vec<&'static str>>>);

#[async_trait]
impl HostLookup for Scripted {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(host, "hooks.test");
        let addresses = self.0.lock().unwrap().pop_front().ok_or(io::ErrorKind::NotFound)?;
        Ok(addresses.into_iter().map(|address| address.parse().unwrap()).collect())
    }
}

fn resolving(
    settings: &WebhookSettings,
    answers: Vec<Vec<&'static str>>,
) -> (SignedWebhookClient, Arc<Scripted>) {
    let lookup = Arc::new(Scripted(Mutex::new(answers.into())));
    let client = SignedWebhookClient::with_lookup(settings, Arc::<Scripted>::clone(&lookup)).unwrap();
    (client, lookup)
}

/// HMAC as RFC 2104 defines it, from nothing but the hash.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |byte: u8| (0..64).map(|at| key.get(at).unwrap_or(&0) ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test]
async fn a_target_gets_the_message_and_can_verify_it() {
    let server = HttpServer::saying(vec![answer("204 No Content", &[], b"")]).await;
    assert_eq!(post(&server).await, Ok(()));
    let [received] = server.received().try_into().unwrap();
    let sent = request(String::new());
    assert_eq!(received.line(), "POST /hook?token=1");
    assert_eq!(received.body, sent.body.as_bytes());
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("user-agent"), Some(USER_AGENT));
    let (id, timestamp) =
        (received.header("webhook-id").unwrap(), received.header("webhook-timestamp").unwrap());
    assert_eq!((id, timestamp), (sent.id.as_str(), "1800000000"));
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &received.body].concat();
    let expected = format!("v1,{}", STANDARD.encode(hmac_sha256(KEY, &signed)));
    assert_eq!(received.header("webhook-signature"), Some(expected.as_str()));
}

#[tokio::test]
async fn answers_say_whether_and_when_to_try_again() {
    let minute = Some(Duration::from_secs(60));
    for (status, header, permanent, retry_after) in [
        ("429 Too Many Requests", "retry-after: 60", false, minute),
        ("503 Service Unavailable", "retry-after: 60", false, minute),
        ("500 Internal Server Error", "x-nothing: 1", false, None),
        ("404 Not Found", "x-nothing: 1", false, None),
        ("401 Unauthorized", "x-nothing: 1", false, None),
        ("410 Gone", "x-nothing: 1", true, None),
        ("304 Not Modified", "x-nothing: 1", false, None),
    ] {
        let error = post_to_one(answer(status, &[header], b"secrets of the target")).await.unwrap_err();
        assert_eq!((error.permanent, error.retry_after), (permanent, retry_after), "{status}: {error}");
        assert!(!error.reason.contains("secrets"), "{error}");
    }
    for status in ["200 OK", "201 Created", "202 Accepted"] {
        assert_eq!(post_to_one(answer(status, &[], b"{}")).await, Ok(()), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = HttpServer::saying(vec![answer("200 OK", &[], b"")]).await;
    let location = format!("location: {}", elsewhere.url("/"));
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let error = post_to_one(answer(status, &[&location], b"")).await.unwrap_err();
        assert!(!error.permanent, "{error}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_target_that_hangs_or_drips_is_given_up() {
    let brief = WebhookSettings { timeout: Duration::from_millis(300), ..settings() };
    let client = SignedWebhookClient::new(&brief).unwrap();
    for said in [Answer::Hang(Vec::new()), Answer::Drip(Vec::new(), Duration::from_millis(20))] {
        let server = HttpServer::saying(vec![said]).await;
        let start = Instant::now();
        let error = client.post(&request(server.url("/"))).await.unwrap_err();
        assert!(start.elapsed() < PATIENCE);
        assert!(!error.permanent, "{error}");
    }
}

#[tokio::test]
async fn the_body_of_an_answer_is_not_waited_for() {
    let start = Instant::now();
    let drip = Answer::Drip(head("200 OK", &[], Some(1 << 30)), Duration::from_millis(5));
    assert_eq!(post_to_one(drip).await, Ok(()));
    assert_eq!(post_to_one(Answer::Hang(head("200 OK", &[], Some(1 << 30)))).await, Ok(()));
    assert!(start.elapsed() < WebhookSettings::default().timeout);
}

#[tokio::test]
async fn a_target_that_is_not_there_may_come_back() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hunter2", listener.local_addr().unwrap());
    drop(listener);
    let error = SignedWebhookClient::new(&settings()).unwrap().post(&request(url)).await.unwrap_err();
    assert!(!error.permanent && error.reason.contains("refused"), "{error}");
    assert!(!error.reason.contains("hunter2"), "{error}");
    let (client, _) = resolving(&settings(), vec![vec![]]);
    for _ in 0..2 {
        let error = client.post(&request("http://hooks.test/".to_owned())).await.unwrap_err();
        assert!(!error.permanent, "{error}");
    }
}

#[tokio::test]
async fn without_leave_no_connection_is_made_to_this_machine() {
    let server = HttpServer::saying(vec![answer("200 OK", &[], b"")]).await;
    let port = server.address.port();
    let lenient_but_for_networks = WebhookSettings { allow_http: true, ..strict() };
    for settings in [strict(), lenient_but_for_networks] {
        let client = SignedWebhookClient::new(&settings).unwrap();
        for host in
            ["127.0.0.1", "127.1", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0"]
        {
            for scheme in ["http", "https"] {
                let error = client.post(&request(format!("{scheme}://{host}:{port}/"))).await.unwrap_err();
                assert!(error.permanent, "{host}: {error}");
            }
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_with_any_address_inside_the_network_is_refused() {
    let server = HttpServer::saying(vec![answer("200 OK", &[], b"")]).await;
    let url = format!("http://hooks.test:{}/", server.address.port());
    // Only addresses of this machine, so that a fault here harms nobody. Which others are refused is a matter of the
    // table of networks.
    for (settings, addresses) in [
        (strict(), vec!["127.0.0.1"]),
        (strict(), vec!["::ffff:127.0.0.1"]),
        (strict(), vec!["::1"]),
        (settings(), vec!["127.0.0.1", "127.0.0.2"]),
        (settings(), vec!["127.0.0.1", "127.0.0.1", "::1"]),
    ] {
        let settings = WebhookSettings { allow_http: true, ..settings };
        let (client, _) = resolving(&settings, vec![addresses.clone()]);
        let error = client.post(&request(url.clone())).await.unwrap_err();
        assert!(error.permanent, "{addresses:?}: {error}");
        assert!(error.reason.contains("not allowed for a webhook"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_checked_and_a_name_that_changes_gains_nothing() {
    // A server that keeps its connections, which a client could use again without asking for the name.
    let kept = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = HttpServer::saying(vec![Answer::Hang(kept)]).await;
    let url = format!("http://hooks.test:{}/", server.address.port());
    // Only 127.0.0.1 is allowed; the name means another address of this machine from the second question on.
    let (client, lookup) =
        resolving(&settings(), vec![vec!["127.0.0.1"], vec!["127.0.0.2"], vec!["127.0.0.1"]]);
    assert_eq!(client.post(&request(url.clone())).await, Ok(()));
    assert_eq!(lookup.0.lock().unwrap().len(), 2, "one question for each message");
    let error = client.post(&request(url.clone())).await.unwrap_err();
    assert!(error.permanent && error.reason.contains("127.0.0.2"), "{error}");
    assert_eq!(lookup.0.lock().unwrap().len(), 1);
    assert_eq!(client.post(&request(url)).await, Ok(()));
    assert_eq!(server.received().len(), 2);
    assert_eq!(
        server.received()[0].header("host"),
        Some(format!("hooks.test:{}", server.address.port()).as_str())
    );
}

#[tokio::test]
async fn https_holds_the_target_to_its_name() {
    let authority = Authority::new();
    let respond = |_: usize, _: &crate::http_server::Received| answer("200 OK", &[], b"");
    let right = HttpServer::start(Some(authority.acceptor("hooks.test")), respond).await;
    let wrong = HttpServer::start(Some(authority.acceptor("other.test")), respond).await;
    let settings = WebhookSettings { allow_http: false, roots: authority.roots(), ..settings() };
    let distrusting = WebhookSettings { roots: TrustedRoots::of_this_machine(), ..settings.clone() };
    let url = |server: &HttpServer| format!("https://hooks.test:{}/", server.address.port());
    let client = |settings| resolving(settings, vec![vec!["127.0.0.1"]]).0;

    assert_eq!(client(&settings).post(&request(url(&right))).await, Ok(()));
    assert_eq!(right.received().len(), 1);
    let error = client(&settings).post(&request(url(&wrong))).await.unwrap_err();
    assert!(!error.permanent && error.reason.contains("certificate"), "{error}");
    assert!(client(&distrusting).post(&request(url(&right))).await.is_err());
    assert!(wrong.received().is_empty());
    assert_eq!(right.received().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_signed_or_sent_is_refused_before_anything_is_sent() {
    let server = HttpServer::saying(vec![answer("200 OK", &[], b"")]).await;
    let client = SignedWebhookClient::new(&settings()).unwrap();
    let good = request(server.url("/"));
    for bad in [
        WebhookRequest { secrets: vec!["hunter2".to_owned()], ..good.clone() },
        WebhookRequest { secrets: vec!["whsec_hunter2!".to_owned()], ..good.clone() },
        WebhookRequest { id: String::new(), ..good.clone() },
        WebhookRequest { id: "one.two".to_owned(), ..good.clone() },
        WebhookRequest { id: "one\r\nwebhook-signature: v1,x".to_owned(), ..good.clone() },
        WebhookRequest { url: "hooks.test".to_owned(), ..good.clone() },
    ] {
        let error = client.post(&bad).await.unwrap_err();
        assert!(error.permanent && !error.reason.contains("hunter2"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}
