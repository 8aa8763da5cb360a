//! One workload, the same in every round: from uploads, rules and a new catalog to alerts that are delivered, acknowledged
//! and resolved. Whatever is not answered is sent again under the same idempotency key.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::found::{Encounter, Found};
use crate::orbits;
use crate::process::{Client, PATIENCE, Place, Process};

/// Between two looks at something that is waited for.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Beyond a message's lease: one that was on its way is due again.
pub(crate) const LEASE_S: i64 = 190;

/// Which catalog, for every round of a test.
pub(crate) struct Sky {
    pub(crate) now: Timestamp,
    pub(crate) crowd: String,
}

impl Sky {
    pub(crate) fn of_today() -> Self {
        let now = Timestamp::now();
        Self { now, crowd: orbits::crowd(now) }
    }
}

/// How far the workload has come.
pub(crate) struct Script<'a> {
    pub(crate) place: &'a Place,
    sky: &'a Sky,
    key: String,
    /// What was acknowledged, by name.
    made: BTreeMap<&'static str, Value>,
    published: bool,
    /// Alerts that were acted on, with what they have to be.
    acted: BTreeMap<String, &'static str>,
    finished: bool,
}

const STEPS: [(&str, &str); 4] =
    [("hook", "webhooks"), ("list", "watch-lists"), ("rule", "rules"), ("own.csv", "uploads?name=own.csv")];

impl<'a> Script<'a> {
    /// Starts the service over the catalog without the pairs, and makes a key.
    pub(crate) fn begin(place: &'a Place, sky: &'a Sky) -> (Self, Process) {
        orbits::publish(&place.catalog(), &sky.crowd);
        let mut process = place.start();
        let key = process.make_key().unwrap();
        process.client.key.clone_from(&key);
        until(|| {
            let runs = process.client.get("/api/v1/runs")?.json();
            Ok(runs["items"].as_array().unwrap().iter().any(|run| run["state"] == "completed"))
        })
        .unwrap();
        let (made, acted) = (BTreeMap::new(), BTreeMap::new());
        (Self { place, sky, key, made, published: false, acted, finished: false }, process)
    }

    /// Starts the service again, a lease later.
    pub(crate) fn resume(&self) -> Option<Process> {
        let mut process = self.place.try_start()?;
        process.client.key.clone_from(&self.key);
        Some(process)
    }

    fn body(&self, name: &str) -> Vec<u8> {
        let channel = || json!({ "kind": "webhook", "webhook": self.made["hook"]["id"] });
        let body = match name {
            "hook" => json!({ "name": name, "url": self.place.target.url() }),
            "list" => {
                let objects: Vec<Value> =
                    orbits::watched().iter().map(|number| json!({ "catalog_number": number })).collect();
                json!({ "name": name, "objects": objects })
            }
            "rule" => json!({ "name": name, "severity": "warning", "watch_list": self.made["list"]["id"],
                "max_miss_distance_km": 1.0, "channels": [channel()] }),
            _ => return orbits::own(self.sky.now).into_bytes(),
        };
        body.to_string().into_bytes()
    }

    /// Goes on to the end. An error says that the service was gone before.
    pub(crate) fn go_on(&mut self, client: &Client) -> io::Result<()> {
        for (name, path) in STEPS {
            if !self.made.contains_key(name) {
                let answer = client.post(&format!("/api/v1/{path}"), name, &self.body(name))?;
                assert_eq!(answer.status, 201, "{name}: {answer:?}");
                self.made.insert(name, answer.json());
            }
        }
        if !self.published {
            orbits::publish(&self.place.catalog(), &orbits::with_pairs(&self.sky.crowd, self.sky.now));
            self.published = true;
        }
        let expected = orbits::watched().len();
        until(|| Ok(alerts(client)?.len() == expected))?;
        let mut all = alerts(client)?;
        all.sort_by_key(|alert| alert["subject"].to_string());
        for (alert, action, state) in [(0, "acknowledge", "acknowledged"), (1, "resolve", "resolved")] {
            let id = all[alert]["id"].as_str().unwrap().to_owned();
            if self.acted.contains_key(&id) {
                continue;
            }
            let answer =
                client.post(&format!("/api/v1/alerts/{id}/{action}"), &format!("{action} {id}"), b"")?;
            // What was done and not answered is not done again.
            let done = || -> io::Result<bool> {
                Ok(answer.status == 409
                    && client.get(&format!("/api/v1/alerts/{id}"))?.json()["state"] == state)
            };
            assert!(answer.status == 200 || done()?, "{answer:?}");
            self.acted.insert(id, state);
        }
        settle(client)?;
        self.finished = true;
        Ok(())
    }

