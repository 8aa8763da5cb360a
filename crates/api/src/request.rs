//! What is taken from requests: queries, identities and bodies, each refused by name.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use tokio::time::{Instant, timeout_at};

use crate::problem::Problem;
use crate::state::ApiState;

/// Rows of a list where the request does not say.
pub(crate) const LIMIT: u32 = 100;
/// Most rows of a list.
pub(crate) const MAX_LIMIT: u32 = 1_000;

/// How many rows a request wants.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::invalid("limit", format!("{limit}: 1 to {MAX_LIMIT} rows are given"))),
    }
}

/// The query of a request.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let path = error.path().to_string();
        let problem = Problem::bad_request(error.inner().to_string());
        if path == "." || path == "?" { problem } else { problem.at(path) }
    })
}

/// An identity in the path of a request.
pub(crate) struct Id<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Id<T>
where
    T: FromStr<Err: Display>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let text = path.map_err(|error| Problem::bad_request(error.body_text()))?.0;
        text.parse().map(Self).map_err(|error| Problem::invalid("id", error))
    }
}

/// Two identities in the path of a request, in its order.
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<A, B, S> FromRequestParts<S> for Ids<A, B>
where
    A: FromStr<Err: Display>,
    B: FromStr<Err: Display>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<(String, String)>::from_request_parts(parts, state).await;
        let (a, b) = path.map_err(|error| Problem::bad_request(error.body_text()))?.0;
        let refused = |error: &dyn Display| Problem::invalid("id", error);
        Ok(Self(a.parse().map_err(|error| refused(&error))?, b.parse().map_err(|error| refused(&error))?))
    }
}

/// Part of a body after which the next one may take its time: what is slower than this keeps a connection for nothing.
const STEP_BYTES: usize = 64 << 10;

/// The bytes of a body of at most so many, which come at some speed: in `timeout`, the end or another [`STEP_BYTES`].
pub(crate) async fn body_bytes(
    request: Request,
    limit_bytes: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    refuse_encoded(request.headers())?;
    let stated = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if stated.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > limit_bytes as u64)
    {
        return Err(Problem::too_large(limit_bytes));
    }
    let mut body = Limited::new(request.into_body(), limit_bytes);
    let mut bytes = Vec::new();
    let (mut due, mut step) = (Instant::now() + timeout, STEP_BYTES);
    loop {
        let frame = timeout_at(due, body.frame()).await.map_err(|_| Problem::too_slow(timeout))?;
        let Some(frame) = frame else { return Ok(bytes.into()) };
        let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
            true => Problem::too_large(limit_bytes),
            false => Problem::bad_request("the body ended before its end"),
        })?;
        if let Ok(part) = frame.into_data() {
            bytes.extend_from_slice(&part);
        }
        if bytes.len() >= step {
            (due, step) = (Instant::now() + timeout, bytes.len() + STEP_BYTES);
        }
    }
}

/// Compressed bodies are refused: a small one may hold a very large one.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Problem::unsupported_media_type("compressed bodies are not taken").at("Content-Encoding"))
        }
        _ => Ok(()),
    }
}

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        read_json(request, state.settings.body_limit_bytes, state.settings.body_timeout).await.map(Self)
    }
}

/// A body of JSON that may hold a file.
pub(crate) struct LongJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for LongJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        read_json(request, state.settings.upload_limit_bytes, state.settings.body_timeout).await.map(Self)
    }
}

/// A body of JSON of at most so many bytes, as [`body_bytes`] reads it.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request,
    limit_bytes: usize,
    timeout: Duration,
) -> Result<T, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let reason = format!("application/json is due, this is {kind:?}");
        return Err(Problem::unsupported_media_type(reason).at("Content-Type"));
    }
    let bytes = body_bytes(request, limit_bytes, timeout).await?;
    // A structure would be read from an array of its fields, too.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::unprocessable("an object is due, this is an array"));
    }
    parse_json(&bytes)
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        let reason = inner.to_string();
        let problem =
            if inner.is_data() { Problem::unprocessable(reason) } else { Problem::bad_request(reason) };
        if path == "." { problem } else { problem.at(path) }
    })?;
    deserializer.end().map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(value)
}

/// A whole number of a body: `5.0` is one, as JSON knows one kind of number only.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(D::Error::custom(format!("{number:?}: a whole number from 0 to {} is due", u32::MAX)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just checked")]
    let whole = number as u32;
    Ok(whole)
}

/// [`whole`], or nothing.
pub(crate) fn whole_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] u32);
    Ok(Option::<Whole>::deserialize(deserializer)?.map(|Whole(number)| number))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<u32>,
        name: Option<String>,
        inner: Option<Vec<Asked>>,
    }

    fn said(problem: &Problem) -> String {
        format!("{problem:?}")
    }

    #[test]
    fn a_bad_query_is_refused_by_the_name_of_the_parameter() {
        let good: Asked = parse_query("limit=5&name=a%20b").unwrap();
        assert_eq!(good, Asked { limit: Some(5), name: Some("a b".to_owned()), inner: None });
        let bad = parse_query::<Asked>("name=x&limit=many").unwrap_err();
        assert!(said(&bad).contains("field: Some(\"limit\")"), "{bad:?}");
        let unknown = parse_query::<Asked>("limti=5").unwrap_err();
        assert!(said(&unknown).contains("unknown field `limti`"), "{unknown:?}");
        let twice = parse_query::<Asked>("limit=5&limit=6").unwrap_err();
        assert!(said(&twice).contains("limit"), "{twice:?}");
    }

    #[test]
    fn a_bad_body_is_refused_by_the_path_of_the_field() {
        let bad = parse_json::<Asked>(br#"{"inner":[{"limit":1},{"limit":-1}]}"#).unwrap_err();
        assert!(said(&bad).contains("inner[1].limit"), "{bad:?}");
        assert!(said(&bad).contains("422"), "{bad:?}");
        let broken = parse_json::<Asked>(b"{\"limit\":").unwrap_err();
        assert!(said(&broken).contains("400"), "{broken:?}");
        assert!(parse_json::<Asked>(b"{} {}").is_err());
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point_and_nothing_else_is_one() {
        #[derive(Debug, Deserialize)]
        struct Body {
            #[serde(deserialize_with = "whole_or_null")]
            number: Option<u32>,
        }
        for (text, number) in
            [("5", Some(5)), ("5.0", Some(5)), ("4294967295", Some(u32::MAX)), ("null", None)]
        {
            let body: Body = parse_json(format!(r#"{{"number":{text}}}"#).as_bytes()).unwrap();
            assert_eq!(body.number, number, "{text}");
        }
        for text in ["5.5", "-1", "4294967296", "1e300", "\"5\"", "true"] {
            let problem = parse_json::<Body>(format!(r#"{{"number":{text}}}"#).as_bytes()).unwrap_err();
            assert!(said(&problem).contains("\"number\""), "{text}: {problem:?}");
        }
    }

    #[test]
    fn deeply_nested_json_is_refused_without_a_crash() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let problem = parse_json::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert!(said(&problem).contains("recursion limit"), "{problem:?}");
    }

    #[test]
    fn a_limit_is_1_to_1000() {
        assert_eq!(limit(None).unwrap(), 100);
        assert_eq!(limit(Some(1_000)).unwrap(), 1_000);
        assert!(limit(Some(0)).is_err());
        assert!(limit(Some(1_001)).is_err());
    }
}
