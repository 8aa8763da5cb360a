//! The method to stand behind, held against Monte Carlo counts: CARA's messages and Alfano's cases.
//!
//! `cargo test -p astroshield-astro --test probability_assessment -- --nocapture` prints every case.
#![expect(clippy::unwrap_used, reason = "a test may stop at bad reference data")]

mod conjunction_cases;
mod reference_data;

use astroshield_astro::probability::assess::{Assessment, Method, MonteCarloUse, Options, Warning, assess};
use astroshield_astro::probability::{Covariance, Encounter, ObjectState, RepairMethod, RepairedMatrix};
use astroshield_astro::state::{Eme2000, State};
use conjunction_cases::{alfano_encounter, cara_encounter, cases, number};
use nalgebra::{Matrix6, Vector3, Vector6};

fn probability(assessment: &Assessment, method: Method) -> f64 {
    assessment.result(method).unwrap().probability.unwrap()
}

/// Violations as CARA codes them: 1 extended, 10 offset, 100 inaccurate.
fn violations(assessment: &Assessment, method: Method) -> u32 {
    let code = |warning: &Warning| match warning {
        Warning::ExtendedInTime { .. } => 1,
        Warning::OffsetInTime { .. } => 10,
        Warning::Inaccurate { .. } => 100,
        _ => 0,
    };
    assessment.result(method).unwrap().warnings.iter().map(code).sum()
}

/// 2D misses the interval of this plain message by 0.04 %, as CARA's own 2D does: one of 27 intervals of 95
/// %.
const OUTSIDE_BY_CHANCE: &str = "000040115_conj_000030660";
/// Here CARA's search for the peak ends at a lesser one (1.8e-11); its 3D method finds the encounter.
const LESSER_PEAK: &str = "000048901_conj_000048903_20211219";

#[test]
fn best_is_inside_the_monte_carlo_interval_of_every_real_message_but_one() {
    let Some(cases) = cases("cara_cdm_cases.json", "assessment of CARA's messages") else { return };
    let mut inside = 0;
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let assessment = assess(&cara_encounter(case), &Options::default());
        let expected = &case["expected"];
        let best = assessment.best_result().unwrap();
        let value = best.probability.unwrap();
        let [low, high] = ["PcSDMCLo", "PcSDMCHi"].map(|name| number(&expected[name]));
        let within = (low..=high).contains(&value);
        inside += usize::from(within);
        eprintln!(
            "{id}: {} {value:.4e}, Monte Carlo {low:.4e} to {high:.4e}{}{}",
            best.method.name(),
            if within { "" } else { " OUTSIDE" },
            if best.applies { "" } else { ", outside its limits" },
        );
        assert!(within || id.starts_with(OUTSIDE_BY_CHANCE), "{id}: {value:e}");
        assert!(value > 0.99 * low && value < 1.01 * high, "{id}: {value:e}");
    }
    assert_eq!((inside, cases.len()), (26, 27));
}

/// CARA's own values carry its fixed time grid and its other expansion step: up to 0.25 % between the two
/// programs, where our two methods agree with each other to 0.1 %.
#[test]
fn curved_methods_agree_with_cara_and_with_each_other() {
    let Some(cases) = cases("cara_cdm_cases.json", "curved methods on CARA's messages") else { return };
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let assessment = assess(&cara_encounter(case), &Options::default());
        let expected = &case["expected"];
        let three = probability(&assessment, Method::Hall2021);
        let published = number(&expected["Nc3D"]);
        assert!((three / published - 1.0).abs() < 3e-3, "{id}: 3D-Nc {three:e} against {published:e}");
        let two = probability(&assessment, Method::Hall2023);
        if !id.starts_with(LESSER_PEAK) {
            let published = number(&expected["Nc2D"]);
            assert!((two / published - 1.0).abs() < 3e-3, "{id}: 2D-Nc {two:e} against {published:e}");
        }
        if assessment.result(Method::Hall2023).unwrap().applies {
            assert!((two / three - 1.0).abs() < 1e-3, "{id}: 2D-Nc {two:e}, 3D-Nc {three:e}");
        }
    }
}

