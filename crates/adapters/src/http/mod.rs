//! What goes out over HTTP: questions to feeds, and messages to webhooks.

mod answer;
mod feed;
mod files;
mod networks;
mod retry_after;
mod signature;
mod space_track;
mod unpack;
mod webhook;

use std::error::Error;
use std::fmt::Write as _;

pub use feed::{HttpFeedClient, HttpFeedSettings};
pub use networks::{AllowedNetworks, ForbiddenAddress, NetworkError};
pub use webhook::{HostLookup, SignedWebhookClient, SystemLookup, WebhookSettings};

use crate::trust::TrustError;

/// How we introduce ourselves.
pub const USER_AGENT: &str =
    concat!("AstroShield/", env!("CARGO_PKG_VERSION"), " (open Space Domain Awareness platform)");

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// TLS.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The client itself.
    #[error("an HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// An error with all of its causes, without the address, which may hold a key.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.ends_with(&told) {
            let _ = write!(text, ": {told}");
        }
        cause = error.source();
    }
    text
}
