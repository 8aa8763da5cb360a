//! The whole catalog of the reference data screened for seven days, and held against brute force:
//! `cargo run --release --example brute_force [HOURS]`.
//!
//! Brute force takes every pair of the whole catalog in some separate hours of the week, three unless told, and every pair
//! of a tenth of the catalog in the whole week.

#![expect(clippy::unwrap_used, reason = "a check that cannot go on has failed")]

#[path = "../tests/brute_force/mod.rs"]
mod brute_force;
#[path = "../tests/reference_data/mod.rs"]
mod reference_data;
#[path = "../tests/sgp4_catalog/mod.rs"]
mod sgp4_catalog;

use std::collections::HashMap;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use astroshield_astro::Epoch;
use astroshield_astro::screening::{
    Conjunction, Edge, Outcome, Screening, Selection, Trajectory, Volume, Window,
};
use astroshield_astro::sgp4::Propagator;
use brute_force::Minimum;
use hifitime::Unit;

const THRESHOLD_KM: f64 = 5.0;
const DAYS: f64 = 7.0;
const WEEK_HOURS: u32 = 168;
const THREADS: usize = 2;

fn start() -> Epoch {
    Epoch::from_gregorian_utc(2024, 11, 1, 0, 0, 0, 0)
}

fn screen(propagators: &[Propagator]) -> Outcome {
    let clock = Instant::now();
    let trajectories = propagators.iter().cloned().map(Trajectory::of_element_set).collect();
    let window = Window::new(start(), start() + DAYS * Unit::Day).unwrap();
    let volume = Volume::Range { threshold_km: THRESHOLD_KM };
    let screening = Screening::new(trajectories, window, volume, Selection::All).unwrap();
    let outcome = screening.run(THREADS, &|_, _| true).unwrap();
    let (relations, events): (Vec<&Conjunction>, Vec<&Conjunction>) =
        outcome.conjunctions.iter().partition(|c| c.relation);
    let at_edges = events.iter().filter(|c| c.approach.edge != Edge::None).count();
    let slow = events.iter().filter(|c| c.approach.relative_speed_km_s() < 0.1).count();
    println!(
        "screened {} objects for {DAYS} days, {THRESHOLD_KM} km: {} close approaches ({slow} below 0.1 km/s, {at_edges} at \
         the window's edges), {} relations, {} objects that fail in the window; {:.1} s on {THREADS} threads",
        propagators.len(),
        events.len(),
        relations.len(),
        outcome.failures.len(),
        clock.elapsed().as_secs_f64()
    );
    outcome
}

/// Minima in some hours of the week, each hour on its own, `THREADS` at a time.
fn minima_by_hours(propagators: &[Propagator], hours: &[u32], step_s: f64, fine_step_s: f64) -> Vec<Minimum> {
    let (left, found) = (Mutex::new(hours.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(hour) = left.lock().unwrap().next().copied() else { break };
                    let from = start() + f64::from(hour) * Unit::Hour;
                    let minima =
                        brute_force::minima(propagators, from, 3_600.0, THRESHOLD_KM, step_s, fine_step_s);
                    let offset_s = f64::from(hour) * 3_600.0;
                    found.lock().unwrap().extend(
                        minima
                            .into_iter()
                            .map(|minimum| Minimum { tca_s: minimum.tca_s + offset_s, ..minimum }),
                    );
                }
            });
        }
    });
    found.into_inner().unwrap()
}

fn seconds(conjunction: &Conjunction) -> f64 {
    (conjunction.approach.tca.to_epoch() - start()).to_seconds()
}

