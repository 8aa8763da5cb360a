//! The power cut: what was not brought to the disk is gone, bytes and names alike.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::Duration;

use crate::chance::{Chance, asked};
use crate::kills::Lane;
use crate::layer::Word;
use crate::script::{LEASE_S, Sky};

/// Rounds, unless `ASTROSHIELD_CRASH_ROUNDS` asks for more: a tenth of them are of this kind.
const ROUNDS: u64 = 6;

/// Points after which the power is cut at the latest.
const POINTS: u64 = 1_500;

/// Tells the layer that what is there now is on the disk.
fn begin(data: &Path, disk: &Path) {
    let number = |path: &Path| fs::metadata(path).unwrap().ino().to_string();
    let names = disk.join(number(data) + ".d");
    fs::create_dir_all(&names).unwrap();
    for path in fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()) {
        let name = names.join(path.file_name().unwrap());
        if path.is_dir() {
            begin(&path, disk);
            symlink(disk.join(number(&path) + ".d"), name).unwrap();
        } else {
            let bytes = disk.join(number(&path));
            fs::copy(&path, &bytes).unwrap();
            fs::hard_link(bytes, name).unwrap();
        }
    }
}

/// Puts what the disk has in the place of the data folder; says what that took away.
fn cut(data: &Path, disk: &Path) -> BTreeSet<String> {
    let names = disk.join(format!("{}.d", fs::metadata(data).unwrap().ino()));
    let (before, after) = (paths(data, data), paths(&names, &names));
    fs::remove_dir_all(data).unwrap();
    put_back(&names, data);
    before.difference(&after).cloned().collect()
}

fn put_back(names: &Path, folder: &Path) {
    fs::create_dir(folder).unwrap();
    // The names in a folder that was never synced are gone.
    let Ok(entries) = fs::read_dir(names) else { return };
    for entry in entries.map(Result::unwrap) {
        let target = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_symlink() {
            put_back(&fs::read_link(entry.path()).unwrap(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file with its length, by its path in a folder.
fn paths(root: &Path, folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(paths(root, &entry.path()));
        } else if entry.path().exists() {
            let relative = entry.path().strip_prefix(root).unwrap().display().to_string();
            found.insert(format!("{relative} {}", entry.metadata().unwrap().len()));
        }
    }
    found
}

#[test]
fn after_a_power_cut_all_that_was_accepted_is_there_with_its_blobs() {
    let mut chance = Chance::new();
    let sky = Sky::of_today();
    let rounds = asked("ASTROSHIELD_CRASH_ROUNDS", 0).div_ceil(10).max(ROUNDS);
    let mut lane = Lane::new(0, &sky);
    let disk = lane.place.root().join("disk");
    lane.place.disk = Some(disk.clone());
    let (mut took, mut cuts) = (0, 0);
    for _ in 0..rounds {
        let _ = fs::remove_dir_all(&disk);
        begin(&lane.place.data(), &disk);
        lane.place.control.kill_in(chance.below(POINTS) + 1, true);
        match lane.start() {
            Some(process) => lane.load(process, Duration::from_secs(8)),
            None => lane.kills += 1,
        }
        lane.place.control.kill_in(0, false);
        let lost = cut(&lane.place.data(), &disk);
        cuts += 1;
        took += u32::from(lost.iter().any(|file| !file.contains("-shm")));
        lane.check();
        lane.place.control.set(Word::ClockS, LEASE_S * i64::from(lane.kills));
    }
    lane.place.disk = None;
    let (accepted, events) = lane.finish();
    eprintln!(
        "{cuts} cuts, {took} took something; {accepted} writes were accepted, {events} events sequenced"
    );
    assert!(took > 0, "nothing was ever unsynced: the layer is not in force");
}