    /// Holds the end against what was acknowledged, and against the end of an undisturbed run. `in_flight` are the messages
    /// that were on their way at a kill.
    pub(crate) fn check(&self, found: &Found, in_flight: &BTreeSet<Uuid>, undisturbed: Option<&Found>) {
        assert!(self.finished);
        for (name, table) in
            [("hook", "webhooks"), ("list", "watch_lists"), ("rule", "rules"), ("own.csv", "uploads")]
        {
            let id: Uuid = self.made[name]["id"].as_str().unwrap().parse().unwrap();
            assert_eq!(found.named.get(&(table, name.to_owned())), Some(&vec![id]), "{name}");
        }
        assert!(found.is_sequenced(), "{:?}", found.unsequenced);
        assert!(found.running.is_empty() && found.failed_runs.is_empty(), "{found:?}");
        let subjects: BTreeSet<&str> = found.alerts.iter().map(|(_, subject, _)| subject.as_str()).collect();
        assert_eq!((subjects.len(), found.alerts.len()), (orbits::watched().len(), orbits::watched().len()));
        for (id, _, state) in &found.alerts {
            let expected = self.acted.get(&id.to_string()).copied().unwrap_or("open");
            assert_eq!(state, expected, "{id}");
        }
        self.check_messages(found, in_flight);
        if let Some(undisturbed) = undisturbed {
            let start =
                [found, undisturbed].iter().flat_map(|one| &one.windows).map(|(start, _)| *start).max();
            let stop = [found, undisturbed].iter().flat_map(|one| &one.windows).map(|(_, stop)| *stop).min();
            // What is at the edge of a window is told as of the edge, and what a later clock found over was put away.
            let passed = [found, undisturbed].iter().flat_map(|one| &one.passed).max();
            let start = passed.copied().unwrap_or(0).max(start.unwrap() + 60_000_000);
            let inside = start..(stop.unwrap() - 60_000_000);
            let both = |found: &Found| -> BTreeSet<Encounter> {
                found.encounters.iter().filter(|one| inside.contains(&one.tca)).cloned().collect()
            };
            assert!(both(undisturbed).len() >= orbits::watched().len());
            let (found, undisturbed) = (both(found), both(undisturbed));
            let differ: Vec<&Encounter> = found.symmetric_difference(&undisturbed).collect();
            assert!(differ.is_empty(), "either here or in the undisturbed run: {differ:?}");
        }
    }

    fn check_messages(&self, found: &Found, in_flight: &BTreeSet<Uuid>) {
        let mut told = BTreeSet::new();
        for message in found.deliveries.values() {
            assert_eq!(message.state, "delivered", "{message:?}");
            assert!(told.insert((message.alert, message.change.clone())), "two messages of one: {message:?}");
        }
        // One of each alert that it is open, and one that an alert is resolved.
        assert_eq!(told.len(), orbits::watched().len() + 1);
        let received = self.place.target.received();
        let ids: BTreeSet<String> = found.deliveries.keys().map(Uuid::to_string).collect();
        assert_eq!(received.keys().cloned().collect::<BTreeSet<_>>(), ids);
        for (id, times) in received {
            let most = if in_flight.contains(&id.parse().unwrap()) { 2 } else { 1 };
            assert!(times <= most, "{id} came {times} times");
        }
    }
}

/// Waits until nothing is on its way, and nothing new comes for a second: every run ended, every message delivered. What is
/// on its way has to get on.
pub(crate) fn settle(client: &Client) -> io::Result<()> {
    let (began, mut quiet, mut moved, mut last) = (Instant::now(), Instant::now(), Instant::now(), None);
    while quiet.elapsed() <= Duration::from_secs(1) {
        let on_its_way = what_is_on_its_way(client)?;
        if on_its_way.is_some() {
            quiet = Instant::now();
        }
        if on_its_way != last {
            (moved, last) = (Instant::now(), on_its_way);
        }
        let patient = moved.elapsed() < PATIENCE && began.elapsed() < 10 * PATIENCE;
        assert!(patient, "still on its way: {last:?}");
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn what_is_on_its_way(client: &Client) -> io::Result<Option<String>> {
    let runs = client.get("/api/v1/runs")?.json();
    if let Some(run) = runs["items"].as_array().unwrap().iter().find(|run| run["state"] == "running") {
        return Ok(Some(run.to_string()));
    }
    // A relay that has failed for long waits for seconds, in which nothing else can happen.
    let metrics = client.get("/metrics")?.body;
    let waiting = metrics.lines().find(|line| line.starts_with("astroshield_outbox_events ")).unwrap();
    if !waiting.ends_with(" 0") {
        return Ok(Some(waiting.to_owned()));
    }
    Ok(last_delivery(client)?.map(|(_, delivery)| delivery))
}

/// When the last of the messages is tried that are on their way.
pub(crate) fn last_attempt(client: &Client) -> io::Result<Option<Timestamp>> {
    Ok(last_delivery(client)?.map(|(next, _)| next))
}

fn last_delivery(client: &Client) -> io::Result<Option<(Timestamp, String)>> {
    let mut last = None;
    for alert in client.get("/api/v1/alerts?limit=1000")?.json()["items"].as_array().unwrap() {
        let path = format!("/api/v1/alerts/{}/deliveries", alert["id"].as_str().unwrap());
        let deliveries = client.get(&path)?.json();
        for delivery in deliveries["items"].as_array().unwrap() {
            if delivery["state"] == "due" {
                let next: Timestamp = delivery["next_attempt"].as_str().unwrap().parse().unwrap();
                last = last.max(Some((next, delivery.to_string())));
            }
        }
    }
    Ok(last)
}

/// Alerts of conjunctions.
pub(crate) fn alerts(client: &Client) -> io::Result<Vec<Value>> {
    let answer = client.get("/api/v1/alerts?limit=1000")?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let alerts = answer.json()["items"].as_array().unwrap().clone();
    Ok(alerts.into_iter().filter(|alert| alert["subject"]["kind"] == "conjunction").collect())
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(is_so: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    let began = Instant::now();
    while !is_so()? {
        assert!(began.elapsed() < PATIENCE, "what is waited for does not come");
        std::thread::sleep(LOOK);
    }
    Ok(())
}
