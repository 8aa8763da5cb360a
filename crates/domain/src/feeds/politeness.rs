//! When a feed may be asked again.

use std::time::Duration;

use jiff::Timestamp;

use crate::patience;

const HOUR: Duration = Duration::from_secs(3600);

/// The longest wait after failures.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Least time between two requests, by the end of the host's name: `CelesTrak` asks for two hours, Space-Track for one.
const HOSTS: [(&str, Duration); 3] = [
    ("celestrak.org", Duration::from_secs(2 * 3600)),
    ("celestrak.com", Duration::from_secs(2 * 3600)),
    ("space-track.org", HOUR),
];

/// Waits are lengthened by up to a part in so many, so that failing feeds are not asked all at once.
const JITTER: u64 = 10;

/// The host of an address; nothing for a file or a folder.
fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next().unwrap_or(host))
}

/// The interval in which a feed is asked: the configured one, but not below what its host asks for.
pub(super) fn interval(url: &str, configured: Duration) -> Duration {
    let host = host(url).unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let is_of =
        |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let least = HOSTS.iter().find(|(name, _)| is_of(name)).map_or(Duration::ZERO, |(_, least)| *least);
    configured.max(least)
}

/// The longest wait that there can be.
pub(super) fn longest(interval: Duration) -> Duration {
    (2 * interval.max(LONGEST)).max(7 * LONGEST)
}

/// When to ask again after a failure: the interval, doubled for each failure before, at most a day, but as late as the
/// other side wants.
pub(super) fn after_failure(
    now: Timestamp,
    feed: &str,
    interval: Duration,
    failures_before: u32,
    retry_after: Option<Duration>,
) -> Timestamp {
    let wait = patience::after(interval, LONGEST.max(interval), failures_before);
    let wait = wait + wait / 1000 * jitter(feed, now);
    let wait = wait.max(retry_after.unwrap_or_default().min(7 * LONGEST));
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// Thousandths to add to a wait, by the feed's name and the time.
fn jitter(feed: &str, now: Timestamp) -> u32 {
    // FNV-1a.
    let start = now.as_microsecond().unsigned_abs() ^ 0xcbf2_9ce4_8422_2325;
    let hash = feed.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    u32::try_from((hash >> 16) % (1000 / JITTER)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn no_configuration_makes_us_impolite() {
        let minute = Duration::from_secs(60);
        for url in [
            "https://celestrak.org/NORAD/elements/gp.php?GROUP=active",
            "HTTPS://www.CelesTrak.org:443/x",
            "http://user@celestrak.com./x",
        ] {
            assert_eq!(interval(url, minute), 2 * HOUR, "{url}");
        }
        assert_eq!(interval("https://www.space-track.org/basicspacedata", minute), HOUR);
        assert_eq!(interval("https://celestrak.org/x", 5 * HOUR), 5 * HOUR);
        for url in [
            "https://notcelestrak.org/",
            "https://example.org/celestrak.org",
            "/data/celestrak.org",
            "file:///x",
        ] {
            assert_eq!(interval(url, minute), minute, "{url}");
        }
    }

    #[test]
    fn a_failing_feed_is_left_alone_for_twice_as_long_each_time_up_to_a_day() {
        let hours = |failures| {
            let then = after_failure(NOW, "feed", 2 * HOUR, failures, None);
            then.duration_since(NOW).as_secs_f64() / 3600.0
        };
        for (failures, least) in [(0, 2.0), (1, 4.0), (2, 8.0), (3, 16.0), (4, 24.0), (40, 24.0)] {
            let wait = hours(failures);
            assert!(wait >= least && wait <= least * 1.1, "{failures}: {wait} h");
        }
    }

    #[test]
    fn feeds_that_fail_together_are_not_asked_together_again() {
        let then = |feed| after_failure(NOW, feed, 2 * HOUR, 0, None);
        assert_ne!(then("one"), then("other"));
    }

    #[test]
    fn the_other_side_may_ask_for_more_patience_but_not_for_less() {
        let hours = |retry_after| {
            let then = after_failure(NOW, "feed", 2 * HOUR, 0, Some(retry_after));
            then.duration_since(NOW).as_secs() / 3600
        };
        assert_eq!(hours(50 * HOUR), 50);
        assert_eq!(hours(HOUR), 2);
        assert_eq!(hours(10_000 * HOUR), 7 * 24);
    }
}
