//! Notify: rules make alerts of conjunctions, alerts have a life, and messages about them go out until they are taken.
//!
//! Rules are held against what the store has now, not against what an event says: dealing with an event twice does the same
//! as once, because at most one alert of a subject is open.

mod delivery;
mod encounter;
mod evaluation;
mod message;
mod rules;
#[cfg(test)]
mod samples;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::access::{Attempt, AuditEntry, Caller};
use crate::alert::{
    Alert, AlertAction, AlertChange, AlertChanges, AlertState, Channel, Rule, Severity, Subject,
};
use crate::conjunction::Conjunction;
use crate::event::{Consumed, Payload, Topic};
use crate::ids::{AlertId, EventId, TenantId};
use crate::patience::{self, Patience};
use crate::ports::{Bus, BusError, Clock, Mailer, Store, StoreError, WebhookClient};
use crate::time;
use crate::trace::Trace;

pub(crate) use self::encounter::Encounter;
use self::encounter::Messages;
pub use self::watch::Evaluated;

/// The notifier's name as a consumer.
pub(crate) const CONSUMER: &str = "notify";

/// The consumer that requests under idempotency keys are of.
const REQUESTS: &str = "requests";

/// How often an action is tried that somebody else comes before.
const TRIES: u32 = 4;

/// Why notifying did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// No such alert, or another tenant's.
    #[error("no alert {alert}")]
    NotFound {
        /// Which.
        alert: AlertId,
    },
    /// What was asked does not go with where the alert stands.
    #[error("alert {alert} is {state:?}: it cannot be {asked}")]
    NotNow {
        /// Which.
        alert: AlertId,
        /// Where it stands.
        state: AlertState,
        /// What was asked.
        asked: &'static str,
    },
    /// Muted until a time that is past.
    #[error("muted until {until}, which is past")]
    Past {
        /// The time.
        until: Timestamp,
    },
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus did not.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Makes alerts and delivers them.
#[derive(Clone)]
pub struct Notifier {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    webhooks: Arc<dyn WebhookClient>,
    mailer: Option<Arc<dyn Mailer>>,
    clock: Arc<dyn Clock>,
    base_url: Option<String>,
    /// Told when there are messages to send.
    wake: Arc<Notify>,
}

