//! `astroshield config`, and what a wrong configuration leads to.

use std::fs;

use crate::server::{astroshield, run};

#[test]
fn config_prints_each_value_with_its_source_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("astroshield.toml"), "[screening]\ndays = 3\n").unwrap();
    let output = astroshield(folder.path())
        .arg("config")
        .env("ASTROSHIELD__SCREENING__THREADS", "2")
        .env("ASTROSHIELD__STORE__URL", "postgres://me:hunter2@localhost/x")
        .env("ASTROSHIELD__FEEDS__SATCAT__URL", "https://example.org/satcat.csv?key=hunter2")
        .env("ASTROSHIELD__SILENCE__HEARTBEAT_URL", "https://monitor.example.org/hunter2")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for line in [
        "screening.days = 3  # astroshield.toml:2\n",
        "screening.threads = 2  # ASTROSHIELD__SCREENING__THREADS\n",
        "screening.threshold_km = 5.0  # default\n",
        "store.url = \"(hidden)\"  # ASTROSHIELD__STORE__URL\n",
        "feeds.satcat.url = \"https://example.org/satcat.csv?(hidden)\"  # ASTROSHIELD__FEEDS__SATCAT__URL\n",
        "silence.heartbeat_url = \"https://monitor.example.org/(hidden)\"  # ASTROSHIELD__SILENCE__HEARTBEAT_URL\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn the_printed_defaults_are_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let (status, defaults, _) = run(folder.path(), "config --defaults");
    assert_eq!(status, 0);
    fs::write(folder.path().join("mine.toml"), defaults).unwrap();
    let (status, text, problem) = run(folder.path(), "config --config mine.toml");
    assert_eq!(status, 0, "{problem}");
    assert!(text.contains("server.listen = \"127.0.0.1:7878\"  # mine.toml:"), "{text}");
}

#[test]
fn an_unknown_key_stops_the_server_before_it_makes_anything() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("astroshield.toml"), "[server]\nlistne = \"127.0.0.1:0\"\n").unwrap();
    let (status, _, problem) = run(folder.path(), "serve");
    assert_eq!(status, 1);
    assert!(problem.starts_with("error: astroshield.toml:2: server.listne: unknown field"), "{problem}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_missing_configuration_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, problem) = run(folder.path(), "serve --config nowhere.toml");
    assert_eq!(
        (status, problem.as_str()),
        (1, "error: nowhere.toml: No such file or directory (os error 2)\n")
    );
}

#[test]
fn an_address_that_others_can_reach_needs_to_be_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, problem) = run(folder.path(), "serve --listen 0.0.0.0:0");
    assert_eq!(status, 1);
    assert!(problem.contains("--listen: server.listen: 0.0.0.0:0 can be reached"), "{problem}");
    assert!(problem.contains("server.allow_remote"), "{problem}");
}
