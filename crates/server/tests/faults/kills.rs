//! Kill -9: at every boundary of one workload, and anywhere under load.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chance::{Chance, asked};
use crate::found::{BOUNDARIES, Found};
use crate::layer::Word;
use crate::orbits;
use crate::process::{Client, PATIENCE, Place, Process};
use crate::script::{LEASE_S, LOOK, Script, Sky, alerts, last_attempt, settle, until};

/// Rounds of the script, unless `ASTROSHIELD_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 18;

/// Rounds under load, unless `ASTROSHIELD_CRASH_ROUNDS` says otherwise.
const ROUNDS_UNDER_LOAD: u64 = 6;

/// With so many rounds of the script, each boundary is met.
const MANY_ROUNDS: u64 = 200;

/// Rounds that go on side by side: most of a round is waiting.
const LANES: usize = 3;

/// Points of a load after which a kill comes at the latest.
const POINTS_UNDER_LOAD: u64 = 2_500;

/// A kill comes at the latest after so long, wherever the process is.
const LONGEST_ROUND: Duration = Duration::from_secs(8);

#[derive(Default)]
struct Tally {
    boundaries: BTreeMap<&'static str, u32>,
    calls: BTreeMap<String, u32>,
    killed: u32,
    repeated: usize,
}

impl Tally {
    fn note(&mut self, found: &Found, killed_at: String) {
        self.killed += 1;
        *self.calls.entry(killed_at).or_default() += 1;
        for boundary in found.boundaries() {
            *self.boundaries.entry(boundary).or_default() += 1;
        }
    }

    fn print(&self, what: &str) {
        eprintln!("{what}: {} kills, {} messages repeated", self.killed, self.repeated);
        for (call, times) in &self.calls {
            eprintln!("  {times:4} {call}");
        }
        for (boundary, times) in &self.boundaries {
            eprintln!("  {times:4} found: {boundary}");
        }
    }
}

/// One round: killed at a point, taken up again, and held against the undisturbed run.
fn round(sky: &Sky, point: u64, undisturbed: &Found, tally: &Mutex<Tally>) {
    let place = Place::new();
    let (mut script, mut process) = Script::begin(&place, sky);
    place.control.kill_in(point, false);
    let mut in_flight = BTreeSet::new();
    let finished = script.go_on(&process.client).is_ok();
    place.control.set(Word::KillIn, 0);
    // The last point may be passed after all is done.
    if !finished || process.has_ended() {
        process.wait();
        let found = Found::in_folder(&place.data());
        tally.lock().unwrap().note(&found, place.control.killed_at());
        in_flight = found.in_flight();
        place.control.set(Word::ClockS, LEASE_S);
        process = script.resume().unwrap_or_else(|| panic!("no restart: {}", place.log()));
        script.go_on(&process.client).unwrap();
    }
    assert_eq!(process.stop(), 0, "{}", place.log());
    place.expect_no_panic();
    script.check(&Found::in_folder(&place.data()), &in_flight, Some(undisturbed));
    tally.lock().unwrap().repeated += place.target.received().values().filter(|times| **times > 1).count();
}

#[test]
fn killed_at_any_boundary_the_service_goes_on_and_ends_as_if_it_had_not_been() {
    let mut chance = Chance::new();
    let sky = Sky::of_today();
    let place = Place::new();
    let (mut script, process) = Script::begin(&place, &sky);
    place.control.kill_in(0, false);
    script.go_on(&process.client).unwrap();
    let points = u64::try_from(place.control.get(Word::Points)).unwrap();
    assert_eq!(process.stop(), 0);
    let undisturbed = Found::in_folder(&place.data());
    script.check(&undisturbed, &BTreeSet::new(), None);

    // Every point where there are as many rounds, else points that are spread evenly from one that the seed says.
    let rounds = asked("ASTROSHIELD_CRASH_ROUNDS", ROUNDS).max(1);
    let step = (points / rounds).max(1);
    let first = chance.below(step) + 1;
    let visited: Vec<u64> = (first..=points).step_by(usize::try_from(step).unwrap()).collect();
    eprintln!("{points} points, every {step} from {first}: {} rounds", visited.len());
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(point) = visited.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        round(&sky, *point, &undisturbed, &tally);
                    }));
                    if let Err(reason) = ended {
                        eprintln!("killed at point {point}");
                        next.store(visited.len(), Ordering::Relaxed);
                        std::panic::resume_unwind(reason);
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    tally.print("scripted");
    assert!(tally.killed > 0);
    if rounds >= MANY_ROUNDS {
        assert_eq!(tally.boundaries.keys().copied().collect::<BTreeSet<_>>(), BOUNDARIES.into());
    }
}

