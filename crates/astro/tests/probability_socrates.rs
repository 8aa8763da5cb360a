//! Published rows of CelesTrak's SOCRATES: maximum probability and dilution.
#![expect(clippy::unwrap_used, reason = "a test may stop at bad reference data")]

mod reference_data;

use astroshield_astro::probability::socrates::{default_hard_body_radius_km, maximum_probability};
use astroshield_astro::state::{State, Teme};
use nalgebra::Vector3;
use sgp4::chrono::NaiveDateTime;
use std::collections::HashMap;
use std::path::Path;

struct Row {
    primary: (u64, String),
    secondary: (u64, String),
    tca: NaiveDateTime,
    maximum_probability: String,
    dilution_km: Option<f64>,
}

struct Orbit {
    elements: sgp4::Elements,
    constants: sgp4::Constants,
}

impl Orbit {
    fn new(elements: sgp4::Elements) -> Self {
        let constants = sgp4::Constants::from_elements_afspc_compatibility_mode(&elements).unwrap();
        Self { elements, constants }
    }

    fn state(&self, instant: &NaiveDateTime, offset_s: f64) -> State<Teme> {
        let minutes = self.elements.datetime_to_minutes_since_epoch(instant).unwrap().0 + offset_s / 60.0;
        let prediction =
            self.constants.propagate_afspc_compatibility_mode(sgp4::MinutesSinceEpoch(minutes)).unwrap();
        State::new(Vector3::from(prediction.position), Vector3::from(prediction.velocity))
    }
}

/// Offset (s) from `instant` at which the distance is least, by golden-section search.
fn closest_offset_s(primary: &Orbit, secondary: &Orbit, instant: &NaiveDateTime) -> f64 {
    let distance = |offset: f64| {
        (primary.state(instant, offset).position_km - secondary.state(instant, offset).position_km).norm()
    };
    // The printed times are right to 1 ms (5 ms for the slow pair).
    let (mut low, mut high) = (-2.0, 2.0);
    let ratio = 0.618_033_988_749_895;
    for _ in 0..60 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if distance(a) < distance(b) {
            high = b;
        } else {
            low = a;
        }
    }
    0.5 * (low + high)
}

fn csv_line(line: &str) -> Vec<&str> {
    line.trim_end().split(',').collect()
}

fn read_elements(path: &Path, into: &mut HashMap<u64, Orbit>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header = csv_line(lines.next().unwrap());
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let mut record: serde_json::Map<String, serde_json::Value> = header
            .iter()
            .zip(csv_line(line))
            .map(|(name, value)| ((*name).to_owned(), serde_json::Value::from(value)))
            .collect();
        // JSON has no number like ".0019638": the strings go through f64.
        for (name, value) in &mut record {
            let text = value.as_str().unwrap().to_owned();
            if !matches!(name.as_str(), "OBJECT_NAME" | "OBJECT_ID" | "EPOCH" | "CLASSIFICATION_TYPE") {
                let number: f64 = text.parse().unwrap();
                if number.fract() == 0.0 && !text.contains('.') {
                    *value = serde_json::Value::from(text.parse::<i64>().unwrap());
                } else {
                    *value = serde_json::Value::from(number);
                }
            }
        }
        let elements: sgp4::Elements = serde_json::from_value(record.into()).unwrap();
        into.insert(elements.norad_id, Orbit::new(elements));
    }
}

/// Rows of both runs with the orbits that they were computed from.
fn published_rows(root: &Path) -> Vec<(Row, State<Teme>, State<Teme>)> {
    let mut rows = Vec::new();
    let mut orbits = HashMap::new();
    read_elements(&root.join("run_20260911/gp.csv"), &mut orbits);
    for line in std::fs::read_to_string(root.join("run_20260911/events.csv")).unwrap().lines().skip(1) {
        let fields = csv_line(line);
        let row = Row {
            primary: (fields[0].parse().unwrap(), fields[1].to_owned()),
            secondary: (fields[3].parse().unwrap(), fields[4].to_owned()),
            tca: NaiveDateTime::parse_from_str(fields[6], "%Y-%m-%d %H:%M:%S%.f").unwrap(),
            maximum_probability: fields[9].to_owned(),
            dilution_km: Some(fields[10].parse().unwrap()),
        };
        rows.push(with_states(row, &orbits));
    }

    let run = root.join("run_20260309_top20");
    let mut orbits = HashMap::new();
    for entry in std::fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            read_elements(&path, &mut orbits);
        }
    }
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(run.join(name)).unwrap()).unwrap()
    };
    // Only the first ten have their dilution.
    let with_dilution = json("socrates_top10_maxprob_2026-03-09.json");
    for event in json("socrates_top20_maxProb.json")["conjunctions"].as_array().unwrap() {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let same = |other: &&serde_json::Value| other["gp_file"] == event["gp_file"];
        let row = Row {
            primary: (event["obj1_norad"].as_u64().unwrap(), text("obj1_name")),
            secondary: (event["obj2_norad"].as_u64().unwrap(), text("obj2_name")),
            tca: NaiveDateTime::parse_from_str(&text("tca"), "%Y-%m-%dT%H:%M:%S%.fZ").unwrap(),
            // SOCRATES prints four significant digits; JSON has dropped trailing zeros.
            maximum_probability: format!("{:.3e}", event["max_prob"].as_f64().unwrap()),
            dilution_km: with_dilution["conjunctions"]
                .as_array()
                .unwrap()
                .iter()
                .find(same)
                .map(|found| found["dilution_km"].as_f64().unwrap()),
        };
        rows.push(with_states(row, &orbits));
    }
    rows
}

