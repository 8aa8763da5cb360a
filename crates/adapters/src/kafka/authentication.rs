//! How the brokers know who connects.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rdkafka::admin::AdminClient;
use rdkafka::client::OAuthToken;
use rdkafka::consumer::ConsumerContext;
use rdkafka::{ClientConfig, ClientContext};

/// What identifies us to the brokers, always over TLS.
#[derive(Clone)]
pub enum Authentication {
    /// A user with a password: SASL with SCRAM-SHA-512.
    Scram {
        /// Name of the user.
        user: String,
        /// Password of the user.
        password: String,
    },
    /// Tokens that expire: SASL with OAUTHBEARER.
    Tokens(Arc<dyn Tokens>),
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scram { user, .. } => f.debug_struct("Scram").field("user", user).finish_non_exhaustive(),
            Self::Tokens(_) => f.debug_struct("Tokens").finish_non_exhaustive(),
        }
    }
}

/// A token for the brokers.
#[derive(Clone)]
pub struct BearerToken {
    /// What is sent.
    pub text: String,
    /// Until when it is used; another one is asked for some time before.
    pub expires: Timestamp,
}

/// Gives tokens to clients.
pub trait Tokens: Send + Sync + 'static {
    /// A token. Called on threads that may be waited on for a moment only.
    ///
    /// # Errors
    /// When there is none, with the reason; it is asked for again.
    fn token(&self) -> Result<BearerToken, String>;
}

/// What the brokers are told as name of who sends a token. They take the one that is in it.
const PRINCIPAL: &str = "astroshield";

impl Authentication {
    /// Says in the settings of a client how it authenticates.
    pub(super) fn set(&self, config: &mut ClientConfig) {
        config.set("security.protocol", "SASL_SSL");
        match self {
            Self::Scram { user, password } => config
                .set("sasl.mechanism", "SCRAM-SHA-512")
                .set("sasl.username", user)
                .set("sasl.password", password),
            Self::Tokens(_) => config.set("sasl.mechanism", "OAUTHBEARER"),
        };
    }
}

/// Gives clients their tokens when these are due.
#[derive(Clone)]
pub(super) struct Identified(pub(super) Authentication);

impl Identified {
    pub(super) fn token(&self) -> Result<Option<OAuthToken>, String> {
        let Authentication::Tokens(tokens) = &self.0 else { return Ok(None) };
        let token = tokens.token().inspect_err(|reason| {
            tracing::error!(reason, "there is no token for the brokers");
        })?;
        Ok(Some(OAuthToken {
            token: token.text,
            principal_name: PRINCIPAL.to_owned(),
            lifetime_ms: token.expires.as_millisecond(),
        }))
    }

    /// Gives a client that administers its token: nobody polls that one for what it asks.
    pub(super) fn identify(&self, admin: &AdminClient<Self>) -> Result<(), String> {
        let Some(token) = self.token()? else { return Ok(()) };
        let text = |text: String| std::ffi::CString::new(text).map_err(|error| error.to_string());
        let (value, principal) = (text(token.token)?, text(token.principal_name)?);
        let mut reason: [std::ffi::c_char; 512] = [0; 512];
        // SAFETY: the client outlives the call, the texts end with a zero, are copied, and the length of the buffer is its own.
        #[expect(unsafe_code, reason = "rdkafka has no call for it")]
        let code = unsafe {
            rdkafka::bindings::rd_kafka_oauthbearer_set_token(
                admin.inner().native_ptr(),
                value.as_ptr(),
                token.lifetime_ms,
                principal.as_ptr(),
                std::ptr::null_mut(),
                0,
                reason.as_mut_ptr(),
                reason.len(),
            )
        };
        match code {
            rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
            code => Err(format!("the token is not taken: {code:?}")),
        }
    }
}

impl ClientContext for Identified {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.token()?.ok_or_else(|| "no token is due".into())
    }
}

impl ConsumerContext for Identified {}
