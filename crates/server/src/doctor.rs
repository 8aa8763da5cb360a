//! `astroshield doctor`.

use std::fmt;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use url::Url;

use crate::exit::Completion;
use crate::managed;
use crate::migrate;
use crate::output::Output;
use crate::serve::{self, lock};
use crate::settings::{Settings, SettingsArgs};

/// Free space in the data folder below which a warning is due: a year of element sets takes about as much.
const LITTLE_SPACE_BYTES: u64 = 10 << 30;

/// Free space below which writes will soon fail.
const NO_SPACE_BYTES: u64 = 500 << 20;

/// How long a feed's server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// 2026-01-01: before this program was written, so no clock that is right says it.
const EARLIEST_UNIX_S: u64 = 1_767_225_600;

/// Look for what is wrong with the installation, and say what to do
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield doctor
  astroshield doctor --network

Each line is ok, a warning, or a problem. The exit status is 1 if there is any problem. A server may be running.
--network connects to the servers of the feeds, without asking them for anything.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Connect to the servers of the feeds, too
    #[arg(long)]
    network: bool,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Ok,
    Warning,
    Problem,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// A line of the report.
#[derive(Debug)]
struct Finding {
    subject: &'static str,
    verdict: Verdict,
    text: String,
}

/// The report as it grows.
#[derive(Debug, Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, subject: &'static str, verdict: Verdict, text: impl Into<String>) {
        self.findings.push(Finding { subject, verdict, text: text.into() });
    }

    fn worst(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
    }
}

impl Doctor {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let mut report = Report::default();
        if let Some(settings) = self.configuration(&mut report) {
            clock(&mut report);
            let owner = settings.data_folder().and_then(|folder| {
                data_folder(&folder, &mut report);
                lock::owner_of(&folder)
            });
            port(&settings, owner.as_deref(), &mut report);
            store(&settings, &mut report)?;
            servers(&settings, &mut report)?;
            identity(&settings, &mut report)?;
            feeds(&settings, self.network, &mut report);
        }
        let mut output = Output::create(None)?;
        for Finding { subject, verdict, text } in &report.findings {
            writeln!(output, "{verdict:<8} {subject}: {text}")?;
        }
        output.finish()?;
        Ok(if report.worst() == Verdict::Problem { Completion::Unwell } else { Completion::Whole })
    }

    fn configuration(&self, report: &mut Report) -> Option<Settings> {
        let settings = self.settings.layers().and_then(|layers| Settings::from_layers(&layers));
        match settings {
            Ok(settings) => {
                let source = self.settings.file().map_or_else(
                    || "defaults and environment; no file".to_owned(),
                    |file| file.display().to_string(),
                );
                report.add("configuration", Verdict::Ok, source);
                Some(settings)
            }
            Err(error) => {
                report.add("configuration", Verdict::Problem, format!("{:#}", anyhow::Error::from(error)));
                None
            }
        }
    }
}

fn clock(report: &mut Report) {
    let unix_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if unix_s < EARLIEST_UNIX_S {
        let text =
            "is before 2026; set it, and let it be kept by NTP: every screening starts at the present time";
        report.add("clock", Verdict::Problem, text);
    } else {
        report.add("clock", Verdict::Ok, format!("{:.0}", jiff::Timestamp::now()));
    }
}

fn data_folder(folder: &Path, report: &mut Report) {
    const SUBJECT: &str = "data folder";
    let name = folder.display();
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    if let Err(error) = tempfile::tempfile_in(existing) {
        let text = format!("{name}: {error}; give yourself the right to write there, or set data.folder");
        report.add(SUBJECT, Verdict::Problem, text);
        return;
    }
    #[cfg(unix)]
    if let Ok(metadata) = fs::metadata(folder) {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let text = format!("{name}: others may look inside (mode {mode:o}); chmod 700 {name}");
            report.add(SUBJECT, Verdict::Warning, text);
        }
    }
    let free = match rustix::fs::statvfs(existing) {
        Ok(space) => space.f_bavail.saturating_mul(space.f_frsize),
        Err(error) => {
            report.add(SUBJECT, Verdict::Warning, format!("{name}: free space is not known: {error}"));
            return;
        }
    };
    let gibibytes = free as f64 / f64::from(1 << 30);
    let (verdict, advice) = match free {
        0..NO_SPACE_BYTES => (Verdict::Problem, "; make room, or nothing can be stored"),
        NO_SPACE_BYTES..LITTLE_SPACE_BYTES => (Verdict::Warning, "; a year of element sets may not fit"),
        _ => (Verdict::Ok, ""),
    };
    report.add(SUBJECT, verdict, format!("{name}: {gibibytes:.1} GiB free{advice}"));
}

