//! A polite cache of what a catalog source sent.
//!
//! Sources such as `CelesTrak` serve everybody for nothing and ban those who ask too often. So: what was confirmed less
//! than two hours ago is not asked for again, by any process; requests are conditional; a source in trouble is left
//! alone for longer and longer, at least as long as it says; and what was received once is there without a network.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow, bail};
use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_domain::ports::{FeedAnswer, FeedClient, FeedError, FeedFault, FeedRequest};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::output;

/// Time for which a source is not asked again for data that it has confirmed.
pub(super) const FRESH: Duration = Duration::from_secs(2 * 3600);

/// Times that one run asks a source that does not answer or is overloaded.
const ATTEMPTS: u32 = 3;

/// First wait between two attempts of one run; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Longest wait between two attempts of one run; a source that asks for more is left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// First time for which later runs leave a failing source alone; it doubles each time, up to [`FRESH`].
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// Longest pause that a source can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Longest time for a request with its answer.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Largest answer that is taken, unpacked.
const LIMIT_BYTES: u64 = 256 << 20;

/// A folder of received data, a file a source with its history beside it.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    client: HttpFeedClient,
    runtime: Runtime,
    first_wait: Duration,
}

/// Data from the cache or straight from its source.
#[derive(Debug)]
pub(super) struct Received {
    /// The data as it was sent, unpacked.
    pub(super) bytes: Vec<u8>,
    /// When the source last said that this is its data, if that is known.
    pub(super) confirmed: Option<SystemTime>,
    /// Why the source was not asked, or did not answer with data.
    pub(super) note: Option<String>,
}

/// What is remembered of a source, in seconds of Unix time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct History {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
    confirmed_unix_s: Option<u64>,
    not_before_unix_s: u64,
    failures: u32,
    problem: Option<String>,
}

/// Why a source gave no data.
struct Failure {
    problem: String,
    /// Whether the source has seen the request: only then is it left alone by later runs.
    reached: bool,
    /// Whether another attempt may help.
    transient: bool,
    /// How long the source wants to be left alone.
    retry_after: Option<Duration>,
}

