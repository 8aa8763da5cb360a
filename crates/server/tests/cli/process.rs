//! How the binary behaves as a process: exit status, output files, interrupts, pipes, help.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::command::{astroshield, files, run, run_with_input, two_objects};

#[test]
fn wrong_command_line_is_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        "",
        "fly",
        "screen",
        "screen x.csv --threshold-km five",
        "screen x.csv --threshold-km 5 --box-km 1,2,3",
        "screen x.csv --box-km 1,2",
        "screen x.csv --start yesterday",
        "screen x.csv --days NaN",
        "screen x.csv --days=-1",
        "screen x.csv --threshold-km inf",
        "propagate x.csv --start 2026-01-01 --stop 2026-01-02 --step 0 --frame teme",
        "propagate x.csv --start 2026-01-01 --stop 2026-01-02 --step 60 --frame itrf --polar-motion 0.1",
        "screen x.csv --threads 0",
        "propagate x.csv --start 2026-01-01 --stop 2026-01-02 --step 60 --frame moon",
        "catalog demo --objects 0 x.csv",
        "catalog fetch --group a&b",
        "pc x.cdm --hard-body-radius-m -1",
        "completions word",
    ] {
        let run = run(folder.path(), arguments);
        assert_eq!(run.status, 2, "{arguments}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments}");
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn numbers_outside_their_range_are_refused_with_the_range() {
    let folder = tempfile::tempdir().unwrap();
    let propagate = "propagate x.csv --start 2026-01-01 --stop 2026-01-02 --frame itrf";
    for (arguments, range) in [
        ("screen x.csv --days -1".to_owned(), "above 0"),
        ("screen x.csv --threshold-km -1".to_owned(), "above 0"),
        ("screen x.csv --threads -1".to_owned(), "whole number above 0"),
        (format!("{propagate} --step -1"), "above 0"),
        (format!("{propagate} --step 60 --ut1-utc 5"), "within 0.9 s"),
        (format!("{propagate} --step 60 --ut1-utc -0.91"), "within 0.9 s"),
    ] {
        let run = run(folder.path(), &arguments);
        assert_eq!(run.status, 2, "{arguments}");
        assert!(run.stderr.contains(range), "{arguments}: {}", run.stderr);
    }
}

#[test]
fn hyphen_is_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "propagate - --start 2026-01-01 --stop 2026-01-01 --step 60 --frame teme -o -";
    let run = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    assert_eq!((run.status, run.stdout.lines().count()), (0, 3), "{}", run.stderr);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn failure_is_status_1_with_the_file_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let missing = run(folder.path(), "screen missing.csv");
    assert_eq!(missing.status, 1);
    assert!(missing.stderr.contains("missing.csv: No such file"), "{}", missing.stderr);

    fs::write(folder.path().join("noise.csv"), "this is no catalog\n").unwrap();
    let noise = run(folder.path(), "screen noise.csv");
    assert_eq!(noise.status, 1);
    assert!(noise.stderr.contains("noise.csv"), "{}", noise.stderr);
    // The cause is said once.
    assert_eq!(noise.stderr.matches("noise.csv").count(), 1, "{}", noise.stderr);
}

#[test]
fn skipped_records_are_status_3_and_named_and_strict_stops_at_them() {
    let folder = tempfile::tempdir().unwrap();
    let bad = format!("{}BAD,2056-001C,2026-01-01,15,1.5,50,0,0,0,0,U,81003,999,1,0,0,0\n", two_objects());
    fs::write(folder.path().join("bad.csv"), bad).unwrap();
    let arguments = "propagate bad.csv --start 2026-01-01 --stop 2026-01-01 --step 60 --frame teme";
    let tolerant = run(folder.path(), arguments);
    assert_eq!(tolerant.status, 3, "{}", tolerant.stderr);
    assert_eq!(tolerant.stdout.lines().count(), 3);
    assert!(tolerant.stderr.contains("bad.csv: line 4: ECCENTRICITY"), "{}", tolerant.stderr);

    let strict = run(folder.path(), &format!("{arguments} --strict"));
    assert_eq!((strict.status, strict.stdout.as_str()), (1, ""));
    assert!(strict.stderr.contains("line 4: ECCENTRICITY"), "{}", strict.stderr);
}

