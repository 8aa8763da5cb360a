//! Times as users write them, and the clock.

use std::time::SystemTime;

use anyhow::Context;
use astroshield_formats::{TimeSystem, Timestamp};
use hifitime::{Duration, Epoch, Unit};

/// A UTC time as `2026-03-09T18:00:00`, with or without decimals and `Z`, or a date alone.
pub(crate) fn parse_utc(text: &str) -> anyhow::Result<Epoch> {
    let timestamp: Timestamp = text.parse()?;
    Ok(timestamp.to_epoch(&TimeSystem::utc())?)
}

/// The present time (UTC), to the second.
pub(crate) fn now() -> anyhow::Result<Epoch> {
    let since_1970 =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock is before 1970")?;
    let seconds = i64::try_from(since_1970.as_secs()).context("the clock is far in the future")?;
    Ok(Epoch::from_unix_duration(Unit::Second * seconds))
}

/// A UTC time as `YYYY-MM-DD HH:MM:SS.mmm`, rounded to the millisecond.
pub(crate) fn format_milliseconds(epoch: Epoch) -> String {
    let rounded = astroshield_astro::time::to_utc(epoch).round(Duration::from_milliseconds(1.0));
    let (year, month, day, hour, minute, second, nanosecond) = rounded.to_gregorian_utc();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:03}", nanosecond / 1_000_000)
}

/// A UTC time as `YYYY-MM-DDTHH:MM:SS.ffffff`, rounded to the microsecond.
pub(crate) fn format_microseconds(epoch: Epoch) -> String {
    let rounded = astroshield_astro::time::to_utc(epoch).round(Duration::from_microseconds(1.0));
    let (year, month, day, hour, minute, second, nanosecond) = rounded.to_gregorian_utc();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}", nanosecond / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_rounded_and_carried() {
        let near_midnight = parse_utc("2026-03-09T23:59:59.9996").unwrap();
        assert_eq!(format_milliseconds(near_midnight), "2026-03-10 00:00:00.000");
        let down = parse_utc("2026-03-09T18:00:00.0014").unwrap();
        assert_eq!(format_milliseconds(down), "2026-03-09 18:00:00.001");
    }

    #[test]
    fn dates_and_times_are_read_and_others_refused() {
        assert_eq!(parse_utc("2026-01-01").unwrap(), parse_utc("2026-01-01T00:00:00Z").unwrap());
        assert!(parse_utc("yesterday").is_err());
        assert!(parse_utc("2026-13-01").is_err());
    }
}