/// Prints how the screening and brute force agree in the hours; whether nothing is missed and nothing is extra.
fn compare(outcome: &Outcome, truth: &[Minimum], hours: &[u32]) -> bool {
    let in_hours = |tca_s: f64| hours.contains(&((tca_s / 3_600.0) as u32));
    let mut left: HashMap<[u32; 2], Vec<Conjunction>> = HashMap::new();
    for conjunction in outcome.with_all_of_relations() {
        // Brute force takes the inside of the window.
        if conjunction.approach.edge == Edge::None && in_hours(seconds(&conjunction)) {
            left.entry(conjunction.approach.objects).or_default().push(conjunction);
        }
    }
    let (mut found, mut missed, mut of_relations) = (0, 0, 0);
    // Largest differences; of the time also for encounters above 0.1 km/s, as a slow one has a flat minimum.
    let (mut range_km, mut tca_s, mut fast_tca_s) = (0.0_f64, 0.0_f64, 0.0_f64);
    for minimum in truth {
        let objects = [minimum.pair.0, minimum.pair.1].map(|object| u32::try_from(object).unwrap());
        let candidates = left.entry(objects).or_default();
        // Distances are known to 1e-9 km, and at 0.1 m/s a time to no more than half a second by that.
        let same = |c: &Conjunction| {
            (seconds(c) - minimum.tca_s).abs() < 0.5_f64.max(1e-3 / c.approach.relative_speed_km_s())
        };
        let Some(place) = candidates.iter().position(same) else {
            missed += 1;
            println!("missed: {minimum:?}");
            continue;
        };
        let conjunction = candidates.swap_remove(place);
        let late_s = (seconds(&conjunction) - minimum.tca_s).abs();
        let approach = conjunction.approach;
        found += 1;
        of_relations += usize::from(conjunction.relation);
        range_km = range_km.max((approach.miss_distance_km() - minimum.miss_distance_km).abs());
        tca_s = tca_s.max(late_s);
        if approach.relative_speed_km_s() > 0.1 {
            fast_tca_s = fast_tca_s.max(late_s);
        }
    }
    let extra: Vec<_> = left.into_values().flatten().collect();
    for conjunction in &extra {
        println!("extra: {conjunction:?}");
    }
    println!(
        "  brute force has {} minima: found {found} ({of_relations} of relations), missed {missed}, extra {}; largest \
         difference in range {range_km:.1e} km, in time {tca_s:.1e} s ({fast_tca_s:.1e} s above 0.1 km/s)",
        truth.len(),
        extra.len(),
    );
    missed == 0 && extra.is_empty() && found > 0
}

fn check(name: &str, outcome: &Outcome, propagators: &[Propagator], hours: Range<u32>, every: u32) -> bool {
    let hours: Vec<u32> = hours.map(|hour| hour * every).collect();
    let clock = Instant::now();
    // Where there are more pairs, the finer first step leaves fewer of them to look at closely.
    let step_s = if propagators.len() > 10_000 { 2.0 } else { 10.0 };
    let truth = minima_by_hours(propagators, &hours, step_s, 1.0);
    println!(
        "{name}: every pair of {} objects in {} hours, step {step_s} s, then 1 s; {:.0} s on {THREADS} threads",
        propagators.len(),
        hours.len(),
        clock.elapsed().as_secs_f64()
    );
    compare(outcome, &truth, &hours)
}

fn main() -> ExitCode {
    let hours: u32 = std::env::args().nth(1).map_or(3, |hours| hours.parse().unwrap());
    assert!((1..=WEEK_HOURS).contains(&hours), "from 1 to {WEEK_HOURS} hours");
    let Some(folder) = reference_data::folder("catalog", "brute force") else { return ExitCode::FAILURE };
    let catalog = sgp4_catalog::read(&folder.join("on_orbit_20241101.omm.csv.gz"));
    let propagators: Vec<Propagator> =
        catalog.iter().filter_map(|(_, _, elements)| Propagator::new(elements).ok()).collect();
    println!(
        "{} objects in the catalog, {} that SGP4 refuses",
        catalog.len(),
        catalog.len() - propagators.len()
    );
    let whole = screen(&propagators);
    // The hours are spread over the week, the first of it among them.
    let mut agree = check("whole catalog, some hours", &whole, &propagators, 0..hours, WEEK_HOURS / hours);

    let part: Vec<Propagator> = propagators.iter().skip(7).step_by(10).cloned().collect();
    let outcome = screen(&part);
    agree &= check("a tenth of it, all hours", &outcome, &part, 0..WEEK_HOURS, 1);
    if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
