//! Rules held against the conjunctions of now.

use std::collections::{BTreeSet, HashMap, HashSet};

use astroshield_formats::CatalogNumber;
use jiff::Timestamp;

use super::encounter::{Encounter, MARGIN, Messages, encounters, pair};
use super::rules::Criteria;
use super::{Notifier, escalate_at, message, over};
use crate::alert::{
    Alert, AlertChange, AlertChanges, AlertRefresh, AlertState, Channel, Delivery, Rule, Severity, Subject,
    WatchList,
};
use crate::conjunction::{Conjunction, ConjunctionCursor, ConjunctionStatus, HistoryEntry, ReceivedCdm};
use crate::ids::{ConjunctionId, TenantId};
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
    /// Of the tenant; none where no rule needs them.
    lists: &'a [WatchList],
    unresolved: HashMap<String, Alert>,
    /// What messages tell of encounters to come, by pair.
    messages: HashMap<[u32; 2], Vec<Messages>>,
    /// Conjunctions that rules speak of by our own solution.
    active: HashSet<ConjunctionId>,
    /// Keys of subjects that rules speak of by messages.
    told: HashSet<String>,
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

    #[tracing::instrument(skip_all, fields(%tenant))]
    async fn evaluate_for(
        &self,
        tenant: &TenantId,
        rules: &[&Rule],
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let now = time::to_microsecond(self.clock.now());
        let unresolved = self.store.unresolved_alerts(tenant).await?;
        let lists = if rules.is_empty() { Vec::new() } else { self.store.watch_lists(tenant).await? };
        let mut evaluation = Evaluation {
            store: &*self.store,
            tenant,
            now,
            lists: &lists,
            unresolved: unresolved.into_iter().map(|alert| (alert.subject.key(), alert)).collect(),
            messages: messages_ahead(&*self.store, tenant, now).await?,
            active: HashSet::new(),
            told: HashSet::new(),
            changes: AlertChanges { since, ..AlertChanges::default() },
            refreshed: Vec::new(),
        };
        for rule in rules {
            let criteria = Criteria::of(rule, &lists);
            let met = evaluation.apply(rule, &criteria).await?;
            evaluation.apply_to_messages(rule, &criteria, &met).await?;
        }
        evaluation.resolve().await?;
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

/// What messages that a tenant sees tell of encounters to come, by pair.
async fn messages_ahead(
    store: &dyn Store,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<HashMap<[u32; 2], Vec<Messages>>, StoreError> {
    // The newest may say that it is later than those before it.
    let from = now.saturating_sub(MARGIN).unwrap_or(now);
    let mut by_pair: HashMap<[u32; 2], Vec<Messages>> = HashMap::new();
    for messages in encounters(store.cdms_from(tenant, from).await?) {
        if messages.is_ahead(now) {
            by_pair.entry(messages.pair).or_default().push(messages);
        }
    }
    Ok(by_pair)
}

/// What messages tell of a pair around a time.
fn told_of(messages: &HashMap<[u32; 2], Vec<Messages>>, pair: [u32; 2], tca: Timestamp) -> Option<&Messages> {
    messages.get(&pair)?.iter().find(|messages| messages.is_at(tca))
}

/// The conjunction that our runs found of a pair around a time.
pub(super) async fn found_at(
    store: &dyn Store,
    tenant: &TenantId,
    pair: [u32; 2],
    tca: Timestamp,
) -> Result<Option<Conjunction>, StoreError> {
    let [Some(one), Some(other)] = pair.map(CatalogNumber::new) else { return Ok(None) };
    match store.conjunctions_at(tenant, &[([one, other], tca)]).await?.pop().flatten() {
        Some(id) => store.conjunction(tenant, id).await,
        None => Ok(None),
    }
}

fn pair_of(conjunction: &Conjunction) -> [u32; 2] {
    pair(conjunction.objects.each_ref().map(|object| object.number))
}

impl Evaluation<'_> {
    fn messages_of(&self, conjunction: &Conjunction) -> Option<Messages> {
        told_of(&self.messages, pair_of(conjunction), conjunction.solution.tca).cloned()
    }

    /// Opens and raises the alerts of a rule; returns the conjunctions that it met.
    async fn apply(
        &mut self,
        rule: &Rule,
        criteria: &Criteria<'_>,
    ) -> Result<HashSet<ConjunctionId>, StoreError> {
        let now = self.now;
        let mut query = criteria.query(now);
        let mut met = HashSet::new();
        loop {
            let page = self.store.conjunctions(self.tenant, &query).await?;
            for conjunction in page.rows.iter().filter(|found| criteria.meets(found, now)) {
                if met.len() == MATCHES {
                    tracing::warn!(rule = %rule.id, name = rule.name, MATCHES, "the rule speaks of more than are told");
                    return Ok(met);
                }
                met.insert(conjunction.id);
                self.active.insert(conjunction.id);
                let mut messages = self.messages_of(conjunction);
                if let Some(messages) = &mut messages {
                    messages.newest.retain(|message| criteria.meets_message(message, now));
                }
                self.meet(rule, Some(conjunction), true, messages.as_ref()).await?;
            }
            let Some(last) = page.rows.last().filter(|_| page.more) else { return Ok(met) };
            query.after = Some(ConjunctionCursor { value: last.leading_probability(), id: last.id });
        }
    }

    /// The same of encounters that the rule does not speak of by our own solution: messages tell more of them, or only
    /// messages do.
    async fn apply_to_messages(
        &mut self,
        rule: &Rule,
        criteria: &Criteria<'_>,
        met: &HashSet<ConjunctionId>,
    ) -> Result<(), StoreError> {
        let now = self.now;
        let mut concerned: Vec<Messages> = self.messages.values().flatten().cloned().collect();
        for messages in &mut concerned {
            messages.newest.retain(|message| criteria.meets_message(message, now));
        }
        concerned.retain(|messages| !messages.newest.is_empty());
        let key = |messages: &Messages| messages.newest.first().and_then(ReceivedCdm::leading_probability);
        concerned.sort_by(|one, other| {
            let order = key(other).unwrap_or(-1.0).total_cmp(&key(one).unwrap_or(-1.0));
            order.then((one.pair, one.first_tca).cmp(&(other.pair, other.first_tca)))
        });
        if concerned.len() > MATCHES {
            tracing::warn!(rule = %rule.id, name = rule.name, MATCHES, "messages tell the rule of more than are told");
            concerned.truncate(MATCHES);
        }
        let newest = concerned.iter().filter_map(|messages| messages.newest.first());
        let pairs: Vec<_> = newest.map(|newest| (newest.objects, newest.tca)).collect();
        let found = self.store.conjunctions_at(self.tenant, &pairs).await?;
        for (messages, found) in concerned.into_iter().zip(found) {
            let conjunction = match found {
                Some(id) if met.contains(&id) => continue,
                Some(id) => self.store.conjunction(self.tenant, id).await?,
                None => None,
            };
            if conjunction.as_ref().is_none_or(|found| criteria.wants_relation(found)) {
                self.meet(rule, conjunction.as_ref(), false, Some(&messages)).await?;
            }
        }
        Ok(())
    }

    /// A rule speaks of an encounter: by our own solution if that counts, and by the messages that are given.
    async fn meet(
        &mut self,
        rule: &Rule,
        conjunction: Option<&Conjunction>,
        own_counts: bool,
        messages: Option<&Messages>,
    ) -> Result<(), StoreError> {
        let encounter = Encounter { own_counts, ..Encounter::of(conjunction, messages) }.beside(self.lists);
        let Some(subject) = self.subject(rule, conjunction, messages) else { return Ok(()) };
        let key = subject.key();
        self.told.insert(key.clone());
        let (alert, change) = match self.unresolved.get(&key) {
            Some(alert)
                if alert.state != AlertState::Muted
                    && is_raised(alert, rule, encounter)
                    && self.is_of_one_kind(alert, rule, encounter).await? =>
            {
                let raised = Alert {
                    severity: rule.severity.max(alert.severity),
                    updated: self.now,
                    summary: message::summary(encounter),
                    version: alert.version + 1,
                    told_probability: encounter.leading_probability(),
                    originator: encounter.leader().map(|message| message.originator.clone()),
                    ..alert.clone()
                };
                (raised, AlertChange::Raised)
            }
            Some(alert) => {
                self.refreshed.extend(refresh(alert, encounter));
                return Ok(());
            }
            None if self.is_settled(rule, conjunction, messages).await? => return Ok(()),
            None => (self.open(rule, subject, encounter), AlertChange::Opened),
        };
        let told = message::deliveries(&alert, change, encounter, &rule.channels, self.now);
        let since = self.changes.since;
        self.changes.deliveries.extend(told.into_iter().map(|delivery| Delivery { since, ..delivery }));
        self.changes.alerts.push((alert.clone(), change));
        self.unresolved.insert(key, alert);
        Ok(())
    }

    /// What the alert of an encounter is about. One that messages opened stays the alert of the encounter when a run finds
    /// it, too.
    fn subject(
        &self,
        rule: &Rule,
        conjunction: Option<&Conjunction>,
        messages: Option<&Messages>,
    ) -> Option<Subject> {
        let (pair, at) = match (conjunction, messages) {
            (_, Some(messages)) => (messages.pair, messages.first_tca),
            (Some(conjunction), None) => (pair_of(conjunction), conjunction.solution.tca),
            (None, None) => return None,
        };
        let is_same = |subject: &&Subject| match subject {
            Subject::Messages { objects, tca, rule: of } => {
                let near = |other: Timestamp| tca.duration_since(other).abs() <= MARGIN;
                *of == rule.id
                    && *objects == pair
                    && (near(at) || messages.is_some_and(|told| told.is_at(*tca)))
            }
            _ => false,
        };
        let opened = self.unresolved.values().map(|alert| &alert.subject).find(is_same).cloned();
        let by_conjunction =
            conjunction.map(|found| Subject::Conjunction { conjunction: found.id, rule: rule.id });
        Some(opened.or(by_conjunction).unwrap_or(Subject::Messages { objects: pair, tca: at, rule: rule.id }))
    }

    /// Whether an alert that seems raised is so by what it was told by. Our own maximum is a bound, and is held against the bound
    /// of the time at which a probability from covariances was told: that these are not known any more raises nothing.
    async fn is_of_one_kind(
        &self,
        alert: &Alert,
        rule: &Rule,
        encounter: Encounter<'_>,
    ) -> Result<bool, StoreError> {
        let bound = encounter.conjunction.filter(|found| found.solution.probability.is_none());
        let bound = bound.filter(|_| encounter.leader().is_none());
        let (Some(bound), Some(told)) = (bound, alert.told_probability) else { return Ok(true) };
        if rule.severity > alert.severity {
            return Ok(true);
        }
        let history = self.store.conjunction_history(self.tenant, bound.id).await?;
        Ok(is_bound_raised(&history, told, bound.solution.maximum_probability))
    }

    fn open(&self, rule: &Rule, subject: Subject, encounter: Encounter<'_>) -> Alert {
        let summary = message::summary(encounter);
        Alert {
            escalate_at: escalate_at(rule, self.now),
            told_probability: encounter.leading_probability(),
            originator: encounter.leader().map(|message| message.originator.clone()),
            ..Alert::open(self.tenant, subject, rule.severity, summary, self.now)
        }
    }

    /// Whether somebody has resolved the alert of this encounter while it was there: they want to hear no more of it, unless
    /// it goes and comes back.
    async fn is_settled(
        &self,
        rule: &Rule,
        conjunction: Option<&Conjunction>,
        messages: Option<&Messages>,
    ) -> Result<bool, StoreError> {
        if let Some(told) = messages {
            let (objects, tca) = (told.pair, told.first_tca);
            let key = Subject::Messages { objects, tca, rule: rule.id }.key();
            let past = self.store.resolved_alert(self.tenant, &key).await?;
            if past.is_some_and(|alert| alert.resolved_by.is_some()) {
                return Ok(true);
            }
        }
        let Some(conjunction) = conjunction else { return Ok(false) };
        let key = Subject::Conjunction { conjunction: conjunction.id, rule: rule.id }.key();
        let past = self.store.resolved_alert(self.tenant, &key).await?;
        let Some((resolved, by)) = past.and_then(|alert| Some((alert.resolved?, alert.resolved_by))) else {
            return Ok(false);
        };
        if by.is_some() && messages.is_some_and(|told| told.arrived <= resolved) {
            return Ok(true);
        }
        let history = self.store.conjunction_history(self.tenant, conjunction.id).await?;
        let then = history.iter().rev().find(|entry| entry.at <= resolved);
        Ok(then.is_some_and(|entry| entry.status == ConjunctionStatus::Active))
    }

    /// Resolves the alerts whose encounter is cleared, past, superseded, or gone.
    async fn resolve(&mut self) -> Result<(), StoreError> {
        let mut watching: Option<(Vec<Rule>, Vec<WatchList>)> = None;
        let mut alerts: Vec<Alert> = self.unresolved.values().cloned().collect();
        alerts.sort_by_key(|alert| alert.id);
        for alert in alerts {
            let Some(of) = alert.subject.rule().filter(|_| !self.told.contains(&alert.subject.key())) else {
                continue;
            };
            let conjunction = match &alert.subject {
                Subject::Conjunction { conjunction, .. } if self.active.contains(conjunction) => continue,
                Subject::Conjunction { conjunction, .. } => {
                    self.store.conjunction(self.tenant, *conjunction).await?
                }
                Subject::Messages { objects, tca, .. } => {
                    found_at(self.store, self.tenant, *objects, *tca).await?
                }
                _ => None,
            };
            let messages = match (&alert.subject, &conjunction) {
                (Subject::Messages { objects, tca, .. }, _) => {
                    told_of(&self.messages, *objects, *tca).cloned()
                }
                (_, Some(conjunction)) => self.messages_of(conjunction),
                _ => None,
            };
            let encounter = Encounter::of(conjunction.as_ref(), messages.as_ref());
            let by_messages = matches!(alert.subject, Subject::Messages { .. }) && messages.is_some();
            if by_messages || conjunction.as_ref().is_some_and(|found| is_ahead(found, self.now)) {
                self.refreshed.extend(refresh(&alert, encounter));
                continue;
            }
            let quiet = alert.state == AlertState::Muted || alert.severity == Severity::Info;
            if watching.is_none() && (messages.is_some() || !quiet) {
                let rules = self.store.rules(self.tenant).await?;
                watching = Some((rules, self.store.watch_lists(self.tenant).await?));
            }
            let rule = watching.iter().flat_map(|(rules, _)| rules).find(|rule| rule.id == of);
            if let (Some(messages), Some(rule), Some((_, lists))) = (&messages, rule, &watching) {
                // Our runs find it no longer, but the rule speaks of it by what a message says.
                let criteria = Criteria::of(rule, lists);
                if messages.newest.iter().any(|message| criteria.meets_message(message, self.now)) {
                    self.refreshed.extend(refresh(&alert, encounter));
                    continue;
                }
            }
            let encounter = encounter.beside(watching.as_ref().map_or(&[], |(_, lists)| lists));
            let alert = over(alert, self.now);
            if let Some(rule) = rule.filter(|_| !quiet) {
                let escalated = rule.escalation_channels.iter().filter(|_| alert.escalated.is_some());
                let channels: Vec<Channel> = rule.channels.iter().chain(escalated).cloned().collect();
                let resolved = AlertChange::Resolved;
                let told = message::deliveries(&alert, resolved, encounter, &channels, self.now);
                self.changes.deliveries.extend(told);
            }
            self.changes.alerts.push((alert, AlertChange::Resolved));
        }
        Ok(())
    }
}

/// Whether an alert that a rule still speaks of has become more urgent than was told.
fn is_raised(alert: &Alert, rule: &Rule, encounter: Encounter<'_>) -> bool {
    let (told, probability) = (alert.told_probability, encounter.leading_probability());
    let is_first = told.is_none() && told_by_message(alert) && probability.is_some();
    let has_grown = told.zip(probability).is_some_and(|(told, probability)| has_grown(told, probability));
    rule.severity > alert.severity || is_first || has_grown
}

fn has_grown(told: f64, probability: f64) -> bool {
    probability > told && probability >= GROWTH * told
}

/// Whether a bound has grown since a run gave what was told, if that was a probability from covariances.
fn is_bound_raised(history: &[HistoryEntry], told: f64, bound: f64) -> bool {
    let gave_it = |entry: &&HistoryEntry| entry.solution.probability == Some(told);
    let then = history.iter().rev().find(gave_it);
    then.is_none_or(|entry| has_grown(entry.solution.maximum_probability, bound))
}

/// Whether what was told is a message's. Only then can it be that it had no probability: of an alert without one that is not
/// of a message, it was not kept what was told.
fn told_by_message(alert: &Alert) -> bool {
    alert.originator.is_some()
}

/// What has changed about an alert that its line does not say.
fn refresh(alert: &Alert, encounter: Encounter<'_>) -> Option<AlertRefresh> {
    let (summary, probability) = (message::summary(encounter), encounter.leading_probability());
    // Where a message without one was told, the first probability is told, too, once the rule speaks of it.
    let probability = probability.filter(|_| alert.told_probability.is_none() && !told_by_message(alert));
    let is_new = summary != alert.summary || probability.is_some();
    let originator = encounter.leader().map(|message| message.originator.clone());
    is_new.then_some(AlertRefresh { alert: alert.id, summary, originator, probability })
}

/// Whether a conjunction is still to come.
fn is_ahead(conjunction: &Conjunction, now: Timestamp) -> bool {
    conjunction.is_active() && conjunction.solution.tca >= now
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, conjunction, rule};
    use super::*;
    use crate::catalog::Grade;
    use crate::conjunction::Solution;

    fn own(found: &Conjunction) -> Encounter<'_> {
        Encounter::of(Some(found), None)
    }

    #[test]
    fn an_alert_is_raised_when_its_conjunction_is_ten_times_as_likely_as_was_told() {
        let mut found = conjunction([1, 2], at(10));
        let subject = Subject::Conjunction { conjunction: found.id, rule: rule().id };
        let opened = Alert::open(&TenantId::local(), subject, Severity::Warning, String::new(), at(0));
        let told = |told_probability| Alert { told_probability, ..opened.clone() };
        let (known, unknown, none) = (told(Some(1e-6)), told(None), told(Some(0.0)));
        for (probability, expected) in [(9.9e-6, false), (1e-5, true), (1e-7, false)] {
            found.solution.maximum_probability = probability;
            assert_eq!(is_raised(&known, &rule(), own(&found)), expected, "{probability}");
            assert!(!is_raised(&unknown, &rule(), own(&found)), "nothing was told before");
        }
        let of_message = Alert { originator: Some("A".to_owned()), ..unknown };
        assert!(is_raised(&of_message, &rule(), own(&found)), "a message without one was told before");
        assert!(is_raised(&none, &rule(), own(&found)));
        found.solution.maximum_probability = 0.0;
        assert!(!is_raised(&none, &rule(), own(&found)), "no more likely than before");
        let critical = Rule { severity: Severity::Critical, ..rule() };
        assert!(is_raised(&known, &critical, own(&found)));
    }

    #[test]
    fn a_bound_is_not_raised_where_the_covariances_of_what_was_told_are_not_known_any_more() {
        let found = conjunction([1, 2], at(10));
        let entry = |probability, maximum_probability| HistoryEntry {
            run: found.run,
            at: at(0),
            status: ConjunctionStatus::Active,
            solution: Solution { probability, maximum_probability, ..found.solution.clone() },
            epochs: [None, None],
            grades: [Grade::Ephemeris; 2],
        };
        let history = [entry(None, 1e-6), entry(Some(1e-7), 1e-4), entry(None, 1e-4)];
        assert!(!is_bound_raised(&history, 1e-7, 1e-4), "as large as it was then");
        assert!(is_bound_raised(&history, 1e-7, 1e-3));
        assert!(is_bound_raised(&history, 1e-6, 1e-4), "a bound was told");
        assert!(is_bound_raised(&[], 1e-7, 1e-4), "a message was told");
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
