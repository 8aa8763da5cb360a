//! Mail, against a real conversation with a mail server.

use std::time::{Duration, Instant};

use astroshield_adapters::smtp::{
    SmtpCredentials, SmtpMailer, SmtpSecurity, SmtpSettings, SmtpSettingsError,
};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_domain::ports::{DeliveryError, Mail, Mailer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::PATIENCE;
use crate::authority::Authority;
use crate::smtp_server::{Manners, SmtpServer};

const ID: &str = "0199e2a4-0000-7000-8000-000000000001";

fn settings(server: &SmtpServer) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(server.address.port()),
        security: SmtpSecurity::None,
        credentials: None,
        from: "AstroShield <alerts@example.com>".to_owned(),
        timeout: PATIENCE,
        roots: TrustedRoots::default(),
    }
}

fn mail() -> Mail {
    Mail {
        to: "operator@example.org".to_owned(),
        subject: "Conjunction of ISS (ZARYA)".to_owned(),
        text: "Miss distance 120 m.\nProbability 1.2e-4.\n".to_owned(),
        id: ID.to_owned(),
    }
}

async fn send(server: &SmtpServer, mail: &Mail) -> Result<(), DeliveryError> {
    SmtpMailer::new(settings(server)).unwrap().send(mail).await
}

async fn server_that_answers(command: &'static str, answer: &'static str) -> SmtpServer {
    SmtpServer::start(Manners { answers: vec![(command, Some(answer))], ..Manners::default() }).await
}

