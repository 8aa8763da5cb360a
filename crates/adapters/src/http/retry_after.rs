//! How long the other side wants to be left alone.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest time that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What `Retry-After` asks for: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).ok()?
    };
    Some(pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        retry_after(&headers, now)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        assert_eq!(asked("Sun, 06 Nov 1994 09:49:37 GMT"), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn no_more_than_a_day_is_believed() {
        for value in ["86401", "99999999999999999999999", "Sat, 06 Nov 2094 08:49:37 GMT"] {
            assert_eq!(asked(value), Some(LONGEST), "{value}");
        }
    }

    #[test]
    fn nonsense_and_the_past_ask_for_nothing() {
        for value in ["", "soon", "-5", "1.5", "Sun, 06 Nov 1994 08:00:00 GMT"] {
            assert_eq!(asked(value), None, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }
}
