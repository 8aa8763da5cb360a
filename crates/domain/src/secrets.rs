//! Secrets that change while they are used.
//!
//! A [`SecretKeeper`] asks where the secret is from time to time, and at once when a server has refused it. Whoever uses it has a
//! [`Rotating`], and is told of each change.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ports::{SecretSource, SecretText};

/// The least time between two questions: a server that refuses everybody must not have the secret asked for at each try.
const LEAST: Duration = Duration::from_secs(5);

/// A secret as it is now.
#[derive(Debug, Clone)]
pub struct Rotating {
    value: watch::Receiver<SecretText>,
    /// What is used of it.
    part: fn(&SecretText) -> SecretText,
    refused: Arc<Notify>,
}

impl Rotating {
    /// A secret that does not change as long as the process lives.
    #[must_use]
    pub fn fixed(value: SecretText) -> Self {
        Self { value: watch::channel(value).1, part: SecretText::clone, refused: Arc::default() }
    }

    /// A part of the same secret.
    #[must_use]
    pub fn part(&self, part: fn(&SecretText) -> SecretText) -> Self {
        Self { part, ..self.clone() }
    }

    /// As it is now.
    #[must_use]
    pub fn current(&self) -> SecretText {
        (self.part)(&self.value.borrow())
    }

    /// Waits until it is another one; for ever, if it never is.
    pub async fn changed(&mut self) -> SecretText {
        if self.value.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        (self.part)(&self.value.borrow_and_update())
    }

    /// Says that a server did not take it, so that it is asked for at once.
    pub fn was_refused(&self) {
        self.refused.notify_one();
    }
}

/// Keeps a secret as it is where it comes from.
pub struct SecretKeeper {
    name: String,
    source: Arc<dyn SecretSource>,
    interval: Duration,
    value: watch::Sender<SecretText>,
    refused: Arc<Notify>,
}

impl SecretKeeper {
    /// Keeps the secret of a setting, whose first value is known, by asking so often.
    #[must_use]
    pub fn new(name: String, source: Arc<dyn SecretSource>, first: SecretText, interval: Duration) -> Self {
        Self { name, source, interval, value: watch::Sender::new(first), refused: Arc::default() }
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> Rotating {
        let (value, refused) = (self.value.subscribe(), Arc::clone(&self.refused));
        Rotating { value, part: SecretText::clone, refused }
    }

    /// Keeps it until the shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.keep()).await;
    }

    async fn keep(&self) {
        let mut asked = Instant::now();
        let mut is_away = false;
        loop {
            tokio::select! {
                () = sleep(around(self.interval)) => {}
                () = self.refused.notified() => sleep_until(asked + LEAST).await,
            }
            asked = Instant::now();
            match self.source.fetch().await {
                Ok(value) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!(setting = self.name, "the secret can be had again");
                    }
                    let is_new = self.value.send_if_modified(|known| {
                        let is_new = *known != value;
                        *known = value;
                        is_new
                    });
                    if is_new {
                        tracing::info!(setting = self.name, "the secret has changed");
                    }
                }
                Err(error) if !std::mem::replace(&mut is_away, true) => {
                    tracing::warn!(
                        setting = self.name,
                        %error,
                        "the secret cannot be had; the one from before is used"
                    );
                }
                Err(_) => {}
            }
        }
    }
}

/// A time that differs from process to process by up to a fifth, so that they do not all ask at once.
fn around(interval: Duration) -> Duration {
    let chance = f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    interval.mul_f64(0.8 + 0.4 * chance)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::ports::SecretError;

    /// What is kept outside, and how often it was asked for.
    struct Outside(Mutex<(Option<&'static str>, usize)>);

    #[async_trait]
    impl SecretSource for Outside {
        async fn fetch(&self) -> Result<SecretText, SecretError> {
            let mut kept = self.0.lock().unwrap();
            kept.1 += 1;
            let text = kept.0.ok_or_else(|| SecretError { reason: "away".to_owned(), source: None })?;
            Ok(SecretText::new(text.to_owned()))
        }
    }

    fn keeper() -> (Arc<Outside>, SecretKeeper) {
        let outside = Arc::new(Outside(Mutex::new((Some("old"), 0))));
        let source = Arc::<Outside>::clone(&outside);
        let first = SecretText::new("old".to_owned());
        (outside, SecretKeeper::new("store.url".to_owned(), source, first, Duration::from_secs(60)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_told_within_the_interval_and_one_that_cannot_be_had_stays_as_it_was() {
        let (outside, keeper) = keeper();
        let (mut secret, shutdown) = (keeper.secret(), CancellationToken::new());
        let kept = tokio::spawn(keeper.run(shutdown.clone()));
        outside.0.lock().unwrap().0 = None;
        sleep(Duration::from_secs(200)).await;
        assert_eq!(secret.current().reveal(), "old");
        outside.0.lock().unwrap().0 = Some("new");
        let began = Instant::now();
        assert_eq!(secret.changed().await.reveal(), "new");
        assert!(began.elapsed() <= Duration::from_secs(72));
        shutdown.cancel();
        kept.await.unwrap();
        assert!(!format!("{secret:?}").contains("new"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_has_it_asked_for_at_once_but_not_again_and_again() {
        let (outside, keeper) = keeper();
        let mut secret = keeper.secret();
        tokio::spawn(keeper.run(CancellationToken::new()));
        sleep(Duration::from_secs(10)).await;
        outside.0.lock().unwrap().0 = Some("new");
        let began = Instant::now();
        secret.was_refused();
        assert_eq!(secret.changed().await.reveal(), "new");
        assert!(began.elapsed() < Duration::from_secs(1));
        for _ in 0..100 {
            secret.was_refused();
            sleep(Duration::from_millis(100)).await;
        }
        assert!(outside.0.lock().unwrap().1 <= 4, "once in {LEAST:?}");
    }
}
