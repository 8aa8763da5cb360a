//! Messages on their way out: tried until the other side takes them, less and less often.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Encounter, Notifier, message};
use crate::alert::{
    Alert, AlertChange, AlertChanges, AlertRefresh, Channel, Delivery, DeliveryState, Severity, Subject,
};
use crate::metrics;
use crate::patience::{self, Patience};
use crate::ports::{DeliveryError, StoreError, WebhookRequest};
use crate::time;
use crate::trace::Trace;

/// Waits after each failed attempt; after the last one a message is given up.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(6 * 3600),
    Duration::from_secs(24 * 3600),
];

/// Why a message to a webhook that is not in use was not sent.
const DISABLED: &str = "disabled: the webhook is not in use";

/// Messages that are tried at once.
const AT_ONCE: usize = 32;
/// How long an attempt may take: longer than any adapter lets one take, as what is cut off from outside may have arrived.
const ATTEMPT: Duration = Duration::from_secs(90);
/// How long nobody else tries what was taken: longer than an attempt, so that only a crash makes it come again.
const LEASE: SignedDuration = SignedDuration::from_secs(180);

/// For so long, a message that is taken goes on trying to reach a store that is away: less than the lease by an attempt.
const INSISTENCE: Duration = Duration::from_secs(80);
/// How often to look for messages if nobody says that there are some.
const INTERVAL: Duration = Duration::from_secs(1);

/// What becomes of a message after an attempt.
#[derive(Debug, Clone, PartialEq)]
struct Verdict {
    state: DeliveryState,
    next_attempt: Timestamp,
    problem: Option<String>,
}

/// Decides after an attempt; `attempts` are those before it.
fn judge(result: Result<(), DeliveryError>, attempts: u32, now: Timestamp) -> Verdict {
    let error = match result {
        Ok(()) => return Verdict { state: DeliveryState::Delivered, next_attempt: now, problem: None },
        Err(error) => error,
    };
    let problem = Some(error.reason);
    let wait = WAITS.get(attempts as usize).filter(|_| !error.permanent);
    let Some(wait) = wait else {
        return Verdict { state: DeliveryState::Failed, next_attempt: now, problem };
    };
    let longest = WAITS[WAITS.len() - 1];
    let wait = (*wait).max(error.retry_after.unwrap_or_default().min(longest));
    let next_attempt = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
    Verdict { state: DeliveryState::Due, next_attempt, problem }
}

/// Does work again while the store is away, for a time.
async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
    work: impl Fn() -> F,
    shutdown: &CancellationToken,
) -> Result<T, StoreError> {
    let (began, mut patience) = (Instant::now(), Patience::new(INTERVAL, Duration::from_secs(5)));
    loop {
        match work().await {
            Err(error @ StoreError::Unavailable { .. }) if began.elapsed() < INSISTENCE => {
                if shutdown.run_until_cancelled(tokio::time::sleep(patience.next())).await.is_none() {
                    return Err(error);
                }
            }
            outcome => return outcome,
        }
    }
}

