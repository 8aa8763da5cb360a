//! `/space-weather` and `/earth-orientation`: what is known of each day.

use astroshield_domain::daily::{DayRange, KeptDay, day_of};
use astroshield_formats::{EarthOrientationDay, EarthOrientationKind, SpaceWeatherDay, SpaceWeatherKind};
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Reader;
use crate::answer;
use crate::problem::Problem;
use crate::request::Parameters;
use crate::schema;
use crate::state::ApiState;

/// Most days of an answer.
const MOST_DAYS: i64 = 1_000;

/// Which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysParams {
    /// First day, UTC; 30 days before `to`, or ago, without it.
    #[param(schema_with = schema::date)]
    from: Option<Date>,
    /// Last day, UTC; 60 days after `from`, or ahead, without it. At most 1,000 days are given at once.
    #[param(schema_with = schema::date)]
    to: Option<Date>,
}

impl DaysParams {
    fn range(&self, today: Date) -> Result<(Date, Date), Problem> {
        let moved = |day: Date, by: Span| day.saturating_add(by);
        let (from, to) = match (self.from, self.to) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, moved(from, 60.days())),
            (None, Some(to)) => (moved(to, -30.days()), to),
            (None, None) => (moved(today, -30.days()), moved(today, 60.days())),
        };
        if to < from {
            return Err(Problem::invalid("to", format!("{to} is before from, {from}")));
        }
        let days = to.duration_since(from).as_hours() / 24 + 1;
        if days > MOST_DAYS {
            return Err(Problem::invalid("to", format!("{days} days; at most {MOST_DAYS} are given")));
        }
        Ok((from, to))
    }
}

/// Days of a table, and how far all of it goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Days<T> {
    /// The days that are known, by day.
    items: Vec<T>,
    /// Last day of the whole table that was observed, UTC.
    #[schema(schema_with = schema::date_or_null)]
    last_observed: Option<Date>,
    /// Last day of the whole table, UTC.
    #[schema(schema_with = schema::date_or_null)]
    last: Option<Date>,
}

impl<T> Days<T> {
    fn of<K>(range: DayRange<K>) -> Self
    where
        T: From<KeptDay<K>>,
    {
        let DayRange { days, last_observed, last } = range;
        Self { items: days.into_iter().map(T::from).collect(), last_observed, last }
    }
}

/// Space weather of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpaceWeatherRow {
    /// The day, UTC.
    #[schema(schema_with = schema::date)]
    day: Date,
    /// Where the solar flux comes from.
    #[schema(schema_with = schema::space_weather_kind)]
    kind: SpaceWeatherKind,
    /// Number of the Bartels solar rotation.
    bartels_rotation: Option<u32>,
    /// Day in that rotation, from 1.
    bartels_day: Option<u32>,
    /// Planetary index Kp of each three hours: 2.7 stands for 3-, 3.3 for 3+.
    kp: [Option<f64>; 8],
    /// Sum of the eight.
    kp_sum: Option<f64>,
    /// Planetary equivalent amplitude ap of each three hours, in units of 2 nT.
    ap_2nt: [Option<u32>; 8],
    /// Mean of the eight (Ap), in units of 2 nT.
    ap_average_2nt: Option<u32>,
    /// Planetary daily character figure Cp, 0 to 2.5.
    cp: Option<f64>,
    /// Cp on a scale of 0 to 9.
    c9: Option<u32>,
    /// International sunspot number.
    sunspot_number: Option<u32>,
    /// Solar radio flux at 10.7 cm (F10.7) as it arrives at the Earth, in solar flux units (1e-22 W/m^2/Hz).
    f10_7_observed_sfu: Option<f64>,
    /// The same, at a distance of 1 au.
    f10_7_adjusted_sfu: Option<f64>,
    /// Mean of the observed flux over the 81 days around the day.
    f10_7_observed_centered_81_days_sfu: Option<f64>,
    /// Mean of the observed flux over the 81 days up to the day.
    f10_7_observed_last_81_days_sfu: Option<f64>,
    /// Mean of the adjusted flux over the 81 days around the day.
    f10_7_adjusted_centered_81_days_sfu: Option<f64>,
    /// Mean of the adjusted flux over the 81 days up to the day.
    f10_7_adjusted_last_81_days_sfu: Option<f64>,
    /// Feed that it came from.
    source: String,
    /// When it arrived, UTC.
    #[schema(schema_with = schema::time)]
    arrived: Timestamp,
}

impl From<KeptDay<SpaceWeatherDay>> for SpaceWeatherRow {
    fn from(KeptDay { value, source, arrived }: KeptDay<SpaceWeatherDay>) -> Self {
        Self {
            day: value.day,
            kind: value.kind,
            bartels_rotation: value.bartels_rotation,
            bartels_day: value.bartels_day,
            kp: value.kp,
            kp_sum: value.kp_sum,
            ap_2nt: value.ap,
            ap_average_2nt: value.ap_average,
            cp: value.cp,
            c9: value.c9,
            sunspot_number: value.sunspot_number,
            f10_7_observed_sfu: value.f10_7_observed_sfu,
            f10_7_adjusted_sfu: value.f10_7_adjusted_sfu,
            f10_7_observed_centered_81_days_sfu: value.f10_7_observed_centered_81_days_sfu,
            f10_7_observed_last_81_days_sfu: value.f10_7_observed_last_81_days_sfu,
            f10_7_adjusted_centered_81_days_sfu: value.f10_7_adjusted_centered_81_days_sfu,
            f10_7_adjusted_last_81_days_sfu: value.f10_7_adjusted_last_81_days_sfu,
            source,
            arrived,
        }
    }
}

