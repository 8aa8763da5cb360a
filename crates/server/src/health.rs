//! `astroshield health`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::exit::Completion;
use crate::output::Output;
use crate::settings::SettingsArgs;

/// How long the process may take to answer. Docker and ECS wait for 5 s.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Longest first line of an answer that is read, in bytes.
const LONGEST_LINE: u64 = 1_000;

/// Ask the server that listens here whether it is well
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield health
  ASTROSHIELD__SERVER__LISTEN=127.0.0.1:8080 astroshield health ready

The exit status is 1 if the server does not answer within 4 s, or answers that it is not. It is for what looks after a process from
beside it: an engine for containers, a unit. Liveness says that the process answers, readiness that what it needs is there.")]
pub(crate) struct Health {
    #[command(flatten)]
    settings: SettingsArgs,
    /// What is asked
    #[arg(value_enum, default_value_t = Asked::Live)]
    asked: Asked,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Asked {
    /// Whether the process answers
    Live,
    /// Whether it can serve
    Ready,
}

impl Health {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        // Nothing but where it listens: neither secrets nor what else the server needs are this command's concern.
        let layers = self.settings.layers()?;
        let listen = layers.text("server.listen").unwrap_or_default();
        let listen: SocketAddr = listen.parse().map_err(|error: AddrParseError| {
            layers.refuse("server.listen", format!("{error}: {listen:?}"))
        })?;
        let address = SocketAddr::new(reached_by(listen.ip()), listen.port());
        let path = match self.asked {
            Asked::Live => "/health/live",
            Asked::Ready => "/health/ready",
        };
        let line = ask(address, path).with_context(|| format!("http://{address}{path}"))?;
        let mut output = Output::create(None)?;
        writeln!(output, "{line}")?;
        output.finish()?;
        Ok(if is_ok(&line) { Completion::Whole } else { Completion::Unwell })
    }
}

/// Where a process that listens on an address is reached from beside it.
fn reached_by(listens: IpAddr) -> IpAddr {
    match listens {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

/// The status line of the answer (RFC 9112, section 4).
fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).context("nobody listens")?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // `localhost` is a host that the server takes, whatever its address.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost:{}\r\n\r\n", address.port())?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_LINE)).read_line(&mut line).context("no answer")?;
    anyhow::ensure!(line.starts_with("HTTP/1."), "this is no server of HTTP: {line:?}");
    Ok(line.trim_end().to_owned())
}

fn is_ok(line: &str) -> bool {
    line.split(' ').nth(1) == Some("200")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn an_address_of_all_is_reached_by_the_loopback() {
        for (listens, reached) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.7", "10.0.0.7")] {
            assert_eq!(reached_by(listens.parse().unwrap()).to_string(), reached);
        }
    }

    /// Answers one request with a text; where, and what was asked.
    fn answering(text: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !asked.ends_with("\r\n\r\n") {
                lines.read_line(&mut asked).unwrap();
            }
            stream.write_all(text.as_bytes()).unwrap();
            asked
        });
        (address, served)
    }

    #[test]
    fn the_first_line_of_the_answer_says_it() {
        let (address, served) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert!(is_ok(&ask(address, "/health/live").unwrap()));
        assert!(served.join().unwrap().starts_with("GET /health/live HTTP/1.0\r\nhost: localhost:"));
        let (address, _) = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        let line = ask(address, "/health/ready").unwrap();
        assert_eq!((line.as_str(), is_ok(&line)), ("HTTP/1.1 503 Service Unavailable", false));
        for other in ["", "220 mail.example.org ESMTP\r\n"] {
            let (address, _) = answering(other);
            let message = format!("{:#}", ask(address, "/health/live").unwrap_err());
            assert!(message.starts_with("this is no server of HTTP"), "{message}");
        }
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        assert!(format!("{:#}", ask(nobody, "/health/live").unwrap_err()).starts_with("nobody listens"));
    }
}
