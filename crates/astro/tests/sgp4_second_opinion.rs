//! SGP4 in AFSPC mode against an independent implementation, the crate `sgp4`, over a whole real catalog.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference_data;
mod sgp4_catalog;

use astroshield_astro::elements::MeanElements;
use astroshield_astro::sgp4::{PropagationError, Propagator};
use nalgebra::Vector3;

/// The other implementation, in AFSPC mode, with the elements as ours has them.
fn other(id: u64, epoch: &str, elements: &MeanElements) -> sgp4::Constants {
    let elements = sgp4::Elements {
        object_name: None,
        international_designator: None,
        norad_id: id,
        classification: sgp4::Classification::Unclassified,
        datetime: epoch.parse().unwrap(),
        mean_motion_dot: 0.0,
        mean_motion_ddot: 0.0,
        drag_term: elements.bstar_inv_earth_radii,
        element_set_number: 0,
        inclination: elements.inclination_deg,
        right_ascension: elements.raan_deg,
        eccentricity: elements.eccentricity,
        argument_of_perigee: elements.argument_of_perigee_deg,
        mean_anomaly: elements.mean_anomaly_deg,
        mean_motion: elements.mean_motion_rev_day,
        revolution_number: 0,
        ephemeris_type: 0,
    };
    sgp4::Constants::from_elements_afspc_compatibility_mode(&elements).unwrap()
}

/// Every object, seven times over a week on either side of the epoch.
///
/// Tolerances: the epoch of the other is a number of years in one f64 (7e-9 days at worst), which moves the
/// third bodies and sidereal time of deep-space orbits; the rest is rounding.
#[test]
fn afspc_mode_agrees_with_the_crate_sgp4_over_a_whole_catalog() {
    let test = "afspc_mode_agrees_with_the_crate_sgp4_over_a_whole_catalog";
    let Some(folder) = reference_data::folder("catalog", test) else { return };
    let catalog = sgp4_catalog::read(&folder.join("on_orbit_20241101.omm.csv.gz"));
    assert_eq!(catalog.len(), 26_834);
    let (mut deep_space, mut failures) = (0, 0);
    let mut worst = [0.0_f64; 2];
    for (id, epoch, elements) in &catalog {
        let ours = Propagator::new(elements).unwrap_or_else(|error| panic!("{id}: {error}"));
        let theirs = other(*id, epoch, elements);
        let deep = ours.is_deep_space();
        deep_space += usize::from(deep);
        for minutes in [-10_080.0, -720.0, 0.0, 37.5, 1440.0, 5000.25, 10_080.0] {
            let prediction = theirs.propagate_afspc_compatibility_mode(sgp4::MinutesSinceEpoch(minutes));
            match (ours.propagate(minutes), prediction) {
                (Ok(state), Ok(prediction)) => {
                    let error_km = (state.position_km - Vector3::from(prediction.position)).amax();
                    let error_km_s = (state.velocity_km_s - Vector3::from(prediction.velocity)).amax();
                    worst[usize::from(deep)] = worst[usize::from(deep)].max(error_km);
                    let tolerance_km = if deep { 1e-6 } else { 2e-8 };
                    assert!(error_km < tolerance_km, "{id} at {minutes} min: {error_km} km");
                    assert!(error_km_s < 1e-9, "{id} at {minutes} min: {error_km_s} km/s");
                }
                // The other does not check for decay.
                (Err(PropagationError::Decayed { radius_km, .. }), Ok(prediction)) => {
                    let expected = Vector3::from(prediction.position).norm();
                    assert!(expected < 6378.135 && (radius_km - expected).abs() < 1e-6, "{id}");
                    failures += 1;
                }
                (Err(_), Err(_)) => failures += 1,
                (ours, theirs) => panic!("{id} at {minutes} min: {ours:?} against {theirs:?}"),
            }
        }
    }
    eprintln!("worst: near-earth {} km, deep-space {} km; {failures} failures alike", worst[0], worst[1]);
    assert!(deep_space > 3000, "{deep_space}");
}
