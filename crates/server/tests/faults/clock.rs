//! A clock that steps: a day ahead, and back again.

use std::io;

use crate::chance::asked;
use crate::found::Found;
use crate::layer::Word;
use crate::orbits;
use crate::process::{Client, Place};
use crate::script::{Script, Sky, alerts, settle, until};

const DAY_S: i64 = 24 * 3600;

/// Catalogs that were taken in and screened so far.
fn completed(client: &Client) -> io::Result<usize> {
    let runs = client.get("/api/v1/runs?limit=1000")?.json();
    let runs = runs["items"].as_array().unwrap().clone();
    Ok(runs.iter().filter(|run| run["state"] == "completed" && run["objects"].as_u64() > Some(300)).count())
}

/// The clock steps while the service runs; a new catalog comes, is screened, and nothing is told that is not so.
fn steps_by(seconds: i64) {
    let (sky, place) = (Sky::of_today(), Place::new());
    let (mut script, process) = Script::begin(&place, &sky);
    script.go_on(&process.client).unwrap();
    let client = process.client.clone();
    let told = alerts(&client).unwrap().len();
    place.control.set(Word::ClockS, seconds);

    // The feed goes on, and so does the screening of what it brings.
    let before = completed(&client).unwrap();
    let more = orbits::stranger(71_001, sky.now);
    let more = more.split_once('\n').unwrap().1;
    orbits::publish(&place.catalog(), &(orbits::with_pairs(&sky.crowd, sky.now) + more));
    until(|| Ok(client.get("/api/v1/objects/71001")?.status == 200)).unwrap();
    until(|| Ok(completed(&client)? > before)).unwrap();
    // The key is good, a write is made once, and a list goes on where it was.
    let body = orbits::stranger(91_001, sky.now);
    let upload = || client.post("/api/v1/uploads?name=stepped", "stepped", body.as_bytes()).unwrap();
    let (first, again) = (upload(), upload());
    assert_eq!((first.status, again.status), (201, 201), "{first:?} {again:?}");
    assert_eq!(first.json()["id"], again.json()["id"]);
    let page = client.get("/api/v1/objects?limit=200").unwrap().json();
    let next = page["next_cursor"].as_str().unwrap();
    assert_eq!(client.get(&format!("/api/v1/objects?limit=200&cursor={next}")).unwrap().status, 200);
    // A message that is due goes out: a new rule about what is ahead at either time.
    settle(&client).unwrap();
    // The watch for silence has looked twice.
    std::thread::sleep(std::time::Duration::from_secs(asked("ASTROSHIELD_CLOCK_SECONDS", 35)));
    let all = client.get("/api/v1/alerts?limit=1000").unwrap().json();
    let open: Vec<_> = all["items"].as_array().unwrap().iter().filter(|one| one["state"] == "open").collect();
    let platform = open.iter().filter(|alert| alert["subject"]["kind"] != "conjunction").count();
    assert_eq!(platform, 0, "the step is no silence: {open:?}");
    assert_eq!(all["items"].as_array().unwrap().len(), told, "{all}");

    // And back again.
    place.control.set(Word::ClockS, 0);
    let again = client.get("/health/ready").unwrap();
    assert_eq!(again.status, 200, "{again:?}");
    settle(&client).unwrap();
    assert_eq!(process.stop(), 0, "{}", place.log());
    place.expect_no_panic();
    let process = script.resume().unwrap();
    assert_eq!(alerts(&process.client).unwrap().len(), told);
    assert_eq!(process.stop(), 0, "{}", place.log());
    let found = Found::in_folder(&place.data());
    assert!(found.is_sequenced(), "{:?}", found.unsequenced);
    assert!(found.running.is_empty() && found.failed_runs.is_empty(), "{found:?}");
    assert_eq!(found.named[&("uploads", "stepped".to_owned())].len(), 1);
    assert!(found.deliveries.values().all(|message| message.state == "delivered"), "{found:?}");
    let received = place.target.received();
    assert!(received.values().all(|times| *times == 1), "{received:?}");
    assert_eq!(received.len(), found.deliveries.len());
}

#[test]
fn a_clock_that_steps_a_day_ahead_and_back_loses_doubles_and_alarms_nothing() {
    steps_by(DAY_S);
}

#[test]
fn a_clock_that_steps_a_day_back_and_ahead_loses_doubles_and_alarms_nothing() {
    steps_by(-DAY_S);
}
