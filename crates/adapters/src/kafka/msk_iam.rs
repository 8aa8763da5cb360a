//! Tokens that MSK takes: an address that asks it for `kafka-cluster:Connect`, signed with credentials of AWS.
//!
//! The form is that of AWS's own signers (aws-msk-iam-sasl-signer): a URL presigned by Signature Version 4, in base64url
//! without padding, as the token of SASL/OAUTHBEARER.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use object_store::aws::{AmazonS3, AwsCredential};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};

use super::authentication::{BearerToken, Tokens};
use crate::s3::{self, S3SettingsError};

/// Name of the service in signatures.
const SERVICE: &str = "kafka-cluster";

/// How long MSK takes an address after it was signed.
const SIGNED_FOR: Duration = Duration::from_secs(900);

/// How long a token is used: credentials that expire are replaced five minutes before they do, and a token ends with those that
/// it was signed with.
const USED_FOR: Duration = Duration::from_secs(240);

/// How often another one is made.
const INTERVAL: Duration = Duration::from_secs(60);

/// The same where there are no credentials.
const RETRY: Duration = Duration::from_secs(2);

/// How long a client waits for the first one.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a value of a query keeps (RFC 3986, unreserved).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where credentials for MSK come from: the environment, the web identity, the container or the machine.
#[derive(Debug, Clone, Default)]
pub struct MskIamSettings {
    /// Region of the cluster; nothing: the one of the environment, else us-east-1.
    pub region: Option<String>,
}

/// Signs tokens with the credentials of AWS that the process has. A thread of its own keeps one ready, as clients ask for them
/// where nothing may be waited for.
#[derive(Clone)]
pub struct MskIam {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    newest: Mutex<Option<Result<BearerToken, String>>>,
    made: Condvar,
}

impl MskIam {
    /// Begins to sign.
    ///
    /// # Errors
    /// When the settings of the environment cannot be.
    pub fn new(settings: &MskIamSettings) -> Result<Self, S3SettingsError> {
        let (credentials, region) = s3::credentials(settings.region.as_deref(), None, None)?;
        let shared = Arc::<Shared>::default();
        let kept = Arc::downgrade(&shared);
        let thread = std::thread::Builder::new().name("msk-iam".to_owned());
        // Without a thread there is no token, which clients say.
        if let Err(error) = thread.spawn(move || keep_signing(&credentials, &region, &kept)) {
            tracing::error!(%error, "no thread signs tokens for MSK");
        }
        Ok(Self { shared })
    }
}

impl fmt::Debug for MskIam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MskIam").finish_non_exhaustive()
    }
}

