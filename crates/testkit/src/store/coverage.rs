use astroshield_domain::conjunction::{
    Conjunction, ConjunctionCursor, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus,
};
use astroshield_domain::ids::{ConjunctionId, TenantId};
use astroshield_domain::ports::Store;
use astroshield_domain::screening::{Covered, Run, RunConclusion, RunKind};

use crate::entities::{at, audit_entry, conclusion, conjunction, number, run, tenant, watch_list};

const HOUR: i64 = 3_600;

fn covered(object: u32, start: i64, stop: i64) -> Covered {
    Covered { object, start: at(start), stop: at(stop) }
}

/// A run of a tenant's own data, from a time on.
async fn cover(
    store: &dyn Store,
    tenant: &TenantId,
    from: i64,
    what: &[Covered],
    found: &[Conjunction],
) -> Run {
    let run = Run { kind: RunKind::Ephemerides, ..run(tenant, at(from)) };
    store.begin_run(&run, &[]).await.unwrap();
    let found: Vec<Conjunction> =
        found.iter().map(|found| Conjunction { run: run.id, ..found.clone() }).collect();
    let conclusion = RunConclusion { covered: what.to_vec(), ..conclusion(&run) };
    store.conclude_run(tenant, &conclusion, &found).await.unwrap();
    run
}

async fn listed(store: &dyn Store, tenant: &TenantId, query: ConjunctionQuery) -> Vec<ConjunctionId> {
    let query = ConjunctionQuery { limit: 100, ..query };
    let found = store.conjunctions(tenant, &query).await.unwrap().rows;
    assert_eq!(store.count_conjunctions(tenant, &query).await.unwrap(), found.len() as u64, "{query:?}");
    found.iter().map(|found| found.id).collect()
}

fn of_status(status: ConjunctionStatus) -> ConjunctionQuery {
    ConjunctionQuery { status: Some(status), ..ConjunctionQuery::default() }
}

/// What a tenant's own run covers stands in place of what is public: in every list and order, by itself, and not for others.
pub async fn what_a_tenant_covers_supersedes_public_conjunctions_for_it_alone(store: &dyn Store) {
    let (public, own, other) = (TenantId::public(), tenant("own"), tenant("other"));
    let everything = run(&public, at(0));
    let of = |objects, hour: i64| conjunction(&everything, objects, at(hour * HOUR));
    let (first, second, later, none) = (of([5, 7], 2), of([9, 5], 3), of([5, 11], 30), of([7, 9], 4));
    store.begin_run(&everything, &[]).await.unwrap();
    let all = [first.clone(), second.clone(), later.clone(), none.clone()];
    store.conclude_run(&public, &conclusion(&everything), &all).await.unwrap();
    let ours = conjunction(&run(&own, at(0)), [5, 7], at(2 * HOUR + 5));
    assert!(!store.covers(&own, at(0)).await.unwrap());
    cover(store, &own, 0, &[covered(5, 0, 24 * HOUR)], std::slice::from_ref(&ours)).await;
    assert!(store.covers(&own, at(24 * HOUR)).await.unwrap());
    assert!(!store.covers(&own, at(24 * HOUR + 1)).await.unwrap());
    assert!(!store.covers(&other, at(0)).await.unwrap());

    assert_eq!(listed(store, &own, ConjunctionQuery::default()).await, [ours.id, none.id, later.id]);
    let list = watch_list(&own, &[5]);
    store.put_watch_list(&list, &audit_entry(&own, "made")).await.unwrap();
    for query in [
        ConjunctionQuery { object: Some(number(5)), ..ConjunctionQuery::default() },
        ConjunctionQuery { watch_list: Some(list.id), ..ConjunctionQuery::default() },
        ConjunctionQuery {
            object: Some(number(5)),
            tca_from: Some(at(0)),
            min_probability: Some(0.0),
            max_miss_distance_km: Some(100.0),
            relation: Some(false),
            ..ConjunctionQuery::default()
        },
    ] {
        for order in ConjunctionOrder::ALL {
            let mut ids = listed(store, &own, ConjunctionQuery { order, ..query.clone() }).await;
            ids.sort();
            let mut expected = [ours.id, later.id];
            expected.sort();
            assert_eq!(ids, expected, "{query:?} {order:?}");
        }
    }
    // A page that goes on passes what is left out, too.
    let value = ours.solution.tca.as_microsecond() as f64;
    let query = ConjunctionQuery {
        after: Some(ConjunctionCursor { value, id: ours.id }),
        limit: 1,
        ..ConjunctionQuery::default()
    };
    let page = store.conjunctions(&own, &query).await.unwrap();
    assert_eq!((page.rows[0].id, page.more), (none.id, true));

    let superseded = listed(store, &own, of_status(ConjunctionStatus::Superseded)).await;
    assert_eq!(superseded, [first.id, second.id]);
    let status = async |tenant: &TenantId, id| store.conjunction(tenant, id).await.unwrap().unwrap().status;
    assert_eq!(status(&own, second.id).await, ConjunctionStatus::Superseded);
    assert_eq!(status(&own, later.id).await, ConjunctionStatus::Active);
    for tenant in [&other, &public] {
        let ids = listed(store, tenant, ConjunctionQuery::default()).await;
        assert_eq!(ids, [first.id, second.id, none.id, later.id], "{tenant}");
        assert_eq!(listed(store, tenant, of_status(ConjunctionStatus::Superseded)).await, []);
        assert_eq!(status(tenant, second.id).await, ConjunctionStatus::Active);
    }
}

/// From run to run what is covered goes on; what a later run does not cover any more is public again, and what was covered
/// stays so for the past.
pub async fn coverage_goes_on_from_run_to_run_and_ends(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    let everything = run(&public, at(0));
    let hours = [1, 5, 9, 13];
    let found: Vec<Conjunction> =
        hours.iter().map(|hour| conjunction(&everything, [5, 7], at(hour * HOUR))).collect();
    store.begin_run(&everything, &[]).await.unwrap();
    store.conclude_run(&public, &conclusion(&everything), &found).await.unwrap();
    let superseded = async || {
        let ids = listed(store, &own, of_status(ConjunctionStatus::Superseded)).await;
        found.iter().map(|found| ids.contains(&found.id)).collect::<Vec<_>>()
    };
    cover(store, &own, 0, &[covered(5, 0, 10 * HOUR)], &[]).await;
    assert_eq!(superseded().await, [true, true, true, false]);
    cover(store, &own, 4 * HOUR, &[covered(5, 4 * HOUR, 14 * HOUR)], &[]).await;
    assert_eq!(superseded().await, [true, true, true, true]);
    // With a gap.
    let gap = [covered(5, 6 * HOUR, 8 * HOUR), covered(5, 12 * HOUR, 14 * HOUR)];
    cover(store, &own, 6 * HOUR, &gap, &[]).await;
    assert_eq!(superseded().await, [true, true, false, true]);
    cover(store, &own, 7 * HOUR, &[], &[]).await;
    assert_eq!(superseded().await, [true, true, false, false]);
    assert!(!store.covers(&own, at(8 * HOUR)).await.unwrap());
    // A run of the whole catalog says nothing of it.
    let run = run(&own, at(8 * HOUR));
    store.begin_run(&run, &[]).await.unwrap();
    let conclusion = RunConclusion { covered: vec![covered(5, 0, 20 * HOUR)], ..conclusion(&run) };
    store.conclude_run(&own, &conclusion, &[]).await.unwrap();
    assert_eq!(superseded().await, [true, true, false, false]);
}