impl Notifier {
    /// Delivers until shutdown.
    pub(super) async fn keep_delivering(&self, shutdown: &CancellationToken) {
        let mut patience = Patience::new(INTERVAL, patience::LONGEST);
        let mut attempts = JoinSet::new();
        while !shutdown.is_cancelled() {
            // One that hangs keeps its own place only: the others are given away again as they come free.
            let wait = match self.begin_due(&mut attempts, shutdown).await {
                Ok(_) => {
                    patience.reset();
                    INTERVAL
                }
                Err(error) => {
                    tracing::error!(
                        error = crate::describe(&error),
                        failures = patience.failures(),
                        "messages wait for the store"
                    );
                    patience.next()
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.wake.notified(), if patience.failures() == 0 && attempts.len() < AT_ONCE => {}
                Some(ended) = attempts.join_next() => {
                    if let Ok(Err(error)) = ended {
                        tracing::error!(%error, "how an attempt ended could not be kept: it is made again");
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        // What is on its way may be there already: it is not cut off.
        while attempts.join_next().await.is_some() {}
    }

    /// Tries each message that is due once; returns how many.
    ///
    /// # Errors
    /// When the store fails. What could not be recorded is tried again when its lease ends.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let mut attempts = JoinSet::new();
        let mut outcome = Ok(self.begin_due(&mut attempts, &CancellationToken::new()).await?);
        while let Some(ended) = attempts.join_next().await {
            if let Ok(Err(error)) = ended {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Begins attempts at messages that are due, as many as there is room for; returns how many.
    async fn begin_due(
        &self,
        attempts: &mut JoinSet<Result<(), StoreError>>,
        shutdown: &CancellationToken,
    ) -> Result<usize, StoreError> {
        let room = u32::try_from(AT_ONCE.saturating_sub(attempts.len())).unwrap_or_default();
        if room == 0 {
            return Ok(0);
        }
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let taken = self.store.take_deliveries(now, until, room).await?;
        let count = taken.len();
        for delivery in taken {
            let (notifier, shutdown) = (self.clone(), shutdown.clone());
            attempts.spawn(async move {
                let trace = delivery.trace.clone().unwrap_or_else(Trace::begin);
                trace.follow("deliver", notifier.attempt(&delivery, &shutdown)).await
            });
        }
        Ok(count)
    }

    #[tracing::instrument(skip_all, fields(delivery = %delivery.id, alert = %delivery.alert))]
    async fn attempt(&self, delivery: &Delivery, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let sending = || async {
            let late = |_| Ok(Some(Err(passing(format!("no answer within {} s", ATTEMPT.as_secs())))));
            tokio::time::timeout(ATTEMPT, self.send(delivery)).await.unwrap_or_else(late)
        };
        let Some(result) = insist(sending, shutdown).await? else {
            return self.drop_disabled(delivery).await;
        };
        let verdict = judge(result, delivery.attempts, self.clock.now());
        measure(delivery, verdict.state, self.clock.now());
        match (&verdict.state, &verdict.problem) {
            (DeliveryState::Delivered, _) => tracing::info!("delivered"),
            (DeliveryState::Due, Some(problem)) => {
                tracing::warn!(problem, attempts = delivery.attempts + 1, next = %verdict.next_attempt, "not delivered");
            }
            (_, problem) => tracing::error!(?problem, attempts = delivery.attempts + 1, "given up"),
        }
        let Verdict { state, next_attempt, problem } = verdict;
        if state == DeliveryState::Failed {
            // Before it is recorded: after a crash in between, it is tried and given up again.
            self.tell_of_given_up(delivery, problem.as_deref().unwrap_or("no reason is known")).await?;
        }
        // Without it, the message would go out again, and only when the lease ends.
        let recording = || self.store.put_delivery(delivery.id, state, next_attempt, problem.as_deref());
        insist(recording, shutdown).await
    }

    /// Drops a message to a webhook that somebody has taken out of use: nobody is to be told there, so nobody missed it.
    async fn drop_disabled(&self, delivery: &Delivery) -> Result<(), StoreError> {
        tracing::info!("dropped, as the webhook is not in use");
        metrics::DELIVERY_ATTEMPTS.increment([channel_name(delivery), "disabled"]);
        let now = self.clock.now();
        self.store.put_delivery(delivery.id, DeliveryState::Failed, now, Some(DISABLED)).await
    }

    /// Alerts the tenant that a message was given up: somebody was to be told, and was not. The alert stays until somebody
    /// resolves it, and follows the newest such message.
    async fn tell_of_given_up(&self, delivery: &Delivery, problem: &str) -> Result<(), StoreError> {
        let tenant = &delivery.tenant;
        let about = self.store.alert(tenant, delivery.alert).await?;
        // Of messages about this very alert there is nothing more to tell.
        let Some(about) = about.filter(|about| about.subject != Subject::Undelivered) else { return Ok(()) };
        let to = match &delivery.channel {
            Channel::Email { address } => address.clone(),
            Channel::Webhook { webhook } => match self.store.webhook(tenant, *webhook).await? {
                Some(webhook) => format!("webhook {:?}", webhook.name),
                None => format!("webhook {webhook}"),
            },
        };
        let summary = format!("a message to {to} was given up ({problem}): {}", about.summary);
        let now = time::to_microsecond(self.clock.now());
        let unresolved = self.store.unresolved_alerts(tenant).await?;
        if let Some(known) = unresolved.iter().find(|alert| alert.subject == Subject::Undelivered) {
            let refresh = AlertRefresh { alert: known.id, summary, originator: None, probability: None };
            return self.store.refresh_alerts(tenant, &[refresh]).await;
        }
        let alert = Alert::open(tenant, Subject::Undelivered, Severity::Warning, summary, now);
        // Not to the channel that does not take them.
        let mut channels = super::platform_channels(&*self.store, tenant).await?;
        channels.retain(|channel| *channel != delivery.channel);
        let deliveries =
            message::deliveries(&alert, AlertChange::Opened, Encounter::default(), &channels, now);
        let alerts = vec![(alert, AlertChange::Opened)];
        let changes = AlertChanges { alerts, deliveries, ..AlertChanges::default() };
        match self.store.change_alerts(tenant, &changes, None, now).await {
            // Another message was given up at the same time.
            Err(StoreError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// What came of an attempt; nothing where the channel is not in use.
    async fn send(&self, delivery: &Delivery) -> Result<Option<Result<(), DeliveryError>>, StoreError> {
        Ok(Some(match &delivery.channel {
            Channel::Webhook { webhook: id } => {
                let webhooks = self.store.webhooks(&delivery.tenant).await?;
                let Some(webhook) = webhooks.into_iter().find(|webhook| webhook.id == *id) else {
                    return Ok(Some(Err(permanent("the webhook is gone"))));
                };
                if !webhook.enabled {
                    return Ok(None);
                }
                let now = self.clock.now();
                let request = WebhookRequest {
                    secrets: webhook.secrets(now),
                    url: webhook.url,
                    id: delivery.id.to_string(),
                    unix_s: now.as_second(),
                    body: delivery.body.clone(),
                    traceparent: Trace::current().map(|trace| trace.traceparent()),
                };
                self.webhooks.post(&request).await
            }
            Channel::Email { address } => match &self.mailer {
                Some(mailer) => {
                    mailer.send(&message::mail(delivery, address, self.base_url.as_deref())).await
                }
                None => Err(permanent("no mail server is configured")),
            },
        }))
    }
}

/// Counts an attempt, and how long a new alert took to arrive.
fn measure(delivery: &Delivery, state: DeliveryState, now: Timestamp) {
    let channel = channel_name(delivery);
    let outcome = match state {
        DeliveryState::Delivered => "delivered",
        DeliveryState::Due => "put_off",
        DeliveryState::Failed => "given_up",
    };
    metrics::DELIVERY_ATTEMPTS.increment([channel, outcome]);
    if state == DeliveryState::Delivered
        && matches!(delivery.change, AlertChange::Opened | AlertChange::Raised)
        && let Some(since) = delivery.since
    {
        metrics::ALERT_DELAY.record([channel], now.duration_since(since).as_secs_f64().max(0.0));
    }
}

fn channel_name(delivery: &Delivery) -> &'static str {
    match delivery.channel {
        Channel::Webhook { .. } => "webhook",
        Channel::Email { .. } => "email",
    }
}

fn permanent(reason: &str) -> DeliveryError {
    DeliveryError { reason: reason.to_owned(), retry_after: None, permanent: true }
}

fn passing(reason: String) -> DeliveryError {
    DeliveryError { reason, retry_after: None, permanent: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn wait_s(attempts: u32, retry_after_s: Option<u64>) -> Option<i64> {
        let retry_after = retry_after_s.map(Duration::from_secs);
        let error = DeliveryError { reason: "500".to_owned(), retry_after, permanent: false };
        let verdict = judge(Err(error), attempts, NOW);
        (verdict.state == DeliveryState::Due).then(|| verdict.next_attempt.as_second())
    }

    #[test]
    fn attempts_come_less_and_less_often_and_end_after_a_day() {
        let waits: Vec<_> = (0..8).map(|attempts| wait_s(attempts, None)).collect();
        let expected = [5, 30, 120, 600, 3600, 21_600, 86_400].map(Some);
        assert_eq!(waits[..7], expected);
        assert_eq!(waits[7], None);
    }

    #[test]
    fn the_other_side_may_ask_for_a_longer_wait_up_to_a_day() {
        assert_eq!(wait_s(0, Some(60)), Some(60));
        assert_eq!(wait_s(2, Some(1)), Some(120));
        assert_eq!(wait_s(0, Some(10_000_000)), Some(86_400));
    }

    #[test]
    fn what_cannot_help_is_not_tried_again() {
        let verdict = judge(Err(permanent("410 Gone")), 0, NOW);
        assert_eq!((verdict.state, verdict.problem.as_deref()), (DeliveryState::Failed, Some("410 Gone")));
        assert_eq!(judge(Ok(()), 3, NOW).state, DeliveryState::Delivered);
    }
}
