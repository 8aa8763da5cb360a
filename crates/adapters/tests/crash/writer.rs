//! The process that is killed: it writes what it has been promised, after it has been.

use std::env;
use std::io::{Write, stdout};
use std::path::Path;
use std::str::FromStr;

use astroshield_adapters::SqliteStore;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::{ConjunctionId, EventId, IngestId, RunId, TenantId, UploadId};
use astroshield_domain::ports::{CatalogStore, EventStore, InboundStore, RunStore, RunUpdate};
use astroshield_testkit::entities::{
    at, conclusion, conjunction, element_set, ephemeris, feed_event, ingest, run, tenant, upload,
};
use jiff::Timestamp;
use uuid::Uuid;

/// Where the store is; says that this process is the writer.
pub(crate) const STORE: &str = "ASTROSHIELD_CRASH_STORE";

/// What the store has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Event(EventId),
    Position(i64, EventId),
    Ingest(IngestId, u32),
    Upload(UploadId),
    Run(RunId, ConjunctionId),
}

impl Accepted {
    /// One line; the dot at its end tells it from one that was cut off.
    fn line(self) -> String {
        match self {
            Self::Event(event) => format!("accepted event {event} ."),
            Self::Position(position, event) => format!("accepted position {position} {event} ."),
            Self::Ingest(ingest, object) => format!("accepted ingest {ingest} {object} ."),
            Self::Upload(upload) => format!("accepted upload {upload} ."),
            Self::Run(run, conjunction) => format!("accepted run {run} {conjunction} ."),
        }
    }

    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.strip_prefix("accepted ")?.strip_suffix(" .")?.split(' ').collect();
        let id = |word: &str| Uuid::from_str(word).unwrap();
        Some(match words[..] {
            ["event", event] => Self::Event(EventId(id(event))),
            ["position", position, event] => Self::Position(position.parse().unwrap(), EventId(id(event))),
            ["ingest", ingest, object] => Self::Ingest(IngestId(id(ingest)), object.parse().unwrap()),
            ["upload", upload] => Self::Upload(UploadId(id(upload))),
            ["run", run, conjunction] => Self::Run(RunId(id(run)), ConjunctionId(id(conjunction))),
            _ => panic!("{line:?}"),
        })
    }
}

fn tell(accepted: Accepted) {
    let mut stdout = stdout().lock();
    writeln!(stdout, "{}", accepted.line()).unwrap();
    stdout.flush().unwrap();
}

/// Writes until it is killed; returns at once in any other process.
pub(crate) async fn write_until_killed() {
    let Some(path) = env::var_os(STORE) else { return };
    let store = SqliteStore::open(Path::new(&path)).await.unwrap();
    tokio::join!(events(&store), positions(&store), ingests(&store), uploads(&store), runs(&store));
}

async fn events(store: &SqliteStore) {
    let own = tenant("own");
    loop {
        let event = feed_event(&own, Timestamp::now(), "feed");
        let status = FeedStatus { feed: event.id.to_string(), ..FeedStatus::default() };
        store.put_feed(&status, &event).await.unwrap();
        tell(Accepted::Event(event.id));
    }
}

async fn positions(store: &SqliteStore) {
    loop {
        for published in store.sequence_events(5).await.unwrap() {
            tell(Accepted::Position(published.position, published.event.id));
        }
        tokio::task::yield_now().await;
    }
}

async fn ingests(store: &SqliteStore) {
    let public = TenantId::public();
    loop {
        let id = Uuid::now_v7();
        // A number of its own for each, as far as chance allows: what is found under it is of this ingest.
        let object = u32::try_from(id.as_u128() % 900_000_000).unwrap();
        let sets = (0..20).map(|place| element_set(object, place)).collect();
        let ingest = ingest(&public, at(0), sets);
        store.ingest(&ingest, &[]).await.unwrap();
        tell(Accepted::Ingest(ingest.id, object));
    }
}

async fn uploads(store: &SqliteStore) {
    let own = tenant("own");
    loop {
        let upload = upload(&own, Timestamp::now());
        let event = feed_event(&own, Timestamp::now(), &upload.id.to_string());
        store.add_upload(&upload, &[ephemeris(&upload, 5)], &[], &[event], None).await.unwrap();
        tell(Accepted::Upload(upload.id));
    }
}

async fn runs(store: &SqliteStore) {
    let own = tenant("own");
    for unfinished in store.unfinished_runs().await.unwrap() {
        let failed = RunUpdate::Failed { at: Timestamp::now(), problem: "killed".to_owned() };
        store.update_run(&own, unfinished.id, &failed).await.unwrap();
    }
    loop {
        let run = run(&own, Timestamp::now());
        store.begin_run(&run, &[]).await.unwrap();
        let found: Vec<_> = (0..50).map(|object| conjunction(&run, [object, 100], run.started)).collect();
        store.conclude_run(&own, &conclusion(&run), &found).await.unwrap();
        tell(Accepted::Run(run.id, found[0].id));
    }
}
