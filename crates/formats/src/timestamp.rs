//! Times as messages write them, and their time systems.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use hifitime::{Epoch, TimeScale};

use crate::error::{Fault, excerpt};

/// A reading of a clock: date and time of day in the time system that the message names.
///
/// It becomes an instant through [`Timestamp::to_epoch`]. The reading itself is kept, because not every
/// time system has a conversion (mission elapsed time, UT1, local clocks) and none may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    attosecond: u64,
}

const DAYS_BEFORE_MONTH: [u16; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Days of a year before a month (1 to 13).
fn days_before(year: u16, month: u8) -> u16 {
    let leap_day = u16::from(month > 2 && is_leap(year));
    DAYS_BEFORE_MONTH.get(usize::from(month).wrapping_sub(1)).map_or(0, |days| days + leap_day)
}

impl Timestamp {
    /// Midnight at the start of a day of a year (1 to 365 or 366).
    pub(crate) fn from_day_of_year(year: u16, day_of_year: u16) -> Option<Self> {
        let month = (1..=12).find(|month| day_of_year <= days_before(year, month + 1))?;
        let day = u8::try_from(day_of_year.checked_sub(days_before(year, month))?).ok()?;
        (day > 0 && year <= 9999).then_some(Self {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            attosecond: 0,
        })
    }

    /// Sets the time of day from nanoseconds since midnight (below 86,400 s).
    pub(crate) fn at_nanosecond(self, nanoseconds: u64) -> Option<Self> {
        let seconds = nanoseconds / 1_000_000_000;
        Some(Self {
            hour: u8::try_from(seconds / 3600).ok().filter(|hour| *hour < 24)?,
            minute: u8::try_from(seconds / 60 % 60).ok()?,
            second: u8::try_from(seconds % 60).ok()?,
            attosecond: nanoseconds % 1_000_000_000 * 1_000_000_000,
            ..self
        })
    }

    /// Year, 0 to 9999 (0 is used by elapsed times).
    #[must_use]
    pub const fn year(&self) -> u16 {
        self.year
    }

    /// Day of the year, 1 to 366.
    #[must_use]
    pub fn day_of_year(&self) -> u16 {
        days_before(self.year, self.month) + u16::from(self.day)
    }

    /// Nanoseconds since midnight; a leap second counts on, finer digits are dropped.
    #[must_use]
    pub fn nanoseconds_of_day(&self) -> u64 {
        let seconds = (u64::from(self.hour) * 60 + u64::from(self.minute)) * 60 + u64::from(self.second);
        seconds * 1_000_000_000 + self.attosecond / 1_000_000_000
    }

    /// The instant of this reading in a time system, to the nanosecond (finer digits are dropped).
    ///
    /// # Errors
    /// [`Fault::TimeSystem`] if the system has no conversion, [`Fault::NotATime`] if the reading does not exist in
    /// it (second 60 where there is no leap second).
    pub fn to_epoch(&self, system: &TimeSystem) -> Result<Epoch, Fault> {
        let scale = system.scale().ok_or_else(|| Fault::TimeSystem(system.to_string()))?;
        let fault = || Fault::NotATime(self.to_string());
        let nanosecond = u32::try_from(self.attosecond / 1_000_000_000).map_err(|_| fault())?;
        Epoch::maybe_from_gregorian(
            i32::from(self.year),
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
            nanosecond,
            scale,
        )
        .map_err(|_| fault())
    }

    /// The reading of an instant in a time scale; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_epoch(epoch: Epoch, scale: TimeScale) -> Option<Self> {
        let (year, month, day, hour, minute, second, nanosecond) = epoch.to_gregorian(scale);
        let year = u16::try_from(year).ok().filter(|year| *year <= 9999)?;
        let attosecond = u64::from(nanosecond) * 1_000_000_000;
        Some(Self { year, month, day, hour, minute, second, attosecond })
    }
}

