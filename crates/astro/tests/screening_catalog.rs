//! Screening of a real catalog: against brute force, cut into slices, on every instruction set, from ephemerides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod brute_force;
mod reference_data;
mod sgp4_catalog;

use std::collections::HashSet;
use std::num::NonZeroU32;

use astroshield_astro::Epoch;
use astroshield_astro::cpu::Path;
use astroshield_astro::screening::{
    Conjunction, Edge, Ephemeris, Instant, Outcome, SLICE_KNOTS, Screening, Selection, SliceOutcome,
    Trajectory, Volume, Window,
};
use astroshield_astro::sgp4::Propagator;
use hifitime::Unit;

const THRESHOLD_KM: f64 = 5.0;
const RANGE: Volume = Volume::Range { threshold_km: THRESHOLD_KM };

fn start() -> Epoch {
    Epoch::from_gregorian_utc(2024, 11, 1, 0, 0, 0, 0)
}

/// Propagators of the catalog's objects, those that `keep` keeps by place and mean motion.
fn propagators(test: &str, keep: impl Fn(usize, f64) -> bool) -> Option<Vec<Propagator>> {
    let file = reference_data::folder("catalog", test)?.join("on_orbit_20241101.omm.csv.gz");
    let kept = sgp4_catalog::read(&file)
        .into_iter()
        .enumerate()
        .filter(|(place, (_, _, elements))| keep(*place, elements.mean_motion_rev_day))
        .filter_map(|(_, (_, _, elements))| Propagator::new(&elements).ok());
    Some(kept.collect())
}

fn screening(propagators: &[Propagator], days: f64, selection: Selection) -> Screening {
    let trajectories = propagators.iter().cloned().map(Trajectory::of_element_set).collect();
    let window = Window::new(start(), start() + days * Unit::Day).unwrap();
    Screening::new(trajectories, window, RANGE, selection).unwrap()
}

fn run(screening: &Screening) -> Outcome {
    screening.run(2, &|_, _| true).unwrap()
}

#[test]
fn two_thousand_objects_over_seven_days_are_found_as_brute_force_finds_them() {
    let name = "two_thousand_objects_over_seven_days_are_found_as_brute_force_finds_them";
    // Every fifteenth object, and more of those that are rare: eccentric and high orbits, and orbits about to decay.
    let keep = |place: usize, rev_day: f64| {
        place.is_multiple_of(15) || place.is_multiple_of(5) && !(6.0..15.8).contains(&rev_day)
    };
    let Some(propagators) = propagators(name, keep) else { return };
    assert!(propagators.len() >= 2_000, "{}", propagators.len());

    let days = 7_u32;
    let outcome = run(&screening(&propagators, f64::from(days), Selection::All));
    let truth: Vec<brute_force::Minimum> = std::thread::scope(|scope| {
        let halves: Vec<_> = (0..days)
            .map(|day| {
                let propagators = &propagators;
                scope.spawn(move || {
                    let from = start() + f64::from(day) * Unit::Day;
                    let minima = brute_force::minima(propagators, from, 86_400.0, THRESHOLD_KM, 10.0, 1.0);
                    minima.into_iter().map(move |minimum| brute_force::Minimum {
                        tca_s: minimum.tca_s + f64::from(day) * 86_400.0,
                        ..minimum
                    })
                })
            })
            .collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });

    let relations: HashSet<[u32; 2]> =
        outcome.conjunctions.iter().filter(|c| c.relation).map(|c| c.approach.objects).collect();
    let objects = |minimum: &brute_force::Minimum| [minimum.pair.0 as u32, minimum.pair.1 as u32];
    let mut truth: Vec<_> = truth.into_iter().filter(|m| !relations.contains(&objects(m))).collect();
    truth.sort_by(|a, b| a.tca_s.total_cmp(&b.tca_s));
    // Brute force ends each of its days with a sample outside, and so misses no minimum at midnight.
    let found: Vec<&Conjunction> =
        outcome.conjunctions.iter().filter(|c| !c.relation && c.approach.edge == Edge::None).collect();
    assert!(truth.len() > 500, "{}", truth.len());

    let mut unmatched: Vec<&Conjunction> = found.clone();
    for minimum in &truth {
        let seconds = |c: &Conjunction| (c.approach.tca.to_epoch() - start()).to_seconds();
        let place = unmatched
            .iter()
            .position(|c| c.approach.objects == objects(minimum) && (seconds(c) - minimum.tca_s).abs() < 0.5);
        let place = place.unwrap_or_else(|| panic!("missed: {minimum:?}"));
        let conjunction = unmatched.swap_remove(place);
        // Brute force knows a distance to 1e-9 km and a slow pair's time to what that leaves of it.
        assert!((conjunction.approach.miss_distance_km() - minimum.miss_distance_km).abs() < 1e-7);
        let speed = conjunction.approach.relative_speed_km_s();
        assert!((seconds(conjunction) - minimum.tca_s).abs() < 1e-3_f64.max(1e-3 / speed), "{conjunction:?}");
    }
    assert!(unmatched.is_empty(), "not there by brute force: {unmatched:#?}");
    eprintln!(
        "{} objects, {} approaches equal, {} relations",
        propagators.len(),
        found.len(),
        relations.len()
    );
}

