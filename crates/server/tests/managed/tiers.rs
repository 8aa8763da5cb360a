//! One process on all of them: it works, goes on while one is away, and takes up what waited.

use std::fs;
use std::path::Path;
use std::process::Command;

use astroshield_testkit::postgres;
use astroshield_testkit::servers::{Server as Outside, can_start, variable};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::fleet::{first_of, pair};
use crate::server::{Server, run, run_in};
use crate::socket::Socket;

/// Where the tests' folder of a service is, and what its environment says.
struct Place {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Place {
    /// `None` where there is no PostgreSQL, or no collector.
    fn new(redis: &Outside, kafka: &Outside, s3: &Outside) -> Option<Self> {
        let database = tokio::runtime::Runtime::new().unwrap().block_on(postgres::database())?;
        let collector = variable("ASTROSHIELD_TEST_COLLECTOR")?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for (name, server) in [("redis", redis), ("kafka", kafka), ("s3", s3)] {
            fs::write(path.join(format!("{name}.pem")), server.authority()).unwrap();
        }
        fs::copy(variable("ASTROSHIELD_TEST_COLLECTOR_CA")?, path.join("collector.pem")).unwrap();
        fs::write(path.join("redis.url"), &redis.address).unwrap();
        fs::write(path.join("kafka.password"), "secret\n").unwrap();
        fs::write(path.join("passphrase"), "correct horse\n").unwrap();
        let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
            .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
            .concat();
        let common = format!("{feeds}[screening]\nsettle = \"0s\"\ndays = 1\n[log]\nlevel = \"info\"\n");
        let servers = format!(
            "[store]\nkind = \"postgres\"\n\
             [blobs]\nkind = \"s3\"\nbucket = \"astroshield\"\nendpoint = \"{}\"\nencryption = \"s3\"\n\
             presigned_downloads = true\npresigned_uploads = true\nauthorities_file = \"s3.pem\"\n\
             [cache]\nkind = \"redis\"\nurl_file = \"redis.url\"\nauthorities_file = \"redis.pem\"\n\
             [bus]\nkind = \"kafka\"\nbrokers = \"{}\"\nuser = \"astroshield\"\npassword_file = \"kafka.password\"\n\
             partitions = 2\nreplicas = 1\nauthorities_file = \"kafka.pem\"\n\
             [telemetry]\nendpoint = \"{collector}\"\nauthorities_file = \"collector.pem\"\n",
            s3.address, kafka.address
        );
        fs::write(path.join("astroshield.toml"), format!("{servers}{common}")).unwrap();
        fs::write(path.join("alone.toml"), common).unwrap();
        // The key of S3 comes from the environment, as where AWS's own tools have it.
        let key = [
            ("AWS_ACCESS_KEY_ID", "astroshield"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ];
        let mut environment: Vec<_> = key.map(|(name, value)| (name, value.to_owned())).into();
        environment.push(("ASTROSHIELD__STORE__URL", database));
        Some(Self { folder, environment })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn run(&self, arguments: &str) -> (i32, String, String) {
        run_in(self.path(), arguments, &self.environment())
    }
}

/// A server, and a key to it: a session would be forgotten with the cache.
pub(crate) struct Client<'a> {
    server: &'a Server,
    pub(crate) key: String,
}

impl<'a> Client<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        let cookie = server.sign_in();
        let own =
            [("cookie", cookie.as_str()), ("origin", &server.address), ("content-type", "application/json")];
        let (status, made) = server.post_with("/api/v1/api-keys", &own, r#"{"name":"test","scope":"admin"}"#);
        assert_eq!(status, 201, "{made}");
        let made: Value = serde_json::from_str(&made).unwrap();
        Self { server, key: made["key"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn post(&self, path: &str, kind: &str, body: &str) -> Value {
        let bearer = format!("Bearer {}", self.key);
        let (status, made) =
            self.server.post_with(path, &[("authorization", &bearer), ("content-type", kind)], body);
        assert_eq!(status, 201, "{path}: {made}");
        serde_json::from_str(&made).unwrap()
    }

    pub(crate) fn until(&self, path: &str, is_right: impl Fn(&str) -> bool) -> Value {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str())];
        let body = self.server.until(path, &headers, |status, body| status == 200 && is_right(body));
        serde_json::from_str(&body).unwrap()
    }

    /// Uploads a pair.
    fn upload(&self, place: u32) -> Value {
        let name = format!("/api/v1/uploads?name={place}.csv");
        let upload = self.post(&name, "text/csv", &pair(place));
        assert_eq!(upload["state"], "accepted", "{upload}");
        upload
    }

    /// That a pair meets, once it is found.
    pub(crate) fn conjunction_of(&self, place: u32) -> Value {
        let number = first_of(place).to_string();
        let found = self.until("/api/v1/conjunctions", |body| body.contains(&number));
        let items = found["items"].as_array().unwrap();
        items.iter().find(|one| one.to_string().contains(&number)).unwrap().clone()
    }
}

/// Uploads a file past the server, which takes it from the bucket once.
fn send_to_the_bucket(client: &Client<'_>, place: &Place, content: &str) {
    let sha256: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let link = client.post(&format!("/api/v1/uploads/links?sha256={sha256}"), "text/plain", "");
    let file = place.path().join("sent.csv");
    fs::write(&file, content).unwrap();
    let mut put = Command::new("curl");
    put.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(place.path().join("s3.pem"));
    for (name, value) in link["headers"].as_object().unwrap() {
        put.arg("--header").arg(format!("{name}: {}", value.as_str().unwrap()));
    }
    assert!(
        put.arg("--upload-file").arg(&file).arg(link["url"].as_str().unwrap()).status().unwrap().success()
    );
    let taking = format!("/api/v1/uploads?name=sent.csv&place={}", link["place"].as_str().unwrap());
    let upload = client.post(&taking, "text/csv", "");
    assert_eq!((&upload["state"], &upload["sha256"]), (&json!("accepted"), &json!(sha256)), "{upload}");
    let bearer = format!("Bearer {}", client.key);
    let (status, again) = client.server.post_with(&taking, &[("authorization", &bearer)], "");
    assert!(status == 400 && again.contains("\"field\":\"place\""), "{status}: {again}");
    let (status, _) = client.server.post_with(&taking, &[("authorization", &bearer)], content);
    assert_eq!(status, 400, "a file is in one place");
}

/// Waits until the server says that all is well, with itself and what it depends on.
fn ready(server: &Server) {
    server.until("/health/ready", &[], |code, body| {
        let body: Value = serde_json::from_str(body).unwrap();
        let is_ok = |dependency: &str| body["dependencies"][dependency]["status"] == "ok";
        code == 200 && body["status"] == "ready" && ["blobs", "bus", "cache", "store"].into_iter().all(is_ok)
    });
}

/// Waits until the server says what it does without; its words of that.
fn without(server: &Server, dependency: &str) -> Value {
    let is_away = |code, body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let of_it = &body["dependencies"][dependency];
        code == 200 && body["status"] == "degraded" && of_it["status"] == "problem"
    };
    let body: Value = serde_json::from_str(&server.until("/health/ready", &[], is_away)).unwrap();
    body["dependencies"][dependency].clone()
}

/// Waits for an alert that was opened.
fn opened(socket: &mut Socket) {
    loop {
        let said = socket.next();
        let payload = &said["event"]["payload"];
        if payload["type"] == "alert_changed" && payload["change"].to_string().contains("opened") {
            return;
        }
    }
}

#[test]
fn a_service_on_servers_goes_on_while_they_are_away_and_its_backup_becomes_one_in_a_folder() {
    if !can_start(&["redis", "kafka", "s3"]) {
        return;
    }
    let (redis, kafka, s3) = (Outside::start("redis"), Outside::start("kafka"), Outside::start("s3"));
    let Some(place) = Place::new(&redis, &kafka, &s3) else { return };
    let (status, report, problem) = place.run("doctor");
    assert_eq!(status, 0, "{report}{problem}");
    for line in [
        "ok       blobs: the bucket astroshield answers",
        "ok       cache: Redis answers",
        "ok       bus: Kafka answers",
        "ok       telemetry: the collector answers",
    ] {
        assert!(report.contains(line), "{report}");
    }

    // Kafka is not needed to start.
    kafka.tell("kill");
    let server = Server::start_in(place.path(), "", &place.environment());
    assert_eq!(without(&server, "bus")["problem"], "does not answer");
    let (status, report, _) = place.run("doctor");
    assert_eq!(
        (status, report.contains("problem  bus: bus.brokers: Kafka does not answer")),
        (1, true),
        "{report}"
    );
    kafka.tell("restart");
    ready(&server);

    let client = Client::new(&server);
    let rule = json!({ "name": "all", "severity": "critical", "relations": true }).to_string();
    client.post("/api/v1/rules", "application/json", &rule);
    let mut socket = Socket::open(&server.address, &client.key, "alerts");
    let upload = client.upload(0);
    opened(&mut socket);
    let first = client.conjunction_of(0);

    // Its own message of that conjunction, as another's.
    let bearer = format!("Bearer {}", client.key);
    let authorization = [("authorization", bearer.as_str())];
    let path = format!("/api/v1/conjunctions/{}/cdm?format=kvn", first["id"].as_str().unwrap());
    let (status, message) = server.get_with(&path, &authorization);
    assert_eq!(status, 200, "{message}");
    let taken = client.post("/api/v1/uploads?name=one.cdm", "text/plain", &message);
    assert_eq!((&taken["state"], &taken["records"]), (&json!("accepted"), &json!(1)), "{taken}");

    // Files are in the bucket, and given out by it.
    let file = format!("/api/v1/uploads/{}/file", taken["id"].as_str().unwrap());
    let answer = server.send("GET", &file, &authorization, "");
    assert_eq!(answer.status, 307, "{answer:?}");
    let location = format!("location: {}/astroshield/astroshield/local/", s3.address);
    assert!(answer.head.contains(&location) && answer.head.contains("X-Amz-Signature="), "{answer:?}");
    assert!(answer.head.contains("no-store"), "{answer:?}");
    assert!(!place.path().join("data/astroshield/blobs").exists());

    send_to_the_bucket(&client, &place, &pair(3));
    client.conjunction_of(3);

    // Without Redis: sessions are gone, all else goes on.
    redis.tell("freeze");
    without(&server, "cache");
    client.upload(1);
    opened(&mut socket);
    client.conjunction_of(1);
    redis.tell("thaw");
    ready(&server);

    // Without Kafka: what is stored waits for it.
    kafka.tell("kill");
    without(&server, "bus");
    client.upload(2);
    kafka.tell("restart");
    opened(&mut socket);
    client.conjunction_of(2);
    ready(&server);

    let (status, _, said) = place.run("backup --passphrase-file passphrase backup.age");
    assert_eq!(status, 0, "{said}");
    assert!(said.contains(" rows, ") && !said.contains(", 0 blobs"), "{said}");
    assert_eq!(server.stop().0, 0);

    let (status, _, said) = place.run("restore --passphrase-file passphrase backup.age --into twice");
    assert!(status != 0 && said.contains("blobs.prefix: there are blobs already"), "{status}: {said}");

    // Nor does a server with another store use it.
    let other = tokio::runtime::Runtime::new().unwrap().block_on(postgres::database()).unwrap();
    let mut environment = place.environment();
    environment.retain(|(name, _)| *name != "ASTROSHIELD__STORE__URL");
    environment.push(("ASTROSHIELD__STORE__URL", &other));
    let (status, _, said) = run_in(place.path(), "serve --listen 127.0.0.1:0 --data other", &environment);
    assert!(
        status != 0 && said.contains("blobs.prefix: the blobs belong to another installation"),
        "{status}: {said}"
    );

    let alone = "--config alone.toml";
    let restore = format!("restore {alone} --passphrase-file passphrase backup.age --into alone");
    let (status, _, said) = run(place.path(), &restore);
    assert_eq!(status, 0, "{said}");
    let server = Server::start(place.path(), &format!("{alone} --data alone"));
    assert!(place.path().join("alone/astroshield.db").exists());
    let client = Client { server: &server, key: bearer["Bearer ".len()..].to_owned() };
    for number in 0..3 {
        client.conjunction_of(number);
    }
    assert_eq!(client.conjunction_of(0)["id"], first["id"]);
    for (upload, content) in [(&upload, pair(0)), (&taken, message)] {
        let file = format!("/api/v1/uploads/{}/file", upload["id"].as_str().unwrap());
        assert_eq!(server.get_with(&file, &authorization), (200, content));
    }
    assert_eq!(server.stop().0, 0);
}
