//! Processes of some roles each, on servers that they share.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use astroshield_adapters::s3::{S3Blobs, S3Encryption, S3Key, S3Settings};
use astroshield_testkit::postgres;
use astroshield_testkit::servers::{Server as Outside, variable};
use object_store::ObjectStore;
use serde_json::Value;

use crate::server::{Server, astroshield, run_in};

static NAMES: AtomicU32 = AtomicU32::new(0);

/// What the processes of a test have in common: a database, and names of their own on the servers of all tests.
pub(crate) struct Fleet {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
    pub(crate) database: String,
    /// What names on Kafka begin with.
    pub(crate) prefix: String,
    pub(crate) partitions: i32,
    processes: AtomicU32,
}

impl Fleet {
    /// `None` where a server is missing. `more` is said in the configuration, too.
    pub(crate) fn new(more: &str) -> Option<Self> {
        Self::on(new_database()?, more)
    }

    /// As [`Fleet::new`], on a database.
    pub(crate) fn on(database: String, more: &str) -> Option<Self> {
        let redis = variable("ASTROSHIELD_TEST_REDIS_URL")?;
        let authority = fs::read_to_string(variable("ASTROSHIELD_TEST_REDIS_CA")?).unwrap();
        Self::on_servers(database, &redis, &authority, more)
    }

    /// As [`Fleet::new`], with a Redis of its own.
    pub(crate) fn with_redis(more: &str, redis: &Outside) -> Option<Self> {
        Self::on_servers(new_database()?, &redis.address, &redis.authority(), more)
    }

    fn on_servers(database: String, redis: &str, redis_authority: &str, more: &str) -> Option<Self> {
        let (kafka, s3) = (variable("ASTROSHIELD_TEST_KAFKA")?, variable("ASTROSHIELD_TEST_S3")?);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for (name, authority) in [("kafka", "ASTROSHIELD_TEST_KAFKA_CA"), ("s3", "ASTROSHIELD_TEST_S3_CA")] {
            fs::copy(variable(authority)?, path.join(format!("{name}.pem"))).unwrap();
        }
        fs::write(path.join("redis.pem"), redis_authority).unwrap();
        fs::write(path.join("redis.url"), redis).unwrap();
        fs::write(path.join("kafka.password"), "secret\n").unwrap();
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("fleet-{}-{number}-", std::process::id());
        let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
            .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
            .concat();
        let partitions = 4;
        let settings = format!(
            "[store]\nkind = \"postgres\"\n\
             [blobs]\nkind = \"s3\"\nbucket = \"astroshield\"\nprefix = \"{prefix}\"\nendpoint = \"{s3}\"\n\
             authorities_file = \"s3.pem\"\n\
             [cache]\nkind = \"redis\"\nurl_file = \"redis.url\"\nprefix = \"astroshield-{prefix}\"\n\
             authorities_file = \"redis.pem\"\n\
             [bus]\nkind = \"kafka\"\nbrokers = \"{kafka}\"\nuser = \"astroshield\"\n\
             password_file = \"kafka.password\"\nprefix = \"{prefix}\"\npartitions = {partitions}\nreplicas = 1\n\
             authorities_file = \"kafka.pem\"\n\
             {feeds}[log]\nlevel = \"info\"\n{more}"
        );
        fs::write(path.join("astroshield.toml"), settings).unwrap();
        let key = [
            ("AWS_ACCESS_KEY_ID", "astroshield"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ];
        let mut environment: Vec<_> = key.map(|(name, value)| (name, value.to_owned())).into();
        environment.push(("ASTROSHIELD__STORE__URL", database.clone()));
        let processes = AtomicU32::new(0);
        Some(Self { folder, environment, database, prefix, partitions, processes })
    }

    /// From now on processes are started with another value of a setting, named as in the environment.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.push((name, value.into()));
    }

    /// The folder of what they are configured with.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the processes find in their environment.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Starts a process with a data folder of its own, and waits until it is ready.
    pub(crate) fn start(&self, roles: &str) -> Server {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let arguments = format!("--role {roles} --data process-{number}");
        let server = Server::start_in(self.folder.path(), &arguments, &self.environment());
        server.until("/health/ready", &[], |status, _| status == 200);
        server
    }

    /// The binary, where it has the configuration of the processes.
    pub(crate) fn command(&self) -> Command {
        let mut command = astroshield(self.folder.path());
        command.envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())));
        command
    }

    /// Runs a command to its end: its status, and what it says.
    pub(crate) fn run(&self, arguments: &str) -> (i32, String, String) {
        let environment: Vec<_> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run_in(self.folder.path(), arguments, &environment)
    }

    /// The blobs.
    pub(crate) fn blobs(&self) -> Arc<dyn ObjectStore> {
        let settings = S3Settings {
            bucket: "astroshield".to_owned(),
            prefix: self.prefix.clone(),
            region: Some("eu-central-1".to_owned()),
            endpoint: variable("ASTROSHIELD_TEST_S3"),
            key: Some(S3Key { id: "astroshield".to_owned(), secret: "secret".to_owned() }),
            encryption: S3Encryption::OfBucket,
            roots_pem: Some(fs::read(self.folder.path().join("s3.pem")).unwrap()),
        };
        Arc::new(S3Blobs::new(&settings).unwrap())
    }

    /// What the authority of Kafka says.
    pub(crate) fn kafka_authority(&self) -> String {
        fs::read_to_string(self.folder.path().join("kafka.pem")).unwrap()
    }
}

fn new_database() -> Option<String> {
    tokio::runtime::Runtime::new().unwrap().block_on(postgres::database())
}

/// A key to all processes that answer requests.
pub(crate) fn key(server: &Server) -> String {
    key_of(server, &server.sign_in())
}

/// As [`key`], with a session.
pub(crate) fn key_of(server: &Server, cookie: &str) -> String {
    let own = [("cookie", cookie), ("origin", &server.address), ("content-type", "application/json")];
    let (status, made) = server.post_with("/api/v1/api-keys", &own, r#"{"name":"test","scope":"admin"}"#);
    assert_eq!(status, 201, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// A pair of objects that do not exist, on orbits of today that cross and meet at their nodes: each pair by itself, and the same
/// whenever it is asked for.
pub(crate) fn pair(place: u32) -> String {
    /// They meet at the epoch and each 48 minutes or more after it: no test lasts so long that one of these times goes by.
    static EPOCH: LazyLock<String> = LazyLock::new(|| {
        let epoch = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10);
        epoch.strftime("%Y-%m-%dT%H:%M:00.000001").to_string()
    });
    let epoch = &*EPOCH;
    let (motion, node) = (15.0 - 0.1 * f64::from(place), 20 * place % 360);
    let row = |inclination: u32, number: u32| {
        format!(
            "TEST {number},2056-001A,{epoch},{motion},0,{inclination},{node},0,0,0,U,{number},999,1,0,0,0\n"
        )
    };
    "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,MEAN_ANOMALY,\
     EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,\
     MEAN_MOTION_DDOT\n"
        .to_owned()
        + &row(50, first_of(place))
        + &row(130, first_of(place) + 1)
}

pub(crate) fn first_of(place: u32) -> u32 {
    81_001 + 2 * place
}
