//! What waits to be sent.

use std::time::Duration;

use astroshield_domain::metrics;
use opentelemetry_sdk::error::OTelSdkResult;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Most that waits: some seconds of a busy process, and a few megabytes.
const LENGTH: usize = 8_192;

/// Most that is sent at once.
const AT_ONCE: usize = 512;

/// How long to wait for more before a few are sent.
const LINGER: Duration = Duration::from_secs(1);

/// How long it is tried to send the same things, while the queue fills behind them.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits between these trials: the first, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// The end where things go in.
#[derive(Debug)]
pub(super) struct Queue<T> {
    sender: mpsc::Sender<T>,
    signal: &'static str,
}

/// The end where they are sent.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    receiver: mpsc::Receiver<T>,
    signal: &'static str,
    is_away: bool,
}

/// A queue of a kind of things.
pub(super) fn of<T>(signal: &'static str) -> (Queue<T>, Waiting<T>) {
    let (sender, receiver) = mpsc::channel(LENGTH);
    (Queue { sender, signal }, Waiting { receiver, signal, is_away: false })
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), signal: self.signal }
    }
}

impl<T> Queue<T> {
    /// Puts one in, or drops it where there is no room.
    pub(super) fn put(&self, one: T) {
        if self.sender.try_send(one).is_err() {
            metrics::TELEMETRY_DROPPED.add([self.signal], 1);
        }
    }
}

impl<T> Waiting<T> {
    /// Sends until it is to stop, and then what is left.
    pub(super) async fn send(mut self, stop: CancellationToken, export: impl AsyncFn(&[T]) -> OTelSdkResult) {
        // An alarm can be made of what is there before it goes wrong.
        metrics::TELEMETRY_DROPPED.add([self.signal], 0);
        let mut batch = Vec::with_capacity(AT_ONCE);
        loop {
            let count = tokio::select! {
                count = self.receiver.recv_many(&mut batch, AT_ONCE) => count,
                () = stop.cancelled(), if !self.receiver.is_closed() => {
                    self.receiver.close();
                    continue;
                }
            };
            if count == 0 {
                return;
            }
            if count < AT_ONCE && stop.run_until_cancelled(sleep(LINGER)).await.is_some() {
                while batch.len() < AT_ONCE
                    && let Ok(more) = self.receiver.try_recv()
                {
                    batch.push(more);
                }
            }
            self.send_batch(&batch, &stop, &export).await;
            batch.clear();
        }
    }

    async fn send_batch(
        &mut self,
        batch: &[T],
        stop: &CancellationToken,
        export: &impl AsyncFn(&[T]) -> OTelSdkResult,
    ) {
        let (mut wait, longest) = WAITS;
        let began = Instant::now();
        loop {
            let Err(problem) = export(batch).await else {
                if std::mem::take(&mut self.is_away) {
                    tracing::info!(signal = self.signal, "the collector of telemetry takes it again");
                }
                return;
            };
            if !std::mem::replace(&mut self.is_away, true) {
                tracing::warn!(
                    signal = self.signal,
                    %problem,
                    "the collector of telemetry does not take it; what there is no room for is dropped"
                );
            }
            if stop.is_cancelled() || began.elapsed() + wait > PATIENCE {
                metrics::TELEMETRY_DROPPED.add([self.signal], batch.len() as u64);
                return;
            }
            stop.run_until_cancelled(sleep(wait)).await;
            wait = longest.min(2 * wait);
        }
    }
}

#[cfg(test)]
impl<T> Waiting<T> {
    /// All that waits.
    pub(super) fn all(mut self) -> Vec<T> {
        std::iter::from_fn(|| self.receiver.try_recv().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use opentelemetry_sdk::error::OTelSdkError;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_has_no_room_is_dropped_and_what_waits_is_sent_when_it_is_taken_again() {
        let (queue, waiting) = of("test");
        for number in 0..LENGTH + 5 {
            queue.put(number);
        }
        let (stop, tries, taken) =
            (CancellationToken::new(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (tried, took) = (Arc::clone(&tries), Arc::clone(&taken));
        let sending = tokio::spawn(waiting.send(stop.clone(), async move |batch: &[usize]| {
            if tried.fetch_add(1, Ordering::Relaxed) < 3 {
                return Err(OTelSdkError::InternalFailure("away".to_owned()));
            }
            assert_eq!(batch[0], took.fetch_add(batch.len(), Ordering::Relaxed), "in order");
            Ok(())
        }));
        sleep(Duration::from_secs(30)).await;
        assert_eq!(taken.load(Ordering::Relaxed), LENGTH);
        queue.put(LENGTH);
        stop.cancel();
        sending.await.unwrap();
        assert_eq!(taken.load(Ordering::Relaxed), LENGTH + 1, "the last ones at the stop");
    }

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_stays_away_does_not_keep_the_process_from_stopping() {
        let (queue, waiting) = of("test");
        queue.put(1);
        let stop = CancellationToken::new();
        let away = async |_: &[i32]| Err(OTelSdkError::InternalFailure("away".to_owned()));
        let sending = tokio::spawn(waiting.send(stop.clone(), away));
        sleep(Duration::from_secs(3600)).await;
        queue.put(2);
        stop.cancel();
        let began = Instant::now();
        sending.await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}
