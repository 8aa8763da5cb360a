//! Several processes with roles of their own.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use astroshield_adapters::PostgresStore;
use astroshield_adapters::kafka::{Authentication, KafkaBus, KafkaSettings};
use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ports::{Bus as _, Store};
use astroshield_testkit::postgres::unfenced;
use astroshield_testkit::servers::variable;
use serde_json::{Value, json};

use crate::chance::{Chance, asked};
use crate::fleet::{Fleet, first_of, key, pair};
use crate::load::conjunctions;
use crate::server::{PATIENCE, Server};
use crate::socket::Socket;

/// Pairs that there can be: those of lower orbits than the last one would not meet.
const PLACES: usize = 60;

/// Pairs of which one rule can tell: of a thousand conjunctions at most, and a pair has some twenty in a day.
const PAIRS_OF_RULE: usize = 40;

const SCREENING: &str = "[screening]\nsettle = \"0s\"\ndays = 1\nthreads = 1\n";

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

fn json(server: &Server, path: &str, key: &str) -> Value {
    let (status, body) = server.get_with(path, &[("authorization", &bearer(key))]);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

fn upload(server: &Server, key: &str, place: u32) {
    let path = format!("/api/v1/uploads?name={place}.csv");
    let headers = [("authorization", bearer(key)), ("content-type", "text/csv".to_owned())];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, body) = server.post_with(&path, &headers, &pair(place));
    assert_eq!(status, 201, "{body}");
}

/// Waits until the conjunction of each pair is found.
fn await_pairs(server: &Server, key: &str, places: &[u32]) {
    let authorization = bearer(key);
    let headers = [("authorization", authorization.as_str())];
    for place in places {
        let path = format!("/api/v1/conjunctions?object={}", first_of(*place));
        server.until(&path, &headers, |status, body| status == 200 && body.contains("\"id\""));
    }
}

#[test]
fn processes_of_one_role_each_are_one_service() {
    let Some(fleet) = Fleet::new(SCREENING) else { return };
    let api = [fleet.start("api"), fleet.start("api")];
    let others = ["relay", "screen", "notify", "ingest,analyze"].map(|roles| fleet.start(roles));
    let key = key(&api[0]);
    let authorization = bearer(&key);
    let rule = json!({ "name": "all", "severity": "critical", "relations": true }).to_string();
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    assert_eq!(api[0].post_with("/api/v1/rules", &headers, &rule).0, 201);
    let mut socket = Socket::open(&api[1].address, &key, "alerts");
    upload(&api[0], &key, 0);
    // What is told goes from one process to the next, and to who is connected to yet another one.
    while socket.next()["event"]["payload"]["change"] != "opened" {}
    await_pairs(&api[1], &key, &[0]);

    for process in &others {
        assert_eq!(process.get("/api/v1/conjunctions").0, 404);
        assert_eq!(process.get("/").0, 404);
        assert_eq!(process.get("/health/live").0, 200);
        assert_eq!(process.get("/metrics").0, 401);
        let (status, metrics) = process.get_with("/metrics", &headers[..1]);
        assert!(status == 200 && metrics.contains("astroshield_process_memory_bytes"), "{status}");
    }
    // The relay tells what waits for workers: nothing.
    let of_workers = "astroshield_bus_lag_messages{consumer=\"screening\"} 0";
    others[0].until("/metrics", &headers[..1], |status, body| status == 200 && body.contains(of_workers));
    for process in others.into_iter().chain(api) {
        let (status, log) = process.stop();
        assert_eq!(status, 0, "{log}");
    }
}

