//! Load on a service whose parts come and go, and what has to be there after it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use astroshield_testkit::postgres::unfenced;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::fleet::pair;
use crate::server::{Answer, PATIENCE};
use crate::socket::Socket;
use crate::target::Target;

/// Longest time that any answer may take, whatever is away: S3 is tried again for 15 s, and may then say nothing for 30 s.
const LONGEST: Duration = Duration::from_secs(50);

/// What may be refused while a part is away. Nothing else may ever be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MayBeRefused {
    /// What is read and written.
    pub(crate) rows: bool,
    /// Files that are sent and fetched.
    pub(crate) files: bool,
}

/// One request, and how long its answer took.
fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<(Answer, Duration)> {
    let host = address.strip_prefix("http://").unwrap();
    let began = Instant::now();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(LONGEST))?;
    let mut head = format!("{method} {path} HTTP/1.0\r\nhost: {host}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let no_answer = || io::Error::other(format!("no answer: {answer:?}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_answer)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(no_answer)?;
    Ok((Answer { status, head: head.to_owned(), body: body.to_owned() }, began.elapsed()))
}

/// What happened.
#[derive(Default)]
struct Record {
    accepted: Vec<(&'static str, String)>,
    /// Files that were accepted: the upload's identity, and what was sent.
    files: Vec<(String, String)>,
    /// Answers that were not as they may be.
    wrong: Vec<String>,
    /// Alerts that a WebSocket was told to be open, by the identity of the event.
    opened: Vec<String>,
    longest: Duration,
}

impl Record {
    fn check(&self, named: &Named) {
        assert_eq!(self.wrong, Vec::<String>::new());
        for accepted in &self.accepted {
            assert!(named.contains_key(accepted), "{accepted:?} was accepted and is lost");
        }
        for (name, times) in named {
            assert_eq!(*times, 1, "{name:?} is there {times} times");
        }
    }
}

pub(crate) struct Load {
    address: String,
    /// What names that it gives begin with.
    name: String,
    authorization: String,
    may_be_refused: MayBeRefused,
    stop: AtomicBool,
    record: Mutex<Record>,
    answered: AtomicU64,
    refused: AtomicU64,
}

/// What is made, and how.
struct Write<'a> {
    table: &'static str,
    path: &'a str,
    kind: &'static str,
    name: &'a str,
    body: &'a str,
}

impl Load {
    pub(crate) fn new(address: &str, key: &str, may_be_refused: MayBeRefused) -> Arc<Self> {
        Arc::new(Self {
            address: address.to_owned(),
            name: address.rsplit(':').next().unwrap().to_owned(),
            authorization: format!("Bearer {key}"),
            may_be_refused,
            stop: AtomicBool::default(),
            record: Mutex::default(),
            answered: AtomicU64::default(),
            refused: AtomicU64::default(),
        })
    }

    /// Begins to read and to write, and to listen.
    pub(crate) fn begin(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let mut socket = Socket::open(&self.address, &self.authorization["Bearer ".len()..], "alerts");
        let listening = Arc::clone(self);
        // It ends with the service.
        thread::spawn(move || {
            while let Ok(said) = socket.try_next() {
                if said["event"]["payload"]["change"] == "opened" {
                    let id = said["event"]["id"].as_str().unwrap_or_default().to_owned();
                    listening.record.lock().unwrap().opened.push(id);
                }
            }
        });
        let mut tasks = self.begin_with_lists();
        tasks.extend(self.spawn([Self::write_rules, Self::write_more_lists]));
        tasks
    }

    /// Begins to read, and to write watch lists only.
    pub(crate) fn begin_with_lists(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        self.spawn([Self::write_lists, Self::read, Self::read]).into()
    }

    fn spawn<const COUNT: usize>(self: &Arc<Self>, tasks: [fn(&Self); COUNT]) -> [JoinHandle<()>; COUNT] {
        tasks.map(|task| {
            let load = Arc::clone(self);
            thread::spawn(move || task(&load))
        })
    }

