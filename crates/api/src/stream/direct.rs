//! A WebSocket of our own.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Counted, End, Heard, Line, Subscription};

/// How long to try to tell a client why it is cut off: one that wakes up in this time learns where to go on.
const FAREWELL: Duration = Duration::from_secs(10);

/// The same where the server stops, which waits for nobody.
const FAREWELL_AT_THE_END: Duration = Duration::from_secs(1);

pub(super) struct Direct {
    pub(super) socket: WebSocket,
    /// How long a client may take nothing.
    pub(super) patience: Duration,
    pub(super) shutdown: CancellationToken,
    pub(super) _room: OwnedSemaphorePermit,
    pub(super) _counted: Counted,
}

impl Direct {
    /// Sends a message to a client that takes it in time.
    async fn put(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.patience, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(close_code::AGAIN, "too slow; come again with your last position")),
        }
    }
}

impl Line for Direct {
    async fn hear(&mut self) -> Heard {
        match self.socket.recv().await {
            None | Some(Err(_) | Ok(Message::Close(_))) => Heard::Gone,
            Some(Ok(Message::Text(text))) => Heard::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(_))) => Heard::Binary,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Heard::SignOfLife,
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        self.put(Message::Text(text.into())).await
    }

    async fn note(&mut self, _: &Subscription) {}

    async fn keep_alive(&mut self, _: &Subscription) -> Result<bool, End> {
        self.put(Message::Ping(axum::body::Bytes::new())).await?;
        // Its answer is.
        Ok(false)
    }

    fn stop(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    fn stopped(&self) -> End {
        End::Close(close_code::AWAY, "the server stops")
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        // A client that takes nothing does not take this either; it is cut off all the same. What it has sent is read,
        // since a connection that is closed with something unread takes back what was sent.
        let farewell = async {
            self.socket.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok::<(), axum::Error>(())
        };
        let patience = if code == close_code::AWAY { FAREWELL_AT_THE_END } else { FAREWELL };
        drop(timeout(patience, farewell).await);
    }
}
