//! Signature Version 4, as whoever is asked checks it.

use axum::http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use ring::{digest, hmac};

use super::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Whether a request is signed by Signature Version 4 with the key that is known, lately.
pub(super) fn verify(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), &'static str> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").ok_or("Missing Authentication Token")?;
    let date = header("x-amz-date").ok_or("no x-amz-date")?;
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).map_err(|_| "x-amz-date")?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(at).map_err(|_| "x-amz-date")?;
    if now.duration_since(at).abs() > jiff::SignedDuration::from_mins(5) {
        return Err("Signature expired");
    }
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let field = |name: &str| fields.split(", ").find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let (credential, signed, signature) = (
        field("Credential").ok_or("no Credential")?,
        field("SignedHeaders").ok_or("no SignedHeaders")?,
        field("Signature").ok_or("no Signature")?,
    );
    let scope = format!("{}/{REGION}/execute-api/aws4_request", &date[..8]);
    if credential != format!("{ACCESS_KEY_ID}/{scope}") {
        return Err("another key, day, region or service");
    }
    if !["host", "x-amz-date"].iter().all(|due| signed.split(';').any(|name| name == *due)) {
        return Err("host and x-amz-date have to be signed");
    }
    let payload = sha256(body);
    if header("x-amz-content-sha256").is_some_and(|told| told != payload) {
        return Err("another body");
    }
    let expected =
        signature_of(method, uri.path(), headers, signed, &payload, date, &scope, SECRET_ACCESS_KEY);
    if signature == expected { Ok(()) } else { Err("The request signature we calculated does not match") }
}

#[expect(clippy::too_many_arguments, reason = "all that is signed")]
fn signature_of(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    signed: &str,
    payload: &str,
    date: &str,
    scope: &str,
    secret: &str,
) -> String {
    // Every part of the path once more encoded, as for all services but S3.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let path: String = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let lines: String = signed
        .split(';')
        .map(|name| {
            let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default().trim());
            format!("{name}:{}\n", values.collect::<Vec<_>>().join(","))
        })
        .collect();
    let request = format!("{method}\n{path}\n\n{lines}\n{signed}\n{payload}");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(request.as_bytes()));
    let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = sign(&key, part).as_ref().to_vec();
    }
    hexadecimal(sign(&key, &text).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_botocore() {
        // botocore 1.44.8: scripts/signatures.
        for (method, body, expected) in [
            (Method::POST, r#"{"a":1}"#, "9cf4f376d5ab346655eb814f918ef34545a0532c45048971ac9b201d776880ac"),
            (Method::DELETE, "", "4c7e7d2463d8ce187e205cdea0e42f87104894df051e0a818f7f7ada04332793"),
        ] {
            let payload = sha256(body.as_bytes());
            let headers: HeaderMap = [
                ("host", "abc123.execute-api.eu-central-1.amazonaws.com"),
                ("x-amz-content-sha256", payload.as_str()),
                ("x-amz-date", "20261129T103000Z"),
                ("x-amz-security-token", "T/+="),
            ]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
            let signature = signature_of(
                &method,
                "/live/%40connections/L0SM9cOFvHcCIhw%3D",
                &headers,
                "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
                &payload,
                "20261129T103000Z",
                "20261129/eu-central-1/execute-api/aws4_request",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            );
            assert_eq!(signature, expected, "{method}");
        }
    }
}
