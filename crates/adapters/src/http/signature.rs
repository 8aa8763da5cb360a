//! Signatures of Standard Webhooks (<https://www.standardwebhooks.com>), version `v1`: HMAC-SHA256 of
//! `id.timestamp.body` in Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// Shortest and longest key that the specification allows, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that nothing can be signed with. It is not told what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SecretError {
    /// The prefix is missing.
    #[error("the webhook's secret does not begin with {PREFIX}")]
    Prefix,
    /// Not Base64.
    #[error("the webhook's secret is not Base64 after {PREFIX}")]
    Base64,
    /// Too short or too long.
    #[error("the webhook's secret has {bytes} bytes; 24 to 64 are due")]
    Length {
        /// Its length.
        bytes: usize,
    },
}

/// The value of `webhook-signature`: a signature of each secret, of which a receiver has to know one.
pub(super) fn sign(
    secrets: &[impl AsRef<str>],
    id: &str,
    unix_s: i64,
    body: &str,
) -> Result<String, SecretError> {
    let signatures = secrets.iter().map(|secret| sign_with(secret.as_ref(), id, unix_s, body));
    Ok(signatures.collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn sign_with(secret: &str, id: &str, unix_s: i64, body: &str) -> Result<String, SecretError> {
    let encoded = secret.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
    let key = STANDARD.decode(encoded).map_err(|_| SecretError::Base64)?;
    if !KEY_BYTES.contains(&key.len()) {
        return Err(SecretError::Length { bytes: key.len() });
    }
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SecretError::Length { bytes: key.len() })?;
    mac.update(format!("{id}.{unix_s}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of the reference libraries of Standard Webhooks.
    #[test]
    fn the_published_example_has_the_published_signature() {
        let signature = sign_with(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_that_are_none_are_refused_and_not_printed() {
        let encoded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (secret, error) in [
            (String::new(), SecretError::Prefix),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), SecretError::Prefix),
            ("whsec_not base64".to_owned(), SecretError::Base64),
            (encoded(23), SecretError::Length { bytes: 23 }),
            (encoded(65), SecretError::Length { bytes: 65 }),
        ] {
            assert_eq!(sign(&[&secret], "id", 0, "{}"), Err(error), "{secret}");
        }
        let (short, long) = (encoded(24), encoded(64));
        let both = sign(&[&short, &long], "id", 0, "{}").unwrap();
        let each = [short, long].map(|secret| sign_with(&secret, "id", 0, "{}").unwrap());
        assert_eq!(both, each.join(" "), "as the specification has several");
    }
}
