//! WebSockets that a gateway holds for us: who is connected through it, what they say, and how they are told something.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::event::Topic;
use crate::ids::TenantId;

/// Longest name of a connection.
const LONGEST_NAME: usize = 128;

/// A connection, by the name that the gateway gives it: up to 128 characters of base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(String);

/// What is no name of a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no name of a connection: up to {LONGEST_NAME} letters, digits, '=', '-', '_', '+' and '/' are due")]
pub struct ConnectionIdError;

impl ConnectionId {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ConnectionId {
    type Err = ConnectionIdError;

    fn from_str(text: &str) -> Result<Self, ConnectionIdError> {
        let may_be = |c: char| c.is_ascii_alphanumeric() || "=-_+/".contains(c);
        if (1..=LONGEST_NAME).contains(&text.len()) && text.chars().all(may_be) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ConnectionIdError)
        }
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = ConnectionIdError;

    fn try_from(text: String) -> Result<Self, ConnectionIdError> {
        text.parse()
    }
}

impl From<ConnectionId> for String {
    fn from(id: ConnectionId) -> Self {
        id.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A connection, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldConnection {
    /// On whose behalf it was opened.
    pub tenant: TenantId,
    /// By whom.
    pub name: String,
    /// What they may do.
    pub scope: Scope,
    /// By what it is seen whether that still holds. It opens nothing.
    pub proof: String,
    /// When the gateway ends it at the latest.
    pub expires: Timestamp,
    /// What they want to hear, once they have said so.
    pub subscription: Option<HeldSubscription>,
}

/// How far a client is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSubscription {
    /// What it wants to hear.
    pub topics: Vec<Topic>,
    /// Everything up to here was sent, or is not wanted.
    pub position: i64,
    /// Whether it may have missed something before that, and was not told so yet.
    pub reset: bool,
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A message.
    Text(String),
    /// A message that is no text.
    Binary,
    /// A message that is larger than any that is due.
    TooLarge,
    /// That it has left.
    Gone,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saying {
    /// Its place among all that is said.
    pub place: String,
    /// By whom.
    pub connection: ConnectionId,
    /// What.
    pub said: Said,
}

/// Why connections could not be looked up or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionsError {
    /// What remembers them does not answer.
    #[error("nobody knows which connections there are: no answer")]
    Unavailable,
    /// What is remembered is not of this version.
    #[error("what is remembered of a connection is not of this version: {reason}")]
    Unreadable {
        /// What is wrong.
        reason: String,
    },
}

/// The connections that a gateway holds, as all processes know them, and what comes over them. What is forgotten of it costs a
/// client a new connection, and no event.
#[async_trait]
pub trait Connections: Send + Sync + 'static {
    /// Remembers a connection until it expires, unless there are as many as may be; whether it does.
    ///
    /// # Errors
    /// When there is no answer.
    async fn add(
        &self,
        id: &ConnectionId,
        connection: &HeldConnection,
        most: usize,
    ) -> Result<bool, ConnectionsError>;

    /// A connection, if it is remembered.
    ///
    /// # Errors
    /// When there is no answer.
    async fn get(&self, id: &ConnectionId) -> Result<Option<HeldConnection>, ConnectionsError>;

    /// Remembers a connection as it is now.
    ///
    /// # Errors
    /// When there is no answer.
    async fn put(&self, id: &ConnectionId, connection: &HeldConnection) -> Result<(), ConnectionsError>;

    /// Forgets a connection.
    ///
    /// # Errors
    /// When there is no answer.
    async fn remove(&self, id: &ConnectionId) -> Result<(), ConnectionsError>;

    /// All that have not expired.
    ///
    /// # Errors
    /// When there is no answer.
    async fn all(&self) -> Result<Vec<ConnectionId>, ConnectionsError>;

    /// Passes on what was said over a connection.
    ///
    /// # Errors
    /// When there is no answer.
    async fn say(&self, id: &ConnectionId, said: &Said) -> Result<(), ConnectionsError>;

    /// Some of what was said after a place, or from the beginning, in its order; without what was dealt with.
    ///
    /// # Errors
    /// When there is no answer.
    async fn said_after(&self, place: Option<&str>) -> Result<Vec<Saying>, ConnectionsError>;

    /// What was said in a place is dealt with.
    ///
    /// # Errors
    /// When there is no answer.
    async fn dealt_with(&self, place: &str) -> Result<(), ConnectionsError>;
}

/// Why a gateway did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The connection is no more.
    #[error("the connection is gone")]
    Gone,
    /// The message is larger than what it passes on.
    #[error("the message is larger than what the gateway passes on")]
    TooLarge,
    /// Too much was asked of it, or the client does not take what is sent.
    #[error("the gateway puts us off")]
    Busy,
    /// It does not answer, or not so that it could be understood, or refuses us.
    #[error("the gateway: {reason}")]
    Away {
        /// What happened.
        reason: String,
    },
}

/// What holds the connections of clients for us.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Sends a client a message of text.
    ///
    /// # Errors
    /// When it is not known to be on its way.
    async fn send(&self, id: &ConnectionId, text: &str) -> Result<(), GatewayError>;

    /// Ends a connection.
    ///
    /// # Errors
    /// When it is not known to be ended.
    async fn close(&self, id: &ConnectionId) -> Result<(), GatewayError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_connection_is_short_and_of_base64() {
        assert_eq!("L0SM9cOFvHcCIhw=".parse::<ConnectionId>().unwrap().as_str(), "L0SM9cOFvHcCIhw=");
        for bad in ["", "a b", "a:b", "ä", "a\n", &"a".repeat(129)] {
            assert_eq!(bad.parse::<ConnectionId>(), Err(ConnectionIdError), "{bad:?}");
        }
    }
}