#[test]
fn usage_violations_are_those_that_cara_finds() {
    let Some(cases) = cases("cara_cdm_cases.json", "usage violations of CARA's messages") else { return };
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let assessment = assess(&cara_encounter(case), &Options::default());
        let published = |name: &str| u32::try_from(case["expected"][name].as_u64().unwrap()).unwrap();
        assert_eq!(violations(&assessment, Method::Foster1992), published("ViolationsPc2D"), "{id}");
        assert_eq!(violations(&assessment, Method::Hall2021), published("ViolationsNc3D"), "{id}");
        if !id.starts_with(LESSER_PEAK) {
            assert_eq!(violations(&assessment, Method::Hall2023), published("ViolationsNc2D"), "{id}");
        }
    }
}

/// Alfano counts over a stated time about the closest approach (AAS 09-233); CARA's 10^8 trials give the
/// interval. In case 12, two equal orbits, every first-order method is 0.8 % high, CARA's by the same.
#[test]
fn best_is_inside_the_monte_carlo_interval_of_eleven_of_alfano_s_cases() {
    let Some(cases) = cases("alfano2009_cases.json", "assessment of Alfano's cases") else { return };
    for case in &cases {
        let half = number(&case["duration_half_or_final_s"]);
        let options = Options { window_s: Some([-half, half]), ..Options::default() };
        let assessment = assess(&alfano_encounter(case), &options);
        let expected = &case["expected"];
        let best = assessment.best_result().unwrap();
        let value = best.probability.unwrap();
        let [low, high] = ["cara_pc_mc_lo95", "cara_pc_mc_hi95"].map(|name| number(&expected[name]));
        let within = (low..=high).contains(&value);
        eprintln!(
            "case {}: {} {value:.6}, Monte Carlo {low:.6} to {high:.6}{}",
            case["case"],
            best.method.name(),
            if within { "" } else { " OUTSIDE" },
        );
        assert!(best.applies);
        assert!(within || (case["case"] == 12 && value < 1.005 * high), "case {}: {value:e}", case["case"]);
        let hall = number(&expected["cara_pc3d_hall"]);
        let three = probability(&assessment, Method::Hall2021);
        // CARA's trapezoids with 1000 equal steps.
        assert!((three / hall - 1.0).abs() < 1e-3, "case {}: 3D-Nc {three:e} against {hall:e}", case["case"]);
    }
}

#[test]
fn equal_orbits_have_no_plane_and_leave_the_planar_methods_without_a_value() {
    let Some(cases) = cases("alfano2009_cases.json", "Alfano's case 12") else { return };
    let options = Options { window_s: Some([-1420.0, 1420.0]), ..Options::default() };
    let assessment = assess(&alfano_encounter(&cases[11]), &options);
    assert_eq!(assessment.plane, None);
    for method in [Method::Foster1992, Method::Chan1997, Method::Alfano2005, Method::Alfano2005Maximum] {
        let result = assessment.result(method).unwrap();
        assert_eq!((result.probability, result.applies), (None, false));
        assert_eq!(result.warnings, [Warning::NoEncounterPlane { relative_speed_km_s: 0.0 }]);
    }
    assert_eq!(assessment.best, Some(Method::Hall2021));
}

/// Two satellites 100 m apart at a right angle, 7.5 km/s each.
fn crossing(covariance: Matrix6<f64>) -> Encounter<Eme2000> {
    let object = |offset: f64, velocity: Vector3<f64>| ObjectState {
        state: State::new(Vector3::new(7000.0 + offset, 0.0, 0.0), velocity),
        covariance: Covariance::new(covariance).unwrap(),
    };
    let primary = object(0.0, Vector3::new(0.0, 7.5, 0.0));
    let secondary = object(0.1, Vector3::new(0.0, 0.0, 7.5));
    Encounter::new(primary, secondary, 0.01).unwrap()
}

