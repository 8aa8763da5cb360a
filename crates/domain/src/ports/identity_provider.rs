//! An identity provider: where people sign in, and who vouches for what they send.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::identity::Identity;

/// What a browser takes along to the provider. All of it is chance, and new for each sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRequest {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// SHA-256 of the verifier that the code is redeemed with, in base64url (PKCE, S256).
    pub challenge: String,
}

/// What a browser brings back, and what the provider is held to by it.
#[derive(Clone, Copy)]
pub struct SignInAnswer<'a> {
    /// What the provider gives its tokens for, once.
    pub code: &'a str,
    /// The provider, where the answer names it.
    pub issuer: Option<&'a str>,
    /// What the challenge was made of.
    pub verifier: &'a str,
    /// The nonce of the request.
    pub nonce: &'a str,
}

/// What a provider gives for a code or a refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSession {
    /// Who. `None` where a refresh says nothing new of it.
    pub identity: Option<Identity>,
    /// The ID token, which the provider wants back when its session is to end.
    pub id_token: Option<String>,
    /// What the next refresh is asked for with; without it, there is none.
    pub refresh_token: Option<String>,
    /// Until when the provider stands by it.
    pub expires: Timestamp,
}

impl fmt::Debug for ProviderSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever has the tokens is taken for that person.
        f.debug_struct("ProviderSession")
            .field("identity", &self.identity)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Why a provider does not vouch for somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It was not reached, or its answer is of no use. Somebody may try again.
    #[error("the identity provider does not answer: {reason}")]
    Unavailable {
        /// What happened, for the log.
        reason: String,
    },
    /// What was sent does not hold, now and later.
    #[error("{reason}")]
    Refused {
        /// Why, in words that may be shown to whoever sent it.
        reason: String,
        /// Whether it looks made up, and not only old or meant for others.
        forged: bool,
    },
}

/// An identity provider that people sign in at.
#[async_trait]
pub trait IdentityProvider: Send + Sync + 'static {
    /// Where a browser goes to sign in.
    ///
    /// # Errors
    /// When the provider does not answer.
    async fn sign_in_address(&self, request: &SignInRequest) -> Result<String, IdentityError>;

    /// Who has signed in, for what the browser brought back.
    ///
    /// # Errors
    /// When the provider does not answer, or the code, or what it gives for it, does not hold.
    async fn redeem(&self, answer: &SignInAnswer<'_>) -> Result<ProviderSession, IdentityError>;

    /// Whether somebody is still signed in. The refresh token is used up with this.
    ///
    /// # Errors
    /// When the provider does not answer, or ends it.
    async fn refresh(&self, refresh_token: &str, subject: &str) -> Result<ProviderSession, IdentityError>;

    /// Takes back a refresh token, where the provider can.
    ///
    /// # Errors
    /// When the provider does not answer.
    async fn revoke(&self, refresh_token: &str) -> Result<(), IdentityError>;

    /// Where a browser goes to end its session at the provider, too. `None` where the provider has no such place.
    async fn sign_out_address(&self, id_token: Option<&str>) -> Option<String>;

    /// Who sends an access token.
    ///
    /// # Errors
    /// When the token does not hold, or cannot be checked as the provider does not answer.
    async fn identify(&self, access_token: &str) -> Result<Identity, IdentityError>;
}
