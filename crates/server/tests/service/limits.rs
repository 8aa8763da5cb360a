//! Limits of time and number: who sends slowly, or nothing, or too much, is turned away, and nobody else notices.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::lifecycle::folder;
use crate::server::{PATIENCE, Server};

/// A server with settings of its section.
fn server(settings: &str) -> (TempDir, Server) {
    let folder = folder();
    let file = folder.path().join("astroshield.toml");
    let others = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{others}[server]\n{settings}")).unwrap();
    let server = Server::start(folder.path(), "");
    (folder, server)
}

pub(crate) fn host(server: &Server) -> &str {
    server.address.strip_prefix("http://").unwrap()
}

pub(crate) fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(host(server)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connection and the answer to its first request, tried again while the place of one that was closed is not free yet.
fn admitted(server: &Server, request: &str) -> (TcpStream, String) {
    let began = Instant::now();
    loop {
        let mut stream = connect(server);
        let answer = exchange(&mut stream, request);
        if !answer.starts_with("HTTP/1.1 503 ") {
            return (stream, answer);
        }
        assert!(began.elapsed() < PATIENCE, "the place of a closed connection is given to nobody");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Begins a request, goes on a byte at a time, and returns what was answered until the other side closed.
fn drip(server: &Server, begin: &str) -> String {
    let mut stream = connect(server);
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    let (mut answer, mut part, began) = (Vec::new(), [0; 4096], Instant::now());
    loop {
        assert!(began.elapsed() < PATIENCE, "the connection stays open");
        // It fails once the other side has closed.
        let _ = stream.write_all(b"x");
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // Meanwhile, others are served.
                assert_eq!(server.get("/health/live").0, 200);
            }
            Err(_) => break,
        }
    }
    String::from_utf8(answer).unwrap()
}

/// The head and body of one answer on a connection that stays open.
pub(crate) fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let length = stream.read(&mut part).unwrap_or(0);
        if length == 0 {
            return text;
        }
        answer.extend_from_slice(&part[..length]);
    }
}

/// The request that a WebSocket of the stream begins with.
pub(crate) fn upgrade(server: &Server, cookie: &str) -> String {
    format!(
        "GET /api/v1/stream HTTP/1.1\r\nhost: {}\r\norigin: {}\r\ncookie: {cookie}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        host(server),
        server.address
    )
}

fn live(server: &Server) -> String {
    format!("GET /health/live HTTP/1.1\r\nhost: {}\r\n\r\n", host(server))
}

#[test]
fn a_head_that_drips_is_cut_off() {
    let (_folder, server) = server("head_timeout = \"1s\"\n");
    assert_eq!(drip(&server, "GET /health/live HTTP/1.1\r\nx-long: "), "");
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_body_that_drips_is_answered_408_from_whomever_it_comes() {
    let (_folder, server) = server("body_timeout = \"1s\"\n");
    let cookie = server.sign_in();
    for (path, who) in [("session", String::new()), ("uploads?name=a.csv", format!("cookie: {cookie}\r\n"))] {
        let begin = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nhost: {}\r\n{who}origin: {}\r\ncontent-type: application/json\r\n\
             content-length: 4000\r\n\r\n{{",
            host(&server),
            server.address
        );
        let answer = drip(&server, &begin);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{path}: {answer}");
        assert!(answer.contains("urn:astroshield:problem:too-slow"), "{path}: {answer}");
    }
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_connection_that_says_nothing_is_closed_also_after_a_request() {
    let (_folder, server) = server("head_timeout = \"1s\"\n");
    let mut silent = connect(&server);
    let mut idle = connect(&server);
    let answer = exchange(&mut idle, &live(&server));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for stream in [&mut silent, &mut idle] {
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    }
    assert_eq!(server.get("/health/live").0, 200);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn connections_beyond_the_limit_are_told_so_and_a_websocket_is_one_of_them() {
    let (_folder, server) = server("connections = 3\n");
    let cookie = server.sign_in();
    let mut held = Vec::new();
    for _ in 0..2 {
        let (stream, answer) = admitted(&server, &live(&server));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        held.push(stream);
    }
    let (socket, answer) = admitted(&server, &upgrade(&server, &cookie));
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");

    let mut beyond = connect(&server);
    let answer = exchange(&mut beyond, &live(&server));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
    // Those who were there first are served on.
    assert!(exchange(&mut held[0], &live(&server)).starts_with("HTTP/1.1 200 "));

    drop(socket);
    let (_, answer) = admitted(&server, &live(&server));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(held);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn after_too_many_wrong_keys_and_tokens_an_address_waits_and_sessions_do_not() {
    let (_folder, server) = server("wrong_secrets_per_minute = 3\n");
    let cookie = server.sign_in();
    let wrong = [("authorization", "Bearer ask_wrong")];
    assert_eq!(server.get_with("/api/v1/objects", &wrong).0, 401);
    assert_eq!(server.sign_in_with("wrong"), Err(401));
    assert_eq!(server.get_with("/metrics", &wrong).0, 401);
    for path in ["/api/v1/objects", "/metrics"] {
        let answer = server.send("GET", path, &wrong, "");
        assert_eq!(answer.status, 429, "{answer:?}");
        let wait = answer.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
        assert!((1..=60).contains(&wait.parse::<u32>().unwrap()), "{answer:?}");
        assert!(answer.body.contains("urn:astroshield:problem:too-many"), "{answer:?}");
    }
    assert_eq!(server.sign_in_with("wrong"), Err(429));
    let (status, metrics) = server.get_with("/metrics", &[("cookie", &cookie)]);
    assert_eq!(status, 200);
    for metric in [
        "astroshield_refused_callers_total{reason=\"put_off\"} 2",
        "astroshield_sign_ins_total{outcome=\"put_off\"} 1",
    ] {
        assert!(metrics.contains(metric), "{metric}: {metrics}");
    }
    // Whom a proxy on this machine asks for is another address.
    let other = [wrong[0], ("x-forwarded-for", "192.0.2.9")];
    assert_eq!(server.get_with("/api/v1/objects", &other).0, 401);
    assert_eq!(server.stop().0, 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_takes_nothing_of_what_it_is_sent_is_cut_off() {
    let (_folder, server) = server("send_timeout = \"1s\"\n");
    let cookie = server.sign_in();
    let mut stuck = connect(&server);
    stuck.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let request =
        format!("GET /api/v1/openapi.json HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\r\n", host(&server));
    // Far more than what buffers on the way hold; what no longer fits in is not sent.
    let _ = stuck.write_all(request.repeat(1_000).as_bytes());
    let own = [("cookie", cookie.as_str())];
    // The one that asks.
    let is_gone =
        |status, metrics: &str| status == 200 && metrics.contains("astroshield_http_connections 1\n");
    let metrics = server.until("/metrics", &own, is_gone);
    let sent = metrics.lines().find(|line| line.contains("route=\"/api/v1/openapi.json\",status=\"200\"}"));
    let sent: u32 = sent.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1..1_000).contains(&sent), "{sent}");
    drop(stuck);
    assert_eq!(server.stop().0, 0);
}
