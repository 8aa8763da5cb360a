//! API Gateway's WebSockets, and the functions of AWS Lambda behind them: what they ask, over HTTP.

mod caller;
mod lambda;
mod management;

use std::time::Duration;

use url::Url;

pub use self::caller::{CallerAnswer, CallerLookup};
pub use self::lambda::{Invocation, Runtime};
pub use self::management::{ManagementApi, ManagementSettings};
use crate::s3::S3SettingsError;
use crate::trust::{TrustError, TrustedRoots};

/// Longest time for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewaySettingsError {
    /// Credentials, authorities or TLS.
    #[error(transparent)]
    Credentials(#[from] S3SettingsError),
    /// The authorities, or TLS.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The client.
    #[error("the client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// The address.
    #[error("no address: {0}")]
    Address(#[from] url::ParseError),
    /// A header.
    #[error("{name:?} cannot be the name of a server")]
    Host {
        /// What was given.
        name: String,
    },
}

/// A client for an address: over TLS, unless that is on this machine.
fn client(
    address: &Url,
    roots_pem: Option<&[u8]>,
    timeout: Duration,
) -> Result<reqwest::Client, GatewaySettingsError> {
    let roots = match roots_pem {
        Some(pem) => TrustedRoots::default().and_pem(pem)?,
        None => TrustedRoots::of_this_machine(),
    };
    let is_here = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    reqwest::Client::builder()
        .tls_backend_preconfigured(roots.client_config()?)
        .https_only(!is_here)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .build()
        .map_err(GatewaySettingsError::Client)
}