#[test]
fn slices_of_any_length_and_any_instruction_set_give_the_same_bytes() {
    let name = "slices_of_any_length_and_any_instruction_set_give_the_same_bytes";
    let Some(propagators) = propagators(name, |place, _| place.is_multiple_of(7)) else { return };
    let whole = run(&screening(&propagators, 0.7, Selection::All));
    assert!(whole.conjunctions.len() > 100, "{}", whole.conjunctions.len());

    for path in [Path::Avx512, Path::Avx2, Path::Portable].into_iter().filter(|path| path.is_available()) {
        let screening = screening(&propagators, 0.7, Selection::All).on_path(path);
        for knots in [SLICE_KNOTS.get(), 1, 31].map(|knots| NonZeroU32::new(knots).unwrap()) {
            if knots.get() == 1 && path != Path::detect() {
                continue; // The same path code; one run of the slowest cutting is enough.
            }
            let slices: Vec<SliceOutcome> =
                screening.slices(knots).iter().map(|slice| screening.screen(slice)).collect();
            // Merged from the right, and from the left: in any grouping.
            let (left, right) = slices.split_at(slices.len() / 2);
            let merged = |part: &[SliceOutcome]| part.iter().cloned().reduce(SliceOutcome::merge).unwrap();
            let pieces = screening.conclude([merged(left), merged(right)]);
            assert_eq!(pieces.conjunctions, whole.conjunctions, "{path:?}, slices of {knots} knots");
            assert_eq!(pieces.failures, whole.failures);
        }
    }
}

#[test]
fn primaries_against_all_are_the_pairs_of_all_against_all_that_have_one() {
    let name = "primaries_against_all_are_the_pairs_of_all_against_all_that_have_one";
    let Some(propagators) = propagators(name, |place, _| place.is_multiple_of(6)) else { return };
    let all = run(&screening(&propagators, 0.5, Selection::All));
    // Few primaries go another way than many.
    for every in [2, 97, 150] {
        let primaries: Vec<bool> = (0..propagators.len()).map(|object| object % every == 0).collect();
        let outcome = run(&screening(&propagators, 0.5, Selection::Primaries(primaries.clone())));
        let pair = |c: &Conjunction| {
            let mut objects = c.approach.objects;
            objects.sort_unstable();
            (c.approach.tca, objects, c.relation)
        };
        let is_primary = |object: u32| primaries[object as usize];
        let expected: Vec<_> = all
            .conjunctions
            .iter()
            .filter(|c| c.approach.objects.iter().any(|object| is_primary(*object)))
            .map(pair)
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(outcome.conjunctions.iter().map(pair).collect::<Vec<_>>(), expected);
        assert!(outcome.conjunctions.iter().all(|c| is_primary(c.approach.objects[0])), "the primary first");
    }
}

/// A single primary leaves out all objects whose distances from the Earth's center keep away from its own.
#[test]
fn a_single_primary_of_any_orbit_is_screened_as_in_all_against_all() {
    let name = "a_single_primary_of_any_orbit_is_screened_as_in_all_against_all";
    let Some(propagators) = propagators(name, |place, _| place.is_multiple_of(6)) else { return };
    let all = run(&screening(&propagators, 0.5, Selection::All));
    let pairs = |outcome: &Outcome, primary: u32| -> Vec<_> {
        let of_primary = outcome.conjunctions.iter().filter(|c| c.approach.objects.contains(&primary));
        let mut pairs: Vec<_> = of_primary
            .map(|c| {
                let [a, b] = c.approach.objects;
                (c.approach.tca, a.min(b), a.max(b), c.relation)
            })
            .collect();
        pairs.sort_unstable();
        pairs
    };
    // Those that meet another, and deep-space orbits as they come in the catalog.
    let step = all.conjunctions.len() / 25 + 1;
    let meeting = all.conjunctions.iter().step_by(step).map(|c| c.approach.objects[0] as usize);
    let deep = (0..propagators.len()).filter(|object| propagators[*object].is_deep_space()).step_by(60);
    let mut found = 0;
    for primary in deep.chain(meeting) {
        let primaries = (0..propagators.len()).map(|object| object == primary).collect();
        let outcome = run(&screening(&propagators, 0.5, Selection::Primaries(primaries)));
        let primary = u32::try_from(primary).unwrap();
        assert_eq!(pairs(&outcome, primary), pairs(&all, primary), "object {primary}");
        found += outcome.conjunctions.len();
    }
    assert!(found > 20, "{found}");
}