impl Tokens for MskIam {
    fn token(&self) -> Result<BearerToken, String> {
        let until = Instant::now() + PATIENCE;
        let mut newest = self.shared.newest.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match &*newest {
                Some(Ok(token)) if token.expires > Timestamp::now() => return Ok(token.clone()),
                Some(Ok(_)) | None if left.is_zero() => {
                    return Err("nothing was signed in time".to_owned());
                }
                Some(Err(reason)) => return Err(reason.clone()),
                _ => {}
            }
            let waited = self.shared.made.wait_timeout(newest, left);
            newest = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Signs, until nobody wants tokens any more.
fn keep_signing(credentials: &AmazonS3, region: &str, wanted: &Weak<Shared>) {
    // Whoever asks for credentials keeps its connections between two times.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "nothing signs tokens for MSK"),
    };
    while let Some(shared) = wanted.upgrade() {
        let found = runtime.block_on(credentials.credentials().get_credential());
        let signed = match found {
            Ok(credential) => Ok(sign(&credential, region, Timestamp::now())),
            Err(error) => Err(format!("there are no credentials of AWS: {error}")),
        };
        let wait = if signed.is_ok() { INTERVAL } else { RETRY };
        {
            let mut newest = shared.newest.lock().unwrap_or_else(PoisonError::into_inner);
            // One that still holds is better than none.
            let holds = matches!(&*newest, Some(Ok(token)) if token.expires > Timestamp::now());
            if signed.is_ok() || !holds {
                *newest = Some(signed);
            }
        }
        shared.made.notify_all();
        drop(shared);
        let slept = Instant::now();
        while slept.elapsed() < wait && wanted.strong_count() > 0 {
            std::thread::sleep(Duration::from_millis(500).min(wait));
        }
    }
}

/// A token of these credentials.
fn sign(credential: &AwsCredential, region: &str, now: Timestamp) -> BearerToken {
    let expires = now.checked_add(USED_FOR).unwrap_or(Timestamp::MAX);
    BearerToken { text: URL_SAFE_NO_PAD.encode(presign(credential, region, now)), expires }
}

/// Signature Version 4 in the query, in the order of AWS's signers: what is added after the signature is not signed.
fn presign(credential: &AwsCredential, region: &str, now: Timestamp) -> String {
    let (day, time) = (now.strftime("%Y%m%d").to_string(), now.strftime("%Y%m%dT%H%M%SZ").to_string());
    let host = format!("kafka.{region}.amazonaws.com");
    let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
    let mut query = vec![
        ("Action", "kafka-cluster:Connect".to_owned()),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", credential.key_id)),
        ("X-Amz-Date", time.clone()),
        ("X-Amz-Expires", SIGNED_FOR.as_secs().to_string()),
    ];
    query.extend(credential.token.clone().map(|token| ("X-Amz-Security-Token", token)));
    query.push(("X-Amz-SignedHeaders", "host".to_owned()));
    // Sorted by name, as it has to be for the signature.
    let encoded = |(name, value): &(&str, String)| format!("{name}={}", utf8_percent_encode(value, ENCODED));
    let query = query.iter().map(encoded).collect::<Vec<_>>().join("&");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", sha256(""));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&request));
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", credential.secret_key).as_bytes());
    for part in [day.as_str(), region, SERVICE, "aws4_request"] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    let signature = hexadecimal(hmac::sign(&key, to_sign.as_bytes()).as_ref());
    format!("https://{host}/?{query}&X-Amz-Signature={signature}&User-Agent=astroshield")
}

fn sha256(text: &str) -> String {
    hexadecimal(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(token: Option<&str>) -> AwsCredential {
        AwsCredential {
            key_id: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// The query of a URL, without an order.
    fn pairs(url: &str) -> Vec<&str> {
        let mut pairs: Vec<_> = url.split(['?', '&']).collect();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn signatures_are_those_of_botocore() {
        // botocore 1.44.8: scripts/signatures.
        let at: Timestamp = "2026-11-29T10:30:00Z".parse().unwrap();
        for (region, token, expected) in [
            (
                "eu-central-1",
                None,
                "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20261129%2Feu-central-1%2Fkafka-cluster%2Faws4_request\
                 &X-Amz-Date=20261129T103000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature=0a88861b52d3ac7b7b991436bb5478c097713896932b1702f90cba90e73b23ca&User-Agent=astroshield",
            ),
            (
                "us-east-1",
                Some("IQoJb3JpZ2luX2VjE/+AB=="),
                "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20261129%2Fus-east-1%2Fkafka-cluster%2Faws4_request\
                 &X-Amz-Date=20261129T103000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
                 &X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2F%2BAB%3D%3D\
                 &X-Amz-Signature=670a4d7a7ddafb919c1580776e486382532a1ddb9eee7b672e8715fcadc33f87&User-Agent=astroshield",
            ),
        ] {
            let signed = presign(&credential(token), region, at);
            assert_eq!(pairs(&signed), pairs(expected));
            let token = sign(&credential(token), region, at);
            assert_eq!(URL_SAFE_NO_PAD.decode(&token.text).unwrap(), signed.as_bytes());
            assert!(token.expires > at && token.expires < at + SIGNED_FOR);
        }
    }
}
