//! The connections of a WebSocket API: who has connected, what they say, and that they have left.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use astroshield_api::{LARGEST_STREAM_MESSAGE, StreamCaller};
use astroshield_domain::ports::{ConnectionId, Connections, Gateway, HeldConnection, Said};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, EventType};
use crate::managed;
use crate::settings::Settings;

/// A WebSocket API ends every connection after two hours; a little later, so that none is forgotten before.
const LONGEST: Duration = Duration::from_secs(2 * 3_600 + 60);

/// Remembers connections, and passes on what is said.
pub(super) struct ConnectionFunctions {
    connections: Arc<dyn Connections>,
    gateway: Arc<dyn Gateway>,
    most: usize,
}

impl ConnectionFunctions {
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let held = managed::gateway(settings)?;
        let held = held.context("gateway.endpoint: the address of the management API is due")?;
        Ok(Self { connections: held.connections, gateway: held.gateway, most: settings.gateway.connections })
    }

    pub(super) async fn answer(&self, event: &[u8]) -> Value {
        let event: Event = match serde_json::from_slice(event) {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(%error, "this is no event of a WebSocket API");
                return status(400);
            }
        };
        let id = &event.request_context.connection_id;
        match event.request_context.event_type {
            EventType::Connect => self.connect(id, event.request_context.authorizer.as_ref()).await,
            EventType::Message => self.pass_on(id, said(&event)).await,
            EventType::Disconnect => self.forget(id).await,
        }
    }

    async fn connect(&self, id: &ConnectionId, caller: Option<&Value>) -> Value {
        let caller = caller.cloned().unwrap_or_default();
        let caller: StreamCaller = match serde_json::from_value(caller) {
            Ok(caller) => caller,
            Err(error) => {
                tracing::error!(%error, "there is no authorizer of ours before $connect");
                return status(500);
            }
        };
        let StreamCaller { tenant, name, scope, proof } = caller;
        let expires = Timestamp::now().checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        let connection = HeldConnection { tenant, name, scope, proof, expires, subscription: None };
        match self.connections.add(id, &connection, self.most).await {
            Ok(true) => status(200),
            Ok(false) => {
                tracing::warn!(most = self.most, "as many WebSockets as are allowed are open");
                status(503)
            }
            Err(error) => {
                tracing::error!(%error, "nobody can connect");
                status(503)
            }
        }
    }

    async fn pass_on(&self, id: &ConnectionId, said: Said) -> Value {
        let Err(error) = self.connections.say(id, &said).await else { return status(200) };
        // Who would wait for an answer for ever comes again.
        tracing::error!(%id, %error, "what a client said is lost: its connection is ended");
        if let Err(error) = self.gateway.close(id).await {
            tracing::error!(%id, %error, "a connection stays open");
        }
        status(503)
    }

    async fn forget(&self, id: &ConnectionId) -> Value {
        let forgotten = match self.connections.remove(id).await {
            Ok(()) => self.connections.say(id, &Said::Gone).await,
            Err(error) => Err(error),
        };
        match forgotten {
            Ok(()) => status(200),
            Err(error) => {
                tracing::warn!(%id, %error, "a connection that has ended is remembered until it expires");
                status(503)
            }
        }
    }
}

/// What a message says.
fn said(event: &Event) -> Said {
    match &event.body {
        _ if event.is_base64_encoded => Said::Binary,
        Some(body) if body.len() > LARGEST_STREAM_MESSAGE => Said::TooLarge,
        body => Said::Text(body.clone().unwrap_or_default()),
    }
}

fn status(code: u16) -> Value {
    json!({ "statusCode": code })
}
