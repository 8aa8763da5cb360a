use astroshield_domain::event::Payload;
use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::ports::{RunUpdate, Store};
use astroshield_domain::screening::{NotScreened, Run, RunKind, RunState};

use super::{assert_conflict, assert_not_found, new_events, new_payloads};
use crate::entities::{at, conclusion, run, tenant};

fn slice_done(slice: u32) -> RunUpdate {
    RunUpdate::SliceDone { slice, blob: format!("slices/{slice}") }
}

/// One run of a tenant and kind at a time.
pub async fn a_second_run_of_a_kind_is_refused(store: &dyn Store) {
    let own = tenant("own");
    let first = run(&own, at(0));
    let cause = EventId::at(at(0));
    store.begin_run(&first, &[cause]).await.unwrap();
    let events = new_events(store).await;
    assert_eq!(events[0].payload, Payload::RunStarted { run: first.id });
    assert_eq!((events[0].causes.as_slice(), events.len()), ([cause].as_slice(), 1));
    assert_conflict(&store.begin_run(&run(&own, at(10)), &[]).await);
    assert_eq!(new_payloads(store).await, []);

    let other_kind = Run { kind: RunKind::Ephemerides, ..run(&own, at(20)) };
    store.begin_run(&other_kind, &[]).await.unwrap();
    let other_tenant = run(&TenantId::public(), at(30));
    store.begin_run(&other_tenant, &[]).await.unwrap();
    assert_eq!(store.unfinished_runs().await.unwrap(), [first.clone(), other_kind.clone(), other_tenant]);

    store
        .update_run(&own, first.id, &RunUpdate::Failed { at: at(40), problem: "no".to_owned() })
        .await
        .unwrap();
    store.conclude_run(&own, &conclusion(&other_kind), &[]).await.unwrap();
    store.begin_run(&run(&own, at(50)), &[]).await.unwrap();
    assert_conflict(&store.begin_run(&first, &[]).await);
}

/// A slice is done once, and that is told once.
pub async fn a_slice_is_done_once(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    store.begin_run(&run, &[]).await.unwrap();
    let started = new_events(store).await.remove(0).id;
    for slice in [3, 0, 3] {
        store.update_run(&own, run.id, &slice_done(slice)).await.unwrap();
    }
    let other_blob = RunUpdate::SliceDone { slice: 3, blob: "other".to_owned() };
    store.update_run(&own, run.id, &other_blob).await.unwrap();
    let events = new_events(store).await;
    let progress = |slices_done| Payload::RunProgressed { run: run.id, slices_done, slices: 10 };
    assert_eq!(
        events.iter().map(|event| event.payload.clone()).collect::<Vec<_>>(),
        [progress(1), progress(2)]
    );
    assert!(events.iter().all(|event| event.causes == [started]));
    let expected = [(0, "slices/0".to_owned()), (3, "slices/3".to_owned())];
    assert_eq!(store.slices_done(run.id).await.unwrap(), expected);
    assert_eq!(store.run(&own, run.id).await.unwrap().unwrap().slices_done, 2);
    assert_conflict(&store.update_run(&own, run.id, &slice_done(10)).await);
    assert_not_found(&store.update_run(&tenant("other"), run.id, &slice_done(4)).await);
    assert_not_found(
        &store.update_run(&own, astroshield_domain::ids::RunId::at(at(1)), &slice_done(4)).await,
    );
    assert_eq!(new_payloads(store).await, []);
}

/// Workers that report at once are all counted.
pub async fn slices_done_at_once_are_all_counted(store: &dyn Store) {
    let own = tenant("own");
    let run = Run { slices: 40, ..run(&own, at(0)) };
    store.begin_run(&run, &[]).await.unwrap();
    let report = async |first: u32| {
        for slice in (first..40).step_by(4) {
            store.update_run(&own, run.id, &slice_done(slice)).await.unwrap();
        }
    };
    tokio::join!(report(0), report(1), report(2), report(3), report(0));
    assert_eq!(store.run(&own, run.id).await.unwrap().unwrap().slices_done, 40);
    assert_eq!(store.slices_done(run.id).await.unwrap().len(), 40);
    let mut told: Vec<u32> = new_payloads(store)
        .await
        .iter()
        .filter_map(|payload| match payload {
            Payload::RunProgressed { slices_done, .. } => Some(*slices_done),
            _ => None,
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, (1..=40).collect::<Vec<_>>());
}

/// A run that failed says why, and is not taken up again.
pub async fn a_failed_run_stays_failed(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    store.begin_run(&run, &[]).await.unwrap();
    let failed = RunUpdate::Failed { at: at(100), problem: "no catalog".to_owned() };
    new_events(store).await;
    store.update_run(&own, run.id, &failed).await.unwrap();
    store.update_run(&own, run.id, &failed).await.unwrap();
    let expected = Payload::RunFailed { run: run.id, problem: "no catalog".to_owned() };
    assert_eq!(new_payloads(store).await, [expected]);
    let stored = store.run(&own, run.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.finished), (RunState::Failed, Some(at(100))));
    assert_eq!(stored.problem.as_deref(), Some("no catalog"));
    assert_eq!(store.unfinished_runs().await.unwrap(), []);
    assert_conflict(&store.update_run(&own, run.id, &slice_done(1)).await);
    assert_conflict(&store.conclude_run(&own, &conclusion(&run), &[]).await);
    assert_eq!(store.slices_done(run.id).await.unwrap(), []);
}

