//! Secrets that are kept outside, where they may change at any time.

use std::fmt;

use async_trait::async_trait;

/// A password, a key, or an address with one in it. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretText(String);

impl SecretText {
    /// A text that is not to be printed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, to be handed to who needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Why a secret cannot be had. It does not say anything of one.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct SecretError {
    /// The reason.
    pub reason: String,
    /// What lies behind it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Where one secret is.
#[async_trait]
pub trait SecretSource: Send + Sync + 'static {
    /// The secret as it is now.
    ///
    /// # Errors
    /// When it cannot be reached, or is none.
    async fn fetch(&self) -> Result<SecretText, SecretError>;
}
