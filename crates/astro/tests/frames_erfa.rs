//! Frames against independent values, made with the ERFA library by `frames_erfa.py` beside this file.

use astroshield_astro::frames::{
    CelestialPoleOffsets, EARTH_ROTATION_RATE_RAD_S, EarthAttitude, EarthOrientation, Geodetic,
    gcrf_to_eme2000, gmst_1982_rad,
};
use astroshield_astro::state::{Gcrf, State, Teme};
use astroshield_astro::time::{Ut1, julian_centuries_tt};
use hifitime::Epoch;
use nalgebra::Vector3;

struct Case {
    epoch: Epoch,
    orientation: EarthOrientation,
    centuries_tt: f64,
    gmst_rad: f64,
    itrf: State<astroshield_astro::state::Itrf>,
    eme2000_km: Vector3<f64>,
    gcrf_km: Vector3<f64>,
}

fn teme() -> State<Teme> {
    State::new(
        Vector3::new(5094.18016210, 6127.64465950, 6380.34453270),
        Vector3::new(-4.746131487, 0.785818041, 5.531931288),
    )
}

fn orientation(values: [f64; 4], pole: [f64; 2]) -> EarthOrientation {
    EarthOrientation {
        ut1_minus_utc_s: values[0],
        polar_motion_x_arcsec: values[1],
        polar_motion_y_arcsec: values[2],
        length_of_day_excess_s: values[3],
        celestial_pole: Some(CelestialPoleOffsets { longitude_arcsec: pole[0], obliquity_arcsec: pole[1] }),
    }
}

fn cases() -> [Case; 3] {
    [
        Case {
            epoch: Epoch::from_gregorian_utc_hms(1995, 3, 1, 6, 0, 0),
            orientation: orientation([0.2446236, -0.05924, 0.532513, 0.0025], [-0.0233771, -0.0054934]),
            centuries_tt: -0.04838464864755242,
            gmst_rad: 4.3384754580842895,
            itrf: State::new(
                Vector3::new(-7564.964062692, 2503.989728392, 6380.3488245764),
                Vector3::new(1.1846497966, -4.1535951144, 5.5319209049),
            ),
            eme2000_km: Vector3::new(5084.6961741605, 6132.9439878417, 6382.8175448982),
            gcrf_km: Vector3::new(5084.6958860621, 6132.9438179985, 6382.8179375982),
        },
        Case {
            epoch: Epoch::from_gregorian_utc_hms(2016, 12, 31, 23, 59, 30),
            orientation: orientation([-0.4087126, 0.0805493, 0.263128, 0.0012], [-0.0991435, -0.0092974]),
            centuries_tt: 0.17000685672674726,
            gmst_rad: 1.7577368093688364,
            itrf: State::new(
                Vector3::new(5074.1164860644, -6144.2792732938, 6380.3347130545),
                Vector3::new(1.2061673488, 4.1473774337, 5.5319361077),
            ),
            eme2000_km: Vector3::new(5127.8925583908, 6107.933560837, 6372.2337118931),
            gcrf_km: Vector3::new(5127.8913390708, 6107.9332783163, 6372.2349639123),
        },
        Case {
            epoch: Epoch::from_gregorian_utc(2026, 8, 18, 12, 34, 56, 789_000_000),
            orientation: orientation([0.0070420, 0.2211676, 0.3507033, -0.0004], [-0.1256783, -0.0118491]),
            centuries_tt: 0.26628405391189447,
            gmst_rad: 2.7162122941067466,
            itrf: State::new(
                Vector3::new(-2111.5109239334, -7683.7725131882, 6380.3337323897),
                Vector3::new(4.087143537, 1.3967506645, 5.5319292804),
            ),
            eme2000_km: Vector3::new(5147.186923423, 6097.4022035709, 6366.761350657),
            gcrf_km: Vector3::new(5147.1853789652, 6097.4018464682, 6366.762941263),
        },
    ]
}

#[test]
fn time_arguments_and_sidereal_time_equal_those_of_erfa() {
    for case in cases() {
        // A few units of the last place of a century count, and of the seconds that the angle is reduced from.
        assert!((julian_centuries_tt(case.epoch) - case.centuries_tt).abs() < 1e-15);
        let gmst = gmst_1982_rad(Ut1::new(case.epoch, case.orientation.ut1_minus_utc_s));
        assert!((gmst - case.gmst_rad).abs() < 2e-12, "{gmst} {}", case.gmst_rad);
    }
}

