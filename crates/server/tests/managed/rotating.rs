//! The functions that rotate passwords, in processes of their own: Secrets Manager is an emulator (moto), PostgreSQL, Redis and
//! Kafka are themselves. In place of ElastiCache and ECS there is a server that does with Redis what ElastiCache does with its
//! user, and notes what ECS is asked for.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use astroshield_testkit::gateway::Function;
use astroshield_testkit::postgres;
use astroshield_testkit::servers::{Server as Outside, can_start};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;
use url::Url;
use uuid::Uuid;

use crate::rotation::{CREDENTIALS, Load, as_administrator, secrets_manager};
use crate::server::{PATIENCE, Server, astroshield};
use crate::tiers::Client;

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// A function in a process, killed when dropped.
struct Rotator {
    function: Function,
    process: Child,
    runtime: Runtime,
    secret: &'static str,
    folder: tempfile::TempDir,
}

impl Rotator {
    fn start(which: &str, secret: &'static str, moto: &Outside, settings: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let function = runtime.block_on(Function::start());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("moto.pem"), moto.authority()).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = astroshield(folder.path())
            .args(["function", which])
            .envs(CREDENTIALS)
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", function.address.as_str()),
                ("ASTROSHIELD__ROTATION__SECRET", secret),
                ("ASTROSHIELD__ROTATION__PATIENCE", "20s"),
                ("ASTROSHIELD__SECRETS__ENDPOINT", moto.address.as_str()),
                ("ASTROSHIELD__SECRETS__AUTHORITIES_FILE", "moto.pem"),
            ])
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { function, process, runtime, secret, folder }
    }

    fn invoke(&self, event: &Value) -> Result<(), String> {
        let answer = self.runtime.block_on(self.function.invoke(event.to_string().into_bytes()));
        let message = |error: Value| error["errorMessage"].as_str().unwrap().to_owned();
        answer.map(|answer| assert_eq!(answer, Value::Null)).map_err(message)
    }

    fn step(&self, step: &str, version: &str) -> Result<(), String> {
        self.invoke(&json!({ "Step": step, "SecretId": self.secret, "ClientRequestToken": version }))
    }

    /// Begins a rotation, as Secrets Manager does.
    fn begin(&self, moto: &Outside) -> String {
        let version = Uuid::new_v4().to_string();
        let body = json!({ "SecretId": self.secret, "ClientRequestToken": version });
        secrets_manager(moto, "RotateSecret", &body);
        version
    }

    /// The whole of a rotation, with every step twice, as Secrets Manager repeats what it has no answer to.
    fn rotate(&self, moto: &Outside) {
        let version = self.begin(moto);
        for step in STEPS {
            for _ in 0..2 {
                self.step(step, &version).unwrap();
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Rotator {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The password that is under a label.
fn password(moto: &Outside, secret: &str, label: &str) -> String {
    let body = json!({ "SecretId": secret, "VersionStage": label });
    let answer = secrets_manager(moto, "GetSecretValue", &body);
    let fields: Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
    fields["password"].as_str().unwrap().to_owned()
}

fn create(moto: &Outside, secret: &str, value: &Value) {
    secrets_manager(moto, "CreateSecret", &json!({ "Name": secret, "SecretString": value.to_string() }));
}

/// Whether PostgreSQL lets a user in.
fn lets_in(url: &Url, password: &str) -> bool {
    let mut url = url.clone();
    url.set_password(Some(password)).unwrap();
    Runtime::new().unwrap().block_on(async {
        match PgConnection::connect(url.as_str()).await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(error) => {
                let code = error
                    .as_database_error()
                    .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
                assert_eq!(code.as_deref(), Some("28P01"), "{error}");
                false
            }
        }
    })
}

/// A user of its own who owns a database, with the password `first-of-all`; the address without it.
fn owner(name: &str) -> Option<Url> {
    let database = Runtime::new().unwrap().block_on(postgres::database())?;
    let mut url = Url::parse(&database).unwrap();
    let path = url.path().trim_start_matches('/').to_owned();
    as_administrator(
        &database,
        &[
            format!(
                "DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            ),
            format!("ALTER ROLE {name} PASSWORD 'first-of-all'"),
            format!("ALTER DATABASE {path} OWNER TO {name}"),
            format!("GRANT ALL ON SCHEMA public TO {name}"),
        ],
    );
    url.set_username(name).unwrap();
    url.set_password(None).unwrap();
    Some(url)
}

#[test]
fn each_step_of_a_rotation_may_come_twice_and_nothing_else_is_done() {
    if !can_start(&["s3"]) {
        return;
    }
    let Some(url) = owner("turning") else { return };
    let moto = Outside::start("s3");
    let value = json!({ "username": "turning", "password": "first-of-all", "host": "kept" });
    create(&moto, "db", &value);
    create(&moto, "other", &value);
    let store = [("ASTROSHIELD__STORE__KIND", "postgres"), ("ASTROSHIELD__STORE__URL", url.as_str())];
    let rotator = Rotator::start("rotate-database", "db", &moto, &store);

    // Before anything is to be rotated, of another secret, or of a version that is not pending.
    let stranger = Uuid::new_v4().to_string();
    assert_eq!(rotator.step("createSecret", &stranger).unwrap_err(), "the secret is not to be rotated");
    let version = rotator.begin(&moto);
    for (event, reason) in [
        (
            json!({ "Step": "deleteSecret", "SecretId": "db", "ClientRequestToken": version }),
            "no step of a rotation",
        ),
        (
            json!({ "Step": "createSecret", "SecretId": "other", "ClientRequestToken": version }),
            "this function rotates another secret",
        ),
        (
            json!({ "Step": "createSecret", "SecretId": "db", "ClientRequestToken": stranger }),
            "the version is not the one that is pending",
        ),
        (json!({ "Step": "createSecret" }), "no event of a rotation"),
        (json!("first-of-all"), "no event of a rotation"),
        // In another order.
        (
            json!({ "Step": "setSecret", "SecretId": "db", "ClientRequestToken": version }),
            "the version that is pending has no value yet",
        ),
    ] {
        assert_eq!(rotator.invoke(&event).unwrap_err(), reason);
    }

    rotator.step("createSecret", &version).unwrap();
    let second = password(&moto, "db", "AWSPENDING");
    rotator.step("createSecret", &version).unwrap();
    assert_eq!(password(&moto, "db", "AWSPENDING"), second);
    assert!(second.len() >= 32 && second.bytes().all(|letter| letter.is_ascii_alphanumeric()));
    // It is not tried before it is set.
    assert!(lets_in(&url, "first-of-all") && !lets_in(&url, &second));
    for _ in 0..2 {
        rotator.step("setSecret", &version).unwrap();
        assert!(lets_in(&url, &second) && !lets_in(&url, "first-of-all"));
    }
    rotator.step("testSecret", &version).unwrap();
    assert_eq!(password(&moto, "db", "AWSCURRENT"), "first-of-all");
    for _ in 0..2 {
        rotator.step("finishSecret", &version).unwrap();
        assert_eq!(password(&moto, "db", "AWSCURRENT"), second);
        assert_eq!(password(&moto, "db", "AWSPREVIOUS"), "first-of-all");
    }
    let kept = secrets_manager(&moto, "GetSecretValue", &json!({ "SecretId": "db" }));
    let kept: Value = serde_json::from_str(kept["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!((&kept["host"], &kept["username"]), (&json!("kept"), &json!("turning")));

    // The server was not told of what is in the secret: the password of before is tried. (With labels, as moto forgets at a
    // `PutSecretValue` alone what was current.)
    let astray = Uuid::new_v4().to_string();
    let value = json!({ "username": "turning", "password": "astray" }).to_string();
    let put = json!({ "SecretId": "db", "SecretString": value, "ClientRequestToken": astray, "VersionStages": ["AWSPENDING"] });
    secrets_manager(&moto, "PutSecretValue", &put);
    let moved = json!({
        "SecretId": "db",
        "VersionStage": "AWSCURRENT",
        "MoveToVersionId": astray,
        "RemoveFromVersionId": version,
    });
    secrets_manager(&moto, "UpdateSecretVersionStage", &moved);
    rotator.rotate(&moto);
    let third = password(&moto, "db", "AWSCURRENT");
    assert!(lets_in(&url, &third) && third != second);

    // Neither is known: nothing changes.
    as_administrator(url.as_str(), &["ALTER ROLE turning PASSWORD 'lost'".to_owned()]);
    let version = rotator.begin(&moto);
    rotator.step("createSecret", &version).unwrap();
    let refused = rotator.step("setSecret", &version).unwrap_err();
    assert_eq!(refused, "the database takes neither the password that is current nor the one before");
    assert_eq!(password(&moto, "db", "AWSCURRENT"), third);

    let log = rotator.log();
    assert!(
        log.contains("a step of a rotation is done") && log.contains("a rotation does not go on"),
        "{log}"
    );
    let pending = password(&moto, "db", "AWSPENDING");
    for secret in ["first-of-all", &second, &third, &pending, "astray"] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// What the stand-in for ElastiCache and ECS was asked for.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

/// Answers as ElastiCache and ECS do, and has Redis know the passwords of its user.
async fn answer(State((asked, redis)): State<(Asked, Option<Arc<Outside>>)>, body: String) -> &'static str {
    if let Ok(Value::Object(fields)) = serde_json::from_str(&body) {
        let fields = fields.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        asked.0.lock().unwrap().push(fields);
        return "{}";
    }
    let fields: BTreeMap<String, String> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let passwords: Vec<&str> = (fields.iter())
        .filter(|(name, _)| name.starts_with("Passwords.member."))
        .map(|(_, password)| password.as_str())
        .collect();
    assert!((1..=2).contains(&passwords.len()), "ElastiCache takes two");
    // A little later, as ElastiCache does.
    let (redis, later) = (redis.unwrap(), passwords.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_secs(1));
        redis.tell_with("passwords", &later.iter().map(String::as_str).collect::<Vec<_>>());
    });
    asked.0.lock().unwrap().push(fields);
    "<ModifyUserResponse/>"
}

fn stand_in(runtime: &Runtime, redis: Option<Arc<Outside>>) -> (String, Asked) {
    let asked = Asked::default();
    let routes = Router::new().route("/", post(answer)).with_state((asked.clone(), redis));
    let address = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    });
    (format!("http://{address}/"), asked)
}

/// Whether Redis lets the user in.
fn redis_lets_in(redis: &Outside, password: &str) -> bool {
    let url = Url::parse(&redis.address).unwrap();
    let output = Command::new("redis-cli")
        .args(["--tls", "--cacert", redis.file("ca.pem").to_str().unwrap(), "--user", "astroshield"])
        .args(["-p", &url.port().unwrap().to_string(), "ping"])
        .env("REDISCLI_AUTH", password)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("PONG")
}

#[test]
fn a_service_goes_on_while_the_passwords_of_its_database_and_cache_are_rotated() {
    if !can_start(&["s3", "redis"]) {
        return;
    }
    let Some(url) = owner("served") else { return };
    let (moto, redis) = (Outside::start("s3"), Arc::new(Outside::start("redis")));
    create(&moto, "db", &json!({ "username": "served", "password": "first-of-all" }));
    create(&moto, "cache", &json!({ "username": "astroshield", "password": "secret" }));
    let runtime = Runtime::new().unwrap();
    let (endpoint, asked) = stand_in(&runtime, Some(Arc::clone(&redis)));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, authority) in [("moto", moto.authority()), ("redis", redis.authority())] {
        fs::write(path.join(format!("{name}.pem")), authority).unwrap();
    }
    let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
        .concat();
    let cache = redis.address.replace(":secret@", "@");
    let configuration = format!(
        "{feeds}[secrets]\nendpoint = \"{}\"\nauthorities_file = \"moto.pem\"\ninterval = \"1s\"\n\
         [store]\nkind = \"postgres\"\nurl = \"{url}\"\npassword_secret = \"db#password\"\n\
         [cache]\nkind = \"redis\"\nurl = \"{cache}\"\npassword_secret = \"cache#password\"\n\
         authorities_file = \"redis.pem\"\n\
         [server]\nresponse_cache = false\n[log]\nlevel = \"off,astroshield_domain::secrets=info\"\n",
        moto.address
    );
    fs::write(path.join("astroshield.toml"), configuration).unwrap();
    let server = Server::start_in(path, "", &CREDENTIALS);
    let client = Client::new(&server);
    let load = Load::begin(&server.address, &client.key);
    let ready = || {
        server.until("/health/ready", &[], |status, body| {
            status == 200 && body.starts_with("{\"status\":\"ready\"")
        });
    };
    ready();

    let of_database = Rotator::start(
        "rotate-database",
        "db",
        &moto,
        &[
            ("ASTROSHIELD__STORE__KIND", "postgres"),
            ("ASTROSHIELD__STORE__URL", url.as_str()),
            ("ASTROSHIELD__STORE__READER_URL", url.as_str()),
        ],
    );
    let authority = path.join("redis.pem");
    let of_cache = Rotator::start(
        "rotate-cache",
        "cache",
        &moto,
        &[
            ("ASTROSHIELD__CACHE__KIND", "redis"),
            ("ASTROSHIELD__CACHE__URL", &cache),
            ("ASTROSHIELD__CACHE__AUTHORITIES_FILE", authority.to_str().unwrap()),
            ("ASTROSHIELD__ROTATION__CACHE_USER", "astroshield-test-cache"),
            ("ASTROSHIELD__ROTATION__ENDPOINT", &endpoint),
        ],
    );
    for _ in 0..2 {
        of_database.rotate(&moto);
        of_cache.rotate(&moto);
        // Both are let in until the next rotation: who holds the old one goes on.
        for label in ["AWSCURRENT", "AWSPREVIOUS"] {
            assert!(redis_lets_in(&redis, &password(&moto, "cache", label)), "{label}");
        }
        std::thread::sleep(Duration::from_secs(2));
        ready();
    }
    assert!(!redis_lets_in(&redis, "secret"), "two rotations ago");
    assert!(lets_in(&url, &password(&moto, "db", "AWSCURRENT")));
    // The connections that were made with old passwords end; others are made with new ones.
    as_administrator(
        url.as_str(),
        &["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'served'".to_owned()],
    );
    std::thread::sleep(Duration::from_secs(5));
    let lost = load.failed.swap(0, Ordering::Relaxed);
    assert!(lost <= 3, "{lost}: at most what was on a connection that was cut");
    ready();
    std::thread::sleep(Duration::from_secs(1));
    load.end();

    let asked = asked.0.lock().unwrap();
    // Two rotations, each with its step twice.
    assert_eq!(asked.len(), 4);
    for fields in asked.iter() {
        let field = |name: &str| fields[name].as_str();
        assert_eq!((field("Action"), field("UserId")), ("ModifyUser", "astroshield-test-cache"));
    }
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    let logs = [log, of_database.log(), of_cache.log()].concat();
    for (secret, label) in [("db", "AWSCURRENT"), ("cache", "AWSCURRENT"), ("cache", "AWSPREVIOUS")] {
        assert!(!logs.contains(&password(&moto, secret, label)), "{logs}");
    }
}

#[test]
fn tasks_are_replaced_once_the_brokers_take_the_new_password() {
    if !can_start(&["s3", "kafka"]) {
        return;
    }
    let (moto, kafka) = (Outside::start("s3"), Outside::start("kafka"));
    create(&moto, "brokers", &json!({ "username": "astroshield", "password": "secret" }));
    let runtime = Runtime::new().unwrap();
    let (endpoint, asked) = stand_in(&runtime, None);
    let authority = kafka.file("ca.pem");
    let rotator = Rotator::start(
        "rotate-brokers",
        "brokers",
        &moto,
        &[
            ("ASTROSHIELD__BUS__KIND", "kafka"),
            ("ASTROSHIELD__BUS__BROKERS", &kafka.address),
            ("ASTROSHIELD__BUS__USER", "astroshield"),
            ("ASTROSHIELD__BUS__PASSWORD", "of no use"),
            ("ASTROSHIELD__BUS__AUTHORITIES_FILE", authority.to_str().unwrap()),
            ("ASTROSHIELD__ROTATION__SERVICES", "[\"astroshield-test/api\", \"astroshield-test/ingest\"]"),
            ("ASTROSHIELD__ROTATION__ENDPOINT", &endpoint),
        ],
    );
    let version = rotator.begin(&moto);
    for step in &STEPS[..3] {
        rotator.step(step, &version).unwrap();
    }
    let next = password(&moto, "brokers", "AWSPENDING");
    // MSK reads the secret itself, once it is current, and takes its time: until then nobody is to begin with the new one.
    let began = Instant::now();
    std::thread::scope(|scope| {
        let finishing = scope.spawn(|| rotator.step(STEPS[3], &version));
        std::thread::sleep(Duration::from_secs(3));
        while password(&moto, "brokers", "AWSCURRENT") != next {
            assert!(began.elapsed() < PATIENCE, "it never becomes current");
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(asked.0.lock().unwrap().is_empty());
        kafka.tell_with("password", &[&next]);
        finishing.join().unwrap().unwrap();
    });
    assert!(began.elapsed() > Duration::from_secs(3));
    let asked = asked.0.lock().unwrap();
    let services: Vec<_> = asked.iter().map(|fields| fields["service"].as_str()).collect();
    assert_eq!(services, ["\"api\"", "\"ingest\""]);
    assert!(asked.iter().all(|fields| fields["forceNewDeployment"] == "true"));
    assert!(!rotator.log().contains(&next));
}
