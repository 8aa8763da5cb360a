//! The HTTP server: connections come in until the shutdown, and then have some time to end. Limits of number and time keep
//! those who send slowly, or nothing, from taking the place of others.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use astroshield_domain::metrics;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::front::Front;

/// Wait after a connection could not be taken, as when there are no descriptors left.
const ACCEPT_WAIT: Duration = Duration::from_secs(1);

/// Most connections beyond the limit that are told so at a time; others are closed without a word.
const REFUSALS: usize = 64;

/// Longest time for telling it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// What a connection beyond the limit is told.
const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
                       cache-control: no-store\r\ncontent-length: 0\r\n\r\n";

/// Limits of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most connections at a time.
    pub(super) connections: usize,
    /// Longest time without a whole head of a request.
    pub(super) head_timeout: Duration,
    /// Longest time for which a client may take nothing of what it is sent. The kernel sees to it, where it can.
    pub(super) send_timeout: Duration,
}

/// Answers until the shutdown, while draining with the word that no more is to come on a connection; then ends when the connections have.
pub(super) async fn answer(
    listener: TcpListener,
    front: Arc<Front>,
    limits: Limits,
    draining: CancellationToken,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let room = Arc::new(Semaphore::new(limits.connections));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let connections = TaskTracker::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                shutdown.run_until_cancelled(tokio::time::sleep(ACCEPT_WAIT)).await;
                continue;
            }
        };
        match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => {
                let connection = Connection::new(stream, place, limits.send_timeout);
                let (front, draining, shutdown) = (Arc::clone(&front), draining.clone(), shutdown.clone());
                connections.spawn(serve(connection, peer, front, limits.head_timeout, draining, shutdown));
            }
            Err(_) => refuse(stream, &refusals),
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    Ok(())
}

/// Most that is read of a connection before it is dealt with: the longest head of a request.
const READ_BYTES: usize = 64 << 10;

/// Whether it is over with the connection that was to be taken, and the next one may go well.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of a connection, until it ends or becomes something else.
async fn serve(
    connection: Connection,
    peer: SocketAddr,
    front: Arc<Front>,
    head_timeout: Duration,
    draining: CancellationToken,
    shutdown: CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (front, draining) = (Arc::clone(&front), draining.clone());
        async move {
            let mut response = front.answer(request.map(Body::new), peer).await;
            // Told before it is done, so that no request is on its way to a connection that ends.
            if draining.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(READ_BYTES);
    let served = server.serve_connection(TokioIo::new(connection), service).with_upgrades();
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = shutdown.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

/// Tells a connection that there is no room, if not too many are being told so.
fn refuse(mut stream: TcpStream, refusals: &Arc<Semaphore>) {
    metrics::HTTP_CONNECTIONS_REFUSED.count();
    let Ok(place) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        let told = async {
            stream.write_all(REFUSAL.as_bytes()).await?;
            stream.shutdown().await?;
            // A connection that is closed with something unread takes back what was sent.
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await? > 0 {}
            Ok::<(), io::Error>(())
        };
        drop(tokio::time::timeout(REFUSAL_TIMEOUT, told).await);
        drop(place);
    });
}

/// Has the kernel end a connection whose other side takes nothing for a time.
#[cfg(target_os = "linux")]
fn end_when_stuck(stream: &TcpStream, timeout: Duration) {
    let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds) {
        tracing::debug!(%error, "a connection has no limit of time for what is sent");
    }
}

/// Other systems do not know of it.
#[cfg(not(target_os = "linux"))]
fn end_when_stuck(_: &TcpStream, _: Duration) {}

/// A connection that has its place among those that are allowed, also when it has become a WebSocket.
struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit, send_timeout: Duration) -> Self {
        metrics::HTTP_CONNECTIONS.add(1.0);
        // Without either of them the connection works, if less well.
        let _ = stream.set_nodelay(true);
        end_when_stuck(&stream, send_timeout);
        Self { stream, _place: place }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::HTTP_CONNECTIONS.add(-1.0);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
