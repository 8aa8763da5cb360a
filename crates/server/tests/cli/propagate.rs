//! `astroshield propagate`.

use std::fs;

use crate::command::{run, run_with_input, two_objects};

fn states(csv: &str) -> Vec<(String, [f64; 6])> {
    csv::Reader::from_reader(csv.as_bytes())
        .records()
        .map(|row| {
            let row = row.unwrap();
            (row[2].to_owned(), std::array::from_fn(|component| row[4 + component].parse().unwrap()))
        })
        .collect()
}

fn norm(components: &[f64]) -> f64 {
    components.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn states_fall_on_every_step_with_the_stop_included() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "propagate - --start 2026-01-01 --stop 2026-01-01T00:10:00 --step 60 --frame teme";
    let run = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    assert_eq!(run.status, 0, "{}", run.stderr);
    let states = states(&run.stdout);
    assert_eq!(states.len(), 22);
    assert_eq!(states[0].0, "2026-01-01T00:00:00.000000");
    assert_eq!(states[10].0, "2026-01-01T00:10:00.000000");
    // 15 revolutions a day: a semi-major axis of 6,945 km, give or take J2.
    assert!(states.iter().all(|(_, state)| (6_920.0..6_970.0).contains(&norm(&state[..3]))), "{states:?}");
}

#[test]
fn frames_are_rotations_of_each_other_and_the_earth_turns() {
    let folder = tempfile::tempdir().unwrap();
    let in_frame = |frame: &str| {
        let arguments =
            format!("propagate - --start 2026-01-01 --stop 2026-01-01T06:00:00 --step 900 {frame}");
        states(&run_with_input(folder.path(), &arguments, two_objects().as_bytes()).stdout)
    };
    let (teme, gcrf) = (in_frame("--frame teme"), in_frame("--frame gcrf"));
    let itrf = in_frame("--frame itrf --ut1-utc 0.07 --polar-motion 0.12,0.38");
    assert_eq!((teme.len(), gcrf.len(), itrf.len()), (50, 50, 50));
    for ((teme, gcrf), itrf) in teme.iter().zip(&gcrf).zip(&itrf) {
        for other in [gcrf, itrf] {
            // The printed digits.
            assert!((norm(&teme.1[..3]) - norm(&other.1[..3])).abs() < 2e-6, "{teme:?} {other:?}");
        }
        // Precession of 26 years is 0.36 degrees.
        let moved: Vec<f64> = (0..3).map(|axis| teme.1[axis] - gcrf.1[axis]).collect();
        assert!((10.0..60.0).contains(&norm(&moved)), "{moved:?}");
        // 7,000 km times the Earth's rate is 0.5 km/s.
        assert!((norm(&teme.1[3..]) - norm(&itrf.1[3..])).abs() < 0.55, "{teme:?} {itrf:?}");
    }
    assert!((norm(&teme[0].1[3..]) - norm(&itrf[0].1[3..])).abs() > 0.2);
}

#[test]
fn earth_orientation_that_is_not_given_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "propagate - --start 2026-01-01 --stop 2026-01-01 --step 60 --frame itrf";
    let without = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    assert!(without.stderr.contains("UT1-UTC is taken as zero"), "{}", without.stderr);
    let with =
        run_with_input(folder.path(), &format!("{arguments} --ut1-utc -0.4"), two_objects().as_bytes());
    assert_eq!(with.status, 0, "{}", with.stderr);
    assert!(!with.stderr.contains("warning"), "{}", with.stderr);
    // 0.4 s of the Earth's rotation at 7,000 km: 0.2 km.
    let (a, b) = (&states(&without.stdout)[0].1, &states(&with.stdout)[0].1);
    let moved: Vec<f64> = (0..3).map(|axis| a[axis] - b[axis]).collect();
    assert!((0.15..0.21).contains(&norm(&moved)), "{moved:?}");
}

#[test]
fn oem_is_read_back_with_the_same_states() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let arguments =
        "propagate two.csv --start 2026-01-01 --stop 2026-01-01T01:00:00 --step 60 --frame gcrf --format oem";
    let oem = run(folder.path(), &format!("{arguments} --output two.oem"));
    assert_eq!(oem.status, 0, "{}", oem.stderr);
    let text = fs::read_to_string(folder.path().join("two.oem")).unwrap();
    let document = astroshield_formats::read_messages(
        text.as_bytes(),
        "two.oem",
        astroshield_formats::Strictness::Strict,
    )
    .unwrap();
    assert_eq!(document.messages.len(), 2);
    for message in &document.messages {
        let astroshield_formats::Message::Oem(oem) = message else { panic!("not an OEM: {message:?}") };
        let segment = &oem.segments[0];
        assert_eq!((segment.metadata.ref_frame.as_str(), segment.states.len()), ("GCRF", 61));
    }
}

#[test]
fn failing_object_is_written_up_to_its_failure() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = two_objects()
        + "FALLING,2056-001C,2026-01-01T00:00:00.000001,16.4,0.001,50,0,0,0,0,U,81003,999,1,0.05,0,0\n";
    let arguments = "propagate - --start 2026-01-01 --stop 2026-01-08 --step 3600 --frame teme";
    let run = run_with_input(folder.path(), arguments, catalog.as_bytes());
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stderr.contains("not propagated from 2026-01-0"), "{}", run.stderr);
    let falling = run.stdout.lines().filter(|line| line.contains("FALLING")).count();
    assert!((1..169).contains(&falling), "{falling}");
    assert_eq!(run.stdout.lines().filter(|line| line.contains("TEST ONE")).count(), 169);
}

#[test]
fn impossible_spans_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    for (span, reason) in [
        ("--start 2026-01-02 --stop 2026-01-01 --step 60", "before"),
        ("--start 2026-01-01 --stop 2027-01-01 --step 0.001", "steps"),
    ] {
        let run = run(folder.path(), &format!("propagate two.csv {span} --frame teme"));
        assert_eq!(run.status, 1, "{span}");
        assert!(run.stderr.contains(reason), "{span}: {}", run.stderr);
    }
}