impl Cache {
    /// The cache in the user's cache folder.
    pub(super) fn open() -> anyhow::Result<Self> {
        let folder = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
            (Some(folder), _) if Path::new(&folder).is_absolute() => PathBuf::from(folder),
            (_, Some(home)) if !home.is_empty() => Path::new(&home).join(".cache"),
            _ => bail!("no cache folder: neither XDG_CACHE_HOME nor HOME is set"),
        };
        Self::at(folder.join("astroshield").join("catalog"), FIRST_WAIT)
    }

    fn at(folder: PathBuf, first_wait: Duration) -> anyhow::Result<Self> {
        let client =
            HttpFeedClient::new(&HttpFeedSettings { timeout: TIMEOUT, ..HttpFeedSettings::default() })?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { folder, client, runtime, first_wait })
    }

    /// The data of a source: from the cache if it is fresh or the source cannot be asked, else from the source.
    ///
    /// `check` refuses an answer that is not what was asked for, so that it never takes the place of good data.
    pub(super) fn get(
        &self,
        url: &str,
        offline: bool,
        now: SystemTime,
        check: impl Fn(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Received> {
        fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        let entry = Entry::lock(&self.folder, url)?;
        let history = entry.history(now)?;
        let cached = entry.data(&history)?;
        if offline {
            return cached
                .map(|bytes| history.received(bytes, Some("offline".to_owned())))
                .ok_or_else(|| anyhow!("{url}: not in the cache, and offline"));
        }
        let now_s = unix_s(now);
        let fresh_until_s = history.confirmed_unix_s.map_or(0, |confirmed| confirmed + FRESH.as_secs());
        let asked_again_s = history.not_before_unix_s.max(if cached.is_some() { fresh_until_s } else { 0 });
        if now_s < asked_again_s {
            let minutes = (asked_again_s - now_s).div_ceil(60);
            let reason =
                history.problem.as_ref().map_or(String::new(), |problem| format!(" after: {problem}"));
            let note = format!("the source is not asked again for {minutes} min{reason}");
            return match cached {
                Some(bytes) => Ok(history.received(bytes, Some(note))),
                None => bail!("{url}: not in the cache, and {note}"),
            };
        }
        self.ask(&entry, history, cached, now, check)
    }

    fn ask(
        &self,
        entry: &Entry,
        history: History,
        cached: Option<Vec<u8>>,
        now: SystemTime,
        check: impl Fn(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Received> {
        // Noted before the request, so that a process that dies in it does not have the next one ask at once.
        let asking = History { not_before_unix_s: unix_s(now + FIRST_PAUSE), ..history.clone() };
        entry.write_history(&asking)?;

        let validators = cached.is_some().then_some(&history);
        let answer = self.attempts(&entry.url, validators).and_then(|answer| {
            if let FeedAnswer::Data { bytes, .. } = &answer {
                check(bytes)
                    .map_err(|error| Failure::permanent(format!("not the data asked for: {error:#}")))?;
            }
            Ok(answer)
        });
        match (answer, cached) {
            (Ok(FeedAnswer::Data { bytes, etag, last_modified }), _) => {
                output::replace(&entry.data, &bytes).with_context(|| entry.data.display().to_string())?;
                let confirmed = History::confirmed(&entry.url, etag, last_modified, now);
                entry.write_history(&confirmed)?;
                Ok(confirmed.received(bytes, None))
            }
            (Ok(FeedAnswer::Unchanged), Some(bytes)) => {
                let confirmed = History::confirmed(&entry.url, history.etag, history.last_modified, now);
                entry.write_history(&confirmed)?;
                Ok(confirmed.received(bytes, Some("the source has nothing newer".to_owned())))
            }
            (Ok(FeedAnswer::Unchanged), None) => bail!("{}: \"not modified\" without a condition", entry.url),
            (Err(failure), cached) => {
                let failed = history.failed(&failure, now);
                entry.write_history(&failed)?;
                match cached {
                    Some(bytes) => Ok(failed.received(bytes, Some(failure.problem))),
                    None => bail!("{}: {}", entry.url, failure.problem),
                }
            }
        }
    }

    fn attempts(&self, url: &str, validators: Option<&History>) -> Result<FeedAnswer, Failure> {
        let mut wait = self.first_wait;
        let mut attempt = 1;
        loop {
            let failure = match self.request(url, validators) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = failure.retry_after.unwrap_or_else(|| jittered(wait));
            if !failure.transient || attempt == ATTEMPTS || pause > LONGEST_WAIT {
                return Err(failure);
            }
            thread::sleep(pause);
            wait *= 2;
            attempt += 1;
        }
    }

    fn request(&self, url: &str, validators: Option<&History>) -> Result<FeedAnswer, Failure> {
        let request = FeedRequest {
            url: url.to_owned(),
            etag: validators.and_then(|history| history.etag.clone()),
            last_modified: validators.and_then(|history| history.last_modified.clone()),
            limit_bytes: LIMIT_BYTES,
            ..FeedRequest::default()
        };
        self.runtime.block_on(self.client.fetch(&request)).map_err(Failure::from)
    }
}

impl Failure {
    fn permanent(problem: String) -> Self {
        Self { problem, reached: true, transient: false, retry_after: None }
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        Self {
            problem: error.reason,
            reached: error.fault != FeedFault::NotReached,
            transient: !error.permanent,
            retry_after: error.retry_after.map(|pause| pause.min(LONGEST_PAUSE)),
        }
    }
}

impl History {
    fn confirmed(url: &str, etag: Option<String>, last_modified: Option<String>, now: SystemTime) -> Self {
        Self {
            url: url.to_owned(),
            etag,
            last_modified,
            confirmed_unix_s: Some(unix_s(now)),
            ..Self::default()
        }
    }

    fn failed(self, failure: &Failure, now: SystemTime) -> Self {
        if !failure.reached {
            return self;
        }
        // A refusal will be the same in a minute: CelesTrak says 403 to those who come back within two hours.
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(10));
        let pause = if failure.transient { jittered(doubled.min(FRESH)) } else { FRESH };
        let pause = pause.max(failure.retry_after.unwrap_or_default());
        Self {
            not_before_unix_s: unix_s(now + pause),
            failures: self.failures.saturating_add(1),
            problem: Some(failure.problem.clone()),
            ..self
        }
    }

    fn received(&self, bytes: Vec<u8>, note: Option<String>) -> Received {
        let since_1970 = self.confirmed_unix_s.filter(|seconds| *seconds > 0).map(Duration::from_secs);
        Received { bytes, confirmed: since_1970.map(|time| SystemTime::UNIX_EPOCH + time), note }
    }
}

/// The files of one source, locked against other processes.
struct Entry {
    url: String,
    data: PathBuf,
    history: PathBuf,
    _lock: File,
}

impl Entry {
    fn lock(folder: &Path, url: &str) -> anyhow::Result<Self> {
        let name = file_name(url);
        let path = folder.join(format!("{name}.lock"));
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file))
            .with_context(|| path.display().to_string())?;
        Ok(Self {
            url: url.to_owned(),
            data: folder.join(format!("{name}.data")),
            history: folder.join(format!("{name}.json")),
            _lock: lock,
        })
    }

    /// What is remembered of the source. Times far in the future, from a clock that was wrong, are forgotten.
    fn history(&self, now: SystemTime) -> anyhow::Result<History> {
        let context = || self.history.display().to_string();
        let bytes = match fs::read(&self.history) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(History { url: self.url.clone(), ..History::default() });
            }
            Err(error) => return Err(error).with_context(context),
        };
        let mut history: History = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: remove it to start anew", self.history.display()))?;
        let now_s = unix_s(now);
        if history.confirmed_unix_s.is_some_and(|confirmed| confirmed > now_s + FRESH.as_secs()) {
            history.confirmed_unix_s = Some(0);
        }
        if history.not_before_unix_s > now_s + LONGEST_PAUSE.as_secs() {
            history.not_before_unix_s = 0;
        }
        Ok(history)
    }

    /// The data, if the source has ever confirmed any.
    fn data(&self, history: &History) -> anyhow::Result<Option<Vec<u8>>> {
        if history.confirmed_unix_s.is_none() || history.url != self.url {
            return Ok(None);
        }
        match fs::read(&self.data) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| self.data.display().to_string()),
        }
    }

    fn write_history(&self, history: &History) -> anyhow::Result<()> {
        let json = serde_json::to_vec_pretty(history)?;
        output::replace(&self.history, &json).with_context(|| self.history.display().to_string())
    }
}

/// A file name for an address: what can be read of it, and its hash (FNV-1a, 64 bits).
fn file_name(url: &str) -> String {
    let hash = url.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let readable: Vec<&str> =
        url.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let readable: String = readable.join("-").chars().take(80).collect();
    format!("{readable}-{hash:016x}")
}

/// A random time between a half of `time` and all of it, so that many clients do not come back at once.
fn jittered(time: Duration) -> Duration {
    const STEPS: u32 = 1024;
    let step = RandomState::new().hash_one(()) % u64::from(STEPS);
    let step = u32::try_from(step).unwrap_or(0);
    time / 2 + time * step / (2 * STEPS)
}

fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