impl Notifier {
    /// A notifier over its parts. `base_url` is where people see alerts; mails link to it.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        webhooks: Arc<dyn WebhookClient>,
        mailer: Option<Arc<dyn Mailer>>,
        clock: Arc<dyn Clock>,
        base_url: Option<String>,
    ) -> Self {
        Self { store, bus, webhooks, mailer, clock, base_url, wake: Arc::new(Notify::new()) }
    }

    /// Whether mail can be sent.
    #[must_use]
    pub fn has_mailer(&self) -> bool {
        self.mailer.is_some()
    }

    /// Evaluates rules after each change of conjunctions, and delivers, until shutdown; any number of processes may.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(self.keep_evaluating(&shutdown), self.keep_delivering(&shutdown));
    }

    /// Escalates, un-mutes, resolves what is past and evaluates what changed, until shutdown: what one process sees to.
    pub async fn watch(&self, shutdown: CancellationToken) {
        self.keep_watching(&shutdown).await;
    }

    /// Does what a user wants of an alert.
    ///
    /// # Errors
    /// When there is no such alert, or what is wanted does not go with where it stands.
    pub async fn act(
        &self,
        caller: &Caller,
        alert: AlertId,
        action: AlertAction,
    ) -> Result<Alert, NotifyError> {
        self.act_once(caller, alert, action, None).await
    }

    /// As [`Notifier::act`], of a request under an idempotency key: one that was done by an earlier attempt is not done again.
    ///
    /// # Errors
    /// As [`Notifier::act`].
    pub async fn act_once(
        &self,
        caller: &Caller,
        alert: AlertId,
        action: AlertAction,
        attempt: Option<&Attempt>,
    ) -> Result<Alert, NotifyError> {
        let request =
            attempt.map(|attempt| Consumed { consumer: REQUESTS, event: EventId::of_attempt(attempt) });
        let repeated = attempt.is_some_and(|attempt| attempt.repeated);
        let mut tries = 1;
        loop {
            let found = self.store.alert(&caller.tenant, alert).await?;
            // What is public is nobody's to change.
            let before =
                found.filter(|found| found.tenant == caller.tenant).ok_or(NotifyError::NotFound { alert })?;
            if let Some(request) = request.filter(|_| repeated)
                && self.store.was_consumed(request).await?
            {
                return Ok(before);
            }
            match self.try_act(caller, &before, action, request).await {
                // Another process did it in the meantime.
                Err(NotifyError::Store(StoreError::AlreadyConsumed { .. })) => {
                    let found = self.store.alert(&caller.tenant, alert).await?;
                    return found.ok_or(NotifyError::NotFound { alert });
                }
                // Somebody changed it in the meantime: what is wanted is held against what it is now.
                Err(NotifyError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
                other => return other,
            }
        }
    }

    async fn try_act(
        &self,
        caller: &Caller,
        before: &Alert,
        action: AlertAction,
        request: Option<Consumed>,
    ) -> Result<Alert, NotifyError> {
        let now = time::to_microsecond(self.clock.now());
        let (after, change) = acted(before, &caller.name, action, now)?;
        let audit = AuditEntry::of(&caller.tenant, caller.by(), now, action.name(), &after.id);
        let alerts = vec![(after.clone(), change)];
        let mut changes = AlertChanges { alerts, audit: vec![audit], ..AlertChanges::default() };
        if change == AlertChange::Resolved && before.state != AlertState::Muted {
            let (conjunction, messages) = self.encounter_of(&after).await?;
            let lists = self.store.watch_lists(&after.tenant).await?;
            let encounter = Encounter::of(conjunction.as_ref(), messages.as_ref()).beside(&lists);
            let channels = self.channels_of(&after).await?;
            changes.deliveries = message::deliveries(&after, change, encounter, &channels, now);
        }
        self.store.change_alerts(&after.tenant, &changes, request, now).await?;
        tracing::info!(alert = %after.id, ?change, by = caller.name, "alert changed");
        self.wake.notify_one();
        Ok(after)
    }

    async fn keep_evaluating(&self, shutdown: &CancellationToken) {
        let mut patience = Patience::new(Duration::from_secs(1), patience::LONGEST);
        while !shutdown.is_cancelled() {
            let Err(error) = self.consume(&mut patience, shutdown).await else { return };
            tracing::error!(error = crate::describe(&error), failures = patience.failures(), "rules wait");
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(patience.next()) => {}
            }
        }
    }

    async fn consume(
        &self,
        patience: &mut Patience,
        shutdown: &CancellationToken,
    ) -> Result<(), NotifyError> {
        let mut subscription = self.bus.subscribe(CONSUMER, &[Topic::Conjunctions]).await?;
        let mut delivery = None;
        loop {
            let published = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                next = subscription.next() => next?,
            };
            let event = &published.event;
            let of_delivery = (event.tenant.clone(), event.at);
            let is_due = event.is_understood_by(CONSUMER)
                && match event.payload {
                    Payload::ConjunctionsChanged { .. } => true,
                    // All messages of a delivery are there when the first of them is told.
                    Payload::CdmReceived { .. } => delivery.as_ref() != Some(&of_delivery),
                    _ => false,
                };
            if is_due {
                let evaluated = self.evaluate_since(&event.tenant, Some(event.at));
                Trace::of_event(event).follow("notify", evaluated).await?;
            }
            if let Payload::CdmReceived { .. } = event.payload {
                delivery = Some(of_delivery);
            }
            subscription.acknowledge(published.position).await?;
            patience.reset();
        }
    }

    async fn rule_of(&self, alert: &Alert) -> Result<Option<Rule>, StoreError> {
        let Some(rule) = alert.subject.rule() else { return Ok(None) };
        self.store.rule(&alert.tenant, rule).await
    }

    /// What is known of the encounter that an alert is about.
    async fn encounter_of(
        &self,
        alert: &Alert,
    ) -> Result<(Option<Conjunction>, Option<Messages>), StoreError> {
        match &alert.subject {
            Subject::Conjunction { conjunction, .. } => {
                let found = self.store.conjunction(&alert.tenant, *conjunction).await?;
                let messages = self.store.cdms_of(&alert.tenant, *conjunction).await?;
                Ok((found, encounter::encounters(messages).pop()))
            }
            Subject::Messages { objects, tca, .. } => {
                let from = tca.saturating_sub(encounter::MARGIN).unwrap_or(*tca);
                let messages = self.store.cdms_from(&alert.tenant, from).await?;
                let of_pair =
                    messages.into_iter().filter(|message| encounter::pair(message.objects) == *objects);
                let mut found = encounter::encounters(of_pair.collect()).into_iter();
                let conjunction = evaluation::found_at(&*self.store, &alert.tenant, *objects, *tca).await?;
                Ok((conjunction, found.find(|messages| messages.is_at(*tca))))
            }
            _ => Ok((None, None)),
        }
    }

    /// Whom to tell about an alert: those of its rule, those that it was escalated to, and for an alert of the platform
    /// everybody.
    async fn channels_of(&self, alert: &Alert) -> Result<Vec<Channel>, StoreError> {
        if alert.subject.rule().is_none() {
            return platform_channels(&*self.store, &alert.tenant).await;
        }
        let Some(rule) = self.rule_of(alert).await? else { return Ok(Vec::new()) };
        let mut channels = rule.channels;
        if alert.escalated.is_some() {
            channels.extend(rule.escalation_channels);
        }
        Ok(channels)
    }
}