#[test]
fn a_worker_that_is_killed_in_the_middle_of_a_run_leaves_its_slices_to_another_one() {
    // Slices of a few objects take so long that a process can be killed meanwhile: a month has many.
    let Some(fleet) = Fleet::new(&SCREENING.replace("days = 1", "days = 30")) else { return };
    let (api, relay) = (fleet.start("api"), fleet.start("relay"));
    let mut chance = Chance::new();
    let key = key(&api);
    let mut screeners = vec![fleet.start("screen"), fleet.start("screen")];
    let runs = || json(&api, "/api/v1/runs", &key)["items"].as_array().unwrap().clone();
    let is_under_way = |run: &Value, some: u64| {
        let (done, all) = (run["slices_done"].as_u64(), run["slices"].as_u64());
        run["state"] == "running" && done >= Some(some) && done < all
    };
    let rounds = u32::try_from(asked("ASTROSHIELD_CRASH_ROUNDS", 2).min(PLACES as u64)).unwrap();
    let mut hit = 0;
    for round in 0..rounds {
        let before = runs().len();
        upload(&api, &key, round);
        let some = 1 + chance.below(40);
        let began = Instant::now();
        loop {
            let runs = runs();
            // One that was too quick is over.
            let is_over = runs.len() > before && runs.iter().all(|run| run["state"] != "running");
            if is_over || runs.iter().any(|run| is_under_way(run, some)) {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "no run begins: {runs:?}");
            thread::sleep(Duration::from_millis(5));
        }
        // Dropped is killed. It may be the one that coordinates the run.
        let place = usize::try_from(chance.below(2)).unwrap();
        drop(screeners.remove(place));
        // What is under way after the kill was so at the kill.
        hit += u32::from(runs().iter().any(|run| is_under_way(run, 0)));
        await_pairs(&api, &key, &[round]);
        screeners.push(fleet.start("screen"));
    }
    println!("{rounds} workers killed, {hit} of them while a run was under way");
    assert!(2 * hit >= rounds, "{hit} of {rounds} kills came while a run was under way: they say little");
    let began = Instant::now();
    while runs().iter().any(|run| run["state"] == "running") {
        assert!(began.elapsed() < 2 * PATIENCE, "{:?}", runs());
        thread::sleep(Duration::from_millis(100));
    }
    for run in json(&api, "/api/v1/runs?limit=1000", &key)["items"].as_array().unwrap() {
        assert_ne!(run["state"], "failed", "{run}");
    }
    assert!(conjunctions_of(&fleet) >= rounds as usize);
    drop((screeners, relay));
}

/// How many conjunctions there are, none of them twice.
fn conjunctions_of(fleet: &Fleet) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { conjunctions(&mut unfenced(&fleet.database).await).await })
}

