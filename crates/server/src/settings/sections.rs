//! The sections of the configuration, as types. What each setting means is said in the defaults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use astroshield_domain::secrets::Rotating;
use ipnet::IpNet;
use jiff::SignedDuration;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Secret;
use super::rotation::Keepers;

/// Everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) access: Access,
    pub(crate) console: Console,
    pub(crate) identity: Identity,
    pub(crate) data: Data,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) cache: Cache,
    pub(crate) gateway: Gateway,
    pub(crate) bus: Bus,
    pub(crate) demo: Demo,
    pub(crate) feeds: BTreeMap<String, Feed>,
    pub(crate) screening: Screening,
    pub(crate) notify: Notify,
    pub(crate) silence: Silence,
    pub(crate) secrets: Secrets,
    #[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what functions of Lambda need"))]
    pub(crate) rotation: Rotation,
    pub(crate) telemetry: Telemetry,
    pub(crate) log: Log,
    /// What keeps the secrets that may change.
    #[serde(skip)]
    pub(crate) keepers: Keepers,
}

/// Where secrets are that the settings name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what Secrets Manager needs"))]
pub(crate) struct Secrets {
    #[serde(deserialize_with = "text")]
    pub(crate) region: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) endpoint: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) interval: Duration,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

/// What the functions that rotate passwords need to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what functions of Lambda need"))]
pub(crate) struct Rotation {
    #[serde(deserialize_with = "text")]
    pub(crate) secret: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) cache_user: Option<String>,
    pub(crate) services: Vec<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) endpoint: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) allow_remote: bool,
    #[serde(deserialize_with = "text")]
    pub(crate) public_url: Option<String>,
    pub(crate) response_cache: bool,
    #[serde(deserialize_with = "duration")]
    pub(crate) shutdown_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) drain: Duration,
    pub(crate) connections: usize,
    #[serde(deserialize_with = "duration")]
    pub(crate) head_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) body_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) send_timeout: Duration,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) wrong_secrets_per_minute: u32,
    pub(crate) cors_origins: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    pub(crate) allow: Vec<IpNet>,
    pub(crate) deny: Vec<IpNet>,
    pub(crate) requests_per_minute_per_key: u32,
    pub(crate) requests_per_minute_per_address: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Console {
    #[serde(deserialize_with = "path")]
    pub(crate) folder: Option<PathBuf>,
    pub(crate) environment: String,
}

/// Who vouches for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdentityKind {
    Local,
    Oidc,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) kind: IdentityKind,
    #[serde(deserialize_with = "text")]
    pub(crate) issuer: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) discovery: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) client_secret_file: Option<PathBuf>,
    pub(crate) scopes: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) accept_authorized_party: bool,
    pub(crate) groups_claim: String,
    pub(crate) group_prefix: String,
    #[serde(deserialize_with = "duration")]
    pub(crate) session_idle: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) session_life: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) provider_grace: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) keys_interval: Duration,
    pub(crate) one_time_link: bool,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    #[serde(deserialize_with = "path")]
    pub(crate) folder: Option<PathBuf>,
    pub(crate) keep_conjunctions_days: f64,
    pub(crate) keep_runs_days: f64,
    pub(crate) keep_events_days: f64,
    pub(crate) keep_messages_days: f64,
    pub(crate) keep_answers_days: f64,
    pub(crate) keep_audit_days: f64,
}

/// The database that the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) kind: StoreKind,
    pub(crate) url: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) url_file: Option<PathBuf>,
    pub(super) password: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) password_file: Option<PathBuf>,
    /// The password, where it may change.
    #[serde(skip)]
    pub(crate) rotating: Option<Rotating>,
    #[serde(deserialize_with = "text")]
    pub(crate) application_user: Option<String>,
    pub(crate) application_password: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) application_password_file: Option<PathBuf>,
    pub(crate) reader_url: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) reader_url_file: Option<PathBuf>,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
    pub(crate) connections: u32,
    #[serde(deserialize_with = "duration")]
    pub(crate) connect_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) statement_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) lock_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) idle_transaction_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) answer_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) reader_lag: Duration,
}

/// What blobs are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlobsKind {
    Folder,
    S3,
}

/// What a bucket encrypts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlobsEncryption {
    Bucket,
    S3,
    Kms,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what a bucket needs"))]
pub(crate) struct Blobs {
    pub(crate) kind: BlobsKind,
    #[serde(deserialize_with = "text")]
    pub(crate) bucket: Option<String>,
    pub(crate) prefix: String,
    #[serde(deserialize_with = "text")]
    pub(crate) region: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) endpoint: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) secret_access_key_file: Option<PathBuf>,
    pub(crate) encryption: BlobsEncryption,
    #[serde(deserialize_with = "text")]
    pub(crate) kms_key_id: Option<String>,
    pub(crate) presigned_downloads: bool,
    pub(crate) presigned_uploads: bool,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

/// What the cache is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CacheKind {
    Memory,
    Redis,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cache {
    pub(crate) kind: CacheKind,
    pub(crate) url: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) url_file: Option<PathBuf>,
    pub(super) password: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) password_file: Option<PathBuf>,
    /// The password, where it may change.
    #[serde(skip)]
    pub(crate) rotating: Option<Rotating>,
    pub(crate) cluster: bool,
    pub(crate) prefix: String,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

