//! Throughput of propagation: `cargo bench -p astroshield-astro --bench propagation -- [CATALOG.omm.csv.gz]`.
//!
//! Prints one line for each implementation, set of objects and path: million states (position and velocity, f64) a
//! second on one core, by CPU time where the system tells it. The work is the same for all: every object at
//! 720 times, two minutes apart.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at the first fault")]

#[path = "../tests/sgp4_catalog/mod.rs"]
mod sgp4_catalog;

use astroshield_astro::cpu::Path;
use astroshield_astro::elements::MeanElements;
use astroshield_astro::sgp4::{Batch, LANES_PER_BLOCK, Propagator, StateBuffer};
use std::hint::black_box;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

const TIMES: usize = 720;
const STEP_MINUTES: f64 = 2.0;

/// States computed before they are used: what fits the second-level cache.
const BLOCKS_AT_ONCE: usize = 8;
const TIMES_AT_ONCE: usize = 72;

/// Seconds that this thread has spent on a processor; wall time where the system does not say.
fn seconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let on_processor = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    on_processor.map_or_else(
        || START.get_or_init(Instant::now).elapsed().as_secs_f64(),
        |nanoseconds| nanoseconds * 1e-9,
    )
}

/// The best of three runs.
fn report(name: &str, objects: &str, path: &str, states: usize, mut run: impl FnMut()) {
    let best = (0..3)
        .map(|_| {
            let start = seconds();
            run();
            seconds() - start
        })
        .fold(f64::INFINITY, f64::min);
    println!("propagation\t{name}\t{objects}\t{path}\t{:.2}\tM/s/core", states as f64 / best / 1e6);
}

fn other(epoch: &str, elements: &MeanElements) -> sgp4::Constants {
    let elements = sgp4::Elements {
        object_name: None,
        international_designator: None,
        norad_id: 0,
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

fn main() {
    let catalog = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map_or_else(
        || {
            let data = std::env::var_os("ASTROSHIELD_REFERENCE_DATA").map_or_else(
                || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
                PathBuf::from,
            );
            data.join("catalog/on_orbit_20241101.omm.csv.gz")
        },
        PathBuf::from,
    );
    if !catalog.is_file() {
        panic!("no catalog at {}: name one", catalog.display());
    }
    let catalog = sgp4_catalog::read(&catalog);
    let propagators: Vec<Propagator> =
        catalog.iter().filter_map(|(_, _, elements)| Propagator::new(elements).ok()).collect();
    let start = catalog.iter().map(|(_, _, elements)| elements.epoch).max().unwrap();
    let offsets: Vec<f64> = (0..TIMES).map(|time| time as f64 * STEP_MINUTES).collect();
    let batch = Batch::new(&propagators);
    let window = batch.window(start, &offsets);

    let near_earth = batch.near_earth_blocks();
    let sets: [(&str, Range<usize>); 3] = [
        ("near-earth", near_earth.clone()),
        ("deep-space", near_earth.end..batch.blocks()),
        ("whole", 0..batch.blocks()),
    ];
    for (name, blocks) in &sets {
        let lanes = &batch.order()[blocks.start * LANES_PER_BLOCK..blocks.end * LANES_PER_BLOCK];
        let members: Vec<usize> = lanes.iter().copied().flatten().collect();
        for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
            report("batch", name, path.name(), members.len() * TIMES, || {
                let mut buffer = StateBuffer::new(TIMES_AT_ONCE, BLOCKS_AT_ONCE);
                for first_block in blocks.clone().step_by(BLOCKS_AT_ONCE) {
                    let some = first_block..(first_block + BLOCKS_AT_ONCE).min(blocks.end);
                    let length = buffer.as_slice().len() / BLOCKS_AT_ONCE * some.len();
                    for time in (0..TIMES).step_by(TIMES_AT_ONCE) {
                        let states = &mut buffer.as_mut_slice()[..length];
                        window.propagate_into(some.clone(), time..time + TIMES_AT_ONCE, states, path);
                        black_box(states);
                    }
                }
            });
        }
        let sample: Vec<usize> = members.iter().copied().step_by(10).collect();
        report("scalar", name, "scalar", sample.len() * TIMES, || {
            for &index in &sample {
                let mut propagator = propagators[index].clone();
                let base = propagator.minutes_since_epoch(start);
                propagator.tabulate_resonance(base..=base + TIMES as f64 * STEP_MINUTES);
                for offset in &offsets {
                    black_box(propagator.propagate(base + offset).ok());
                }
            }
        });
        let others: Vec<(f64, sgp4::Constants)> = sample
            .iter()
            .map(|&index| {
                let (_, epoch, elements) = &catalog[index];
                (propagators[index].minutes_since_epoch(start), other(epoch, elements))
            })
            .collect();
        report("crate-sgp4", name, "scalar", sample.len() * TIMES, || {
            for (base, constants) in &others {
                for offset in &offsets {
                    let time = sgp4::MinutesSinceEpoch(base + offset);
                    black_box(constants.propagate_afspc_compatibility_mode(time).ok());
                }
            }
        });
    }
}
