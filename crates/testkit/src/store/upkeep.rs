use astroshield_domain::access::StoredAnswer;
use astroshield_domain::alert::{AlertChange, AlertChanges, Delivery, DeliveryState};
use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::event::{Consumed, Topic};
use astroshield_domain::ids::{DeliveryId, TenantId};
use astroshield_domain::ports::{Store, StoreError};
use astroshield_domain::screening::Run;

use super::put_event;
use crate::entities::{
    alert, at, conclusion, conjunction, delivery, element_set, ingest, number, run, tenant,
};

const DAY: i64 = 86_400;

/// Past and cleared conjunctions go, with their history; those to come stay.
pub async fn past_conjunctions_are_forgotten(store: &dyn Store) {
    let public = TenantId::public();
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    let first = run(&public, at(0));
    let past = conjunction(&first, [1, 2], at(DAY));
    let to_come = conjunction(&first, [3, 4], at(5 * DAY));
    let cleared = conjunction(&first, [5, 6], at(5 * DAY));
    store.begin_run(&first, &[]).await.unwrap();
    let all = [past.clone(), to_come.clone(), cleared.clone()];
    store.conclude_run(&public, &conclusion(&first), &all).await.unwrap();
    let second = Run { window_stop: at(8 * DAY), ..run(&public, at(2 * DAY)) };
    store.begin_run(&second, &[]).await.unwrap();
    let again = Conjunction { run: second.id, last_seen: at(2 * DAY), ..to_come.clone() };
    store.conclude_run(&public, &conclusion(&second), std::slice::from_ref(&again)).await.unwrap();

    store.prune(at(0)).await.unwrap();
    assert!(store.conjunction(&public, past.id).await.unwrap().is_some());
    assert!(store.conjunction(&public, cleared.id).await.unwrap().is_some());
    let gone = store.prune(at(DAY + 1)).await.unwrap();
    assert!(gone >= 5, "{gone}: two conjunctions, three entries of their history");
    for id in [past.id, cleared.id] {
        assert_eq!(store.conjunction(&public, id).await.unwrap(), None);
        assert_eq!(store.conjunction_history(&public, id).await.unwrap(), []);
    }
    assert_eq!(store.conjunction(&public, again.id).await.unwrap(), Some(again.clone()));
    assert_eq!(store.conjunction_history(&public, again.id).await.unwrap().len(), 2);
    assert_eq!(store.element_history(&public, number(5), None, 10).await.unwrap().rows.len(), 1);
    assert_eq!(store.run(&public, first.id).await.unwrap().map(|run| run.id), Some(first.id));
}

/// Events go when they were sent and every consumer has passed them; positions go on from where they were.
pub async fn sent_events_are_forgotten(store: &dyn Store) {
    let own = tenant("own");
    for feed in ["a", "b", "c"] {
        put_event(store, &own, feed).await;
    }
    let sent = store.sequence_events(2).await.unwrap();
    store.advance_consumer("slow", sent[0].position).await.unwrap();
    store.advance_consumer("fast", sent[1].position).await.unwrap();
    let consumed = Consumed { consumer: "fast", event: sent[1].event.id };
    store.change_alerts(&own, &AlertChanges::default(), Some(consumed), at(0)).await.unwrap();
    assert_eq!(store.prune(at(0)).await.unwrap(), 0);
    assert_eq!(store.oldest_position().await.unwrap(), sent[0].position);
    store.prune(at(1)).await.unwrap();
    assert_eq!(store.events_after(0, &Topic::ALL, 10).await.unwrap(), sent[1..]);
    assert_eq!(store.oldest_position().await.unwrap(), sent[1].position);
    let again = store.change_alerts(&own, &AlertChanges::default(), Some(consumed), at(0)).await;
    assert!(matches!(again, Err(StoreError::AlreadyConsumed { .. })), "{again:?}");
    store.advance_consumer("slow", sent[1].position).await.unwrap();
    assert_eq!(store.prune(at(1)).await.unwrap(), 2);
    assert_eq!(store.events_after(0, &Topic::ALL, 10).await.unwrap(), []);
    assert_eq!(store.last_position().await.unwrap(), sent[1].position);
    assert_eq!(store.oldest_position().await.unwrap(), sent[1].position + 1);
    let rest = store.sequence_events(10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(rest[0].position > sent[1].position);
}

/// Answers and messages that ended go; what is still to be sent stays.
pub async fn answers_and_ended_deliveries_are_forgotten(store: &dyn Store) {
    let own = tenant("own");
    let answer = StoredAnswer { request: [0; 32], status: 200, body: vec![] };
    store.put_answer(&own, "old", &answer, at(0)).await.unwrap();
    store.put_answer(&own, "new", &answer, at(100)).await.unwrap();
    let about = alert(&own, "a", at(0));
    let deliveries: Vec<Delivery> =
        (0..3).map(|place| Delivery { id: DeliveryId::at(at(place)), ..delivery(&about) }).collect();
    let changes =
        AlertChanges { alerts: vec![(about.clone(), AlertChange::Opened)], deliveries: deliveries.clone() };
    store.change_alerts(&own, &changes, None, at(0)).await.unwrap();
    store.put_delivery(deliveries[0].id, DeliveryState::Delivered, at(0), None).await.unwrap();
    store.put_delivery(deliveries[1].id, DeliveryState::Failed, at(100), None).await.unwrap();
    assert_eq!(store.prune(at(50)).await.unwrap(), 2);
    assert_eq!(store.answer(&own, "old").await.unwrap(), None);
    assert_eq!(store.answer(&own, "new").await.unwrap(), Some(answer));
    let left: Vec<_> = store.deliveries_of(&own, about.id).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(left, [deliveries[1].id, deliveries[2].id]);
    assert_eq!(store.sequence_events(10).await.unwrap().len(), 1);
}
