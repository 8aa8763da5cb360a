//! A WebSocket of a client that waits for each message.

use std::net::TcpStream;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use crate::server::PATIENCE;

pub(crate) struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Connects with a key, and subscribes to a topic.
    pub(crate) fn open(address: &str, key: &str, topic: &str) -> Self {
        let host = address.strip_prefix("http://").unwrap();
        let mut request = format!("ws://{host}/api/v1/stream").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut socket = Self(client(request, stream).unwrap().0);
        socket.0.send(Message::text(json!({ "subscribe": [topic] }).to_string())).unwrap();
        let answer = socket.next();
        assert_eq!(answer["subscribed"], json!([topic]), "{answer}");
        socket
    }

    /// The next message of JSON.
    pub(crate) fn next(&mut self) -> Value {
        self.try_next().unwrap()
    }

    /// The next message of JSON, unless the connection ends or nothing comes.
    pub(crate) fn try_next(&mut self) -> Result<Value, Error> {
        loop {
            if let Message::Text(text) = self.0.read()? {
                return Ok(serde_json::from_str(&text).unwrap());
            }
        }
    }
}
