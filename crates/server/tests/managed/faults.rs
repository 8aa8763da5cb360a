//! PostgreSQL, Redis, Kafka and S3 killed, frozen, cut off, silent and slow while there is load, in rounds that a seed repeats:
//! the service says what is away, and goes on without a restart when it is back.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use astroshield_testkit::postgres::database_on;
use astroshield_testkit::proxy::Proxy;
use astroshield_testkit::servers::Server as Outside;
use serde_json::{Value, json};
use url::Url;

use crate::chance::{Chance, asked};
use crate::fleet::{Fleet, first_of, key};
use crate::load::{Load, MayBeRefused};
use crate::server::{PATIENCE, Server};
use crate::target::Target;

/// Rounds, unless `ASTROSHIELD_FAULT_ROUNDS` says otherwise: one of each fault.
const ROUNDS: u64 = 5;

/// A rule tells of a thousand conjunctions at most, and a pair has some twenty in a day.
const PAIRS_OF_RULE: u32 = 20;

/// Two of these tests at once would be a test of the machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Postgres,
    Redis,
    Kafka,
    S3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Its process is killed and started again.
    Killed,
    /// Its process is stopped (SIGSTOP) and goes on.
    Frozen,
    /// Connections to it are cut, again and again.
    Cut,
    /// The network swallows what goes to it.
    Silent,
    /// Everything to and from it is late.
    Slow,
}

const FAULTS: [Fault; 5] = [Fault::Killed, Fault::Frozen, Fault::Cut, Fault::Silent, Fault::Slow];

impl Part {
    /// Its name in `/health/ready`, and what the service says of itself without it.
    fn in_health(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => ("store", "not ready"),
            Self::Redis => ("cache", "degraded"),
            Self::Kafka => ("bus", "degraded"),
            Self::S3 => ("blobs", "not ready"),
        }
    }

    fn may_be_refused(self) -> MayBeRefused {
        MayBeRefused { rows: self == Self::Postgres, files: matches!(self, Self::Postgres | Self::S3) }
    }
}

/// A service of two processes, one of whose parts is a test's own, behind a proxy.
struct Scene {
    own: Outside,
    proxy: Proxy,
    /// Where the part is.
    address: SocketAddr,
    fleet: Fleet,
    /// Where the rows are, by a way that no fault is on.
    database: String,
}

fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// The port of an address, whether it is a URL or not.
fn at(address: &str) -> SocketAddr {
    let port = address.rsplit(':').next().unwrap().split('/').next().unwrap();
    SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()))
}

impl Scene {
    /// `None` where a server is missing.
    fn new(part: Part) -> Option<Self> {
        let more = "[screening]\nsettle = \"0s\"\ndays = 1\nthreads = 1\n\
                    [notify]\nallowed_networks = [\"127.0.0.0/8\"]\n";
        let mut fleet = Fleet::new(more)?;
        let proxy = Proxy::to(nowhere());
        let own = match part {
            Part::Postgres => Outside::start("postgres"),
            Part::Redis => Outside::start("redis"),
            Part::Kafka => Outside::start_kafka_behind(proxy.address),
            Part::S3 => Outside::start_durable_s3(),
        };
        let address = at(&own.address);
        proxy.point_to(address);
        let through = |url: &str| {
            let mut url: Url = url.parse().unwrap();
            url.set_port(Some(proxy.address.port())).unwrap();
            url.to_string()
        };
        let mut database = fleet.database.clone();
        match part {
            Part::Postgres => {
                database = tokio::runtime::Runtime::new().unwrap().block_on(database_on(&own.address));
                fleet.set("ASTROSHIELD__STORE__URL", through(&database));
                // One that says nothing is given up soon.
                fleet.set("ASTROSHIELD__STORE__ANSWER_TIMEOUT", "2s");
                fleet.set("ASTROSHIELD__STORE__CONNECT_TIMEOUT", "2s");
            }
            Part::Redis => fs::write(fleet.path().join("redis.url"), through(&own.address)).unwrap(),
            Part::Kafka => fleet.set("ASTROSHIELD__BUS__BROKERS", proxy.address.to_string()),
            Part::S3 => {
                fleet.set("ASTROSHIELD__BLOBS__ENDPOINT", through(&own.address).trim_end_matches('/'));
            }
        }
        if part != Part::Postgres {
            let name = format!("{part:?}.pem").to_lowercase();
            fs::write(fleet.path().join(name), own.authority()).unwrap();
        }
        // As the user of Redis may.
        let prefix = format!("astroshield-{}", fleet.prefix);
        fleet.set("ASTROSHIELD__CACHE__PREFIX", prefix);
        Some(Self { own, proxy, address, fleet, database })
    }

    /// Lets the part be away, or as good as away.
    fn take_away(&self, fault: Fault, chance: &mut Chance) {
        match fault {
            Fault::Killed => {
                // Nobody reaches what is not whole yet when it starts again.
                self.proxy.point_to(nowhere());
                self.own.tell("kill");
                self.proxy.cut();
            }
            Fault::Frozen => self.own.tell("freeze"),
            Fault::Cut => {
                for _ in 0..3 + chance.below(5) {
                    self.proxy.cut();
                    thread::sleep(Duration::from_millis(chance.below(400)));
                }
            }
            Fault::Silent => self.proxy.stall(true),
            Fault::Slow => self.proxy.delay(Duration::from_millis(20 + chance.below(100))),
        }
    }

