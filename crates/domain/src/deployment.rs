//! What the application and the infrastructure that runs it have to agree on, said once: neither can be changed without
//! the other.

use std::fmt;
use std::str::FromStr;

/// Port that the service listens on, where nothing else is set (`server.listen`).
pub const PORT: u16 = 7878;

/// Path that answers 200 as long as the process lives.
pub const LIVE: &str = "/health/live";

/// Path that answers 200 as long as the process is to be sent requests.
pub const READY: &str = "/health/ready";

/// Path of the metrics of a process.
pub const METRICS: &str = "/metrics";

/// Path under which the interface for programs is.
pub const API: &str = "/api/v1";

/// What names of environment variables begin with that are settings.
pub const VARIABLES: &str = "ASTROSHIELD__";

/// What names of topics and consumer groups begin with, where nothing else is set (`bus.prefix`).
pub const BUS_PREFIX: &str = "astroshield.";

/// Settings that hold secrets: never printed, and each with another beside it that names the secret (`_secret`). `*` stands
/// for any one name.
pub const SECRETS: [&str; 12] = [
    "identity.client_secret",
    "store.url",
    "store.password",
    "store.application_password",
    "store.reader_url",
    "blobs.secret_access_key",
    "cache.url",
    "cache.password",
    "bus.password",
    "feeds.*.space_track_password",
    "notify.smtp.password",
    "telemetry.headers",
];

/// The environment variable that sets a setting: `ASTROSHIELD__SERVER__LISTEN` for `server.listen`.
#[must_use]
pub fn variable(key: &str) -> String {
    let name = key.replace('.', "__").replace('-', "_").to_ascii_uppercase();
    format!("{VARIABLES}{name}")
}

/// A part of the service, which a process may have alone (`--role`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Answers requests.
    Api,
    /// Asks feeds.
    Ingest,
    /// Screens.
    Screen,
    /// Analyzes: nothing yet.
    Analyze,
    /// Evaluates rules, sends messages, watches over silence.
    Notify,
    /// Publishes events, and forgets what is old.
    Relay,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Api, Self::Ingest, Self::Screen, Self::Analyze, Self::Notify, Self::Relay];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Ingest => "ingest",
            Self::Screen => "screen",
            Self::Analyze => "analyze",
            Self::Notify => "notify",
            Self::Relay => "relay",
        }
    }

    /// What it does.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Api => "Answers requests",
            Self::Ingest => "Asks feeds",
            Self::Screen => "Screens",
            Self::Analyze => "Analyzes: nothing yet",
            Self::Notify => "Evaluates rules, sends messages, watches over silence",
            Self::Relay => "Publishes events, and forgets what is old",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// That a text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

/// A topic of the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BusTopic {
    /// Events, those of a tenant in one partition.
    Events,
    /// Slices that are to be screened.
    ScreeningTasks,
    /// What could not be read.
    DeadLetters,
}

impl BusTopic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Events, Self::ScreeningTasks, Self::DeadLetters];

    /// Its name, after the prefix of the installation.
    #[must_use]
    pub fn name(self, prefix: &str) -> String {
        let name = match self {
            Self::Events => "events",
            Self::ScreeningTasks => "screening-tasks",
            Self::DeadLetters => "dead-letters",
        };
        format!("{prefix}{name}")
    }

    /// How many partitions it has where so many are set (`bus.partitions`).
    #[must_use]
    pub const fn partitions(self, set: i32) -> i32 {
        match self {
            Self::Events | Self::ScreeningTasks => set,
            Self::DeadLetters => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_variable() {
        assert_eq!(variable("server.listen"), "ASTROSHIELD__SERVER__LISTEN");
        assert_eq!(variable("feeds.celestrak-active.url"), "ASTROSHIELD__FEEDS__CELESTRAK_ACTIVE__URL");
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        assert_eq!(Role::ALL.map(|role| role.to_string().parse()), Role::ALL.map(Ok));
        assert_eq!("screan".parse::<Role>().unwrap_err().to_string(), "\"screan\" is no role");
    }
}
