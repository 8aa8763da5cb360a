//! Frames against published values.

use astroshield_astro::frames::{
    CelestialPoleOffsets, EarthAttitude, EarthOrientation, Geodetic, gmst_1982_rad,
};
use astroshield_astro::state::{Itrf, State, Teme};
use astroshield_astro::time::{Ut1, tai_minus_utc_s, to_utc};
use hifitime::{Duration, Epoch, TimeScale};
use nalgebra::Vector3;

/// Vallado, *Fundamentals of Astrodynamics and Applications*, 4th edition, example 3-15, and AIAA 2006-6753, appendix C:
/// 2004-04-06T07:51:28.386009 UTC.
fn vallado_example() -> (Epoch, EarthOrientation) {
    let orientation = EarthOrientation {
        ut1_minus_utc_s: -0.439_961_9,
        polar_motion_x_arcsec: -0.140_682,
        polar_motion_y_arcsec: 0.333_309,
        length_of_day_excess_s: 0.001_556_3,
        celestial_pole: Some(CelestialPoleOffsets {
            longitude_arcsec: -0.052_195,
            obliquity_arcsec: -0.003_875,
        }),
    };
    (Epoch::from_gregorian_utc(2004, 4, 6, 7, 51, 28, 386_009_000), orientation)
}

fn vallado_teme() -> State<Teme> {
    State::new(
        Vector3::new(5_094.180_162_10, 6_127.644_659_50, 6_380.344_532_70),
        Vector3::new(-4.746_131_487, 0.785_818_041, 5.531_931_288),
    )
}

fn vallado_itrf() -> State<Itrf> {
    State::new(
        Vector3::new(-1_033.479_383_0, 7_901.295_275_4, 6_380.356_595_8),
        Vector3::new(-3.225_636_520, -2.872_451_450, 5.531_924_446),
    )
}

/// The example's UT1 was a Julian date in one `f64`, rounded to a grid of 40 microseconds: up to 20 microseconds,
/// in which the Earth turns by 1.5e-9 rad: 1.2 cm and 0.012 mm/s for this object.
const JULIAN_DATE_ROUNDING_RAD: f64 = 20e-6 * 7.3e-5;

#[test]
fn vallado_example_from_teme_to_pef_and_itrf() {
    let (epoch, orientation) = vallado_example();
    let attitude = EarthAttitude::new(epoch, &orientation);
    let position_tolerance_km = JULIAN_DATE_ROUNDING_RAD * 8_000.0;
    let velocity_tolerance_km_s = JULIAN_DATE_ROUNDING_RAD * 8.0;

    let pef = attitude.teme_to_pef(&vallado_teme());
    assert!(
        (pef.position_km - Vector3::new(-1_033.475_031_3, 7_901.305_585_6, 6_380.344_532_7)).norm()
            < position_tolerance_km
    );
    assert!(
        (pef.velocity_km_s - Vector3::new(-3.225_632_747, -2.872_442_511, 5.531_931_288)).norm()
            < velocity_tolerance_km_s
    );

    let itrf = attitude.teme_to_itrf(&vallado_teme());
    assert!((itrf.position_km - vallado_itrf().position_km).norm() < position_tolerance_km, "{itrf:?}");
    assert!((itrf.velocity_km_s - vallado_itrf().velocity_km_s).norm() < velocity_tolerance_km_s, "{itrf:?}");

    let teme = attitude.itrf_to_teme(&vallado_itrf());
    assert!((teme.position_km - vallado_teme().position_km).norm() < position_tolerance_km, "{teme:?}");
}

