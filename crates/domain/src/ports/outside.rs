//! Feeds, webhooks and mail.

use std::time::Duration;

use async_trait::async_trait;

/// A request to a feed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeedRequest {
    /// Address: `https:`, `http:` or `file:`.
    pub url: String,
    /// Validators of what we have.
    pub etag: Option<String>,
    /// Validators of what we have.
    pub last_modified: Option<String>,
    /// Name and password for a Space-Track session.
    pub space_track: Option<(String, String)>,
    /// Largest answer that is taken, in bytes, after decompression.
    pub limit_bytes: u64,
}

/// What a feed answered.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedAnswer {
    /// What we have is its data still.
    Unchanged,
    /// New data.
    Data {
        /// The bytes, decompressed.
        bytes: Vec<u8>,
        /// Validator.
        etag: Option<String>,
        /// Validator.
        last_modified: Option<String>,
    },
}

/// Why a feed gave nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct FeedError {
    /// The reason.
    pub reason: String,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether asking again the same way cannot help (refused, not found).
    pub permanent: bool,
    /// What it was that failed.
    pub fault: FeedFault,
}

/// What failed when a feed gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeedFault {
    /// The other side was not reached, and knows nothing of the request.
    NotReached,
    /// Name or password were refused: asking again may close the account.
    SignInRefused,
    /// Anything else.
    #[default]
    Other,
}

/// Asks feeds.
#[async_trait]
pub trait FeedClient: Send + Sync + 'static {
    /// Asks once. Whether it is polite to ask is the caller's to know.
    async fn fetch(&self, request: &FeedRequest) -> Result<FeedAnswer, FeedError>;
}

/// A message for a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// What to sign it with: each of them signs.
    pub secrets: Vec<String>,
    /// Identity of the message, the same in every attempt.
    pub id: String,
    /// When this attempt is made, in seconds of Unix time.
    pub unix_s: i64,
    /// JSON.
    pub body: String,
    /// The trace that it belongs to: a W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// Why a message did not get through.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// The reason.
    pub reason: String,
    /// How long the other side wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether trying again cannot help.
    pub permanent: bool,
}

/// Posts to webhooks, signed as in Standard Webhooks, never to an address inside the network unless allowed.
#[async_trait]
pub trait WebhookClient: Send + Sync + 'static {
    /// Tries once; the other side has taken it when this returns well.
    async fn post(&self, request: &WebhookRequest) -> Result<(), DeliveryError>;

    /// Whether an address may be a webhook's: its scheme and, where it names one, its host's address.
    ///
    /// # Errors
    /// When it may not; the reason says why.
    fn check(&self, url: &str) -> Result<(), DeliveryError>;
}

/// A mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// To whom.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// Identity, the same in every attempt: its `Message-ID`.
    pub id: String,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Tries once; the mail server has taken it when this returns well.
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError>;
}
