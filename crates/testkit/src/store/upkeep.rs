use astroshield_domain::access::StoredAnswer;
use astroshield_domain::alert::{AlertChange, AlertChanges, Delivery, DeliveryState, Severity};
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery, ConjunctionStatus};
use astroshield_domain::event::{Consumed, Topic};
use astroshield_domain::figures::{ConjunctionClass, ConjunctionCount, Figures};
use astroshield_domain::ids::{DeliveryId, TenantId};
use astroshield_domain::ports::{Prunable, RunUpdate, Store, StoreError};
use astroshield_domain::screening::{NotScreened, Run, RunConclusion};
use jiff::{SignedDuration, Timestamp};

use super::put_event;
use crate::entities::{
    alert, at, conclusion, conjunction, delivery, element_set, ephemeris, ingest, number, run, tenant, upload,
};

const DAY: i64 = 86_400;

/// Forgets all that is older than a time; returns how many rows went.
async fn prune(store: &dyn Store, what: Prunable, before: Timestamp) -> u64 {
    let mut gone = 0;
    loop {
        match store.prune(what, before, 100).await.unwrap() {
            0 => return gone,
            some => gone += some,
        }
    }
}

async fn conclude(store: &dyn Store, run: &Run, found: &[Conjunction]) {
    store.begin_run(run, &[]).await.unwrap();
    store.conclude_run(&run.tenant, &conclusion(run), found).await.unwrap();
}

async fn listed(store: &dyn Store, tenant: &TenantId, status: Option<ConjunctionStatus>) -> Vec<Conjunction> {
    let query = ConjunctionQuery { status, limit: 100, ..ConjunctionQuery::default() };
    store.conjunctions(tenant, &query).await.unwrap().rows
}

/// What is over is past, in lists and by itself, and no longer active; a run that finds it again says so.
pub async fn conjunctions_become_past_and_come_back_when_they_are_found_again(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    assert_eq!(store.tenants_with_conjunctions().await.unwrap(), []);
    let runs = [run(&own, at(0)), run(&public, at(0))];
    let [mine, everybodys] = runs.each_ref().map(|run| conjunction(run, [1, 2], at(DAY)));
    let to_come = conjunction(&runs[0], [3, 4], at(DAY + 1));
    conclude(store, &runs[0], &[mine.clone(), to_come.clone()]).await;
    conclude(store, &runs[1], std::slice::from_ref(&everybodys)).await;
    assert_eq!(store.tenants_with_conjunctions().await.unwrap(), [own.clone(), public.clone()]);

    assert_eq!(store.pass_conjunctions(&own, at(DAY), 10).await.unwrap(), 0);
    assert_eq!(store.pass_conjunctions(&own, at(DAY + 1), 10).await.unwrap(), 1);
    assert_eq!(store.pass_conjunctions(&own, at(DAY + 1), 10).await.unwrap(), 0);
    let past = Conjunction { status: ConjunctionStatus::Past, ..mine.clone() };
    assert_eq!(listed(store, &own, None).await, [everybodys.clone(), to_come.clone()]);
    assert_eq!(listed(store, &own, Some(ConjunctionStatus::Past)).await, std::slice::from_ref(&past));
    assert_eq!(listed(store, &own, Some(ConjunctionStatus::Cleared)).await, []);
    assert_eq!(store.conjunction(&own, mine.id).await.unwrap(), Some(past));
    assert_eq!(store.conjunction_history(&own, mine.id).await.unwrap().len(), 1);

    let late = run(&own, at(1));
    let again = Conjunction { run: late.id, last_seen: late.started, ..mine.clone() };
    conclude(store, &late, &[again.clone(), Conjunction { run: late.id, ..to_come }]).await;
    assert_eq!(store.conjunction(&own, mine.id).await.unwrap(), Some(again));
    // What is cleared later is cleared, not past.
    conclude(store, &run(&own, at(2)), &[]).await;
    let cleared = store.conjunction(&own, mine.id).await.unwrap().unwrap();
    assert_eq!(cleared.status, ConjunctionStatus::Cleared);
    assert_eq!(store.pass_conjunctions(&own, at(DAY + 1), 10).await.unwrap(), 0);
}