/// Whom to tell that the platform itself is not well: every webhook of the tenant that is in use, and every address of a
/// rule whose alerts are more than to know.
pub(crate) async fn platform_channels(
    store: &dyn Store,
    tenant: &TenantId,
) -> Result<Vec<Channel>, StoreError> {
    let webhooks = store.webhooks(tenant).await?.into_iter().filter(|webhook| webhook.enabled);
    let mut channels: Vec<Channel> =
        webhooks.map(|webhook| Channel::Webhook { webhook: webhook.id }).collect();
    let rules = store.rules(tenant).await?.into_iter();
    let urgent = rules.filter(|rule| rule.enabled && rule.severity > Severity::Info);
    let addresses = urgent.flat_map(|rule| rule.channels.into_iter().chain(rule.escalation_channels));
    channels.extend(addresses.filter(|channel| matches!(channel, Channel::Email { .. })));
    Ok(channels)
}

/// Messages about an alert of the platform.
pub(crate) use message::deliveries as messages;

fn escalate_at(rule: &Rule, now: Timestamp) -> Option<Timestamp> {
    let minutes = rule.escalate_after_minutes?;
    now.saturating_add(SignedDuration::from_mins(minutes.into())).ok()
}

/// An alert after what a user wants of it.
fn acted(
    before: &Alert,
    by: &str,
    action: AlertAction,
    now: Timestamp,
) -> Result<(Alert, AlertChange), NotifyError> {
    let mut alert = Alert { updated: now, version: before.version + 1, ..before.clone() };
    let not_now = |asked| NotifyError::NotNow { alert: before.id, state: before.state, asked };
    let resolved = before.state == AlertState::Resolved;
    match action {
        AlertAction::Acknowledge => {
            if resolved || before.acknowledged.is_some() {
                return Err(not_now("acknowledged"));
            }
            alert.acknowledged = Some((by.to_owned(), now));
            alert.escalate_at = None;
            if before.state == AlertState::Open {
                alert.state = AlertState::Acknowledged;
            }
            Ok((alert, AlertChange::Acknowledged))
        }
        AlertAction::Mute { until } => {
            if resolved {
                return Err(not_now("muted"));
            }
            if until <= now {
                return Err(NotifyError::Past { until });
            }
            alert.state = AlertState::Muted;
            alert.muted_until = Some(time::to_microsecond(until));
            alert.muted_by = Some(by.to_owned());
            alert.escalate_at = None;
            Ok((alert, AlertChange::Muted))
        }
        AlertAction::Resolve => {
            if resolved {
                return Err(not_now("resolved"));
            }
            let resolved_by = Some(by.to_owned());
            Ok((Alert { resolved_by, ..over(before.clone(), now) }, AlertChange::Resolved))
        }
    }
}

/// An alert whose subject is over.
pub(crate) fn over(mut alert: Alert, now: Timestamp) -> Alert {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
    alert.updated = now;
    alert.version += 1;
    (alert.escalate_at, alert.muted_until, alert.muted_by) = (None, None, None);
    alert
}

#[cfg(test)]
mod tests {
    use super::samples::at;
    use super::*;

    fn open() -> Alert {
        let (subject, summary) = (Subject::NoScreening, "no screening".to_owned());
        let opened = Alert::open(&TenantId::local(), subject, Severity::Critical, summary, at(0));
        Alert { escalate_at: Some(at(30)), ..opened }
    }

    fn acknowledge(alert: &Alert) -> Result<(Alert, AlertChange), NotifyError> {
        acted(alert, "ann", AlertAction::Acknowledge, at(1))
    }

    #[test]
    fn an_acknowledged_alert_names_who_and_does_not_escalate() {
        let (alert, change) = acknowledge(&open()).unwrap();
        assert_eq!((alert.state, change), (AlertState::Acknowledged, AlertChange::Acknowledged));
        assert_eq!((alert.acknowledged.clone(), alert.escalate_at), (Some(("ann".to_owned(), at(1))), None));
        assert!(matches!(acknowledge(&alert), Err(NotifyError::NotNow { asked: "acknowledged", .. })));
    }

    #[test]
    fn a_muted_alert_stays_muted_when_it_is_acknowledged() {
        let (muted, _) = acted(&open(), "bob", AlertAction::Mute { until: at(60) }, at(1)).unwrap();
        assert_eq!((muted.state, muted.muted_until), (AlertState::Muted, Some(at(60))));
        assert_eq!(muted.muted_by.as_deref(), Some("bob"));
        assert_eq!(acknowledge(&muted).unwrap().0.state, AlertState::Muted);
        let past = acted(&open(), "bob", AlertAction::Mute { until: at(1) }, at(1));
        assert!(matches!(past, Err(NotifyError::Past { .. })));
    }

    #[test]
    fn nothing_can_be_done_about_a_resolved_alert() {
        let (resolved, change) = acted(&open(), "bob", AlertAction::Resolve, at(1)).unwrap();
        assert_eq!(resolved.resolved_by.as_deref(), Some("bob"));
        assert_eq!((resolved.resolved, change), (Some(at(1)), AlertChange::Resolved));
        for action in [AlertAction::Resolve, AlertAction::Mute { until: at(60) }, AlertAction::Acknowledge] {
            assert!(matches!(acted(&resolved, "ann", action, at(2)), Err(NotifyError::NotNow { .. })));
        }
    }
}
