//! A disk without room, and one that takes no writes.

use std::fs;
use std::io;

use serde_json::json;

use crate::found::Found;
use crate::layer::{READ_ONLY, Word};
use crate::orbits;
use crate::process::{Answer, Client, Place};
use crate::script::{Script, Sky, alerts, settle, until};

/// A write, and whether it was made. One that was not has to be told so, as a problem that may pass.
fn make(client: &Client, number: u32) -> io::Result<bool> {
    let body = json!({ "name": format!("list {number}"), "objects": [] }).to_string();
    let answer = client.post("/api/v1/watch-lists", &format!("list {number}"), body.as_bytes())?;
    Ok(was_made(&answer))
}

fn was_made(answer: &Answer) -> bool {
    if answer.status == 201 {
        return true;
    }
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert_eq!(answer.json()["type"], "urn:astroshield:problem:unavailable", "{answer:?}");
    false
}

fn readiness(client: &Client) -> io::Result<(u16, String)> {
    let answer = client.get("/health/ready")?;
    Ok((answer.status, answer.body))
}

/// What a service does whose disk takes no more while it runs, until it takes again.
fn stops_taking(stop: impl Fn(&Place), go_on: impl Fn(&Place)) {
    let (sky, place) = (Sky::of_today(), Place::new());
    let (mut script, mut process) = Script::begin(&place, &sky);
    script.go_on(&process.client).unwrap();
    let client = process.client.clone();
    stop(&place);
    let mut made = Vec::new();
    // A log that was long once has room for some writes: they count if they are acknowledged.
    for number in 0..3_000 {
        made.push(make(&client, number).unwrap());
        if made.ends_with(&[false, false, false]) {
            break;
        }
    }
    assert!(made.ends_with(&[false, false, false]), "writes were taken for ever");
    let upload = |name: &str, number| {
        let body = orbits::stranger(number, sky.now);
        client.post(&format!("/api/v1/uploads?name={name}"), name, body.as_bytes()).unwrap()
    };
    assert!(!was_made(&upload("refused", 91_001)));
    // Small writes may go on for a while, in what failed ones left of the log.
    for dependency in ["store", "blobs"] {
        let is_told = || {
            let (status, told) = readiness(&client)?;
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            Ok(status == 503 && told["dependencies"][dependency]["status"] == "problem")
        };
        until(is_told).unwrap();
    }
    assert_eq!(client.get("/health/live").unwrap().status, 200);
    // What is there can be read, and the background has time to fail at what it does.
    let known = orbits::watched().len();
    assert_eq!(alerts(&client).unwrap().len(), known);
    let refused = place.control.get(Word::Refused);
    orbits::publish(&place.catalog(), &(orbits::with_pairs(&sky.crowd, sky.now) + &more(&sky, 71_001)));
    until(|| Ok(readiness(&client)?.0 == 503 && place.control.get(Word::Refused) > refused + 1)).unwrap();
    assert!(!process.has_ended(), "{}", place.log());

    go_on(&place);
    until(|| Ok(readiness(&client)?.0 == 200)).unwrap();
    // Each under the key of the attempt that failed.
    for (number, before) in (0..).zip(&mut made).filter(|(_, made)| !**made) {
        *before = make(&client, number).unwrap();
        assert!(*before);
    }
    assert_eq!(upload("refused", 91_001).status, 201);
    // The feed and the screening go on by themselves.
    until(|| Ok(client.get("/api/v1/objects/71001")?.status == 200)).unwrap();
    settle(&client).unwrap();
    assert_eq!(process.stop(), 0, "{}", place.log());
    place.expect_no_panic();
    let found = Found::in_folder(&place.data());
    for number in 0..made.len() {
        assert_eq!(found.named[&("watch_lists", format!("list {number}"))].len(), 1);
    }
    assert_eq!(found.named[&("uploads", "refused".to_owned())].len(), 1);
    assert_eq!(found.alerts.iter().filter(|(_, key, _)| key.starts_with("conjunction/")).count(), known);
    assert!(found.running.is_empty() && found.is_sequenced());
    let leftovers = halves(&place.data());
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

fn more(sky: &Sky, number: u32) -> String {
    let text = orbits::stranger(number, sky.now);
    text.split_once('\n').unwrap().1.to_owned()
}

/// Files that are not whole: what a writer gave up, it takes away.
fn halves(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(halves(&entry.path()));
        } else if entry.file_name().to_string_lossy().contains(['#', '~']) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost_and_the_service_goes_on_when_there_is_room() {
    stops_taking(|place| place.control.set(Word::Space, 0), |place| place.control.set(Word::Space, -1));
}

#[test]
fn a_folder_that_becomes_read_only_is_told_and_nothing_is_lost() {
    stops_taking(
        |place| place.control.set(Word::Refuse, READ_ONLY),
        |place| place.control.set(Word::Refuse, 0),
    );
}

#[test]
fn a_service_whose_folder_is_read_only_or_full_does_not_start_and_says_why() {
    let (sky, place) = (Sky::of_today(), Place::new());
    let (_, process) = Script::begin(&place, &sky);
    assert_eq!(process.stop(), 0);
    let cases = [
        (Word::Refuse, READ_ONLY, 0, "Read-only file system"),
        (Word::Space, 0, -1, "No space left on device"),
    ];
    for (word, fault, none, reason) in cases {
        place.control.set(word, fault);
        let output = place.command("serve --listen 127.0.0.1:0").output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let folder = format!("{}: data cannot be kept here (data.folder): {reason}", place.data().display());
        assert!(told.contains(&folder), "{told}");
        place.control.set(word, none);
    }
    assert_eq!(place.start().stop(), 0);
}

#[test]
fn a_backup_for_which_there_is_no_room_leaves_no_half_of_it() {
    let (sky, place) = (Sky::of_today(), Place::new());
    let (mut script, process) = Script::begin(&place, &sky);
    script.go_on(&process.client).unwrap();
    assert_eq!(process.stop(), 0);
    let target = place.root().join("backups");
    fs::create_dir(&target).unwrap();
    fs::write(place.root().join("passphrase"), "correct horse\n").unwrap();
    let backup = || {
        // The folder of the backups is the one without room.
        let mut command = place.command("backup --passphrase-file passphrase backups/backup.age");
        let output = command.env("ASTROSHIELD_FAULT_FOLDER", &target).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for space in [0, 1, 5_000] {
        place.control.set(Word::Space, space);
        let (status, told) = backup();
        assert_eq!(status, Some(1), "{told}");
        assert!(told.contains("No space left on device"), "{told}");
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0, "with room for {space} bytes");
    }
    place.control.set(Word::Space, -1);
    let (status, told) = backup();
    assert_eq!(status, Some(0), "{told}");
    assert!(fs::metadata(target.join("backup.age")).unwrap().len() > 5_000);
}