/// Two that stay together are so after their TCA, too, as long as runs find them.
pub async fn relations_become_past_when_no_run_finds_them_for_a_day(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    let docked = Conjunction { relation: true, ..conjunction(&run, [1, 2], at(100)) };
    conclude(store, &run, std::slice::from_ref(&docked)).await;
    assert_eq!(store.pass_conjunctions(&own, at(DAY), 10).await.unwrap(), 0);
    assert_eq!(listed(store, &own, None).await, [docked]);
    assert_eq!(store.pass_conjunctions(&own, at(DAY + 1), 10).await.unwrap(), 1);
    assert_eq!(listed(store, &own, None).await, []);
}

/// Past and cleared conjunctions go by their TCA, with their history; those to come stay, and element sets and runs.
pub async fn past_and_cleared_conjunctions_are_forgotten(store: &dyn Store) {
    let public = TenantId::public();
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    let first = run(&public, at(0));
    let past = conjunction(&first, [1, 2], at(DAY));
    let to_come = conjunction(&first, [3, 4], at(5 * DAY));
    let cleared = conjunction(&first, [5, 6], at(4 * DAY));
    conclude(store, &first, &[past.clone(), to_come.clone(), cleared.clone()]).await;
    let second = Run { window_stop: at(8 * DAY), ..run(&public, at(2 * DAY)) };
    let again = Conjunction { run: second.id, last_seen: at(2 * DAY), ..to_come.clone() };
    conclude(store, &second, std::slice::from_ref(&again)).await;
    store.pass_conjunctions(&public, at(2 * DAY), 100).await.unwrap();

    assert_eq!(prune(store, Prunable::Conjunctions, at(DAY)).await, 0);
    assert_eq!(prune(store, Prunable::Conjunctions, at(DAY + 1)).await, 2, "it and its history");
    assert_eq!(store.conjunction(&public, past.id).await.unwrap(), None);
    assert!(store.conjunction(&public, cleared.id).await.unwrap().is_some());
    assert_eq!(prune(store, Prunable::Conjunctions, at(9 * DAY)).await, 3, "it and both entries");
    for id in [past.id, cleared.id] {
        assert_eq!(store.conjunction(&public, id).await.unwrap(), None);
        assert_eq!(store.conjunction_history(&public, id).await.unwrap(), []);
    }
    assert_eq!(store.conjunction(&public, again.id).await.unwrap(), Some(again.clone()));
    assert_eq!(store.conjunction_history(&public, again.id).await.unwrap().len(), 2);
    assert_eq!(store.element_history(&public, number(5), None, 10).await.unwrap().rows.len(), 1);
    assert_eq!(store.run(&public, first.id).await.unwrap().map(|run| run.id), Some(first.id));

    let first_entry = conclusion(&first).finished;
    assert_eq!(prune(store, Prunable::History, first_entry).await, 0);
    assert_eq!(prune(store, Prunable::History, first_entry + SignedDuration::from_secs(1)).await, 1);
    let history = store.conjunction_history(&public, again.id).await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.run).collect::<Vec<_>>(), [second.id]);
}

/// One call forgets no more than it may, and says how much, until nothing is left.
pub async fn a_little_is_forgotten_at_a_time(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    let found: Vec<Conjunction> =
        (1..=5).map(|object| conjunction(&run, [object, 100], at(100 + i64::from(object)))).collect();
    conclude(store, &run, &found).await;
    let mut passed = Vec::new();
    let mut entries = Vec::new();
    for _ in 0..4 {
        passed.push(store.pass_conjunctions(&own, at(DAY), 2).await.unwrap());
        entries.push(store.prune(Prunable::History, at(DAY), 2).await.unwrap());
    }
    assert_eq!((passed, entries), (vec![2, 2, 1, 0], vec![2, 2, 1, 0]));
    let mut gone = Vec::new();
    for _ in 0..4 {
        gone.push(store.prune(Prunable::Conjunctions, at(DAY), 2).await.unwrap());
    }
    assert_eq!(gone, [2, 2, 1, 0]);
}

