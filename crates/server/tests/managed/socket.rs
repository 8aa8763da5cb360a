//! A WebSocket of a client that waits for each message.

use std::net::TcpStream;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::HandshakeError;
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use crate::server::PATIENCE;

pub(crate) struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Connects with a key, and subscribes to a topic.
    pub(crate) fn open(address: &str, key: &str, topic: &str) -> Self {
        let host = address.strip_prefix("http://").unwrap();
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        let mut socket = Self::connect(&format!("ws://{host}/api/v1/stream"), &headers).unwrap();
        let answer = socket.subscribe(&json!({ "subscribe": [topic] }));
        assert_eq!(answer["subscribed"], json!([topic]), "{answer}");
        socket
    }

    /// Connects; else the status with which that was refused.
    pub(crate) fn connect(url: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let host = request.uri().authority().unwrap().as_str().to_owned();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        match client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Says what it wants to hear; what it is answered.
    pub(crate) fn subscribe(&mut self, asked: &Value) -> Value {
        self.say(Message::text(asked.to_string()));
        self.next()
    }

    pub(crate) fn say(&mut self, message: Message) {
        self.0.send(message).unwrap();
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

    /// The next event, which is no answer to a subscription.
    pub(crate) fn next_event(&mut self) -> Value {
        loop {
            let said = self.next();
            if said.get("event").is_some() {
                return said;
            }
        }
    }

    /// What was said until the connection has ended.
    pub(crate) fn rest(mut self) -> Vec<Value> {
        let mut said = Vec::new();
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => said.push(serde_json::from_str(&text).unwrap()),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("the connection stays open: {said:?}")
                }
                Err(_) => return said,
            }
        }
    }
}
