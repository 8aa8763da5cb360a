//! Pairs built to be missed: at the threshold to a meter, at edges of the window and of the grid, in every regime.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod brute_force;
mod element_sets;

use astroshield_astro::Epoch;
use astroshield_astro::elements::MeanElements;
use astroshield_astro::screening::{
    Edge, Ephemeris, EphemerisError, FailureCause, Instant, Outcome, SLICE_KNOTS, Screening, Selection,
    SliceBytesError, SliceOutcome, Trajectory, Volume, Window,
};
use astroshield_astro::sgp4::Propagator;
use astroshield_astro::state::{State, Teme};
use element_sets::{Shape, through, toward};
use hifitime::{Duration, Unit};

const THRESHOLD_KM: f64 = 5.0;

/// A knot of the grid: a whole number of 120 s of TAI after 1900.
fn knot() -> Epoch {
    let near = Epoch::from_gregorian_utc(2024, 11, 1, 6, 0, 0, 0).to_tai_duration().to_seconds();
    Epoch::from_tai_seconds((near / 120.0).floor() * 120.0)
}

fn seconds(value: f64) -> Duration {
    value * Unit::Second
}

fn propagators(elements: &[MeanElements]) -> Vec<Propagator> {
    elements.iter().map(|elements| Propagator::new(elements).unwrap()).collect()
}

/// Screens all against all; a few primaries against all, which goes another way, must find the same.
fn screen(elements: &[MeanElements], start: Epoch, stop: Epoch, threshold_km: f64) -> Outcome {
    let trajectories: Vec<_> = propagators(elements).into_iter().map(Trajectory::of_element_set).collect();
    let window = Window::new(start, stop).unwrap();
    let run = |selection| {
        let volume = Volume::Range { threshold_km };
        Screening::new(trajectories.clone(), window, volume, selection).unwrap().run(1, &|_, _| true).unwrap()
    };
    let all = run(Selection::All);
    let is_primary = |object: usize| object.is_multiple_of(2) && object < 60;
    let few = run(Selection::Primaries((0..elements.len()).map(is_primary).collect()));
    let found = |outcome: &Outcome| -> Vec<_> {
        let pairs = outcome.conjunctions.iter().map(|conjunction| {
            let mut objects = conjunction.approach.objects;
            objects.sort_unstable();
            (conjunction.approach.tca, objects, conjunction.relation)
        });
        let mut found: Vec<_> = pairs
            .filter(|(_, objects, _)| objects.iter().any(|object| is_primary(*object as usize)))
            .collect();
        // At equal times the order is that of the objects, of which the primary is the first.
        found.sort_unstable_by_key(|(tca, objects, _)| (*tca, *objects));
        found
    };
    assert_eq!(found(&few), found(&all));
    all
}

