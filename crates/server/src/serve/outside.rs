//! What the service stands on outside of its process.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::metrics;
use astroshield_domain::ports::{Bus, Connections, Downloads, Gateway, Tasks, UploadLinks};
use async_trait::async_trait;
use object_store::ObjectStore;
use tokio_util::sync::CancellationToken;

/// Waits before what failed is tried again: the first, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How often it is asked what waits.
const LAG: Duration = Duration::from_secs(10);

/// A server without which the service goes on for a while.
#[async_trait]
pub(crate) trait Outside: Send + Sync + 'static {
    /// Makes there what has to be there, if it is not.
    async fn prepare(&self) -> anyhow::Result<()>;

    /// Whether it answers.
    async fn answers(&self) -> bool;

    /// What waits there for consumers that have been there, where that is known.
    async fn lag(&self, _consumers: &[&'static str]) -> anyhow::Result<Vec<(&'static str, i64)>> {
        Ok(Vec::new())
    }
}

/// The bus, and where slices are handed out to several processes, if they are.
pub(crate) struct Messaging {
    pub(crate) bus: Placed<dyn Bus>,
    pub(crate) tasks: Option<Arc<dyn Tasks>>,
}

/// What is behind a port, and the server that it stands on, if it stands on one.
pub(crate) struct Placed<T: ?Sized> {
    pub(crate) port: Arc<T>,
    pub(crate) server: Option<Arc<dyn Outside>>,
}

impl<T: ?Sized> Clone for Placed<T> {
    fn clone(&self) -> Self {
        Self { port: Arc::clone(&self.port), server: self.server.clone() }
    }
}

/// A gateway that holds WebSockets, and those that it holds.
pub(crate) struct StreamGateway {
    pub(crate) gateway: Arc<dyn Gateway>,
    pub(crate) connections: Arc<dyn Connections>,
}

/// Where blobs are kept.
#[derive(Clone)]
pub(crate) struct Blobs {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Gives links to them.
    pub(crate) downloads: Option<Arc<dyn Downloads>>,
    /// Gives links that take them.
    pub(crate) upload_links: Option<Arc<dyn UploadLinks>>,
}

/// Prepares a server as soon as it is there.
pub(super) async fn prepare(name: &'static str, server: Arc<dyn Outside>, shutdown: CancellationToken) {
    let (mut wait, longest) = WAITS;
    loop {
        let Some(prepared) = shutdown.run_until_cancelled(server.prepare()).await else { return };
        let Err(error) = prepared else { break };
        tracing::warn!(server = name, "cannot be prepared, is tried again: {error:#}");
        if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
        wait = longest.min(2 * wait);
    }
    shutdown.cancelled().await;
}

/// Tells what waits at a server, until the shutdown.
pub(super) async fn tell_lag(
    server: Arc<dyn Outside>,
    consumers: &'static [&'static str],
    shutdown: CancellationToken,
) {
    while shutdown.run_until_cancelled(tokio::time::sleep(LAG)).await.is_some() {
        match server.lag(consumers).await {
            Ok(found) => {
                for (consumer, lag) in found {
                    metrics::BUS_LAG.set([consumer], lag as f64);
                }
            }
            Err(error) => tracing::warn!("nobody knows what waits on the bus: {error:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Comes up after some trials.
    struct Late(AtomicU32);

    #[async_trait]
    impl Outside for Late {
        async fn prepare(&self) -> anyhow::Result<()> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0..7 => anyhow::bail!("not there yet"),
                _ => Ok(()),
            }
        }

        async fn answers(&self) -> bool {
            self.0.load(Ordering::Relaxed) > 7
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_prepared_once_it_is_there_and_then_left_alone() {
        let (late, shutdown) = (Arc::new(Late(AtomicU32::new(0))), CancellationToken::new());
        let task = tokio::spawn(prepare("late", Arc::<Late>::clone(&late), shutdown.clone()));
        tokio::time::sleep(Duration::from_secs(1 + 2 + 4 + 8 + 16 + 30)).await;
        assert!(!late.answers().await);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(late.0.load(Ordering::Relaxed), 8);
        assert!(!task.is_finished());
        shutdown.cancel();
        task.await.unwrap();
    }
}
