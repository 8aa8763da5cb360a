//! Properties of the frames: inverses, and velocities that are the derivatives of positions.

use astroshield_astro::frames::{
    CelestialPoleOffsets, EarthAttitude, EarthOrientation, Geodetic, GeodeticError,
    WGS84_EQUATORIAL_RADIUS_KM, WGS84_INVERSE_FLATTENING, eme2000_to_gcrf, gcrf_to_eme2000,
};
use astroshield_astro::state::{Frame, State, Teme};
use hifitime::{Duration, Epoch};
use nalgebra::Vector3;
use proptest::prelude::*;

fn vectors(size: f64) -> impl Strategy<Value = Vector3<f64>> {
    (-size..size, -size..size, -size..size).prop_map(|(x, y, z)| Vector3::new(x, y, z))
}

fn epochs() -> impl Strategy<Value = Epoch> {
    (0.0..2.5e9).prop_map(|seconds| {
        Epoch::from_gregorian_utc_hms(1972, 1, 1, 0, 0, 0) + Duration::from_seconds(seconds)
    })
}

fn orientations() -> impl Strategy<Value = EarthOrientation> {
    (-0.9..0.9, -0.6..0.6, -0.6..0.6, -0.004..0.004, proptest::option::of((-0.2..0.2, -0.05..0.05))).prop_map(
        |(ut1_minus_utc_s, polar_motion_x_arcsec, polar_motion_y_arcsec, length_of_day_excess_s, pole)| {
            EarthOrientation {
                ut1_minus_utc_s,
                polar_motion_x_arcsec,
                polar_motion_y_arcsec,
                length_of_day_excess_s,
                celestial_pole: pole.map(|(longitude_arcsec, obliquity_arcsec)| CelestialPoleOffsets {
                    longitude_arcsec,
                    obliquity_arcsec,
                }),
            }
        },
    )
}

/// A dozen products and sums of numbers of this size.
fn same<F: Frame>(a: &State<F>, b: &State<F>) -> bool {
    (a.position_km - b.position_km).norm() < 1e-14 * (1.0 + a.position_km.norm()) * 10.0
        && (a.velocity_km_s - b.velocity_km_s).norm()
            < 1e-14 * (1.0 + a.velocity_km_s.norm() + 1e-4 * a.position_km.norm()) * 10.0
}

proptest! {
    #[test]
    fn every_transformation_is_undone_by_its_inverse(
        epoch in epochs(), orientation in orientations(), r in vectors(5e4), v in vectors(10.0),
    ) {
        let attitude = EarthAttitude::new(epoch, &orientation);
        let teme = State::<Teme>::new(r, v);
        prop_assert!(same(&teme, &attitude.itrf_to_teme(&attitude.teme_to_itrf(&teme))));
        prop_assert!(same(&teme, &attitude.gcrf_to_teme(&attitude.teme_to_gcrf(&teme))));
        prop_assert!(same(&teme, &attitude.eme2000_to_teme(&attitude.teme_to_eme2000(&teme))));
        let gcrf = attitude.teme_to_gcrf(&teme);
        prop_assert!(same(&gcrf, &eme2000_to_gcrf(&gcrf_to_eme2000(&gcrf))));
        prop_assert!(same(&attitude.teme_to_eme2000(&teme), &gcrf_to_eme2000(&gcrf)));
    }

    #[test]
    fn itrf_velocity_is_the_derivative_of_itrf_position(
        epoch in epochs(), r in vectors(5e4), v in vectors(10.0),
    ) {
        // A straight line in inertial space, seen from the turning Earth at one second before and after.
        let at = |seconds: f64| {
            EarthAttitude::new(epoch + Duration::from_seconds(seconds), &EarthOrientation::NEGLECTED)
        };
        let now = at(0.0);
        let gcrf = now.teme_to_gcrf(&State::new(r, v));
        let moved = |seconds: f64| {
            let attitude = at(seconds);
            let state = State::new(gcrf.position_km + gcrf.velocity_km_s * seconds, gcrf.velocity_km_s);
            attitude.teme_to_itrf(&attitude.gcrf_to_teme(&state)).position_km
        };
        let difference = (moved(1.0) - moved(-1.0)) / 2.0;
        let velocity = now.teme_to_itrf(&now.gcrf_to_teme(&gcrf)).velocity_km_s;
        // The cut-off of the central difference, omega^3 r / 6 + omega^2 v / 2 = 3e-8 + 3e-8 km/s; the precession of TEME
        // that the velocity leaves out is 7.7e-12 rad/s, 7e-7 km/s at the edge of the range.
        prop_assert!((difference - velocity).norm() < 1e-6, "{difference} {velocity}");
    }

    #[test]
    fn geodetic_coordinates_return_to_their_position(
        direction in vectors(1.0).prop_filter("a direction", |v| v.norm() > 0.01),
        radius_km in 50.0f64..400_000.0,
    ) {
        let position = direction.normalize() * radius_km.max(50.001);
        let geodetic = Geodetic::from_itrf(&position).unwrap();
        // A few units of the last place of the largest number that takes part.
        let tolerance_km = 4e-15 * (radius_km + WGS84_EQUATORIAL_RADIUS_KM);
        prop_assert!((geodetic.to_itrf() - position).norm() < tolerance_km, "{position} {geodetic:?}");
    }
}

