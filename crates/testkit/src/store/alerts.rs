use std::collections::BTreeSet;

use astroshield_domain::access::AuditQuery;
use astroshield_domain::alert::{
    Alert, AlertChange, AlertChanges, AlertQuery, AlertRefresh, AlertState, Channel, DELIVERIES_PER_CHANNEL,
    Delivery, DeliveryState, Severity, Subject,
};
use astroshield_domain::event::{Consumed, Payload};
use astroshield_domain::ids::{DeliveryId, EventId, RuleId, TenantId};
use astroshield_domain::ports::{Store, StoreError};
use jiff::Timestamp;

use super::{assert_conflict, assert_not_found, new_events, new_payloads};
use crate::entities::{alert, at, audit_entry, conclusion, conjunction, delivery, number, run, tenant};

async fn change(store: &dyn Store, alert: &Alert, change: AlertChange) -> Result<(), StoreError> {
    let changes = AlertChanges { alerts: vec![(alert.clone(), change)], ..AlertChanges::default() };
    store.change_alerts(&alert.tenant, &changes, None, alert.updated).await
}

/// What an alert says follows its conjunction as long as it is not resolved; whatever else happened to it stays.
pub async fn the_line_of_an_alert_follows_until_it_is_resolved(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let mut open = alert(&own, "a", at(0));
    open.acknowledged = Some(("somebody".to_owned(), at(1)));
    let told = Alert { told_probability: Some(1e-6), ..alert(&own, "b", at(0)) };
    let resolved = Alert { state: AlertState::Resolved, ..alert(&own, "c", at(0)) };
    for alert in [&open, &told, &resolved] {
        change(store, alert, AlertChange::Opened).await.unwrap();
    }
    new_events(store).await;
    let refresh = |alert: &Alert| AlertRefresh {
        alert: alert.id,
        summary: "closer".to_owned(),
        originator: Some("TEST".to_owned()),
        probability: Some(1e-4),
    };
    let all = [&open, &told, &resolved].map(refresh);
    store.refresh_alerts(&other, &all).await.unwrap();
    assert_eq!(store.alert(&own, open.id).await.unwrap().as_ref(), Some(&open), "another tenant's");
    store.refresh_alerts(&own, &all).await.unwrap();
    let refreshed = |alert: &Alert, told| {
        let (summary, originator) = ("closer".to_owned(), Some("TEST".to_owned()));
        Some(Alert { summary, originator, told_probability: Some(told), ..alert.clone() })
    };
    assert_eq!(store.alert(&own, open.id).await.unwrap(), refreshed(&open, 1e-4));
    assert_eq!(store.alert(&own, told.id).await.unwrap(), refreshed(&told, 1e-6));
    assert_eq!(store.alert(&own, resolved.id).await.unwrap(), Some(resolved));
    assert_eq!(new_events(store).await, []);
}

