//! Notify: rules make alerts of conjunctions, alerts have a life, and messages about them go out until they are taken.
//!
//! Rules are held against what the store has now, not against what an event says: dealing with an event twice does the same
//! as once, because at most one alert of a subject is open.

mod delivery;
mod evaluation;
mod message;
mod rules;
#[cfg(test)]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::access::{Attempt, Caller};
use crate::alert::{
    Alert, AlertAction, AlertChange, AlertChanges, AlertState, Channel, Rule, Severity, Subject,
};
use crate::conjunction::Conjunction;
use crate::event::{Consumed, Payload, Topic};
use crate::ids::{AlertId, EventId, TenantId};
use crate::patience::Patience;
use crate::ports::{Bus, BusError, Clock, Mailer, Store, StoreError, WebhookClient};
use crate::time;
use crate::trace::Trace;

/// The notifier's name as a consumer.
const CONSUMER: &str = "notify";

/// The consumer that requests under idempotency keys are of.
const REQUESTS: &str = "requests";

/// How often an action is tried that somebody else comes before.
const TRIES: u32 = 4;

/// How often to look for alerts that are due and rules that changed.
const LOOK: Duration = Duration::from_secs(5);
/// How long after the time that it bears a change may be committed: what is younger is looked at again.
const COMMIT: SignedDuration = SignedDuration::from_secs(30);
/// How often to look for alerts whose conjunction is past.
const SWEEP: SignedDuration = SignedDuration::from_secs(60);

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

    /// Evaluates rules after each change of conjunctions, escalates, un-mutes and delivers, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(
            self.keep_evaluating(&shutdown),
            self.keep_watching(&shutdown),
            self.keep_delivering(&shutdown)
        );
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
            match self.try_act(caller, &before, action.clone(), request).await {
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
        let (after, change) = acted(before, action, now)?;
        let mut changes = AlertChanges { alerts: vec![(after.clone(), change)], ..AlertChanges::default() };
        if change == AlertChange::Resolved && before.state != AlertState::Muted {
            let conjunction = self.conjunction_of(&after).await?;
            let channels = self.channels_of(&after).await?;
            changes.deliveries = message::deliveries(&after, change, conjunction.as_ref(), &channels, now);
        }
        self.store.change_alerts(&after.tenant, &changes, request, now).await?;
        tracing::info!(alert = %after.id, ?change, by = caller.name, "alert changed");
        self.wake.notify_one();
        Ok(after)
    }

    async fn keep_evaluating(&self, shutdown: &CancellationToken) {
        let mut patience = Patience::new(Duration::from_secs(1), Duration::from_secs(60));
        while !shutdown.is_cancelled() {
            let Err(error) = self.consume(&mut patience, shutdown).await else { return };
            tracing::error!(%error, failures = patience.failures(), "rules wait");
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
        loop {
            let published = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                next = subscription.next() => next?,
            };
            if let Payload::ConjunctionsChanged { .. } = published.event.payload {
                let event = &published.event;
                let evaluated = self.evaluate_since(&event.tenant, Some(event.at));
                Trace::of_event(event).follow("notify", evaluated).await?;
            }
            subscription.acknowledge(published.position).await?;
            patience.reset();
        }
    }

    /// Escalates, un-mutes, resolves what is past, and evaluates rules that changed.
    async fn keep_watching(&self, shutdown: &CancellationToken) {
        let mut patience = Patience::new(LOOK, Duration::from_secs(60));
        let mut evaluated = self.clock.now();
        let mut swept = Timestamp::MIN;
        while !shutdown.is_cancelled() {
            let now = self.clock.now();
            let looked = async {
                self.due().await?;
                let rules = self.store.enabled_rules().await?;
                let since = evaluated.saturating_sub(COMMIT).unwrap_or(Timestamp::MIN);
                for tenant in self.changed_since(&rules, since).await? {
                    self.evaluate(&tenant).await?;
                }
                evaluated = now;
                if now.duration_since(swept) >= SWEEP {
                    self.sweep(&rules).await?;
                    swept = now;
                }
                Ok::<(), StoreError>(())
            };
            let wait = match Trace::begin().follow("notify", looked).await {
                Ok(()) => {
                    patience.reset();
                    LOOK
                }
                Err(error) => {
                    tracing::error!(%error, failures = patience.failures(), "alerts wait");
                    patience.next()
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Tenants with a rule that changed, or one that speaks of a watch list that did.
    async fn changed_since(
        &self,
        rules: &[Rule],
        since: Timestamp,
    ) -> Result<BTreeSet<TenantId>, StoreError> {
        let (mut changed, mut listed) = (BTreeSet::new(), BTreeMap::new());
        for rule in rules {
            if rule.updated >= since {
                changed.insert(rule.tenant.clone());
            } else if let Some(list) = rule.watch_list {
                listed.entry(&rule.tenant).or_insert_with(BTreeSet::new).insert(list);
            }
        }
        for (tenant, lists) in listed {
            if !changed.contains(tenant) {
                let known = self.store.watch_lists(tenant).await?;
                if known.iter().any(|list| list.updated >= since && lists.contains(&list.id)) {
                    changed.insert(tenant.clone());
                }
            }
        }
        Ok(changed)
    }

    /// Escalates the alerts that nobody acknowledged in time, and un-mutes those whose time is over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn due(&self) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        for mut alert in self.store.alerts_due(now).await? {
            let rule = self.rule_of(&alert).await?;
            alert.updated = now;
            alert.version += 1;
            let (change, channels) = if alert.state == AlertState::Muted {
                alert.muted_until = None;
                if alert.acknowledged.is_some() {
                    alert.state = AlertState::Acknowledged;
                    (AlertChange::Acknowledged, Vec::new())
                } else {
                    alert.state = AlertState::Open;
                    alert.escalate_at = rule.as_ref().and_then(|rule| escalate_at(rule, now));
                    (AlertChange::Opened, self.channels_of(&alert).await?)
                }
            } else {
                alert.escalate_at = None;
                alert.escalated = Some(now);
                (AlertChange::Escalated, rule.map(|rule| rule.escalation_channels).unwrap_or_default())
            };
            let conjunction = self.conjunction_of(&alert).await?;
            let deliveries = message::deliveries(&alert, change, conjunction.as_ref(), &channels, now);
            tracing::info!(alert = %alert.id, ?change, "alert is due");
            let tenant = alert.tenant.clone();
            let changes = AlertChanges { alerts: vec![(alert, change)], deliveries, since: None };
            match self.store.change_alerts(&tenant, &changes, None, now).await {
                Ok(()) => self.wake.notify_one(),
                // Somebody changed it in the meantime; if it is still due, the next look sees it.
                Err(StoreError::Conflict { reason }) => tracing::info!(reason, "an alert is looked at again"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn rule_of(&self, alert: &Alert) -> Result<Option<Rule>, StoreError> {
        let Subject::Conjunction { rule, .. } = &alert.subject else { return Ok(None) };
        self.store.rule(&alert.tenant, *rule).await
    }

    async fn conjunction_of(&self, alert: &Alert) -> Result<Option<Conjunction>, StoreError> {
        match &alert.subject {
            Subject::Conjunction { conjunction, .. } => {
                self.store.conjunction(&alert.tenant, *conjunction).await
            }
            _ => Ok(None),
        }
    }

    /// Whom to tell about an alert: those of its rule, those that it was escalated to, and for an alert of the platform
    /// everybody.
    async fn channels_of(&self, alert: &Alert) -> Result<Vec<Channel>, StoreError> {
        if !matches!(alert.subject, Subject::Conjunction { .. }) {
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
fn acted(before: &Alert, action: AlertAction, now: Timestamp) -> Result<(Alert, AlertChange), NotifyError> {
    let mut alert = Alert { updated: now, version: before.version + 1, ..before.clone() };
    let not_now = |asked| NotifyError::NotNow { alert: before.id, state: before.state, asked };
    let resolved = before.state == AlertState::Resolved;
    match action {
        AlertAction::Acknowledge { by } => {
            if resolved || before.acknowledged.is_some() {
                return Err(not_now("acknowledged"));
            }
            alert.acknowledged = Some((by, now));
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
            alert.escalate_at = None;
            Ok((alert, AlertChange::Muted))
        }
        AlertAction::Resolve => {
            if resolved {
                return Err(not_now("resolved"));
            }
            Ok((over(before.clone(), now), AlertChange::Resolved))
        }
    }
}

/// An alert whose subject is over.
pub(crate) fn over(mut alert: Alert, now: Timestamp) -> Alert {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
    alert.updated = now;
    alert.version += 1;
    (alert.escalate_at, alert.muted_until) = (None, None);
    alert
}

#[cfg(test)]
mod tests {
    use super::samples::at;
    use super::*;

    fn open() -> Alert {
        Alert {
            id: AlertId::at(at(0)),
            tenant: TenantId::local(),
            subject: Subject::NoScreening,
            severity: Severity::Critical,
            state: AlertState::Open,
            summary: "no screening".to_owned(),
            opened: at(0),
            updated: at(0),
            acknowledged: None,
            resolved: None,
            muted_until: None,
            escalate_at: Some(at(30)),
            escalated: None,
            told_probability: None,
            version: 0,
        }
    }

    fn acknowledge(alert: &Alert) -> Result<(Alert, AlertChange), NotifyError> {
        acted(alert, AlertAction::Acknowledge { by: "ann".to_owned() }, at(1))
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
        let (muted, _) = acted(&open(), AlertAction::Mute { until: at(60) }, at(1)).unwrap();
        assert_eq!((muted.state, muted.muted_until), (AlertState::Muted, Some(at(60))));
        assert_eq!(acknowledge(&muted).unwrap().0.state, AlertState::Muted);
        let past = acted(&open(), AlertAction::Mute { until: at(1) }, at(1));
        assert!(matches!(past, Err(NotifyError::Past { .. })));
    }

    #[test]
    fn nothing_can_be_done_about_a_resolved_alert() {
        let (resolved, change) = acted(&open(), AlertAction::Resolve, at(1)).unwrap();
        assert_eq!((resolved.resolved, change), (Some(at(1)), AlertChange::Resolved));
        for action in [
            AlertAction::Resolve,
            AlertAction::Mute { until: at(60) },
            AlertAction::Acknowledge { by: "ann".to_owned() },
        ] {
            assert!(matches!(acted(&resolved, action, at(2)), Err(NotifyError::NotNow { .. })));
        }
    }
}