fn diagonal() -> Matrix6<f64> {
    Matrix6::from_diagonal(&Vector6::new(0.01, 0.04, 0.01, 1e-8, 1e-8, 1e-8))
}

#[test]
fn indefinite_covariance_is_repaired_and_reported_with_its_eigenvalues() {
    let mut covariance = diagonal();
    // Correlation 2 between the first two position components: eigenvalues -1 and 3 of the scaled block.
    covariance[(0, 1)] = 0.04;
    covariance[(1, 0)] = 0.04;
    let assessment = assess(&crossing(covariance), &Options::default());
    let repaired: Vec<RepairedMatrix> = assessment.repairs.iter().map(|repair| repair.matrix).collect();
    assert!(repaired.contains(&RepairedMatrix::Primary) && repaired.contains(&RepairedMatrix::Secondary));
    for repair in &assessment.repairs {
        assert_eq!(repair.method, RepairMethod::EigenvalueClipping);
        if repair.matrix == RepairedMatrix::Primary {
            assert!((repair.eigenvalues_before[0] + 1.0).abs() < 1e-12, "{:?}", repair.eigenvalues_before);
            assert!((repair.eigenvalues_before[5] - 3.0).abs() < 1e-12);
        }
    }
    let three = assessment.result(Method::Hall2021).unwrap();
    assert!(three.warnings.contains(&Warning::CovarianceRepaired));
}

#[test]
fn indefinite_plane_covariance_rules_the_planar_method_out() {
    let mut covariance = diagonal();
    // The plane is spanned by x and (y + z)/sqrt(2): its block is [[0.02, 0.0707], [0.0707, 0.05]].
    for (row, column) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
        covariance[(row, column)] = 0.025;
    }
    let assessment = assess(&crossing(covariance), &Options::default());
    let plane = assessment.repairs.iter().find(|repair| repair.matrix == RepairedMatrix::EncounterPlane);
    let plane = plane.unwrap();
    assert!(plane.eigenvalues_before[0] < 0.0);
    assert!((plane.floor - 1e-12).abs() < 1e-20, "{}", plane.floor);
    let planar = assessment.result(Method::Foster1992).unwrap();
    assert!(planar.probability.is_some() && !planar.applies);
    assert!(planar.warnings.contains(&Warning::CovarianceRepaired));
}

#[test]
fn monte_carlo_is_needed_where_the_planar_method_is_ruled_out_and_3d_nc_has_no_number() {
    let mut covariance = diagonal();
    // Variance along (y + z)/sqrt(2), the plane's axis across the miss: (0.04 + 0.01)/2 - 0.03 < 0.
    covariance[(1, 2)] = -0.03;
    covariance[(2, 1)] = -0.03;
    for component in 3..6 {
        covariance[(component, component)] = 0.0;
    }
    let assessment = assess(&crossing(covariance), &Options::default());
    assert_eq!(assessment.result(Method::Hall2021).unwrap().probability, None);
    assert!(!assessment.result(Method::Foster1992).unwrap().applies);
    assert!(assessment.result(Method::MonteCarlo).is_some());
}

#[test]
fn covariance_of_position_alone_leaves_the_planar_method_and_says_so() {
    let mut covariance = diagonal();
    for component in 3..6 {
        covariance[(component, component)] = 0.0;
    }
    let assessment = assess(&crossing(covariance), &Options::default());
    assert_eq!(assessment.best, Some(Method::Foster1992));
    let planar = assessment.result(Method::Foster1992).unwrap();
    assert!(planar.applies);
    assert_eq!(planar.warnings, [Warning::VelocityCovarianceMissing]);
    assert_eq!(assessment.result(Method::Hall2021).unwrap().probability, None);
    assert!(assessment.repairs.is_empty());
}