/// A write that may have been made and was not answered.
#[derive(Debug, Clone)]
struct Write {
    table: &'static str,
    path: String,
    name: String,
    body: String,
}

/// Somebody who writes one thing after the other.
struct Writer {
    lane: usize,
    table: &'static str,
    number: u32,
    pending: Option<Write>,
    accepted: Vec<(&'static str, String, Uuid)>,
}

impl Writer {
    fn next(&mut self, sky: &Sky) -> Write {
        self.number += 1;
        let name = format!("{}-{}-{}", self.table, self.lane, self.number);
        let (path, body) = match self.table {
            "uploads" => {
                let object = 90_000 + u32::try_from(self.lane).unwrap() * 10_000 + self.number;
                (format!("uploads?name={name}"), orbits::stranger(object, sky.now))
            }
            "watch_lists" => (
                "watch-lists".to_owned(),
                json!({ "name": name, "objects": [{ "catalog_number": self.number }] }).to_string(),
            ),
            // No rule of them speaks of anything, so that alerts stay those of the workload.
            "rules" => (
                "rules".to_owned(),
                json!({ "name": name, "severity": "info", "enabled": false, "min_probability": 1.0 })
                    .to_string(),
            ),
            table => (
                table.to_owned(),
                json!({ "name": name, "enabled": false, "url": "https://127.0.0.1:9/x" }).to_string(),
            ),
        };
        Write { table: self.table, path, name, body }
    }