#[test]
fn failed_run_leaves_the_old_output_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("out.csv"), "precious\n").unwrap();
    fs::write(folder.path().join("noise.cdm"), "noise\n").unwrap();
    assert_eq!(run(folder.path(), "pc noise.cdm --output out.csv").status, 1);
    assert_eq!(fs::read_to_string(folder.path().join("out.csv")).unwrap(), "precious\n");
    assert_eq!(files(folder.path()), ["noise.cdm", "out.csv"]);
}

#[test]
fn output_folder_that_does_not_exist_is_found_out_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let run = run(folder.path(), "screen two.csv --start 2026-01-01 --output nowhere/out.csv");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("nowhere/out.csv"), "{}", run.stderr);
    assert!(!run.stderr.contains("close approaches"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn output_keeps_a_symbolic_link_and_its_file_has_the_usual_permissions() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("real.csv"), "old").unwrap();
    fs::set_permissions(path.join("real.csv"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.csv", path.join("link.csv")).unwrap();
    assert_eq!(run(path, "catalog demo --objects 3 link.csv").status, 0);
    assert!(fs::symlink_metadata(path.join("link.csv")).unwrap().is_symlink());
    let real = fs::metadata(path.join("real.csv")).unwrap();
    assert_eq!(real.permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_to_string(path.join("real.csv")).unwrap().lines().count(), 4);

    fs::write(path.join("plain"), "").unwrap();
    assert_eq!(run(path, "catalog demo --objects 3 new.csv").status, 0);
    let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("new.csv"), mode("plain"));
}

/// Waits until an output file is being written.
#[cfg(unix)]
fn output_has_begun(folder: &Path) -> bool {
    (0..6_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        files(folder).iter().any(|name| name.starts_with(".astroshield-"))
    })
}

#[cfg(unix)]
#[test]
fn interrupt_leaves_no_output_and_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(run(path, "catalog demo --objects 5000 demo.csv").status, 0);
    fs::write(path.join("out.csv"), "precious\n").unwrap();
    let arguments =
        "propagate demo.csv --start 2026-01-01 --stop 2026-04-01 --step 60 --frame teme --output out.csv";
    for signal in ["INT", "TERM"] {
        let mut propagation =
            astroshield(path).args(arguments.split_whitespace()).stderr(Stdio::null()).spawn().unwrap();
        let begun = output_has_begun(path);
        let id = propagation.id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status();
        let status = propagation.wait().unwrap();
        assert!(begun && sent.unwrap().success(), "{signal}");
        assert_eq!(status.code(), Some(130), "{signal}");
        assert_eq!(files(path), ["demo.csv", "out.csv"], "{signal}");
        assert_eq!(fs::read_to_string(path.join("out.csv")).unwrap(), "precious\n");
    }
}

#[test]
fn reader_that_goes_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let arguments = "propagate two.csv --start 2026-01-01 --stop 2026-01-02 --step 1 --frame teme";
    let mut child = astroshield(folder.path())
        .args(arguments.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut head = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut head).unwrap();
    let rest = child.wait_with_output().unwrap();
    assert_eq!(rest.status.code(), Some(0));
    assert!(!String::from_utf8(rest.stderr).unwrap().contains("error"));
}

#[test]
fn standard_input_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "propagate - --start 2026-01-01 --stop 2026-01-01 --step 60 --frame teme";
    let once = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    assert_eq!((once.status, once.stdout.lines().count()), (0, 3), "{}", once.stderr);
    let twice = run(folder.path(), &arguments.replace("- --start", "- - --start"));
    assert_eq!(twice.status, 1);
    assert!(twice.stderr.contains("only once"), "{}", twice.stderr);
}

#[test]
fn every_command_has_help_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["catalog fetch", "catalog demo", "screen", "propagate", "pc", "convert", "completions"] {
        let help = run(folder.path(), &format!("{command} --help"));
        assert_eq!(help.status, 0, "{command}");
        assert!(help.stdout.contains(&format!("\n  astroshield {command}")), "{command}: {}", help.stdout);
    }
    assert!(run(folder.path(), "--help").stdout.contains("Exit status"));
}

#[test]
fn completions_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(folder.path(), &format!("completions {shell}"));
        assert_eq!(script.status, 0, "{shell}");
        for command in ["catalog", "screen", "propagate", "pc", "convert"] {
            assert!(script.stdout.contains(command), "{shell}: {command}");
        }
    }
}