/// An alert is stored with its messages and an event for each change.
pub async fn alerts_are_stored_with_messages_and_events(store: &dyn Store) {
    let own = tenant("own");
    let mut first = alert(&own, "a", at(0));
    first.acknowledged = Some(("somebody".to_owned(), at(1)));
    (first.muted_until, first.resolved, first.escalated) = (Some(at(2)), Some(at(3)), Some(at(4)));
    (first.resolved_by, first.muted_by) = (Some("ann".to_owned()), Some("bob".to_owned()));
    first.originator = Some("TEST".to_owned());
    first.severity = Severity::Critical;
    let second = alert(&own, "b", at(10));
    let (to_first, to_second) = (delivery(&first), delivery(&second));
    let changes = AlertChanges {
        alerts: vec![(first.clone(), AlertChange::Acknowledged), (second.clone(), AlertChange::Opened)],
        deliveries: vec![to_first.clone(), to_second.clone()],
        since: Some(at(15)),
        audit: vec![audit_entry(&own, "alert.acknowledge"), audit_entry(&own, "alert.resolve")],
    };
    let consumed = Consumed { consumer: "notify", event: EventId::at(at(0)) };
    store.change_alerts(&own, &changes, Some(consumed), at(20)).await.unwrap();
    assert_eq!(store.alert(&own, first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.deliveries_of(&own, first.id).await.unwrap(), [to_first]);
    assert_eq!(store.deliveries_of(&own, second.id).await.unwrap(), [to_second]);
    let mut acts = changes.audit.clone();
    acts.reverse();
    assert_eq!(
        store.audit(&own, &AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap().rows,
        acts
    );
    let events = new_events(store).await;
    let told = |alert: &Alert, change| Payload::AlertChanged { alert: alert.id, change, since: Some(at(15)) };
    assert_eq!(events[0].payload, told(&first, AlertChange::Acknowledged));
    assert_eq!(events[1].payload, told(&second, AlertChange::Opened));
    assert!(events.iter().all(|event| event.causes == [consumed.event] && event.at == at(20)));
    let all = AlertQuery { limit: 10, ..AlertQuery::default() };
    assert_eq!(store.alerts(&own, &all).await.unwrap().rows, [second, first]);
}

/// At most one alert of a subject is unresolved; after it is resolved there may be another.
pub async fn one_alert_of_a_subject_is_unresolved(store: &dyn Store) {
    let own = tenant("own");
    let mut first = alert(&own, "a", at(0));
    change(store, &first, AlertChange::Opened).await.unwrap();
    for state in [AlertState::Acknowledged, AlertState::Muted, AlertState::Open] {
        (first.state, first.version) = (state, first.version + 1);
        change(store, &first, AlertChange::Acknowledged).await.unwrap();
        let second = alert(&own, "a", at(10));
        assert_conflict(&change(store, &second, AlertChange::Opened).await);
        assert_eq!(store.alert(&own, second.id).await.unwrap(), None);
        assert_eq!(store.unresolved_alerts(&own).await.unwrap(), [first.clone()]);
    }
    change(store, &alert(&own, "b", at(5)), AlertChange::Opened).await.unwrap();
    change(store, &alert(&tenant("other"), "a", at(5)), AlertChange::Opened).await.unwrap();
    assert_eq!(new_payloads(store).await.len(), 6);

    // In one go, whatever the order.
    let next = alert(&own, "a", at(20));
    (first.state, first.resolved, first.version) = (AlertState::Resolved, Some(at(20)), first.version + 1);
    let changes = AlertChanges {
        alerts: vec![(next.clone(), AlertChange::Opened), (first.clone(), AlertChange::Resolved)],
        deliveries: vec![],
        ..AlertChanges::default()
    };
    store.change_alerts(&own, &changes, None, at(20)).await.unwrap();
    let unresolved = store.unresolved_alerts(&own).await.unwrap();
    assert_eq!(unresolved.len(), 2);
    assert!(unresolved.contains(&next) && !unresolved.contains(&first));
}

/// The last resolved alert of a subject is found by the subject, however many others there are.
pub async fn the_last_resolved_alert_of_a_subject_is_found(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let resolved = |tenant: &TenantId, feed: &str, opened: i64| {
        let one = alert(tenant, feed, at(opened));
        Alert { state: AlertState::Resolved, resolved: Some(at(opened + 1)), ..one }
    };
    let key = alert(&own, "a", at(0)).subject.key();
    assert_eq!(store.resolved_alert(&own, &key).await.unwrap(), None);
    let last = resolved(&own, "a", 20);
    for one in [&resolved(&own, "a", 10), &last, &resolved(&own, "b", 30), &resolved(&other, "a", 40)] {
        change(store, one, AlertChange::Resolved).await.unwrap();
    }
    change(store, &alert(&own, "a", at(50)), AlertChange::Opened).await.unwrap();
    assert_eq!(store.resolved_alert(&own, &key).await.unwrap(), Some(last));
    assert_eq!(store.resolved_alert(&TenantId::public(), &key).await.unwrap(), None);
}

/// Of many that open an alert of the same subject at once, one does.
pub async fn alerts_opened_at_once_become_one(store: &dyn Store) {
    let own = tenant("own");
    let open = async |place: i64| change(store, &alert(&own, "a", at(place)), AlertChange::Opened).await;
    let results = tokio::join!(open(0), open(1), open(2), open(3), open(4), open(5));
    let results: [_; 6] = results.into();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(store.unresolved_alerts(&own).await.unwrap().len(), 1);
    assert_eq!(new_payloads(store).await.len(), 1);
}

/// An alert is changed by whoever read it last: nobody writes over a change that they have not seen.
pub async fn a_change_of_an_alert_is_not_written_over(store: &dyn Store) {
    let own = tenant("own");
    let opened = alert(&own, "a", at(0));
    change(store, &opened, AlertChange::Opened).await.unwrap();
    let acknowledge = async |by: i64| {
        let acknowledged = Some((format!("{by}"), at(by)));
        let seen = Alert { acknowledged, state: AlertState::Acknowledged, version: 1, ..opened.clone() };
        change(store, &seen, AlertChange::Acknowledged).await.map(|()| seen)
    };
    let escalate = async || {
        let escalated = Alert { escalated: Some(at(30)), version: 1, ..opened.clone() };
        change(store, &escalated, AlertChange::Escalated).await.map(|()| escalated)
    };
    let (a, b, c) = tokio::join!(acknowledge(1), escalate(), acknowledge(2));
    let results = [a, b, c];
    let mut done = results.iter().filter_map(|result| result.as_ref().ok());
    let first = done.next().unwrap();
    assert!(done.next().is_none(), "{results:?}");
    for refused in results.iter().filter(|result| result.is_err()) {
        assert_conflict(refused);
    }
    assert_eq!(store.alert(&own, opened.id).await.unwrap().as_ref(), Some(first));
    assert_eq!(new_payloads(store).await.len(), 2);
}

/// An event that a consumer has dealt with is refused, with all that would come of it.
pub async fn an_event_is_consumed_once(store: &dyn Store) {
    let own = tenant("own");
    let consumed = Consumed { consumer: "notify", event: EventId::at(at(0)) };
    store.change_alerts(&own, &AlertChanges::default(), Some(consumed), at(0)).await.unwrap();
    let opened = alert(&own, "a", at(0));
    let changes = AlertChanges {
        alerts: vec![(opened.clone(), AlertChange::Opened)],
        deliveries: vec![delivery(&opened)],
        ..AlertChanges::default()
    };
    let again = store.change_alerts(&own, &changes, Some(consumed), at(0)).await;
    assert!(
        matches!(again, Err(StoreError::AlreadyConsumed { consumer: "notify", event }) if event == consumed.event),
        "{again:?}"
    );
    assert_eq!(store.alert(&own, opened.id).await.unwrap(), None);
    assert_eq!(new_payloads(store).await, []);
    let by_another = Consumed { consumer: "other", ..consumed };
    store.change_alerts(&own, &changes, Some(by_another), at(0)).await.unwrap();

    // What fails has not been consumed.
    assert!(store.was_consumed(by_another).await.unwrap());
    let never = Consumed { consumer: "third", ..consumed };
    assert!(!store.was_consumed(never).await.unwrap());
    let next = Consumed { consumer: "notify", event: EventId::at(at(1)) };
    assert_conflict(&store.change_alerts(&own, &changes, Some(next), at(0)).await);
    store.change_alerts(&own, &AlertChanges::default(), Some(next), at(0)).await.unwrap();
}

/// Alerts are filtered, and come newest first.
pub async fn alerts_are_filtered_and_paged(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let run = run(&public, at(0));
    let found = conjunction(&run, [5, 7], at(5_000));
    store.begin_run(&run, &[]).await.unwrap();
    store.conclude_run(&public, &conclusion(&run), std::slice::from_ref(&found)).await.unwrap();
    let mut all = Vec::new();
    for place in 0..9 {
        let mut one = alert(if place % 4 == 3 { &public } else { &own }, &format!("feed-{place}"), at(place));
        one.severity =
            [Severity::Info, Severity::Warning, Severity::Critical][usize::try_from(place % 3).unwrap()];
        if place == 4 {
            one.subject = Subject::Conjunction { conjunction: found.id, rule: RuleId::at(at(0)) };
        }
        if place % 2 == 0 {
            (one.state, one.resolved) = (AlertState::Resolved, Some(at(100)));
        }
        change(store, &one, AlertChange::Opened).await.unwrap();
        all.insert(0, one);
    }
    let found_by = async |query: AlertQuery| -> Vec<Timestamp> {
        let page = store.alerts(&own, &AlertQuery { limit: 100, ..query }).await.unwrap();
        page.rows.iter().map(|one| one.opened).collect()
    };
    let of = |places: &[i64]| places.iter().map(|place| at(*place)).collect::<Vec<_>>();
    assert_eq!(found_by(AlertQuery::default()).await, of(&[8, 7, 6, 5, 4, 3, 2, 1, 0]));
    let open = AlertQuery { state: Some(AlertState::Open), ..AlertQuery::default() };
    assert_eq!(found_by(open).await, of(&[7, 5, 3, 1]));
    let urgent = AlertQuery { min_severity: Some(Severity::Warning), ..AlertQuery::default() };
    assert_eq!(found_by(urgent).await, of(&[8, 7, 5, 4, 2, 1]));
    for (object, expected) in [(5, of(&[4])), (7, of(&[4])), (9, of(&[]))] {
        let query = AlertQuery { object: Some(number(object)), ..AlertQuery::default() };
        assert_eq!(found_by(query).await, expected);
    }
    let first = store.alerts(&own, &AlertQuery { limit: 4, ..AlertQuery::default() }).await.unwrap();
    assert_eq!((first.rows.as_slice(), first.more), (&all[..4], true));
    let next = AlertQuery { limit: 5, before: Some(all[3].id), ..AlertQuery::default() };
    let second = store.alerts(&own, &next).await.unwrap();
    assert_eq!((second.rows.as_slice(), second.more), (&all[4..], false));
}

/// Alerts that nobody acknowledged in time, and those whose muting is over, of every tenant.
pub async fn alerts_fall_due(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let mut to_escalate = alert(&own, "a", at(0));
    to_escalate.escalate_at = Some(at(100));
    let mut muted = alert(&other, "b", at(1));
    (muted.state, muted.muted_until) = (AlertState::Muted, Some(at(200)));
    muted.escalate_at = Some(at(50));
    let mut acknowledged = alert(&own, "c", at(2));
    (acknowledged.state, acknowledged.escalate_at) = (AlertState::Acknowledged, Some(at(50)));
    let mut escalated = alert(&own, "d", at(3));
    (escalated.escalate_at, escalated.escalated) = (Some(at(50)), Some(at(60)));
    let mut never = alert(&own, "e", at(4));
    never.escalate_at = None;
    for one in [&to_escalate, &muted, &acknowledged, &escalated, &never] {
        change(store, one, AlertChange::Opened).await.unwrap();
    }
    assert_eq!(store.alerts_due(at(99)).await.unwrap(), []);
    assert_eq!(store.alerts_due(at(100)).await.unwrap(), [to_escalate.clone()]);
    assert_eq!(store.alerts_due(at(200)).await.unwrap(), [to_escalate.clone(), muted.clone()]);
    (escalated.escalate_at, escalated.version) = (Some(at(150)), 1);
    change(store, &escalated, AlertChange::Escalated).await.unwrap();
    assert_eq!(store.alerts_due(at(200)).await.unwrap(), [to_escalate, muted, escalated]);
}

/// Stores messages that are due every second from a time on.
async fn deliveries(store: &dyn Store, tenant: &TenantId, count: i64) -> Vec<Delivery> {
    let about = alert(tenant, "a", at(0));
    let deliveries: Vec<Delivery> = (0..count)
        .map(|place| Delivery {
            id: DeliveryId::at(at(place)),
            channel: Channel::Email { address: format!("operator-{place}@example.org") },
            next_attempt: at(place),
            ..delivery(&about)
        })
        .collect();
    let changes = AlertChanges {
        alerts: vec![(about, AlertChange::Opened)],
        deliveries: deliveries.clone(),
        ..AlertChanges::default()
    };
    store.change_alerts(tenant, &changes, None, at(0)).await.unwrap();
    deliveries
}

/// What was given up is counted, of one tenant.
pub async fn what_was_given_up_is_counted(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let all = deliveries(store, &own, 3).await;
    assert_eq!(store.given_up(&own).await.unwrap(), 0);
    store.put_delivery(all[0].id, DeliveryState::Failed, at(1), Some("410 Gone")).await.unwrap();
    store.put_delivery(all[1].id, DeliveryState::Failed, at(1), None).await.unwrap();
    store.put_delivery(all[2].id, DeliveryState::Delivered, at(1), None).await.unwrap();
    assert_eq!(store.given_up(&own).await.unwrap(), 2);
    assert_eq!(store.given_up(&other).await.unwrap(), 0);
}

/// What only messages tell of is found by its objects, and by no others.
pub async fn alerts_about_messages_are_found_by_object(store: &dyn Store) {
    let own = tenant("own");
    let about = Subject::Messages { objects: [5, 17], tca: at(100), rule: RuleId::at(at(0)) };
    let told = Alert { subject: about, ..alert(&own, "a", at(0)) };
    change(store, &told, AlertChange::Opened).await.unwrap();
    for (object, expected) in [(5, 1), (17, 1), (7, 0), (1, 0), (51, 0)] {
        let query = AlertQuery { object: Some(number(object)), limit: 10, ..AlertQuery::default() };
        assert_eq!(store.alerts(&own, &query).await.unwrap().rows.len(), expected, "{object}");
    }
}

/// What was taken belongs to whoever took it, for a time.
pub async fn deliveries_are_taken_for_a_time(store: &dyn Store) {
    let own = tenant("own");
    let all = deliveries(store, &own, 5).await;
    assert_eq!(store.take_deliveries(at(2), at(60), 2).await.unwrap(), all[..2]);
    assert_eq!(store.take_deliveries(at(2), at(60), 10).await.unwrap(), all[2..3]);
    assert_eq!(store.take_deliveries(at(2), at(60), 10).await.unwrap(), []);
    store.put_delivery(all[0].id, DeliveryState::Delivered, at(3), None).await.unwrap();
    store.put_delivery(all[1].id, DeliveryState::Due, at(30), Some("HTTP 500")).await.unwrap();
    assert_eq!(store.take_deliveries(at(29), at(90), 10).await.unwrap(), all[3..]);
    let retried = Delivery {
        attempts: 1,
        next_attempt: at(30),
        problem: Some("HTTP 500".to_owned()),
        ..all[1].clone()
    };
    assert_eq!(store.take_deliveries(at(30), at(90), 10).await.unwrap(), [retried]);
    // Whoever took the third is gone.
    assert_eq!(store.take_deliveries(at(60), at(90), 10).await.unwrap(), all[2..3]);
    store.put_delivery(all[2].id, DeliveryState::Failed, at(60), Some("given up")).await.unwrap();
    assert_eq!(store.take_deliveries(at(89), at(200), 10).await.unwrap(), []);
    let stored = store.deliveries_of(&own, all[0].alert).await.unwrap();
    let states: Vec<_> = stored.iter().map(|one| (one.state, one.attempts)).collect();
    assert_eq!(
        states,
        [
            (DeliveryState::Delivered, 1),
            (DeliveryState::Due, 1),
            (DeliveryState::Failed, 1),
            (DeliveryState::Due, 0),
            (DeliveryState::Due, 0)
        ]
    );
    assert_not_found(&store.put_delivery(DeliveryId::at(at(0)), DeliveryState::Delivered, at(0), None).await);
    assert_not_found(&store.put_delivery(all[0].id, DeliveryState::Due, at(0), None).await);
}

/// Several that take at once take different ones, and all of them.
pub async fn deliveries_taken_at_once_are_taken_once(store: &dyn Store) {
    let own = tenant("own");
    let all = deliveries(store, &own, 60).await;
    let take = async || {
        let mut taken = Vec::new();
        loop {
            let some = store.take_deliveries(at(1_000), at(2_000), 7).await.unwrap();
            if some.is_empty() {
                return taken;
            }
            taken.extend(some.into_iter().map(|one| one.id));
        }
    };
    let (a, b, c, d) = tokio::join!(take(), take(), take(), take());
    let taken: Vec<DeliveryId> = [a, b, c, d].concat();
    assert_eq!(taken.len(), all.len());
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), all.len());
}

