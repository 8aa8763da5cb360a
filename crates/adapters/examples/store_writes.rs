//! How fast a store takes large writes, for `docs/benchmarks.md`.
//!
//! Usage: `store_writes STORE [DAYS]`. `STORE` is the URL of an empty database of `PostgreSQL` on this machine, whose processes
//! are then timed, too, or a new file for SQLite. A catalog of 30,000 objects arrives once a day for so many days (1 if nothing
//! is said); the last one is timed, then the same again, which is known by then, and a run that finds 150,000 conjunctions.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use astroshield_adapters::{PostgresStore, SqliteStore};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{RunUpdate, Store};
use astroshield_testkit::entities::{at, conclusion, conjunction, element_set, ingest, run};
use sqlx::{Connection as _, PgConnection};

const OBJECTS: u32 = 30_000;
const CONJUNCTIONS: u32 = 150_000;
const DAY_S: i64 = 86_400;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (place, days) = match &arguments[..] {
        [place] => (place, 1),
        [place, days] => (place, days.parse::<i64>()?.max(1)),
        _ => bail!("usage: store_writes STORE [DAYS]"),
    };
    let (store, clock) = if place.starts_with("postgres") {
        let store: Arc<dyn Store> = Arc::new(PostgresStore::connect(place).await?);
        (store, Clock { server: Some(server(place).await?) })
    } else {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(place)).await?);
        (store, Clock { server: None })
    };
    let public = TenantId::public();
    let delivery = |day: i64| {
        let sets = (1..=OBJECTS).map(|object| element_set(object, day * DAY_S - i64::from(object)));
        ingest(&public, at(day * DAY_S), sets.collect())
    };
    for day in 0..days - 1 {
        store.ingest(&delivery(day), &[]).await?;
    }
    let last = delivery(days - 1);
    let timer = clock.start()?;
    store.ingest(&last, &[]).await?;
    timer.say(&format!("ingest of {OBJECTS} new element sets"))?;

    let timer = clock.start()?;
    store.ingest(&last, &[]).await?;
    timer.say(&format!("ingest of {OBJECTS} that are known"))?;

    let run = run(&public, at(days * DAY_S));
    let found: Vec<_> = (0..CONJUNCTIONS)
        .map(|place| conjunction(&run, [place % 29_989 + 1, place % 29_959 + 2], at(i64::from(place))))
        .collect();
    store.begin_run(&run, &[]).await?;
    for slice in 0..run.slices {
        let update = RunUpdate::SliceDone { slice, blob: "none".to_owned() };
        store.update_run(&public, run.id, &update).await?;
    }
    let timer = clock.start()?;
    store.conclude_run(&public, &conclusion(&run), &found).await?;
    timer.say(&format!("conclusion of a run with {CONJUNCTIONS} conjunctions"))?;

    for (day, which) in [(days, "catalog as of now"), (days / 2, "catalog as of half the time ago")] {
        let timer = clock.start()?;
        let sets = store.catalog_as_of(&public, at(day * DAY_S - DAY_S / 2)).await?;
        timer.say(&format!("{which}, {} element sets", sets.len()))?;
    }
    Ok(())
}

/// The first process of a server.
async fn server(url: &str) -> anyhow::Result<u32> {
    let mut connection = PgConnection::connect(url).await?;
    let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
    let stat = fs::read_to_string(format!("/proc/{own}/stat")).context("the server is on another machine")?;
    Ok(fields(&stat)?[1].parse()?)
}

/// The fields of `/proc/PID/stat` from the third on, which follows a name in brackets.
fn fields(stat: &str) -> anyhow::Result<Vec<&str>> {
    let (_, rest) = stat.rsplit_once(") ").context("no name")?;
    Ok(rest.split(' ').collect())
}

#[derive(Clone, Copy)]
struct Clock {
    server: Option<u32>,
}

struct Timer {
    clock: Clock,
    begin: Instant,
    own_s: f64,
    server_s: f64,
}

impl Clock {
    fn start(self) -> anyhow::Result<Timer> {
        Ok(Timer {
            clock: self,
            begin: Instant::now(),
            own_s: cpu_s("self", false)?,
            server_s: self.server_s()?,
        })
    }

    /// Of all processes of the server, those that are gone included.
    fn server_s(self) -> anyhow::Result<f64> {
        let Some(server) = self.server else { return Ok(0.0) };
        let mut total = cpu_s(&server.to_string(), true)?;
        for entry in fs::read_dir("/proc")?.flatten() {
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            if fields(&stat)?.get(1) == Some(&server.to_string().as_str()) {
                total += entry.file_name().to_str().and_then(|pid| cpu_s(pid, false).ok()).unwrap_or(0.0);
            }
        }
        Ok(total)
    }
}

impl Timer {
    fn say(self, what: &str) -> anyhow::Result<()> {
        let wall_s = self.begin.elapsed().as_secs_f64();
        let own_s = cpu_s("self", false)? - self.own_s;
        let server_s = self.clock.server_s()? - self.server_s;
        println!("{what}: {wall_s:.2} s, CPU {own_s:.2} s of this process, {server_s:.2} s of the server");
        Ok(())
    }
}

/// CPU time of a process, with that of its children that are gone. Linux counts in hundredths of a second.
fn cpu_s(process: &str, with_children: bool) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = fields(&stat)?;
    let ticks = |place: usize| fields[place].parse::<u32>().map(f64::from);
    let mut total = ticks(11)? + ticks(12)?;
    if with_children {
        total += ticks(13)? + ticks(14)?;
    }
    Ok(total / 100.0)
}