    /// Writes until the service is gone.
    fn write(&mut self, client: &Client, sky: &Sky) -> io::Result<()> {
        loop {
            let write = self.pending.take().unwrap_or_else(|| self.next(sky));
            self.pending = Some(write.clone());
            let answer =
                client.post(&format!("/api/v1/{}", write.path), &write.name, write.body.as_bytes())?;
            if answer.status == 503 {
                std::thread::sleep(LOOK);
                continue;
            }
            assert_eq!(answer.status, 201, "{write:?}: {answer:?}");
            let id = answer.json()["id"].as_str().unwrap().parse().unwrap();
            self.accepted.push((write.table, write.name, id));
            self.pending = None;
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Acknowledges alerts until the service is gone.
fn acknowledge(client: &Client, acknowledged: &mut BTreeSet<String>) -> io::Result<()> {
    loop {
        for alert in alerts(client)?.iter().filter(|alert| alert["state"] == "open") {
            let id = alert["id"].as_str().unwrap();
            let path = format!("/api/v1/alerts/{id}/acknowledge");
            let answer = client.post(&path, &format!("acknowledge {id}"), b"")?;
            if answer.status == 503 {
                // The disk is full; it is open still, and is asked for anew.
                continue;
            }
            // What it is about may have been over in between.
            let is_over = || -> io::Result<bool> {
                Ok(answer.status == 409
                    && client.get(&format!("/api/v1/alerts/{id}"))?.json()["state"] == "resolved")
            };
            if answer.status == 200 {
                acknowledged.insert(id.to_owned());
            } else {
                assert!(is_over()?, "{answer:?}");
            }
        }
        std::thread::sleep(LOOK);
    }
}

/// Makes a rule that speaks of every pair, so that alerts are opened and messages go out in every round.
fn watch(client: &Client, watches: &mut Vec<Value>, due: usize) -> io::Result<()> {
    while watches.len() < due {
        let named = |path: &str, name: &str| -> io::Result<Value> {
            let rows = client.get(path)?.json();
            let mut rows = rows["items"].as_array().unwrap().iter();
            Ok(rows.find(|row| row["name"] == name).unwrap()["id"].clone())
        };
        let channel = json!({ "kind": "webhook", "webhook": named("/api/v1/webhooks", "hook")? });
        let name = format!("watch {}", watches.len());
        let rule = json!({ "name": name, "severity": "critical", "watch_list": named("/api/v1/watch-lists", "list")?,
            "max_miss_distance_km": 1.0, "channels": [channel] });
        let answer = client.post("/api/v1/rules", &name, rule.to_string().as_bytes())?;
        if answer.status == 503 {
            std::thread::sleep(LOOK);
            continue;
        }
        assert_eq!(answer.status, 201, "{answer:?}");
        watches.push(answer.json()["id"].clone());
    }
    Ok(())
}

/// A service under load, killed again and again.
pub(crate) struct Lane<'a> {
    pub(crate) place: Place,
    sky: &'a Sky,
    number: usize,
    key: String,
    writers: Vec<Writer>,
    acknowledged: BTreeSet<String>,
    in_flight: BTreeMap<Uuid, usize>,
    catalogs: u32,
    /// Rules that were acknowledged, of those that speak of every pair.
    watches: Vec<Value>,
    rounds: usize,
    pub(crate) kills: u32,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(number: usize, sky: &'a Sky) -> Self {
        let place = Place::new();
        let (mut script, process) = Script::begin(&place, sky);
        script.go_on(&process.client).unwrap();
        let key = process.client.key.clone();
        assert_eq!(process.stop(), 0);
        let writer = |table| Writer { lane: number, table, number: 0, pending: None, accepted: Vec::new() };
        let writers = ["uploads", "watch_lists", "rules", "webhooks"].map(writer).into();
        let (acknowledged, in_flight) = (BTreeSet::new(), BTreeMap::new());
        let (catalogs, watches, rounds, kills) = (0, Vec::new(), 0, 0);
        Self { place, sky, number, key, writers, acknowledged, in_flight, catalogs, watches, rounds, kills }
    }

    pub(crate) fn start(&self) -> Option<Process> {
        let mut process = self.place.try_start()?;
        process.client.key.clone_from(&self.key);
        Some(process)
    }

    /// A catalog with something new in it.
    pub(crate) fn publish(&mut self) {
        self.catalogs += 1;
        let object = 70_000 + u32::try_from(self.number).unwrap() * 1_000 + self.catalogs % 1_000;
        let pairs = orbits::with_pairs(&self.sky.crowd, self.sky.now);
        let more = orbits::stranger(object, self.sky.now);
        let (_, more) = more.split_once('\n').unwrap();
        orbits::publish(&self.place.catalog(), &(pairs + more));
    }

    /// Everybody works until the service is gone, which is seen to.
    pub(crate) fn load(&mut self, mut process: Process, longest: Duration) {
        self.publish();
        self.rounds += 1;
        let client = process.client.clone();
        let (sky, writers, acknowledged) = (self.sky, &mut self.writers, &mut self.acknowledged);
        let (watches, due) = (&mut self.watches, self.rounds);
        std::thread::scope(|scope| {
            for writer in writers {
                scope.spawn(|| writer.write(&client, sky).unwrap_err());
            }
            scope.spawn(|| acknowledge(&client, acknowledged).unwrap_err());
            // It has ended well if the service lived until then.
            scope.spawn(|| drop(watch(&client, watches, due)));
            let began = Instant::now();
            while !process.has_ended() && began.elapsed() < longest {
                std::thread::sleep(LOOK);
            }
            process.kill();
        });
        self.kills += 1;
    }

    /// What was accepted is there, once.
    pub(crate) fn check(&mut self) -> Found {
        self.place.expect_no_panic();
        let found = Found::in_folder(&self.place.data());
        for (table, name, id) in self.writers.iter().flat_map(|writer| &writer.accepted) {
            assert_eq!(found.named.get(&(*table, name.clone())), Some(&vec![*id]), "{name}");
        }
        for (key, ids) in &found.named {
            assert_eq!(ids.len(), 1, "{key:?} is there more than once");
        }
        // That a feed fails may be so again; what is said of a conjunction is said once.
        let of_conjunctions =
            found.alerts.iter().filter(|(_, subject, _)| subject.starts_with("conjunction/"));
        let mut subjects = BTreeSet::new();
        for (_, subject, _) in of_conjunctions {
            assert!(subjects.insert(subject), "an alert is there twice: {:?}", found.alerts);
        }
        for (number, id) in self.watches.iter().enumerate() {
            let expected: Uuid = id.as_str().unwrap().parse().unwrap();
            assert_eq!(found.named.get(&("rules", format!("watch {number}"))), Some(&vec![expected]));
        }
        for id in &self.acknowledged {
            let alert = found.alerts.iter().find(|(alert, ..)| alert.to_string() == *id).unwrap();
            // Resolved, if what it is about was over later.
            assert!(["acknowledged", "resolved"].contains(&alert.2.as_str()), "{id}: {}", alert.2);
        }
        assert!(found.failed_runs.is_empty(), "{:?}", found.failed_runs);
        for id in found.in_flight() {
            *self.in_flight.entry(id).or_default() += 1;
        }
        found
    }

    /// What is there after it came to rest and was stopped.
    fn at_rest(&mut self, process: Process) -> Found {
        settle(&process.client).unwrap();
        assert_eq!(process.stop(), 0, "{}", self.place.log());
        self.check()
    }

    /// Lets it come to rest, and holds the end against all that was ever accepted.
    pub(crate) fn finish(&mut self) -> (usize, usize) {
        let ahead_s = LEASE_S * i64::from(self.kills + 1);
        self.place.control.set(Word::ClockS, ahead_s);
        let process = self.start().unwrap_or_else(|| panic!("no restart: {}", self.place.log()));
        watch(&process.client, &mut self.watches, self.rounds).unwrap();
        let expected = orbits::watched().len() * (1 + self.watches.len()) - 1;
        until(|| Ok(alerts(&process.client)?.len() > expected)).unwrap();
        // Messages that failed a few times wait for hours.
        if let Some(last) = last_attempt(&process.client).unwrap() {
            let now = Timestamp::now().as_second();
            self.place.control.set(Word::ClockS, ahead_s.max(last.as_second() + 1 - now));
        }
        let mut found = self.at_rest(process);
        if !found.is_sequenced() {
            // A run that began as it was told to stop has told of itself: the next process passes that on.
            let process = self.start().unwrap_or_else(|| panic!("no restart: {}", self.place.log()));
            found = self.at_rest(process);
        }
        assert!(found.is_sequenced(), "{:?}", found.unsequenced);
        let received = self.place.target.received();
        let ids: BTreeSet<String> = found.deliveries.keys().map(Uuid::to_string).collect();
        assert_eq!(received.keys().cloned().collect::<BTreeSet<_>>(), ids);
        for (id, times) in &received {
            let kills = self.in_flight.get(&id.parse().unwrap()).copied().unwrap_or(0);
            assert!(*times <= 1 + kills, "{id} came {times} times, and was on its way at {kills} kills");
        }
        let accepted = self.writers.iter().map(|writer| writer.accepted.len()).sum::<usize>();
        (accepted + self.acknowledged.len() + self.watches.len(), found.positions.len())
    }
}

#[test]
fn killed_anywhere_under_load_the_service_loses_and_doubles_nothing() {
    let mut chance = Chance::new();
    let sky = Sky::of_today();
    let rounds = asked("ASTROSHIELD_CRASH_ROUNDS", ROUNDS_UNDER_LOAD).max(1);
    let lanes = LANES.min(usize::try_from(rounds).unwrap());
    let seeds: Vec<Vec<u64>> = (0..lanes)
        .map(|lane| {
            let own = (0..rounds).filter(|round| usize::try_from(*round).unwrap() % lanes == lane);
            own.map(|_| chance.below(POINTS_UNDER_LOAD) + 1).collect()
        })
        .collect();
    let tally = Mutex::new(Tally::default());
    let totals = Mutex::new((0, 0));
    std::thread::scope(|scope| {
        for (number, points) in seeds.iter().enumerate() {
            let (sky, tally, totals) = (&sky, &tally, &totals);
            scope.spawn(move || {
                let mut lane = Lane::new(number, sky);
                for point in points {
                    // Now and then in the midst of coming up.
                    lane.place.control.kill_in(*point, true);
                    if let Some(process) = lane.start() {
                        lane.load(process, LONGEST_ROUND);
                    } else {
                        lane.kills += 1;
                    }
                    let killed_at = lane.place.control.killed_at();
                    lane.place.control.kill_in(0, false);
                    let found = lane.check();
                    tally.lock().unwrap().note(&found, killed_at);
                    lane.place.control.set(Word::ClockS, LEASE_S * i64::from(lane.kills));
                }
                let (accepted, events) = lane.finish();
                let mut totals = totals.lock().unwrap();
                *totals = (totals.0 + accepted, totals.1 + events);
            });
        }
    });
    tally.into_inner().unwrap().print("under load");
    let (accepted, events) = *totals.lock().unwrap();
    eprintln!("{accepted} writes were accepted, {events} events sequenced");
    assert!(accepted > 0 && PATIENCE > LONGEST_ROUND);
}
