//! Tables with a line a day: what a line says, and how one that is wrong is named.

use astroshield_formats::{
    EarthOrientationKind, RecordProblem, SpaceWeatherKind, Strictness, read_earth_orientation,
    read_space_weather,
};
use jiff::civil::date;

const SPACE_WEATHER: &str = include_str!("table_samples/space_weather.csv");
const EARTH_ORIENTATION: &str = include_str!("table_samples/earth_orientation.csv");

/// What a tolerant reading finds wrong, after checking that a strict one stops at the first of it.
fn weather_problems(text: impl AsRef<[u8]>) -> Vec<String> {
    let read = |strictness| read_space_weather(text.as_ref(), "sw.csv", strictness);
    of_both(read(Strictness::Tolerant).map(|table| table.problems), read(Strictness::Strict).map(drop))
}

fn orientation_problems(text: impl AsRef<[u8]>) -> Vec<String> {
    let read = |strictness| read_earth_orientation(text.as_ref(), "eop.csv", strictness);
    of_both(read(Strictness::Tolerant).map(|table| table.problems), read(Strictness::Strict).map(drop))
}

fn of_both(
    tolerant: Result<Vec<RecordProblem>, RecordProblem>,
    strict: Result<(), RecordProblem>,
) -> Vec<String> {
    let tolerant = tolerant.unwrap_or_else(|problem| vec![problem]);
    let problems: Vec<String> = tolerant.iter().map(ToString::to_string).collect();
    let strict = strict.map_err(|problem| problem.to_string());
    let stopped = strict.err();
    // Bytes that are not UTF-8 refuse a whole input where reading is strict.
    if !stopped.as_ref().is_some_and(|problem| problem.contains("UTF-8")) {
        assert_eq!(stopped.as_ref(), problems.first());
    }
    problems
}

#[test]
fn space_weather_tells_observation_from_prediction_and_has_its_units() {
    let table = read_space_weather(SPACE_WEATHER.as_bytes(), "sw.csv", Strictness::Strict).unwrap();
    let kinds: Vec<_> = table.days.iter().map(|day| day.kind).collect();
    assert_eq!(
        kinds,
        [
            SpaceWeatherKind::Observed,
            SpaceWeatherKind::Interpolated,
            SpaceWeatherKind::DailyPrediction,
            SpaceWeatherKind::MonthlyPrediction,
        ]
    );
    let first = &table.days[0];
    assert_eq!(first.day, date(2026, 1, 1));
    assert_eq!((first.bartels_rotation, first.bartels_day), (Some(2624), Some(5)));
    assert_eq!(first.kp, [2.7, 3.0, 3.3, 0.0, 0.3, 0.7, 1.0, 1.3].map(Some));
    assert_eq!(first.ap, [12, 15, 18, 0, 2, 3, 4, 5].map(Some));
    assert_eq!(
        (first.kp_sum, first.ap_average, first.cp, first.c9),
        (Some(12.3), Some(7), Some(0.3), Some(1))
    );
    assert_eq!((first.f10_7_observed_sfu, first.f10_7_adjusted_sfu), (Some(150.5), Some(145.6)));
    assert_eq!(first.f10_7_observed_centered_81_days_sfu, Some(148.1));
    assert_eq!(first.f10_7_observed_last_81_days_sfu, Some(149.2));
    assert_eq!(first.f10_7_adjusted_centered_81_days_sfu, Some(144.3));
    assert_eq!(first.f10_7_adjusted_last_81_days_sfu, Some(145.4));
    let month = &table.days[3];
    assert_eq!((month.kp, month.ap, month.ap_average), ([None; 8], [None; 8], None));
    assert_eq!((month.sunspot_number, month.f10_7_observed_sfu), (Some(95), Some(149.0)));
}

#[test]
fn earth_orientation_has_what_was_not_predicted_as_nothing() {
    let table = read_earth_orientation(EARTH_ORIENTATION.as_bytes(), "eop.csv", Strictness::Strict).unwrap();
    let second = table.days[1];
    assert_eq!((second.day, second.kind), (date(2016, 12, 31), EarthOrientationKind::Observed));
    assert_eq!((second.polar_motion_x_arcsec, second.polar_motion_y_arcsec), (0.101, 0.301));
    assert_eq!((second.ut1_minus_utc_s, second.tai_minus_utc_s), (-0.408, 36.0));
    assert_eq!(second.length_of_day_excess_s, Some(0.001));
    assert_eq!(
        (second.nutation_longitude_arcsec, second.nutation_obliquity_arcsec),
        (Some(-0.1), Some(-0.01))
    );
    assert_eq!((second.celestial_pole_x_arcsec, second.celestial_pole_y_arcsec), (Some(1e-4), Some(-1e-4)));
    let last = table.days[3];
    assert_eq!((last.kind, last.length_of_day_excess_s), (EarthOrientationKind::Predicted, None));
    assert_eq!((last.nutation_longitude_arcsec, last.celestial_pole_y_arcsec), (None, None));
}

#[test]
fn columns_are_found_by_name_among_others_and_in_any_order() {
    let text = "EXTRA,DATA_TYPE,DAT,DY,DX,DEPS,DPSI,LOD,UT1-UTC,Y,X,MJD,DATE\r\n\
                1,O,37,0,0,0,0,0,0.1,0.3,0.2,61041,2026-01-01\r\n";
    let table = read_earth_orientation(text.as_bytes(), "eop.csv", Strictness::Strict).unwrap();
    assert_eq!((table.days[0].polar_motion_x_arcsec, table.days[0].ut1_minus_utc_s), (0.2, 0.1));
    // Case does not count.
    let lower = EARTH_ORIENTATION.replace("DPSI,DEPS", "dPSI,dEPS");
    assert_eq!(orientation_problems(lower), [""; 0]);
}