    /// Nothing new is begun.
    pub(crate) fn end(&self, tasks: Vec<JoinHandle<()>>) {
        self.stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.join().unwrap();
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Asks; nothing where it was refused and may have been.
    fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        may_be_refused: bool,
    ) -> Option<Answer> {
        let mut all = vec![("authorization", self.authorization.as_str())];
        all.extend(headers);
        let answer = request(&self.address, method, path, &all, body);
        self.answered.fetch_add(1, Ordering::Relaxed);
        let mut record = self.record.lock().unwrap();
        match answer {
            Ok((answer, took)) => {
                record.longest = record.longest.max(took);
                match answer.status {
                    200 | 201 => return Some(answer),
                    503 if may_be_refused && answer.head.contains("retry-after: ") => {
                        self.refused.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => record.wrong.push(format!("{method} {path} after {took:?}: {answer:?}")),
                }
            }
            Err(error) => record.wrong.push(format!("{method} {path}: {error}")),
        }
        None
    }

    /// Makes something, once: whether it was taken.
    fn write(&self, write: &Write<'_>, key: Option<&str>) -> bool {
        let mut headers = vec![("content-type", write.kind)];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let files = write.table == "uploads" && self.may_be_refused.files;
        let made = self.ask("POST", write.path, &headers, write.body, self.may_be_refused.rows || files);
        let Some(made) = made else { return false };
        let mut record = self.record.lock().unwrap();
        record.accepted.push((write.table, write.name.to_owned()));
        if write.table == "uploads" {
            let made: Value = serde_json::from_str(&made.body).unwrap();
            record.files.push((made["id"].as_str().unwrap().to_owned(), write.body.to_owned()));
        }
        true
    }

    /// Makes something, again and again under one key until it is taken.
    fn insist(&self, write: &Write<'_>) {
        let began = Instant::now();
        while !self.write(write, Some(write.name)) {
            if began.elapsed() > 2 * PATIENCE {
                let untaken = format!("{} was never taken", write.name);
                return self.record.lock().unwrap().wrong.push(untaken);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn write_lists_of(&self, writer: &str) {
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let name = format!("{writer}-{}-{number}", self.name);
            let body = json!({ "name": name, "objects": [] }).to_string();
            let path = "/api/v1/watch-lists";
            let (table, kind) = ("watch_lists", "application/json");
            self.insist(&Write { table, path, kind, name: &name, body: &body });
            thread::sleep(Duration::from_millis(40));
        }
    }

    fn write_lists(&self) {
        self.write_lists_of("one");
    }

    fn write_more_lists(&self) {
        self.write_lists_of("other");
    }

    /// Without a key: what is refused may be there all the same.
    fn write_rules(&self) {
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let name = format!("rule-{}-{number}", self.name);
            let rule = json!({ "name": name, "severity": "info", "enabled": false, "min_probability": 1.0 });
            let (table, path, kind) = ("rules", "/api/v1/rules", "application/json");
            self.write(&Write { table, path, kind, name: &name, body: &rule.to_string() }, None);
            thread::sleep(Duration::from_millis(70));
        }
    }

    fn read(&self) {
        let paths = [
            "/api/v1/conjunctions?limit=20",
            "/api/v1/runs?limit=5",
            "/api/v1/objects?limit=20",
            "/api/v1/alerts?limit=5",
        ];
        for path in paths.iter().cycle() {
            if self.is_over() {
                return;
            }
            self.ask("GET", path, &[], "", self.may_be_refused.rows);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Uploads a pair of objects, until it is taken.
    pub(crate) fn upload(&self, place: u32) {
        let (name, body) = (format!("{place}.csv"), pair(place));
        let path = format!("/api/v1/uploads?name={name}");
        self.insist(&Write { table: "uploads", path: &path, kind: "text/csv", name: &name, body: &body });
    }

    /// Whether the alerts of a pair are there, each once.
    pub(crate) fn has_alerts_of(&self, object: u32) -> bool {
        let of = |list: &str, what: &str| -> Option<Vec<String>> {
            let path = format!("/api/v1/{list}?limit=1000&object={object}");
            let answer = self.ask("GET", &path, &[], "", self.may_be_refused.rows)?;
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            Some(body["items"].as_array().unwrap().iter().map(|item| item[what].to_string()).collect())
        };
        let (Some(found), Some(alerts)) = (of("conjunctions", "id"), of("alerts", "subject")) else {
            return false;
        };
        !found.is_empty() && alerts.len() >= found.len()
    }

    /// Panics unless nothing was answered that may not be, and everything that was accepted is there, once: how much.
    pub(crate) fn check_writes(&self, database: &str) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let named = runtime.block_on(async { named(&mut unfenced(database).await).await });
        let record = self.record.lock().unwrap();
        record.check(&named);
        record.accepted.len()
    }

    /// Panics unless each file that was accepted is given out as it was sent: how many.
    fn check_files(&self) -> usize {
        let files = self.record.lock().unwrap().files.clone();
        for (id, sent) in &files {
            let found = self.ask("GET", &format!("/api/v1/uploads/{id}/file"), &[], "", false);
            let found = found.map(|answer| answer.body);
            let wrong = || self.record.lock().unwrap().wrong.clone();
            assert_eq!(found.as_ref(), Some(sent), "the file of upload {id}: {:?}", wrong());
        }
        files.len()
    }

    /// Panics unless everything that was accepted is there, once, and so is what follows from it.
    pub(crate) fn check(&self, database: &str, target: &Target, may_repeat: bool) -> String {
        let files = self.check_files();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut db = runtime.block_on(unfenced(database));
        runtime.block_on(settle(&mut db));
        let (kept, named) = runtime.block_on(async { (Kept::read(&mut db).await, named(&mut db).await) });
        // The socket is told a moment later.
        let began = Instant::now();
        while self.record.lock().unwrap().opened.len() < kept.alerts && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(100));
        }
        let record = self.record.lock().unwrap();
        record.check(&named);
        let different: BTreeSet<_> = record.opened.iter().collect();
        assert_eq!(
            (record.opened.len(), different.len()),
            (kept.alerts, kept.alerts),
            "the socket was told of each alert once"
        );
        let received = target.received();
        let ids: BTreeSet<String> = received.keys().cloned().collect();
        assert_eq!(ids, kept.messages, "messages that came, and those that were made");
        let repeated: usize = received.values().map(|times| times - 1).sum();
        assert!(may_repeat || repeated == 0, "{repeated} messages came again");
        format!(
            "{} answers, {} refused with 503, the longest after {:.1} s; {} writes accepted, {files} files as they were sent, {} \
             events, {} conjunctions, {} alerts, {} messages of which {repeated} came again; nothing lost or doubled",
            self.answered.load(Ordering::Relaxed),
            self.refused.load(Ordering::Relaxed),
            record.longest.as_secs_f64(),
            record.accepted.len(),
            kept.events,
            kept.conjunctions,
            kept.alerts,
            received.len(),
        )
    }
}

/// Names by table, as often as they are there.
type Named = BTreeMap<(&'static str, String), i64>;

async fn named(db: &mut PgConnection) -> Named {
    let mut named = BTreeMap::new();
    for (table, statement) in [
        ("watch_lists", "SELECT name, count(*) FROM watch_lists GROUP BY name"),
        ("rules", "SELECT name, count(*) FROM rules GROUP BY name"),
        ("uploads", "SELECT name, count(*) FROM uploads GROUP BY name"),
    ] {
        for row in sqlx::query(statement).fetch_all(&mut *db).await.unwrap() {
            named.insert((table, row.get(0)), row.get(1));
        }
    }
    named
}

/// What follows from what was written.
struct Kept {
    events: usize,
    conjunctions: usize,
    alerts: usize,
    messages: BTreeSet<String>,
}

impl Kept {
    /// Reads it, and panics where something that happens once is there twice or was given up.
    async fn read(db: &mut PgConnection) -> Self {
        let failed: Vec<String> =
            sqlx::query_scalar("SELECT coalesce(problem, '') FROM runs WHERE state = 'failed'")
                .fetch_all(&mut *db)
                .await
                .unwrap();
        assert_eq!(failed, Vec::<String>::new(), "runs failed");
        let conjunctions = conjunctions(db).await;
        let subjects: Vec<String> =
            sqlx::query_scalar("SELECT subject_key FROM alerts").fetch_all(&mut *db).await.unwrap();
        let different: BTreeSet<&String> = subjects.iter().collect();
        assert_eq!(different.len(), subjects.len(), "an alert is doubled");
        let mut told = BTreeSet::new();
        let mut messages = BTreeSet::new();
        let deliveries = sqlx::query("SELECT id, alert, change, state FROM deliveries");
        for row in deliveries.fetch_all(&mut *db).await.unwrap() {
            let (id, of): (Uuid, (Uuid, String)) = (row.get(0), (row.get(1), row.get(2)));
            assert_eq!(row.get::<String, _>(3), "delivered", "{of:?}");
            assert!(told.insert(of.clone()), "two messages of {of:?}");
            messages.insert(id.to_string());
        }
        let rows = sqlx::query("SELECT position, body FROM events ORDER BY position");
        let rows = rows.fetch_all(&mut *db).await.unwrap();
        let mut once = BTreeSet::new();
        for (place, row) in rows.iter().enumerate() {
            assert_eq!(row.get::<i64, _>(0), i64::try_from(place).unwrap() + 1, "positions have gaps");
            let event: Value = serde_json::from_str(&row.get::<String, _>(1)).unwrap();
            let payload = &event["payload"];
            let subject = match payload["type"].as_str().unwrap() {
                "element_sets_stored" => &payload["ingest"],
                "upload_stored" => &payload["upload"],
                "run_started" | "run_completed" | "conjunctions_changed" => &payload["run"],
                _ => continue,
            };
            assert!(once.insert(format!("{} {subject}", payload["type"])), "told twice: {event}");
        }
        Self { events: rows.len(), conjunctions, alerts: subjects.len(), messages }
    }
}

/// How many conjunctions there are. Panics where one is there twice: the same pair within 20 minutes, which is one identity, or the
/// same relation. No pair of the tests meets that soon again.
pub(crate) async fn conjunctions(db: &mut PgConnection) -> usize {
    let doubled: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', one.first_object, one.second_object, one.id, other.id) \
         FROM conjunctions one JOIN conjunctions other ON one.tenant = other.tenant AND one.id < other.id \
         AND least(one.first_object, one.second_object) = least(other.first_object, other.second_object) \
         AND greatest(one.first_object, one.second_object) = greatest(other.first_object, other.second_object) \
         AND one.relation = other.relation AND (one.relation OR abs(one.tca - other.tca) <= 1200000000)",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    assert_eq!(doubled, Vec::<String>::new(), "conjunctions are there twice");
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM conjunctions").fetch_one(&mut *db).await.unwrap();
    usize::try_from(count).unwrap()
}

/// Waits until nothing is on its way for two seconds. A message that was taken as the database went away, without an answer to
/// whoever took it, is free after three minutes.
async fn settle(db: &mut PgConnection) {
    let (began, mut quiet) = (Instant::now(), Instant::now());
    while quiet.elapsed() < Duration::from_secs(2) {
        let under_way: String = sqlx::query_scalar(
            "SELECT concat_ws(', ', \
             (SELECT count(*) || ' events' FROM events WHERE position IS NULL HAVING count(*) > 0), \
             (SELECT count(*) || ' messages' FROM deliveries WHERE state = 'due' HAVING count(*) > 0), \
             (SELECT count(*) || ' runs' FROM runs WHERE state = 'running' HAVING count(*) > 0))",
        )
        .fetch_one(&mut *db)
        .await
        .unwrap();
        if !under_way.is_empty() {
            quiet = Instant::now();
        }
        assert!(began.elapsed() < 4 * PATIENCE, "still under way: {under_way}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
