//! What must hold for any encounter.

use astroshield_astro::probability::{
    Covariance, Encounter, ObjectState, PlanarGaussian, alfano_2005, alfano_2005_maximum, chan_1997,
    foster_1992,
};
use astroshield_astro::state::{Gcrf, State};
use nalgebra::{Matrix2, Matrix3, Matrix6, Rotation2, Rotation3, Vector2, Vector3, Vector6};
use proptest::prelude::*;

/// Sigmas from 1 m to 10 km, aspect ratio to 100, misses to 5 sigma, radius 1 m to 100 m.
fn problems() -> impl Strategy<Value = PlanarGaussian> {
    (-3.0..1.0f64, 0.0..2.0f64, 0.0..5.0f64, 0.0..5.0f64, -3.0..-1.0f64).prop_map(
        |(sigma, ratio, major, minor, radius)| {
            let sigma_minor_km = 10f64.powf(sigma);
            let sigma_major_km = sigma_minor_km * 10f64.powf(ratio);
            PlanarGaussian {
                sigma_major_km,
                sigma_minor_km,
                miss_major_km: major * sigma_major_km,
                miss_minor_km: minor * sigma_minor_km,
                hard_body_radius_km: 10f64.powf(radius),
            }
        },
    )
}

fn scaled(problem: &PlanarGaussian, factor: f64) -> PlanarGaussian {
    PlanarGaussian {
        sigma_major_km: problem.sigma_major_km * factor,
        sigma_minor_km: problem.sigma_minor_km * factor,
        miss_major_km: problem.miss_major_km * factor,
        miss_minor_km: problem.miss_minor_km * factor,
        hard_body_radius_km: problem.hard_body_radius_km * factor,
    }
}

