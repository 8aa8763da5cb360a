//! The way to the collector.

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use reqwest::Client;
use reqwest::redirect::Policy;

use super::{OtlpError, OtlpSettings, TIMEOUT};
use crate::trust::TrustedRoots;

/// Most that is read of an answer: it says what was refused, at most.
const LONGEST_ANSWER: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct CollectorClient {
    client: Client,
}

impl CollectorClient {
    pub(super) fn new(settings: &OtlpSettings, roots: &TrustedRoots) -> Result<Self, OtlpError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let no_header = || OtlpError::Header { name: name.clone() };
            let mut value = HeaderValue::from_str(value).map_err(|_| no_header())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|_| no_header())?, value);
        }
        let client = Client::builder()
            .tls_backend_preconfigured(roots.client_config()?)
            .default_headers(headers)
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(OtlpError::Client)?;
        Ok(Self { client })
    }

    pub(super) async fn reach(&self, endpoint: &str) -> reqwest::Result<()> {
        // A message of no spans, as protobuf has it, is nothing.
        let post = self.client.post(format!("{endpoint}/v1/traces"));
        post.header(CONTENT_TYPE, "application/x-protobuf").send().await?.error_for_status().map(drop)
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut answer = self.client.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                return Err(format!("the collector answers more than {LONGEST_ANSWER} bytes").into());
            }
        }
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        Ok(response.body(body.into())?)
    }
}
