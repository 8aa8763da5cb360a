//! What the store has accepted survives a killed process and a power cut.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use astroshield_adapters::SqliteStore;
use astroshield_domain::event::{Payload, Published, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{CatalogStore, ConjunctionStore, EventStore, InboundStore, RunStore};
use astroshield_domain::screening::RunState;
use astroshield_testkit::entities::{number, tenant};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::writer::Accepted;

/// Rounds of each kind; `ASTROSHIELD_CRASH_ROUNDS` asks for more.
const ROUNDS: u32 = 20;

/// A sequence of chances that a seed repeats: splitmix64.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let given = env::var("ASTROSHIELD_CRASH_SEED").ok().map(|seed| seed.parse().unwrap());
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seed = given.unwrap_or(u64::from(since_1970.subsec_nanos()));
        eprintln!("ASTROSHIELD_CRASH_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

fn rounds() -> u32 {
    env::var("ASTROSHIELD_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

#[tokio::test]
async fn writer_that_the_other_tests_start() {
    writer::write_until_killed().await;
}

fn start(store: &Path, more: &[(&str, &Path)]) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "writer_that_the_other_tests_start", "--nocapture"])
        .env(writer::STORE, store)
        .stdout(Stdio::piped());
    for (name, value) in more {
        command.env(name, value);
    }
    command.spawn().unwrap()
}

/// Lets the writer write, kills it in the midst, and returns what had been accepted.
fn write_and_kill(mut child: Child, chance: &mut Chance) -> Vec<Accepted> {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    // A kill before anything was accepted tests nothing; libtest's own lines come first.
    while !lines.contains("accepted ") {
        assert!(output.read_line(&mut lines).unwrap() > 0, "the writer ended by itself: {lines}");
    }
    let reader = std::thread::spawn(move || {
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).unwrap();
        String::from_utf8(rest).unwrap()
    });
    std::thread::sleep(Duration::from_micros(chance.below(120_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    lines.push_str(&reader.join().unwrap());
    // libtest may begin the first line.
    lines.lines().filter_map(|line| Accepted::of_line(&line[line.find("accepted ")?..])).collect()
}

async fn integrity(path: &Path) -> Vec<String> {
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let found = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await.unwrap();
    assert!(sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap().is_empty());
    found
}

async fn all_events(store: &SqliteStore) -> Vec<Published> {
    while !store.sequence_events(1_000).await.unwrap().is_empty() {}
    store.events_after(0, &Topic::ALL, u32::MAX).await.unwrap()
}

/// Holds the store against all that was ever accepted.
async fn check(path: &Path, accepted: &[Accepted]) {
    assert_eq!(integrity(path).await, ["ok"]);
    let store = SqliteStore::open(path).await.unwrap();
    let (own, public) = (tenant("own"), TenantId::public());
    let events = all_events(&store).await;
    let ids: BTreeMap<_, _> = events.iter().map(|one| (one.event.id, one.position)).collect();
    let positions: BTreeSet<_> = ids.values().collect();
    assert_eq!((ids.len(), positions.len()), (events.len(), events.len()), "an event is there twice");
    let told =
        |payload: &dyn Fn(&Payload) -> bool| events.iter().filter(|one| payload(&one.event.payload)).count();
    for one in accepted {
        match *one {
            Accepted::Event(event) => assert!(ids.contains_key(&event), "{one:?}"),
            Accepted::Position(position, event) => assert_eq!(ids.get(&event), Some(&position), "{one:?}"),
            Accepted::Ingest(id, object) => {
                let sets = store.element_history(&public, number(object), None, 100).await.unwrap().rows;
                assert_eq!(sets.iter().filter(|set| set.ingest == id).count(), 20, "{one:?}");
                let stored = |payload: &Payload| matches!(payload, Payload::ElementSetsStored { ingest, .. } if *ingest == id);
                assert_eq!(told(&stored), 1, "{one:?}");
            }
            Accepted::Upload(id) => {
                assert!(store.upload(&own, id).await.unwrap().is_some(), "{one:?}");
                let stored = |payload: &Payload| matches!(payload, Payload::FeedAsked { feed, .. } if *feed == id.to_string());
                assert_eq!(told(&stored), 1, "{one:?}");
            }
            Accepted::Run(id, conjunction) => {
                assert_eq!(store.run(&own, id).await.unwrap().unwrap().state, RunState::Completed, "{one:?}");
                let history = store.conjunction_history(&own, conjunction).await.unwrap();
                assert_eq!(history.iter().filter(|entry| entry.run == id).count(), 1, "{one:?}");
                let completed =
                    |payload: &Payload| matches!(payload, Payload::RunCompleted { run } if *run == id);
                assert_eq!(told(&completed), 1, "{one:?}");
            }
        }
    }
    store.close().await;
}

#[tokio::test]
async fn what_was_accepted_survives_a_killed_process() {
    let mut chance = Chance::new();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let mut accepted = Vec::new();
    for _ in 0..rounds() {
        accepted.extend(write_and_kill(start(&path, &[]), &mut chance));
        check(&path, &accepted).await;
    }
    eprintln!("{} writes were accepted", accepted.len());
}

/// The layer that keeps copies of the files as they were last synced.
fn build_layer(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/last_synced.c");
    let library = folder.join("last_synced.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .status()
        .unwrap();
    assert!(built.success());
    library
}

/// Puts back of each file what was last synced, and says whether that took anything away. A file that never was is gone.
fn cut_power(data: &Path, synced: &Path) -> bool {
    let mut lost = false;
    for file in fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()) {
        let before = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let copy = synced.join(file.file_name().unwrap());
        if copy.exists() {
            fs::copy(&copy, &file).unwrap();
            lost |= fs::read(&file).unwrap() != before;
        } else {
            lost |= !file.to_string_lossy().ends_with("-shm");
        }
    }
    lost
}

#[tokio::test]
async fn what_was_accepted_survives_a_power_cut() {
    let mut chance = Chance::new();
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let (data, synced, layer) = (root.join("data"), root.join("synced"), build_layer(&root));
    let path = data.join("store.db");
    let mut accepted = Vec::new();
    let mut cuts_that_took = 0;
    for _ in 0..rounds() {
        // What is there after a cut is on the disk.
        fs::create_dir_all(&data).unwrap();
        let _ = fs::remove_dir_all(&synced);
        fs::create_dir(&synced).unwrap();
        for file in fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()) {
            fs::copy(&file, synced.join(file.file_name().unwrap())).unwrap();
        }
        let settings: [(&str, &Path); 3] =
            [("LD_PRELOAD", &layer), ("ASTROSHIELD_SYNC_FROM", &data), ("ASTROSHIELD_SYNC_TO", &synced)];
        accepted.extend(write_and_kill(start(&path, &settings), &mut chance));
        cuts_that_took += u32::from(cut_power(&data, &synced));
        check(&path, &accepted).await;
    }
    eprintln!("{} writes were accepted; {cuts_that_took} cuts took something", accepted.len());
    assert!(cuts_that_took > 0, "nothing was ever unsynced: the layer is not in force");
}
