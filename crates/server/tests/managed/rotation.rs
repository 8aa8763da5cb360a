//! Passwords that rotate while connections are open. Secrets Manager is an emulator (moto), which checks no signatures.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use astroshield_testkit::postgres;
use astroshield_testkit::servers::{Server as Outside, can_start, variable};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use url::Url;

use crate::server::{PATIENCE, Server, run_in};
use crate::tiers::Client;

/// What AWS's own tools would be told.
pub(crate) const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "astroshield"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_REGION", "eu-central-1"),
];

/// Asks Secrets Manager for an operation, as its owner.
pub(crate) fn secrets_manager(moto: &Outside, operation: &str, body: &Value) -> Value {
    let scope = "Credential=a/20260101/eu-central-1/secretsmanager/aws4_request";
    let output = Command::new("curl")
        .args(["--silent", "--fail-with-body", "--cacert", moto.file("ca.pem").to_str().unwrap()])
        .args(["--header", &format!("x-amz-target: secretsmanager.{operation}")])
        .args([
            "--header",
            &format!("authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
        ])
        .args([
            "--header",
            "content-type: application/x-amz-json-1.1",
            "--data",
            &body.to_string(),
            &moto.address,
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Does statements in a database as a user who may do anything: the service's own makes no users.
pub(crate) fn as_administrator(database: &str, statements: &[String]) {
    let mut server = Url::parse(&variable("ASTROSHIELD_TEST_POSTGRES_URL").unwrap()).unwrap();
    server.set_path(Url::parse(database).unwrap().path());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = PgConnection::connect(server.as_str()).await.unwrap();
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
}

const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotating'";

/// Readers that ask all the time.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
    /// How many answers were not as they should be.
    pub(crate) failed: Arc<AtomicU32>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    pub(crate) fn begin(address: &str, key: &str) -> Self {
        let (stop, asked, failed) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
        let reader = |place: u32| {
            let (address, key) = (address.to_owned(), format!("Bearer {key}"));
            let (stop, asked, failed) = (Arc::clone(&stop), Arc::clone(&asked), Arc::clone(&failed));
            std::thread::spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let path = format!("/api/v1/objects?limit={}", 1 + (number + place * 300) % 1000);
                    let answer = crate::server::ask(&address, "GET", &path, &[("authorization", &key)], "");
                    if answer.status != 200 {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        };
        let readers = (0..3).map(reader).collect();
        Self { stop, asked, failed, readers }
    }

    /// Ends it once it has asked so often that it says something, however slow the machine is.
    pub(crate) fn end(self) {
        let began = Instant::now();
        while self.asked.load(Ordering::Relaxed) <= 500 {
            assert!(began.elapsed() < PATIENCE, "{} requests say little", self.asked.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(50));
        }
        self.stop.store(true, Ordering::Relaxed);
        for reader in self.readers {
            reader.join().unwrap();
        }
        assert_eq!(self.failed.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn passwords_that_rotate_in_secrets_manager_are_followed_without_a_restart() {
    if !can_start(&["s3", "redis"]) {
        return;
    }
    let Some(database) = tokio::runtime::Runtime::new().unwrap().block_on(postgres::database()) else {
        return;
    };
    let (moto, redis) = (Outside::start("s3"), Outside::start("redis"));
    let mut url = Url::parse(&database).unwrap();
    let name = url.path().trim_start_matches('/').to_owned();
    let password = |new: &str| format!("ALTER ROLE rotating PASSWORD '{new}'");
    as_administrator(
        &database,
        &[
            "DO $$ BEGIN CREATE ROLE rotating LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
                .to_owned(),
            password("one"),
            format!("ALTER DATABASE {name} OWNER TO rotating"),
            "GRANT ALL ON SCHEMA public TO rotating".to_owned(),
        ],
    );
    url.set_username("rotating").unwrap();
    let of_database = |password: &str| json!({ "username": "rotating", "password": password }).to_string();
    secrets_manager(&moto, "CreateSecret", &json!({ "Name": "db", "SecretString": of_database("one") }));
    secrets_manager(&moto, "CreateSecret", &json!({ "Name": "redis", "SecretString": "secret" }));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, server) in [("moto", &moto), ("redis", &redis)] {
        fs::write(path.join(format!("{name}.pem")), server.authority()).unwrap();
    }
    let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
        .concat();
    let configuration = format!(
        "{feeds}[secrets]\nendpoint = \"{}\"\nauthorities_file = \"moto.pem\"\ninterval = \"1s\"\n\
         [store]\nkind = \"postgres\"\nurl = \"{url}\"\npassword_secret = \"db#password\"\n\
         [cache]\nkind = \"redis\"\nurl = \"{}\"\npassword_secret = \"redis\"\nauthorities_file = \"redis.pem\"\n\
         [server]\nresponse_cache = false\n[log]\nlevel = \"off,astroshield_domain::secrets=info\"\n",
        moto.address,
        redis.address.replace(":secret@", "@")
    );
    fs::write(path.join("astroshield.toml"), &configuration).unwrap();
    let server = Server::start_in(path, "", &CREDENTIALS);
    let client = Client::new(&server);
    let key = [("authorization", format!("Bearer {}", client.key))];
    let key = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let load = Load::begin(&server.address, &client.key);
    let ready = || {
        server.until("/health/ready", &[], |status, body| {
            status == 200 && body.starts_with("{\"status\":\"ready\"")
        })
    };
    ready();

    // As rotation should be: the secret is followed before the connections are gone.
    as_administrator(&database, &[password("two")]);
    secrets_manager(
        &moto,
        "PutSecretValue",
        &json!({ "SecretId": "db", "SecretString": of_database("two") }),
    );
    // It is asked for every second.
    std::thread::sleep(Duration::from_secs(8));
    as_administrator(&database, &[CUT.to_owned()]);
    std::thread::sleep(Duration::from_secs(5));
    let lost = load.failed.swap(0, Ordering::Relaxed);
    assert!(lost <= 3, "{lost}: at most what was on a connection that was cut");

    // As it should not be: the connections are gone, and the secret comes later.
    as_administrator(&database, &[password("three"), CUT.to_owned()]);
    std::thread::sleep(Duration::from_secs(2));
    secrets_manager(
        &moto,
        "PutSecretValue",
        &json!({ "SecretId": "db", "SecretString": of_database("three") }),
    );
    server.until("/api/v1/objects", &key, |status, _| status == 200);
    ready();

    redis.tell("rotate");
    secrets_manager(&moto, "PutSecretValue", &json!({ "SecretId": "redis", "SecretString": "rotated" }));
    std::thread::sleep(Duration::from_secs(1));
    ready();
    load.failed.store(0, Ordering::Relaxed);
    std::thread::sleep(Duration::from_secs(2));
    load.end();
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    assert!(log.matches("the secret has changed").count() >= 3, "{log}");
    for secret in ["\"two\"", "\"three\"", ":three@", "rotated"] {
        assert!(!log.contains(secret), "{log}");
    }

    // A secret that is not there, or holds something else, is named by its key.
    for (name, reason) in
        [("nowhere", "ResourceNotFoundException"), ("db#nothing", "no text under \"nothing\"")]
    {
        let wrong = configuration.replace("db#password", name);
        fs::write(path.join("astroshield.toml"), wrong).unwrap();
        let (status, report, _) = run_in(path, "doctor", &CREDENTIALS);
        assert_eq!(status, 1, "{report}");
        assert!(report.contains("store.password_secret") && report.contains(reason), "{report}");
        assert!(!report.contains("three"), "{report}");
    }
}