#[test]
fn an_ephemeris_screens_like_the_element_set_that_it_was_made_from() {
    let name = "an_ephemeris_screens_like_the_element_set_that_it_was_made_from";
    let Some(propagators) = propagators(name, |place, _| place.is_multiple_of(3)) else { return };
    let mut primaries = vec![false; propagators.len()];
    let own: Vec<usize> = (0..propagators.len()).step_by(40).collect();
    for object in &own {
        primaries[*object] = true;
    }
    let days = 0.5;
    let by_elements = run(&screening(&propagators, days, Selection::Primaries(primaries.clone())));

    let mut trajectories: Vec<Trajectory> =
        propagators.iter().cloned().map(Trajectory::of_element_set).collect();
    for object in &own {
        // From before the window to after it, as an operator would send it: a state a minute.
        let propagator = &propagators[*object];
        let first = start() - 30.0 * Unit::Minute;
        let states = (0..=(days * 1_440.0) as u32 + 60).filter_map(|minute| {
            let epoch = first + f64::from(minute) * Unit::Minute;
            let state = propagator.propagate(propagator.minutes_since_epoch(epoch)).ok()?;
            // SGP4's velocity is not the derivative of its position, as an ephemeris' is.
            let nearby = |seconds: f64| {
                let minutes = propagator.minutes_since_epoch(epoch) + seconds / 60.0;
                Some(propagator.propagate(minutes).ok()?.position_km)
            };
            let velocity_km_s = (nearby(0.5)? - nearby(-0.5)?) / 1.0;
            let state = astroshield_astro::state::State::new(state.position_km, velocity_km_s);
            Some((Instant::from_epoch(epoch).unwrap(), state))
        });
        let ephemeris = Ephemeris::new(vec![states.collect()]).unwrap();
        trajectories[*object] = Trajectory::of_ephemeris(ephemeris);
    }
    let window = Window::new(start(), start() + days * Unit::Day).unwrap();
    let by_ephemeris =
        run(&Screening::new(trajectories, window, RANGE, Selection::Primaries(primaries)).unwrap());

    assert!(by_elements.conjunctions.len() > 50, "{}", by_elements.conjunctions.len());
    assert_eq!(by_ephemeris.conjunctions.len(), by_elements.conjunctions.len());
    for (ephemeris, elements) in by_ephemeris.conjunctions.iter().zip(&by_elements.conjunctions) {
        assert_eq!(ephemeris.approach.objects, elements.approach.objects);
        // Interpolation between states a minute apart is good to a centimeter.
        let difference = ephemeris.approach.miss_distance_km() - elements.approach.miss_distance_km();
        assert!(difference.abs() < 1.0e-5, "{difference}");
    }
}

#[test]
fn a_box_holds_the_approaches_within_its_diagonal_that_lie_inside() {
    let name = "a_box_holds_the_approaches_within_its_diagonal_that_lie_inside";
    let Some(propagators) = propagators(name, |place, _| place.is_multiple_of(5)) else { return };
    let screen_volume = |volume: Volume| {
        let trajectories = propagators.iter().cloned().map(Trajectory::of_element_set).collect();
        let window = Window::new(start(), start() + 0.5 * Unit::Day).unwrap();
        run(&Screening::new(trajectories, window, volume, Selection::All).unwrap())
    };
    let [radial_km, in_track_km, cross_track_km] = [2.0, 25.0, 25.0];
    let inside = screen_volume(Volume::Box { radial_km, in_track_km, cross_track_km });
    let threshold_km = (2.0_f64 * 2.0 + 25.0 * 25.0 + 25.0 * 25.0).sqrt();
    let sphere = screen_volume(Volume::Range { threshold_km });
    // A relation stands for several approaches, of which another may be the closest inside the box.
    let single = |outcome: &Outcome| -> Vec<Conjunction> {
        outcome.conjunctions.iter().filter(|conjunction| !conjunction.relation).copied().collect()
    };
    let expected: Vec<Conjunction> = single(&sphere)
        .into_iter()
        .filter(|conjunction| {
            let miss = conjunction.approach.miss_ric_km();
            miss.x.abs() <= radial_km && miss.y.abs() <= in_track_km && miss.z.abs() <= cross_track_km
        })
        .collect();
    assert!(expected.len() > 100 && expected.len() < sphere.conjunctions.len() / 2, "{}", expected.len());
    assert_eq!(single(&inside), expected);
}
