//! The configuration: defaults, a file, environment variables, and options, each over the one before it.

mod identity;
mod layers;
mod places;
mod rotation;
mod secret;
mod sections;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use astroshield_domain::deployment::SECRETS;
use astroshield_domain::this_machine::is_this_machine;
use clap::Args;
use toml::Value;
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::Url;

pub(crate) use self::layers::{DEFAULTS, Layers, Origin, SettingsError};
#[cfg(not(feature = "managed"))]
pub(crate) use self::places::NOT_BUILT;
#[cfg(feature = "managed")]
pub(crate) use self::places::pairs;
pub(crate) use self::rotation::{Fetched, with_password};
pub(crate) use self::secret::Secret;
pub(crate) use self::sections::{
    Blobs, BlobsKind, Bus, BusKind, Cache, CacheKind, Encryption, Feed, FeedGrade, FeedKind, Identity,
    IdentityKind, LogFormat, Secrets, Settings, Smtp, Store, StoreKind,
};
#[cfg(feature = "managed")]
pub(crate) use self::sections::{BlobsEncryption, BusAuthentication, Telemetry};

/// CelesTrak shuts out who asks for the same data more often.
const CELESTRAK_INTERVAL: Duration = Duration::from_hours(2);

/// Space-Track's limit for its current element sets; that of its other classes is longer.
const SPACE_TRACK_INTERVAL: Duration = Duration::from_hours(1);

/// Longest name of a deployment.
const LONGEST_ENVIRONMENT: usize = 40;

/// Which configuration to use.
#[derive(Debug, Clone, Args)]
pub(crate) struct SettingsArgs {
    /// Configuration file; otherwise ./astroshield.toml or astroshield/config.toml in `$XDG_CONFIG_HOME`, where there is one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl SettingsArgs {
    /// Defaults, file and environment, not yet checked.
    pub(crate) fn layers(&self) -> Result<Layers, SettingsError> {
        let mut layers = Layers::defaults()?;
        if let Some(file) = self.file() {
            layers.add_file(&file)?;
        }
        layers.add_environment(std::env::vars_os())?;
        Ok(layers)
    }

    /// The configuration file, if there is one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let local = || Some(PathBuf::from("astroshield.toml")).filter(|file| file.exists());
        let home = || {
            Some(base_folder(std::env::var_os("XDG_CONFIG_HOME"), ".config")?.join("astroshield/config.toml"))
                .filter(|file| file.exists())
        };
        self.config.clone().or_else(local).or_else(home)
    }
}

/// A folder of the XDG Base Directory Specification.
fn base_folder(variable: Option<OsString>, in_home: &str) -> Option<PathBuf> {
    // A relative path there is to be ignored, says the specification.
    variable
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(in_home)))
}

impl Settings {
    /// Reads and checks everything.
    pub(crate) fn from_layers(layers: &Layers) -> Result<Self, SettingsError> {
        let (layers, sources) = Self::fetch_secrets(layers)?;
        let mut settings: Self = layers.read()?;
        settings.read_secret_files(&layers)?;
        settings.read_authorities(&layers)?;
        settings.follow_secrets(&layers, &sources)?;
        settings.check(&layers)?;
        Ok(settings)
    }