/// Splits the leading run of at most `most` digits off.
fn take_number<'a>(text: &mut &'a [u8], most: usize) -> Option<(&'a [u8], u64)> {
    let length = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    *text = rest;
    let value = digits.iter().fold(0_u64, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    (length > 0).then_some((digits, value))
}

fn take_byte(text: &mut &[u8], accepted: &[u8]) -> Option<()> {
    let (first, rest) = text.split_first()?;
    *text = rest;
    accepted.contains(first).then_some(())
}

fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = text.trim().as_bytes();
    let text = &mut rest;
    let (digits, year) = take_number(text, 4)?;
    let year = u16::try_from(year).ok().filter(|_| digits.len() == 4)?;
    take_byte(text, b"-")?;
    let (digits, first) = take_number(text, 3)?;
    let date = if digits.len() == 3 {
        Timestamp::from_day_of_year(year, u16::try_from(first).ok()?)?
    } else {
        take_byte(text, b"-")?;
        let (_, day) = take_number(text, 2)?;
        let (month, day) = (u8::try_from(first).ok()?, u8::try_from(day).ok()?);
        if !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let day_of_year = days_before(year, month) + u16::from(day);
        Timestamp::from_day_of_year(year, day_of_year).filter(|date| date.month == month)?
    };
    if text.is_empty() {
        return Some(date);
    }
    take_byte(text, b"T t")?;
    let (_, hour) = take_number(text, 2)?;
    take_byte(text, b":")?;
    let (_, minute) = take_number(text, 2)?;
    take_byte(text, b":")?;
    let (_, second) = take_number(text, 2)?;
    let mut attosecond = 0;
    if text.first() == Some(&b'.') {
        take_byte(text, b".")?;
        if let Some((digits, fraction)) = take_number(text, 18) {
            attosecond = fraction * 10_u64.pow(18 - u32::try_from(digits.len()).ok()?);
        }
    }
    if text.first().is_some_and(|byte| matches!(byte, b'Z' | b'z')) {
        take_byte(text, b"Zz")?;
    }
    let leap_second = hour == 23 && minute == 59 && second == 60;
    if !text.is_empty() || hour > 23 || minute > 59 || (second > 59 && !leap_second) {
        return None;
    }
    Some(Timestamp {
        hour: u8::try_from(hour).ok()?,
        minute: u8::try_from(minute).ok()?,
        second: u8::try_from(second).ok()?,
        attosecond,
        ..date
    })
}

impl FromStr for Timestamp {
    type Err = Fault;

    /// Reads `2026-03-09T13:16:50.545920` or `2026-068T13:16:50.545920`, with up to 18 decimals and an optional
    /// `Z`; a blank instead of `T`, and a date alone, as Space-Track writes them.
    fn from_str(text: &str) -> Result<Self, Fault> {
        parse(text).ok_or_else(|| Fault::NotATime(excerpt(text)))
    }
}

impl fmt::Display for Timestamp {
    /// Writes calendar form, with decimals in groups of three and none that are zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, attosecond } = *self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if attosecond > 0 {
            f.write_char('.')?;
            let mut rest = attosecond;
            let mut group = 1_000_000_000_000_000;
            while rest > 0 {
                write!(f, "{:03}", rest / group)?;
                rest %= group;
                group = (group / 1000).max(1);
            }
        }
        Ok(())
    }
}

/// Time system of a message (`TIME_SYSTEM`), kept as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimeSystem(String);

impl TimeSystem {
    /// Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// A time system by its name in the message.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Name as the message writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The time scale, if it has one: UT1, sidereal, mission and spacecraft clocks do not.
    #[must_use]
    pub fn scale(&self) -> Option<TimeScale> {
        const SCALES: [(&str, TimeScale); 8] = [
            ("UTC", TimeScale::UTC),
            ("TAI", TimeScale::TAI),
            ("TT", TimeScale::TT),
            ("TDT", TimeScale::TT),
            ("GPS", TimeScale::GPST),
            ("TDB", TimeScale::TDB),
            ("TCG", TimeScale::TCG),
            ("TCB", TimeScale::TCB),
        ];
        SCALES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&self.0)).map(|(_, scale)| *scale)
    }
}