proptest! {
    // A failure prints its input; nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exact_probability_is_one_and_lengths_have_no_unit(problem in problems(), factor in 1e-3..1e3f64) {
        let value = foster_1992::probability(&problem);
        prop_assert!((0.0..=1.0).contains(&value));
        let other = foster_1992::probability(&scaled(&problem, factor));
        prop_assert!((value - other).abs() <= 1e-10 * value, "{value:e} and {other:e}");
    }

    #[test]
    fn larger_radius_is_more_likely_hit(problem in problems(), factor in 1.001..3.0f64) {
        let larger =
            PlanarGaussian { hard_body_radius_km: problem.hard_body_radius_km * factor, ..problem };
        let (value, more) = (foster_1992::probability(&problem), foster_1992::probability(&larger));
        prop_assert!(more >= value * (1.0 - 1e-11), "{value:e}, larger {more:e}");
    }

    #[test]
    fn circular_distribution_makes_the_series_exact(problem in problems()) {
        let circular = PlanarGaussian {
            sigma_major_km: problem.sigma_minor_km,
            miss_major_km: problem.miss_major_km * problem.sigma_minor_km / problem.sigma_major_km,
            ..problem
        };
        let exact = foster_1992::probability(&circular);
        let series = chan_1997::probability(&circular);
        prop_assert!((series / exact - 1.0).abs() < 1e-9, "{series:e} against {exact:e}");
    }

    /// Alfano's sum within its stated 1e-4 while the disc is no wider than the distribution's minor axis.
    #[test]
    fn approximations_meet_the_exact_integral_for_a_small_disc(problem in problems()) {
        let small = PlanarGaussian {
            hard_body_radius_km: problem.hard_body_radius_km.min(0.01 * problem.sigma_minor_km),
            ..problem
        };
        let exact = foster_1992::probability(&small);
        for value in [alfano_2005::probability(&small), chan_1997::probability(&small)] {
            prop_assert!((value / exact - 1.0).abs() < 4e-4, "{value:e} against {exact:e}");
        }
    }

    #[test]
    fn turning_the_plane_s_axes_changes_nothing(problem in problems(), angle in 0.0..6.3f64) {
        // The projection's determinant keeps 16 digits less the aspect ratio squared.
        let turn = Rotation2::new(angle).into_inner();
        let variances = Matrix2::from_diagonal(&Vector2::new(
            problem.sigma_major_km * problem.sigma_major_km,
            problem.sigma_minor_km * problem.sigma_minor_km,
        ));
        let miss = turn * Vector2::new(problem.miss_major_km, problem.miss_minor_km);
        let turned = turn * variances * turn.transpose();
        let back = PlanarGaussian::new(&miss, &turned, problem.hard_body_radius_km).unwrap();
        let (value, other) = (foster_1992::probability(&problem), foster_1992::probability(&back));
        prop_assert!((value - other).abs() <= 1e-8 * value, "{value:e} and {other:e}");
    }

    #[test]
    fn no_scale_of_the_covariance_exceeds_the_maximum(
        problem in problems(),
        scale in 0.05..20.0f64,
        direction in 0.0..6.3f64,
    ) {
        let aspect_ratio = problem.sigma_major_km / problem.sigma_minor_km;
        let miss = problem.miss_major_km.hypot(problem.miss_minor_km);
        let radius = problem.hard_body_radius_km;
        let maximum = alfano_2005_maximum::maximum(miss, aspect_ratio, radius).unwrap();
        let any = PlanarGaussian {
            sigma_major_km: problem.sigma_major_km * scale,
            sigma_minor_km: problem.sigma_minor_km * scale,
            miss_major_km: (miss * direction.cos()).abs(),
            miss_minor_km: (miss * direction.sin()).abs(),
            hard_body_radius_km: radius,
        };
        let value = foster_1992::probability(&any);
        prop_assert!(value <= maximum.probability * (1.0 + 1e-10), "{value:e} above {maximum:?}");
    }

    #[test]
    fn turned_swapped_and_shifted_encounters_have_the_same_probability(
        angles in (0.0..6.3f64, 0.0..6.3f64, 0.0..6.3f64),
        crossing in 0.05..3.1f64,
        miss in 0.01..2.0f64,
        shift_s in -1e-3..1e-3f64,
        roots in prop::array::uniform18(-0.5..0.5f64),
    ) {
        let object = |position: Vector3<f64>, velocity: Vector3<f64>, root: &[f64]| {
            let root = Matrix3::from_row_slice(root) + Matrix3::identity() * 0.3;
            ObjectState {
                state: State::<Gcrf>::new(position, velocity),
                covariance: Covariance::from_position(&(root * root.transpose())).unwrap(),
            }
        };
        let secondary_velocity = Vector3::new(0.0, 7.5 * crossing.cos(), 7.5 * crossing.sin());
        let primary = object(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 7.5, 0.0), &roots[..9]);
        let secondary = object(Vector3::new(7000.0 + miss, 0.0, 0.0), secondary_velocity, &roots[9..]);
        let value = |primary, secondary| {
            let encounter = Encounter::new(primary, secondary, 0.02).unwrap();
            let plane = encounter.plane().unwrap();
            let planar = PlanarGaussian::new(&plane.miss_km(), &plane.covariance_km2, 0.02).unwrap();
            (foster_1992::probability(&planar), plane)
        };
        let (reference, plane) = value(primary, secondary);
        prop_assume!(reference > 1e-200);
        prop_assert!((plane.miss_distance_km - miss).abs() < 1e-9);
        let close = |other: f64| (other / reference - 1.0).abs() < 1e-6;

        prop_assert!(close(value(secondary, primary).0));

        let turn = Rotation3::from_euler_angles(angles.0, angles.1, angles.2).into_inner();
        let turned = |object: ObjectState<Gcrf>| ObjectState {
            state: State::<Gcrf>::new(turn * object.state.position_km, turn * object.state.velocity_km_s),
            covariance: Covariance::from_position(
                &(turn * object.covariance.position_km2() * turn.transpose()),
            )
            .unwrap(),
        };
        prop_assert!(close(value(turned(primary), turned(secondary)).0));

        let moved = |object: ObjectState<Gcrf>| ObjectState {
            state: State::<Gcrf>::new(
                object.state.position_km + object.state.velocity_km_s * shift_s,
                object.state.velocity_km_s,
            ),
            ..object
        };
        let (shifted, plane) = value(moved(primary), moved(secondary));
        prop_assert!(close(shifted));
        prop_assert!((plane.tca_shift_s + shift_s).abs() < 1e-9);
    }

    #[test]
    fn covariance_survives_its_lower_triangle(diagonal in prop::array::uniform6(0.1..10.0f64)) {
        let matrix = Matrix6::from_diagonal(&Vector6::from(diagonal));
        let mut triangle = [0.0; 21];
        let mut next = 0;
        for row in 0..6 {
            for column in 0..=row {
                triangle[next] = matrix[(row, column)];
                next += 1;
            }
        }
        let covariance = Covariance::<Gcrf>::from_lower_triangle(&triangle).unwrap();
        prop_assert_eq!(covariance.matrix(), &matrix);
    }
}