    fn read_secret_files(&mut self, layers: &Layers) -> Result<(), SettingsError> {
        let read = |key: &str, value: &mut Secret, file: &Option<PathBuf>| match file {
            Some(_) if !value.is_empty() => {
                Err(layers.refuse(&format!("{key}_file"), format!("{key} is set too; one of them is enough")))
            }
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    layers.refuse(&format!("{key}_file"), format!("{}: {error}", file.display()))
                })?;
                *value = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
                Ok(())
            }
            None => Ok(()),
        };
        let identity = &mut self.identity;
        read("identity.client_secret", &mut identity.client_secret, &identity.client_secret_file)?;
        read("store.url", &mut self.store.url, &self.store.url_file)?;
        read("store.reader_url", &mut self.store.reader_url, &self.store.reader_url_file)?;
        let blobs = &mut self.blobs;
        read("blobs.secret_access_key", &mut blobs.secret_access_key, &blobs.secret_access_key_file)?;
        read("cache.url", &mut self.cache.url, &self.cache.url_file)?;
        read("store.password", &mut self.store.password, &self.store.password_file)?;
        let store = &mut self.store;
        let key = "store.application_password";
        read(key, &mut store.application_password, &store.application_password_file)?;
        read("cache.password", &mut self.cache.password, &self.cache.password_file)?;
        read("bus.password", &mut self.bus.password, &self.bus.password_file)?;
        let smtp = &mut self.notify.smtp;
        read("notify.smtp.password", &mut smtp.password, &smtp.password_file)?;
        let telemetry = &mut self.telemetry;
        read("telemetry.headers", &mut telemetry.headers, &telemetry.headers_file)?;
        for (name, feed) in &mut self.feeds {
            let key = format!("feeds.{name}.space_track_password");
            read(&key, &mut feed.space_track_password, &feed.space_track_password_file)?;
        }
        Ok(())
    }

    fn check(&self, layers: &Layers) -> Result<(), SettingsError> {
        let refuse = |key: &str, reason: String| Err(layers.refuse(key, reason));
        let server = &self.server;
        if !server.listen.ip().is_loopback() && !server.allow_remote {
            return refuse(
                "server.listen",
                format!(
                    "{} can be reached from other machines; that needs server.allow_remote = true",
                    server.listen
                ),
            );
        }
        if let Some(url) = &server.public_url {
            web_address(url).map_err(|reason| layers.refuse("server.public_url", reason))?;
        }
        if let Some(wrong) = server.cors_origins.iter().find(|origin| !is_origin(origin)) {
            let reason = format!("{wrong:?}: scheme://host, with a port if need be, or * is due");
            return refuse("server.cors_origins", reason);
        }
        if server.connections == 0 {
            return refuse("server.connections", "0: at least 1 is due".to_owned());
        }
        not_below(layers, "server.head_timeout", server.head_timeout, Duration::from_millis(100))?;
        not_below(layers, "server.body_timeout", server.body_timeout, Duration::from_millis(100))?;
        not_below(layers, "server.send_timeout", server.send_timeout, Duration::from_millis(100))?;
        self.check_console(layers)?;
        self.check_store(layers)?;
        self.check_identity(layers)?;
        self.check_places(layers)?;
        if !(1..=1_000_000).contains(&self.demo.objects) {
            return refuse("demo.objects", format!("{}: 1 to 1000000 are due", self.demo.objects));
        }
        for (name, feed) in &self.feeds {
            check_feed(name, feed, layers)?;
        }
        let data = &self.data;
        for (key, days) in [
            ("data.keep_conjunctions_days", data.keep_conjunctions_days),
            ("data.keep_runs_days", data.keep_runs_days),
            ("data.keep_events_days", data.keep_events_days),
            ("data.keep_messages_days", data.keep_messages_days),
            ("data.keep_answers_days", data.keep_answers_days),
        ] {
            in_range(layers, key, days, 1.0, 36_500.0)?;
        }
        if data.keep_audit_days > 0.0 {
            in_range(layers, "data.keep_audit_days", data.keep_audit_days, 1.0, 36_500.0)?;
        } else {
            in_range(layers, "data.keep_audit_days", data.keep_audit_days, 0.0, 0.0)?;
        }
        let screening = &self.screening;
        in_range(layers, "screening.element_set_days", screening.element_set_days, 1.0, 36_500.0)?;
        in_range(layers, "screening.days", screening.days, 0.01, 30.0)?;
        in_range(layers, "screening.threshold_km", screening.threshold_km, 0.001, 100.0)?;
        not_below(layers, "screening.interval", screening.interval, Duration::from_mins(1))?;
        self.check_smtp(layers)?;
        let silence = &self.silence;
        not_below(layers, "silence.no_screening_after", silence.no_screening_after, Duration::from_mins(1))?;
        not_below(
            layers,
            "silence.stale_catalog_after",
            silence.stale_catalog_after,
            Duration::from_mins(1),
        )?;
        not_below(layers, "silence.heartbeat_interval", silence.heartbeat_interval, Duration::from_secs(1))?;
        if let Some(url) = &silence.heartbeat_url {
            web_address(url).map_err(|reason| layers.refuse("silence.heartbeat_url", reason))?;
        }
        not_below(layers, "secrets.interval", self.secrets.interval, Duration::from_secs(1))?;
        self.check_telemetry(layers)?;
        check_levels(&self.log.level).map_err(|reason| layers.refuse("log.level", reason))
    }

    fn check_console(&self, layers: &Layers) -> Result<(), SettingsError> {
        let console = &self.console;
        let length = console.environment.chars().count();
        if !(1..=LONGEST_ENVIRONMENT).contains(&length) || console.environment.contains(char::is_control) {
            let reason = format!("a name of 1 to {LONGEST_ENVIRONMENT} characters is due");
            return Err(layers.refuse("console.environment", reason));
        }
        let Some(folder) = &console.folder else { return Ok(()) };
        let refuse =
            |reason: String| layers.refuse("console.folder", format!("{}: {reason}", folder.display()));
        let files = std::fs::read_dir(folder).map_err(|error| refuse(error.to_string()))?;
        drop(files);
        let page = std::fs::File::open(folder.join("index.html")).and_then(|file| file.metadata());
        match page {
            Ok(page) if page.is_file() => Ok(()),
            Ok(_) => Err(refuse("index.html is no file".to_owned())),
            Err(error) => Err(refuse(format!("index.html, which the console begins with: {error}"))),
        }
    }

    fn check_smtp(&self, layers: &Layers) -> Result<(), SettingsError> {
        let smtp = &self.notify.smtp;
        let Some(host) = &smtp.host else { return Ok(()) };
        if smtp.from.is_none() {
            return Err(layers.refuse("notify.smtp.from", "mail needs a sender"));
        }
        if smtp.user.is_some() == smtp.password.is_empty() {
            return Err(layers.refuse("notify.smtp.user", "user and password belong together"));
        }
        if smtp.encryption == Encryption::None && !is_this_machine(host) {
            return Err(layers
                .refuse("notify.smtp.encryption", format!("mail to {host} would be readable on the way")));
        }
        Ok(())
    }

    /// The folder of everything that must not be lost.
    pub(crate) fn data_folder(&self) -> Option<PathBuf> {
        self.data.folder.clone().or_else(|| {
            Some(base_folder(std::env::var_os("XDG_DATA_HOME"), ".local/share")?.join("astroshield"))
        })
    }
}

