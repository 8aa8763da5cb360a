//! What a shutdown leaves those who are connected.

use std::io::{Read as _, Write as _};

use crate::lifecycle::folder;
use crate::limits::{connect, exchange, host, upgrade};
use crate::server::Server;

/// The close code of a WebSocket whose server goes away (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1001;

#[test]
fn a_shutdown_answers_the_request_in_flight_and_tells_websockets_that_the_server_goes_away() {
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    let mut socket = connect(&server);
    let answer = exchange(&mut socket, &upgrade(&server, &cookie));
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let list = r#"{"name":"mine","objects":[]}"#;
    let head = format!(
        "POST /api/v1/watch-lists HTTP/1.1\r\nhost: {}\r\norigin: {}\r\ncookie: {cookie}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        host(&server),
        server.address,
        list.len()
    );
    let mut slow = connect(&server);
    // The server waits for the body.
    assert_eq!(exchange(&mut slow, &head), "HTTP/1.1 100 Continue\r\n\r\n");

    server.signal("TERM");
    // A close frame of less than 126 bytes: its kind, its length, the code, a reason.
    let mut frame = [0; 4];
    socket.read_exact(&mut frame).unwrap();
    assert_eq!((frame[0], u16::from_be_bytes([frame[2], frame[3]])), (0x88, GOING_AWAY), "{frame:?}");
    drop(socket);
    slow.write_all(list.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 ") && answer.contains("\"mine\""), "{answer}");
    let (status, log) = server.end();
    assert_eq!(status, 0, "{log}");
}
