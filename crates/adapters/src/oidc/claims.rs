//! What a token has to say so that it counts here.

use astroshield_domain::identity::Identity;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::jws::Verified;

/// By how much the clocks of an issuer and ours may differ.
const LEEWAY_S: f64 = 30.0;

/// Longest subject, in bytes (OpenID Connect Core, 2).
const LONGEST_SUBJECT: usize = 255;

/// Longest name or address, in characters.
const LONGEST_LABEL: usize = 200;

/// What tokens are measured by.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// Whom access tokens have to be for.
    pub(super) audiences: Vec<String>,
    /// Whether an access token counts that was issued to our client, whomever it is for.
    pub(super) accept_authorized_party: bool,
    /// Claim with the groups: a name, or a JSON pointer.
    pub(super) groups_claim: String,
}

/// Why a token that the issuer has signed does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ClaimError {
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token is for others (aud, client_id)")]
    Audience,
    #[error("the token is of another kind than is due")]
    Kind,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("the token says nothing usable of {claim}")]
    Missing { claim: &'static str },
    #[error("the token was not made for this sign-in")]
    Nonce,
    #[error("the token is of somebody else")]
    Subject,
}

/// Claims by their names.
struct Claims<'a>(&'a Map<String, Value>);

impl<'a> Claims<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    fn seconds(&self, name: &'static str) -> Result<Option<f64>, ClaimError> {
        self.0.get(name).map(|value| value.as_f64().ok_or(ClaimError::Missing { claim: name })).transpose()
    }

    /// One text or a list of them.
    fn audience(&self) -> Vec<&'a str> {
        match self.0.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Rules {
    /// Who signed in, by an ID token (OpenID Connect Core, 3.1.3.7).
    pub(super) fn of_id_token(
        &self,
        token: &Verified,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Identity, ClaimError> {
        let claims = Claims(&token.claims);
        self.check_common(&claims, now)?;
        let is_access_token = token.typ.as_deref() == Some("at+jwt");
        if is_access_token || claims.text("token_use").is_some_and(|use_of| use_of != "id") {
            return Err(ClaimError::Kind);
        }
        let audience = claims.audience();
        let is_ours = |party: &str| party == self.client_id;
        let azp = claims.text("azp");
        if !audience.contains(&self.client_id.as_str())
            || (audience.len() > 1 && !azp.is_some_and(is_ours))
            || azp.is_some_and(|party| !is_ours(party))
        {
            return Err(ClaimError::Audience);
        }
        if nonce.is_some() && claims.text("nonce") != nonce {
            return Err(ClaimError::Nonce);
        }
        self.identity(&claims)
    }

    /// Who sends an access token. Cognito's have no `aud`; they name the client, and say what they are for.
    pub(super) fn of_access_token(&self, token: &Verified, now: Timestamp) -> Result<Identity, ClaimError> {
        let claims = Claims(&token.claims);
        self.check_common(&claims, now)?;
        let token_use = claims.text("token_use");
        if !self.is_access_token(token, &claims) {
            return Err(ClaimError::Kind);
        }
        let is_audience = |party: &str| self.audiences.iter().any(|audience| audience == party);
        let audience = claims.audience();
        let issued_to = claims.text("azp").or_else(|| claims.text("client_id"));
        let is_for_us = audience.iter().any(|party| is_audience(party))
            || (audience.is_empty() && token_use == Some("access") && issued_to.is_some_and(is_audience))
            || (self.accept_authorized_party && issued_to == Some(self.client_id.as_str()));
        if is_for_us { self.identity(&claims) } else { Err(ClaimError::Audience) }
    }

    /// Whether a token is an access token, as far as can be told. An ID token is for the client to read, and nobody's to be let in
    /// by: it is known by what only it has. That may all be missing from one that was refreshed (OpenID Connect Core, 12.2), but it
    /// is for our client: what is for it has to say itself that it is an access token.
    fn is_access_token(&self, token: &Verified, claims: &Claims<'_>) -> bool {
        let (typ, token_use) = (claims.text("typ"), claims.text("token_use"));
        let is_of_id = ["nonce", "at_hash", "c_hash"].iter().any(|name| claims.0.contains_key(*name))
            || typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("bearer"))
            || token_use.is_some_and(|use_of| use_of != "access");
        let of_head = token.typ.as_deref();
        let says_so = of_head == Some("at+jwt")
            || typ.is_some()
            || token_use.is_some()
            || ["scope", "scp"].iter().any(|name| claims.0.contains_key(*name));
        let may_be_id = claims.audience().contains(&self.client_id.as_str());
        // A token for signing out (`logout+jwt`), a security event and whatever else comes to be signed are of other kinds.
        matches!(of_head, None | Some("jwt" | "at+jwt")) && !is_of_id && (says_so || !may_be_id)
    }

    fn check_common(&self, claims: &Claims<'_>, now: Timestamp) -> Result<(), ClaimError> {
        if claims.text("iss") != Some(self.issuer.as_str()) {
            return Err(ClaimError::Issuer);
        }
        let now_s = now.as_duration().as_secs_f64();
        let expires = claims.seconds("exp")?.ok_or(ClaimError::Missing { claim: "exp" })?;
        if now_s >= expires + LEEWAY_S {
            return Err(ClaimError::Expired);
        }
        for name in ["nbf", "iat"] {
            if claims.seconds(name)?.is_some_and(|from| now_s + LEEWAY_S < from) {
                return Err(ClaimError::NotYet);
            }
        }
        Ok(())
    }

    fn identity(&self, claims: &Claims<'_>) -> Result<Identity, ClaimError> {
        let subject = claims.text("sub").filter(|subject| {
            (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.chars().any(char::is_control)
        });
        let names = ["name", "preferred_username", "cognito:username", "username"];
        let verified = match claims.0.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            // So does Cognito, for some.
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        };
        Ok(Identity {
            issuer: self.issuer.clone(),
            subject: subject.ok_or(ClaimError::Missing { claim: "sub" })?.to_owned(),
            name: names.iter().find_map(|name| label(claims.text(name)?)),
            email: claims.text("email").filter(|_| verified).and_then(label),
            groups: self.groups(claims),
        })
    }

    fn groups(&self, claims: &Claims<'_>) -> Vec<String> {
        let found = match self.groups_claim.strip_prefix('/') {
            Some(path) => {
                let mut parts = path.split('/').map(|part| part.replace("~1", "/").replace("~0", "~"));
                let first = parts.next().and_then(|part| claims.0.get(&part));
                parts.try_fold(first, |value, part| value.map(|value| value.get(&part))).flatten()
            }
            None => claims.0.get(&self.groups_claim),
        };
        match found {
            Some(Value::Array(groups)) => {
                groups.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::String(group)) => vec![group.clone()],
            _ => Vec::new(),
        }
    }
}