#[test]
fn a_relay_that_was_frozen_goes_on_without_harm_to_the_order_of_events() {
    let Some(fleet) = Fleet::new(SCREENING) else { return };
    let api = fleet.start("api");
    let relays = [fleet.start("relay"), fleet.start("relay")];
    let key = key(&api);
    let mut chance = Chance::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store: Arc<dyn Store> = Arc::new(runtime.block_on(PostgresStore::connect(&fleet.database)).unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let witness = runtime.spawn(witness(&fleet, Arc::clone(&store), Arc::clone(&heard)).unwrap());

    let mut place = 0;
    for round in 0..asked("ASTROSHIELD_CRASH_ROUNDS", 2) {
        // One of them leads, and nobody knows which: in two rounds, each is frozen once, for longer than a lease holds in every
        // other pair of rounds.
        let frozen = &relays[usize::try_from(round % 2).unwrap()];
        let longer = Duration::from_millis(if round % 4 < 2 { 12_000 } else { chance.below(11_000) });
        frozen.signal("STOP");
        let began = Instant::now();
        while began.elapsed() < longer {
            upload(&api, &key, place % PLACES as u32);
            place += 1;
            thread::sleep(Duration::from_millis(200 + chance.below(200)));
        }
        frozen.signal("CONT");
        for _ in 0..5 {
            upload(&api, &key, place % PLACES as u32);
            place += 1;
        }
    }
    // Whatever is sequenced between two looks: what was heard is held against what there is once one is all of the other.
    let (expected, heard) = runtime.block_on(async {
        let began = Instant::now();
        loop {
            let waits = store.figures(jiff::Timestamp::now()).await.unwrap().outbox;
            let expected = store.events_after(0, &Topic::ALL, 100_000).await.unwrap();
            let heard: Vec<Published> = heard.lock().unwrap().clone();
            let of = |events: &[Published]| -> BTreeSet<i64> {
                events.iter().map(|event| event.position).collect()
            };
            if waits == 0 && of(&heard) == of(&expected) {
                return (expected, heard);
            }
            let (came, due) = (heard.len(), expected.len());
            assert!(began.elapsed() < PATIENCE, "{came} of {due} events came, and {waits} wait");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    witness.abort();
    // Everything came, and what came for the first time came in order: for each tenant, as the port promises.
    let positions = |events: &[Published], tenant: &str| -> Vec<i64> {
        let of_tenant = events.iter().filter(|event| event.event.tenant.as_str() == tenant);
        of_tenant.map(|event| event.position).collect()
    };
    let tenants: BTreeSet<&str> = expected.iter().map(|event| event.event.tenant.as_str()).collect();
    for tenant in tenants {
        let (mut seen, mut first) = (BTreeSet::new(), Vec::new());
        for position in positions(&heard, tenant) {
            if seen.insert(position) {
                first.push(position);
            }
        }
        assert_eq!(first, positions(&expected, tenant), "{tenant}");
    }
    let again = heard.len() - expected.len();
    assert_eq!(again, 0, "a relay that was frozen published {again} events that another one had published");
}

/// Hears everything that is on the bus.
fn witness(
    fleet: &Fleet,
    store: Arc<dyn Store>,
    heard: Arc<Mutex<Vec<Published>>>,
) -> Option<impl Future<Output = ()> + use<>> {
    let settings = KafkaSettings {
        brokers: variable("ASTROSHIELD_TEST_KAFKA")?,
        authentication: Authentication::Scram {
            user: "astroshield".to_owned(),
            password: "secret".to_owned(),
        },
        roots_pem: Some(fleet.kafka_authority()),
        prefix: fleet.prefix.clone(),
        partitions: fleet.partitions,
        replicas: Some(1),
    };
    Some(async move {
        let bus = KafkaBus::new(settings, store).unwrap();
        let mut subscription = bus.subscribe("witness", &Topic::ALL).await.unwrap();
        loop {
            match subscription.next().await {
                Ok(event) => heard.lock().unwrap().push(event),
                Err(error) => eprintln!("{error}"),
            }
        }
    })
}

/// What a process said of itself when it was looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Ready,
    /// Something that it needs is away, or slow as the machine is.
    NotReady,
    /// It shuts down, or there is no such process any longer.
    Ending,
}

impl Seen {
    fn at(address: &str) -> Self {
        match ask(address, "GET", "/health/ready", "", "", "") {
            Ok((200, _)) => Self::Ready,
            Ok((_, answer)) if !answer.contains("is shutting down") => Self::NotReady,
            Ok(_) | Err(_) => Self::Ending,
        }
    }
}

/// What a load balancer does: asks each process whether it is ready, and sends requests to one that is.
struct Balancer {
    addresses: Mutex<Vec<(String, Seen)>>,
    stop: AtomicBool,
    /// How often all processes were ending for longer than two looks take: nobody was left to send requests to.
    deserted: AtomicUsize,
    /// Requests that were passed on, and uploads among them.
    passed: [AtomicUsize; 2],
}

impl Balancer {
    fn look(&self) {
        // Looks, one after another, that found nobody.
        let mut in_vain = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let addresses: Vec<String> =
                self.addresses.lock().unwrap().iter().map(|(address, _)| address.clone()).collect();
            for address in addresses {
                let seen = Seen::at(&address);
                let mut known = self.addresses.lock().unwrap();
                if let Some(known) = known.iter_mut().find(|(known, _)| *known == address) {
                    known.1 = seen;
                }
            }
            let all_end = self.addresses.lock().unwrap().iter().all(|(_, seen)| *seen == Seen::Ending);
            in_vain = if all_end { in_vain + 1 } else { 0 };
            if in_vain == 3 {
                self.deserted.fetch_add(1, Ordering::Relaxed);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn add(&self, server: &Server) {
        self.addresses.lock().unwrap().push((server.address.clone(), Seen::Ready));
    }

    fn remove(&self, address: &str) {
        self.addresses.lock().unwrap().retain(|(known, _)| known != address);
    }

    /// One that is ready; where none is, any of them, as load balancers have it: they may have been slow to say so.
    fn one(&self, turn: usize) -> Option<String> {
        let known = self.addresses.lock().unwrap();
        let ready: Vec<_> = known.iter().filter(|(_, seen)| *seen == Seen::Ready).collect();
        let all: Vec<_> = if ready.is_empty() { known.iter().collect() } else { ready };
        all.get(turn % all.len().max(1)).map(|(address, _)| address.clone())
    }
}

/// One request; what went wrong with it, if anything did.
fn ask(
    address: &str,
    method: &str,
    path: &str,
    key: &str,
    kind: &str,
    body: &str,
) -> Result<(u16, String), String> {
    let host = address.strip_prefix("http://").unwrap();
    let failed = |error: std::io::Error| format!("{address} {method} {path}: {error}");
    let mut stream = TcpStream::connect(host).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {host}\r\nauthorization: Bearer {key}\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| format!("{address} {method} {path}: no answer: {answer:?}"))?, answer))
}

#[test]
fn every_role_is_restarted_under_load_and_no_request_fails_and_nothing_is_lost_or_doubled() {
    let Some(mut fleet) = Fleet::new(SCREENING) else { return };
    let mut start = |role: &str| {
        // So long that a load balancer on a busy machine looks meanwhile; before the others there is none.
        fleet.set("ASTROSHIELD__SERVER__DRAIN", if role == "api" { "5s" } else { "0s" });
        fleet.start(role)
    };
    let roles = ["api", "api", "relay", "relay", "screen", "screen", "notify", "notify", "ingest", "analyze"];
    let mut processes: Vec<(&str, Server)> = roles.iter().map(|role| (*role, start(role))).collect();
    let key = key(&processes[0].1);
    let authorization = bearer(&key);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let rule = json!({ "name": "all", "severity": "critical", "relations": true }).to_string();
    assert_eq!(processes[0].1.post_with("/api/v1/rules", &headers, &rule).0, 201);

    let balancer = Arc::new(Balancer {
        addresses: Mutex::default(),
        stop: AtomicBool::new(false),
        deserted: AtomicUsize::default(),
        passed: <[AtomicUsize; 2]>::default(),
    });
    for (_, server) in processes.iter().filter(|(role, _)| *role == "api") {
        balancer.add(server);
    }
    let looking = thread::spawn({
        let balancer = Arc::clone(&balancer);
        move || balancer.look()
    });
    let rounds = asked("ASTROSHIELD_CRASH_ROUNDS", 1);
    // So that there are some until the last round.
    let upload_every = 40 * usize::try_from(rounds).unwrap();
    let load = thread::spawn({
        let (balancer, key) = (Arc::clone(&balancer), key.clone());
        move || {
            let (mut places, mut lists, mut failures) = (Vec::new(), BTreeSet::new(), Vec::new());
            let mut requests = 0_usize;
            while !balancer.stop.load(Ordering::Relaxed) {
                requests += 1;
                let Some(address) = balancer.one(requests) else {
                    failures.push("no process is ready".to_owned());
                    continue;
                };
                let answer = if requests.is_multiple_of(upload_every) && places.len() < PAIRS_OF_RULE {
                    let place = u32::try_from(places.len()).unwrap();
                    let path = format!("/api/v1/uploads?name={place}.csv");
                    places.push(place);
                    balancer.passed[1].fetch_add(1, Ordering::Relaxed);
                    ask(&address, "POST", &path, &key, "text/csv", &pair(place))
                } else if requests.is_multiple_of(5) {
                    let name = format!("list-{requests}");
                    let body = json!({ "name": name, "objects": [] }).to_string();
                    lists.insert(name);
                    ask(&address, "POST", "/api/v1/watch-lists", &key, "application/json", &body)
                } else {
                    ask(&address, "GET", "/api/v1/conjunctions", &key, "", "")
                };
                balancer.passed[0].fetch_add(1, Ordering::Relaxed);
                match answer {
                    Ok((200 | 201, _)) => {}
                    Ok((_, answer)) => failures.push(answer),
                    Err(problem) => failures.push(problem),
                }
                thread::sleep(Duration::from_millis(10));
            }
            (places, lists, failures, requests)
        }
    });
    for _ in 0..rounds {
        for place in 0..processes.len() {
            let (role, server) = processes.remove(0);
            let address = server.address.clone();
            let (status, log) = server.stop();
            assert_eq!(status, 0, "{role} {place}: {log}");
            balancer.remove(&address);
            let next = start(role);
            if role == "api" {
                balancer.add(&next);
            }
            processes.push((role, next));
        }
    }
    // However slow the machine is, there were so many that they say something.
    let began = Instant::now();
    while [(0, 200), (1, 10)].iter().any(|(of, due)| balancer.passed[*of].load(Ordering::Relaxed) <= *due) {
        assert!(
            began.elapsed() < 2 * PATIENCE,
            "{:?}: requests and uploads that say little",
            balancer.passed
        );
        thread::sleep(Duration::from_millis(50));
    }
    balancer.stop.store(true, Ordering::Relaxed);
    let (places, lists, failures, requests) = load.join().unwrap();
    looking.join().unwrap();
    assert_eq!(failures, Vec::<String>::new(), "of {requests} requests");
    let deserted = balancer.deserted.load(Ordering::Relaxed);
    assert_eq!(deserted, 0, "every process of the API was ending at once {deserted} times");
    let api = &processes.iter().find(|(role, _)| *role == "api").unwrap().1;
    let found = json(api, "/api/v1/watch-lists", &key);
    let mut found: Vec<&str> =
        found["items"].as_array().unwrap().iter().map(|list| list["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, Vec::from_iter(&lists), "lists that are there, and those that were accepted");
    await_pairs(api, &key, &places);
    // One alert of each, however often a process was told.
    for place in &places {
        let of_pair = |list: &str| -> Vec<String> {
            let path = format!("/api/v1/{list}?limit=1000&object={}", first_of(*place));
            let items = json(api, &path, &key)["items"].as_array().unwrap().clone();
            let what = if list == "alerts" { "subject" } else { "id" };
            items.iter().map(|item| item[what].to_string()).collect()
        };
        let began = Instant::now();
        let alerts = loop {
            let (alerts, found) = (of_pair("alerts"), of_pair("conjunctions"));
            if alerts.len() >= found.len() {
                break alerts;
            }
            assert!(began.elapsed() < PATIENCE, "{} alerts of {} conjunctions", alerts.len(), found.len());
            thread::sleep(Duration::from_millis(200));
        };
        let different: BTreeSet<&String> = alerts.iter().collect();
        assert_eq!(different.len(), alerts.len(), "an alert is doubled: {alerts:?}");
    }
    println!(
        "{} processes ended and begun, {requests} requests of which none failed, {} uploads, {} lists, {} conjunctions; nothing lost or \
         doubled",
        rounds * roles.len() as u64,
        places.len(),
        lists.len(),
        conjunctions_of(&fleet),
    );
}
