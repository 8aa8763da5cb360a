//! What is known of each day: space weather and the orientation of the Earth, with where it came from.

use std::fmt;

use astroshield_astro::frames::EarthOrientation;
use astroshield_formats::{EarthOrientationDay, EarthOrientationKind, SpaceWeatherDay, SpaceWeatherKind};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::ports::{Store, StoreError};

/// A line of a table, and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptDay<T> {
    /// The line.
    pub value: T,
    /// Feed that brought it.
    pub source: String,
    /// When it arrived.
    pub arrived: Timestamp,
}

/// Some days of a table, by day, and how far all of it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct DayRange<T> {
    /// The days.
    pub days: Vec<KeptDay<T>>,
    /// The last day of the whole table that was observed.
    pub last_observed: Option<Date>,
    /// The last day of the whole table.
    pub last: Option<Date>,
}

/// A line with its day.
pub trait Daily {
    /// The day (UTC).
    fn day(&self) -> Date;

    /// How certain it is: what is less certain never takes the place of what is more.
    fn certainty(&self) -> Certainty;
}

/// How certain a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Predicted.
    Predicted,
    /// Interpolated between observations.
    Interpolated,
    /// Observed.
    Observed,
}

impl Daily for SpaceWeatherDay {
    fn day(&self) -> Date {
        self.day
    }

    fn certainty(&self) -> Certainty {
        match self.kind {
            SpaceWeatherKind::Observed => Certainty::Observed,
            SpaceWeatherKind::Interpolated => Certainty::Interpolated,
            SpaceWeatherKind::DailyPrediction | SpaceWeatherKind::MonthlyPrediction => Certainty::Predicted,
        }
    }
}

impl Daily for EarthOrientationDay {
    fn day(&self) -> Date {
        self.day
    }

    fn certainty(&self) -> Certainty {
        match self.kind {
            EarthOrientationKind::Observed => Certainty::Observed,
            EarthOrientationKind::Predicted => Certainty::Predicted,
        }
    }
}

/// The orientation of the Earth over a window, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrientationOfWindow {
    days: Vec<KeptDay<EarthOrientationDay>>,
}

/// Which orientation was used.
#[derive(Debug, Clone, PartialEq)]
pub struct OrientationUsed {
    /// Whether all of it was observed.
    pub kind: EarthOrientationKind,
    /// First day.
    pub first_day: Date,
    /// Last day.
    pub last_day: Date,
    /// Feed that brought the day that is known for the longest time.
    pub source: String,
    /// When that day arrived.
    pub arrived: Timestamp,
}

/// What a motion that is fixed to the Earth was turned with.
#[derive(Debug, Clone, PartialEq)]
pub enum OrientationTaken {
    /// With this.
    Known(OrientationUsed),
    /// With UT1 as UTC and the pole at the origin, as none is known for all of its time.
    Neglected,
}

impl fmt::Display for OrientationUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, first_day, last_day, source, .. } = self;
        let kind = match kind {
            EarthOrientationKind::Observed => "observed",
            EarthOrientationKind::Predicted => "in part predicted",
        };
        write!(f, "UT1-UTC and polar motion of {first_day} to {last_day}, {kind}, from {source}")
    }
}

/// What is said where no orientation is known.
pub const NOT_KNOWN: &str = "UT1-UTC and polar motion are not known and taken as zero";

