//! A mail server that keeps what it is told, and says what a test wants it to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What the server says where it does not do as it is asked.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// Answers in place of the usual ones, by what a command begins with; `None` is silence. The greeting is the answer
    /// to the empty command, and `.` ends a mail.
    pub(crate) answers: Vec<(&'static str, Option<&'static str>)>,
    /// TLS from the start.
    pub(crate) tls: Option<TlsAcceptor>,
    /// TLS on demand.
    pub(crate) starttls: Option<TlsAcceptor>,
}

/// What the server was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Commands, all connections together; those under TLS begin with `[TLS] `.
    pub(crate) commands: Vec<String>,
    /// Mails as they were sent, the dots unstuffed.
    pub(crate) mails: Vec<String>,
}

pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::new(Mutex::new(Told::default()));
        let log = Arc::clone(&told);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session { manners: manners.clone(), told: Arc::clone(&log) };
                tokio::spawn(async move { session.serve(stream).await });
            }
        });
        Self { address, told, task }
    }

    pub(crate) fn told(&self) -> Told {
        self.told.lock().unwrap().clone()
    }
}

struct Session {
    manners: Manners,
    told: Arc<Mutex<Told>>,
}

impl Session {
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        if let Some(tls) = &self.manners.tls {
            let mut stream = BufStream::new(tls.accept(stream).await.ok()?);
            self.answer(&mut stream, "", "220 mail.test").await?;
            return self.converse(&mut stream, "[TLS] ").await.map(|_| ());
        }
        let mut stream = BufStream::new(stream);
        self.answer(&mut stream, "", "220 mail.test").await?;
        if self.converse(&mut stream, "").await? {
            let tls = self.manners.starttls.as_ref()?.accept(stream.into_inner()).await.ok()?;
            self.converse(&mut BufStream::new(tls), "[TLS] ").await?;
        }
        Some(())
    }

    /// Whether the conversation goes on under TLS.
    async fn converse(
        &self,
        stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
        mark: &str,
    ) -> Option<bool> {
        loop {
            let command = line(stream).await?;
            self.told.lock().unwrap().commands.push(format!("{mark}{command}"));
            let usual = match command.split(' ').next()? {
                "EHLO" if mark.is_empty() && self.manners.starttls.is_some() => {
                    "250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN"
                }
                "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
                "AUTH" => "235 ok",
                "DATA" => "354 go ahead",
                "QUIT" => "221 bye",
                "STARTTLS" => "220 ready",
                _ => "250 ok",
            };
            let answered = self.answer(stream, &command, usual).await?;
            match command.as_str() {
                "STARTTLS" if answered.starts_with('2') => return Some(true),
                "DATA" if answered.starts_with('3') => {
                    let mut mail = String::new();
                    loop {
                        let text = line(stream).await?;
                        if text == "." {
                            break;
                        }
                        mail += text.strip_prefix('.').unwrap_or(&text);
                        mail += "\r\n";
                    }
                    self.told.lock().unwrap().mails.push(mail);
                    self.answer(stream, ".", "250 queued").await?;
                }
                "QUIT" => return Some(false),
                _ => {}
            }
        }
    }

    async fn answer(
        &self,
        stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
        command: &str,
        usual: &'static str,
    ) -> Option<&'static str> {
        let own = self.manners.answers.iter().find(|(start, _)| {
            if start.is_empty() { command.is_empty() } else { command.starts_with(start) }
        });
        let answer = own.map_or(Some(usual), |(_, answer)| *answer);
        if let Some(answer) = answer {
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
            stream.flush().await.ok()?;
        }
        Some(answer.unwrap_or_default())
    }
}

async fn line(stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>) -> Option<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    Some(line.strip_suffix("\r\n").expect("every line ends in CR LF").to_owned())
}
