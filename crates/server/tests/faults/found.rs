//! What a data folder holds, read from a copy of it, so that looking changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use uuid::Uuid;

use crate::process::copy;

/// Where the way from a commit to what is told of it may be cut.
pub(crate) const BOUNDARIES: [&str; 8] = [
    "events committed, not sequenced",
    "events sequenced, not published",
    "a run begun, no slice done",
    "a run with some slices done",
    "all slices done, run not concluded",
    "run concluded, rules not held against it",
    "alert stored, message not taken",
    "message taken, outcome not recorded",
];

/// A conjunction: identity, objects, TCA in microseconds, and the numbers of its solution to the last bit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Encounter {
    pub(crate) id: Uuid,
    pub(crate) tenant: String,
    pub(crate) objects: [i64; 2],
    pub(crate) tca: i64,
    pub(crate) numbers: [u64; 3],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) alert: Uuid,
    pub(crate) change: String,
    pub(crate) state: String,
    pub(crate) taken: bool,
}

/// What was there.
#[derive(Debug)]
pub(crate) struct Found {
    /// Names by table, as often as they are there, with their identities.
    pub(crate) named: BTreeMap<(&'static str, String), Vec<Uuid>>,
    /// Topics of the events without a position.
    pub(crate) unsequenced: Vec<String>,
    pub(crate) positions: Vec<i64>,
    pub(crate) consumers: BTreeMap<String, i64>,
    /// Alerts by subject, with state and severity.
    pub(crate) alerts: Vec<(Uuid, String, String)>,
    pub(crate) deliveries: BTreeMap<Uuid, Message>,
    pub(crate) encounters: BTreeSet<Encounter>,
    /// Runs that are not ended: slices done, slices, and the window.
    pub(crate) running: Vec<(i64, i64)>,
    /// Runs that completed with conjunctions, and start and end of their windows, in microseconds.
    pub(crate) windows: Vec<(i64, i64)>,
    /// When conjunctions whose time was over were put away, in microseconds.
    pub(crate) passed: Vec<i64>,
    pub(crate) failed_runs: Vec<String>,
    /// Topics of the events that the notifier has not passed.
    pub(crate) unheard: Vec<String>,
}

impl Found {
    /// Reads a data folder, and panics unless the database is whole and every blob that a row names is.
    pub(crate) fn in_folder(data: &Path) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let copied = scratch.path().join("data");
        copy(data, &copied);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Self::read(&copied))
    }

    async fn read(data: &Path) -> Self {
        let url = format!("sqlite://{}", data.join("astroshield.db").display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let db = &mut connection;
        let whole: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *db).await.unwrap();
        assert_eq!(whole, ["ok"]);
        assert!(sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *db).await.unwrap().is_empty());

        let mut named = BTreeMap::<_, Vec<Uuid>>::new();
        for table in ["webhooks", "watch_lists", "rules", "uploads"] {
            let text = format!("SELECT name, id FROM {table}");
            for row in sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *db).await.unwrap() {
                named.entry((table, row.get(0))).or_default().push(row.get(1));
            }
        }
        for row in sqlx::query("SELECT blob, sha256 FROM uploads").fetch_all(&mut *db).await.unwrap() {
            let (blob, sha256): (String, String) = (row.get(0), row.get(1));
            let bytes = fs::read(data.join("blobs").join(&blob)).unwrap_or_else(|e| panic!("{blob}: {e}"));
            let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, sha256, "{blob} is not what was uploaded");
        }
        let kept = "SELECT blob FROM ingests WHERE blob IS NOT NULL UNION \
                    SELECT blob FROM run_slices JOIN runs ON runs.id = run WHERE state = 'running'";
        let kept: Vec<String> = sqlx::query_scalar(kept).fetch_all(&mut *db).await.unwrap();
        for blob in kept {
            let bytes = fs::read(data.join("blobs").join(&blob)).unwrap_or_else(|e| panic!("{blob}: {e}"));
            assert!(!bytes.is_empty(), "{blob} is empty");
            if blob.ends_with(".gz") {
                let mut text = Vec::new();
                let mut unpacking = flate2::read::MultiGzDecoder::new(bytes.as_slice());
                std::io::Read::read_to_end(&mut unpacking, &mut text).unwrap();
            }
        }

        let positions: Vec<i64> =
            sqlx::query_scalar("SELECT position FROM events WHERE position IS NOT NULL ORDER BY position")
                .fetch_all(&mut *db)
                .await
                .unwrap();
        let expected: Vec<i64> = (1..=i64::try_from(positions.len()).unwrap()).collect();
        assert_eq!(positions, expected, "positions have gaps or repeat");
        let unsequenced =
            sqlx::query_scalar("SELECT topic FROM events WHERE position IS NULL").fetch_all(&mut *db);
        let unsequenced = unsequenced.await.unwrap();
        let consumers =
            sqlx::query("SELECT consumer, position FROM consumers").fetch_all(&mut *db).await.unwrap();
        let consumers: BTreeMap<String, i64> = consumers.iter().map(|row| (row.get(0), row.get(1))).collect();
        let heard = consumers.get("notify").copied().unwrap_or(0);
        let unheard = sqlx::query_scalar(
            "SELECT body FROM events WHERE topic LIKE '%conjunctions%' AND (position IS NULL OR position > $1)",
        );
        let unheard = unheard.bind(heard).fetch_all(&mut *db).await.unwrap();
        Self::each_once(db).await;

        let alerts =
            sqlx::query("SELECT id, subject_key, state FROM alerts").fetch_all(&mut *db).await.unwrap();
        let deliveries =
            sqlx::query("SELECT id, alert, change, state, taken_until IS NOT NULL FROM deliveries");
        let deliveries = deliveries.fetch_all(&mut *db).await.unwrap();
        let message = |row: &sqlx::sqlite::SqliteRow| Message {
            alert: row.get(1),
            change: row.get(2),
            state: row.get(3),
            taken: row.get(4),
        };
        let encounters = sqlx::query(
            "SELECT id, tenant, first_object, second_object, tca, miss_distance_km, relative_speed_km_s, \
             maximum_probability FROM conjunctions WHERE status = 0 AND relation = 0",
        );
        let encounters = encounters.fetch_all(&mut *db).await.unwrap();
        let encounter = |row: &sqlx::sqlite::SqliteRow| Encounter {
            id: row.get(0),
            tenant: row.get(1),
            objects: [row.get(2), row.get(3)],
            tca: row.get(4),
            numbers: [5, 6, 7].map(|column| row.get::<f64, _>(column).to_bits()),
        };
        let passed = sqlx::query_scalar("SELECT passed FROM conjunctions WHERE passed IS NOT NULL");
        let passed = passed.fetch_all(&mut *db).await.unwrap();
        let runs =
            sqlx::query("SELECT state, slices_done, slices, window_start, window_stop, problem FROM runs");
        let runs = runs.fetch_all(&mut *db).await.unwrap();
        let of_state = |state: &'static str| runs.iter().filter(move |row| row.get::<String, _>(0) == state);
        Self {
            named,
            unsequenced,
            positions,
            consumers,
            alerts: alerts.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect(),
            deliveries: deliveries.iter().map(|row| (row.get(0), message(row))).collect(),
            encounters: encounters.iter().map(encounter).collect(),
            running: of_state("running").map(|row| (row.get(1), row.get(2))).collect(),
            windows: of_state("completed").map(|row| (row.get(3), row.get(4))).collect(),
            passed,
            failed_runs: of_state("failed").map(|row| row.get(5)).collect(),
            unheard,
        }
    }

    /// What happens once is told once.
    async fn each_once(db: &mut SqliteConnection) {
        let mut once = BTreeSet::new();
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM events").fetch_all(db).await.unwrap();
        for body in bodies {
            let event: Value = serde_json::from_str(&body).unwrap();
            let payload = &event["payload"];
            let subject = match payload["type"].as_str().unwrap() {
                "element_sets_stored" => &payload["ingest"],
                "upload_stored" => &payload["upload"],
                "run_started" | "run_completed" | "conjunctions_changed" => &payload["run"],
                _ => continue,
            };
            let told = format!("{} {}", payload["type"], subject.as_str().unwrap());
            assert!(once.insert(told), "told twice: {body}");
        }
    }

    /// Where the way from a commit to what is told of it had been cut.
    pub(crate) fn boundaries(&self) -> BTreeSet<&'static str> {
        let last = self.positions.last().copied().unwrap_or(0);
        let behind = |consumer: &str| self.consumers.get(consumer).copied().unwrap_or(0) < last;
        let part_done = |(done, slices): &(i64, i64)| done > &0 && done < slices;
        let is_due = |message: &&Message| message.state == "due";
        let is_so = [
            !self.unsequenced.is_empty(),
            behind("relay"),
            self.running.iter().any(|(done, slices)| done == &0 && slices > &0),
            self.running.iter().any(part_done),
            self.running.iter().any(|(done, slices)| done == slices),
            !self.unheard.is_empty(),
            self.deliveries.values().filter(is_due).any(|one| !one.taken),
            self.deliveries.values().filter(is_due).any(|one| one.taken),
        ];
        BOUNDARIES.into_iter().zip(is_so).filter(|(_, is_so)| *is_so).map(|(name, _)| name).collect()
    }

    /// Whether all that was committed has its position. A feed that is asked during the shutdown is told at the next start.
    pub(crate) fn is_sequenced(&self) -> bool {
        self.unsequenced.iter().all(|topic| topic == "feeds")
    }

    /// Messages that were on their way.
    pub(crate) fn in_flight(&self) -> BTreeSet<Uuid> {
        let taken = self.deliveries.iter().filter(|(_, one)| one.state == "due" && one.taken);
        taken.map(|(id, _)| *id).collect()
    }
}