fn port(settings: &Settings, owner: Option<&str>, report: &mut Report) {
    let listen = settings.server.listen;
    match (owner, TcpListener::bind(listen)) {
        (Some(owner), _) => report.add("server", Verdict::Ok, format!("running as process {owner}")),
        (None, Ok(_)) => report.add("server", Verdict::Ok, format!("not running; {listen} is free")),
        (None, Err(error)) => {
            let text = format!("{listen}: {error}; stop what listens there, or set server.listen");
            report.add("server", Verdict::Problem, text);
        }
    }
}

fn store(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    const SUBJECT: &str = "store";
    let examination = match migrate::examine(settings)? {
        Ok(examination) => examination,
        Err(error) => {
            report.add(SUBJECT, Verdict::Problem, format!("{error:#}"));
            return Ok(());
        }
    };
    for problem in &examination.problems {
        let text = format!("{problem}; stop the server and restore a backup");
        report.add(SUBJECT, Verdict::Problem, text);
    }
    for warning in &examination.warnings {
        report.add(SUBJECT, Verdict::Warning, warning.clone());
    }
    if !examination.exists {
        report.add(SUBJECT, Verdict::Ok, "not made yet; the first start makes it");
    } else if examination.problems.is_empty() {
        let text = match examination.pending.len() {
            0 => "whole and of this version".to_owned(),
            pending => format!("whole; {pending} migrations to make, which the next start does"),
        };
        report.add(SUBJECT, Verdict::Ok, text);
    }
    Ok(())
}

/// The servers that blobs, cache and bus are on.
fn servers(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    for (subject, found) in migrate::runtime()?.block_on(managed::examine(settings)) {
        match found {
            Ok(text) => report.add(subject, Verdict::Ok, text),
            Err(error) => report.add(subject, Verdict::Problem, format!("{error:#}")),
        }
    }
    Ok(())
}

/// The identity provider.
fn identity(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    const SUBJECT: &str = "identity";
    let Some(provider) = serve::identity::provider(&settings.identity, "https://localhost")? else {
        return Ok(());
    };
    match migrate::runtime()?.block_on(provider.reach()) {
        Ok(()) => {
            report.add(
                SUBJECT,
                Verdict::Ok,
                "the identity provider answers, and is the one that is expected",
            );
        }
        Err(error) => report.add(SUBJECT, Verdict::Problem, format!("identity.issuer: {error}")),
    }
    if settings.server.public_url.is_none() {
        let text = "server.public_url is not set: browsers are sent back to the address that is listened on";
        report.add(SUBJECT, Verdict::Warning, text);
    }
    Ok(())
}

fn feeds(settings: &Settings, network: bool, report: &mut Report) {
    let enabled: Vec<_> = settings.feeds.iter().filter(|(_, feed)| feed.enabled).collect();
    if enabled.is_empty() {
        report.add("feeds", Verdict::Warning, "none is enabled; the catalog grows by uploads only");
    }
    let mut hosts: Vec<(String, u16)> = Vec::new();
    for (name, feed) in enabled {
        let Ok(url) = Url::parse(&feed.url) else { continue };
        if url.scheme() == "file" {
            match url.to_file_path() {
                Ok(path) if path.exists() => {
                    report.add("feeds", Verdict::Ok, format!("{name}: {}", path.display()));
                }
                _ => report.add("feeds", Verdict::Problem, format!("{name}: {} does not exist", feed.url)),
            }
        } else if let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) {
            hosts.push((host.to_owned(), port));
        }
    }
    hosts.sort();
    hosts.dedup();
    for (host, port) in hosts {
        if !network {
            report.add("feeds", Verdict::Ok, format!("{host}: not tried (--network does)"));
            continue;
        }
        let began = Instant::now();
        match connect(&host, port) {
            Ok(()) => {
                let text = format!("{host}: reached in {} ms", began.elapsed().as_millis());
                report.add("feeds", Verdict::Ok, text);
            }
            Err(error) => {
                let text = format!("{host}: {error}; check the network, and that nothing blocks port {port}");
                report.add("feeds", Verdict::Problem, text);
            }
        }
    }
}

fn connect(host: &str, port: u16) -> std::io::Result<()> {
    let mut last = std::io::Error::other("no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