/// Runs that ended long ago go with what they could not screen; the newest of each kind that completed stays, and one that
/// goes on.
pub async fn old_runs_are_forgotten_but_the_newest(store: &dyn Store) {
    let own = tenant("own");
    let runs: Vec<Run> = (0..5).map(|place| run(&own, at(place * DAY))).collect();
    for run in &runs[..3] {
        store.begin_run(run, &[]).await.unwrap();
        let slice = RunUpdate::SliceDone { slice: 0, blob: "own/runs/1/0".to_owned() };
        store.update_run(&own, run.id, &slice).await.unwrap();
        let missing = NotScreened { object: 7, from: None, reason: "decayed".to_owned() };
        let conclusion = RunConclusion { not_screened: vec![missing], ..conclusion(run) };
        store.conclude_run(&own, &conclusion, &[]).await.unwrap();
    }
    store.begin_run(&runs[3], &[]).await.unwrap();
    let failed = RunUpdate::Failed { at: at(3 * DAY), problem: "no".to_owned() };
    store.update_run(&own, runs[3].id, &failed).await.unwrap();
    store.begin_run(&runs[4], &[]).await.unwrap();
    let left = async || {
        let rows = store.runs(&own, None, 10).await.unwrap().rows;
        runs.iter().map(|run| rows.iter().any(|row| row.id == run.id)).collect::<Vec<_>>()
    };
    assert_eq!(prune(store, Prunable::Runs, at(DAY)).await, 1);
    assert_eq!(left().await, [false, true, true, true, true]);
    assert_eq!(store.not_screened(&own, runs[0].id).await.unwrap(), []);
    assert_eq!(store.slices_done(runs[0].id).await.unwrap(), []);
    assert_eq!(prune(store, Prunable::Runs, at(10 * DAY)).await, 2);
    assert_eq!(left().await, [false, false, true, false, true]);
    assert_eq!(store.not_screened(&own, runs[2].id).await.unwrap().len(), 1);
}

/// A blob is named as long as a delivery, an upload or a run that goes on speaks of it.
pub async fn blobs_are_named_by_what_speaks_of_them(store: &dyn Store) {
    let own = tenant("own");
    let given = ingest(&own, at(0), vec![element_set(5, 0)]);
    store.ingest(&given, &[]).await.unwrap();
    let upload = upload(&own, at(0));
    store.add_upload(&upload, &[ephemeris(&upload, 5)], &[], &[], None).await.unwrap();
    let run = run(&own, at(0));
    store.begin_run(&run, &[]).await.unwrap();
    let slice = "own/runs/1/0".to_owned();
    let done = RunUpdate::SliceDone { slice: 0, blob: slice.clone() };
    store.update_run(&own, run.id, &done).await.unwrap();
    let named = async |paths: &[String]| {
        let mut named = store.named_blobs(paths).await.unwrap();
        named.sort();
        named
    };
    let nobodys = "own/ingest/nobody.gz".to_owned();
    let received = given.blob.clone().unwrap();
    let all = [received.clone(), upload.blob.clone(), slice.clone(), nobodys];
    let mut expected = vec![received, upload.blob.clone(), slice];
    expected.sort();
    assert_eq!(named(&all).await, expected);
    assert_eq!(named(&[]).await, Vec::<String>::new());
    store.conclude_run(&own, &conclusion(&run), &[]).await.unwrap();
    assert_eq!(named(&all[2..]).await, Vec::<String>::new(), "the run has ended");
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
    assert_eq!(prune(store, Prunable::Events, at(0)).await, 0);
    assert_eq!(store.oldest_position().await.unwrap(), sent[0].position);
    prune(store, Prunable::Events, at(1)).await;
    assert_eq!(store.events_after(0, &Topic::ALL, 10).await.unwrap(), sent[1..]);
    assert_eq!(store.oldest_position().await.unwrap(), sent[1].position);
    let again = store.change_alerts(&own, &AlertChanges::default(), Some(consumed), at(0)).await;
    assert!(matches!(again, Err(StoreError::AlreadyConsumed { .. })), "{again:?}");
    store.advance_consumer("slow", sent[1].position).await.unwrap();
    assert_eq!(prune(store, Prunable::Events, at(1)).await, 2);
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
        ..AlertChanges::default()
    };
    store.change_alerts(&own, &changes, None, at(0)).await.unwrap();
    store.put_delivery(deliveries[0].id, DeliveryState::Delivered, at(0), None).await.unwrap();
    store.put_delivery(deliveries[1].id, DeliveryState::Failed, at(100), None).await.unwrap();
    assert_eq!(prune(store, Prunable::Answers, at(50)).await, 1);
    assert_eq!(prune(store, Prunable::Deliveries, at(50)).await, 1);
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
        ..AlertChanges::default()
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
