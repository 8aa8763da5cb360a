//! Checks of who vouches for people.

use std::time::Duration;

use astroshield_adapters::oidc::check_address;

use super::{IdentityKind, Layers, Settings, SettingsError, not_below};

impl Settings {
    pub(super) fn check_identity(&self, layers: &Layers) -> Result<(), SettingsError> {
        let identity = &self.identity;
        let refuse = |key: &str, reason: &str| Err(layers.refuse(&format!("identity.{key}"), reason));
        let is_oidc = identity.kind == IdentityKind::Oidc;
        match &identity.issuer {
            None if is_oidc => return refuse("issuer", "the issuer of the provider is due"),
            Some(issuer) => {
                if let Err(error) = check_address(issuer) {
                    return refuse("issuer", &error.to_string());
                }
            }
            None => {}
        }
        if let Some(Err(error)) = identity.discovery.as_deref().map(check_address) {
            return refuse("discovery", &error.to_string());
        }
        if is_oidc && identity.client_id.is_none() {
            return refuse("client_id", "the provider has to know this service by a name");
        }
        if identity.group_prefix.is_empty() {
            return refuse("group_prefix", "without it, any group could be taken for a role");
        }
        if let Some(scope) = identity.scopes.iter().find(|scope| !is_scope(scope)) {
            return refuse("scopes", &format!("{scope:?} is no scope"));
        }
        not_below(layers, "identity.session_idle", identity.session_idle, Duration::from_secs(10))?;
        not_below(layers, "identity.session_life", identity.session_life, identity.session_idle)?;
        not_below(layers, "identity.keys_interval", identity.keys_interval, Duration::from_secs(1))
    }
}

/// RFC 6749, 3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
}
