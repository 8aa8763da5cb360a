//! The batch propagator against the scalar one, on every path that this machine has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference_data;
mod sgp4_catalog;

use astroshield_astro::cpu::Path;
use astroshield_astro::elements::MeanElements;
use astroshield_astro::sgp4::{Batch, COMPONENTS, LANES_PER_BLOCK as LANES, Propagator, StateBuffer};
use hifitime::Epoch;
use nalgebra::Vector3;

/// Near-earth and deep space. Kepler's iteration of the scalar code leaves up to 1e-12 rad; that and the rounding of
/// angles of a thousand radians are worth this much at the object's distance.
const POSITION_TOLERANCE_KM: [f64; 2] = [2e-8, 1e-7];

/// The same angles at the orbital rate.
const VELOCITY_TOLERANCE_KM_S: [f64; 2] = [5e-11, 5e-11];

fn state(states: &[f64], lanes: usize, time: usize, lane: usize) -> [f64; COMPONENTS] {
    std::array::from_fn(|component| states[(time * COMPONENTS + component) * lanes + lane])
}

/// Decayed objects apart: an object that fails anywhere in the window is only required to fail, as NaN, at the very
/// times at which the scalar code fails, and to agree to a meter before.
#[test]
fn batch_agrees_with_scalar_over_a_whole_catalog_and_a_week() {
    let test = "batch_agrees_with_scalar_over_a_whole_catalog_and_a_week";
    let Some(folder) = reference_data::folder("catalog", test) else { return };
    let catalog = sgp4_catalog::read(&folder.join("on_orbit_20241101.omm.csv.gz"));
    let propagators: Vec<Propagator> =
        catalog.iter().map(|(_, _, elements)| Propagator::new(elements).unwrap()).collect();
    let batch = Batch::new(&propagators);
    let start = Epoch::from_gregorian_utc_at_midnight(2024, 11, 1);
    let offsets: Vec<f64> = (0..=48).map(|step| 210.0 * f64::from(step)).collect();
    let window = batch.window(start, &offsets);
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        let mut buffer = StateBuffer::new(offsets.len(), batch.blocks());
        window.propagate_into(0..batch.blocks(), 0..offsets.len(), buffer.as_mut_slice(), path);
        let mut worst = [[0.0_f64; 2]; 2];
        let mut failures = 0;
        for (lane, index) in batch.order().iter().enumerate() {
            let Some(index) = *index else { continue };
            let (id, propagator) = (catalog[index].0, &propagators[index]);
            let regime = usize::from(propagator.is_deep_space());
            let base = propagator.minutes_since_epoch(start);
            let scalar: Vec<_> = offsets.iter().map(|offset| propagator.propagate(base + offset)).collect();
            let fails = scalar.iter().any(Result::is_err);
            for (time, expected) in scalar.iter().enumerate() {
                let [x, y, z, vx, vy, vz] = state(buffer.as_slice(), batch.lanes(), time, lane);
                let Ok(expected) = expected else {
                    assert!([x, y, z, vx, vy, vz].into_iter().all(f64::is_nan));
                    assert_eq!(window.failure(lane, time), expected.err());
                    failures += 1;
                    continue;
                };
                let error_km = (expected.position_km - Vector3::new(x, y, z)).amax();
                let error_km_s = (expected.velocity_km_s - Vector3::new(vx, vy, vz)).amax();
                let at = offsets[time];
                if fails {
                    assert!(error_km < 1e-3, "{id} at {at} min: {error_km} km");
                    continue;
                }
                assert!(error_km < POSITION_TOLERANCE_KM[regime], "{id} at {at} min: {error_km} km");
                assert!(error_km_s < VELOCITY_TOLERANCE_KM_S[regime], "{id} at {at} min: {error_km_s} km/s");
                worst[regime] = [worst[regime][0].max(error_km), worst[regime][1].max(error_km_s)];
            }
        }
        eprintln!("{}: worst km, km/s near-earth and deep space {worst:?}; {failures} failures", path.name());
        assert!(failures > 0);
    }
}

fn circular(mean_motion_rev_day: f64, mean_anomaly_deg: f64) -> Propagator {
    Propagator::new(&MeanElements {
        epoch: Epoch::from_gregorian_utc_at_midnight(2024, 11, 1),
        mean_motion_rev_day,
        eccentricity: 0.001,
        inclination_deg: 51.6,
        raan_deg: 120.0,
        argument_of_perigee_deg: 270.0,
        mean_anomaly_deg,
        bstar_inv_earth_radii: 1e-4,
    })
    .unwrap()
}

/// A block and a bit of near-earth objects, and a bit of a block in deep space.
#[test]
fn padding_is_not_a_number_and_every_object_has_one_lane() {
    let propagators: Vec<_> = (0..LANES as u32 + 3)
        .map(|i| circular(15.5, f64::from(i)))
        .chain((0..3).map(|i| circular(1.5, f64::from(i))))
        .collect();
    let batch = Batch::new(&propagators);
    assert_eq!((batch.blocks(), batch.lanes(), batch.near_earth_blocks()), (3, 3 * LANES, 0..2));
    let mut indices: Vec<_> = batch.order().iter().copied().flatten().collect();
    indices.sort_unstable();
    assert_eq!(indices, (0..LANES + 6).collect::<Vec<_>>());

    let window = batch.window(propagators[0].epoch(), &[0.0, 1.0]);
    for path in Path::ALL {
        let mut buffer = StateBuffer::new(2, 3);
        window.propagate_into(0..3, 0..2, buffer.as_mut_slice(), path);
        for (lane, index) in batch.order().iter().enumerate() {
            let state = state(buffer.as_slice(), batch.lanes(), 1, lane);
            assert_eq!(state.iter().all(|c| c.is_finite()), index.is_some());
            assert_eq!(state.iter().all(|c| c.is_nan()), index.is_none());
        }
    }
}

#[test]
fn parts_of_a_window_are_the_whole_to_the_last_bit() {
    let propagators: Vec<_> =
        (0..90).map(|i| circular(if i % 3 == 0 { 2.0 } else { 14.0 }, f64::from(i))).collect();
    let batch = Batch::new(&propagators);
    let offsets = [0.0, 500.0, 900.0, 1500.0];
    let window = batch.window(propagators[0].epoch(), &offsets);
    for path in Path::ALL {
        let mut whole = StateBuffer::new(4, batch.blocks());
        window.propagate_into(0..batch.blocks(), 0..4, whole.as_mut_slice(), path);
        for block in 0..batch.blocks() {
            for time in 0..4 {
                let mut part = StateBuffer::new(1, 1);
                window.propagate_into(block..block + 1, time..time + 1, part.as_mut_slice(), path);
                for lane in 0..LANES {
                    let of_part = state(part.as_slice(), LANES, 0, lane).map(f64::to_bits);
                    let of_whole = state(whole.as_slice(), batch.lanes(), time, block * LANES + lane);
                    assert_eq!(of_part, of_whole.map(f64::to_bits));
                }
            }
        }
    }
}
