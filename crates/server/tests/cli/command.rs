//! Running the binary.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary, in a folder, with a cache there.
pub(crate) fn astroshield(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_astroshield"));
    command.current_dir(folder).env("XDG_CACHE_HOME", folder.join("cache")).stdin(Stdio::null());
    command
}

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the binary with arguments that blanks separate.
pub(crate) fn run(folder: &Path, arguments: &str) -> Run {
    astroshield(folder).args(arguments.split_whitespace()).output().unwrap().into()
}

/// Runs the binary with bytes on standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &str, input: &[u8]) -> Run {
    let mut child = astroshield(folder)
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

/// Names of the files in a folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "cache")
        .collect();
    names.sort();
    names
}

/// Header of `CelesTrak`'s CSV.
pub(crate) const CSV_HEADER: &str = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n";

/// Two objects that do not exist, on crossing circular orbits of one height, which meet at their nodes.
pub(crate) fn two_objects() -> String {
    format!(
        "{CSV_HEADER}\
         TEST ONE,2056-001A,2026-01-01T00:00:00.000001,15,0,50,0,0,0,0,U,81001,999,1,0,0,0\n\
         TEST TWO,2056-001B,2026-01-01T00:00:00.000001,15,0,130,0,0,0,0,U,81002,999,1,0,0,0\n"
    )
}
