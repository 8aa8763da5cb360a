//! Who may connect, or ask a REST API: whoever the service takes, which is asked with what the client came with. Keys, tokens,
//! sessions, limits and addresses are thereby dealt with in one place, and no function needs the database.

use std::collections::BTreeMap;

use anyhow::Context;
use astroshield_adapters::gateway::{CallerAnswer, CallerLookup};
use astroshield_api::{STREAM_CALLER, StreamCaller};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::Failure;
use super::event::Request;
use crate::settings::Settings;

/// What of a client's headers the service is told.
const TOLD: [HeaderName; 8] = [
    HeaderName::from_static("authorization"),
    HeaderName::from_static("cookie"),
    HeaderName::from_static("origin"),
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("astroshield-tenant"),
    HeaderName::from_static("user-agent"),
    HeaderName::from_static("x-amzn-trace-id"),
    HeaderName::from_static("traceparent"),
];

/// API Gateway answers this message, and no other one, with 401.
const UNAUTHORIZED: Failure = Failure::new("Unauthorized");

/// Says who may connect, or ask.
pub(super) struct Authorizer {
    service: CallerLookup,
    usage_keys: UsageKeys,
}

/// Keys of usage plans by tenant; `*` stands for every other one.
#[derive(Debug, Default)]
struct UsageKeys(BTreeMap<String, String>);

impl UsageKeys {
    fn new(pairs: &[String]) -> Self {
        let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(tenant, key)| (tenant.to_owned(), key.to_owned())).collect())
    }

    fn of(&self, tenant: &str) -> Option<&str> {
        self.0.get(tenant).map(String::as_str).or_else(|| self.everybody())
    }

    fn everybody(&self) -> Option<&str> {
        self.0.get("*").map(String::as_str)
    }
}

impl Authorizer {
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let gateway = &settings.gateway;
        let service = gateway.service.as_deref().context("gateway.service: its address is due")?;
        let address = format!("{}{STREAM_CALLER}", service.trim_end_matches('/'));
        // The name that people use, which cookies and origins are held against.
        let public = settings.server.public_url.as_deref().map(Url::parse).transpose();
        let public = public.context("server.public_url")?;
        let host =
            public.as_ref().map(|url| url[url::Position::BeforeHost..url::Position::AfterPort].to_owned());
        let roots = gateway.authorities.as_deref().map(str::as_bytes);
        let service = CallerLookup::new(&address, host.as_deref(), roots).context("gateway.service")?;
        Ok(Self { service, usage_keys: UsageKeys::new(&gateway.usage_keys) })
    }

    pub(super) async fn answer(&self, event: &[u8]) -> Result<Value, Failure> {
        let request: Request = serde_json::from_slice(event).map_err(|error| {
            tracing::error!(%error, "this is no request to connect");
            UNAUTHORIZED
        })?;
        let answer = self.service.ask(told(&request)).await.map_err(|reason| {
            tracing::error!(reason, "the service does not answer");
            Failure::new("the service does not answer")
        })?;
        judge(&request, &answer, &self.usage_keys)
    }
}

/// What the service is told of a request.
fn told(request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in TOLD {
        for value in request.header(name.as_str()) {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name.clone(), value);
            }
        }
    }
    if let Some(Ok(address)) = request.address().map(HeaderValue::from_str) {
        headers.insert("x-forwarded-for", address);
    }
    headers
}

/// What a policy is about. One of a REST API counts for a while for whatever the same client asks for, as the service itself
/// judges each request.
fn resource(request: &Request) -> String {
    let arn = &request.method_arn;
    if request.http_method.is_none() {
        return arn.clone();
    }
    // arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path
    let mut parts = arn.splitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some(api), Some(stage)) => format!("{api}/{stage}/*"),
        _ => arn.clone(),
    }
}