/// Channels take turns, and a channel has only so many messages on their way: one that hangs holds no other up.
pub async fn one_channel_does_not_keep_the_others_waiting(store: &dyn Store) {
    let own = tenant("own");
    let about = alert(&own, "a", at(0));
    let to = |address: &str, place: i64| Delivery {
        id: DeliveryId::at(at(place)),
        channel: Channel::Email { address: address.to_owned() },
        next_attempt: at(place),
        ..delivery(&about)
    };
    let limit = usize::try_from(DELIVERIES_PER_CHANNEL).unwrap();
    let mut deliveries: Vec<Delivery> = (0..40).map(|place| to("hangs@example.org", place)).collect();
    deliveries.extend((40..43).map(|place| to("fine@example.org", place)));
    let changes = AlertChanges {
        alerts: vec![(about.clone(), AlertChange::Opened)],
        deliveries: deliveries.clone(),
        ..AlertChanges::default()
    };
    store.change_alerts(&own, &changes, None, at(0)).await.unwrap();
    let first = store.take_deliveries(at(50), at(100), 4).await.unwrap();
    assert_eq!(first, [&deliveries[..2], &deliveries[40..42]].concat(), "in turns");
    let rest = store.take_deliveries(at(50), at(100), 100).await.unwrap();
    assert_eq!(rest, [&deliveries[2..limit], &deliveries[42..]].concat(), "no more of one channel");
    assert_eq!(store.take_deliveries(at(50), at(100), 100).await.unwrap(), []);
    store.put_delivery(deliveries[0].id, DeliveryState::Delivered, at(50), None).await.unwrap();
    assert_eq!(store.take_deliveries(at(50), at(100), 100).await.unwrap(), deliveries[limit..=limit]);
}

