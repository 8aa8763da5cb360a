//! The identity provider that people sign in at.

use std::sync::Arc;

use anyhow::Context;
use astroshield_adapters::oidc::{OidcProvider, OidcSettings};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_api::IdentitySettings;
use astroshield_domain::identity::GroupRoles;
use astroshield_domain::ports::SystemClock;
use async_trait::async_trait;

use super::outside::Outside;
use crate::settings::{Identity, IdentityKind};

/// The provider, if there is one; `address` is the one that people use.
pub(crate) fn provider(settings: &Identity, address: &str) -> anyhow::Result<Option<Arc<OidcProvider>>> {
    if settings.kind == IdentityKind::Local {
        return Ok(None);
    }
    let mut roots = TrustedRoots::of_this_machine();
    if let Some(pem) = &settings.authorities {
        roots = roots.and_pem(pem.as_bytes()).context("identity.authorities_file")?;
    }
    let client_id = settings.client_id.clone().unwrap_or_default();
    let own = Some(client_id.clone()).filter(|_| settings.audiences.is_empty());
    let provider = OidcSettings {
        issuer: settings.issuer.clone().unwrap_or_default(),
        discovery: settings.discovery.clone(),
        client_id,
        client_secret: Some(settings.client_secret.reveal().to_owned()).filter(|secret| !secret.is_empty()),
        callback: format!("{address}/auth/callback"),
        signed_out: format!("{address}/signin"),
        scopes: std::iter::once("openid".to_owned()).chain(settings.scopes.iter().cloned()).collect(),
        audiences: settings.audiences.iter().cloned().chain(own).collect(),
        accept_authorized_party: settings.accept_authorized_party,
        groups_claim: settings.groups_claim.clone(),
        keys_interval: settings.keys_interval,
        roots,
    };
    Ok(Some(Arc::new(OidcProvider::new(provider, Arc::new(SystemClock)).context("identity")?)))
}

/// How those are dealt with who sign in there.
pub(super) fn settings(settings: &Identity) -> IdentitySettings {
    IdentitySettings {
        roles: GroupRoles { prefix: settings.group_prefix.clone() },
        session_idle: settings.session_idle,
        session_life: settings.session_life,
        provider_grace: settings.provider_grace,
        one_time_tokens: settings.one_time_link,
    }
}

#[async_trait]
impl Outside for OidcProvider {
    async fn prepare(&self) -> anyhow::Result<()> {
        Ok(self.reach().await?)
    }

    async fn answers(&self) -> bool {
        self.reach_lately().await
    }
}
