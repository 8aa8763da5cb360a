//! What time brings: escalations, the end of muting, conjunctions that are past, and rules and watch lists that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Encounter, Notifier, escalate_at, message};
use crate::alert::{AlertChange, AlertChanges, AlertState, Rule};
use crate::ids::TenantId;
use crate::patience::{self, Patience};
use crate::ports::StoreError;
use crate::time;
use crate::trace::Trace;

/// How often to look for alerts that are due and rules that changed.
const LOOK: Duration = Duration::from_secs(5);
/// How often to look at everything that time brings.
const SWEEP: SignedDuration = SignedDuration::from_secs(60);

/// Rules and watch lists as they were when they were last evaluated, by tenant: which, and of when.
#[derive(Debug, Default)]
pub struct Evaluated(BTreeMap<TenantId, BTreeSet<(Uuid, Timestamp)>>);

impl Notifier {
    /// Escalates, un-mutes, resolves what is past, and evaluates rules that changed.
    pub(super) async fn keep_watching(&self, shutdown: &CancellationToken) {
        let mut patience = Patience::new(LOOK, patience::LONGEST);
        let mut evaluated = Evaluated::default();
        let mut swept = Timestamp::MIN;
        while !shutdown.is_cancelled() {
            let now = self.clock.now();
            let looked = async {
                self.due().await?;
                let rules = self.store.enabled_rules().await?;
                self.evaluate_where_changed(&rules, &mut evaluated).await?;
                if now.duration_since(swept).abs() >= SWEEP {
                    // A time comes nearer, too: what is past is resolved, and what is within a rule's hours by now is told.
                    self.evaluate(&TenantId::public()).await?;
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
                    tracing::error!(
                        error = crate::describe(&error),
                        failures = patience.failures(),
                        "alerts wait"
                    );
                    patience.next()
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Evaluates the rules of tenants whose rules or watch lists are others than those that were evaluated last.
    ///
    /// # Errors
    /// When the store fails. What was not evaluated is at the next call.
    pub async fn evaluate_changed(&self, evaluated: &mut Evaluated) -> Result<(), StoreError> {
        let rules = self.store.enabled_rules().await?;
        self.evaluate_where_changed(&rules, evaluated).await
    }

    /// What is there is compared, and not when it says that it changed with the time: a change may be committed long after
    /// the time that it bears, and by a clock that is behind.
    async fn evaluate_where_changed(
        &self,
        rules: &[Rule],
        evaluated: &mut Evaluated,
    ) -> Result<(), StoreError> {
        let mut known: BTreeMap<TenantId, BTreeSet<(Uuid, Timestamp)>> = BTreeMap::new();
        for rule in rules {
            known.entry(rule.tenant.clone()).or_default().insert((rule.id.0, rule.updated));
        }
        for (tenant, versions) in &mut known {
            // Of every list: its thresholds count for rules without a list, too.
            let lists = self.store.watch_lists(tenant).await?;
            versions.extend(lists.iter().map(|list| (list.id.0, list.updated)));
        }
        for (tenant, versions) in known {
            if evaluated.0.get(&tenant) != Some(&versions) {
                self.evaluate(&tenant).await?;
                evaluated.0.insert(tenant, versions);
            }
        }
        Ok(())
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
                (alert.muted_until, alert.muted_by) = (None, None);
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
            let (conjunction, messages) = self.encounter_of(&alert).await?;
            let lists = self.store.watch_lists(&alert.tenant).await?;
            let encounter = Encounter::of(conjunction.as_ref(), messages.as_ref()).beside(&lists);
            let deliveries = message::deliveries(&alert, change, encounter, &channels, now);
            tracing::info!(alert = %alert.id, ?change, "alert is due");
            let tenant = alert.tenant.clone();
            let alerts = vec![(alert, change)];
            let changes = AlertChanges { alerts, deliveries, ..AlertChanges::default() };
            match self.store.change_alerts(&tenant, &changes, None, now).await {
                Ok(()) => self.wake.notify_one(),
                // Somebody changed it in the meantime; if it is still due, the next look sees it.
                Err(StoreError::Conflict { reason }) => tracing::info!(reason, "an alert is looked at again"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
