//! Properties that SGP4 must have for any elements.

use astroshield_astro::cpu::Path;
use astroshield_astro::elements::MeanElements;
use astroshield_astro::sgp4::{
    Batch, COMPONENTS, ElementError, Mode, PropagationError, Propagator, StateBuffer, TIME_LIMIT_MINUTES,
};
use hifitime::{Epoch, Unit};
use proptest::prelude::*;

/// A half-day resonant orbit (Molniya) at the edge of the drag model.
fn molniya() -> MeanElements {
    MeanElements {
        epoch: Epoch::from_gregorian_utc(2024, 11, 1, 3, 14, 15, 926_535_897),
        mean_motion_rev_day: 2.006_12,
        eccentricity: 0.74,
        inclination_deg: 63.4,
        raan_deg: 120.0,
        argument_of_perigee_deg: 270.0,
        mean_anomaly_deg: 10.0,
        bstar_inv_earth_radii: 1e-4,
    }
}

fn geostationary() -> MeanElements {
    MeanElements {
        mean_motion_rev_day: 1.002_7,
        eccentricity: 0.000_2,
        inclination_deg: 0.05,
        argument_of_perigee_deg: 12.0,
        bstar_inv_earth_radii: 0.0,
        ..molniya()
    }
}

#[test]
fn result_does_not_depend_on_tabulated_resonance() {
    for elements in [molniya(), geostationary()] {
        let plain = Propagator::new(&elements).unwrap();
        let mut tabulated = plain.clone();
        tabulated.tabulate_resonance(-5000.0..=9000.0);
        for step in -40..60 {
            // Beyond the table, within it, and on its very checkpoints.
            for minutes in [f64::from(step) * 333.3, f64::from(step) * 720.0] {
                assert_eq!(plain.propagate(minutes), tabulated.propagate(minutes), "{minutes}");
            }
        }
    }
}

#[test]
fn result_does_not_depend_on_earlier_calls() {
    let propagator = Propagator::new(&molniya()).unwrap();
    let before = propagator.propagate(3000.0);
    for minutes in [20_000.0, -20_000.0, 10.0, -1.0] {
        let _ = propagator.propagate(minutes);
        assert_eq!(propagator.propagate(3000.0), before);
    }
}

/// Euler-Maclaurin steps of 720 minutes have a truncation error of their own: a small one.
#[test]
fn resonance_is_continuous_across_integrator_steps() {
    for elements in [molniya(), geostationary()] {
        let propagator = Propagator::new(&elements).unwrap();
        for step in [-3, -2, -1, 1, 2, 3] {
            let edge = 720.0 * f64::from(step);
            let [before, after] =
                [edge.next_down(), edge.next_up()].map(|t| propagator.propagate(t).unwrap().position_km);
            assert!((before - after).norm() < 0.05, "{} km at {edge}", (before - after).norm());
        }
    }
}

#[test]
fn minutes_since_epoch_count_leap_seconds() {
    let epoch = Epoch::from_gregorian_utc_at_midnight(2016, 12, 31);
    let propagator = Propagator::new(&MeanElements { epoch, ..geostationary() }).unwrap();
    let day_later = Epoch::from_gregorian_utc_at_midnight(2017, 1, 1);
    let minutes = propagator.minutes_since_epoch(day_later);
    assert_eq!(minutes.to_bits(), (86_401.0_f64 / 60.0).to_bits());
    assert_eq!(propagator.minutes_since_epoch(epoch - 30 * Unit::Second).to_bits(), (-0.5_f64).to_bits());
}

#[test]
fn mode_matters_only_for_deep_space() {
    let near_earth = MeanElements { mean_motion_rev_day: 15.5, eccentricity: 0.001, ..molniya() };
    let [afspc, improved] = [Mode::Afspc, Mode::Improved]
        .map(|mode| Propagator::with_mode(&near_earth, mode).unwrap().propagate(777.0).unwrap());
    assert_eq!(afspc, improved);
}

#[test]
fn elements_outside_their_range_are_refused_by_name_and_value() {
    let refused = |elements: MeanElements| Propagator::new(&elements).unwrap_err();
    let good = molniya();
    assert_eq!(
        refused(MeanElements { eccentricity: -0.1, ..good }),
        ElementError::Eccentricity { value: -0.1 }
    );
    assert_eq!(
        refused(MeanElements { eccentricity: 1.0, ..good }),
        ElementError::Eccentricity { value: 1.0 }
    );
    assert_eq!(
        refused(MeanElements { mean_motion_rev_day: 0.0, ..good }),
        ElementError::MeanMotion { value: 0.0 }
    );
    assert_eq!(
        refused(MeanElements { inclination_deg: 180.1, ..good }),
        ElementError::Inclination { value: 180.1 }
    );
    assert_eq!(
        refused(MeanElements { raan_deg: 1e9, ..good }),
        ElementError::Angle { element: "raan_deg", value: 1e9 }
    );
    assert_eq!(
        refused(MeanElements { bstar_inv_earth_radii: f64::INFINITY, ..good }),
        ElementError::NotFinite { element: "bstar_inv_earth_radii", value: f64::INFINITY }
    );
    assert!(matches!(
        refused(MeanElements { mean_motion_rev_day: 40.0, eccentricity: 0.01, ..good }),
        ElementError::ApogeeBelowSurface { radius_earth_radii } if radius_earth_radii < 0.7
    ));
    let low = MeanElements { mean_motion_rev_day: 16.9, eccentricity: 0.0, ..good };
    assert_eq!(refused(MeanElements { bstar_inv_earth_radii: 1e308, ..low }), ElementError::Singular);
}

