//! A server in a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time for anything to happen in a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, with nothing of the person who runs the tests.
pub(crate) fn astroshield(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_astroshield"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(folder: &Path, arguments: &str) -> (i32, String, String) {
    run_in(folder, arguments, &[])
}

/// As [`run`], with variables of the environment.
pub(crate) fn run_in(folder: &Path, arguments: &str, environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = astroshield(folder);
    let output =
        command.envs(environment.iter().copied()).args(arguments.split_whitespace()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    /// A file, as a pipe that nobody reads stops who writes into it.
    log: File,
    /// `http://127.0.0.1:<port>`
    pub(crate) address: String,
    /// What signs in, once.
    pub(crate) token: String,
}

impl Server {
    /// Starts a server on a free port, and waits for its link.
    pub(crate) fn start(folder: &Path, arguments: &str) -> Self {
        Self::start_in(folder, arguments, &[])
    }

    /// As [`Server::start`], with variables of the environment.
    pub(crate) fn start_in(folder: &Path, arguments: &str, environment: &[(&str, &str)]) -> Self {
        let log = tempfile::tempfile().unwrap();
        let mut process = astroshield(folder)
            .envs(environment.iter().copied())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().unwrap())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut server = Self { process, output, log, address: String::new(), token: String::new() };
        (server.address, server.token) = server.link();
        server
    }

    /// Reads the next link from standard output: address and token.
    pub(crate) fn link(&mut self) -> (String, String) {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                panic!("the server ended: {}", self.log());
            }
            // One that answers no requests has nothing to sign in to.
            if let Some(health) = line.strip_prefix("AstroShield (") {
                let (_, address) = health.trim().split_once("): ").unwrap();
                return (address.strip_suffix("/health/ready").unwrap().to_owned(), String::new());
            }
            if let Some(link) = line.strip_prefix("AstroShield: ") {
                let (address, token) = link.trim().split_once("/signin").unwrap();
                // Without a token where people sign in at an identity provider.
                let token = token.strip_prefix("?token=").unwrap_or_default();
                return (address.to_owned(), token.to_owned());
            }
        }
    }

    /// Id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Ends it as an init system would, and returns exit status and log.
    pub(crate) fn stop(self) -> (i32, String) {
        self.signal("TERM");
        self.end()
    }

    /// Waits until it ends by itself, and returns exit status and log.
    pub(crate) fn end(mut self) -> (i32, String) {
        let status = self.process.wait().unwrap();
        (status.code().unwrap_or(-1), self.log())
    }

    /// What it has logged.
    fn log(&mut self) -> String {
        let mut log = String::new();
        self.log.rewind().unwrap();
        self.log.read_to_string(&mut log).unwrap();
        log
    }

    /// Asks for a path: status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, &[])
    }

    /// Asks for a path with headers.
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let answer = ask(&self.address, "GET", path, headers, "");
        (answer.status, answer.body)
    }

    /// Sends a request.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(&self.address, method, path, headers, body)
    }

    /// Signs in with a token: the cookie, or the status of the refusal.
    pub(crate) fn sign_in_with(&self, token: &str) -> Result<String, u16> {
        let body = serde_json::json!({ "token": token }).to_string();
        let headers = [("content-type", "application/json")];
        let answer = ask(&self.address, "POST", "/api/v1/session", &headers, &body);
        let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        Ok(cookie.ok_or(answer.status)?.split(';').next().unwrap().to_owned())
    }

    /// Signs in; the cookie.
    pub(crate) fn sign_in(&self) -> String {
        self.sign_in_with(&self.token).unwrap()
    }

    /// Posts a body with headers: status and body.
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let answer = ask(&self.address, "POST", path, headers, body);
        (answer.status, answer.body)
    }

    /// Asks until the answer is as it should be.
    pub(crate) fn until(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        is_right: impl Fn(u16, &str) -> bool,
    ) -> String {
        let began = Instant::now();
        loop {
            let (status, body) = self.get_with(path, headers);
            if is_right(status, &body) {
                return body;
            }
            assert!(began.elapsed() < PATIENCE, "{path}: {status}: {body:.1000}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = self.log();
            eprintln!("the log of {}:\n{log}", self.address);
        }
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Asks in HTTP/1.0: the answer ends where the connection does.
pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let host = address.strip_prefix("http://").unwrap();
    let mut request = format!("{method} {path} HTTP/1.0\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "host") {
        request += &format!("host: {host}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
