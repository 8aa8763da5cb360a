use astroshield_domain::daily::DayRange;
use astroshield_domain::ports::Store;
use astroshield_formats::{EarthOrientationDay, EarthOrientationKind, SpaceWeatherDay, SpaceWeatherKind};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use crate::entities::{at, orientation, weather};

const DAY: Date = date(2026, 1, 1);

fn later(days: i32) -> Date {
    DAY.checked_add(days.days()).unwrap()
}

fn values<T: Clone>(range: &DayRange<T>) -> Vec<T> {
    range.days.iter().map(|kept| kept.value.clone()).collect()
}

/// Days come back to the last digit, with source and time of arrival.
pub async fn days_come_back_as_they_were_stored(store: &dyn Store) {
    let none = store.earth_orientation(DAY, later(10)).await.unwrap();
    assert_eq!(none, DayRange { days: Vec::new(), last_observed: None, last: None });
    let turns = [
        orientation(DAY, EarthOrientationKind::Observed),
        orientation(later(1), EarthOrientationKind::Predicted),
    ];
    assert_eq!(store.put_earth_orientation("eop", at(5), &turns).await.unwrap(), 2);
    let storms = [
        weather(date(1957, 10, 1), SpaceWeatherKind::Observed),
        weather(DAY, SpaceWeatherKind::Interpolated),
        weather(later(1), SpaceWeatherKind::DailyPrediction),
        weather(later(31), SpaceWeatherKind::MonthlyPrediction),
    ];
    assert_eq!(store.put_space_weather("sw", at(6), &storms).await.unwrap(), 4);

    let found = store.earth_orientation(DAY, later(100)).await.unwrap();
    assert_eq!(values(&found), turns);
    assert!(found.days.iter().all(|kept| kept.source == "eop" && kept.arrived == at(5)));
    assert_eq!((found.last_observed, found.last), (Some(DAY), Some(later(1))));
    let found = store.space_weather(date(1957, 1, 1), later(100)).await.unwrap();
    assert_eq!(values(&found), storms);
    assert!(found.days.iter().all(|kept| kept.source == "sw" && kept.arrived == at(6)));
    assert_eq!((found.last_observed, found.last), (Some(date(1957, 10, 1)), Some(later(31))));
}

/// What came again keeps its source and its time of arrival, and counts as nothing new.
pub async fn days_that_are_the_same_are_left_alone(store: &dyn Store) {
    let days = [weather(DAY, SpaceWeatherKind::Observed), weather(later(1), SpaceWeatherKind::Observed)];
    assert_eq!(store.put_space_weather("first", at(1), &days).await.unwrap(), 2);
    let before = store.space_weather(DAY, later(1)).await.unwrap();
    assert_eq!(store.put_space_weather("again", at(2), &days).await.unwrap(), 0);
    assert_eq!(store.space_weather(DAY, later(1)).await.unwrap(), before);

    let corrected = SpaceWeatherDay { sunspot_number: Some(99), ..days[1].clone() };
    let both = [days[0].clone(), corrected.clone()];
    assert_eq!(store.put_space_weather("again", at(3), &both).await.unwrap(), 1);
    let after = store.space_weather(DAY, later(1)).await.unwrap();
    assert_eq!(after.days[0], before.days[0]);
    assert_eq!((&after.days[1].value, after.days[1].arrived), (&corrected, at(3)));
    assert_eq!(after.days[1].source, "again");
}

/// An older file does not undo what was observed since; an observation takes the place of its prediction.
pub async fn a_prediction_never_takes_the_place_of_an_observation(store: &dyn Store) {
    let predicted =
        EarthOrientationDay { ut1_minus_utc_s: 0.5, ..orientation(DAY, EarthOrientationKind::Predicted) };
    let observed = orientation(DAY, EarthOrientationKind::Observed);
    let of_day = async || values(&store.earth_orientation(DAY, DAY).await.unwrap());
    assert_eq!(store.put_earth_orientation("eop", at(1), &[predicted]).await.unwrap(), 1);
    assert_eq!(store.put_earth_orientation("eop", at(2), &[observed]).await.unwrap(), 1);
    assert_eq!(of_day().await, [observed]);
    assert_eq!(store.put_earth_orientation("eop", at(3), &[predicted]).await.unwrap(), 0);
    assert_eq!(of_day().await, [observed]);

    let kinds = [
        (SpaceWeatherKind::MonthlyPrediction, 1),
        (SpaceWeatherKind::DailyPrediction, 1),
        (SpaceWeatherKind::Interpolated, 1),
        (SpaceWeatherKind::MonthlyPrediction, 0),
        (SpaceWeatherKind::Observed, 1),
        (SpaceWeatherKind::Interpolated, 0),
    ];
    for (kind, changed) in kinds {
        let put = store.put_space_weather("sw", at(4), &[weather(DAY, kind)]).await.unwrap();
        assert_eq!(put, changed, "{kind:?}");
    }
}

/// Both ends of a range are given, and how far the table goes does not depend on it.
pub async fn days_are_given_from_one_to_another(store: &dyn Store) {
    // More than fit in one statement.
    let days: Vec<_> =
        (0..6_000).map(|day| orientation(later(day), EarthOrientationKind::Observed)).collect();
    assert_eq!(store.put_earth_orientation("eop", at(0), &days).await.unwrap(), 6_000);
    assert_eq!(store.put_earth_orientation("eop", at(1), &days).await.unwrap(), 0);
    let found = store.earth_orientation(later(10), later(12)).await.unwrap();
    assert_eq!(values(&found), days[10..=12]);
    assert_eq!((found.last_observed, found.last), (Some(later(5_999)), Some(later(5_999))));
    assert!(store.earth_orientation(later(12), later(10)).await.unwrap().days.is_empty());
    assert!(store.space_weather(DAY, later(10)).await.unwrap().days.is_empty(), "tables are apart");
}