/// Lines of the head of a mail, folded lines joined.
fn head(mail: &str) -> Vec<String> {
    let head = mail.split_once("\r\n\r\n").unwrap().0;
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn names(mail: &str) -> Vec<String> {
    let mut names: Vec<_> =
        head(mail).iter().map(|line| line.split_once(": ").unwrap().0.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names
}

const NAMES: [&str; 8] = [
    "auto-submitted",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "subject",
    "to",
];

#[tokio::test]
async fn a_mail_arrives_with_its_identity() {
    let server = SmtpServer::start(Manners::default()).await;
    assert_eq!(send(&server, &mail()).await, Ok(()));
    assert_eq!(send(&server, &mail()).await, Ok(()));
    let told = server.told();
    for command in ["MAIL FROM:<alerts@example.com>", "RCPT TO:<operator@example.org>", "DATA", "QUIT"] {
        assert!(told.commands.iter().any(|said| said.starts_with(command)), "{command}: {:?}", told.commands);
    }
    assert!(!told.commands.iter().any(|said| said.starts_with("AUTH")));
    let [first, second] = told.mails.try_into().unwrap();
    assert_eq!(names(&first), NAMES);
    for line in [
        "From: AstroShield <alerts@example.com>".to_owned(),
        "To: operator@example.org".to_owned(),
        "Subject: Conjunction of ISS (ZARYA)".to_owned(),
        format!("Message-ID: <{ID}@example.com>"),
        "Auto-Submitted: auto-generated".to_owned(),
    ] {
        assert!(head(&first).contains(&line), "{line}: {first}");
        assert!(head(&second).contains(&line), "{line}: {second}");
    }
    assert!(first.contains("Miss distance 120 m.\r\nProbability 1.2e-4.\r\n"), "{first}");
}

#[tokio::test]
async fn no_subject_adds_a_header_or_a_recipient() {
    for subject in [
        "x\r\nBcc: evil@example.net",
        "x\nBcc: evil@example.net",
        "x\rBcc: evil@example.net",
        "x\r\n\r\nA body of my own",
        "x\r\n.\r\nMAIL FROM:<evil@example.net>",
        "x\u{85}Bcc: evil@example.net\u{2028}Bcc: evil@example.net",
        "Überflug\r\nBcc: evil@example.net",
        &format!("{}\r\nBcc: evil@example.net", "long ".repeat(60)),
    ] {
        let server = SmtpServer::start(Manners::default()).await;
        send(&server, &Mail { subject: subject.to_owned(), ..mail() }).await.unwrap();
        let told = server.told();
        assert_eq!(told.mails.len(), 1, "{subject:?}");
        assert_eq!(names(&told.mails[0]), NAMES, "{subject:?}: {}", told.mails[0]);
        let recipients = told.commands.iter().filter(|command| command.starts_with("RCPT")).count();
        assert_eq!(recipients, 1, "{subject:?}");
    }
}

#[tokio::test]
async fn what_would_break_the_line_of_a_subject_becomes_a_space() {
    let server = SmtpServer::start(Manners::default()).await;
    let subject = "ISS\r\nBcc:\tevil@example.net".to_owned();
    send(&server, &Mail { subject, ..mail() }).await.unwrap();
    let subject = "Subject: ISS  Bcc: evil@example.net".to_owned();
    assert!(head(&server.told().mails[0]).contains(&subject), "{}", server.told().mails[0]);
}

#[tokio::test]
async fn a_text_is_no_command() {
    let server = SmtpServer::start(Manners::default()).await;
    let text = "one\r\n.\r\nMAIL FROM:<evil@example.net>\r\n.two\r\n".to_owned();
    send(&server, &Mail { text, ..mail() }).await.unwrap();
    let told = server.told();
    assert_eq!(told.mails.len(), 1);
    assert!(
        told.mails[0].contains("one\r\n.\r\nMAIL FROM:<evil@example.net>\r\n.two\r\n"),
        "{}",
        told.mails[0]
    );
    assert!(!told.commands.iter().any(|command| command.contains("evil")), "{:?}", told.commands);
}

#[tokio::test]
async fn addresses_and_identities_with_more_in_them_are_refused() {
    let server = SmtpServer::start(Manners::default()).await;
    for to in [
        "",
        "nobody",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org>\r\nRCPT TO:<b@example.org",
        "A <a@example.org>",
    ] {
        let error = send(&server, &Mail { to: to.to_owned(), ..mail() }).await.unwrap_err();
        assert!(error.permanent, "{to:?}: {error}");
    }
    for id in ["", "a b", "a>\r\nBcc: b@example.org", "a@b", &"x".repeat(129)] {
        let error = send(&server, &Mail { id: id.to_owned(), ..mail() }).await.unwrap_err();
        assert!(error.permanent, "{id:?}: {error}");
    }
    assert!(server.told().commands.is_empty());
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_permanent_and_the_rest_is_not() {
    for (command, said, permanent) in [
        ("RCPT", "550 no such user", true),
        ("RCPT", "451 try again later", false),
        ("MAIL", "553 not from you", true),
        (".", "554 this is spam", true),
        (".", "452 no room", false),
        // The server as a whole: the mail may go through when somebody has mended it.
        ("", "554 no service", false),
        ("", "421 too busy", false),
    ] {
        let server = server_that_answers(command, said).await;
        let error = send(&server, &mail()).await.unwrap_err();
        assert_eq!(error.permanent, permanent, "{command} {said}: {error}");
        assert!(error.reason.contains(&said[..3]), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_unless_it_has_the_mail() {
    for command in ["", "EHLO", "MAIL", "."] {
        let silent = Manners { answers: vec![(command, None)], ..Manners::default() };
        let server = SmtpServer::start(silent).await;
        let brief = SmtpSettings { timeout: Duration::from_millis(300), ..settings(&server) };
        let start = Instant::now();
        let error = SmtpMailer::new(brief).unwrap().send(&mail()).await.unwrap_err();
        assert!(start.elapsed() < PATIENCE);
        assert!(!error.permanent, "{error}");
    }
    let server = SmtpServer::start(Manners { answers: vec![("QUIT", None)], ..Manners::default() }).await;
    assert_eq!(send(&server, &mail()).await, Ok(()));
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come_back() {
    let server = SmtpServer::start(Manners::default()).await;
    let settings = settings(&server);
    drop(server);
    let error = SmtpMailer::new(settings).unwrap().send(&mail()).await.unwrap_err();
    assert!(!error.permanent, "{error}");
}

#[tokio::test]
async fn credentials_go_under_tls_and_are_kept_to_us() {
    let authority = Authority::new();
    let credentials = SmtpCredentials { name: "me".to_owned(), password: "hunter2".to_owned() };
    let plain = format!("[TLS] AUTH PLAIN {}", STANDARD.encode("\0me\0hunter2"));
    for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
        let acceptor = Some(authority.acceptor("localhost"));
        let manners = match security {
            SmtpSecurity::Tls => Manners { tls: acceptor, ..Manners::default() },
            _ => Manners { starttls: acceptor, ..Manners::default() },
        };
        let server = SmtpServer::start(manners).await;
        let settings = SmtpSettings {
            host: "localhost".to_owned(),
            security,
            credentials: Some(credentials.clone()),
            roots: authority.roots(),
            ..settings(&server)
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
        let mailer = SmtpMailer::new(settings.clone()).unwrap();
        assert!(!format!("{mailer:?}").contains("hunter2"));
        assert_eq!(mailer.send(&mail()).await, Ok(()));
        let commands = server.told().commands;
        assert!(commands.contains(&plain), "{commands:?}");
        let in_the_clear: Vec<_> = commands.iter().filter(|command| !command.starts_with("[TLS]")).collect();
        assert!(
            in_the_clear
                .iter()
                .all(|command| ["EHLO", "STARTTLS"].contains(&command.split(' ').next().unwrap()))
        );

        let distrusting = SmtpSettings { roots: Authority::new().roots(), ..settings };
        let error = SmtpMailer::new(distrusting).unwrap().send(&mail()).await.unwrap_err();
        assert!(!error.permanent, "{error}");
        assert_eq!(server.told().mails.len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_tls_gets_neither_credentials_nor_mail() {
    let server = SmtpServer::start(Manners::default()).await;
    let credentials = Some(SmtpCredentials { name: "me".to_owned(), password: "hunter2".to_owned() });
    let starttls = SmtpSettings { security: SmtpSecurity::StartTls, credentials, ..settings(&server) };
    let error = SmtpMailer::new(starttls).unwrap().send(&mail()).await.unwrap_err();
    assert!(!error.permanent && error.reason.contains("STARTTLS"), "{error}");
    assert!(server.told().commands.iter().all(|command| command.starts_with("EHLO")));
}

#[tokio::test]
async fn a_refused_sign_in_is_not_the_mails_fault() {
    let server = server_that_answers("AUTH", "535 wrong password").await;
    let credentials = Some(SmtpCredentials { name: "me".to_owned(), password: "hunter2".to_owned() });
    let settings = SmtpSettings { credentials, ..settings(&server) };
    let error = SmtpMailer::new(settings).unwrap().send(&mail()).await.unwrap_err();
    assert!(!error.permanent && error.reason.contains("sign-in"), "{error}");
    assert!(!error.reason.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn settings_that_no_mail_can_be_sent_with_are_refused() {
    let server = SmtpServer::start(Manners::default()).await;
    for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "0.0.0.0"] {
        let settings = SmtpSettings { host: host.to_owned(), ..settings(&server) };
        let error = SmtpMailer::new(settings).unwrap_err();
        assert!(matches!(error, SmtpSettingsError::InTheClear { .. }), "{host}: {error}");
    }
    for from in ["", "alerts", "a@example.com\r\nBcc: b@example.com"] {
        let settings = SmtpSettings { from: from.to_owned(), ..settings(&server) };
        let error = SmtpMailer::new(settings).unwrap_err();
        assert!(matches!(error, SmtpSettingsError::From { .. }), "{from:?}: {error}");
    }
}
