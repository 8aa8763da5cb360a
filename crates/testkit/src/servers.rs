//! Servers of the tests. Those that a test stops or freezes are its own.

use std::env;
use std::ffi::OsStr;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::skips::skip;

/// A script beside `scripts/test`: in the checkout of the test that runs, which is not where this was compiled if checkouts
/// share a build folder.
fn script(name: &str) -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo says whose test runs");
    Path::new(&package).join("../../scripts").join(name)
}

/// A variable that `scripts/test` sets; without it a test is skipped, which in CI is a failure.
pub fn variable(name: &str) -> Option<String> {
    let value = env::var(name).ok();
    if value.is_none() {
        skip(&format!("{name} is not set; scripts/test starts the server"));
    }
    value
}

/// Whether servers of a test's own can be started, as those that all tests share were; else it is skipped.
pub fn can_start(names: &[&str]) -> bool {
    names.iter().all(|name| {
        let ending = if matches!(*name, "postgres" | "redis") { "_URL" } else { "" };
        variable(&format!("ASTROSHIELD_TEST_{}{ending}", name.to_uppercase())).is_some()
    })
}

/// A server in a folder of its own, stopped when dropped.
pub struct Server {
    script: PathBuf,
    folder: PathBuf,
    _parent: TempDir,
    /// Where it is, as its script prints it.
    pub address: String,
}

impl Server {
    /// Starts `scripts/NAME`.
    pub fn start(name: &str) -> Self {
        Self::run(name, "start", &[])
    }

    /// Starts `scripts/kafka` with a proxy before it, to which it sends its clients.
    pub fn start_kafka_behind(proxy: SocketAddr) -> Self {
        Self::run("kafka", "start", &[proxy.port().to_string().as_ref()])
    }

    /// Starts `scripts/issuer` with a proxy before it, by which it calls itself.
    pub fn start_issuer_behind(proxy: SocketAddr) -> Self {
        Self::run("issuer", "start", &[proxy.port().to_string().as_ref()])
    }

    /// Starts `scripts/s3`, which holds what it has taken when it is killed.
    pub fn start_durable_s3() -> Self {
        Self::run("s3", "start", &["durable".as_ref()])
    }

    /// Starts `scripts/postgres`, which takes connections over TLS, too.
    pub fn start_postgres() -> Self {
        Self::run("postgres", "start", &["tls".as_ref()])
    }

    /// Starts a PostgreSQL that keeps its log, so that it can be restored to any time after a `backup`.
    pub fn start_archiving_postgres() -> Self {
        Self::run("postgres", "start", &["archive".as_ref()])
    }

    /// Starts a PostgreSQL that follows this one.
    pub fn start_replica(&self) -> Self {
        Self::run("postgres", "replica", &[self.folder.as_os_str()])
    }

    fn run(name: &str, command: &str, arguments: &[&OsStr]) -> Self {
        let parent = TempDir::new().unwrap();
        // The server may be a user of its own.
        std::fs::set_permissions(parent.path(), Permissions::from_mode(0o711)).unwrap();
        let folder = parent.path().join(name);
        let mut start = Command::new(script(name));
        start.arg(command).arg(&folder).args(arguments);
        let output = start.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "{name} does not start");
        let address = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Self { script: script(name), folder, _parent: parent, address }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `freeze`, `thaw`, `kill` or `restart`, and what else its script knows.
    pub fn tell(&self, command: &str) {
        self.tell_with(command, &[]);
    }

    /// As [`Server::tell`], with what the command wants to know.
    pub fn tell_with(&self, command: &str, arguments: &[&str]) {
        let mut told = Command::new(&self.script);
        told.arg(command).arg(&self.folder).args(arguments);
        assert!(told.status().unwrap().success(), "{command}");
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The authority to trust, in PEM.
    pub fn authority(&self) -> String {
        std::fs::read_to_string(self.folder.join("ca.pem")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(&self.script).arg("stop").arg(&self.folder).status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!("{} was not stopped", self.folder.display());
        }
    }
}
