//! `astroshield convert`.

use std::fs;

use crate::command::{files, run, run_with_input, two_objects};

#[test]
fn catalog_goes_round_through_every_notation() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0.csv"), two_objects()).unwrap();
    let route = ["0.csv", "1.json", "2.xml", "3.kvn", "4.csv.gz", "5.csv"];
    for step in route.windows(2) {
        let run = run(folder.path(), &format!("convert {} {} --strict", step[0], step[1]));
        assert_eq!(run.status, 0, "{step:?}: {}", run.stderr);
    }
    let last = fs::read_to_string(folder.path().join("5.csv")).unwrap();
    for field in ["TEST ONE", "2056-001A", "2026-01-01T00:00:00.000001", "81001"] {
        assert!(last.contains(field), "{field}: {last}");
    }
    let packed = fs::read(folder.path().join("4.csv.gz")).unwrap();
    assert_eq!(packed[..2], [0x1f, 0x8b]);
}

#[test]
fn catalog_becomes_element_set_lines() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_input(folder.path(), "convert - - --to 3le", two_objects().as_bytes());
    assert_eq!(run.status, 0, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0], "0 TEST ONE");
    assert!(lines[1].starts_with("1 81001U") && lines[2].starts_with("2 81001"), "{lines:?}");
}

#[test]
fn what_a_notation_cannot_carry_is_an_error_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let nine_digits = two_objects().replace("81001", "799500001");
    let run_tle = run_with_input(folder.path(), "convert - out.tle", nine_digits.as_bytes());
    assert_eq!(run_tle.status, 1);
    assert!(run_tle.stderr.contains("799500001"), "{}", run_tle.stderr);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn unknown_extension_and_standard_output_ask_for_a_notation() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = run_with_input(folder.path(), "convert - out.dat", two_objects().as_bytes());
    assert_eq!(unknown.status, 1);
    assert!(unknown.stderr.contains("out.dat"), "{}", unknown.stderr);
    let stdout = run_with_input(folder.path(), "convert - -", two_objects().as_bytes());
    assert!(stdout.stderr.contains("--to"), "{}", stdout.stderr);
    assert_eq!(
        run_with_input(folder.path(), "convert - out.dat --to json", two_objects().as_bytes()).status,
        0
    );
}