/// A run that is concluded is left alone by a second conclusion, and cannot fail any more.
pub async fn a_run_is_concluded_once(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    store.begin_run(&run, &[]).await.unwrap();
    store.update_run(&own, run.id, &slice_done(0)).await.unwrap();
    new_events(store).await;
    let mut conclusion = conclusion(&run);
    conclusion.not_screened = vec![
        NotScreened { object: 7, from: Some(at(50)), reason: "decayed".to_owned() },
        NotScreened { object: 5, from: None, reason: "eccentricity 1.2".to_owned() },
        NotScreened { object: 7, from: None, reason: "again".to_owned() },
    ];
    store.conclude_run(&own, &conclusion, &[]).await.unwrap();
    let events = new_events(store).await;
    assert_eq!(events[0].payload, Payload::RunCompleted { run: run.id });
    let nothing =
        Payload::ConjunctionsChanged { run: run.id, appeared: 0, updated: 0, cleared: 0, leading: vec![] };
    assert_eq!((&events[1].payload, events.len()), (&nothing, 2));
    assert_eq!(events[1].causes, [events[0].id]);
    assert!(events.iter().all(|event| event.at == conclusion.finished));
    let stored = store.run(&own, run.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.finished), (RunState::Completed, Some(conclusion.finished)));
    assert_eq!((stored.not_screened, stored.conjunctions, stored.slices_done), (3, 0, 1));
    let not_screened = store.not_screened(&own, run.id).await.unwrap();
    assert_eq!(not_screened.iter().map(|one| one.object).collect::<Vec<_>>(), [5, 7, 7]);
    assert_eq!(not_screened[1], conclusion.not_screened[0]);

    let found = [crate::entities::conjunction(&run, [5, 7], at(100))];
    store.conclude_run(&own, &conclusion, &found).await.unwrap();
    assert_eq!(store.conjunction(&own, found[0].id).await.unwrap(), None);
    assert_conflict(
        &store.update_run(&own, run.id, &RunUpdate::Failed { at: at(1), problem: String::new() }).await,
    );
    store.update_run(&own, run.id, &slice_done(0)).await.unwrap();
    assert_not_found(&store.conclude_run(&tenant("other"), &conclusion, &[]).await);
    assert_eq!(new_payloads(store).await, []);
}

/// Runs come newest first, in pages.
pub async fn runs_go_back_in_pages(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let mut expected = Vec::new();
    for place in 0..6 {
        let owner = if place % 2 == 0 { &own } else { &public };
        let run = Run { state: RunState::Completed, ..run(owner, at(place)) };
        store.begin_run(&run, &[]).await.unwrap();
        expected.insert(0, run);
    }
    let first = store.runs(&own, None, 4).await.unwrap();
    assert_eq!((first.rows.as_slice(), first.more), (&expected[..4], true));
    let second = store.runs(&own, Some(expected[3].id), 4).await.unwrap();
    assert_eq!((second.rows.as_slice(), second.more), (&expected[4..], false));
}

/// However many runs have failed since, the last completed one is known: of a tenant's own, and not of the future.
pub async fn the_last_completed_run_is_known_however_many_failed_since(store: &dyn Store) {
    let own = tenant("own");
    assert_eq!(store.last_screened(&own, at(10_000)).await.unwrap(), None);
    let first = run(&own, at(0));
    store.begin_run(&first, &[]).await.unwrap();
    let concluded = conclusion(&first);
    store.conclude_run(&own, &concluded, &[]).await.unwrap();
    for second in 0..60 {
        let failing = run(&own, at(100 + second));
        store.begin_run(&failing, &[]).await.unwrap();
        let failed = RunUpdate::Failed { at: at(100 + second), problem: "no".to_owned() };
        store.update_run(&own, failing.id, &failed).await.unwrap();
    }
    assert_eq!(store.last_screened(&own, at(10_000)).await.unwrap(), Some(concluded.finished));
    let before = concluded.finished - jiff::SignedDuration::from_secs(1);
    assert_eq!(store.last_screened(&own, before).await.unwrap(), None);
    assert_eq!(store.last_screened(&TenantId::public(), at(10_000)).await.unwrap(), None);
}