/// What follows from the answer of the service.
fn judge(request: &Request, answer: &CallerAnswer, usage_keys: &UsageKeys) -> Result<Value, Failure> {
    let policy = |principal: &str, effect: &str, context: Value| {
        json!({
            "principalId": principal,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    { "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource(request) },
                ],
            },
            "context": context,
        })
    };
    match answer.status {
        200 => {
            let caller: StreamCaller = serde_json::from_slice(&answer.body).map_err(|error| {
                tracing::error!(%error, "the service is not of this version");
                Failure::new("the service is not of this version")
            })?;
            let principal = format!("{}/{}", caller.tenant, caller.name);
            let mut context = serde_json::to_value(&caller).map_err(|_| Failure::new("a fault of ours"))?;
            if request.http_method.is_none() {
                return Ok(policy(&principal, "Allow", context));
            }
            // It is for connections, which last.
            if let Some(context) = context.as_object_mut() {
                context.remove("proof");
            }
            let mut allowed = policy(&principal, "Allow", context);
            if let Some(key) = usage_keys.of(&caller.tenant.to_string()) {
                allowed["usageIdentifierKey"] = json!(key);
            }
            Ok(allowed)
        }
        401 => Err(UNAUTHORIZED),
        // The service answers such a request of a REST API itself, with the reason: too many, another organization, another origin.
        // API Gateway would keep a refusal for whatever else the same client asks for.
        400..=499 if request.http_method.is_some() => {
            let mut passed = policy("nobody", "Allow", json!({}));
            if let Some(key) = usage_keys.everybody() {
                passed["usageIdentifierKey"] = json!(key);
            }
            Ok(passed)
        }
        // Known, but not let in: by its origin, its address or its scope.
        403 => Ok(policy("nobody", "Deny", json!({}))),
        status => {
            tracing::error!(status, "the service cannot say who this is");
            Err(Failure::new("the service cannot say who this is"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::{REQUEST, REST_REQUEST};
    use super::*;

    fn answer(status: u16, body: &str) -> CallerAnswer {
        CallerAnswer { status, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn only_what_identifies_a_client_is_passed_on() {
        let headers = told(&serde_json::from_str(REQUEST).unwrap());
        let names: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(names, [("authorization", "Bearer ask_1"), ("x-forwarded-for", "192.0.2.9")]);
    }

    #[test]
    fn the_service_decides() {
        let request: Request = serde_json::from_str(REQUEST).unwrap();
        let judged = |status, body: &str| judge(&request, &answer(status, body), &UsageKeys::default());
        let known = r#"{"tenant":"local","name":"program","scope":"read","proof":"{}"}"#;
        let allowed = judged(200, known).unwrap();
        assert_eq!(allowed["principalId"], "local/program");
        let statement = &allowed["policyDocument"]["Statement"][0];
        assert_eq!(
            (&statement["Effect"], &statement["Resource"]),
            (&json!("Allow"), &json!(request.method_arn))
        );
        // Nothing but texts, numbers and truth values may be in it.
        let context = allowed["context"].as_object().unwrap();
        assert!(context.values().all(Value::is_string), "{context:?}");
        assert_eq!(judged(401, ""), Err(UNAUTHORIZED));
        assert_eq!(judged(403, "").unwrap()["policyDocument"]["Statement"][0]["Effect"], "Deny");
        for (status, body) in [(200, "{}"), (200, ""), (204, ""), (429, ""), (500, ""), (503, "")] {
            assert!(judged(status, body).is_err_and(|failure| failure != UNAUTHORIZED), "{status}");
        }
    }

    #[test]
    fn a_request_to_a_rest_api_counts_for_a_usage_plan() {
        let request: Request = serde_json::from_str(REST_REQUEST).unwrap();
        let keys = ["*=everybody-0123456789012".to_owned(), "acme=generous-0123456789012".to_owned()];
        let judged = |status, tenant: &str, keys: &UsageKeys| {
            let body = format!(r#"{{"tenant":"{tenant}","name":"program","scope":"read","proof":"{{}}"}}"#);
            judge(&request, &answer(status, &body), keys).unwrap()
        };
        let keys = UsageKeys::new(&keys);
        let allowed = judged(200, "acme", &keys);
        assert_eq!(allowed["usageIdentifierKey"], "generous-0123456789012");
        assert_eq!(allowed["principalId"], "acme/program");
        assert_eq!(allowed["context"], json!({ "tenant": "acme", "name": "program", "scope": "read" }));
        // API Gateway keeps the answer for other requests of the same client.
        let resource = &allowed["policyDocument"]["Statement"][0]["Resource"];
        assert_eq!(*resource, "arn:aws:execute-api:us-east-1:123456789012:abcdef123/live/*");
        assert_eq!(judged(200, "local", &keys)["usageIdentifierKey"], "everybody-0123456789012");
        assert!(judged(200, "local", &UsageKeys::default()).get("usageIdentifierKey").is_none());
        // What is refused is refused by the service, for this request alone.
        for status in [400, 403, 429] {
            let passed = judged(status, "acme", &keys);
            assert_eq!(passed["policyDocument"]["Statement"][0]["Effect"], "Allow", "{status}");
            assert_eq!(passed["usageIdentifierKey"], "everybody-0123456789012", "{status}");
        }
        assert_eq!(judge(&request, &answer(401, ""), &keys), Err(UNAUTHORIZED));
        assert!(judge(&request, &answer(503, ""), &keys).is_err_and(|failure| failure != UNAUTHORIZED));
    }
}
