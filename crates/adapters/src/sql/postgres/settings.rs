//! Where the server is, and how connections to it are made: nowhere else are there options of one.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use astroshield_domain::ports::StoreError;
use astroshield_domain::this_machine;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Error};
use tokio::time::timeout;
use url::Url;

use crate::sql::failure::store_error;
use crate::sql::whose::Whose;

/// Where the database is, and how long anything may take.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://user:password@host/database`. Without `sslmode` in it, a server on another machine has to prove by its
    /// certificate that it is the one of this name.
    pub url: String,
    /// A server that follows the other one, for reads that may lag.
    pub reader_url: Option<String>,
    /// Authorities that are trusted beside those of the Web, in PEM.
    pub roots_pem: Option<Vec<u8>>,
    /// Most connections to each server.
    pub connections: u32,
    /// How long the making of a connection may take.
    pub connect_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How long a transaction may stand idle.
    pub idle_transaction_timeout: Duration,
    /// A server that says nothing for so long is taken for dead, whatever it was asked.
    pub answer_timeout: Duration,
    /// A reader that is behind by more is not read from.
    pub reader_lag: Duration,
}

impl PostgresSettings {
    /// The database of a URL, with what else is usual.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            reader_url: None,
            roots_pem: None,
            connections: 16,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(30),
            idle_transaction_timeout: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(10),
            reader_lag: Duration::from_secs(30),
        }
    }

    /// Whether the addresses are some.
    ///
    /// # Errors
    /// When one is none; the error does not repeat it.
    pub fn check(&self) -> Result<(), StoreError> {
        self.options(&self.url, Whose::Everybody)?;
        self.reader_url.iter().try_for_each(|url| self.options(url, Whose::Everybody).map(drop))
    }

    /// Whether a server on another machine has to prove what it is.
    pub(crate) fn is_verified(&self) -> bool {
        let is_verified = |url: &String| {
            self.options_of(url).is_ok_and(|options| {
                is_this_machine(&options) || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)
            })
        };
        is_verified(&self.url) && self.reader_url.iter().all(is_verified)
    }

    /// Options of a connection that serves, to the server of a URL.
    pub(super) fn serving(&self, url: &str) -> Result<PgConnectOptions, StoreError> {
        let options = self.options_of(url)?;
        Ok(options.options([
            ("statement_timeout", milliseconds(self.statement_timeout)),
            ("lock_timeout", milliseconds(self.lock_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(self.idle_transaction_timeout)),
        ]))
    }

    /// Options of a connection that one command has for itself: no statement is too long for it.
    pub(super) fn options(&self, url: &str, whose: Whose<'_>) -> Result<PgConnectOptions, StoreError> {
        Ok(self.options_of(url)?.options([(TENANT, whose.setting())]))
    }

    fn options_of(&self, url: &str) -> Result<PgConnectOptions, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(store_error)?;
        let options = match &self.roots_pem {
            Some(pem) => options.ssl_root_cert_from_pem(pem.clone()),
            None => options,
        };
        let options = match says_how_to_encrypt(url) || is_this_machine(&options) {
            true => options,
            false => options.ssl_mode(PgSslMode::VerifyFull),
        };
        // What a client that is gone held is let go soon; how we notice that of the server is told in `pool`.
        Ok(options.application_name("astroshield").options([
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
            ("client_connection_check_interval", "10000"),
            // What is asked takes milliseconds; to compile it takes more than that, as soon as months make it look large.
            ("jit", "off"),
        ]))
    }

    /// A connection for one command.
    pub(crate) async fn connect(&self, whose: Whose<'_>) -> Result<PgConnection, StoreError> {
        let options = self.options(&self.url, whose)?;
        connect(&options, self.connect_timeout).await.map_err(store_error)
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses have passwords in them.
        f.debug_struct("PostgresSettings")
            .field("reader", &self.reader_url.is_some())
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// The setting that row-level security looks at.
pub(super) const TENANT: &str = "astroshield.tenant";

/// A connection, if one is made in time.
pub(super) async fn connect(options: &PgConnectOptions, limit: Duration) -> Result<PgConnection, Error> {
    let late = || Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no connection in time"));
    timeout(limit, options.connect()).await.unwrap_or_else(|_| Err(late()))
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().to_string()
}

fn says_how_to_encrypt(url: &str) -> bool {
    let said = |url: Url| url.query_pairs().any(|(key, _)| matches!(&*key, "sslmode" | "ssl-mode"));
    Url::parse(url).is_ok_and(said) || std::env::var_os("PGSSLMODE").is_some()
}

fn is_this_machine(options: &PgConnectOptions) -> bool {
    options.get_socket().is_some()
        || options.get_host().starts_with('/')
        || this_machine::is_this_machine(options.get_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        let options = PostgresSettings::new(url).serving(url).unwrap();
        format!("{:?}", options.get_ssl_mode())
    }

    #[test]
    fn a_server_on_another_machine_is_verified_unless_the_address_says_otherwise() {
        assert_eq!(mode("postgres://user@db.example.org/astroshield"), "VerifyFull");
        assert_eq!(mode("postgres://user@10.0.0.7/astroshield"), "VerifyFull");
        assert_eq!(mode("postgres://user@db.example.org/astroshield?sslmode=disable"), "Disable");
        for local in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://user@{local}/astroshield")), "Prefer", "{local}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_repeating_it() {
        let mut settings = PostgresSettings::new("postgres://user:geheim@host:port/x");
        let error = settings.check().unwrap_err().to_string();
        assert!(!error.contains("geheim"), "{error}");
        assert!(!format!("{settings:?}").contains("geheim"));
        settings.url = "postgres://user:geheim@localhost/x".to_owned();
        settings.check().unwrap();
        settings.reader_url = Some("postgres://user@localhost/x?sslmode=maybe".to_owned());
        assert!(settings.check().is_err());
    }
}
