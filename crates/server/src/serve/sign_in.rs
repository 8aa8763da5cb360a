//! The link that signs in the person who started the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use astroshield_api::OneTimeTokens;
use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Clock;

/// How long a link waits for its one use.
const LIFETIME: Duration = Duration::from_hours(1);

/// Makes links.
#[derive(Clone)]
pub(super) struct SignIn {
    tokens: Arc<OneTimeTokens>,
    clock: Arc<dyn Clock>,
    address: String,
}

impl SignIn {
    pub(super) fn new(tokens: Arc<OneTimeTokens>, clock: Arc<dyn Clock>, address: String) -> Self {
        Self { tokens, clock, address }
    }

    /// Prints a link, for a person to follow.
    pub(super) fn print(&self) {
        let caller = Caller {
            tenant: TenantId::local(),
            name: "operator".to_owned(),
            principal: Principal::Operator,
            scope: Scope::Admin,
        };
        let token = self.tokens.issue(caller, self.clock.now(), LIFETIME);
        println!("AstroShield: {}/signin?token={token}", self.address);
        println!("The link signs in once, within an hour. For another one: kill -HUP {}", std::process::id());
    }
}

/// The address that people use: the one of the configuration, else the one that is listened on.
pub(super) fn address(public_url: Option<&str>, listening: SocketAddr) -> String {
    match public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if listening.ip().is_unspecified() => format!("http://localhost:{}", listening.port()),
        None => format!("http://{listening}"),
    }
}

/// The names by which a browser may call the server, against DNS rebinding; any, where it is open to other machines under
/// names that nobody has told us.
pub(super) fn allowed_hosts(public_url: Option<&str>, listening: SocketAddr) -> Option<Vec<String>> {
    let port = listening.port();
    let named = public_url
        .and_then(|url| url.split("://").nth(1))
        .map(|rest| rest.split('/').next().unwrap_or_default().to_owned());
    if named.is_none() && !listening.ip().is_loopback() {
        return None;
    }
    let local = [format!("{listening}"), format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    Some(local.into_iter().chain(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_that_a_browser_can_open() {
        let address = |url, listening: &str| address(url, listening.parse().unwrap());
        assert_eq!(address(None, "127.0.0.1:80"), "http://127.0.0.1:80");
        assert_eq!(address(None, "[::1]:80"), "http://[::1]:80");
        assert_eq!(address(None, "0.0.0.0:80"), "http://localhost:80");
        assert_eq!(address(Some("https://sda.example.org/"), "127.0.0.1:80"), "https://sda.example.org");
    }

    #[test]
    fn a_server_on_the_loopback_interface_answers_to_its_own_names_only() {
        let hosts = |url, listening: &str| allowed_hosts(url, listening.parse().unwrap());
        let local = hosts(None, "127.0.0.1:80").unwrap();
        assert!(local.contains(&"localhost:80".to_owned()) && !local.contains(&"example.org".to_owned()));
        let named = hosts(Some("https://sda.example.org/"), "0.0.0.0:80").unwrap();
        assert!(named.contains(&"sda.example.org".to_owned()));
        assert_eq!(hosts(None, "0.0.0.0:80"), None);
    }
}
