//! An identity provider that vouches for whomever a test names, and browsers in which they have signed in.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use astroshield_domain::identity::Identity;
use astroshield_domain::ports::{
    IdentityError, IdentityProvider, ProviderSession, SignInAnswer, SignInRequest,
};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::service::{Client, HOST, Service};

pub(crate) const ISSUER: &str = "https://issuer.example";

/// Who there is, by subject. Its code and its access token are the subject.
#[derive(Default)]
pub(crate) struct People {
    known: Mutex<HashMap<String, Identity>>,
    /// How many seconds less than an hour it stands by what it gives.
    less_than_an_hour: AtomicI64,
    refreshed: AtomicU32,
    revoked: AtomicU32,
}

impl People {
    /// Makes somebody known, with a verified address and groups.
    pub(crate) fn know(&self, subject: &str, groups: &[&str]) {
        let identity = Identity {
            issuer: ISSUER.to_owned(),
            subject: subject.to_owned(),
            name: None,
            email: Some(format!("{subject}@example.org")),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        };
        self.known.lock().unwrap().insert(subject.to_owned(), identity);
    }

    /// For so many seconds it stands by what it gives from now on.
    pub(crate) fn stand_by_it_for(&self, seconds: i64) {
        self.less_than_an_hour.store(3_600 - seconds, Ordering::Relaxed);
    }

    /// How many sessions were refreshed.
    pub(crate) fn refreshed(&self) -> u32 {
        self.refreshed.load(Ordering::Relaxed)
    }

    /// How many tokens were taken back.
    pub(crate) fn revoked(&self) -> u32 {
        self.revoked.load(Ordering::Relaxed)
    }

    fn give(&self, token: &str) -> Result<ProviderSession, IdentityError> {
        let less = self.less_than_an_hour.load(Ordering::Relaxed);
        let expires = Timestamp::now() + SignedDuration::from_secs(3_600 - less);
        let (identity, refresh_token) = (Some(self.find(token)?), Some(token.to_owned()));
        Ok(ProviderSession { identity, id_token: None, refresh_token, expires })
    }

    fn find(&self, subject: &str) -> Result<Identity, IdentityError> {
        let found = self.known.lock().unwrap().get(subject).cloned();
        found.ok_or_else(|| IdentityError::Refused { reason: "nobody".to_owned(), forged: true })
    }
}

#[async_trait]
impl IdentityProvider for People {
    async fn sign_in_address(&self, request: &SignInRequest) -> Result<String, IdentityError> {
        Ok(format!("{ISSUER}/authorize?state={}", request.state))
    }

    async fn redeem(&self, answer: &SignInAnswer<'_>) -> Result<ProviderSession, IdentityError> {
        self.give(answer.code)
    }

    async fn refresh(&self, token: &str, _: &str) -> Result<ProviderSession, IdentityError> {
        self.refreshed.fetch_add(1, Ordering::Relaxed);
        self.give(token)
    }

    async fn revoke(&self, _: &str) -> Result<(), IdentityError> {
        self.revoked.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn sign_out_address(&self, _: Option<&str>) -> Option<String> {
        None
    }

    async fn identify(&self, token: &str) -> Result<Identity, IdentityError> {
        self.find(token)
    }
}

/// The cookie that an answer gives whose name ends so.
pub(crate) fn cookie(headers: &axum::http::HeaderMap, name: &str) -> String {
    let cookies = headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next());
    pairs.find(|pair| pair.split('=').next().unwrap().contains(name)).unwrap().to_owned()
}

/// A browser in which somebody has signed in at the provider.
pub(crate) async fn browser(service: &Service, subject: &str) -> Client {
    let stranger = service.stranger();
    let begun = stranger.get("/auth/login").await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let state = begun.header("location").split_once("state=").unwrap().1;
    let back = stranger.with("cookie", &cookie(&begun.headers, "astroshield_sign_in_"));
    let signed_in = back.get(&format!("/auth/callback?state={state}&code={subject}")).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    let session = cookie(&signed_in.headers, "astroshield_session");
    stranger.with("cookie", &session).with("origin", &format!("http://{HOST}"))
}

/// A program that has somebody's access token.
pub(crate) fn program(service: &Service, subject: &str) -> Client {
    service.stranger().with("authorization", &format!("Bearer {subject}"))
}

/// Accepts the only invitation that somebody has.
pub(crate) async fn accept(invited: &Client) -> Value {
    let invitations = invited.get("/api/v1/session/invitations").await.json();
    let items = invitations["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{invitations}");
    let path = format!("/api/v1/session/invitations/{}", items[0]["id"].as_str().unwrap());
    let accepted = invited.post(&path, &serde_json::json!({})).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    accepted.json()
}
