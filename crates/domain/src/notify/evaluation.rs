//! Rules held against the conjunctions of now.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::rules::Criteria;
use super::{Notifier, escalate_at, message, over};
use crate::alert::{
    Alert, AlertChange, AlertChanges, AlertRefresh, AlertState, Delivery, Rule, Severity, Subject,
};
use crate::conjunction::{Conjunction, ConjunctionCursor, ConjunctionStatus};
use crate::ids::{AlertId, ConjunctionId, TenantId};
use crate::ports::{Store, StoreError};
use crate::time;

/// Conjunctions that one rule makes alerts of at a time, the most likely collisions first: a rule without thresholds does
/// not bury what matters.
const MATCHES: usize = 1000;
/// How much more likely than was last told a collision has to be for an alert to be raised.
const GROWTH: f64 = 10.0;

/// What an evaluation comes to, as it grows.
struct Evaluation<'a> {
    store: &'a dyn Store,
    tenant: &'a TenantId,
    now: Timestamp,
    unresolved: HashMap<String, Alert>,
    changes: AlertChanges,
    refreshed: Vec<AlertRefresh>,
}

impl Notifier {
    /// Evaluates the rules that an event of a tenant concerns: those of everybody, if the tenant is `public`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn evaluate(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.evaluate_since(tenant, None).await
    }

    /// As [`Notifier::evaluate`], of conjunctions that were committed at a time.
    pub(super) async fn evaluate_since(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let rules = self.store.enabled_rules().await?;
        let mut tenants: BTreeSet<&TenantId> = rules.iter().map(|rule| &rule.tenant).collect();
        let local = TenantId::local();
        tenants.insert(&local);
        if *tenant != TenantId::public() {
            tenants.retain(|concerned| *concerned == tenant);
            tenants.insert(tenant);
        }
        for tenant in tenants {
            let own: Vec<&Rule> = rules.iter().filter(|rule| rule.tenant == *tenant).collect();
            match self.evaluate_for(tenant, &own, since).await {
                // Another process has opened one of the same alerts: look again at what there is now.
                Err(StoreError::Conflict { reason }) => {
                    tracing::info!(%tenant, reason, "rules are evaluated again");
                    self.evaluate_for(tenant, &own, since).await?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Resolves the alerts whose conjunction is past.
    pub(super) async fn sweep(&self, rules: &[Rule]) -> Result<(), StoreError> {
        let mut tenants: BTreeSet<TenantId> = rules.iter().map(|rule| rule.tenant.clone()).collect();
        tenants.insert(TenantId::local());
        for tenant in &tenants {
            self.evaluate_for(tenant, &[], None).await?;
        }
        Ok(())
    }

    #[tracing::instrument(skip_all, fields(%tenant))]
    async fn evaluate_for(
        &self,
        tenant: &TenantId,
        rules: &[&Rule],
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        let unresolved = self.store.unresolved_alerts(tenant).await?;
        let mut evaluation = Evaluation {
            store: &*self.store,
            tenant,
            now,
            unresolved: unresolved.into_iter().map(|alert| (alert.subject.key(), alert)).collect(),
            changes: AlertChanges { since, ..AlertChanges::default() },
            refreshed: Vec::new(),
        };
        let lists = if rules.is_empty() { Vec::new() } else { self.store.watch_lists(tenant).await? };
        let mut active = HashSet::new();
        for rule in rules {
            evaluation.apply(rule, &Criteria::of(rule, &lists), &mut active).await?;
        }
        evaluation.resolve(&active).await?;
        let Evaluation { changes, refreshed, .. } = evaluation;
        if !refreshed.is_empty() {
            self.store.refresh_alerts(tenant, &refreshed).await?;
        }
        if changes.alerts.is_empty() {
            return Ok(());
        }
        for (alert, change) in &changes.alerts {
            tracing::info!(alert = %alert.id, ?change, summary = alert.summary, "alert");
        }
        self.store.change_alerts(tenant, &changes, None, now).await?;
        self.wake.notify_one();
        Ok(())
    }
}

impl Evaluation<'_> {
    /// Opens and raises the alerts of a rule; adds the conjunctions that it met to `active`.
    async fn apply(
        &mut self,
        rule: &Rule,
        criteria: &Criteria<'_>,
        active: &mut HashSet<ConjunctionId>,
    ) -> Result<(), StoreError> {
        let now = self.now;
        let mut query = criteria.query(now);
        let mut matches = 0;
        loop {
            let page = self.store.conjunctions(self.tenant, &query).await?;
            for conjunction in page.rows.iter().filter(|found| criteria.meets(found, now)) {
                if matches == MATCHES {
                    tracing::warn!(rule = %rule.id, name = rule.name, MATCHES, "the rule speaks of more than are told");
                    return Ok(());
                }
                matches += 1;
                active.insert(conjunction.id);
                self.meet(rule, conjunction).await?;
            }
            let Some(last) = page.rows.last().filter(|_| page.more) else { return Ok(()) };
            query.after = Some(ConjunctionCursor { value: last.leading_probability(), id: last.id });
        }
    }

    /// A rule speaks of a conjunction.
    async fn meet(&mut self, rule: &Rule, conjunction: &Conjunction) -> Result<(), StoreError> {
        let subject = Subject::Conjunction { conjunction: conjunction.id, rule: rule.id };
        let key = subject.key();
        let (alert, change) = match self.unresolved.get(&key) {
            Some(alert) if alert.state != AlertState::Muted && is_raised(alert, rule, conjunction) => {
                let raised = Alert {
                    severity: rule.severity.max(alert.severity),
                    updated: self.now,
                    summary: message::summary(conjunction),
                    version: alert.version + 1,
                    told_probability: Some(conjunction.leading_probability()),
                    ..alert.clone()
                };
                (raised, AlertChange::Raised)
            }
            Some(alert) => {
                self.refreshed.extend(refresh(alert, conjunction));
                return Ok(());
            }
            None if self.is_settled(&key, conjunction).await? => return Ok(()),
            None => (self.open(rule, subject, conjunction), AlertChange::Opened),
        };
        let told = message::deliveries(&alert, change, Some(conjunction), &rule.channels, self.now);
        let since = self.changes.since;
        self.changes.deliveries.extend(told.into_iter().map(|delivery| Delivery { since, ..delivery }));
        self.changes.alerts.push((alert.clone(), change));
        self.unresolved.insert(key, alert);
        Ok(())
    }

    fn open(&self, rule: &Rule, subject: Subject, conjunction: &Conjunction) -> Alert {
        Alert {
            id: AlertId::at(self.now),
            tenant: self.tenant.clone(),
            subject,
            severity: rule.severity,
            state: AlertState::Open,
            summary: message::summary(conjunction),
            opened: self.now,
            updated: self.now,
            acknowledged: None,
            resolved: None,
            muted_until: None,
            escalate_at: escalate_at(rule, self.now),
            escalated: None,
            told_probability: Some(conjunction.leading_probability()),
            version: 0,
        }
    }

    /// Whether somebody has resolved the alert of this subject while its conjunction was there: they want to hear no more
    /// of it, unless it goes and comes back.
    async fn is_settled(&self, key: &str, conjunction: &Conjunction) -> Result<bool, StoreError> {
        let past = self.store.resolved_alert(self.tenant, key).await?;
        let Some(resolved) = past.and_then(|alert| alert.resolved) else { return Ok(false) };
        let history = self.store.conjunction_history(self.tenant, conjunction.id).await?;
        let then = history.iter().rev().find(|entry| entry.at <= resolved);
        Ok(then.is_some_and(|entry| entry.status == ConjunctionStatus::Active))
    }

    /// Resolves the alerts whose conjunction is cleared, past, superseded, or gone.
    async fn resolve(&mut self, active: &HashSet<ConjunctionId>) -> Result<(), StoreError> {
        let mut rules: Option<Vec<Rule>> = None;
        let mut alerts: Vec<Alert> = self.unresolved.values().cloned().collect();
        alerts.sort_by_key(|alert| alert.id);
        for alert in alerts {
            let Subject::Conjunction { conjunction: id, rule: of } = alert.subject else { continue };
            if active.contains(&id) {
                continue;
            }
            let conjunction = self.store.conjunction(self.tenant, id).await?;
            if let Some(conjunction) = conjunction.as_ref().filter(|found| is_ahead(found, self.now)) {
                self.refreshed.extend(refresh(&alert, conjunction));
                continue;
            }
            let quiet = alert.state == AlertState::Muted || alert.severity == Severity::Info;
            let alert = over(alert, self.now);
            if !quiet {
                let known = match &mut rules {
                    Some(known) => known,
                    None => rules.insert(self.store.rules(self.tenant).await?),
                };
                let channels = known.iter().find(|rule| rule.id == of).map(|rule| {
                    let escalated = alert.escalated.is_some();
                    let others = rule.escalation_channels.iter().filter(|_| escalated);
                    rule.channels.iter().chain(others).cloned().collect::<Vec<_>>()
                });
                let told = message::deliveries(
                    &alert,
                    AlertChange::Resolved,
                    conjunction.as_ref(),
                    &channels.unwrap_or_default(),
                    self.now,
                );
                self.changes.deliveries.extend(told);
            }
            self.changes.alerts.push((alert, AlertChange::Resolved));
        }
        Ok(())
    }
}

/// Whether an alert that a rule still speaks of has become more urgent than was told.
fn is_raised(alert: &Alert, rule: &Rule, conjunction: &Conjunction) -> bool {
    let probability = conjunction.leading_probability();
    let has_grown =
        alert.told_probability.is_some_and(|told| probability > told && probability >= GROWTH * told);
    rule.severity > alert.severity || has_grown
}

/// What has changed about an alert that its line does not say.
fn refresh(alert: &Alert, conjunction: &Conjunction) -> Option<AlertRefresh> {
    let (summary, probability) = (message::summary(conjunction), conjunction.leading_probability());
    let is_new = summary != alert.summary || alert.told_probability.is_none();
    is_new.then_some(AlertRefresh { alert: alert.id, summary, probability })
}

/// Whether a conjunction is still to come.
fn is_ahead(conjunction: &Conjunction, now: Timestamp) -> bool {
    conjunction.status == ConjunctionStatus::Active && conjunction.solution.tca >= now
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, conjunction, rule};
    use super::*;

    #[test]
    fn an_alert_is_raised_when_its_conjunction_is_ten_times_as_likely_as_was_told() {
        let mut found = conjunction([1, 2], at(10));
        let told = |told_probability| Alert {
            id: AlertId::at(at(0)),
            tenant: TenantId::local(),
            subject: Subject::Conjunction { conjunction: found.id, rule: rule().id },
            severity: Severity::Warning,
            state: AlertState::Open,
            summary: String::new(),
            opened: at(0),
            updated: at(0),
            acknowledged: None,
            resolved: None,
            muted_until: None,
            escalate_at: None,
            escalated: None,
            version: 0,
            told_probability,
        };
        let (known, unknown, none) = (told(Some(1e-6)), told(None), told(Some(0.0)));
        for (probability, expected) in [(9.9e-6, false), (1e-5, true), (1e-7, false)] {
            found.solution.maximum_probability = probability;
            assert_eq!(is_raised(&known, &rule(), &found), expected, "{probability}");
            assert!(!is_raised(&unknown, &rule(), &found), "nothing was told before");
        }
        assert!(is_raised(&none, &rule(), &found));
        found.solution.maximum_probability = 0.0;
        assert!(!is_raised(&none, &rule(), &found), "no more likely than before");
        let critical = Rule { severity: Severity::Critical, ..rule() };
        assert!(is_raised(&known, &critical, &found));
    }

    #[test]
    fn a_conjunction_is_ahead_until_its_tca_unless_it_is_cleared() {
        let found = conjunction([1, 2], at(10));
        assert!(is_ahead(&found, at(10)));
        assert!(!is_ahead(&found, at(11)));
        for status in [ConjunctionStatus::Cleared, ConjunctionStatus::Past, ConjunctionStatus::Superseded] {
            assert!(!is_ahead(&Conjunction { status, ..found.clone() }, at(0)));
        }
    }
}
