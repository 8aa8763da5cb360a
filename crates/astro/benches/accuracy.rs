//! Accuracy of batch propagation: `cargo bench -p astroshield-astro --bench accuracy -- CATALOG.omm.csv.gz STATES`.
//!
//! Prints, for each set of objects and path, the largest and the 99.9th percentile of the difference of position
//! between batch and scalar code, over the whole catalog and a week from its newest epoch; objects that fail in that week
//! apart. Into the file STATES it writes the scalar positions, for other programs to be held against: f64, little-endian,
//! km (TEME), by object in the catalog's order, then time, then x, y, z, NaN where the scalar code fails; in improved mode,
//! which is the mode of those programs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at the first fault")]

#[path = "../tests/sgp4_catalog/mod.rs"]
mod sgp4_catalog;

use astroshield_astro::cpu::Path;
use astroshield_astro::sgp4::{Batch, COMPONENTS, Mode, Propagator, StateBuffer};
use hifitime::Epoch;
use nalgebra::Vector3;
use std::path::PathBuf;

const TIMES: usize = 49;
const STEP_MINUTES: f64 = 210.0;

/// Positions at each time; none for an object that fails at one of them.
fn positions(propagator: &Propagator, start: Epoch, offsets: &[f64]) -> Option<Vec<Vector3<f64>>> {
    let base = propagator.minutes_since_epoch(start);
    offsets.iter().map(|offset| Some(propagator.propagate(base + offset).ok()?.position_km)).collect()
}

fn main() {
    let files: Vec<PathBuf> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from).collect();
    let [catalog, states_file] = &files[..] else { panic!("two files are due: CATALOG STATES") };
    let catalog = sgp4_catalog::read(catalog);
    let elements: Vec<_> = catalog.iter().map(|(_, _, elements)| elements).collect();
    let start = elements.iter().map(|elements| elements.epoch).max().unwrap();
    let offsets: Vec<f64> = (0..TIMES).map(|time| time as f64 * STEP_MINUTES).collect();

    let failed = vec![Vector3::repeat(f64::NAN); TIMES];
    let mut bytes = Vec::with_capacity(elements.len() * TIMES * 3 * size_of::<f64>());
    for elements in &elements {
        let propagator = Propagator::with_mode(elements, Mode::Improved).unwrap();
        let positions = positions(&propagator, start, &offsets).unwrap_or_else(|| failed.clone());
        bytes.extend(positions.iter().flat_map(|position| position.iter()).flat_map(|km| km.to_le_bytes()));
    }
    std::fs::write(states_file, bytes).unwrap();

    let propagators: Vec<Propagator> =
        elements.iter().map(|elements| Propagator::new(elements).unwrap()).collect();
    let expected: Vec<_> =
        propagators.iter().map(|propagator| positions(propagator, start, &offsets)).collect();
    let batch = Batch::new(&propagators);
    let window = batch.window(start, &offsets);
    let mut buffer = StateBuffer::new(TIMES, batch.blocks());
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        window.propagate_into(0..batch.blocks(), 0..TIMES, buffer.as_mut_slice(), path);
        for (name, deep_space) in [("near-earth", false), ("deep-space", true)] {
            let mut differences_km = Vec::new();
            for (lane, index) in batch.order().iter().enumerate() {
                let Some(index) = index.filter(|index| propagators[*index].is_deep_space() == deep_space)
                else {
                    continue;
                };
                for (time, expected) in expected[index].iter().flatten().enumerate() {
                    let component =
                        |c: usize| buffer.as_slice()[(time * COMPONENTS + c) * batch.lanes() + lane];
                    let position_km = Vector3::new(component(0), component(1), component(2));
                    differences_km.push((position_km - expected).norm());
                }
            }
            differences_km.sort_by(f64::total_cmp);
            let largest = differences_km.last().unwrap();
            let p999 = differences_km[differences_km.len() * 999 / 1000];
            println!("accuracy\tbatch\t{name}\t{}\t{largest:e}\t{p999:e}\tkm", path.name());
        }
    }
}