#[test]
fn a_line_of_space_weather_that_is_wrong_is_named_with_its_line_and_column() {
    for (wrong, right, problem) in [
        ("x150.5", "150.5", "sw.csv: line 2: F10.7_OBS: not a number: \"x150.5\""),
        ("NaN", "150.5", "sw.csv: line 2: F10.7_OBS: not a number: \"NaN\""),
        ("-1.5", "150.5", "sw.csv: line 2: F10.7_OBS: -1.5 is outside 0 to 10000 solar flux units"),
        ("FCT", "INT", "sw.csv: line 3: F10.7_DATA_TYPE: \"FCT\" is not one of OBS, INT, PRD, PRM"),
        (
            "2025-12-31",
            "2026-01-02",
            "sw.csv: line 3: DATE: \"2025-12-31\" is not after the day of the line before",
        ),
        (
            "2026-01-01",
            "2026-01-02",
            "sw.csv: line 3: DATE: \"2026-01-01\" is not after the day of the line before",
        ),
        ("2026-02-30", "2026-02-01", "sw.csv: line 5: DATE: not a time: \"2026-02-30\""),
        ("2026-W01-4", "2026-02-01", "sw.csv: line 5: DATE: not a time: \"2026-W01-4\""),
        ("2624,6.5", "2624,6", "sw.csv: line 3: ND: not an integer of the field's range: \"6.5\""),
        (
            "2026-01-01,2624,5,270",
            "2026-01-01,2624,5,27",
            "sw.csv: line 2: KP1: 270 is outside 0 to 90 tenths",
        ),
    ] {
        let text = SPACE_WEATHER.replacen(right, wrong, 1);
        assert_eq!(weather_problems(&text), [problem], "{wrong}");
        let table = read_space_weather(text.as_bytes(), "sw.csv", Strictness::Tolerant).unwrap();
        assert_eq!(table.days.len(), 3, "{wrong}: the lines around it are read");
    }
}

#[test]
fn a_line_of_earth_orientation_that_is_wrong_is_named_with_its_line_and_column() {
    for (wrong, right, problem) in [
        ("57752", "57753", "eop.csv: line 3: MJD: differs from the earlier \"2016-12-31\""),
        ("-408.0", "-0.4080000", "eop.csv: line 3: UT1-UTC: -408 is outside -1 to 1 s"),
        (",O\n", ",I\n", "eop.csv: line 2: DATA_TYPE: \"I\" is not one of O, P"),
        ("", "0.303000", "eop.csv: line 5: Y: mandatory, but missing or empty"),
        ("inf", "0.303000", "eop.csv: line 5: Y: not a number: \"inf\""),
    ] {
        let text = match wrong {
            ",O\n" => EARTH_ORIENTATION.replacen(wrong, right, 1),
            _ => EARTH_ORIENTATION.replacen(right, wrong, 1),
        };
        assert_eq!(orientation_problems(&text), [problem], "{wrong}");
    }
}

#[test]
fn what_is_no_such_table_is_refused_whole() {
    for (text, problem) in [
        ("", "sw.csv: line 1: DATE: mandatory, but missing or empty"),
        ("<html><body>Sorry</body></html>", "sw.csv: line 1: DATE: mandatory, but missing or empty"),
        (EARTH_ORIENTATION, "sw.csv: line 1: BSRN: mandatory, but missing or empty"),
        ("DATE,DATE\n", "sw.csv: line 1: DATE: given more than once"),
    ] {
        assert_eq!(weather_problems(text), [problem]);
    }
    assert_eq!(
        orientation_problems(SPACE_WEATHER),
        ["eop.csv: line 1: MJD: mandatory, but missing or empty"]
    );
}

#[test]
fn a_table_that_is_cut_off_or_not_text_names_its_line() {
    let cut = &EARTH_ORIENTATION[..EARTH_ORIENTATION.len() - 20];
    assert_eq!(
        orientation_problems(cut),
        ["eop.csv: line 5: 5 values in the row, as many as columns are due"]
    );
    let mut bytes = EARTH_ORIENTATION.as_bytes().to_vec();
    let place = EARTH_ORIENTATION.find("0.301").unwrap();
    bytes[place] = 0xFF;
    let problems = orientation_problems(&bytes);
    assert!(
        problems.len() == 1 && problems[0].starts_with("eop.csv: line 3: Y: not a number"),
        "{problems:?}"
    );
}

#[test]
fn damage_anywhere_gives_lines_and_problems_and_no_panic() {
    for (sample, read) in [
        (SPACE_WEATHER, (|bytes| drop(read_space_weather(bytes, "x", Strictness::Tolerant))) as fn(&[u8])),
        (EARTH_ORIENTATION, |bytes| drop(read_earth_orientation(bytes, "x", Strictness::Tolerant))),
    ] {
        for place in 0..sample.len() {
            read(&sample.as_bytes()[..place]);
            for byte in [b',', b'"', b'\n', b'\r', 0, 0xFF, b'-', b'9'] {
                let mut bytes = sample.as_bytes().to_vec();
                bytes[place] = byte;
                read(&bytes);
            }
        }
    }
}