#[test]
fn poles_and_equator_have_exact_geodetic_coordinates() {
    let polar_radius_km = WGS84_EQUATORIAL_RADIUS_KM * (1.0 - 1.0 / WGS84_INVERSE_FLATTENING);
    for (position, latitude_rad, height_km) in [
        (Vector3::new(0.0, 0.0, polar_radius_km + 400.0), core::f64::consts::FRAC_PI_2, 400.0),
        (Vector3::new(0.0, 0.0, -polar_radius_km - 400.0), -core::f64::consts::FRAC_PI_2, 400.0),
        (Vector3::new(0.0, 0.0, polar_radius_km - 6_000.0), core::f64::consts::FRAC_PI_2, -6_000.0),
        (Vector3::new(1e-300, 0.0, polar_radius_km + 400.0), core::f64::consts::FRAC_PI_2, 400.0),
        (Vector3::new(1e-20, 1e-20, -polar_radius_km), -core::f64::consts::FRAC_PI_2, 0.0),
        (Vector3::new(-WGS84_EQUATORIAL_RADIUS_KM - 7.0, 0.0, 0.0), 0.0, 7.0),
        (Vector3::new(0.0, 100.0, 0.0), 0.0, 100.0 - WGS84_EQUATORIAL_RADIUS_KM),
    ] {
        let geodetic = Geodetic::from_itrf(&position).unwrap();
        assert!((geodetic.latitude_rad - latitude_rad).abs() < 1e-15, "{geodetic:?}");
        assert!((geodetic.height_km - height_km).abs() < 2e-12, "{geodetic:?}");
    }
}

#[test]
fn center_of_the_earth_has_no_geodetic_coordinates() {
    let refused = Geodetic::from_itrf(&Vector3::new(10.0, 0.0, 20.0));
    assert_eq!(refused, Err(GeodeticError::NearCenter { radius_km: libm::hypot(10.0, 20.0) }));
    assert!(Geodetic::from_itrf(&Vector3::new(f64::NAN, 0.0, 7_000.0)).is_err());
    assert!(Geodetic::from_itrf(&Vector3::new(f64::INFINITY, 0.0, 7_000.0)).is_err());
}

#[test]
fn neglecting_earth_orientation_costs_what_the_documentation_says() {
    // The extremes of the fields' documented ranges, at 7,000 km and at the geostationary radius.
    let epoch = Epoch::from_gregorian_utc_hms(2026, 1, 1, 0, 0, 0);
    let zero = EarthAttitude::new(epoch, &EarthOrientation::NEGLECTED);
    let cost_m = |radius_km: f64, orientation: EarthOrientation| {
        let teme = State::<Teme>::new(Vector3::new(radius_km, 0.0, 0.0), Vector3::zeros());
        let itrf = EarthAttitude::new(epoch, &orientation).teme_to_itrf(&teme);
        (itrf.position_km - zero.teme_to_itrf(&teme).position_km).norm() * 1e3
    };
    let ut1 = EarthOrientation { ut1_minus_utc_s: 0.9, ..EarthOrientation::NEGLECTED };
    assert!((450.0..=460.0).contains(&cost_m(7_000.0, ut1)));
    assert!((2_700.0..=2_800.0).contains(&cost_m(42_164.0, ut1)));
    let teme = State::<Teme>::new(Vector3::new(0.0, 0.0, 7_000.0), Vector3::zeros());
    let pole = EarthOrientation { polar_motion_x_arcsec: 0.6, ..EarthOrientation::NEGLECTED };
    let moved = EarthAttitude::new(epoch, &pole).teme_to_itrf(&teme).position_km
        - zero.teme_to_itrf(&teme).position_km;
    assert!((20.0..=20.5).contains(&(moved.norm() * 1e3)));
}
