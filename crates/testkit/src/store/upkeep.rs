use astroshield_domain::access::StoredAnswer;
use astroshield_domain::alert::{AlertChange, AlertChanges, Delivery, DeliveryState, Severity};
use astroshield_domain::conjunction::{Conjunction, ConjunctionStatus};
use astroshield_domain::event::{Consumed, Topic};
use astroshield_domain::figures::{ConjunctionClass, ConjunctionCount, Figures};
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
    let changes = AlertChanges {
        alerts: vec![(about.clone(), AlertChange::Opened)],
        deliveries: deliveries.clone(),
        since: None,
    };
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

/// What there is and how far everybody is, counted over all tenants.
pub async fn figures_count_what_there_is(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    assert_eq!(store.figures(at(0)).await.unwrap(), Figures::default());

    store.ingest(&ingest(&public, at(10), vec![element_set(5, 3)]), &[]).await.unwrap();
    store.ingest(&ingest(&own, at(90), vec![element_set(6, 80)]), &[]).await.unwrap();
    let waiting = store.figures(at(100)).await.unwrap();
    assert_eq!((waiting.catalog_arrived, waiting.catalog_epoch), (Some(at(10)), Some(at(3))));
    assert_eq!((waiting.screened, waiting.unscreened_since), (None, Some(at(10))));
    assert_eq!((waiting.outbox, waiting.outbox_since, waiting.last_position), (2, Some(at(10)), 0));

    let first = run(&public, at(20));
    store.begin_run(&first, &[]).await.unwrap();
    let found = |objects, seconds, probability: f64, relation| {
        let mut found = conjunction(&first, objects, at(seconds));
        (found.relation, found.solution.probability) = (relation, Some(probability));
        found
    };
    let all = [
        found([1, 2], 5_000, 1e-4, false),
        found([3, 4], 5_001, 0.9, false),
        found([5, 6], 5_002, 9.9e-5, false),
        found([7, 8], 5_003, 9.9e-8, false),
        found([9, 10], 5_004, 0.9, true),
        found([11, 12], 60, 0.9, false),
    ];
    store.conclude_run(&public, &conclusion(&first), &all).await.unwrap();
    let second = run(&public, at(30));
    store.begin_run(&second, &[]).await.unwrap();
    store.ingest(&ingest(&public, at(40), vec![element_set(5, 33)]), &[]).await.unwrap();
    store.ingest(&ingest(&public, at(50), vec![element_set(5, 34)]), &[]).await.unwrap();
    let (about, other) = (alert(&own, "a", at(0)), alert(&public, "b", at(0)));
    let delivery = |id: i64, state, next| Delivery {
        id: DeliveryId::at(at(id)),
        state,
        next_attempt: at(next),
        ..delivery(&about)
    };
    let changes = AlertChanges {
        alerts: vec![(about.clone(), AlertChange::Opened)],
        deliveries: vec![
            delivery(1, DeliveryState::Due, 70),
            delivery(2, DeliveryState::Due, 200),
            delivery(3, DeliveryState::Failed, 5),
            delivery(4, DeliveryState::Delivered, 5),
        ],
        since: None,
    };
    store.change_alerts(&own, &changes, None, at(60)).await.unwrap();
    let of_public = AlertChanges { alerts: vec![(other, AlertChange::Opened)], ..AlertChanges::default() };
    store.change_alerts(&public, &of_public, None, at(60)).await.unwrap();
    let published = store.sequence_events(3).await.unwrap();
    store.advance_consumer("notify", published[0].position).await.unwrap();
    store.advance_consumer("relay", published[2].position).await.unwrap();

    let figures = store.figures(at(100)).await.unwrap();
    let count = |class, count| ConjunctionCount { class, status: ConjunctionStatus::Active, count };
    assert_eq!(
        figures.conjunctions,
        [
            count(ConjunctionClass::Low, 1),
            count(ConjunctionClass::Medium, 1),
            count(ConjunctionClass::High, 2),
            count(ConjunctionClass::Relation, 1)
        ],
        "but for the one that is past"
    );
    assert_eq!(figures.unresolved_alerts, [(Severity::Warning, 2)]);
    assert_eq!((figures.deliveries_due, figures.deliveries_due_since), (2, Some(at(70))));
    assert_eq!(figures.deliveries_failed, 1);
    assert_eq!(figures.catalog_arrived, Some(at(50)));
    assert_eq!(figures.screened, Some(conclusion(&first).finished));
    assert_eq!(figures.unscreened_since, Some(at(40)));
    assert_eq!(figures.runs_running, 1);
    assert_eq!(figures.last_position, published[2].position);
    let places = [("notify", published[0].position), ("relay", published[2].position)];
    assert_eq!(figures.consumers, places.map(|(name, position)| (name.to_owned(), position)));
    let rest = store.sequence_events(100).await.unwrap();
    assert_eq!(figures.outbox, rest.len() as u64);
    assert_eq!(store.figures(at(0)).await.unwrap().deliveries_due_since, None);
}
