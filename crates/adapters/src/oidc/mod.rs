//! An identity provider of OpenID Connect: Cognito, Keycloak, or any other that answers discovery.

mod claims;
mod issuer;
mod jws;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use astroshield_domain::identity::Identity;
use astroshield_domain::ports::{
    Clock, IdentityError, IdentityProvider, ProviderSession, SignInAnswer, SignInRequest,
};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use self::claims::Rules;
use self::issuer::{Issuer, Known};
use self::jws::{JwsError, Unverified, Verified};
use crate::http::HttpClientError;
use crate::trust::TrustedRoots;

/// How long somebody is believed to be signed in whose provider does not say.
const UNSAID: Duration = Duration::from_hours(1);

/// How long the token endpoint may take. Codes and refresh tokens are good once: who does not wait for the answer loses what is in
/// it.
const TOKEN_PATIENCE: Duration = Duration::from_secs(25);

/// Where an identity provider is, and how we are known there.
#[derive(Clone)]
pub struct OidcSettings {
    /// Its issuer identifier, exactly as it writes it.
    pub issuer: String,
    /// Where its discovery document is, if not under the issuer.
    pub discovery: Option<String>,
    /// Our name there.
    pub client_id: String,
    /// What proves that we are that client; a public client has none.
    pub client_secret: Option<String>,
    /// Where browsers come back to after signing in.
    pub callback: String,
    /// Where browsers come back to after signing out.
    pub signed_out: String,
    /// What is asked for at a sign-in; `openid` is among it.
    pub scopes: Vec<String>,
    /// Whom access tokens have to be for.
    pub audiences: Vec<String>,
    /// Whether an access token counts that was issued to our client, whomever it is for.
    pub accept_authorized_party: bool,
    /// Claim with the groups: a name (`cognito:groups`), or a JSON pointer (`/realm_access/roles`).
    pub groups_claim: String,
    /// For the sake of unknown keys, the provider is asked for its keys this often at most.
    pub keys_interval: Duration,
    /// Who vouches for it.
    pub roots: TrustedRoots,
}

impl fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why there can be no provider, whatever the other side does.
#[derive(Debug, thiserror::Error)]
pub enum OidcSettingsError {
    /// The issuer's or the discovery document's address is none that we take.
    #[error("{url:?}: an address of https is due (http on this machine), without query and fragment")]
    Address {
        /// The address.
        url: String,
    },
    /// TLS or the client.
    #[error(transparent)]
    Client(#[from] HttpClientError),
}

/// Whether an address can be an issuer's or a discovery document's.
///
/// # Errors
/// When it cannot.
pub fn check_address(url: &str) -> Result<Url, OidcSettingsError> {
    let is_plain = |url: &Url| issuer::is_safe(url) && url.query().is_none() && url.fragment().is_none();
    let refused = || OidcSettingsError::Address { url: url.to_owned() };
    Url::parse(url).ok().filter(is_plain).ok_or_else(refused)
}

/// An [`IdentityProvider`] of OpenID Connect. It need not answer yet.
pub struct OidcProvider {
    settings: OidcSettings,
    rules: Rules,
    issuer: Arc<Issuer>,
    clock: Arc<dyn Clock>,
}

/// What the token endpoint gives.
#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<f64>,
}

#[derive(Deserialize)]
struct TokenProblem {
    error: String,
}

fn unavailable(reason: impl Into<String>) -> IdentityError {
    IdentityError::Unavailable { reason: reason.into() }
}

fn refused(reason: &dyn fmt::Display, forged: bool) -> IdentityError {
    IdentityError::Refused { reason: reason.to_string(), forged }
}

