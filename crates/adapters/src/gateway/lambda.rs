//! The runtime API of AWS Lambda, version 2018-06-01: events come one at a time, and each is answered.

use reqwest::header::{HeaderMap, HeaderValue};
use serde::Serialize;

/// The variable that says where it is, as `host:port`.
const WHERE: &str = "AWS_LAMBDA_RUNTIME_API";

const INVOCATION: &str = "2018-06-01/runtime/invocation";

/// Largest event: what Lambda takes of one that is waited for.
const LARGEST_EVENT: usize = 6 << 20;

/// Gives events to a function.
#[derive(Debug, Clone)]
pub struct Runtime {
    client: reqwest::Client,
    base: String,
}

/// An event, to be answered.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Its identity.
    pub id: String,
    /// What happened.
    pub event: Vec<u8>,
}

/// What went wrong, as Lambda tells it to whoever asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    error_message: &'a str,
    error_type: &'a str,
}

impl Runtime {
    /// The one that this process was started by.
    ///
    /// # Errors
    /// When it was not started by one, or nothing can be asked.
    pub fn of_environment() -> Result<Self, String> {
        let Ok(place) = std::env::var(WHERE) else {
            return Err(format!("{WHERE} is not set: this is started by AWS Lambda"));
        };
        // Without a limit of time: a function is asleep while there is no event. Without TLS: it is on the same machine.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let roots =
            crate::trust::TrustedRoots::default().client_config().map_err(|error| error.to_string())?;
        let client = client.tls_backend_preconfigured(roots).build().map_err(|error| error.to_string())?;
        Ok(Self { client, base: format!("http://{place}/{INVOCATION}") })
    }

    /// The next event; waits for one.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn next(&self) -> Result<Invocation, String> {
        let failed = |error: reqwest::Error| error.to_string();
        let mut answer = self.client.get(format!("{}/next", self.base)).send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(format!("no event: {}", answer.status()));
        }
        let id = answer.headers().get("lambda-runtime-aws-request-id").map(HeaderValue::to_str);
        let Some(Ok(id)) = id else { return Err("an event without an identity".to_owned()) };
        let (id, mut event) = (id.to_owned(), Vec::new());
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            event.extend_from_slice(&part);
            if event.len() > LARGEST_EVENT {
                return Err("an event that is too large".to_owned());
            }
        }
        Ok(Invocation { id, event })
    }

    /// Answers an event.
    ///
    /// # Errors
    /// When the answer is not taken.
    pub async fn answer<T: Serialize>(&self, id: &str, answer: &T) -> Result<(), String> {
        let body = serde_json::to_vec(answer).map_err(|error| error.to_string())?;
        self.post(&format!("{id}/response"), body, HeaderMap::new()).await
    }

    /// Says that an event cannot be answered: of which kind the problem is, and what it is.
    ///
    /// # Errors
    /// When that is not taken.
    pub async fn fail(&self, id: &str, kind: &str, message: &str) -> Result<(), String> {
        let failure = Failure { error_message: message, error_type: kind };
        let body = serde_json::to_vec(&failure).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        if let Ok(kind) = HeaderValue::from_str(kind) {
            headers.insert("lambda-runtime-function-error-type", kind);
        }
        self.post(&format!("{id}/error"), body, headers).await
    }

    async fn post(&self, path: &str, body: Vec<u8>, headers: HeaderMap) -> Result<(), String> {
        let sent = self.client.post(format!("{}/{path}", self.base)).headers(headers).body(body).send().await;
        let answer = sent.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("not taken: {}", answer.status())) }
    }
}
