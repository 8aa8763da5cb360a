//! The service in a process of its own, with the layer, and requests to it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::layer::{self, Control};
use crate::target::Target;

/// Longest time for anything to happen in a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary: the one that was built with the tests, unless `ASTROSHIELD_BINARY` names another one.
pub(crate) fn binary() -> PathBuf {
    let built = || env!("CARGO_BIN_EXE_astroshield").into();
    std::env::var_os("ASTROSHIELD_BINARY").map_or_else(built, PathBuf::from)
}

/// A folder with a configuration, a feed that is a file, and a webhook target.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) target: Target,
    pub(crate) control: Control,
    /// Kept as the disk would be, where that is wanted.
    pub(crate) disk: Option<PathBuf>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let target = Target::start(&root.join("authority.pem"));
        let feed = root.join("catalog.csv");
        let settings = format!(
            "[feeds.celestrak-active]\nenabled = false\n[feeds.satcat]\nenabled = false\n\
             [feeds.space-weather]\nenabled = false\n[feeds.earth-orientation]\nenabled = false\n\
             [feeds.mine]\nkind = \"element_sets\"\nurl = \"file:{}\"\ninterval = \"1s\"\n\
             [screening]\nsettle = \"0s\"\ndays = 1\nthreads = 2\n\
             [notify]\nallowed_networks = [\"127.0.0.0/8\"]\n",
            feed.display()
        );
        fs::write(root.join("astroshield.toml"), settings).unwrap();
        let control = Control::new(&root.join("control"));
        Self { folder, target, control, disk: None }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// The feed.
    pub(crate) fn catalog(&self) -> PathBuf {
        self.root().join("catalog.csv")
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// What the service has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.root().join("log")).unwrap_or_default()
    }

    /// The binary with the layer.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let root = self.root();
        let mut command = Command::new(binary());
        command
            .args(arguments.split_whitespace())
            .current_dir(&root)
            .env_clear()
            .env("HOME", &root)
            .env("SSL_CERT_FILE", root.join("authority.pem"))
            .env("LD_PRELOAD", layer::library())
            .env("ASTROSHIELD_FAULT_FOLDER", self.data())
            .env("ASTROSHIELD_FAULT_CONTROL", &self.control.path)
            .env("ASTROSHIELD__DATA__FOLDER", self.data())
            .stdin(Stdio::null());
        if let Some(disk) = &self.disk {
            command.env("ASTROSHIELD_FAULT_DISK", disk);
        }
        command
    }

    /// Starts the service; nothing if it ends before it is there.
    pub(crate) fn try_start(&self) -> Option<Process> {
        let log = File::options().create(true).append(true).open(self.root().join("log")).unwrap();
        let mut command = self.command("serve --listen 127.0.0.1:0");
        let mut process = Process {
            child: command.stdout(Stdio::piped()).stderr(log).spawn().unwrap(),
            client: Client { address: String::new(), key: String::new() },
            token: String::new(),
        };
        let mut output = BufReader::new(process.child.stdout.take().unwrap());
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(link) = line.strip_prefix("AstroShield: ") {
                let (address, token) = link.trim().split_once("/signin?token=").unwrap();
                address.strip_prefix("http://").unwrap().clone_into(&mut process.client.address);
                token.clone_into(&mut process.token);
                process.child.stdout = Some(output.into_inner());
                return Some(process);
            }
        }
    }

    /// Starts the service, which has to go well.
    pub(crate) fn start(&self) -> Process {
        self.try_start().unwrap_or_else(|| panic!("the service ended: {}", self.log()))
    }

    /// Panics if the service did.
    pub(crate) fn expect_no_panic(&self) {
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// The service; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) client: Client,
    token: String,
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Makes an API key with the link that the service printed.
    pub(crate) fn make_key(&self) -> io::Result<String> {
        let body = json!({ "token": self.token }).to_string();
        let answer = self.client.send("POST", "/api/v1/session", &[], body.as_bytes())?;
        let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let origin = format!("http://{}", self.client.address);
        let headers = [("cookie", cookie.as_str()), ("origin", &origin)];
        let body = json!({ "name": "test", "scope": "admin" }).to_string();
        let answer = self.client.send("POST", "/api/v1/api-keys", &headers, body.as_bytes())?;
        assert_eq!(answer.status, 201, "{answer:?}");
        Ok(answer.json()["key"].as_str().unwrap().to_owned())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end that something else brings about.
    pub(crate) fn wait(&mut self) {
        let began = Instant::now();
        while !self.has_ended() {
            assert!(began.elapsed() < PATIENCE, "the service does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it, wherever it is.
    pub(crate) fn kill(mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Ends it as an init system would; its status.
    pub(crate) fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whom to ask, and with which key.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) key: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Client {
    /// Sends a request on a connection of its own. An error is an answer that did not come, or not whole.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // HTTP/1.0: the answer comes in one piece, and the connection ends with it.
        let mut head = format!("{method} {path} HTTP/1.0\r\nhost: {}\r\n", self.address);
        if !self.key.is_empty() {
            head += &format!("authorization: Bearer {}\r\n", self.key);
        }
        if !path.starts_with("/api/v1/uploads") {
            head += "content-type: application/json\r\n";
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let cut_off = || io::Error::other("the answer was cut off");
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut_off)?;
        let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
        match answer.header("content-length").map(|length| length.parse::<usize>().unwrap()) {
            Some(length) if length != answer.body.len() => Err(cut_off()),
            _ => Ok(answer),
        }
    }

    pub(crate) fn get(&self, path: &str) -> io::Result<Answer> {
        self.send("GET", path, &[], b"")
    }

    /// Writes under an idempotency key.
    pub(crate) fn post(&self, path: &str, key: &str, body: &[u8]) -> io::Result<Answer> {
        self.send("POST", path, &[("idempotency-key", key)], body)
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
