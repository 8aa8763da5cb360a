//! A catalog of today, whose pairs meet when a test wants them to.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::process::binary;

/// Objects of the catalog that meet in pairs: the number of the first of each pair.
const FIRST_OF_PAIRS: u32 = 81_001;

/// The object that is uploaded; it meets the last one of the catalog.
pub(crate) const OWN: u32 = 82_001;

/// Pairs in the catalog.
pub(crate) const PAIRS: u32 = 5;

const HEADER: &str = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n";

/// A circular orbit that is at its ascending node at its epoch. Two of one place and epoch, inclined by 50 and 130 degrees,
/// pass each other within a kilometer there. By symmetry they would so again at each node, were not one a bit faster.
fn line(number: u32, place: u32, inclination_deg: u32, epoch: Timestamp) -> String {
    let epoch = epoch.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let faster = if inclination_deg > 90 { 0.002 } else { 0.0 };
    let (motion, node) = (15.0 - 0.05 * f64::from(place) + faster, 20 * place);
    format!(
        "TEST {number},2056-001A,{epoch},{motion},0,{inclination_deg},{node},0,0,0,U,{number},999,1,0,0,0\n"
    )
}

fn meeting(now: Timestamp, place: u32) -> Timestamp {
    now + SignedDuration::from_hours(i64::from(place) * 2 + 6)
}

/// All that are watched.
pub(crate) fn watched() -> Vec<u32> {
    let pairs = (0..PAIRS).map(|place| FIRST_OF_PAIRS + 2 * place);
    pairs.chain([OWN]).collect()
}

/// A few hundred objects that do not exist.
pub(crate) fn crowd(now: Timestamp) -> String {
    let epoch = now.strftime("%Y-%m-%d").to_string();
    let made = Command::new(binary())
        .args(["catalog", "demo", "--objects", "300", "--epoch", &epoch, "-"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = String::from_utf8(made.stdout).unwrap();
    assert!(text.starts_with(HEADER.trim_end()), "{}", text.lines().next().unwrap());
    text
}

/// The catalog with the pairs; what follows `tweak` differs in a digit that changes nothing else.
pub(crate) fn with_pairs(crowd: &str, now: Timestamp) -> String {
    let mut text = crowd.to_owned();
    for place in 0..PAIRS {
        let (first, epoch) = (FIRST_OF_PAIRS + 2 * place, meeting(now, place));
        text += &line(first, place, 50, epoch);
        text += &line(first + 1, place, 130, epoch);
    }
    text += &line(OWN - 1, PAIRS, 130, meeting(now, PAIRS));
    text
}

/// The upload whose object meets one of the catalog.
pub(crate) fn own(now: Timestamp) -> String {
    format!("{HEADER}{}", line(OWN, PAIRS, 50, meeting(now, PAIRS)))
}

/// An object of no interest, of a number: in one plane with all others of the kind, each at a height of its own, and far along
/// the orbit from those of nearly the same. Some thousand on one orbit would be a relation of each with each, minutes of work.
pub(crate) fn stranger(number: u32, now: Timestamp) -> String {
    let epoch = now.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let motion = 6.45 + f64::from(number % 9_973) * 3.4e-4;
    let anomaly = (f64::from(number) * 137.507_764) % 360.0;
    format!(
        "{HEADER}TEST {number},2056-001A,{epoch},{motion:.8},0,63,0,0,{anomaly:.4},0,U,{number},999,1,0,0,0\n"
    )
}

/// Puts a file in its place whole; several may at once.
pub(crate) fn publish(path: &Path, text: &str) {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let half = path.with_extension(format!("half-{}", FILES.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&half, text).unwrap();
    std::fs::rename(&half, path).unwrap();
}
