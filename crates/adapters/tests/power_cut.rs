//! What SQLite acknowledged survives a power cut: the disk forgets all that was never synced.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use astroshield_adapters::SqliteStore;
use astroshield_domain::event::{Payload, Topic};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Store;
use astroshield_testkit::entities;

/// Makes this test binary the process whose power is cut: what it is to do.
const ROLE: &str = "POWER_CUT_ROLE";
const ROUNDS: u64 = 8;

/// Stores one element set after the other and says so after each, until it is killed.
async fn write_on(root: &Path) -> ! {
    let store = SqliteStore::open(&root.join("store.db")).await.unwrap();
    for object in 1.. {
        let time = entities::at(i64::from(object));
        let ingest =
            entities::ingest(&TenantId::public(), time, vec![entities::element_set(object, i64::from(object))]);
        store.ingest(&ingest, &[]).await.unwrap();
        println!("stored {object} {}", ingest.id);
    }
    unreachable!("there are more numbers than time")
}

/// Writes a file that it does not sync, says so, and waits to be killed.
fn write_without_sync(root: &Path) -> ! {
    let mut file = std::fs::File::create(root.join("note")).unwrap();
    file.write_all(b"never synced").unwrap();
    println!("stored 1 note");
    loop {
        std::thread::park();
    }
}

/// Runs this test in a role on the forgetful file layer, kills it after so many acknowledgments, and returns them.
fn cut_after(count: usize, role: &str, root: &Path, shadow: &Path, layer: &Path) -> Vec<(u32, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_acknowledged_write_survives_a_power_cut", "--nocapture"])
        .env(ROLE, role)
        .env("POWER_CUT_ROOT", root)
        .env("POWER_CUT_SHADOW", shadow)
        .env("LD_PRELOAD", layer)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let acknowledged = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| {
            let (number, id) = line.strip_prefix("stored ")?.split_once(' ')?;
            Some((number.parse().ok()?, id.to_owned()))
        })
        .take(count)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged
}

#[test]
fn an_acknowledged_write_survives_a_power_cut() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let root = std::env::var_os("POWER_CUT_ROOT").map(std::path::PathBuf::from);
    match (std::env::var(ROLE).as_deref(), root) {
        (Ok("store"), Some(root)) => runtime.block_on(write_on(&root)),
        (Ok("forget"), Some(root)) => write_without_sync(&root),
        _ => {}
    }

    let folder = tempfile::tempdir().unwrap();
    let layer = folder.path().join("unsynced.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power_cut/unsynced.c");
    let compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([&layer, &source])
        .args(["-ldl", "-lpthread"])
        .status()
        .expect("a C compiler, which linking needs as well");
    assert!(compiler.success());
    let place = |name: String| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path.canonicalize().unwrap()
    };

    let (root, shadow) = (place("root-control".to_owned()), place("disk-control".to_owned()));
    assert_eq!(cut_after(1, "forget", &root, &shadow, &layer).len(), 1);
    assert!(root.join("note").exists() && !shadow.join("note").exists(), "the layer forgets nothing");

    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    eprintln!("seed {seed}");
    for round in 0..ROUNDS {
        let (root, shadow) = (place(format!("root-{round}")), place(format!("disk-{round}")));
        // From the first write to beyond the first checkpoint of the log.
        let count = 1 + (seed.wrapping_mul(6_364_136_223_846_793_005 + 2 * round) >> 33) as usize % 150;
        let acknowledged = cut_after(count, "store", &root, &shadow, &layer);
        assert_eq!(acknowledged.len(), count);
        runtime.block_on(async {
            let store = SqliteStore::open(&shadow.join("store.db")).await.unwrap();
            let events = store.sequence_events(10_000).await.unwrap();
            assert_eq!(events, store.events_after(0, &Topic::ALL, 10_000).await.unwrap());
            for (object, id) in &acknowledged {
                let number = entities::number(*object);
                let history =
                    store.element_history(&TenantId::public(), number, None, 10).await.unwrap().rows;
                assert_eq!(history.len(), 1, "object {object} of {count} acknowledged");
                assert_eq!(history[0].ingest.to_string(), *id);
                let told = events.iter().filter(|published| {
                    matches!(&published.event.payload, Payload::ElementSetsStored { ingest, .. } if ingest.to_string() == *id)
                });
                assert_eq!(told.count(), 1, "events of object {object}");
            }
        });
    }
}
