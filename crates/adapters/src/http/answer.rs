//! From an answer of a server to that of a feed.

use std::time::{Duration, SystemTime};

use astroshield_domain::ports::{FeedAnswer, FeedError, FeedFault, FeedRequest, StoreError};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};
use reqwest::{Response, StatusCode};

use super::reason;
use super::retry_after::retry_after;
use super::unpack::{UnpackError, Unpacker};

/// How much of what a server says of an error is told on, in characters.
const EXCERPT_CHARACTERS: usize = 200;

/// Why a server gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{url:?} is no address of a feed: {reason}")]
    Address { url: String, reason: String },
    #[error("{0}")]
    Request(String),
    #[error("{0}")]
    NotReached(String),
    #[error("{0}")]
    Redirect(String),
    #[error("the server answered {status}{}", told(.excerpt))]
    Status { status: StatusCode, excerpt: String, retry_after: Option<Duration> },
    #[error("\"not modified\" without a condition")]
    NotModified,
    #[error("the server sent a part, which was not asked for")]
    Part,
    #[error("the server sent a page for people (HTML) instead of data")]
    Html,
    #[error("the server sent the encoding {encoding:?}, which was not asked for")]
    Encoding { encoding: String },
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    #[error("{host}: a password is sent over https only")]
    PasswordInTheClear { host: String },
    #[error("the sign-in was refused: name or password is wrong")]
    SignInRefused,
    #[error("the sign-in brought no cookie")]
    NoCookie,
    #[error("requests cannot be counted, so none is made: {0}")]
    Counts(#[from] StoreError),
    #[error("{host} may not be asked more often: {limit} requests in {seconds} s are due at most")]
    TooOften { host: String, limit: u32, seconds: u64, retry_after: Duration },
}

impl Failure {
    pub(super) fn request(error: reqwest::Error) -> Self {
        match () {
            () if error.is_redirect() => Self::Redirect(reason(error)),
            () if error.is_connect() => Self::NotReached(reason(error)),
            () => Self::Request(reason(error)),
        }
    }

    /// Whether asking again the same way cannot help.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Status { status, .. } => !may_pass(*status),
            Self::Address { .. }
            | Self::Redirect(_)
            | Self::Encoding { .. }
            | Self::Unpack(UnpackError::TooLarge { .. })
            | Self::PasswordInTheClear { .. }
            | Self::SignInRefused => true,
            Self::Request(_)
            | Self::NotReached(_)
            | Self::Counts(_)
            | Self::NotModified
            | Self::Part
            | Self::Html
            | Self::Unpack(UnpackError::Damaged { .. })
            | Self::NoCookie
            | Self::TooOften { .. } => false,
        }
    }
}

fn told(excerpt: &str) -> String {
    if excerpt.is_empty() { String::new() } else { format!(": {excerpt}") }
}

/// Whether a refusal may pass by itself.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
        )
}

impl From<Failure> for FeedError {
    fn from(failure: Failure) -> Self {
        let retry_after = match &failure {
            Failure::Status { retry_after, .. } => *retry_after,
            Failure::TooOften { retry_after, .. } => Some(*retry_after),
            _ => None,
        };
        Self {
            reason: failure.to_string(),
            retry_after,
            permanent: failure.is_permanent(),
            fault: match failure {
                Failure::NotReached(_) => FeedFault::NotReached,
                Failure::SignInRefused => FeedFault::SignInRefused,
                _ => FeedFault::Other,
            },
        }
    }
}