impl OidcProvider {
    /// A provider at an address.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(settings: OidcSettings, clock: Arc<dyn Clock>) -> Result<Self, OidcSettingsError> {
        check_address(&settings.issuer)?;
        let discovery = settings.discovery.clone().unwrap_or_else(|| {
            format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'))
        });
        let issuer = Arc::new(Issuer::new(&settings, check_address(&discovery)?)?);
        let rules = Rules {
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            audiences: settings.audiences.clone(),
            accept_authorized_party: settings.accept_authorized_party,
            groups_claim: settings.groups_claim.clone(),
        };
        Ok(Self { settings, rules, issuer, clock })
    }

    /// Whether the provider answers, and is the one that it should be.
    ///
    /// # Errors
    /// When it does not, or is not.
    pub async fn reach(&self) -> Result<(), IdentityError> {
        self.issuer.known_anew().await.map(drop)
    }

    /// Whether the provider answered when it was asked last, which is a while ago at most.
    pub async fn reach_lately(&self) -> bool {
        self.issuer.known_lately().await.is_ok()
    }

    /// What a token says, if the provider has signed it. A key that is not known may be a new one.
    async fn verify(&self, token: &str) -> Result<Verified, IdentityError> {
        let parse = || Unverified::parse(token).map_err(|error| refused(&error, true));
        let parsed = parse()?;
        let known = self.issuer.known().await?;
        match parsed.verify(&known.keys) {
            Err(JwsError::UnknownKey) => {
                let came = Instant::now();
                let known = self.issuer.known_anew().await?;
                parse()?.verify(&known.keys).map_err(|error| {
                    // The provider may have a new key that it was not asked for yet.
                    let may_be_new = error == JwsError::UnknownKey && known.heard < came;
                    refused(&error, !may_be_new)
                })
            }
            outcome => outcome.map_err(|error| refused(&error, true)),
        }
    }

    async fn ask(&self, known: &Known, fields: &[(&str, &str)]) -> Result<Tokens, IdentityError> {
        let endpoint = known.metadata.token_endpoint.clone();
        let endpoint = endpoint.ok_or_else(|| unavailable("it has no token endpoint"))?;
        let (status, body) = self.post(known, endpoint, fields).await?;
        if status == StatusCode::OK {
            let answer = serde_json::from_slice(&body);
            return answer.map_err(|error| unavailable(format!("its tokens cannot be read: {error}")));
        }
        match serde_json::from_slice::<TokenProblem>(&body).map(|problem| problem.error) {
            // Any other refusal is about us, not about who signs in.
            Ok(error) if error == "invalid_grant" => {
                Err(refused(&"the identity provider does not take the code or the token (any more)", false))
            }
            Ok(error) => Err(unavailable(format!("{status}: {error}"))),
            Err(_) => Err(unavailable(format!("{status}"))),
        }
    }

    /// Posts a form as the client that we are (RFC 6749, 2.3.1).
    async fn post(
        &self,
        known: &Known,
        endpoint: Url,
        fields: &[(&str, &str)],
    ) -> Result<(StatusCode, Vec<u8>), IdentityError> {
        let (form, authorization) = self.credentials(known, fields);
        let mut request = self.issuer.client().post(endpoint).timeout(TOKEN_PATIENCE);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        issuer::answer(request).await.map_err(unavailable)
    }

    /// A form and a header that prove who we are.
    fn credentials(&self, known: &Known, fields: &[(&str, &str)]) -> (String, Option<String>) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let client_id = &self.settings.client_id;
        let methods = &known.metadata.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|known| known == method);
        let Some(secret) = &self.settings.client_secret else {
            return (form.append_pair("client_id", client_id).finish(), None);
        };
        if takes("client_secret_post") && !takes("client_secret_basic") {
            form.append_pair("client_id", client_id).append_pair("client_secret", secret);
            return (form.finish(), None);
        }
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)));
        (form.finish(), Some(format!("Basic {pair}")))
    }

    fn until(&self, tokens: &Tokens) -> Timestamp {
        let seconds = tokens.expires_in.filter(|seconds| (0.0..=1.0e9).contains(seconds));
        let lasts = SignedDuration::from_secs_f64(seconds.unwrap_or(UNSAID.as_secs_f64()));
        self.clock.now().checked_add(lasts).unwrap_or(Timestamp::MAX)
    }

    fn is_cognito(&self) -> bool {
        let url = Url::parse(&self.settings.issuer).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        host.starts_with("cognito-idp.")
            && [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|end| host.ends_with(end))
    }
}

