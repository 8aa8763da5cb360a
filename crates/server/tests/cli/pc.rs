//! `astroshield pc`.

use std::fs;

use crate::command::{run, run_with_input};

/// A message of an encounter that does not exist: two circular orbits of 7,000 km cross at right angles, 30 m apart, each known
/// to 20 m radially and across and 60 m along.
fn message(comment: &str) -> String {
    let object = |object: &str, number: u32, x: &str, velocity: [&str; 3]| {
        let mut text = format!(
            "OBJECT = {object}\nOBJECT_DESIGNATOR = {number}\nCATALOG_NAME = TEST\nOBJECT_NAME = TEST {object}\n\
             INTERNATIONAL_DESIGNATOR = 2056-001A\nEPHEMERIS_NAME = NONE\nCOVARIANCE_METHOD = CALCULATED\n\
             MANEUVERABLE = N/A\nREF_FRAME = EME2000\nX = {x} [km]\nY = 0 [km]\nZ = 0 [km]\n\
             X_DOT = {} [km/s]\nY_DOT = {} [km/s]\nZ_DOT = {} [km/s]\n",
            velocity[0], velocity[1], velocity[2]
        );
        let axes = ["R", "T", "N", "RDOT", "TDOT", "NDOT"];
        for (row, name) in axes.iter().enumerate() {
            for (column, other) in axes[..=row].iter().enumerate() {
                let (value, unit) = match (row, column) {
                    (1, 1) => ("3600", "m**2"),
                    (0..3, _) => (if row == column { "400" } else { "0" }, "m**2"),
                    (_, 0..3) => ("0", "m**2/s"),
                    _ => (if row == column { "1e-4" } else { "0" }, "m**2/s**2"),
                };
                text += &format!("C{name}_{other} = {value} [{unit}]\n");
            }
        }
        text
    };
    format!(
        "CCSDS_CDM_VERS = 1.0\n{comment}CREATION_DATE = 2026-01-01T00:00:00\nORIGINATOR = TEST\nMESSAGE_ID = 1\n\
         TCA = 2026-01-02T12:34:56.789\nMISS_DISTANCE = 30 [m]\n{}{}",
        object("OBJECT1", 81001, "7000", ["0", "7.546", "0"]),
        object("OBJECT2", 81002, "7000.030", ["0", "0", "7.546"])
    )
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn json_has_the_stated_shape_and_the_expected_probability() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.cdm"), message("")).unwrap();
    let run = run(folder.path(), "pc one.cdm --hard-body-radius-m 10 --format json");
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 1);
    let result = json(&run.stdout);
    let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["best", "file", "hard_body_radius_m", "methods", "tca"]);
    assert_eq!(result["file"], "one.cdm");
    assert_eq!(result["tca"], "2026-01-02T12:34:56.789000");
    assert_eq!(result["hard_body_radius_m"], 10.0);
    assert_eq!(result["best"], "foster_1992");
    let best =
        result["methods"].as_array().unwrap().iter().find(|method| method["name"] == "foster_1992").unwrap();
    let keys: Vec<&String> = best.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["applies", "name", "probability", "warnings"]);
    assert_eq!(best["applies"], true);
    // In the plane across the relative velocity the sigmas are sqrt(800) m radially, where the miss lies, and half the sum
    // of along and across, sqrt(4000) m: to a disc of 10 m the density at its center is nearly constant (to 2 %).
    let (sigma_radial, sigma_other) = (800.0_f64.sqrt(), 4000.0_f64.sqrt());
    let density =
        (-0.5 * 900.0 / 800.0_f64).exp() / (2.0 * std::f64::consts::PI * sigma_radial * sigma_other);
    let expected = density * std::f64::consts::PI * 100.0;
    let probability = best["probability"].as_f64().unwrap();
    assert!((probability / expected - 1.0).abs() < 0.02, "{probability} {expected}");
}

#[test]
fn radius_is_the_option_s_then_the_message_s_then_the_default() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("with.cdm"), message("COMMENT HBR = 15.0\n")).unwrap();
    fs::write(folder.path().join("without.cdm"), message("")).unwrap();
    let radius_m = |arguments: &str| {
        let run = run(folder.path(), &format!("pc {arguments} --format json"));
        json(&run.stdout)["hard_body_radius_m"].as_f64().unwrap()
    };
    assert!((radius_m("with.cdm --hard-body-radius-m 7") - 7.0).abs() < 1e-12);
    assert!((radius_m("with.cdm") - 15.0).abs() < 1e-12);
    assert!((radius_m("without.cdm") - 2.0).abs() < 1e-12);
}