fn check_feed(name: &str, feed: &Feed, layers: &Layers) -> Result<(), SettingsError> {
    let key = |field: &str| format!("feeds.{name}.{field}");
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=40).contains(&name.len()) || !name.chars().all(allowed) {
        return Err(layers.refuse(
            &format!("feeds.{name}"),
            "the name of a feed is 1 to 40 lower-case letters, digits and hyphens",
        ));
    }
    let url = Url::parse(&feed.url)
        // Without the address, as a key may be in it.
        .map_err(|error| layers.refuse(&key("url"), format!("no address: {error}")))?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "file" => not_below(layers, &key("interval"), feed.interval, Duration::from_secs(1))?,
        "https" | "http" if host == "celestrak.org" || host.ends_with(".celestrak.org") => {
            not_below(layers, &key("interval"), feed.interval, CELESTRAK_INTERVAL)?;
        }
        "https" | "http" if is_space_track(host) => {
            not_below(layers, &key("interval"), feed.interval, SPACE_TRACK_INTERVAL)?;
            if feed.enabled && feed.space_track_user.is_none() {
                return Err(layers.refuse(&key("space_track_user"), format!("{host} answers accounts only")));
            }
        }
        "https" | "http" => not_below(layers, &key("interval"), feed.interval, Duration::from_secs(10))?,
        other => {
            let reason = format!("{other}: is not known; https:, http: and file: are");
            return Err(layers.refuse(&key("url"), reason));
        }
    }
    if feed.stale_after < feed.interval {
        let reason = format!("shorter than the interval, {:?}", feed.interval);
        return Err(layers.refuse(&key("stale_after"), reason));
    }
    if feed.space_track_user.is_some() == feed.space_track_password.is_empty() {
        return Err(layers.refuse(&key("space_track_user"), "user and password belong together"));
    }
    Ok(())
}