impl fmt::Display for TimeSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn calendar_and_day_of_year_forms_are_the_same_reading() {
        assert_eq!(read("2007-065T16:00:00"), read("2007-03-06T16:00:00.000Z"));
        assert_eq!(read("2008-366T00:00:00").to_string(), "2008-12-31T00:00:00");
        assert_eq!(read("2022-12-02 02:09:06.000000"), read("2022-12-02T02:09:06"));
        assert_eq!(read("1957-12-01 0:00:00"), read("1957-12-01"));
        assert_eq!(read("0000-023T02:28:01").to_string(), "0000-01-23T02:28:01");
    }

    #[test]
    fn decimals_are_kept_to_the_attosecond() {
        for text in [
            "2026-03-09T13:16:50.545920",
            "2026-03-09T13:16:50.500",
            "2026-03-09T13:16:50.000000000000000001",
        ] {
            assert_eq!(read(text).to_string(), text);
        }
    }

    #[test]
    fn impossible_readings_are_refused() {
        for text in [
            "2007-366T00:00:00",
            "2007-000T00:00:00",
            "2007-02-29",
            "2007-13-01",
            "2007-00-01",
            "2007-1-0",
            "2007-01-01T24:00:00",
            "2007-01-01T23:60:00",
            "2007-01-01T12:59:60",
            "2007-01-01T00:00:00.0000000000000000001",
            "2007-01-01T00:00:00+02:00",
            "07-01-01T00:00:00",
            "2007-01-01T",
            "",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn leap_second_exists_in_utc_only_where_it_was_announced() {
        let leap = read("2016-12-31T23:59:60.5").to_epoch(&TimeSystem::utc()).unwrap();
        let next = read("2017-01-01T00:00:00").to_epoch(&TimeSystem::utc()).unwrap();
        assert!((next - leap).to_seconds() > 0.499 && (next - leap).to_seconds() < 0.501);
        assert!(read("2015-12-31T23:59:60").to_epoch(&TimeSystem::utc()).is_err());
    }

    #[test]
    fn time_systems_are_apart_by_their_defined_offsets() {
        let text = "2017-01-02T00:00:00";
        let at = |system: &str| read(text).to_epoch(&TimeSystem::new(system)).unwrap();
        // TAI - UTC = 37 s since 2017; TT - TAI = 32.184 s; TAI - GPS = 19 s.
        assert!(((at("UTC") - at("TAI")).to_seconds() - 37.0).abs() < 1e-9);
        assert!(((at("TAI") - at("TT")).to_seconds() - 32.184).abs() < 1e-9);
        assert!(((at("GPS") - at("TAI")).to_seconds() - 19.0).abs() < 1e-9);
        // TDB - TT stays below 2 ms (Fairhead & Bretagnon 1990).
        assert!((at("TDB") - at("TT")).to_seconds().abs() < 2e-3);
        assert_eq!(read(text).to_epoch(&TimeSystem::new("MET")), Err(Fault::TimeSystem("MET".to_owned())));
    }

    proptest::proptest! {
        #[test]
        fn readings_survive_text_and_instants(
            year in 1_u16..=9998, day in 1_u16..=365, nanosecond in 0..86_400_000_000_000_u64,
        ) {
            let reading = Timestamp::from_day_of_year(year, day).unwrap().at_nanosecond(nanosecond).unwrap();
            proptest::prop_assert_eq!(reading.to_string().parse::<Timestamp>(), Ok(reading));
            proptest::prop_assert_eq!((reading.day_of_year(), reading.nanoseconds_of_day()), (day, nanosecond));
            for (name, scale) in [("UTC", TimeScale::UTC), ("TAI", TimeScale::TAI), ("GPS", TimeScale::GPST)] {
                let epoch = reading.to_epoch(&TimeSystem::new(name)).unwrap();
                proptest::prop_assert_eq!(Timestamp::from_epoch(epoch, scale), Some(reading));
            }
        }
    }
}