#[test]
fn states_in_an_earth_fixed_frame_give_the_same_probability() {
    use astroshield_astro::frames::{EarthAttitude, EarthOrientation};
    use astroshield_astro::state::{Eme2000, State};

    let tca = astroshield_astro::Epoch::from_gregorian_utc(2026, 1, 2, 12, 34, 56, 789_000_000);
    let attitude = EarthAttitude::new(tca, &EarthOrientation::NEGLECTED);
    let fixed = |x: f64, velocity: [f64; 3]| {
        let state = State::<Eme2000>::new([x, 0.0, 0.0].into(), velocity.into());
        attitude.teme_to_itrf(&attitude.eme2000_to_teme(&state))
    };
    let mut text = message("").replace("EME2000", "ITRF");
    for (x, velocity, line) in [
        (
            7000.0,
            [0.0, 7.546, 0.0],
            "X = 7000 [km]\nY = 0 [km]\nZ = 0 [km]\nX_DOT = 0 [km/s]\nY_DOT = 7.546 [km/s]\nZ_DOT = 0 [km/s]\n",
        ),
        (
            7000.03,
            [0.0, 0.0, 7.546],
            "X = 7000.030 [km]\nY = 0 [km]\nZ = 0 [km]\nX_DOT = 0 [km/s]\nY_DOT = 0 [km/s]\nZ_DOT = 7.546 [km/s]\n",
        ),
    ] {
        let state = fixed(x, velocity);
        let (r, v) = (state.position_km, state.velocity_km_s);
        let turned = format!(
            "X = {:.10}\nY = {:.10}\nZ = {:.10}\nX_DOT = {:.12}\nY_DOT = {:.12}\nZ_DOT = {:.12}\n",
            r.x, r.y, r.z, v.x, v.y, v.z
        );
        assert!(text.contains(line), "{text}");
        text = text.replace(line, &turned);
    }
    let folder = tempfile::tempdir().unwrap();
    let probabilities = |text: &str| -> Vec<f64> {
        let run = run_with_input(folder.path(), "pc - --format json --monte-carlo never", text.as_bytes());
        assert_eq!(run.status, 0, "{}", run.stderr);
        let methods = json(&run.stdout)["methods"].as_array().unwrap().clone();
        methods.iter().filter_map(|method| method["probability"].as_f64()).collect()
    };
    let (inertial, fixed) = (probabilities(&message("")), probabilities(&text));
    assert!(inertial.len() >= 4 && inertial.len() == fixed.len(), "{inertial:?} {fixed:?}");
    for (a, b) in inertial.iter().zip(&fixed) {
        // Ten decimals of a km against a miss of 30 m.
        assert!((a / b - 1.0).abs() < 1e-6, "{inertial:?} {fixed:?}");
    }
}

#[test]
fn several_messages_give_a_line_each_and_bad_ones_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.cdm"), message("")).unwrap();
    fs::write(folder.path().join("b.cdm"), message("").replace("TCA = ", "TCB = ")).unwrap();
    let run_all = run(folder.path(), "pc a.cdm b.cdm a.cdm --format json");
    assert_eq!((run_all.status, run_all.stdout.lines().count()), (3, 2), "{}", run_all.stderr);
    assert!(run_all.stderr.contains("b.cdm"), "{}", run_all.stderr);
    let strict = run(folder.path(), "pc a.cdm b.cdm --format json --strict");
    assert_eq!(strict.status, 1);
    let bad_only = run(folder.path(), "pc b.cdm");
    assert_eq!((bad_only.status, bad_only.stdout.as_str()), (1, ""));
}

#[test]
fn table_names_the_best_method_the_radius_and_the_assumptions() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_input(folder.path(), "pc -", message("").as_bytes());
    assert_eq!(run.status, 0, "{}", run.stderr);
    for text in
        ["best: ", "by foster_1992", "hard-body radius 2 m (assumed)", "Assumptions", "short encounter"]
    {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
}

#[test]
fn monte_carlo_is_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.cdm"), message("")).unwrap();
    let run_seed = |seed: u32| {
        let arguments =
            format!("pc one.cdm --monte-carlo always --samples 20000 --seed {seed} --format json");
        run(folder.path(), &arguments).stdout
    };
    assert_eq!(run_seed(1), run_seed(1));
    assert_ne!(run_seed(1), run_seed(2));
    let result = json(&run_seed(1));
    assert!(result["methods"].as_array().unwrap().iter().any(|method| method["name"] == "monte_carlo"));
}

#[test]
fn message_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_input(folder.path(), "pc -", crate::command::two_objects().as_bytes());
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("expected a CDM, found OMM"), "{}", run.stderr);
}