#[test]
fn times_outside_the_limit_are_refused() {
    let propagator = Propagator::new(&molniya()).unwrap();
    for minutes in [f64::NAN, f64::INFINITY, -f64::INFINITY, TIME_LIMIT_MINUTES.next_up()] {
        assert!(matches!(propagator.propagate(minutes), Err(PropagationError::Time { .. })), "{minutes}");
    }
}

prop_compose! {
    /// Elements from all over the floating-point range, most of them within the range that is accepted.
    fn any_elements()(
        mean_motion_rev_day in prop_oneof![0.0..20.0_f64, 0.9..2.1_f64, any::<f64>()],
        eccentricity in prop_oneof![0.0..1.0_f64, Just(0.0), Just(1.0_f64.next_down()), any::<f64>()],
        inclination_deg in prop_oneof![0.0..=180.0_f64, 0.0..12.0_f64, Just(0.0), Just(180.0), any::<f64>()],
        raan_deg in prop_oneof![0.0..360.0_f64, any::<f64>()],
        argument_of_perigee_deg in prop_oneof![9 => 0.0..360.0_f64, 1 => any::<f64>()],
        mean_anomaly_deg in prop_oneof![9 => 0.0..360.0_f64, 1 => any::<f64>()],
        bstar_inv_earth_radii in prop_oneof![-0.1..0.1_f64, -1e5..1e5_f64, any::<f64>()],
        day in 0..80_000_i64,
    ) -> MeanElements {
        MeanElements {
            epoch: Epoch::from_gregorian_utc_at_midnight(1900, 1, 1) + day * Unit::Day,
            mean_motion_rev_day,
            eccentricity,
            inclination_deg,
            raan_deg,
            argument_of_perigee_deg,
            mean_anomaly_deg,
            bstar_inv_earth_radii,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// A state that is given is finite and above the surface; anything else is an error, never a panic.
    #[test]
    fn any_elements_give_a_finite_state_or_an_error(
        elements in any_elements(),
        minutes in prop_oneof![-20_000.0..20_000.0_f64, any::<f64>()],
    ) {
        if let Ok(propagator) = Propagator::new(&elements)
            && let Ok(state) = propagator.propagate(minutes)
        {
            prop_assert!(state.position_km.iter().chain(&state.velocity_km_s).all(|c| c.is_finite()));
            // The surface, less the rounding of the vector's norm.
            prop_assert!(state.position_km.norm() > 6378.135 * (1.0 - 1e-12));
        }
    }
}

proptest! {
    // Fewer: objects of one batch may be years apart, with a resonance to integrate over all of it.
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The batch has a finite state exactly where the scalar code has one, and NaN elsewhere.
    #[test]
    fn any_elements_have_a_batch_state_exactly_where_they_have_a_scalar_one(
        elements in prop::collection::vec(any_elements(), 1..20),
        offset in prop_oneof![9 => -20_000.0..20_000.0_f64, 1 => any::<f64>()],
        age_days in 0..200_i64,
    ) {
        let start = Epoch::from_gregorian_utc_at_midnight(2024, 11, 1);
        let propagators: Vec<_> = elements
            .into_iter()
            .zip(0..)
            .map(|(e, i)| MeanElements { epoch: start - (age_days * i) * Unit::Day, ..e })
            .filter_map(|e| Propagator::new(&e).ok())
            .collect();
        let batch = Batch::new(&propagators);
        let window = batch.window(start, &[offset]);
        for path in Path::ALL {
            let mut buffer = StateBuffer::new(1, batch.blocks());
            window.propagate_into(0..batch.blocks(), 0..1, buffer.as_mut_slice(), path);
            for (lane, index) in batch.order().iter().enumerate() {
                let Some(index) = *index else { continue };
                let propagator = &propagators[index];
                let scalar = propagator.propagate(propagator.minutes_since_epoch(start) + offset);
                let all: Vec<f64> =
                    (0..COMPONENTS).map(|c| buffer.as_slice()[c * batch.lanes() + lane]).collect();
                match scalar {
                    Ok(_) => prop_assert!(all.iter().all(|c| c.is_finite()), "{propagator:?}"),
                    Err(_) => prop_assert!(all.iter().all(|c| c.is_nan()), "{propagator:?}"),
                }
            }
        }
    }
}
