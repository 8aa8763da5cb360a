//! A table on its way to the caller, in pieces.

use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::ports::{Continued, StoreError};
use astroshield_formats::parquet::{Column, Table};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;

use crate::answer::PARQUET;
use crate::problem::{Problem, chain};
use crate::state::ApiState;

/// Size from which on a piece is sent, in bytes.
const PIECE: usize = 64 << 10;

/// Pieces that wait for the caller.
const WAITING: usize = 8;

/// How long a caller may take nothing.
const PATIENCE: Duration = Duration::from_secs(60);

type Sent = Result<Bytes, io::Error>;

/// What the table is written to.
struct Pieces {
    sender: Sender<Sent>,
    runtime: Handle,
    rest: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.rest));
        let sending = timeout(PATIENCE, self.sender.send(Ok(piece)));
        match self.runtime.block_on(sending) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        if self.rest.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    // The table's own writer flushes after every few rows; the last piece is sent at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A table of the first rows and those after them.
pub(super) fn answer<R, P, N, F>(
    state: &ApiState,
    name: &str,
    schema: &'static str,
    columns: fn(&[R]) -> Vec<Column>,
    first: Continued<R, P>,
    mut next: N,
) -> Result<Response, Problem>
where
    R: Send + 'static,
    P: Send + 'static,
    N: FnMut(P) -> F + Send + 'static,
    F: Future<Output = Result<Continued<R, P>, StoreError>> + Send,
{
    let room = Arc::clone(&state.tables).try_acquire_owned();
    let room = room.map_err(|_| Problem::unavailable("as many tables as are allowed are being written"))?;
    let (sender, receiver) = channel::<Sent>(WAITING);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let end = sender.clone();
        let write = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            let pieces = Pieces { sender, runtime: runtime.clone(), rest: Vec::new() };
            let mut table = Table::new(pieces, schema)?;
            let mut part = first;
            loop {
                if !part.rows.is_empty() {
                    table.write(columns(&part.rows))?;
                }
                match part.next.map(&mut next) {
                    Some(coming) => part = runtime.block_on(coming)?,
                    None => break,
                }
            }
            table.finish()?.send()?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(error = %chain(error.as_ref()), "a table was not sent to its end");
            // The answer must not look whole.
            drop(end.try_send(Err(io::Error::other("the table was not written to its end"))));
        }
        drop(room);
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PARQUET));
    let disposition = format!("attachment; filename=\"{name}.parquet\"");
    let disposition = HeaderValue::try_from(disposition).map_err(Problem::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}
