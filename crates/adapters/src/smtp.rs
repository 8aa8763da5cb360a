//! Sends mail through an operator's mail server.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use astroshield_domain::ports::{DeliveryError, Mail, Mailer};
use async_trait::async_trait;
use lettre::message::header::{self, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, transport};
use serde::Deserialize;

use crate::trust::TrustedRoots;

/// How long a server may take to say goodbye, once it has the mail.
const GOODBYE: Duration = Duration::from_secs(2);

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// TLS after `STARTTLS`, without which nothing is sent; port 587.
    #[default]
    StartTls,
    /// TLS from the start; port 465.
    Tls,
    /// None, to a server on this machine only; port 25.
    None,
}

/// A name and a password for the mail server. The password is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpCredentials {
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for SmtpCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpCredentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The mail server, and who mail is from.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Name or address of the mail server.
    pub host: String,
    /// Its port, where it is not the usual one.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Name and password.
    pub credentials: Option<SmtpCredentials>,
    /// Whom mail is from: `AstroShield <alerts@example.com>`, or the address alone.
    pub from: String,
    /// Longest time for a mail.
    pub timeout: Duration,
    /// Who vouches for the server.
    pub roots: TrustedRoots,
}

/// Settings that no mail can be sent with.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSettingsError {
    /// No sender.
    #[error("from: {value:?} is no address of mail: {reason}")]
    From {
        /// What was given.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// Mail in the clear over a network.
    #[error(
        "host: {host:?} is not this machine; without TLS, mail is sent to 127.0.0.1, ::1 or localhost only"
    )]
    InTheClear {
        /// The host.
        host: String,
    },
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[source] transport::smtp::Error),
}

/// Sends mail over SMTP, a connection for each.
///
/// A mail that the server refuses for good (5yz) is a permanent failure. A refused sign-in is not: it is our settings
/// that are wrong then, and not the mail.
pub struct SmtpMailer {
    host: String,
    port: u16,
    security: SmtpSecurity,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    from: Mailbox,
    timeout: Duration,
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{to:?} is no address of mail: {reason}")]
    To { to: String, reason: String },
    #[error("{id:?} cannot be the identity of a mail")]
    Id { id: String },
    #[error("the mail cannot be written: {0}")]
    Message(lettre::error::Error),
    #[error("the mail server cannot be reached: {0}")]
    Connection(transport::smtp::Error),
    #[error("the mail server refused the sign-in: {0}")]
    SignIn(transport::smtp::Error),
    #[error("the mail server did not take the mail: {0}")]
    Refused(transport::smtp::Error),
    #[error("the mail server did not take the mail within {} s", .0.as_secs())]
    Timeout(Duration),
}

impl From<Failure> for DeliveryError {
    fn from(failure: Failure) -> Self {
        let permanent = match &failure {
            Failure::To { .. } | Failure::Id { .. } | Failure::Message(_) => true,
            Failure::Refused(error) => error.is_permanent() || error.is_client(),
            Failure::Connection(_) | Failure::SignIn(_) | Failure::Timeout(_) => false,
        };
        Self { reason: failure.to_string(), retry_after: None, permanent }
    }
}

impl SmtpMailer {
    /// A mailer. No connection is made yet.
    ///
    /// # Errors
    /// When the sender is no address, mail would go over a network in the clear, or TLS cannot be set up.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpSettingsError> {
        let SmtpSettings { host, port, security, credentials, from, timeout, roots } = settings;
        let from = match from.parse::<Mailbox>() {
            Ok(mailbox) => mailbox,
            Err(error) => return Err(SmtpSettingsError::From { value: from, reason: error.to_string() }),
        };
        let (usual_port, tls) = match security {
            SmtpSecurity::StartTls => (587, Some(tls(&host, &roots)?)),
            SmtpSecurity::Tls => (465, Some(tls(&host, &roots)?)),
            SmtpSecurity::None if is_this_machine(&host) => (25, None),
            SmtpSecurity::None => return Err(SmtpSettingsError::InTheClear { host }),
        };
        let credentials = credentials.map(|given| Credentials::new(given.name, given.password));
        let port = port.unwrap_or(usual_port);
        let hello = ClientId::default();
        Ok(Self { host, port, security, tls, credentials, hello, from, timeout })
    }

    fn message(&self, mail: &Mail) -> Result<Message, Failure> {
        let to: Address = mail.to.trim().parse().map_err(|error: lettre::address::AddressError| {
            Failure::To { to: mail.to.clone(), reason: error.to_string() }
        })?;
        let in_id = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if mail.id.is_empty() || mail.id.len() > 128 || !mail.id.chars().all(in_id) {
            return Err(Failure::Id { id: mail.id.clone() });
        }
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .header(header::MessageId::from(format!("<{}@{}>", mail.id, self.from.email.domain())))
            // No vacation responder shall answer an alert (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(Failure::Message)
    }

    async fn hand_over(&self, message: &Message) -> Result<AsyncSmtpConnection, Failure> {
        let at_once = self.tls.clone().filter(|_| self.security == SmtpSecurity::Tls);
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, at_once, None)
                .await
                .map_err(Failure::Connection)?;
        if self.security == SmtpSecurity::StartTls
            && let Some(tls) = self.tls.clone()
        {
            connection.starttls(tls, &self.hello).await.map_err(Failure::Connection)?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, credentials).await.map_err(Failure::SignIn)?;
        }
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(Failure::Refused)?;
        Ok(connection)
    }

    async fn try_send(&self, mail: &Mail) -> Result<(), Failure> {
        let message = self.message(mail)?;
        let handed_over = tokio::time::timeout(self.timeout, self.hand_over(&message)).await;
        let mut connection = handed_over.map_err(|_| Failure::Timeout(self.timeout))??;
        // The server has the mail: what becomes of the connection is not the mail's matter.
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
        Ok(())
    }
}

fn tls(host: &str, roots: &TrustedRoots) -> Result<TlsParameters, SmtpSettingsError> {
    let store = if roots.is_mozilla() { CertificateStore::WebpkiRoots } else { CertificateStore::None };
    let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(store);
    for certificate in roots.certificates() {
        let certificate = Certificate::from_der(certificate.to_vec()).map_err(SmtpSettingsError::Tls)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(SmtpSettingsError::Tls)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A subject with the names of satellites in it, as they come from catalogs: what would end or break the line becomes
/// a space.
fn one_line(subject: &str) -> String {
    let line_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    subject.chars().map(|c| if line_break(c) { ' ' } else { c }).collect()
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        Ok(self.try_send(mail).await?)
    }
}