#[test]
fn itrf_and_eme2000_equal_the_same_chain_of_erfa() {
    for case in cases() {
        let attitude = EarthAttitude::new(case.epoch, &case.orientation);
        let itrf = attitude.teme_to_itrf(&teme());
        // 1e-12 rad of sidereal time at 10,000 km, and the ten printed decimals.
        assert!((itrf.position_km - case.itrf.position_km).norm() < 2e-8, "{itrf:?}");
        assert!((itrf.velocity_km_s - case.itrf.velocity_km_s).norm() < 2e-10, "{itrf:?}");

        let without_offsets = EarthOrientation { celestial_pole: None, ..case.orientation };
        let eme2000 = EarthAttitude::new(case.epoch, &without_offsets).teme_to_eme2000(&teme());
        assert!((eme2000.position_km - case.eme2000_km).norm() < 1e-9, "{eme2000:?}");
    }
}

#[test]
fn gcrf_agrees_with_the_theory_of_2006_to_two_millimeters_once_the_pole_offsets_are_given() {
    for case in cases() {
        let attitude = EarthAttitude::new(case.epoch, &case.orientation);
        let gcrf = attitude.teme_to_gcrf(&attitude.itrf_to_teme(&case.itrf));
        // 0.6 to 0.8 mm were measured when the values were made: the sidereal times of the two theories differ.
        let difference_km = (gcrf.position_km - case.gcrf_km).norm();
        assert!(difference_km < 2e-6, "{difference_km} km at {}", case.epoch);
    }
}

#[test]
fn gcrf_without_pole_offsets_is_good_to_two_meters_in_this_century() {
    for case in cases() {
        let without_offsets = EarthOrientation { celestial_pole: None, ..case.orientation };
        let attitude = EarthAttitude::new(case.epoch, &without_offsets);
        let gcrf = attitude.teme_to_gcrf(&attitude.itrf_to_teme(&case.itrf));
        let difference_m = (gcrf.position_km - case.gcrf_km).norm() * 1e3;
        assert!((0.1..2.0).contains(&difference_m), "{difference_m} m at {}", case.epoch);
    }
}

#[test]
fn frame_bias_is_that_of_erfa() {
    let rows = [
        [0.9999999999999942, -7.078279744199198e-08, 8.056217146976134e-08],
        [7.078279477857338e-08, 0.9999999999999969, 3.3060414542221364e-08],
        [-8.056217380986972e-08, -3.306040883980552e-08, 0.9999999999999962],
    ];
    for axis in 0..3 {
        let mut unit = Vector3::zeros();
        unit[axis] = 1.0;
        let biased = gcrf_to_eme2000(&State::<Gcrf>::new(unit, Vector3::zeros())).position_km;
        for (row, values) in rows.iter().enumerate() {
            // 1e-12 is 0.2 microarcseconds: ERFA rounds the pole's offset in longitude to one.
            assert!((biased[row] - values[axis]).abs() < 1e-12, "{biased:?}");
        }
    }
}

#[test]
fn rotation_rate_is_that_of_the_earth_rotation_angle() {
    let rate = core::f64::consts::TAU * 1.002_737_811_911_354_6 / 86_400.0;
    assert!((EARTH_ROTATION_RATE_RAD_S / rate - 1.0).abs() < 1e-15);
}

#[test]
fn geodetic_positions_equal_those_of_erfa() {
    let cases = [
        ([0.5, 1.0, 0.4], [3026.77574346965, 4713.9239236777175, 3039.902677067267]),
        ([1.2, -2.5, 35786.0], [-12245.681749058402, -9147.797311435143, 39276.07263307365]),
        ([-0.7, 3.0, -6000.0], [-293.0435954731881, 41.772351504760046, -221.77742304716577]),
        ([-core::f64::consts::FRAC_PI_2, 0.0, 400.0], [4.1635502846439423e-13, 0.0, -6756.752314245179]),
    ];
    for ([latitude_rad, longitude_rad, height_km], [x, y, z]) in cases {
        let position = Geodetic { latitude_rad, longitude_rad, height_km }.to_itrf();
        // Rounding of numbers of this size.
        assert!((position - Vector3::new(x, y, z)).norm() < 1e-11, "{position:?}");
    }
}