#[test]
fn maximum_bounds_the_probability_of_a_plain_encounter() {
    let assessment = assess(&crossing(diagonal()), &Options::default());
    assert_eq!(assessment.best, Some(Method::Foster1992));
    let best = probability(&assessment, Method::Foster1992);
    assert!(probability(&assessment, Method::Alfano2005Maximum) >= best);
    for method in [Method::Chan1997, Method::Alfano2005, Method::Hall2023, Method::Hall2021] {
        let value = probability(&assessment, method);
        assert!((value / best - 1.0).abs() < 2e-3, "{}: {value:e} against {best:e}", method.name());
    }
}

/// Case 6 counted over the whole revolution: the pair meets again and again, which no analytic method's
/// limits allow.
#[test]
fn where_nothing_else_holds_a_likely_collision_is_counted() {
    let Some(cases) = cases("alfano2009_cases.json", "Alfano's case 6") else { return };
    let encounter = alfano_encounter(&cases[5]);
    let assessment = assess(&encounter, &Options::default());
    assert_eq!(assessment.best, Some(Method::MonteCarlo));
    let counted = assessment.monte_carlo.unwrap();
    assert!(counted.hits >= 100);

    let never = Options { monte_carlo_use: MonteCarloUse::Never, ..Options::default() };
    let assessment = assess(&encounter, &never);
    assert_eq!(assessment.monte_carlo, None);
    let best = assessment.best_result().unwrap();
    assert_eq!((best.method, best.applies), (Method::Hall2021, false));
    assert!(best.warnings.iter().any(|warning| matches!(warning, Warning::OffsetInTime { .. })));
}

#[test]
fn monte_carlo_is_run_when_always_asked_for() {
    let mut options = Options { monte_carlo_use: MonteCarloUse::Always, ..Options::default() };
    options.monte_carlo.samples = 20_000;
    let assessment = assess(&crossing(diagonal()), &options);
    assert_eq!(assessment.best, Some(Method::Foster1992));
    let counted = assessment.monte_carlo.as_ref().unwrap();
    let exact = probability(&assessment, Method::Foster1992);
    assert!((counted.interval[0]..=counted.interval[1]).contains(&exact), "{counted:?} against {exact:e}");
}

/// No input that makes an encounter may panic, hang, or give what is no probability.
#[test]
fn extreme_encounters_give_probabilities_or_warnings() {
    let states = [
        [[7000.0, 0.0, 0.0], [0.0, 7.5, 0.0]],
        [[7000.0, 0.0, 0.0], [0.0, 0.0, -7.5]],
        [[7000.0, 0.0, 0.0], [0.0, -7.5, 0.0]],
        [[7000.0, 0.001, 0.0], [0.0, 7.5, 0.0]],
        [[7000.1, 0.0, 0.0], [0.0, 20.0, 0.0]],
        [[7000.1, 0.0, 0.0], [-3.0, 0.0, 0.0]],
        [[42164.0, 0.0, 0.0], [0.0, 3.07, 0.0]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ];
    let sigmas = [0.0, 1e-9, 1e-3, 1.0, 1e3, 1e6];
    for [position, velocity] in states {
        for sigma in sigmas {
            for radius in [1e-6, 0.02, 50.0] {
                let object = |[position, velocity]: [[f64; 3]; 2]| {
                    let s = sigma * sigma;
                    let v = 1e-6 * s;
                    let variances = Vector6::new(s, s, s, v, v, v);
                    ObjectState {
                        state: State::<Eme2000>::new(position.into(), velocity.into()),
                        covariance: Covariance::new(Matrix6::from_diagonal(&variances)).unwrap(),
                    }
                };
                let encounter =
                    Encounter::new(object(states[0]), object([position, velocity]), radius).unwrap();
                let options = Options { monte_carlo_use: MonteCarloUse::Never, ..Options::default() };
                for result in assess(&encounter, &options).methods {
                    let name = result.method.name();
                    match result.probability {
                        Some(value) => assert!((0.0..=1.0).contains(&value), "{name}: {value}"),
                        None => assert!(!result.warnings.is_empty() && !result.applies, "{name}"),
                    }
                }
            }
        }
    }
}