impl fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcProvider").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    async fn sign_in_address(&self, request: &SignInRequest) -> Result<String, IdentityError> {
        let known = self.issuer.known().await?;
        let endpoint = known.metadata.authorization_endpoint.clone();
        let mut url = endpoint.ok_or_else(|| unavailable("it has no authorization endpoint"))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.callback)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &request.state)
            .append_pair("nonce", &request.nonce)
            .append_pair("code_challenge", &request.challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    async fn redeem(&self, answer: &SignInAnswer<'_>) -> Result<ProviderSession, IdentityError> {
        let known = self.issuer.known().await?;
        // RFC 9207: a code of another issuer must not be sent to this one.
        let says_so = known.metadata.authorization_response_iss_parameter_supported;
        if answer.issuer.map_or(says_so, |issuer| issuer != self.settings.issuer) {
            return Err(refused(&"the browser comes back from another issuer", true));
        }
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", answer.code),
            ("redirect_uri", self.settings.callback.as_str()),
            ("code_verifier", answer.verifier),
        ];
        let tokens = self.ask(&known, &fields).await?;
        let id_token = tokens.id_token.as_deref().ok_or_else(|| unavailable("it gave no ID token"))?;
        let verified = self.verify(id_token).await?;
        let identity = self.rules.of_id_token(&verified, Some(answer.nonce), self.clock.now());
        let identity = identity.map_err(|error| refused(&error, true))?;
        let expires = self.until(&tokens);
        let Tokens { id_token, refresh_token, .. } = tokens;
        Ok(ProviderSession { identity: Some(identity), id_token, refresh_token, expires })
    }

    async fn refresh(&self, refresh_token: &str, subject: &str) -> Result<ProviderSession, IdentityError> {
        let known = self.issuer.known().await?;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let tokens = self.ask(&known, &fields).await?;
        let identity = match &tokens.id_token {
            None => None,
            Some(id_token) => {
                let verified = self.verify(id_token).await?;
                let identity = self.rules.of_id_token(&verified, None, self.clock.now());
                let identity = identity.map_err(|error| refused(&error, true))?;
                if identity.subject != subject {
                    return Err(refused(&claims::ClaimError::Subject, true));
                }
                Some(identity)
            }
        };
        let expires = self.until(&tokens);
        let Tokens { id_token, refresh_token, .. } = tokens;
        Ok(ProviderSession { identity, id_token, refresh_token, expires })
    }

    async fn revoke(&self, refresh_token: &str) -> Result<(), IdentityError> {
        let known = self.issuer.known().await?;
        let Some(endpoint) = known.metadata.revocation_endpoint.clone() else { return Ok(()) };
        let fields = [("token", refresh_token), ("token_type_hint", "refresh_token")];
        match self.post(&known, endpoint, &fields).await?.0 {
            StatusCode::OK => Ok(()),
            status => Err(unavailable(format!("revoking: {status}"))),
        }
    }

    async fn sign_out_address(&self, id_token: Option<&str>) -> Option<String> {
        let known = self.issuer.known().await.ok()?;
        let metadata = &known.metadata;
        if self.is_cognito() {
            // Cognito's own way; its discovery document may not tell of it.
            let beside = || metadata.authorization_endpoint.as_ref()?.join("/logout").ok();
            let mut url = metadata.end_session_endpoint.clone().or_else(beside)?;
            url.query_pairs_mut()
                .append_pair("client_id", &self.settings.client_id)
                .append_pair("logout_uri", &self.settings.signed_out);
            return Some(url.into());
        }
        let mut url = metadata.end_session_endpoint.clone()?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("client_id", &self.settings.client_id);
            query.append_pair("post_logout_redirect_uri", &self.settings.signed_out);
            if let Some(id_token) = id_token {
                query.append_pair("id_token_hint", id_token);
            }
        }
        Some(url.into())
    }

    async fn identify(&self, access_token: &str) -> Result<Identity, IdentityError> {
        let verified = self.verify(access_token).await?;
        self.rules.of_access_token(&verified, self.clock.now()).map_err(|error| refused(&error, false))
    }
}