/// The day (UTC) of a time.
#[must_use]
pub fn day_of(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

/// The days that a window needs: between the values at the beginning of a day and of the next one is interpolated.
#[must_use]
pub fn days_of(start: Timestamp, stop: Timestamp) -> (Date, Date) {
    let last = day_of(stop);
    (day_of(start), last.checked_add(1.day()).unwrap_or(last))
}

fn midnight(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

impl OrientationOfWindow {
    /// What a store knows of the orientation over a window; nothing unless it is known for all of it, as a motion must not
    /// jump where a table ends.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn known(
        store: &dyn Store,
        start: Timestamp,
        stop: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        if stop < start {
            return Ok(None);
        }
        let (from, to) = days_of(start, stop);
        Ok(Self::of(store.earth_orientation(from, to).await?, start, stop))
    }

    /// The orientation over a window, if it is known for all of it. `range` holds [`days_of`] the window.
    #[must_use]
    pub fn of(range: DayRange<EarthOrientationDay>, start: Timestamp, stop: Timestamp) -> Option<Self> {
        let window = Self { days: range.days };
        let follow = |pair: &[KeptDay<EarthOrientationDay>]| {
            pair[0].value.day.checked_add(1.day()).ok() == Some(pair[1].value.day)
        };
        let whole = window.days.windows(2).all(follow);
        (whole && window.at(start).is_some() && window.at(stop).is_some()).then_some(window)
    }

    /// The orientation at a time: linear between the beginnings of two days, of UT1 - TAI, which no leap second breaks.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> Option<EarthOrientation> {
        let day = day_of(time);
        let index = self.days.binary_search_by_key(&day, |kept| kept.value.day).ok()?;
        let from = &self.days[index].value;
        let part =
            time.duration_since(midnight(day)?).as_secs_f64() / SignedDuration::from_hours(24).as_secs_f64();
        let to = match self.days.get(index + 1) {
            Some(next) => &next.value,
            None if part == 0.0 => from,
            None => return None,
        };
        let between = |from: f64, to: f64| from + part * (to - from);
        let ut1_minus_tai_s =
            between(from.ut1_minus_utc_s - from.tai_minus_utc_s, to.ut1_minus_utc_s - to.tai_minus_utc_s);
        Some(EarthOrientation {
            ut1_minus_utc_s: ut1_minus_tai_s + from.tai_minus_utc_s,
            polar_motion_x_arcsec: between(from.polar_motion_x_arcsec, to.polar_motion_x_arcsec),
            polar_motion_y_arcsec: between(from.polar_motion_y_arcsec, to.polar_motion_y_arcsec),
            length_of_day_excess_s: between(
                from.length_of_day_excess_s.unwrap_or_default(),
                to.length_of_day_excess_s.unwrap_or_default(),
            ),
            ..EarthOrientation::NEGLECTED
        })
    }

    /// Which orientation this is.
    #[must_use]
    pub fn used(&self) -> Option<OrientationUsed> {
        let (first, last) = (self.days.first()?, self.days.last()?);
        let oldest = self.days.iter().min_by_key(|kept| kept.arrived)?;
        let observed = self.days.iter().all(|kept| kept.value.kind == EarthOrientationKind::Observed);
        Some(OrientationUsed {
            kind: if observed { EarthOrientationKind::Observed } else { EarthOrientationKind::Predicted },
            first_day: first.value.day,
            last_day: last.value.day,
            source: oldest.source.clone(),
            arrived: oldest.arrived,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn kept(day: Date, ut1_minus_utc_s: f64, tai_minus_utc_s: f64) -> KeptDay<EarthOrientationDay> {
        KeptDay {
            value: EarthOrientationDay {
                day,
                kind: EarthOrientationKind::Observed,
                polar_motion_x_arcsec: 0.1 * f64::from(day.day()),
                polar_motion_y_arcsec: 0.3,
                ut1_minus_utc_s,
                length_of_day_excess_s: Some(0.001),
                nutation_longitude_arcsec: None,
                nutation_obliquity_arcsec: None,
                celestial_pole_x_arcsec: None,
                celestial_pole_y_arcsec: None,
                tai_minus_utc_s,
            },
            source: "eop".to_owned(),
            arrived: Timestamp::UNIX_EPOCH,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn of(days: Vec<KeptDay<EarthOrientationDay>>, start: &str, stop: &str) -> Option<OrientationOfWindow> {
        OrientationOfWindow::of(DayRange { days, last_observed: None, last: None }, at(start), at(stop))
    }

    #[test]
    fn between_two_days_is_interpolated_and_a_leap_second_is_no_jump_of_the_earth() {
        // The leap second at the end of 2016: UT1 - UTC jumps by a second, the Earth does not.
        let days = vec![
            kept(date(2016, 12, 31), -0.408, 36.0),
            kept(date(2017, 1, 1), 0.591, 37.0),
            kept(date(2017, 1, 2), 0.590, 37.0),
        ];
        let window = of(days, "2016-12-31T00:00:00Z", "2017-01-02T00:00:00Z").unwrap();
        let ut1 = |text| window.at(at(text)).unwrap().ut1_minus_utc_s;
        for (time, expected_s) in [
            ("2016-12-31T00:00:00Z", -0.408),
            ("2016-12-31T12:00:00Z", -0.4085),
            ("2017-01-01T00:00:00Z", 0.591),
            ("2017-01-01T06:00:00Z", 0.590_75),
            ("2017-01-02T00:00:00Z", 0.590),
        ] {
            // Sums of 37 s round to 1e-14 s.
            assert!((ut1(time) - expected_s).abs() < 1e-12, "{time}: {}", ut1(time));
        }
        let noon = window.at(at("2017-01-01T12:00:00Z")).unwrap();
        assert!((noon.polar_motion_x_arcsec - 0.15).abs() < 1e-12);
    }

    #[test]
    fn a_window_that_is_not_known_whole_has_no_orientation() {
        let three = |missing: usize| {
            let mut days: Vec<_> = (1..=3).map(|day| kept(date(2026, 1, day), 0.1, 37.0)).collect();
            if missing < 3 {
                days.remove(missing);
            }
            days
        };
        let (start, stop) = ("2026-01-01T06:00:00Z", "2026-01-02T18:00:00Z");
        assert!(of(three(3), start, stop).is_some());
        for missing in 0..3 {
            assert!(of(three(missing), start, stop).is_none(), "{missing}");
        }
        assert!(of(three(3), start, "2026-01-03T00:00:00Z").is_some());
        assert!(of(three(3), start, "2026-01-03T00:00:01Z").is_none());
        assert!(of(Vec::new(), start, stop).is_none());
    }

    #[test]
    fn one_predicted_day_makes_the_orientation_a_predicted_one() {
        let mut days = vec![kept(date(2026, 1, 1), 0.1, 37.0), kept(date(2026, 1, 2), 0.1, 37.0)];
        let (start, stop) = ("2026-01-01T00:00:00Z", "2026-01-01T12:00:00Z");
        let used = of(days.clone(), start, stop).unwrap().used().unwrap();
        assert_eq!(used.kind, EarthOrientationKind::Observed);
        days[1].value.kind = EarthOrientationKind::Predicted;
        let used = of(days, start, stop).unwrap().used().unwrap();
        assert_eq!(used.kind, EarthOrientationKind::Predicted);
        assert_eq!((used.first_day, used.last_day), (date(2026, 1, 1), date(2026, 1, 2)));
    }

    #[test]
    fn a_window_needs_the_day_after_its_last() {
        let days = days_of(at("2026-01-31T23:00:00Z"), at("2026-02-28T23:59:59Z"));
        assert_eq!(days, (date(2026, 1, 31), date(2026, 3, 1)));
    }
}
