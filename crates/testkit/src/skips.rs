//! Word of a test that is skipped: the harness would count it among those that passed.
//!
//! Tests of crates that stand below this one take this file by its path.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that the test of this thread is skipped, and why, to whoever reads along and to the list that `scripts/test` counts. In CI
/// that is a failure.
pub(crate) fn skip(reason: &str) {
    assert!(env::var_os("CI").is_none(), "{reason}");
    let program = env::current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or_default().to_string_lossy();
    // What cargo appends tells builds apart, not tests.
    let program = program.rsplit_once('-').map_or(&*program, |(name, _)| name);
    let thread = std::thread::current();
    let line = format!("skipped: {program} {}: {reason}\n", thread.name().unwrap_or("(a thread)"));
    eprint!("{line}");
    if let Some(list) = env::var_os("ASTROSHIELD_TEST_SKIPS") {
        // A single write: other tests write into it, too.
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&list)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok(), "{}: {written:?}", list.display());
    }
}