fn with_states(row: Row, orbits: &HashMap<u64, Orbit>) -> (Row, State<Teme>, State<Teme>) {
    let (primary, secondary) = (&orbits[&row.primary.0], &orbits[&row.secondary.0]);
    let offset_s = closest_offset_s(primary, secondary, &row.tca);
    let states = (primary.state(&row.tca, offset_s), secondary.state(&row.tca, offset_s));
    (row, states.0, states.1)
}

/// One unit of the last printed digit of a number like `2.529E-03` (four significant digits).
fn last_digit(printed: &str) -> f64 {
    let exponent: i32 = printed.to_lowercase().split_once('e').unwrap().1.parse().unwrap();
    10f64.powi(exponent - 3)
}

/// Pairs for which SOCRATES used sizes that are not published and are not the defaults.
const SIZES_NEVER_PUBLISHED: [(u64, u64); 4] =
    [(62656, 65700), (64428, 20608), (24920, 27422), (59725, 12586)];

fn combined_radius_km(row: &Row) -> f64 {
    default_hard_body_radius_km(&row.primary.1) + default_hard_body_radius_km(&row.secondary.1)
}

#[test]
fn default_sizes_reproduce_maximum_probability_and_dilution_to_the_last_printed_digit() {
    let Some(root) = reference_data::folder("socrates", "SOCRATES rows") else { return };
    // A pair that meets again and again prints the values of its closest event beside every one of them.
    let rows = published_rows(&root);
    let mut closest: HashMap<(u64, u64), (f64, usize)> = HashMap::new();
    for (index, (row, primary, secondary)) in rows.iter().enumerate() {
        let miss_km = (secondary.position_km - primary.position_km).norm();
        let best = closest.entry((row.primary.0, row.secondary.0)).or_insert((miss_km, index));
        if miss_km < best.0 {
            *best = (miss_km, index);
        }
    }
    let mut reproduced = 0;
    for (row, ..) in &rows {
        let pair = (row.primary.0, row.secondary.0);
        if SIZES_NEVER_PUBLISHED.contains(&pair) {
            continue;
        }
        let (_, primary, secondary) = &rows[closest[&pair].1];
        let found = maximum_probability(primary, secondary, combined_radius_km(row)).unwrap();
        let printed: f64 = row.maximum_probability.parse().unwrap();
        assert!(
            (found.probability - printed).abs() <= last_digit(&row.maximum_probability),
            "{pair:?}: maximum probability {:e}, printed {}",
            found.probability,
            row.maximum_probability
        );
        if let Some(dilution_km) = row.dilution_km {
            assert!(
                (found.sigma_minor_km - dilution_km).abs() <= 0.001,
                "{pair:?}: dilution {} km, printed {dilution_km}",
                found.sigma_minor_km
            );
        }
        reproduced += 1;
    }
    assert_eq!(reproduced, 37);
}

#[test]
fn the_four_pairs_of_unpublished_size_agree_in_dilution_and_need_another_radius() {
    let Some(root) = reference_data::folder("socrates", "SOCRATES sizes") else { return };
    for (row, primary, secondary) in published_rows(&root) {
        let pair = (row.primary.0, row.secondary.0);
        if !SIZES_NEVER_PUBLISHED.contains(&pair) {
            continue;
        }
        let default_km = combined_radius_km(&row);
        let printed: f64 = row.maximum_probability.parse().unwrap();
        let at = |radius_km: f64| maximum_probability(&primary, &secondary, radius_km).unwrap();
        assert!(
            (at(default_km).probability / printed - 1.0).abs() > 0.1,
            "{pair:?} has the default size after all"
        );
        // The radius that gives the printed probability.
        let (mut low, mut high) = (1e-4, 0.05);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if at(middle).probability < printed { low = middle } else { high = middle }
        }
        eprintln!(
            "{} {}: {:.2} m instead of {:.0} m",
            row.primary.1,
            row.secondary.1,
            1e3 * low,
            1e3 * default_km
        );
        if let Some(dilution_km) = row.dilution_km {
            assert!((at(low).sigma_minor_km - dilution_km).abs() <= 0.001, "{pair:?}");
        }
    }
}
