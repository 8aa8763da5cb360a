//! Published two-dimensional probabilities: Alfano's twelve cases, CARA's messages, the Kelvins set.
#![expect(clippy::unwrap_used, reason = "a test may stop at bad reference data")]

mod conjunction_cases;
mod reference_data;

use astroshield_astro::probability::{
    Covariance, Encounter, EncounterError, ObjectState, PlanarGaussian, Rtn, alfano_2005, foster_1992,
};
use astroshield_astro::state::{Eme2000, State};
use conjunction_cases::{alfano_encounter, cara_encounter, cases, number};
use nalgebra::{Matrix3, Vector3};

fn planar(encounter: &Encounter<Eme2000>) -> PlanarGaussian {
    let plane = encounter.plane().unwrap();
    PlanarGaussian::new(&plane.miss_km(), &plane.covariance_km2, encounter.hard_body_radius_km()).unwrap()
}

/// The Foster values beside Alfano's cases (AAS 09-233) were computed by NASA CARA; his own linear values
/// miss the exact integral by up to 1.1e-4.
#[test]
fn alfano_cases_agree_with_their_foster_values_to_a_millionth() {
    let Some(cases) = cases("alfano2009_cases.json", "Alfano's cases") else { return };
    assert_eq!(cases.len(), 12);
    for case in cases {
        let encounter = alfano_encounter(&case);
        let Some(expected) = case["expected"]["cara_pc2d_foster"].as_f64() else {
            assert_eq!(case["case"], 12);
            assert_eq!(
                encounter.plane(),
                Err(EncounterError::NoRelativeVelocity { relative_speed_km_s: 0.0 })
            );
            continue;
        };
        let value = foster_1992::probability(&planar(&encounter));
        assert!(
            (value / expected - 1.0).abs() < 1e-6,
            "case {}: {value:e} against {expected:e}",
            case["case"]
        );
    }
}

/// All 27 messages, also those to which no two-dimensional method should be applied: down to 4e-168 the
/// integral is the same. 1e-7 is what CARA's own fixed quadrature leaves.
#[test]
fn cara_messages_have_their_two_dimensional_probability() {
    let Some(cases) = cases("cara_cdm_cases.json", "CARA's messages") else { return };
    assert_eq!(cases.len(), 27);
    for case in cases {
        let encounter = cara_encounter(&case);
        let expected = &case["expected"];
        let foster = number(&expected["Pc2D"]);
        let value = foster_1992::probability(&planar(&encounter));
        assert!((value / foster - 1.0).abs() < 1e-7, "{}: {value:e} against {foster:e}", case["id"]);
        let plane = encounter.plane().unwrap();
        let speed = 1e-3 * number(&expected["Vrel_mps"]);
        // A message's instant is rounded to a millisecond.
        assert!(plane.tca_shift_s.abs() <= 1e-3, "{}: {} s", case["id"], plane.tca_shift_s);
        assert!((plane.relative_speed_km_s / speed - 1.0).abs() < 1e-5, "{}", case["id"]);
    }
}

/// Columns of the Kelvins file (Orekit's test resource): radius, states and position covariances in RTN of
/// both objects, then the probability, its small-disc approximation (Alfriend) and its maximum over the
/// scale.
#[test]
fn kelvins_conjunctions_agree_with_their_published_probabilities() {
    let Some(folder) = reference_data::folder("pc", "Kelvins conjunctions") else { return };
    let text = std::fs::read_to_string(folder.join("kelvins_orekit.csv")).unwrap();
    let mut count = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let object = |first: usize| {
            let state = State::<Eme2000>::new(
                Vector3::from_column_slice(&fields[first..first + 3]),
                Vector3::from_column_slice(&fields[first + 3..first + 6]),
            );
            let [rr, tt, nn, rt, rn, tn] = core::array::from_fn(|index| fields[first + 6 + index]);
            let position = Matrix3::new(rr, rt, rn, rt, tt, tn, rn, tn, nn);
            let covariance = Covariance::<Rtn>::from_position(&position).unwrap();
            ObjectState { state, covariance: covariance.to_inertial(&state).unwrap() }
        };
        let radius_km = fields[1];
        let encounter = Encounter::new(object(2), object(14), radius_km).unwrap();
        let problem = planar(&encounter);
        let close = |name: &str, value: f64, published: f64, tolerance: f64| {
            assert!(
                (value / published - 1.0).abs() < tolerance,
                "conjunction {}: {name} {value:e} against {published:e}",
                fields[0]
            );
        };
        // The published probabilities themselves agree with Orekit's to 0.35 % only.
        close("Foster", foster_1992::probability(&problem), fields[26], 5e-3);
        close("Alfano", alfano_2005::probability(&problem), fields[26], 5e-3);
        // Constant density over the disc, at this scale and at the one where it is largest, v = 2.
        let density = radius_km * radius_km / (2.0 * problem.sigma_major_km * problem.sigma_minor_km);
        let squared = problem.mahalanobis_squared();
        close("Alfriend", density * (-0.5 * squared).exp(), fields[27], 1e-6);
        close("maximum", density * 2.0 / (core::f64::consts::E * squared), fields[28], 1e-6);
        let plane = encounter.plane().unwrap();
        close("miss distance", plane.miss_distance_km, fields[29], 1e-6);
        close("relative speed", plane.relative_speed_km_s, fields[30], 1e-6);
        count += 1;
    }
    assert_eq!(count, 1085);
}