/// A gateway that holds WebSockets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gateway {
    #[serde(deserialize_with = "text")]
    pub(crate) endpoint: Option<String>,
    #[serde(deserialize_with = "text")]
    #[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what a gateway needs"))]
    pub(crate) region: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) service: Option<String>,
    pub(crate) usage_keys: Vec<String>,
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    #[serde(deserialize_with = "duration")]
    pub(crate) keep_alive: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) patience: Duration,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

/// What the bus is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BusKind {
    Embedded,
    Kafka,
}

/// How the brokers know who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BusAuthentication {
    Scram,
    MskIam,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what MSK needs"))]
pub(crate) struct Bus {
    pub(crate) kind: BusKind,
    #[serde(deserialize_with = "text")]
    pub(crate) brokers: Option<String>,
    pub(crate) authentication: BusAuthentication,
    #[serde(deserialize_with = "text")]
    pub(crate) region: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) user: Option<String>,
    pub(crate) password: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) password_file: Option<PathBuf>,
    pub(crate) prefix: String,
    pub(crate) partitions: i32,
    pub(crate) replicas: i32,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demo {
    pub(crate) fallback: bool,
    pub(crate) objects: u32,
}

/// What a feed brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FeedKind {
    ElementSets,
    Satcat,
    Cdms,
    SpaceWeather,
    EarthOrientation,
}

/// How good a feed's element sets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FeedGrade {
    #[default]
    Gp,
    SupplementalGp,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feed {
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    pub(crate) kind: FeedKind,
    #[serde(default)]
    pub(crate) grade: FeedGrade,
    pub(crate) url: String,
    #[serde(default = "two_hours", deserialize_with = "duration")]
    pub(crate) interval: Duration,
    #[serde(default = "twelve_hours", deserialize_with = "duration")]
    pub(crate) stale_after: Duration,
    #[serde(default, deserialize_with = "text")]
    pub(crate) space_track_user: Option<String>,
    #[serde(default)]
    pub(crate) space_track_password: Secret,
    #[serde(default, deserialize_with = "path")]
    pub(super) space_track_password_file: Option<PathBuf>,
}

impl Feed {
    /// Element sets of a file on this machine, which may be of any day.
    pub(crate) fn of_file(url: String) -> Self {
        Self {
            enabled: true,
            kind: FeedKind::ElementSets,
            grade: FeedGrade::Gp,
            url,
            interval: Duration::from_mins(1),
            stale_after: Duration::from_hours(24 * 365),
            space_track_user: None,
            space_track_password: Secret::default(),
            space_track_password_file: None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Screening {
    pub(crate) days: f64,
    pub(crate) threshold_km: f64,
    #[serde(deserialize_with = "duration")]
    pub(crate) interval: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) settle: Duration,
    pub(crate) threads: usize,
    pub(crate) element_set_days: f64,
    pub(crate) start_from_catalog: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notify {
    pub(crate) allowed_networks: Vec<String>,
    pub(crate) smtp: Smtp,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encryption {
    Starttls,
    Tls,
    None,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    #[serde(deserialize_with = "text")]
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    #[serde(deserialize_with = "text")]
    pub(crate) user: Option<String>,
    pub(crate) password: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) password_file: Option<PathBuf>,
    #[serde(deserialize_with = "text")]
    pub(crate) from: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Silence {
    #[serde(deserialize_with = "duration")]
    pub(crate) no_screening_after: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) stale_catalog_after: Duration,
    #[serde(deserialize_with = "text")]
    pub(crate) heartbeat_url: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) heartbeat_interval: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "managed"), expect(dead_code, reason = "what a collector needs"))]
pub(crate) struct Telemetry {
    #[serde(deserialize_with = "text")]
    pub(crate) endpoint: Option<String>,
    pub(crate) headers: Secret,
    #[serde(deserialize_with = "path")]
    pub(super) headers_file: Option<PathBuf>,
    pub(crate) traces: bool,
    pub(crate) logs: bool,
    pub(crate) metrics: bool,
    #[serde(deserialize_with = "duration")]
    pub(crate) metrics_interval: Duration,
    pub(crate) sampling: f64,
    pub(crate) service_name: String,
    pub(crate) attributes: String,
    #[serde(deserialize_with = "path")]
    pub(super) authorities_file: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) authorities: Option<String>,
}

/// What the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Auto,
    Text,
    Json,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

fn yes() -> bool {
    true
}

fn two_hours() -> Duration {
    Duration::from_hours(2)
}

fn twelve_hours() -> Duration {
    Duration::from_hours(12)
}

/// A duration as people write it.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let signed: SignedDuration = text.parse().map_err(|_| {
        D::Error::custom(format!("{text:?} is no duration such as \"90s\", \"10m\" or \"2h\""))
    })?;
    signed.try_into().map_err(|_| D::Error::custom(format!("{text:?} is negative")))
}

/// A text that may be empty, which is none.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// A path that may be empty, which is none.
fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    text(deserializer).map(|text| text.map(PathBuf::from))
}