/// Orientation of the Earth at 0 h UTC of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EarthOrientationRow {
    /// The day, UTC.
    #[schema(schema_with = schema::date)]
    day: Date,
    /// Whether it was observed.
    #[schema(schema_with = schema::earth_orientation_kind)]
    kind: EarthOrientationKind,
    /// Pole coordinate x, in arcseconds.
    polar_motion_x_arcsec: f64,
    /// Pole coordinate y, in arcseconds.
    polar_motion_y_arcsec: f64,
    /// UT1 - UTC, in seconds.
    ut1_minus_utc_s: f64,
    /// Excess of the length of day over 86,400 s, in seconds.
    length_of_day_excess_s: Option<f64>,
    /// Offset of the celestial pole in longitude against the 1980 theory of nutation, in arcseconds.
    nutation_longitude_arcsec: Option<f64>,
    /// Offset of the celestial pole in obliquity against the 1980 theory of nutation, in arcseconds.
    nutation_obliquity_arcsec: Option<f64>,
    /// Offset X of the celestial pole against the theory of IAU 2000A, in arcseconds.
    celestial_pole_x_arcsec: Option<f64>,
    /// Offset Y of the celestial pole against the theory of IAU 2000A, in arcseconds.
    celestial_pole_y_arcsec: Option<f64>,
    /// TAI - UTC, in seconds.
    tai_minus_utc_s: f64,
    /// Feed that it came from.
    source: String,
    /// When it arrived, UTC.
    #[schema(schema_with = schema::time)]
    arrived: Timestamp,
}

impl From<KeptDay<EarthOrientationDay>> for EarthOrientationRow {
    fn from(KeptDay { value, source, arrived }: KeptDay<EarthOrientationDay>) -> Self {
        Self {
            day: value.day,
            kind: value.kind,
            polar_motion_x_arcsec: value.polar_motion_x_arcsec,
            polar_motion_y_arcsec: value.polar_motion_y_arcsec,
            ut1_minus_utc_s: value.ut1_minus_utc_s,
            length_of_day_excess_s: value.length_of_day_excess_s,
            nutation_longitude_arcsec: value.nutation_longitude_arcsec,
            nutation_obliquity_arcsec: value.nutation_obliquity_arcsec,
            celestial_pole_x_arcsec: value.celestial_pole_x_arcsec,
            celestial_pole_y_arcsec: value.celestial_pole_y_arcsec,
            tai_minus_utc_s: value.tai_minus_utc_s,
            source,
            arrived,
        }
    }
}

/// Space weather: solar flux and geomagnetic activity, observed and predicted.
#[utoipa::path(get, path = "/space-weather", tag = "days", params(DaysParams),
    responses((status = 200, description = "Days", body = Days<SpaceWeatherRow>)))]
pub(crate) async fn space_weather(
    State(state): State<ApiState>,
    _: Reader,
    Parameters(params): Parameters<DaysParams>,
) -> Result<Response, Problem> {
    let (from, to) = params.range(day_of(state.now()))?;
    answer::json(&Days::<SpaceWeatherRow>::of(state.ports.store.space_weather(from, to).await?))
}

/// The orientation of the Earth: UT1 and the motion of the pole, observed and predicted.
#[utoipa::path(get, path = "/earth-orientation", tag = "days", params(DaysParams),
    responses((status = 200, description = "Days", body = Days<EarthOrientationRow>)))]
pub(crate) async fn earth_orientation(
    State(state): State<ApiState>,
    _: Reader,
    Parameters(params): Parameters<DaysParams>,
) -> Result<Response, Problem> {
    let (from, to) = params.range(day_of(state.now()))?;
    answer::json(&Days::<EarthOrientationRow>::of(state.ports.store.earth_orientation(from, to).await?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_that_cannot_be_given_are_refused_by_name_and_others_are_completed() {
        let today = date(2026, 3, 1);
        let range = |from, to| DaysParams { from, to }.range(today);
        let (a, b) = (date(2026, 1, 1), date(2026, 2, 1));
        assert_eq!(range(Some(a), Some(b)).unwrap(), (a, b));
        assert_eq!(range(Some(a), None).unwrap(), (a, date(2026, 3, 2)));
        assert_eq!(range(None, Some(b)).unwrap(), (date(2026, 1, 2), b));
        assert_eq!(range(None, None).unwrap(), (date(2026, 1, 30), date(2026, 4, 30)));
        assert_eq!(range(Some(Date::MAX), None).unwrap(), (Date::MAX, Date::MAX));
        assert!(range(Some(date(2023, 5, 9)), Some(b)).is_ok(), "1,000 days");
        for refused in [range(Some(b), Some(a)), range(Some(date(2023, 5, 8)), Some(b))] {
            let problem = format!("{:?}", refused.unwrap_err());
            assert!(problem.contains("\"to\""), "{problem}");
        }
    }
}