/// Changes of another tenant's alerts or messages are refused whole.
pub async fn changes_of_alerts_that_fail_leave_nothing(store: &dyn Store) {
    let own = tenant("own");
    let fine = alert(&own, "a", at(0));
    let of_other = alert(&tenant("other"), "a", at(0));
    let unknown = delivery(&alert(&own, "b", at(0)));
    let changes = [
        (vec![&fine, &of_other], vec![]),
        (vec![&fine], vec![delivery(&of_other)]),
        (vec![&fine], vec![unknown]),
        (
            vec![&fine],
            vec![delivery(&fine), delivery(&fine)]
                .into_iter()
                .map(|one| Delivery { id: DeliveryId(uuid::Uuid::nil()), ..one })
                .collect(),
        ),
    ];
    for (alerts, deliveries) in changes {
        let alerts = alerts.into_iter().map(|alert| (alert.clone(), AlertChange::Opened)).collect();
        let audit = vec![audit_entry(&own, "alert.resolve")];
        let changes = AlertChanges { alerts, deliveries, audit, ..AlertChanges::default() };
        assert_conflict(&store.change_alerts(&own, &changes, None, at(0)).await);
    }
    assert_eq!(store.audit(&own, &AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap().rows, []);
    assert_eq!(store.unresolved_alerts(&own).await.unwrap(), []);
    assert_eq!(store.take_deliveries(at(100), at(200), 10).await.unwrap(), []);
    assert_eq!(new_payloads(store).await, []);
}