    fn bring_back(&self, fault: Fault) {
        match fault {
            Fault::Killed => {
                self.own.tell("restart");
                self.proxy.point_to(self.address);
            }
            Fault::Frozen => self.own.tell("thaw"),
            Fault::Cut => {}
            Fault::Silent => {
                // What the network swallowed does not come any more.
                self.proxy.cut();
                self.proxy.stall(false);
            }
            Fault::Slow => self.proxy.delay(Duration::ZERO),
        }
    }
}

/// Waits for what a process says of itself, and of the part.
fn says(server: &Server, part: Part, is_away: bool) -> Duration {
    let (name, without) = part.in_health();
    let (status, due) = if is_away { (without, "problem") } else { ("ready", "ok") };
    let began = Instant::now();
    server.until("/health/ready", &[], |code, body| {
        let body: Value = serde_json::from_str(body).unwrap();
        let is_right = body["status"] == status && body["dependencies"][name]["status"] == due;
        assert_eq!(code == 503, body["status"] == "not ready", "{body}");
        is_right
    });
    began.elapsed()
}

fn play(part: Part) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let rounds = asked("ASTROSHIELD_FAULT_ROUNDS", ROUNDS);
    let Some(mut scene) = Scene::new(part) else { return };
    let mut chance = Chance::of("ASTROSHIELD_FAULT_SEED");
    let roots = scene.fleet.path().join("target.pem");
    let target = Target::start(&roots);
    scene.fleet.set("SSL_CERT_FILE", roots.to_str().unwrap());
    let api = scene.fleet.start("api");
    let rest = scene.fleet.start("ingest,screen,analyze,notify,relay");
    let key = key(&api);
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let make = |path: &str, body: Value| -> Value {
        let (status, made) = api.post_with(path, &headers, &body.to_string());
        assert_eq!(status, 201, "{made}");
        serde_json::from_str(&made).unwrap()
    };
    let hook = make("/api/v1/webhooks", json!({ "name": "ops", "url": target.url() }));
    let channels = json!([{ "kind": "webhook", "webhook": hook["id"] }]);
    for number in 0..u32::try_from(rounds.div_ceil(u64::from(PAIRS_OF_RULE))).unwrap() {
        let places = number * PAIRS_OF_RULE..(number + 1) * PAIRS_OF_RULE;
        let objects: Vec<Value> = places.map(|place| json!({ "catalog_number": first_of(place) })).collect();
        let name = format!("pairs {number}");
        let list = make("/api/v1/watch-lists", json!({ "name": name, "objects": objects }));
        let rule = json!({ "name": name, "severity": "critical", "watch_list": list["id"], "relations": true,
            "channels": channels });
        make("/api/v1/rules", rule);
    }
    for process in [&api, &rest] {
        says(process, part, false);
    }

    let load = Load::new(&api.address, &key, part.may_be_refused());
    let tasks = load.begin();
    let began = Instant::now();
    for round in 0..u32::try_from(rounds).unwrap() {
        let fault = match FAULTS.get(round as usize) {
            Some(fault) => *fault,
            None => FAULTS[usize::try_from(chance.below(5)).unwrap()],
        };
        thread::sleep(Duration::from_millis(chance.below(1000)));
        let (before, away) = (chance.below(300), Duration::from_millis(chance.below(2500)));
        let uploading = {
            let load = Arc::clone(&load);
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(before));
                load.upload(round);
            })
        };
        let since = Instant::now();
        scene.take_away(fault, &mut chance);
        let noticed = match fault {
            Fault::Killed | Fault::Frozen | Fault::Silent => says(&api, part, true),
            Fault::Cut | Fault::Slow => Duration::ZERO,
        };
        thread::sleep(away);
        scene.bring_back(fault);
        let (lasted, back) = (since.elapsed(), Instant::now());
        for process in [&api, &rest] {
            says(process, part, false);
        }
        let ready = back.elapsed();
        uploading.join().unwrap();
        while !load.has_alerts_of(first_of(round)) {
            assert!(
                back.elapsed() < 2 * PATIENCE,
                "round {round}: {part:?} was {fault:?}, and nothing follows"
            );
            thread::sleep(Duration::from_millis(200));
        }
        eprintln!(
            "{:4} s: round {round}: {part:?} {fault:?} for {:.1} s, said after {:.1} s; ready {:.1} s after it, alerts {:.1} s",
            began.elapsed().as_secs(),
            lasted.as_secs_f64(),
            noticed.as_secs_f64(),
            ready.as_secs_f64(),
            back.elapsed().as_secs_f64(),
        );
    }
    load.end(tasks);
    // Only where its outcome cannot be recorded does a message go out again.
    let found = load.check(&scene.database, &target, part == Part::Postgres);
    println!("{part:?}: {rounds} rounds in {} s: {found}", began.elapsed().as_secs());
    for process in [api, rest] {
        assert_eq!(process.stop().0, 0);
    }
}

#[test]
fn postgresql_that_comes_and_goes_under_load_loses_and_doubles_nothing() {
    play(Part::Postgres);
}

#[test]
fn redis_that_comes_and_goes_under_load_fails_no_request_and_loses_nothing() {
    play(Part::Redis);
}

#[test]
fn kafka_that_comes_and_goes_under_load_fails_no_request_and_loses_and_doubles_nothing() {
    play(Part::Kafka);
}

#[test]
fn s3_that_comes_and_goes_under_load_refuses_files_only_and_loses_nothing() {
    play(Part::S3);
}