fn is_space_track(host: &str) -> bool {
    host == "space-track.org" || host.ends_with(".space-track.org")
}

/// Levels as the log takes them, except that a lone word must be a level: it would be taken for a module.
fn check_levels(text: &str) -> Result<(), String> {
    let lone = text
        .split(',')
        .map(str::trim)
        .find(|part| !part.contains('=') && part.parse::<LevelFilter>().is_err());
    if let Some(lone) = lone {
        return Err(format!("{lone:?} is no level; error, warn, info, debug and trace are"));
    }
    text.parse::<Targets>().map(drop).map_err(|error| format!("{text:?}: {error}"))
}

fn web_address(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(()),
        Ok(url) => Err(format!("{}: is not known; https: and http: are", url.scheme())),
        // Without the address, as a key may be in it.
        Err(error) => Err(format!("no address: {error}")),
    }
}

/// Whether a text is an origin as browsers write it, or stands for all of them.
fn is_origin(text: &str) -> bool {
    text == "*"
        || Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
        })
}

fn in_range(layers: &Layers, key: &str, value: f64, least: f64, most: f64) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(layers.refuse(key, format!("{value}: {least} to {most} are due")))
    }
}

fn not_below(layers: &Layers, key: &str, value: Duration, least: Duration) -> Result<(), SettingsError> {
    if value >= least {
        Ok(())
    } else {
        Err(layers.refuse(key, format!("{value:?}: at least {least:?} are due")))
    }
}

/// A value as it may be printed: secrets are hidden, and of addresses what may be one.
pub(crate) fn printable(key: &str, value: &Value, origin: &Origin) -> String {
    const HIDDEN: &str = "(hidden)";
    let text = value.as_str().unwrap_or_default();
    if *origin == Origin::Default || value.as_str() == Some("") {
        return value.to_string();
    }
    if SECRETS.iter().any(|pattern| matches(pattern, key)) {
        return Value::from(HIDDEN).to_string();
    }
    let hides_path = match key {
        "silence.heartbeat_url" => true,
        _ if matches("feeds.*.url", key) => false,
        _ => return value.to_string(),
    };
    let Ok(url) = Url::parse(text) else { return Value::from(HIDDEN).to_string() };
    let user = if url.username().is_empty() && url.password().is_none() { "" } else { "(hidden)@" };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = if hides_path && !matches!(url.path(), "" | "/") { "/(hidden)" } else { url.path() };
    let query = if url.query().is_some() { "?(hidden)" } else { "" };
    let fragment = if url.fragment().is_some() { "#(hidden)" } else { "" };
    Value::from(format!("{}://{user}{host}{port}{path}{query}{fragment}", url.scheme())).to_string()
}

/// Whether a pattern stands for a setting.
fn matches(pattern: &str, key: &str) -> bool {
    key.split('.').count() == pattern.split('.').count()
        && pattern.split('.').zip(key.split('.')).all(|(pattern, part)| pattern == "*" || pattern == part)
}

/// The address of a file.
pub(crate) fn file_address(path: &Path) -> Option<String> {
    Url::from_file_path(path).ok().map(String::from)
}

#[cfg(test)]
mod tests;