#[test]
fn vallado_example_from_teme_to_gcrf_and_eme2000() {
    let (epoch, orientation) = vallado_example();
    let gcrf = EarthAttitude::new(epoch, &orientation).teme_to_gcrf(&vallado_teme());
    // The eight printed decimals of TEME, and nine of the velocity.
    assert!(
        (gcrf.position_km - Vector3::new(5_102.508_957_90, 6_123.011_400_70, 6_378.136_928_20)).norm() < 1e-7,
        "{gcrf:?}"
    );
    assert!(
        (gcrf.velocity_km_s - Vector3::new(-4.743_220_157, 0.790_536_497, 5.533_755_727)).norm() < 2e-9,
        "{gcrf:?}"
    );

    let without_offsets = EarthOrientation { celestial_pole: None, ..orientation };
    let eme2000 = EarthAttitude::new(epoch, &without_offsets).teme_to_eme2000(&vallado_teme());
    // The table of frames prints these with five decimals.
    assert!(
        (eme2000.position_km - Vector3::new(5_102.509_600, 6_123.011_520, 6_378.136_300)).norm() < 1e-6,
        "{eme2000:?}"
    );
    assert!(
        (eme2000.velocity_km_s - Vector3::new(-4.743_219_60, 0.790_536_60, 5.533_756_19)).norm() < 1e-8,
        "{eme2000:?}"
    );
}

#[test]
fn vallado_example_3_5_of_sidereal_time() {
    // 1992-08-20T12:14 UT1: 152.578787810 degrees.
    let ut1 = Ut1::new(Epoch::from_gregorian_utc_hms(1992, 8, 20, 12, 14, 0), 0.0);
    // The example's Julian date, too, is one f64.
    assert!((gmst_1982_rad(ut1) - 152.578_787_810_f64.to_radians()).abs() < JULIAN_DATE_ROUNDING_RAD);
}

#[test]
fn vallado_example_3_3_of_geodetic_latitude() {
    // Fundamentals of Astrodynamics and Applications, example 3-3: 34.352496 degrees, 46.4464 degrees, 5085.22 km.
    let geodetic = Geodetic::from_itrf(&Vector3::new(6_524.834, 6_862.875, 6_448.296)).unwrap();
    // The example's iteration ends one unit off in its sixth decimal: ERFA's gc2gd, with one Halley step,
    // gives 34.3524951510.
    assert!((geodetic.latitude_rad.to_degrees() - 34.352_496).abs() < 1e-6, "{geodetic:?}");
    assert!((geodetic.latitude_rad.to_degrees() - 34.352_495_151_0).abs() < 1e-9, "{geodetic:?}");
    assert!((geodetic.longitude_rad.to_degrees() - 46.446_4).abs() < 5e-5);
    assert!((geodetic.height_km - 5_085.22).abs() < 5e-3);
}

#[test]
fn leap_seconds_take_effect_at_midnight_utc_in_every_scale() {
    // IERS Bulletin C 52: TAI - UTC = 36 s until 2017-01-01, 37 s from then on.
    for (epoch, expected) in [
        (Epoch::from_gregorian_utc_hms(2016, 12, 31, 23, 59, 59), 36.0),
        (Epoch::from_gregorian_utc_hms(2017, 1, 1, 0, 0, 0), 37.0),
        (Epoch::from_gregorian_utc_hms(1972, 1, 1, 0, 0, 0), 10.0),
        (Epoch::from_gregorian_utc_hms(1971, 12, 31, 23, 59, 59), 0.0),
        (Epoch::from_gregorian_utc_hms(2026, 6, 1, 0, 0, 0), 37.0),
    ] {
        let expected = Duration::from_seconds(expected);
        for scale in [TimeScale::UTC, TimeScale::TAI, TimeScale::TT] {
            if expected == Duration::ZERO && scale != TimeScale::UTC {
                continue;
            }
            let same_instant = epoch.to_time_scale(scale);
            assert_eq!(Duration::from_seconds(tai_minus_utc_s(same_instant)), expected, "{same_instant}");
            assert_eq!(to_utc(same_instant).duration, epoch.duration, "{same_instant}");
        }
    }
    // TAI 2017-01-01T00:00:36 is the leap second itself, 23:59:60, and still 36 s ahead.
    let leap = Epoch::from_gregorian_tai_hms(2017, 1, 1, 0, 0, 36);
    assert_eq!(Duration::from_seconds(tai_minus_utc_s(leap)), Duration::from_seconds(36.0));
    assert_eq!(
        Duration::from_seconds(tai_minus_utc_s(leap + Duration::from_seconds(1.0))),
        Duration::from_seconds(37.0)
    );
}