/// Reads an answer. The limit holds for the unpacked bytes; what exceeds it is refused while it arrives.
pub(super) async fn read(mut response: Response, request: &FeedRequest) -> Result<FeedAnswer, Failure> {
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED {
        let conditional = request.etag.is_some() || request.last_modified.is_some();
        return if conditional { Ok(FeedAnswer::Unchanged) } else { Err(Failure::NotModified) };
    }
    if !status.is_success() {
        let retry_after = retry_after(response.headers(), SystemTime::now());
        return Err(Failure::Status { status, excerpt: excerpt(response).await, retry_after });
    }
    if status == StatusCode::PARTIAL_CONTENT {
        return Err(Failure::Part);
    }
    let headers = response.headers();
    let (etag, last_modified) = (text(headers, &ETAG), text(headers, &LAST_MODIFIED));
    let says_html = text(headers, &CONTENT_TYPE).is_some_and(|kind| is_html_type(&kind));
    let gzip = is_gzip(headers)?;
    let limit_bytes = request.limit_bytes;
    if !gzip && response.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(UnpackError::TooLarge { limit_bytes }.into());
    }
    let mut unpacker = Unpacker::new(gzip, limit_bytes);
    while let Some(chunk) = response.chunk().await.map_err(Failure::request)? {
        unpacker.push(&chunk)?;
    }
    let bytes = unpacker.finish()?;
    if is_html(&bytes, says_html) {
        return Err(Failure::Html);
    }
    Ok(FeedAnswer::Data { bytes, etag, last_modified })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Failure> {
    let mut gzip = false;
    for value in headers.get_all(CONTENT_ENCODING) {
        let encoding = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        match encoding.as_str() {
            "" | "identity" => {}
            "gzip" | "x-gzip" if !gzip => gzip = true,
            _ => return Err(Failure::Encoding { encoding }),
        }
    }
    Ok(gzip)
}

fn is_html_type(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "text/html" || kind == "application/xhtml+xml"
}

/// Whether bytes are a page. Servers call plain text HTML, too: what decides is the content, and markup that is called
/// HTML and is not XML.
fn is_html(bytes: &[u8], says_html: bool) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let mut rest = start.trim_start_matches('\u{feff}').trim_start();
    let is_xml = rest.starts_with("<?xml");
    while let Some(end) = match () {
        () if rest.starts_with("<!--") => rest.find("-->").map(|end| end + 3),
        () if rest.starts_with("<?") => rest.find("?>").map(|end| end + 2),
        () => None,
    } {
        rest = rest[end..].trim_start();
    }
    let begins = |tag: &str| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    ["<!doctype html", "<html", "<head", "<body"].into_iter().any(begins)
        || (says_html && !is_xml && rest.starts_with('<'))
}

/// What a server says of an error, if that is a short text.
async fn excerpt(mut response: Response) -> String {
    if !matches!(is_gzip(response.headers()), Ok(false)) {
        return String::new();
    }
    let says_html = text(response.headers(), &CONTENT_TYPE).is_some_and(|kind| is_html_type(&kind));
    let mut bytes = Vec::new();
    while bytes.len() < 4 * EXCERPT_CHARACTERS {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    if is_html(&bytes, says_html) {
        return String::new();
    }
    let words: Vec<String> = String::from_utf8_lossy(&bytes)
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control()).collect())
        .collect();
    words.join(" ").chars().take(EXCERPT_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_data() {
        for page in [
            "<!DOCTYPE html><title>x</title>",
            "\u{feff}  \n<HTML lang=en>",
            "<!-- made by -->\n<!-- a machine --><html>",
            "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">",
            "<head><title>502</title></head>",
        ] {
            assert!(is_html(page.as_bytes(), false), "{page}");
        }
        assert!(is_html(b"<center>Bad gateway</center>", true));
        for data in [
            "",
            "OBJECT_NAME,OBJECT_ID\n",
            "[{\"OBJECT_NAME\":\"<html>\"}]",
            "<?xml version=\"1.0\"?><ndm><omm/></ndm>",
            "<!-- x --><omm/>",
            "<!-- never closed",
            "1 25544U 98067A   24001.00000000",
        ] {
            assert!(!is_html(data.as_bytes(), false), "{data}");
        }
        assert!(!is_html(b"1 25544U 98067A", true));
        assert!(!is_html(b"<?xml version=\"1.0\"?><ndm/>", true));
    }
}