/// A name or an address that can be shown and logged.
fn label(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "claims are written where they are tried")]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW_S: i64 = 1_800_000_000;

    fn rules() -> Rules {
        Rules {
            issuer: "https://id.example.org".to_owned(),
            client_id: "client".to_owned(),
            audiences: vec!["api".to_owned()],
            accept_authorized_party: false,
            groups_claim: "groups".to_owned(),
        }
    }

    fn verified(claims: Value) -> Verified {
        let mut all =
            json!({ "iss": "https://id.example.org", "sub": "4711", "exp": NOW_S + 60, "iat": NOW_S });
        let all = all.as_object_mut().unwrap();
        for (name, value) in claims.as_object().unwrap() {
            match value {
                Value::Null => drop(all.remove(name)),
                value => drop(all.insert(name.clone(), value.clone())),
            }
        }
        Verified { typ: None, claims: all.clone() }
    }

    fn access_by(rules: &Rules, claims: Value) -> Result<Identity, ClaimError> {
        rules.of_access_token(&verified(claims), Timestamp::from_second(NOW_S).unwrap())
    }

    fn access(claims: Value) -> Result<Identity, ClaimError> {
        access_by(&rules(), claims)
    }

    fn id(claims: Value) -> Result<Identity, ClaimError> {
        let token = verified(claims);
        rules().of_id_token(&token, Some("chance"), Timestamp::from_second(NOW_S).unwrap())
    }

    #[test]
    fn an_access_token_is_for_us_by_its_audience() {
        assert_eq!(access(json!({ "aud": "api" })).unwrap().subject, "4711");
        assert!(access(json!({ "aud": ["other", "api"] })).is_ok());
        for claims in [
            json!({}),
            json!({ "aud": "apis" }),
            json!({ "aud": ["other"], "azp": "client" }),
            json!({ "aud": { "api": true } }),
            json!({ "client_id": "client" }),
        ] {
            assert_eq!(access(claims.clone()).unwrap_err(), ClaimError::Audience, "{claims}");
        }
        let by_party = Rules { accept_authorized_party: true, ..rules() };
        assert!(access_by(&by_party, json!({ "aud": "account", "azp": "client" })).is_ok());
        assert!(access_by(&by_party, json!({ "aud": "account", "azp": "other" })).is_err());
    }

    #[test]
    fn an_access_token_of_cognito_names_the_client_and_has_no_audience() {
        let cognito = Rules {
            audiences: vec!["client".to_owned()],
            groups_claim: "cognito:groups".to_owned(),
            ..rules()
        };
        let token = json!({ "client_id": "client", "token_use": "access", "username": "ada", "cognito:groups": ["a"] });
        let identity = access_by(&cognito, token).unwrap();
        assert_eq!((identity.name.as_deref(), identity.groups), (Some("ada"), vec!["a".to_owned()]));
        let other = json!({ "client_id": "other", "token_use": "access" });
        assert_eq!(access_by(&cognito, other).unwrap_err(), ClaimError::Audience);
        let id_token = json!({ "aud": "client", "token_use": "id" });
        assert_eq!(access_by(&cognito, id_token).unwrap_err(), ClaimError::Kind);
    }

    #[test]
    fn an_id_token_lets_nobody_in_and_an_access_token_signs_nobody_in() {
        for mark in [json!("nonce"), json!("at_hash")] {
            let claims = json!({ "aud": "api", mark.as_str().unwrap(): "x" });
            assert_eq!(access(claims).unwrap_err(), ClaimError::Kind);
        }
        assert_eq!(access(json!({ "aud": "api", "typ": "ID" })).unwrap_err(), ClaimError::Kind);
        assert!(access(json!({ "aud": "api", "typ": "Bearer" })).is_ok());
        let claims = json!({ "aud": "client", "nonce": "chance" });
        assert!(id(claims.clone()).is_ok());
        let token = Verified { typ: Some("at+jwt".to_owned()), ..verified(claims) };
        let now = Timestamp::from_second(NOW_S).unwrap();
        assert_eq!(rules().of_id_token(&token, Some("chance"), now).unwrap_err(), ClaimError::Kind);
        let access = json!({ "aud": "client", "nonce": "chance", "token_use": "access" });
        assert_eq!(id(access).unwrap_err(), ClaimError::Kind);
    }

    #[test]
    fn what_is_for_our_client_has_to_say_that_it_is_an_access_token() {
        let rules = [
            Rules { audiences: vec!["client".to_owned()], ..rules() },
            Rules { audiences: vec!["client".to_owned(), "api".to_owned()], ..rules() },
            Rules { accept_authorized_party: true, ..rules() },
        ];
        let now = Timestamp::from_second(NOW_S).unwrap();
        for rules in &rules {
            // As it comes of a refresh: without nonce and hashes.
            let refreshed = json!({ "aud": "client", "azp": "client" });
            assert_eq!(access_by(rules, refreshed.clone()).unwrap_err(), ClaimError::Kind);
            let both = json!({ "aud": ["client", "api"], "azp": "client" });
            assert_eq!(access_by(rules, both).unwrap_err(), ClaimError::Kind);
            for sign in [json!({ "scope": "openid" }), json!({ "scp": "a" }), json!({ "typ": "Bearer" })] {
                let mut claims = refreshed.clone();
                claims.as_object_mut().unwrap().extend(sign.as_object().unwrap().clone());
                assert!(access_by(rules, claims).is_ok(), "{sign}");
            }
            let token = Verified { typ: Some("at+jwt".to_owned()), ..verified(refreshed) };
            assert!(rules.of_access_token(&token, now).is_ok());
        }
    }

    #[test]
    fn tokens_of_other_kinds_are_no_access_tokens() {
        let now = Timestamp::from_second(NOW_S).unwrap();
        let of_kind = |typ: &str| {
            let token = Verified { typ: Some(typ.to_owned()), ..verified(json!({ "aud": "api" })) };
            rules().of_access_token(&token, now)
        };
        assert!(of_kind("jwt").is_ok() && of_kind("at+jwt").is_ok());
        for other in ["logout+jwt", "secevent+jwt", "dpop+jwt", "id", ""] {
            assert_eq!(of_kind(other).unwrap_err(), ClaimError::Kind, "{other}");
        }
    }

    #[test]
    fn an_id_token_is_for_our_client_and_this_sign_in() {
        for (claims, error) in [
            (json!({ "aud": "other", "nonce": "chance" }), ClaimError::Audience),
            (json!({ "aud": ["client", "other"], "nonce": "chance" }), ClaimError::Audience),
            (json!({ "aud": "client", "azp": "other", "nonce": "chance" }), ClaimError::Audience),
            (json!({ "aud": "client" }), ClaimError::Nonce),
            (json!({ "aud": "client", "nonce": "other" }), ClaimError::Nonce),
        ] {
            assert_eq!(id(claims.clone()).unwrap_err(), error, "{claims}");
        }
        assert!(id(json!({ "aud": ["client", "other"], "azp": "client", "nonce": "chance" })).is_ok());
    }

    #[test]
    fn times_hold_with_a_little_leeway() {
        for (claims, error) in [
            (json!({ "exp": NOW_S - 29 }), None),
            (json!({ "exp": NOW_S - 30 }), Some(ClaimError::Expired)),
            (json!({ "exp": Value::Null }), Some(ClaimError::Missing { claim: "exp" })),
            (json!({ "exp": "soon" }), Some(ClaimError::Missing { claim: "exp" })),
            (json!({ "nbf": NOW_S + 30 }), None),
            (json!({ "nbf": NOW_S + 31 }), Some(ClaimError::NotYet)),
            (json!({ "iat": NOW_S + 31 }), Some(ClaimError::NotYet)),
            (json!({ "nbf": "x" }), Some(ClaimError::Missing { claim: "nbf" })),
            (json!({ "iss": "https://id.example.org/" }), Some(ClaimError::Issuer)),
            (json!({ "iss": Value::Null }), Some(ClaimError::Issuer)),
            (json!({ "sub": Value::Null }), Some(ClaimError::Missing { claim: "sub" })),
            (json!({ "sub": "" }), Some(ClaimError::Missing { claim: "sub" })),
            (json!({ "sub": "a\nb" }), Some(ClaimError::Missing { claim: "sub" })),
        ] {
            let mut with_audience = claims.clone();
            with_audience["aud"] = json!("api");
            assert_eq!(access(with_audience).err(), error, "{claims}");
        }
    }

    #[test]
    fn an_address_counts_only_if_it_is_verified() {
        let email = |verified: Value| {
            access(json!({ "aud": "api", "email": "ada@example.org", "email_verified": verified }))
                .unwrap()
                .email
        };
        assert_eq!(email(json!(true)).as_deref(), Some("ada@example.org"));
        assert_eq!(email(json!("true")).as_deref(), Some("ada@example.org"));
        for not in [json!(false), json!("false"), json!(1), Value::Null] {
            assert_eq!(email(not), None);
        }
    }

    #[test]
    fn groups_are_found_by_name_or_by_path() {
        let groups = |claim: &str, claims: Value| {
            let rules = Rules { groups_claim: claim.to_owned(), ..rules() };
            let mut claims = claims;
            claims["aud"] = json!("api");
            access_by(&rules, claims).unwrap().groups.join(" ")
        };
        assert_eq!(groups("groups", json!({ "groups": ["a", 1, "b"] })), "a b");
        assert_eq!(groups("groups", json!({ "groups": "a" })), "a");
        assert_eq!(groups("https://x/groups", json!({ "https://x/groups": ["a"] })), "a");
        assert_eq!(groups("/realm_access/roles", json!({ "realm_access": { "roles": ["a", "b"] } })), "a b");
        assert_eq!(groups("/realm_access/roles", json!({ "realm_access": [] })), "");
        assert_eq!(groups("groups", json!({})), "");
    }
}