/// Asserts that screening finds what brute force finds, and returns how much that was.
fn equals_brute_force(elements: &[MeanElements], start: Epoch, duration_s: f64, threshold_km: f64) -> usize {
    let outcome = screen(elements, start, start + seconds(duration_s), threshold_km);
    let mut found: Vec<((usize, usize), f64, f64)> = outcome
        .conjunctions
        .iter()
        .filter(|conjunction| conjunction.approach.edge == Edge::None && !conjunction.relation)
        .map(|conjunction| {
            let approach = &conjunction.approach;
            let [a, b] = approach.objects.map(|object| object as usize);
            ((a, b), (approach.tca.to_epoch() - start).to_seconds(), approach.miss_distance_km())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut truth = brute_force::minima(&propagators(elements), start, duration_s, threshold_km, 5.0, 0.5);
    // An object that fails is screened up to the last knot before it does.
    for failure in &outcome.failures {
        let screened_s = (failure.instant.to_epoch() - start).to_seconds() - 120.0;
        let failed = failure.object as usize;
        truth.retain(|minimum| {
            minimum.tca_s < screened_s || minimum.pair.0 != failed && minimum.pair.1 != failed
        });
    }
    for relation in outcome.conjunctions.iter().filter(|conjunction| conjunction.relation) {
        let [a, b] = relation.approach.objects.map(|object| object as usize);
        // One row stands for all minima of the pair, the closest of them or an edge of the window closer still.
        let closest =
            truth.iter().filter(|minimum| minimum.pair == (a, b)).map(|minimum| minimum.miss_distance_km);
        let closest = closest.fold(threshold_km, f64::min);
        assert!(relation.approach.miss_distance_km() <= closest + 1e-7, "{relation:?} {closest}");
        truth.retain(|minimum| minimum.pair != (a, b));
    }
    let describe = |list: &[((usize, usize), f64, f64)]| format!("{list:#?}");
    assert_eq!(found.len(), truth.len(), "found {}\ntruth {truth:#?}", describe(&found));
    for (found, truth) in found.iter().zip(&truth) {
        assert_eq!(found.0, truth.pair);
        // Golden sections see a minimum to the square root of the precision of distances, 1e-9 km.
        assert!((found.2 - truth.miss_distance_km).abs() < 1e-7, "{found:?} {truth:?}");
        assert!((found.1 - truth.tca_s).abs() < 0.05, "{found:?} {truth:?}");
    }
    found.len()
}

/// For a target orbit and shapes of chasers: pairs that pass each other at the given distances at the given time.
fn built_pairs(target: Shape, chaser: Shape, time: Epoch, misses_km: &[f64]) -> Vec<MeanElements> {
    let target = target.elements(time);
    let state = Propagator::new(&target).unwrap().propagate(0.0).unwrap();
    let start = toward(state.position_km, chaser, time).unwrap();
    let mut elements = vec![target];
    for miss_km in misses_km {
        // Across both velocities, so that the offset is the miss vector itself.
        let passing = through(state.position_km, time, start).expect("the chaser reaches the target");
        let velocity = Propagator::new(&passing).unwrap().propagate(0.0).unwrap().velocity_km_s;
        let across = state.velocity_km_s.cross(&velocity).normalize();
        let offset =
            through(state.position_km + across * *miss_km, time, passing).expect("and its neighborhood");
        elements.push(offset);
    }
    elements
}

/// Misses just inside, just outside, and well inside of the threshold.
const MISSES_KM: [f64; 7] = [4.999_2, 4.999_9, 5.000_1, 5.000_8, 0.001, 2.5, -4.999_5];

const GTO: Shape = Shape {
    perigee_altitude_km: 400.0,
    apogee_altitude_km: 35_786.0,
    inclination_deg: 7.0,
    raan_deg: 40.0,
    argument_of_perigee_deg: 20.0,
    mean_anomaly_deg: 1.0,
    bstar_inv_earth_radii: 1.0e-4,
};

const MOLNIYA: Shape = Shape {
    perigee_altitude_km: 600.0,
    apogee_altitude_km: 39_750.0,
    inclination_deg: 63.4,
    raan_deg: 200.0,
    argument_of_perigee_deg: 270.0,
    mean_anomaly_deg: 0.3,
    bstar_inv_earth_radii: 1.0e-5,
};

#[test]
fn built_pairs_at_the_threshold_are_decided_as_brute_force_does_in_every_regime() {
    let leo = Shape::circular(550.0, 53.0, 10.0, 30.0);
    let polar = Shape::circular(560.0, 97.6, 0.0, 0.0);
    let retrograde = Shape::circular(550.0, 140.0, 0.0, 0.0);
    let near_pole = Shape::circular(800.0, 89.9, 120.0, 90.0);
    // SDP4 jumps where a node at less than 0.2 rad of inclination passes 0 deg; a minimum there is not to a millisecond.
    let geostationary = Shape::circular(35_786.0, 0.05, 25.0, 120.0);
    let inclined_geo = Shape::circular(35_786.0, 9.0, 0.0, 0.0);
    let decaying = Shape { bstar_inv_earth_radii: 0.02, ..Shape::circular(165.0, 51.6, 300.0, 10.0) };
    let eccentric_leo = Shape {
        perigee_altitude_km: 300.0,
        apogee_altitude_km: 1_400.0,
        argument_of_perigee_deg: 90.0,
        ..Shape::circular(0.0, 70.0, 5.0, 60.0)
    };
    let navigation = Shape::circular(20_200.0, 55.0, 60.0, 45.0);
    let regimes = [
        ("prograde, polar", leo, polar),
        ("prograde, retrograde", leo, retrograde),
        ("over the pole", near_pole, polar),
        ("geostationary", geostationary, inclined_geo),
        ("decaying", decaying, Shape::circular(165.0, 80.0, 0.0, 0.0)),
        ("eccentric", eccentric_leo, Shape { inclination_deg: 110.0, ..eccentric_leo }),
        ("navigation", navigation, Shape { inclination_deg: 64.0, ..navigation }),
        ("transfer orbit at perigee, circular", GTO, Shape::circular(480.0, 98.0, 0.0, 0.0)),
        ("Molniya at perigee, circular", MOLNIYA, Shape::circular(640.0, 74.0, 0.0, 0.0)),
        (
            "Molniya and transfer orbit",
            MOLNIYA,
            Shape { perigee_altitude_km: 620.0, inclination_deg: 30.0, ..GTO },
        ),
    ];
    let mut met = 0;
    for (name, target, chaser) in regimes {
        // In the middle of a cell, and where two cells meet.
        for offset_s in [61.0, 0.0, 119.999_9] {
            let time = knot() + seconds(offset_s);
            let elements = built_pairs(target, chaser, time, &MISSES_KM);
            let count = equals_brute_force(&elements, time - seconds(1_800.0), 3_600.0, THRESHOLD_KM);
            eprintln!("{name}: {count} approaches");
            met += count;
        }
    }
    // Four of the seven misses lie inside, and the built approach is one of those found.
    assert!(met >= 10 * 3 * 4, "{met}");
}

#[test]
fn an_approach_at_the_edge_between_cells_is_found_once() {
    let target = Shape::circular(550.0, 53.0, 10.0, 30.0);
    for microseconds in [-1_000.0, -1.0, -0.1, 0.0, 0.1, 1.0, 1_000.0] {
        let time = knot() + seconds(microseconds * 1.0e-6);
        let elements = built_pairs(target, Shape::circular(550.0, 97.6, 0.0, 0.0), time, &[1.0]);
        let outcome = screen(&elements, time - seconds(600.0), time + seconds(600.0), THRESHOLD_KM);
        assert_eq!(outcome.conjunctions.len(), 1, "{microseconds} us: {:#?}", outcome.conjunctions);
        let tca = outcome.conjunctions[0].approach.tca.to_epoch();
        // `through` places the chaser to 1 mm, at 10 km/s.
        assert!((tca - time).to_seconds().abs() < 1.0e-6);
    }
}

#[test]
fn an_approach_cut_by_the_window_is_a_minimum_at_its_edge() {
    let time = knot() + seconds(33.0);
    let target = Shape::circular(550.0, 53.0, 10.0, 30.0);
    let elements = built_pairs(target, Shape::circular(550.0, 97.6, 0.0, 0.0), time, &[1.0]);
    let far = seconds(600.0);
    let cut = seconds(0.1);
    let edges = |start: Epoch, stop: Epoch| -> Vec<(Edge, f64)> {
        let outcome = screen(&elements, start, stop, THRESHOLD_KM);
        outcome
            .conjunctions
            .iter()
            .map(|conjunction| {
                let approach = &conjunction.approach;
                (approach.edge, (approach.tca.to_epoch() - time).to_seconds())
            })
            .collect()
    };
    let before = edges(time - far, time - cut);
    assert!(matches!(before[..], [(Edge::Stop, at)] if (at + 0.1).abs() < 1.0e-8), "{before:?}");
    let after = edges(time + cut, time + far);
    assert!(matches!(after[..], [(Edge::Start, at)] if (at - 0.1).abs() < 1.0e-8), "{after:?}");
    let whole = edges(time - cut, time + cut);
    assert!(matches!(whole[..], [(Edge::None, _)]), "{whole:?}");
    // A second before it the two are 10 km apart: no minimum below the threshold.
    assert_eq!(edges(time - far, time - seconds(1.0)), []);
}

#[test]
fn objects_that_never_part_are_one_relation_with_its_closest_approach() {
    let time = knot();
    let station = Shape::circular(420.0, 51.6, 80.0, 0.0).elements(time);
    let docked = station;
    let formation = MeanElements { eccentricity: station.eccentricity + 1.0e-4, ..station };
    let leaving = MeanElements {
        mean_motion_rev_day: station.mean_motion_rev_day * (1.0 + 2.0e-6),
        mean_anomaly_deg: station.mean_anomaly_deg + 0.037,
        ..station
    };
    let elements = [station, docked, formation, leaving];
    let outcome = screen(&elements, time, time + Unit::Day * 2, THRESHOLD_KM);
    let relations: Vec<[u32; 2]> = outcome
        .conjunctions
        .iter()
        .filter(|conjunction| conjunction.relation)
        .map(|conjunction| conjunction.approach.objects)
        .collect();
    assert!(relations.contains(&[0, 1]) && relations.contains(&[0, 2]) && relations.contains(&[1, 2]));
    let docked = outcome.conjunctions.iter().find(|c| c.approach.objects == [0, 1]).unwrap();
    assert!(docked.approach.miss_distance_km() < 1.0e-9);
    // Drifting apart through the threshold, the last one is no relation, and each of its approaches is listed.
    assert!(!relations.iter().any(|pair| pair.contains(&3)), "{relations:?}");
    assert!(outcome.conjunctions.iter().any(|c| c.approach.objects == [0, 3] && !c.relation));
}

#[test]
fn co_orbital_objects_are_found_as_brute_force_finds_them() {
    let time = knot();
    let first = Shape::circular(550.0, 53.0, 10.0, 30.0).elements(time);
    let mut elements = vec![first];
    for place in 1..20 {
        let part = f64::from(place);
        elements.push(MeanElements {
            mean_anomaly_deg: first.mean_anomaly_deg + 0.012 * part,
            eccentricity: first.eccentricity + 3.0e-5 * part,
            inclination_deg: first.inclination_deg + 0.003 * part,
            mean_motion_rev_day: first.mean_motion_rev_day * (1.0 + 1.0e-5 * (part - 10.0)),
            ..first
        });
    }
    assert!(equals_brute_force(&elements, time, 43_200.0, THRESHOLD_KM) > 50);
}

#[test]
fn an_object_that_decays_is_screened_until_it_does_and_then_listed() {
    let time = knot();
    let decaying = Shape { bstar_inv_earth_radii: 0.08, ..Shape::circular(140.0, 51.6, 300.0, 10.0) };
    let elements = decaying.elements(time);
    let propagator = Propagator::new(&elements).unwrap();
    let fails_s = (0..86_400)
        .map(|minute| f64::from(minute) * 60.0)
        .find(|at| propagator.propagate(at / 60.0).is_err())
        .expect("it decays");
    let outcome = screen(&[elements, decaying.elements(time)], time, time + Unit::Day * 3, THRESHOLD_KM);
    assert_eq!(outcome.failures.len(), 2);
    let listed_s = (outcome.failures[0].instant.to_epoch() - time).to_seconds();
    // The first knot without a position: less than a knot, and a minute of the search above, after it fails.
    assert!(listed_s >= fails_s - 60.0 && listed_s < fails_s + 120.0, "{listed_s} {fails_s}");
    assert!(outcome.conjunctions.iter().all(|c| c.approach.tca < outcome.failures[0].instant));
}

/// A debris object's last element set, of 2024-10-31: ten days later SGP4 moves it at 55 km/s.
#[test]
fn an_object_that_diverges_is_listed_and_costs_no_approaches() {
    let time = knot() + Unit::Day * 9;
    let debris = MeanElements {
        epoch: Epoch::from_gregorian_utc(2024, 10, 31, 1, 21, 0, 555_552_000),
        mean_motion_rev_day: 15.716_426_21,
        eccentricity: 0.001_574_8,
        inclination_deg: 98.541,
        raan_deg: 348.369_1,
        argument_of_perigee_deg: 251.276_9,
        mean_anomaly_deg: 108.678_2,
        bstar_inv_earth_radii: 0.051_663,
    };
    let mut elements = vec![debris];
    elements.extend((0..30).map(|place| {
        let place = f64::from(place);
        Shape::circular(320.0 + place, 98.5, 348.0 + place / 10.0, 12.0 * place).elements(time)
    }));
    let outcome = screen(&elements, time, time + Unit::Hour * 6, THRESHOLD_KM);
    assert_eq!(outcome.failures.len(), 1, "{:?}", outcome.failures);
    assert_eq!((outcome.failures[0].object, outcome.failures[0].cause), (0, FailureCause::Diverged));
    assert!(outcome.conjunctions.iter().all(|c| !c.approach.objects.contains(&0)));
}

#[test]
fn objects_in_their_last_hours_are_screened_as_brute_force_does() {
    let time = knot();
    let mut elements = Vec::new();
    for place in 0..48 {
        let part = f64::from(place);
        let decaying = Shape {
            bstar_inv_earth_radii: 0.002 * 1.1_f64.powf(part),
            ..Shape::circular(130.0 + 3.0 * part, 51.6 + part, (137.5 * part) % 360.0, (222.5 * part) % 360.0)
        };
        elements.push(decaying.elements(time));
    }
    assert!(equals_brute_force(&elements, time, 259_200.0, 200.0) > 50);
}

#[test]
fn thresholds_up_to_the_largest_are_screened_as_brute_force_does() {
    let time = knot();
    let mut elements = Vec::new();
    for place in 0..60 {
        let part = f64::from(place);
        // Spread over planes and places by steps that share no period.
        let (raan_deg, anomaly_deg) = ((137.5 * part) % 360.0, (222.5 * part) % 360.0);
        elements.push(
            Shape::circular(500.0 + 6.0 * part, 40.0 + 2.3 * part, raan_deg, anomaly_deg).elements(time),
        );
    }
    elements.push(GTO.elements(time));
    elements.push(MOLNIYA.elements(time));
    for threshold_km in [0.5, 50.0, 270.0, 500.0] {
        let met = equals_brute_force(&elements, time, 7_200.0, threshold_km);
        eprintln!("{threshold_km} km: {met} approaches");
        assert!(threshold_km < 100.0 || met > 50, "{threshold_km} km: {met}");
    }
}

#[test]
fn a_slice_outcome_survives_the_way_through_bytes() {
    let time = knot();
    let decaying = Shape { bstar_inv_earth_radii: 0.08, ..Shape::circular(140.0, 51.6, 300.0, 10.0) };
    let steady = Shape::circular(500.0, 60.0, 10.0, 20.0).elements(time);
    let elements = [decaying.elements(time), GTO.elements(time), steady, steady];
    let trajectories = propagators(&elements).into_iter().map(Trajectory::of_element_set).collect();
    let window = Window::new(time, time + Unit::Day * 3).unwrap();
    let screening =
        Screening::new(trajectories, window, Volume::Range { threshold_km: 200.0 }, Selection::All).unwrap();
    let slices = screening.slices(SLICE_KNOTS);
    let outcomes: Vec<SliceOutcome> = slices.iter().map(|slice| screening.screen(slice)).collect();
    let whole = screening.conclude(outcomes.clone());
    assert!(!whole.failures.is_empty() && whole.conjunctions.iter().any(|c| c.relation));
    for outcome in &outcomes {
        let bytes = outcome.to_bytes();
        assert_eq!(SliceOutcome::from_bytes(&bytes).as_ref(), Ok(outcome));
        for cut in [0, 7, 8, 19, bytes.len() - 1] {
            assert!(SliceOutcome::from_bytes(&bytes[..cut]).is_err(), "{cut} of {}", bytes.len());
        }
        assert!(SliceOutcome::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        let mut huge = bytes.clone();
        huge[8..20].fill(0xff);
        assert!(matches!(SliceOutcome::from_bytes(&huge), Err(SliceBytesError::Length { .. })));
    }
}

/// States of an element set every so many seconds, as an operator's ephemeris.
fn states(elements: &MeanElements, from: Epoch, step_s: f64, count: u32) -> Vec<(Instant, State<Teme>)> {
    let propagator = Propagator::new(elements).unwrap();
    let state_at = |number: u32| {
        let epoch = from + seconds(step_s * f64::from(number));
        let minutes = propagator.minutes_since_epoch(epoch);
        let position = |offset_s: f64| propagator.propagate(minutes + offset_s / 60.0).unwrap().position_km;
        // SGP4's velocity is not the derivative of its position, as an ephemeris' is.
        let state = State::new(position(0.0), position(0.5) - position(-0.5));
        (Instant::from_epoch(epoch).unwrap(), state)
    };
    (0..count).map(state_at).collect()
}

#[test]
fn a_gap_in_an_ephemeris_is_an_edge_of_what_is_screened() {
    let time = knot() + seconds(60.0);
    let target = Shape::circular(550.0, 53.0, 10.0, 30.0);
    let elements = built_pairs(target, Shape::circular(550.0, 97.6, 0.0, 0.0), time, &[1.0]);
    let screen_with = |segments: Vec<Vec<(Instant, State<Teme>)>>| {
        let own = Trajectory::of_ephemeris(Ephemeris::new(segments).unwrap());
        let other = Trajectory::of_element_set(Propagator::new(&elements[1]).unwrap());
        let window = Window::new(time - seconds(900.0), time + seconds(900.0)).unwrap();
        let range = Volume::Range { threshold_km: THRESHOLD_KM };
        let screening = Screening::new(vec![own, other], window, range, Selection::All).unwrap();
        screening.run(1, &|_, _| true).unwrap()
    };
    let all = states(&elements[0], time - seconds(1_200.0), 10.0, 241);
    let whole = screen_with(vec![all.clone()]);
    assert_eq!(whole.conjunctions.len(), 1);
    assert_eq!(whole.failures, []);

    // Ten seconds are missing about the approach, between two knots that are covered.
    let (before, after) = all.split_at(120);
    let gap = screen_with(vec![before.to_vec(), after[1..].to_vec()]);
    assert_eq!(gap.conjunctions, [], "nothing is made up in the gap");
    assert_eq!(gap.failures.len(), 1, "and the gap is told");
    // Segments that meet leave no gap.
    let meeting = screen_with(vec![all[..=120].to_vec(), all[120..].to_vec()]);
    assert_eq!(meeting.conjunctions.len(), 1);
    assert_eq!(meeting.failures, []);
}

#[test]
fn an_ephemeris_too_coarse_to_be_interpolated_is_refused() {
    let time = knot();
    let elements = Shape::circular(550.0, 53.0, 10.0, 30.0).elements(time);
    assert!(Ephemeris::new(vec![states(&elements, time, 300.0, 12)]).is_ok());
    let coarse = Ephemeris::new(vec![states(&elements, time, 2_700.0, 12)]);
    assert!(matches!(coarse, Err(EphemerisError::TooCoarse { segment: 0, .. })), "{coarse:?}");
}
