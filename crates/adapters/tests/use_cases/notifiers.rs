//! Several notifiers on one store, as when a process takes over from another; and rules and lists that change.

use std::collections::BTreeSet;

use astroshield_domain::alert::{AlertChange, Rule, WatchList, WatchedObject};
use astroshield_domain::event::Payload;
use astroshield_domain::ids::{RuleId, TenantId, WatchListId};
use astroshield_domain::notify::Evaluated;
use astroshield_domain::ports::Clock;
use astroshield_domain::screening::RunKind;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::alerts::{alerted, alerts, audit, header, notifier, rule_to, target};
use crate::parts::{Parts, catalog};

/// Does the same in both processes at once.
macro_rules! both {
    ($one:ident, $other:ident, $call:ident($($argument:expr),*)) => {{
        let (one, other) = ($one.clone(), $other.clone());
        let one = tokio::spawn(async move { one.$call($($argument),*).await });
        let other = tokio::spawn(async move { other.$call($($argument),*).await });
        one.await.unwrap().unwrap();
        other.await.unwrap().unwrap();
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_notifiers_on_one_store_open_escalate_and_tell_once() {
    const ROUNDS: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let others = Parts::on(&folder).await;
    let target = target(&[]).await;
    let first = alerted(&parts, &target.url).await;
    let (one, other) = (notifier(&parts), notifier(&others));
    for round in 1..=ROUNDS {
        // Another rule each time, so that there is another alert to be first with.
        let now = parts.clock.now();
        let id = RuleId::at(now + SignedDuration::from_millis(1));
        let rule = Rule { id, escalation_channels: first.channels.clone(), ..first.clone() };
        parts.store.put_rule(&rule, &audit(now)).await.unwrap();
        if round == 1 {
            parts.store.remove_rule(&first.tenant, first.id, &audit(now)).await.unwrap();
        }
        both!(one, other, evaluate(&TenantId::public()));
        assert_eq!(alerts(&parts).await.len(), round);
        both!(one, other, deliver_due());
        for clock in [&parts.clock, &others.clock] {
            clock.forward(SignedDuration::from_mins(15));
        }
        both!(one, other, due());
        both!(one, other, deliver_due());
        let told = target.requests.lock().unwrap().clone();
        assert_eq!(told.len(), 2 * round, "opened and escalated, each told once");
        let ids: BTreeSet<_> = told.iter().map(|request| header(request, "webhook-id").unwrap()).collect();
        assert_eq!(ids.len(), told.len());
    }
    let mut changes = Vec::new();
    while let published = parts.store.sequence_events(1_000).await.unwrap()
        && !published.is_empty()
    {
        changes.extend(published.into_iter().filter_map(|published| match published.event.payload {
            Payload::AlertChanged { change, .. } => Some(change),
            _ => None,
        }));
    }
    for due in [AlertChange::Opened, AlertChange::Escalated] {
        assert_eq!(changes.iter().filter(|change| **change == due).count(), ROUNDS, "{due:?}");
    }
    assert_eq!(changes.len(), 2 * ROUNDS);
}

fn list(objects: &[u32], min_probability: Option<f64>, updated: jiff::Timestamp) -> WatchList {
    let watched = |object: &u32| WatchedObject {
        object: *object,
        hard_body_radius_m: None,
        maneuverable: Some(false),
        min_probability,
        max_miss_distance_km: None,
    };
    WatchList {
        id: WatchListId::at(updated),
        tenant: TenantId::local(),
        name: "mine".to_owned(),
        objects: objects.iter().map(watched).collect(),
        updated,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_rules_and_watch_lists_are_evaluated_without_a_run_however_late_they_are_committed() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    parts.ingest(catalog(60)).await;
    let shutdown = CancellationToken::new();
    let run = parts.runner(2).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
    let found = parts.conjunctions().await;
    let [one, other] = found[0].objects.each_ref().map(|object| object.number.get());
    // What the changes say of their time lies far behind the looks that have to see them.
    let long_ago = parts.clock.now() - SignedDuration::from_hours(30);
    let later = |minutes| long_ago + SignedDuration::from_mins(minutes);

    let notifier = notifier(&parts);
    let mut evaluated = Evaluated::default();
    let mut looked = async || {
        notifier.evaluate_changed(&mut evaluated).await.unwrap();
        alerts(&parts).await.len()
    };
    let empty = list(&[], None, long_ago);
    parts.store.put_watch_list(&empty, &audit(long_ago)).await.unwrap();
    let rule = rule_to(&parts, &target.url, None, long_ago).await;
    let of_list = Rule { watch_list: Some(empty.id), updated: later(1), ..rule };
    parts.store.put_rule(&of_list, &audit(long_ago)).await.unwrap();
    assert_eq!(looked().await, 0);
    let with_one = WatchList { id: empty.id, ..list(&[one], None, later(2)) };
    parts.store.put_watch_list(&with_one, &audit(long_ago)).await.unwrap();
    let of_one = looked().await;
    assert!(of_one > 0, "a satellite was added");

    // A rule about everything takes thresholds from lists, too.
    let of_all = Rule {
        id: RuleId::at(later(3)),
        watch_list: None,
        min_probability: Some(1.0),
        updated: later(3),
        ..of_list
    };
    parts.store.put_rule(&of_all, &audit(long_ago)).await.unwrap();
    let listed = WatchList { id: WatchListId::at(later(4)), ..list(&[other], None, later(4)) };
    parts.store.put_watch_list(&listed, &audit(long_ago)).await.unwrap();
    assert_eq!(looked().await, of_one);
    let lower = WatchList { id: listed.id, ..list(&[other], Some(0.0), later(5)) };
    parts.store.put_watch_list(&lower, &audit(long_ago)).await.unwrap();
    let with_threshold = looked().await;
    assert!(with_threshold > of_one, "a threshold was lowered");
    let anything = Rule { min_probability: None, updated: later(6), ..of_all };
    parts.store.put_rule(&anything, &audit(long_ago)).await.unwrap();
    assert!(looked().await > with_threshold, "the rule was changed");
}
